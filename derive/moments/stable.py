"""The logistic function, softplus and tails of the error function by their names, so that no exponential overflows.

1/(1 + exp(-x)) and its derivative exp(-x)/(1 + exp(-x))^2 are harmless, but exp(-x) is not: in floating point it
overflows where the quotient is 0. With the logistic function L as one symbol L'(x) = L(x) L(-x), and nothing does.
"""

from __future__ import annotations

import sympy as sp

from derive.expression.elementwise import sigmoid, softplus


class ErrorTail(sp.Function):
    """1 - erf(x), whose small values keep their digits; SymPy turns erfc(-x) back into 2 - erfc(x), which loses them."""

    nargs = 1
    is_real = True


class erfcx(sp.Function):
    """The scaled complementary error function exp(x^2) (1 - erf(x)), which falls like 1/(sqrt(pi) x)."""

    nargs = 1
    is_real = True

    def fdiff(self, argindex: int = 1) -> sp.Expr:
        """Return 2 x erfcx(x) - 2/sqrt(pi)."""
        x = self.args[0]
        return 2 * x * erfcx(x) - 2 / sp.sqrt(sp.pi)

    def _eval_rewrite_as_erf(self, x: sp.Expr, **_: object) -> sp.Expr:
        return sp.exp(x**2) * (1 - sp.erf(x))

    def _eval_evalf(self, prec: int) -> sp.Expr:
        return self.rewrite(sp.erf)._eval_evalf(prec)


def scaled(e: sp.Expr) -> sp.Expr:
    """Return `e` with exp(w^2 + u) (1 - erf(w)) written as exp(u) erfcx(w): for large w the factors over- and underflow."""
    if not e.args:
        return e
    e = e.func(*(scaled(arg) for arg in e.args))
    if not isinstance(e, sp.Mul):
        return e
    factors = list(e.args)
    for i, growing in enumerate(factors):
        for k, tail in enumerate(factors):
            found = _tail(tail) if isinstance(growing, sp.exp) else None
            if found is not None and not (rest := sp.expand(growing.args[0] - found[1] ** 2)).has(
                *found[1].free_symbols
            ):
                factors[i], factors[k] = sp.exp(rest), found[0] * erfcx(found[1])
                return scaled(sp.Mul(*factors))
    return e


def _tail(e: sp.Expr) -> tuple[sp.Expr, sp.Expr] | None:
    """Return (c, w) with e = c (1 - erf(w)), or None."""
    if not isinstance(e, sp.Add) or len(e.args) != 2:
        return None
    number, rest = e.as_coeff_Add()
    c, function = rest.as_coeff_Mul()
    return (number, function.args[0]) if isinstance(function, sp.erf) and number == -c else None


def stable(e: sp.Expr) -> sp.Expr:
    """Return `e` with 1/(1 + exp(u))^n written as L(-u)^n, log(1 + exp(u)) as softplus, and exp(u) L(-u) as L(u).

    1 + erf(u) and 1 - erf(u), which cancel in a tail, are written as tails of the error function.
    """
    e = sp.sympify(e, strict=True)
    if not e.args:
        return e
    e = e.func(*(stable(arg) for arg in e.args))
    if isinstance(e, sp.log):
        parts = _one_plus_exponential(e.args[0])
        if parts is not None:
            return sp.log(parts[0]) + softplus(parts[1])
    if isinstance(e, sp.Pow) and e.exp.is_Integer and e.exp.is_negative:
        parts = _one_plus_exponential(e.base)
        if parts is not None:
            return parts[0] ** e.exp * sigmoid(-parts[1]) ** -e.exp
    if (tail := _one_plus_error_function(e)) is not None:
        return tail
    return _absorbed(e) if isinstance(e, sp.Mul) else e


def _one_plus_error_function(e: sp.Expr) -> sp.Expr | None:
    """Return a sum with c ErrorTail(-u) for its terms c + c erf(u), c ErrorTail(u) for c - c erf(u), or None."""
    number, _ = e.as_coeff_Add() if isinstance(e, sp.Add) else (0, e)
    for term in e.args if number else ():
        c, function = term.as_coeff_Mul()
        if isinstance(function, sp.erf) and abs(c) == abs(number):
            u = function.args[0]
            return e - number - term + number * ErrorTail(-u if c == number else u)
    return None


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
            if isinstance(base, sigmoid) and times.is_Integer:
                w = base.args[0]
                j = sp.cancel(-factor.args[0] / w)
                if j.is_Integer and 1 <= j <= times:
                    factors[k] = base ** (times - j)
                    factors[i] = sigmoid(-w) ** j
                    return _absorbed(sp.Mul(*factors))
    return product
