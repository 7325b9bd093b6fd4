"""Code cells: the gradients that NumPy code claims, judged against the derivative of the loss in the same cell.

The code is interpreted on symbolic arrays (`verify.trace`), in a process of its own with a limit of time and memory, and
never executed unless its owner asks for it. A gradient on the way (`dz = ...`) is named as the slip where the gradients after it are right once it is.
"""

from __future__ import annotations

import ast
import re
import textwrap
from collections.abc import Iterable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass, field, replace

from sympy import Expr, Identity, MatrixSymbol, S, Symbol

from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.rebuild import replaced
from derive.language.shapes import size_symbol
from derive.language.text import to_text
from derive.problem import Problem
from verify import claims, derived
from verify.proofread.code_runs import run_gradients
from verify.proofread.result import Statement, numbered
from verify.study import Study
from verify.trace.arrays import CannotTraceError, Shape, Traced
from verify.trace.cell import FROZEN, CellRun, Changes, Outcome, Wanted
from verify.trace.classes import with_methods
from verify.trace.fitting import collapsed, lettered, readings, settled, shown, specialises
from verify.trace.labels import ONE_HOT
from verify.trace.subjects import Subject, options, said_shapes, subjects
from verify.trace.subjects import run as traced_run
from verify.verdict import Evidence, Verdict, add_up

#: Readings under which all shapes fit that are judged until one upholds everything.
_READINGS = 3
#: Names of labels, whose rows have one 1 and zeros.
_LABELS = re.compile(r"[yYtT]|[yY]_?(?:true|onehot|one_hot|hot|enc)|targets?|labels?|one_?hot\w*|Yh|Yb")
UPHELD = ("proved", "certified", "agrees")


def judge_cells(
    cells: Sequence[tuple[str, int]],
    shapes: Mapping[str, Sequence[str]],
    assumptions: Iterable[Sequence[str]] = (),
    seed: int = 0,
    run: bool = False,
) -> Iterator[tuple[list[Statement], list[str]]]:
    """Judge cells, each with the line of the document on which it begins; a cell sees what the earlier ones define.

    Yields the statements of each function or pair of functions, and how it was read.
    """
    known = {
        name: tuple(int(d) if d.isdigit() else size_symbol(d) for d in sizes)
        for name, sizes in shapes.items() if all(d.isdigit() or d.isidentifier() for d in sizes)
    }  # fmt: skip
    facts = frozenset((str(kind), str(name)) for kind, name in assumptions)
    before, count = "", 0
    for source, line in cells:
        source = textwrap.dedent(source)
        cell = _Cell(before + source, count, line, known, facts, seed, run)
        yield from cell.judge()
        if cell.tree is not None:
            before += source if source.endswith("\n") else source + "\n"
            count = before.count("\n")


def unread(line: int, source: str, why: str) -> Statement:
    """Return a line of code that is not judged, and why."""
    return Statement(0, line, 1, source, "claim", not_understood=why)


@dataclass
class _Judged:
    wanted: Wanted
    verdict: Verdict | None
    why: str = ""
    cause: _Judged | None = None
    statement: Statement | None = None
    pending: tuple[Study, Expr] | None = None

    @property
    def is_right(self) -> bool:
        return self.verdict is not None and self.verdict.verdict in UPHELD

    @property
    def is_wrong(self) -> bool:
        return self.verdict is not None and self.verdict.verdict == "refuted"


@dataclass
class _Reading:
    """A cell under shapes that fit: what it came to, and the judgements of its gradients."""

    shapes: dict[str, Shape]
    outcome: Outcome
    judged: list[_Judged] = field(default_factory=list)
    mends: dict[tuple[str, int], Traced] = field(default_factory=dict)

    @property
    def is_right(self) -> bool:
        return all(j.is_right for j in self.judged if not j.wanted.aside)


class _Cell:
    """One cell behind the earlier ones: `skipped` lines of theirs stand before its first, which is `line` of the document."""

    def __init__(
        self,
        source: str,
        skipped: int,
        line: int,
        shapes: Mapping[str, Shape],
        facts: frozenset[tuple[str, str]],
        seed: int,
        run: bool,
    ) -> None:
        self.source, self.skipped, self.line, self.shapes, self.seed, self.run = (
            source,
            skipped,
            line,
            shapes,
            seed,
            run,
        )
        self.facts = facts
        self.lines = source.split("\n")
        self.tree: ast.Module | None = None

    def judge(self) -> Iterator[tuple[list[Statement], list[str]]]:
        """Yield the statements of each part of the cell, and how it was read."""
        try:
            self.tree = with_methods(ast.parse(self.source))
        except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
            line = getattr(error, "lineno", None) or self.skipped + 1
            yield [unread(self._line(line), self._text(line, line), f"this is no Python: {error}")], []
            return
        for subject in subjects(self.tree, self.skipped + 1):
            first = subject.place.first
            try:
                reading = self._best(subject)
            except InputError as error:
                why = f"the code cannot be traced: {_moved(str(error), self.line - 1 - self.skipped)}"
                yield self._not_traced(subject, why), []
                continue
            self._causes(subject, reading)
            told = numbered(
                [s for j in reading.judged if (s := self._statement(j, subject, reading)) is not None]
            )
            for j in reading.judged:
                if j.cause is not None and j.statement is not None and j.cause.statement is not None:
                    j.statement.cause = j.cause.statement.index
            if told:
                read = f"the code at line {self._line(first)} is read with {shown(reading.shapes)}"
                yield told, [read] if reading.shapes else []

    def _not_traced(self, subject: Subject, why: str) -> list[Statement]:
        """Return that a part of the cell is not traced; where its owner lets it run, what differences say instead."""
        assert self.tree is not None
        line, text = self._line(subject.place.first), self._text(subject.place.first, subject.place.first)
        if not self.run:
            return [unread(line, text, why)]
        try:
            found = run_gradients(self.source, self.tree, subject, self._options(subject), self.seed)
        except InputError as error:
            return [unread(line, text, f"{why}; {error}")]
        statements = []
        for k, (variable, _, verdict) in enumerate(found):
            s = Statement(k, line, k + 1, text, "claim", verdict=verdict.verdict)
            s.reading = f"the gradient by {variable}, which the code computes"
            s.diagnosis = (
                f"the gradient by {variable}: {verdict.diagnosis or 'wrong'}"
                if verdict.verdict == "refuted"
                else None
            )
            s.counterexample = str(verdict.counterexample) if verdict.counterexample is not None else None
            s.evidence = [e.to_dict() for e in verdict.evidence]
            s.from_line_before = bool(verdict)
            statements.append(s)
        return statements

    def _options(self, subject: Subject) -> dict[str, list[Shape]]:
        assert self.tree is not None
        called = self._called(subject)
        return options(subject, self.tree, {n: [*called.get(n, ()), *self._hints(n)] for n in subject.names})

    def _line(self, line: int) -> int:
        return line - self.skipped + self.line - 1

    def _text(self, first: int, last: int) -> str:
        return " ".join(part.strip() for part in self.lines[first - 1 : last])

    def _source(self, wanted: Wanted) -> str:
        """Return the statement that a gradient stands in, or its part of a tuple that is handed back."""
        p = wanted.place
        text = self._text(p.first, p.last)
        if p.first == p.last and text.startswith("return") and not wanted.label:
            part = self.lines[p.first - 1].encode()[p.column : p.end].decode(errors="replace")
            return part if len(part) < len(text) - len("return ") else text
        return text

    # ---------------------------------------------------------------------------------------- reading

    def _hints(self, name: str) -> list[Shape]:
        """Return the shapes of a name that comments say, or the formulas of the document."""
        said = said_shapes(self.source)
        found = [said[name]] if name in said else []
        for spelled in (name, name.replace("_", ""), f"{name[:1]}_{name[1:]}"):
            if spelled in self.shapes:
                rows, columns = self.shapes[spelled]
                if (rows, columns) == (1, 1):
                    found.append(())
                elif columns == 1:
                    found += [(rows,), (rows, columns)]
                else:
                    found.append((rows, columns))
                break
        return found

    def _best(self, subject: Subject) -> _Reading:
        """Return the first reading that upholds everything, else the first under which all shapes fit, else the first."""
        assert self.tree is not None
        fitting: list[_Reading] = []
        other: list[_Reading] = []
        reason: InputError | None = None
        tried = set()
        for shapes in readings(self._options(subject)):
            try:
                _, now = settled(lambda s: traced_run(subject, self.tree, s), shapes)  # type: ignore[arg-type]
                now = lettered(now)
                outcome = traced_run(subject, self.tree, now)
            except InputError as error:
                reason = reason or error
                continue
            except Exception as error:
                reason = reason or CannotTraceError(f"{type(error).__name__}: {error}")
                continue
            if (key := str(now)) in tried or not [
                w for w in outcome.wanted if not w.aside or subject.kind == "statements"
            ]:
                continue
            tried.add(key)
            reading = _Reading(now, outcome)
            self._named(subject, outcome)
            if any(specialises(now, r.shapes) for r in fitting):
                continue  # what is right under it may be right for its sizes alone
            if collapsed(shapes, now):
                reason = reason or CannotTraceError("it is traced for arrays of one entry only")
                continue
            if not self._fits(subject, outcome):
                other.append(reading)
                continue
            self._judge(subject, reading, patient=not fitting)
            fitting.append(reading)
            if reading.is_right or len(fitting) >= _READINGS:
                break
        best = next((r for r in fitting if r.is_right), next(iter([*fitting, *other]), None))
        if best is None:
            raise reason or CannotTraceError("no gradient was found in what it hands back")
        if not best.judged:
            self._judge(subject, best)
        return best

    def _called(self, subject: Subject) -> dict[str, list[Shape]]:
        """Return the shapes with which the cell itself calls a function."""
        assert self.tree is not None
        now = CellRun(self.tree, Changes(), -1, {})
        with suppress(Exception):
            now.module(self.tree.body)
        found: dict[str, list[Shape]] = {}
        for name in (subject.loss, subject.gradient):
            for call in now.shapes.get(name, [])[:1]:
                for parameter, sizes in call.items():
                    found.setdefault(parameter, []).append(sizes)
        return found

    def _named(self, subject: Subject, outcome: Outcome) -> None:
        """Give gradients without a name the variables in whose shape they are, in the order of the parameters."""
        if subject.is_hessian:
            for w in outcome.wanted:
                w.variable = w.variable if w.label else subject.names[0]
        nameless = [w for w in outcome.wanted if w.variable is None]
        free = [
            n
            for n in subject.names
            if n in outcome.variables and n not in {w.variable for w in outcome.wanted}
        ]
        if len(nameless) == len(free) > 1:
            for w, n in zip(nameless, free, strict=True):
                w.variable = n
            return
        for w in nameless:
            alike = [n for n in free if _same(outcome.variables[n], w.value)]
            on = next((n for n in alike if n.lower() in ("w", "theta", "beta", "params")), None)
            w.variable = on or (alike[0] if alike else free[0] if free else None)
            free = [n for n in free if n != w.variable]
        outcome.wanted = [w for w in outcome.wanted if w.variable is not None]

    def _fits(self, subject: Subject, outcome: Outcome) -> bool:
        if subject.is_hessian:
            return all(len(w.value.sizes) == 2 for w in outcome.wanted)
        if not _number(outcome.loss):
            return False
        return all(
            _same(outcome.variables[w.variable], w.value)
            for w in outcome.wanted
            if not w.aside and w.variable
        )

    # ---------------------------------------------------------------------------------------- judging

    def _judge(self, subject: Subject, reading: _Reading, patient: bool = True) -> None:
        """Judge all gradients of a reading; without patience until one that is handed back is wrong."""
        reading.judged = []
        for wanted in sorted(reading.outcome.wanted, key=lambda w: (w.aside, w.place.first, w.place.column)):
            reading.judged.append(self._one(subject, reading, wanted, {}))
            if not patient and not reading.judged[-1].is_right:
                break
        reading.judged.sort(key=lambda j: (j.wanted.place.first, j.wanted.place.column))

    def _one(
        self, subject: Subject, reading: _Reading, wanted: Wanted, mends: Mapping[tuple[str, int], Traced]
    ) -> _Judged:
        """Judge one gradient, some others put right."""
        try:
            outcome, x, value = self._frozen(subject, reading, wanted, mends)
            if not subject.is_hessian and not _same(x, value):
                said = (
                    f"{wanted.label or 'this'} has shape {_shape(value)}, {wanted.variable} has {_shape(x)}"
                )
                return _Judged(wanted, Verdict("refuted", (Evidence("sizes", "refuted", said),), None, said))
            rows = _label_rows(outcome.loss.expr, value.expr)
            loss, claimed = (_summing_to_one(e, rows) for e in (outcome.loss.expr, value.expr))
            if x.expr not in loss.free_symbols:
                raise CannotTraceError(f"the loss does not depend on {wanted.variable} here")
            kind = "hessian" if subject.is_hessian else "gradient"
            found = self._word(wanted, loss, x.expr, claimed, kind)
            if found.is_wrong and not rows and (again := self._for_labels(wanted, loss, x.expr, claimed)):
                return again
            return (
                self._at_labels(subject, reading, wanted, mends, rows) if found.is_wrong and rows else found
            )
        except (InputError, InternalError) as error:
            return _Judged(wanted, None, str(error).partition("\n")[0])
        except (ValueError, TypeError, KeyError, AttributeError, ArithmeticError, RecursionError) as error:
            return _Judged(wanted, None, f"{type(error).__name__}: {error}")

    def _word(self, wanted: Wanted, loss: Expr, x: Expr, claimed: Expr, kind: str) -> _Judged:
        """Judge a gradient in one word; counterexample and diagnosis come later, where they are asked."""
        study = Study.read(_problem(loss, x, self.facts, claimed), x, kind)
        asserted = claims.read_of(study, claimed)
        symbolic = claims.symbolic_evidence(study, asserted)
        if symbolic.verdict == "proved":
            return _Judged(wanted, Verdict("proved", (symbolic,)), pending=(study, asserted))
        evidence = claims.gather(study, asserted, self.seed)
        return _Judged(wanted, Verdict(add_up(evidence), tuple(evidence)), pending=(study, asserted))

    def _for_labels(self, wanted: Wanted, loss: Expr, x: Expr, claimed: Expr) -> _Judged | None:
        """Judge where the labels of a softmax add up to one in every row, which code does not say; None where it is wrong there."""
        labels = {
            s for s in loss.free_symbols
            if isinstance(s, MatrixSymbol) and s != x and _LABELS.fullmatch(s.name) and 1 not in s.shape
        }  # fmt: skip
        if not labels:
            return None
        loss, claimed = (_summing_to_one(e, labels) for e in (loss, claimed))
        found = self._word(wanted, loss, x, claimed, "gradient")
        if found.verdict is None or not found.is_right:
            return None
        said = f"where the rows of {' and '.join(sorted(s.name for s in labels))} add up to one"
        found.verdict = replace(
            found.verdict, evidence=(*found.verdict.evidence, Evidence("labels", "agrees", said))
        )
        found.pending = None
        return found

    def _at_labels(
        self,
        subject: Subject,
        reading: _Reading,
        wanted: Wanted,
        mends: Mapping[tuple[str, int], Traced],
        rows: set[MatrixSymbol],
    ) -> _Judged:
        """Judge where each class is the label of one row, what is refuted there is refuted for labels; then at any labels."""
        assert self.tree is not None
        same = {s.shape[1]: s.shape[0] for s in rows}
        shapes = {n: tuple(S(d).subs(same) for d in shape) for n, shape in reading.shapes.items()}
        square = _Reading(shapes, traced_run(subject, self.tree, shapes))
        self._named(subject, square.outcome)
        outcome, x, value = self._frozen(subject, square, wanted, mends)
        given = {y: Identity(y.shape[0]) for y in _label_rows(outcome.loss.expr, value.expr)}
        loss, claimed = (replaced(e, given) for e in (outcome.loss.expr, value.expr))
        found = self._word(wanted, loss, x.expr, claimed, "gradient")
        if found.is_wrong:
            return found
        outcome, x, value = self._frozen(subject, reading, wanted, mends)
        facts = self.facts | {("onehot rows", y.name) for y in rows}
        study = Study.read(_problem(outcome.loss.expr, x.expr, facts, value.expr), x.expr, "gradient")
        evidence = claims.gather(study, claims.read_of(study, value.expr), self.seed)
        return _Judged(wanted, Verdict(add_up(evidence), tuple(evidence)))

    def _frozen(
        self, subject: Subject, reading: _Reading, wanted: Wanted, mends: Mapping[tuple[str, int], Traced]
    ) -> tuple[Outcome, Traced, Traced]:
        """Return a run in which the variable of a gradient is a symbol, that symbol, and the gradient's value."""
        assert self.tree is not None
        name = str(wanted.variable)
        before = reading.outcome.order
        stop = before.index(wanted.label) if wanted.label in before else len(before)
        plain = getattr(reading.outcome.variables[name].expr, "name", None) == name
        times = 0 if plain else before[:stop].count(name)
        freeze = (name, times) if times else None
        if freeze is None and not mends:
            outcome = reading.outcome
        else:
            outcome = traced_run(subject, self.tree, reading.shapes, Changes(freeze, dict(mends)))
            self._named(subject, outcome)
        value = next(
            (w.value for w in outcome.wanted if w.label == wanted.label and w.variable == wanted.variable),
            None,
        )
        if value is None:
            raise CannotTraceError(f"{wanted.label} is another gradient once it is mended")
        x = reading.outcome.variables[name]
        if freeze is not None:
            if outcome.frozen is None:
                raise CannotTraceError(f"{name} is no array")
            x = Traced(outcome.frozen.sizes, _symbol(f"{FROZEN}{name}", outcome.frozen))
        elif not isinstance(x.expr, Symbol | MatrixSymbol):
            x = Traced(x.sizes, _symbol(name, x))
        return outcome, x, value

    def _causes(self, subject: Subject, reading: _Reading) -> None:
        """Find the slips on the way from which what is handed back follows."""
        mends: dict[tuple[str, int], Traced] = {}
        mended: list[_Judged] = []
        for j in reading.judged:
            if not j.is_wrong:
                continue
            if mends and self._one(subject, reading, j.wanted, mends).is_right:
                j.cause = next(
                    (
                        m
                        for m in mended
                        if self._one(
                            subject, reading, j.wanted, {self._at(reading, m): mends[self._at(reading, m)]}
                        ).is_right
                    ),
                    mended[-1],
                )
                continue
            if j.wanted.aside and (true := self._true(subject, reading, j.wanted)) is not None:
                mends[self._at(reading, j)] = true
                mended.append(j)
        blamed = {id(j.cause) for j in reading.judged if j.cause is not None and not j.wanted.aside}
        reading.judged = [
            j for j in reading.judged
            if not j.wanted.aside or j.is_right or id(j) in blamed or (j.cause is not None and id(j.cause) in blamed)
        ]  # fmt: skip

    def _at(self, reading: _Reading, j: _Judged) -> tuple[str, int]:
        return j.wanted.label, reading.outcome.events[j.wanted.label]

    def _true(self, subject: Subject, reading: _Reading, wanted: Wanted) -> Traced | None:
        """Return the true value of a gradient on the way, None where it is not found."""
        try:
            outcome, x, _ = self._frozen(subject, reading, wanted, {})
            found = derived.gradient(_problem(outcome.loss.expr, x.expr, self.facts), x.expr).result
            if outcome.frozen is not None:
                found = replaced(found, {x.expr: outcome.frozen.expr})
            return Traced(x.sizes, found)
        except (InputError, InternalError, ValueError, TypeError, RecursionError):
            return None

    # ------------------------------------------------------------------------------------- statements

    def _statement(self, j: _Judged, subject: Subject, reading: _Reading) -> Statement | None:
        place = j.wanted.place
        s = Statement(0, self._line(place.first), place.column + 1, self._source(j.wanted), "claim")
        if j.verdict is None:
            if j.wanted.aside:
                return None
            s.not_understood = _moved(j.why, self.line - 1 - self.skipped)
            j.statement = s
            return s
        v = j.verdict
        if j.pending is not None and j.cause is None:
            with suppress(InputError, InternalError):
                v = claims.check(*j.pending, self.seed)
        s.verdict = v.verdict
        s.evidence = [e.to_dict() for e in v.evidence]
        order = "d2" if subject.is_hessian else "d"
        name = next(
            (n for n, x in reading.outcome.variables.items() if x is reading.outcome.loss),
            subject.loss or "loss",
        )
        with suppress(InputError, KeyError, TypeError):
            s.reading = f"{order}{name}/d{j.wanted.variable} = {_plain(to_text(j.wanted.value.expr))}"
        s.from_line_before = j.is_right or j.cause is not None
        if j.cause is None and v.verdict == "refuted":
            said = f"d{name}/d{j.wanted.variable}"
            s.diagnosis = _plain(v.diagnosis) if v.diagnosis else f"this is not {said}"
            s.counterexample = _plain(str(v.counterexample)) if v.counterexample is not None else None
            if (true := self._true(subject, reading, j.wanted)) is not None:
                with suppress(InputError, KeyError, TypeError):
                    s.mended = f"{said} = {_plain(to_text(true.expr))}"
        j.statement = s
        return s


def _plain(text: str) -> str:
    return text.replace(FROZEN, "")


def _moved(text: str, lines: int) -> str:
    """Return a message whose line of the cell is that of the document."""
    return re.sub(r"\bline (\d+)\b", lambda m: f"line {int(m[1]) + lines}", text)


def _symbol(name: str, like: Traced) -> Expr:
    if not algebra.is_matrix(like.expr):
        return Symbol(name, real=True)
    return MatrixSymbol(name, *algebra.shape(like.expr))


def _number(x: Traced) -> bool:
    return all(S(d) == 1 for d in x.sizes)


def _same(a: Traced, b: Traced) -> bool:
    return len(a.sizes) == len(b.sizes) and all(S(x) == S(y) for x, y in zip(a.sizes, b.sizes, strict=True))


def _shape(x: Traced) -> str:
    return shown({"": x.sizes}).removeprefix(": ")


def _problem(loss: Expr, x: Expr, facts: frozenset[tuple[str, str]], claimed: Expr | None = None) -> Problem:
    free = {*loss.free_symbols, x, *(claimed.free_symbols if claimed is not None else ())}
    symbols = {
        s.name: s
        for s in sorted(free, key=str)
        if isinstance(s, MatrixSymbol) or (isinstance(s, Symbol) and not s.is_integer)
    }
    known = frozenset((kind, name) for kind, name in facts if name in symbols)
    return Problem(loss, (x,), symbols, {n: algebra.shape(s) for n, s in symbols.items()}, known)


def _label_rows(*expressions: Expr) -> set[MatrixSymbol]:
    return {
        s
        for e in expressions
        for s in e.free_symbols
        if isinstance(s, MatrixSymbol) and s.name.startswith(ONE_HOT)
    }


def _summing_to_one(expr: Expr, rows: set[MatrixSymbol]) -> Expr:
    """Return an expression in which the one-hot rows of labels are rows that sum to one, whatever else they are."""
    given = {}
    for y in rows:
        n, classes = y.shape
        free = MatrixSymbol(y.name.removeprefix(ONE_HOT) + "_rows", n, classes)
        ones = algebra.ones((classes, classes))
        kept = algebra.add(Identity(classes), algebra.dot(-S.One / classes, ones))
        given[y] = algebra.add(
            algebra.dot(free, kept), algebra.dot(S.One / classes, algebra.ones((n, classes)))
        )
    return replaced(expr, given) if given else expr
