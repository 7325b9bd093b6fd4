"""A group of commands whose modules are imported when a command is called, and not for a list of them."""

from __future__ import annotations

import ast
import importlib
from collections.abc import Mapping
from functools import cache
from importlib.util import find_spec
from typing import Any, ClassVar, NamedTuple

import typer
from typer.core import TyperCommand, TyperGroup


class Place(NamedTuple):
    """Where a command is: a module, and the name of a function in it."""

    module: str
    function: str


class LazyGroup(TyperGroup):
    """A group of commands given by their places: one is imported when it is called.

    A list of the commands needs no more than their docstrings, which are read from the source.
    """

    places: ClassVar[Mapping[str, Place]] = {}
    #: What stands under the help of a command.
    epilogs: ClassVar[Mapping[str, str]] = {}

    def __init__(self, **given: Any) -> None:
        super().__init__(**given)
        for name, place in self.places.items():
            self.add_command(TyperCommand(name, help=_docstrings(place.module)[place.function]))

    def resolve_command(self, ctx: Any, args: list[str]) -> Any:
        """Return what is called: its name, the command with its options, and the arguments left."""
        name, command, rest = super().resolve_command(ctx, args)
        return name, command if name is None else self.load(name), rest

    def load(self, name: str) -> Any:
        """Return the command of a name, its module imported."""
        module, function = self.places[name]
        alone = typer.Typer(add_completion=False)
        alone.command(name, epilog=self.epilogs.get(name))(getattr(importlib.import_module(module), function))
        return typer.main.get_command(alone)


@cache
def _docstrings(module: str) -> dict[str, str]:
    """Return the docstrings of a module's functions, without running it."""
    loader: Any = getattr(find_spec(module), "loader", None)
    tree = ast.parse(loader.get_source(module))
    return {f.name: ast.get_docstring(f) or "" for f in tree.body if isinstance(f, ast.FunctionDef)}
