"""The outputs of the README and of the pages of docs/: what each of their commands and Python lines prints now.

`python -m tests.reports.readme [PAGE ...]` writes them into the files.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import runpy
import shlex
import sys
from collections.abc import Iterator
from pathlib import Path
from unittest.mock import patch

ROOT = Path(__file__).parents[2]
README = ROOT / "README.md"
PAGES = [README, *sorted((ROOT / "docs").glob("*.md"))]
#: Letters on a line of an output, at most.
WIDTH = 100

_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_PYTHON = re.compile(r"```pycon\n(.*?)```", re.DOTALL)
_GENERATED = re.compile(r"<!-- (gradproof .*?) -->\n.*?<!-- end -->", re.DOTALL)
#: Times differ from run to run: those that end a line, and the last column of a row with a verdict.
_SECONDS = re.compile(r"\b[\d.e-]+(?= s$)|(?<= )\d+\.\d\d(?=   )", re.MULTILINE)
_ROW_SECONDS = re.compile(r"^( *\S+ +[✓✗?] .*?) +[\d.]+$", re.MULTILINE)
#: Tolerances and error bounds, in either spelling: they come from the last digits, which libraries differ in.
_ERROR = re.compile(r"(tolerance|±|\+/-) (?:10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|\d[\d.]*(?:e[+-]?\d+| · 10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?)")
#: Numbers with digits beyond the sixth that counts.
_LONG = re.compile(r"(?<![\d.])(?=[\d.]{8})\d+\.\d+(?!\.?\d)")
#: Lines under headers are as long as the longest finding.
_RULE = re.compile(r"─+")


def refreshed(text: str) -> str:
    """Return a page with the outputs of now."""
    names: dict[str, object] = {}
    text = _CONSOLE.sub(lambda m: f"```console\n{_console(m[1])}```", text)
    text = _PYTHON.sub(lambda m: f"```pycon\n{_session(m[1], names)}```", text)
    return _GENERATED.sub(lambda m: f"<!-- {m[1]} -->\n{_command(m[1])}<!-- end -->", text)


def timeless(text: str) -> str:
    """Return a text without what differs from run to run, and from machine to machine: times, and last digits."""
    text = _ROW_SECONDS.sub(r"\1 0.00", _SECONDS.sub("0.00", text))
    text = _ERROR.sub(r"\1 0", text)
    return _RULE.sub("─", _LONG.sub(lambda m: f"{float(m[0]):.6g}", text))


def wide_outputs(text: str) -> list[str]:
    """Return the lines of outputs that are wider than a page."""
    blocks = [m[1] for pattern in (_CONSOLE, _PYTHON) for m in pattern.finditer(text)]
    lines = [line for block in blocks for line in block.splitlines()]
    return [line for line in lines if len(line) > WIDTH and not line.startswith(("$ ", ">>> ", "... "))]


def _console(block: str) -> str:
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{_command(command)}" for command in commands)


def _command(line: str) -> str:
    """What a command prints in the repository's folder; what it prints to standard error comes after."""
    words, out, error = shlex.split(line), io.StringIO(), io.StringIO()
    with (
        patch.dict(os.environ, {"COLUMNS": str(WIDTH)}),
        contextlib.chdir(ROOT),
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(error),
        contextlib.suppress(SystemExit),
    ):
        if words[:2] == ["python", "-m"]:
            with patch.object(sys, "argv", words[2:]):
                runpy.run_module(words[2], run_name="__main__")
        else:
            from reports import cli

            cli.main(words[1:])
    printed = "\n".join(line.rstrip() for line in out.getvalue().rstrip("\n").split("\n"))
    return printed + "\n" * bool(printed) + error.getvalue()


def _session(block: str, names: dict[str, object]) -> str:
    out = []
    for source in _statements(block):
        printed = io.StringIO()
        with patch.dict(os.environ, {"COLUMNS": str(WIDTH)}), contextlib.redirect_stdout(printed):
            try:
                exec(compile("\n".join(line[4:] for line in source), "page.md", "single"), names)
            except Exception as error:  # as a page shows it, and a doctest has it
                print(f"Traceback (most recent call last):\n    ...\n{type(error).__name__}: {error}")
        out += [line.rstrip() for line in (*source, *printed.getvalue().rstrip("\n").splitlines())]
    return "\n".join(out) + "\n"


def _statements(block: str) -> Iterator[list[str]]:
    """The statements of a session, each with the lines that continue it."""
    source: list[str] = []
    for line in block.splitlines():
        if line.startswith("..."):
            source.append(line if len(line) > 3 else "... ")
            continue
        if source:
            yield source
        source = [line] if line.startswith(">>> ") else []
    if source:
        yield source


if __name__ == "__main__":
    for page in [Path(name) for name in sys.argv[1:]] or PAGES:
        page.write_text(refreshed(page.read_text(encoding="utf-8")), encoding="utf-8")
