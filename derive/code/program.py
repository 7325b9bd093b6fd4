"""A formula and its derivatives as a program: short lines, every value and every adjoint under a name.

A derivative that is written out as one formula loses which of its parts were computed already. The same rules applied
to the lines of a program keep it: the reverse sweep costs at most about four times the value, whatever the formula
(Baur and Strassen 1983; Griewank and Walther 2008, section 4.6), and tangents of both give Hessian-vector products.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count

from sympy import Expr, S

from derive.backprop import backprop, pushforward
from derive.expression import algebra
from derive.expression.facts import assuming, facts
from derive.expression.operation import kind
from derive.expression.rebuild import rebuild, tidy
from derive.expression.walk import parts, post_order
from derive.graph import build_graph, symbol

#: What goes into the line that uses it: products are put into the cheapest order, inverses solve.
_WITHIN = frozenset(
    {"matrix product", "transpose", "inverse", "diagonal matrix", "Kronecker product", "vec", "reshape"}
)
_WITHIN_NUMBERS = frozenset({"product", "sum", "power", "trace"})
#: What of a value is known of its name too.
_SEEN: dict[str, Callable[[Expr], bool]] = {
    "symmetric": algebra.is_symmetric,
    "posdef": algebra.is_posdef,
    "positive": algebra.is_positive,
}


@dataclass(frozen=True)
class Program:
    """Lines (name, formula in earlier names), what they come to, and what is known of the names."""

    lines: tuple[tuple[Expr, Expr], ...]
    outputs: tuple[Expr, ...]
    known: frozenset[tuple[str, str]]


class _Names:
    """Symbols whose names nothing else has."""

    def __init__(self, taken: Iterable[str]) -> None:
        self.taken = frozenset(taken)
        self.numbers = count(1)

    def fresh(self, like: Expr) -> Expr:
        """Return a symbol of an expression's shape."""
        return symbol(next(n for i in self.numbers if (n := f"line_{i}") not in self.taken), like)


def program(expr: Expr, taken: Iterable[str]) -> Program:
    """Return the program of an expression; its names avoid those taken."""
    names = _Names(taken)
    lines: list[tuple[Expr, Expr]] = []
    found: set[tuple[str, str]] = set()
    stands: dict[Expr, Expr] = {}

    def named(body: Expr, like: Expr) -> Expr:
        name = names.fresh(body)
        found.update(
            (word, name.name) for word, holds in _SEEN.items() if algebra.is_matrix(like) and holds(like)
        )
        lines.append((name, body))
        return name

    for e in post_order(expr):
        inner = parts(e)
        if not inner:
            stands[e] = e
            continue
        args = [stands[a] for a in inner]
        body = tidy(e, args) if any(x is not y for x, y in zip(args, inner, strict=True)) else e
        if kind(e) == "trace":
            body = _solved_first(body, named)
        stands[e] = body if _is_within(e) else named(body, e)
    return Program(tuple(lines), (stands[expr],), facts().assumptions | found)


def _is_within(e: Expr) -> bool:
    return kind(e) in (_WITHIN if algebra.is_matrix(e) else _WITHIN_NUMBERS)


def _solved_first(body: Expr, named: Callable[[Expr, Expr], Expr]) -> Expr:
    """Return the trace of a product with inv(K) B, half of the rest, under a name of its own."""
    if kind(body) != "trace":
        return body
    _, factors = algebra.split(body.arg)
    k = next((k for k, f in enumerate(factors) if kind(f) == "inverse"), None)
    if k is None or len(factors) < 3:
        return body
    turned = (*factors[k:], *factors[:k])
    stop = len(turned) // 2  # of tr(inv(K) B B'), B
    solved = algebra.dot(*turned[: stop + 1])
    return algebra.trace(algebra.dot(named(solved, solved), *turned[stop + 1 :]))


def reverse(made: Program, variables: Sequence[Expr], taken: Iterable[str]) -> Program:
    """Return the program of a scalar with its gradients by some variables as further outputs."""
    names = _Names((*taken, *(n.name for n, _ in made.lines)))
    lines = list(made.lines)
    arriving: dict[Expr, list[Expr]] = {}
    with assuming(made.known):
        products = _products(made.lines)
        active = _active(made, variables)
        _pull(made.outputs[0], S.One, active, arriving)
        for name, body in reversed(made.lines):
            if name not in active or name not in arriving:
                continue
            adjoint = _in_names(algebra.add(*arriving[name]), products)
            if not (_is_within(adjoint) or not parts(adjoint)):
                lines.append((names.fresh(adjoint), adjoint))
                adjoint = lines[-1][0]
            _pull(body, adjoint, active, arriving)
        gradients = [
            _in_names(algebra.add(*arriving[x]), products)
            if x in arriving
            else algebra.zero(algebra.shape(x))
            for x in variables
        ]
    return Program(tuple(lines), (*made.outputs, *gradients), made.known)


def _active(made: Program, variables: Sequence[Expr]) -> dict[Expr, None]:
    """Return the variables and the names that depend on them."""
    active = dict.fromkeys(variables)
    for name, body in made.lines:
        if not body.free_symbols.isdisjoint(active):
            active[name] = None
    return active


def _pull(body: Expr, adjoint: Expr, active: Mapping[Expr, None], arriving: dict[Expr, list[Expr]]) -> None:
    moving = [x for x in active if x in body.free_symbols]
    graph = build_graph(body, moving)
    sweep = backprop(graph, adjoint)
    for x in moving:
        if (node := graph.variable(x)) is not None:
            arriving.setdefault(x, []).append(sweep.values[node.index])


def _products(lines: Iterable[tuple[Expr, Expr]]) -> dict[tuple[Expr, ...], Expr]:
    """Return the lines that are products, by their factors, and their transposes."""
    found: dict[tuple[Expr, ...], Expr] = {}
    for name, body in lines:
        if kind(body) == "matrix product" and algebra.split(body)[0] == 1:
            found[body.args] = name
            found[algebra.split(algebra.t(body))[1]] = algebra.t(name)
    return found


def _in_names(expr: Expr, products: Mapping[tuple[Expr, ...], Expr]) -> Expr:
    """Return an expression in which products that have a name go by it."""

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        if kind(e) != "matrix product":
            return None
        coefficient, factors = algebra.split(algebra.dot(*args))
        for body, name in products.items():
            k = 0
            while k + len(body) <= len(factors):
                if factors[k : k + len(body)] == body:
                    factors = (*factors[:k], name, *factors[k + len(body) :])
                k += 1
        return algebra.dot(coefficient, *factors)

    return rebuild(expr, rewrite) if products else expr


def forward(made: Program, tangents: Mapping[Expr, Expr], taken: Iterable[str]) -> Program:
    """Return the program whose outputs are the tangents of a program's outputs, along those of some variables."""
    names = _Names((*taken, *(n.name for n, _ in made.lines)))
    moves = dict(tangents)
    lines: list[tuple[Expr, Expr]] = []
    with assuming(made.known):
        products = _products(made.lines)
        for name, body in made.lines:
            lines.append((name, body))
            tangent = _pushed(body, moves)
            if tangent is None:
                continue
            tangent = _in_names(
                tangent, {f: n for f, n in products.items() if n not in (name, algebra.t(name))}
            )
            if not (_is_within(tangent) or not parts(tangent)):
                lines.append((names.fresh(tangent), tangent))
                tangent = lines[-1][0]
            moves[name] = tangent
        outputs = tuple(
            algebra.zero(algebra.shape(e)) if (found := _pushed(e, moves)) is None else found
            for e in made.outputs
        )
    return replace(made, lines=tuple(lines), outputs=outputs)


def _pushed(body: Expr, moves: Mapping[Expr, Expr]) -> Expr | None:
    moving = {x: d for x, d in moves.items() if x in body.free_symbols}
    if not moving:
        return None
    graph = build_graph(body, list(moving))
    return pushforward(graph, moving).values[graph.nodes[-1].index] if graph.nodes else None
