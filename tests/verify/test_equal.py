"""Equations: values of both sides by every method, decimals to the digits given, shapes, and what is said of slips."""

from __future__ import annotations

import math

import pytest
from sympy import Float, Inverse, MatrixSymbol, Symbol, sin

from derive import read_claim, read_problem
from derive.errors import InputError
from verify import check_equal
from verify.equal import compare

HOLD = [
    ("inv(A + U*C*V)", "inv(A) - inv(A)*U*inv(inv(C) + V*inv(A)*U)*V*inv(A)", "proved"),  # Woodbury
    ("det(eye + U*V')", "det(eye + V'*U)", None),  # Sylvester
    ("x'*A*x", "x'*A'*x", "proved"),
    ("kron(A, B)*vec(X)", "vec(B*X*A')", "proved"),
    ("tanh(a)", "2*sigmoid(2*a) - 1", "proved"),
    ("sin(2*a)", "2*sin(a)*cos(a)", "agrees"),
    ("relu(x)", "1/2*(x + abs(x))", "proved"),
    ("A*x - A*x", "0", "proved"),
    ("tr(A - A)", "0", "proved"),
    ("norm2(A)^2", "tr(A'*A)", "proved"),
    ("(a + b)^2 = a^2 + 2*a*b + b^2", None, "proved"),
    ("exp(1)^2", "exp(2)", "proved"),
]

REFUTED = [
    ("inv(A + U*C*V)", "inv(A) - inv(A)*U*inv(C + V*inv(A)*U)*V*inv(A)", "the inverse was forgotten"),
    ("(A*B)'", "A'*B'", "the order is wrong"),
    ("A*B", "B*A", "the order is wrong"),
    ("x'*A*x", "2*x'*A*x", "twice the left side"),
    ("A - A'", "0", "zero, which the left side is not"),
    ("A*B*x = B'*A'*x", None, None),
    ("x'*A*x + x'*y", "x'*A*x - x'*y", "sign"),
    ("norm2(x + y)^2", "norm2(x)^2 + norm2(y)^2", None),
]


@pytest.mark.parametrize(("left", "right", "word"), HOLD)
def test_what_is_equal_is_upheld(left, right, word):
    verdict = check_equal(left, right)
    assert verdict
    assert word in (None, verdict.verdict)


@pytest.mark.parametrize(("left", "right", "said"), REFUTED)
def test_what_differs_is_refuted_with_numbers_and_its_slip(left, right, said):
    verdict = check_equal(left, right)
    assert verdict.verdict == "refuted"
    assert verdict.counterexample is not None
    assert "the left side is" in str(verdict)
    assert "along a random direction" not in str(verdict)
    assert said is None or said in verdict.diagnosis


@pytest.mark.parametrize(
    ("left", "right", "sizes"),
    [
        ("(A*x)'", "A*x", "the left side is 1 x m, the right side m x 1"),
        ("sum(x)", "x", "the left side is a scalar, the right side n x 1"),
        ("A*x", "x*A", "shapes do not fit in *"),
    ],
)
def test_shapes_that_cannot_fit_are_refuted_with_sizes(left, right, sizes):
    verdict = check_equal(left, right)
    assert verdict.verdict == "refuted"
    assert sizes in verdict.evidence[0].figure


def test_a_right_side_that_is_right_when_transposed_is_told():
    assert check_equal("(A*x)'", "A*x").diagnosis == "right when transposed, so write (A*x)'"


@pytest.mark.parametrize(
    ("text", "word"),
    [
        ("2*pi/(pi - 1) ≈ 2.934", "agrees"),
        ("2*pi/(pi - 1) ≈ 2.93", "agrees"),
        ("2*pi/(pi - 1) ≈ 2.933", "refuted"),
        ("2*pi/(pi - 1) ≈ 0.308", "refuted"),
        ("2*pi/(pi - 1) = 2.934", "refuted"),
        ("pi ≈ 3", "agrees"),
        ("pi ≈ 4", "refuted"),
        ("-1/8 ≈ -0.13", "agrees"),
        ("exp(10) ≈ 2.2e4", "agrees"),
        ("exp(10) ≈ 2.20e4", "agrees"),
        ("exp(10) ≈ 2.21e4", "refuted"),
        ("x'*x*pi ≈ 3.14*x'*x", "agrees"),
        ("x'*x*pi ≈ 3.15*x'*x", "refuted"),
        ("0.33*a ≈ a/3", "agrees"),
        ("a + b ≈ b + a", "proved"),
    ],
)
def test_decimals_are_right_within_half_a_unit_of_their_last_digit(text, word):
    assert check_equal(text).verdict == word


@pytest.mark.parametrize("digits", range(1, 13))
def test_every_rounding_of_a_number_is_approximately_it(digits):
    rounded = f"{math.sqrt(2):.{digits}f}"
    off = f"{math.sqrt(2) + 1.1 * 10.0**-digits:.{digits}f}"
    assert check_equal("sqrt(2)", rounded, approx=True).verdict == "agrees"
    assert check_equal("sqrt(2)", off, approx=True).verdict == "refuted"
    assert check_equal("sqrt(2)", float(rounded), approx=True).verdict == "agrees"


def test_the_counterexample_of_decimals_names_no_made_up_names():
    verdict = check_equal("a*pi ≈ 3.15*a")
    assert set(verdict.counterexample.point) == {"a"}
    assert verdict.counterexample.claimed.startswith("3.15")


def test_sympy_and_numbers_are_sides_too():
    a, X = Symbol("a", real=True), MatrixSymbol("X", 3, 3)
    assert check_equal(sin(a) ** 2, 1 - read_problem("cos(a)^2", ()).expr)
    assert check_equal(Inverse(X) * X * X, X).verdict == "proved"
    assert check_equal(X - X.T, 0, assume="symmetric(X)").verdict == "proved"
    assert check_equal("2*X'", 2 * X, assume="symmetric(X)").verdict == "proved"
    assert check_equal(Symbol("b") * Float("2"), "2*b").verdict == "proved"


def test_what_was_read_already_is_compared_in_a_scope_of_many_names():
    problem = read_problem("tr(A*C*B) + x'*C*x + sum(D) + a", (), None, "symmetric(C), posdef(D)")
    left = read_claim("tr(A*C*B)", problem)
    right = read_claim("tr(B'*C*A')", problem)
    inside = type(problem)(left, (), problem.symbols, problem.shapes, problem.assumptions)
    verdict = compare(inside, right)
    assert verdict.verdict == "proved"
    assert compare(inside, read_claim("tr(B*A)", problem)).verdict == "refuted"


@pytest.mark.parametrize(
    ("args", "said"),
    [
        (("x'*x",), "an equation has two sides"),
        (("a = b = c",), "an equation has two sides"),
        (("A*x", "foo("), "the text ends"),
        (("x*A", "x", "x: n, A: m x n"), "shapes do not fit"),
        (("log(-1)", "2"), "no"),
    ],
)
def test_what_is_no_equation_is_bad_input(args, said):
    with pytest.raises(InputError, match=said):
        check_equal(*args)


def test_the_same_seed_gives_the_same_answer():
    one, two = (str(check_equal("A*B", "B*A", seed=3)) for _ in range(2))
    assert one == two
