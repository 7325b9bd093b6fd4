"""The network: affine layers with an activation between them, and a loss at the end."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import numpy as np

from derive.errors import InputError
from verify.fit.network import derived

Parameters = list[tuple[np.ndarray, np.ndarray]]

#: OpenBLAS does products of up to so many multiplications without packing their arguments first, which is some 20 %
#: faster where the rows come in fours.
SMALL = 1_000_000


@dataclass(frozen=True, eq=False)
class Network:
    """A fully connected network; samples are columns.

    `parameters` holds (W, b) of each layer, W of shape (n_out, n_in) and b of (n_out,). They are copied, and are
    then views of `augmented`, which holds for each layer the array (n_in + 1, n_out) of W' with b as its last row:
    the scores are its transpose times the samples with a row of ones below, so that one product, one adjoint and
    one step serve both. Hidden layers end in `activation`, the last in the scores that `loss` ("cross-entropy" or
    "squared") takes. `l2` is the factor of half the sum of the squared weights.
    """

    parameters: Parameters
    activation: str = "relu"
    loss: str = "cross-entropy"
    l2: float = 0.0
    augmented: list[np.ndarray] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        for w, b in self.parameters:
            if w.ndim != 2 or b.shape != w.shape[:1] or not w.size:
                raise InputError(f"weights of shape {w.shape} and a bias of {b.shape} are no layer")
        if not self.parameters:
            raise InputError("a network needs at least one layer")
        for (one, _), (two, _) in zip(self.parameters, self.parameters[1:], strict=False):
            if one.shape[0] != two.shape[1]:
                raise InputError(f"a layer of shape {one.shape} does not fit the next one, {two.shape}")
        derived.activation(self.activation)
        derived.loss(self.loss)
        self.__setstate__({"augmented": [np.concatenate([w.T, b[None]]) for w, b in self.parameters]})

    def __setstate__(self, state: dict[str, Any]) -> None:
        """Take over attributes, and make `parameters` views of `augmented`, which copies and pickles lose."""
        self.__dict__.update(state)
        self.__dict__["parameters"] = pairs(self.augmented)

    @property
    def layers(self) -> tuple[int, ...]:
        """Return the widths, the input's first."""
        return (self.parameters[0][0].shape[1], *[w.shape[0] for w, _ in self.parameters])

    def scores(self, x: np.ndarray) -> np.ndarray:
        """Return the scores (n_classes, B) of samples (n, B)."""
        return self._forward(with_ones(x), None)[1][-1]

    def _forward(
        self, x: np.ndarray, masks: Sequence[np.ndarray] | None
    ) -> tuple[list[np.ndarray], list[np.ndarray]]:
        """Return the inputs of every layer, with a row of ones, and the scores (pre-activations) of every layer."""
        f = derived.activation(self.activation)
        inputs: list[np.ndarray] = [x]
        scores: list[np.ndarray] = []
        for i, a in enumerate(self.augmented):
            if i:
                h = f(z=scores[-1])
                inputs.append(with_ones(h if masks is None else masks[i - 1] * h))
            scores.append(_scores(a, inputs[-1]))
        return inputs, scores

    def require(self, x: np.ndarray, labels: np.ndarray) -> None:
        """Raise InputError where rows x (N, n) and labels (N,) are not inputs and classes of this network."""
        if x.ndim != 2 or labels.shape != x.shape[:1] or x.shape[1] != self.layers[0]:
            raise InputError(
                f"images of shape {x.shape} and labels of shape {labels.shape} do not fit {self.layers[0]} inputs"
            )
        require_labels(labels, self.layers[-1])

    def loss_and_gradients(
        self, x: np.ndarray, y: np.ndarray, masks: Sequence[np.ndarray] | None = None
    ) -> tuple[float, Parameters]:
        """Return the mean loss over the columns plus the penalty, and its gradient by every parameter.

        `x` is (n, B), `y` the targets (n_classes, B), `masks` the dropout masks of the hidden layers.
        """
        value, adjoints = self.loss_and_adjoints(with_ones(x), y, masks)
        return value, pairs(adjoints)

    def loss_and_adjoints(
        self, x: np.ndarray, y: np.ndarray, masks: Sequence[np.ndarray] | None = None
    ) -> tuple[float, list[np.ndarray]]:
        """Do the same for samples `x` that have a row of ones, (n + 1, B); the gradients are like `augmented`."""
        if not x.shape[1]:
            raise InputError("a batch of no samples has no mean loss")
        inputs, scores = self._forward(x, masks)
        g = derived.loss_gradient(self.loss)(z=scores[-1], y=y)
        value = float(self._mean_loss_beside(g, scores[-1], y) + self.penalty())
        g /= x.shape[1]
        adjoints: list[np.ndarray] = []
        for i in reversed(range(len(self.augmented))):
            a, x = self.augmented[i], inputs[i]
            by_a = derived.affine_pullback("A")(G=g, A=a, X=x)
            if self.l2:
                by_a[:-1] += derived.penalty_gradient()(c=self.l2, W=a[:-1])
            adjoints.append(by_a)
            if i:
                h = derived.affine_pullback("X")(G=g, A=a, X=x)[:-1]  # nothing comes before the ones
                if masks is not None:
                    h = derived.dropout_pullback()(g=h, m=masks[i - 1], h=h)
                g = derived.activation_pullback(self.activation)(g=h, z=scores[i - 1])
        return value, adjoints[::-1]

    def _mean_loss_beside(self, g: np.ndarray, scores: np.ndarray, y: np.ndarray) -> float:
        """Return the mean loss of real scores by what its gradient g by the scores has computed already.

        With p = softmax(z) = g + y, logsumexp(z) = max z - log max p, and max p is at least 1 over the classes.
        """
        if self.loss == "squared":
            return float(np.square(scores - y).sum()) / scores.shape[1]
        largest = np.maximum.reduce(g + y, 0)
        losses = np.maximum.reduce(scores, 0) - np.log(largest) - np.add.reduce(y * scores, 0)
        return float(np.add.reduce(losses)) / scores.shape[1]

    def mean_loss(self, scores: np.ndarray, y: np.ndarray) -> float:
        """Return the mean loss of scores (n_classes, B) against targets, without the penalty."""
        if self.loss == "squared":
            return float(((scores - y) ** 2).sum() / scores.shape[1])
        top = scores.max(axis=0)
        log_sum = top + np.log(np.exp(scores - top).sum(axis=0))
        return float((log_sum - (y * scores).sum(axis=0)).mean())

    def penalty(self) -> float:
        """Return (l2/2) times the sum of the squared weights (not the biases)."""
        return 0.5 * self.l2 * sum(float((w * w).sum()) for w, _ in self.parameters) if self.l2 else 0.0

    def predict(self, x: np.ndarray, chunk: int = 4096) -> np.ndarray:
        """Return the class of the highest score for every row of x (N, n)."""
        return np.concatenate(
            [self.scores(x[i : i + chunk].T).argmax(axis=0) for i in range(0, max(len(x), 1), chunk)]
        )

    def probabilities(self, x: np.ndarray) -> np.ndarray:
        """Return softmax probabilities (N, n_classes) for the rows of x."""
        scores = self.scores(x.T)
        e = np.exp(scores - scores.max(axis=0))
        return (e / e.sum(axis=0)).T

    def right(self, x: np.ndarray, labels: np.ndarray) -> int:
        """Return how many rows of x are classified as their labels say."""
        return int((self.predict(x) == labels).sum())

    def copy(self) -> Parameters:
        """Return a copy of the parameters."""
        return pairs([a.copy() for a in self.augmented])

    def restore(self, parameters: Parameters) -> None:
        """Take over the values of other parameters of the same shapes."""
        for pair, values in zip(self.parameters, parameters, strict=True):
            for p, value in zip(pair, values, strict=True):
                p[:] = value


def _scores(a: np.ndarray, x: np.ndarray) -> np.ndarray:
    """Return A'X, as (X'A)' where the rows of X' lie in memory: BLAS is faster at it, and does it in strips."""
    if not x.flags.f_contiguous or not x.size:
        return a.T @ x
    strips = x.T.reshape(_strips(x.shape[1], a.size), -1, len(x))
    return np.ascontiguousarray((strips @ a).reshape(x.shape[1], -1).T)


@cache
def _strips(rows: int, size: int) -> int:
    """Return the least number of equal strips of rows, in fours, that times an array of `size` entries are small.

    It is 1 where there is none.
    """
    numbers = (k for k in range(1, rows // 4 + 1) if rows % (4 * k) == 0 and rows // k * size <= SMALL)
    return next(numbers, 1)


def pairs(augmented: Sequence[np.ndarray]) -> Parameters:
    """Return (W, b) of each layer as views of the arrays that `Network.augmented` describes."""
    return [(a[:-1].T, a[-1]) for a in augmented]


def with_ones(x: np.ndarray) -> np.ndarray:
    """Return columns (n, B) with a one below each, (n + 1, B), in the same order in memory."""
    both: np.ndarray = np.ones((len(x) + 1, x.shape[1]), x.dtype, "C" if x.flags.c_contiguous else "F")
    both[:-1] = x
    return both


def require_labels(labels: np.ndarray, classes: int) -> None:
    """Raise InputError where labels are not integers from 0 to classes − 1."""
    if labels.size and labels.dtype.kind not in "iu":
        raise InputError(f"labels of type {labels.dtype}: expected integers, the numbers of the classes")
    if labels.size and (labels.min() < 0 or labels.max() >= classes):
        raise InputError(
            f"labels run from {labels.min()} to {labels.max()}, the network has {classes} classes"
        )


def one_hot(labels: np.ndarray, classes: int, dtype: Any = np.float64) -> np.ndarray:
    """Return the targets (classes, N) of labels 0 .. classes − 1. Raises InputError for others."""
    labels = np.asarray(labels)
    require_labels(labels, classes)
    y: np.ndarray = np.zeros((classes, labels.size), dtype)
    y[labels, np.arange(labels.size)] = 1
    return y
