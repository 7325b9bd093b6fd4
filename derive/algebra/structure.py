"""Kronecker products, vec and its inverse, sums along diagonals, determinants and pseudo-inverses."""

from __future__ import annotations

from sympy import (
    Determinant,
    DiagMatrix,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    KroneckerProduct,
    MatAdd,
    Mul,
    OneMatrix,
    S,
    Transpose,
    ZeroMatrix,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.algebra import core
from derive.functions import Commutation, Expm, ExpmFrechet, PseudoInverse, Toeplitz, Vec


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


def vec(x: Expr) -> Expr:
    """Return the columns, stacked."""
    if not core.is_matrix(x):
        return x
    if x.shape[1] == 1:
        return x
    if x.shape[0] == 1:
        return core.t(x)
    if isinstance(x, ZeroMatrix | OneMatrix):
        return type(x)(Mul(*x.shape), S.One)
    coefficient, factors = core.split(x)
    if coefficient != 1:
        return core.dot(coefficient, vec(core.matmul(S.One, list(factors))))
    return Vec(x)


def commutation(rows: Expr, columns: Expr) -> Expr:
    """Return K with K·vec(X) = vec(X') for rows x columns matrices X; the identity for vectors."""
    if rows == 1 or columns == 1:
        return Identity(rows * columns)
    return Commutation(rows, columns)


def det(x: Expr) -> Expr:
    """Return the determinant."""
    if not core.is_matrix(x):
        return x
    if isinstance(x, Identity):
        return S.One
    return det(x.arg) if isinstance(x, Transpose) else Determinant(x)


def pinv(x: Expr) -> Expr:
    """Return the pseudo-inverse; that of a pseudo-inverse is the matrix itself."""
    if not core.is_matrix(x):
        return 1 / x
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


def frechet(x: Expr, e: Expr) -> Expr:
    """Return the derivative of expm at x in direction e: e·expm(x) where e is a multiple of x or of the identity."""
    if isinstance(e, ZeroMatrix):
        return e
    factors = core.split(e)[1]
    if factors == core.split(x)[1] or isinstance(factors[0], Identity):
        return core.dot(e, Expm(x))
    return ExpmFrechet(x, e)


def unvec(v: Expr, rows: Expr, columns: Expr) -> Expr:
    """Return the rows x columns matrix X with vec(X) = v.

    Where v shows no structure: (vec(I)' ⊗ I)(I ⊗ v) (Magnus and Neudecker 2019, section 2.4).
    """
    if columns == 1:
        return v
    if rows == 1:
        return core.t(v)
    if isinstance(v, Vec) and v.arg.shape == (rows, columns):
        return v.arg
    if isinstance(v, OneMatrix | ZeroMatrix):
        return type(v)(rows, columns)
    if isinstance(v, MatAdd):
        return core.add(*[unvec(a, rows, columns) for a in v.args])
    if isinstance(v, HadamardProduct):
        return core.hadamard(*[unvec(a, rows, columns) for a in v.args])
    if isinstance(v, HadamardPower) and not core.is_matrix(v.exp):
        return core.elementwise_power(unvec(v.base, rows, columns), v.exp)
    if isinstance(v, ElementwiseApplyFunction):
        return ElementwiseApplyFunction(v.function, unvec(v.expr, rows, columns))
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
    return core.dot(kron(core.t(vec(Identity(columns))), Identity(rows)), kron(Identity(columns), v))
