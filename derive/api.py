"""The entry points: gradient, Jacobian, Hessian and differential of an expression."""

from __future__ import annotations

import warnings
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any, TypeAlias

from sympy import Expr, Identity, MatrixSymbol, S, Symbol, Tuple

from derive.backprop import Sweep, backprop, pushforward
from derive.conditions import conditions
from derive.derivation import Derivation, Kind
from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import STIEFEL, assuming, misfit
from derive.graph import Graph, build_graph
from derive.ingest import read_problem
from derive.limits import check_work
from derive.linear import NoMatrixError, read_map
from derive.problem import Problem, beyond_a_point
from derive.simplify.present import present
from derive.structured import structures, tied, tied_columns

Text: TypeAlias = "str | Expr | Problem"
Where: TypeAlias = "str | Mapping[str, Any] | None"
Assume: TypeAlias = "str | Iterable[Any] | None"


#: A manifold -> the assumption that a variable moves on it.
MANIFOLDS = {
    "stiefel": "structured-stiefel",
    "stiefel-canonical": "structured-stiefel-canonical",
    "sphere": "structured-stiefel",
}


def on_manifold(problem: Problem, on: str) -> Problem:
    """Return a problem whose variables move on a manifold. Raises InputError for one that is not known, or does not fit."""
    if on not in MANIFOLDS:
        raise InputError(f"the manifold {on[:40]} is not known: known are {', '.join(MANIFOLDS)}")
    for x in problem.wrt:
        if on == "sphere" and algebra.shape(x)[1] != 1:
            raise InputError(f"the sphere is one of columns, {x.name} is a matrix: take stiefel")
        if wrong := misfit(MANIFOLDS[on], x.name, algebra.shape(x)):
            raise InputError(wrong)
    moving = {(MANIFOLDS[on], x.name) for x in problem.wrt}
    return replace(problem, assumptions=problem.assumptions | moving)


def gradient(
    expr: Text, wrt: Any, where: Where = None, assume: Assume = None, on: str | None = None
) -> Derivation:
    """Return the gradient of a scalar expression, in the shape of the variable.

    Several variables ("W, b", a list, "all" for every one) share one backward sweep; `results` are by name.
    `expr` is text or a SymPy expression, `wrt` a name or a symbol. Entries that are tied move together:
    under `structured-symmetric(X)` it is G + G' - G ⊙ I (MC (138)), under `structured-diagonal(X)` G ⊙ I, under
    `structured-toeplitz(X)` the sums along the diagonals of G (MC (143)). `on` a manifold it is the gradient there:
    on="stiefel", of X'X = I, G - X (X'G + G'X)/2 by the metric of the space around (Absil, Mahony and Sepulchre 2008, (3.35)),
    on="stiefel-canonical" G - X G'X (Edelman, Arias and Smith 1998, (2.53)), on="sphere" that of a unit vector. Raises InputError.
    """
    problem = read_problem(expr, wrt, where, assume, scalar=True)
    if on:
        problem = on_manifold(problem, on)
    _need_scalar(problem, "gradient")
    with assuming(problem.assumptions):
        graph, notes = _graph(problem)
        sweep = backprop(graph)
        parts = []
        for x in problem.wrt:
            result = tied(_adjoint(graph, sweep, x), x)
            shown = present(result)
            parts.append(Derivation(
                replace(problem, wrt=(x,)), "gradient", shown, graph, sweep, conditions(graph, shown, problem.domain), notes,
                tie=result if graph.nodes and structures(x) else None,
            ))  # fmt: skip
    return parts[0] if len(parts) == 1 else _together(problem, "gradient", parts)


def _together(
    problem: Problem, kind: Kind, parts: list[Derivation], inner: Derivation | None = None
) -> Derivation:
    """Return the derivation by several variables of which the parts are those by each."""
    first = parts[0]
    holds = tuple(dict.fromkeys(c for p in parts for c in p.conditions))
    notes = tuple(dict.fromkeys(n for p in parts for n in p.notes))
    return Derivation(
        problem, kind, Tuple(*[p.result for p in parts]), first.graph, first.sweep, holds, notes, inner=inner,
        parts=tuple(parts),
    )  # fmt: skip


def differential(expr: Text, wrt: Any, where: Where = None, assume: Assume = None) -> Derivation:
    """Return the differential in the shape of the expression; dX names the direction in X.

    Several variables may be given ("X,Y" or a list). Raises InputError.
    """
    return _differential(read_problem(expr, wrt, where, assume))


def _differential(problem: Problem, taken: Iterable[str] = ()) -> Derivation:
    with assuming(problem.assumptions):
        graph, notes = _graph(problem, taken)
        tangents = _directions(problem)
        sweep = pushforward(graph, tangents)
        result = (
            sweep.values[graph.nodes[-1].index] if graph.nodes else algebra.zero(algebra.shape(problem.expr))
        )
        shown = present(result)
        return Derivation(
            problem,
            "differential",
            shown,
            graph,
            sweep,
            conditions(graph, shown, problem.domain),
            notes,
            tangents,
        )


def jacobian(expr: Text, wrt: Any, where: Where = None, assume: Assume = None) -> Derivation:
    """Return the Jacobian J[i, j] = d y_i/d x_j of a column by a column.

    By a scalar it has the shape of the expression. Matrices are read column by column: the Jacobian of
    vec(expr) by vec(X), with Kronecker products. Raises InputError.
    """
    problem = read_problem(expr, wrt, where, assume)
    parts = [_jacobian(replace(problem, wrt=(x,))) for x in problem.wrt]
    return parts[0] if len(parts) == 1 else _together(problem, "jacobian", parts)


def _jacobian(problem: Problem, taken: Iterable[str] = ()) -> Derivation:
    x = _one(problem, "jacobian")
    with assuming(problem.assumptions):
        graph, notes = _graph(problem, taken)
        rows, columns = (algebra.shape(e) for e in (problem.expr, x))
        if columns == (1, 1):
            tangents: dict[Expr, Expr] = {x: _unit(x)}
        else:
            tangents = _directions(problem)
        sweep = pushforward(graph, tangents)
        tie = None
        if not graph.nodes:
            result = algebra.zero(rows if columns == (1, 1) else (rows[0] * rows[1], columns[0] * columns[1]))
        elif columns == (1, 1):
            result = sweep.values[graph.nodes[-1].index]
        else:
            d = tangents[x]
            tangent = present(sweep.values[graph.nodes[-1].index])
            result = read_map(tangent, d)
            if structures(x):
                result = tie = tied_columns(present(result), x)
        shown = present(result)
        return Derivation(
            problem,
            "jacobian",
            shown,
            graph,
            sweep,
            conditions(graph, shown, problem.domain),
            notes,
            tangents,
            tie=tie,
        )


def hessian(
    expr: Text, wrt: Any, where: Where = None, assume: Assume = None, form: str = "operator"
) -> Derivation:
    """Return the second derivative of a scalar expression.

    By a column it is the n x n matrix, by a scalar a scalar. By a matrix X it is the linear map that takes a
    direction dX to the change of the gradient, in the shape of X; `form="kronecker"` gives the matrix of that
    map on vec(dX) instead. Where there is no matrix in the text language (a second derivative of expm), a Hessian by
    a column x is such a map of dx, too; `form="product"` asks for that, the Hessian-vector product; by a scalar all
    forms are the second derivative. Raises InputError, also for the Kronecker form where there is no matrix.
    """
    if form not in ("operator", "kronecker", "product"):
        raise InputError(f'the form of a Hessian is "operator", "kronecker" or "product", not "{form}"')
    problem = read_problem(expr, wrt, where, assume, scalar=True)
    if any(kind in STIEFEL for kind, _ in problem.assumptions):
        raise InputError(
            "a Hessian on a manifold is not derived: its gradient is, and the Hessian in the space around"
        )
    if len(problem.wrt) > 1:
        return _block_hessian(problem)
    x = _one(problem, "hessian")
    first = gradient(replace(problem, assumptions=beyond_a_point(problem)), x)
    shape = algebra.shape(x)
    inner = replace(problem, expr=first.result)
    taken = [n.name for n in first.graph.nodes]
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        if form == "kronecker":
            second = _jacobian(inner, taken)
        elif shape == (1, 1) or (shape[1] == 1 and form != "product"):
            second = _matrix_or_map(inner, taken)
        else:
            second = _differential(inner, taken)
    holds = tuple(dict.fromkeys((*first.conditions, *second.conditions)))
    return Derivation(
        problem, "hessian", second.result, second.graph, second.sweep, holds, first.notes,
        second.directions, first, second.tie,
    )  # fmt: skip


def _block_hessian(problem: Problem) -> Derivation:
    """Return the Hessian by several variables in blocks: block (x, y) is the Jacobian of the gradient by x, by y."""
    first = gradient(replace(problem, assumptions=beyond_a_point(problem)), list(problem.wrt))
    taken = [n.name for n in first.graph.nodes]
    parts = []
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        for part in first.parts:
            inner = replace(problem, expr=part.result)
            for y in problem.wrt:
                block = _jacobian(replace(inner, wrt=(y,)), taken)
                parts.append(replace(block, inner=part, notes=first.notes))
    return _together(problem, "hessian", parts, first)


# ------------------------------------------------------------------------------------------- details


def _matrix_or_map(problem: Problem, taken: Iterable[str]) -> Derivation:
    """Return the Jacobian, or the map of directions where that has no matrix in the text language."""
    try:
        return _jacobian(problem, taken)
    except NoMatrixError:
        return _differential(problem, taken)


def _one(problem: Problem, kind: str) -> Expr:
    if len(problem.wrt) != 1:
        raise InputError(f"a {kind} is by one variable: name one, or take the differential by several")
    return problem.wrt[0]


def _need_scalar(problem: Problem, kind: str) -> None:
    if algebra.is_matrix(problem.expr):
        rows, columns = problem.expr.shape
        raise InputError(
            f"a {kind} needs a scalar, this expression is {rows} x {columns}: ask for its jacobian; the {kind} of a sum of "
            "its entries, or of its norm, is that of another function"
        )


def _graph(problem: Problem, taken: Iterable[str] = ()) -> tuple[Graph, tuple[str, ...]]:
    check_work(problem.expr, problem.wrt)
    given = {e: name for name, e in problem.definitions if e.args}
    graph = build_graph(problem.expr, problem.wrt, [*problem.symbols, *given.values(), *taken], given)
    notes = tuple(
        f"{x.name} does not occur in the expression: the derivative by it is zero"
        for x in problem.wrt
        if graph.variable(x) is None
    )
    for note in notes:
        warnings.warn(note, stacklevel=5)
    return graph, (*problem.notes, *notes)


def _adjoint(graph: Graph, sweep: Sweep, x: Expr) -> Expr:
    node = graph.variable(x)
    return algebra.zero(algebra.shape(x)) if node is None else sweep.values[node.index]


def _directions(problem: Problem) -> dict[Expr, Expr]:
    tangents: dict[Expr, Expr] = {}
    for x in problem.wrt:
        name = f"d{x.name}"
        if name in problem.symbols:
            raise InputError(f"{name} is the direction in {x.name} here: rename the variable {name}")
        tangents[x] = MatrixSymbol(name, *x.shape) if algebra.is_matrix(x) else Symbol(name, real=True)
    return tangents


def _unit(x: Expr) -> Expr:
    return Identity(1) if algebra.is_matrix(x) else S.One
