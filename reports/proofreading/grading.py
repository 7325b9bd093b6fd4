"""A graded class for people: a table, a CSV file, a page for each submission and one for the class."""

from __future__ import annotations

import csv
import io
import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from fractions import Fraction
from functools import lru_cache
from importlib import resources
from pathlib import Path

from jinja2 import Environment
from markupsafe import Markup
from rich import box
from rich.console import Console
from rich.table import Table
from rich.text import Text

from reports.proofreading.page import formula, page
from reports.renderers.plain import plain_math
from reports.renderers.templates import html_environment
from verify.files import write
from verify.grading import Graded, Grading, Mark

SIGNS = {"right": "✓", "follows": "↳", "wrong": "✗", "open": "?", "missing": "–"}
_STYLES = {"right": "green", "follows": "yellow", "wrong": "bold red", "open": "yellow", "missing": "dim"}
_WORDS = {
    "right": "right",
    "follows": "follows from an earlier slip",
    "wrong": "wrong",
    "open": "for a person to judge",
    "missing": "not answered",
}


@dataclass(frozen=True)
class _Slip:
    """A slip that was made for a result: in words, how often, and on which pages."""

    words: str
    count: int
    pages: tuple[tuple[str, str], ...]


def points(number: str | Fraction) -> str:
    """Return points as people write them: 2, 1.5, 1/3."""
    value = Fraction(number)
    decimal = f"{float(value):g}"
    return decimal if Fraction(decimal) == value else str(value)


def page_names(grading: Grading) -> list[str]:
    """Return the name of each submission's page, no two alike even where capitals are not told apart."""
    taken: set[str] = {"index"}
    names = []
    for submission in grading.submissions:
        stem = re.sub(r"[^\w.-]+", "-", Path(submission.file).stem).strip(".-") or "submission"
        name, number = stem, 1
        while name.lower() in taken:
            number += 1
            name = f"{stem}-{number}"
        taken.add(name.lower())
        names.append(f"{name}.html")
    return names


def write_class(grading: Grading, out: Path) -> list[Path]:
    """Write the pages and results.csv; the same grading gives the same bytes."""
    names = page_names(grading)
    written = [
        write(out / "results.csv", results_csv(grading)),
        write(out / "index.html", class_page(grading)),
    ]
    for name, submission in zip(names, grading.submissions, strict=True):
        written.append(write(out / name, submission_page(submission)))
    return written


def results_csv(grading: Grading) -> str:
    """Return a row a submission: points and outcome of each result, the total, the first wrong line, what to look at."""
    stream = io.StringIO()
    table = csv.writer(stream, lineterminator="\n")
    head = [part for a in grading.key.asked for part in (a.name, f"{a.name} outcome")]
    table.writerow(["submission", *head, "points", "of", "first wrong line", "slips", "note"])
    for s in grading.submissions:
        cells = [part for m in s.marks for part in (points(m.earned), m.outcome)]
        found = s.found
        wrong = (
            None if found is None or found.first_wrong is None else found.statements[found.first_wrong].line
        )
        slips = "" if found is None else str(found.counts["slips"])
        row = [s.file, *cells, points(s.earned), points(grading.key.points), wrong or "", slips, _note(s)]
        table.writerow([_harmless(str(cell)) for cell in row])
    return stream.getvalue()


def _harmless(cell: str) -> str:
    """Return a cell that no spreadsheet takes for a formula."""
    return f"'{cell}" if cell[:1] in ("=", "+", "-", "@", "\t", "\r") else cell


def show(grading: Grading, out: Console) -> None:
    """Print a row a submission."""
    table = Table(box=box.SIMPLE_HEAD, pad_edge=False)
    table.add_column("submission", overflow="fold")
    for a in grading.key.asked:
        table.add_column(a.name, justify="right")
    for head in ("points", "first wrong", ""):
        table.add_column(head, justify="left" if not head else "right")
    for s in grading.submissions:
        wrong = None if s.found is None or s.found.first_wrong is None else s.found.first_wrong
        table.add_row(
            Text(s.file),
            *[Text(f"{SIGNS[m.outcome]} {points(m.earned)}", style=_STYLES[m.outcome]) for m in s.marks],
            points(s.earned),
            "" if wrong is None or s.found is None else f"line {s.found.statements[wrong].line}",
            Text(_note(s), style="yellow"),
        )
    out.print(table)
    scored = [s.earned for s in grading.submissions]
    mean = sum(scored, Fraction(0)) / len(scored)
    out.print(
        f"{len(scored)} submissions, {float(mean):.2f} of {points(grading.key.points)} points on average"
    )


def _note(s: Graded) -> str:
    if s.error:
        return " ".join(s.error.split())
    return "; ".join(f"{m.name}: {m.note}" for m in s.marks if m.note)


# -------------------------------------------------------------------------------------------------- pages


def submission_page(s: Graded) -> str:
    """Return the page of one submission: its points, and the work with a mark beside every line."""
    table = _environment().get_template("marks.html.j2").render(submission=s)
    if s.found is None:
        return (
            _environment()
            .get_template("broken.html.j2")
            .render(submission=s, css=_css(), table=Markup(table))
        )
    return page(s.found, s.file, Markup(table))


def class_page(grading: Grading) -> str:
    """Return the page of the class: every submission, and by line of the key which slips were made, how often."""
    names = page_names(grading)
    rows = list(zip(names, grading.submissions, strict=True))
    scored = [s.earned for s in grading.submissions]
    return (
        _environment()
        .get_template("class.html.j2")
        .render(
            key=grading.key,
            rows=rows,
            css=_css(),
            mean=f"{float(sum(scored, Fraction(0)) / len(scored)):.2f}",
            questions=[(a, _outcomes(grading, k), _slips(rows, k)) for k, a in enumerate(grading.key.asked)],
        )
    )


def _outcomes(grading: Grading, k: int) -> list[tuple[str, int]]:
    counts: Counter[str] = Counter(s.marks[k].outcome for s in grading.submissions)
    return [(outcome, counts[outcome]) for outcome in _WORDS if counts[outcome]]


def _slips(rows: list[tuple[str, Graded]], k: int) -> list[_Slip]:
    """Return the slips charged to a result, the commonest first."""
    made: dict[str, dict[str, str]] = {}
    for name, s in rows:
        for slip in s.marks[k].slips if s.found is not None else ():
            assert s.found is not None
            statement = s.found.statements[slip]
            words = statement.diagnosis or f"none of the usual slips: {plain_math(statement.source)}"
            made.setdefault(words, {}).setdefault(f"{name}#s{slip + 1}", s.file)
    found = [_Slip(words, len(pages), tuple(sorted(pages.items()))) for words, pages in made.items()]
    return sorted(found, key=lambda slip: (-slip.count, slip.words))


def _marks(s: Graded) -> Iterator[tuple[Mark, str]]:
    for m in s.marks:
        yield m, f"#s{m.answer + 1}" if m.answer is not None and s.found is not None else ""


def _css() -> Markup:
    read = resources.files("reports").joinpath
    names = ("report", "proofread", "class")
    return Markup("".join(read(f"templates/{n}.css").read_text(encoding="utf-8") for n in names))


@lru_cache(maxsize=1)
def _environment() -> Environment:
    environment = html_environment(points=points, formula=formula, marks=_marks)
    environment.globals.update(signs=SIGNS, words=_WORDS)
    return environment
