"""What several commands share: arguments and options, JSON, and warnings."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import typer

from derive.errors import InputError

#: The most characters of an expression in a file or on standard input; the reader itself takes fewer.
_MOST = 1_000_000


def given(text: str | None) -> str | None:
    """Return an expression as it was given: itself, `-` for standard input, `@FILE` for a file. Raises InputError."""
    if text is None or (text.strip() not in ("-", "") and not text.startswith("@")):
        return text

    if text.strip() == "-":
        return sys.stdin.read(_MOST)
    path = text[1:]
    try:
        with open(path, encoding="utf-8") as file:
            return file.read(_MOST)
    except (OSError, ValueError) as error:
        said = getattr(error, "strerror", None) or "it is no text in UTF-8"
        raise InputError(f"the file {path} cannot be read: {said}") from None


Expression = Annotated[
    str,
    typer.Argument(
        metavar="EXPR",
        callback=given,
        help="An expression, definitions before it; - reads standard input, @FILE a file.",
    ),
]
Wrt = Annotated[
    str,
    typer.Option(
        "--wrt",
        metavar="X",
        help="The variable to differentiate by, or several with commas between; all for every one.",
    ),
]
Where = Annotated[
    str | None, typer.Option("--where", metavar="SHAPES", help='Shapes, such as "W: m x n, x: n, t: scalar".')
]
Assume = Annotated[
    str | None,
    typer.Option("--assume", metavar="FACTS", help='What is known, such as "symmetric(K), positive(x)".'),
]
Manifold = Annotated[
    str | None,
    typer.Option(
        "--on",
        metavar="MANIFOLD",
        help="The manifold on which the variable moves: stiefel (X'*X = eye), stiefel-canonical, sphere.",
    ),
]
Seed = Annotated[int, typer.Option("--seed", min=0, metavar="S", help="Seed of every random draw.")]
Names = Annotated[
    list[str] | None, typer.Argument(metavar="[NAME]...", help="Names from `gradproof list`; none means all.")
]
Kind = Literal["gradient", "jacobian", "hessian", "differential"]


def as_json(value: Any) -> str:
    """Return JSON that every reader takes: what is not finite becomes null."""
    return json.dumps(_finite(value), indent=2, allow_nan=False)


def _finite(value: Any) -> Any:
    if isinstance(value, Mapping):
        return {str(key): _finite(item) for key, item in value.items()}
    if isinstance(value, list | tuple):
        return [_finite(item) for item in value]
    return None if isinstance(value, float) and not math.isfinite(value) else value


def warn(messages: Iterable[str]) -> None:
    """Print warnings to standard error, a line each."""
    for message in messages:
        print(f"warning: {message}", file=sys.stderr)
