"""Every line of a derivation checked by itself, and the checker checked."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from sympy import Rational

import derive
from derive.backprop import Sweep
from verify.evaluate import evaluate
from verify.suite.steps import check_steps

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
SYMMETRIC, TOEPLITZ, DIAGONAL = (f"structured-{kind}(X)" for kind in ("symmetric", "toeplitz", "diagonal"))
TIED = [
    ("gradient", "tr(A*X)", SYMMETRIC),
    ("gradient", "logdet(X) + y'*inv(X)*y", f"{TOEPLITZ}, {SYMMETRIC}"),
    ("gradient", "norm2(A*X*y)^2", DIAGONAL),
    ("jacobian", "X*y", SYMMETRIC),
    ("jacobian", "inv(X)", DIAGONAL),
    ("hessian", "logdet(X)", SYMMETRIC),
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


@pytest.mark.parametrize(("kind", "expr", "assume"), TIED)
def test_the_line_that_ties_entries_is_checked_too(kind, expr, assume):
    form = {"form": "kronecker"} if kind == "hessian" else {}
    derivation = getattr(derive, kind)(expr, "X", assume=assume, **form)
    lines = [step for step in derivation.steps if step.phase == "structure"]
    assert lines[-1].value == derivation.tie
    assert lines[-1].index == len(derivation.steps) - 1
    checks = check_steps(derivation)
    assert [c.name for c in checks].count(kind) == 1
    for check in checks:
        assert [e.verdict for e in check.evidence] == ["agrees", "agrees"], check
    untied = replace(derivation, tie=Rational(101, 100) * derivation.tie)
    *nodes, tie = check_steps(untied)
    assert {e.verdict for e in tie.evidence} == {"refuted"}
    assert all(e.verdict == "agrees" for c in nodes for e in c.evidence)


def test_an_adjoint_of_free_entries_is_refuted_where_they_are_tied():
    derivation = derive.gradient("tr(A*X)", "X", assume=SYMMETRIC)
    adjoint = derivation.sweep.values[derivation.graph.variable(derivation.problem.wrt[0]).index]
    assert check_steps(replace(derivation, tie=adjoint))[-1].verdict == "refuted"


@pytest.mark.parametrize("assume", [SYMMETRIC, DIAGONAL, TOEPLITZ])
def test_the_line_is_the_books_sum_over_the_structure_matrices(assume):
    """MC (137): the derivative by parameter p is tr(G' S) with S = dX/dp; S is written out for each structure."""
    (line,) = (s for s in derive.gradient("tr(A*X)", "X", assume=assume).steps if s.phase == "structure")
    a = np.random.default_rng(0).standard_normal((4, 4))
    found = evaluate(line.value, {"A": a, "X": np.zeros((4, 4))})
    i, j = np.indices((4, 4))
    for p, q in np.ndindex(4, 4):
        held = {
            SYMMETRIC: ((i == p) & (j == q)) | ((i == q) & (j == p)),
            DIAGONAL: (i == p) & (j == q) & (p == q),
            TOEPLITZ: i - j == p - q,
        }[assume]
        assert np.isclose(found[p, q], np.sum(a.T * held))
