"""No change of one leaf goes unseen by the normal form, whatever its budget (a sample; the whole is a command)."""

from random import Random

import pytest

from tests.derive.normal_mutants import LARGE, false_equalities, formulas

FORMULAS = list(formulas())


def assert_sound(problem, budgets, pick=None, count=None):
    found = [f for f in false_equalities(problem, budgets, pick, count) if f[2] is not None]
    assert not found, found


@pytest.mark.parametrize("problem", FORMULAS[: len(LARGE)], ids=lambda p: str(p.expr))
def test_what_is_compared_part_by_part_is_compared_to_the_leaves(problem):
    assert_sound(problem, (2_000, 0))


@pytest.mark.parametrize("k", range(4))
def test_a_change_of_one_leaf_is_never_equal_at_any_budget(k):
    pick = Random(k)
    for problem in pick.sample(FORMULAS, 6):
        assert_sound(problem, (3_000, 0, 3, 30, 300), pick, 3)
