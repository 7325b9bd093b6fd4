"""Claims are compared on every piece of their formulas: beyond thresholds, off the grid, for signed directions."""

from __future__ import annotations

import pytest

import verify
from derive.ingest import read_claim, read_problem
from verify.arithmetics.balls import Balls
from verify.evaluate import evaluate
from verify.points.reals import real_places
from verify.points.watched import domain, kinks
from verify.statement import Statement

#: Losses, and claims that are right where points of usual size lie, or where entries and directions are positive.
WRONG = [
    ("x'*y", "x", "y + relu(y - 5*vector(1))", "gradient"),
    ("gelu(d)*tr(F*F)", "F", "2*gelu(d + relu(d - 3))*F'", "gradient"),
    ("c^2", "c", "2*c + relu(c - 10000)", "gradient"),
    ("c^2", "c", "2*c + relu(c - exp(4))", "gradient"),
    ("c^2", "c", "2*c + abs(c - exp(4)) - exp(4) + c", "gradient"),
    ("c^2 + d - d + a - a", "c", "2*c + relu(c - 5)*relu(c - 90)", "gradient"),
    ("c^2*d^2", "c", "2*c*d^2 + relu(c - 5)*relu(-d - 70)", "gradient"),
    ("c^2", "c", "2*c + relu(1/1000 - abs(c - 7/10))", "gradient"),
    ("c^2", "c", "2*c + exp(-1000*(c - 50)^2)", "gradient"),
    ("c^2", "c", "2*c + sign(c - 400) + 1", "gradient"),
    ("c^2", "c", "2*c*sign(c + 400)", "gradient"),
    ("x'*x", "x", "2*x + sin(1099511627776*pi*x)", "gradient"),
    ("tr(A*A')", "A", "2*A + relu(A - 50*matrix(1))", "gradient"),
    ("norm2(x)", "x", "x/norm2(x) + relu(norm2(x) - 300)*x", "gradient"),
    ("sum(exp(x))", "x", "exp(x) + relu(exp(x) - exp(9)*vector(1))", "gradient"),
    ("sum(sin(x))", "x", "cos(x) + relu(x/3 - 40*vector(1))", "gradient"),
    ("sum(relu(sin(x)) - 1/10*relu(-sin(x)))", "x", "cos(x).*sign(relu(sin(x)))", "gradient"),
    ("sum(abs(exp(y) - 3*vector(1)))", "y", "exp(y).*sign(relu(exp(y) - 3*vector(1)))", "gradient"),
    ("y'*log(x) + norm1(y)", "y", "log(x) + vector(1)", "gradient"),
    ("x'*log(y)", "x", "log(y) + relu(-x - 9*vector(1))", "gradient"),
    ("A*x", "x", "A*abs(dx)", "differential"),
    ("sum(A)", "A", "norm1(dA)", "differential"),
    ("A*x", "x", "A*dx + A*relu(dx - 1000*vector(1))", "differential"),
    ("x'*x", "x", "2*x'*dx + relu(dx'*dx - 10^9)", "differential"),
    ("tr(X*A*X')", "X", "abs(dX)*(A + A')", "hessian"),
]
SHAPES = {"y'*log(x) + norm1(y)": "x: 20, y: 20"}


@pytest.mark.parametrize(("loss", "wrt", "claim", "kind"), WRONG)
def test_a_claim_that_is_wrong_on_one_piece_is_refuted_with_a_point(
    loss: str, wrt: str, claim: str, kind: str
) -> None:
    verdict = verify.check_claim(loss, wrt, claim, kind, SHAPES.get(loss))
    assert verdict.verdict == "refuted"
    assert verdict.counterexample is not None


@pytest.mark.parametrize(
    ("loss", "claim"),
    [
        ("sum(relu(vector(1)/3 - x) + relu(x - vector(1)/3))", "sign(x - vector(1)/3)"),
        ("sum(sin(x) + abs(sin(x)))", "2*cos(x).*sign(sin(x) + abs(sin(x)))"),
        ("sum(abs(x - 1000*vector(1)))", "sign(x - 1000*vector(1))"),
        ("sum(relu(exp(x) - 3*vector(1)))", "exp(x).*sign(relu(exp(x) - 3*vector(1)))"),
        ("sum(relu(x).^2)", "2*relu(x)"),
        ("sum(log(x))*sum(relu(-y))", "sum(relu(-y))./x"),
    ],
)
def test_right_claims_hold_on_all_pieces(loss: str, claim: str) -> None:
    verdict = verify.check_claim(loss, "x", claim)
    assert verdict, str(verdict)
    balls = verdict.evidence[-1]
    assert "no point was found" not in balls.figure


def test_a_side_that_is_never_reached_is_named() -> None:
    balls = verify.check_claim("c^2", "c", "2*c + relu(-c^2 - 1)").evidence[-1]
    assert balls.verdict == "agrees"
    assert balls.details["pieces"]["unreached"] == ["-c^2 - 1 > 0"]
    assert balls.figure.endswith("no point was found with -c^2 - 1 > 0")


def test_kinks_and_domains_are_read_off_the_formulas() -> None:
    problem = read_problem("sum(relu(A*x)) + norm1(y) + sqrt(c)*log(d^2) + sum(log(vector(1) - z))", "x")
    assert len(kinks(problem.expr)) == 2  # A*x and y
    assert len(domain(problem.expr)) == 3  # c, d^2 and 1 - z


def test_points_are_moved_into_the_domain_entry_by_entry() -> None:
    problem = read_problem("y'*sqrt(A*x) + arcsin(c)", "y", "A: 9 x 9")
    statement = Statement.of(problem, "gradient")
    place = next(iter(real_places(statement.space, statement, {}, 0)))
    assert place.style == 0
    signs = {bool(e > 0) for name in ("y", "A") for e in place.free[name].flat}
    assert signs == {True, False}
    assert min((place.free["A"] @ place.free["x"]).flat) > 0


def test_a_rounded_step_is_a_step() -> None:
    problem = read_problem("sign(relu(sin(c)))", "c")
    claim = read_claim("c + abs(c)", problem)
    for value, expected in ((-1, 0), (2, 1)):
        assert evaluate(problem.expr, {"c": value}, None, Balls(64))[0, 0] == expected
    assert evaluate(claim, {"c": -1}, None, Balls(64))[0, 0] == 0
