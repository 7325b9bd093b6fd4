"""What may be the name of a variable or of a size."""

from __future__ import annotations

import re
import unicodedata

from derive.errors import InputError
from derive.language.words import FUNCTIONS

#: What the text language calls something of its own. `pi` is not among them: it may be declared.
RESERVED = FUNCTIONS | {"eye", "vector", "matrix"}

_NAME = re.compile(r"[A-Za-z][A-Za-z_0-9]*")


def check_name(name: str) -> None:
    """Raise InputError, with a name to take instead, where a name cannot be that of a variable."""
    if not _NAME.fullmatch(name):
        raise InputError(f"{_shown(name)} is no name in the text language (letters, digits and _, a letter first): "
                         f"rename it, such as {_instead(name)}")  # fmt: skip
    if name in RESERVED:
        what = "the identity matrix" if name == "eye" else "a function"
        raise InputError(
            f"{name} is {what} of the text language and no variable: rename it, such as {name}_1"
        )


def _shown(name: str) -> str:
    return '"' + "".join(c if c.isprintable() else " " for c in name[:40]) + '"'


def _instead(name: str) -> str:
    """Return a name that is like the given one: X_1 for X_{1}, Sigma for the Greek letter."""
    letters = []
    for c in name[:40]:
        greek = re.fullmatch(r"GREEK (SMALL|CAPITAL) LETTER (\w+)", unicodedata.name(c, ""))
        if greek:
            word = greek[2].lower().replace("lamda", "lambda")
            letters.append(word if greek[1] == "SMALL" else word.capitalize())
        else:
            letters.extend(unicodedata.normalize("NFKD", c).encode("ascii", "ignore").decode() or "_")
    plain = re.sub(r"[^A-Za-z0-9]+", "_", "".join(letters)).strip("_")
    if not plain:
        return "X_1"
    plain = plain if plain[0].isalpha() else f"x_{plain}"
    return f"{plain}_1" if plain in RESERVED else plain
