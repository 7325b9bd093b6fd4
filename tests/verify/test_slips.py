"""The diagnoses of slips with functions, pieces, deltas, one-hot targets, sizes and denominators."""

from __future__ import annotations

import pytest

import verify

SLIPS = [
    (
        "relu(a)",
        "a",
        "relu(a)",
        "right with step(a) in place of relu(a): relu stands for its derivative",
    ),
    ("relu(a)^2", "a", "2*a", "right only where a is positive"),
    ("relu(a)", "a", "sign(a)", "right with step(a) in place of sign(a): the sign stands for the step"),
    ("relu(a*b)", "a", "2*b*step(a*b)", "twice the gradient"),
    (
        "y'*relu(W*x)",
        "W",
        "(y.*relu(W*x))*x'",
        "right with step(W*x) in place of relu(W*x): relu stands for its derivative",
    ),
    (
        "sum(tanh(A*x))",
        "x",
        "A'*tanh(A*x)",
        "right with vector(1) - tanh(A*x).^2 in place of tanh(A*x): tanh stands for its derivative",
    ),
    ("-log(y'*p)", "p", "-y./p", "right only if y is one-hot"),
    ("-y'*log(softmax(x))", "x", "softmax(x) - y", "right only if sum(y) = 1"),
    ("sum((A*x - y).^2)/n", "x", "2*A'*(A*x - y)", "n times the gradient: the factor 1/n is lost"),
    (
        "x'*y/(x'*x)",
        "x",
        "y/(x'*x) - 2*x*(x'*y)/(x'*x)",
        "right with 1/(x'*x)^2 in place of 1/(x'*x): the square of the denominator is lost",
    ),
    ("a/(b + c*a)", "a", "b/(b + c*a)", "a*c + b times the gradient: the square of the denominator is lost"),
    ("c^2", "c", "2*c + relu(c - 10000)", "right only where c - 10000 < 0"),
    ("c^2", "c", "2*c*sign(c + 400)", "right only where c + 400 > 0"),
    ("x'*y", "x", "y + relu(y - 5*vector(1))", "right only where y - 5*vector(1) < 0"),
]


@pytest.mark.parametrize(("loss", "wrt", "claim", "expected"), SLIPS)
def test_a_slip_in_a_gradient_is_named(loss: str, wrt: str, claim: str, expected: str) -> None:
    where = "A: n x m" if "/n" in loss else None
    assert verify.check_claim(loss, wrt, claim, where=where).diagnosis == expected


@pytest.mark.parametrize(
    ("claim", "expected"),
    [
        ("softmax(x)*(vector(1) - softmax(x))'", "right for i = j only: delta_ij is missing in "),
        ("-softmax(x)*softmax(x)'", "right but for the missing term diag(softmax(x)): delta_ij is missing"),
        ("diag(softmax(x).*(vector(1) - softmax(x)))", "only the diagonal of the Jacobian, which is "),
    ],
)
def test_a_delta_that_is_lost_is_named(claim: str, expected: str) -> None:
    found = verify.check_claim("softmax(x)", "x", claim, "jacobian").diagnosis
    assert found is not None
    assert found.startswith(expected)
