"""Functions of single entries.

exp of a sum falls apart into powers of exp of its terms, log of a product into a sum. The hyperbolic functions are
rational in exp; tan is sin/cos, arccos is pi/2 - arcsin, and the unit step has atoms of its own. What has a
definition in its record and no form here is read as that.
"""

from __future__ import annotations

from collections.abc import Callable
from fractions import Fraction

from sympy import factorint

from derive.prove.entrywise import (
    LARGEST_FACTORED,
    apply,
    broadcast,
    entry_atom,
    factored,
    leading_sign,
    like_ones,
    of_factor,
    power,
    shell,
    sign_of_value,
    spread,
)
from derive.prove.recursion import RECURSION
from derive.prove.settling import from_net
from derive.prove.space import (
    Exponent,
    Factor,
    Group,
    Space,
    Undecided,
    Value,
    exponent,
    is_rational,
    symbolic,
)
from derive.prove.tensors import constant, entry_sum, hadamard, scalar, scaled, total

_ODD = frozenset({"sin", "asin", "atan", "erf"})
_EVEN = frozenset({"cos"})


# ---------------------------------------------------------------------------------------------- exp, log


def exponential(space: Space, v: Value) -> Value:
    """Return exp of every entry."""
    factors: list[Factor] = []
    others: list[Value] = []
    for term, c in v.terms.items():
        atom, positions = entry_atom(space, "exp", Value(v.rows, v.columns, {term: 1}))
        body = space.atoms[atom].body
        assert body is not None
        inner = _logarithm_in(space, body)
        if inner is None:
            factors.append((atom, exponent(Fraction(c)), tuple([(p,) for p in positions])))
        else:  # exp(c log u) = |u|^c
            size = power(space, absolute(space, inner[0]), exponent(Fraction(c)))
            others.append(spread(space, v, size, [(positions[p],) for p in inner[1]]))
    result = from_net(space, shell(v, factors))
    return hadamard(space, [result, *others]) if others else result


def _logarithm_in(space: Space, v: Value) -> tuple[Value, Group] | None:
    """Return u, and the positions of v that are its own, where v is log u."""
    ((number, monomial), _), *_ = v.terms.items()
    structure = space.structures[number]
    factors = [*structure.factors, *[(a, e, ()) for a, e in monomial]]
    if len(factors) != 1 or factors[0][1] != 1 or space.atoms[factors[0][0]].kind != "log":
        return None
    body = space.atoms[factors[0][0]].body
    ends = tuple([i for g in factors[0][2] for i in g])
    if body is None or structure.has_delta or any(i >= len(structure.root) for i in ends):
        return None
    return body, ends


def logarithm(space: Space, v: Value) -> Value:
    """Return log |·| of every entry: log where that is defined. Raises Undecided for an entry that is zero."""
    if not v.terms or (len(v.terms) == 1 and any(space.structures[n].has_delta for n, _ in v.terms)):
        raise Undecided("the logarithm of zero")
    product = factored(space, v, signed=True)
    parts = [broadcast(space, v, _log_of_number(space, abs(product.number)))]
    for a, e, groups in product.factors:
        parts.append(_times_exponent(space, _log_of_factor(space, v, (a, 1, groups)), e))
    if product.rest is not None:
        parts.append(apply(space, "log", product.rest))
    return total(space, parts)


def _times_exponent(space: Space, v: Value, e: Exponent) -> Value:
    if is_rational(e):
        return scaled(v, e)
    return hadamard(space, [broadcast(space, v, RECURSION.read(space, symbolic(e))), v])


def _log_of_number(space: Space, c: Fraction) -> Value:
    parts = [constant(space, 0)]
    for part, direction in ((c.numerator, 1), (c.denominator, -1)):
        for p, k in (factorint(part) if part < LARGEST_FACTORED else {part: 1}).items():
            if p != 1:
                parts.append(scaled(apply(space, "log", constant(space, int(p))), direction * k))
    return total(space, parts)


def _log_of_factor(space: Space, v: Value, factor: Factor) -> Value:
    """Return log |u| of an atom at positions of v, in the shape of v."""
    a, _, groups = factor
    atom = space.atoms[a]
    if atom.kind == "exp" and atom.body is not None:
        return spread(space, v, atom.body, groups)
    if atom.kind == "abs" and atom.body is not None:
        return spread(space, v, logarithm(space, atom.body), groups)
    if atom.kind == "number":
        return broadcast(space, v, _log_of_number(space, Fraction(abs(atom.name))))
    if atom.kind == "determinant" and atom.name == "diagonal" and atom.body is not None:
        return broadcast(space, v, entry_sum(space, logarithm(space, atom.body)))
    if atom.kind == "determinant" and atom.name == "orthogonal":
        return scaled(like_ones(space, v), 0)
    inner, ends = of_factor(space, "log", factor, v.sizes)
    return from_net(space, shell(v, [(inner, 1, ends)]))


def matrix_exponent(space: Space, v: Value, e: Value) -> Value:
    """Return every entry to its own power, x^p = exp(p log x). Raises Undecided where x is not seen to be positive."""
    if not sign_of_value(space, v):
        raise Undecided("a power of an entry that may be negative")
    return exponential(space, hadamard(space, [e, logarithm(space, v)]))


# ---------------------------------------------------------------------------------------- |t| and signs


@RECURSION.provide
def absolute(space: Space, v: Value) -> Value:
    """Return the absolute value of every entry."""
    if sign_of_value(space, v):
        return v
    parts = factored(space, v, signed=True)
    result = parts.kept(space, "abs")
    for a, e, groups in parts.factors:
        if space.atoms[a].sign or (is_rational(e) and (not isinstance(e, int) or e % 2 == 0)):
            result.append((a, e, groups))
        else:
            size, ends = of_factor(space, "abs", (a, 1, groups), parts.sizes)
            result.append((size, e, ends))
    return from_net(space, parts.net(result), exponent(abs(parts.number)))


def sign(space: Space, v: Value) -> Value:
    """Return the sign of every entry: -1, 0 or 1."""
    if not v.terms:
        return v
    if sign_of_value(space, v) == 2:
        return like_ones(space, v)
    parts = factored(space, v, signed=True)
    positive = parts.rest is not None and sign_of_value(space, parts.rest) == 2
    result = [] if positive else parts.kept(space, "sign")
    for a, e, groups in parts.factors:
        if space.atoms[a].sign == 2:
            continue
        if not is_rational(e):
            raise Undecided("the sign of a symbolic power")
        inner, ends = of_factor(space, "sign", (a, 1, groups), parts.sizes)
        result.append((inner, 2 if isinstance(e, int) and e % 2 == 0 else 1, ends))
    return from_net(space, parts.net(result), 1 if parts.number > 0 else -1)


def step(space: Space, v: Value) -> Value:
    """Return the indicator of t > 0 of every entry."""
    if not v.terms:
        return v
    if sign_of_value(space, v) == 2:
        return like_ones(space, v)
    c = abs(Fraction(v.terms[max(v.terms, key=space.order)]))
    return apply(space, "step", scaled(v, exponent(1 / c)))


# ------------------------------------------------------------------------------------ rational in exp


def _one_plus(space: Space, v: Value) -> Value:
    return total(space, [like_ones(space, v), v])


def tanh(space: Space, v: Value) -> Value:
    """Return 1 - 2/(1 + exp(2t)) of every entry."""
    e = exponential(space, scaled(v, 2))
    return total(space, [like_ones(space, v), scaled(power(space, _one_plus(space, e), -1), -2)])


def _hyperbolic(space: Space, v: Value, second: int) -> Value:
    parts = [exponential(space, v), scaled(exponential(space, scaled(v, -1)), second)]
    return scaled(total(space, parts), Fraction(1, 2))


def named(space: Space, name: str, v: Value) -> Value:
    """Return a function that is known by its name only, but for sin, cos, arcsin, arctan and erf at -t."""
    direction = 1
    if v.terms and name in _ODD | _EVEN:
        direction = leading_sign(space, v)
    elif name in _ODD:
        return v
    elif name in _EVEN:
        return like_ones(space, v)
    result = apply(space, "function", scaled(v, direction), name)
    return result if name in _EVEN else scaled(result, direction)


def _tan(space: Space, v: Value) -> Value:
    return hadamard(space, [named(space, "sin", v), power(space, named(space, "cos", v), -1)])


def _acos(space: Space, v: Value) -> Value:
    right_angle = scaled(scalar(space, [(space.atom("scalar", "pi", sign=2), 1)]), Fraction(1, 2))
    return total(space, [broadcast(space, v, right_angle), scaled(named(space, "asin", v), -1)])


#: The functions that have a form of their own, by the name of their SymPy class; others are `named`.
FUNCTIONS: dict[str, Callable[[Space, Value], Value]] = {
    "exp": exponential,
    "log": logarithm,
    "Abs": absolute,
    "sign": sign,
    "step": step,
    "tanh": tanh,
    "sinh": lambda space, v: _hyperbolic(space, v, -1),
    "cosh": lambda space, v: _hyperbolic(space, v, 1),
    "tan": _tan,
    "acos": _acos,
}


def function(space: Space, name: str, v: Value) -> Value:
    """Return a function of every entry, by the name of its SymPy class."""
    return FUNCTIONS[name](space, v) if name in FUNCTIONS else named(space, name, v)


@RECURSION.provide
def again(space: Space, kind: str, name: str | None, v: Value) -> Value:
    """Return what an atom of a kind is for another body."""
    if kind == "sum":
        return v
    if kind == "function":
        return named(space, str(name), v)
    return {"exp": exponential, "log": logarithm, "abs": absolute, "sign": sign, "step": step}[kind](space, v)
