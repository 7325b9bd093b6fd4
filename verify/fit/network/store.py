"""Parameters in .npz files: written whole or not at all, read without unpickling."""

from __future__ import annotations

import io
import zipfile
from pathlib import Path

import numpy as np

from derive.errors import InputError
from verify.files import write
from verify.fit.network.model import Network


def save(network: Network, path: Path) -> Path:
    """Write a network's parameters, activation and loss to an .npz file. Raises InputError."""
    arrays: dict[str, np.ndarray] = {}
    for i, (w, b) in enumerate(network.parameters, 1):
        arrays[f"W{i}"], arrays[f"b{i}"] = w, b
    arrays["activation"] = np.array(network.activation)
    arrays["loss"] = np.array(network.loss)
    arrays["l2"] = np.array(network.l2)
    buffer = io.BytesIO()
    np.savez_compressed(buffer, **arrays)  # type: ignore[arg-type]
    return write(path, buffer.getvalue())


def load(path: Path) -> Network:
    """Return the network of an .npz file. Raises InputError where it is missing or of another kind."""
    try:
        with np.load(path, allow_pickle=False) as file:
            arrays = {name: file[name] for name in file.files}
    except OSError as error:
        raise InputError(f"{path} cannot be read: {error.strerror or error}") from None
    except (ValueError, zipfile.BadZipFile, EOFError, KeyError) as error:
        raise InputError(f"{path} is no parameter file: {error}") from None
    count = sum(name[0] == "W" for name in arrays)
    missing = [n for i in range(1, count + 1) for n in (f"W{i}", f"b{i}") if n not in arrays]
    if not count or missing or {"activation", "loss", "l2"} - set(arrays):
        raise InputError(f"{path} is no parameter file: {missing[0] if missing else 'W1'} is missing")
    parameters = [(arrays[f"W{i}"], arrays[f"b{i}"]) for i in range(1, count + 1)]
    if any(w.ndim != 2 or b.ndim != 1 or w.dtype.kind != "f" for w, b in parameters):
        raise InputError(f"{path}: the parameters are not matrices and vectors of floats")
    return Network(parameters, str(arrays["activation"]), str(arrays["loss"]), float(arrays["l2"]))
