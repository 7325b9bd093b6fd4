"""Parameters in .npz files: written whole or not at all, read without unpickling."""

from __future__ import annotations

import io
import re
import zipfile
import zlib
from pathlib import Path

import numpy as np

from derive.errors import InputError
from verify.files import write
from verify.fit.network.model import Network, Parameters


def save(network: Network, path: Path) -> Path:
    """Write a network's parameters, activation and loss to an .npz file.

    Raises InputError where it cannot be written, or a parameter is not finite.
    """
    arrays: dict[str, np.ndarray] = {}
    for i, (w, b) in enumerate(network.parameters, 1):
        arrays[f"W{i}"], arrays[f"b{i}"] = w, b
    for name, array in arrays.items():
        if not np.isfinite(array).all():
            raise InputError(
                f"{path} is not written: {name} holds values that are not finite, lower the rate"
            )
    arrays["activation"] = np.array(network.activation)
    arrays["loss"] = np.array(network.loss)
    arrays["l2"] = np.array(network.l2)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return write(path, buffer.getvalue())


def load(path: Path) -> Network:
    """Return the network of an .npz file that `save` wrote.

    Raises InputError, in one line with the file and the entry, where the file is missing, is no .npz file, or holds
    parameters that are no network's: W1 of shape (n_1, n_0), b1 of (n_1,), W2 of (n_2, n_1), and so on, all float32
    or all float64 and finite; the names `activation` and `loss`; and the number `l2`, 0 or more.
    """
    arrays = _arrays(path)
    count = sum(re.fullmatch(r"W[0-9]+", name) is not None for name in arrays)
    expected = [n for i in range(1, max(count, 1) + 1) for n in (f"W{i}", f"b{i}")]
    for name in [*expected, "activation", "loss", "l2"]:
        if name not in arrays:
            raise InputError(f"{path} is no parameter file: {name} is missing, expected what --out writes")
    parameters: Parameters = []
    for i in range(1, count + 1):
        w, b = arrays[f"W{i}"], arrays[f"b{i}"]
        width = parameters[-1][1].size if parameters else None
        _check(path, f"W{i}", w, arrays["W1"].dtype, (None, width))
        _check(path, f"b{i}", b, arrays["W1"].dtype, (len(w),))
        parameters.append((w, b))
    l2 = arrays["l2"]
    if l2.shape or l2.dtype.kind not in "fiu" or not 0 <= l2 < float("inf"):
        raise InputError(f"{path}: l2 is no number: expected one that is 0 or more")
    names = []
    for name in ("activation", "loss"):
        if arrays[name].shape or arrays[name].dtype.kind != "U":
            raise InputError(f"{path}: {name} is no name: expected a text such as relu or cross-entropy")
        names.append(str(arrays[name]))
    try:
        return Network(parameters, names[0], names[1], float(l2))
    except InputError as error:
        raise InputError(f"{path}: {error}") from None


def _arrays(path: Path) -> dict[str, np.ndarray]:
    """Return the arrays of an .npz file by their names. Raises InputError."""
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    if not zipfile.is_zipfile(io.BytesIO(data)):
        raise InputError(f"{path} is no parameter file: expected an .npz file, such as --out writes")
    try:
        with np.load(io.BytesIO(data), allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except (
        ValueError,
        zipfile.BadZipFile,
        zlib.error,
        EOFError,
        KeyError,
        OSError,
        RuntimeError,
        MemoryError,
    ) as error:
        reason = " ".join(str(error).split())[:120]
        raise InputError(f"{path} is no parameter file: {reason}") from None
    for name, array in arrays.items():
        if not isinstance(array, np.ndarray):
            raise InputError(f"{path} is no parameter file: its entry {name[:60]!r} is no array")
    return arrays


def _check(path: Path, name: str, array: np.ndarray, dtype: np.dtype, shape: tuple[int | None, ...]) -> None:
    """Raise InputError where an array is not finite, of the type and of the shape (None: of any length but 0)."""
    if array.dtype != dtype or dtype not in (np.float32, np.float64):
        raise InputError(
            f"{path}: {name} is of type {array.dtype}: expected float32 or float64, the same for all"
        )
    fits = array.ndim == len(shape) and array.size > 0
    if not fits or any(n not in (None, m) for n, m in zip(shape, array.shape, strict=True)):
        wanted = " x ".join("n" if n is None else str(n) for n in shape)
        found = " x ".join(map(str, array.shape)) or "a number"
        raise InputError(f"{path}: {name} is of shape {found}: expected {wanted}")
    if not np.isfinite(array).all():
        raise InputError(f"{path}: {name} holds values that are not finite: save the parameters again")
