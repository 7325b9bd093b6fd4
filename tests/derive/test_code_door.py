"""The door of a printed function: 1-D arrays and columns, types, shapes."""

import numpy as np
import pytest

import derive
from tests.derive.points import gap, run

#: Losses with a square matrix, in which u v' and v' u are both allowed: shapes alone catch nothing.
SQUARE = """
norm2(A*x - y)^2 | A | A: n x n, x: n, y: n
x'*A*y | A | A: n x n, x: n, y: n
norm2(diag(x)*A)^2 | x | A: n x n, x: n
x'*inv(A)*y | A | A: n x n, x: n, y: n
sum(tanh(A*x + y)) | A | A: n x n, x: n, y: n
norm2(A*diag(x) - B)^2 | x | A: n x n, B: n x n, x: n
logsumexp(A*x) - y'*A*x | x | A: n x n, x: n, y: n
logdet(diag(exp(x)) + A*A') | x | A: n x n, x: n
sum(A.*(x*y')) | x | A: n x n, x: n, y: n
tr(diag(x)*A*diag(y)*A') | A | A: n x n, x: n, y: n
norm2(softmax(A*x) - y)^2 | y | A: n x n, x: n, y: n
""".strip().splitlines()


def case(line, n=4, seed=0):
    text, wrt, where = (part.strip() for part in line.split("|"))
    d = derive.gradient(text, wrt, where=where)
    rng = np.random.default_rng(seed)
    values = {
        name: rng.standard_normal((n, n if name in "AB" else 1)) + (3 * np.eye(n) if name in "AB" else 0)
        for name in d.symbols()
    }
    return d, wrt, values


@pytest.mark.parametrize("line", SQUARE)
def test_vectors_in_one_dimension_give_what_columns_give(line):
    d, wrt, values = case(line)
    f = run(d.to_numpy())
    wanted = f(**values)
    assert wanted.shape == values[wrt].shape
    flat = {n: v.ravel() if v.shape[1] == 1 else v for n, v in values.items()}
    found = f(**flat)
    assert found.shape == flat[wrt].shape
    assert np.array_equal(found.ravel(), wanted.ravel())
    for name in flat:  # one in another kind than the others
        mixed = f(**{**values, name: flat[name]})
        assert np.array_equal(mixed.ravel(), wanted.ravel())
        assert mixed.ndim == (1 if flat[wrt].ndim == 1 and name == wrt else 2)


@pytest.mark.parametrize("line", SQUARE)
def test_single_precision_stays_and_lists_and_integers_are_taken(line):
    d, _, values = case(line)
    f = run(d.to_numpy())
    single = f(**{n: v.astype(np.float32) for n, v in values.items()})
    assert single.dtype == np.float32
    assert gap(single, f(**values)) < 1e-4
    assert np.array_equal(f(**{n: v.tolist() for n, v in values.items()}), f(**values))
    whole = {n: np.rint(v).astype(int) for n, v in values.items()}
    assert np.array_equal(f(**whole), f(**{n: v.astype(float) for n, v in whole.items()}))


def test_numbers_follow_the_arrays():
    f = run(derive.gradient("c*norm2(x)^2 + b*sum(x)", "x", where="x: n").to_numpy())
    assert f(c=0.5, b=np.float64(2), x=np.ones(3, np.float32)).dtype == np.float32
    loss = run(derive.gradient("c*norm2(x)^2", "c", where="x: n").to_numpy())
    assert isinstance(loss(c=1, x=np.ones(3, np.float32)), np.float32)
    assert isinstance(loss(c=1, x=[1, 2]), float)


@pytest.mark.parametrize("n", [0, 1])
def test_sizes_one_and_none(n):
    for line in SQUARE:
        d, wrt, values = case(line, n)
        if n == 0 and ("softmax" in line or "logsumexp" in line):
            continue  # the largest of no entries
        f = run(d.to_numpy())
        assert f(**values).shape == values[wrt].shape


def test_shapes_that_do_not_fit_are_named():
    f = run(derive.gradient("norm2(A*x - y)^2", "A").to_numpy())
    a = np.ones((3, 2))
    with pytest.raises(ValueError, match="x has 3 rows, but A has 2 columns: expected n x 1"):
        f(A=a, x=np.ones(3), y=np.ones(3))
    with pytest.raises(ValueError, match=r"A has shape \(2,\): expected m x n"):
        f(A=np.ones(2), x=np.ones(2), y=np.ones(3))
    with pytest.raises(ValueError, match="x has 1 rows, but A has 2 columns"):
        f(A=a, x=np.ones((1, 2)), y=np.ones(3))
    with pytest.raises(TypeError, match="x holds complex128, not real numbers"):
        f(A=a, x=np.ones(2, complex), y=np.ones(3))


def test_names_of_the_door_are_free_for_variables():
    d = derive.gradient("norm2(take*value - sizes)^2", "value", where="take: m x n, value: n, sizes: m")
    a, x, y = np.ones((3, 2)), np.arange(2.0), np.ones(3)
    assert np.allclose(run(d.to_numpy())(take=a, value=x, sizes=y), 2 * a.T @ (a @ x - y))
