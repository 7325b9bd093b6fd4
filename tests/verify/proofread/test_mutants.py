"""Slips planted in right derivations are found at their line."""

from __future__ import annotations

from tests.verify.proofread.mutants import judge, sample


def test_planted_slips_are_found_at_their_line():
    planted = sample(6, seed=1)
    assert len(planted) > 3
    words = {f"{m.case.name}: {m.line}": judge(m) for m in planted}
    assert set(words.values()) <= {"found", "same", "open"}, words
    assert sum(word == "found" for word in words.values()) >= len(words) - 1
