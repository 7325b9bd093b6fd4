"""Which kinds of names make a text fit: what letters say by default, overruled where the use says otherwise.

A reading costs what it departs from: a name read against its letter, a scalar added to a matrix, a number transposed.
The cheapest reading in which all shapes fit is taken. Names are overruled only as people are seen to use them: a letter
from a to g or a Greek one may be a column or a matrix, n or N a number; x, y, A and X stay what they are.
"""

from __future__ import annotations

import heapq
from collections.abc import Callable, Iterable
from itertools import count
from typing import TypeVar

from derive.language.names import kind_of
from derive.language.scope import Misfit, Node, ParseError, Scope
from derive.language.shapes import is_scalar
from derive.operations import by_name

#: What it costs to read y as the label of one sample, which is no variable that is differentiated by.
LABEL = 2.6
#: The most that a reading may cost, the most readings tried.
MAX_COST, MAX_TRIES = 4.5, 250
#: The same for whole documents, and what every piece that was read before a misfit counts for.
LOOSE_COST, REACHED = 40.0, 0.15
#: The most pieces of trees that are read in all of them.
MAX_PIECES = 25_000
#: A reading that costs less than this cannot be bettered by overruling a name.
CHEAPEST = 1.0

_COUNTS = frozenset({"n", "m", "N"})
_NUMBERS = frozenset("k p q r s t l i j h".split())
#: What is added to every row of a product X*W.
_BIASES = frozenset({"b", "c", "bias"})
#: Words that people name numbers by.
_PARAMETERS = frozenset(
    "lam lamb lmbda lambd lmbd lamda reg step lr tol noise temp temperature rate var".split()
)
_CAPITALS = frozenset("C D E F J K L M T".split())

Root = TypeVar("Root")


def alternatives(name: str, loose: bool = False) -> list[tuple[str, float]]:
    """Return what a name may be other than its letter says, and what that costs; `loose` lets x and A be numbers too."""
    kind, stem = kind_of(name), name.split("_")[0].rstrip("0123456789")
    if kind == "scalar":
        rows = [("row", 1.0)] if stem in _BIASES and not loose else []
        return [("vector", 1.0), *rows, ("matrix", 2.0)]
    if kind == "vector":
        if stem in _COUNTS or stem in _PARAMETERS:
            return [("scalar", 1.0)]
        if stem in _NUMBERS or len(stem) > 1 or loose:
            return [("scalar", 2.0)]
        return [("scalar", LABEL)] if name == "y" else []
    if stem in _COUNTS:
        return [("scalar", 1.0)]
    if stem in _CAPITALS:
        return [("scalar", 2.5), ("vector", 2.2 if not loose else 3.0)]
    return [("scalar", 2.8), ("vector", 3.0)] if loose else [("vector", 2.2)]


def best_reading(
    attempt: Callable[[dict[str, str]], tuple[Scope, Root]],
    scalar: bool = False,
    fixed: Iterable[str] = (),
    loose: bool = False,
    pieces: int = 1,
    sought: Iterable[str] = (),
    tries: int = MAX_TRIES,
) -> tuple[Scope, Root]:
    """Return the cheapest reading in which shapes fit, a scalar if that is wanted and can be had.

    `attempt` reads the text with some names overruled, `fixed` are names that nothing overrules; the more `pieces` the
    text has, the fewer readings are tried, at most `tries`. `sought` are the variables to differentiate by. `loose` is for whole documents, in which use may overrule many letters:
    readings that get further before they fail are tried first, and the first that fits is taken. Raises the error of
    the reading by the letters where none fits.
    """
    kept = set(fixed)
    order = count()
    waiting: list[tuple[float, int, dict[str, str]]] = [(0.0, next(order), {})]
    seen: set[frozenset[tuple[str, str]]] = {frozenset()}
    best: tuple[float, tuple[Scope, Root]] | None = None
    whole: tuple[float, tuple[Scope, Root]] | None = None  # the best that is no scalar
    failed: Misfit | None = None
    dearest = LOOSE_COST if loose else MAX_COST
    for _ in range(max(2, min(tries, MAX_PIECES // max(pieces, 1)))):
        if not waiting:
            break
        _, _, kinds = heapq.heappop(waiting)
        paid = sum(dict(alternatives(name, loose))[kind] for name, kind in kinds.items())
        reached = 0
        if best is not None and paid >= best[0]:
            break
        try:
            scope, root = attempt(kinds)
        except Misfit as misfit:
            failed = failed or misfit
            names = _names(misfit.nodes)
            reached = misfit.reached
        except ParseError:
            if not kinds:
                raise
            continue
        else:
            total = paid + scope.cost
            if scalar and isinstance(root, Node) and not is_scalar(root.shape):
                if whole is None or total < whole[0]:
                    whole = (total, (scope, root))
                names = list(scope.used)
            else:
                if best is None or total < best[0]:
                    best = (total, (scope, root))
                if loose:
                    break
                if scope.cost < CHEAPEST:
                    continue
                names = list(scope.used)
        for name in names:
            if name in kinds or name in kept:
                continue
            for kind, price in alternatives(name, loose):
                further = {**kinds, name: kind}
                key = frozenset(further.items())
                if price == LABEL and (not scalar or name in sought):
                    continue
                if paid + price <= dearest and key not in seen:
                    seen.add(key)
                    ahead = REACHED * reached if loose else 0.0
                    heapq.heappush(waiting, (paid + price - ahead, next(order), further))
    found = best or whole
    if found is not None:
        return found[1]
    assert failed is not None
    if scalar and not loose and (plain := _of_numbers(failed, attempt, kept)) is not None:
        return plain
    raise _with_declaration(failed, attempt, kept) if pieces < MAX_PIECES // 20 else failed


def _names(nodes: Iterable[Node]) -> list[str]:
    """Return the names under some nodes, in order of appearance."""
    found: dict[str, None] = {}
    stack, seen = list(nodes)[::-1], set()
    while stack:
        node = stack.pop()
        if id(node) in seen:
            continue
        seen.add(id(node))
        if node.op == "name":
            found[node.value] = None
        stack.extend(reversed(node.args))
    return list(found)


#: What calculus of numbers is made of, beside functions of entries.
_OF_NUMBERS = frozenset({"name", "number", "size", "ref", "+", "-", "*", "/", "neg", "^"})


def _of_numbers(
    failed: Misfit, attempt: Callable[[dict[str, str]], tuple[Scope, Root]], kept: set[str]
) -> tuple[Scope, Root] | None:
    """Return the reading in which all names are numbers, of a text that is made as calculus of numbers is: (1 - x)^2."""
    kinds: dict[str, str] = {}
    misfit: Misfit | None = failed
    while misfit is not None:
        new = [n for n in _names(misfit.nodes) if kind_of(n) == "vector" and n not in kept and n not in kinds]
        if not new:
            return None
        kinds |= dict.fromkeys(new, "scalar")
        try:
            scope, root = attempt(kinds)
        except Misfit as further:
            misfit = further
        except ParseError:
            return None
        else:
            misfit = None
    more = {n: "scalar" for n in scope.used if kind_of(n) == "vector" and n not in kept}
    try:
        scope, root = attempt(kinds | more)
    except ParseError:
        return None
    plain = all(is_scalar(shape) for shape in scope.used.values()) and all(
        n.op in _OF_NUMBERS or ((entry := by_name(n.op)) is not None and entry.entrywise) for n in scope.nodes
    )
    return (scope, root) if plain else None


def _with_declaration(
    misfit: Misfit, attempt: Callable[[dict[str, str]], tuple[Scope, Root]], kept: set[str]
) -> Misfit:
    """Return an error with the declaration of one name that would mend it, where there is one."""
    words = {"scalar": "{}: scalar", "vector": "{}: n", "matrix": "{}: m x n"}
    for name in _names(misfit.nodes)[:6]:
        if name in kept:
            continue
        for kind in ("scalar", "vector", "matrix"):
            if kind == kind_of(name):
                continue
            try:
                attempt({name: kind})
            except ParseError:
                continue
            declared = f'--where "{words[kind].format(name)}" would make them fit'
            said, _, mend = misfit.message.partition("; ")
            if not said.startswith("shapes do not fit"):
                return misfit
            if " in *" in said and ", or " in mend:
                declared = f"{mend.partition(', or ')[0]}, or {declared}"
            elif " in *" in said:
                declared = f"{mend.partition(' (declare')[0]}; {declared}"
            return Misfit(f"{said}; {declared}", misfit.text, misfit.position, misfit.nodes)
    return misfit
