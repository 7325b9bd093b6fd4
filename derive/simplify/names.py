"""Names for the parts of a result that repeat: (diag(p) - p p') A where p = softmax(A x)."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Add, Expr, Inverse, MatAdd, MatMul, MatrixSymbol, S, Transpose

from derive.expression import algebra
from derive.expression.functions import Softmax
from derive.expression.rebuild import rebuild, replaced, tidy
from derive.graph import symbol
from derive.language.text import signed
from derive.operations.rows import SOFTMAX
from derive.simplify.cost import cost
from derive.simplify.present import one_way_round, opened
from derive.simplify.sharing import NAMED, Sharing, below, is_below

#: How many parts are given a name at most, where the result with its names is not longer than LONG.
MAX_NAMES = 5
LONG = 150


def abbreviate(expr: Expr, taken: set[str]) -> tuple[Expr, tuple[tuple[str, Expr], ...]]:
    """Return an expression with its repeated parts named, and the names with what they stand for.

    A part and its negative share a name, a product and its transpose, a power and one over it; a sum keeps its name as
    part of a longer sum, a product as part of a longer product. Later names may use earlier ones. `taken` are the names
    that are not free.
    """
    named: list[tuple[str, Expr]] = []
    used = set(taken)
    short = one_way_round(expr)
    while part := _most_repeated([short, *[e for _, e in named]]):
        if len(named) >= MAX_NAMES and cost(short) + sum(cost(e) for _, e in named) <= LONG:
            break
        name = _name(part, used)
        used.add(name)
        new = symbol(name, part)
        short = _replace(short, part, new)
        named = [(n, _replace(e, part, new)) for n, e in named]
        named.append((name, part))
    short, named = _without_short_names(short, named)
    if not named:
        return expr, ()
    shown = [(n, rebuild(e, _plain_signs)) for n, e in named]
    return rebuild(short, _plain_signs), tuple(_in_order(shown))


def _without_short_names(short: Expr, named: list[tuple[str, Expr]]) -> tuple[Expr, list[tuple[str, Expr]]]:
    """Return an expression and its names without those that later names have left nearly nothing of."""
    for name, part in named:
        if isinstance(part, _SOFTMAX):
            continue
        new = symbol(name, part)
        rest = [e for n, e in named if n != name]
        uses = _occurrences([short, *rest]).get(new, 0)
        if (uses - 1) * cost(part) <= 2 and cost(part) < NAMED:
            left = [(n, replaced(e, {new: part})) for n, e in named if n != name]
            return _without_short_names(replaced(short, {new: part}), left)
    return short, named


def _plain_signs(e: Expr, args: list[Expr]) -> Expr:
    new = opened(tidy(e, args))
    if isinstance(new, MatAdd) and signed(new.args[0])[0]:
        first = next((a for a in new.args if not signed(a)[0]), None)
        if first is not None:
            return algebra.make(MatAdd, first, *[a for a in new.args if a is not first])
    return new


def in_names(
    expr: Expr, definitions: Sequence[tuple[str, Expr]]
) -> tuple[Expr, tuple[tuple[str, Expr], ...]]:
    """Return an expression in terms of names that are given to its parts, and those of them that it uses.

    Later definitions may use earlier ones.
    """
    used: list[tuple[str, Expr]] = []
    for name, part in reversed([d for d in definitions if d[1].args]):
        new = symbol(name, part)
        short = _replace(expr, part, new)
        rest = [(n, _replace(e, part, new)) for n, e in used]
        if short != expr or rest != used:
            expr, used = short, [(name, part), *rest]
    return expr, tuple(used)


def _most_repeated(exprs: list[Expr]) -> Expr | None:
    best, saved = None, 0
    for e, n in _occurrences(exprs).items():
        if n < 2 or isinstance(e, Inverse | Transpose) or e.is_number or signed(e)[0] or is_below(e):
            continue  # what is negated or divided by is named instead
        gain = (n - 1) * cost(e) - 1
        least = NAMED if n == 2 else NAMED - 1
        if gain > saved and (cost(e) >= least or isinstance(e, _SOFTMAX)):
            best, saved = e, gain
    return best


_SOFTMAX = (Softmax, SOFTMAX.head)


def _occurrences(exprs: list[Expr]) -> dict[Expr, int]:
    """Return how often every part occurs in the texts of expressions; a part that is shared is not walked again."""
    sharing = Sharing(exprs)
    after: dict[Expr, None] = {}  # every part after those that it is made of
    stack = [(e, False) for e in exprs]
    while stack:
        e, ready = stack.pop()
        if ready:
            after[e] = None
        elif e not in after:
            stack.append((e, True))
            stack.extend((a, False) for a in sharing.pieces(e))
    counts = dict.fromkeys(reversed(after), 0)
    for e in exprs:
        counts[e] += 1
    for e, n in counts.items():
        for a in sharing.pieces(e):
            counts[a] += n
    return counts


def _name(part: Expr, used: set[str]) -> str:
    if not algebra.is_matrix(part):
        pool = ["c", "d", "e", "g"]
    elif isinstance(part, _SOFTMAX):
        pool = ["p", "q"] if part.shape[1] == 1 else ["P", "Q"]
    elif part.shape[1] == 1:
        pool = ["r", "s", "v", "q"] if isinstance(part, MatAdd) else ["s", "z", "v", "q"]
    elif part.shape[0] == part.shape[1]:
        pool = ["K", "S", "M", "H"]
    else:
        pool = ["R", "Z", "M", "H"]
    numbered = (f"{pool[0]}_{i}" for i in range(1, 100))
    return next(n for n in [*pool, *numbered] if n not in used)


def _replace(expr: Expr, part: Expr, new: Expr) -> Expr:
    """Return an expression with a part replaced wherever a reader sees it: whole, in a longer sum or product, below a line."""
    if isinstance(part, Add | MatAdd):
        return rebuild(expr, _in_sums(part, new))
    if isinstance(part, MatMul):
        return rebuild(expr, _in_products(part, new))
    over = below(part)

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        if e == part:
            return new
        return None if over is None or e != over else algebra.elementwise_power(new, S.NegativeOne)

    return rebuild(expr, rewrite)


def _in_sums(part: Expr, new: Expr):  # type: ignore[no-untyped-def]
    join = algebra.add if isinstance(part, MatAdd) else Add
    negatives = [algebra.dot(S.NegativeOne, a) for a in part.args]
    ways = [(frozenset(part.args), new), (frozenset(negatives), algebra.dot(S.NegativeOne, new))]

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        if e == part:
            return new
        if type(e) is type(part) and len(e.args) >= len(part.args):
            terms = set(e.args)
            for inside, value in ways:
                if inside <= terms:
                    return join(value, *[b for a, b in zip(e.args, args, strict=True) if a not in inside])
        return None

    return rewrite


def _in_products(part: Expr, new: Expr):  # type: ignore[no-untyped-def]
    ways = [(list(algebra.split(part)[1]), new), (list(algebra.split(algebra.t(part))[1]), algebra.t(new))]

    def rewrite(e: Expr, args: list[Expr]) -> Expr | None:
        if e == part:
            return new
        if not isinstance(e, MatMul):
            return None
        scalars = [b for a, b in zip(e.args, args, strict=True) if not algebra.is_matrix(a)]
        pairs = [(a, b) for a, b in zip(e.args, args, strict=True) if algebra.is_matrix(a)]
        kept: list[Expr] = []
        i = 0
        while i < len(pairs):
            value = next((v for run, v in ways if [a for a, _ in pairs[i : i + len(run)]] == run), None)
            kept.append(pairs[i][1] if value is None else value)
            i += 1 if value is None else len(ways[0][0])
        return algebra.dot(*scalars, *kept) if len(kept) < len(pairs) else None

    return rewrite


def _in_order(named: list[tuple[str, Expr]]) -> list[tuple[str, Expr]]:
    """Put every name before those that use it."""
    waiting, out = list(named), []
    while waiting:
        names = {n for n, _ in waiting}
        ready = [
            (n, e)
            for n, e in waiting
            if not names
            & {s.name for s in e.free_symbols if isinstance(s, MatrixSymbol) or s.is_Symbol} - {n}
        ]
        out.extend(ready or waiting)
        waiting = [pair for pair in waiting if pair not in out]
    return out
