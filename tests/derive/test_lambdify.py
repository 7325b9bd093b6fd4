"""SymPy's own `lambdify` takes every result, and gives the value that the evaluator gives."""

from __future__ import annotations

import warnings

import numpy as np
import pytest
import sympy
from sympy import MatrixSymbol

from derive import api
from tests.derive import losses
from verify.arithmetics.floats import FLOAT
from verify.evaluate import Environment
from verify.suite.tasks import Entry, entries

SIZE = 3


def _value(result, rng):
    """Return the value of what lambdify makes of a result at a random point, and the point."""
    names = sorted((s for s in result.result.free_symbols if hasattr(s, "name")), key=str)
    point = {}
    for s in names:
        if isinstance(s, MatrixSymbol):
            shape = [int(k.xreplace(dict.fromkeys(k.free_symbols, sympy.Integer(SIZE)))) for k in s.shape]
            point[s.name] = rng.uniform(0.5, 1.5, shape)
            if shape[0] == shape[1]:
                point[s.name] = point[s.name] @ point[s.name].T / 9 + np.eye(shape[0])
        else:
            point[s.name] = SIZE if s.is_integer else 1.3
    return sympy.lambdify(names, result.result)(*point.values()), point


def _evaluated(result, point):
    """Return the value by the evaluator of the checks, which follows definitions."""
    sizes = dict.fromkeys(result.problem.sizes, SIZE)
    with FLOAT.context():
        values = {n: FLOAT.array(np.atleast_2d(v)) for n, v in point.items() if n not in sizes}
        return np.array(Environment(FLOAT, values, sizes).run(result.result), dtype=float)


CATALOGUE = [e for e in entries().values() if isinstance(e, Entry)]


CASES = [(e.kind, e.expr, e.wrt, e.where, e.assume) for e in CATALOGUE]
CASES += [("gradient", *row) for row in losses.rows(losses.GRADIENTS)]
CASES += [("jacobian", *row) for row in losses.rows(losses.JACOBIANS)]


@pytest.mark.parametrize("case", CASES[::9], ids=lambda case: " ".join(case[:3])[:40])
def test_lambdify_gives_the_value(case):
    kind, expr, wrt, where, assume = case
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = getattr(api, kind)(expr, wrt, where=where, assume=assume or None)
        found, point = _value(d, np.random.default_rng(0))
        assert np.allclose(np.squeeze(found), np.squeeze(_evaluated(d, point)))
