"""What a derivation and its graph look like at a prompt and in a notebook."""

from __future__ import annotations

import re

import pytest

import derive
import verify

AUTOENCODER = "1/2*norm2(W'*W*x - x)^2"


def test_a_graph_prints_a_line_a_node():
    """The nodes of Giles' example by hand: every operation that W goes through, arguments first."""
    assert str(derive.gradient(AUTOENCODER, "W").graph).splitlines() == [
        "W    variable",
        "W_T  transpose of W",
        "u_1  matrix product of W_T, W, x",
        "u_2  matrix sum of u_1, -x",
        "u_3  squared norm of u_2",
        "u_4  product of 1/2, u_3",
    ]


def test_the_graph_of_a_constant_has_no_lines():
    with pytest.warns(UserWarning, match="does not occur"):
        assert str(derive.gradient("y'*y", "x", where="y: n").graph) == ""


@pytest.mark.parametrize(
    ("kind", "expr", "said"),
    [
        ("gradient", "x'*x", "<gradient of x'*x by x: 2*x"),
        ("hessian", "x'*x", "<hessian of x'*x by x: 2*eye"),
        ("differential", "X*X", "<differential of X*X by X: dX*X + X*dX"),
    ],
)
def test_a_derivation_shows_itself_on_one_line(kind, expr, said):
    wrt = "X" if "X" in expr else "x"
    assert repr(getattr(derive, kind)(expr, wrt)) == f"{said}>"
    assert repr(getattr(verify, kind)(expr, wrt)) == f"{said}, certified>"


def test_a_notebook_shows_the_equation():
    shown = derive.gradient("x'*A*x", "x")._repr_latex_()
    assert re.fullmatch(r"\$\\displaystyle \\nabla_\{x\} f = .*\$", shown)
    assert "A^{\\top}" in shown
    assert shown.count("$") == 2


@pytest.mark.parametrize(
    ("written", "shown"),
    [
        ("x/2/a^2", "x/(2*a^2)"),
        ("A*x/r/c", "A*x/(c*r)"),
        ("-x/a/b", "-x/(a*b)"),
        ("x/2/(a + b)", "x/(2*(a + b))"),
        ("sum(x)/3/sqrt(a)", "sum(x)/(3*sqrt(a))"),
        ("norm2(x)/(2*(x'*y)*a)", "norm2(x)/(2*a*(x'*y))"),
        ("x/a", "x/a"),
        ("1/2*x", "1/2*x"),
        ("5/6/a*sum(x)", "5*sum(x)/(6*a)"),
    ],
)
def test_what_is_divided_by_stands_in_one_bracket(written, shown):
    """It reads back as the same expression, and has the value that Python gives what was written."""
    scalars = "".join(f", {name}: scalar" for name in "ar" if re.search(rf"\b{name}\b", written))
    problem = derive.parse(written, where=scalars.lstrip(", "))
    assert derive.to_text(problem.expr) == shown
    assert derive.parse(shown, where=scalars.lstrip(", ")).expr == problem.expr
    if "(x" not in shown and "A" not in shown:
        numbers = {"x": 3, "a": 5, "b": 7}
        assert eval(shown.replace("^", "**"), numbers) == pytest.approx(
            eval(written.replace("^", "**"), numbers)
        )
