"""The formulas that train are those that are derived: right, and nothing else."""

import copy
import pickle
from dataclasses import FrozenInstanceError, replace

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from scipy.special import expit, softmax

from derive import InputError, gradient, operations
from derive.expression import operation
from verify import check_claim
from verify.fit.network import derived, one_by_one
from verify.fit.network.assembled import as_formula, check_network
from verify.fit.network.initialise import draw
from verify.fit.network.model import Network, _strips, one_hot, pairs, with_ones

RNG = np.random.default_rng(5)
Z, G = RNG.normal(size=(2, 6, 3))


@pytest.fixture(autouse=True)
def _numbers_of_its_own(monkeypatch):
    """Draw in each test from the start, whatever ran before it."""
    monkeypatch.setitem(globals(), "RNG", np.random.default_rng(5))


def some_network(activation, loss="cross-entropy", l2=0.0, dtype=np.float64):
    network = Network(draw((7, 5, 4, 3), "glorot", np.random.default_rng(2), dtype), activation, loss, l2)
    for _, b in network.parameters:
        b += np.random.default_rng(3).normal(0, 0.2, b.shape).astype(dtype)
    return network


TEXTBOOK = {
    "relu": (lambda z: np.maximum(z, 0), lambda z: z > 0),
    "sigmoid": (expit, lambda z: expit(z) * expit(-z)),
    "tanh": (np.tanh, lambda z: 1 / np.cosh(z) ** 2),
    "swish": (lambda z: z * expit(z), lambda z: expit(z) + z * expit(z) * expit(-z)),
}


@pytest.mark.parametrize("name", derived.ACTIVATIONS)
def test_activations_and_their_pullbacks_are_the_textbooks_on_batches(name):
    f, slope = TEXTBOOK[name]
    assert derived.activation(name)(z=Z) == pytest.approx(f(Z), rel=1e-14)
    assert derived.activation_pullback(name)(g=G, z=Z) == pytest.approx(G * slope(Z), rel=1e-13, abs=1e-16)


def test_cross_entropy_pulls_back_to_softmax_minus_target():
    y = one_hot(np.array([2, 0, 5]), 6)
    assert derived.loss_gradient("cross-entropy")(z=Z, y=y) == pytest.approx(
        softmax(Z, axis=0) - y, abs=1e-15
    )
    assert derived.loss("cross-entropy")(z=Z[:, :1], y=y[:, :1]) == pytest.approx(
        -np.log(softmax(Z[:, 0])[2])
    )


def test_the_affine_layer_pulls_back_by_plain_products():
    g, w, x, b = RNG.normal(size=(4, 3)), RNG.normal(size=(4, 5)), RNG.normal(size=(5, 3)), RNG.normal(size=4)
    network = Network([(w, b)])
    assert network.scores(x) == pytest.approx(w @ x + b[:, None])
    at = {"G": g, "A": network.augmented[0], "X": with_ones(x)}
    [(by_w, by_b)] = pairs([derived.affine_pullback("A")(**at)])
    assert by_w == pytest.approx(g @ x.T)
    assert by_b == pytest.approx(g.sum(axis=1))
    assert derived.affine_pullback("X")(**at)[:-1] == pytest.approx(w.T @ g)


@pytest.mark.parametrize("order", ["C", "F"])
@pytest.mark.parametrize(("inputs", "samples"), [(399, 96), (400, 96), (399, 97), (1000, 1)])
def test_products_in_strips_are_the_products(inputs, samples, order):
    """One layer with squared error: its scores are W x + b, its gradients 2 (W x + b − y) x' and the like."""
    w, b = RNG.normal(size=(40, inputs)), RNG.normal(size=40)
    x, y = np.asarray(RNG.normal(size=(inputs, samples)), order=order), RNG.normal(size=(40, samples))
    network = Network([(w, b)], loss="squared")
    error = np.einsum("ij,jk->ik", w, x) + b[:, None] - y
    assert network.scores(x) == pytest.approx(error + y)
    _, [(by_w, by_b)] = network.loss_and_gradients(x, y)
    assert by_w == pytest.approx(np.einsum("ik,jk->ij", 2 / samples * error, x))
    assert by_b == pytest.approx(2 / samples * error.sum(axis=1))


@given(rows=st.integers(1, 5000), size=st.integers(1, 300_000))
def test_strips_are_equal_and_small_where_there_are_some(rows, size):
    count = _strips(rows, size)
    small = [
        k for k in range(1, rows + 1) if rows % k == 0 and rows // k % 4 == 0 and rows // k * size <= 1e6
    ]
    assert count == (small[0] if small else 1)


@pytest.mark.parametrize(("of", "claim"), [("A", "X*G'"), ("X", "A*G")])
def test_the_affine_pullbacks_are_certified(of, claim):
    verdict = check_claim("tr(G'*(A'*X))", of, claim, where="G: m x k, A: n x m, X: n x k").verdict
    assert verdict in ("proved", "certified")


@pytest.mark.parametrize("loss", derived.LOSSES)
@pytest.mark.parametrize("activation", derived.ACTIVATIONS)
def test_the_assembled_gradient_agrees_with_differences_the_complex_step_and_balls(activation, loss):
    network = some_network(activation, loss, l2=0.3)
    verdict = check_network(network, RNG.normal(size=(4, 7)), np.array([0, 2, 1, 1]))
    found = {e.method: e.verdict for e in verdict.evidence}
    for method in ("finite differences", "complex step", "real balls"):
        assert found[method] == "agrees", str(verdict)


@pytest.mark.parametrize("factor", [1 + 1e-5, -1])
def test_every_method_refutes_an_assembled_gradient_with_a_wrong_layer(monkeypatch, factor):
    right = derived.activation_pullback("tanh")
    monkeypatch.setattr(derived, "activation_pullback", lambda name: lambda **at: factor * right(**at))
    verdict = check_network(some_network("tanh"), RNG.normal(size=(4, 7)), np.array([0, 2, 1, 1]))
    found = {e.method: e.verdict for e in verdict.evidence}
    for method in ("finite differences", "complex step", "real balls"):
        assert found[method] == "refuted", str(verdict)


def test_at_a_kink_balls_have_no_value():
    network = Network([(np.ones((2, 2)), np.zeros(2)), (np.ones((2, 2)), np.zeros(2))], "relu")
    verdict = check_network(network, np.array([[1.0, -1.0]]), np.array([0]))
    assert {e.method: e.verdict for e in verdict.evidence}["real balls"] == "inconclusive"


@pytest.mark.parametrize("again", [copy.deepcopy, copy.copy, lambda n: pickle.loads(pickle.dumps(n))])
def test_a_copy_computes_with_its_own_parameters(again):
    network, x = some_network("swish"), RNG.normal(size=(7, 4))
    other = again(network)
    assert other.scores(x) == pytest.approx(network.scores(x))
    other.parameters[0][0][:] = 0
    assert other.scores(x) != pytest.approx(some_network("swish").scores(x))
    with pytest.raises(FrozenInstanceError):
        other.parameters = network.parameters


def test_no_samples_have_no_scores_and_no_loss():
    network, nothing = some_network("relu"), np.zeros((0, 7))
    assert network.predict(nothing).shape == (0,)
    assert network.probabilities(nothing).shape == (0, 3)
    assert network.scores(nothing.T).shape == (3, 0)
    with pytest.raises(InputError, match="no samples"):
        network.loss_and_gradients(nothing.T, np.zeros((3, 0)))


W, B = np.ones((3, 2)), np.zeros(3)


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: Network([(W, np.zeros(2))]), "are no layer"),
        (lambda: Network([(W[0], B)]), "are no layer"),
        (lambda: Network([(W, B), (W, B)]), "does not fit the next"),
        (lambda: Network([]), "at least one layer"),
        (lambda: one_by_one.sweep(Network([(W, B)]), np.ones((4, 1)), np.zeros(4, int), 0.1), "do not fit 2"),
        (lambda: one_by_one.sweep(Network([(W, B)]), np.ones((1, 2)), np.array([-1]), 0.1), "labels run"),
        (lambda: check_network(Network([(W, B)]), np.ones((1, 2)), np.array([0.5])), "expected integers"),
    ],
)
def test_shapes_that_do_not_fit_are_named(call, message):
    with pytest.raises(InputError, match=message):
        call()


def test_the_formula_of_a_network_is_that_of_its_layers():
    network = Network(draw((2, 3, 4), "glorot", RNG), "sigmoid", "squared", 0.5)
    formula, shapes = as_formula(network)
    assert formula == (
        "norm2((W_2*sigmoid(W_1*x + b_1) + b_2) - y)^2 + 0.25*norm2(W_1)^2 + 0.25*norm2(W_2)^2"
    )
    assert shapes == "x: 2, y: 4, W_1: 3 x 2, b_1: 3, W_2: 4 x 3, b_2: 4"


def test_a_symbolic_two_layer_network_agrees_in_balls_and_one_path_less_is_refuted():
    loss = "logsumexp(W_2*tanh(W_1*x + b)) - y'*(W_2*tanh(W_1*x + b))"
    where = "W_1: h x n, b: h, W_2: m x h, y: m, x: n"
    error = "(softmax(W_2*tanh(W_1*x + b)) - y)"
    right = f"((W_2'*{error}).*(vector(1) - tanh(W_1*x + b).^2))*x'"
    wrong = f"((W_2'*{error}).*(vector(1) - tanh(W_1*x + b)))*x'"
    assert check_claim(loss, "W_1", right, where=where)
    refuted = check_claim(loss, "W_1", wrong, where=where)
    assert refuted.verdict == "refuted"
    assert refuted.counterexample is not None


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
@pytest.mark.parametrize("activation", list(one_by_one.IN_PLACE))
def test_steps_in_place_are_the_derived_steps(activation, dtype):
    fast, plain = some_network(activation, dtype=dtype), some_network(activation, dtype=dtype)
    x, labels = RNG.normal(size=(20, 7)).astype(dtype), RNG.integers(0, 3, 20)
    met = one_by_one.sweep(fast, x, labels, 0.05)
    losses = []
    for row, label in zip(x, labels, strict=True):
        loss, gradients = plain.loss_and_gradients(row[:, None], one_hot([label], 3, dtype))
        losses.append(loss)
        for (w, b), (by_w, by_b) in zip(plain.parameters, gradients, strict=True):
            w -= dtype(0.05) * by_w
            b -= dtype(0.05) * by_b
    tolerance = 1e-5 if dtype is np.float32 else 1e-12
    assert met == pytest.approx(np.mean(losses), rel=tolerance)
    for (w, b), (v, c) in zip(fast.parameters, plain.parameters, strict=True):
        assert w.dtype == dtype
        assert w == pytest.approx(v, rel=tolerance, abs=tolerance)
        assert b == pytest.approx(c, rel=tolerance, abs=tolerance)


def test_steps_in_place_refuse_what_they_cannot_do():
    with pytest.raises(InputError, match="minibatches"):
        one_by_one.sweep(some_network("swish"), np.zeros((1, 7)), np.zeros(1, int), 0.1)


def test_a_changed_rule_changes_the_training(monkeypatch):
    """Scale tanh's derivative in the rule table: the gradient of the network moves with it."""
    x, y = RNG.normal(size=(7, 4)), one_hot(np.array([0, 2, 1, 1]), 3)
    (before, _), *_ = some_network("tanh").loss_and_gradients(x, y)[1]
    (entry,) = (r for r in operations.OPERATIONS if r.name == "hyperbolic tangent")
    twice = replace(entry, pull=lambda g, y, x, i: 2 * entry.pull(g, y, x, i))
    monkeypatch.setitem(operation._BY_HEAD, entry.head, [twice])
    derived.activation_pullback.cache_clear()
    try:
        (after, _), *_ = some_network("tanh").loss_and_gradients(x, y)[1]
    finally:
        derived.activation_pullback.cache_clear()
    assert after == pytest.approx(4 * before)  # the first of two hidden layers lies behind both activations


def test_the_source_that_runs_is_the_derivations():
    source = gradient("g'*swish(z)", "z", where="g: n, z: n").to_numpy(guarded=False)
    assert derived.compiled(source)(g=G, z=Z) == pytest.approx(derived.activation_pullback("swish")(g=G, z=Z))


@pytest.mark.parametrize("call", [lambda: derived.activation("relux"), lambda: derived.loss("hinge")])
def test_unknown_names_are_named(call):
    with pytest.raises(InputError, match="expected one of"):
        call()
