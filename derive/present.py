"""The form of a result that people read: short, common factors taken out, known functions by their names."""

from __future__ import annotations

from sympy import (
    Add,
    Determinant,
    Expr,
    HadamardPower,
    HadamardProduct,
    Inverse,
    MatAdd,
    MatMul,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Pow,
    S,
    Trace,
    Transpose,
    exp,
)
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive import algebra
from derive.cost import cost
from derive.elementwise import elementwise, scalar_function, sigmoid
from derive.expand import expand
from derive.factor import factor_sum
from derive.functions import Adjugate, EntrySum, Softmax
from derive.graph import symbol
from derive.rebuild import parts, rebuild

#: Results longer than this are shared by their parts, as they are; multiplying them out would not shorten them.
MAX_COST = 300

#: How many parts are given a name at most, and how long a part must be.
MAX_NAMES = 5
MIN_COST = 3


def present(expr: Expr) -> Expr:
    """Return the shortest form that is found of an expression."""
    light = rebuild(expr, _shorten)
    candidates = [light]
    if cost(light) <= MAX_COST:
        spread = expand(expr)
        if spread is not None and spread != light:
            candidates.append(rebuild(spread, _shorten))
    best = min(candidates, key=cost)
    if algebra.is_matrix(best):
        flipped = rebuild(_flip(best), _shorten)
        if not isinstance(flipped, Transpose) and cost(flipped) + 3 <= cost(best):
            coefficient, factors = algebra.split(flipped)
            best = algebra.dot(coefficient, Transpose(algebra.dot(*factors)))
    return best


def _flip(e: Expr) -> Expr:
    return algebra.add(*[algebra.t(a) for a in e.args]) if isinstance(e, MatAdd) else algebra.t(e)


def _shorten(e: Expr, args: list[Expr]) -> Expr | None:
    from derive.rebuild import tidy

    new = tidy(e, args)
    if isinstance(new, Add | MatAdd):
        return factor_sum(new)
    if isinstance(new, HadamardProduct):
        return _logistic(new)
    if isinstance(new, MatMul):
        return _adjugate(_pseudo_inverse(_softmax(new)))
    if isinstance(new, Mul):
        return _adjugate_in_trace(new)
    return new


def _adjugate(e: Expr) -> Expr:
    """Write det(X) X⁻¹ as the adjugate of X."""
    if not isinstance(e, MatMul):
        return e
    coefficient, factors = algebra.split(e)
    for a in Mul.make_args(coefficient):
        if isinstance(a, Determinant):
            for i, f in enumerate(factors):
                if f in (Inverse(a.arg), algebra.t(Inverse(a.arg))):
                    new = Adjugate(a.arg)
                    new = algebra.t(new) if isinstance(f, Transpose) else new
                    return algebra.dot(coefficient / a, *factors[:i], new, *factors[i + 1 :])
    return e


def _adjugate_in_trace(e: Mul) -> Expr:
    """Write det(X) tr(A X⁻¹) with the adjugate of X."""
    for a in e.args:
        if isinstance(a, Trace):
            inner = _adjugate(algebra.dot(e / a, a.arg))
            coefficient = algebra.split(inner)[0]
            if cost(coefficient) < cost(e / a) or (coefficient == 1 and e / a != 1):
                return algebra.trace(inner)
    return e


def _logistic(e: Expr) -> Expr:
    """Write 1/(1 + exp u) as σ(−u), and exp(u) σ(−u) as σ(u)."""
    for a in e.args:
        base, exponent = (a.base, a.exp) if isinstance(a, HadamardPower) else (a, S.One)
        if not (exponent.is_Integer and exponent < 0 and isinstance(base, MatAdd) and len(base.args) == 2):
            continue
        one, other = base.args if isinstance(base.args[0], OneMatrix) else reversed(base.args)
        if not isinstance(one, OneMatrix) or scalar_function(other) is not exp if _applied(other) else True:
            continue
        u = other.expr
        k = -exponent
        rest = algebra.hadamard(*[x for x in e.args if x is not a])
        with_exp = algebra.hadamard(rest, algebra.elementwise_power(other, -k))
        if cost(with_exp) < cost(rest):
            return algebra.hadamard(with_exp, algebra.elementwise_power(elementwise(sigmoid, u), k))
        minus = algebra.dot(S.NegativeOne, u)
        return algebra.hadamard(rest, algebra.elementwise_power(elementwise(sigmoid, minus), k))
    return e


def _applied(e: Expr) -> bool:
    return isinstance(e, ElementwiseApplyFunction)


def _softmax(e: Expr) -> Expr:
    """Write exp(x)/Σ exp(x_i) as softmax(x), for a column x."""
    if not isinstance(e, MatMul):
        return e
    coefficient, factors = algebra.split(e)
    for a in Mul.make_args(coefficient):
        if isinstance(a, Pow) and a.exp == -1 and isinstance(a.base, EntrySum):
            x = a.base.arg
            if _applied(x) and scalar_function(x) is exp and x.shape[1] == 1:
                for i, f in enumerate(factors):
                    new = Softmax(x.expr)
                    if f in (x, algebra.t(x)):
                        new = new if f == x else algebra.t(new)
                        return algebra.dot(coefficient / a, *factors[:i], new, *factors[i + 1 :])
    return e


def _pseudo_inverse(e: Expr) -> Expr:
    """Write X (X'X)⁻¹ as the transposed pseudo-inverse of X, and (X'X)⁻¹ X' as the pseudo-inverse."""
    if not isinstance(e, MatMul):
        return e
    coefficient, factors = algebra.split(e)
    for i in range(len(factors) - 1):
        a, b = factors[i : i + 2]
        new = _full_rank(a, b)
        if new is not None:
            return algebra.dot(coefficient, *factors[:i], new, *factors[i + 2 :])
    return e


def _full_rank(a: Expr, b: Expr) -> Expr | None:
    for inverse, x, after in ((b, a, False), (a, algebra.t(b), True)):
        if (
            isinstance(inverse, Inverse)
            and inverse.arg == algebra.dot(algebra.t(x), x)
            and x.shape[0] != x.shape[1]
        ):
            return algebra.pinv(x) if after else algebra.t(algebra.pinv(x))
    return None


# ------------------------------------------------------------------------------------- repeated parts


def abbreviate(expr: Expr, taken: set[str]) -> tuple[Expr, tuple[tuple[str, Expr], ...]]:
    """Return an expression with its repeated parts named, and the names with what they stand for.

    Later names may use earlier ones. `taken` are the names that are not free.
    """
    named: list[tuple[str, Expr]] = []
    used = set(taken)
    while len(named) < MAX_NAMES:
        part = _most_repeated([expr, *[e for _, e in named]])
        if part is None:
            break
        name = _name(part, used)
        used.add(name)
        new = symbol(name, part)
        expr = _replace(expr, part, new)
        named = [(n, _replace(e, part, new)) for n, e in named]
        named.append((name, part))
    return expr, tuple(_in_order(named))


def _most_repeated(exprs: list[Expr]) -> Expr | None:
    counts: dict[Expr, int] = {}

    def visit(e: Expr) -> None:
        stack = [e]
        while stack:
            a = stack.pop()
            counts[a] = counts.get(a, 0) + 1
            if sum(counts.values()) > 20_000:
                return
            stack.extend(parts(a))

    for e in exprs:
        visit(e)
    best, saved = None, 0
    for e, n in counts.items():
        if isinstance(e, Inverse | Transpose):
            continue
        gain = (n - 1) * cost(e) - 1
        if n > 1 and cost(e) >= MIN_COST and gain > saved:
            best, saved = e, gain
    return best


def _name(part: Expr, used: set[str]) -> str:
    if not algebra.is_matrix(part):
        pool = ["c", "d", "e", "g"]
    elif isinstance(part, Softmax):
        pool = ["p", "q"]
    elif part.shape[1] == 1:
        pool = ["r", "s", "v", "q"] if isinstance(part, MatAdd) else ["s", "z", "v", "q"]
    elif part.shape[0] == part.shape[1]:
        pool = ["K", "S", "M", "H"]
    else:
        pool = ["R", "Z", "M", "H"]
    numbered = (f"{pool[0]}_{i}" for i in range(1, 100))
    return next(n for n in [*pool, *numbered] if n not in used)


def _replace(expr: Expr, part: Expr, new: Expr) -> Expr:
    return rebuild(expr, lambda e, args: new if e == part else None)


def _in_order(named: list[tuple[str, Expr]]) -> list[tuple[str, Expr]]:
    """Put every name before those that use it."""
    waiting, out = list(named), []
    while waiting:
        names = {n for n, _ in waiting}
        ready = [
            (n, e)
            for n, e in waiting
            if not names
            & {s.name for s in e.free_symbols if isinstance(s, MatrixSymbol) or s.is_Symbol} - {n}
        ]
        out.extend(ready or waiting)
        waiting = [pair for pair in waiting if pair not in out]
    return out
