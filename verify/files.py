"""Files written whole or not at all."""

from __future__ import annotations

import os
import tempfile
from pathlib import Path

from derive.errors import InputError


def writable(folder: Path) -> Path:
    """Return a folder if files can be made in it, or it can be made; nothing is left there.

    For what is to be known before long work. Raises InputError.
    """
    place = folder.absolute()
    while not place.exists() and place != place.parent:
        place = place.parent
    try:
        descriptor, probe = tempfile.mkstemp(prefix=".gradproof-", dir=place)
    except OSError as error:
        raise InputError(f"{folder} cannot be written: {error.strerror}; choose another --out") from error
    os.close(descriptor)
    Path(probe).unlink(missing_ok=True)
    return folder


def write(path: Path, content: str | bytes) -> Path:
    """Write a file through a temporary one beside it, making its folder; returns the path.

    Raises InputError where the place cannot be written to.
    """
    data = content.encode("utf-8") if isinstance(content, str) else content
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        descriptor, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    except OSError as error:
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another --out") from error
    try:
        with os.fdopen(descriptor, "wb") as file:
            file.write(data)
        os.chmod(temporary, 0o666 & ~_umask())
        os.replace(temporary, path)
    except OSError as error:
        Path(temporary).unlink(missing_ok=True)
        raise InputError(f"{path} cannot be written: {error.strerror}; choose another --out") from error
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise
    return path


def _umask() -> int:
    """The mask that a plain open() would have honoured; mkstemp makes files private."""
    mask = os.umask(0)
    os.umask(mask)
    return mask
