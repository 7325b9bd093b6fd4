"""Training side by side with the straightforward loop, and with eager torch and jitted JAX where they are installed.

The ratios are printed and kept as extra information; every contender runs in this process on one thread each
(run with OPENBLAS_NUM_THREADS=1 OMP_NUM_THREADS=1, and bind the process to one core where JAX is to have no second
one), and only its steps are timed: neither drawing the network nor
handing it over nor compiling.
"""

from contextlib import suppress
from time import perf_counter

import numpy as np
import pytest
from scipy.special import expit

from verify.fit.network.model import one_hot, with_ones
from verify.fit.network.one_by_one import sweep
from verify.fit.network.optimisers import sgd
from verify.fit.network.trainer import new_network

LAYERS = (784, 32, 32, 10)
RATE = 0.003


@pytest.fixture(scope="module")
def images():
    rng = np.random.default_rng(0)
    return rng.random((4000, 784), dtype=np.float32), rng.integers(0, 10, 4000)


def in_rows(parameters):
    """The same parameters as others hold them: every row of a weight matrix together in memory."""
    return [(np.ascontiguousarray(w), b.copy()) for w, b in parameters]


def plain_loop(parameters, x, labels):
    """One sample at a time, as a textbook writes it in NumPy."""
    (w1, b1), (w2, b2), (w3, b3) = parameters
    for row, label in zip(x, labels, strict=True):
        a1 = expit(w1 @ row + b1)
        a2 = expit(w2 @ a1 + b2)
        z = w3 @ a2 + b3
        e = np.exp(z - z.max())
        d3 = e / e.sum()
        d3[label] -= 1
        d2 = (w3.T @ d3) * a2 * (1 - a2)
        d1 = (w2.T @ d2) * a1 * (1 - a1)
        w3, b3 = w3 - RATE * np.outer(d3, a2), b3 - RATE * d3
        w2, b2 = w2 - RATE * np.outer(d2, a1), b2 - RATE * d2
        w1, b1 = w1 - RATE * np.outer(d1, row), b1 - RATE * d1


def torch_loop(parameters, x, labels, batch, activation):
    torch = pytest.importorskip("torch")
    torch.set_num_threads(1)
    layers = []
    for w, b in parameters:
        layer = torch.nn.Linear(*w.shape[::-1])
        layer.weight.data, layer.bias.data = torch.tensor(w), torch.tensor(b)
        layers += [layer, activation(torch)]
    model = torch.nn.Sequential(*layers[:-1])
    steps = torch.optim.SGD(model.parameters(), lr=RATE)
    loss = torch.nn.CrossEntropyLoss()
    tx, ty = torch.tensor(x), torch.tensor(labels)
    started = perf_counter()
    for i in range(0, len(x), batch):
        steps.zero_grad()
        loss(model(tx[i : i + batch]), ty[i : i + batch]).backward()
        steps.step()
    return perf_counter() - started


def jax_loop(parameters, x, labels, batch):
    jax = pytest.importorskip("jax")
    jnp = jax.numpy

    def loss(ps, xb, yb):
        h = xb
        for w, b in ps[:-1]:
            h = jax.nn.relu(h @ w.T + b)
        z = h @ ps[-1][0].T + ps[-1][1]
        return -jnp.mean(jax.nn.log_softmax(z)[jnp.arange(len(yb)), yb])

    @jax.jit
    def step(ps, xb, yb):
        return jax.tree.map(lambda p, g: p - RATE * g, ps, jax.grad(loss)(ps, xb, yb))

    ps = [(jnp.asarray(w), jnp.asarray(b)) for w, b in parameters]
    step(ps, x[:batch], labels[:batch])
    started = perf_counter()
    for i in range(0, len(x) - batch + 1, batch):
        ps = step(ps, x[i : i + batch], labels[i : i + batch])
    jax.block_until_ready(ps)
    return perf_counter() - started


def seconds(calls, rounds=7):
    """The least time of each call that its peer is installed for, in rounds that take them in turn."""
    times = {name: [] for name in calls}
    for _ in range(rounds):
        for name, call in calls.items():
            with suppress(pytest.skip.Exception):
                started = perf_counter()
                own = call()
                times[name].append(own if isinstance(own, float) else perf_counter() - started)
    return {name: min(all_) for name, all_ in times.items() if all_}


def compare(benchmark, what, steps, ours, others, rounds=7):
    """Time ours and the others side by side; print and keep how many times as fast ours is."""

    def timed():
        started = perf_counter()
        ours()
        return perf_counter() - started

    best = seconds({"ours": timed, **others}, rounds)
    mine = best.pop("ours")
    benchmark.pedantic(ours, rounds=1)
    ratios = {name: time / mine for name, time in best.items()}
    benchmark.extra_info.update(ratios)
    print(f"\n{what}: {mine / steps * 1e6:.1f} µs a step;", end=" ")
    print(", ".join(f"{ratio:.2f} times as fast as {name}" for name, ratio in ratios.items()))


@pytest.mark.parametrize("dtype", [np.float32, np.float64])
def test_one_sample_at_a_time(benchmark, images, dtype):
    x, labels = images[0].astype(dtype), images[1]
    network = new_network(LAYERS, "sigmoid", "fan-max", dtype=dtype)
    parameters = in_rows(network.parameters)
    compare(
        benchmark,
        f"one at a time, {dtype.__name__}",
        len(x),
        lambda: sweep(network, x, labels, RATE),
        {
            "plain NumPy": lambda: plain_loop(parameters, x, labels),
            "eager torch": lambda: torch_loop(parameters, x, labels, 1, lambda torch: torch.nn.Sigmoid()),
        },
        rounds=5,
    )


def test_minibatches(benchmark, images):
    x, labels = (np.concatenate([part[: len(part) // 64 * 64]] * 4) for part in images)
    targets, rows = one_hot(labels, 10, np.float32), with_ones(x.T).T
    network, step = new_network(LAYERS, "relu", "he", dtype=np.float32), sgd()
    parameters = in_rows(network.parameters)

    def ours():
        for i in range(0, len(x), 64):
            _, adjoints = network.loss_and_adjoints(rows[i : i + 64].T, targets[:, i : i + 64])
            step(network.augmented, adjoints, RATE)

    compare(
        benchmark,
        "minibatches of 64",
        len(x) / 64,
        ours,
        {
            "eager torch": lambda: torch_loop(parameters, x, labels, 64, lambda torch: torch.nn.ReLU()),
            "jitted JAX": lambda: jax_loop(parameters, x, labels, 64),
        },
        rounds=10,
    )
