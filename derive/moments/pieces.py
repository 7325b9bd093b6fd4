"""A function of one variable as smooth pieces between breakpoints.

Max, Min, Abs, sign, Heaviside and Piecewise are what makes an activation kink or jump. Between two neighbouring
breakpoints each of them has one branch; the branch is chosen at an exact interior point, so that no assumption
about the function is needed beyond that its breakpoints are numbers.
"""

from __future__ import annotations

from dataclasses import dataclass

import sympy as sp
from sympy.core.relational import Relational
from sympy.functions.elementary.piecewise import Piecewise

_KINKED = (sp.Max, sp.Min, sp.Abs, sp.sign, sp.Heaviside, Piecewise)


@dataclass(frozen=True)
class Piece:
    """A smooth expression on the open interval (`lower`, `upper`)."""

    lower: sp.Expr
    upper: sp.Expr
    expression: sp.Expr


class UndecidedError(ValueError):
    """A breakpoint or a branch depends on a parameter whose value is not known."""


def breakpoints(f: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """Return the points at which `f` may kink or jump, in ascending order, as exact numbers.

    Raises UndecidedError where such a point depends on a parameter of `f`.
    """
    points: set[sp.Expr] = set()
    for node in sp.sympify(f).atoms(*_KINKED):
        for switch in _switches(node):
            if switch.has(x):
                points |= _real_roots(switch, x)
    return sorted(points, key=lambda point: float(point.evalf(30)))


def pieces(f: sp.Expr, x: sp.Symbol) -> list[Piece]:
    """Return `f` as smooth pieces that cover the real line, neighbours with the same expression joined."""
    f = sp.sympify(f)
    ends = [-sp.oo, *breakpoints(f, x), sp.oo]
    out: list[Piece] = []
    for lower, upper in zip(ends[:-1], ends[1:], strict=True):
        branch = _branch(f, x, _inside(lower, upper))
        if out and out[-1].expression == branch:
            out[-1] = Piece(out[-1].lower, upper, branch)
        else:
            out.append(Piece(lower, upper, branch))
    return out


def derivative_pieces(f: sp.Expr, x: sp.Symbol) -> list[Piece]:
    """Return the derivative of `f` piece by piece: the derivative wherever there is one (almost everywhere)."""
    return [Piece(p.lower, p.upper, sp.diff(p.expression, x)) for p in pieces(f, x)]


def jumps(f: sp.Expr, x: sp.Symbol) -> list[sp.Expr]:
    """Return the breakpoints at which `f` is discontinuous."""
    parts = pieces(f, x)
    return [
        left.upper
        for left, right in zip(parts[:-1], parts[1:], strict=True)
        if _differ(left.expression.subs(x, left.upper), right.expression.subs(x, left.upper))
    ]


def _differ(left: sp.Expr, right: sp.Expr) -> bool:
    """Tell whether two one-sided values are finite and different; a pole is not a jump."""
    gap = left - right
    if not gap.is_number:
        return bool(sp.simplify(gap) != 0)
    if left.is_finite is False or right.is_finite is False or gap.has(sp.nan, sp.zoo, sp.oo):
        return False
    return bool(gap != 0 and abs(sp.N(gap, 30, maxn=400)) > sp.Float("1e-25") * (1 + abs(sp.N(left, 15))))


def _switches(node: sp.Basic) -> list[sp.Expr]:
    """Return the expressions whose sign chooses the branch of `node`."""
    if isinstance(node, sp.Max | sp.Min):
        args = node.args
        return [a - b for i, a in enumerate(args) for b in args[i + 1 :]]
    if isinstance(node, Piecewise):
        relations: set[Relational] = set()
        for _, condition in node.args:
            relations |= condition.atoms(Relational)
        return [relation.lhs - relation.rhs for relation in relations]
    return [node.args[0]]


def _real_roots(switch: sp.Expr, x: sp.Symbol) -> set[sp.Expr]:
    """Return the real roots in x of `switch`, a polynomial after its own kinks are resolved."""
    if switch.atoms(*_KINKED):
        roots: set[sp.Expr] = set()
        for piece in pieces(switch, x):
            if piece.expression.has(x):
                roots |= {
                    root
                    for root in _real_roots(piece.expression, x)
                    if bool(piece.lower <= root) and bool(root <= piece.upper)
                }
        return roots
    found = sp.solveset(switch, x, sp.S.Reals)
    if not isinstance(found, sp.FiniteSet):
        if found is sp.S.EmptySet:
            return set()
        raise UndecidedError(f"the sign changes of {switch} are not known")
    if any(root.free_symbols for root in found):
        raise UndecidedError(f"the breakpoint of {switch} depends on a parameter")
    return set(found)


def _inside(lower: sp.Expr, upper: sp.Expr) -> sp.Expr:
    """Return an exact point strictly between the two ends, off the symmetric choices that could hit a tie."""
    third = sp.Rational(1, 3)
    if lower == -sp.oo and upper == sp.oo:
        return third
    if lower == -sp.oo:
        return upper - 1 - third
    if upper == sp.oo:
        return lower + 1 + third
    return lower + (upper - lower) * third


def _branch(node: sp.Basic, x: sp.Symbol, at: sp.Expr) -> sp.Expr:
    """Return `node` with every kink inside it replaced by the branch that it takes at x = `at`."""
    if not node.has(*_KINKED) or not node.has(x):
        return node
    if isinstance(node, Piecewise):
        for value, condition in node.args:
            truth = condition.subs(x, at)
            if truth == sp.true:
                return _branch(value, x, at)
            if truth != sp.false:
                raise UndecidedError(f"whether {condition} holds depends on a parameter")
        return sp.nan
    args = [_branch(arg, x, at) for arg in node.args]
    if isinstance(node, sp.Max | sp.Min):
        best = args[0]
        for candidate in args[1:]:
            above = _sign_of(candidate - best, x, at) > 0
            if above == isinstance(node, sp.Max):
                best = candidate
        return best
    if isinstance(node, sp.Abs):
        return args[0] if _sign_of(args[0], x, at) >= 0 else -args[0]
    if isinstance(node, sp.sign):
        return sp.Integer(_sign_of(args[0], x, at))
    if isinstance(node, sp.Heaviside):
        return sp.Integer(1 if _sign_of(args[0], x, at) > 0 else 0)
    return node.func(*args)


def _sign_of(e: sp.Expr, x: sp.Symbol, at: sp.Expr) -> int:
    value = e.subs(x, at)
    if value.is_positive:
        return 1
    if value.is_negative:
        return -1
    if value.is_zero:
        return 0
    raise UndecidedError(f"the sign of {e} depends on a parameter")
