"""Derivations in many hands: every line is judged as it deserves, and no right line is refuted."""

from __future__ import annotations

import pytest

from tests.verify.proofread.corpus import cases, failures
from verify.proofread import proofread

CASES = {case.name: case for case in cases()}
#: Constructs that are not judged yet: their lines must not be refuted.
OPEN: set[str] = set()


@pytest.mark.parametrize("name", CASES)
def test_every_line_is_judged_as_it_deserves(name):
    case = CASES[name]
    found = proofread(case.text)
    wrong = failures(case, found)
    if name in OPEN:
        claims = found.claims
        assert not [
            c for c, due in zip(claims, case.due, strict=True) if due == "ok" and c.verdict == "refuted"
        ]
        assert wrong, "no longer open"
    else:
        assert not wrong
