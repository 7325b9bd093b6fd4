"""Sums, products and transposes of matrices, kept tidy as they are built.

SymPy's own constructors either leave everything as it is or walk the whole tree (`doit`). These look at their
arguments only, so that a derivation takes milliseconds: scalars go in front, transposes to the leaves,
like terms together, A·A⁻¹ away, and a product that is 1 x 1 becomes the scalar `Trace(product)`.

`M` gives an expression NumPy's operators (`@` matrix product, `*` scaling or elementwise product), so that a
rule reads as its formula.
"""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from sympy import (
    Add,
    Basic,
    Determinant,
    DiagMatrix,
    Expr,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    Mul,
    OneMatrix,
    Pow,
    S,
    Trace,
    Transpose,
    ZeroMatrix,
)
from sympy.core.sympify import _sympify
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive.facts import facts, is_orthogonal, is_symmetric
from derive.functions import Commutation, EntrySum, PseudoInverse, Vec


def make(head: type, *args: Expr) -> Expr:
    """Return head(*args) as it stands: SymPy's constructors walk the tree to check what is known to fit.

    Equal expressions come back as one object, so that comparing deep ones does not walk them.
    """
    new = Basic.__new__(head, *args)
    return facts().memo.setdefault(new, new)


def is_matrix(x: Expr) -> bool:
    """Tell a matrix from a scalar."""
    return bool(getattr(x, "is_Matrix", False))


def shape(x: Expr) -> tuple[Expr, Expr]:
    """Return (rows, columns); a scalar is 1 x 1."""
    return x.shape if is_matrix(x) else (S.One, S.One)


def zero(like: tuple[Expr, Expr]) -> Expr:
    """Return the zero of a shape, the number 0 for 1 x 1."""
    return S.Zero if like == (1, 1) else ZeroMatrix(*like)


def ones(like: tuple[Expr, Expr]) -> Expr:
    """Return the matrix of ones of a shape, the number 1 for 1 x 1."""
    return S.One if like == (1, 1) else OneMatrix(*like)


def split(x: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """Return a matrix as (scalar coefficient, matrix factors)."""
    if isinstance(x, MatMul):
        scalars = [a for a in x.args if not is_matrix(a)]
        return Mul(*scalars), tuple(a for a in x.args if is_matrix(a))
    return S.One, (x,)


def t(x: Expr) -> Expr:
    """Return the transpose, pushed to the factors of a product."""
    if not is_matrix(x):
        return x
    if isinstance(x, Transpose):
        return x.arg
    if isinstance(x, MatMul):
        coefficient, factors = split(x)
        return _matmul(coefficient, [t(a) for a in reversed(factors)])
    if isinstance(x, OneMatrix | ZeroMatrix):
        return type(x)(*x.shape[::-1])
    if isinstance(x, KroneckerProduct):
        return kron(*[t(a) for a in x.args])
    if is_symmetric(x):
        return x
    if isinstance(x, MatAdd) and all(isinstance(a, Transpose) or is_symmetric(a) for a in x.args):
        return make(MatAdd, *[t(a) for a in x.args])
    return Transpose(x)


def _matmul(coefficient: Expr, factors: list[Expr]) -> Expr:
    if not factors:
        return coefficient
    if coefficient == 1:
        return factors[0] if len(factors) == 1 else make(MatMul, *factors)
    return make(MatMul, coefficient, *factors)


def trace(x: Expr) -> Expr:
    """Return the trace; of the identity it is the size, and linear in coefficients."""
    if not is_matrix(x):
        return x
    if isinstance(x, Identity):
        return x.shape[0]
    if isinstance(x, ZeroMatrix):
        return S.Zero
    if isinstance(x, Transpose):
        return trace(x.arg)
    if isinstance(x, MatAdd):
        return Add(*[trace(a) for a in x.args])
    if isinstance(x, KroneckerProduct) and all(a.shape[0] == a.shape[1] for a in x.args):
        return Mul(*[trace(a) for a in x.args])
    if isinstance(x, DiagMatrix):
        return entry_sum(x.args[0])
    coefficient, factors = split(x)
    if coefficient != 1:
        return Mul(coefficient, trace(_matmul(S.One, list(factors))))
    # A column times a row under a trace is a 1 x 1 product: tr(x y') = y' x.
    for i in range(1, len(factors)):
        if factors[i].shape[0] == 1:
            return dot(*factors[i:], *factors[:i])
    return Trace(x)


def scalar_of(factors: list[Expr]) -> Expr:
    """Return the scalar that a 1 x 1 product stands for."""
    if len(factors) == 2:
        row, column = factors
        if isinstance(row, OneMatrix):
            return entry_sum(column)
        if isinstance(column, OneMatrix):
            return entry_sum(t(row))
        together = hadamard(t(row), column)
        if len(_hadamard_parts(together)) < len(_hadamard_parts(t(row))) + len(_hadamard_parts(column)) - 1:
            return entry_sum(together)
    if len(factors) == 3 and isinstance(factors[0], OneMatrix) and isinstance(factors[2], OneMatrix):
        return entry_sum(factors[1])
    # One of the two ways to write a scalar product: y'x and x'y are equal.
    return Trace(_matmul(S.One, factors))


def _hadamard_parts(x: Expr) -> tuple[Expr, ...]:
    return x.args if isinstance(x, HadamardProduct) else (x,)


def entry_sum(x: Expr) -> Expr:
    """Return the sum of all entries."""
    if not is_matrix(x):
        return x
    if isinstance(x, ZeroMatrix):
        return S.Zero
    if isinstance(x, OneMatrix):
        return Mul(*x.shape)
    if isinstance(x, Transpose | Vec | DiagMatrix):
        return entry_sum(x.args[0])
    if isinstance(x, Identity):
        return x.shape[0]
    if isinstance(x, DiagonalOf):
        return trace(x.arg)
    coefficient, factors = split(x)
    if coefficient != 1:
        return Mul(coefficient, entry_sum(_matmul(S.One, list(factors))))
    return EntrySum(x)


def _base(a: Expr) -> tuple[Expr, int]:
    """Return a square factor as (base, integer power): the inverse of S is S to the power -1."""
    if isinstance(a, Transpose):
        inner, k = _base(a.arg)
        return (t(inner), k) if k != 1 else (a, 1)
    if isinstance(a, Inverse):
        inner, k = _base(a.arg)
        return inner, -k
    if isinstance(a, MatPow) and a.exp.is_Integer:
        inner, k = _base(a.base)
        return inner, k * int(a.exp)
    return a, 1


def _merged(a: Expr, b: Expr) -> list[Expr] | None:
    """Return the product of two neighbouring factors where it is shorter than both, else None."""
    if a.shape[0] == a.shape[1] == b.shape[1]:
        (x, j), (y, k) = _base(a), _base(b)
        if x == y:
            return [power(x, j + k)]
        if is_orthogonal(x) and t(x) == y and j == k == 1:
            return [Identity(a.shape[0])]
    if isinstance(a, OneMatrix) and isinstance(b, OneMatrix):
        return [a.shape[1], OneMatrix(a.shape[0], b.shape[1])]
    if isinstance(a, DiagMatrix) and isinstance(b, DiagMatrix):
        return [diag(hadamard(a.args[0], b.args[0]))]
    return None


#: What three neighbours X (x), its pseudo-inverse (p) and their transposes (X, P) come to: Penrose's equations.
_PENROSE = {
    "xpx": "x", "pxp": "p", "XPX": "X", "PXP": "P", "pPX": "p", "XPp": "p",
    "Ppx": "P", "xpP": "P", "Xxp": "X", "pxX": "X", "xXP": "x", "PXx": "x",
}  # fmt: skip


def _penrose(factors: list[Expr]) -> Expr | None:
    """Return what the last three factors come to where they are a matrix and its pseudo-inverse."""
    base = next((a.arg if isinstance(a, PseudoInverse) else a.arg.arg for a in factors
                 if isinstance(a, PseudoInverse) or (isinstance(a, Transpose) and isinstance(a.arg, PseudoInverse))), None)  # fmt: skip
    if base is None:
        return None
    p = PseudoInverse(base)
    letters = {base: "x", p: "p", t(base): "X", t(p): "P"}
    word = _PENROSE.get("".join(letters.get(a, "?") for a in factors))
    return next((e for e, letter in letters.items() if letter == word), None)


def _cancelled(factors: list[Expr]) -> int:
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


def dot(*terms: Expr) -> Expr:
    """Return the product of scalars and matrices, in order."""
    scalars: list[Expr] = []
    factors: list[Expr] = []
    todo = list(reversed(terms))
    identity = None
    while todo:
        a = todo.pop()
        if not is_matrix(a):
            scalars.append(a)
        elif isinstance(a, MatMul):
            todo.extend(reversed(a.args))
        elif isinstance(a, ZeroMatrix):
            rows = next(shape(b) for b in terms if is_matrix(b))[0]
            columns = next(shape(b) for b in reversed(terms) if is_matrix(b))[1]
            return zero((rows, columns))
        elif isinstance(a, Identity):
            identity = a
        elif factors and (shorter := _merged(factors[-1], a)) is not None:
            factors.pop()
            todo.extend(reversed(shorter))
        else:
            factors.append(a)
            penrose = _penrose(factors[-3:]) if len(factors) > 2 else None
            if penrose is not None:
                del factors[-3:]
                todo.append(penrose)
            elif count := _cancelled(factors):
                del factors[-count:]
                todo.append(Identity(a.shape[1]))
    if not factors:
        coefficient = Mul(*scalars)
        if identity is None or identity.shape == (1, 1):
            return coefficient
        return zero(identity.shape) if coefficient == 0 else _matmul(coefficient, [identity])
    # Where two factors meet in a size of one, the product falls apart into scalars and one outer product.
    cuts = [0, *[i for i in range(1, len(factors)) if factors[i].shape[0] == 1], len(factors)]
    pieces = [factors[i:j] for i, j in zip(cuts, cuts[1:], strict=False)]
    outer: list[Expr] = []
    for piece in pieces:
        if piece[0].shape[0] == 1 and piece[-1].shape[1] == 1:
            scalars.append(_bilinear(piece))
        else:
            outer.extend(_column(piece))
    coefficient = Mul(*scalars)
    if coefficient == 0:
        return zero((factors[0].shape[0], factors[-1].shape[1]))
    return _matmul(coefficient, outer)


def _bilinear(piece: list[Expr]) -> Expr:
    if len(piece) == 1:
        return Trace(piece[0])
    return scalar_of(piece)


def _column(piece: list[Expr]) -> list[Expr]:
    """Turn diag(v) x into v ⊙ x, the way it is read, for a column x at the end of a product."""
    if len(piece) == 2 and piece[1].shape[1] == 1 and isinstance(piece[0], DiagMatrix):
        return [hadamard(piece[0].args[0], piece[1])]
    return piece


def _key(term: Expr) -> tuple[Expr, Expr]:
    """Return a term of a matrix sum as (matrix part, coefficient)."""
    coefficient, factors = split(term)
    return _matmul(S.One, list(factors)), coefficient


def add(*terms: Expr) -> Expr:
    """Return the sum, like terms collected, in the order of first appearance."""
    if not any(is_matrix(a) for a in terms):
        return Add(*terms)
    collected: dict[Expr, Expr] = {}
    todo = list(reversed(terms))
    while todo:
        a = todo.pop()
        if isinstance(a, MatAdd):
            todo.extend(reversed(a.args))
        elif not isinstance(a, ZeroMatrix):
            part, coefficient = _key(a)
            collected[part] = collected.get(part, S.Zero) + coefficient
    kept = [_scaled(c, part) for part, c in collected.items() if c != 0]
    if not kept:
        return zero(terms[0].shape)
    return kept[0] if len(kept) == 1 else make(MatAdd, *kept)


def _scaled(coefficient: Expr, part: Expr) -> Expr:
    return _matmul(coefficient, list(split(part)[1]))


def hadamard(*terms: Expr) -> Expr:
    """Return the elementwise product; scalars scale."""
    scalars: list[Expr] = []
    powers: dict[Expr, Expr] = {}
    like = next((a.shape for a in terms if is_matrix(a)), (S.One, S.One))
    on_diagonal = any(isinstance(a, Identity) for a in terms)
    todo = list(reversed(terms))
    while todo:
        a = todo.pop()
        if not is_matrix(a):
            scalars.append(a)
        elif isinstance(a, HadamardProduct):
            todo.extend(reversed(a.args))
        elif isinstance(a, ZeroMatrix):
            return zero(like)
        elif isinstance(a, MatMul) and split(a)[0] != 1:
            coefficient, factors = split(a)
            scalars.append(coefficient)
            todo.append(_matmul(S.One, list(factors)))
        elif not isinstance(a, OneMatrix):
            if isinstance(a, Transpose) and on_diagonal:
                a = a.arg
            base, exponent = (a.args) if isinstance(a, HadamardPower) else (a, S.One)
            if base in powers and not (is_matrix(exponent) or is_matrix(powers[base])):
                powers[base] = powers[base] + exponent
            elif base in powers:
                powers[base] = add(_exponent(powers[base], like), _exponent(exponent, like))
            else:
                powers[base] = exponent
    kept = [elementwise_power(b, e) for b, e in powers.items() if e != 0]
    if not kept:
        return dot(*scalars, ones(like))
    product = kept[0] if len(kept) == 1 else make(HadamardProduct, *kept)
    return dot(*scalars, product)


def _exponent(e: Expr, like: tuple[Expr, Expr]) -> Expr:
    return e if is_matrix(e) else dot(e, ones(like))


def elementwise_power(x: Expr, exponent: Expr) -> Expr:
    """Return every entry of x to a power, which is a scalar or a matrix of x's shape."""
    if not is_matrix(x):
        return Pow(x, exponent)
    if exponent == 1 or isinstance(x, OneMatrix):
        return x
    if exponent == 0:
        return ones(x.shape)
    if isinstance(x, HadamardPower) and not is_matrix(exponent) and not is_matrix(x.exp):
        if x.exp.is_integer and exponent.is_integer:
            return elementwise_power(x.base, x.exp * exponent)
    return HadamardPower(x, exponent)


def power(x: Expr, exponent: int) -> Expr:
    """Return an integer power of a square matrix or a scalar."""
    if not is_matrix(x):
        return Pow(x, exponent)
    if exponent == 0:
        return Identity(x.shape[0])
    if exponent == 1 or isinstance(x, Identity):
        return x
    if exponent < 0:
        return power(inv(x), -exponent)
    if isinstance(x, Transpose):
        return Transpose(power(x.arg, exponent))
    if isinstance(x, MatPow) and not isinstance(x, Inverse):  # to SymPy an inverse is a power
        return power(x.base, int(x.exp) * exponent)
    return MatPow(x, exponent, evaluate=False)


def inv(x: Expr) -> Expr:
    """Return the inverse of a square matrix; a transpose stays outside, scalars come out."""
    if not is_matrix(x):
        return 1 / x
    if isinstance(x, Inverse):
        return x.arg
    if isinstance(x, Identity):
        return x
    if isinstance(x, Transpose):
        return t(inv(x.arg))
    if isinstance(x, MatPow) and x.exp.is_Integer:
        return power(inv(x.base), int(x.exp))
    if isinstance(x, KroneckerProduct) and all(a.shape[0] == a.shape[1] for a in x.args):
        return kron(*[inv(a) for a in x.args])
    if is_orthogonal(x):
        return t(x)
    if isinstance(x, DiagMatrix):
        return diag(elementwise_power(x.args[0], S.NegativeOne))
    coefficient, factors = split(x)
    if coefficient != 1 and len(factors) == 1:
        return dot(1 / coefficient, inv(factors[0]))
    return Inverse(x)


def diag(x: Expr) -> Expr:
    """Return the diagonal matrix of a column, or the column of a square matrix's diagonal."""
    if not is_matrix(x):
        return x
    coefficient, factors = split(x)
    if coefficient != 1:
        return dot(coefficient, diag(_matmul(S.One, list(factors))))
    if x.shape[1] == 1:
        return Identity(x.shape[0]) if isinstance(x, OneMatrix) else DiagMatrix(x)
    if isinstance(x, DiagMatrix):
        return x.args[0]
    if isinstance(x, Identity):
        return OneMatrix(x.shape[0], 1)
    if isinstance(x, Transpose):
        return diag(x.arg)
    if isinstance(x, MatAdd):
        return add(*[diag(a) for a in x.args])
    # The diagonal of an outer product u v' is u ⊙ v.
    for i in range(1, len(factors)):
        if factors[i].shape[0] == 1:
            return hadamard(dot(*factors[:i]), t(dot(*factors[i:])))
    return DiagonalOf(x)


def kron(*terms: Expr) -> Expr:
    """Return the Kronecker product; scalars scale."""
    scalars: list[Expr] = []
    factors: list[Expr] = []
    for a in terms:
        if not is_matrix(a):
            scalars.append(a)
            continue
        coefficient, parts = split(a)
        scalars.append(coefficient)
        factors.append(_matmul(S.One, list(parts)))
    if not factors:
        return Mul(*scalars)
    if any(isinstance(a, ZeroMatrix) for a in factors):
        return zero((Mul(*[a.shape[0] for a in factors]), Mul(*[a.shape[1] for a in factors])))
    if all(isinstance(a, Identity) for a in factors):
        return dot(*scalars, Identity(Mul(*[a.shape[0] for a in factors])))
    product = factors[0] if len(factors) == 1 else make(KroneckerProduct, *factors)
    return dot(*scalars, product)


def vec(x: Expr) -> Expr:
    """Return the columns, stacked."""
    if not is_matrix(x):
        return x
    if x.shape[1] == 1:
        return x
    if x.shape[0] == 1:
        return t(x)
    if isinstance(x, ZeroMatrix | OneMatrix):
        return type(x)(Mul(*x.shape), S.One)
    coefficient, factors = split(x)
    if coefficient != 1:
        return dot(coefficient, vec(_matmul(S.One, list(factors))))
    return Vec(x)


def commutation(rows: Expr, columns: Expr) -> Expr:
    """Return K with K·vec(X) = vec(X') for rows x columns matrices X; the identity for vectors."""
    if rows == 1 or columns == 1:
        return Identity(rows * columns)
    return Commutation(rows, columns)


def det(x: Expr) -> Expr:
    """Return the determinant."""
    if not is_matrix(x):
        return x
    if isinstance(x, Identity):
        return S.One
    return det(x.arg) if isinstance(x, Transpose) else Determinant(x)


def pinv(x: Expr) -> Expr:
    """Return the pseudo-inverse; that of a pseudo-inverse is the matrix itself."""
    if not is_matrix(x):
        return 1 / x
    if isinstance(x, PseudoInverse):
        return x.arg
    return t(pinv(x.arg)) if isinstance(x, Transpose) else PseudoInverse(x)


def unvec(v: Expr, rows: Expr, columns: Expr) -> Expr:
    """Return the rows x columns matrix X with vec(X) = v.

    Where v shows no structure: (vec(I)' ⊗ I)(I ⊗ v) (Magnus and Neudecker 2019, section 2.4).
    """
    if columns == 1:
        return v
    if rows == 1:
        return t(v)
    if isinstance(v, Vec) and v.arg.shape == (rows, columns):
        return v.arg
    if isinstance(v, OneMatrix | ZeroMatrix):
        return type(v)(rows, columns)
    if isinstance(v, MatAdd):
        return add(*[unvec(a, rows, columns) for a in v.args])
    if isinstance(v, HadamardProduct):
        return hadamard(*[unvec(a, rows, columns) for a in v.args])
    if isinstance(v, HadamardPower) and not is_matrix(v.exp):
        return elementwise_power(unvec(v.base, rows, columns), v.exp)
    if isinstance(v, ElementwiseApplyFunction):
        return ElementwiseApplyFunction(v.function, unvec(v.expr, rows, columns))
    coefficient, factors = split(v)
    if coefficient != 1:
        return dot(coefficient, unvec(_matmul(S.One, list(factors)), rows, columns))
    first = factors[0]
    if isinstance(first, KroneckerProduct) and len(first.args) == 2:
        a, b = first.args
        if len(factors) == 1 and a.shape == (columns, 1) and b.shape == (rows, 1):
            return dot(b, t(a))
        if len(factors) > 1 and (a.shape[0], b.shape[0]) == (columns, rows):
            return dot(b, unvec(dot(*factors[1:]), b.shape[1], a.shape[1]), t(a))
    return dot(kron(t(vec(Identity(columns))), Identity(rows)), kron(Identity(columns), v))


class M:
    """A matrix or scalar expression under NumPy's operators."""

    __slots__ = ("e",)

    def __init__(self, e: Any) -> None:
        self.e: Expr = e.e if isinstance(e, M) else _sympify(e)

    @property
    def T(self) -> M:
        """Return the transpose."""
        return M(t(self.e))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (rows, columns)."""
        return shape(self.e)

    def __matmul__(self, other: M) -> M:
        return M(dot(self.e, M(other).e))

    def __mul__(self, other: Any) -> M:
        return M(hadamard(self.e, M(other).e))

    __rmul__ = __mul__

    def __add__(self, other: Any) -> M:
        a, b = self.e, M(other).e
        if is_matrix(a) != is_matrix(b):  # a scalar stands for a matrix of equal entries
            a, b = (x if is_matrix(x) else dot(x, ones(y.shape)) for x, y in ((a, b), (b, a)))
        return M(add(a, b))

    __radd__ = __add__

    def __sub__(self, other: Any) -> M:
        return self + -M(other)

    def __rsub__(self, other: Any) -> M:
        return M(other) + -self

    def __neg__(self) -> M:
        return M(dot(S.NegativeOne, self.e))

    def __truediv__(self, other: Any) -> M:
        return M(hadamard(self.e, elementwise_power(M(other).e, S.NegativeOne)))

    def __rtruediv__(self, other: Any) -> M:
        return M(other) / self

    def __pow__(self, exponent: Any) -> M:
        return M(elementwise_power(self.e, M(exponent).e))

    def __repr__(self) -> str:
        return f"M({self.e})"


def unwrap(values: Iterable[M]) -> list[Expr]:
    """Return the expressions under M."""
    return [v.e for v in values]
