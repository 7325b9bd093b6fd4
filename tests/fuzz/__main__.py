"""`python -m tests.fuzz KIND --count N --seed S`: many trials, what is wrong as it is found, and the figures."""

from __future__ import annotations

import argparse
import sys
import time
from collections import Counter

from tests.fuzz.kinds import KINDS, trial

#: Seconds beyond which a trial is told to be slow.
SLOW = 5.0


def main() -> int:
    """Run the trials, and return 1 where something is wrong."""
    options = argparse.ArgumentParser(prog="python -m tests.fuzz", description=__doc__)
    options.add_argument("kind", choices=KINDS)
    options.add_argument("--count", type=int, default=100)
    options.add_argument("--seed", type=int, default=0)
    given = options.parse_args()
    figures: Counter[str] = Counter()
    for number in range(given.count):
        begin = time.process_time()
        tried, wrong = trial(given.kind, given.seed, number)
        seconds = time.process_time() - begin
        figures["skipped" if wrong.startswith("skipped") else "wrong" if wrong else "right"] += 1
        figures["slow"] += seconds > SLOW
        if (wrong and not wrong.startswith("skipped")) or seconds > SLOW:
            print(f"#{number} {seconds:.1f} s {wrong[:150] or 'slow'}\n    {tried}", flush=True)
        if number % 100 == 99:
            print(f"{number + 1} of {given.count}: {dict(figures)}", file=sys.stderr, flush=True)
    print(f"{given.kind}, seed {given.seed}: {dict(figures)}")
    return int(figures["wrong"] > 0 or figures["slow"] > 0)


if __name__ == "__main__":
    sys.exit(main())
