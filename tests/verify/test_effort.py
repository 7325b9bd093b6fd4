"""Large declared sizes are checked by letters; what needs sizes that no machine holds is refused by name."""

from __future__ import annotations

import pytest

import derive
import verify
from derive.errors import InputError
from verify.evaluate import layout
from verify.methods.effort import ENOUGH, products
from verify.methods.exact import assignments
from verify.statement import Statement


@pytest.mark.parametrize(
    ("kind", "expr", "wrt", "where"),
    [
        ("gradient", "sum(A)", "A", "A: 999999 x 999999"), ("gradient", "sum(x*x')", "x", "x: 999999"),
        ("jacobian", "tanh(A*X)", "X", "A: 60 x 60, X: 60 x 60"), ("gradient", "logdet(A)", "A", "A: 900 x 900"),
        ("gradient", "norm2(A*B)^2", "A", "A: 400 x 400, B: 400 x 400"), ("hessian", "tr(X'*X)", "X", "X: 2000 x 2000"),
    ],
)  # fmt: skip
def test_what_holds_for_every_size_holds_for_sizes_beyond_a_machine(kind, expr, wrt, where):
    assert getattr(verify, kind)(expr, wrt, where).verdict in ("certified", "agrees")


@pytest.mark.parametrize(
    ("expr", "claim", "where"),
    [("sum(A)", "2*matrix(1)", "A: 999999 x 999999"), ("logdet(A)", "inv(A)", "A: 900 x 900")],
)
def test_a_claim_that_needs_sizes_beyond_a_machine_is_refused_by_name(expr, claim, where):
    with pytest.raises(InputError, match="declare smaller sizes, or letters such as n"):
        verify.check_claim(expr, "A", claim, where=where)


def test_large_sizes_are_checked():
    assert verify.gradient("x'*x", "x", "x: 3000").verdict == "certified"
    assert verify.gradient("norm2(A*x)^2", "x", "A: 40 x 30").verdict == "certified"


@pytest.mark.parametrize("f", ["logm", "cosm", "sqrtm", "expm"])
def test_sizes_that_may_be_chosen_cost_little(f):
    """A size that stands in the formula (of a mean) asks for many sizes, and functions of matrices cost most by them."""
    d = derive.gradient(f"sum(var({f}(P*P' + 2*eye), rows))", "P")
    statement = Statement.of(d.problem, "gradient")
    nodes = [step.node for e in (statement.expr, d.result) for step in layout(e)]
    wanted, chosen = assignments(statement, d.result, 0, 3)
    assert len(chosen) >= wanted > 3
    assert max(products(nodes, sizes) for sizes in chosen) <= ENOUGH
    assert len({s["m"] for s in chosen}) > 1
