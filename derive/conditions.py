"""Where a derivative holds, and where an expression has a value, as far as it is not seen to hold anyway.

The norm and the absolute value have corners at 0, their higher powers have none: |t|^p is differentiable for p > 1,
with the derivative p|t|^(p-1) sign t, and so is the norm; the norm's formula p norm2(x)^(p-2) x has a value there from
p = 2 on.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from sympy import Add, Expr, S

from derive.expression import algebra
from derive.expression.domain import divisors, is_square
from derive.expression.domain import domain as domain_of_all
from derive.expression.elementwise import scalar_function
from derive.expression.facts import facts
from derive.expression.operation import Operation, kind, record
from derive.expression.walk import distinct, parts
from derive.graph import Graph, Node
from derive.language.text import to_text

#: Operations that are smooth but for a corner where their value is 0, entry by entry or as a whole.
_ENTRYWISE, _WHOLE = ("absolute value", "rectifier"), ("norm",)
#: Operations that have no value where they have no derivative.
_PARTIAL = frozenset(
    {
        "inverse", "log-determinant", "square root of a matrix", "logarithm of a matrix", "Cholesky factor",
        "solution of Sylvester's equation", "inverse hyperbolic cosine", "inverse hyperbolic tangent",
    }
)  # fmt: skip


def conditions(graph: Graph, result: Expr, domain: Sequence[Expr] = ()) -> tuple[str, ...]:
    """Return where the derivative `result` holds, as far as the assumptions do not say so already.

    `domain` is what has to be positive for the text to have a value and does not show in its expression.
    """
    known = facts()
    found = _positive(domain)
    for node in graph.nodes:
        if node.operation is None or not node.operation.holds:
            continue
        x = node.arguments[0]
        if "invertible" in node.operation.holds and _is_invertible(x):
            continue
        if known.has(x, "positive", "nonzero") and "no entry of {x} is zero" in node.operation.holds:
            continue
        if known.has(x, "positive", "onehot", "sums_to_one") and node.operation.holds == "{x} is not zero":
            continue
        if known.has(x, "positive") and "zero" in node.operation.holds:
            continue
        if _is_smoothed(graph, node, result):
            continue
        found.append(_said(node.operation, x, node.expr))
    return tuple(dict.fromkeys(found))


def of_value(expr: Expr, domain: Sequence[Expr] = (), claim: Expr = S.Zero) -> tuple[str, ...]:
    """Return where an expression, and what is claimed of it, has a value, as far as the assumptions do not say so already.

    `domain` is as for `conditions`, for both. A claim is taken to have a value wherever entries are positive that have to
    be for the expression.
    """
    squares = [e for e in domain if is_square(e)]  # of what divides
    found = _positive([*(e for e in (*domain, *domain_of_all(expr)) if not _is_nonnegative(e)), *squares])
    for e in distinct(expr, claim):
        entry = record(scalar_function(e)) if kind(e) == "function of entries" else record(type(e))
        if entry is None or entry.name not in _PARTIAL:
            continue
        x = parts(e)[0]
        if (
            algebra.is_posdef(x)
            or kind(x) == "inverse"
            or ("invertible" in entry.holds and _is_invertible(x))
        ):
            continue
        found.append(_said(entry, x, e))
    return tuple(dict.fromkeys([*found, *_nonzero([*divisors(expr), *divisors(claim)])]))


def _positive(domain: Sequence[Expr]) -> list[str]:
    """Return what has to be positive in words: squares, which stand for what divides, are not zero."""
    squares = {e: e.args[0] for e in domain if is_square(e)}
    positive = [
        f"every entry of {to_text(e)} is positive" if algebra.is_matrix(e) else f"{to_text(e)} is positive"
        for e in domain
        if e not in squares and not _is_positive(e)
    ]
    return positive + _nonzero(squares.values())


def _nonzero(divisors: Iterable[Expr]) -> list[str]:
    """Return in words what may not be zero, as far as it is not seen that it is not."""
    return [
        f"{to_text(x)} is not zero" if is_whole else f"no entry of {to_text(x)} is zero"
        for e in divisors
        for x, is_whole in [_vanishing(e)]
        if not (_is_positive(e) or facts().has(x, "nonzero") or all(s.is_integer for s in e.free_symbols))
    ]


def _vanishing(e: Expr) -> tuple[Expr, bool]:
    """Return what is zero where a divisor is, and whether as a whole: x where norm2(x) is, and entries where |x| has some."""
    entry = record(scalar_function(e)) if kind(e) == "function of entries" else record(type(e))
    name = entry.name if entry is not None else ""
    x = parts(e)[0] if name in (*_WHOLE, "absolute value") else e
    return x, name in _WHOLE or not algebra.is_matrix(x)


def _is_invertible(x: Expr) -> bool:
    return facts().has(x, "invertible", "orthogonal") or algebra.is_posdef(x)


def _said(operation: Operation, x: Expr, y: Expr) -> str:
    words = operation.holds
    if not algebra.is_matrix(x):
        words = words.replace("no entry of {x} is zero", "{x} is not zero").replace("every entry of ", "")
    return words.format(x=to_text(x), y=y)


def _is_smoothed(graph: Graph, node: Node, result: Expr) -> bool:
    """Tell whether a node with a corner is used in such powers only that the derivative exists at the corner."""
    assert node.operation is not None
    if node.operation.name in _ENTRYWISE:
        smooth = _order(graph, node, node) > 1
    elif node.operation.name in _WHOLE:
        smooth = _order(graph, node, node) >= 2 and not _divides(result, node.expr)
    else:
        return False
    return smooth and not _meets_a_singularity(graph, node)


def _order(graph: Graph, node: Node, corner: Node) -> Expr:
    """Return the least power in which all that uses a node, up to constant factors, vanishes with it."""
    uses = {child.index: child for child, _ in graph.children(node)}
    return min((_used(graph, node, child, corner) for child in uses.values()), default=S.One)


def _used(graph: Graph, node: Node, child: Node, corner: Node) -> Expr:
    assert child.operation is not None
    name, args = child.operation.name, child.arguments
    if name in ("power", "elementwise power"):
        power = args[1]
        return power if args[0] == node.expr and power.is_Rational else S.One
    if name == "squared norm":
        return S(2)
    if name == "scalar product" and len(args) == 2 and algebra.t(args[0]) == args[1]:
        return S(2)  # the sum of the squares
    if name == "transpose":
        return _order(graph, child, corner)
    if name in ("product", "elementwise product", "matrix product"):
        vanishing = [_factor(a, node, corner) for a in args]
        order = Add(*vanishing)
        constant = all(p is None for a, p in zip(args, child.parents, strict=True) if a != node.expr)
        if name == "matrix product":  # other than by scalars, a product of matrices sums
            scaled = sum(algebra.is_matrix(a) for a in args) == 1
            return _order(graph, child, corner) if constant and scaled else S.One
        return _order(graph, child, corner) if order == 1 and constant else order
    return S.One


def _factor(e: Expr, node: Node, corner: Node) -> Expr:
    """Return the power in which a factor of an entrywise product vanishes with a node, as far as that is seen."""
    assert corner.operation is not None
    base, power = (e.args[0], e.args[1]) if kind(e) in ("power", "elementwise power") else (e, S.One)
    argument = corner.arguments[0] if corner.operation.name == "absolute value" else None
    return power if base in (node.expr, argument) and power.is_Rational and power > 0 else S.Zero


def _meets_a_singularity(graph: Graph, node: Node) -> bool:
    """Tell whether a root, a quotient or a logarithm further on may have no derivative where a node is 0."""
    reached = {node.index}
    for later in graph.nodes[node.index + 1 :]:
        if later.operation is None or not reached & set(later.parents):
            continue
        reached.add(later.index)
        name, args = later.operation.name, later.arguments
        if name in ("power", "elementwise power"):
            harmless = args[1].is_Rational and (args[1] >= 1 or args[1] == 0)
            if not harmless and not _is_positive(args[0]):
                return True
        if name == "logarithm" and not _is_positive(args[0]):
            return True
    return False


def _is_positive(e: Expr) -> bool:
    """Tell whether a scalar, or every entry, is seen to be positive: a sum needs one such term and none below 0."""
    if kind(e) == "sum":
        return any(map(_is_positive, e.args)) and all(map(_is_nonnegative, e.args))
    return algebra.is_positive(e)


def _is_nonnegative(e: Expr) -> bool:
    word = kind(e)
    if word in ("sum of the entries", "transpose", "matrix product", "elementwise product"):
        return all(map(_is_nonnegative, e.args)) or _is_positive(e)
    if word == "elementwise power":
        return bool(e.exp.is_even) or _is_nonnegative(e.base)
    entry = record(scalar_function(e)) if word == "function of entries" else None
    if entry is not None and entry.nonnegative:
        return True
    return _is_positive(e) or (not algebra.is_matrix(e) and algebra.is_nonnegative(e))


def _divides(expr: Expr, norm: Expr) -> bool:
    """Tell whether an expression divides by a norm."""
    return any(
        kind(e) == "power" and e.base == norm and e.exp.is_number and e.exp < 0 for e in distinct(expr)
    )
