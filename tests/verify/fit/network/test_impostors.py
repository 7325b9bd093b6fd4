"""Wrong backward passes learn noise by heart as the right one does, and a check of the gradient tells them apart."""

from __future__ import annotations

import numpy as np
import pytest

from verify.fit.network.impostors import PASSES, passes


@pytest.fixture(scope="module")
def trained():
    rng = np.random.default_rng(1)
    x, labels = rng.random((10, 16)), rng.integers(0, 4, 10)
    return {t.name: t for t in passes(x, labels, (16, 24, 16, 4), epochs=150)}


@pytest.mark.parametrize("name", PASSES)
def test_all_learn_by_heart(trained, name):
    assert trained[name].right == 10


def test_only_the_right_one_passes_as_a_gradient(trained):
    assert [trained[name].verdict.verdict for name in PASSES] == ["agrees", "refuted", "refuted"]
