import gzip
import struct

import numpy as np
import pytest

from derive import InputError
from verify.fit.network.idx import read_idx, read_images, write_idx


@pytest.fixture
def folder(tmp_path):
    rng = np.random.default_rng(0)
    for split, count in (("train", 12), ("t10k", 5)):
        write_idx(tmp_path / f"{split}-images-idx3-ubyte.gz", rng.integers(0, 256, (count, 4, 3)))
        write_idx(tmp_path / f"{split}-labels-idx1-ubyte", rng.integers(0, 3, count))
    return tmp_path


def test_images_are_read_gzip_or_not(folder):
    images = read_images(folder)
    assert images.train.shape == (12, 12)
    assert images.test.shape == (5, 12)
    assert images.size == (4, 3)
    assert images.train.dtype == np.uint8


def test_a_file_of_another_type_is_read_big_endian(tmp_path):
    path = tmp_path / "numbers"
    path.write_bytes(
        bytes([0, 0, 12, 1, 0, 0, 0, 2]) + (258).to_bytes(4, "big") + (-1).to_bytes(4, "big", signed=True)
    )
    assert read_idx(path).tolist() == [258, -1]


@pytest.mark.parametrize(
    ("content", "message"),
    [
        (b"", "wrong magic"),
        (b"PK\3\4abcd", "wrong magic"),
        (bytes([0, 0, 8, 3, 0, 0]), "truncated within its header"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 9]) + b"123", "truncated, 11 bytes where 9 takes 17"),
        (bytes([0, 0, 8, 1, 0, 0, 0, 1]) + b"123", "longer than its header"),
        (gzip.compress(bytes([0, 0, 8, 1, 0, 0, 0, 1, 7]), mtime=0)[:-9], "damaged or truncated"),
    ],
)
def test_malformed_files_are_named(tmp_path, content, message):
    path = tmp_path / "broken-idx"
    path.write_bytes(content)
    with pytest.raises(InputError, match=message) as caught:
        read_idx(path)
    assert "broken-idx" in str(caught.value)


def write_numbers(path, code, array):
    """Write an IDX file of another type than bytes, by the description of the format."""
    sizes = b"".join(struct.pack(">I", n) for n in array.shape)
    path.write_bytes(bytes([0, 0, code, array.ndim]) + sizes + array.tobytes())


@pytest.mark.parametrize(
    ("code", "labels", "message"),
    [
        (13, np.array([0, 1, 2, 1.5, 0], ">f4"), "label at index 3 is 1.5"),
        (14, np.array([0, np.nan, 2, 1.5, 0], ">f8"), "label at index 1 is nan"),
        (14, np.array([0, 1, 2, 1, 1e300], ">f8"), "label at index 4 is 1e"),
        (9, np.array([0, 1, -2, 1, 0], ">i1"), "label at index 2 is -2"),
    ],
)
def test_labels_that_are_no_classes_are_named(folder, code, labels, message):
    write_numbers(folder / "t10k-labels-idx1-ubyte", code, labels)
    with pytest.raises(InputError, match=message) as caught:
        read_images(folder)
    assert "t10k-labels-idx1-ubyte" in str(caught.value)


@pytest.mark.parametrize(
    ("name", "other", "message"),
    [
        (
            "t10k-labels-idx1-ubyte",
            "t10k-images-idx3-ubyte.gz",
            "00000803: it says 3 dimensions, expected 1, of labels",
        ),
        (
            "t10k-images-idx3-ubyte.gz",
            "t10k-labels-idx1-ubyte",
            "00000801: it says 1 dimension, expected 3, of images",
        ),
    ],
)
def test_images_for_labels_and_labels_for_images_are_told_apart(folder, name, other, message):
    (folder / name).write_bytes((folder / other).read_bytes())
    with pytest.raises(InputError, match=f"{name}: wrong magic number {message}"):
        read_images(folder)


def test_whole_labels_of_floats_are_read(folder):
    write_numbers(folder / "t10k-labels-idx1-ubyte", 13, np.array([0, 1, 2, 1, 0], ">f4"))
    assert read_images(folder).test_labels.tolist() == [0, 1, 2, 1, 0]


@pytest.mark.parametrize(("split", "count"), [("train", 12), ("t10k", 5)])
@pytest.mark.parametrize("value", [np.nan, np.inf, 1e39])
def test_images_that_are_not_finite_are_named(folder, split, count, value):
    images = np.zeros((count, 4, 3), ">f8")
    images[3, 1, 2] = value
    (folder / f"{split}-images-idx3-ubyte.gz").unlink()
    write_numbers(folder / f"{split}-images-idx3-ubyte", 14, images)
    with pytest.raises(InputError, match=f"{split}-images-idx3-ubyte: the image at index 3"):
        read_images(folder)


def test_a_label_beyond_the_classes_is_named(folder):
    write_idx(folder / "t10k-labels-idx1-ubyte", np.array([0, 1, 2, 200, 0]))
    images = read_images(folder)
    images.require_classes(201)
    with pytest.raises(
        InputError, match=r"t10k-labels-idx1-ubyte: the label at index 3 is 200.*end with 201"
    ):
        images.require_classes(3)


def test_missing_and_mismatched_files_are_named(folder):
    write_idx(folder / "t10k-labels-idx1-ubyte", np.zeros(4))
    with pytest.raises(InputError, match="4 labels for the 5 images"):
        read_images(folder)
    (folder / "train-labels-idx1-ubyte").unlink()
    with pytest.raises(InputError, match="holds no train labels"):
        read_images(folder)
    with pytest.raises(InputError, match="not a folder"):
        read_images(folder / "nowhere")
