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
from verify.fit.network.model import Network, Parameters, one_hot, pairs, with_ones
from verify.fit.network.optimisers import optimiser

#: Samples that are taken one by one between two looks at the parameters.
CHUNK = 2000
#: Images whose scores are held in memory at once.
HELD = 4096
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
    """What an epoch came to: losses, and the shares that are classified right.

    `loss` is the mean training loss on the way, with the penalty; `validation_loss` is the mean loss of the
    validation split after the epoch, without it. Both are None for validation where nothing was set aside.
    """

    epoch: int
    loss: float
    train: float
    validation_loss: float | None
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
        """Tell whether the loss or a parameter was no longer finite."""
        return self.stopped.startswith("diverged")

    def to_csv(self) -> str:
        """Return the epochs as CSV, without the seconds: the same seed gives the same bytes."""
        out = io.StringIO()
        names = [name for name in Epoch.__dataclass_fields__ if name != "seconds"]
        rows = csv.DictWriter(out, names, extrasaction="ignore", lineterminator="\n")
        rows.writeheader()
        rows.writerows(asdict(e) for e in self.epochs)
        return out.getvalue()

    def save(self, path: Path) -> Path:
        """Write the history as .csv or .json, by the name's ending; only JSON has the seconds. Raises InputError."""
        history_path(path)
        data = {"best": self.best, "stopped": self.stopped, "epochs": [asdict(e) for e in self.epochs]}
        return write(path, self.to_csv() if path.suffix == ".csv" else json.dumps(data, indent=2) + "\n")


def history_path(path: Path) -> Path:
    """Return a path that a history can have. Raises InputError for a folder and for another ending."""
    if path.suffix not in (".csv", ".json"):
        raise InputError(f"{path}: a history is written as .csv or .json")
    if path.is_dir():
        raise InputError(f"{path} is a folder: name a .csv or .json file for the history")
    return path


#: Called with (epoch, epochs, samples done, samples, loss so far) while training goes on.
Progress = Callable[[int, int, int, int, float], None]
#: Called with the number of the epoch and the network as it is after it.
Watch = Callable[[int, Network], None]


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
    watch: Watch | None = None,
) -> History:
    """Train a classifier in place on the rows of x; return the history.

    A share `options.validation` of the rows, drawn by the seed, is set aside: the parameters kept are those of
    the epoch that is best on it, and with `patience` training stops after so many epochs without a better one.
    No other data are looked at. Where the loss or a parameter is no longer finite, training stops: kept are the
    parameters of the best epoch, or within the first epoch the last at which a loss was finite, and `stopped` says
    which.
    `watch` sees the network after every epoch, and must not change it. Raises InputError where x, labels and
    network do not fit, and where the network's parameters are not finite to begin with.
    """
    x, labels = np.asarray(x), np.asarray(labels)
    network.require(x, labels)
    if not np.isfinite(x).all():
        raise InputError("the images hold values that are not finite")
    if not finite(network.parameters):
        raise InputError("the network's first parameters are not finite: draw or load others")
    return _Training(network, x, labels, options, progress, watch).run()


def finite(parameters: Parameters) -> bool:
    """Tell whether every weight and bias is finite."""
    return all(bool(np.isfinite(p).all()) for pair in parameters for p in pair)


def _epochs(count: int) -> str:
    return f"{count} epoch{'' if count == 1 else 's'}"


class _Diverged(Exception):
    """The loss or a parameter is not finite (which, is the message)."""


class _Training:
    """A training under way.

    `good` are the last parameters at which a loss was found finite, those after `good_step` steps; they are kept in
    the first epoch only, since later the best epoch is what training goes back to. One sample at a time, they are
    found from `stretch`: parameters, the number of steps after which they stood, and the rows that were taken from
    there with finite losses.
    """

    def __init__(
        self,
        network: Network,
        x: np.ndarray,
        labels: np.ndarray,
        options: Options,
        progress: Progress | None,
        watch: Watch | None = None,
    ) -> None:
        self.network, self.options, self.progress, self.watch = network, options, progress, watch
        self.dtype = network.parameters[0][0].dtype
        self.rng = np.random.default_rng([options.seed, 1])
        held = round(options.validation * len(x))
        order = self.rng.permutation(len(x)) if held else np.arange(len(x))
        kept = np.sort(order[held:])
        # The rows with a one behind each, as steps on batches take them.
        self.rows, self.labels = with_ones(x[kept].astype(self.dtype).T).T, labels[kept]
        self.x = self.rows[:, :-1]
        self.held_x, self.held_labels = x[order[:held]].astype(self.dtype), labels[order[:held]]
        if not len(self.x):
            raise InputError("the validation split leaves no training images: lower it")
        self.targets = one_hot(self.labels, network.layers[-1], self.dtype)
        self.step = optimiser(options.optimiser, options.momentum)
        self.good = [a.copy() for a in network.augmented]
        self.steps = self.good_step = 0
        self.stretch: tuple[Parameters, int, np.ndarray] | None = None

    def run(self) -> History:
        history, options = History(), self.options
        best, best_parameters, rate = -1.0, self.network.copy(), options.rate
        for epoch in range(1, options.epochs + 1):
            started = perf_counter()
            try:
                with np.errstate(over="ignore", invalid="ignore", divide="ignore"):
                    loss = self._epoch(epoch, rate)
                    right, held, held_loss = self._look(loss, rate)
            except _Diverged as what:
                kept = self._kept(history)
                self.network.restore(best_parameters if history.best else pairs(self.good))
                history.stopped = (
                    f"diverged at step {self.steps}, in epoch {epoch}, with rate {rate:.3g}: {what} not finite; "
                    f"kept are the parameters {kept}; try a tenth of the rate, {rate / 10:.3g}"
                )
                return history
            history.epochs.append(Epoch(epoch, loss, right, held_loss, held, rate, perf_counter() - started))
            score = held if held is not None else float(epoch)
            if score > best:
                best, best_parameters, history.best = score, self.network.copy(), epoch
            if self.watch:
                self.watch(epoch, self.network)
            if options.patience and epoch - history.best >= options.patience:
                history.stopped = f"no better on the validation split for {_epochs(options.patience)}"
                break
            rate *= options.decay
        self.network.restore(best_parameters)
        return history

    def _kept(self, history: History) -> str:
        """Return which parameters are kept where training diverges after the epochs of `history`."""
        if history.best:
            best = "the best on the validation split" if len(self.held_x) else "the last that was finished"
            return f"of epoch {history.best}, {best}"
        return f"after step {self.good_step}" if self.good_step else "that training began with"

    def _look(self, loss: float, rate: float) -> tuple[float, float | None, float | None]:
        """Return, after an epoch, the shares of training images and of the validation split that are right, and the
        mean loss of the latter.

        Raises _Diverged where a parameter, the epoch's loss or that of either part is not finite: what the last step
        of an epoch has spoiled shows here first.
        """
        if not finite(self.network.parameters):
            raise _Diverged("a parameter is")
        right, after = self._measure(self.x, self.labels)
        held, held_loss = self._measure(self.held_x, self.held_labels) if len(self.held_x) else (None, None)
        if not np.isfinite([loss, after, held_loss or 0.0]).all():
            if self.stretch:
                self._step_back(rate)
            raise _Diverged("the loss is")
        return right, held, held_loss

    def _measure(self, x: np.ndarray, labels: np.ndarray) -> tuple[float, float]:
        """Return the share of the rows of x that is right and their mean loss, without the penalty."""
        count, right, loss = len(x), 0, 0.0
        for i in range(0, count, HELD):
            part = labels[i : i + HELD]
            scores = self.network.scores(x[i : i + HELD].T)
            right += int((scores.argmax(axis=0) == part).sum())
            loss += self.network.mean_loss(scores, one_hot(part, len(scores), self.dtype)) * len(part)
        return right / count, loss / count

    def _remember(self) -> None:
        """Keep the present parameters, whose loss is finite. Raises _Diverged where one of them is not."""
        if not finite(self.network.parameters):
            raise _Diverged("a parameter is")
        for kept, a in zip(self.good, self.network.augmented, strict=True):
            kept[:] = a
        self.good_step = self.steps

    def _epoch(self, epoch: int, rate: float) -> float:
        """Return the mean loss of an epoch's steps. Raises _Diverged at the first that is seen not to be finite."""
        options, count = self.options, len(self.x)
        order = self.rng.permutation(count) if options.shuffle else np.arange(count)
        if options.batch == 1 and one_by_one.can_run(self.network, options.optimiser, options.dropout):
            return self._one_by_one(epoch, rate, order)
        total = 0.0
        for i in range(0, count, options.batch):
            rows = order[i : i + options.batch]
            y = self.targets[:, rows]
            loss, adjoints = self.network.loss_and_adjoints(self.rows[rows].T, y, self._masks(len(rows)))
            finite_loss = np.isfinite(loss)
            if epoch == 1 and finite_loss:
                self._remember()
            self.steps += 1
            if not finite_loss:
                raise _Diverged("the loss is")
            self.step(self.network.augmented, adjoints, rate)
            total += loss * len(rows)
            if self.progress:
                self.progress(epoch, options.epochs, i + len(rows), count, total / (i + len(rows)))
        return total / count

    def _one_by_one(self, epoch: int, rate: float, order: np.ndarray) -> float:
        total, count = 0.0, len(order)
        for i in range(0, count, CHUNK):
            part = order[i : i + CHUNK]
            start = self.network.copy()
            loss = self._sweep(part, rate)
            if not (np.isfinite(loss) and finite(self.network.parameters)):
                self._halve(start, part, rate)
            self.stretch = (start, self.steps, part)
            self.steps += len(part)
            total += loss * len(part)
            if self.progress:
                self.progress(epoch, self.options.epochs, i + len(part), count, total / (i + len(part)))
        return total / count

    def _sweep(self, part: np.ndarray, rate: float) -> float:
        return one_by_one.sweep(self.network, self.x, self.labels, rate, part)

    def _halve(self, start: Parameters, part: np.ndarray, rate: float) -> None:
        """Find the step of a chunk at which it diverged, by halves; `good` moves up to the last good ones before.

        Raises _Diverged, always.
        """
        while len(part):
            half = part[: (len(part) + 1) // 2]
            self.network.restore(start)
            loss = self._sweep(half, rate)
            if np.isfinite(loss) and finite(self.network.parameters):
                self.stretch = (start, self.steps, half)
                self.steps += len(half)
                start, part = self.network.copy(), part[len(half) :]
            elif len(part) > 1:
                part = half
            elif np.isfinite(loss):
                self.network.restore(start)
                self._remember()
                self.steps += 1
                raise _Diverged("a parameter is")
            else:
                break
        if self.stretch:
            self._step_back(rate)
        self.steps += 1
        raise _Diverged("the loss is")

    def _step_back(self, rate: float) -> None:
        """Make `good` the parameters before the last row of the stretch, the last whose loss is known to be finite."""
        assert self.stretch is not None
        (start, before, part), steps = self.stretch, self.steps
        self.network.restore(start)
        if len(part) > 1:
            self._sweep(part[:-1], rate)
        self.steps = before + len(part) - 1
        self._remember()
        self.steps = steps

    def _masks(self, samples: int) -> list[np.ndarray] | None:
        share = self.options.dropout
        if not share:
            return None
        widths = self.network.layers[1:-1]
        keep = 1 / (1 - share)  # so that the mean of a unit stays what it is without dropout
        return [((self.rng.random((w, samples)) >= share) * keep).astype(self.dtype) for w in widths]
