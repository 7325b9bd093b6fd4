"""`check_gradient` from both sides: right gradients are never refuted, wrong ones are wherever floats permit."""

from __future__ import annotations

import math

import numpy as np
import pytest

from derive.errors import InputError
from tests.clock import Clock
from tests.verify.gradient_table import CASES, Case, mutants, points
from verify.callables.gradients import check_gradient

X = np.array([0.3, -1.2, 0.8, 2.0])
#: Arithmetic in which a factor of 1 + 1e-9 or an entry wrong by 1e-4 cannot show.
BLUNT = ("single precision", "hidden single precision")


def squares(x):
    return (x * x).sum()


def twice(x):
    return 2 * x


def evidence(verdict, method):
    return next(e for e in verdict.evidence if e.method == method)


# -- the table of functions and mutants ---------------------------------------------------------------


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_right_gradients_are_upheld_and_never_refuted(case: Case):
    words = []
    for _, x in points(case, 1, seed=7):
        words.append(check_gradient(case.f, case.grad, x).verdict)
        words.append(check_gradient(case.f, np.asarray(case.grad(x), dtype=float), x).verdict)
    assert "refuted" not in words
    settled = (
        ("agrees",)
        if case.name not in ("relu", "relu squared", "ill-conditioned log-determinant")
        else ("agrees", "inconclusive")
    )
    assert set(words) <= set(settled)


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_mutants_are_refuted(case: Case):
    rng = np.random.default_rng(11)
    gross = ("sign", "factor 2", "zero", "transposed", "one entry dropped")
    for k, (where, x) in enumerate(points(case, 1, seed=8)):
        g = np.asarray(case.grad(x), dtype=float)
        chosen = [(name, wrong) for name, wrong in mutants(g, rng) if case.name not in BLUNT or name in gross]
        for name, wrong in chosen[k::4] if where == "x ~ 1" else chosen[k + 1 :: 6]:
            ill = case.name.startswith("ill-conditioned")
            verdict = check_gradient(case.f, lambda z, wrong=wrong: wrong, x)
            if not (ill and name == "factor 1 + 1e-9"):
                assert verdict.verdict != "agrees", (where, name)
            if where == "x ~ 1" and (name in gross or not ill):
                assert verdict.verdict == "refuted", (where, name, str(verdict))


# -- never refute a right gradient ----------------------------------------------------------------------


@pytest.mark.parametrize("distance", [1e-3, 1e-6, 1e-9, 1e-12, 0.0])
def test_kinks_within_the_stencil_refute_nothing(distance):
    for sign in (1, -1):
        x = distance * sign * np.array([1.0, 1.7, -0.6])
        relu = check_gradient(
            lambda z: np.maximum(z, 0).sum() + np.sin(z).sum(), lambda z: (z > 0) + np.cos(z), x
        )
        assert relu.verdict != "refuted"
        large = check_gradient(lambda z: 1e4 + np.abs(z).sum(), np.sign, x)
        assert large.verdict != "refuted"
        if distance >= 1e-9:
            assert relu.verdict == "agrees"


def test_a_kink_at_x_is_named_and_claims_beyond_its_slopes_are_refuted():
    x = np.array([0.0, 1.0])
    for claim in (0.0, 0.5, 1.0):
        between = check_gradient(lambda z: np.maximum(z, 0).sum(), np.array([claim, 1.0]), x)
        assert between.verdict == "inconclusive"
        assert "kink at x, one-sided slopes 0 and 1" in between.evidence[0].figure
    for claim in (-0.1, 1.1):
        assert (
            check_gradient(lambda z: np.maximum(z, 0).sum(), np.array([claim, 1.0]), x).verdict == "refuted"
        )


@pytest.mark.parametrize("level", [1e-10, 1e-6, 1e-2, 1.0])
@pytest.mark.parametrize("kind", ["normal", "relative", "cauchy", "rare"])
def test_noise_refutes_nothing(level, kind):
    for seed in range(6):
        rng = np.random.default_rng(seed)

        def noisy(z, rng=rng):
            value = np.exp(z).sum()
            if kind == "relative":
                return value * (1 + level * rng.uniform(-1, 1))
            return (
                value
                + level
                * {"normal": rng.normal(), "cauchy": rng.standard_cauchy(), "rare": rng.random() < 0.03}[kind]
            )

        assert check_gradient(noisy, np.exp, X, seed=seed).verdict != "refuted"


def test_a_gross_error_shows_through_noise():
    rng = np.random.default_rng(0)
    noisy = lambda z: squares(z) + 1e-3 * rng.normal()
    assert check_gradient(noisy, lambda z: 2.2 * z, X).verdict == "refuted"
    assert check_gradient(noisy, twice, X).verdict == "agrees"


def test_a_function_that_drifts_from_call_to_call():
    calls = 0

    def drifting(z):
        nonlocal calls
        calls += 1
        return squares(z) + 1e-7 * calls

    assert check_gradient(drifting, twice, X).verdict == "agrees"


@pytest.mark.parametrize("offset", [1e6, 1e10, 1e16])
@pytest.mark.parametrize("seen", [True, False])
def test_a_large_offset_refutes_nothing_right(offset, seen):
    f = lambda z: offset + np.sin(z if seen else np.asarray(z)).sum()
    right = check_gradient(f, np.cos, X)
    assert right.verdict != "refuted"
    wrong = check_gradient(f, lambda z: np.cos(z) * (1 + 1e-9), X)
    if seen:
        assert (right.verdict, wrong.verdict) == ("agrees" if offset < 1e16 else right.verdict, "refuted")
    elif offset >= 1e10:
        assert wrong.verdict == "inconclusive"
        assert "drowns" in wrong.evidence[0].figure


@pytest.mark.parametrize(
    ("f", "g", "x"),
    [
        (lambda z: np.sin(1e6 * np.asarray(z)).sum(), lambda z: 1e6 * np.cos(1e6 * z), 1e8 * X),
        (lambda z: np.sin(1e6 * np.asarray(z)).sum(), lambda z: 1e6 * np.cos(1e6 * z), 1e4 * X),
        (lambda z: np.sin(1e9 * np.asarray(z)).sum(), lambda z: 1e9 * np.cos(1e9 * z), X),
        (lambda z: 1e16 + np.sin(np.asarray(z)).sum(), np.cos, 1e8 * X),
        (lambda z: np.round(np.sin(z).sum(), 2), np.cos, X),
        (lambda z: np.round(np.sin(z).sum(), 4), np.cos, X),
        (lambda z: np.round(np.sin(z).sum(), 8), np.cos, X),
        (lambda z: float(np.exp(np.float16(z)).sum()), np.exp, X),
        (lambda z: float(np.exp(np.float32(z)).sum()) + squares(z), lambda z: np.exp(z) + 2 * z, X),
        (lambda z: squares(z) + 1e-9 * np.sin(1e8 * z).sum(), lambda z: 2 * z + 0.1 * np.cos(1e8 * z), X),
        (lambda z: squares(z) + (z > X + 1e-3).sum(), twice, X),
        (lambda z: squares(z) + (z > X + 1e-9).sum(), twice, X),
        (lambda z: squares(z) + (z > X).sum(), twice, X),
        (lambda z: np.floor(z).sum(), lambda z: 0 * z, X),
    ],
    ids=["undersampled", "fast and large", "very fast", "drowned and large", "2 decimals", "4 decimals", "8 decimals",
         "half precision", "half of it single", "ripples", "jump beside", "jump close", "jump at x", "steps"],
)  # fmt: skip
def test_ill_behaved_functions_refute_nothing_right(f, g, x):
    for seed in range(4):
        assert check_gradient(f, g, x, seed=seed).verdict != "refuted"


def test_an_inner_iteration_that_stops_early():
    def root(z):
        y = 1.0
        for _ in range(60):
            step = (y**3 + y - z @ z) / (3 * y * y + 1)
            y -= step
            if abs(step) < 1e-6:
                break
        return y

    assert check_gradient(root, lambda z: 2 * z / (3 * root(z) ** 2 + 1), X).verdict == "agrees"


def test_zero_gradients():
    assert check_gradient(lambda z: 1 + squares(z), twice, np.zeros(3)).verdict == "agrees"
    assert check_gradient(lambda z: 1 + squares(z), lambda z: 2 * z + 1e-6, np.zeros(3)).verdict == "refuted"
    assert check_gradient(lambda z: 4.0, lambda z: 0 * z, X).verdict == "agrees"
    assert check_gradient(lambda z: 4.0, lambda z: 0 * z + 1e-3, X).verdict == "refuted"


def test_extreme_sizes_of_f():
    for size in (1e-300, 1e300):
        assert (
            check_gradient(lambda z, s=size: z.sum() * s, lambda z, s=size: 0 * z + s, X).verdict == "agrees"
        )
        assert (
            check_gradient(lambda z, s=size: z.sum() * s, lambda z, s=size: 0 * z + 1.1 * s, X).verdict
            == "refuted"
        )


# -- the methods -----------------------------------------------------------------------------------------


def test_the_taylor_order_is_the_answer():
    f, g = lambda z: np.exp(z).sum(), np.exp
    right = evidence(check_gradient(f, g, X), "Taylor remainder")
    assert right.details["order"] == pytest.approx(2, abs=0.1)
    wrong = evidence(check_gradient(f, lambda z: 1.5 * g(z), X), "Taylor remainder")
    assert wrong.details["order"] == pytest.approx(1, abs=0.1)
    assert (right.verdict, wrong.verdict) == ("agrees", "refuted")


@pytest.mark.parametrize(
    "f", [lambda z: np.abs(z).sum() + squares(z), lambda z: np.vdot(z, z) + np.abs(z).sum(), lambda z: squares(z.real)
          + np.sqrt((z * z.conj()).real).sum()])  # fmt: skip
def test_a_complex_step_that_goes_wrong_refutes_nothing(f):
    right = check_gradient(f, lambda z: 2 * z + np.sign(z), X)
    assert right.verdict == "agrees"
    assert evidence(right, "complex step").verdict == "inconclusive"


def test_a_branch_of_a_root_is_not_taken_for_analytic_at_its_end():
    verdict = check_gradient(
        lambda z: np.sqrt(z * z).sum(), lambda z: np.array([0.0, 1.0]), np.array([0.0, 1.0])
    )
    assert verdict.verdict == "inconclusive"


def test_the_same_seed_gives_the_same_answer():
    first = check_gradient(lambda z: np.sin(z).sum(), np.cos, X, seed=5)
    second = check_gradient(lambda z: np.sin(z).sum(), np.cos, X, seed=5)
    strip = lambda v: [(e.method, e.verdict, e.figure, dict(e.details)) for e in v.evidence]
    assert strip(first) == strip(second)


def test_the_verdict_is_json_ready():
    import json

    for claim in (twice, lambda z: 3 * z):
        json.dumps(check_gradient(squares, claim, X).to_dict(), allow_nan=False)


# -- large x, slow f, and kinds of argument --------------------------------------------------------------


def test_one_wrong_entry_among_many_is_found():
    x = np.random.default_rng(0).normal(size=5000)

    def spoilt(z):
        g = np.cos(z)
        g[3210] *= 1 + 1e-4
        return g

    right = check_gradient(lambda z: np.sin(z).sum(), np.cos, x, evaluations=2000)
    assert right.verdict == "agrees"
    assert right.evidence[0].details["evaluations"] < 6000
    wrong = check_gradient(lambda z: np.sin(z).sum(), spoilt, x, evaluations=2000)
    assert wrong.verdict == "refuted"
    assert wrong.counterexample.entry[0] == 3210


def test_a_slow_function_is_not_waited_for(monkeypatch):
    clock = Clock().set(monkeypatch)

    def slow(z):
        clock.now += 0.02
        return squares(z)

    verdict = check_gradient(slow, twice, X, seconds=0.3)
    assert clock.now < 1.0
    assert verdict.verdict == "inconclusive"
    assert "give more seconds" in verdict.evidence[0].figure


def test_what_was_done_in_the_time_is_said(monkeypatch):
    clock, done = Clock().set(monkeypatch), []

    def slow(z):
        clock.now += 0.004
        return squares(z)

    verdict = check_gradient(slow, twice, np.ones(50), seconds=1.0, progress=lambda k, n: done.append((k, n)))
    assert 0 < len(done) < 50
    assert f"{len(done)} of 50 entries" in verdict.evidence[0].figure
    assert done[-1] == (len(done), 50)
    assert verdict.verdict == "agrees"


def test_arguments_are_protected_from_f_and_grad():
    def f(z):
        value = squares(z)
        z[:] = 0
        return value

    def g(z):
        z *= 2
        return z

    x = X.copy()
    assert check_gradient(f, g, x).verdict == "agrees"
    assert np.array_equal(x, X)


@pytest.mark.parametrize(
    ("f", "g", "x"),
    [
        (squares, twice, np.array([1, 2, 3])),
        (lambda z: np.sum(np.square(z)), twice, [1.0, 2.0, 3.0]),
        (lambda z: z * z, twice, np.array(3.0)),
        (lambda z: math.sin(z), lambda z: math.cos(z), 3),
        (lambda z: z.T @ z, twice, X[:, None]),
        (squares, twice, np.arange(1.0, 25).reshape(2, 3, 4)),
        (lambda p: p[0] @ p[1], lambda p: (p[1], p[0]), (X, X + 1)),
        (lambda p: p["a"] @ p["b"], lambda p: {"b": p["a"], "a": p["b"]}, {"a": X, "b": X + 1}),
        (lambda p: squares(p["layers"][0]["w"]), lambda p: {"layers": [{"w": 2 * p["layers"][0]["w"]}]},
         {"layers": [{"w": X}]}),
        (squares, twice, X.astype(np.float32)),
        (squares, twice, X.astype(np.longdouble)),
    ],
    ids=["integers", "list", "0-d", "number", "column", "3-d", "tuple", "dict", "nested", "float32", "longdouble"],
)  # fmt: skip
def test_kinds_of_argument(f, g, x):
    assert check_gradient(f, g, x).verdict == "agrees"


class Tensor:
    """What a framework's tensor shows of itself: no arithmetic with arrays, only its own."""

    def __init__(self, values):
        self.values = np.asarray(values)

    def new_tensor(self, values):
        return Tensor(np.asarray(values, dtype=self.values.dtype))

    def detach(self):
        return self

    def __array__(self, dtype=None, copy=None):
        return self.values

    def square_sum(self):
        return Tensor((self.values**2).sum())

    def scaled(self, c):
        return Tensor(c * self.values)


@pytest.mark.parametrize("dtype", [np.float64, np.float32])
def test_tensors_go_in_and_come_out(dtype):
    x = Tensor(X.astype(dtype))
    assert check_gradient(lambda t: t.square_sum(), lambda t: t.scaled(2), x).verdict == "agrees"
    wrong = check_gradient(lambda t: t.square_sum(), lambda t: t.scaled(-2), x)
    assert wrong.diagnosis == "the sign is wrong: the claim is minus the gradient"


# -- diagnosis ---------------------------------------------------------------------------------------------


M = np.arange(1.0, 10).reshape(3, 3) ** 1.5


@pytest.mark.parametrize(
    ("claim", "said"),
    [
        (lambda z: 6 * z**2, "the claim is twice the gradient"),
        (lambda z: z**2, "the claim is 1/3 times the gradient"),
        (lambda z: -3 * z**2, "the sign is wrong: the claim is minus the gradient"),
        (lambda z: 3 * z**2 * (1 + 1e-7), r"the claim is 1 \+ 1e-07 times the gradient"),
        (lambda z: 0 * z, "the claim is zero, the gradient is not"),
        (lambda z: 3 * z.T**2, "the claim is the transpose of the gradient$"),
        (lambda z: 1.5 * z.T**2, "the claim is the transpose of the gradient, and half it"),
        (lambda z: 3 * z[::-1, ::-1] ** 2, "in reverse order, the gradient"),
        (lambda z: 3 * z**2 + np.eye(3)[:, [1]] * np.eye(3)[0] * 1e-3, r"all measured entries are right but for x\[1, 0\]"),
        (lambda z: 3 * z**2 + 0.25, "the claim lacks the same -0.25 in every entry"),
        (lambda z: 3 * z**2 - 0.1 * z, r"the claim lacks the term 0.1 x, as of 0.05 \|x\|\^2"),
        (lambda z: 3 * z**2 + np.eye(3)[:, [2]] * [1, 2, 5] + np.eye(3)[:, [2]], "right but for|only row 2"),
    ],
)  # fmt: skip
def test_usual_slips_are_named(claim, said):
    verdict = check_gradient(lambda z: (z**3).sum(), claim, M)
    assert verdict.verdict == "refuted"
    import re

    assert re.search(said, verdict.diagnosis), verdict.diagnosis


def test_a_slip_in_one_of_several_arrays_is_placed():
    f = lambda p: (p["W"] @ p["b"]).sum()
    x = {"W": M, "b": X[:3]}
    claim = lambda p: {"W": np.outer(np.ones(3), p["b"]), "b": 2 * p["W"].sum(axis=0)}
    verdict = check_gradient(f, claim, x)
    assert verdict.diagnosis == "only the part for x['b'] is wrong: the claim is twice the gradient"


def test_entries_in_the_other_memory_order_are_recognised():
    x = np.arange(1.0, 7).reshape(3, 2)
    verdict = check_gradient(squares, lambda z: (2 * z).ravel("F").reshape(z.shape), x)
    assert "row-major and column-major order are mixed up" in verdict.diagnosis


def test_the_counterexample_holds_point_entry_and_both_values():
    claim = 2 * X
    claim[2] = 7.0
    found = check_gradient(squares, claim, X).counterexample
    assert found.point == {"x": X.tolist()}
    assert found.entry == (2, 0)
    assert float(found.claimed) == 7.0
    assert float(found.true.split()[0]) == pytest.approx(1.6, rel=1e-12)


# -- bad input ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("f", "g", "x", "said"),
    [
        (squares, twice, X + 1j, "x is complex: pass its real and imaginary parts"),
        (squares, twice, np.zeros(0), "x is empty"),
        (squares, twice, np.array([1, np.nan]), r"x\[1\] is nan: x must be finite"),
        (squares, twice, {"W": X, "b": np.array([np.inf])}, r"x\['b'\]\[0\] is inf"),
        (squares, twice, "text", "x has the type"),
        (squares, twice, None, "x has the type object"),
        (lambda z: z, twice, X, "f returns a vector of 4, a gradient needs one number: sum it"),
        (lambda z: None, twice, X, "f returns the type object"),
        (lambda z: (z + 1j).sum(), twice, X, "f returns a complex number"),
        (lambda z: 1 / 0, twice, X, r"f failed at x itself \(ZeroDivisionError: division by zero\)"),
        (lambda z: np.log(-np.abs(z)).sum(), twice, X, "f is nan at x itself: move x"),
        (squares, lambda z: z.nonsense, X, r"the gradient failed at x \(AttributeError"),
        (lambda z: np.abs(z).sum(), lambda z: z * np.nan, 0 * X, r"the gradient is nan at entry x\[0\]"),
        (squares, lambda z: 1j * z, X, "the gradient has the type complex128"),
        (squares, lambda z: None, X, "the gradient has the type object"),
        (squares, lambda z: z[:2], X, "the gradient is a vector of 2, x is a vector of 4"),
        (squares, lambda z: z[:, None], X, r"give it in the shape of x, .reshape\(4,\)"),
        (squares, lambda z: z.T, np.ones((3, 2)), "the gradient is 2 x 3, x is 3 x 2: is it the transpose"),
        (lambda p: squares(p["a"]), lambda p: {"b": p["a"]}, {"a": X}, "must be a dict like x, with an entry for each of 'a'"),
        (lambda p: squares(p[0]), lambda p: p[0], (X, X), "must be a tuple like x, with an entry for each of 0, 1"),
    ],
)  # fmt: skip
def test_bad_input_is_one_line_with_the_place_and_the_mend(f, g, x, said):
    with pytest.raises(InputError, match=said) as caught:
        check_gradient(f, g, x)
    assert "\n" not in str(caught.value)


def test_where_f_fails_near_x_is_told():
    edge = check_gradient(lambda z: np.sqrt(z).sum(), np.array([0.5, 0.5]), np.array([0.0, 1.0]))
    assert edge.verdict == "inconclusive"
    assert "x[0]: f has no value on both sides of x" in edge.evidence[0].figure
    assert "f is nan at x[0] = -" in edge.evidence[0].figure


def test_failures_at_some_steps_only_do_no_harm():
    def fragile(z):
        if abs(z[0] - X[0]) > 1e-3:
            raise RuntimeError("outside")
        return squares(z)

    assert check_gradient(fragile, twice, X).verdict == "agrees"
    assert check_gradient(fragile, lambda z: 2 * z * (1 + 1e-7), X).verdict == "refuted"


def test_no_warning_of_steps_outside_the_domain_reaches_the_user(recwarn):
    check_gradient(lambda z: np.log(z).sum(), lambda z: 1 / z, np.array([0.1, 0.2]))
    assert not recwarn.list


def test_entries_of_arrays_are_named_as_numpy_does_everywhere():
    verdict = check_gradient(squares, lambda x: 2 * x + np.array([0, 0, 0, 1]), X)
    assert verdict.counterexample.entry == (3, 0)
    assert ": x[3] is 4" in str(verdict.counterexample)
    assert "entry x[3]:" in str(verdict)
    assert "(4, 1)" not in str(verdict)


@pytest.mark.parametrize(
    ("f", "grad", "message"),
    [
        (lambda a, b: a.sum() + b.sum(), twice, r"f gets x as one argument: pass lambda x: f\(\*x\)"),
        (
            lambda x: x[0].sum(),
            lambda a, b: (a, b),
            r"grad gets x as one argument: pass lambda x: grad\(\*x\)",
        ),
        (lambda x: 1 / 0, twice, "f gets NumPy arrays"),
        (3.0, twice, "^f is not callable but a float"),
        (None, twice, "^f is not callable but None"),
        (
            lambda x: x[0].sum(),
            None,
            "^the gradient is None: give a function of x, or an array in its shape$",
        ),
        (lambda x: x[0].sum(), "2*x", "^the gradient is a str"),
    ],
)
def test_what_is_no_function_of_x_is_told_in_one_line(f, grad, message):
    with pytest.raises(InputError, match=message) as told:
        check_gradient(f, grad, (np.ones(2), np.ones(3)))
    assert "\n" not in str(told.value)


def test_a_function_too_small_for_the_complex_step_is_not_called_rough():
    """1e-300 times a step of 2^-100 is below the least float."""
    verdict = check_gradient(lambda x: 1e-300 * squares(x), lambda x: 2e-300 * x, X)
    assert verdict
    assert "underflows" in evidence(verdict, "complex step").figure
    assert "analytic" not in str(verdict)
    large = check_gradient(lambda x: 1e-3 * squares(x), lambda x: 2e-3 * x, X)
    assert evidence(large, "complex step").verdict == "agrees"


def test_numbers_of_things_are_in_words_that_fit():
    assert "its only entry" in str(check_gradient(lambda t: t * t, lambda t: 2 * t, 3.0))
    assert "all 4 entries" in str(check_gradient(squares, twice, X))


def _cancelling(x):
    return float((1 - np.cos(x[0])) / x[0] ** 2)


@pytest.mark.parametrize(
    ("f", "grad", "x"),
    [
        (_cancelling, lambda x: np.array([-x[0] / 12]), 1e-7),
        (lambda x: _cancelling(x - 1), lambda x: (1 - x) / 12, 1 + 1e-7),
        (lambda x: float((np.expm1(x[0]) - x[0]) / x[0] ** 2), lambda x: 1 / 6 + x / 12, 1e-6),
    ],
)
def test_where_f_cancels_its_rounding_is_not_taken_for_its_slope(f, grad, x):
    """Between its jumps, the computed f is smooth, with a slope of 10^7 for one of 10^-8."""
    assert check_gradient(f, grad, np.array([x])).verdict != "refuted"


def test_a_tiny_x_is_looked_at_on_its_own_scale():
    f, x = lambda x: float(np.sum(np.sin(x / 1e-19))), np.array([1e-19, 3e-19])
    assert check_gradient(f, lambda x: np.cos(x / 1e-19) / 1e-19, x).verdict == "agrees"
    assert check_gradient(f, lambda x: 1.1 * np.cos(x / 1e-19) / 1e-19, x).verdict == "refuted"


def test_a_wrong_entry_of_a_unit_at_rest_is_refuted():
    """Along that entry f is constant near x, which is no sign of rounding where it moves along others."""
    w = np.array([1.0, -2.0])
    f = lambda x: float(np.sum(np.maximum(w * x, 0) ** 2 + np.maximum(1 - x, 0)))
    right = lambda x: 2 * w * np.maximum(w * x, 0) - (x < 1)
    x = np.array([0.3, 1.4])
    assert check_gradient(f, right, x).verdict == "agrees"
    assert check_gradient(f, lambda x: right(x) + np.array([0, 0.01]), x).verdict == "refuted"
