"""Code cells judged in a process of its own, with limits of time and memory: see `verify.proofread.code_cells`."""

from __future__ import annotations

import json
import os
import subprocess
import sys
import threading
import time
from collections.abc import Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from verify.proofread.code_cells import judge_cells, unread
from verify.proofread.document import Document, Piece
from verify.proofread.result import Statement, numbered

#: Seconds and bytes for the cells of one document.
SECONDS, MEMORY = 60.0, 2 << 30
#: Names under which a fence says that it is Python.
_PYTHON = frozenset(("python", "py", "python3", "numpy", "ipython", "ipython3"))


def has_code(document: Document) -> bool:
    """Tell whether a document has cells of Python."""
    return any(_is_python(piece) for piece in document.pieces)


def _is_python(piece: Piece) -> bool:
    text = piece.text.characters
    return piece.role == "code" and (
        piece.language in _PYTHON or (not piece.language and ("def " in text or "np." in text))
    )


def code_statements(
    document: Document,
    shapes: Mapping[str, tuple[Any, Any]],
    assumptions: Iterable[tuple[str, str]],
    seed: int,
    run: bool = False,
) -> tuple[list[Statement], list[str]]:
    """Return what the cells of a document claim, judged, and how they were read; `shapes` are those of its formulas,
    `assumptions` what it says of them. With
    `run`, code that cannot be traced is executed, and judged by differences."""
    cells = []
    for piece in document.pieces:
        if _is_python(piece):
            line, _ = document.line_column(piece.text.places[0])
            cells.append((piece.text.characters, line))
    told = {name: tuple(map(str, sizes)) for name, sizes in shapes.items()}
    return _apart(cells, {"shapes": told, "assumptions": sorted(assumptions), "seed": seed, "run": run})


def _apart(cells: list[tuple[str, int]], options: dict[str, Any]) -> tuple[list[Statement], list[str]]:
    """Judge in a process of its own. What it answers before it is stopped counts."""
    code = f"from verify.proofread.code_process import answer; answer({os.getpid()})"
    path = os.pathsep.join(p for p in sys.path if p and os.path.isabs(p) and p != os.getcwd())
    path = os.pathsep.join([path, str(Path(__file__).resolve().parents[2])])
    stopped = ""
    try:
        done = subprocess.run(
            [sys.executable, "-P", "-s", "-c", code], input=json.dumps([cells, options]), capture_output=True, text=True,
            timeout=5 * SECONDS, env={**os.environ, "PYTHONPATH": path}, check=False,
        )  # fmt: skip
        out, stopped = done.stdout, "" if done.returncode == 0 else _last(done.stderr)
    except subprocess.TimeoutExpired as late:
        out, stopped = (
            str(late.stdout.decode() if isinstance(late.stdout, bytes) else late.stdout or ""),
            "it took too long",
        )
    except OSError as error:
        out, stopped = "", str(error)
    statements: list[Statement] = []
    notes: list[str] = []
    for answered in out.splitlines():
        with suppress(ValueError):
            part, told = json.loads(answered)
            statements = numbered([*statements, *(Statement(**s) for s in part)])
            notes += told
    if stopped:
        done_to = max((s.line for s in statements), default=0)
        source, line = next(((text, at) for text, at in cells if at > done_to), cells[-1])
        why = f"the code could not be judged within {SECONDS:g} s and {MEMORY >> 30} GB: {stopped}"
        statements = numbered([*statements, unread(line, source.partition("\n")[0], why)])
    return statements, notes


def _last(text: str) -> str:
    return (text.strip().splitlines() or ["it ended without an answer"])[-1]


def answer(parent: int) -> None:
    """Judge the cells that standard input holds, as the process that `_apart` starts: a line of JSON for each of its parts.

    The parent names itself: asked here, it may have ended already, and another process be the parent.
    """
    if os.name == "posix":  # Windows tells the same parent for ever
        threading.Thread(target=_end_with, args=(parent,), daemon=True).start()
    cells, options = json.loads(sys.stdin.read())
    with _limited():
        for statements, notes in judge_cells(cells, **options):
            print(json.dumps([[s.to_dict() for s in statements], notes]), flush=True)


def _end_with(parent: int) -> None:
    """End this process when its parent has ended, whose answer nobody waits for any more."""
    while os.getppid() == parent:
        time.sleep(0.5)
    os._exit(1)


@contextmanager
def _limited() -> Iterator[None]:
    """Take no more processor time and memory than is allowed beyond what is in use; Windows knows no such limits."""
    try:
        import resource
    except ImportError:
        yield
        return
    used = 0
    with suppress(OSError, ValueError), open("/proc/self/statm", encoding="ascii") as statm:
        used = int(statm.read().split()[0]) * resource.getpagesize()
    spent = sum(resource.getrusage(resource.RUSAGE_SELF)[:2])
    wanted = ((resource.RLIMIT_AS, used + MEMORY), (resource.RLIMIT_CPU, int(spent + SECONDS)))
    before = {kind: resource.getrlimit(kind) for kind, _ in wanted}
    for kind, limit in wanted:
        with suppress(OSError, ValueError):
            resource.setrlimit(kind, (limit, before[kind][1]))
    try:
        yield
    finally:
        for kind, limits in before.items():
            with suppress(OSError, ValueError):
                resource.setrlimit(kind, limits)
