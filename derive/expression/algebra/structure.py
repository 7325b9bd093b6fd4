"""Kronecker products, vec and its inverse, sums along diagonals, determinants and pseudo-inverses."""

from __future__ import annotations

from sympy import (
    Determinant,
    DiagMatrix,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatAdd,
    Mul,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
    exp,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.expression.algebra import core
from derive.expression.algebra.recursion import RECURSION
from derive.expression.functions import Commutation, Expm, ExpmFrechet, PseudoInverse, Reshape, Toeplitz, Vec


@RECURSION.provide
def kron(*terms: Expr) -> Expr:
    """Return the Kronecker product; scalars scale."""
    scalars: list[Expr] = []
    factors: list[Expr] = []
    for a in terms:
        if not core.is_matrix(a):
            scalars.append(a)
            continue
        coefficient, parts = core.split(a)
        scalars.append(coefficient)
        factors.append(core.matmul(S.One, list(parts)))
    if not factors:
        return Mul(*scalars)
    if any(isinstance(a, ZeroMatrix) for a in factors):
        return core.zero((Mul(*[a.shape[0] for a in factors]), Mul(*[a.shape[1] for a in factors])))
    if all(isinstance(a, Identity) for a in factors):
        return core.dot(*scalars, Identity(Mul(*[a.shape[0] for a in factors])))
    product = factors[0] if len(factors) == 1 else core.make(KroneckerProduct, *factors)
    return core.dot(*scalars, product)


def kron_merged(a: Expr, b: Expr) -> Expr | None:
    """Return a·b as one Kronecker product, where one of the two is one and their sizes fit part by part, else None.

    (A ⊗ B)(C ⊗ D) = AC ⊗ BD (Magnus and Neudecker 2019, section 2.2); a matrix is 1 ⊗ A and A ⊗ 1.
    """
    if isinstance(a, KroneckerProduct) and isinstance(b, KroneckerProduct):
        if len(a.args) == len(b.args) and all(
            p.shape[1] == q.shape[0] for p, q in zip(a.args, b.args, strict=True)
        ):
            return kron(*[core.dot(p, q) for p, q in zip(a.args, b.args, strict=True)])
        return None
    if isinstance(b, KroneckerProduct) and len(b.args) == 2:
        p, q = b.args
        if p.shape[0] == 1:
            return kron(p, core.dot(a, q))
        return kron(core.dot(a, p), q) if q.shape[0] == 1 else None
    if isinstance(a, KroneckerProduct) and len(a.args) == 2:
        p, q = a.args
        if p.shape[1] == 1:
            return kron(p, core.dot(q, b))
        return kron(core.dot(p, b), q) if q.shape[1] == 1 else None
    return None


def vec(x: Expr) -> Expr:
    """Return the columns, stacked."""
    if not core.is_matrix(x):
        return x
    if x.shape[1] == 1:
        return x
    if x.shape[0] == 1:
        return core.t(x)
    if isinstance(x, Reshape):
        return x.arg
    if isinstance(x, ZeroMatrix | OneMatrix):
        return type(x)(Mul(*x.shape), S.One)
    coefficient, factors = core.split(x)
    if coefficient != 1:
        return core.dot(coefficient, vec(core.matmul(S.One, list(factors))))
    for i in range(1, len(factors)):
        if factors[i].shape[0] == 1:  # vec(u v') = v ⊗ u
            return kron(core.t(core.dot(*factors[i:])), core.dot(*factors[:i]))
    return Vec(x)


def commutation(rows: Expr, columns: Expr) -> Expr:
    """Return K with K·vec(X) = vec(X') for rows x columns matrices X; the identity for vectors."""
    if rows == 1 or columns == 1:
        return Identity(rows * columns)
    return Commutation(rows, columns)


def expm(x: Expr) -> Expr:
    """Return the matrix exponential; a transpose stays outside."""
    if not core.is_matrix(x):
        return exp(x)
    if isinstance(x, ZeroMatrix):
        return Identity(x.shape[0])
    coefficient, factors = core.split(x)
    if len(factors) == 1 and isinstance(factors[0], Transpose):
        return core.t(Expm(core.dot(coefficient, factors[0].arg)))
    return Expm(x)


def det(x: Expr) -> Expr:
    """Return the determinant."""
    if not core.is_matrix(x):
        return x
    if isinstance(x, Identity):
        return S.One
    if isinstance(x, Transpose):
        return det(x.arg)
    coefficient, factors = core.split(x)
    if coefficient != 1 and x.shape[0].is_Integer:
        return coefficient ** x.shape[0] * det(core.matmul(S.One, list(factors)))
    return Determinant(x)


def pinv(x: Expr) -> Expr:
    """Return the pseudo-inverse; that of a pseudo-inverse is the matrix itself, scalars come out.

    A scalar factor of a matrix of full rank is not zero.
    """
    if not core.is_matrix(x):
        return 1 / x
    coefficient, factors = core.split(x)
    if coefficient != 1:
        return core.dot(1 / coefficient, pinv(core.matmul(S.One, list(factors))))
    if isinstance(x, PseudoInverse):
        return x.arg
    return core.t(pinv(x.arg)) if isinstance(x, Transpose) else PseudoInverse(x)


def toeplitz(x: Expr) -> Expr:
    """Return the matrix of the sums along diagonals; a transpose stays outside, scalars come out."""
    if isinstance(x, ZeroMatrix) or not core.is_matrix(x):
        return x
    if isinstance(x, Transpose):
        return core.t(toeplitz(x.arg))
    if isinstance(x, Identity | DiagMatrix):
        return core.dot(core.trace(x), Identity(x.shape[0]))
    coefficient, factors = core.split(x)
    return core.dot(coefficient, Toeplitz(core.matmul(S.One, list(factors))))


def frechet(x: Expr, *directions: Expr) -> Expr:
    """Return the derivative of expm at x in directions.

    Scalars come out. In the direction of the identity it is the derivative in the others, and in directions that are
    all functions of x it is their product with expm(x).
    """
    scalars, kept = [], []
    for e in directions:
        if isinstance(e, ZeroMatrix):
            return e
        coefficient, factors = core.split(e)
        scalars.append(coefficient)
        if not isinstance(factors[0], Identity):
            kept.append(core.matmul(S.One, list(factors)))
    if not kept:
        return core.dot(*scalars, expm(x))
    _, factors = core.split(x)
    if all(_commutes(e, x, factors) for e in kept):
        return core.dot(*scalars, *kept, expm(x))
    return core.dot(*scalars, ExpmFrechet(x, *kept))


@RECURSION.provide
def frechet_in_trace(factors: tuple[Expr, ...]) -> Expr | None:
    """Return the trace of a product with a derivative of expm in it, where the rest of the product commutes with x.

    tr(D exp(x)[E] B) = tr(E D exp(x)[B]), which needs no derivative where B is a function of x; so in each direction.
    """
    for i, a in enumerate(factors):
        flipped = isinstance(a, Transpose)
        y = a.arg if flipped else a
        if not isinstance(y, ExpmFrechet):
            continue
        rest = core.dot(*factors[i + 1 :], *factors[:i]) if len(factors) > 1 else Identity(a.shape[0])
        if flipped:
            rest = core.t(rest)
        x, *directions = y.args
        for k, e in enumerate(directions):
            new = frechet(x, rest, *directions[:k], *directions[k + 1 :])
            if not new.has(ExpmFrechet):
                return core.trace(core.dot(e, new))
    return None


def _commutes(e: Expr, x: Expr, factors: tuple[Expr, ...]) -> bool:
    """Tell whether a direction is seen to be a function of x: a multiple of it, or its exponential or inverse."""
    if isinstance(e, Transpose) and isinstance(e.arg, Inverse | Expm):
        return _commutes(e.arg, core.t(x), core.split(core.t(x))[1])
    if isinstance(e, Inverse):
        return _commutes(e.arg, x, factors)
    if isinstance(e, Expm):
        return core.split(e.arg)[1] == factors
    return core.split(e)[1] == factors


def unvec(v: Expr, rows: Expr, columns: Expr) -> Expr:
    """Return the rows x columns matrix X with vec(X) = v; where v shows no structure, that is its `reshape`."""
    if columns == 1:
        return v
    if rows == 1:
        return core.t(v)
    if isinstance(v, Vec) and v.arg.shape == (rows, columns):
        return v.arg
    if isinstance(v, OneMatrix | ZeroMatrix):
        return type(v)(rows, columns)
    if isinstance(v, MatAdd | HadamardProduct):
        join = core.add if isinstance(v, MatAdd) else core.hadamard
        seen = [(a, unvec(a, rows, columns)) for a in v.args]
        plain = [a for a, x in seen if not has_structure(x)]
        together = join(*plain) if plain else v
        rest = (
            [Reshape(v, rows, columns) if together == v else unvec(together, rows, columns)] if plain else []
        )
        return join(*[x for _, x in seen if has_structure(x)], *rest)
    if isinstance(v, HadamardPower) and not core.is_matrix(v.exp):
        inner = unvec(v.base, rows, columns)
        return core.elementwise_power(inner, v.exp) if has_structure(inner) else Reshape(v, rows, columns)
    if isinstance(v, ElementwiseApplyFunction):
        inner = unvec(v.expr, rows, columns)
        if has_structure(inner):
            return ElementwiseApplyFunction(v.function, inner)
        return Reshape(v, rows, columns)
    coefficient, factors = core.split(v)
    if coefficient != 1:
        return core.dot(coefficient, unvec(core.matmul(S.One, list(factors)), rows, columns))
    first = factors[0]
    if isinstance(first, KroneckerProduct) and len(first.args) == 2:
        a, b = first.args
        if len(factors) == 1 and a.shape == (columns, 1) and b.shape == (rows, 1):
            return core.dot(b, core.t(a))
        if len(factors) > 1 and (a.shape[0], b.shape[0]) == (columns, rows):
            return core.dot(b, unvec(core.dot(*factors[1:]), b.shape[1], a.shape[1]), core.t(a))
    return Reshape(v, rows, columns)


def has_structure(x: Expr) -> bool:
    """Tell whether a matrix is more than a column reshaped, up to a scalar."""
    return not isinstance(core.split(x)[1][0], Reshape)
