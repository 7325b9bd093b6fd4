"""The catalogue says nothing that the derivations do not."""

import pytest
import sympy as sp

from derive.moments import MOMENT_RESULTS, derive_moment, expand_groups, product_variance
from derive.moments.layers import MU_W, MU_X, SIGMA2, V2

CHECKS = [(result, check) for result in MOMENT_RESULTS for check in result.checks]
SLIPS = [slip for result in MOMENT_RESULTS for slip in result.slips]


@pytest.mark.parametrize("result", MOMENT_RESULTS, ids=lambda r: r.name)
def test_every_result_is_derived(result) -> None:
    derived = result.derive()
    assert len(derived.steps) >= 2
    assert all(step.rule and step.equation and step.says for step in derived.steps)
    assert derived.assumptions
    assert result.checks
    assert result.slips
    assert result.source


def test_names_are_unique() -> None:
    names = [result.name for result in MOMENT_RESULTS]
    assert len(set(names)) == len(names)


@pytest.mark.parametrize("check", [c for _, c in CHECKS if c.sampler == "gaussian"], ids=lambda c: c.label)
def test_gaussian_claims_are_what_is_derived(check) -> None:
    options = check.options
    derived = derive_moment(options["activation"], options["quantity"], options["s"]).result
    assert sp.simplify(derived - check.claim) == 0


@pytest.mark.parametrize("slip", SLIPS, ids=lambda s: s.label)
def test_slips_are_wrong_and_say_why(slip) -> None:
    assert abs(float(slip.claim) / float(slip.true) - 1) > 0.05
    assert slip.why


def test_a_group_stands_for_its_members() -> None:
    everything = [result.name for result in MOMENT_RESULTS]
    assert expand_groups(["initialisation"]) == everything
    assert expand_groups(["gplvm", "glorot", "initialisation"])[:2] == ["gplvm", "glorot"]
    assert sorted(expand_groups(["glorot", "initialisation"])) == sorted(everything)


def test_product_slip() -> None:
    ones = {SIGMA2: 1, V2: 1, MU_W: 1, MU_X: 1}
    assert product_variance().subs(ones) == 3
