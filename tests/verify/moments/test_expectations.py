"""Expectations, variances and covariances of matrix expressions: derived, proved, and refuted where they are wrong."""

from __future__ import annotations

import pytest
from tests.verify.moments.expectation_table import TABLE

from derive.moments import api
from verify.moments.moment_claims import check_expect, checked_moment, read_moment_claim
from verify.moments.moment_points import Question
from verify.moments.moment_sampling import sampling_evidence


def question(kind, expr, where, assume=""):
    r = api.reading(expr if isinstance(expr, tuple) else (expr,), where, assume)
    return Question(kind, r.problem, r.model, r.expressions)


@pytest.mark.parametrize(
    ("kind", "expr", "where", "assume", "answer", "source"), TABLE, ids=lambda v: str(v)[:40]
)
def test_the_answer_of_the_source(kind, expr, where, assume, answer, source):
    verdict = check_expect(expr, answer, where, kind, assume)
    assert verdict.verdict in ("proved", "certified", "agrees"), (source, str(verdict))


@pytest.mark.parametrize(
    ("kind", "expr", "where", "assume", "answer", "source"), TABLE, ids=lambda v: str(v)[:40]
)
def test_the_derived_result_is_certified_and_says_what_it_uses(kind, expr, where, assume, answer, source):
    found = checked_moment(question(kind, expr, where, assume))
    assert found.verdict in ("certified", "agrees")
    assert found.conditions
    assert all(step.law and step.equation_latex and step.equation for step in found.steps)
    assert any(step.assumption for step in found.steps)


@pytest.mark.parametrize("row", TABLE[::3], ids=lambda row: str(row[1])[:40])
def test_sampling_agrees_with_the_source(row):
    kind, expr, where, assume, answer, _ = row
    if "indep" in where and "w)" in where:
        pytest.skip("given third moments are not sampled")
    asked = question(kind, expr, where, assume)
    assert sampling_evidence(asked, read_moment_claim(asked, answer), rtol=0.2).verdict == "agrees"
