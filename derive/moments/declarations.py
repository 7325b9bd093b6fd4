"""What `--where` says of random variables: "x ~ normal(m, S), independent(x, y), A: m x n".

Declarations of shapes stand beside those of distributions. Their parameters are expressions of the text language, read
together with the expression, so that shapes follow from either.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Expr, S

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.from_sympy.canonical import canonical
from derive.language.formula import parse as parse_tree
from derive.language.names import kind_of, read_assumptions, read_where
from derive.language.shapes import SCALAR, size_names
from derive.language.spelling import RESERVED
from derive.language.text import to_text
from derive.language.together import build
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS
from derive.moments.covariances import scale_names, symmetric_names
from derive.moments.distributions import Distribution, central_symbol, refuse_impossible
from derive.moments.model import Model
from derive.moments.said import NAME, Drawn, Said, sorted_out, split_outside
from derive.problem import Problem

_WORD = re.compile(NAME)
#: The places of covariance matrices among the parameters.
_COVARIANCES = {"normal": (1,), "given": (1,), "matrixnormal": (1, 2), "wishart": (0,)}


@dataclass(frozen=True)
class Reading:
    """Expressions with the model that they are read in.

    `over` are the free indices of entries that they are of, `before` the model before it was conditioned, where it was.
    """

    problem: Problem
    model: Model
    expressions: tuple[Expr, ...]
    notes: tuple[str, ...]
    over: tuple[str, ...] = ()
    before: Model | None = None


def read_moment(
    expressions: Iterable[str | Expr],
    where: str | Mapping[str, Any] | None,
    assume: str | Iterable[Any] | None = None,
) -> Reading:
    """Read expressions (text or SymPy) and what is declared of their variables.

    Raises InputError with what was expected, also where nothing is declared as random.
    """
    texts = [e if isinstance(e, str) else to_text(canonical(e)) for e in expressions]
    said = sorted_out(where)
    if not said.drawn:
        raise InputError(
            'nothing is declared as random: say how a variable is distributed, such as --where "x ~ normal(m, S)"'
        )
    return _Reader(texts, said, assume).read()


class _Reader:
    """Reads the expressions and the parameters in one scope: every text is a tree, and some have one shape."""

    def __init__(self, texts: list[str], said: Said, assume: str | Iterable[Any] | None) -> None:
        self.said, self.notes = said, list[str]()
        self.assume = [assume] if isinstance(assume, str) else list(assume or ())
        self.declared, self.stated = read_where(", ".join(said.shapes))
        if "I" not in self.declared and not any("I" in parse_tree(t).names() for t in texts):
            self._read_identity()
        self.text, self.trees = "", list[Tree]()
        self.same: list[tuple[int, int]] = []
        self.scalars: list[int] = []
        self.known: dict[str, int] = {}
        self.preferred: dict[str, str] = {}
        self.expressions, self.asked = [self._tree(t) for t in texts], len(texts)
        self.over = [free_indices(self.trees[k]) for k in self.expressions]
        # Cov(f[i], g[j]) is the covariance of two columns, with a row for every i and a column for every j.
        self.columns = len(set(self.over)) == 2 and [len(over) for over in self.over] == [1, 1]
        if len(set(self.over)) > 1 and not self.columns:
            raise InputError("the two expressions have different free indices: use one in each, or none")
        if self.over[0] and len(texts) > 1 and not self.columns:
            # One index runs over one size, in both.
            self.expressions.append(self._tree(" + ".join(f"({t})" for t in texts)))
            self.over.append(self.over[0])
        if len(self.over[0]) > 2:
            raise InputError(
                f"the entries {', '.join(self.over[0])} have more than two indices: no matrix has such entries"
            )

    def _read_identity(self) -> None:
        """Read I in covariances as the identity, which it is in `normal(0, I)` to whoever writes it."""
        for drawn in self._covarying():
            for k in _COVARIANCES[drawn.family]:
                written = re.sub(r"\bI\b", "eye", drawn.args[k])
                if written != drawn.args[k]:
                    self.notes.append(
                        f'I is read as the identity eye in {drawn.text}: --where "I: n x n" declares it'
                    )
                    drawn.args[k] = written

    def _covarying(self) -> list[Drawn]:
        """Return the declarations that have covariances among their parameters."""
        every = [d for top in self.said.drawn.values() for d in (top, *top.parts)]
        return [d for d in every if d.family in _COVARIANCES]

    def _tree(self, text: str) -> int:
        """Read a text into a tree, the same one for the same text, and return its number."""
        if text not in self.known:
            tree = parse_tree(text)
            for piece in tree.walk():
                piece.start, piece.end = piece.start + len(self.text), piece.end + len(self.text)
            self.text += text + "; "
            self.known[text] = len(self.trees)
            self.trees.append(tree)
        return self.known[text]

    def read(self) -> Reading:
        """Return the expressions and the model. Raises InputError."""
        self._prefer_scales()
        for drawn in self.said.drawn.values():
            self._constrain(drawn)
        for (x, y), value in self.said.covariances.items():
            self._like(value, f"{x}*{y}'")
        assumptions = read_assumptions(self._assumed()) | self.stated
        free = dict(zip(self.expressions, self.over, strict=True))
        over = [free.get(k, ()) for k in range(len(self.trees))]
        built = build(
            self.trees, self.text, self.declared, self.same, self.scalars, assumptions, latex=False, over=over,
            prefer=self.preferred,
        )  # fmt: skip
        for kind, name in sorted(assumptions):
            if name not in built.symbols:
                raise InputError(f"{kind}({name}): {name} does not occur in the expression")
        self.values = built.expressions
        read = tuple(canonical(self.values[k]) for k in self.expressions[: self.asked])
        problem = Problem(read[0], (), built.symbols, built.shapes, assumptions, notes=built.notes)
        with assuming(problem.assumptions):
            distributions = {
                name: self._distribution(problem, drawn)
                for name, drawn in self.said.drawn.items()
                if name in problem.symbols
            }
            covariances = {
                pair: self._parameter(text, tuple(problem.shapes[n][0] for n in pair))  # type: ignore[arg-type]
                for pair, text in self.said.covariances.items()
                if set(pair) <= set(distributions)
            }
        self._refuse_random_parameters(distributions)
        for d in distributions.values():
            refuse_impossible(d)
        model = Model(
            distributions, tuple(self.said.independent), covariances, tuple(self.said.jointly_normal)
        )
        notes = (*built.notes, *self.notes)
        free_of_both = () if self.columns else self.over[0]
        return Reading(_with_moment_symbols(problem, distributions), model, read, notes, free_of_both)

    def _assumed(self) -> list[str]:
        """The assumptions, with those that covariances and Wishart matrices bring."""
        out = [
            part
            for text in self.assume
            for part in (split_outside(text) if isinstance(text, str) else [text])
        ]
        for drawn in self._covarying():
            for k in _COVARIANCES[drawn.family]:
                if drawn.args[k] and self._is_matrix(drawn.args[k]):
                    names = symmetric_names(parse_tree(drawn.args[k]), self._is_matrix_name)
                    out += [f"symmetric({name})" for name in names]
        for drawn in self.said.drawn.values():
            if drawn.family == "wishart":
                out.append(f"symmetric({drawn.name})")
            if drawn.family == "haar":
                out.append(f"orthogonal({drawn.name})")
        return list(dict.fromkeys(out))

    def _is_matrix(self, text: str) -> bool:
        """Tell whether a parameter is written as a matrix."""
        if re.search(r"\b(eye|diag|matrix|kron|inv)\b|'", text):
            return True
        return any(map(self._is_matrix_name, _WORD.findall(text)))

    def _is_matrix_name(self, name: str) -> bool:
        if name in RESERVED:
            return False
        return self.declared[name][1] != 1 if name in self.declared else kind_of(name) == "matrix"

    def _is_scalar_name(self, name: str) -> bool:
        return self.declared[name] == (1, 1) if name in self.declared else kind_of(name) == "scalar"

    def _is_vector(self, text: str) -> bool:
        return any(
            (self.declared[n] != (1, 1) if n in self.declared else kind_of(n) == "vector")
            for n in _WORD.findall(text)
        )

    def _prefer_scales(self) -> None:
        """Take v in the covariance v·eye for a scalar, whatever its letter, unless it is declared."""
        for drawn in self._covarying():
            for k in _COVARIANCES[drawn.family]:
                if drawn.args[k]:
                    names = scale_names(parse_tree(drawn.args[k]), self._is_matrix_name)
                    self.preferred.update(
                        dict.fromkeys((n for n in names if n not in self.declared), "scalar")
                    )

    # -- shapes ------------------------------------------------------------------------------------------

    def _scalar(self, *texts: str) -> None:
        """Note that texts are scalars, and so the names in them that are no sizes."""
        sizes = {name for shape in self.declared.values() for d in shape for name in size_names(d)}
        for text in texts:
            if text:
                self.scalars.append(self._tree(text))
                for name in set(_WORD.findall(text)) - sizes - set(FUNCTIONS) - {"pi"}:
                    self.declared.setdefault(name, SCALAR)

    def _like(self, text: str, other: str) -> None:
        """Note that a text has the shape of another one; a number alone is one in any shape."""
        if text and not _zero(text):
            self.same.append((self._tree(text), self._tree(other)))

    def _constrain(self, drawn: Drawn) -> None:
        """Note the shapes that a distribution asks for."""
        x, family, args = drawn.name, drawn.family, drawn.args
        self._tree(x)
        if drawn.indices == 0:
            return
        for weight, part in zip(drawn.weights, drawn.parts, strict=True):
            self._scalar(weight)
            self._constrain(part)
        if family in ("normal", "given"):
            self._constrain_normal(drawn)
        elif family == "indep":
            for a in args:
                self._like(a, x)
        elif family == "matrixnormal":
            self._like(args[0], x)
            self._like(args[1], f"{x}*{x}'")
            self._like(args[2], f"{x}'*{x}")
        elif family == "wishart":
            self._like(args[0], x)
            self._like(f"{x}'", x)
            self._scalar(args[1])
        elif family == "haar":
            self._like(f"{x}'", x)
        elif family != "mixture":
            self._scalar(*args)

    def _constrain_normal(self, drawn: Drawn) -> None:
        x, (mean, covariance) = drawn.name, drawn.args
        if x not in self.declared and kind_of(x) == "scalar" and self._is_matrix(covariance):
            self.preferred[x] = "vector"  # the use wins over the letter
        if self._is_scalar_name(x) and self.preferred.get(x) != "vector":
            self._scalar(x, mean, covariance)
        elif covariance and not self._is_matrix(covariance):
            self._scalar(covariance)
            if drawn.family == "normal" and not self._is_vector(mean):
                drawn.family = "normal entries"
                self._scalar(mean)
                return
            drawn.args[1] = f"({covariance})*eye"
            self.notes.append(f"{covariance} is read as the covariance ({covariance})*eye of {x}")
            self._like(drawn.args[1], f"{x}*{x}'")
            if mean and not _zero(mean) and not self._is_vector(mean):
                self._scalar(mean)
                drawn.args[0] = f"({mean})*vector(1)"
            self._like(drawn.args[0], x)
        else:
            self._like(mean, x)
            self._like(covariance, f"{x}*{x}'")

    # -- parameters -------------------------------------------------------------------------------------

    def _parameter(self, text: str, shape: tuple[Expr, Expr]) -> Expr:
        if _zero(text):
            return algebra.zero(shape)
        return canonical(self.values[self.known[text]])

    def _distribution(self, problem: Problem, drawn: Drawn) -> Distribution:
        symbol = problem.symbols[drawn.name]
        rows, columns = problem.shapes[drawn.name]
        family, args = drawn.family, drawn.args
        if family == "mixture":
            components = tuple(
                (self._parameter(w, (S.One, S.One)), self._distribution(problem, part))
                for w, part in zip(drawn.weights, drawn.parts, strict=True)
            )
            weights = " + ".join(drawn.weights)
            return Distribution(symbol, family, (), f"{drawn.text} with {weights} = 1", components)
        scalar = (S.One, S.One)
        if (rows, columns) == scalar and family in ("normal", "given"):
            family = "normal entries" if family == "normal" else "given"
        elif family in ("normal", "given", "indep") and columns != 1:
            raise InputError(
                f"{drawn.name} is {rows} x {columns} and {family} needs a column: for a matrix say "
                f"matrixnormal(M, U, V), iid(mean, variance), or declare {drawn.name} as a column with {drawn.name}: n"
            )
        shapes = {
            "normal": [(rows, columns), (rows, rows)],
            "given": [(rows, columns), (rows, rows)],
            "indep": [(rows, columns)] * len(args),
            "matrixnormal": [(rows, columns), (rows, rows), (columns, columns)],
            "wishart": [(rows, columns), scalar],
        }.get(family, [scalar] * len(args))
        values = tuple(self._parameter(a, s) if a else None for a, s in zip(args, shapes, strict=True))
        family = "vector entries" if family == "indep" else family
        return Distribution(symbol, family, values, drawn.text)

    def _refuse_random_parameters(self, distributions: Mapping[str, Distribution]) -> None:
        random = {d.symbol for d in distributions.values()}
        for d in distributions.values():
            for p in d.parameters:
                inside = p.free_symbols & random if isinstance(p, Expr) else set()
                if inside:
                    x = sorted(s.name for s in inside)[0]
                    raise InputError(
                        f"the distribution of {d.name} depends on {x}, which is random: take the expectation given {x} "
                        f'first (given="{x}"), then that of the result'
                    )


def free_indices(tree: Tree) -> tuple[str, ...]:
    """Return the indices in square brackets that no sum or product runs over, in order of appearance."""
    found: dict[str, None] = {}

    def visit(t: Tree, bound: frozenset[str]) -> None:
        if t.op in ("sum", "prod"):
            bound |= {a.value for a in t.args[1:]}
            visit(t.args[0], bound)
            return
        if t.op == "index":
            found.update((a.value, None) for a in t.args[1:] if a.op == "name" and a.value not in bound)
        for a in t.args:
            visit(a, bound)

    visit(tree, frozenset())
    return tuple(found)


def _zero(text: str) -> bool:
    return text.strip() in ("0", "0.0")


def _about(assumption: Any) -> str:
    """Return the name that an assumption is about."""
    if isinstance(assumption, tuple):
        return str(assumption[-1])
    hit = re.search(rf"\(\s*({NAME})\s*\)", str(assumption))
    return hit[1] if hit else ""


def _with_moment_symbols(problem: Problem, distributions: Mapping[str, Distribution]) -> Problem:
    """Return the problem with the names of higher central moments that claims may use."""
    symbols, shapes = dict(problem.symbols), dict(problem.shapes)
    for d in distributions.values():
        if d.family == "iid":
            for k in range(len(d.parameters) + 1, 9):
                symbol = central_symbol(d.name, k)
                symbols.setdefault(symbol.name, symbol)
                shapes.setdefault(symbol.name, (S.One, S.One))
    return replace(problem, symbols=symbols, shapes=shapes)
