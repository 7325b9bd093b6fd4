"""Terms in index notation as LaTeX: Σ_{ij} A_{ij} E[x_i x_j]."""

from __future__ import annotations

from collections.abc import Sequence

from sympy import Expr, MatrixSymbol, Symbol

from derive.language.latex import latex
from derive.moments.distributions import Part
from derive.moments.nets import Factor, Index, Indices, Term

_LETTERS = "ijklpqrstuvwabcdefgh"
#: What is longer is given in words.
MOST_TERMS = 12


class Notation:
    """Letters for the indices of one calculation, in the order in which they are met."""

    def __init__(self, indices: Indices, free: tuple[Index, Index]) -> None:
        self.indices, self.free = indices, [i for i in free if i is not None]
        self.letters: dict[int, str] = {}
        for i in self.free:
            self._letter(i)

    def _letter(self, i: int) -> str:
        if i not in self.letters:
            n = len(self.letters)
            self.letters[i] = _LETTERS[n] if n < len(_LETTERS) else f"i_{{{n}}}"
        return self.letters[i]

    def factor(self, f: Factor) -> str:
        """Return an entry of an array."""
        name = latex(f.array)
        if not f.indices:
            return name
        if not isinstance(f.array, Symbol | MatrixSymbol):
            name = rf"\left({name}\right)"
        return f"{name}_{{{''.join(map(self._letter, f.indices))}}}"

    def product(self, coefficient: Expr, factors: Sequence[Factor], after: str = "") -> str:
        """Return a scalar times entries."""
        parts = [self.factor(f) for f in factors]
        if after:
            parts.append(after)
        if coefficient == -1 and parts:
            return "-" + r"\,".join(parts)
        if coefficient != 1 or not parts:
            number = latex(coefficient)
            parts.insert(0, rf"\left({number}\right)" if coefficient.is_Add and parts else number)
        return r"\,".join(parts)

    def moment(self, factors: Sequence[Factor], groups: Sequence[int] | None) -> str:
        """Return E[...] of a product of entries, or Cov(..., ...) of two."""
        if groups is None:
            inside = r"\,".join(map(self.factor, factors))
            return rf"\mathrm{{E}}\left[{inside}\right]"
        sides = [
            r"\,".join(self.factor(f) for f, g in zip(factors, groups, strict=True) if g == side)
            for side in (0, 1)
        ]
        return rf"\mathrm{{Cov}}\left({sides[0]}, {sides[1]}\right)"

    def summed(self, term: Term, inner: str) -> str:
        """Return the sum over the indices that are not free of a term with its moment."""
        used = [i for f in (*term.known, *term.random) for i in f.indices]
        over = [self._letter(i) for i in dict.fromkeys(used) if i not in self.free]
        sign = rf"\sum_{{{''.join(over)}}} " if over else ""
        return sign + self.product(term.coefficient, term.known, inner)

    def sum_of(self, terms: Sequence[Term], operator: str) -> str:
        """Return a sum of terms with the operator on their random factors."""
        shown = []
        for term in terms[:MOST_TERMS]:
            shown.append(self.summed(term, self.moment(term.random, None) if term.random else ""))
        return _joined(shown) + (r" + \dots" if len(terms) > MOST_TERMS else "")

    def parts(self, parts: Sequence[Part]) -> str:
        """Return a moment as a sum of products of cumulants; equal indices are written with a delta."""
        shown = []
        for part in parts[:MOST_TERMS]:
            deltas = "".join(
                rf"\,\delta_{{{self._letter(i)}{self._letter(j)}}}" for i, j in part.equal if i != j
            )
            shown.append(self.product(part.coefficient, part.factors) + deltas)
        return (_joined(shown) if shown else "0") + (r" + \dots" if len(parts) > MOST_TERMS else "")


def _joined(shown: Sequence[str]) -> str:
    if not shown:
        return "0"
    return shown[0] + "".join(s if s.startswith("-") else f" + {s}" for s in shown[1:])
