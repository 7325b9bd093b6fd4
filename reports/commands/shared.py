"""Options that several commands have in common, stated once: a command is what it asks, followed by what is done."""

from __future__ import annotations

import inspect
from collections.abc import Callable
from functools import wraps
from typing import Any, get_type_hints


def followed_by(rest: Callable[..., None]) -> Callable[[Callable[..., Any]], Callable[..., None]]:
    """Return a decorator that makes a command of a function: what it returns is handed to `rest`.

    The command takes the arguments of the function, and after them those of `rest` but its first.
    """
    _, *options = inspect.signature(rest).parameters.values()

    def command(ask: Callable[..., Any]) -> Callable[..., None]:
        signature = inspect.signature(ask)

        @wraps(ask)
        def run(**given: Any) -> None:
            own = {name: given.pop(name) for name in signature.parameters}
            rest(ask(**own), **given)

        hints = get_type_hints(ask, include_extras=True) | get_type_hints(rest, include_extras=True)
        parameters = [p.replace(annotation=hints[p.name]) for p in (*signature.parameters.values(), *options)]
        setattr(run, "__signature__", signature.replace(parameters=parameters))  # noqa: B010 - unknown to mypy
        run.__annotations__ = {p.name: p.annotation for p in parameters}
        return run

    return command
