"""A few trials of every kind; `python -m tests.fuzz` runs many."""

import pytest

from tests.fuzz.kinds import trial

COUNTS = {"losses": 6, "claims": 6, "pairs": 15, "texts": 40}


@pytest.mark.parametrize("kind", COUNTS)
def test_nothing_is_found(kind):
    found = [(n, *trial(kind, 0, n)) for n in range(COUNTS[kind])]
    assert [f for f in found if f[2] and not f[2].startswith("skipped")] == []
    assert sum(f[2].startswith("skipped") for f in found) < len(found) / 2
