"""Sums over indices in matrix notation, held to the same sums taken entry by entry in numbers."""

from itertools import product

import numpy as np
import pytest
from sympy import (
    Dummy,
    Inverse,
    KroneckerDelta,
    MatrixSymbol,
    Max,
    Sum,
    Symbol,
    Trace,
    cos,
    exp,
    log,
    sin,
    symbols,
    tanh,
)
from sympy.matrices.expressions.matexpr import MatrixElement

from derive import gradient
from derive.errors import InputError
from derive.from_sympy.canonical import canonical
from verify import check_claim
from verify.evaluate import evaluate

m, n = symbols("m n", integer=True, positive=True)
i, j, k, l = symbols("i j k l", integer=True)
A, B, C, S = (
    MatrixSymbol("A", m, n),
    MatrixSymbol("B", n, n),
    MatrixSymbol("C", n, m),
    MatrixSymbol("S", m, m),
)
x, y, u, r = (
    MatrixSymbol("x", n, 1),
    MatrixSymbol("y", n, 1),
    MatrixSymbol("u", m, 1),
    MatrixSymbol("r", 1, n),
)
s = Symbol("s")
SIZES = {"m": 3, "n": 4}
I, J, K, L = (i, 0, m - 1), (j, 0, n - 1), (k, 0, n - 1), (l, 0, m - 1)

SUMS = [
    ("entries of a column", Sum(x[j, 0], J)),
    ("squares", Sum(x[j, 0] ** 2, J)),
    ("a scalar product", Sum(x[j, 0] * y[j, 0], J)),
    ("three columns", Sum(x[j, 0] * y[j, 0] * r[0, j], J)),
    ("all entries", Sum(A[i, j], I, J)),
    ("a bilinear form", Sum(u[i, 0] * A[i, j] * x[j, 0], I, J)),
    ("a product of three", Sum(u[i, 0] * A[i, j] * B[j, k] * x[k, 0], I, J, K)),
    ("a weighted product", Sum(A[i, j] * y[j, 0] * B[j, k] * x[k, 0], I, J, K)),
    ("a trace", Sum(B[j, j], J)),
    ("a trace of a product", Sum(A[i, j] * C[j, i], I, J)),
    ("a trace of three", Sum(A[i, j] * B[j, k] * C[k, i], I, J, K)),
    ("the other order of indices", Sum(A[i, j] * A[i, k] * B[k, j], I, J, K)),
    ("a cycle of four", Sum(A[i, j] * A[l, j] * A[l, k] * A[i, k], I, J, K, L)),
    ("entries squared", Sum(A[i, j] ** 2 * x[j, 0], I, J)),
    ("functions of entries", Sum(sin(A[i, j]) * exp(x[j, 0]) / u[i, 0] ** 2, I, J)),
    ("a function of a sum of entries", Sum(tanh(A[i, j] * x[j, 0] + u[i, 0]), I, J)),
    ("a power with entries above", Sum(2 ** x[j, 0] * s, J)),
    ("three matrices that share an index", Sum(A[i, j] * C[j, l] * B[j, k], I, J, K, L)),
    ("a sum inside a function", Sum(log(1 + exp(Sum(A[i, j] * x[j, 0], J))), I)),
    ("a sum inside a square", Sum((Sum(A[i, j] * x[j, 0], J) - u[i, 0]) ** 2, I)),
    ("a matrix inside a function", Sum(cos(Sum(A[i, j] * B[j, k], J) + u[i, 0] * x[k, 0]), I, K)),
    ("a sum to be multiplied out", Sum((x[j, 0] + s) * (y[j, 0] - B[j, k]), J, K)),
    ("no entries", Sum(s, J)),
    ("an index that nothing has", Sum(x[j, 0], J, I)),
    ("a maximum", Sum(Max(A[i, j], 0), I, J)),
    ("a product of sums", Sum(x[j, 0], J) * Sum(y[j, 0] ** 2, J)),
    ("a sum in a sum", Sum(x[j, 0] * Sum(y[k, 0], K), J)),
    ("a diagonal weighted", Sum(B[j, j] * x[j, 0], J)),
    ("an identity", Sum(KroneckerDelta(j, k) * x[j, 0] * B[j, k], J, K)),
    ("an inverse", Sum(MatrixElement(Inverse(B), j, k) * x[j, 0] * x[k, 0], J, K)),
    ("an entry of a 1 x 1 product", (x.T * B * x)[0, 0] * (u.T * A * y)[0]),
    ("an entry of a 1 x 1 sum", exp((x.T * x + x.T * y)[0, 0])),
    ("a product of a product", Sum((A * B * C)[i, l] * S[i, l], I, L)),
]


def entrywise(e, values, at):
    """Return the value of an expression in entries by its definition."""
    if isinstance(e, Sum):
        names = [limit[0] for limit in e.limits]
        ranges = [range(int(hi.subs({m: 3, n: 4})) + 1) for _, _, hi in e.limits]
        return sum(
            entrywise(e.function, values, {**at, **dict(zip(names, p, strict=True))})
            for p in product(*ranges)
        )
    if isinstance(e, MatrixElement):
        p, q = (int(index.subs(at)) for index in e.indices)
        parent = np.linalg.inv(values["B"]) if isinstance(e.parent, Inverse) else values[e.parent.name]
        return parent[p, q]
    if isinstance(e, KroneckerDelta):
        return float(at[e.args[0]] == at[e.args[1]])
    if isinstance(e, Symbol):
        return values[e.name] if e not in at else at[e]
    if e.is_number:
        return float(e)
    names = [Dummy() for _ in e.args]
    numbers = [entrywise(a, values, at) for a in e.args]
    return float(e.func(*names).subs(dict(zip(names, numbers, strict=True))))


@pytest.mark.parametrize(("name", "e"), SUMS, ids=[name for name, _ in SUMS])
def test_a_sum_in_matrix_notation_has_the_value_that_its_entries_add_up_to(name, e):
    rng = np.random.default_rng(3)
    values = {
        q.name: rng.uniform(0.3, 1.3, [SIZES.get(str(d), 1) for d in q.shape])
        for q in (A, B, C, S, x, y, u, r)
    }
    values["B"] += 2 * np.eye(4)
    read = canonical(e)
    assert not read.has(Sum, MatrixElement)
    wanted = entrywise(e, values | {"s": 0.7}, {})
    assert evaluate(read, values | {"s": np.array([[0.7]])}, SIZES).item() == pytest.approx(wanted, rel=1e-10)


def test_what_is_found_reads_as_a_person_writes_it():
    quadratic = Sum(x[j, 0] * B[j, k] * x[k, 0], J, K)
    assert gradient(quadratic, x).to_text() == "(B + B')*x"
    assert gradient(Sum(A[i, j] * x[j, 0] * u[i, 0], I, J), A).result == u * x.T
    assert gradient((x.T * B * x)[0, 0], x).result == gradient(Trace(x.T * B * x), x).result


def test_a_claim_may_be_a_sum():
    assert check_claim(Trace(A.T * A), "A", 2 * A)
    assert check_claim(s**2 * Trace(A.T * A), s, 2 * s * Sum(A[i, j] ** 2, I, J)).verdict in (
        "proved",
        "certified",
    )
    assert check_claim(s**2 * Trace(A.T * A), s, s * Sum(A[i, j] ** 2, I, J)).verdict == "refuted"


@pytest.mark.parametrize(
    ("e", "says"),
    [
        (Sum(x[j, 0], (j, 1, n - 1)), "does not start at 0"),
        (Sum(x[j, 0], (j, 0, n - 2)), "not over all n"),
        (Sum(x[j + 1, 0], J), "none that the sum runs over"),
        (Sum(A[j, i], I, J), "runs over n values, not over all m"),
        (Sum(B[j, 0], J), "the index 0 of B"),
        (Sum(x[j, 0] * j, J), "under a sum is not read"),
        (Sum(B[j, k], (k, 0, j), J), "does not start at 0|not over all"),
        (Sum(x[k, 0] * x[j, 0], J), "k of x"),
        (Sum(B[j, k] * Sum(exp(A[i, j] + B[j, k] + C[k, i]), I), J, K), "more than two"),
        (Sum(A[i, j] * Sum(x[j, 0], J), I, J), "of another around it"),
        (B[0, 1] * Trace(B), "has no name"),
        (B[j, k] * Trace(B), "has no name"),
    ],
)
def test_what_is_no_sum_of_whole_dimensions_is_said_in_one_line(e, says):
    with pytest.raises(InputError, match=says) as caught:
        canonical(e)
    assert "\n" not in str(caught.value)
