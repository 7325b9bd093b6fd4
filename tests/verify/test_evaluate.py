"""The evaluator: every arithmetic against the others, and each operation against NumPy written by hand."""

from __future__ import annotations

from fractions import Fraction

import numpy as np
import pytest
import scipy.linalg
from flint import arb, fmpq, nmod
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import (
    Abs,
    Add,
    Determinant,
    DiagMatrix,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatPow,
    MatrixSymbol,
    Mul,
    OneMatrix,
    Rational,
    S,
    Trace,
    ZeroMatrix,
    acos,
    asin,
    atan,
    cos,
    cosh,
    exp,
    log,
    pi,
    sign,
    sin,
    sinh,
    sqrt,
    symbols,
    tan,
    tanh,
)
from sympy.matrices.expressions.diagonal import DiagonalOf

from derive.errors import InputError
from derive.expression.elementwise import elementwise, relu, sigmoid, softplus
from derive.expression.functions import (
    Adjugate,
    Commutation,
    EntrySum,
    Expm,
    ExpmFrechet,
    LogDet,
    LogSumExp,
    Norm1,
    Norm2,
    PseudoInverse,
    Softmax,
    Vec,
)
from derive.operations import swish
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Undefined
from verify.arithmetics.degree import DEGREES, Degree
from verify.arithmetics.dual import Dual
from verify.arithmetics.exact import RATIONALS, prime_field
from verify.arithmetics.floats import COMPLEX, FLOAT
from verify.evaluate import evaluate, layout

m, n, k = symbols("m n k", integer=True, positive=True)
A, B = MatrixSymbol("A", n, n), MatrixSymbol("B", n, n)
X, Y = MatrixSymbol("X", m, n), MatrixSymbol("Y", m, n)
x, y = MatrixSymbol("x", n, 1), MatrixSymbol("y", n, 1)
s, t = symbols("s t", real=True)
SIZES = {"m": 2, "n": 3}


def point(seed: int = 0, scale: int = 4) -> dict[str, np.ndarray]:
    """Fractions with small denominators: exact in every arithmetic."""
    rng = np.random.default_rng(seed)

    def draw(rows: int, columns: int) -> np.ndarray:
        return np.array(
            [
                [Fraction(int(rng.integers(1, 9)) * int(rng.choice([-1, 1])), scale) for _ in range(columns)]
                for _ in range(rows)
            ]
        )

    return {
        "A": draw(3, 3),
        "B": draw(3, 3),
        "X": draw(2, 3),
        "Y": draw(2, 3),
        "x": draw(3, 1),
        "y": abs(draw(3, 1)),
        "s": Fraction(3, 7),
        "t": Fraction(5, 4),
    }


def floats(p: dict) -> dict:
    return {name: np.asarray(v, dtype=float) for name, v in p.items()}


def cofactors(a: np.ndarray) -> np.ndarray:
    out = np.empty_like(a)
    for i in range(len(a)):
        for j in range(len(a)):
            out[j, i] = (-1) ** (i + j) * np.linalg.det(np.delete(np.delete(a, i, 0), j, 1))
    return out


#: expression -> the same in NumPy, written by hand
RATIONAL = {
    "sum": (X + 2 * Y - OneMatrix(m, n), lambda v: v["X"] + 2 * v["Y"] - 1),
    "zero": (X + ZeroMatrix(m, n), lambda v: v["X"]),
    "product": (s * X * A * x, lambda v: v["s"] * v["X"] @ v["A"] @ v["x"]),
    "transpose": (X.T * Y, lambda v: v["X"].T @ v["Y"]),
    "trace": (Trace(A * B) * s, lambda v: v["s"] * np.trace(v["A"] @ v["B"])),
    "scalar product": (Trace(x.T * A * x), lambda v: v["x"].T @ v["A"] @ v["x"]),
    "determinant": (Determinant(A + 5 * Identity(n)), lambda v: np.linalg.det(v["A"] + 5 * np.eye(3))),
    "inverse": (
        Inverse(A + 5 * Identity(n)) * x,
        lambda v: np.linalg.solve(v["A"] + 5 * np.eye(3), v["x"]),
    ),
    "power": (MatPow(A, 3), lambda v: v["A"] @ v["A"] @ v["A"]),
    "negative power": (
        MatPow(A, -2),
        lambda v: np.linalg.inv(v["A"] @ v["A"]),
    ),
    "hadamard": (HadamardProduct(X, Y), lambda v: v["X"] * v["Y"]),
    "hadamard power": (HadamardPower(X, S(-2)), lambda v: 1 / v["X"] ** 2),
    "kronecker": (KroneckerProduct(X, A), lambda v: np.kron(v["X"], v["A"])),
    "vec": (Vec(X), lambda v: v["X"].reshape(-1, 1, order="F")),
    "commutation": (Commutation(m, n) * Vec(X), lambda v: v["X"].T.reshape(-1, 1, order="F")),
    "diagonal matrix": (DiagMatrix(x) * A, lambda v: np.diag(v["x"][:, 0]) @ v["A"]),
    "diagonal": (DiagonalOf(A), lambda v: np.diag(v["A"])[:, None]),
    "entry sum": (EntrySum(X) / t, lambda v: v["X"].sum() / v["t"]),
    "size": (n * s + m, lambda v: 3 * v["s"] + 2),
    "scalar power": ((s + t) ** -3, lambda v: (v["s"] + v["t"]) ** -3),
    "adjugate": (Adjugate(A), lambda v: cofactors(v["A"])),
    "pseudo-inverse": (PseudoInverse(X), lambda v: np.linalg.pinv(v["X"])),
    "pseudo-inverse of a tall one": (PseudoInverse(X.T), lambda v: np.linalg.pinv(v["X"].T)),
    "squared norm": (Norm2(A * x) ** 2, lambda v: np.sum((v["A"] @ v["x"]) ** 2)),
    "inverse of the fourth power of a norm": (Norm2(x) ** -4, lambda v: np.sum(v["x"] ** 2) ** -2),
    "even power of abs": (Abs(Trace(A)) ** 2, lambda v: np.trace(v["A"]) ** 2),
    "polynomial elementwise": (
        elementwise(lambda u, evaluate=None: u**2 - s * u + n, X),
        lambda v: v["X"] ** 2 - v["s"] * v["X"] + 3,
    ),
}
ORDERED = {
    "abs": (Norm1(X), lambda v: np.abs(v["X"]).sum()),
    "relu": (elementwise(relu, A * x), lambda v: np.maximum(v["A"] @ v["x"], 0)),
    "sign": (elementwise(sign, X), lambda v: np.sign(v["X"])),
}
SMOOTH = {
    "logdet": (LogDet(A), lambda v: np.linalg.slogdet(v["A"])[1]),
    "norm": (Norm2(X), lambda v: np.linalg.norm(v["X"])),
    "log-sum-exp": (LogSumExp(x), lambda v: np.log(np.exp(v["x"]).sum())),
    "softmax": (Softmax(x), lambda v: np.exp(v["x"]) / np.exp(v["x"]).sum()),
    "sigmoid": (elementwise(sigmoid, X), lambda v: 1 / (1 + np.exp(-v["X"]))),
    "swish": (elementwise(swish, X), lambda v: v["X"] / (1 + np.exp(-v["X"]))),
    "softplus": (elementwise(softplus, X), lambda v: np.log1p(np.exp(v["X"]))),
    "sqrt": (elementwise(sqrt, y), lambda v: np.sqrt(v["y"])),
    "log": (elementwise(log, y) * log(t), lambda v: np.log(v["y"]) * np.log(v["t"])),
    "exponential": (Expm(A), lambda v: scipy.linalg.expm(v["A"])),
    "its derivative": (
        ExpmFrechet(A, B),
        lambda v: scipy.linalg.expm_frechet(v["A"], v["B"], compute_expm=False),
    ),
    "general power": (t**s, lambda v: v["t"] ** v["s"]),
    "elementwise general power": (HadamardPower(y, s), lambda v: v["y"] ** v["s"]),
    "constants": (pi * s + exp(1), lambda v: np.pi * v["s"] + np.e),
    "arc functions": (
        asin(s) + acos(s) * atan(t),
        lambda v: np.arcsin(v["s"]) + np.arccos(v["s"]) * np.arctan(v["t"]),
    ),
    **{
        f.__name__: (elementwise(f, X), lambda v, f=f: getattr(np, f.__name__)(v["X"]))
        for f in (exp, sin, cos, tan, sinh, cosh, tanh)
    },
}
ALL = {**RATIONAL, **ORDERED, **SMOOTH}


def as_floats(a: np.ndarray) -> np.ndarray:
    def one(e):
        return float(e.p) / float(e.q) if isinstance(e, fmpq) else float(e.mid()) if isinstance(e, arb) else e

    return np.array([[one(e) for e in row] for row in a])


@pytest.mark.parametrize("name", ALL)
def test_every_operation_has_numpys_value(name):
    expr, by_hand = ALL[name]
    p = point(3)
    got = evaluate(expr, p, SIZES)
    want = np.atleast_2d(by_hand(floats(p)))
    assert got.dtype == np.float64
    np.testing.assert_allclose(got, want, rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("name", ALL)
def test_balls_hold_the_value_and_are_small(name):
    expr, by_hand = ALL[name]
    p = point(3)
    got = evaluate(expr, p, SIZES, Balls(256))
    np.testing.assert_allclose(as_floats(got), np.atleast_2d(by_hand(floats(p))), rtol=1e-11, atol=1e-12)
    for ball in got.flat:
        assert float(ball.rad()) <= 1e-60


@pytest.mark.parametrize("name", {**RATIONAL, **ORDERED})
def test_rationals_are_exact(name):
    expr, by_hand = ALL[name]
    p = point(3)
    got = evaluate(expr, p, SIZES, RATIONALS)
    assert all(isinstance(e, fmpq) for e in got.flat)
    np.testing.assert_allclose(as_floats(got), np.atleast_2d(by_hand(floats(p))), rtol=1e-11, atol=1e-12)


@pytest.mark.parametrize("prime", [0, 1, 2])
@pytest.mark.parametrize("name", RATIONAL)
def test_residues_are_the_rationals_modulo_p(name, prime):
    expr, _ = ALL[name]
    p, field = point(3), prime_field(prime)
    exact = evaluate(expr, p, SIZES, RATIONALS)
    residues = evaluate(expr, p, SIZES, field)
    for q, r in zip(exact.flat, residues.flat, strict=True):
        assert isinstance(r, nmod)
        assert r == field.number(Fraction(int(q.p), int(q.q)))


@pytest.mark.parametrize("name", {**ORDERED, **SMOOTH})
def test_a_prime_field_abstains_where_it_has_no_value(name):
    with pytest.raises(Abstain, match="has no value in a prime field"):
        evaluate(ALL[name][0], point(3), SIZES, prime_field())


@pytest.mark.parametrize("name", SMOOTH)
def test_the_rationals_abstain_where_they_have_no_value(name):
    with pytest.raises(Abstain, match="has no value in the rationals"):
        evaluate(ALL[name][0], point(3), SIZES, RATIONALS)


# ------------------------------------------------------------------------------------------- derivatives


def variables(expr) -> list[str]:
    names = sorted(a.name for a in expr.free_symbols if a.name in point())
    return [name for name in names if name in point(3)]


def moved(p: dict, q: dict, names: list[str], arithmetic) -> dict:
    """The point p, moving along q in the given variables, as dual numbers."""
    with arithmetic.context():
        return {
            name: Dual(arithmetic.array(v), arithmetic.array(q[name])) if name in names else v
            for name, v in p.items()
        }


@pytest.mark.parametrize("name", ALL)
def test_duals_of_balls_agree_with_differences_of_balls(name):
    """Sixth-order central differences leave an error of h^6 = 1e-90 times a seventh derivative."""
    expr, _ = ALL[name]
    p, q, arithmetic = point(3), point(4), Balls(900)
    tangent = evaluate(expr, moved(p, q, variables(expr), arithmetic), SIZES, arithmetic).tangent
    h = Fraction(1, 10**15)
    total = 0
    with arithmetic.context():
        for steps, weight in ((1, 45), (2, -9), (3, 1)):
            for side in (1, -1):
                at = {name: v + side * steps * h * q[name] for name, v in p.items()}
                value = evaluate(expr, at, SIZES, arithmetic)
                total = total + side * weight * value
        gap = tangent - total / (60 * arithmetic.number(h))
        assert max(abs(float(e.abs_upper())) for e in gap.flat) < 1e-50


@pytest.mark.parametrize("name", ALL)
def test_complex_step_agrees_with_duals_of_floats(name):
    expr, _ = ALL[name]
    p, q = floats(point(3)), floats(point(4))
    dual = evaluate(expr, moved(p, q, variables(expr), FLOAT), SIZES).tangent
    step = {name: v + 1e-30j * q[name] for name, v in p.items()}
    np.testing.assert_allclose(
        evaluate(expr, step, SIZES, COMPLEX).imag / 1e-30, dual, rtol=1e-10, atol=1e-10
    )


@pytest.mark.parametrize("name", [*RATIONAL, "logdet"])
def test_duals_of_residues_are_duals_of_rationals(name):
    expr, _ = ALL[name]
    p, q, field = point(3), point(4), prime_field()
    exact = evaluate(expr, moved(p, q, variables(expr), RATIONALS), SIZES, RATIONALS).tangent
    residues = evaluate(expr, moved(p, q, variables(expr), field), SIZES, field).tangent
    for a, b in zip(exact.flat, residues.flat, strict=True):
        assert field.number(Fraction(int(a.p), int(a.q))) == b


@pytest.mark.parametrize("name", [*RATIONAL, *SMOOTH])
def test_second_derivatives_by_duals_of_duals(name):
    """d/dh of the first derivative along q, against the derivative of the derivative."""
    expr, _ = ALL[name]
    p, q, r, a = point(3), point(4), point(5), Balls(400)
    names = variables(expr)
    h = Fraction(1, 10**20)

    def first(at: dict):
        return evaluate(expr, moved(at, q, names, a), SIZES, a).tangent

    with a.context():
        zero = {name: a.array(0 * np.asarray(v, dtype=object)) for name, v in p.items()}
        nested = {
            name: Dual(Dual(a.array(v), a.array(q[name])), Dual(a.array(r[name]), zero[name]))
            if name in names
            else v
            for name, v in p.items()
        }
        second = evaluate(expr, nested, SIZES, a).tangent.tangent
        forward = first({name: v + h * r[name] for name, v in p.items()})
        backward = first({name: v - h * r[name] for name, v in p.items()})
        gap = second - (forward - backward) / (2 * a.number(h))
        assert max(abs(float(e.abs_upper())) for e in gap.flat) < 1e-25


def test_a_logarithm_has_a_derivative_in_a_field_though_no_value():
    field = prime_field()
    value = evaluate(log(t) / 2, {"t": Dual(field.array(7), field.array(1))}, arithmetic=field)
    assert value.tangent[0, 0] == field.number(Fraction(1, 14))
    with pytest.raises(Abstain, match="log has no value"):  # t·log(t) has derivative log(t) + 1
        evaluate(t * log(t), {"t": Dual(field.array(7), field.array(1))}, arithmetic=field)


def test_the_derivative_of_a_determinant_exists_where_the_matrix_is_singular():
    """d det(A)[E] = tr(adj(A) E), with the adjugate from cofactors, at a matrix of rank 2."""
    a = np.array([[1.0, 2, 3], [4, 5, 6], [5, 7, 9]])
    e = np.arange(9.0).reshape(3, 3) ** 2
    for arithmetic in (RATIONALS, prime_field(), Balls(128)):
        with arithmetic.context():
            at = {"A": Dual(arithmetic.array(a), arithmetic.array(e))}
            tangent = evaluate(Determinant(A), at, arithmetic=arithmetic).tangent[0, 0]
            assert tangent - arithmetic.number(round(np.trace(cofactors(a) @ e))) == 0


@settings(max_examples=25, deadline=None)
@given(st.integers(1, 5), st.integers(0, 10**6))
def test_elimination_and_bird_agree_and_the_inverse_is_one(size, seed):
    rng = np.random.default_rng(seed)
    a = rng.integers(-3, 4, (size, size))
    for arithmetic in (RATIONALS, prime_field()):
        ring = arithmetic.array(a)
        det = arithmetic.determinant_without_division(ring)[0, 0]
        assert det == arithmetic.number(round(np.linalg.det(a)))
        if det == 0:
            with pytest.raises(Undefined):
                arithmetic.inverse(ring)
        else:
            inverse, by_elimination = arithmetic.eliminate(ring)
            assert by_elimination[0, 0] == det
            assert np.all(inverse @ ring == arithmetic.eye(size))


# ------------------------------------------------------------------------------------------- kinks, errors


def test_kinks_are_undefined_where_something_moves_and_zero_where_nothing_does():
    a = Balls(128)
    f = Norm1(DiagMatrix(x))  # the zeros off the diagonal stand still
    with a.context():
        moving = Dual(a.array([1, -2, 3]), a.array([1, 1, 1]))
        assert evaluate(f, {"x": moving}, {"n": 3}, a).tangent[0, 0] == 1
        with pytest.raises(Undefined, match="kink"):
            evaluate(f, {"x": Dual(a.array([0, -2, 3]), a.array([1, 1, 1]))}, {"n": 3}, a)
        near = a.array([[arb(0, 1e-30)], [arb(1)], [arb(1)]])
        with pytest.raises(Undefined, match="sign"):
            evaluate(elementwise(sign, x), {"x": near}, {"n": 3}, a)


@pytest.mark.parametrize("arithmetic", [FLOAT, RATIONALS, prime_field(), Balls(128)], ids=lambda a: a.name)
def test_a_singular_inverse_is_undefined(arithmetic):
    with pytest.raises(Undefined):
        evaluate(Inverse(x * x.T), {"x": [1, 2, 3]}, arithmetic=arithmetic)


@pytest.mark.parametrize("arithmetic", [FLOAT, RATIONALS, Balls(128)], ids=lambda a: a.name)
def test_the_logarithm_of_a_negative_number_is_undefined(arithmetic):
    with pytest.raises(Undefined):
        evaluate(log(t), {"t": -2}, arithmetic=arithmetic)


def test_missing_values_and_wrong_shapes_are_input_errors():
    with pytest.raises(InputError, match="B has no value"):
        evaluate(A * B, {"A": np.eye(3)})
    with pytest.raises(InputError, match=r"B is 3 x 3, and its value is 2 x 2"):
        evaluate(A * B, {"A": np.eye(3), "B": np.eye(2)}, {"n": 3})
    with pytest.raises(InputError, match="the size k is not known"):
        evaluate(Identity(k), {})


def test_deep_expressions_do_not_exhaust_the_stack():
    deep, value = s, 3 / 7
    for _ in range(1000):
        deep, value = Add(t, atan(deep, evaluate=False), evaluate=False), 1.25 + np.arctan(value)
    assert evaluate(deep, {"s": 3 / 7, "t": 1.25})[0, 0] == pytest.approx(value)


def test_shared_subexpressions_are_evaluated_once():
    """Written out, this has 2^60 leaves."""
    shared, value = s, 3 / 7
    for _ in range(60):
        shared, value = Mul(shared, atan(shared, evaluate=False), evaluate=False), value * np.arctan(value)
    assert len(layout(shared)) == 121
    assert evaluate(shared, {"s": 3 / 7})[0, 0] == pytest.approx(value)


# --------------------------------------------------------------------------------------------- degrees


@settings(max_examples=40, deadline=None)
@given(st.sampled_from([*RATIONAL, "logdet"]), st.integers(0, 10**6), st.booleans())
def test_degree_bounds_hold_on_a_random_line(name, seed, derivative):
    """On the line p + u·q a rational function of degree (a, b) is fixed by a + b + 1 values of u.

    The bound says that N/D in u has degrees at most (a, b): the linear system for the coefficients of N and
    D through more points than unknowns then has a nonzero solution.
    """
    expr = ALL[name][0]
    if name == "logdet":
        derivative = True
    names = variables(expr)
    p, q, r, field = point(seed), point(seed + 1), point(seed + 2), prime_field()
    shapes = {v: np.shape(p[v]) or (1, 1) for v in names}
    ones = {v: Degree(shapes[v], 1) for v in names}
    bound = evaluate(
        expr, {v: Dual(ones[v], ones[v]) if derivative else ones[v] for v in names}, SIZES, DEGREES
    )
    bound = bound.tangent if derivative else bound
    a, b = bound.numerator, bound.denominator
    if a + b > 60:
        return
    rows = []
    for u in range(1, a + b + 4):
        at = {v: p[v] + u * q[v] for v in names}
        move = {v: r[v] + u * q[v] for v in names}
        try:
            value = evaluate(expr, moved(at, move, names if derivative else [], field), SIZES, field)
        except Undefined:
            continue
        f = (value.tangent if derivative else value)[0, 0]
        z = field.number(u)
        rows.append([z**i for i in range(a + 1)] + [-f * z**i for i in range(b + 1)])
    from flint import nmod_mat

    matrix = nmod_mat(len(rows), a + b + 2, [e for row in rows for e in row], field.p)
    assert matrix.rank() < a + b + 2


def test_rational_constants_are_exact():
    third = evaluate(Rational(1, 3) * s, {"s": Fraction(3, 7)}, arithmetic=RATIONALS)
    assert third[0, 0] == fmpq(1, 7)
    assert evaluate(S(0.25) * s, {"s": 2}, arithmetic=RATIONALS)[0, 0] == fmpq(1, 2)


@pytest.mark.parametrize(
    "value", [2, np.int64(2), np.float32(2), True + 1, [2], np.array([[2.0]]), Fraction(2), [[np.int8(2)]]]
)
def test_numbers_of_every_kind_are_values(value):
    for arithmetic in (FLOAT, RATIONALS, prime_field(), Balls(64)):
        with arithmetic.context():
            assert evaluate(3 * s, {"s": value}, arithmetic=arithmetic)[0, 0] - arithmetic.number(6) == 0


@pytest.mark.parametrize("power", [0, 3, -40])
def test_roots_and_logarithms_enclose_exact_ones(power):
    """sqrtm(Y Y) holds Y and logm(expm(Z)) holds Z, of matrices with no symmetry and of any size of their entries."""
    a = Balls(256)
    with a.context():
        scale = a.full((1, 1), Fraction(2) ** power)
        y = a.array(np.array([[5, 1, -2, 0], [2, 6, 1, 3], [-1, 0, 4, 1], [0, 7, -1, 5]])) * scale
        z = a.array(np.array([[1, 2, 0], [-1, 0, 1], [0, 3, -1]])) * a.full((1, 1), Fraction(1, 3)) * scale
        pairs = [(a.matrix_function("sqrtm", y @ y), y)]
        if power <= 0:
            pairs.append((a.matrix_function("logm", a.expm(z)), z))
        for got, exact in pairs:
            assert all(g.overlaps(e) for g, e in zip(got.flat, exact.flat, strict=True))
            assert all(float(g.rad()) < 1e-50 for g in got.flat)
