"""Functions that recur across files are declared, provided once, and all there when a package is imported."""

from __future__ import annotations

import pytest

from derive.expression.algebra.recursion import RECURSION as ALGEBRA
from derive.expression.recursion import Recursion
from derive.prove.recursion import RECURSION as NORMAL


@pytest.mark.parametrize("recursion", [ALGEBRA, NORMAL], ids=["algebra", "normal"])
def test_a_package_provides_all_that_its_files_ask_for(recursion):
    assert not recursion.missing


def test_a_name_is_provided_once_and_only_if_declared():
    recursion = Recursion("f", "g")

    @recursion.provide
    def f():
        return 1

    assert recursion.f() == 1
    assert recursion.missing == {"g"}
    with pytest.raises(KeyError):
        recursion.provide(f)
    with pytest.raises(KeyError):
        recursion.provide(lambda: 0)
    with pytest.raises(AttributeError, match="import the package"):
        recursion.g()
