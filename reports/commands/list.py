"""`gradproof list`: the names of the catalogue, or the operations that can be differentiated."""

from __future__ import annotations

import re
from typing import Annotated, Literal

import typer

from derive.operations import OPERATIONS
from reports.chapters.catalogue import EXPERIMENTS, catalogue, equations
from reports.commands.options import as_json
from reports.document import Table, literal
from reports.renderers import terminal


def show_names(
    operations: Annotated[
        bool, typer.Option("--operations", help="The operations that can be differentiated, instead.")
    ] = False,
    output: Annotated[
        Literal["table", "markdown", "json"], typer.Option("--format", help="What to print.")
    ] = "table",
) -> None:
    """List the names that `verify` and `report` take: the catalogue, the equations of the Matrix Cookbook, chapters."""
    table = _operations() if operations else _names()
    if output == "json":
        keys = [header.replace(" ", "_") for header in table.header]
        typer.echo(as_json([dict(zip(keys, row, strict=True)) for row in table.rows]))
    elif output == "markdown":
        typer.echo(_markdown(table))
    else:
        rows = [[literal(str(cell)) for cell in row] for row in table.rows]
        terminal.show([Table(table.header, rows)])


def _names() -> Table:
    results = [[r.name, r.title] for r in catalogue()]
    results += [[e.name, f"{e.title}: {e.kind} of {e.expr} by {e.wrt}"] for e in equations()]
    return Table(["name", "result"], [*results, *([n, f"{t} (report only)"] for n, t in EXPERIMENTS.items())])


def _operations() -> Table:
    rows = [
        [rule.name, rule.example, rule.source, _FIELD.sub(_generic, rule.holds)]
        for rule in OPERATIONS
        if rule.pull
    ]
    return Table(["operation", "for example", "rule", "differentiable where"], rows)


#: What a condition says of an operation's argument {x}, or of the operation {y} itself.
_FIELD = re.compile(r"\{([xy])[^}]*\}")


def _generic(field: re.Match[str]) -> str:
    return "its argument" if field[1] == "x" else "k"


def _markdown(table: Table) -> str:
    """A table in Markdown: examples of the language as code, and no sign that ends a cell."""
    lines = [" | ".join(table.header), " | ".join("---" for _ in table.header)]
    code = table.header.index("for example") if "for example" in table.header else 0
    for row in table.rows:
        cells = [str(cell).replace("|", "\\|") for cell in row]
        cells[code] = f"`{cells[code]}`"
        lines.append(" | ".join(cells))
    return "\n".join(f"| {line} |" for line in lines)
