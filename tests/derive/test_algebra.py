"""Constructors and presentation keep values: random expressions with their values worked out beside them in NumPy."""

from __future__ import annotations

from random import Random

import numpy as np
import pytest
import sympy
from scipy.special import expit
from sympy import (
    Abs,
    HadamardPower,
    HadamardProduct,
    MatrixSymbol,
    Rational,
    Symbol,
    Transpose,
    ZeroMatrix,
    cos,
    exp,
    log,
    sin,
)

import derive
from derive.expression import algebra
from derive.expression.algebra.long_products import product
from derive.expression.elementwise import elementwise, relu, sigmoid, softplus
from derive.expression.facts import assuming
from derive.simplify.expand import expand
from derive.simplify.present import present
from verify.evaluate import evaluate

SIZES = {"m": 2, "n": 3}
_M, _N = (Symbol(s, integer=True, positive=True) for s in "mn")
_KNOWN = [("symmetric", "S"), ("positive", "P"), ("positive", "p")]
_SHAPES = {
    "x": (_N, 1), "y": (_N, 1), "p": (_N, 1), "u": (_M, 1), "A": (_M, _N), "B": (_N, _M), "R": (_N, _N), "S": (_N, _N),
    "P": (_N, _N),
}  # fmt: skip


class _Grower:
    """Grows pairs of an expression and its value."""

    def __init__(self, seed: int) -> None:
        self.rng = rng = np.random.default_rng(seed)
        number = lambda s: 1 if s == 1 else SIZES[s.name]
        self.values = {
            n: rng.uniform(0.3, 1.3, (number(r), number(c))) * rng.choice([-1, 1], (number(r), number(c)))
            for n, (r, c) in _SHAPES.items()
        }
        self.values["S"] = self.values["S"] + self.values["S"].T
        self.values |= {n: abs(self.values[n]) for n in "Pp"}
        self.values |= {n: np.array([[v]]) for n, v in (("a", 0.7), ("c", -1.3))}
        self.made: list = []

    def pick(self, options):
        return options[self.rng.integers(len(options))]

    def leaf(self, shape):
        if shape == (1, 1):
            if self.rng.random() < 0.4:
                k = self.pick([Rational(2), Rational(3), Rational(-1), Rational(-1, 2)])
                return k, np.array([[float(k)]])
            name = self.pick("ac")
            return Symbol(name, real=True), self.values[name]
        ways = [n for n, s in _SHAPES.items() if s == shape]
        turned = [n for n, s in _SHAPES.items() if s == shape[::-1]]
        if (not ways or self.rng.random() < 0.2) and turned:
            e, v = MatrixSymbol(n := self.pick(turned), *_SHAPES[n]), self.values[n]
            return algebra.t(e), v.T
        if not ways or self.rng.random() < 0.15:
            return algebra.ones(shape), np.ones([1 if s == 1 else SIZES[s.name] for s in shape])
        return MatrixSymbol(n := self.pick(ways), *_SHAPES[n]), self.values[n]

    def grow(self, shape, depth):
        """Return an expression of a shape and its value; parts come back, so that equal ones meet."""
        again = [p for p in self.made if algebra.shape(p[0]) == shape]
        if depth == 0 or (again and self.rng.random() < 0.15):
            return self.pick(again) if again and self.rng.random() < 0.5 else self.leaf(shape)
        e, v = self.node(shape, depth - 1)
        self.made.append((e, v))
        return e, v

    def node(self, shape, depth):
        sub = lambda s=shape: self.grow(s, depth)
        rows, columns = shape
        size = self.pick([_M, _N])
        matrix = shape != (1, 1)

        def plus():
            terms = [sub() for _ in range(self.pick([2, 3]))]
            return algebra.add(*[e for e, _ in terms]), sum(v for _, v in terms)

        def scaled():
            (c, s), (e, v) = sub((1, 1)), sub()
            return algebra.dot(c, e), s * v

        def product():
            (a, v), (b, w) = sub((rows, size)), sub((size, columns))
            return algebra.dot(a, b), v @ w

        def entrywise():
            (a, v), (b, w) = sub(), sub()
            if matrix and self.rng.random() < 0.3:  # as a text would have it
                return algebra.make(HadamardProduct, a, b), v * w
            return algebra.hadamard(a, b), v * w

        def power():
            e, v = sub()
            k = self.pick([2, 3, -1])
            return (
                (algebra.elementwise_power(e, Rational(k)), v ** float(k))
                if np.abs(v).min() > 0.1
                else (e, v)
            )

        def matrix_power():
            (e, v), (b, w) = sub(), sub()
            if not matrix or isinstance(e, ZeroMatrix):
                return e, v
            return HadamardPower(elementwise(sigmoid, e), b), expit(v) ** w

        def function():
            f, g = self.pick([
                (sin, np.sin), (cos, np.cos), (sigmoid, expit), (softplus, lambda t: np.logaddexp(0, t)), (Abs, np.abs),
                (relu, lambda t: np.maximum(t, 0)), (exp, np.exp),
            ])  # fmt: skip
            e, v = sub()
            return elementwise(f, e), g(v)

        def turned():
            e, v = sub((columns, rows))
            return (Transpose(e) if matrix and self.rng.random() < 0.3 else algebra.t(e)), v.T

        ways = [plus, scaled, entrywise, entrywise, power, function, turned, matrix_power, product]
        if not matrix:
            square, column = (size, size), (size, 1)

            def summed():
                e, v = sub(self.pick([column, (_M, _N)]))
                return algebra.entry_sum(e), v.sum().reshape(1, 1)

            def traced():
                e, v = sub(square)
                return algebra.trace(e), np.trace(v).reshape(1, 1)

            def logarithm():
                e, v = sub()
                return log(1 + elementwise(exp, e)), np.log(1 + np.exp(v))

            ways += [summed, summed, traced, traced, logarithm]
        elif rows == columns:

            def diagonal():
                e, v = sub((rows, 1))
                return algebra.diag(e), np.diag(v[:, 0])

            def identity():
                (c, s), (e, v) = sub((1, 1)), sub()
                return algebra.add(e, algebra.dot(c, algebra.power(e, 0))), v + s * np.eye(len(v))

            ways += [diagonal, diagonal, identity]
        elif columns == 1:

            def main_diagonal():
                e, v = sub((rows, rows))
                return algebra.diag(e), np.diag(v)[:, None]

            def diagonal_times():
                (e, v), (x, w) = sub(), sub()
                return algebra.dot(algebra.diag(e), x), v * w

            ways += [main_diagonal, diagonal_times, diagonal_times]
        elif shape == (_M, _N):

            def unstacked():
                (e, v), (b, w) = sub(), sub()
                new = algebra.hadamard(algebra.vec(e), algebra.vec(b))
                if self.rng.random() < 0.5:
                    new, v = algebra.make(HadamardProduct, algebra.vec(e), algebra.vec(e)), v * v
                else:
                    v = v * w
                return algebra.unvec(new, rows, columns), v

            ways += [unstacked, unstacked]
        return self.pick(ways)()


def _same(e, value, at):
    found = np.atleast_2d(evaluate(e, at, SIZES))
    scale = 1e-9 * max(1.0, np.abs(value).max())
    return found.shape == value.shape and np.abs(found - value).max() <= scale


_OF = [(1, 1), (1, 1), (_N, 1), (_M, _N), (_N, _N), (1, _N)]


@pytest.mark.parametrize("part", range(3))
def test_values_stay(part):
    for seed in range(part * 40, part * 40 + 40):
        with assuming(_KNOWN):
            g = _Grower(seed)
            e, value = g.grow(_OF[seed % len(_OF)], 2 + seed % 3)
            if not np.isfinite(value).all() or np.abs(value).max() > 1e6:
                continue
            assert _same(e, value, g.values), (seed, "built", e)
            assert _same(algebra.t(e), value.T, g.values), (seed, "transposed", e)
            shown = present(e)
            assert _same(shown, value, g.values), (seed, "presented", e, shown)
            spread = expand(e)
            assert spread is None or _same(spread, value, g.values), (seed, "multiplied out", e, spread)


@pytest.mark.parametrize(
    ("text", "wrt", "where", "assume", "result"),
    [
        ("-y'*(diag(3*w)*x)", "x", None, None, "-3*(w.*y)"),
        ("z'*(diag(2*y)*(diag(3*w)*x))", "x", None, None, "6*(w.*y.*z)"),
        ("b*(z'*(diag(c*w)*x))", "x", None, None, "b*c*(w.*z)"),
        ("(x.*x)'*vec(A)", "A", "x: m*n, A: m x n", None, "reshape(x.^2, m, n)"),
        ("-(vec(B).*vec(B))'*vec(A)", "A", "B: m x n, A: m x n", None, "-B.^2"),
        ("sum((x+x+y).*(x+y+y).*z)", "z", None, None, "(2*x + y).*(x + 2*y)"),
        ("sum(z.*(x+x+y)./(x+y+y))", "z", None, None, "(2*x + y)./(x + 2*y)"),
        ("x'*(exp(R).^S)*x", "x", "R: n x n, S: n x n, x: n", "symmetric(R)", "(exp(R).^S + (exp(R).^S)')*x"),
        ("tr(c.^S*X)", "X", "S: n x n, X: n x n", None, "(c.^S)'"),
        ("y'*exp(x)*sum(z)/sum(exp(x))", "z", None, None, "y'*softmax(x)*vector(1)"),
        ("sum(x.^y.*z.*(x.^2-y.^2)./(x-y))", "z", None, None, "x.^y.*(y + x)"),
    ],
)
def test_what_repeats_or_carries_a_number_is_not_lost(text, wrt, where, assume, result):
    assert derive.gradient(text, wrt, where, assume).to_text() == result


def test_a_long_product_is_the_one_that_sympy_orders():
    rng = Random(5)
    names = sympy.symbols("a:h", real=True)
    pool = [f(s) for s in names for f in (lambda s: s, lambda s: s + 1, sympy.exp, sympy.sqrt, abs, sigmoid)]
    pool += [sympy.sin(s + 2 * r) for s in names for r in names[:3]] + [1 / (s + 3) for s in names]
    for _ in range(60):
        long = sympy.Mul(*rng.sample(pool, 40))
        more = [rng.choice(pool) ** rng.choice([1, 1, 2, -1]) for _ in range(rng.randint(1, 3))]
        more.append(rng.choice([sympy.S.One, sympy.Integer(-3), sympy.Rational(1, 3)]))
        found, expected = product(long, *more), sympy.Mul(long, *more)
        assert found.args == expected.args
