"""Index notation in texts: sums over indices against loops over NumPy arrays, and claims about entries."""

import numpy as np
import pytest

from derive import parse, to_text
from derive.errors import InputError
from verify import check_claim
from verify.evaluate import evaluate

RNG = np.random.default_rng(3)
SIZES = {"n": 4, "m": 3}
VALUES = {
    "x": RNG.uniform(0.2, 1, (4, 1)), "y": RNG.uniform(0.2, 1, (4, 1)), "z": RNG.uniform(0.2, 1, (3, 1)),
    "A": RNG.uniform(0.2, 1, (4, 4)), "B": RNG.uniform(0.2, 1, (4, 3)), "c": np.array([[0.7]]),
}  # fmt: skip
WHERE = {"x": "n", "y": "n", "z": "m", "A": "n x n", "B": "n x m", "c": "scalar"}
N, M = range(4), range(3)
x, y, z = (VALUES[k][:, 0] for k in "xyz")
A, B, c = VALUES["A"], VALUES["B"], 0.7

#: A sum in index notation, and its value by a loop.
SUMS = [
    ("sum[i](y[i]*log(x[i]))", sum(y[i] * np.log(x[i]) for i in N)),
    ("sum[i, j](x[i]*A[i, j]*y[j])", sum(x[i] * A[i, j] * y[j] for i in N for j in N)),
    ("sum[i](sum[j](A[i, j])^2)", sum(sum(A[i, j] for j in N) ** 2 for i in N)),
    ("sum[i](A[i, i]*x[i])", sum(A[i, i] * x[i] for i in N)),
    ("sum[i](A[i, i])", sum(A[i, i] for i in N)),
    ("sum[i, j](A[i, j]*A[j, i])", sum(A[i, j] * A[j, i] for i in N for j in N)),
    ("sum[i, j](A[i, j]^2/c + x[i])", sum(A[i, j] ** 2 / c + x[i] for i in N for j in N)),
    ("sum[i, j, k](x[i]*A[i, j]*B[j, k]*z[k])", sum(x[i] * A[i, j] * B[j, k] * z[k] for i in N for j in N for k in M)),
    ("sum[i](log(sum[k](exp(B[i, k]))))", sum(np.log(sum(np.exp(B[i, k]) for k in M)) for i in N)),
    ("sum[i≠j](A[i, j]*x[i])", sum(A[i, j] * x[i] for i in N for j in N if i != j)),
    ("sum[i, j](delta[i, j]*A[i, j])", sum(A[i, i] for i in N)),
    ("sum[i, j]((x[i] - y[j])^2)", sum((x[i] - y[j]) ** 2 for i in N for j in N)),
    ("sum[i](x[i]) - c", sum(x) - c),
    (r"-\sum_{i=1}^n [y_i\log\sigma(x_i) + (1-y_i)\log(1-\sigma(x_i))]",
     -sum(y[i] * np.log(1 / (1 + np.exp(-x[i]))) + (1 - y[i]) * np.log(1 / (1 + np.exp(x[i]))) for i in N)),
    (r"p_i=\frac{e^{x_i}}{\sum_k e^{x_k}};\ -\sum_i y_i\log p_i", -sum(y * np.log(np.exp(x) / np.exp(x).sum()))),
    (r"\frac1n\sum_{i=1}^n(x_i-c)^2", sum((x - c) ** 2) / 4),
    (r"r_i = \sum_{j} A_{ij}x_j - y_i; \sum_i r_i^2", sum((A @ x - y) ** 2)),
    (r"\sum_{i\ne j}A_{ij}x_ix_j", sum(A[i, j] * x[i] * x[j] for i in N for j in N if i != j)),
    (r"\sum_{i=1}^n\sum_{k=1}^m B_{ik}z_k", (B @ z).sum()),
    (r"\sum_{i=1}^n |x_i - y_i|", abs(x - y).sum()),
    ("sum[i<=j](A[i, j])", np.triu(A).sum()),
    ("sum[i>=j](A[i, j]*x[j])", (np.tril(A) @ x).sum()),
    ("sum[i](x[i]*i^2)", sum(x[i] * (i + 1) ** 2 for i in N)),
    (r"\sum_{i=0}^{n-1} c^i x_{i+1}", sum(c**i * x[i] for i in N)),
    ("sum[i](x[i+1]*y[i])", sum(x[i + 1] * y[i] for i in range(3))),
    (r"\sum_{i=1}^{n-1}(x_{i+1}-x_i)^2", sum(np.diff(x) ** 2)),
    (r"\sum_{i=2}^{n} |x_i - y_{i-1}|", sum(abs(x[1:] - y[:-1]))),
    (r"\sum_{i=1}^{n-2} (x_i - 2x_{i+1} + x_{i+2})^2", sum(np.diff(x, 2) ** 2)),
    (r"\prod_{i=2}^{n} x_i", np.prod(x[1:])),
    (r"\sum_{i=2}^{n}\sum_{j=1}^{n-1} A_{ij} x_{j+1}", (A[1:, :3] @ x[1:]).sum()),
    (r"\sum_{k=1}^{3} x^T A^k y", sum(x @ np.linalg.matrix_power(A, k) @ y for k in (1, 2, 3))),
    (r"\sum_{k=0}^{2} c^k x_{k+1}", x[0] + c * x[1] + c**2 * x[2]),
]  # fmt: skip


@pytest.mark.parametrize(("text", "value"), SUMS, ids=[s[0][:40] for s in SUMS])
def test_a_sum_over_indices_has_the_value_of_the_loop(text, value):
    used = {n: w for n, w in WHERE.items() if n in parse(text).shapes}
    problem = parse(text, used)
    assert np.asarray(evaluate(problem.expr, VALUES, SIZES)).item() == pytest.approx(value, rel=1e-12)
    assert np.asarray(
        evaluate(parse(to_text(problem.expr), used).expr, VALUES, SIZES)
    ).item() == pytest.approx(value, rel=1e-12)


@pytest.mark.parametrize(
    ("expr", "wrt", "kind", "claim", "verdict"),
    [
        ("softmax(z)", "z", "jacobian", "p = softmax(z); p[i]*(delta[i, j] - p[j])", "proved"),
        ("softmax(z)", "z", "jacobian", "p = softmax(z); p[i]*(1 - p[j])", "refuted"),
        (r"p = softmax(z); p", "z", "jacobian", "p[i]*(delta[i,j] - p[j])", "proved"),
        ("sum[i](y[i]*z[i]^2)", "z", "gradient", "2*y[i]*z[i]", "proved"),
        ("x'*A*x", "x", "gradient", "sum[j](A[i, j]*x[j]) + sum[j](A[j, i]*x[j])", "proved"),
        ("x'*A*y", "A", "gradient", "x[i]*y[j]", "proved"),
        ("x'*A*y", "A", "gradient", "x[j]*y[i]", "refuted"),
    ],
)
def test_a_claim_about_entries_holds_at_all_of_them(expr, wrt, kind, claim, verdict):
    where = "x: n, y: n" if claim == "x[j]*y[i]" else None
    assert check_claim(expr, wrt, claim, kind=kind, where=where).verdict == verdict


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("x[i]*A[i, j]*B[j, k]", "three free indices"),
        ("sum[i](T[i, j, k])", "three indices and more"),
        ("sum[i](x[i+1+1])", "an index by itself"),
        ("sum[i](x[2*i])", "an index by itself"),
        ("sum[i, j](A[i, j]*x[j]) + y[i]*x", "entries"),
        ("sum[1](x)", "expected an index"),
    ],
)
def test_what_no_matrix_is_is_refused_with_the_place(text, says):
    with pytest.raises(InputError, match=says):
        parse(text)
