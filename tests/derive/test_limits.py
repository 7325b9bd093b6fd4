"""What would not end is refused in a line, after little work, and what is usual is not."""

from __future__ import annotations

import pytest

import derive
from derive.errors import InputError
from derive.limits import bits, work
from tests.clock import calls

#: Calls of functions in about a second.
SOON = 4_000_000


def nested(before: str, inside: str, after: str, count: int) -> str:
    return before * count + inside + after * count


REFUSED = [
    ("9^9^9*c", "c", "powers go up to"), ("norm2(2*x)^1e9", "x", "powers go up to"),
    ("sum((2*x).^1e9)", "x", "powers go up to"), ("(sqrt(x'*x + 1e-6)).^(2^63)", "x", "powers go up to"),
    ("(1e300*c)^64", "c", "thousand digits"), ("(((1e300*c)^64)^64)^64", "c", "thousand digits"),
    ("det(1e300*A)^14", "A", "thousand digits"), ("norm2(3*x)^9999", "x", "thousand digits"),
    ("sum((7*x + 7*y).^9000)", "x", "thousand digits"), ("0.^(x'*x)", "x", "zero to a power"),
    ("sum(0.^x)", "x", "zero to a power"), ("sum(x./(0*x))", "x", "division by zero"),
    ("sqrt(-1)*c", "c", "no real number"), (nested("1/(1 + ", "c", ")^2", 40), "c", "powers of sums"),
    ("sum(" + nested("tanh(A*", "x", ")", 140) + ")", "x", "nested more than"),
    ("*".join(f"(a + {i})" for i in range(200)), "a", "too long or nested"),
    ("*".join(f"(x'*y{i})" for i in range(200)), "x", "too long or nested"),
    ("*".join(f"sin(a + {i})" for i in range(300)), "a", "too long or nested"),
]  # fmt: skip


@pytest.mark.parametrize(("text", "wrt", "says"), REFUSED, ids=[r[0][:25] for r in REFUSED])
def test_what_would_not_end_is_refused(text, wrt, says):
    with pytest.raises(InputError, match=says):
        calls(lambda: derive.gradient(text, wrt), SOON)


@pytest.mark.parametrize(
    ("text", "wrt"),
    [
        ("sum((x + y).^400)", "x"), ("norm2(2*x)^60", "x"), ("(2*c)^64", "c"), ("c^9999", "c"),
        (nested("1/(1 + ", "c", ")^2", 10), "c"), (nested("log(2 + ", "c^2", ")", 15), "c"),
        ("sum(" + nested("tanh(A*", "x", ")", 30) + ")", "x"), ("tr(" + "*".join(["A"] * 60) + ")", "A"),
        ("1e300*c + 1e-300*c^2", "c"), ("2^relu(3)*c", "c"), (" + ".join(f"k{i}'*x" for i in range(400)), "x"),
        ("sum(" + nested("tanh(A*", "x", ")", 40) + ")", "A"),  # equal parts are one object
        ("*".join(f"a{i}" for i in range(300)), "a7"), ("*".join(f"a{i}" for i in range(300)) + "*x'*x", "x"),
        ("*".join(f"(a + {i})" for i in range(30)), "a"), ("*".join(f"(x'*y{i})" for i in range(130)), "y5"),
        ("tr(((S./exp(S))*S).^2)", "S"), ("sum(eye.*(log(A)*B).^2)", "A"),  # no diagonal is taken in circles
    ],
)  # fmt: skip
def test_what_is_large_but_not_too_large_is_answered(text, wrt):
    calls(lambda: derive.gradient(text, wrt).to_text(), SOON)


def test_digits_are_those_that_come_out():
    expr = derive.parse("norm2(4*x)^3 + tr(16*A)").expr
    assert bits(expr) == min(3 * 3, 5)
    assert bits(derive.parse("(4*c)^3*d").expr) == 7


def test_shared_parts_count_once():
    whole, half = (derive.parse(t).expr for t in ("sin(x'*y) + exp(sin(x'*y))", "exp(sin(x'*y))"))
    assert work(whole, ()) - work(half, ()) < work(half, ())
