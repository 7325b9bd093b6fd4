"""`gradproof report`: the catalogue, or losses and documents of one's own, as HTML, LaTeX and PDF."""

from __future__ import annotations

import os
import shlex
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated, Any, Literal, NamedTuple

import typer

import verify
from derive.errors import InputError
from reports.chapters.catalogue import build
from reports.chapters.own_loss import document as document_of
from reports.chapters.own_loss import loss_chapter, proofread_chapter
from reports.commands.options import Assume, Seed, Where, given
from reports.commands.progress import track
from reports.document import Chapter, Document
from reports.renderers.output import checked_formats, write_document
from verify.files import writable

#: Files that are derivations to be proofread, when they are given without --wrt.
_DOCUMENTS = (".md", ".markdown", ".tex", ".latex")


def report(
    names: Annotated[
        list[str] | None,
        typer.Argument(
            metavar="[NAME|EXPR|FILE]...",
            help="Names of results (`gradproof list`); with --wrt expressions; a file of losses; a document to proofread.",
        ),
    ] = None,
    wrt: Annotated[
        str | None,
        typer.Option(
            "--wrt", metavar="X", help="The arguments are losses: report on their derivatives by X."
        ),
    ] = None,
    kind: Annotated[
        Literal["gradient", "jacobian", "hessian", "differential"],
        typer.Option("--kind", help="Which derivative, with --wrt."),
    ] = "gradient",
    where: Where = None,
    assume: Assume = None,
    out: Annotated[Path, typer.Option("--out", metavar="DIR", help="The folder to write to.")] = Path(
        "build/report"
    ),
    formats: Annotated[
        str, typer.Option("--format", metavar="html,latex,pdf", help="What to write, with commas between.")
    ] = "html,latex,pdf",
    seed: Seed = 0,
    jobs: Annotated[
        int | None,
        typer.Option(
            "--jobs", metavar="N", min=1, help="Processes that write chapters; one a core if left out."
        ),
    ] = None,
    times: Annotated[
        bool, typer.Option("--times", help="Measured times of fits too; then no two reports are the same.")
    ] = False,
) -> None:
    """Derive, check and print results: index.html, report.tex and, where TeX is installed, report.pdf.

    Without arguments, the catalogue. A file of losses holds one a paragraph, and under each its options, such as
    --wrt x --where "A: m x n".
    """
    wanted = checked_formats({part.strip() for part in formats.split(",")} - {""})
    writable(out)
    arguments = names or []
    if wrt is not None or any(os.path.isfile(a) for a in arguments):
        document = _own(arguments, _Loss("", wrt or "", kind, where, assume), seed)
    else:
        document = build(arguments, seed=seed, track=track, times=times, jobs=jobs or os.cpu_count() or 1)
    for path in write_document(document, out, wanted):
        typer.echo(path)


class _Loss(NamedTuple):
    """A loss, and what is asked of it."""

    expr: str
    wrt: str
    kind: str
    where: str | None
    assume: str | None


def _own(arguments: Sequence[str], options: _Loss, seed: int) -> Document:
    """The report on losses, files of losses, and documents to proofread."""
    if not arguments:
        raise InputError('--wrt needs an expression before it: gradproof report "norm2(A*x - b)^2" --wrt x')
    tasks: list[Path | _Loss] = []
    for argument in arguments:
        path = Path(argument)
        if not _is_file(path):
            tasks.append(options._replace(expr=given(argument) or ""))
        elif path.suffix.lower() in _DOCUMENTS and not options.wrt:
            tasks.append(path)
        else:
            tasks += losses(path, options)

    def chapter(task: Path | _Loss, anchor: str) -> Chapter:
        if isinstance(task, Path):
            return proofread_chapter(task, anchor, seed)
        if not task.wrt:
            raise InputError(f'by what is "{task.expr}" to be differentiated? Say it with --wrt')
        function: Any = getattr(verify, task.kind)
        by: Any = [name.strip() for name in task.wrt.split(",")]
        return loss_chapter(
            function(task.expr, by if len(by) > 1 or task.kind == "differential" else by[0], task.where, task.assume, seed=seed),
            anchor,
            seed,
        )  # fmt: skip

    return document_of([chapter(t, f"part-{k}") for k, t in enumerate(track(tasks, "deriving"), 1)], seed)


def _is_file(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:  # an expression longer than a name may be
        return False


def losses(path: Path, options: _Loss) -> list[_Loss]:
    """Return the losses of a file: one a paragraph, its options on lines that begin with --, comments after #.

    Raises InputError for a file that cannot be read or holds none, and for options that are not known.
    """
    try:
        text = path.read_text(encoding="utf-8")
    except (OSError, ValueError) as error:
        raise InputError(f"{path} cannot be read: {getattr(error, 'strerror', None) or error}") from None
    found = []
    lines = [line for line in text.splitlines() if not line.lstrip().startswith("#")]
    for paragraph in "\n".join(lines).split("\n\n"):
        own = [line.strip() for line in paragraph.splitlines() if line.strip()]
        expr = "\n".join(line for line in own if not line.startswith("--"))
        if expr:
            said = " ".join(line for line in own if line.startswith("--"))
            found.append(_with_options(options._replace(expr=expr), said, path))
    if not found:
        raise InputError(f"{path} holds no loss: one a paragraph, and under it --wrt x")
    return found


def _with_options(loss: _Loss, said: str, path: Path) -> _Loss:
    try:
        words = shlex.split(said)
    except ValueError as error:
        raise InputError(f"{path}: {error} in {said}") from None
    for name, value in zip(words[::2], words[1::2], strict=False):
        field = name.removeprefix("--")
        if field not in ("wrt", "kind", "where", "assume"):
            raise InputError(
                f"{path}: {name} is no option of a loss; known are --wrt, --kind, --where, --assume"
            )
        loss = loss._replace(**{field: value})
    if len(words) % 2:
        raise InputError(f"{path}: {words[-1]} has no value")
    if loss.kind not in ("gradient", "jacobian", "hessian", "differential"):
        raise InputError(f"{path}: --kind {loss.kind} is none of gradient, jacobian, hessian, differential")
    return loss
