"""Right derivations made wrong: one slip is planted in one line, and the proofreader is to find it at that line.

A mutant changes one side of one claim: a sign, a factor, a transpose, a factor dropped, two factors swapped, an inverse
forgotten. A mutant that is upheld ("same") is printed, for a person to see whether it says something else than the original.

Run all of them with `python -m tests.verify.proofread.mutants`, or a share drawn by a seed with `... mutants SHARE SEED`.
"""

from __future__ import annotations

import re
import sys
import time
from collections.abc import Iterator
from dataclasses import dataclass
from random import Random

from tests.verify.proofread.corpus import UPHELD, Case, cases
from verify.proofread import proofread

_CHANGES = {
    "sign": [
        (r"(?<=[\w})\]]) ?- ?(?=[\w\\({])", "+"),
        (r"(?<=[\w})\]]) ?\+ ?(?=[\w\\({])", "-"),
        (r"^\s*-", ""),
    ],
    "factor": [
        (r"(?<![\w^_{.])2(?=[A-Za-z\\(])", "3"),
        (r"\\frac12|\\tfrac12", ""),
        (r"^(?=[\\A-Za-z(])", "2"),
    ],
    "transpose": [(r"\^(?:\\top|T|\{\\top\}|\\mathsf T)(?![A-Za-z])", "")],
    "inverse": [(r"\^\{-1\}", "")],
    "order": [(r"(?<![\w^_{\\])([A-Z])([A-Z])(?![\w^])", r"\2\1")],
    "power": [(r"(?<=[\w})])\^2(?!\d)", "^3")],
}


@dataclass(frozen=True)
class Mutant:
    """A document with a slip, the index of the claim that holds it, and what was done."""

    case: Case
    text: str
    place: int
    kind: str
    line: str


def mutants(case: Case) -> Iterator[Mutant]:
    """Yield the mutants of a right document."""
    found = proofread(case.text)
    if any(c.verdict not in UPHELD for c in found.claims):
        return
    for place, claim in enumerate(found.claims):
        source = claim.source.rpartition("= ")[2] if "= " in claim.source else claim.source
        if case.text.count(source) != 1:
            continue
        for kind, changes in _CHANGES.items():
            for pattern, new in changes:
                for hit in re.finditer(pattern, source):
                    rest = source[hit.end() :]
                    gap = " " if not new and re.match(r"[A-Za-z]", rest) else ""
                    changed = source[: hit.start()] + hit.expand(new) + gap + rest
                    if changed.strip() and changed != source:
                        yield Mutant(
                            case, case.text.replace(source, changed), place, kind, f"{source} -> {changed}"
                        )


def judge(mutant: Mutant) -> str:
    """Return found, missed, open (not read or inconclusive), same (the line is right all the same), or another line that was accused."""
    found = proofread(mutant.text)
    claims = found.claims
    if len(claims) <= mutant.place:
        return "open"
    mine = claims[mutant.place]
    accused = [c for c in claims[: mutant.place] if c.verdict == "refuted"]
    if accused:
        return f"accused line {accused[0].line}"
    if mine.verdict == "refuted":
        return "found" if mine.cause is None else "missed"
    return "open" if mine.verdict not in UPHELD else "same"


def sample(documents: int, seed: int = 0) -> list[Mutant]:
    """Return a mutant of each of some right documents, drawn by a seed."""
    random = Random(seed)
    right = [case for case in cases() if set(case.due) == {"ok"}]
    found = [list(mutants(case)) for case in random.sample(right, documents)]
    return [random.choice(of_one) for of_one in found if of_one]


def main() -> None:
    """Judge a share of all mutants, and print those that were not found."""
    share = float(sys.argv[1]) if len(sys.argv) > 1 else 1.0
    every = [m for case in cases() if set(case.due) == {"ok"} for m in mutants(case)]
    seed = int(sys.argv[2]) if len(sys.argv) > 2 else 0
    chosen = Random(seed).sample(every, round(share * len(every)))
    counts: dict[str, int] = {}
    start = time.perf_counter()
    for mutant in chosen:
        try:
            word = judge(mutant)
        except Exception as error:
            word = f"crash {type(error).__name__}"
        counts[word.split()[0]] = counts.get(word.split()[0], 0) + 1
        if word != "found":
            print(f"{word:8} {mutant.case.name} [{mutant.kind}] {mutant.line}", flush=True)
    print(f"{len(chosen)} of {len(every)} mutants: {counts}, {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
