"""Equations of the Matrix Cookbook as they are commonly remembered, refuted, and their corrected forms, certified.

    python -m verify.errata

Petersen and Pedersen, "The Matrix Cookbook", version of 15 November 2012, section 2.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from dataclasses import dataclass

from verify.claims import check_claim
from verify.verdict import Verdict


@dataclass(frozen=True)
class Erratum:
    """A gradient as remembered and as corrected, in the text language; `slip` says what went wrong.

    `where` and `assume` hold for the remembered formula, `corrected_where` and `corrected_assume` for the other.
    """

    equation: str
    slip: str
    expr: str
    wrt: str
    remembered: str
    corrected: str
    where: str
    assume: str = ""
    corrected_where: str = ""
    corrected_assume: str = ""

    def check_remembered(self, seed: int = 0) -> Verdict:
        """Return the verdict on the formula as remembered."""
        return check_claim(
            self.expr, self.wrt, self.remembered, where=self.where, assume=self.assume, seed=seed
        )

    def check_corrected(self, seed: int = 0) -> Verdict:
        """Return the verdict on the corrected formula."""
        where, assume = self.corrected_where or self.where, self.corrected_assume or self.assume
        return check_claim(self.expr, self.wrt, self.corrected, where=where, assume=assume, seed=seed)


def _product(*factors: tuple[str, int]) -> str:
    """Return the product of powers, in the text language."""
    base = {"X'": "(X')"}
    return "*".join(name if k == 1 else f"{base.get(name, name)}^{k}" for name, k in factors if k)


def _equation_92(n: int) -> Erratum:
    def terms(corrected: bool) -> Iterator[str]:
        for r in range(n):
            low, high = n - 1 - r, n
            if corrected:
                yield _product(("X'", r), ("X", high), ("b*a'", 1), ("X'", low))
            else:
                yield _product(("X", low), ("a*b'", 1), ("X'", high), ("X", r))
            yield _product(("X'", r), ("X", high), ("a*b'", 1), ("X'", low))

    return Erratum(
        equation=f"(92), n = {n}",
        slip="the first summand is not transposed",
        expr=f"a'*(X^{n})'*X^{n}*b",
        wrt="X",
        remembered=" + ".join(terms(False)),
        corrected=" + ".join(terms(True)),
        where="X: n x n, a: n, b: n",
    )


_GRADIENT_95 = "2*A'*A*x/(x'*{}*B*x) - 2*x'*A'*A*x*B'*B*x/(x'*B'*B*x)^2"
_GRADIENT_127 = "-2*C*X*inv(A + X'*C*X)*X'*B*X*inv(A + X'*C*X) + 2*B*X*inv(A + X'*C*X)"

ERRATA: tuple[Erratum, ...] = (
    _equation_92(2),
    _equation_92(3),
    Erratum(
        equation="(95)",
        slip="B*B stands where B'*B is meant, in the first denominator",
        expr="(A*x)'*(A*x)/((B*x)'*(B*x))",
        wrt="x",
        remembered=_GRADIENT_95.format("B"),
        corrected=_GRADIENT_95.format("B'"),
        where="A: m x n, B: n x n, x: n",
        corrected_where="A: m x n, B: k x n, x: n",
    ),
    Erratum(
        equation="(127)",
        slip="B and C are symmetric, and nothing is said of A",
        expr="tr(inv(A + X'*C*X)*(X'*B*X))",
        wrt="X",
        remembered=_GRADIENT_127,
        corrected=_GRADIENT_127,
        where="X: n x k, A: k x k, B: n x n, C: n x n",
        assume="symmetric(B), symmetric(C)",
        corrected_assume="symmetric(A), symmetric(B), symmetric(C)",
    ),
)


def main() -> int:
    """Print both verdicts on every equation; return 0 if all remembered forms fall and all corrected ones stand."""
    as_expected = True
    for erratum in ERRATA:
        wrong, right = erratum.check_remembered(), erratum.check_corrected()
        as_expected &= wrong.verdict == "refuted" and bool(right)
        print(f"{erratum.equation}: the gradient of {erratum.expr} by {erratum.wrt}")
        print(f"  remembered: {erratum.remembered}")
        print(f"    {wrong.verdict}: {erratum.slip}")
        print(f"    {wrong.counterexample}")
        print(f"    diagnosis: {wrong.diagnosis}")
        print(f"  corrected: {erratum.corrected}")
        if erratum.corrected_assume:
            print(f"    with {erratum.corrected_assume}")
        print(f"    {right.verdict}: " + "; ".join(f"{e.method}: {e.figure}" for e in right.evidence))
    return 0 if as_expected else 1


if __name__ == "__main__":
    sys.exit(main())
