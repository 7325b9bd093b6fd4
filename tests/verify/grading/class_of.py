"""A class of any size graded for the figures: seconds, and how many of the planted slips were found at their line.

Run it with `python -m tests.verify.grading.class_of --count 1000 [--jobs 2] [--seed 0]`.
"""

from __future__ import annotations

import argparse
import os
import time
from typing import Any

from tests.verify.grading.class_maker import KEY, submission
from verify.grading import Graded, grade


def slips(graded: Graded) -> list[int]:
    """Return the lines that are said to be wrong by themselves."""
    found = graded.found
    return [] if found is None else [s.line for s in found.claims if s.is_slip]


def figures(count: int, jobs: int, seed: int = 0) -> dict[str, Any]:
    """Grade so many submissions, and return what is to be told of it."""
    made = {f"s{k:05d}": submission(seed * 100_000 + k) for k in range(count)}
    start, before = time.perf_counter(), os.times()
    found = grade(KEY, {name: text for name, (text, _) in made.items()}, jobs=jobs)
    wall, after = time.perf_counter() - start, os.times()
    spent = sum(after[:4]) - sum(before[:4])
    graded = {s.file: s for s in found.submissions}
    planted = {name: line for name, (_, line) in made.items() if line is not None}
    return {
        "submissions": count,
        "wall seconds": round(wall, 1),
        "processor seconds": round(spent, 1),
        "processor seconds a submission": round(spent / count, 3),
        "planted slips": len(planted),
        "found at their line": sum(line in slips(graded[name]) for name, line in planted.items()),
        "right lines refuted": sum(
            any(k != line for k in slips(graded[name])) for name, (_, line) in made.items()
        ),
        "for a person": sum(s.is_open for s in found.submissions),
    }


def main() -> None:
    """Print the figures."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--count", type=int, default=100)
    parser.add_argument("--jobs", type=int, default=2)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    for name, value in figures(asked.count, asked.jobs, asked.seed).items():
        print(f"{name}: {value}")


if __name__ == "__main__":
    main()
