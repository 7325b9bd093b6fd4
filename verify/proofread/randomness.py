r"""What a document says of random variables: means, variances, distributions, and what is independent of what.

It is said by prose ("independent with mean zero and variance $σ²$"), by `X_i \sim \mathcal N(\mu, \sigma^2)`, and by lines
such as `E[X_i] = \mu`, which assume what they say where it is said for the first time. A variable with an index is an array
of independent entries, unless only its mean and variance are given.
"""

from __future__ import annotations

import re
from collections.abc import Iterable
from dataclasses import dataclass, field, replace

from sympy import Integer

from derive.errors import InputError
from derive.language.formula import Notation, parse
from derive.language.pratt import Vocabulary
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS
from verify.proofread.facts import Fact
from verify.proofread.lines import Line
from verify.proofread.symbols import INDICES, Symbol, base_of

#: Letters of distributions -> family, and the number of its parameters.
_FAMILIES = {
    "n": ("normal", 2), "normal": ("normal", 2), "gaussian": ("normal", 2), "u": ("uniform", 2), "unif": ("uniform", 2),
    "uniform": ("uniform", 2), "bern": ("bernoulli", 1), "bernoulli": ("bernoulli", 1), "exp": ("exponential", 1),
    "ber": ("bernoulli", 1), "poisson": ("poisson", 1), "laplace": ("laplace", 2), "gamma": ("gamma", 2),
}  # fmt: skip
_DRAWN = re.compile(
    r"^(?:\\(?:mathcal|mathrm|text|operatorname|mathbb|mathsf|rm|mathscr)\s*)?\{?\s*(?P<family>[A-Za-z]+)\s*\}?(?:_\{?\w\}?)?"
    r"\s*(?:\\left|\\[bB]igg?l?)?\s*[(\[](?P<given>.*?)(?:\\right|\\[bB]igg?r?)?\s*[)\]]\s*\.?$",
    re.DOTALL,
)
_INDEXED = re.compile(r"^(?P<base>\w+?)_\{?(?P<index>[A-Za-z]\w?)\}?$")


@dataclass
class Randomness:
    """Means and variances as trees, families with their parameters, arrays of entries, and sets that are independent."""

    means: dict[str, Tree] = field(default_factory=dict)
    spreads: dict[str, Tree] = field(default_factory=dict)
    families: dict[str, tuple[str, tuple[Tree, ...]]] = field(default_factory=dict)
    covariances: dict[tuple[str, str], Tree] = field(default_factory=dict)
    entries: set[str] = field(default_factory=set)
    plain: set[str] = field(default_factory=set)
    independent: list[frozenset[str]] = field(default_factory=list)
    all_independent: bool = False
    lengths: dict[str, str] = field(default_factory=dict)

    @property
    def names(self) -> set[str]:
        """Return the names that are random."""
        grouped = frozenset().union(*self.independent)
        return {*self.means, *self.spreads, *self.families, *self.entries, *grouped, *self.plain}

    @property
    def trees(self) -> list[Tree]:
        """Return the parameters."""
        given = [t for _, parameters in self.families.values() for t in parameters]
        return [*self.means.values(), *self.spreads.values(), *given, *self.covariances.values()]

    def is_independent(self, name: str) -> bool:
        """Tell whether the entries of an array are said to be independent."""
        return self.all_independent or name in self.families or any(name in g for g in self.independent)

    # ---------------------------------------------------------------------------------------- reading

    def add_facts(self, facts: Iterable[Fact]) -> None:
        """Take down what prose says."""
        for fact in facts:
            names = [n for s in fact.subjects if (n := self._name(s, fact.kind)) is not None]
            if fact.kind in ("independent", "iid", "uncorrelated") and not names:
                self.all_independent = True
            elif fact.kind in ("independent", "iid"):
                self.independent.append(frozenset(names))
            for name in names:
                self._fact(fact, name)

    def _fact(self, fact: Fact, name: str) -> None:
        if fact.kind in ("zero_mean", "standard_normal"):
            self.means.setdefault(name, _number(0))
        if fact.kind in ("unit_variance", "standard_normal"):
            self.spreads.setdefault(name, _number(1))
        if fact.kind == "standard_normal":
            self.families.setdefault(name, ("normal", (_number(0), _number(1))))
        if fact.kind in ("mean", "variance", "covariance"):
            tree = _read(fact.value, "auto" if fact.plain else "latex")
            if tree is not None:
                (self.means if fact.kind == "mean" else self.spreads).setdefault(name, tree)

    def _name(self, source: str, kind: str = "") -> str | None:
        tree = _read(source)
        if tree is None or tree.op not in ("name", "sub"):
            return None
        name = str(tree.value)
        hit = _INDEXED.match(name)
        if kind and hit is not None:
            base = base_of_entry(tree) or hit["base"]
            if kind in (
                "independent",
                "iid",
                "zero_mean",
                "mean",
                "variance",
                "unit_variance",
                "standard_normal",
            ):
                self.entries.add(base)
            if len(hit["index"]) == 1 and hit["index"] not in INDICES:
                self.lengths.setdefault(base, hit["index"])
            return base
        numbered = re.match(r"^(\w+)_\d$", name)
        if numbered and numbered[1] in self.entries:
            return numbered[1]
        return name

    def add_lines(self, lines: Iterable[Line]) -> None:
        r"""Take down what lines such as `X \sim \mathcal N(0, 1)` say."""
        for line in lines:
            for left, right in zip(line.sides, line.sides[1:], strict=False):
                hit = _DRAWN.match(right.source.strip()) if right.relation == "∼" else None
                if right.relation == "∼":
                    parts = re.split(r",(?![^{(\[]*[})\]])", left.source)
                    for name in [
                        n for p in reversed(parts) if (n := self._name(p.strip(), "iid")) is not None
                    ]:
                        self.plain.add(name)
                        if hit is not None:
                            self._drawn(name, hit)

    def _drawn(self, name: str, hit: re.Match[str]) -> None:
        family, count = _FAMILIES.get(hit["family"].lower(), ("", 0))
        parts = _parameters(hit["given"])
        spelled = any(re.search(r"(?<!\\)[A-Za-z]{3,}", p) for p in parts)  # sigma, lambda: no LaTeX
        trees = [_read(p, "auto" if spelled else "latex") for p in parts]
        if not family or len(trees) != count or any(t is None for t in trees):
            return
        given = tuple(t for t in trees if t is not None)
        if family == "normal":
            self.means.setdefault(name, given[0])
            self.spreads.setdefault(name, given[1])
        self.families.setdefault(name, (family, given))

    # ----------------------------------------------------------------------------------- lines that say

    def says(
        self, symbol: Symbol, start: Tree, right: Tree, moments: Iterable[str], defined: Iterable[str]
    ) -> bool:
        """Take down a line that says the moment of a variable for the first time; tell whether it is one."""
        names = [base_of(t) for t in symbol.what]
        if (
            not all(names)
            or set(names) & set(defined)
            or not all(t.op in ("name", "sub") for t in symbol.what)
        ):
            return False
        if spoken(right) & ({*moments} | {*names} | (self.names - {*self._parameters()})):
            return False
        if symbol.kind == "cov" and len(set(names)) == 2:
            self.covariances.setdefault((names[0], names[1]), replace(right))
            self.plain |= set(names)
            return True
        table = self.means if symbol.kind == "expect" else self.spreads
        (name,) = set(names)
        if name in table or name in self.families or name.removesuffix("bar") in self.entries - {name}:
            return False
        table[name] = replace(right)
        if symbol.over:
            self.entries.add(name)
        return True

    def _parameters(self) -> set[str]:
        return {n for t in self.trees for n in spoken(t)}


def spoken(tree: Tree) -> set[str]:
    """Return the names in a tree, an entry's by its array, another subscript's as a whole: not w of sigma_w."""
    if tree.op == "sub":
        return {str(tree.value), base_of(tree)}
    if tree.op == "name":
        return {str(tree.value)}
    return {n for a in tree.args for n in spoken(a)}


def base_of_entry(tree: Tree) -> str:
    """Return the name of the array of which a tree is an entry."""
    return str(tree.args[0].value) if tree.op in ("sub", "index") and tree.args[0].op == "name" else ""


def _number(value: int) -> Tree:
    return Tree("number", [], 0, 0, Integer(value))


def _read(source: str, notation: Notation = "auto") -> Tree | None:
    try:
        return parse(source, notation, scope=Vocabulary(functions=FUNCTIONS, document=True))
    except (InputError, RecursionError):
        return None


def _parameters(text: str) -> list[str]:
    parts, depth, begin = [], 0, 0
    for k, c in enumerate(text):
        depth += (c in "([{") - (c in ")]}")
        if c in ",;" and depth == 0:
            parts.append(text[begin:k])
            begin = k + 1
    return [p.strip() for p in [*parts, text[begin:]] if p.strip()]
