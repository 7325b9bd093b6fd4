"""Several formulas of one document read together: one unification of shapes, one set of kinds, one symbol a name."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from sympy import Expr

from derive.expression.facts import SQUARE, assuming
from derive.language.definitions import sizes_of
from derive.language.kinds import MAX_TRIES, best_reading
from derive.language.lost import lost
from derive.language.parser import finish, kind_notes, name_sizes, scope_notes, symbols_of
from derive.language.reader import Reader
from derive.language.scope import Misfit, Node, Scope
from derive.language.settle import decide_sizes
from derive.language.shapes import Shape, SizeConflict, is_scalar, unify
from derive.language.tree import Tree


@dataclass(frozen=True)
class Built:
    """Expressions in the order of their trees, what each needs to be positive and does not show
    (`derive.language.lost`), the symbols and shapes of all names, and how names were read.
    """

    expressions: tuple[Expr, ...]
    domains: tuple[tuple[Expr, ...], ...]
    symbols: dict[str, Expr]
    shapes: dict[str, tuple[Expr, Expr]]
    notes: tuple[str, ...]


def build(
    trees: Sequence[Tree],
    text: str,
    declared: Mapping[str, Shape] | None = None,
    same: Iterable[tuple[int, int]] = (),
    scalars: Iterable[int] = (),
    assumptions: Iterable[tuple[str, str]] = (),
    latex: bool = True,
    over: Sequence[Sequence[str]] = (),
    loose: bool = False,
    prefer: Mapping[str, str] | None = None,
    functions: frozenset[str] = frozenset(),
    tries: int = MAX_TRIES,
) -> Built:
    """Return the expressions of some trees of one text, their shapes unified.

    `declared` are the shapes of names (`derive.language.names.read_where`), `same` pairs of trees that have one shape,
    such as the sides of an equation, `scalars` trees that are numbers, such as losses; `over` are the free indices of every
    tree, whose rows and columns they then are; `loose` lets use overrule every letter, as documents need; `prefer` gives
    the kinds (scalar, vector, matrix) of names that are not to go by their letters where shapes fit with them so; `functions`
    are names of functions of entries of which no more is known; at most `tries` readings are tried. Raises
    ParseError with the place, a Misfit where shapes cannot fit.
    """
    given = dict(declared or {})
    same, scalars = list(same), list(scalars)
    due: dict[int, list[tuple[int, int]]] = {}
    for i, j in (*same, *((k, -1) for k in scalars)):
        due.setdefault(max(i, j), []).append((i, j))

    preferred = {n: kind for n, kind in (prefer or {}).items() if n not in given}

    named = sizes_of(trees) - set(given)

    def attempt(kinds: dict[str, str], strict: bool = loose) -> tuple[Scope, list[Node]]:
        scope = Scope(text, dict(given), kinds={**preferred, **kinds}, strict=strict, functions=functions)
        reader = Reader(scope, latex=latex)
        scope.named |= named
        nodes: list[Node] = []
        one = Node("number", [], (1, 1), 0)
        for k, tree in enumerate(trees):  # shapes that are to be the same are made so at once
            nodes.append(reader.read_over(tree, over[k] if k < len(over) else ()))
            for i, j in due.get(k, ()):
                right = one if j < 0 else nodes[j]
                for side in (0, 1):
                    scope.same(nodes[i], right, side, side, "=")
        return scope, nodes

    try:
        scope, nodes = best_reading(attempt, fixed=given, loose=loose, tries=tries)
    except Misfit:
        if preferred:
            return build(
                trees, text, declared, same, scalars, assumptions, latex, over, loose,
                functions=functions, tries=tries,
            )  # fmt: skip
        if not loose:
            raise
        scope, nodes = best_reading(lambda kinds: attempt(kinds, False), fixed=given, loose=True, tries=tries)
    _make_square(scope, assumptions)
    decide_sizes(scope)
    name_sizes(scope)
    symbols, shapes = symbols_of(scope)
    with assuming(frozenset(assumptions)):
        finish(scope, symbols)
    expressions = tuple(node.expr for node in nodes if node.expr is not None)
    domains = tuple(lost(node) for node in nodes if node.expr is not None)
    return Built(expressions, domains, symbols, shapes, (*kind_notes(scope), *scope_notes(scope)))


def _make_square(scope: Scope, assumptions: Iterable[tuple[str, str]]) -> None:
    """Make matrices square that are assumed to be what only square ones are, where their sizes allow it."""
    for kind, name in sorted(assumptions):
        if kind in SQUARE and name in scope.used and not is_scalar(scope.used[name]):
            try:
                unify(*scope.used[name])
            except SizeConflict:
                continue
