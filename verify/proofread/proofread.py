"""The entry point: a text or a file, judged line by line."""

from __future__ import annotations

import os
from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace
from pathlib import Path

from derive.errors import InputError
from verify.proofread.code_process import code_statements, has_code
from verify.proofread.context import own_statements, under
from verify.proofread.document import Document, read_document
from verify.proofread.interpretation import interpret, modelled
from verify.proofread.judge import Judge
from verify.proofread.result import Proofreading, numbered
from verify.seeds import checked_seed

#: Characters of a document.
LONGEST = 1_000_000


def proofread(
    document: str | os.PathLike[str],
    where: str | None = None,
    assume: str | Iterable[str] | None = None,
    seed: int = 0,
    progress: Callable[[int, int], object] | None = None,
    problem: str | Sequence[str] = (),
    run: bool = False,
) -> Proofreading:
    """Judge a derivation line by line: Markdown with dollars, LaTeX or plain text, or the path of such a file.

    A text without a line break that names an existing file is a path; so is any `os.PathLike`. `where` declares shapes and
    `assume` facts, beside those that the document states. `progress` is told after each line how many of how many are
    judged. What the text or the texts `problem` state (definitions, shapes, facts) holds for the document, and is not
    judged with it. NumPy in fenced Python cells is traced on symbolic arrays and never executed, unless `run` lets what
    cannot be traced be run and judged by differences. Raises InputError for a file that cannot be read and for declarations that are not understood.
    """
    text, name = _text(document)
    seed = checked_seed(seed)
    if not problem:
        return _proofread(read_document(text), name, where, assume, seed, progress, run)
    problems = [problem] if isinstance(problem, str) else problem
    source, lines = under([p.replace("\r\n", "\n") for p in problems], text)
    found = _proofread(source, name, where, assume, seed, progress, run)
    return replace(found, source=text, statements=own_statements(found.statements, lines))


def _text(document: str | os.PathLike[str]) -> tuple[str, str]:
    is_path = not isinstance(document, str) or (
        "\n" not in document and len(document) < 1000 and os.path.isfile(document)
    )
    if not is_path:
        text, name = str(document), ""
    else:
        name = os.fspath(document)
        try:
            text = Path(document).read_text(encoding="utf-8", errors="replace")
        except OSError as error:
            raise InputError(f"{name} cannot be read: {error.strerror}") from None
    if len(text) > LONGEST:
        raise InputError(f"the document has {len(text)} characters; at most {LONGEST} are taken")
    return text.replace("\r\n", "\n"), name


def _proofread(
    source: Document,
    name: str,
    where: str | None,
    assume: str | Iterable[str] | None,
    seed: int,
    progress: Callable[[int, int], object] | None,
    run: bool,
) -> Proofreading:
    read = interpret(source, where, assume)
    model = modelled(read)
    Judge(model, read.roles.relations, read.rewriter, seed).run(progress)
    statements = [r.statement for r in read.roles.relations]
    if not has_code(source):
        return Proofreading(name, source.source, statements, read.tacit)
    shapes = {**(model.built.shapes if model.built is not None else {}), **read.assumed.shapes}
    of_code, notes = code_statements(source, shapes, read.assumed.assumptions, seed, run)
    return Proofreading(name, source.source, numbered([*statements, *of_code]), [*read.tacit, *notes])
