"""Every line of a derivation checked by itself, and the checker checked."""

from __future__ import annotations

from dataclasses import replace

import pytest
from sympy import Rational

import derive
from derive.backprop import Sweep
from verify.steps import check_steps

CASES = [
    ("gradient", "1/2*norm2(W'*W*x - x)^2", "W", None),
    ("gradient", "logdet(a*X*X' + eye) + tr(inv(a*X*X' + eye)*Y)", "X", None),
    ("gradient", "sum(tanh(V*relu(W*x)))", "W", None),
    ("gradient", "log(det(K))", "K", "posdef(K)"),
    ("jacobian", "softmax(A*x)", "x", None),
    ("jacobian", "inv(A + t*B)", "t", None),
    ("hessian", "logsumexp(A*x)", "x", None),
    ("differential", "X*inv(Y)*X'", "X,Y", None),
]


@pytest.mark.parametrize(("kind", "expr", "wrt", "assume"), CASES)
def test_every_node_agrees_by_two_methods(kind, expr, wrt, assume):
    where = "t: scalar" if wrt == "t" else None
    derivation = getattr(derive, kind)(expr, wrt, where=where, assume=assume)
    checks = check_steps(derivation)
    assert {c.name for c in checks} >= {node.name for node in derivation.graph.nodes}
    for check in checks:
        assert [e.method for e in check.evidence] == ["dual numbers in real balls", "central differences"]
        assert [e.verdict for e in check.evidence] == ["agrees", "agrees"], check


@pytest.mark.parametrize(("kind", "expr", "wrt", "assume"), CASES[:4] + CASES[-1:])
def test_a_wrong_line_is_found_and_no_other(kind, expr, wrt, assume):
    """The value of one node is scaled by 1.01: that node is refuted by both methods, the others are not."""
    derivation = getattr(derive, kind)(expr, wrt, assume=assume)
    for node in derivation.graph.nodes:
        values = dict(derivation.sweep.values)
        values[node.index] = Rational(101, 100) * values[node.index]
        broken = replace(derivation, sweep=Sweep(values, derivation.sweep.contributions))
        verdicts = {c.name: {e.verdict for e in c.evidence} for c in check_steps(broken)}
        assert verdicts.pop(node.name) == {"refuted"}
        assert all(v == {"agrees"} for v in verdicts.values())
