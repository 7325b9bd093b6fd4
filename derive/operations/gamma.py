"""The logarithm of the gamma function and its derivatives, entry by entry."""

from __future__ import annotations

from collections.abc import Callable

from sympy import Expr, S, log, pi

from derive.expression import algebra
from derive.expression.algebra import M
from derive.expression.elementwise import made
from derive.operations.entries import entrywise
from derive.operations.formulas import apply, entry_sum, lower
from derive.operations.rows import written

_HEADS = [made(word) for word in ("lgamma", "digamma", "trigamma", "tetragamma", "pentagamma")]
_HOLDS = "no entry of {x} is zero or a negative whole number"
_NAMES = ("logarithm of the gamma function", "digamma function", "trigamma function", "tetragamma function")
_SCIPY = ("scipy.special.gammaln({0})", "scipy.special.digamma({0})", "scipy.special.zeta(2, {0})",
          "(-2*scipy.special.zeta(3, {0}))", "(6*scipy.special.zeta(4, {0}))")  # fmt: skip
_TORCH = ("torch.lgamma({0})", "torch.digamma({0})", "torch.polygamma(1, {0})", "torch.polygamma(2, {0})",
          "torch.polygamma(3, {0})")  # fmt: skip
_OCTAVE = ("gammaln({0})", "psi({0})", "psi(1, {0})", "psi(2, {0})", "psi(3, {0})")
_LATEX = (r"\log\Gamma", r"\psi", r"\psi^{(1)}", r"\psi^{(2)}", r"\psi^{(3)}")


def _next(k: int) -> Callable[[M, M], M]:
    return lambda x, y: apply(_HEADS[k + 1], x)


def _multivariate(a: M, p: M) -> M:
    """Return log Gamma_p(a) = p (p - 1)/4 log(pi) + sum_j log Gamma(a + (1 - j)/2) (Muirhead 1982, theorem 2.1.12)."""
    ones = M(algebra.ones((p.e, S.One)))
    count: Expr = (lower(p.e) @ ones).e
    arguments = a * ones + (ones - M(count)) / 2
    return M(p.e * (p.e - 1) / 4 * log(pi)) + entry_sum(apply(_HEADS[0], arguments))


OPERATIONS = (
    *[
        entrywise(
            _NAMES[k], _HEADS[k], _next(k), "DLMF 5.15", f"{head.__name__}(exp(A))",
            kernel=head.__name__, latex=rf"{_LATEX[k]}\left(<0>\right)", numpy=_SCIPY[k], torch=_TORCH[k],
            octave=_OCTAVE[k], holds=_HOLDS,
        )
        for k, head in enumerate(_HEADS[:-1])
    ],
    entrywise(
        "pentagamma function", _HEADS[-1], None, "DLMF 5.15", "pentagamma(exp(A))", kernel="pentagamma",
        latex=rf"{_LATEX[-1]}\left(<0>\right)", numpy=_SCIPY[-1], torch=_TORCH[-1], octave=_OCTAVE[-1], holds=_HOLDS,
    ),
    written("lmvgamma", "1 x 1, n -> 1 x 1", "Muirhead 1982, theorem 2.1.12", _multivariate, "lmvgamma(tr(A), 3)"),
)  # fmt: skip
