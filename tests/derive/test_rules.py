"""Each entry of the rule table, found by the tests themselves, against differences and against itself."""

import dataclasses

import pytest

from derive import parse
from derive.operations import OPERATIONS, by_name, names, operation
from tests.derive.mutate_rules import mutants
from tests.derive.rule_checks import failures

ENTRIES = [pytest.param(entry, id=entry.name) for entry in OPERATIONS if entry.pull]


@pytest.mark.parametrize("seed", [0, 1])
@pytest.mark.parametrize("entry", ENTRIES)
def test_a_rule(entry, seed):
    assert failures(entry, seed) == []


def test_names_are_used_once():
    names = [entry.name for entry in OPERATIONS if entry.pull]
    assert len(set(names)) == len(names)


def test_every_entry_says_where_it_is_from():
    assert [entry.name for entry in OPERATIONS if not entry.source] == []


@pytest.mark.parametrize("word", sorted({*names()} - {"commutation", "lower"}))
def test_every_function_of_the_language_has_an_entry(word):
    entry, _ = operation(parse(by_name(word).example).expr)
    assert entry in OPERATIONS


@pytest.mark.parametrize(
    "name", ["matrix product", "inverse", "pseudo-inverse", "softmax", "Kronecker product"]
)
def test_a_wrong_rule_is_caught(name):
    """A few; `python -m tests.derive.mutate_rules` does them all."""
    (entry,) = (e for e in OPERATIONS if e.name == name)
    changed = [m for m in mutants(entry) if m.changes]
    assert len(changed) >= 2
    for mutant in changed:
        assert mutant.caught(), f"{mutant.label} is not caught"


def test_a_rule_that_forgets_a_term_is_caught():
    (entry,) = (e for e in OPERATIONS if e.name == "matrix power")
    one_term = dataclasses.replace(entry, pull=lambda g, y, x, i: x[0].T @ g @ x[0].T)
    assert failures(one_term)
