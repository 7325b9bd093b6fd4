"""Sums, products, powers and transposes of matrices, kept tidy as they are built."""

from __future__ import annotations

from collections import Counter

from sympy import (
    Abs,
    Add,
    Basic,
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
    atan,
    cos,
    erf,
    exp,
    log,
    sign,
    sin,
    tanh,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive.expression.algebra.long_products import product
from derive.expression.algebra.recursion import RECURSION
from derive.expression.elementwise import holds_matrices, relu, scalar_function, sigmoid, softplus, step
from derive.expression.facts import memo, remembered, remembered_together
from derive.expression.functions import Blocks, EntrySum, Selection, Softmax, Vec
from derive.expression.objects import one_object
from derive.expression.operation import record


def make(head: type, *args: Expr) -> Expr:
    """Return head(*args) as it stands: SymPy's constructors walk the tree to check what is known to fit.

    Equal expressions come back as one object, so that comparing deep ones does not walk them.
    """
    table, key = memo("made"), (head, args)
    found: Expr | None = table.get(key)
    if found is None:
        # SymPy's diagonal matrix holds its shape.
        new = DiagMatrix(*args) if head is DiagMatrix else Basic.__new__(head, *args)
        found = table[key] = one_object(new)
    return found


def is_matrix(x: Expr) -> bool:
    """Tell a matrix from a scalar."""
    return bool(getattr(x, "is_Matrix", False))


def shape(x: Expr) -> tuple[Expr, Expr]:
    """Return (rows, columns); a scalar is 1 x 1."""
    return _shape(x) if is_matrix(x) else (S.One, S.One)


@remembered
def _shape(x: Expr) -> tuple[Expr, Expr]:
    """Return the shape of a matrix, which SymPy would ask its parts for, down to the leaves, each time."""
    if isinstance(x, ElementwiseApplyFunction):
        return shape(x.expr)
    if isinstance(x, HadamardProduct | MatAdd):
        return shape(x.args[0])
    if isinstance(x, Transpose | Inverse):
        return shape(x.arg) if isinstance(x, Inverse) else shape(x.arg)[::-1]
    if isinstance(x, MatMul):
        factors = [a for a in x.args if is_matrix(a)]
        return shape(factors[0])[0], shape(factors[-1])[1]
    return x.shape


def zero(like: tuple[Expr, Expr]) -> Expr:
    """Return the zero of a shape, the number 0 for 1 x 1."""
    return S.Zero if like == (1, 1) else ZeroMatrix(*like)


def ones(like: tuple[Expr, Expr]) -> Expr:
    """Return the matrix of ones of a shape, the number 1 for 1 x 1."""
    return S.One if like == (1, 1) else OneMatrix(*like)


def split(x: Expr) -> tuple[Expr, tuple[Expr, ...]]:
    """Return a matrix as (scalar coefficient, matrix factors)."""
    if not isinstance(x, MatMul):
        return S.One, (x,)
    args = x.args
    matrices = tuple([a for a in args if a.is_Matrix])
    if len(matrices) == len(args):
        return S.One, matrices
    return Mul(*[a for a in args if not a.is_Matrix]), matrices


@remembered
def t(x: Expr) -> Expr:
    """Return the transpose, pushed to the factors of a product."""
    if not is_matrix(x):
        return x
    if isinstance(x, Transpose):
        return x.arg
    if isinstance(x, MatMul):
        coefficient, factors = split(x)
        return matmul(coefficient, [t(a) for a in reversed(factors)])
    if isinstance(x, OneMatrix | ZeroMatrix):
        return type(x)(*x.shape[::-1])
    if isinstance(x, KroneckerProduct):
        return RECURSION.kron(*[t(a) for a in x.args])
    if isinstance(x, Blocks):
        return RECURSION.transposed_blocks(x)
    if RECURSION.is_symmetric(x):
        return x
    if isinstance(x, MatAdd) and all(isinstance(a, Transpose) or RECURSION.is_symmetric(a) for a in x.args):
        return make(MatAdd, *[t(a) for a in x.args])
    return make(Transpose, x)


def matmul(coefficient: Expr, factors: list[Expr]) -> Expr:
    """Return a product of factors that are known to need no tidying; a product among them is taken apart.

    So a coefficient stands in front of all matrices or nowhere: `split` sees it.
    """
    if any(isinstance(a, MatMul) for a in factors):
        inner = [split(a) for a in factors]
        coefficient = Mul(coefficient, *[c for c, _ in inner])
        return matmul(coefficient, [a for _, parts in inner for a in parts])
    if not factors:
        return coefficient
    if coefficient is S.One:
        return factors[0] if len(factors) == 1 else make(MatMul, *factors)
    return make(MatMul, coefficient, *factors)


def trace(x: Expr) -> Expr:
    """Return the trace; of the identity it is the size, and linear in coefficients."""
    if not is_matrix(x):
        return x
    if isinstance(x, Identity | OneMatrix):
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
    if coefficient is not S.One:
        return Mul(coefficient, trace(matmul(S.One, list(factors))))
    # A column times a row under a trace is a 1 x 1 product: tr(x y') = y' x.
    for i in range(1, len(factors)):
        if shape(factors[i])[0] == 1:
            return dot(*factors[i:], *factors[:i])
    for i, a in enumerate(factors):
        if isinstance(a, OneMatrix):  # tr(A 1 1' B) = 1' B A 1
            return dot(ones((S.One, a.shape[1])), *factors[i + 1 :], *factors[:i], ones((a.shape[0], S.One)))
    without = RECURSION.frechet_in_trace(factors)
    return Trace(x) if without is None else without


def scalar_of(factors: list[Expr]) -> Expr:
    """Return the scalar that a 1 x 1 product stands for."""
    if len(factors) == 2:
        row, column = factors
        if isinstance(row, OneMatrix):
            return entry_sum(column)
        if isinstance(column, OneMatrix):
            return entry_sum(t(row))
        if isinstance(column, Selection) or (isinstance(row, Transpose) and isinstance(row.arg, Selection)):
            place, x = (column, t(row)) if isinstance(column, Selection) else (row.arg, column)
            return Mul(*[Trace(matmul(S.One, [Transpose(place), a])) for a in _hadamard_parts(x)])
        together = hadamard(t(row), column)
        parts = len(_hadamard_parts(t(row))) + len(_hadamard_parts(column))
        if isinstance(split(together)[1][0], OneMatrix) or len(_hadamard_parts(together)) < parts - 1:
            return entry_sum(together)
    if len(factors) == 3 and isinstance(factors[0], OneMatrix) and isinstance(factors[2], OneMatrix):
        return entry_sum(factors[1])
    # One of the two ways to write a scalar product: y'x and x'y are equal.
    return Trace(matmul(S.One, factors))


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
    if isinstance(x, Softmax):
        return S.One
    if sides := RECURSION.adds_to_one(x):
        return x.shape["rows" not in sides]
    coefficient, factors = split(x)
    if coefficient is not S.One:
        return Mul(coefficient, entry_sum(matmul(S.One, list(factors))))
    if isinstance(x, MatAdd):
        return _sum_of_sum(x)
    return EntrySum(x)


def _sum_of_sum(x: MatAdd) -> Expr:
    """Return the sum of all entries of a sum: terms that add up to zero go, as in Σ(x - (Σx/n) 1) = 0."""
    parts = [entry_sum(a) for a in x.args]
    kept = [a for a, part in zip(x.args, parts, strict=True) if part != 0]
    if len(kept) < len(parts):
        return entry_sum(add(*kept)) if kept else S.Zero
    if any(isinstance(split(a)[1][0], OneMatrix) for a in x.args):
        total = Add(*parts)
        if len(Add.make_args(total)) < len(parts):
            return total
    return EntrySum(x)


@remembered_together
def dot(*terms: Expr) -> Expr:
    """Return the product of scalars and matrices, in order."""
    scalars: list[Expr] = []
    factors: list[Expr] = []
    todo = list(reversed(terms))
    identity = None
    inverses = False
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
        elif factors and (shorter := RECURSION.merged(factors[-1], a)) is not None:
            factors.pop()
            todo.extend(reversed(shorter))
        else:
            factors.append(a)
            inverses = inverses or isinstance(a, Inverse)
            penrose = RECURSION.penrose(factors[-3:]) if len(factors) > 2 else None
            if penrose is not None:
                del factors[-3:]
                todo.append(penrose)
            elif inverses and (count := RECURSION.cancelled(factors)):
                del factors[-count:]
                todo.append(Identity(shape(a)[1]))
    if not factors:
        coefficient = product(*scalars)
        if identity is None or identity.shape == (1, 1):
            return coefficient
        return zero(identity.shape) if coefficient == 0 else matmul(coefficient, [identity])
    # Where two factors meet in a size of one, the product falls apart into scalars and one outer product.
    cuts = [0, *[i for i in range(1, len(factors)) if shape(factors[i])[0] == 1], len(factors)]
    pieces = [factors[i:j] for i, j in zip(cuts, cuts[1:], strict=False)]
    outer: list[Expr] = []
    for piece in pieces:
        if shape(piece[0])[0] == 1 and shape(piece[-1])[1] == 1:
            scalars.append(_bilinear(piece))
        else:
            outer.extend(_column(piece))
    coefficient = Mul(*scalars)
    if coefficient is S.Zero:
        return zero((shape(factors[0])[0], shape(factors[-1])[1]))
    return matmul(coefficient, outer)


def _bilinear(piece: list[Expr]) -> Expr:
    if len(piece) == 1:
        return Trace(piece[0])
    return scalar_of(piece)


def _column(piece: list[Expr]) -> list[Expr]:
    """Turn diag(v) x into v ⊙ x, the way it is read, for a column x, and x' diag(v) into (v ⊙ x)'."""
    if len(piece) != 2:
        return piece
    a, b = piece
    if shape(b)[1] == 1 and isinstance(a, DiagMatrix):
        return [hadamard(a.args[0], b)]
    if shape(a)[0] == 1 and isinstance(b, DiagMatrix):
        coefficient, factors = split(hadamard(b.args[0], t(a)))
        return [coefficient, *[t(f) for f in reversed(factors)]]
    return piece


def _key(term: Expr) -> tuple[Expr, Expr]:
    """Return a term of a matrix sum as (matrix part, coefficient)."""
    coefficient, factors = split(term)
    return matmul(S.One, list(factors)), coefficient


@remembered_together
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
        elif _is_negated_sum(a):
            todo.extend(dot(S.NegativeOne, b) for b in reversed(a.args[1].args))
        elif not isinstance(a, ZeroMatrix):
            part, coefficient = _key(a)
            collected[part] = collected.get(part, S.Zero) + coefficient
    kept = [_scaled(c, part) for part, c in collected.items() if c != 0]
    if not kept:
        return zero(terms[0].shape)
    return kept[0] if len(kept) == 1 else make(MatAdd, *kept)


def _is_negated_sum(a: Expr) -> bool:
    return (
        isinstance(a, MatMul)
        and len(a.args) == 2
        and a.args[0] is S.NegativeOne
        and isinstance(a.args[1], MatAdd)
    )


def same_terms(a: Expr, b: Expr) -> bool:
    """Tell whether two sums have the same terms, each as often: x + y and y + x, not x + x + y and x + y + y."""
    return isinstance(a, MatAdd) and isinstance(b, MatAdd) and _terms(a) == _terms(b)


@remembered
def _terms(e: Expr) -> frozenset[tuple[Expr, int]]:
    """Return the terms of a sum, each with how often it is one."""
    return frozenset(Counter(e.args).items())


def _scaled(coefficient: Expr, part: Expr) -> Expr:
    return matmul(coefficient, [part])


@remembered_together
def hadamard(*terms: Expr) -> Expr:
    """Return the elementwise product; scalars scale."""
    scalars: list[Expr] = []
    powers: dict[Expr, Expr] = {}
    sums: dict[frozenset[tuple[Expr, int]], Expr] = {}
    like = next((shape(a) for a in terms if is_matrix(a)), (S.One, S.One))
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
            todo.append(matmul(S.One, list(factors)))
        elif not isinstance(a, OneMatrix):
            if isinstance(a, Transpose) and on_diagonal:
                a = a.arg
            base, exponent = _base_and_exponent(a)
            if isinstance(base, MatAdd):  # x + y is y + x
                base = sums.setdefault(_terms(base), base)
            if base in powers and not (is_matrix(exponent) or is_matrix(powers[base])):
                powers[base] = powers[base] + exponent
            elif base in powers:
                powers[base] = add(_exponent(powers[base], like), _exponent(exponent, like))
            else:
                powers[base] = exponent
    if on_diagonal and any(RECURSION.is_diagonal(b) for b, e in powers.items() if e == 1):
        powers.pop(Identity(like[0]), None)
    elif on_diagonal and len(powers) == 2:
        other, exponent = next((b, e) for b, e in powers.items() if not isinstance(b, Identity))
        if exponent == 1 and any(isinstance(a, OneMatrix) for a in split(other)[1]):
            return dot(*scalars, diag(diag(other)))
    place = next((b for b, e in powers.items() if isinstance(b, Selection) and e.is_positive), None)
    if place is not None and place.args[1] == 1:
        others = [elementwise_power(b, e) for b, e in powers.items() if e != 0 and b != place]
        return dot(*scalars, *[dot(t(place), a) for a in others], place)
    powers = {
        b: S.One if e.is_positive and (isinstance(b, Identity) or RECURSION.is_onehot(b)) else e
        for b, e in powers.items()
    }
    kept = [_power_in_product(b, e) for b, e in powers.items() if e != 0]
    kept.sort(key=divides)  # what is divided by comes last
    if not kept:
        return dot(*scalars, ones(like))
    if any(isinstance(a, Identity | DiagMatrix) for a in kept) and any(map(_is_partial, kept)):
        return dot(*scalars, diag(hadamard(*map(diagonal, kept))))
    if len(kept) > 1:
        return dot(*scalars, make(HadamardProduct, *kept))
    return dot(*scalars, *[elementwise_power(b, e) for b, e in powers.items() if e != 0])


def _base_and_exponent(a: Expr) -> tuple[Expr, Expr]:
    """Return a factor of an elementwise product as a power; what divides by B' is kept as (1/B)' where it is alone."""
    if isinstance(a, HadamardPower):
        return a.base, a.exp
    if isinstance(a, Transpose) and divides(a.arg):
        return t(a.arg.base), a.arg.exp
    return a, S.One


def _power_in_product(base: Expr, exponent: Expr) -> Expr:
    if isinstance(base, Transpose) and exponent.is_Number and exponent < 0:
        return HadamardPower(base, exponent)
    return elementwise_power(base, exponent)


#: Functions that are finite, and bounded by the size of their argument, everywhere.
_TAME = (sin, cos, tanh, atan, erf, sigmoid, softplus, relu, step, Abs, sign)


def _is_partial(x: Expr) -> bool:
    """Tell whether entries of a matrix may be without a value, or infinite, where those on the diagonal have one."""
    if isinstance(x, Identity | DiagMatrix):
        return False
    if isinstance(x, ElementwiseApplyFunction):
        return scalar_function(x) not in _TAME or _is_partial(x.expr)
    if isinstance(x, HadamardPower):
        return not (x.exp.is_Integer and x.exp > 0) or _is_partial(x.base)
    # The diagonal of a product of matrices is made of their entries off it, too: nothing is won by taking it first.
    if isinstance(x, MatMul) and len(split(x)[1]) > 1:
        return False
    return isinstance(x, MatAdd | HadamardProduct | MatMul | Transpose) and any(
        is_matrix(a) and _is_partial(a) for a in x.args
    )


def diagonal(x: Expr) -> Expr:
    """Return the diagonal of a square matrix, taken before functions of the entries are: diag(log A) = log(diag A)."""
    if isinstance(x, ElementwiseApplyFunction):
        return ElementwiseApplyFunction(x.function, diagonal(x.expr))
    if isinstance(x, HadamardPower):
        return elementwise_power(diagonal(x.base), diagonal(x.exp) if is_matrix(x.exp) else x.exp)
    if isinstance(x, HadamardProduct):
        return hadamard(*map(diagonal, x.args))
    if isinstance(x, MatAdd):
        return add(*map(diagonal, x.args))
    if isinstance(x, Transpose):
        return diagonal(x.arg)
    coefficient, factors = split(x)
    if coefficient is not S.One and len(factors) == 1:
        return dot(coefficient, diagonal(factors[0]))
    return diag(x)


def is_negative(x: Expr) -> bool:
    """Tell whether an expression is a number below zero."""
    return bool(x.p < 0 if x.is_Rational else x.is_Number and x < 0)


def divides(x: Expr) -> bool:
    """Tell whether a factor of an elementwise product is written as a division."""
    return isinstance(x, HadamardPower) and is_negative(x.exp)


def divisor(x: HadamardPower) -> Expr:
    """Return what is divided by, of a factor that `divides`."""
    return x.base if x.exp is S.NegativeOne else HadamardPower(x.base, -x.exp)


def _exponent(e: Expr, like: tuple[Expr, Expr]) -> Expr:
    return e if is_matrix(e) else dot(e, ones(like))


def scalar_power(base: Expr, exponent: Expr) -> Expr:
    """Return a scalar to a power; b^k is exp(k log b) where matrices stand in the exponent.

    SymPy factors the exponents of a power as if all sums inside were of scalars, and fails.
    """
    if base is S.One:
        return base
    if exponent.is_Atom or base is S.Exp1 or not holds_matrices(exponent):
        return Pow(base, exponent)
    return exp(exponent * log(base))


def by_columns(x: Expr) -> Expr | None:
    """Return X where an expression is f(X', rows)' for a function f of rows, which people write f(X, columns)."""
    entry = record(type(x.arg)) if isinstance(x, Transpose) else None
    if entry is None or entry.axis != "rows" or len(x.arg.args) != 1:
        return None
    return x.arg.args[0].arg if isinstance(x.arg.args[0], Transpose) else None


def elementwise_power(x: Expr, exponent: Expr) -> Expr:
    """Return every entry of x to a power, which is a scalar or a matrix of x's shape."""
    if not is_matrix(x):
        return scalar_power(x, exponent)
    if exponent == 1 or isinstance(x, OneMatrix):
        return x
    if exponent == 0:
        return ones(x.shape)
    if exponent.is_positive and not is_matrix(exponent) and RECURSION.is_onehot(x):
        return x
    if isinstance(x, Transpose) and not is_matrix(exponent) and by_columns(x) is None:
        return t(elementwise_power(x.arg, exponent))
    if not is_matrix(exponent) and exponent.is_integer:
        if isinstance(x, HadamardPower) and not is_matrix(x.exp):
            return elementwise_power(x.base, x.exp * exponent)  # (x^a)^k = x^(ak) wherever x^a is defined
        coefficient, factors = split(x)
        if coefficient is not S.One:
            return dot(coefficient**exponent, elementwise_power(matmul(S.One, list(factors)), exponent))
        if isinstance(x, HadamardProduct):
            return hadamard(*[elementwise_power(a, exponent) for a in x.args])
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
        return RECURSION.kron(*[inv(a) for a in x.args])
    if RECURSION.is_orthogonal(x):
        return t(x)
    if isinstance(x, DiagMatrix):
        return diag(elementwise_power(x.args[0], S.NegativeOne))
    coefficient, factors = split(x)
    if coefficient is not S.One:
        return dot(1 / coefficient, inv(matmul(S.One, list(factors))))
    return Inverse(x)


def diag(x: Expr) -> Expr:
    """Return the diagonal matrix of a column, or the column of a square matrix's diagonal."""
    if not is_matrix(x):
        return x
    if isinstance(x, ZeroMatrix):
        return zero((x.shape[0], x.shape[0] if x.shape[1] == 1 else S.One))
    coefficient, factors = split(x)
    if coefficient is not S.One:
        return dot(coefficient, diag(matmul(S.One, list(factors))))
    if x.shape[1] == 1:
        if isinstance(x, DiagonalOf):
            return hadamard(x.arg, Identity(x.shape[0]))
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
    for i, a in enumerate(factors):
        if isinstance(a, OneMatrix) and len(factors) > 1:  # that of A 1 1' B is A 1 ⊙ B' 1
            left = dot(*factors[:i], ones((a.shape[0], S.One)))
            return hadamard(left, t(dot(ones((S.One, a.shape[1])), *factors[i + 1 :])))
    if len(factors) > 1 and isinstance(factors[0], DiagMatrix):
        return hadamard(factors[0].args[0], diag(dot(*factors[1:])))
    if len(factors) > 1 and isinstance(factors[-1], DiagMatrix):
        return hadamard(diag(dot(*factors[:-1])), factors[-1].args[0])
    return ones((x.shape[0], S.One)) if isinstance(x, OneMatrix) else DiagonalOf(x)
