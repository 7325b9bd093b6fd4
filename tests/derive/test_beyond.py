"""Beyond the book: the losses of `losses.py`, by differences over the tests' own reading of the text."""

import warnings
import zlib

import numpy as np
import pytest

import derive
from derive import read_claim
from derive.expression import algebra
from tests.derive import outside
from tests.derive.losses import (
    DIFFERENTIALS,
    GRADIENTS,
    HESSIANS,
    JACOBIANS,
    KRONECKER_JACOBIANS,
    PARTIAL_TRACES,
    rows,
)
from tests.derive.points import SIZES, declarations, derivative, draw, gap, layout, run
from verify.evaluate import evaluate, size_of


def params(**tables):
    return [
        pytest.param(kind, *row, id=f"{kind} {row[0]} by {row[1]}")
        for kind, table in tables.items()
        for row in rows(table)
    ]


CASES = params(gradient=GRADIENTS, jacobian=JACOBIANS, hessian=HESSIANS, differential=DIFFERENTIALS)


def settled(kind, f, wrt, shapes, assume, seed):
    """Return a point at which differences at two step sizes agree, the differences, and their tolerance.

    Where a kink or a singular matrix is too close, another point is drawn.
    """
    rng = np.random.default_rng(zlib.crc32(seed.encode()))
    tolerance, h = (2e-6, 2e-2) if kind == "hessian" else (2e-8, 6e-3)
    for _ in range(20):
        values = draw(shapes, assume, rng)
        with np.errstate(all="ignore"):
            wanted, again = (derivative(kind, f, wrt, values, assume, step) for step in (h, h / 2))
        if gap(wanted, again) < tolerance:
            return values, again, 2 * tolerance
    raise AssertionError("no point is found at which the differences settle")


def derived(kind, expr, wrt, where, assume):
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        return getattr(derive, kind)(expr, wrt, where=where, assume=assume)


def computed(d, values):
    """Return what the printed NumPy function gives."""
    numbers = {
        n: values[n].item() if not getattr(s, "is_Matrix", False) else values[n]
        for n, s in d.symbols().items()
    }
    return np.atleast_2d(run(d.to_numpy())(**numbers))


def test_the_tables_are_as_wide_as_they_say():
    assert len({p.values[1] for p in CASES}) >= 200


@pytest.mark.parametrize(("kind", "expr", "wrt", "where", "assume"), CASES)
def test_a_loss_agrees_with_differences(kind, expr, wrt, where, assume):
    shapes = declarations(where)
    shapes |= {f"d{name}": shapes[name] for name in wrt.split(",")}
    f, expr_shape = outside.evaluator(expr, shapes, SIZES)
    values, wanted, tolerance = settled(kind, f, wrt, shapes, assume, f"{kind}{expr}{wrt}")
    d = derived(kind, expr, wrt, where, assume)
    found = computed(d, values)
    assert gap(found, wanted) < tolerance, d.to_text()

    read, _ = outside.evaluator(d.to_text(), shapes, SIZES, layout(kind, expr_shape, wrt, shapes))
    assert gap(read(values), found) < 1e-9, d.to_text()
    assert d.to_latex().count("{") == d.to_latex().count("}")


@pytest.mark.parametrize(
    ("kind", "expr", "wrt", "where", "assume"), params(gradient=PARTIAL_TRACES, jacobian=KRONECKER_JACOBIANS)
)
def test_a_partial_trace_agrees_with_differences(kind, expr, wrt, where, assume):
    """Here the text reads back with the package's own reader only, which solves for the sizes of the identities."""
    d = derived(kind, expr, wrt, where, assume)
    shapes = {n: tuple(size_of(s, SIZES) for s in shape) for n, shape in d.problem.shapes.items()}
    f, _ = outside.evaluator(expr, shapes, SIZES)
    values, wanted, tolerance = settled(kind, f, wrt, shapes, assume, f"{expr}{wrt}")
    assert gap(computed(d, values), wanted) < tolerance, d.to_text()
    again = read_claim(d.to_text(), d.problem, algebra.shape(d.result))
    assert gap(evaluate(again, values, SIZES), wanted) < tolerance
