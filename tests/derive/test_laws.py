"""Every law of simplification is certified by the checks of claims, and so is that its mutants are wrong."""

from __future__ import annotations

import pytest

from derive.simplify.laws import Law, laws
from verify import check_equal


def _check(law: Law, right: str) -> str:
    return check_equal(law.left, right, where="t: scalar", assume=law.condition or None).verdict


@pytest.mark.parametrize("law", laws(), ids=lambda law: f"{law.left} = {law.right}")
def test_every_law_is_certified(law: Law) -> None:
    assert _check(law, law.right) in ("proved", "certified", "agrees")
    assert law.source


@pytest.mark.parametrize("law", laws(), ids=lambda law: f"{law.left} = {law.right}")
@pytest.mark.parametrize("mutant", ["2*({})", "-({})", "({})*t", "({})/cosh(t)"])
def test_a_law_with_a_factor_or_a_sign_changed_is_refuted(law: Law, mutant: str) -> None:
    assert _check(law, mutant.format(law.right)) == "refuted"
