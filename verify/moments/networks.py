"""Random networks, measured: second moments forward, gradients backward, correlation of two inputs, by depth."""

from __future__ import annotations

import math
import threading
from collections.abc import Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from derive.errors import InputError
from verify.moments.depth import nonnegative
from verify.moments.functions import Array, Function, array_function, derivative_function
from verify.moments.sampling import stream, worker_pool

if TYPE_CHECKING:
    from sympy import Expr

    from derive.moments.activations import Activation

#: The stage of these random streams, apart from those of `check_moment`.
_STAGE = 10


#: The most weights of a network, 2 GB of them.
_LARGEST = 250_000_000


@dataclass(frozen=True)
class Profile:
    """What was measured in each layer, one row a network, shape (networks, depth).

    Where all units of a layer are dead, correlations are NaN. `forward` is the mean square of the pre-activations of layers 1 to depth; `backward` that of the loss's
    gradients with respect to them, for output gradients of variance 1; `correlation` that of the pre-activations
    of two inputs.
    """

    forward: Array
    backward: Array
    correlation: Array

    def mean(self, which: str) -> tuple[Array, Array]:
        """Return the mean over the networks and its standard error, each of shape (depth,)."""
        values: Array = getattr(self, which)
        return values.mean(axis=0), values.std(axis=0, ddof=1) / math.sqrt(len(values))


def measure_networks(
    given: str | Expr | Activation | Function,
    sigma_w: float,
    sigma_b: float = 0.0,
    *,
    width: int = 512,
    depth: int = 50,
    networks: int = 8,
    second_moment: float = 1.0,
    correlation: float = 0.0,
    seed: int = 0,
    workers: int | None = None,
    on_network: Callable[[], None] | None = None,
) -> Profile:
    """Measure random networks layer by layer; each one draws from a stream of its own.

    The first layer's pre-activations are Gaussian with the given second moment, and the given correlation between
    two inputs. `on_network` is called after each network. Raises InputError for sizes out of range.
    """
    for name, size in (("width", width), ("depth", depth), ("networks", networks)):
        if isinstance(size, bool) or not isinstance(size, int) or not 1 <= size <= 100_000:
            raise InputError(f"{name} must be an integer from 1 to 100,000, got {size!r}")
    if not (math.isfinite(second_moment) and second_moment > 0 and -1 <= correlation <= 1):
        raise InputError("the second moment must be positive and finite, the correlation between -1 and 1")
    nonnegative("sigma_w", sigma_w)
    nonnegative("sigma_b", sigma_b)
    if (depth - 1) * width**2 > _LARGEST:
        raise InputError(
            f"{depth} layers of width {width} have more weights than the {_LARGEST:,} that are held at a time"
        )
    f, slope = array_function(given), derivative_function(given)
    scale, local = sigma_w / math.sqrt(width), threading.local()

    @np.errstate(over="ignore", invalid="ignore", divide="ignore")  # here: threads do not inherit it
    def one(index: int) -> tuple[Array, Array, Array]:
        rng = stream(seed, _STAGE, index)
        z = rng.standard_normal((width, 2))
        z[:, 1] = correlation * z[:, 0] + math.sqrt(1 - correlation**2) * z[:, 1]
        a = math.sqrt(second_moment) * z
        if not hasattr(local, "weights"):  # one block a thread: fresh memory costs more than the draws
            local.weights = np.empty((depth - 1, width, width))
        weights, inputs, forward, correlations = local.weights, [a], [], []
        for layer in range(depth):
            if layer:
                w = rng.standard_normal(out=weights[layer - 1])
                a = scale * (w @ f(a)) + sigma_b * rng.standard_normal((width, 1))
                inputs.append(a)
            squares = np.einsum("ij,ij->j", a, a)
            forward.append(squares.mean() / width)
            correlations.append(np.divide(a[:, 0] @ a[:, 1], np.sqrt(squares[0] * squares[1])))
        delta = rng.standard_normal((width, 2))
        backward = [float(np.mean(delta**2))]
        for w, a in zip(weights[::-1], reversed(inputs[:-1]), strict=True):
            delta = scale * (w.T @ delta) * slope(a)
            backward.append(float(np.mean(delta**2)))
        if on_network is not None:
            on_network()
        return np.array(forward), np.array(backward[::-1]), np.array(correlations)

    with worker_pool(workers) as pool:
        runs = list(map(one, range(networks)) if pool is None else pool.map(one, range(networks)))
    forward, backward, correlations = (np.stack(rows) for rows in zip(*runs, strict=True))
    return Profile(forward, backward, correlations)
