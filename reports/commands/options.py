"""What several commands share: arguments and options, JSON, and warnings."""

from __future__ import annotations

import json
import math
import sys
from collections.abc import Iterable, Mapping
from typing import Annotated, Any, Literal

import typer

Expression = Annotated[str, typer.Argument(metavar="EXPR", help="An expression in the text language.")]
Wrt = Annotated[str, typer.Option("--wrt", metavar="X", help="The variable to differentiate by.")]
Where = Annotated[
    str | None, typer.Option("--where", metavar="SHAPES", help='Shapes, such as "W: m x n, x: n, t: scalar".')
]
Assume = Annotated[
    str | None,
    typer.Option("--assume", metavar="FACTS", help='What is known, such as "symmetric(K), positive(x)".'),
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
