"""The catalogue as a document: each result becomes a chapter, and the preface says what became of all."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import TYPE_CHECKING, Any

from reports.document import Chapter, Document, Paragraph

if TYPE_CHECKING:
    from derive.moments.catalogue import MomentResult
    from derive.results import Result

Track = Callable[[Iterable[Any], str], Iterable[Any]]

_PREFACE = (
    "Each result is stated, derived line by line, and checked by methods that do not use the rules of its "
    "derivation. A verdict is one of five words: proved (equal as symbols), certified (equal at random points in "
    "exact arithmetic), agrees (equal within rigorous or estimated errors), refuted (a point is shown at which the "
    "two differ by more than every possible error) and inconclusive."
)


def catalogue() -> list[Result | MomentResult]:
    """Return all results in the order of the report: derivatives, then moments."""
    from derive.moments import MOMENT_RESULTS
    from derive.results import RESULTS

    return [*RESULTS, *MOMENT_RESULTS]


def select(names: Sequence[str]) -> list[Result | MomentResult]:
    """Return the results of the given names, all where there are none; raises InputError for an unknown name."""
    from derive.errors import InputError

    known = {result.name: result for result in catalogue()}
    for name in names:
        if name not in known:
            raise InputError(f"no result is called {name}; there are {', '.join(known)}")
    return [known[name] for name in dict.fromkeys(names)] if names else list(known.values())


def build(names: Sequence[str], seed: int = 0, track: Track | None = None) -> Document:
    """Derive and check results, and return the report on them. `track` wraps the results to show progress."""
    from importlib import metadata

    from derive.results import Result
    from reports.derivative_chapter import derivative_chapter
    from reports.moment_chapter import moment_chapter

    results = select(names)
    chapters: list[Chapter] = []
    for result in track(results, "deriving and checking") if track else results:
        if isinstance(result, Result):
            chapters.append(derivative_chapter(result, seed))
        else:
            chapters.append(moment_chapter(result, seed))
    return Document(
        title="Matrix derivatives and moments, derived and checked",
        subtitle="The catalogue of gradproof",
        preface=[Paragraph(_PREFACE)],
        chapters=chapters,
        colophon=_colophon(metadata.version, seed),
    )


def _colophon(version: Callable[[str], str], seed: int) -> str:
    libraries = ", ".join(f"{name} {version(name)}" for name in ("sympy", "numpy", "scipy", "python-flint"))
    return f"gradproof {version('gradproof')} with {libraries}; seed {seed}."
