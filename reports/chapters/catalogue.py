"""The catalogue as a document: each result becomes a chapter, and the preface says what became of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import TYPE_CHECKING, Any, NamedTuple

from reports.chapters.how_to_read import how_to_read
from reports.chapters.prose import sentence
from reports.chapters.references import bibliography
from reports.chapters.repeated import said_once
from reports.document import Block, Box, Cell, Chapter, Document, Math, Paragraph, Table, ref

if TYPE_CHECKING:
    from concurrent.futures import Future

    from derive.moments.result import MomentResult
    from derive.results import Result

Track = Callable[..., Iterable[Any]]

_PREFACE = "Each result is stated, derived line by line, and checked by methods that do not use the rules of its derivation."


def catalogue() -> list[Result | MomentResult]:
    """Return the results of the report, in its order: derivatives, then moments."""
    from derive.moments import MOMENT_RESULTS
    from derive.results import RESULTS

    return [*RESULTS, *MOMENT_RESULTS]


def equations() -> list[Result]:
    """Return the equations of the Matrix Cookbook as results; the report holds those that are asked for by name."""
    from derive.results import Result
    from derive.results.cookbook import cookbook

    return [
        Result(
            name=e.id,
            title=f"The Matrix Cookbook, ({e.equation})",
            expr=e.expr,
            wrt=e.wrt,
            kind=e.kind,  # type: ignore[arg-type]
            story=sentence(e.note) if e.note else "",
            source=f"Petersen and Pedersen 2012, The Matrix Cookbook, ({e.equation})",
            claims=(e.result,),
            where=e.where,
            assume=e.assume,
        )
        for e in cookbook()
    ]


#: The chapters beside the catalogue, by name.
EXPERIMENTS = {
    "cookbook": "The derivatives of the Matrix Cookbook",
    "fits": "Networks that fit",
    "training": "A network trained by its derived gradients",
}


#: Seconds that a chapter may take, on a slow machine too.
_TIME_LIMIT = 3600.0


class Order(NamedTuple):
    """What a process needs to know to write a chapter; `pictured` chapters show how a method comes to its finding."""

    name: str
    seed: int
    times: bool
    pictured: bool = False


class _Finished(NamedTuple):
    name: str
    future: Future[Chapter]


def select(names: Sequence[str]) -> list[Result | MomentResult]:
    """Return the results of the given names, those of the report where there are none.

    Raises InputError for an unknown name.
    """
    from difflib import get_close_matches

    from derive.errors import InputError
    from derive.moments import expand_groups

    if not names:
        return catalogue()
    known = {result.name: result for result in (*catalogue(), *equations())}
    wanted = [name for name in expand_groups(names) if name not in EXPERIMENTS]
    for name in wanted:
        if name not in known:
            near = get_close_matches(name, [*known, *EXPERIMENTS], 1)
            mend = f"did you mean {near[0]}?" if near else "`gradproof list` shows the names"
            raise InputError(f"no result is named {name}: {mend}")
    return [known[name] for name in wanted]


def build(
    names: Sequence[str],
    seed: int = 0,
    track: Track | None = None,
    times: bool = False,
    jobs: int = 1,
) -> Document:
    """Derive and check results, and return the report on them. `track` wraps the chapters to show progress.

    The chapters are written in `jobs` processes; the report is the same for every number of them. With `times` the
    comparison of fits has measured times, and two reports differ in them.
    """
    from importlib import metadata

    results = [result.name for result in select(names)]
    orders = [
        Order(name, seed, times, pictured=position in (0, _first_moment(results)))
        for position, name in enumerate(results)
    ]
    orders += [Order(name, seed, times) for name in EXPERIMENTS if not names or name in names]
    follow: Track = track or (lambda chapters, _label, _total=None: chapters)
    return Document(
        title="Matrix derivatives and moments, derived and checked",
        subtitle="The catalogue of gradproof",
        preface=[Paragraph(_PREFACE), *how_to_read()],
        chapters=_with_lists(said_once(_written(orders, jobs, follow))),
        colophon=_colophon(metadata.version, seed),
    )


def _with_lists(chapters: list[Chapter]) -> list[Chapter]:
    """Add the index of the results, where there are several, and the references."""
    rows: list[list[Cell]] = []
    for chapter in chapters:
        named = [m for m in _formulas(chapter.blocks) if m.name]
        where = ", ".join([ref(chapter.anchor), *(ref(m.name) for m in named)])
        rows.append([chapter.title, where, chapter.check or "–"])
    index = Chapter(
        "Index of results",
        "index",
        [Table(["result", "where it stands", "verdict"], rows)],
    )
    return [
        *chapters,
        *([index] if len(chapters) > 1 else []),
        Chapter("References", "references", [bibliography()]),
    ]


def _formulas(blocks: Sequence[Block]) -> Iterator[Math]:
    for block in blocks:
        if isinstance(block, Math):
            yield block
        elif isinstance(block, Box):
            yield from _formulas(block.blocks)


def _first_moment(results: Sequence[str]) -> int | None:
    """The place of the first result about moments."""
    from derive.moments import MOMENT_RESULTS

    moments = {result.name for result in MOMENT_RESULTS}
    return next((position for position, name in enumerate(results) if name in moments), None)


def _written(orders: list[Order], jobs: int, track: Track) -> list[Chapter]:
    """Write the chapters, in processes of their own where there are several jobs, the last first: they take longest."""
    label = "deriving and checking"
    if min(jobs, len(orders)) < 2:
        return [write(order) for order in track(orders, label)]
    from concurrent.futures import as_completed

    from verify.workers import WorkerDiedError, Workers

    pool = Workers(min(jobs, len(orders)), _TIME_LIMIT)
    found: dict[str, Chapter] = {}
    try:
        futures = {pool.submit(write, order): order for order in reversed(orders)}
        finished = (_Finished(futures[future].name, future) for future in as_completed(futures))
        for name, future in track(finished, label, len(orders)):
            try:
                found[name] = future.result()
            except WorkerDiedError:  # too little memory for two at once, perhaps
                found[name] = write(next(order for order in orders if order.name == name))
    finally:
        pool.shutdown(cancel_futures=True)
    return [found[order.name] for order in orders]


def write(order: Order) -> Chapter:
    """Write a chapter."""
    from derive.results import Result
    from reports.chapters.cookbook_chapter import cookbook_chapter
    from reports.chapters.derivative_chapter import derivative_chapter
    from reports.chapters.fit_chapter import fit_chapter
    from reports.chapters.moment_chapter import moment_chapter
    from reports.chapters.training_chapter import training_chapter

    if order.name == "cookbook":
        return cookbook_chapter(order.seed)
    if order.name == "fits":
        return fit_chapter(order.seed, order.times)
    if order.name == "training":
        return training_chapter(order.seed)
    (result,) = select([order.name])
    if isinstance(result, Result):
        return derivative_chapter(result, order.seed, order.pictured)
    return moment_chapter(result, order.seed, order.pictured)


def _colophon(version: Callable[[str], str], seed: int) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("sympy", "numpy", "scipy", "python-flint"))
    return f"gradproof {version('gradproof')} with {libraries}; seed {seed}."
