"""Terms in index notation, in LaTeX and in the text language: Σ_ij A_ij E[x_i x_j], sum[i, j](A[i, j]*E[x[i]*x[j]])."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

from sympy import Expr, MatrixSymbol, Symbol

from derive.language.latex import latex
from derive.language.text import to_text
from derive.moments.distributions import Part
from derive.moments.nets import Factor, Index, Term

_LETTERS = "ijklpqrstuvwabcdefgh"
_OPERATORS = {"expectation": "E", "variance": "Var", "covariance": "Cov"}
#: The number of terms after which a line goes on with dots.
MOST_TERMS = 12


@dataclass
class Notation:
    """One way to write the terms of a calculation; letters for the indices are given in the order in which they are met."""

    free: tuple[Index, Index]
    plain: bool = False
    letters: dict[int, str] = field(default_factory=dict)

    def __post_init__(self) -> None:
        for i in self.free:
            if i is not None:
                self._letter(i)

    def _letter(self, i: int) -> str:
        if i not in self.letters:
            left = [c for c in _LETTERS if c not in self.letters.values()]
            self.letters[i] = left[0] if left else f"i_{len(self.letters)}"
        return self.letters[i]

    def _indices(self, indices: Sequence[int]) -> str:
        return (", " if self.plain else "").join(map(self._letter, indices))

    def expression(self, e: Expr) -> str:
        """Return a matrix expression."""
        return to_text(e) if self.plain else latex(e)

    def left(self, kind: str, expressions: Sequence[Expr], over: Sequence[str] = ()) -> str:
        """Return the quantity that is derived: E[...], Var[...], Cov[..., ...]; `over` are the indices of an entry."""
        return self._operator(_OPERATORS[kind], ", ".join(self._entry(e, over) for e in expressions))

    def _entry(self, e: Expr, over: Sequence[str]) -> str:
        name = self.expression(e)
        if not over:
            return name
        if not isinstance(e, Symbol | MatrixSymbol):
            name = f"({name})" if self.plain else rf"\left({name}\right)"
        return f"{name}[{', '.join(over)}]" if self.plain else f"{name}_{{{''.join(over)}}}"

    def _operator(self, name: str, inside: str) -> str:
        return f"{name}[{inside}]" if self.plain else rf"\mathrm{{{name}}}\left[{inside}\right]"

    def factor(self, f: Factor) -> str:
        """Return an entry of an array."""
        name = self.expression(f.array)
        if not f.indices:
            return name
        if not isinstance(f.array, Symbol | MatrixSymbol):
            name = f"({name})" if self.plain else rf"\left({name}\right)"
        return (
            f"{name}[{self._indices(f.indices)}]" if self.plain else f"{name}_{{{self._indices(f.indices)}}}"
        )

    def _joined(self, factors: Sequence[str]) -> str:
        return ("*" if self.plain else r"\,").join(factors)

    def product(self, coefficient: Expr, factors: Sequence[Factor], *after: str) -> str:
        """Return a scalar times entries, and further factors that are written already."""
        shown = [*map(self.factor, factors), *(a for a in after if a)]
        if coefficient == -1 and shown:
            return "-" + self._joined(shown)
        if coefficient != 1 or not shown:
            number = self.expression(coefficient)
            bracket = f"({number})" if self.plain else rf"\left({number}\right)"
            shown.insert(0, bracket if coefficient.is_Add and shown else number)
        return self._joined(shown)

    def moment(self, factors: Sequence[Factor], groups: Sequence[int] | None) -> str:
        """Return E[...] of a product of entries, or Cov[..., ...] of two."""
        if groups is None:
            return self._operator("E", self._joined([*map(self.factor, factors)]))
        sides = [
            self._joined([self.factor(f) for f, g in zip(factors, groups, strict=True) if g == side])
            for side in (0, 1)
        ]
        return self._operator("Cov", ", ".join(sides))

    def summed(self, term: Term, groups: Sequence[int] | None = None) -> str:
        """Return a term with the expectation (or covariance) of its random factors, summed over its indices."""
        used = [i for f in (*term.known, *term.random) for i in f.indices]
        over = [i for i in dict.fromkeys(used) if i not in self.free]
        inner = self.product(
            term.coefficient, term.known, self.moment(term.random, groups) if term.random else ""
        )
        if not over:
            return inner
        return (
            f"sum[{self._indices(over)}]({inner})"
            if self.plain
            else rf"\sum_{{{self._indices(over)}}} {inner}"
        )

    def total(self, terms: Sequence[Term]) -> str:
        """Return a sum of terms with the expectations of their random factors."""
        return self._sum([self.summed(term) for term in terms[:MOST_TERMS]], len(terms))

    def covariances(self, terms: Sequence[Term], groups: Sequence[Sequence[int]]) -> str:
        """Return a sum of terms with the covariances of the two groups of their random factors."""
        shown = [self.summed(t, g) for t, g in zip(terms[:MOST_TERMS], groups, strict=False)]
        return self._sum(shown, len(terms))

    def parts(self, parts: Sequence[Part]) -> str:
        """Return a moment as a sum of products of cumulants; equal indices are written with a delta."""
        shown = []
        for part in parts[:MOST_TERMS]:
            pairs = [(i, j) for i, j in part.equal if i != j]
            delta = "delta[{0}]" if self.plain else r"\delta_{{{0}}}"
            shown.append(
                self.product(part.coefficient, part.factors, *[delta.format(self._indices(p)) for p in pairs])
            )
        return self._sum(shown, len(parts)) if shown else "0"

    def _sum(self, shown: Sequence[str], count: int) -> str:
        if not shown:
            return "0"
        out = shown[0]
        for s in shown[1:]:
            out += f" - {s[1:]}" if s.startswith("-") else f" + {s}"
        more = " + ..." if self.plain else r" + \dots"
        return out + (more if count > len(shown) else "")
