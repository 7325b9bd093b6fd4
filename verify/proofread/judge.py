"""Every relation judged in two environments.

In *truth* a derivative's symbol means the true derivative; on *paper* it means what the latest line about it says. A
line that is refuted in both is a slip; one that is refuted in truth and holds on paper follows from an earlier slip.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from typing import Any

from sympy import Add, Expr, MatrixSymbol, Mul, S, Symbol, exp, log

from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.rebuild import replaced
from derive.language.latex import latex
from derive.language.scope import Misfit, ParseError
from derive.language.text import to_text
from derive.language.together import build
from derive.language.tree import Tree
from verify import claims, equal
from verify.proofread import integrals
from verify.proofread.decimals import decimal
from verify.proofread.instances import instance
from verify.proofread.memory import content, remembered
from verify.proofread.model import Model, transposed
from verify.proofread.moments import KINDS as MOMENTS
from verify.proofread.roles import Relation, root_of
from verify.proofread.symbols import Rewriter, UnreadError, base_of, substitute
from verify.proofread.symbols import Symbol as Written
from verify.study import Study
from verify.verdict import Verdict

UPHELD = ("proved", "certified", "agrees")
#: Letters that are sizes of arrays where nothing else is said of them.
_SIZES = frozenset("nmdkpqNMDKTCH")


@dataclass
class _Claimed:
    """What the latest line about a symbol says: its tree, its expression where that fits, and which line it is."""

    relation: Relation
    tree: Tree
    value: Expr | None


class Judge:
    """Judges the relations of one document."""

    def __init__(self, model: Model, relations: list[Relation], rewriter: Rewriter, seed: int) -> None:
        self.model, self.relations, self.rewriter, self.seed = model, relations, rewriter, seed
        self.misfits: dict[int, str] = {}
        self.claimed: dict[str, _Claimed] = {}
        self.stated = dict(model.definitions)
        self.integrals = {name for name, body in self.stated.items() if integrals.has_integral(body)}
        for name in self.integrals:
            del model.definitions[name]

    def run(self, progress: Callable[[int, int], object] | None = None) -> None:
        """Fill in the statements' verdicts."""
        self._read()
        for done, relation in enumerate(self.relations, 1):
            if relation.statement.role == "claim":
                self._judge(relation)
            self._take_down(relation)
            if progress is not None:
                progress(done, len(self.relations))

    # ---------------------------------------------------------------------------------------- reading

    def _read(self) -> None:
        """Read all claims together; where that fails, leave out those that do not fit, one by one."""
        self._leave_ill_definitions()
        self.model.turned |= {
            s.name for s in self.model.symbols.values() if s.row and self.model.kinds.get(s.what[0].show()) == "scalar"
        }  # fmt: skip
        self._rename()
        wanted = [r for r in self.relations if self._is_read(r)]
        for relation in wanted:
            try:
                pair = (relation.start, relation.right)
                self.model.read([*pair], [] if _is_zero(relation.right) else [pair])  # type: ignore[list-item]
            except Misfit:
                continue  # shapes are for all lines together
            except (UnreadError, InputError, RecursionError) as reason:
                relation.error = _reason(reason)
        wanted = [r for r in wanted if r.error is None]
        if self._fits(wanted):
            self._leave_odd_one(wanted)
            return
        if self._fits_with_numbers(wanted):
            return
        kept: list[Relation] = []
        for relation in wanted:
            if (
                self._fits([*kept, relation])
                or self._turned(kept, relation)
                or self._entrywise(kept, relation)
            ):
                kept.append(relation)
            elif self._misfit:
                self.misfits[relation.statement.index] = self._why
            else:
                relation.error = self._why
        self._fits(self._of_one_layout(kept))

    def _of_one_layout(self, kept: list[Relation]) -> list[Relation]:
        """Leave out lines in the other layout of derivatives by matrices, unless the document keeps to it: all of several."""
        known = {s for r in kept for s in self._symbols(r)}
        symbols = {s for s in known if self._is_matrix(s)}
        columns = {s for s in known if self._is_by(s, "column")}
        turned = symbols & self.model.turned
        rows = columns & self.model.turned
        if not turned or (turned == symbols and columns == rows and len(turned) + len(rows) > 1):
            return kept
        self.model.turned -= turned
        left = [r for r in kept if not turned & set(self._symbols(r))]
        for relation in kept:
            if relation in left:
                continue
            if self._fits([*left, relation]):
                left.append(relation)
            else:
                self.misfits[relation.statement.index] = self._why
        return left

    def _leave_odd_one(self, wanted: list[Relation]) -> None:
        """Leave out the one line for whose sake names would be read against their letters, where there is one."""
        odd = self.model.departures()
        claims = [r for r in wanted if r.statement.role == "claim"]
        hurt = odd & self._arrays()  # transposed or normed, and read as numbers all the same
        if not odd or (len(claims) < 2 and not hurt):
            return
        for relation in claims:
            if relation.at_zero_of or not odd & self._names(relation):
                continue
            others = [r for r in wanted if r is not relation]
            left = self.model.departures() if self._fits(others) else odd
            if left - (set(self.model.definitions) if hurt else set()):
                continue
            shapes = dict(self.model.built.shapes)  # type: ignore[union-attr]
            declared = dict(self.model.declared)
            self.model.declared |= {
                n: (str(rows) if rows != 1 else 1, str(columns) if columns != 1 else 1)
                for n, (rows, columns) in shapes.items() if n not in self.model.symbols
                and all(d == 1 or str(d).isidentifier() for d in (rows, columns))
            }  # fmt: skip
            fits = self._fits(wanted)
            self.model.declared = declared
            if not fits and self._misfit:
                self.misfits[relation.statement.index] = self._why
                self._fits(others)
                return
        self._fits(wanted)

    def _names(self, relation: Relation) -> set[str]:
        """Return the names that a line speaks of, those that its derivatives are about among them."""
        trees = [t for t in (relation.start, relation.right) if t is not None]
        names = {n for t in trees for n in t.names()}
        for n in list(names & set(self.model.symbols)):
            s = self.model.symbols[n]
            names |= {m for t in (*s.what, *s.by) for m in t.names()}
        return names

    _why, _misfit = "", False

    def _is_read(self, relation: Relation) -> bool:
        about = relation.statement.role in ("claim", "given", "definition")
        whole = relation.error is None and relation.start is not None and relation.right is not None
        return about and whole and not self._has_integral(relation)

    def _has_integral(self, relation: Relation) -> bool:
        """Tell whether a line speaks of an integral, or of a name that is one."""
        trees = [t for t in (relation.start, relation.right) if t is not None]
        return integrals.has_integral(*trees) or any(n in self.integrals for t in trees for n in t.names())

    def _leave_ill_definitions(self) -> None:
        """Read the definitions; one whose body does not fit is a wrong line and defines nothing."""
        if self._classifies():
            return
        stated = {base_of(r.start) for r in self.relations}
        known = self.model.definitions
        if self._leave_one_definition(known):
            return
        self.model.definitions = {}
        for relation in self.relations:
            name = base_of(relation.start)
            if relation.statement.role not in ("definition", "given") or name not in known:
                continue
            self.model.definitions[name] = known[name]
            try:
                self.model.classify()
                continue
            except Misfit as misfit:
                self.misfits[relation.statement.index] = misfit.message
                relation.statement.role = "claim"
            except (UnreadError, InputError, RecursionError) as reason:
                relation.error = _reason(reason)
            del self.model.definitions[name]
        tacit = {name: body for name, body in known.items() if name not in stated}
        self.model.definitions |= tacit
        for last in (False, True):
            try:
                self.model.classify()
                return
            except (InputError, UnreadError):
                if last or not tacit:
                    self.model.kinds.clear()
                    return
                for name in tacit:
                    del self.model.definitions[name]

    def _classifies(self) -> bool:
        try:
            self.model.classify()
        except Misfit as misfit:
            self._why = misfit.message
            return False
        except (UnreadError, InputError, RecursionError):
            self._why = ""
            return False
        return True

    def _leave_one_definition(self, known: dict[str, Tree]) -> bool:
        """Leave out the latest definition without which all others fit, where there is one; it is the wrong line."""
        why = self._why
        if not why:
            return False
        for relation in reversed(self.relations):
            name = base_of(relation.start)
            if relation.statement.role != "definition" or name not in known:
                continue
            self.model.definitions = {n: t for n, t in known.items() if n != name}
            if self._classifies():
                self.misfits[relation.statement.index] = why
                relation.statement.role = "claim"
                return True
        self.model.definitions = known
        return False

    def _fits(self, relations: list[Relation]) -> bool:
        ill = {(r.chain, r.place_in_chain) for r in self.relations if r.statement.index in self.misfits}
        sound = [r for r in relations if (r.chain, r.place_in_chain - 1) not in ill]
        sides = [t for r in relations for t in (r.start, r.right) if t is not None]
        sides += [r.before for r in sound if r.before is not None and not integrals.has_integral(r.before)]
        same = [(r.start, r.right) for r in relations if not _is_zero(r.right)]
        same += [
            (r.before, r.right)
            for r in sound
            if r.over
            and r.before is not None
            and id(r.before) in {id(t) for t in sides}
            and not _is_zero(r.right)
        ]
        try:
            self.model.read(sides, same)  # type: ignore[arg-type]
        except Misfit as misfit:
            self._why, self._misfit = misfit.message, True
            return False
        except (UnreadError, InputError, RecursionError) as reason:
            self._why, self._misfit = _reason(reason), False
            return False
        except (IndexError, KeyError, TypeError, ValueError, AttributeError, AssertionError) as fault:
            self._why, self._misfit = f"the reader failed at this line ({type(fault).__name__})", False
            return False
        return True

    def _fits_with_numbers(self, wanted: list[Relation]) -> bool:
        """Try the variables of derivatives as numbers, one by one, and then all: d/dx of what is a function of x."""
        columns = {
            base_of(s.by[0]) for s in self.model.symbols.values() if s.by and self.model.kinds.get(s.by[0].show()) == "column"
        }  # fmt: skip
        arrays = self._arrays()
        known = {*self.model.declared, *self.model.definitions, *arrays}
        free = sorted(n for n in columns if n and n not in known)
        for names in [[n] for n in free] + ([free] if len(free) > 1 else []):
            declared, kinds = dict(self.model.declared), dict(self.model.kinds)
            self.model.declared |= dict.fromkeys(names, (1, 1))
            try:
                self.model.classify()
                self._rename()
                if self._fits(wanted):
                    return True
            except (UnreadError, InputError, RecursionError):
                pass
            self.model.declared, self.model.kinds = declared, kinds
            self._rename()
        return False

    def _arrays(self) -> set[str]:
        """Return the names that are transposed or normed somewhere: no numbers."""
        trees = [t for r in self.relations for t in (r.start, r.right) if t is not None]
        trees += self.model.definitions.values()
        pieces = [p for t in trees for p in t.walk() if p.op in ("'", "norm")]
        return {str(a.value) for p in pieces for a in p.args if a.op == "name"}

    def _rename(self) -> None:
        """Give the symbols names whose letters tell their kinds."""
        names = self.model.letters()
        if not names:
            return
        trees = [t for r in self.relations for t in (r.start, r.before, r.right) if t is not None]
        self.rewriter.rename(names, [*trees, *self.model.definitions.values()])
        self.model.given = {names.get(n, n) for n in self.model.given}
        self.model.turned = {names.get(n, n) for n in self.model.turned}
        for r in self.relations:
            r.at_zero_of = names.get(str(r.at_zero_of), r.at_zero_of)
            r.gradient = names.get(str(r.gradient), r.gradient)

    def _turned(self, kept: list[Relation], relation: Relation) -> bool:
        """Try the other layout of the derivatives that only this line has: rows for columns."""
        fresh = set(self._symbols(relation)) - {s for r in kept for s in self._symbols(r)}
        fresh = {s for s in fresh if self.model.symbols[s].kind == "derivative"}
        settled = {s for r in kept for s in self._symbols(r)} - self.model.turned
        if not fresh or (any(map(self._is_matrix, fresh)) and any(map(self._is_matrix, settled))):
            return False  # a document keeps to one layout
        why, misfit = self._why, self._misfit
        self.model.turned ^= fresh
        if self._fits([*kept, relation]):
            return True
        self.model.turned ^= fresh
        self._why, self._misfit = why, misfit
        return False

    def _entrywise(self, kept: list[Relation], relation: Relation) -> bool:
        """Try fractions entry by entry, as in 1/p of a vector p, and products by an asterisk."""
        right, why, misfit = relation.right, self._why, self._misfit
        if right is None or not misfit:
            return False
        for signs in ("/", "/*"):  # the asterisk of backward passes
            if any(p.op == "*" and set(signs) & set(p.value) for p in right.walk()):
                relation.right = _entry_by_entry(right, signs)
                if self._fits([*kept, relation]):
                    return True
        relation.right, self._why, self._misfit = right, why, misfit
        return False

    def _is_matrix(self, name: str) -> bool:
        """Tell whether a symbol is the derivative of a number by a matrix."""
        return self._is_by(name, "matrix")

    def _is_by(self, name: str, kind: str) -> bool:
        """Tell whether a symbol is the derivative of a number by a column or a matrix."""
        s, kinds = self.model.symbols[name], self.model.kinds
        if s.kind != "derivative" or s.row:
            return False
        return kinds.get(s.what[0].show()) == "scalar" and kinds.get(s.by[0].show()) == kind

    def _symbols(self, relation: Relation) -> list[str]:
        """Return the symbols that a line speaks of, those of the side before it among them."""
        trees = [t for t in (relation.start, relation.before, relation.right) if t is not None]
        return [n for t in trees for n in t.names() if n in self.model.symbols]

    # ---------------------------------------------------------------------------------------- judging

    def _judge(self, relation: Relation) -> None:
        s = relation.statement
        if s.index in self.misfits:
            self._refute_by_sizes(relation)
            self._on_paper(relation)
            return
        if relation.error is not None or relation.start is None or relation.right is None:
            s.verdict, s.not_understood = "unread", self._spoken(relation.error or "a side is missing")
            return
        try:
            if self._has_integral(relation):
                self._by_quadrature(relation)
                return
            verdict = self._at_zero(relation, {}) if relation.at_zero_of else self._in_truth(relation)
            if verdict.verdict == "refuted" and self._sets_to_zero(relation):
                s.role = "assumption"
                return
            if verdict.verdict == "refuted" and self._is_where_zero(relation):
                relation.at_zero_of = relation.gradient
                verdict = self._at_zero(relation, {})
        except (UnreadError, InputError, InternalError, RecursionError) as reason:
            s.verdict, s.not_understood = "unread", _reason(reason)
            return
        except (
            ValueError,
            TypeError,
            KeyError,
            AttributeError,
            ArithmeticError,
            AssertionError,
            IndexError,
        ) as fault:
            s.verdict, s.not_understood = "unread", f"the judge failed at this line ({type(fault).__name__})"
            return
        self._write(relation, verdict)
        self._on_paper(relation)

    def _sets_to_zero(self, relation: Relation) -> bool:
        """Tell whether a chain about a gradient ends in zero: it is set to zero there, and not said to be."""
        symbol = self.model.symbols.get(base_of(relation.start))
        return _is_zero(relation.right) and symbol is not None and symbol.kind == "derivative"

    def _by_quadrature(self, relation: Relation) -> None:
        """Judge a line with integrals, in which every name stands for a number."""
        values = {n: self.model.unfold(self.model.symbol(n)) for n in self._symbols(relation)}
        verdict = integrals.compare(
            relation.start,  # type: ignore[arg-type]
            relation.right,  # type: ignore[arg-type]
            self.stated,
            self.seed,
            values,
            decimal(relation.side.source, relation.operator),
        )
        self._write(relation, verdict)
        s = relation.statement
        s.from_line_before = s.verdict != "refuted"
        wrong = [
            r
            for r in self.relations[: s.index]
            if r.statement.verdict == "refuted" and self._says_the_same(r, relation)
        ]
        for earlier in reversed(wrong if s.verdict == "refuted" else []):
            if integrals.compare(earlier.right, relation.right, self.stated, self.seed).verdict in UPHELD:  # type: ignore[arg-type]
                origin = earlier.statement
                s.from_line_before, s.diagnosis = True, None
                s.cause = origin.index if origin.cause is None else origin.cause
                return

    def _says_the_same(self, earlier: Relation, relation: Relation) -> bool:
        """Tell whether a line is about what an earlier one is about: of its chain, or with the same first side."""
        if earlier.start is None or relation.start is None or earlier.right is None:
            return False
        return earlier.start.show() == relation.start.show()

    def _write(self, relation: Relation, verdict: Verdict) -> None:
        s = relation.statement
        s.verdict = verdict.verdict
        s.evidence = [e.to_dict() for e in verdict.evidence]
        s.diagnosis = verdict.diagnosis
        s.reading = self._reading(relation)
        if verdict.counterexample is not None:
            s.counterexample = str(verdict.counterexample)

    def _spoken(self, text: str) -> str:
        """Return a text with the symbols as people write them: dL/dz, not the name that stands for it."""
        known = self.model.symbols
        return re.sub(
            r"\b[gz]?Dg\d+\b", lambda m: known[m[0]].written if m[0] in known else "the derivative", text
        )

    def _reading(self, relation: Relation) -> str:
        def shown(tree: Tree | None) -> str:
            try:
                text = to_text(self.model.expression(tree))  # type: ignore[arg-type]
            except (KeyError, InputError):
                text = tree.show() if tree is not None and tree.op in ("name", "sub") else "?"
            return self._spoken(text)

        return f"{shown(relation.start)} = {shown(relation.right)}"

    def _in_truth(self, relation: Relation) -> Verdict:
        """Compare a side with the start of its chain, every symbol with its true value."""
        left, right = (self.model.expression(t) for t in (relation.start, relation.right))  # type: ignore[arg-type]
        symbol = self.model.symbols.get(getattr(left, "name", ""))
        claimed = self.model.unfold(right)
        if decimal(relation.side.source, relation.operator):  # to the digits given
            return self.compare(self.model.unfold(left), claimed, relation)
        if (
            symbol is not None
            and symbol.kind in ("derivative", "hessian")
            and symbol.name not in self.model.turned
        ):
            found = self._as_derivative(symbol.name, claimed, relation)
            if found is not None and not (found.verdict == "refuted" and self.model.ones):
                return found
            if found is not None:  # right, perhaps, by what is known of sums
                again = self.compare(self.model.unfold(left), claimed, relation)
                return again if again.verdict in UPHELD else found
        if symbol is not None and symbol.kind in MOMENTS and len(symbol.over) < 2:
            return self._as_moment(symbol, claimed)
        found = self.compare(self.model.unfold(left), claimed, relation)
        if found.verdict == "refuted":
            found = self._with_sizes(self.model.unfold(left), claimed, relation) or found
        return self._certified(found, relation)

    def _with_sizes(self, left: Expr, right: Expr, relation: Relation) -> Verdict | None:
        """Return the verdict where a free number is the size of an array: d of 1'x/d; None where that does not uphold the line."""
        free = left.free_symbols | right.free_symbols
        sizes = {d for s in free for d in algebra.shape(s) if algebra.is_matrix(s) and isinstance(d, Symbol)}
        known = {*self.model.declared, *self.model.definitions}
        numbers = [
            s
            for s in free
            if isinstance(s, Symbol) and s.name in _SIZES and s not in sizes and s.name not in known
        ]
        for number in sorted(numbers, key=str)[:2]:
            for size in sorted(sizes, key=str)[:3]:
                found = self.compare(
                    replaced(left, {number: size}), replaced(right, {number: size}), relation
                )
                if found.verdict in UPHELD:
                    return found
        return None

    def _as_moment(self, symbol: Written, claimed: Expr) -> Verdict:
        """Judge a claimed mean or variance by exact moments."""
        of = tuple(self.model.unfold(self.model.value_of(t)) for t in symbol.what)
        return self.model.moments.judge(symbol, of, claimed, self.seed)

    def _certified(self, found: Verdict, relation: Relation) -> Verdict:
        """Return an equation of moments as certified: each was held to exact moments at several sizes."""
        if found.verdict == "proved" and any(
            self.model.symbols[n].kind in MOMENTS for n in self._symbols(relation)
        ):
            return replace(found, verdict="certified")
        return found

    def _as_derivative(self, name: str, claimed: Expr, relation: Relation) -> Verdict | None:
        """Check a claimed derivative by a free variable as such, with the diagnoses of derivatives."""
        written = self.model.symbols[name]
        by = written.by[0]
        if by.op != "name" or by.value in self.model.definitions or self.model.is_given(written):
            return None
        what, x = self.model.unfold(self.model._what(written)), self.model.symbol(by.value)
        if x not in what.free_symbols or not isinstance(x, Symbol | MatrixSymbol):
            return None
        kind = (
            "hessian" if written.kind == "hessian" else "jacobian" if algebra.is_matrix(what) else "gradient"
        )
        ours, theirs = self._domains(relation, *written.what)
        problem = self.model.problem(what, [x], [claimed, *theirs], ours)
        return remembered(
            ("claim", content(problem), x, claimed, kind, self.seed, theirs),
            lambda: claims.check(Study.read(problem, x, kind), claimed, self.seed, theirs),
        )

    def _domains(self, relation: Relation | None, *also: Tree) -> tuple[tuple[Expr, ...], tuple[Expr, ...]]:
        """Return what has to be positive for the sides of a line, which do not show it: left, with definitions, and right."""
        if relation is None or relation.start is None or relation.right is None:
            return (), ()
        known = self.model.definitions.values()
        return self.model.domain(relation.start, *known, *also), self.model.domain(relation.right)

    def compare(self, left: Expr, right: Expr, relation: Relation | None = None) -> Verdict:
        """Return the verdict on an equation in the free variables."""
        digits = decimal(relation.side.source, relation.operator) if relation is not None else None
        if digits:
            symbol = Symbol("a decimal", real=True)
            problem = self.model.problem(left)
            problem = type(problem)(
                left, (), {**problem.symbols, symbol.name: symbol}, {**problem.shapes, symbol.name: (S.One, S.One)},
                problem.assumptions,
            )  # fmt: skip
            negative, number = digits
            return equal.compare(problem, -symbol if negative else symbol, self.seed, {symbol.name: number})
        if right == 0 and algebra.is_matrix(left):
            right = algebra.zero(algebra.shape(left))
        ours, theirs = self._domains(relation)
        problem = self.model.problem(left, (), [right, *theirs], ours)
        key = ("equal", content(problem), right, self.seed, theirs)
        return remembered(key, lambda: equal.compare(problem, right, self.seed, domain=theirs))

    # ----------------------------------------------------------------------- where a gradient vanishes

    def _is_where_zero(self, relation: Relation) -> bool:
        """Tell whether a line that is no identity holds where the gradient before it vanishes: "⇒ Su = λu"."""
        if relation.at_zero_of or relation.gradient not in self.model.symbols or relation.place_in_chain > 1:
            return False
        if self._symbols(relation):
            return False
        relation.at_zero_of = relation.gradient
        try:
            return self._at_zero(relation, {}).verdict in UPHELD
        except (UnreadError, InputError, InternalError, RecursionError):
            return False
        finally:
            relation.at_zero_of = None

    def _at_zero(self, relation: Relation, values: Mapping[str, Expr]) -> Verdict:
        """Judge a line about the zero of a gradient: the solution put in, or an equation that says the same."""
        name = str(relation.at_zero_of)
        written = self.model.symbols[name]
        gradient = self.model.unfold(self.model.symbol(name), values=values)
        left, right = (self.model.expression(t) for t in (relation.start, relation.right))  # type: ignore[arg-type]
        x = self.model.unfold(self.model.symbol(written.by[0].value), stop={written.by[0].value})
        for one, other in ((left, right), (right, left)):
            unknown = self._unknown(one, gradient, x)
            value = self.model.unfold(other, values=values)
            if unknown is not None and unknown not in value.free_symbols:
                at = replaced(gradient, {unknown: value})
                return self.compare(at, algebra.zero(algebra.shape(at)) if algebra.is_matrix(at) else S.Zero)
            if (root := self._solved(one, value, x)) is not None:
                return self.compare(replaced(gradient, {x: root}), S.Zero)
        return self._same_zero(
            gradient, self.model.unfold(left, values=values), self.model.unfold(right, values=values)
        )

    def _unknown(self, side: Expr, gradient: Expr, x: Expr) -> Expr | None:
        """Return the symbol of the gradient that a side names: x itself, its optimum w*, or another name."""
        name = getattr(side, "name", None)
        if name is None:
            return None
        if root_of(name) == getattr(x, "name", None):
            return x
        return side if side in gradient.free_symbols else None

    def _solved(self, side: Expr, value: Expr, x: Expr) -> Expr | None:
        """Return x from f(x) = value, where f is made of powers, exponentials, logarithms, factors and terms: σ² = s."""
        if algebra.is_matrix(x) or algebra.is_matrix(side) or x in value.free_symbols:
            return None
        renamed = {s: x for s in side.free_symbols if s != x and root_of(getattr(s, "name", "")) == x.name}
        side = replaced(side, renamed)
        return solved(side, value, x) if side != x else None

    def _same_zero(self, gradient: Expr, left: Expr, right: Expr) -> Verdict:
        """Judge an equation that is to say that the gradient vanishes: their difference is a multiple of it."""
        if algebra.is_matrix(left) != algebra.is_matrix(right):
            raise UnreadError("an equation whose sides have different shapes")
        minus = -S.One
        difference = algebra.add(left, _times(minus, right))
        if algebra.shape(difference) != algebra.shape(gradient):
            if algebra.shape(difference) != algebra.shape(gradient)[::-1]:
                raise UnreadError("an equation of another shape than the gradient that is set to zero")
            difference = algebra.t(difference)
        for factor in self._factors(gradient):
            if self.holds(gradient, _times(factor, difference)):
                return self.compare(gradient, _times(factor, difference))
        last = self.compare(gradient, difference)
        if last.verdict != "refuted":
            return last
        return Verdict(
            "refuted", last.evidence, None, "this is no multiple of the gradient that is set to zero"
        )

    def holds(self, left: Expr, right: Expr) -> bool:
        """Tell whether an equation in the free variables is upheld."""
        problem = self.model.problem(left, (), [right])
        key = ("holds", content(problem), right, self.seed)
        return remembered(key, lambda: equal.holds(problem, right, self.seed))

    def _factors(self, gradient: Expr) -> Iterator[Expr]:
        sizes = [s for s in gradient.free_symbols if isinstance(s, Symbol)]
        sizes += [d for d in algebra.shape(gradient) if isinstance(d, Symbol) and d not in sizes]
        numbers = [S.One, -S.One, 2 * S.One, -2 * S.One, S.Half, -S.Half]
        yield from numbers
        for n in numbers:
            for d in sizes[:6]:
                yield n / d
                yield n * d
                yield n / d**2

    # ------------------------------------------------------------------------------------------ paper

    def _on_paper(self, relation: Relation) -> None:
        """Judge a line where every symbol means what the latest line about it says."""
        s = relation.statement
        holds = s.verdict in UPHELD
        source = self._wrong_before(relation)
        if source is None:
            s.from_line_before = holds if s.verdict in (*UPHELD, "refuted") else None
            return
        follows = any(self._paper_verdicts(relation))
        if holds:
            s.from_line_before = follows
        elif s.verdict == "refuted":
            s.from_line_before = follows
            if follows:
                origin = source.statement
                s.cause = origin.index if origin.cause is None else origin.cause
                s.diagnosis = None

    def _wrong_before(self, relation: Relation) -> Relation | None:
        """Return the latest wrong line that this one rests on."""
        before = [
            r
            for r in self.relations
            if r.chain == relation.chain and r.place_in_chain == relation.place_in_chain - 1
        ]
        wrong = [r for r in before if r.statement.role == "claim" and r.statement.verdict == "refuted"]
        names = {*self._symbols(relation), *([relation.at_zero_of] if relation.at_zero_of else [])}
        for name in list(names):
            names |= self._upstream(name)
        wrong += [
            c.relation for n in names if (c := self.claimed.get(n)) and c.relation.statement.verdict == "refuted"
            and c.relation is not relation
        ]  # fmt: skip
        wrong += [c.relation for c, _ in self._general(relation)]
        wrong += self._repeated(relation)
        return max(wrong, key=lambda r: r.statement.index, default=None)

    def _repeated(self, relation: Relation) -> list[Relation]:
        """Return the wrong lines about the same formula as this one, where that is no symbol."""
        if (
            relation.place_in_chain > 1
            or base_of(relation.start) in self.model.symbols
            or relation.at_zero_of
        ):
            return []
        earlier = [r for r in self.relations[: relation.statement.index] if r.statement.verdict == "refuted"]
        return [r for r in earlier if not r.at_zero_of and self._says_the_same(r, relation)]

    def _general(self, relation: Relation) -> Iterator[tuple[_Claimed, dict[Expr, Expr]]]:
        """Yield the wrong lines about a moment of which this line's moment is an instance, with the parameters' values."""
        mine = self.model.symbols.get(base_of(relation.start))
        if mine is None or mine.kind not in MOMENTS:
            return
        for name, c in self.claimed.items():
            other = self.model.symbols[name]
            if (
                other is mine
                or other.kind != mine.kind
                or c.relation.statement.verdict != "refuted"
                or other.over
            ):
                continue
            try:
                pairs = [[self.model.unfold(self.model.value_of(t)) for t in s.what] for s in (other, mine)]
            except UnreadError:
                continue
            random = self.model.random.names
            if len(pairs[0]) == 1 and (given := instance(pairs[0][0], pairs[1][0], random)) is not None:
                yield c, given

    def _upstream(self, name: str) -> set[str]:
        """Return the claimed derivatives that one of the same loss may rest on: by other nodes, of its terms."""
        written = self.model.symbols[name]
        if written.kind not in ("derivative", "hessian"):
            return set()
        found = set()
        for other in self.claimed:
            known = self.model.symbols[other]
            if other == name or known.kind not in ("derivative", "differential"):
                continue
            if known.kind == "differential":
                found |= {other} if known.what[0].show() == written.what[0].show() else set()
                continue
            if known.what[0].show() == written.what[0].show() or known.by[0].show() == written.by[0].show():
                found.add(other)
        return found

    def _paper_verdicts(self, relation: Relation) -> Iterator[bool]:
        """Yield whether the line holds under each reading of what it rests on."""
        values = {
            n: c.value for n, c in self.claimed.items() if c.value is not None and c.relation is not relation
        }
        try:
            if relation.at_zero_of:
                yield self._at_zero(relation, values).verdict in UPHELD
                return
            right = self.model.unfold(self.model.expression(relation.right), values=values)  # type: ignore[arg-type]
            for general, given in self._general(relation):
                if general.value is not None:
                    left = replaced(self.model.unfold(general.value), given)
                    yield self._agree(left, right, relation)
            for earlier in self._repeated(relation):
                if earlier.statement.index not in self.misfits:
                    left = self.model.unfold(self.model.expression(earlier.right), values=values)  # type: ignore[arg-type]
                    yield self._agree(left, right, relation)
            for left in self._paper_lefts(relation, values):
                yield self._agree(left, right, relation)
        except (UnreadError, InputError, InternalError, KeyError, RecursionError):
            pass
        yield from self._paper_by_trees(relation)

    def _agree(self, left: Expr, right: Expr, relation: Relation) -> bool:
        if decimal(relation.side.source, relation.operator):
            return self.compare(left, right, relation).verdict in UPHELD
        if right == 0 and algebra.is_matrix(left):
            right = algebra.zero(algebra.shape(left))
        return self.holds(left, right)

    def _paper_lefts(self, relation: Relation, values: Mapping[str, Expr]) -> Iterator[Expr]:
        if relation.place_in_chain > 1:
            yield self.model.unfold(self.model.expression(relation.before), values=values)  # type: ignore[arg-type]
            return
        start = relation.start
        written = (
            self.model.symbols.get(str(start.value)) if start is not None and start.op == "name" else None
        )
        if written is None or written.name in values:
            yield self.model.unfold(self.model.expression(start), values=values)  # type: ignore[arg-type]
        if written is not None and written.kind == "hessian":
            yield from self._by_gradient(written, values)
        if written is not None and written.kind == "derivative":
            yield from self._by_differential(written, values)
            yield from self._through(written.name, values)
            yield from self._by_terms(written.name, values)

    def _by_differential(self, written: Written, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a derivative as that which a line about the differential says."""
        x = written.by[0]
        direction = next(
            (
                s
                for s in self.model.symbols.values()
                if s.kind == "direction" and s.what[0].show() == x.show()
            ),
            None,
        )
        if direction is None or direction.name not in self.model.built.symbols:  # type: ignore[union-attr]
            return
        d = self.model.symbol(direction.name)
        for other, value in values.items():
            known = self.model.symbols[other]
            if known.kind == "differential" and known.what[0].show() == written.what[0].show():
                said = self.model.unfold(value, stop={direction.name}, values=values)
                if not algebra.is_matrix(said):
                    yield self._pure(said, d)

    def _by_gradient(self, written: Written, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a Hessian as the derivative of what a line says of the gradient."""
        x = self.model.symbol(written.by[0].value)
        for other, value in values.items():
            known = self.model.symbols[other]
            same = known.kind == "derivative" and known.what[0].show() == written.what[0].show()
            if same and known.by[0].show() == written.by[0].show():
                said = self.model.unfold(value, values=values)
                yield self.model.derive("gradient" if not algebra.is_matrix(said) else "jacobian", said, x)

    def _through(self, name: str, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a derivative by the chain rule through each node whose own derivative a line claims."""
        written = self.model.symbols[name]
        x = self.model.symbol(written.by[0].value) if written.by[0].op == "name" else None
        if x is None:
            return
        for other, value in values.items():
            known = self.model.symbols[other]
            node = known.by[0]
            if (
                known.kind != "derivative"
                or known.what[0].show() != written.what[0].show()
                or node.op != "name"
            ):
                continue
            if other == name or node.value not in self.model.definitions:
                continue
            z = self.model.fold(self.model.symbol(node.value), x)
            if x not in z.free_symbols:
                continue
            g = (
                MatrixSymbol("gradproof_g", *algebra.shape(z))
                if algebra.is_matrix(z)
                else Symbol("gradproof_g", real=True)
            )
            from verify.proofread.model import inner

            derived = self._pure(inner(g, z), x)
            upstream = self.model.unfold(value, values=values)
            if algebra.shape(upstream) == algebra.shape(z):
                yield self.model.unfold(replaced(derived, {g: upstream}), values=values)

    def _pure(self, expr: Expr, x: Expr) -> Expr:
        from derive import gradient
        from derive.problem import Problem

        symbols = {s.name: s for s in expr.free_symbols if isinstance(s, Symbol | MatrixSymbol)}
        shapes = {n: algebra.shape(s) for n, s in symbols.items()}
        return gradient(Problem(expr, (x,), symbols, shapes), x).result

    def _by_terms(self, name: str, values: Mapping[str, Expr]) -> Iterator[Expr]:
        """Yield a derivative as the sum over terms, those that a line claims as it claims them."""
        written = self.model.symbols[name]
        what = self.model.unfold(self.model._what(written))
        x = self.model.symbol(written.by[0].value)
        terms = list(what.args) if what.is_Add or getattr(what, "is_MatAdd", False) else [what]
        known = {}
        for other, value in values.items():
            s = self.model.symbols[other]
            if s.kind == "derivative" and s.by[0].show() == written.by[0].show() and other != name:
                known[self.model.unfold(self.model._what(s))] = self.model.unfold(value, values=values)
        total, found = [], False
        for term in terms:
            hit = (
                next(((k, v) for k, v in known.items() if not (term / k).free_symbols), None)
                if not algebra.is_matrix(term)
                else None
            )
            if hit is not None:
                total.append(_times(term / hit[0], hit[1]))
                found = True
            elif x in term.free_symbols:
                total.append(self.model.unfold(self._pure(term, x)))
        if found:
            yield algebra.add(*total)

    def _paper_by_trees(self, relation: Relation) -> Iterator[bool]:
        """Yield whether the line holds with symbols replaced as they are written, where shapes need fit in it alone."""
        given = {
            n: c.tree for n, c in self.claimed.items() if c.relation is not relation and not c.relation.over
        }
        left = relation.before if relation.place_in_chain > 1 else relation.start
        if left is None or relation.right is None or relation.over:
            return
        one, two = substitute(left, given), substitute(relation.right, given)
        if one is left and two is relation.right:
            return
        try:
            built = build([one, two], "", same=[(0, 1)])
        except (InputError, RecursionError):
            return
        a, b = built.expressions
        if any(n in self.model.symbols for n in built.symbols):
            return
        from derive.problem import Problem

        problem = Problem(a, (), built.symbols, built.shapes)
        try:
            yield equal.compare(problem, b, self.seed).verdict in UPHELD
        except (InputError, InternalError):
            return

    def _take_down(self, relation: Relation) -> None:
        """Note what a line says of a symbol."""
        s = relation.statement
        start = relation.start
        name = base_of(start)
        if s.role != "claim" or start is None or name not in self.model.symbols:
            return
        if s.verdict == "unread" or relation.right is None or relation.error is not None:
            return
        value = None
        if s.index not in self.misfits:
            try:
                value = self.model.expression(relation.right)
            except KeyError:
                value = None
        given = {n: c.tree for n, c in self.claimed.items() if n != name}
        self.claimed[name] = _Claimed(relation, substitute(relation.right, given), value)
        if s.is_slip and value is not None and s.mended is None:
            self._mend(relation)

    # ------------------------------------------------------------------------------------------ mends

    def _mend(self, relation: Relation) -> None:
        """Write the line as it should be."""
        s = relation.statement
        try:
            true = self.model.unfold(self.model.expression(relation.start))  # type: ignore[arg-type]
        except (UnreadError, KeyError):
            return
        left = s.source.rpartition(relation.side.source)[0]
        s.mended = f"{left}{latex(true)}".strip()

    def _refute_by_sizes(self, relation: Relation) -> None:
        s = relation.statement
        s.verdict = "refuted"
        s.from_line_before = False
        s.reading = self._reading(relation)
        s.diagnosis = self.misfits[s.index]
        s.evidence = [{"method": "sizes", "verdict": "refuted", "figure": s.diagnosis}]
        found = self._by_transposing(relation)
        if found is not None:
            name, tree = found
            s.diagnosis = f"{s.diagnosis.partition(';')[0]}; right with {name}"
            self.claimed_tree = tree
        s.diagnosis = self._spoken(s.diagnosis)
        s.evidence[0]["figure"] = self._spoken(str(s.evidence[0]["figure"]))

    def _by_transposing(self, relation: Relation) -> tuple[str, Tree] | None:
        """Return the name whose transpose makes the line right, where there is one."""
        if relation.right is None or relation.start is None:
            return None
        for tree in list(relation.right.walk())[:40]:
            if tree.op == "name":
                mended, said = _swap(relation.right, tree, transposed(tree)), f"{tree.value}'"
            elif tree.op == "'" and tree.args[0].op == "name":
                mended, said = _swap(relation.right, tree, tree.args[0]), str(tree.args[0].value)
            else:
                continue
            kept = self.model.built, dict(self.model._trees), dict(self.model._truth)
            try:
                others = [
                    r for r in self.relations if self._is_read(r) and r.statement.index not in self.misfits
                ]
                sides = [t for r in others for t in (r.start, r.right) if t is not None]
                same = [(r.start, r.right) for r in others if not _is_zero(r.right)]
                self.model.read([*sides, relation.start, mended], [*same, (relation.start, mended)])  # type: ignore[list-item]
                if self.model.departures() & self._arrays():
                    continue
                left, right = (self.model.unfold(self.model.expression(t)) for t in (relation.start, mended))
                if self.holds(left, right):
                    return said, mended
            except (
                UnreadError,
                InputError,
                InternalError,
                KeyError,
                RecursionError,
                ValueError,
                TypeError,
                IndexError,
            ):
                continue
            finally:
                self.model.built, self.model._trees, self.model._truth = kept
        return None


def solved(side: Expr, value: Expr, x: Expr) -> Expr | None:
    """Return x from an equation of numbers in one side of which it stands once, its positive root; else None."""
    while side != x:
        inside = [a for a in side.args if x in a.free_symbols]
        if len(inside) != 1:
            return None
        (inner,) = inside
        rest = [a for a in side.args if a is not inner]
        if side.is_Add:
            value = value - Add(*rest)
        elif side.is_Mul:
            value = value / Mul(*rest)
        elif side.is_Pow and inner is side.base:
            value = value ** (1 / side.exp)
        elif isinstance(side, exp):
            value = log(value)
        elif isinstance(side, log):
            value = exp(value)
        else:
            return None
        side = inner
    return value


def _swap(tree: Tree, old: Tree, new: Tree) -> Tree:
    """Return a tree with one of its pieces replaced."""
    from dataclasses import replace

    if tree is old:
        return new
    if not tree.args:
        return tree
    return replace(tree, args=[_swap(a, old, new) for a in tree.args], extra=dict(tree.extra))


def _entry_by_entry(tree: Tree, signs: str) -> Tree:
    """Return a tree whose fractions, or products by an asterisk, are taken entry by entry."""
    args = [_entry_by_entry(a, signs) for a in tree.args]
    value = tree.value
    if tree.op == "*":
        value = [
            f".{sign}" if sign and sign in signs and args[k + 1].op != "number" else sign
            for k, sign in enumerate(value)
        ]
    return replace(tree, args=args, value=value, extra=dict(tree.extra))


def _times(factor: Expr, x: Expr) -> Expr:
    return algebra.dot(factor, x)


def _is_zero(tree: Tree | None) -> bool:
    return tree is not None and tree.op == "number" and tree.value == 0


def _reason(error: Any) -> str:
    message = error.message if isinstance(error, ParseError) else str(error)
    return (message or "nested too deep").partition("\n")[0]
