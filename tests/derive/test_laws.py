"""Every law of simplification is certified by the checks of claims, and what is nearly one of them is refused."""

from __future__ import annotations

import re
from collections.abc import Iterator

import pytest

from derive.errors import InputError
from derive.simplify.laws import Law, laws
from verify import check_equal

#: What does not change where a matrix inside is transposed.
_SAME_TRANSPOSED = ("tr", "norm2", "sum", "det", "logdet")


def _verdict(law: Law, right: str) -> str:
    try:
        return check_equal(law.left, right, where=law.where() or None, assume=law.assumptions or None).verdict
    except InputError:
        return "refused"


def _mutants(law: Law) -> Iterator[str]:
    """Yield the right side with a factor more, its sign changed, and a factor, sign or transpose less or more inside."""
    right = law.right
    yield f"2*({right})"
    yield f"-({right})"
    for sign in re.finditer(r"(?<=\w) ([+-]) ", right):
        yield right[: sign.start(1)] + "+-"[sign[1] == "+"] + right[sign.end(1) :]
    for sign in re.finditer(r"\(-", right):
        yield right[: sign.start()] + "(" + right[sign.end() :]
    for name in re.finditer(r"\b([A-Z])\b('?)", right):
        around = re.findall(r"(\w+)\((?=[^()]*$)", right[: name.start()])
        symmetric = ("symmetric", name[1]) in law.conditions
        if not symmetric and not (around and around[-1] in _SAME_TRANSPOSED):
            yield right[: name.start()] + name[1] + ("" if name[2] else "'") + right[name.end() :]
    for power in re.finditer(r"\^(\d)", right):
        yield right[: power.start()] + f"^{int(power[1]) + 1}" + right[power.end() :]


@pytest.mark.parametrize("law", laws(), ids=str)
def test_every_law_is_certified(law: Law) -> None:
    assert _verdict(law, law.right) in ("proved", "certified", "agrees")
    assert law.source


@pytest.mark.parametrize("law", laws(), ids=str)
def test_a_law_with_a_factor_a_sign_a_power_or_a_transpose_changed_is_refused(law: Law) -> None:
    assert {m: v for m in _mutants(law) if (v := _verdict(law, m)) not in ("refuted", "refused")} == {}
