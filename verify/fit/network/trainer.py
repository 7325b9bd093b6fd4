"""Training: minibatches or one sample at a time, with decay, dropout and early stopping on a validation split."""

from __future__ import annotations

import csv
import io
import json
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import pairwise
from pathlib import Path
from time import perf_counter

import numpy as np

from derive.errors import InputError
from verify.files import write
from verify.fit.network import one_by_one
from verify.fit.network.initialise import draw
from verify.fit.network.model import Network, Parameters, one_hot
from verify.fit.network.optimisers import optimiser

#: How many steps apart the parameters are remembered, to go back to when the loss is no longer finite.
REMEMBER = 200
#: Parameters of a network at most: a few copies of them must fit into memory.
MOST_PARAMETERS = 100_000_000


@dataclass(frozen=True)
class Options:
    """How to train. `rate` is multiplied by `decay` after every epoch; `dropout` is the share left out."""

    epochs: int = 10
    batch: int = 64
    rate: float = 1e-3
    decay: float = 1.0
    optimiser: str = "adam"
    momentum: float = 0.9
    dropout: float = 0.0
    validation: float = 0.1
    patience: int = 0
    shuffle: bool = True
    seed: int = 0

    def __post_init__(self) -> None:
        checks = [
            (self.epochs >= 0, "epochs must be 0 or more"),
            (self.batch >= 1, "batch must be 1 or more"),
            (0 < self.rate < float("inf"), "rate must be positive"),
            (0 < self.decay <= 1, "decay must be above 0 and at most 1"),
            (0 <= self.momentum < 1, "momentum must be from 0 to below 1"),
            (0 <= self.dropout < 1, "dropout must be from 0 to below 1"),
            (0 <= self.validation < 1, "validation must be from 0 to below 1"),
            (self.patience >= 0, "patience must be 0 or more"),
            (self.seed >= 0, "seed must be 0 or more"),
        ]
        for holds, message in checks:
            if not holds:
                raise InputError(message)


@dataclass(frozen=True)
class Epoch:
    """What an epoch came to: the mean training loss on the way, and the shares that are classified right."""

    epoch: int
    loss: float
    train: float
    validation: float | None
    rate: float
    seconds: float


@dataclass
class History:
    """The epochs of a training; `best` is the one whose parameters were kept; `stopped` says why it ended early."""

    epochs: list[Epoch] = field(default_factory=list)
    best: int = 0
    stopped: str = ""

    @property
    def diverged(self) -> bool:
        """Tell whether the loss was no longer finite."""
        return self.stopped.startswith("diverged")

    def to_csv(self) -> str:
        """Return the epochs as CSV."""
        out = io.StringIO()
        names = list(Epoch.__dataclass_fields__)
        rows = csv.DictWriter(out, names, lineterminator="\n")
        rows.writeheader()
        rows.writerows(asdict(e) for e in self.epochs)
        return out.getvalue()

    def save(self, path: Path) -> Path:
        """Write the history as .csv or .json, by the name's ending. Raises InputError."""
        if path.suffix not in (".csv", ".json"):
            raise InputError(f"{path}: a history is written as .csv or .json")
        data = {"best": self.best, "stopped": self.stopped, "epochs": [asdict(e) for e in self.epochs]}
        return write(path, self.to_csv() if path.suffix == ".csv" else json.dumps(data, indent=2) + "\n")


#: Called with (epoch, epochs, samples done, samples, loss so far) while training goes on.
Progress = Callable[[int, int, int, int, float], None]


def new_network(
    layers: tuple[int, ...],
    activation: str = "relu",
    initialisation: str = "he",
    loss: str = "cross-entropy",
    l2: float = 0.0,
    seed: int = 0,
    dtype: type = np.float64,
) -> Network:
    """Return a network with first weights drawn from default_rng(seed). Raises InputError."""
    if len(layers) < 2 or min(layers) < 1:
        raise InputError(f"layers {'-'.join(map(str, layers))}: name at least an input and an output width")
    count = sum((n_in + 1) * n_out for n_in, n_out in pairwise(layers))
    if count > MOST_PARAMETERS:
        raise InputError(
            f"layers {'-'.join(map(str, layers))}: {count:,} parameters, at most {MOST_PARAMETERS:,} are trained: "
            "give smaller widths"
        )
    if not 0 <= l2 < float("inf"):
        raise InputError(f"l2 is {l2}: it must be 0 or more")
    return Network(draw(layers, initialisation, np.random.default_rng(seed), dtype), activation, loss, l2)


def train(
    network: Network,
    x: np.ndarray,
    labels: np.ndarray,
    options: Options = Options(),
    progress: Progress | None = None,
) -> History:
    """Train a classifier in place on the rows of x; return the history.

    A share `options.validation` of the rows, drawn by the seed, is set aside: the parameters kept are those of
    the epoch that is best on it, and with `patience` training stops after so many epochs without a better one.
    No other data are looked at. Where the loss is no longer finite, training stops and the last good parameters
    are kept. Raises InputError where x, labels and network do not fit.
    """
    x, labels = np.asarray(x), np.asarray(labels)
    if x.ndim != 2 or len(x) != len(labels) or x.shape[1] != network.layers[0]:
        raise InputError(
            f"images of shape {x.shape} and {len(labels)} labels do not fit {network.layers[0]} inputs"
        )
    if not np.isfinite(x).all():
        raise InputError("the images hold values that are not finite")
    one_hot(labels, network.layers[-1])
    return _Training(network, x, labels, options, progress).run()


class _Training:
    def __init__(
        self, network: Network, x: np.ndarray, labels: np.ndarray, options: Options, progress: Progress | None
    ) -> None:
        self.network, self.options, self.progress = network, options, progress
        self.dtype = network.parameters[0][0].dtype
        self.rng = np.random.default_rng([options.seed, 1])
        held = round(options.validation * len(x))
        order = self.rng.permutation(len(x)) if held else np.arange(len(x))
        kept = np.sort(order[held:])
        self.x, self.labels = x[kept].astype(self.dtype), labels[kept]
        self.held_x, self.held_labels = x[order[:held]].astype(self.dtype), labels[order[:held]]
        if not len(self.x):
            raise InputError("the validation split leaves no training images: lower it")
        self.targets = one_hot(self.labels, network.layers[-1], self.dtype)
        self.step = optimiser(options.optimiser, options.momentum)
        self.good: Parameters = network.copy()
        self.steps = 0

    def run(self) -> History:
        history, options = History(), self.options
        best, best_parameters, rate = -1.0, self.network.copy(), options.rate
        for epoch in range(1, options.epochs + 1):
            started = perf_counter()
            with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                loss = self._epoch(epoch, rate)
            if not np.isfinite(loss):
                self._restore(self.good)
                history.stopped = (
                    f"diverged at step {self.steps} with rate {rate:.3g}: the loss is not finite; the last good "
                    "parameters are kept; try a tenth of the rate"
                )
                return history
            shares = [
                self.network.right(x, y) / len(x) if len(x) else None
                for x, y in ((self.x, self.labels), (self.held_x, self.held_labels))
            ]
            history.epochs.append(
                Epoch(epoch, loss, float(shares[0] or 0), shares[1], rate, perf_counter() - started)
            )
            score = shares[1] if shares[1] is not None else float(epoch)
            if score > best:
                best, best_parameters, history.best = score, self.network.copy(), epoch
            elif options.patience and epoch - history.best >= options.patience:
                history.stopped = f"no better on the validation split for {options.patience} epochs"
                break
            rate *= options.decay
        self._restore(best_parameters)
        return history

    def _restore(self, parameters: Parameters) -> None:
        self.network.parameters[:] = parameters

    def _epoch(self, epoch: int, rate: float) -> float:
        options, count = self.options, len(self.x)
        order = self.rng.permutation(count) if options.shuffle else np.arange(count)
        if options.batch == 1 and one_by_one.can_run(self.network, options.optimiser, options.dropout):
            return self._one_by_one(epoch, rate, order)
        total = 0.0
        for i in range(0, count, options.batch):
            rows = order[i : i + options.batch]
            y = self.targets[:, rows]
            loss, gradients = self.network.loss_and_gradients(self.x[rows].T, y, self._masks(len(rows)))
            self.steps += 1
            if not np.isfinite(loss):
                return loss
            if self.steps % REMEMBER == 1:
                self.good = self.network.copy()
            self.step(self.network.parameters, gradients, rate)
            total += loss * len(rows)
            if self.progress:
                self.progress(epoch, options.epochs, i + len(rows), count, total / (i + len(rows)))
        return total / count

    def _one_by_one(self, epoch: int, rate: float, order: np.ndarray) -> float:
        total, count, chunk = 0.0, len(order), 2000
        for i in range(0, count, chunk):
            part = order[i : i + chunk]
            before = self.network.copy()
            loss = one_by_one.sweep(self.network, self.x[part], self.labels[part], rate)
            self.steps += len(part)
            if not np.isfinite(loss):
                return loss
            self.good = before
            total += loss * len(part)
            if self.progress:
                self.progress(epoch, self.options.epochs, i + len(part), count, total / (i + len(part)))
        return total / count

    def _masks(self, samples: int) -> list[np.ndarray] | None:
        share = self.options.dropout
        if not share:
            return None
        widths = self.network.layers[1:-1]
        keep = 1 / (1 - share)  # so that the mean of a unit stays what it is without dropout
        return [((self.rng.random((w, samples)) >= share) * keep).astype(self.dtype) for w in widths]
