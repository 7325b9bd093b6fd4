"""THE rule table: one entry an operation.

An entry gives the operation's name in the field, its SymPy class, and two formulas. With y = op(x_0, x_1, ...),
all of them `M` expressions under NumPy's operators:

    pull(g, y, x, i)    the adjoint that x_i receives when y has the adjoint g; in the shape of x_i
    push(d, y, x, i)    the tangent that y receives when x_i has the tangent d; in the shape of y

They are adjoint to each other: ⟨g, push(d)⟩ = ⟨pull(g), d⟩. Sums over paths, broadcasting and tidying live
elsewhere, once. An operation that is linear in each argument says `push=linear(...)`: the tangent takes
the argument's place. An elementwise function is one line: its derivative in terms of x and y.

`example` is a text from which the tests make problems; `holds` says where the derivative exists, with {y} for the
expression and {x} for its first argument.

Sources: Giles 2008, "Collected matrix derivative results"; MC, the Matrix Cookbook (2012); Magnus and Neudecker
2019, "Matrix Differential Calculus", 3rd edition; Higham 2008, "Functions of Matrices".
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from sympy import (
    Abs,
    Add,
    Determinant,
    DiagMatrix,
    Expr,
    Function,
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
    acos,
    asin,
    atan,
    cos,
    cosh,
    exp,
    log,
    sign,
    sin,
    sinh,
    tan,
    tanh,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive import algebra
from derive.algebra import M
from derive.entrywise import any_derivative
from derive.errors import InputError
from derive.functions import (
    Adjugate,
    Eigenvalue,
    Eigenvector,
    EntrySum,
    Expm,
    ExpmFrechet,
    LogDet,
    LogSumExp,
    Norm1,
    Norm2,
    PseudoInverse,
    Softmax,
    Toeplitz,
    Vec,
    elementwise,
    relu,
    scalar_function,
    sigmoid,
    softplus,
    swish,
)

Rule = Callable[[M, M, Sequence[M], int], M]


@dataclass(frozen=True)
class Operation:
    """One entry of the table."""

    name: str
    head: type
    pull: Rule
    push: Rule
    example: str
    source: str
    holds: str = ""
    when: Callable[[Expr], bool] | None = None
    arguments: Callable[[Expr], tuple[Expr, ...]] = lambda y: y.args


def _inv(x: M) -> M:
    return M(algebra.inv(x.e))


def _tr(x: M) -> M:
    return M(algebra.trace(x.e))


def _diag(x: M) -> M:
    return M(algebra.diag(x.e))


def _map(f: Any, x: M) -> M:
    return M(elementwise(f, x.e))


def _inner(a: M, b: M) -> M:
    """⟨a, b⟩ = tr(a' b)."""
    return _tr(a.T @ b)


def _identity(n: Any) -> M:
    return M(S.One if n == 1 else Identity(n))


def _eye(x: M) -> M:
    return _identity(x.shape[0])


def _ones(x: M) -> M:
    return M(algebra.ones(x.shape))


def _dot(factors: Sequence[M]) -> M:
    return M(algebra.dot(*[f.e for f in factors]))


def _hadamard(factors: Sequence[M]) -> M:
    return M(algebra.hadamard(*[f.e for f in factors]))


def _others(x: Sequence[M], i: int) -> list[M]:
    return [*x[:i], *x[i + 1 :]]


# ------------------------------------------------------------------------------- products and powers


def _matrix_product_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    left, right = list(x[:i]), list(x[i + 1 :])
    if not algebra.is_matrix(x[i].e):
        return _inner(g, _dot([*left, *right]))
    scalars = [a for a in left if not algebra.is_matrix(a.e)]
    left = [a for a in left if algebra.is_matrix(a.e)]
    return _dot([*scalars, *[a.T for a in reversed(left)], g, *[a.T for a in reversed(right)]])


def _power_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    base, exponent = x
    return g * exponent * base ** (exponent - 1) if i == 0 else g * y * _map(log, base)


def _elementwise_power_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    base, exponent = x
    if i == 0:
        return g * exponent * base ** (exponent - 1)
    adjoint = g * y * _map(log, base)
    return adjoint if algebra.is_matrix(exponent.e) else M(algebra.entry_sum(adjoint.e))


def _elementwise_power_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    base, exponent = x
    return d * exponent * base ** (exponent - 1) if i == 0 else d * y * _map(log, base)


def _matrix_power(x: Expr) -> tuple[Expr, ...]:
    if not x.exp.is_Integer:
        raise InputError(f"the power {x} has no integer exponent: write the exponent out")
    return (x.base,)


def _matrix_power_terms(y: M, x: M, between: M, transpose: bool) -> M:
    k = int(y.e.exp) if isinstance(y.e, MatPow) else 1
    base = x.T.e if transpose else x.e
    powers = [M(algebra.power(base, r)) for r in range(k)]
    return M(algebra.add(*[(powers[r] @ between @ powers[k - 1 - r]).e for r in range(k)]))


# -------------------------------------------------------------------------------- Kronecker and vec


def _kron_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    a, b = x
    (m, n), (p, q) = a.shape, b.shape
    parts = _kron_parts(g.e, a.shape, b.shape)
    if parts is not None:
        scale, left, right = parts
        return scale * left * _inner(right, b) if i == 0 else scale * right * _inner(left, a)
    im, in_, ip, iq = map(_identity, (m, n, p, q))
    if i == 0:  # the partial trace over the second factor's indices
        return _kron(im, _vec(ip).T) @ _kron(g, ip) @ _kron(in_, _vec(b))
    return _kron(_vec(im).T, ip) @ _kron(im, g) @ _kron(_vec(a.T), iq)


def _kron_parts(g: Expr, one: tuple, two: tuple) -> tuple[M, M, M] | None:
    """Return an adjoint that is itself a Kronecker product of the arguments' shapes as (scale, left, right)."""
    coefficient, factors = algebra.split(g)
    if len(factors) != 1:
        return None
    g = factors[0]
    if isinstance(g, KroneckerProduct) and tuple(a.shape for a in g.args) == (one, two):
        return M(coefficient), M(g.args[0]), M(g.args[1])
    if isinstance(g, Identity) and one[0] == one[1] and two[0] == two[1]:
        return M(coefficient), M(Identity(one[0])), M(Identity(two[0]))
    if isinstance(g, OneMatrix):
        return M(coefficient), M(algebra.ones(one)), M(algebra.ones(two))
    return None


def _kron(a: M, b: M) -> M:
    return M(algebra.kron(a.e, b.e))


def _vec(a: M) -> M:
    return M(algebra.vec(a.e))


# ------------------------------------------------------------------------------- functions of matrices


def _pinv_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    a, p = x[0], y
    row_gap, column_gap = _eye(a) - a @ p, _eye(p) - p @ a
    return -(p.T @ g @ p.T) + row_gap @ g.T @ p @ p.T + p.T @ p @ g.T @ column_gap


def _pinv_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    a, p = x[0], y
    row_gap, column_gap = _eye(a) - a @ p, _eye(p) - p @ a
    return -(p @ d @ p) + p @ p.T @ d.T @ row_gap + column_gap @ d.T @ p.T @ p


def _adjugate_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    inverse = _inv(x[0])
    return y * _tr(inverse @ d) - inverse @ d @ y


def _frechet_pull(g: M, y: M, x: Sequence[M], i: int) -> M:
    if i == 0:
        raise InputError("the second derivative of expm has no closed form in this language")
    return M(algebra.frechet(x[0].T.e, g.e))


def _frechet_push(d: M, y: M, x: Sequence[M], i: int) -> M:
    if i == 0:
        raise InputError("the second derivative of expm has no closed form in this language")
    return M(algebra.frechet(x[0].e, d.e))


# ------------------------------------------------------------------------- eigenvalues and eigenvectors


def _symmetric_argument(y: Expr) -> tuple[Expr, ...]:
    """Return the matrix: at one that is not symmetric, the left eigenvectors are others than the right ones."""
    if not algebra.is_symmetric(y.args[0]):
        raise InputError(
            f"the matrix of {y} is not seen to be symmetric: assume symmetric(X), and for second derivatives "
            "structured-symmetric(X), or write it as X + X' or X*X'"
        )
    return y.args[:1]


def _eigenvector(y: M, x: M) -> M:
    return M(Eigenvector(x.e, y.e.args[1]))


def _reduced(y: M, x: M, u: M) -> M:
    """Return pinv(λI - X) u for the eigenvalue λ of the unit eigenvector y, by an inverse: on y, λI - X + yy' is 1."""
    value = M(Eigenvalue(x.e, y.e.args[1]))
    return _inv(value * _eye(x) - x + y @ y.T) @ (u - y @ (y.T @ u))


# ------------------------------------------------------------------------------------- ways of writing


def linear(build: Callable[[Sequence[M]], M]) -> Rule:
    """Return the pushforward of an operation that is linear in each argument."""
    return lambda d, y, x, i: build([*x[:i], d, *x[i + 1 :]])


def entrywise(
    name: str,
    head: Any,
    derivative: Callable[[M, M], M | int],
    source: str,
    holds: str = "",
    example: str = "",
) -> Operation:
    """Return the entry of a function that acts on every entry; `derivative(x, y)` is f'(x) with y = f(x)."""

    def rule(g: M, y: M, x: Sequence[M], i: int) -> M:
        return g * derivative(x[0], y)

    return Operation(name, head, rule, rule, example or f"{head.__name__}(A)", source, holds)


RULES: tuple[Operation, ...] = (
    # --- sums and products
    Operation("sum", Add, lambda g, y, x, i: g, lambda d, y, x, i: d, "tr(A) + sum(B)", "linearity"),
    Operation("matrix sum", MatAdd, lambda g, y, x, i: g, lambda d, y, x, i: d, "A + B", "linearity, MC (35)"),
    Operation(
        "product", Mul,
        pull=lambda g, y, x, i: _hadamard([g, *_others(x, i)]),
        push=linear(_hadamard),
        example="tr(A)*sum(B)", source="product rule",
    ),
    Operation(
        "matrix product", MatMul,
        pull=_matrix_product_pull,
        push=linear(_dot),
        example="A*B*C", source="Giles (2.2.2), MC (37)",
    ),
    Operation(
        "elementwise product", HadamardProduct,
        pull=lambda g, y, x, i: _hadamard([g, *_others(x, i)]),
        push=linear(_hadamard),
        example="A.*B", source="MC (38)",
    ),
    Operation(
        "Kronecker product", KroneckerProduct,
        pull=_kron_pull,
        push=linear(lambda x: M(algebra.kron(*[a.e for a in x]))),
        example="kron(A, B)", source="MC (39), partial trace",
    ),
    # --- powers
    Operation(
        "squared norm", Pow,
        pull=lambda g, y, x, i: 2 * g * x[0],
        push=lambda d, y, x, i: 2 * _inner(x[0], d),
        example="norm2(A)^2", source="MC (131), (132)",
        when=lambda y: isinstance(y.base, Norm2) and y.exp == 2,
        arguments=lambda y: y.base.args,
    ),
    Operation(
        "power", Pow,
        pull=_power_pull, push=_power_pull,
        example="(1 + norm2(A)^2)^(3/2)", source="power rule",
    ),
    Operation(
        "elementwise power", HadamardPower,
        pull=_elementwise_power_pull, push=_elementwise_power_push,
        example="A.^3", source="power rule",
    ),
    Operation(
        "matrix power", MatPow,
        pull=lambda g, y, x, i: _matrix_power_terms(y, x[0], g, transpose=True),
        push=lambda d, y, x, i: _matrix_power_terms(y, x[0], d, transpose=False),
        example="(A*B)^3", source="MC (90), (91)",
        arguments=_matrix_power,
    ),
    Operation(
        "inverse", Inverse,
        pull=lambda g, y, x, i: -(y.T @ g @ y.T),
        push=lambda d, y, x, i: -(y @ d @ y),
        example="inv(A*B)", source="Giles (2.2.3), MC (40)", holds="{x} is invertible",
        arguments=lambda y: (y.arg,),
    ),
    # --- rearrangements
    Operation("transpose", Transpose, lambda g, y, x, i: g.T, lambda d, y, x, i: d.T, "A'", "MC (44)"),
    Operation(
        "vec", Vec,
        pull=lambda g, y, x, i: M(algebra.unvec(g.e, *x[0].shape)),
        push=lambda d, y, x, i: _vec(d),
        example="vec(A)", source="Magnus and Neudecker, 2.4",
    ),
    Operation(
        "diagonal matrix", DiagMatrix,
        pull=lambda g, y, x, i: _diag(g),
        push=lambda d, y, x, i: _diag(d),
        example="diag(x)", source="linearity",
    ),
    Operation(
        "diagonal", DiagonalOf,
        pull=lambda g, y, x, i: _diag(g),
        push=lambda d, y, x, i: _diag(d),
        example="diag(A*B)", source="linearity",
    ),
    Operation(
        "sums along diagonals", Toeplitz,
        pull=lambda g, y, x, i: M(algebra.toeplitz(g.e)),
        push=lambda d, y, x, i: M(algebra.toeplitz(d.e)),
        example="toeplitz(A*B)", source="linearity, MC (143)",
    ),
    # --- scalars of a matrix
    Operation(
        "scalar product", Trace,
        pull=_matrix_product_pull,
        push=linear(_dot),
        example="x'*A*y", source="MC (69), (70), (81)",
        when=lambda y: y.arg.shape == (1, 1) and isinstance(y.arg, MatMul),
        arguments=lambda y: y.arg.args,
    ),
    Operation(
        "trace", Trace,
        pull=lambda g, y, x, i: g * _eye(x[0]),
        push=lambda d, y, x, i: _tr(d),
        example="tr(A*B)", source="Giles (2.3.1), MC (36)",
    ),
    Operation(
        "sum of the entries", EntrySum,
        pull=lambda g, y, x, i: g * _ones(x[0]),
        push=lambda d, y, x, i: M(algebra.entry_sum(d.e)),
        example="sum(A)", source="linearity",
    ),
    Operation(
        "determinant", Determinant,
        pull=lambda g, y, x, i: g * y * _inv(x[0]).T,
        push=lambda d, y, x, i: y * _tr(_inv(x[0]) @ d),
        example="det(A*B)", source="Jacobi; Giles (2.2.4), MC (42), (49)", holds="{x} is invertible",
    ),
    Operation(
        "log-determinant", LogDet,
        pull=lambda g, y, x, i: g * _inv(x[0]).T,
        push=lambda d, y, x, i: _tr(_inv(x[0]) @ d),
        example="logdet(A*B)", source="MC (43), (57)", holds="{x} is invertible",
    ),
    Operation(
        "norm", Norm2,
        pull=lambda g, y, x, i: g / y * x[0],
        push=lambda d, y, x, i: _inner(x[0], d) / y,
        example="norm2(A)", source="MC (129)", holds="{x} is not zero",
    ),
    Operation(
        "sum of absolute values", Norm1,
        pull=lambda g, y, x, i: g * _map(sign, x[0]),
        push=lambda d, y, x, i: _inner(_map(sign, x[0]), d),
        example="norm1(A)", source="|t|' = sign t", holds="no entry of {x} is zero",
    ),
    Operation(
        "log-sum-exp", LogSumExp,
        pull=lambda g, y, x, i: g * M(Softmax(x[0].e)),
        push=lambda d, y, x, i: M(Softmax(x[0].e)).T @ d,
        example="logsumexp(x)", source="Boyd and Vandenberghe 2004, 3.1.5",
    ),
    Operation(
        "eigenvalue", Eigenvalue,
        pull=lambda g, y, x, i: g * (_eigenvector(y, x[0]) @ _eigenvector(y, x[0]).T),
        push=lambda d, y, x, i: _eigenvector(y, x[0]).T @ d @ _eigenvector(y, x[0]),
        example="eigval(A*A', 2)", source="Magnus 1985, theorem 1, MC (67)",
        holds="eigenvalue {y.args[1]} of {x} is simple", arguments=_symmetric_argument,
    ),
    # --- matrices of a matrix
    Operation(
        "eigenvector", Eigenvector,
        pull=lambda g, y, x, i: _reduced(y, x[0], g) @ y.T,
        push=lambda d, y, x, i: _reduced(y, x[0], d @ y),
        example="eigvec(A*A', 2)", source="Magnus 1985, theorem 1, MC (68)",
        holds="eigenvalue {y.args[1]} of {x} is simple", arguments=_symmetric_argument,
    ),
    Operation(
        "softmax", Softmax,
        pull=lambda g, y, x, i: y * g - y @ (y.T @ g),
        push=lambda d, y, x, i: y * d - y @ (y.T @ d),
        example="softmax(x)", source="Bridle 1990: J = diag(y) - y y'",
    ),
    Operation(
        "adjugate", Adjugate,
        pull=lambda g, y, x, i: _inner(y, g) * _inv(x[0]).T - _inv(x[0]).T @ g @ y.T,
        push=_adjugate_push,
        example="adj(A*B)", source="adj X = det(X) inv(X)", holds="{x} is invertible",
    ),
    Operation(
        "pseudo-inverse", PseudoInverse,
        pull=_pinv_pull, push=_pinv_push,
        example="pinv(A)", source="Golub and Pereyra 1973, (4.12)", holds="{x} has full rank",
    ),
    Operation(
        "matrix exponential", Expm,
        pull=lambda g, y, x, i: M(algebra.frechet(x[0].T.e, g.e)),
        push=lambda d, y, x, i: M(algebra.frechet(x[0].e, d.e)),
        example="expm(A*B)", source="Higham 2008, (10.15)",
    ),
    Operation(
        "derivative of the matrix exponential", ExpmFrechet,
        pull=_frechet_pull, push=_frechet_push,
        example="dexpm(A*A', B)", source="Higham 2008, (10.15)",
    ),
    # --- functions of every entry
    entrywise("exponential", exp, lambda x, y: y, "exp' = exp"),
    entrywise("logarithm", log, lambda x, y: 1 / x, "log' t = 1/t", example="log(exp(A))"),
    entrywise("sine", sin, lambda x, y: _map(cos, x), "sin' = cos"),
    entrywise("cosine", cos, lambda x, y: -_map(sin, x), "cos' = -sin"),
    entrywise("tangent", tan, lambda x, y: 1 + y**2, "tan' = 1 + tan^2"),
    entrywise("hyperbolic tangent", tanh, lambda x, y: 1 - y**2, "tanh' = 1 - tanh^2"),
    entrywise("hyperbolic sine", sinh, lambda x, y: _map(cosh, x), "sinh' = cosh"),
    entrywise("hyperbolic cosine", cosh, lambda x, y: _map(sinh, x), "cosh' = sinh"),
    entrywise("arcsine", asin, lambda x, y: (1 - x**2) ** (-S.Half), "arcsin' t = (1 - t^2)^(-1/2)",
              holds="every entry of {x} is between -1 and 1", example="arcsin(tanh(A))"),
    entrywise("arccosine", acos, lambda x, y: -((1 - x**2) ** (-S.Half)), "arccos' t = -(1 - t^2)^(-1/2)",
              holds="every entry of {x} is between -1 and 1", example="arccos(tanh(A))"),
    entrywise("arctangent", atan, lambda x, y: 1 / (1 + x**2), "arctan' t = 1/(1 + t^2)", example="arctan(A)"),
    entrywise("absolute value", Abs, lambda x, y: _map(sign, x), "|t|' = sign t",
              holds="no entry of {x} is zero", example="abs(A)"),
    entrywise("sign", sign, lambda x, y: 0 * x, "sign' = 0", holds="no entry of {x} is zero"),
    entrywise("rectifier", relu, lambda x, y: _map(sign, y), "relu' t = 1 for t > 0, else 0",
              holds="no entry of {x} is zero"),
    entrywise("logistic function", sigmoid, lambda x, y: y * (1 - y), "sigmoid' = sigmoid (1 - sigmoid)"),
    entrywise("swish", swish, lambda x, y: _map(sigmoid, x) * (1 + x - y),
              "Ramachandran et al. 2017: swish' = swish + sigmoid (1 - swish)"),
    entrywise("softplus", softplus, lambda x, y: _map(sigmoid, x), "softplus' = sigmoid"),
)  # fmt: skip


#: A function of SymPy's that the table does not hold.
OTHER_FUNCTION = entrywise("function of one variable", Function, any_derivative, "calculus of one variable")

_BY_HEAD: dict[type, list[Operation]] = {}
for _entry in RULES:
    _BY_HEAD.setdefault(_entry.head, []).append(_entry)


def operation(y: Expr) -> tuple[Operation, tuple[Expr, ...]]:
    """Return the entry of an expression's outermost operation, and its arguments.

    Raises InputError where the table has none.
    """
    head: Any = type(y)
    if isinstance(y, ElementwiseApplyFunction):
        f = scalar_function(y)
        entries = _BY_HEAD.get(f, [OTHER_FUNCTION])
        return entries[0], (y.expr,)
    for entry in _BY_HEAD.get(head, ()):
        if entry.when is None or entry.when(y):
            return entry, entry.arguments(y)
    if isinstance(y, Function):
        return OTHER_FUNCTION, y.args
    raise InputError(f"there is no rule for {head.__name__} in {y}")
