"""The evidence that printed code carries, and that a wrong plan gets none."""

from dataclasses import replace

import pytest
from sympy import Rational

import verify
from derive.code import plan
from derive.code.plan import Branch, Node, Plan
from derive.errors import InternalError
from derive.expression.facts import assuming
from verify.code import judge

CASES = [
    ("norm2(A*x - y)^2", "x", "A: m x n, x: n, y: m", None),
    ("logdet(A*A' + c*eye)", "A", "A: m x n, c: scalar", "positive(c)"),
    ("sum(log(vector(1) + exp(A*x)))", "x", "A: m x n, x: n", None),
    ("norm2(X - X*W*W')^2", "W", "X: m x n, W: n x k", None),
]


def made(text, wrt, where, assume):
    d = verify.gradient(text, wrt, where=where, assume=assume)
    with assuming(d.problem.assumptions):
        return d, plan(d.outputs(value=True), d.symbols())[0]


@pytest.mark.parametrize("case", CASES)
def test_every_branch_has_evidence(case):
    d, planned = made(*case)
    found = judge(d, planned, value=True)
    assert {j.evidence.verdict for j in found} <= {"certified", "agrees"}
    assert len(found) >= 2 * len(planned.branches)


@pytest.mark.parametrize("case", CASES)
@pytest.mark.parametrize("which", [0, 1])
def test_a_wrong_plan_is_withheld(case, which):
    d, planned = made(*case)
    *others, last = planned.branches
    outputs = list(last.outputs)
    old = outputs[which]
    outputs[which] = Node(10**6, "prod", (old,), (Rational(3, 2), (1,)), old.shape)
    wrong = Plan((*others, Branch(last.condition, tuple(outputs))))
    with pytest.raises(InternalError, match="did not pass its own check"):
        judge(d, wrong, value=True)
    assert replace(planned) == planned


def test_the_docstring_carries_the_verdict():
    d = verify.gradient("norm2(A*x - y)^2", "x", where="A: m x n, x: n, y: m")
    code = d.to_code(value=True)
    assert "gradient: certified, equal at" in code
    assert "certified" not in d.to_code(checked=False)
