"""The functions of matrices that SymPy lacks, as SymPy classes.

What each *is* stands in its record (`derive.operations`): its shape, its spellings, its definition, its derivative.
Classes are declared here that the algebra itself names; others are made from their record by `made`.

A 1 x 1 matrix is a scalar. The scalar that a 1 x 1 matrix M stands for is written `Trace(M)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from types import new_class
from typing import Any

from sympy import Add, Expr
from sympy.core.sympify import _sympify
from sympy.matrices.expressions.matexpr import MatrixExpr

from derive.errors import InputError, InternalError
from derive.expression.operation import Operation, record
from derive.expression.signature import Matrix, shape_of, signature

# ------------------------------------------------------------------------------------------ spelling


def operator(name: str) -> str:
    """Return the LaTeX spelling of a function that has none of its own."""
    return rf"\operatorname{{{name}}}\left(<args>\right)"


def spell(template: str, args: Sequence[str]) -> str:
    """Return a LaTeX spelling with its arguments: <args> are all of them, <0> the first and <1> the second.

    [0] is the first one for a printer that puts it in brackets where it is no single symbol.
    """
    text = template.replace("<args>", ", ".join(args))
    for i, arg in enumerate(args):
        text = text.replace(f"<{i}>", arg).replace(f"[{i}]", arg)
    return text


def template(entry: Operation, target: str, count: int) -> str | None:
    """Return how a target writes a function of so many arguments, None where it has no spelling."""
    found = entry.spelling(target)
    return found(count) if callable(found) else found


class _Recorded:
    """What SymPy asks of a function, answered from its record."""

    args: tuple[Any, ...]

    @property
    def record(self) -> Operation:
        """Return the record. Raises InternalError for a class that has none."""
        entry = record(type(self))
        if entry is None:
            raise InternalError(f"{type(self).__name__} has no entry in derive.operations")
        return entry

    @property
    def arg(self) -> MatrixExpr:
        """Return the first argument."""
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        rows = [self.record.axis] if self.record.axis == "rows" else []
        return f"{self.record.text}({', '.join([*[printer._print(a) for a in self.args], *rows])})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        entry = self.record
        tex = template(entry, "latex", len(self.args)) or operator(entry.text)
        body = spell(tex, [printer._print(a) for a in self.args])
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"

    def _numpycode(self, printer: Any) -> str:
        spelling = template(self.record, "numpy", len(self.args))
        if spelling is None:
            raise InputError(f"{self.record.text} has no NumPy spelling")
        args = [f"({printer._print(a)})" for a in self.args]
        return "(" + spelling.format(*args).replace("np.", "numpy.") + ")"


class Functional(_Recorded, Expr):
    """A real scalar function of one matrix; `args[0]` is the matrix, further ones are numbers."""

    is_commutative = True
    is_real = True

    def __new__(cls, *args: Expr) -> Functional:
        """Apply the function to a matrix expression."""
        return Expr.__new__(cls, *[_sympify(a) for a in args])


class MatrixFunction(_Recorded, MatrixExpr):
    """A matrix-valued function of matrices."""

    def __new__(cls, *args: Expr) -> MatrixFunction:
        """Apply the function to matrix expressions."""
        return MatrixExpr.__new__(cls, *[_sympify(a) for a in args])

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (rows, columns), which follow from the arguments by the signature of the record."""
        return self.record.signature.shape(self.args)


def made(word: str, shape: str) -> type:
    """Return a SymPy class for a function of matrices with a name of its own; it is pickled by that name."""
    scalar = all(way.value == Matrix((), ()) for way in signature(shape).alternatives)
    base = Functional if scalar else MatrixFunction
    return new_class(word, (base,), exec_body=lambda names: names.update(__module__="derive.operations"))


# -------------------------------------------------------------------------------- scalars of a matrix


class LogDet(Functional):
    """log |det X| of a square matrix."""


class Norm1(Functional):
    """The sum of the absolute values of all entries."""

    is_nonnegative = True


class Norm2(Functional):
    """The Euclidean norm of a vector, the Frobenius norm of a matrix."""

    is_nonnegative = True


class EntrySum(Functional):
    """The sum of all entries."""


class LogSumExp(Functional):
    """log Σ exp(x_i) of a column vector."""


def _place(x: Expr, i: Expr) -> tuple[Expr, Expr]:
    """Return a matrix and the place of one of its eigenvalues, if it has one there. Raises InputError."""
    x, i = _sympify(x), _sympify(i)
    if x.shape[0] != x.shape[1]:
        raise InputError(f"eigenvalues are those of a square matrix, this one is {x.shape[0]} x {x.shape[1]}")
    if i == x.shape[0]:
        return x, i
    if not (i.is_Integer and i > 0):
        raise InputError(f"an eigenvalue's place is 1 for the smallest, 2 for the next and so on, not {i}")
    if x.shape[0].is_Integer and i > x.shape[0]:
        raise InputError(f"a {x.shape[0]} x {x.shape[0]} matrix has no eigenvalue number {i}")
    return x, i


class Eigenvalue(Functional):
    """The i-th smallest eigenvalue of a symmetric matrix, i = 1, 2, ...

    At other matrices nearby it is the eigenvalue that continues it (Magnus 1985, theorem 1).
    """

    def __new__(cls, x: Expr, i: Expr) -> Functional:
        """Name the i-th eigenvalue of x. Raises InputError where there is none."""
        return super().__new__(cls, *_place(x, i))


# ------------------------------------------------------------------------------- matrices of a matrix


class Softmax(MatrixFunction):
    """exp(x)/Σ exp(x_i) of a column vector (Bridle 1990)."""


class Vec(MatrixFunction):
    """The columns of a matrix, stacked."""


class Reshape(MatrixFunction):
    """The m x n matrix whose columns, stacked, are a given column: X where the column is vec(X)."""


class Adjugate(MatrixFunction):
    """The transposed matrix of cofactors; det(X)·inv(X) where X is invertible."""


class PseudoInverse(MatrixFunction):
    """The Moore-Penrose inverse of a matrix of full rank."""


class Expm(MatrixFunction):
    """The matrix exponential Σ X^k/k!."""


class ExpmFrechet(MatrixFunction):
    """The k-th derivative of the matrix exponential at X in k directions, symmetric and linear in each.

    `args` are X and the directions. The first derivative is ∫₀¹ exp(sX) E exp((1−s)X) ds (Higham 2008, (10.15)); the
    k-th is a block of the exponential of a matrix 2^k times as large (Higham and Relton 2014, theorem 3.5).
    """


class Toeplitz(MatrixFunction):
    """Every entry replaced by the sum of its diagonal: the matrix α(X) of MC (143)."""


class Eigenvector(MatrixFunction):
    """The eigenvector v of the i-th smallest eigenvalue of a symmetric matrix, with v'v = 1.

    Its sign is such that, of the entries larger than nine tenths of the largest in size, the first is positive: where
    two entries have the same size, as in the eigenvectors of Toeplitz matrices, rounding does not choose.
    """

    def __new__(cls, x: Expr, i: Expr) -> MatrixFunction:
        """Name the i-th eigenvector of x. Raises InputError where there is none."""
        return super().__new__(cls, *_place(x, i))


class Lower(MatrixFunction):
    """The n x n matrix of ones on and below the diagonal, zeros above."""


class Blocks(MatrixFunction):
    """A matrix put together from blocks; `args` are how many stand in a row, and the blocks row by row."""

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (rows, columns), the sums of those of the blocks."""
        width = int(self.args[0])
        row, column = self.args[1 : width + 1], self.args[1::width]
        return Add(*[shape_of(a)[0] for a in column]), Add(*[shape_of(a)[1] for a in row])


class Selection(MatrixFunction):
    """The `count` columns of the n x n identity after the first `skip`: A.T picks rows with it, and A picks columns.

    `args` are skip, count, n. S'·A are rows skip + 1 ... skip + count of A, A·S are those columns.
    """


class Above(MatrixFunction):
    """The n x n matrix of ones above the diagonal, zeros elsewhere: [i < j]; `args` is n."""


class Commutation(MatrixFunction):
    """The mn x mn permutation K with K·vec(X) = vec(X') for every m x n matrix X.

    Magnus and Neudecker 1979, "The commutation matrix: some properties and applications", definition 3.1.
    """
