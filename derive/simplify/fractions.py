"""Fractions made short: scalars, and elementwise quotients of matrices.

What is done here holds wherever the fraction that it is done to is defined.
"""

from __future__ import annotations

from collections.abc import Iterator
from math import gcd, lcm

from sympy import Add, Dummy, Expr, Mul, Poly, Pow, Rational, S, floor, sign

from derive.expression import algebra
from derive.expression.facts import remembered
from derive.expression.operation import kind
from derive.simplify.cost import cost

#: Longer sums, or sums of more different parts, are not looked at for a common divisor: it would take too long.
MAX_COST = 40
MAX_PARTS = 6
#: Products of more sums are not looked at for two that give less multiplied out.
MAX_SUMS = 24
#: Products and powers of scalars, and entry by entry.
_PRODUCTS, _POWERS = ("product", "elementwise product"), ("power", "elementwise power")


@remembered
def reduced(e: Expr) -> Expr:
    """Return a product or a power with its fractions shortened; other expressions as they are."""
    word = kind(e)
    if word == "matrix product":
        coefficient, factors = algebra.split(e)
        e = algebra.dot(reduced(coefficient), *map(reduced, factors))
    elif word not in (*_PRODUCTS, *_POWERS):
        return e
    elif word == "product":
        e = nested_fraction(_contents_out(joined_powers(e)))
    while (new := min(_ways(e), key=cost, default=e)) != e and cost(new) < cost(e):
        e = new
    return e


def joined_powers(e: Expr) -> Expr:
    """Return a^k a^j as a^(k + j), also for exponents that are no numbers: SymPy keeps c c^(g - 1) apart."""
    found: dict[Expr, Expr] = {}
    factors = Mul.make_args(e)
    for a in factors:
        base, k = a.args if kind(a) == "power" else (a, S.One)
        found[base] = found.get(base, S.Zero) + k
    if len(found) == len(factors):
        return e
    return Mul(*[algebra.scalar_power(b, k) for b, k in found.items()])


def _ways(e: Expr) -> Iterator[Expr]:
    if kind(e) == "matrix product":
        coefficient, factors = algebra.split(e)
        for i, a in enumerate(factors):
            inside = a.args[0] if kind(a) == "diagonal matrix" else a
            for new in _cleared(inside):
                put = algebra.diag(new) if inside is not a else new
                yield algebra.dot(coefficient, *factors[:i], put, *factors[i + 1 :])
    elif algebra.is_matrix(e) or kind(e) == "product":
        yield from _cleared(e)
        yield from _whole_powers_apart(e)
        yield from _cancelled(e)


def _multiplied_out(a: Expr, b: Expr, k: Expr) -> tuple[Expr | None, bool]:
    """Return a product of two sums where terms of it fall together, and whether its power is shorter than theirs."""
    products = [_times(p, q) for p in a.args for q in b.args]
    whole, build = algebra.add(*products), algebra.elementwise_power
    if len(whole.args) == len(products):
        return None, False
    return whole, cost(build(whole, k)) < cost(_times(build(a, k), build(b, k)))


def content(numbers: list[Expr]) -> Expr:
    """Return what rational numbers have in common, with their sign where they have one sign."""
    found = Rational(gcd(*[n.p for n in numbers]), lcm(*[n.q for n in numbers]))
    return -found if all(n.p < 0 for n in numbers) else found


def _contents_out(e: Expr) -> Expr:
    """Return (2 a - 2 b) c as 2 (a - b) c, and (-a - b) c as -(a + b) c, for the sums in a product of scalars."""
    number, factors = S.One, []
    for base, k in e.as_powers_dict().items():
        common = S.One
        if kind(base) == "sum" and k.is_Integer:
            numbers = [a.as_coeff_Mul()[0] for a in base.args]
            if all(n.is_Rational for n in numbers):
                common = content(numbers)
        if common == 1:
            factors.append(algebra.scalar_power(base, k))
        else:
            number *= common**k
            factors.append(Pow(Add(*[a / common for a in base.args]), k))
    new = Mul(number, *factors)
    return new if number != 1 and isinstance(new, Mul) and cost(new) <= cost(e) else e


def divided(e: Expr, divisor: Expr) -> Expr:
    """Return a quotient of scalar products, a^b/a^(b - 1) being a."""
    powers = dict(e.as_powers_dict())
    for base, k in divisor.as_powers_dict().items():
        powers[base] = powers.get(base, S.Zero) - k
    return Mul(*[algebra.scalar_power(b, k) for b, k in powers.items()])


def nested_fraction(e: Expr) -> Expr:
    """Return c/(a (b + q/a)) as c/(a b + q), where that is shorter."""
    powers = dict(e.as_powers_dict())
    for base, k in powers.items():
        if not (k == -1 and isinstance(base, Add)):
            continue
        for other, j in powers.items():
            if other is base or not (j.is_Integer and j < 0):
                continue
            inside = Add(*[a * other**-j for a in base.args])
            # in one product: of a number and a sum alone SymPy makes a sum
            new = Mul(
                *[algebra.scalar_power(b, p) for b, p in powers.items() if b not in (base, other)], 1 / inside
            )
            if cost(new) < cost(e):
                return nested_fraction(new) if isinstance(new, Mul) else new
    return e


# ------------------------------------------------------------------------------------ one product


def _powers(e: Expr) -> dict[Expr, Expr]:
    """Return an elementwise product, or one of scalars, as powers of its factors; a matrix's power stays whole."""
    if not algebra.is_matrix(e):
        return dict(e.as_powers_dict())
    found: dict[Expr, Expr] = {}
    for a in e.args if kind(e) == "elementwise product" else (e,):
        plain = kind(a) == "elementwise power" and not algebra.is_matrix(a.exp)
        base, k = a.args if plain else (a, S.One)
        found[base] = found.get(base, S.Zero) + k
    return found


def _times(e: Expr, *factors: Expr) -> Expr:
    return algebra.hadamard(e, *factors) if algebra.is_matrix(e) else Mul(e, *factors)


def _cleared(e: Expr) -> Iterator[Expr]:
    """Yield q/(b + p/a) as a q/(a b + p), for the divisors a of the sums that an elementwise product divides by."""
    if kind(e) not in ("elementwise product", "elementwise power"):
        return
    for base, k in _powers(e).items():
        if kind(base) == "sum" and k.is_Integer and k < 0:
            below = _below(base)
            if below:
                by = [algebra.elementwise_power(b, j) for b, j in below.items()]
                inside = algebra.add(*[algebra.hadamard(a, *by) for a in base.args])
                undone = algebra.elementwise_power(base, -k)
                again = [algebra.elementwise_power(b, -j * k) for b, j in below.items()]
                yield algebra.hadamard(e, undone, *again, algebra.elementwise_power(inside, k))


def _below(e: Expr) -> dict[Expr, Expr]:
    """Return the scalars and the matrices that the terms of a sum divide by, with their highest powers."""
    found: dict[Expr, Expr] = {}
    for term in e.args:
        coefficient, factors = algebra.split(term)
        powers = list(coefficient.as_powers_dict().items())
        powers += _powers(factors[0]).items() if len(factors) == 1 else []
        for base, k in powers:
            if k.is_Integer and k < 0 and not base.is_number:
                found[base] = max(found.get(base, S.Zero), -k)
    return found


def _whole_powers_apart(e: Expr) -> Iterator[Expr]:
    """Yield b/(a b)^(3/2) as 1/(a sqrt(a b)): the whole part of a broken power of a product taken apart."""
    for base, k in _powers(e).items():
        if kind(base) in _PRODUCTS and k.is_Rational and not k.is_Integer and abs(k) > 1:
            whole = sign(k) * floor(abs(k))
            if algebra.is_matrix(e):
                yield algebra.hadamard(
                    e,
                    algebra.elementwise_power(base, -k),
                    algebra.elementwise_power(base, k - whole),
                    *[algebra.elementwise_power(a, whole) for a in base.args],
                )
            else:
                rest = Mul(*[algebra.scalar_power(b, j) for b, j in e.as_powers_dict().items() if b != base])
                yield Mul(rest, Pow(base, k - whole), *[Pow(a, whole) for a in base.args])


# ---------------------------------------------------------------------------------- common divisors


def _cancelled(e: Expr) -> Iterator[Expr]:
    """Yield a fraction with a common divisor of a sum above and a sum below cancelled, (a^2 - b^2)/(a - b) as a + b."""
    powers = _powers(e)
    sums = {b: int(k) for b, k in powers.items() if kind(b) == "sum" and k.is_Integer}
    for below, k in ((b, k) for b, k in sums.items() if k < 0):
        for above, j in ((b, j) for b, j in sums.items() if j > 0):
            if (new := _cofactors(above, below)) is not None:
                build = algebra.elementwise_power
                rest = [build(b, n) for b, n in powers.items() if b not in (above, below)]
                left = [build(above, S(j - 1)), build(below, S(k + 1))]
                one = algebra.ones(algebra.shape(e))
                yield _times(one, *rest, *left, new[0], build(new[1], S.NegativeOne))


def _cofactors(above: Expr, below: Expr) -> tuple[Expr, Expr] | None:
    """Return two sums over their greatest common divisor, as polynomials in their parts; None where that is a number."""
    if cost(above) > MAX_COST or cost(below) > MAX_COST:
        return None
    names: dict[Expr, Expr] = {}
    a, b = _entry(above, names), _entry(below, names)
    if not a.free_symbols & b.free_symbols or len(names) > MAX_PARTS:
        return None
    symbols = sorted(names.values(), key=lambda s: s.name)
    _, p, q = Poly(a, *symbols).cofactors(Poly(b, *symbols))
    if q.total_degree() == Poly(b, *symbols).total_degree():
        return None
    back = {s: e for e, s in names.items()}
    like = algebra.shape(above)
    return _whole(p.as_expr(), back, like), _whole(q.as_expr(), back, like)


def _entry(e: Expr, names: dict[Expr, Expr]) -> Expr:
    """Return one entry of an expression, as a polynomial in symbols for the parts that are none."""
    word = kind(e)
    if word == "ones":
        return S.One
    if e.is_Rational:
        return e
    if word == "sum":
        return Add(*[_entry(a, names) for a in e.args])
    if word == "matrix product":
        coefficient, factors = algebra.split(e)
        if len(factors) == 1 and coefficient != 1:
            return _entry(coefficient, names) * _entry(factors[0], names)
    elif word in _PRODUCTS:
        return Mul(*[_entry(a, names) for a in e.args])
    elif word in _POWERS and e.exp.is_Integer and 0 < e.exp <= 4:
        return Pow(_entry(e.base, names), e.exp)
    return names.setdefault(e, Dummy(f"p{len(names)}"))


def _whole(e: Expr, back: dict[Expr, Expr], like: tuple[Expr, Expr]) -> Expr:
    """Return what `_entry` was made of."""
    if like == (1, 1):
        return e.xreplace(back)
    if isinstance(e, Add):
        return algebra.add(*[_whole(a, back, like) for a in reversed(e.as_ordered_terms())])
    factors = [(back.get(b, b), k) for b, k in e.as_powers_dict().items()]
    return algebra.hadamard(algebra.ones(like), *[algebra.elementwise_power(b, k) for b, k in factors])
