"""Long products of scalars, as deep compositions have: a new factor goes where it belongs.

SymPy sorts all factors again, and compares two of them down to where they differ: the work grows with the cube of the
depth.
"""

from __future__ import annotations

from bisect import insort
from functools import cmp_to_key

from sympy import Expr, Mul, Number, S
from sympy.core.basic import Basic

#: Products with fewer factors are SymPy's.
LONG = 24

_order = cmp_to_key(Basic.compare)


def product(*factors: Expr) -> Expr:
    """Return the product of scalars, as SymPy orders it."""
    longest = max(factors, key=_length, default=S.One)
    if _length(longest) < LONG:
        return Mul(*factors)
    others = list(factors)
    others.remove(longest)
    numbers = [a for a in others if isinstance(a, Number)]  # apart, lest they be multiplied into a sum
    coefficient, more = Mul(*[a for a in others if not isinstance(a, Number)]).as_coeff_Mul()
    own, kept = longest.as_coeff_mul()
    new = Mul.make_args(more) if more != 1 else ()
    bases = {_base(a) for a in kept}
    number = Mul(coefficient, own, *numbers)
    if number == 0 or any(isinstance(b := _base(a), Number) or b in bases for a in new):
        return Mul(*factors)
    ordered = list(kept)
    for a in new:
        insort(ordered, a, key=_order)
    return Mul._from_args([*([number] if number != 1 else []), *ordered], is_commutative=True)


def _length(e: Expr) -> int:
    return len(e.args) if isinstance(e, Mul) else 1


def _base(e: Expr) -> Expr:
    base: Expr = e.as_base_exp()[0]
    return base
