"""Mutual recursion across files whose imports run one way.

Simplifying a product asks for inverses of what it finds, and an inverse builds products. The file below calls
`RECURSION.name(...)`; the file above defines the function and provides it. A package that uses this imports all
of its files, so that every name is provided before the first call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, TypeVar

Function = TypeVar("Function", bound=Callable[..., Any])


class Recursion:
    """Functions by name, provided by the files that define them; each name is declared, and provided once."""

    def __init__(self, *names: str) -> None:
        self._names = frozenset(names)
        self._functions: dict[str, Callable[..., Any]] = {}

    def provide(self, function: Function) -> Function:
        """Provide a function under its own name; for use as a decorator. Raises KeyError for one not declared."""
        name = function.__name__
        if name not in self._names or name in self._functions:
            raise KeyError(f"{name} is not declared here, or provided already")
        self._functions[name] = function
        setattr(self, name, function)
        return function

    def __getattr__(self, name: str) -> Any:
        raise AttributeError(f"{name} is not provided: import the package, not one file of it")

    @property
    def missing(self) -> frozenset[str]:
        """Return the declared names that nothing provides."""
        return self._names - self._functions.keys()
