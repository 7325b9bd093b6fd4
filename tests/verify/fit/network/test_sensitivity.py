import numpy as np
import pytest

from verify.fit.network.sensitivity import drift, made_images


@pytest.fixture(scope="module")
def images():
    return made_images(1200)


def test_runs_on_scaled_pixels_stay_together(images):
    x, labels = images
    together = drift(x / 255, labels)
    assert together.steps[-1] == len(x)
    assert together.right[0] == together.right[1]
    assert max(together.distance) < 1e-14


def test_runs_on_raw_pixels_drift_apart_from_the_last_digit(images):
    apart = drift(*images)
    assert 0 < apart.distance[0] < 1e-14
    assert apart.distance[-1] > 1e-3


def test_equal_runs_stay_equal(images):
    assert not np.any(drift(*images, relative=0.0).distance)
