"""Inverses, and what Cramer's rule makes of them: determinants and adjugates."""

from __future__ import annotations

from sympy import Abs, Determinant, Inverse, S, log

from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.elementwise import elementwise
from derive.expression.functions import Adjugate, LogDet, PseudoInverse
from derive.operations.entries import function
from derive.operations.formulas import adjugate_push, inner, inv, pinv_pull, pinv_push, tr

#: adj(U S V) = det(U) det(V) V' adj(S) U' (Stewart 1998), which singular matrices have too.
_BY_SVD = (
    "(lambda u, s, v: np.linalg.det(u)*np.linalg.det(v)*(v.T*np.where(np.eye(len(s)) == 1, 1, s).prod(1)) @ u.T)"
    "(*np.linalg.svd({0}))"
)
_BY_SVD_IN_TORCH = (
    "(lambda u, s, v: torch.linalg.det(u)*torch.linalg.det(v)*(v.T*torch.where(torch.eye(len(s), device=device) == 1, 1, s)"
    ".prod(1)) @ u.T)(*torch.linalg.svd({0}))"
)
_BY_SVD_IN_OCTAVE = (
    "(@(c) det(c{{1}})*det(c{{3}})*(c{{3}}.*arrayfun(@(k) prod(diag(c{{2}})([1:k - 1, k + 1:end])), 1:rows(c{{2}})))*c{{1}}')"
    "(nthargout(1:3, @svd, {0}))"
)


def _adj(x: M) -> M:
    """Return the adjugate, which singular matrices have too."""
    return M(Adjugate(x.e))


OPERATIONS = (
    function(
        "inverse", Inverse, "n x n -> n x n",
        pull=lambda g, y, x, i: -(y.T @ g @ y.T),
        push=lambda d, y, x, i: -(y @ d @ y),
        example="inv(A*B)", source="Giles (2.2.3), MC (40)", holds="{x} is invertible",
        arguments=lambda y: (y.arg,),
        text="inv", numpy="np.linalg.inv({0})", tidy=algebra.inv, scalar=lambda c: 1 / c, symmetric="argument",
        diagonal="argument",
    ),
    function(
        "determinant of a singular matrix", Determinant, "n x n -> 1 x 1",
        pull=lambda g, y, x, i: g * _adj(x[0]).T,
        push=lambda d, y, x, i: tr(_adj(x[0]) @ d),
        example="det(x*y')", source="Jacobi; MC (42)", when=lambda y: algebra.has_low_rank(y.arg),
    ),
    function(
        "determinant", Determinant, "n x n -> 1 x 1",
        pull=lambda g, y, x, i: g * y * inv(x[0]).T,
        push=lambda d, y, x, i: y * tr(inv(x[0]) @ d),
        example="det(A*B)", source="Jacobi; Giles (2.2.4), MC (42), (49)", holds="{x} is invertible",
        text="det", latex=r"\det\left(<0>\right)", numpy="np.linalg.det({0})", tidy=algebra.det,
        scalar=lambda c: c, positive="posdef",
    ),
    function(
        "log-determinant", LogDet, "n x n -> 1 x 1",
        pull=lambda g, y, x, i: g * inv(x[0]).T,
        push=lambda d, y, x, i: tr(inv(x[0]) @ d),
        example="logdet(A*B)", source="MC (43), (57)", holds="{x} is invertible",
        definition=lambda x: M(log(Abs(Determinant(x.e), evaluate=False), evaluate=False)),
        text="logdet", latex=r"\log \left|\det [0]\right|", numpy="np.linalg.slogdet({0})[1]",
        scalar=lambda c: log(c if algebra.is_nonnegative(c) else elementwise(Abs, c)),
    ),
    function(
        "adjugate", Adjugate, "n x n -> n x n",
        pull=lambda g, y, x, i: inner(y, g) * inv(x[0]).T - inv(x[0]).T @ g @ y.T,
        push=adjugate_push,
        example="adj(A*B)", source="adj X = det(X) inv(X)", holds="{x} is invertible",
        definition=lambda x: M(Determinant(x.e)) * M(Inverse(x.e)),
        text="adj", numpy=_BY_SVD, torch=_BY_SVD_IN_TORCH, octave=_BY_SVD_IN_OCTAVE, scalar=lambda c: S.One,
        symmetric="argument",
    ),
    function(
        "pseudo-inverse", PseudoInverse, "m x n -> n x m",
        pull=pinv_pull, push=pinv_push,
        example="pinv(A)", source="Golub and Pereyra 1973, (4.12)", holds="{x} has full rank",
        text="pinv", latex=r"[0]^{+}", numpy="np.linalg.pinv({0})", tidy=algebra.pinv, scalar=lambda c: 1 / c,
        symmetric="argument",
    ),
)  # fmt: skip
