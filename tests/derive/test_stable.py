"""Derivatives have values where they exist: far out in logistic functions written out, and off a diagonal."""

import numpy as np
import pytest

import derive
from tests.derive.points import run

_ONE = "vector(1)"
#: Ways to write the logistic function of X*w.
LOGISTIC = ["exp(X*w)./(vector(1) + exp(X*w))", "vector(1)./(vector(1) + exp(-(X*w)))", "sigmoid(X*w)",
            "(vector(1) + exp(-X*w)).^(-1)"]  # fmt: skip
LOSSES = [
    "-y'*log({p}) - (vector(1) - y)'*log(vector(1) - {p})", "norm2({p} - y)^2", "sum(log(vector(1) - {p}))",
    "sum(log({p}))", "y'*({p})", "sum(({p}).*(vector(1) - {p}))",
]  # fmt: skip
SCALARS = [
    "log(1 + exp(c))", "1/(1 + exp(-c))", "exp(c)/(1 + exp(c))", "log(1 - 1/(1 + exp(-c)))", "(1/(1 + exp(-c)) - b)^2",
    "-b*log(1/(1 + exp(-c))) - (1 - b)*log(1 - 1/(1 + exp(-c)))", "log(1/(1 + exp(-c)))", "1/(1 + exp(c))^2",
    "-b*log(exp(c)/(1 + exp(c))) - (1 - b)*log(1 - exp(c)/(1 + exp(c)))", "tanh(c)*log(1 + exp(-2*c))",
]  # fmt: skip


@pytest.mark.parametrize("loss", LOSSES)
@pytest.mark.parametrize("logistic", LOGISTIC)
def test_the_logistic_function_written_out(loss, logistic):
    d = derive.gradient(loss.format(p=logistic), "w")
    f = run(d.to_numpy())
    for z in (40.0, -40.0, 1000.0, -1000.0):
        given = {"X": np.ones((1, 1)), "w": np.full((1, 1), z), "y": np.full((1, 1), 0.3)}
        with np.errstate(all="ignore"):
            assert np.isfinite(f(**{n: given[n] for n in d.symbols()})).all(), (z, d.to_text())


@pytest.mark.parametrize("text", SCALARS)
def test_the_logistic_function_of_a_scalar(text):
    d = derive.gradient(text, "c")
    f = run(d.to_numpy())
    for z in (40.0, -40.0, 1000.0, -1000.0):
        with np.errstate(all="ignore"):
            assert np.isfinite(f(**{n: {"c": z, "b": 0.3}[n] for n in d.symbols()})).all(), (z, d.to_text())


@pytest.mark.parametrize(
    ("text", "result"),
    [
        ("tr(sqrt(A))", lambda a: 0.5 / np.sqrt(a)),
        ("tr(log(A))", lambda a: 1 / a),
        ("tr(1./A)", lambda a: -1 / a**2),
        ("sum(eye.*log(A))", lambda a: 1 / a),
        ("sum(diag(A.^0.3))", lambda a: 0.3 * a**-0.7),
        ("tr(exp(A))", np.exp),
    ],
)
def test_only_the_diagonal_is_looked_at(text, result):
    a = np.array([[2.0, -3.0, 0.0], [0.0, 1.5, -1.0], [1000.0, -2.0, 1.0]])
    found = run(derive.gradient(text, "A").to_numpy())(A=a)
    assert np.allclose(found, np.diag(result(np.diag(a))))


@pytest.mark.parametrize(
    ("text", "where", "zeros", "wanted"),
    [
        ("prod(x)", "x: n", [[0.0], [2.0], [3.0]], [[6.0], [0.0], [0.0]]),
        ("prod(A*x)", "A: m x n, x: n", [[0.0], [2.0], [3.0]], None),
        ("sum(prod(X, rows))", "X: m x n", [[0.0, 2.0], [0.0, 0.0]], [[2.0, 0.0], [0.0, 0.0]]),
        ("sum(prod(X, columns).^2)", "X: m x n", [[0.0, 2.0], [5.0, 3.0]], [[0.0, 36.0], [0.0, 24.0]]),
        ("log(1 + prod(X)^2)", "X: m x n", [[0.0, 2.0], [5.0, 3.0]], [[0.0, 0.0], [0.0, 0.0]]),
    ],
)
@pytest.mark.parametrize("target", ["numpy", "torch"])
def test_products_of_entries_have_gradients_where_an_entry_is_zero(text, where, zeros, wanted, target):
    if target == "torch":
        pytest.importorskip("torch")
    wrt = "x" if "x" in where.split(":")[0] or "A" in where else "X"
    f = derive.gradient(text, wrt, where=where).function(target)
    given = {wrt: np.array(zeros)}
    if "A" in where:
        given["A"] = np.array([[1.0, 1, -2 / 3], [0, 1, 1], [1, 0, 1]])  # the first entry of A*x is zero
        wanted = given["A"][:1].T * 15
    assert np.allclose(np.asarray(f(**given)), wanted, atol=1e-12)


#: Quotients of exponentials in which one factor overflows where the other is 0.
QUOTIENTS = ["exp(x)./(1+exp(x)).^2", "exp(x)./(1+exp(x)).^3", "exp(2*x)./(1+exp(x)).^3", "exp(-x)./(1+exp(-x)).^2",
             "sigmoid(x).*exp(-x)", "sigmoid(-x).^2./exp(-x)"]  # fmt: skip


@pytest.mark.parametrize("text", QUOTIENTS)
def test_quotients_of_exponentials_do_not_overflow(text):
    f = derive.gradient(f"sum({text})", "x").function(value=True)
    with np.errstate(all="ignore"):
        far = f(x=np.array([1e3, -1e3]))
    assert all(np.isfinite(v).all() for v in far)
    x, h = np.array([0.3, -0.7, 2.0]), 1e-5
    near = [(f(x=x + h * e)[0] - f(x=x - h * e)[0]) / (2 * h) for e in np.eye(3)]
    assert np.allclose(f(x=x)[1], near, atol=1e-8)
