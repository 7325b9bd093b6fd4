"""No change of one leaf goes unseen by the normal form, whatever its budget (a sample; the whole is a command)."""

from random import Random

import pytest

from tests.derive.normal_mutants import LARGE, false_equalities, formula, texts

FORMULAS = texts()


def assert_sound(text, budgets, pick=None, count=None):
    found = [f for f in false_equalities(formula(*text), budgets, pick, count) if f[2] is not None]
    assert not found, found


@pytest.mark.parametrize("text", FORMULAS[: len(LARGE)], ids=lambda text: text[0])
def test_what_is_compared_part_by_part_is_compared_to_the_leaves(text):
    assert_sound(text, (2_000, 0))


@pytest.mark.parametrize("k", range(4))
def test_a_change_of_one_leaf_is_never_equal_at_any_budget(k):
    pick = Random(k)
    for text in pick.sample(FORMULAS, 6):
        assert_sound(text, (3_000, 0, 3, 30, 300), pick, 3)
