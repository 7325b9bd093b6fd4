"""What is refused before it is worked out: numbers that would fill pages, and expressions that take too long.

The bounds count digits and steps and look at no clock, so that the same text has the same answer everywhere.
"""

from __future__ import annotations

from collections.abc import Iterable

from sympy import Add, Basic, Expr, MatAdd, MatMul, Mul, Pow, Symbol
from sympy.matrices.expressions.hadamard import HadamardPower, HadamardProduct

from derive.errors import InputError
from derive.expression.walk import post_order

#: Bits of a number at most, some 1,200 digits: Python itself prints none with more than 4,300.
MAX_BITS = 4_000
#: The largest exponent, whatever its base is.
MAX_EXPONENT = 10_000
#: Powers of sums, quotients by sums among them, inside each other at most.
MAX_NESTED_POWERS = 12
#: Steps of a derivation at most, as `work` counts them: about a second for ten thousand.
MAX_WORK = 30_000


def check_power(base: Expr, exponent: Expr) -> None:
    """Raise InputError for a power, entry by entry or not, whose numbers are too large to work out."""
    if not exponent.is_Rational:
        return
    size = abs(exponent)
    if size > MAX_EXPONENT or exponent.q > MAX_EXPONENT:
        raise InputError(f"the exponents of powers go up to {MAX_EXPONENT:,}: name this one as a scalar")
    if size > 1 and size * bits(base) > MAX_BITS:
        raise InputError(
            "this power has a number with more than a thousand digits, which is not worked out: name it as a scalar"
        )


def check_nesting(base: Expr) -> None:
    """Raise InputError for a power of a sum that has too many such inside each other.

    Of each SymPy asks whether its terms are infinite, positive and so on, which takes exponentially long.
    """
    depth: dict[Basic, int] = {}
    for e in _inside_out(base):
        inside = max((depth[a] for a in e.args if a in depth), default=0)
        depth[e] = inside + (isinstance(e, Pow) and isinstance(e.base, Add))
    if depth[base] >= MAX_NESTED_POWERS:
        raise InputError(
            f"powers of sums are nested more than {MAX_NESTED_POWERS} deep: name those inside as variables"
        )


def bits(expr: Expr) -> int:
    """Return how many bits the number has that may come out of an expression: 2 out of norm2(2 x)^1."""
    found: dict[Basic, int] = {}
    for e in _inside_out(expr):
        inner = [found[a] for a in e.args if isinstance(a, Expr)]
        if e.is_Rational:
            found[e] = 0 if abs(e) == 1 or e == 0 else max(abs(e.p), e.q).bit_length()  # type: ignore[attr-defined]
        elif isinstance(e, Pow | HadamardPower) and e.exp.is_Rational:
            found[e] = int(found[e.base] * max(abs(e.exp), 1))
        elif isinstance(e, Mul | MatMul | HadamardProduct):
            found[e] = sum(inner)
        elif isinstance(e, Add | MatAdd):
            found[e] = min(inner, default=0)  # what comes out is common to all terms
        else:
            found[e] = max(inner, default=0)
    return found[expr]


def check_work(expr: Expr, wrt: Iterable[Expr]) -> None:
    """Raise InputError for an expression that is too long or nested too deep to be derived in seconds."""
    if work(expr, wrt) > MAX_WORK:
        raise InputError(
            "the expression is too long or nested too deep to be derived: name parts of it as variables, and derive "
            "those on their own"
        )


def work(expr: Expr, wrt: Iterable[Expr]) -> int:
    """Return a count of the steps of a derivation by some variables.

    Each part, counted once, takes as many as it is deep, since what surrounds it is looked at again. A product of
    scalars takes its number of factors for each factor that varies, which is multiplied by the others, and as much
    again to shorten the sum of all those; a product of matrices, whose neighbours are looked up, and a sum take a
    thirty-second of the square of their length.
    """
    total = 0
    depth: dict[Basic, int] = {}
    varies: set[Basic] = set(wrt)
    for e in _inside_out(expr):
        depth[e] = 1 + max((depth[a] for a in e.args if a in depth), default=0)
        active = sum(a in varies for a in e.args)
        if active:
            varies.add(e)
        square = len(e.args) ** 2
        if isinstance(e, Mul) and not isinstance(e, MatMul):
            total += 2 * active * len(e.args)
        elif isinstance(e, MatMul | HadamardProduct | Add | MatAdd):
            total += square // 32
        total += depth[e]
    return total


def _inside_out(expr: Basic) -> list[Basic]:
    """Return the distinct parts of an expression, those that it is made of first."""
    return list(post_order(expr, within=lambda e: () if isinstance(e, Symbol) or e.is_Number else e.args))
