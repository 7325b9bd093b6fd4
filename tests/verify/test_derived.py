"""verify.gradient and its like: derive's answer, given back only after a check that can fail."""

from __future__ import annotations

import json
from dataclasses import replace

import numpy as np
import pytest
from sympy import MatrixSymbol, Rational, Trace, Transpose, symbols

import derive
import verify
from derive import api
from derive.errors import InputError, InternalError

CASES = [
    ("gradient", "1/2*norm2(W'*W*x - x)^2", "W", {}, "certified"),
    ("gradient", "sum(tanh(W*x))", "W", {}, "agrees"),
    ("gradient", "logdet(X)", "X", {"assume": "structured-symmetric(X)"}, "certified"),
    ("jacobian", "softmax(A*x)", "x", {}, "agrees"),
    ("jacobian", "A*X*B", "X", {}, "certified"),
    ("hessian", "logsumexp(x)", "x", {}, "agrees"),
    ("hessian", "tr(X*A*X)", "X", {}, "certified"),
    ("differential", "X*inv(Y)", "X,Y", {}, "certified"),
]


@pytest.mark.parametrize(("kind", "expr", "wrt", "options", "word"), CASES)
def test_answers_come_with_evidence(kind, expr, wrt, options, word):
    checked = getattr(verify, kind)(expr, wrt, **options)
    plain = getattr(derive, kind)(expr, wrt, **options)
    assert checked.result == plain.result
    assert checked.verdict == word
    assert checked.evidence[-1].verdict == word
    data = json.loads(json.dumps(checked.to_dict()))
    assert data["verdict"] == word
    assert data["evidence"][-1]["method"] in ("prime field", "real balls")
    assert data["seconds"] > 0
    assert data["result"] == plain.to_dict()["result"]


@pytest.mark.parametrize(("kind", "expr", "wrt", "options", "word"), CASES)
@pytest.mark.parametrize("slip", ["scaled", "transposed", "added"])
def test_wrong_answers_are_withheld(kind, expr, wrt, options, word, slip, monkeypatch):
    right = getattr(api, kind)

    def wrong(*args, **kwargs):
        d = right(*args, **kwargs)
        r = d.result
        if slip == "scaled":
            return replace(d, result=Rational(101, 100) * r)
        if slip == "transposed":
            return replace(d, result=Transpose(r) if r.shape[0] == r.shape[1] else -r)
        return replace(d, result=r + r * r.T * r / 1000)

    monkeypatch.setattr(api, kind, wrong)
    symmetric = kind == "hessian" and expr.startswith("log") and slip == "transposed"
    structured = "assume" in options and slip == "transposed"
    if symmetric or structured:
        assert getattr(verify, kind)(expr, wrt, **options)
        return
    with pytest.raises(InternalError, match="did not pass its own check and is withheld"):
        getattr(verify, kind)(expr, wrt, **options)


def test_kronecker_form_is_checked_too():
    checked = verify.hessian("tr(X*A*X)", "X", form="kronecker")
    assert checked.verdict == "certified"
    assert checked.result.shape[0] == checked.problem.shapes["X"][0] ** 2


def test_sympy_goes_in():
    n = symbols("n", integer=True, positive=True)
    A, X = MatrixSymbol("A", n, n), MatrixSymbol("X", n, n)
    assert verify.gradient(Trace(A * X), X).result == A.T


def test_input_errors_pass_through():
    with pytest.raises(InputError):
        verify.gradient("tr(A*X", "X")
    with pytest.raises(InputError, match="no value and derivative"):
        verify.gradient("tr(inv(x*x')*A)", "x")


@pytest.mark.parametrize("expr", ["log(-1 - norm2(x)^2)", "log(-norm2(x)^2) + x'*x", "log(-(x'*x)^3 - 1)"])
def test_a_function_without_a_real_value_comes_with_a_note(expr):
    checked = verify.gradient(expr, "x")
    assert checked.verdict == "certified"
    assert checked.notes == ("no point was found at which the expression has a real value",)
    assert "no point was found" in str(checked)


@pytest.mark.parametrize(
    ("expr", "wrt", "assume"),
    [
        ("sum(log(x))", "x", None),  # at positive points only
        ("sum(log(vector(1) - x.*x))", "x", None),  # at small ones only
        ("logdet(X'*X)", "X", None),  # at tall matrices only
        ("log(det(K))", "K", "posdef(K)"),
        ("x'*inv(A)*x", "x", None),
    ],
)
def test_a_function_with_a_real_value_somewhere_does_not(expr, wrt, assume):
    assert verify.gradient(expr, wrt, assume=assume).notes == ()


@pytest.mark.parametrize(
    ("expr", "wrt", "where"),
    [
        ("det(x*y')", "x", None),
        ("det((M'*M*inv(Y))*(z*K)')", "Y", "M: n x n, Y: n x n, z: n, K: 1 x n"),
        ("det(diag((W*W').^2)*exp(w'))", "W", "W: n x n, w: n"),
        ("det(A*B)", "A", "A: 3 x 2, B: 2 x 3"),
        ("det(x*x' + y*y')", "x", None),
        ("det(S - S')", "S", "S: 3 x 3"),
    ],
)
def test_determinants_that_vanish_by_construction_have_a_gradient(expr, wrt, where):
    found = verify.gradient(expr, wrt, where)
    assert found.verdict in ("certified", "agrees")
    assert not any("*y' is invertible" in c for c in found.conditions)


def test_a_vanishing_determinant_comes_as_code():
    function = verify.gradient("det(x*y')", "x").function("numpy")
    assert function(x=np.array([2.0]), y=np.array([3.0])) == pytest.approx(
        [3.0]
    )  # the one size at which it is not 0
    assert function(x=np.array([1.0, 2.0]), y=np.array([1.0, 2.0])) == pytest.approx([0, 0], abs=1e-14)
