"""Symbolic arrays against NumPy itself: the same shapes, the same errors, the same numbers, on random programs."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from derive.errors import InputError
from verify.evaluate import evaluate
from verify.trace.arrays import CannotTraceError
from verify.trace.trace import read_shapes, symbol

SIZES = {"m": 3, "n": 4, "k": 2}
SHAPES = "s: scalar, x: n, y: m, c: n x 1, r: 1 x n, A: m x n, B: n x k, Q: n x n, u: 1 x 1, v: 1"
DECLARED = read_shapes(SHAPES)

UNARY = [
    lambda a: -a, lambda a: a.T, np.exp, np.tanh, np.abs, np.square, lambda a: a**3, lambda a: a > 0, lambda a: 1 - (a <= 0.5),
    np.sum, np.mean, lambda a: a.sum(axis=0), lambda a: a.sum(axis=-1), lambda a: a.sum(axis=1, keepdims=True),
    lambda a: np.mean(a, axis=0, keepdims=True), lambda a: a.var(axis=0), lambda a: np.max(a, axis=-1, keepdims=True),
    lambda a: a.max(axis=0), np.min, lambda a: a[:, None], lambda a: a[None, :], lambda a: a[..., None],
    lambda a: a.reshape(-1, 1), lambda a: a.reshape(1, -1), np.ravel, np.squeeze, np.linalg.norm, np.trace, np.diag,
    lambda a: np.maximum(a, 0), lambda a: np.minimum(0.25, a), lambda a: np.clip(a, -0.5, 0.5), np.zeros_like,
    lambda a: np.where(a > 0, a, 0.1 * a), lambda a: a / 3, lambda a: 2 / (1 + a**2), lambda a: np.sqrt(a * a + 1),
    lambda a: a / a.shape[0], lambda a: a.sum(keepdims=True), lambda a: np.expand_dims(a, -1), lambda a: a.mean(1)[:, None],
]  # fmt: skip
BINARY = [
    lambda a, b: a + b, lambda a, b: a - b, lambda a, b: a * b, lambda a, b: a / (2 + b**2), lambda a, b: a @ b, np.dot,
    np.outer, np.maximum, np.minimum, lambda a, b: a < b + 0.01, lambda a, b: a.T @ b, lambda a, b: a @ b.T,
    lambda a, b: np.where(a > b, a, b), lambda a, b: np.inner(a, b),
]  # fmt: skip


def data(seed):
    draw = np.random.default_rng(seed)
    return {
        name: draw.normal(size=[SIZES.get(str(d), 1) for d in sizes])[()] for name, sizes in DECLARED.items()
    }


def run(program, values):
    """Run a program: start with the named values, and push what each step gives."""
    stack = [values[name] for name in program[0]]
    for step, where in program[1]:
        kind, k = step
        i, j = where[0] % len(stack), where[1] % len(stack)
        stack.append(UNARY[k](stack[i]) if kind == 1 else BINARY[k](stack[i], stack[j]))
    return stack[-1]


steps = st.one_of(
    st.tuples(st.just(1), st.integers(0, len(UNARY) - 1)),
    st.tuples(st.just(2), st.integers(0, len(BINARY) - 1)),
)
programs = st.tuples(
    st.lists(st.sampled_from(sorted(DECLARED)), min_size=2, max_size=3),
    st.lists(st.tuples(steps, st.tuples(st.integers(0, 9), st.integers(0, 9))), min_size=1, max_size=4),
)


@settings(max_examples=250, deadline=None)
@given(programs, st.integers(0, 5))
def test_random_programs_come_to_what_numpy_comes_to(program, seed):
    values = data(seed)
    try:
        with np.errstate(all="ignore"):
            true = run(program, values)
    except (ValueError, IndexError, TypeError, np.exceptions.AxisError):
        true = None
    try:
        found = run(program, {name: symbol(name, sizes) for name, sizes in DECLARED.items()})
    except InputError:
        return  # said, and nothing claimed
    except (ValueError, IndexError, TypeError, np.exceptions.AxisError):
        if true is not None:
            raise
        return
    if true is None:
        pytest.fail("NumPy refuses what was traced")
    true = np.asarray(true, dtype=float)
    if not isinstance(found, (bool, int, float, np.ndarray)):
        shape = tuple(SIZES.get(str(d), d) if not str(d).isdigit() else int(d) for d in found.sizes)
        shape = tuple(
            int(d.subs({str(k): v for k, v in SIZES.items()})) if hasattr(d, "subs") else d for d in shape
        )
        assert shape == true.shape
        arrays = {name: np.asarray(v, dtype=float) for name, v in values.items()}
        arrays = {n: v.reshape(-1, 1) if v.ndim == 1 else np.atleast_2d(v) for n, v in arrays.items()}
        got = evaluate(found.expr, arrays, SIZES)
        np.testing.assert_allclose(
            np.asarray(got, dtype=float).reshape(true.shape), true, rtol=1e-9, atol=1e-9
        )
    else:
        np.testing.assert_allclose(found, true)


def symbols():
    return {name: symbol(name, sizes) for name, sizes in DECLARED.items()}


def test_masks_and_whole_arrays_are_set_in_place():
    a = symbols()["A"].copy()
    a[a <= 0] = 0
    true = np.maximum(data(1)["A"], 0)
    np.testing.assert_allclose(evaluate(a.expr, {"A": data(1)["A"]}, SIZES), true)
    a *= 2
    np.testing.assert_allclose(evaluate(a.expr, {"A": data(1)["A"]}, SIZES), 2 * true)


@pytest.mark.parametrize(
    "code",
    [
        lambda v: 1 if v["x"].sum() > 0 else 0,
        lambda v: list(v["x"]),
        lambda v: v["A"].T.__iadd__(1),
        lambda v: float(v["s"]),
        lambda v: np.sort(v["x"]),
        lambda v: v["A"][0, 1],
        lambda v: np.asarray(v["A"]),
        lambda v: np.zeros(v["x"].shape[0]),
        lambda v: np.add(1, 2, out=None) + np.array([1.0, 2.0, 3.0, 4.0]) * v["x"],
    ],
)
def test_what_cannot_be_traced_is_said(code):
    with pytest.raises(CannotTraceError):
        code(symbols())


EINSUMS = [
    ("ij,jk->ik", "AB"), ("ij,j->i", "Ax"), ("ij,j", "Ax"), ("ij,i->j", "Ay"), ("ij,ij->", "AA"), ("ij,ij->i", "AA"),
    ("ij,kj->ik", "AA"), ("ji,jk->ik", "AA"), ("i,j->ij", "xy"), ("i,j->ji", "xy"), ("i,i->i", "xx"), ("i,i", "xx"), ("ij->ji", "A"),
    ("ij->j", "A"), ("ij->", "A"), ("ii->", "Q"), ("ii->i", "Q"), ("i,ij,j->", "yAx"), ("i,ij->ij", "yA"), ("ik,kj,jl->il", "AQB"),
    ("ij,jk,ki->", "QQQ"), ("ji", "A"),
]  # fmt: skip


@pytest.mark.parametrize(("form", "names"), EINSUMS)
def test_einstein_sums_are_numpys(form, names):
    values = data(5)
    found = np.einsum(form, *(symbols()[n] for n in names))
    due = np.einsum(form, *(values[n] for n in names))
    arrays = {n: v.reshape(-1, 1) if np.ndim(v) == 1 else np.atleast_2d(v) for n, v in values.items()}
    got = np.asarray(evaluate(found.expr, {n: arrays[n] for n in names}, SIZES), dtype=float)
    assert found.ndim == np.ndim(due)
    np.testing.assert_allclose(got.reshape(np.shape(due)), due, rtol=1e-9)
