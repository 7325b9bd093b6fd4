"""The catalogue as a document: each result becomes a chapter, and the preface says what became of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from reports.chapters.how_to_read import how_to_read
from reports.chapters.prose import sentence
from reports.document import Chapter, Document, Paragraph

if TYPE_CHECKING:
    from derive.moments.result import MomentResult
    from derive.results import Result

Track = Callable[[Iterable[Any], str], Iterable[Any]]

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
    "fits": "Networks that fit",
    "training": "A network trained by its derived gradients",
}


class Writer(NamedTuple):
    """What writes a chapter, under the chapter's name."""

    name: str
    write: Callable[[], Chapter]


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


def build(names: Sequence[str], seed: int = 0, track: Track | None = None, times: bool = False) -> Document:
    """Derive and check results, and return the report on them. `track` wraps the chapters to show progress.

    With `times` the comparison of fits has measured times, and two reports differ in them.
    """
    from importlib import metadata

    from reports.chapters.fit_chapter import fit_chapter
    from reports.chapters.training_chapter import training_chapter

    writers = [Writer(result.name, partial(_chapter, result, seed)) for result in select(names)]
    experiments = [
        Writer("fits", partial(fit_chapter, seed, times)),
        Writer("training", partial(training_chapter, seed)),
    ]
    writers += [writer for writer in experiments if not names or writer.name in names]
    chapters = [w.write() for w in (track(writers, "deriving and checking") if track else writers)]
    return Document(
        title="Matrix derivatives and moments, derived and checked",
        subtitle="The catalogue of gradproof",
        preface=[Paragraph(_PREFACE), *how_to_read()],
        chapters=chapters,
        colophon=_colophon(metadata.version, seed),
    )


def _chapter(result: Result | MomentResult, seed: int) -> Chapter:
    from derive.results import Result
    from reports.chapters.derivative_chapter import derivative_chapter
    from reports.chapters.moment_chapter import moment_chapter

    return derivative_chapter(result, seed) if isinstance(result, Result) else moment_chapter(result, seed)


def _colophon(version: Callable[[str], str], seed: int) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("sympy", "numpy", "scipy", "python-flint"))
    return f"gradproof {version('gradproof')} with {libraries}; seed {seed}."
