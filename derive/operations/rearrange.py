"""Rearrangements of entries, all of them linear."""

from __future__ import annotations

from sympy import DiagMatrix, Expr, Transpose
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive.expression import algebra
from derive.expression.algebra import M, blocks
from derive.expression.functions import Above, Blocks, Commutation, Reshape, Selection, Toeplitz, Vec
from derive.expression.operation import Operation
from derive.operations.entries import function
from derive.operations.formulas import diag, vec


def _diag(x: Expr) -> Expr:
    return DiagMatrix(x) if x.shape[1] == 1 else DiagonalOf(x)


def _reshape(x: Expr, rows: Expr, columns: Expr) -> Expr:
    return Reshape(x, rows, columns) if (rows, columns) != (1, 1) else algebra.trace(x)


VECH = function(
    "half-vectorisation", "vech", "n x n -> n(n+1)/2 x 1",
    pull=lambda g, y, x, i: M(UNVECH.head(g.e, x[0].shape[0])),
    push="linear",
    example="vech(A*B)", source="Magnus and Neudecker 2019, 3.8: the columns on and below the diagonal; linearity",
    kernel="vech", scalar=lambda c: c,
    numpy="{0}.T[np.triu_indices(len({0}))][:, None]",
    torch="{0}.T[tuple(torch.triu_indices(len({0}), len({0})))][:, None]",
    octave="{0}(tril(true(size({0}))))",
)  # fmt: skip
UNVECH: Operation = function(
    "lower triangular matrix of a half-vectorisation", "unvech", "n(n+1)/2 x 1, n -> n x n",
    pull=lambda g, y, x, i: M(VECH.head(g.e)),
    push="linear",
    example="unvech(vech(A), n)", source="the adjoint of vech", arguments=lambda y: y.args[:1], kernel="unvech",
    numpy="(lambda x, l: (l.__setitem__(np.triu_indices(len(l)), x.ravel()), l.T)[1])({0}, np.zeros(({1}, {1})))",
    jax="jnp.zeros(({1}, {1}), {0}.dtype).at[jnp.triu_indices({1})].set({0}.ravel()).T",
    torch="torch.zeros({1}, {1}, dtype={0}.dtype).index_put(tuple(torch.triu_indices({1}, {1})), {0}.flatten()).T",
    octave="reshape(full(sparse(find(tril(true({1}))), 1, {0}, {1}*{1}, 1)), {1}, {1})",
)  # fmt: skip

OPERATIONS = (
    VECH, UNVECH,
    Operation(
        "transpose", Transpose,
        pull=lambda g, y, x, i: g.T,
        push="linear",
        example="A'", source="MC (44)",
        tidy=algebra.t, symmetric="argument", diagonal="argument", positive="argument",
    ),
    function(
        "vec", Vec, "m x n -> n*m x 1",
        pull=lambda g, y, x, i: M(algebra.unvec(g.e, *x[0].shape)),
        push="linear",
        source="Magnus and Neudecker, 2.4",
        text="vec", numpy="{0}.reshape(-1, 1, order='F')", tidy=algebra.vec, scalar=lambda c: c,
    ),
    function(
        "reshape", Reshape, "n*m x 1, m, n -> m x n",
        pull=lambda g, y, x, i: vec(g),
        push="linear",
        example="reshape(x, 2, 3)", source="the inverse of vec",
        arguments=lambda y: y.args[:1], text="reshape",
        latex=r"\operatorname{reshape}_{<1> \times <2>}\left(<0>\right)",
        numpy="{0}.reshape({1}, {2}, order='F')", build=_reshape, tidy=algebra.unvec,
    ),
    function(
        "diagonal matrix", DiagMatrix, "n x 1 -> n x n",
        pull=lambda g, y, x, i: diag(g),
        push="linear",
        example="diag(x)", source="linearity",
        text="diag", numpy="np.diagflat({0})", build=_diag, tidy=algebra.diag, scalar=lambda c: c,
        symmetric="always", diagonal="always",
    ),
    function(
        "diagonal", DiagonalOf, "n x n -> n x 1",
        pull=lambda g, y, x, i: diag(g),
        push="linear",
        example="diag(A*B)", source="linearity",
        text="diag", numpy="np.diagonal({0}).reshape(-1, 1)", build=_diag, tidy=algebra.diag, scalar=lambda c: c,
    ),
    function(
        "sums along diagonals", Toeplitz, "n x n -> n x n",
        pull=lambda g, y, x, i: M(algebra.toeplitz(g.e)),
        push="linear",
        example="toeplitz(A*B)", source="linearity, MC (143)",
        text="toeplitz",
        numpy="(lambda x: scipy.linalg.toeplitz([np.trace(x, -k) for k in range(len(x))],"
        " [np.trace(x, k) for k in range(len(x))]))({0})",
        torch="(lambda x, i: x.new_zeros(2*len(x)).index_add(0, i.flatten(), x.flatten())[i])"
        "({0}, torch.arange(len({0}), device=device)[:, None] - torch.arange(len({0}), device=device) + len({0}))",
        octave="(@(x) toeplitz(arrayfun(@(k) sum(diag(x, -k)), 0:rows(x) - 1), arrayfun(@(k) sum(diag(x, k)), 0:rows(x) - 1)))({0})",
        tidy=algebra.toeplitz, scalar=lambda c: c, symmetric="argument",
    ),
    Operation(
        "blocks", Blocks,
        pull=lambda g, y, x, i: M(blocks.block(g.e, y.e, i)),
        push=lambda d, y, x, i: M(blocks.put(d.e, y.e, i)),
        example="[A, B; C, D]", source="linearity",
        arguments=lambda y: y.args[1:], definition=lambda width, *parts: M(blocks.terms(Blocks(width.e, *[a.e for a in parts]))),
    ),
    function(
        "columns of the identity", Selection, "s, c, n -> n x c",
        example="eye(m)[:, 2]", source="a constant", arguments=lambda y: (), text="columns of eye",
        numpy="np.eye({2}, {1}, -{0})",
    ),
    function(
        "ones above the diagonal", Above, "n -> n x n",
        example="above(m)", source="a constant", arguments=lambda y: (), text="above",
        latex=r"U_{<0>}", numpy="np.triu(np.ones(({0}, {0})), 1)",
    ),
    function(
        "commutation matrix", Commutation, "m, n -> m*n x m*n",
        example="commutation(m, n)", source="a constant", arguments=lambda y: (), text="commutation",
        latex=r"K_{<args>}",
        numpy="np.eye({0}*{1}).reshape({1}, {0}, {0}*{1}).transpose(1, 0, 2).reshape({0}*{1}, {0}*{1})",
    ),
)  # fmt: skip
