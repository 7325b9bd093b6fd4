"""Prime field, balls and counterexamples: each answer from both sides, and what it rests on."""

from __future__ import annotations

from fractions import Fraction
from random import Random

import numpy as np
import pytest
from flint import fmpz
from hypothesis import given, settings
from hypothesis import strategies as st

from derive import hessian
from derive.errors import InputError
from tests.verify.claims_table import RATIONAL, SMOOTH, statements
from verify.arithmetics.exact import RATIONALS
from verify.claims import check_claim, read
from verify.derived import gradient
from verify.evaluate import layout, size_of
from verify.methods.counterexample import find_counterexample
from verify.methods.exact import FIRST_ENTRIES, assignments, ball_evidence, field_evidence, field_places
from verify.points.drawn import PointSpace, Variable
from verify.statement import Statement


@pytest.mark.parametrize("row", RATIONAL, ids=lambda r: f"{r[0]} by {r[1]} {r[5]}")
def test_a_field_certifies_what_is_right_and_refutes_what_is_not(row):
    right = field_evidence(*statements(row, "right"))
    assert right.verdict == "certified"
    assert right.details["error_bits"] >= 60
    assert field_evidence(*statements(row, "wrong")).verdict == "refuted"


@pytest.mark.parametrize("row", RATIONAL + SMOOTH, ids=lambda r: f"{r[0]} by {r[1]} {r[5]}")
def test_balls_agree_with_what_is_right_and_refute_what_is_not(row):
    right = ball_evidence(*statements(row, "right"))
    assert right.verdict == "agrees"
    assert right.details["digits"] >= 50
    assert ball_evidence(*statements(row, "wrong")).verdict == "refuted"


@pytest.mark.parametrize("row", SMOOTH, ids=lambda r: f"{r[0]} by {r[1]} {r[5]}")
def test_a_field_abstains_with_a_reason_where_it_has_no_values(row):
    evidence = field_evidence(*statements(row, "right"))
    assert evidence.verdict == "inconclusive"
    assert evidence.figure.startswith("does not apply to what is not rational: ")
    assert evidence.figure.endswith(" has no value in a prime field")


@pytest.mark.parametrize("row", RATIONAL + SMOOTH, ids=lambda r: f"{r[0]} by {r[1]} {r[5]}")
def test_counterexamples_are_small_and_stand(row):
    statement, claim = statements(row, "wrong")
    found = find_counterexample(statement, claim)
    assert found is not None
    assert found.claimed != found.true
    for value in found.point.values():
        entries = np.array(value, dtype=object).reshape(-1)
        assert len(entries) <= 9
        assert all(abs(Fraction(e)) <= 4 for e in entries)


def test_right_claims_have_no_counterexample():
    statement, claim = statements(RATIONAL[0], "right")
    assert find_counterexample(statement, claim) is None


def test_a_counterexample_can_be_checked_by_hand():
    """d(x'Ax)/dx = (A + A')x; at the point shown, NumPy finds both values."""
    statement, claim = statements(RATIONAL[1], "wrong")
    found = find_counterexample(statement, claim)
    a, x = (np.atleast_2d(np.array(found.point[name], dtype=float)) for name in "Ax")
    i, j = found.entry
    assert ((a + a.T) @ x)[i, j] == float(found.true)
    assert (2 * a @ x)[i, j] == float(found.claimed)


@pytest.mark.parametrize("claim", ["3*n*vector(1)/n", "(n + (n-2)*(n-3)*(n-4)*(n-5))*vector(1)"])
def test_a_claim_that_is_right_at_some_sizes_only_does_not_pass(claim):
    statement, claim = read("n*sum(x)", "x", claim, where="x: n")[1:]
    assert field_evidence(statement, claim).verdict == "refuted"


def test_a_claim_that_is_right_for_square_matrices_only_does_not_pass():
    statement, claim = read("sum(X)", "X", "n/m*matrix(1)", where="X: m x n")[1:]
    assert field_evidence(statement, claim).verdict == "refuted"
    assert ball_evidence(statement, claim).verdict == "refuted"


def test_a_dead_network_does_not_uphold_a_claim():
    """relu kills half of all units: a claim that is wrong where they live is found out."""
    expr, where = "sum(relu(-1*exp(A*x)) + relu(relu(A*x)))", "A: m x n"
    statement, right = read(expr, "x", "A'*sign(relu(A*x))", where=where)[1:]
    assert ball_evidence(statement, right, quick=True).verdict == "agrees"
    statement, wrong = read(expr, "x", "0*x", where=where)[1:]
    assert ball_evidence(statement, wrong, quick=True).verdict == "refuted"


@pytest.mark.parametrize(
    ("expr", "right", "wrong"),
    [
        ("norm2(x)^2", "2*x", "2*x + relu(x - 5*vector(1))"),
        ("norm2(x)^2", "2*x", "2*x + relu(sum(x) - 30)*x"),
        ("norm2(x)^2", "2*x", "2*x + relu(x - 1000000*vector(1))"),
        ("norm2(x)^2", "2*x", "2*x + exp(-1000000*x.^2)"),
        ("norm1(x)", "sign(x)", "tanh(100000*x)"),
    ],
)
def test_what_is_wrong_only_far_out_or_close_to_zero_does_not_pass(expr, right, wrong):
    assert ball_evidence(*read(expr, "x", right, where="x: n")[1:]).verdict == "agrees"
    statement, claim = read(expr, "x", wrong, where="x: n")[1:]
    assert ball_evidence(statement, claim).verdict == "refuted"
    assert find_counterexample(statement, claim) is not None


def test_undecidable_numbers_are_inconclusive():
    """sin(exp(10^8 x^2)) takes more bits than are tried: no digit is known, and the evidence says so."""
    right = "200000000*x*exp(100000000*x^2)*cos(exp(100000000*x^2))"
    evidence = ball_evidence(*read("sin(exp(100000000*x^2))", "x", right, where="x: scalar")[1:])
    assert evidence.verdict == "inconclusive"
    assert "only 0 digits" in evidence.figure


@pytest.mark.parametrize(
    ("expr", "wrt", "why"),
    [
        ("logdet(x*x')", "x", "the logarithm of a number that is not positive"),
        ("log(-norm2(x)^2)", "x", "the logarithm of a number that is not positive"),
        ("tr(inv(x*x')*A)", "A", "a singular matrix"),
        ("sqrt(0*a - a^2*b^2)", "a", "a root of a negative number"),
    ],
)
def test_expressions_without_a_value_are_input_errors(expr, wrt, why):
    statement, claim = read(expr, wrt, wrt)[1:]
    with pytest.raises(InputError, match=rf"no value and derivative at any of the points tried \(.*{why}"):
        ball_evidence(statement, claim)


def test_a_derivative_that_is_zero_everywhere_is_upheld():
    statement, claim = read("norm1(0*x)", "x", "0*x")[1:]
    assert ball_evidence(statement, claim).verdict == "agrees"


def test_the_same_seed_gives_the_same_evidence():
    statement, claim = statements(RATIONAL[4], "right")
    first, again = (field_evidence(statement, claim, seed=7) for _ in range(2))
    assert (first.figure, first.details) == (again.figure, again.details)
    statement, claim = statements(SMOOTH[0], "wrong")
    first, again = (ball_evidence(statement, claim, seed=7) for _ in range(2))
    assert first.figure == again.figure
    assert first.figure != ball_evidence(statement, claim, seed=8).figure


# ---------------------------------------------------------------------------------------------- points


KINDS = [
    "symmetric",
    "posdef",
    "invertible",
    "positive",
    "orthogonal",
    "structured-symmetric",
    "structured-diagonal",
    "structured-toeplitz",
]


def holds(kind: str, a: np.ndarray) -> bool:
    n = len(a)
    if kind in ("symmetric", "structured-symmetric"):
        return bool(np.all(a == a.T))
    if kind == "posdef":
        minors = [RATIONALS.determinant(a[:k, :k])[0, 0] for k in range(1, n + 1)]
        return bool(np.all(a == a.T)) and all(m > 0 for m in minors)
    if kind == "invertible":
        return RATIONALS.determinant(a)[0, 0] != 0
    if kind == "positive":
        return all(e > 0 for e in a.flat)
    if kind == "orthogonal":
        return bool(np.all(a.T @ a == RATIONALS.eye(n)))
    if kind == "structured-toeplitz":
        return bool(np.all(a[1:, 1:] == a[:-1, :-1]))
    return all(a[i, j] == 0 for i in range(n) for j in range(n) if i != j)


@settings(max_examples=60, deadline=None)
@given(st.sampled_from(KINDS), st.integers(1, 5), st.integers(0, 4), st.integers(0, 10**6), st.booleans())
def test_points_honour_their_assumption_exactly(kind, n, style, seed, flip):
    from sympy import Integer

    space = PointSpace({"A": Variable("A", (Integer(n), Integer(n)), frozenset({kind}))})
    free = space.draw({}, Random(seed), style)
    value = space.values(free, RATIONALS, flip)["A"]
    assert value.shape == (n, n)
    assert holds(kind, value)


@pytest.mark.parametrize("kinds", [{"symmetric", "invertible"}, {"symmetric", "orthogonal"}, {"posdef", "positive"},
                                   {"posdef", "orthogonal"}, {"symmetric", "positive"},
                                   {"symmetric", "structured-toeplitz"}, {"posdef", "structured-toeplitz"},
                                   {"posdef", "structured-diagonal"}])  # fmt: skip
def test_assumptions_hold_together(kinds):
    from sympy import Integer

    space = PointSpace({"A": Variable("A", (Integer(3), Integer(3)), frozenset(kinds))})
    for flip in (False, True):
        value = space.values(space.draw({}, Random(1)), RATIONALS, flip)["A"]
        assert all(holds(kind, value) for kind in kinds)


def test_both_components_of_the_orthogonal_matrices_are_drawn():
    """A claim that is right for rotations only (det Q = 1) is refuted."""
    statement, claim = read("det(Q)*tr(A*X)", "X", "A'", assume="orthogonal(Q)")[1:]
    assert field_evidence(statement, claim).verdict == "refuted"
    assert ball_evidence(statement, claim).verdict == "refuted"
    statement, claim = read("det(Q)^2*tr(A*X)", "X", "A'", assume="orthogonal(Q)")[1:]
    assert field_evidence(statement, claim).verdict == "certified"


def test_contradicting_assumptions_are_an_input_error():
    with pytest.raises(InputError, match="cannot be orthogonal with positive entries"):
        read("tr(A*Q)", "A", "Q'", assume="orthogonal(Q), positive(Q)")


@pytest.mark.parametrize(
    ("row", "said"),
    [
        (
            ("tr(A*X*X')", "X", "2*A*X"),
            "at A = [[0, 0], [1, 0]], X = [[0], [1]]: entry (1, 1) is 1, the claim gives 0",
        ),
        # log-sum-exp at 0: the softmax of n zeros is 1/n, in balls
        (
            ("logsumexp(x)", "x", "softmax(x).*softmax(x)"),
            "at x = [[0], [0]]: entry (1, 1) is 0.5, the claim gives 0.25",
        ),
        (("norm2(x)", "x", "x/norm2(x)^2"), "at x = 2: entry (1, 1) is 1, the claim gives 1/2"),
    ],
)
def test_counterexamples_read_as_people_write_numbers(row, said):
    _, statement, claim = read(*row)
    assert str(find_counterexample(statement, claim)) == said


def test_values_that_differ_late_are_written_until_they_do():
    """e and e + 1e-20 have the same 15 digits."""
    _, statement, claim = read("sum(exp(x))", "x", "exp(x) + 1/10^20*x")
    found = find_counterexample(statement, claim)
    assert found.true.startswith("2.718281828459045235360287")
    assert found.claimed.startswith("2.718281828459045235370287")


def test_sizes_are_chosen_so_that_no_matrix_in_between_is_huge():
    """kron(X, Y) of 15 x 15 has derivatives whose factors have millions of entries; the check has other sizes."""
    d = hessian("norm2(inv(kron(X, Y)))^2", "X", where="X: m x m, Y: n x n", form="kronecker")
    statement = Statement.of(d.problem, "hessian")
    shapes = [s.node.shape for s in layout(d.result) if getattr(s.node, "is_Matrix", False)]

    def largest(sizes):
        return max(size_of(r, sizes) * size_of(c, sizes) for r, c in shapes)

    assert max(map(largest, statement.space.assignments())) > 10**6
    _, chosen = assignments(statement, d.result, 0, 2)
    assert chosen
    assert max(map(largest, chosen)) <= FIRST_ENTRIES
    assert field_evidence(statement, d.result, quick=True).verdict == "certified"
    assert field_evidence(statement, d.result + d.result, quick=True).verdict == "refuted"


def test_where_every_choice_is_large_the_smallest_is_taken():
    _, statement, claim = read("tr(A*X)", "X", "A'", where="A: 500 x n, X: n x 500")
    _, chosen = assignments(statement, claim, 0, 3)
    assert {"n": 2} in chosen
    assert all(s["n"] < 10 for s in chosen)


@pytest.mark.parametrize("p", [2**61 - 1, 2**31 - 1, 2**63 - 25])
def test_no_prime_hides_a_factor(p):
    """A fixed prime certified what differs by a multiple of it."""
    assert check_claim("x'*x", "x", f"2*x + {p}/{10**100}*x").verdict == "refuted"
    assert check_claim(f"x'*x/{p}", "x", f"2*x/{p}").verdict == "proved"


def test_primes_are_drawn_by_the_seed_and_by_the_numbers_in_the_formulas():
    _, statement, claim = read("3*x'*x", "x", "6*x")
    other = read("3*x'*x", "x", "7*x")[2]
    first, again, seeded, told = (
        [f.p for f, _ in field_places(statement, c, {"n": 2}, seed)]
        for c, seed in ((claim, 0), (claim, 0), (claim, 1), (other, 0))
    )
    assert first == again
    assert len({*first, *seeded, *told}) == 3 * len(first)
    assert all(2**60 < p < 2**62 and fmpz(p).is_prime() for p in first)


@pytest.mark.parametrize("count", [3, 12, 25])
def test_a_polynomial_in_a_size_is_refuted_whatever_its_roots(count):
    roots = "*".join(f"(n - {k})" for k in range(2, 2 + count))
    assert check_claim("x'*x", "x", f"2*x + {roots}*x", where="x: n").verdict == "refuted"
    assert check_claim("n*x'*x", "x", f"2*x*n + 0*{roots}*x", where="x: n").verdict == "proved"


def test_numbers_that_are_not_rational_have_no_height():
    assert check_claim("pi*x'*x", "x", "2*pi*x").verdict == "proved"
    assert check_claim("0.1*x'*x + 0*exp(1)", "x", "0.2*x").verdict == "proved"


@pytest.mark.parametrize(
    ("expr", "wrt", "where"),
    [
        ("sigmoid(10000*c)", "c", None),
        ("sigmoid(sum(A)^6)", "A", "A: 6 x 6"),
        ("tanh(3000*a)*b", "a", None),
        ("erf(500*a)", "a", None),
        ("log(1 + exp(20000*a))", "a", None),
        ("sum(softmax(5000*x).*y)", "x", None),
    ],
)
def test_a_point_at_which_no_digit_can_be_told_is_passed_over(expr, wrt, where):
    assert gradient(expr, wrt, where).verdict == "agrees"
    assert (
        check_claim(expr, wrt, f"2*({gradient(expr, wrt, where).to_text()})", where=where).verdict
        == "refuted"
    )
