"""Neighbours in a product that come to less: inverses, powers, diagonal matrices, pseudo-inverses."""

from __future__ import annotations

from sympy import (
    DiagMatrix,
    Expr,
    Identity,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
)

from derive.expression.algebra import blocks, core, seen, structure
from derive.expression.algebra.recursion import RECURSION
from derive.expression.facts import STIEFEL, facts, memo
from derive.expression.functions import PseudoInverse


def _base(a: Expr) -> tuple[Expr, int]:
    """Return a square factor as (base, integer power): the inverse of S is S to the power -1."""
    if isinstance(a, Transpose):
        inner, k = _base(a.arg)
        return (core.t(inner), k) if k != 1 else (a, 1)
    if isinstance(a, Inverse):
        inner, k = _base(a.arg)
        return inner, -k
    if isinstance(a, MatPow) and a.exp.is_Integer:
        inner, k = _base(a.base)
        return inner, k * int(a.exp)
    return a, 1


@RECURSION.provide
def merged(a: Expr, b: Expr) -> list[Expr] | None:
    """Return the product of two neighbouring factors where it is shorter than both, else None."""
    table = memo("merged")
    if (a, b) not in table:
        table[a, b] = _merged(a, b)
    found = table[a, b]
    return None if found is None else list(found)


def _merged(a: Expr, b: Expr) -> list[Expr] | None:
    if (picked := blocks.merged(a, b)) is not None:
        return picked
    if isinstance(a, OneMatrix) and isinstance(b, OneMatrix):
        one = OneMatrix(a.shape[0], b.shape[1])
        return [a.shape[1]] if one.shape == (1, 1) else [a.shape[1], one]  # 1'1 is n
    if (isinstance(b, OneMatrix) and "rows" in seen.adds_to_one(a)) or (
        isinstance(a, OneMatrix) and "columns" in seen.adds_to_one(b)
    ):
        return [core.ones((a.shape[0], b.shape[1]))]
    if isinstance(a, Transpose) and a.arg == b and facts().has(b, *STIEFEL):
        return [S.One if b.shape[1] == 1 else Identity(b.shape[1])]
    if isinstance(a, Transpose) and a.arg == b and b.shape[1] == 1 and seen.is_onehot(b):
        return [S.One]
    if isinstance(a, OneMatrix) and isinstance(b, DiagMatrix):  # 1 1' diag(x) = 1 x'
        return [core.ones((a.shape[0], S.One)), core.t(b.args[0])]
    if isinstance(a, DiagMatrix) and isinstance(b, OneMatrix):
        return [a.args[0], core.ones((S.One, b.shape[1]))]
    centred = _centred(a, b)
    if centred is not None:
        return centred
    if isinstance(a, DiagMatrix) and isinstance(b, DiagMatrix):
        return [core.diag(core.hadamard(a.args[0], b.args[0]))]
    if isinstance(a, KroneckerProduct) or isinstance(b, KroneckerProduct):
        product = structure.kron_merged(a, b)
        if product is not None:
            return [product]
    if isinstance(a, Transpose) and isinstance(b, Transpose):
        # X X⁺ and X⁺ X are symmetric.
        if isinstance(a.arg, PseudoInverse) and a.arg.arg == b.arg:
            return [b.arg, a.arg]
        if isinstance(b.arg, PseudoInverse) and b.arg.arg == a.arg:
            return [b.arg, a.arg]
    (rows, columns), (_, last) = core.shape(a), core.shape(b)
    if rows == columns == last:
        (x, j), (y, k) = _base(a), _base(b)
        if x == y:
            return [core.power(x, j + k)]
        if seen.is_orthogonal(x) and core.t(x) == y and j == k == 1:
            return [Identity(rows)]
    return _pushed_through(a, b)


def _pushed_through(a: Expr, b: Expr) -> list[Expr] | None:
    """Return A inv(K)' as inv(K) A where A K' = K A, and inv(K)' A as A inv(K) where K' A = A K, powers alike.

    For symmetric A and S, K = I + A S is such a sum.
    """
    for inverse, other, last in ((b, a, True), (a, b, False)):
        power = inverse.arg if isinstance(inverse, Transpose) else None
        inner = power.base if isinstance(power, MatPow) and not isinstance(power, Inverse) else power
        k = inner.arg if isinstance(inner, Inverse) else None
        if not isinstance(k, MatAdd) or other == inverse:
            continue
        turned = [core.t(e) for e in k.args]
        if last and core.add(*[core.dot(other, e) for e in turned]) == core.add(
            *[core.dot(e, other) for e in k.args]
        ):
            return [power, other]
        if not last and core.add(*[core.dot(e, other) for e in turned]) == core.add(
            *[core.dot(other, e) for e in k.args]
        ):
            return [other, power]
    return None


def _centred(a: Expr, b: Expr) -> list[Expr] | None:
    """Return a product with ones in it, where the other factor adds up to zero along them, else None.

    Ones times r is zero, and c 1 1' goes from a sum times r: (I - 1 1'/n) r = r.
    """
    ones, spread = isinstance(a, OneMatrix), _with_ones(a)
    if (ones or spread) and seen.is_centred(b):
        return [ZeroMatrix(a.shape[0], b.shape[1])] if ones else [_without_ones(a), b]
    ones, spread = isinstance(b, OneMatrix), _with_ones(b)
    if (ones or spread) and seen.is_centred(core.t(a)):
        return [ZeroMatrix(a.shape[0], b.shape[1])] if ones else [a, _without_ones(b)]
    return None


def _is_ones(a: Expr) -> bool:
    if isinstance(a, MatMul) and len(a.args) > 2:
        return False
    return isinstance(a.args[-1] if isinstance(a, MatMul) else a, OneMatrix)


def _with_ones(x: Expr) -> bool:
    """Tell whether a matrix is a sum with both c I and c 1 1' in it."""
    if not isinstance(x, MatAdd):
        return False
    return any(map(_is_ones, x.args)) and any(isinstance(core.split(a)[1][0], Identity) for a in x.args)


def _without_ones(x: Expr) -> Expr:
    return core.add(*[a for a in x.args if not _is_ones(a)])


#: What three neighbours X (x), its pseudo-inverse (p) and their transposes (X, P) come to: Penrose's equations.
_PENROSE = {
    "xpx": "x", "pxp": "p", "XPX": "X", "PXP": "P", "pPX": "p", "XPp": "p",
    "Ppx": "P", "xpP": "P", "Xxp": "X", "pxX": "X", "xXP": "x", "PXx": "x",
}  # fmt: skip


@RECURSION.provide
def penrose(factors: list[Expr]) -> Expr | None:
    """Return what the last three factors come to where they are a matrix and its pseudo-inverse."""
    base = next((a.arg if isinstance(a, PseudoInverse) else a.arg.arg for a in factors
                 if isinstance(a, PseudoInverse) or (isinstance(a, Transpose) and isinstance(a.arg, PseudoInverse))), None)  # fmt: skip
    if base is None:
        return None
    p = PseudoInverse(base)
    letters = {base: "x", p: "p", core.t(base): "X", core.t(p): "P"}
    word = _PENROSE.get("".join(letters.get(a, "?") for a in factors))
    return next((e for e, letter in letters.items() if letter == word), None)


@RECURSION.provide
def cancelled(factors: list[Expr]) -> int:
    """Return how many of the last factors are the inverse of a product together with that product."""
    for i in range(len(factors)):
        inverse, run = factors[i], factors[i + 1 :]
        if isinstance(inverse, Inverse) and isinstance(inverse.arg, MatMul) and run == list(inverse.arg.args):
            return len(run) + 1
    last = factors[-1]
    if isinstance(last, Inverse) and isinstance(last.arg, MatMul):
        k = len(last.arg.args)
        if factors[-k - 1 : -1] == list(last.arg.args):
            return k + 1
    return 0
