"""The functions of matrices that SymPy lacks, as SymPy classes with shapes.

Each class says what the function *is*: its shape, its name in the text language, its NumPy spelling and,
where it is not primitive, a `definition` in terms of simpler functions. What its derivative is stands in the
rule table (`derive.rules`); an evaluator that follows `definition` never meets that table.

A 1 x 1 matrix is a scalar. The scalar that a 1 x 1 matrix M stands for is written `Trace(M)`.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, ClassVar

from sympy import (
    Abs,
    Determinant,
    DiagMatrix,
    Expr,
    HadamardPower,
    Inverse,
    MatMul,
    Mul,
    Pow,
    S,
    Trace,
    exp,
    log,
    sqrt,
)
from sympy.core.sympify import _sympify
from sympy.matrices.expressions.diagonal import DiagonalOf
from sympy.matrices.expressions.matexpr import MatrixExpr

from derive.elementwise import elementwise
from derive.errors import InputError

# ------------------------------------------------------------------------------------------ spelling


def operator(name: str) -> str:
    """Return the LaTeX spelling of a function that has none of its own."""
    return rf"\operatorname{{{name}}}\left(<args>\right)"


def spell(template: str, args: Sequence[str]) -> str:
    """Return a LaTeX spelling with its arguments: <args> are all of them, <0> the first and <1> the second."""
    text = template.replace("<args>", ", ".join(args))
    for i, arg in enumerate(args):
        text = text.replace(f"<{i}>", arg)
    return text


# -------------------------------------------------------------------------------- scalars of a matrix


class Functional(Expr):
    """A real scalar function of one matrix; `args[0]` is the matrix, further ones are numbers."""

    is_commutative = True
    is_real = True
    text: ClassVar[str]
    tex: ClassVar[str] = ""
    bracketed: ClassVar[bool] = False
    numpy: ClassVar[str]
    square_argument: ClassVar[bool] = False
    column_argument: ClassVar[bool] = False

    def __new__(cls, *args: Expr) -> Functional:
        """Apply the function to a matrix expression."""
        return Expr.__new__(cls, *[_sympify(a) for a in args])

    @property
    def arg(self) -> MatrixExpr:
        """Return the matrix."""
        return self.args[0]

    def _sympystr(self, printer: Any) -> str:
        return f"{self.text}({', '.join(printer._print(a) for a in self.args)})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body = spell(self.tex or operator(self.text), [printer._print(a) for a in self.args])
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"

    def _numpycode(self, printer: Any) -> str:
        args = [f"({printer._print(a)})" for a in self.args]
        return "(" + self.numpy.format(*args).replace("np.", "numpy.") + ")"


class LogDet(Functional):
    """log |det X| of a square matrix."""

    bracketed = True
    text = "logdet"
    tex = r"\log \left|\det <0>\right|"
    numpy = "np.linalg.slogdet({0})[1]"
    square_argument = True

    def definition(self) -> Expr:
        """Return the function in terms of the determinant."""
        return log(Abs(Determinant(self.arg), evaluate=False), evaluate=False)


class Norm1(Functional):
    """The sum of the absolute values of all entries."""

    text = "norm1"
    tex = r"\left\lVert <0> \right\rVert_{1}"
    numpy = "np.abs({0}).sum()"
    is_nonnegative = True

    def definition(self) -> Expr:
        """Return the function in terms of the absolute value."""
        return EntrySum(elementwise(Abs, self.arg))


class Norm2(Functional):
    """The Euclidean norm of a vector, the Frobenius norm of a matrix."""

    text = "norm2"
    tex = r"\left\lVert <0> \right\rVert"
    numpy = "np.sqrt(np.sum(np.square({0})))"
    is_nonnegative = True

    def definition(self) -> Expr:
        """Return the function in terms of the sum of squares."""
        return sqrt(EntrySum(HadamardPower(self.arg, S(2))))


class EntrySum(Functional):
    """The sum of all entries."""

    text = "sum"
    numpy = "np.sum({0})"


class LogSumExp(Functional):
    """log Σ exp(x_i) of a column vector."""

    text = "logsumexp"
    numpy = "np.logaddexp.reduce({0}, axis=None)"
    column_argument = True

    def definition(self) -> Expr:
        """Return the function in terms of exp and log."""
        return log(EntrySum(elementwise(exp, self.arg)))


def _place(x: Expr, i: Expr) -> tuple[Expr, Expr]:
    """Return a matrix and the place of one of its eigenvalues, if it has one there. Raises InputError."""
    x, i = _sympify(x), _sympify(i)
    if x.shape[0] != x.shape[1]:
        raise InputError(f"eigenvalues are those of a square matrix, this one is {x.shape[0]} x {x.shape[1]}")
    if not (i.is_Integer and i > 0):
        raise InputError(f"an eigenvalue's place is 1 for the smallest, 2 for the next and so on, not {i}")
    if x.shape[0].is_Integer and i > x.shape[0]:
        raise InputError(f"a {x.shape[0]} x {x.shape[0]} matrix has no eigenvalue number {i}")
    return x, i


class Eigenvalue(Functional):
    """The i-th smallest eigenvalue of a symmetric matrix, i = 1, 2, ...

    At other matrices nearby it is the eigenvalue that continues it (Magnus 1985, theorem 1).
    """

    text = "eigval"
    tex = r"\lambda_{<1>}\left(<0>\right)"
    numpy = "np.linalg.eigvalsh({0})[{1} - 1]"

    def __new__(cls, x: Expr, i: Expr) -> Functional:
        """Name the i-th eigenvalue of x. Raises InputError where there is none."""
        return super().__new__(cls, *_place(x, i))


# ------------------------------------------------------------------------------- matrices of a matrix


class MatrixFunction(MatrixExpr):
    """A matrix-valued function of matrices; `shape` follows from the arguments' shapes."""

    text: ClassVar[str]
    tex: ClassVar[str] = ""
    bracketed: ClassVar[bool] = False
    numpy: ClassVar[str]
    square_argument: ClassVar[bool] = False
    column_argument: ClassVar[bool] = False

    def __new__(cls, *args: Expr) -> MatrixFunction:
        """Apply the function to matrix expressions."""
        return MatrixExpr.__new__(cls, *[_sympify(a) for a in args])

    @property
    def arg(self) -> MatrixExpr:
        """Return the first argument."""
        return self.args[0]

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (rows, columns): those of the first argument unless a class says otherwise."""
        return self.arg.shape

    def _sympystr(self, printer: Any) -> str:
        return f"{self.text}({', '.join(printer._print(a) for a in self.args)})"

    def _latex(self, printer: Any, exp: str | None = None) -> str:
        body = spell(self.tex or operator(self.text), [printer._print(a) for a in self.args])
        return body if exp is None else rf"\left({body}\right)^{{{exp}}}"

    def _numpycode(self, printer: Any) -> str:
        args = [f"({printer._print(a)})" for a in self.args]
        return "(" + self.numpy.format(*args).replace("np.", "numpy.") + ")"


class Softmax(MatrixFunction):
    """exp(x)/Σ exp(x_i) of a column vector (Bridle 1990)."""

    text = "softmax"
    numpy = "(lambda e: e / e.sum(axis=0))(np.exp({0} - {0}.max(axis=0)))"
    column_argument = True

    def definition(self) -> Expr:
        """Return the function in terms of exp."""
        e = elementwise(exp, self.arg)
        return MatMul(Pow(EntrySum(e), -1), e)


class Vec(MatrixFunction):
    """The columns of a matrix, stacked."""

    text = "vec"
    numpy = "{0}.reshape(-1, 1, order='F')"

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (mn, 1) for an m x n argument."""
        return (Mul(*self.arg.shape), S.One)


class Reshape(MatrixFunction):
    """The m x n matrix whose columns, stacked, are a given column: X where the column is vec(X)."""

    text = "reshape"
    tex = r"\operatorname{reshape}_{<1> \times <2>}\left(<0>\right)"
    numpy = "{0}.reshape({1}, {2}, order='F')"
    column_argument = True

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (m, n), the second and the third argument."""
        return (self.args[1], self.args[2])


class Adjugate(MatrixFunction):
    """The transposed matrix of cofactors; det(X)·inv(X) where X is invertible."""

    text = "adj"
    numpy = "(np.linalg.det({0})*np.linalg.inv({0}))"
    square_argument = True

    def definition(self) -> Expr:
        """Return the function for an invertible matrix."""
        return MatMul(Determinant(self.arg), Inverse(self.arg))


class PseudoInverse(MatrixFunction):
    """The Moore-Penrose inverse of a matrix of full rank."""

    bracketed = True
    text = "pinv"
    tex = r"<0>^{+}"
    numpy = "np.linalg.pinv({0})"

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (n, m) for an m x n argument."""
        return self.arg.shape[::-1]


class Expm(MatrixFunction):
    """The matrix exponential Σ X^k/k!."""

    text = "expm"
    tex = r"\mathrm{e}^{<0>}"
    numpy = "scipy.linalg.expm({0})"
    square_argument = True


class ExpmFrechet(MatrixFunction):
    """The k-th derivative of the matrix exponential at X in k directions, symmetric and linear in each.

    `args` are X and the directions. The first derivative is ∫₀¹ exp(sX) E exp((1−s)X) ds (Higham 2008, (10.15)); the
    k-th is a block of the exponential of a matrix 2^k times as large (Higham and Relton 2014, theorem 3.5).
    """

    text = "dexpm"
    square_argument = True

    @property
    def tex(self) -> str:  # type: ignore[override]
        """Return the LaTeX spelling."""
        k = len(self.args) - 1
        order = "" if k == 1 else f"^{{{k}}}"
        directions = ", ".join(f"<{i}>" for i in range(1, k + 1))
        return rf"\mathrm{{D}}{order}\exp\left(<0>\right)\left[{directions}\right]"

    @property
    def numpy(self) -> str:  # type: ignore[override]
        """Return the NumPy spelling."""
        k = len(self.args) - 1
        if k == 1:
            return "scipy.linalg.expm_frechet({0}, {1}, compute_expm=False)"
        block = "{0}"
        for i in range(1, k + 1):
            larger = f"np.kron(np.eye({2 ** (i - 1)}), {{{i}}})" if i > 1 else "{1}"
            block = f"(lambda x: np.block([[x, {larger}], [np.zeros_like(x), x]]))({block})"
        return f"scipy.linalg.expm({block})[:len({{0}}), -len({{0}}):]"


class Toeplitz(MatrixFunction):
    """Every entry replaced by the sum of its diagonal: the matrix α(X) of MC (143)."""

    text = "toeplitz"
    numpy = (
        "(lambda x: scipy.linalg.toeplitz([np.trace(x, -k) for k in range(len(x))],"
        " [np.trace(x, k) for k in range(len(x))]))({0})"
    )
    square_argument = True


class Eigenvector(MatrixFunction):
    """The eigenvector v of the i-th smallest eigenvalue of a symmetric matrix, with v'v = 1.

    Its sign is such that, of the entries larger than nine tenths of the largest in size, the first is positive: where
    two entries have the same size, as in the eigenvectors of Toeplitz matrices, rounding does not choose.
    """

    text = "eigvec"
    tex = r"v_{<1>}\left(<0>\right)"
    numpy = (
        "(lambda v: v*np.sign(v[np.argmax(np.abs(v) > 0.9*np.abs(v).max())]))"
        "(np.linalg.eigh({0})[1][:, [{1} - 1]])"
    )

    def __new__(cls, x: Expr, i: Expr) -> MatrixFunction:
        """Name the i-th eigenvector of x. Raises InputError where there is none."""
        return super().__new__(cls, *_place(x, i))

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (n, 1) for an n x n argument."""
        return (self.arg.shape[0], S.One)


class Commutation(MatrixFunction):
    """The mn x mn permutation K with K·vec(X) = vec(X') for every m x n matrix X.

    Magnus and Neudecker 1979, "The commutation matrix: some properties and applications", definition 3.1.
    """

    text = "commutation"
    tex = r"K_{<args>}"
    numpy = "np.eye({0}*{1}).reshape({1}, {0}, {0}*{1}).transpose(1, 0, 2).reshape({0}*{1}, {0}*{1})"

    @property
    def shape(self) -> tuple[Expr, Expr]:
        """Return (mn, mn)."""
        size = self.args[0] * self.args[1]
        return (size, size)


# ------------------------------------------------------------------------- names in the text language


def diag(x: MatrixExpr) -> Expr:
    """Return the diagonal matrix of a column, or the column of a square matrix's diagonal."""
    return DiagMatrix(x) if x.shape[1] == 1 else DiagonalOf(x)


#: Name in the text language -> constructor, for the functions of one matrix that are not elementwise.
MATRIX_FUNCTIONS: dict[str, Any] = {
    "tr": Trace,
    "det": Determinant,
    "logdet": LogDet,
    "inv": Inverse,
    "adj": Adjugate,
    "norm1": Norm1,
    "norm2": Norm2,
    "sum": EntrySum,
    "diag": diag,
    "vec": Vec,
    "expm": Expm,
    "pinv": PseudoInverse,
    "toeplitz": Toeplitz,
    "softmax": Softmax,
    "logsumexp": LogSumExp,
}
