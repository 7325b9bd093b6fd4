"""Products: of scalars, of matrices, entry by entry, and Kronecker's."""

from __future__ import annotations

from sympy import Expr, HadamardProduct, KroneckerProduct, MatMul, Mul, Trace

from derive.expression import algebra
from derive.expression.operation import Operation
from derive.operations.entries import function, linear
from derive.operations.formulas import dot, hadamard, kron_pull, matrix_product_pull, others


def _kron(a: Expr, b: Expr) -> Expr:
    """Return the Kronecker product as it is written; a scalar scales."""
    both = algebra.is_matrix(a) and algebra.is_matrix(b)
    return algebra.make(KroneckerProduct, a, b) if both else algebra.dot(a, b)


OPERATIONS = (
    Operation(
        "product", Mul,
        pull=lambda g, y, x, i: hadamard([g, *others(x, i)]),
        push=linear(hadamard),
        example="tr(A)*sum(B)", source="product rule",
        tidy=Mul,
    ),
    Operation(
        "matrix product", MatMul,
        pull=matrix_product_pull,
        push="linear",
        example="A*B*C", source="Giles (2.2.2), MC (37)",
        tidy=algebra.dot, diagonal="arguments",
    ),
    Operation(
        "scalar product", Trace,
        pull=matrix_product_pull,
        push=linear(dot),
        example="x'*A*y", source="MC (69), (70), (81)",
        when=lambda y: y.arg.shape == (1, 1) and isinstance(y.arg, MatMul),
        arguments=lambda y: y.arg.args,
    ),
    Operation(
        "elementwise product", HadamardProduct,
        pull=lambda g, y, x, i: hadamard([g, *others(x, i)]),
        push="linear",
        example="A.*B", source="MC (38)",
        tidy=algebra.hadamard, diagonal="any",
    ),
    function(
        "Kronecker product", KroneckerProduct, "m x n, p x q -> m*p x n*q",
        pull=kron_pull,
        push="linear",
        example="kron(A, B)", source="MC (39), partial trace",
        text="kron", build=_kron, tidy=algebra.kron, symmetric="arguments", mend="write kron(A, kron(B, C)) for three",
    ),
)  # fmt: skip
