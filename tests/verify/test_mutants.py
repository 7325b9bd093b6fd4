"""The mutation harness: what it makes of formulas, where it checks, and that it can tell good checkers from bad ones."""

from __future__ import annotations

import json
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
import pytest
from sympy import Expr

from derive.errors import InternalError
from derive.language.text import to_text
from verify.arithmetics.exact import RATIONALS
from verify.claims import read
from verify.methods.float_methods import METHODS, float_evidence
from verify.points.drawn import PointSpace
from verify.points.stretch import stretched
from verify.power import measured as power
from verify.power.measured import (
    POINTS,
    RIGHT,
    VERDICT,
    Check,
    Power,
    Words,
    measure,
    share,
    stated,
    tables,
    tasks,
)
from verify.power.mutants import SLIPS, mutants, with_units, wrong_formulas
from verify.power.plain import plain

# ------------------------------------------------------------------------------------------------ the mutants


def made(claim: str, expr: str, wrt: str, where: str, assume: str = "") -> dict[str, set[str]]:
    """Return the texts of the mutants of a claim, by slip."""
    _, _, formula = read(expr, wrt, claim, where=where, assume=assume)
    out: dict[str, set[str]] = {slip: set() for slip in SLIPS}
    for mutant in mutants(formula):
        out[mutant.slip].add(to_text(mutant.formula))
    return out


def test_every_slip_is_made_in_every_place() -> None:
    found = made("A*X + X*inv(B)", "tr(A*X*B)", "X", "A: n x n, B: n x n, X: n x n")
    assert found["sign"] >= {"-A*X + X*inv(B)", "A*X - X*inv(B)"}
    assert found["factor 2"] >= {"2*A*X + X*inv(B)", "A*X + 2*X*inv(B)", "A*X + X*inv(2*B)"}
    assert found["factor 1 + 1e-9"] >= {"1000000001/1000000000*A*X + X*inv(B)"}
    assert found["dropped term"] == {"A*X", "X*inv(B)", "0*matrix(1)"}
    assert found["swapped factors"] == {"X*A + X*inv(B)", "A*X + inv(B)*X"}
    assert found["elementwise product"] == {"A.*X + X*inv(B)", "A*X + X.*inv(B)"}
    assert found["dropped inverse"] == {"A*X + X*B"}
    one_transposed = {"A'*X + X*inv(B)", "A*X' + X*inv(B)", "A*X + X'*inv(B)", "A*X + X*inv(B)'"}
    assert found["transposed factor"] >= one_transposed
    assert len(found["one entry off by 1e-4"]) == 4


def test_factors_move_only_where_shapes_allow() -> None:
    found = made("A*x*y'", "x'*A*y", "A", "A: n x n, x: n, y: n")
    assert found["swapped factors"] == set()
    assert found["elementwise product"] == set()
    assert found["transposed factor"] == {"A'*x*y'"}


def wrong(claim: str, expr: str, wrt: str, where: str, assume: str = "") -> list[tuple[str, str]]:
    _, statement, formula = read(expr, wrt, claim, where=where, assume=assume)
    found = wrong_formulas(statement, formula)
    return [(m.slip, to_text(m.formula)) for m in found.wrong.values()]


def test_what_equals_the_truth_is_no_mutant() -> None:
    problem = ("(A + A')*x", "x'*A*x", "x", "A: n x n, x: n")
    transposed = ("transposed factor", "(A' + A')*x")
    assert transposed in wrong(*problem)
    assert transposed not in wrong(*problem, "symmetric(A)")
    # and of equal functions one is kept: twice the sum or twice the sum times x
    assert sum(slip == "factor 2" for slip, _ in wrong("2*x", "x'*x", "x", "x: n")) == 1


def sampled(step: int, *kinds: str) -> list[power.Task]:
    return [task for task in tasks() if not kinds or task.kind in kinds][::step]


@pytest.mark.parametrize("task", sampled(25), ids=lambda t: f"{t.name}-{t.kind}")
def test_mutants_differ_from_the_truth_in_floats_too(task: power.Task) -> None:
    case = stated(task)
    found = list(wrong_formulas(case.study.statement, *case.right).wrong.values())
    at = plain(with_units(case.study.statement, case.right[0]), case.right[0])
    assert at is not None
    right = at.gradient(case.right[0], at.x)
    same = []
    for mutant in found:
        off = np.max(np.abs(at.gradient(mutant.formula, at.x) - right))
        if off <= 1e-12 * np.max(np.abs(right), initial=0.0):
            same.append((mutant.slip, to_text(mutant.piece)))
    # A variance changes by the square of what its mean is off by: 1e-9 is then 1e-18, and no float sees it.
    assert {slip for slip, _ in same} <= {"factor 1 + 1e-9"}, same
    assert len(same) < len(found) / 10, same


# ------------------------------------------------------------------------------------------------- the points


def drawn(kind: str, shape: tuple[str, str], seed: int) -> tuple[np.ndarray, np.ndarray]:
    """Return a matrix of a kind, exact and in floats, at a stretched point."""
    rows, columns = shape
    assume = f"{kind}(X)" if kind else None
    _, statement, _ = read("sum(X)", "X", "matrix(1)", where=f"X: {rows} x {columns}", assume=assume)
    space: PointSpace = stretched(statement).space
    sizes = {"m": 4, "n": 3}
    exact = space.values(space.draw(sizes, Random(seed)), RATIONALS)["X"]
    return exact, np.array([[float(Fraction(int(e.p), int(e.q))) for e in row] for row in exact])


@pytest.mark.parametrize("kind", ["", "symmetric", "posdef", "invertible", "positive", "structured-diagonal"])
@pytest.mark.parametrize("seed", range(3))
def test_stretched_matrices_are_badly_conditioned_and_keep_their_assumptions(kind: str, seed: int) -> None:
    exact, value = drawn(kind, ("n", "n"), seed)
    assert 1e6 < np.linalg.cond(value) < 1e11
    # No scaling of rows and columns mends it, where mixing them is not ruled out by the assumption.
    if kind not in ("positive", "structured-diagonal"):
        scaled = value / np.max(np.abs(value), axis=1, keepdims=True)
        assert np.linalg.cond(scaled / np.max(np.abs(scaled), axis=0)) > 1e3
    if kind in ("symmetric", "posdef"):
        assert (exact == exact.T).all()
    if kind == "posdef":
        assert all(RATIONALS.determinant(exact[:k, :k])[0, 0] > 0 for k in (1, 2, 3))
    if kind == "positive":
        assert all(e > 0 for e in exact.flat)


def test_orthogonal_matrices_stay_orthogonal_and_rectangular_ones_are_stretched() -> None:
    exact, _ = drawn("orthogonal", ("n", "n"), 0)
    assert (exact.T @ exact == RATIONALS.eye(3)).all()
    for shape in (("m", "n"), ("n", "m")):
        assert 1e6 < np.linalg.cond(drawn("", shape, 0)[1]) < 1e11


# ------------------------------------------------------------------------------------- claims as plain functions


@pytest.mark.parametrize("kind", ["gradient", "jacobian", "hessian", "differential"])
def test_plain_gradient_is_that_of_the_plain_function(kind: str) -> None:
    for task in sampled(15 if kind != "jacobian" else 2, kind):
        case = stated(task)
        at = plain(case.study.statement, case.right[0])
        assert at is not None
        x, h = at.x, 1e-6
        slopes = [(at.f(x + h * e) - at.f(x - h * e)) / (2 * h) for e in np.eye(x.size)]
        for formula in case.right:
            claimed = at.gradient(formula, x)
            size = max(np.max(np.abs(claimed)), abs(float(at.f(x))), 1.0)
            np.testing.assert_allclose(claimed, slopes, rtol=0, atol=1e-5 * size)


def test_tied_entries_show_an_error_on_either_side_of_the_diagonal() -> None:
    _, statement, right = read(
        "tr(A*X)", "X", "A + A' - A.*eye", where="A: n x n, X: n x n", assume="structured-symmetric(X)"
    )
    at = plain(with_units(statement, right), right)
    assert at is not None
    off = [m for m in mutants(right) if m.slip == "one entry off by 1e-4"]
    assert len(off) == 4
    for mutant in off:
        assert np.max(np.abs(at.gradient(mutant.formula, at.x) - at.gradient(right, at.x))) > 1e-6


# ----------------------------------------------------------------------------------------------- the measurement


@pytest.fixture(scope="module")
def measured() -> Power:
    return measure(sampled(8), limit=8, jobs=2)


@pytest.mark.parametrize("points", POINTS)
def test_sample_of_mutants_is_refuted_and_no_right_formula_is(measured: Power, points: str) -> None:
    row = measured.row(points, VERDICT)
    assert measured.misses == []
    assert row["mutants_refuted"] == row["mutants"] > 200
    assert row["right_refuted"] == row["right_inconclusive"] == 0
    assert row["right"] > 30


def test_methods_on_floats_see_less_and_accuse_no_right_formula() -> None:
    found = measure(sampled(120), limit=3, peers=True)
    for checker in (power.FLOATS, *(f"gradproof {method} (float64)" for method in METHODS)):
        for points in POINTS:
            row = found.row(points, checker)
            assert row["right_refuted"] == 0, checker
            assert row["mutants_refuted"] > row["mutants"] / 2, checker


@pytest.mark.parametrize("method", METHODS)
def test_points_that_are_singular_in_floats_are_an_answer(method: str) -> None:
    # X'X has the condition number 1e16 here: exactly invertible, and singular in float64.
    _, statement, right = read("logdet(X'*X)", "X", "2*pinv(X)'", where="X: n x k")
    evidence = float_evidence(stretched(statement), right, method)
    assert evidence.verdict in ("agrees", "inconclusive")


def test_the_second_kind_of_points_is_badly_conditioned(measured: Power) -> None:
    good, bad = (np.median(measured.conditions[points]) for points in POINTS)
    assert good < 100
    assert 1e7 < bad < 1e10


class Agreeable(Check):
    """Agrees with everything."""

    def words(self, claim: Expr) -> Words:
        return {VERDICT: "agrees"}


class Contrary(Check):
    """Refutes everything."""

    def words(self, claim: Expr) -> Words:
        return {VERDICT: "refuted"}


class Tolerant(Check):
    """Compares in floats with a tolerance of 1e-6, as people do."""

    def words(self, claim: Expr) -> Words:
        assert self.plain is not None
        x = self.plain.x
        right = np.allclose(
            self.plain.gradient(claim, x),
            self.plain.gradient(self.case.study.derived(), x),
            rtol=1e-6,
            atol=0,
        )
        return {VERDICT: "agrees" if right else "refuted"}


FEW = sampled(30, "gradient")


def test_checker_that_always_agrees_scores_nothing() -> None:
    for row in rows(Agreeable):
        assert row["mutants"] > 30
        assert row["mutants_refuted"] == 0
        assert row["right_refuted"] == row["right_inconclusive"] == 0


def test_checker_that_always_refutes_is_charged_with_every_right_formula() -> None:
    for row in rows(Contrary):
        assert row["mutants_refuted"] == row["mutants"]
        assert row["right_refuted"] == row["right"] > 0


def rows(check: type[Check]) -> list[dict[str, Any]]:
    found = measure(FEW, check=check)
    return [found.row(points, VERDICT) for points in POINTS]


def test_checker_with_a_tolerance_is_seen_to_miss_small_errors() -> None:
    found = measure(FEW, check=Tolerant)
    by_slip = found.row("well-conditioned", VERDICT)["by_slip"]
    assert by_slip["factor 1 + 1e-9"][0] == 0
    assert by_slip["factor 1 + 1e-3"][0] == by_slip["factor 1 + 1e-3"][1] > 0
    assert {miss["slip"] for miss in found.misses} >= {"factor 1 + 1e-9"}
    assert all(miss["verdict"] == "agrees" for miss in found.misses if miss["slip"] != RIGHT)


def test_figures_are_the_same_for_any_number_of_jobs_and_change_with_the_seed() -> None:
    def figures(**options: Any) -> dict[str, Any]:
        return measure(FEW, limit=4, check=Tolerant, **options).to_dict()

    assert figures(jobs=1) == figures(jobs=2)
    assert figures(seed=1) != figures(seed=2)


def test_share_rounds_neither_to_nothing_nor_to_all() -> None:
    assert share(0, 7) == "0 %"
    assert share(99999, 100000) == "99.99 %"
    assert share(1, 100000) == "0.01 %"
    assert share(100000, 100000) == "100 %"
    assert share(0, 0) == "-"


# ------------------------------------------------------------------------------------------------- the command


def test_command_prints_tables_and_json(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(power, "tasks", lambda: FEW[:1])
    options = ["--limit", "2", "--jobs", "1"]
    assert power.main([*options, "--format", "json"]) == 0
    figures = json.loads(capsys.readouterr().out)
    assert figures["points"]["condition number 1e8"]["checkers"][VERDICT]["mutants"] == 2
    assert power.main([*options, "--peers"]) == 0
    printed = capsys.readouterr().out
    assert f"| {VERDICT} | 100 % of 2 |" in printed
    assert "scipy.optimize.check_grad" in printed


def test_methods_that_contradict_each_other_are_a_miss_with_its_reason(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def contradict(*arguments: Any) -> None:
        raise InternalError("proved and refuted")

    monkeypatch.setattr(power, "gather", contradict)
    found = measure(FEW[:1], limit=1)
    assert {miss["trouble"] for miss in found.misses} == {"proved and refuted"}
    assert found.row("well-conditioned", VERDICT)["mutants_refuted"] == 0


def test_command_fails_where_something_was_missed(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(power, "tasks", lambda: FEW[:1])
    monkeypatch.setattr(Check, "_verdict", lambda self, claim: {VERDICT: "agrees"})
    assert power.main(["--limit", "1", "--jobs", "1"]) == 1
    assert "missed: " in capsys.readouterr().out


@pytest.mark.parametrize(
    "options", [["--jobs", "0"], ["--limit", "-3"], ["--format", "xml"], ["--seed", "x"]]
)
def test_command_answers_bad_options_with_a_line(
    options: list[str], capsys: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(SystemExit) as stop:
        power.main(options)
    assert stop.value.code == 2
    assert options[0] in capsys.readouterr().err


def test_tables_have_a_row_for_every_checker_and_slip(measured: Power) -> None:
    text = tables(measured)
    assert all(f"| {slip} |" in text for slip in SLIPS)
    assert all(checker in text for checker in measured.checkers())
