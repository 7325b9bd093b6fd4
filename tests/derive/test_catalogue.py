"""Every equation of the Matrix Cookbook through the public API, against NumPy formulas and differences.

Three ways in and out: the text as it stands, its result read by a reader of the tests' own and run as the printed
NumPy function; the same from SymPy's matrix expressions, where the book's equation can be said in them.
"""

import json
import warnings
from pathlib import Path

import numpy as np
import pytest
import sympy

import derive
from derive.results.cookbook import LEFT_OUT, cookbook
from tests.derive import outside
from tests.derive.points import SIZES, declarations, derivative, draw, gap, layout, run

NUMPY = {
    fields["id"]: fields
    for fields in map(
        json.loads, (Path(__file__).parent / "data" / "cookbook_numpy.jsonl").read_text().splitlines()
    )
}
ITEMS = [pytest.param(item, id=item.id) for item in cookbook()]
WITH_SYMPY = [
    pytest.param(item, source, id=f"{item.id}-{i}")
    for item in cookbook()
    for i, source in enumerate(item.sympy)
]

_NAMES = {
    "np": np,
    "adj": outside.adjugate,
    "diag": outside.diagonal,
    "logdet": lambda x: np.linalg.slogdet(x)[1],
    "matpow": np.linalg.matrix_power,
    "toeplitz": outside.diagonal_sums,
    "eigenvalue": outside.eigenvalue,
    "eigenvector": outside.eigenvector,
    "norm2": lambda x: np.sqrt(np.sum(x * x)),
    "vec": lambda x: x.T.reshape(-1, 1),
}


def shapes_of(item):
    """Return the shapes of an item's names, directions included."""
    shapes = declarations(item.where)
    if item.kind == "differential":
        shapes |= {f"d{name}": shapes[name] for name in item.wrt.split(",")}
    return shapes


def points(item, count=2):
    rng = np.random.default_rng(list(item.id.encode()))
    return [draw(shapes_of(item), item.assume, rng) for _ in range(count)]


def reference(item, values, what="derivative"):
    """Return the value of an item's NumPy formula."""
    plain = {n: v.item() if v.shape == (1, 1) else v for n, v in values.items()}
    return np.atleast_2d(eval(NUMPY[item.id][what], _NAMES | plain))


def derived(item, expr=None, wrt=None, **more):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # equation 33 is the derivative of a constant
        return getattr(derive, item.kind)(
            item.expr if expr is None else expr, wrt or item.wrt, assume=item.assume, **more
        )


def agree(derivation, item):
    """Hold the two printed forms of a derivation to the item's NumPy formula."""
    shapes = shapes_of(item)
    names = {n: s for n, s in shapes.items() if n in derivation.symbols()}
    function = run(derivation.to_numpy())
    expr_shape = outside.evaluator(item.expr, shapes, SIZES)[1]
    target = layout(item.kind, expr_shape, item.wrt, shapes)
    read, _ = outside.evaluator(derivation.to_text(), shapes, SIZES, target)
    for values in points(item):
        wanted = reference(item, values)
        arguments = {n: values[n].item() if s == (1, 1) else values[n] for n, s in names.items()}
        assert gap(np.atleast_2d(function(**arguments)), wanted) < 1e-9, derivation.to_numpy()
        assert gap(read(values), wanted) < 1e-9, derivation.to_text()


@pytest.mark.parametrize("item", ITEMS)
def test_the_result_has_the_value_of_the_books_formula(item):
    agree(derived(item, where=item.where), item)


@pytest.mark.parametrize(("item", "source"), WITH_SYMPY)
def test_the_same_from_sympy(item, source):
    sizes = {n: sympy.Symbol(n, integer=True, positive=True) for n in "mnk"}
    symbols = {
        name: sympy.Symbol(name)
        if shape == (1, 1)
        else sympy.MatrixSymbol(name, *[sizes.get(d, d) for d in shape])
        for name, shape in declarations(item.where).items()
    }
    expr = eval(source, {n: getattr(sympy, n) for n in sympy.__all__} | sizes | symbols)
    agree(derived(item, expr, symbols[item.wrt]), item)


@pytest.mark.parametrize("item", ITEMS)
def test_the_formula_taken_over_is_the_derivative(item):
    """The data themselves: text and NumPy say the same, and the formula agrees with differences."""
    shapes = shapes_of(item)
    read, expr_shape = outside.evaluator(item.expr, shapes, SIZES)
    result, _ = outside.evaluator(item.result, shapes, SIZES, layout(item.kind, expr_shape, item.wrt, shapes))
    (values,) = points(item, 1)
    assert gap(read(values), reference(item, values, "expr")) < 1e-12
    assert gap(result(values), reference(item, values)) < 1e-10
    found = derivative(item.kind, lambda at: reference(item, at, "expr"), item.wrt, values, item.assume)
    assert gap(found, reference(item, values)) < 1e-7


def test_every_equation_of_the_chapter_is_either_stated_or_left_out():
    stated = {item.equation for item in cookbook()}
    assert not stated & LEFT_OUT.keys()
    assert {int(e) for e in stated | LEFT_OUT.keys()} >= set(range(33, 145))
