"""Functions of the spectrum: eigenvalues, eigenvectors, the matrix exponential."""

from __future__ import annotations

from sympy import Expr, Mul, S, exp

from derive.expression import algebra
from derive.expression.functions import Eigenvalue, Eigenvector, Expm, ExpmFrechet
from derive.operations.entries import function
from derive.operations.formulas import (
    eigenvector,
    frechet,
    frechet_pull,
    frechet_push,
    reduced,
    symmetric_argument,
)


def _frechet(x: Expr, *directions: Expr) -> Expr:
    return ExpmFrechet(x, *directions) if algebra.is_matrix(x) else Mul(exp(x), *directions)


def _frechet_latex(count: int) -> str:
    k = count - 1
    order = "" if k == 1 else f"^{{{k}}}"
    directions = ", ".join(f"<{i}>" for i in range(1, k + 1))
    return rf"\mathrm{{D}}{order}\exp\left(<0>\right)\left[{directions}\right]"


def _frechet_numpy(count: int) -> str:
    k = count - 1
    if k == 1:
        return "scipy.linalg.expm_frechet({0}, {1}, compute_expm=False)"
    block = "{0}"
    for i in range(1, k + 1):
        larger = f"np.kron(np.eye({2 ** (i - 1)}), {{{i}}})" if i > 1 else "{1}"
        block = f"(lambda x: np.block([[x, {larger}], [np.zeros_like(x), x]]))({block})"
    return f"scipy.linalg.expm({block})[:len({{0}}), -len({{0}}):]"


OPERATIONS = (
    function(
        "eigenvalue", Eigenvalue, "n x n, integer -> 1 x 1",
        pull=lambda g, y, x, i: g * (eigenvector(y, x[0]) @ eigenvector(y, x[0]).T),
        push=lambda d, y, x, i: eigenvector(y, x[0]).T @ d @ eigenvector(y, x[0]),
        example="eigval(A*A', 2)", source="Magnus 1985, theorem 1, MC (67)",
        holds="eigenvalue {y.args[1]} of {x} is simple", arguments=symmetric_argument,
        text="eigval", latex=r"\lambda_{<1>}\left(<0>\right)", numpy="np.linalg.eigvalsh({0})[{1} - 1]",
        scalar=lambda x, i: x,
    ),
    function(
        "eigenvector", Eigenvector, "n x n, integer -> n x 1",
        pull=lambda g, y, x, i: reduced(y, x[0], g) @ y.T,
        push=lambda d, y, x, i: reduced(y, x[0], d @ y),
        example="eigvec(A*A', 2)", source="Magnus 1985, theorem 1, MC (68)",
        holds="eigenvalue {y.args[1]} of {x} is simple", arguments=symmetric_argument,
        text="eigvec", latex=r"v_{<1>}\left(<0>\right)",
        numpy="(lambda v: v*np.sign(v[np.argmax(np.abs(v) > 0.9*np.abs(v).max())]))"
        "(np.linalg.eigh({0})[1][:, [{1} - 1]])",
        scalar=lambda x, i: S.One,
    ),
    function(
        "matrix exponential", Expm, "n x n -> n x n",
        pull=lambda g, y, x, i: frechet(x[0].T, [g]),
        push=lambda d, y, x, i: frechet(x[0], [d]),
        example="expm(A*B)", source="Higham 2008, (10.15)",
        text="expm", latex=r"\mathrm{e}^{<0>}", numpy="scipy.linalg.expm({0})", tidy=algebra.expm, scalar=exp,
        symmetric="argument",
    ),
    function(
        "derivative of the matrix exponential", ExpmFrechet, "n x n, n x n, ... -> n x n",
        pull=frechet_pull, push=frechet_push,
        example="dexpm(A*A', B)", source="Higham and Relton 2014, (3.1)",
        text="dexpm", latex=_frechet_latex, numpy=_frechet_numpy, build=_frechet, tidy=algebra.frechet,
        scalar=_frechet,
    ),
)  # fmt: skip
