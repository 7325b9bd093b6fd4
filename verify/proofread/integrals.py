"""Lines with integrals: both sides by quadrature at random numbers, by two rules that must agree.

Names stand for numbers between 1/2 and 5/2. A verdict of agreement or refutation is given only where two rules of
quadrature, and the same rules in more digits, come to the same value.
"""

from __future__ import annotations

from collections.abc import Mapping
from random import Random
from typing import Any

import mpmath
from sympy import Expr, Rational, Symbol

from derive.language.equation import Decimal
from derive.language.tree import Tree
from verify.proofread.symbols import UnreadError
from verify.verdict import Counterexample, Evidence, Verdict

#: Digits of the quadrature, digits that both rules have to have in common, and points that are tried.
_DIGITS, _COMMON, _POINTS = 15, 10, 2
_FUNCTIONS = {
    "exp": mpmath.exp, "log": mpmath.log, "sqrt": mpmath.sqrt, "sin": mpmath.sin, "cos": mpmath.cos, "tan": mpmath.tan,
    "tanh": mpmath.tanh, "sinh": mpmath.sinh, "cosh": mpmath.cosh, "arctan": mpmath.atan, "erf": mpmath.erf, "abs": abs,
    "gamma": mpmath.gamma, "lgamma": mpmath.loggamma, "sigmoid": lambda x: 1 / (1 + mpmath.exp(-x)),
    "relu": lambda x: max(x, mpmath.mpf(0)), "softplus": lambda x: mpmath.log1p(mpmath.exp(x)), "normcdf": mpmath.ncdf,
}  # fmt: skip
_CONSTANTS = {"pi": mpmath.pi, "e": mpmath.e, "infty": mpmath.inf, "inf": mpmath.inf}


def has_integral(*trees: Tree | None) -> bool:
    """Tell whether one of some trees holds an integral."""
    return any(piece.op == "integral" for tree in trees if tree is not None for piece in tree.walk())


def compare(
    left: Tree,
    right: Tree,
    definitions: Mapping[str, Tree],
    seed: int,
    values: Mapping[str, Expr] | None = None,
    digits: tuple[bool, Decimal] | None = None,
) -> Verdict:
    """Return the verdict on an equation between numbers of which one is an integral.

    `values` are those of names, moments for instance, in other names; `digits` tell that the right side is a decimal, to
    the digits given. Raises UnreadError.
    """
    values = values or {}
    names = sorted((_free(left, definitions) | _free(right, definitions)) - set(values))
    names = sorted(
        {*names, *(s.name for v in values.values() for s in v.free_symbols if isinstance(s, Symbol))}
    )
    random = Random(seed)
    worst = mpmath.mpf(0)
    count = _POINTS if names else 1
    for _ in range(count):
        point = {name: Rational(random.randint(4, 20), 8) for name in names}
        known = {**point, **{n: _rational(v, point) for n, v in values.items()}}
        a, b = (_value(tree, known, definitions) for tree in (left, right))
        scale = max(abs(a), abs(b), mpmath.mpf(1))
        off = abs(a - b) / scale
        allowed = mpmath.mpf(10) ** (-_COMMON + 1)
        if digits is not None:
            allowed += mpmath.mpf(digits[1].radius.numerator) / digits[1].radius.denominator / scale
        if off > allowed:
            shown = Counterexample(
                {n: str(v) for n, v in point.items()},
                (0, 0),
                mpmath.nstr(b, 10),
                mpmath.nstr(a, 10),
                "the left side",
                "the right side is",
            )
            figure = f"quadrature: {mpmath.nstr(a, 10)} against {mpmath.nstr(b, 10)}"
            return Verdict("refuted", (Evidence("quadrature", "refuted", figure),), shown, _factor(a, b))
        worst = max(worst, off)
    if digits is not None:
        return Verdict("agrees", (Evidence("quadrature", "agrees", "the left side to the digits given"),))
    figure = f"both sides to {_COMMON - 1} digits by two rules of quadrature, at {count} point{'s' if count > 1 else ''}"
    return Verdict(
        "agrees", (Evidence("quadrature", "agrees", figure, {"largest difference": mpmath.nstr(worst, 3)}),)
    )


def _rational(value: Expr, point: Mapping[str, Any]) -> Any:
    """Return the value of an expression in the names of a point. Raises UnreadError where it is no number."""
    number = value.xreplace({s: point[s.name] for s in value.free_symbols if isinstance(s, Symbol)})
    if not number.is_number or not number.is_real:
        raise UnreadError("a moment beside an integral that is no number")
    return Rational(str(number.evalf(_DIGITS + 5)))


def _factor(a: Any, b: Any) -> str | None:
    """Return by which simple factor the right side is off."""
    if not a or not b:
        return None
    for factor in (2, 3, 4, -1, -2):
        if abs(b / a - factor) < 1e-9:
            return f"{factor} times the left side"
        if abs(a / b - factor) < 1e-9:
            return f"1/{factor} of the left side" if factor > 0 else f"-1/{-factor} of the left side"
    return None


def _free(tree: Tree, definitions: Mapping[str, Tree], bound: frozenset[str] = frozenset()) -> set[str]:
    if tree.op == "integral":
        body, variable, *limits = tree.args
        inner = bound | {str(variable.value)}
        return _free(body, definitions, inner).union(*(_free(t, definitions, bound) for t in limits))
    if tree.op in ("name", "sub"):
        name = str(tree.value)
        if name in bound or name in _CONSTANTS:
            return set()
        return _free(definitions[name], definitions, bound) if name in definitions else {name}
    return set().union(*(_free(a, definitions, bound) for a in tree.args))


def _value(tree: Tree, point: Mapping[str, Any], definitions: Mapping[str, Tree]) -> Any:
    """Return the value of a side, found twice. Raises UnreadError where the two differ."""
    with mpmath.workdps(_DIGITS):
        given = {name: mpmath.mpf(v.p) / v.q for name, v in point.items()}
        first, second = (
            _Numbers(given, definitions, rule).value(tree) for rule in ("tanh-sinh", "gauss-legendre")
        )
        if not all(mpmath.isfinite(v) and mpmath.im(v) == 0 for v in (first, second)):
            raise UnreadError("an integral without a finite value")
        if abs(first - second) > mpmath.mpf(10) ** -_COMMON * max(1, abs(first)):
            raise UnreadError("an integral on which two rules of quadrature do not agree")
    return first


class _Numbers:
    def __init__(self, point: Mapping[str, Any], definitions: Mapping[str, Tree], rule: str) -> None:
        self.point, self.definitions, self.rule = dict(point), definitions, rule
        self.depth = 0

    def value(self, tree: Tree) -> Any:
        """Return the value of a tree of numbers."""
        args = tree.args
        match tree.op:
            case "number":
                return (
                    mpmath.mpf(tree.value.p) / tree.value.q
                    if hasattr(tree.value, "p")
                    else mpmath.mpf(str(tree.value.evalf(_DIGITS)))
                )
            case "name" | "sub":
                return self._name(str(tree.value))
            case "+":
                values = [self.value(a) for a in args]
                return sum(
                    (-v if s == "-" else v for v, s in zip(values, tree.value, strict=True)), mpmath.mpf(0)
                )
            case "neg":
                return -self.value(args[0])
            case "*":
                total = self.value(args[0])
                for sign, a in zip(tree.value, args[1:], strict=True):
                    if sign not in ("*", "", ".*", "/", "./"):
                        raise UnreadError(f"{sign} beside an integral")
                    total = total / self.value(a) if "/" in sign else total * self.value(a)
                return total
            case "^" | ".^":
                return self.value(args[0]) ** self.value(args[1])
            case "call" if len(args) == 1 and tree.value in _FUNCTIONS:
                return _FUNCTIONS[str(tree.value)](self.value(args[0]))
            case "bars" | "norm":
                return abs(self.value(args[0]))
            case "integral":
                return self._integral(tree)
        raise UnreadError("an integral of what is no formula of numbers")

    def _name(self, name: str) -> Any:
        if name in self.point:
            return self.point[name]
        if name in _CONSTANTS:
            return +_CONSTANTS[name]
        if name in self.definitions and self.depth < 20:
            self.depth += 1
            try:
                return self.value(self.definitions[name])
            finally:
                self.depth -= 1
        raise UnreadError(f"{name} beside an integral")

    def _integral(self, tree: Tree) -> Any:
        body, variable, *limits = tree.args
        if len(limits) != 2 or any(t.op == "empty" for t in limits) or variable.op not in ("name", "sub"):
            raise UnreadError("an integral without limits")
        low, high = (self.value(t) for t in limits)
        name = str(variable.value)
        before = self.point.get(name)

        def at(x: Any) -> Any:
            self.point[name] = x
            return self.value(body)

        try:
            middle = [mpmath.mpf(0)] if low == -mpmath.inf and high == mpmath.inf else []
            return mpmath.quad(at, [low, *middle, high], method=self.rule)
        except (ZeroDivisionError, ValueError, OverflowError):
            raise UnreadError("an integral that is not found by quadrature") from None
        finally:
            self.point.pop(name, None)
            if before is not None:
                self.point[name] = before
