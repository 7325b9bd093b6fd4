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
    Inverse,
    KroneckerProduct,
    MatAdd,
    MatMul,
    MatPow,
    Mul,
    Pow,
    S,
    Trace,
    Transpose,
    acos,
    asin,
    atan,
    cos,
    cosh,
    erf,
    exp,
    log,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    tan,
    tanh,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive import algebra
from derive.algebra import M
from derive.elementwise import gelu, relu, scalar_function, sigmoid, softplus, swish
from derive.entrywise import any_derivative
from derive.errors import InputError
from derive.formulas import (
    adjugate_push,
    apply,
    diag,
    dot,
    eigenvector,
    elementwise_power_pull,
    elementwise_power_push,
    eye_like,
    frechet,
    frechet_pull,
    frechet_push,
    hadamard,
    inner,
    inv,
    kron_pull,
    matrix_power,
    matrix_power_terms,
    matrix_product_pull,
    ones_like,
    others,
    pinv_pull,
    pinv_push,
    power_pull,
    reduced,
    symmetric_argument,
    tr,
    vec,
)
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
    Reshape,
    Softmax,
    Toeplitz,
    Vec,
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
        pull=lambda g, y, x, i: hadamard([g, *others(x, i)]),
        push=linear(hadamard),
        example="tr(A)*sum(B)", source="product rule",
    ),
    Operation(
        "matrix product", MatMul,
        pull=matrix_product_pull,
        push=linear(dot),
        example="A*B*C", source="Giles (2.2.2), MC (37)",
    ),
    Operation(
        "elementwise product", HadamardProduct,
        pull=lambda g, y, x, i: hadamard([g, *others(x, i)]),
        push=linear(hadamard),
        example="A.*B", source="MC (38)",
    ),
    Operation(
        "Kronecker product", KroneckerProduct,
        pull=kron_pull,
        push=linear(lambda x: M(algebra.kron(*[a.e for a in x]))),
        example="kron(A, B)", source="MC (39), partial trace",
    ),
    # --- powers
    Operation(
        "squared norm", Pow,
        pull=lambda g, y, x, i: 2 * g * x[0],
        push=lambda d, y, x, i: 2 * inner(x[0], d),
        example="norm2(A)^2", source="MC (131), (132)",
        when=lambda y: isinstance(y.base, Norm2) and y.exp == 2,
        arguments=lambda y: y.base.args,
    ),
    Operation(
        "power", Pow,
        pull=power_pull, push=power_pull,
        example="(1 + norm2(A)^2)^(3/2)", source="power rule",
    ),
    Operation(
        "elementwise power", HadamardPower,
        pull=elementwise_power_pull, push=elementwise_power_push,
        example="A.^3", source="power rule",
    ),
    Operation(
        "matrix power", MatPow,
        pull=lambda g, y, x, i: matrix_power_terms(y, x[0], g, transpose=True),
        push=lambda d, y, x, i: matrix_power_terms(y, x[0], d, transpose=False),
        example="(A*B)^3", source="MC (90), (91)",
        arguments=matrix_power,
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
        push=lambda d, y, x, i: vec(d),
        example="vec(A)", source="Magnus and Neudecker, 2.4",
    ),
    Operation(
        "reshape", Reshape,
        pull=lambda g, y, x, i: vec(g),
        push=lambda d, y, x, i: M(algebra.unvec(d.e, *y.shape)),
        example="reshape(x, 2, 3)", source="the inverse of vec",
        arguments=lambda y: y.args[:1],
    ),
    Operation(
        "diagonal matrix", DiagMatrix,
        pull=lambda g, y, x, i: diag(g),
        push=lambda d, y, x, i: diag(d),
        example="diag(x)", source="linearity",
    ),
    Operation(
        "diagonal", DiagonalOf,
        pull=lambda g, y, x, i: diag(g),
        push=lambda d, y, x, i: diag(d),
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
        pull=matrix_product_pull,
        push=linear(dot),
        example="x'*A*y", source="MC (69), (70), (81)",
        when=lambda y: y.arg.shape == (1, 1) and isinstance(y.arg, MatMul),
        arguments=lambda y: y.arg.args,
    ),
    Operation(
        "trace", Trace,
        pull=lambda g, y, x, i: g * eye_like(x[0]),
        push=lambda d, y, x, i: tr(d),
        example="tr(A*B)", source="Giles (2.3.1), MC (36)",
    ),
    Operation(
        "sum of the entries", EntrySum,
        pull=lambda g, y, x, i: g * ones_like(x[0]),
        push=lambda d, y, x, i: M(algebra.entry_sum(d.e)),
        example="sum(A)", source="linearity",
    ),
    Operation(
        "determinant", Determinant,
        pull=lambda g, y, x, i: g * y * inv(x[0]).T,
        push=lambda d, y, x, i: y * tr(inv(x[0]) @ d),
        example="det(A*B)", source="Jacobi; Giles (2.2.4), MC (42), (49)", holds="{x} is invertible",
    ),
    Operation(
        "log-determinant", LogDet,
        pull=lambda g, y, x, i: g * inv(x[0]).T,
        push=lambda d, y, x, i: tr(inv(x[0]) @ d),
        example="logdet(A*B)", source="MC (43), (57)", holds="{x} is invertible",
    ),
    Operation(
        "norm", Norm2,
        pull=lambda g, y, x, i: g / y * x[0],
        push=lambda d, y, x, i: inner(x[0], d) / y,
        example="norm2(A)", source="MC (129)", holds="{x} is not zero",
    ),
    Operation(
        "sum of absolute values", Norm1,
        pull=lambda g, y, x, i: g * apply(sign, x[0]),
        push=lambda d, y, x, i: inner(apply(sign, x[0]), d),
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
        pull=lambda g, y, x, i: g * (eigenvector(y, x[0]) @ eigenvector(y, x[0]).T),
        push=lambda d, y, x, i: eigenvector(y, x[0]).T @ d @ eigenvector(y, x[0]),
        example="eigval(A*A', 2)", source="Magnus 1985, theorem 1, MC (67)",
        holds="eigenvalue {y.args[1]} of {x} is simple", arguments=symmetric_argument,
    ),
    # --- matrices of a matrix
    Operation(
        "eigenvector", Eigenvector,
        pull=lambda g, y, x, i: reduced(y, x[0], g) @ y.T,
        push=lambda d, y, x, i: reduced(y, x[0], d @ y),
        example="eigvec(A*A', 2)", source="Magnus 1985, theorem 1, MC (68)",
        holds="eigenvalue {y.args[1]} of {x} is simple", arguments=symmetric_argument,
    ),
    Operation(
        "softmax", Softmax,
        pull=lambda g, y, x, i: y * g - y @ (y.T @ g),
        push=lambda d, y, x, i: y * d - y @ (y.T @ d),
        example="softmax(x)", source="Bridle 1990: J = diag(y) - y y'",
    ),
    Operation(
        "adjugate", Adjugate,
        pull=lambda g, y, x, i: inner(y, g) * inv(x[0]).T - inv(x[0]).T @ g @ y.T,
        push=adjugate_push,
        example="adj(A*B)", source="adj X = det(X) inv(X)", holds="{x} is invertible",
    ),
    Operation(
        "pseudo-inverse", PseudoInverse,
        pull=pinv_pull, push=pinv_push,
        example="pinv(A)", source="Golub and Pereyra 1973, (4.12)", holds="{x} has full rank",
    ),
    Operation(
        "matrix exponential", Expm,
        pull=lambda g, y, x, i: frechet(x[0].T, [g]),
        push=lambda d, y, x, i: frechet(x[0], [d]),
        example="expm(A*B)", source="Higham 2008, (10.15)",
    ),
    Operation(
        "derivative of the matrix exponential", ExpmFrechet,
        pull=frechet_pull, push=frechet_push,
        example="dexpm(A*A', B)", source="Higham and Relton 2014, (3.1)",
    ),
    # --- functions of every entry
    entrywise("exponential", exp, lambda x, y: y, "exp' = exp"),
    entrywise("logarithm", log, lambda x, y: 1 / x, "log' t = 1/t", example="log(exp(A))"),
    entrywise("sine", sin, lambda x, y: apply(cos, x), "sin' = cos"),
    entrywise("cosine", cos, lambda x, y: -apply(sin, x), "cos' = -sin"),
    entrywise("tangent", tan, lambda x, y: 1 + y**2, "tan' = 1 + tan^2"),
    entrywise("hyperbolic tangent", tanh, lambda x, y: 1 - y**2, "tanh' = 1 - tanh^2"),
    entrywise("hyperbolic sine", sinh, lambda x, y: apply(cosh, x), "sinh' = cosh"),
    entrywise("hyperbolic cosine", cosh, lambda x, y: apply(sinh, x), "cosh' = sinh"),
    entrywise("arcsine", asin, lambda x, y: (1 - x**2) ** (-S.Half), "arcsin' t = (1 - t^2)^(-1/2)",
              holds="every entry of {x} is between -1 and 1", example="arcsin(tanh(A))"),
    entrywise("arccosine", acos, lambda x, y: -((1 - x**2) ** (-S.Half)), "arccos' t = -(1 - t^2)^(-1/2)",
              holds="every entry of {x} is between -1 and 1", example="arccos(tanh(A))"),
    entrywise("arctangent", atan, lambda x, y: 1 / (1 + x**2), "arctan' t = 1/(1 + t^2)", example="arctan(A)"),
    entrywise("error function", erf, lambda x, y: 2 / sqrt(pi) * apply(exp, -(x**2)),
              "erf' t = 2/sqrt(pi) exp(-t^2)"),
    entrywise("absolute value", Abs, lambda x, y: apply(sign, x), "|t|' = sign t",
              holds="no entry of {x} is zero", example="abs(A)"),
    entrywise("sign", sign, lambda x, y: 0 * x, "sign' = 0", holds="no entry of {x} is zero"),
    entrywise("rectifier", relu, lambda x, y: apply(sign, y), "relu' t = 1 for t > 0, else 0",
              holds="no entry of {x} is zero"),
    entrywise("logistic function", sigmoid, lambda x, y: y * (1 - y), "sigmoid' = sigmoid (1 - sigmoid)"),
    entrywise("swish", swish, lambda x, y: apply(sigmoid, x) * (1 + x - y),
              "Ramachandran et al. 2017: swish' = swish + sigmoid (1 - swish)"),
    entrywise("softplus", softplus, lambda x, y: apply(sigmoid, x), "softplus' = sigmoid"),
    entrywise("Gaussian error linear unit", gelu,
              lambda x, y: (1 + apply(erf, x / sqrt(2))) / 2 + x * apply(exp, -(x**2) / 2) / sqrt(2 * pi),
              "Hendrycks and Gimpel 2016: (t Φ)' = Φ + t φ"),
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
