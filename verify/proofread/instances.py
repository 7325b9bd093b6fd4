"""A formula as an instance of a general one: Var(X - Y) is Var(aX - bY) at a = b = 1."""

from __future__ import annotations

from collections.abc import Collection
from itertools import product

from sympy import Expr, Integer, S, Symbol, expand

from derive.expression import algebra
from derive.expression.rebuild import replaced

#: What a parameter may be put to, and how many parameters are tried.
_VALUES = (S.One, S.NegativeOne, Integer(2), S.Zero)
_MOST = 3


def instance(general: Expr, special: Expr, kept: Collection[str]) -> dict[Expr, Expr] | None:
    """Return the values of the parameters of a scalar formula at which it is another, None where there are none.

    The names in `kept` stand for themselves. Parameters are put to small whole numbers and to what the special formula names.
    """
    if algebra.is_matrix(general) or algebra.is_matrix(special):
        return {} if general == special else None
    parameters = sorted(
        (s for s in general.free_symbols if isinstance(s, Symbol) and s.name not in kept), key=str
    )
    if len(parameters) > _MOST:
        return None
    others = sorted(
        (s for s in special.free_symbols if isinstance(s, Symbol) and s.name not in kept), key=str
    )
    for values in product((*_VALUES, *others[:_MOST]), repeat=len(parameters)):
        given = dict(zip(parameters, values, strict=True))
        if expand(replaced(general, given) - special) == 0:
            return given
    return None
