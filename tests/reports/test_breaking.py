"""Breaks in long formulas: nothing is lost, and brackets stay whole."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

import derive
from reports.renderers.breaking import extent, finer, pieces
from reports.renderers.mathml import mathml


@st.composite
def formulas(draw, depth=3):
    leaf = st.sampled_from(["x", "W^{\\top}", "\\alpha", "\\tfrac{1}{2}", "K^{-1}", "\\operatorname{tr}"])
    if depth == 0:
        return draw(leaf)
    inner = formulas(depth=depth - 1)
    a, b = draw(inner), draw(inner)
    return draw(
        st.sampled_from(
            [
                f"{a} + {b}",
                f"{a} - {b}",
                f"\\left({a} + {b}\\right) {b}",
                f"\\frac{{{a} - {b}}}{{{b}}}",
                f"{a} \\odot ({b} = {a})",
                f"{a} = {b}",
            ]
        )
    )


def squeezed(text):
    return re.sub(r"\s", "", text)


@given(formulas())
def test_the_pieces_are_the_formula_and_each_is_one(latex):
    parts = pieces(latex)
    assert squeezed("".join(parts)) == squeezed(latex)
    for part in parts:
        assert part.count("{") == part.count("}")
        assert part.count("\\left") == part.count("\\right")
        assert mathml(part, display=True)


@pytest.mark.parametrize(
    ("latex", "parts"),
    [
        ("y = a + b - c", ["y = a", "+ b", "- c"]),
        ("y = -a", ["y = -a"]),
        ("x^{-1} - 2", ["x^{-1}", "- 2"]),
        (r"f = \left(a + b\right) = c", [r"f = \left(a + b\right)", "= c"]),
        (
            r"f = r x \quad \text{where} \quad r = a + b",
            ["f = r x", r"\quad \text{where} \quad r = a", "+ b"],
        ),
        (r"\begin{pmatrix} 1 & -1 \\ 2 - 3 & 4 \end{pmatrix} + x", None),
        (r"a \leftarrow b", [r"a \leftarrow b"]),
    ],
)
def test_breaks_stand_before_operators_outside_brackets(latex, parts):
    found = pieces(latex)
    assert found == parts if parts else len(found) == 2


def test_a_long_gradient_is_broken_and_a_short_one_is_measured_short():
    long = derive.gradient("norm2(A*x - y)^2 + sum(exp(B*x)) + x'*C*x + norm1(D*x + z)", "x")
    assert len(pieces(long.to_latex(name_parts=False))) > 3
    assert extent(derive.gradient("x'*x", "x").to_latex()) < 12


@given(formulas())
def test_finer_pieces_are_the_formula_and_leave_no_bracket_that_grows_open(latex):
    for piece in pieces(latex):
        parts = finer(piece)
        whole = re.sub(r"\\([Bb]ig[lr]|left|right)", "", "".join(parts))
        assert squeezed(whole) == squeezed(re.sub(r"\\(left|right)", "", piece))
        for part in parts:
            assert part.count("{") == part.count("}")
            assert part.count("\\left") == part.count("\\right")


@pytest.mark.parametrize(
    ("piece", "parts"),
    [
        (r"2 \left(a - b\right)^{\top} c", [r"2 \bigl( a", r"- b \bigr)^{\top} c"]),
        (
            r"\left(a + b\right) \left(x + y + z\right)",
            [r"\left(a + b\right) \bigl( x", "+ y", r"+ z \bigr)"],
        ),
        (r"\left\Vert A^{-1} + \frac{1}{2} \right\Vert", [r"\Bigl\Vert A^{-1}", r"+ \frac{1}{2} \Bigr\Vert"]),
        (r"\frac{\left(a + b\right)}{c}", None),
        (r"\left(a b\right)", None),
        (
            r"+ b \bigr)^{-1} \left(I - \left(c\right)\right) x",
            [r"+ b \bigr)^{-1} \Bigl( I", r"- \left(c\right) \Bigr) x"],
        ),
        (r"\left(a b\right)^{-1} C \left(d\right)", [r"\left(a b\right)^{-1}", r"C \left(d\right)"]),
    ],
)
def test_a_piece_is_cut_inside_its_longest_brackets(piece, parts):
    assert finer(piece) == (parts or [piece])
