"""Beyond the book: the losses of `losses.py`, by differences over the tests' own reading of the text."""

import warnings
import zlib

import numpy as np
import pytest

import derive
from tests.derive import outside
from tests.derive.losses import DIFFERENTIALS, GRADIENTS, HESSIANS, JACOBIANS, rows
from tests.derive.points import SIZES, declarations, derivative, draw, gap, layout, run

CASES = [
    pytest.param(kind, *row, id=f"{kind} {row[0]} by {row[1]}")
    for kind, table in (
        ("gradient", GRADIENTS),
        ("jacobian", JACOBIANS),
        ("hessian", HESSIANS),
        ("differential", DIFFERENTIALS),
    )
    for row in rows(table)
]


def test_the_table_is_as_wide_as_it_says():
    assert len({p.values[1] for p in CASES}) >= 200


@pytest.mark.parametrize(("kind", "expr", "wrt", "where", "assume"), CASES)
def test_a_loss_agrees_with_differences(kind, expr, wrt, where, assume):
    rng = np.random.default_rng(zlib.crc32(f"{kind}{expr}{wrt}".encode()))
    shapes = declarations(where)
    shapes |= {f"d{name}": shapes[name] for name in wrt.split(",")}
    values = draw(shapes, assume, rng)
    f, expr_shape = outside.evaluator(expr, shapes, SIZES)
    h = 3e-2 if kind == "hessian" else 8e-3
    wanted, again = (derivative(kind, f, wrt, values, assume, step) for step in (h, h / 2))
    tolerance = 2e-6 if kind == "hessian" else 2e-8
    assert gap(wanted, again) < tolerance, "the differences themselves have not settled: choose another point"

    with warnings.catch_warnings():
        warnings.simplefilter("error")
        d = getattr(derive, kind)(expr, wrt, where=where, assume=assume)
    names = d.symbols()
    found = run(d.to_numpy())(**{n: values[n].item() if shapes[n] == (1, 1) else values[n] for n in names})
    assert gap(np.atleast_2d(found), again) < 2 * tolerance, d.to_text()

    read, _ = outside.evaluator(d.to_text(), shapes, SIZES, layout(kind, expr_shape, wrt, shapes))
    assert gap(read(values), np.atleast_2d(found)) < 1e-9, d.to_text()
    assert d.to_latex().count("{") == d.to_latex().count("}")
