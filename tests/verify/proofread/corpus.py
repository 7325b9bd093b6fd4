"""Derivations in many hands with the judgement that every line deserves, worked out by hand.

A document is set off by `=== name`; its first line says what is due of each claim in reading order: `ok` (upheld), `slip`,
`<k` (wrong, and follows from claim k), `?` (open: read or not, but not refuted).
"""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from verify.proofread import proofread
from verify.proofread.result import Proofreading, Statement

DATA = Path(__file__).parent / "data"
UPHELD = {"proved", "certified", "agrees"}


@dataclass(frozen=True)
class Case:
    """A document by name, and what is due of its claims."""

    name: str
    text: str
    due: tuple[str, ...]


def cases() -> Iterator[Case]:
    """Yield all documents."""
    for path in sorted(DATA.glob("*.txt")):
        for part in path.read_text(encoding="utf-8").split("=== ")[1:]:
            name, _, rest = part.partition("\n")
            due, _, text = rest.partition("\n")
            yield Case(name.strip(), text, tuple(due.removeprefix("due:").split()))


def judged(claim: Statement, claims: list[Statement]) -> str:
    """Return the judgement of a claim in the words of the corpus."""
    if claim.verdict in UPHELD:
        return "ok"
    if claim.verdict == "refuted":
        if claim.cause is None:
            return "slip"
        return f"<{[c.index for c in claims].index(claim.cause) + 1}"
    return "?"


def failures(case: Case, found: Proofreading) -> list[str]:
    """Return where a judgement is not what is due; a right line that is not judged is no failure of truth."""
    claims = found.claims
    got = tuple(judged(c, claims) for c in claims)
    if len(got) != len(case.due):
        return [f"{len(got)} claims, due {len(case.due)}: {' '.join(got)}"]
    return [
        f"{c.source[:50]!r}: {g}, due {due} ({c.not_understood or c.diagnosis})"
        for c, g, due in zip(claims, got, case.due, strict=True)
        if g != due and due != "?"
    ]


def main() -> None:
    """Judge all documents and print what is not as it is due."""
    wanted = sys.argv[1] if len(sys.argv) > 1 else ""
    total = right = documents = perfect = 0
    times = []
    for case in cases():
        if wanted not in case.name:
            continue
        start = time.perf_counter()
        try:
            found = proofread(case.text)
        except Exception as error:
            print(f"{case.name}: CRASH {type(error).__name__} {error}")
            documents += 1
            total += len(case.due)
            continue
        if time.perf_counter() - start > 4:
            print(f"{case.name}: {time.perf_counter() - start:.1f} s")
        times.append((time.perf_counter() - start) / max(len(case.due), 1))
        wrong = failures(case, found)
        documents += 1
        perfect += not wrong
        total += len(case.due)
        right += len(case.due) - (len(wrong) if len(found.claims) == len(case.due) else len(case.due))
        for line in wrong:
            print(f"{case.name}: {line}")
        if wanted:
            print(found)
    times.sort()
    print(
        f"{documents} documents ({perfect} as due), {total} claims ({right} as due), "
        f"{times[len(times) // 2]:.2f} s a line in the median, {times[-1]:.2f} at most"
    )


if __name__ == "__main__":
    main()
