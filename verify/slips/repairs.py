"""A claim mended in one place: the product in the right order, the inverse that was forgotten, the transpose."""

from __future__ import annotations

from collections.abc import Callable, Iterator

from sympy import Expr, HadamardPower, HadamardProduct, Inverse, MatMul, MatPow, Transpose, exp

from derive.expression.elementwise import elementwise
from derive.expression.operation import kind
from derive.expression.walk import LEAVES

#: Larger claims are mended in this many places only.
MOST_PLACES = 80

#: A function that puts something else there, what is there, and whether it stands for several places.
Place = tuple[Callable[[Expr], Expr], Expr, bool]


def repairs(claim: Expr, text: Callable[[Expr], str]) -> Iterator[tuple[str, Expr]]:
    """Yield the claim with one thing in it put right, with words for it; `text` writes an expression."""
    for rebuild, node, many in places_of(claim):
        for words, other in _alternatives(node, text):
            try:
                whole = rebuild(other)
            except (ValueError, TypeError, AttributeError):
                continue  # shapes that do not fit
            if getattr(whole, "shape", None) == getattr(claim, "shape", None):
                yield words + (" throughout" if many else ""), whole


def places_of(claim: Expr) -> Iterator[Place]:
    """Yield every place of an expression; then, for what occurs several times, all its places at once."""
    count: dict[Expr, int] = {}

    def walk(e: Expr, put: Callable[[Expr], Expr]) -> Iterator[Place]:
        count[e] = count.get(e, 0) + 1
        yield put, e, False
        if kind(e) in LEAVES:
            return
        for i, a in enumerate(e.args):
            if isinstance(a, Expr) and not a.is_number and len(count) < MOST_PLACES:

                def inside(new: Expr, i: int = i) -> Expr:
                    return put(e.func(*e.args[:i], new, *e.args[i + 1 :]))

                yield from walk(a, inside)

    yield from walk(claim, lambda new: new)
    for e in [e for e, n in count.items() if n > 1]:

        def everywhere(new: Expr, e: Expr = e) -> Expr:
            return claim.xreplace({e: new})

        yield everywhere, e, True


def _unsquared(x: Expr) -> tuple[Expr, ...]:
    """Return the factors of a square, since one of them alone may be in the wrong place."""
    if kind(x) == "matrix power" and x.exp in (2, -2):
        root = x.base if x.exp == 2 else Inverse(x.base)
        return root, root
    return (x,)


def _alternatives(e: Expr, text: Callable[[Expr], str]) -> Iterator[tuple[str, Expr]]:
    """Yield what may have been meant by a piece of the claim, with the words for it."""
    if not e.is_Matrix:
        if kind(e) == "power" and e.exp.is_Integer:
            for k in (-e.exp, e.exp - 1, e.exp + 1, e.exp - 2, e.exp + 2):
                lost = ": the square of the denominator is lost" if (k, e.exp) == (-2, -1) else ""
                yield f"right with {text(e.base**k)} in place of {text(e)}{lost}", e.base**k
        return
    word, square = kind(e), e.shape[0] == e.shape[1]
    if word == "matrix product":
        scalars = [a for a in e.args if not a.is_Matrix]
        factors = [b for a in e.args if a.is_Matrix for b in _unsquared(a)]
        for i in range(len(factors) - 1):
            a, b = factors[i : i + 2]
            if b.shape[1] == a.shape[0] and (a.shape[0], b.shape[1]) == (b.shape[0], a.shape[1]):
                swapped = MatMul(*scalars, *factors[:i], b, a, *factors[i + 2 :])
                yield f"right with {text(b * a)} in place of {text(a * b)}: the order is wrong", swapped
            if a.shape == b.shape:
                entrywise = MatMul(*scalars, *factors[:i], HadamardProduct(a, b), *factors[i + 2 :])
                yield (
                    f"right with the elementwise product {text(a)} .* {text(b)} in place of {text(a * b)}",
                    entrywise,
                )
    if word == "elementwise product" and square:
        yield f"right with the matrix product {text(MatMul(*e.args))} in place of {text(e)}", MatMul(*e.args)
        swapped = MatMul(*reversed(e.args))
        yield f"right with the matrix product {text(swapped)} in place of {text(e)}", swapped
    if word == "matrix exponential":
        entrywise = elementwise(exp, e.args[0])
        yield (
            f"right with the elementwise {text(entrywise)} in place of the matrix exponential {text(e)}",
            entrywise,
        )
    if word == "inverse":
        yield f"right with {text(e.arg)} in place of {text(e)}: the inverse is too much", e.arg
    elif word == "matrix power" and e.exp.is_Integer:
        for k in (e.exp - 1, e.exp + 1):
            yield f"right with power {k} in place of {text(e)}", MatPow(e.base, k).doit(deep=False)
        entrywise = HadamardPower(e.base, e.exp)
        yield (
            f"right with the elementwise {text(entrywise)} in place of the matrix power {text(e)}",
            entrywise,
        )
    if word == "elementwise power" and e.exp.is_Integer:
        for k in (e.exp - 1, e.exp + 1):
            other = HadamardPower(e.base, k) if k != 1 else e.base
            lost = ": the square of the denominator is lost" if (k, e.exp) == (-2, -1) else ""
            yield f"right with {text(other)} in place of {text(e)}{lost}", other
    elif not e.is_MatMul:
        yield f"right with {text(HadamardPower(e, 2))} in place of {text(e)}", HadamardPower(e, 2)
    if word == "transpose":
        yield f"right with {text(e.arg)} in place of {text(e)}", e.arg
    elif square:
        yield f"right with {text(Transpose(e))} in place of {text(e)}", Transpose(e)
    if square and not e.is_MatMul:
        yield f"right with {text(MatPow(e, 2))} in place of {text(e)}", MatPow(e, 2)
    if square and word != "inverse":
        yield f"right with {text(Inverse(e))} in place of {text(e)}: the inverse was forgotten", Inverse(e)
