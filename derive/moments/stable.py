"""The logistic function and softplus as functions of their own, so that no exponential overflows beside them.

1/(1 + exp(-x)) and its derivative exp(-x)/(1 + exp(-x))^2 are harmless, but exp(-x) is not: in floating point it
overflows where the quotient is 0. With the logistic function L as one symbol L'(x) = L(x) L(-x), and nothing does.
"""

from __future__ import annotations

import sympy as sp


class Logistic(sp.Function):
    """L(x) = 1/(1 + exp(-x))."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return L(x) L(-x)."""
        return Logistic(self.args[0]) * Logistic(-self.args[0])


class Softplus(sp.Function):
    """log(1 + exp(x)), whose derivative is L(x)."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return L(x)."""
        return Logistic(self.args[0])


def stable(e: sp.Expr) -> sp.Expr:
    """Return `e` with 1/(1 + exp(u))^n written as L(-u)^n, log(1 + exp(u)) as softplus, and exp(u) L(-u) as L(u)."""
    e = sp.sympify(e, strict=True)
    if not e.args:
        return e
    e = e.func(*(stable(arg) for arg in e.args))
    if isinstance(e, sp.log):
        parts = _one_plus_exponential(e.args[0])
        if parts is not None:
            return sp.log(parts[0]) + Softplus(parts[1])
    if isinstance(e, sp.Pow) and e.exp.is_Integer and e.exp.is_negative:
        parts = _one_plus_exponential(e.base)
        if parts is not None:
            return parts[0] ** e.exp * Logistic(-parts[1]) ** -e.exp
    return _absorbed(e) if isinstance(e, sp.Mul) else e


def _one_plus_exponential(e: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """Return (a, u) with e = a (1 + exp(u)) for a positive number a, or None."""
    if not isinstance(e, sp.Add) or len(e.args) != 2:
        return None
    number, rest = e.as_independent(*e.free_symbols, as_Add=True)
    coefficient, exponential = rest.as_coeff_Mul()
    if not (isinstance(exponential, sp.exp) and number.is_positive and coefficient.is_positive):
        return None
    return number, exponential.args[0] + sp.log(coefficient / number)


def _absorbed(product: sp.Expr) -> sp.Expr:
    """Write exp(-j w) L(w)^n for 1 <= j <= n as L(-w)^j L(w)^(n - j)."""
    factors = list(sp.Mul.make_args(product))
    for i, factor in enumerate(factors):
        if not isinstance(factor, sp.exp):
            continue
        for k, other in enumerate(factors):
            base, times = other.as_base_exp()
            if isinstance(base, Logistic) and times.is_Integer:
                w = base.args[0]
                j = sp.cancel(-factor.args[0] / w)
                if j.is_Integer and 1 <= j <= times:
                    factors[k] = base ** (times - j)
                    factors[i] = Logistic(-w) ** j
                    return _absorbed(sp.Mul(*factors))
    return product
