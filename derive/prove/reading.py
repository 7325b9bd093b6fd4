"""From SymPy expressions to values: what each operation is in index notation."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from fractions import Fraction
from typing import Any

from sympy import Basic, Expr, Rational, S, Transpose, log

from derive.expression.algebra.seen import adds_to_one, is_onehot, is_orthogonal, is_symmetric
from derive.expression.elementwise import ENTRY, scalar_function
from derive.expression.facts import facts
from derive.expression.functions import Functional, MatrixFunction
from derive.expression.operation import kind
from derive.expression.walk import CONSTANTS, distinct, parts, post_order
from derive.operations import record
from derive.operations.unfold import definition
from derive.prove import matrices, tensors
from derive.prove.entrywise import broadcast, power
from derive.prove.functions import FUNCTIONS, exponential, function, matrix_exponent
from derive.prove.recursion import RECURSION
from derive.prove.settling import Net, from_net
from derive.prove.space import Space, Undecided, Value, exponent
from derive.prove.tensors import constant

#: The largest power of a matrix that is written out.
_MAX_POWER = 24


@RECURSION.provide
def read(space: Space, expr: Expr) -> Value:
    """Return the value of an expression. Raises Undecided."""
    for e in post_order(expr, within=lambda e: () if e in space.read else _arguments(e)):
        if e not in space.read:
            space.read[e] = _value(space, e)
    return space.read[expr]


def _arguments(e: Expr) -> tuple[Expr, ...]:
    word = kind(e)
    if word in CONSTANTS:
        return ()
    if word in ("power", "matrix power"):
        return (e.base,)
    if word == "elementwise power":
        return e.args if getattr(e.exp, "is_Matrix", False) else (e.base,)
    return tuple(a for a in parts(e) if isinstance(a, Expr))


def _value(space: Space, e: Expr) -> Value:
    word = kind(e)
    if word in _READERS:
        return _READERS[word](space, e)
    if isinstance(e, Functional | MatrixFunction):
        return _other(space, e)
    raise Undecided(f"{type(e).__name__} has no normal form")


def _args(space: Space, e: Basic) -> list[Value]:
    return [space.read[a] for a in e.args]


def sizes(space: Space, size: Expr) -> tuple[int, ...]:
    """Return the sizes of the indices of a row or column: none for size 1."""
    return () if size == 1 else (space.size(size),)


# ------------------------------------------------------------------------------------------- leaves


def _matrix_symbol(space: Space, e: Any) -> Value:
    rows, columns = sizes(space, e.shape[0]), sizes(space, e.shape[1])
    known = facts()
    positive = 2 if known.has(e, "positive") else int(e.name in space.positive)
    every = tuple(range(len(rows) + len(columns)))
    groups = tuple([(i,) for i in every])
    net_sizes = dict(enumerate(rows + columns))
    if known.has(e, "structured-diagonal"):
        atom = space.atom("symbol", e.name, sign=positive)
        return from_net(space, Net({0: rows[0]}, (0,), (0,), [(atom, 1, ((0,),))]))
    if every and (sides := adds_to_one(e)) and not is_symmetric(e):
        summed = tuple(
            i
            for i in every
            if ("rows" if (i == len(every) - 1 and len(every) > 1) or not rows else "columns") in sides
        )
        atom = space.atom("simplex", (e.name, summed, is_onehot(e)), sign=max(positive, int(is_onehot(e))))
        return from_net(space, Net(net_sizes, every[: len(rows)], every[len(rows) :], [(atom, 1, groups)]))
    kind = "orthogonal" if is_orthogonal(e) and len(every) == 2 else "symbol"
    ways = ((1, 0),) if len(every) == 2 and is_symmetric(e) else ()
    atom = space.atom(kind, e.name, symmetries=ways, sign=positive)
    return from_net(space, Net(net_sizes, every[: len(rows)], every[len(rows) :], [(atom, 1, groups)]))


def _symbol(space: Space, e: Any) -> Value:
    if e.is_integer and e.is_positive:
        return tensors.of_size(space, e)
    positive = 2 if e.is_positive or facts().has(e, "positive") else int(e.name in space.positive)
    return tensors.scalar(space, [(space.atom("scalar", e, sign=positive), 1)])


def _number(space: Space, e: Expr) -> Value:
    if not e.is_finite:
        raise Undecided("a number that is not finite")
    r = Rational(e)
    return constant(space, exponent(Fraction(int(r.p), int(r.q))))


def _constant(space: Space, e: Expr) -> Value:
    if e is S.Exp1:
        return exponential(space, constant(space, 1))
    return tensors.scalar(space, [(space.atom("scalar", str(e), sign=2), 1)])


def _ones(space: Space, e: Expr) -> Value:
    return tensors.ones(space, sizes(space, e.shape[0]), sizes(space, e.shape[1]))


def _zero(space: Space, e: Expr) -> Value:
    return Value(sizes(space, e.shape[0]), sizes(space, e.shape[1]), {})


def _commutation(space: Space, e: Expr) -> Value:
    """K[(i, j), (j, i)] = 1, vec(X) having the index (j, i) for X[i, j]."""
    m, n = (sizes(space, s) for s in e.args)
    i, j = tuple(range(len(m))), tuple(range(len(m), len(m) + len(n)))
    return from_net(space, Net(dict(enumerate(m + n)), i + j, j + i, []))


def _fixed(space: Space, e: Expr) -> Value:
    """Return a matrix of zeros and ones of which no more is known here than its name."""
    rows, columns = (sizes(space, s) for s in e.shape)
    every = tuple(range(len(rows) + len(columns)))
    atom = space.atom("fixed", e, sign=1)
    groups = tuple((i,) for i in every)
    net = Net(dict(enumerate(rows + columns)), every[: len(rows)], every[len(rows) :], [(atom, 1, groups)])
    return from_net(space, net)


# --------------------------------------------------------------------------------- powers, functions


def _power(space: Space, e: Any) -> Value:
    if e.base is S.Exp1:
        return exponential(space, read(space, e.exp))
    return power(space, space.read[e.base], exponent(e.exp))


def _elementwise_power(space: Space, e: Any) -> Value:
    if getattr(e.exp, "is_Matrix", False):
        base = space.read[e.base]
        if not getattr(e.base, "is_Matrix", False):
            base = broadcast(space, space.read[e.exp], base)
        return matrix_exponent(space, base, space.read[e.exp])
    return power(space, space.read[e.base], exponent(e.exp))


def _matrix_power(space: Space, e: Any) -> Value:
    if not e.exp.is_Integer or abs(int(e.exp)) > _MAX_POWER:
        raise Undecided("a large or symbolic power of a matrix")
    base, k = tensors.square(space, space.read[e.base]), int(e.exp)
    if k == 0:
        return tensors.identity(space, base.rows)
    if k < 0:
        base, k = matrices.inverse(space, base), -k
    return tensors.product(space, [base] * k)


def _function(space: Space, e: Expr) -> Value:
    if len(e.args) != 1:
        raise Undecided("a function of several variables")
    return _of_entries(space, type(e), space.read[e.args[0]])


def _of_entries(space: Space, head: Any, v: Value) -> Value:
    """Return a function of every entry: by the form of its own, else by its definition, else by its name only."""
    entry = record(head)
    if head.__name__ not in FUNCTIONS and entry is not None and entry.definition is not None:
        return _applied(space, entry.definition(ENTRY), ENTRY, v)
    return function(space, head.__name__, v)


def _elementwise(space: Space, e: Any) -> Value:
    (variable,) = e.function.variables
    return _applied(space, e.function.expr, variable, space.read[e.expr])


def _applied(space: Space, f: Expr, variable: Expr, v: Value) -> Value:
    """Return an expression in one variable, at every entry."""
    if f == variable:
        return v
    if not f.has(variable):
        return broadcast(space, v, read(space, f))
    word = kind(f)
    if word == "power" and not f.exp.has(variable):
        return power(space, _applied(space, f.base, variable, v), exponent(f.exp))
    found = [_applied(space, a, variable, v) for a in f.args]
    if word == "sum":
        return tensors.total(space, found)
    if word == "product":
        return tensors.hadamard(space, found)
    if word == "function" and len(found) == 1:
        return _of_entries(space, type(f), found[0])
    raise Undecided(f"{type(f).__name__} of an entry has no normal form")


# ----------------------------------------------------------------------------------------- the table


def _scalars_and(space: Space, e: Expr) -> Value:
    """A product of scalars and matrices, in order."""
    scalars = [space.read[a] for a in e.args if not a.is_Matrix]
    chain = [space.read[a] for a in e.args if a.is_Matrix]
    result = tensors.product(space, chain)
    return tensors.times_scalar(space, result, _scalar_product(space, scalars)) if scalars else result


def _scalar_product(space: Space, values: list[Value]) -> Value:
    result = values[0]
    for v in values[1:]:
        result = tensors.combine(space, [result, v], [], [], [])
    return result


def _square_factors(space: Space, e: Expr) -> list[Value]:
    """Return a square matrix as a product of square ones, without multiplying out."""
    scalars, chain = _chain(e)
    groups: list[list[Expr]] = []
    for a in chain:
        if groups and groups[-1][0].shape[0] != groups[-1][-1].shape[1]:
            groups[-1].append(a)
        else:
            groups.append([a])
    if groups[-1][0].shape[0] != groups[-1][-1].shape[1]:
        return [space.read[e]]
    found = [tensors.product(space, [read(space, a) for a in group]) for group in groups]
    if scalars:
        coefficient = _scalar_product(space, [read(space, a) for a in scalars])
        found[0] = tensors.times_scalar(space, found[0], coefficient)
    return found


def _chain(e: Expr) -> tuple[list[Expr], list[Expr]]:
    """Return the scalars and the matrices of a matrix product, however it is bracketed or transposed."""
    if kind(e) == "matrix product":
        scalars = [a for a in e.args if not a.is_Matrix]
        factors: list[Expr] = []
        for a in e.args:
            if a.is_Matrix:
                more, inner = _chain(a)
                scalars += more
                factors += inner
        return scalars, factors
    if kind(e) == "transpose" and kind(e.arg) in ("matrix product", "transpose"):
        scalars, inner = _chain(e.arg)
        return scalars, [a.arg if kind(a) == "transpose" else Transpose(a) for a in reversed(inner)]
    return [], [e]


def _inverse(space: Space, e: Expr) -> Value:
    factors = [matrices.inverse(space, f) for f in reversed(_square_factors(space, e))]
    return factors[0] if len(factors) == 1 else tensors.product(space, factors)


def _determinant(space: Space, e: Expr) -> Value:
    return _scalar_product(space, [matrices.determinant(space, f) for f in _square_factors(space, e)])


def _adjugate(space: Space, e: Any) -> Value:
    """det(X)·inv(X): a polynomial identity that holds for invertible X holds for all."""
    return tensors.times_scalar(space, _inverse(space, e.arg), _determinant(space, e.arg))


def _pseudo_inverse(space: Space, e: Any) -> Value:
    x = e.arg
    if x.shape[0] == x.shape[1]:
        if facts().has(x, "posdef", "invertible", "orthogonal"):
            return matrices.inverse(space, space.read[x])
    rank = next((side for side in ("column", "row") if (x, side) in space.full_rank), None)
    return matrices.pseudo_inverse(space, space.read[x], rank)


def _other(space: Space, e: Functional | MatrixFunction) -> Value:
    """A function that has no form of its own: its definition, if it has one."""
    meaning = definition(e)
    return _opaque(space, e) if meaning is None else read(space, meaning)


def _opaque(space: Space, e: Functional | MatrixFunction) -> Value:
    """A function of which nothing is known but its arguments."""
    name = (type(e).__name__, tuple([space.value(space.read[a]) for a in e.args]))
    rows, columns = (sizes(space, s) for s in getattr(e, "shape", (1, 1)))
    every = tuple(range(len(rows) + len(columns)))
    atom = space.atom("opaque", name)
    net = Net(dict(enumerate(rows + columns)), every[: len(rows)], every[len(rows) :], [])
    net.factors.append((atom, 1, tuple([(i,) for i in every])))
    return from_net(space, net)


def _reshape(space: Space, e: Any) -> Value:
    return tensors.reshape(space, space.read[e.arg], *[sizes(space, s) for s in e.shape])


def _frechet(space: Space, e: Any) -> Value:
    """The first derivative of expm has laws; of higher ones nothing is known but their arguments."""
    return matrices.expm_frechet(space, *_args(space, e)) if len(e.args) == 2 else _opaque(space, e)


def _of_one(f: Callable[[Space, Value], Value]) -> Callable[[Space, Any], Value]:
    return lambda space, e: f(space, space.read[_arguments(e)[0]])


def _of_several(f: Callable[[Space, list[Value]], Value]) -> Callable[[Space, Any], Value]:
    return lambda space, e: f(space, _args(space, e))


#: By the word for an operation. Other functions of matrices are what their definition is, or opaque.
_READERS: dict[str, Callable[[Space, Any], Value]] = {
    "matrix": _matrix_symbol,
    "scalar": _symbol,
    "number": _number,
    "constant": _constant,
    "identity": lambda space, e: tensors.identity(space, sizes(space, e.shape[0])),
    "ones": _ones,
    "zeros": _zero,
    "commutation matrix": _commutation,
    "columns of the identity": _fixed,
    "ones above the diagonal": _fixed,
    "ones on and below the diagonal": _fixed,
    "sum": _of_several(tensors.total),
    "product": _of_several(_scalar_product),
    "matrix product": _scalars_and,
    "elementwise product": _of_several(tensors.hadamard),
    "Kronecker product": _of_several(tensors.kron),
    "power": _power,
    "elementwise power": _elementwise_power,
    "matrix power": _matrix_power,
    "inverse": lambda space, e: _inverse(space, e.arg),
    "transpose": _of_one(tensors.transpose),
    "vec": _of_one(tensors.vec),
    "reshape": _reshape,
    "diagonal matrix": _of_one(tensors.diagonal_matrix),
    "diagonal": _of_one(tensors.diagonal),
    "trace": _of_one(tensors.trace),
    "sum of the entries": _of_one(tensors.entry_sum),
    "determinant": lambda space, e: _determinant(space, e.arg),
    "adjugate": _adjugate,
    "pseudo-inverse": _pseudo_inverse,
    "matrix exponential": _of_one(matrices.expm),
    "derivative of the matrix exponential": _frechet,
    "sums along diagonals": _of_one(matrices.diagonal_sums),
    "function of entries": _elementwise,
    "function": _function,
}


# ------------------------------------------------------------- what follows from being defined at all


def licences(expressions: Iterable[Expr]) -> tuple[set[str], set[tuple[Expr, str]]]:
    """Return what must hold where all of several expressions are defined.

    First the names of symbols of which a logarithm or a root is taken, so that they are not negative. Then
    (X, "column" or "row") for matrices of full rank, because a product that begins or ends with them is
    inverted: where X'·M is n x n and has an inverse, X has n independent columns.
    """
    positive: set[str] = set()
    ranks: set[tuple[Expr, str]] = set()
    for e in distinct(*expressions, within=_arguments):
        base = _needs_positive(e)
        if base is not None and kind(base) in ("matrix", "scalar"):
            positive.add(base.name)
        if kind(e) in ("inverse", "log-determinant"):
            left, right = _ends(e.arg)
            for x, side in ((left, "row"), (right, "column")):
                _add_rank(ranks, x, side)
    return positive, ranks


def _needs_positive(e: Expr) -> Expr | None:
    if isinstance(e, log):
        return e.args[0]
    word = kind(e)
    if word == "function of entries" and scalar_function(e) is log:
        return e.expr
    if word in ("power", "elementwise power") and e.exp.is_Rational and not e.exp.is_Integer:
        return e.base
    return None


def _ends(e: Expr) -> tuple[Expr, Expr]:
    """Return the first and the last matrix factor of a product."""
    if kind(e) == "matrix product":
        factors = [a for a in e.args if a.is_Matrix]
        return _ends(factors[0])[0], _ends(factors[-1])[1]
    if kind(e) == "transpose" and kind(e.arg) == "matrix product":
        first, last = _ends(e.arg)
        return Transpose(last), Transpose(first)
    return e, e


def _add_rank(ranks: set[tuple[Expr, str]], x: Expr, side: str) -> None:
    other = {"row": "column", "column": "row"}
    while True:
        ranks.add((x, side))
        if kind(x) in ("transpose", "pseudo-inverse"):  # both exchange rows and columns
            x, side = x.arg, other[side]
        else:
            return
