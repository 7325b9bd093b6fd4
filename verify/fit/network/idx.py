"""IDX files of images and labels, gzip or not (the format of the MNIST files, LeCun et al. 1998)."""

from __future__ import annotations

import gzip
import zlib
from dataclasses import dataclass
from math import prod
from pathlib import Path

import numpy as np

from derive.errors import InputError

_TYPES = {8: ">u1", 9: ">i1", 11: ">i2", 12: ">i4", 13: ">f4", 14: ">f8"}

#: The customary names, in any of their spellings.
_NAMES = {
    "train images": ("train-images-idx3-ubyte", "train-images.idx3-ubyte"),
    "train labels": ("train-labels-idx1-ubyte", "train-labels.idx1-ubyte"),
    "test images": ("t10k-images-idx3-ubyte", "t10k-images.idx3-ubyte", "test-images-idx3-ubyte"),
    "test labels": ("t10k-labels-idx1-ubyte", "t10k-labels.idx1-ubyte", "test-labels-idx1-ubyte"),
}


@dataclass(frozen=True)
class Images:
    """Training and test images as rows of raw pixels (N, height·width), of the files' type, all finite in float32.

    The labels (N,) are integers from 0, `label_files` the files that training and test labels were read from.
    """

    train: np.ndarray
    train_labels: np.ndarray
    test: np.ndarray
    test_labels: np.ndarray
    size: tuple[int, int]
    label_files: tuple[Path, Path]

    @property
    def classes(self) -> int:
        """Return the number of classes, one more than the largest label."""
        return int(max(self.train_labels.max(), self.test_labels.max())) + 1

    def require_classes(self, count: int) -> None:
        """Raise InputError, with the file and the index, where a label is none of 0 .. count − 1."""
        for path, labels in zip(self.label_files, (self.train_labels, self.test_labels), strict=True):
            for index in np.flatnonzero(labels >= count)[:1]:
                raise InputError(
                    f"{path}: the label at index {index} is {labels[index]}, and a network whose layers end with "
                    f"{count} knows classes 0 to {count - 1}: mend the file, or end with {self.classes}"
                )


def read_idx(path: Path, dimensions: int | None = None) -> np.ndarray:
    """Return the array of an IDX file, gzip or not, of so many dimensions where they are given.

    Raises InputError, in one line with the file, where it is missing, malformed, truncated or of other dimensions.
    """
    try:
        data = path.read_bytes()
        if data[:2] == b"\x1f\x8b":
            data = gzip.decompress(data)
    except (EOFError, zlib.error, gzip.BadGzipFile) as error:
        raise InputError(f"{path}: the gzip data is damaged or truncated ({error})") from None
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    if len(data) < 4 or data[:2] != b"\0\0" or data[2] not in _TYPES or not 1 <= data[3] <= 4:
        raise InputError(f"{path}: wrong magic number {data[:4].hex() or 'none'}, this is no IDX file")
    if dimensions not in (None, data[3]):
        raise InputError(
            f"{path}: wrong magic number {data[:4].hex()}: it says {data[3]} dimension{'s' * (data[3] > 1)}, expected "
            f"{'3, of images' if dimensions == 3 else '1, of labels'}"
        )
    kind, rank = np.dtype(_TYPES[data[2]]), data[3]
    start = 4 + 4 * rank
    if len(data) < start:
        raise InputError(f"{path}: truncated within its header")
    shape = tuple(int.from_bytes(data[4 + 4 * i : 8 + 4 * i], "big") for i in range(rank))
    expected = start + prod(shape) * kind.itemsize
    if len(data) != expected:
        what = "truncated" if len(data) < expected else "longer than its header says"
        raise InputError(
            f"{path}: {what}, {len(data)} bytes where {' x '.join(map(str, shape))} takes {expected}"
        )
    return np.frombuffer(data, kind, offset=start).reshape(shape)


def _find(folder: Path, what: str) -> Path:
    for name in _NAMES[what]:
        for path in (folder / name, folder / f"{name}.gz"):
            if path.exists():
                return path
    raise InputError(f"{folder} holds no {what}: expected {_NAMES[what][0]} or {_NAMES[what][0]}.gz")


def read_images(folder: Path) -> Images:
    """Return the training and test images of a folder. Raises InputError."""
    if not folder.is_dir():
        raise InputError(f"{folder} is not a folder: name the one that holds the IDX files")
    parts = {}
    for split in ("train", "test"):
        image_path, label_path = _find(folder, f"{split} images"), _find(folder, f"{split} labels")
        images, labels = read_idx(image_path, 3), read_idx(label_path, 1)
        if len(labels) != len(images):
            raise InputError(
                f"{label_path}: {len(labels)} labels for the {len(images)} images of {image_path.name}"
            )
        if not images.size:
            raise InputError(f"{image_path}: {' x '.join(map(str, images.shape))} images hold no pixels")
        _require_finite(image_path, images)
        parts[split] = (images, _classes(label_path, labels), label_path)
    (train, train_labels, train_file), (test, test_labels, test_file) = parts["train"], parts["test"]
    if train.shape[1:] != test.shape[1:]:
        raise InputError(f"{folder}: training images are {train.shape[1:]}, test images {test.shape[1:]}")
    rows = [images.reshape(len(images), -1) for images in (train, test)]
    size = (train.shape[1], train.shape[2])
    return Images(rows[0], train_labels, rows[1], test_labels, size, (train_file, test_file))


def _require_finite(path: Path, images: np.ndarray) -> None:
    """Raise InputError, with the index of the image, where a pixel of (N, height, width) is not finite in float32."""
    if images.dtype.kind != "f":
        return
    with np.errstate(over="ignore"):
        bad = ~np.isfinite(images.astype(np.float32)).all(axis=(1, 2))
    for index in np.flatnonzero(bad)[:1]:
        raise InputError(
            f"{path}: the image at index {index} holds a pixel that is not finite in float32: expected numbers "
            "such as 0 to 255"
        )


def _classes(path: Path, labels: np.ndarray) -> np.ndarray:
    """Return labels (N,) as integers. Raises InputError, with the index, where one is no whole number from 0."""
    good = (labels >= 0) & (labels < 2**31) & (labels == np.floor(labels))
    for index in np.flatnonzero(~good)[:1]:
        raise InputError(
            f"{path}: the label at index {index} is {labels[index]:.9g}: expected the number of a class, 0, 1, 2, ..."
        )
    return labels.astype(np.intp)


def write_idx(path: Path, array: np.ndarray) -> None:
    """Write an array of bytes as an IDX file, compressed where the name ends in .gz."""
    array = np.ascontiguousarray(array, np.uint8)
    header = bytes([0, 0, 8, array.ndim]) + b"".join(n.to_bytes(4, "big") for n in array.shape)
    data = header + array.tobytes()
    path.write_bytes(gzip.compress(data, mtime=0) if path.suffix == ".gz" else data)
