"""Numbers on real images, from the folder that the environment variable GRADPROOF_DATA names."""

import os
from pathlib import Path

import numpy as np
import pytest

from verify.fit.network.idx import read_images
from verify.fit.network.trainer import Options, new_network, train

DATA = os.environ.get("GRADPROOF_DATA", "")

pytestmark = pytest.mark.skipif(
    not DATA, reason="GRADPROOF_DATA names no folder with mnist/ and fashion-mnist/"
)


def scaled(name):
    """Return the images of a set, pixels divided by 255 in single precision."""
    images = read_images(Path(DATA) / name)
    return images, *(part.astype(np.float32) / np.float32(255) for part in (images.train, images.test))


def test_digits_one_at_a_time_give_the_known_counts_exactly():
    images, x, test = scaled("mnist")
    network = new_network((784, 32, 32, 10), "sigmoid", "fan-max", seed=80085)
    counts = [network.right(test.astype(float), images.test_labels)]

    def watch(epoch, seen):
        counts.append(seen.right(test.astype(float), images.test_labels))

    options = Options(3, 1, 0.003, optimiser="sgd", validation=0, shuffle=False)
    train(network, x, images.train_labels, options, watch=watch)
    assert counts == [1028, 8671, 9078, 9277]


def test_clothes_are_told_apart_by_what_a_validation_split_chose():
    images, x, test = scaled("fashion-mnist")
    network = new_network((784, 256, 128, 64, 10), "relu", "he", seed=0, dtype=np.float32)
    options = Options(12, 64, 1e-3, decay=0.8, dropout=0.1, validation=0.1)
    history = train(network, x, images.train_labels, options)
    held = [e.validation for e in history.epochs]
    assert held[history.best - 1] == max(held)
    right = network.right(test, images.test_labels)
    print(f"{right} of {len(test)} right, kept: epoch {history.best}")
    assert right >= 0.886 * len(test)
