"""The README's outputs: what each of its commands and Python lines prints now.

`python -m tests.reports.readme` writes them into the file.
"""

from __future__ import annotations

import contextlib
import io
import re
import shlex
import sys
from pathlib import Path

README = Path(__file__).parents[2] / "README.md"

_CONSOLE = re.compile(r"```console\n(.*?)```", re.DOTALL)
_PYTHON = re.compile(r"```pycon\n(.*?)```", re.DOTALL)
_GENERATED = re.compile(r"<!-- (gradproof .*?) -->\n.*?<!-- end -->", re.DOTALL)
#: Times differ from run to run.
_SECONDS = re.compile(r"\b[\d.e-]+(?= s$)|(?<= )\d+\.\d\d(?=   )", re.MULTILINE)
#: Tolerances and error bounds, in either spelling: they come from the last digits, which libraries differ in.
_ERROR = re.compile(r"(tolerance|±|\+/-) (?:10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+|\d[\d.]*(?:e[+-]?\d+| · 10[⁰¹²³⁴⁵⁶⁷⁸⁹⁻]+)?)")
#: Numbers with digits beyond the sixth that counts.
_LONG = re.compile(r"(?<![\d.])(?=\d+\.\d)\d[\d.]{7,}(?![\d.])")
#: Lines under headers are as long as the longest finding.
_RULE = re.compile(r"─+")


def refreshed(text: str) -> str:
    """Return the README with the outputs of now."""
    names: dict[str, object] = {}
    text = _CONSOLE.sub(lambda m: f"```console\n{_console(m[1])}```", text)
    text = _PYTHON.sub(lambda m: f"```pycon\n{_session(m[1], names)}```", text)
    return _GENERATED.sub(lambda m: f"<!-- {m[1]} -->\n{_command(m[1])}<!-- end -->", text)


def timeless(text: str) -> str:
    """Return a text without what differs from run to run, and from machine to machine: times, and last digits."""
    text = _ERROR.sub(r"\1 0", _SECONDS.sub("0.00", text))
    return _RULE.sub("─", _LONG.sub(lambda m: f"{float(m[0]):.6g}", text))


def _console(block: str) -> str:
    commands = [line[2:] for line in block.splitlines() if line.startswith("$ ")]
    return "".join(f"$ {command}\n{_command(command)}" for command in commands)


def _command(line: str) -> str:
    """What a command prints; what it prints to standard error comes after."""
    from reports import cli

    out, error = io.StringIO(), io.StringIO()
    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(error), contextlib.suppress(SystemExit):
        cli.main(shlex.split(line)[1:])
    return out.getvalue().rstrip("\n") + "\n" * bool(out.getvalue()) + error.getvalue()


def _session(block: str, names: dict[str, object]) -> str:
    out = []
    for line in block.splitlines():
        if line.startswith(">>> "):
            printed = io.StringIO()
            with contextlib.redirect_stdout(printed):
                exec(compile(line[4:], "README.md", "single"), names)
            out += [line, *printed.getvalue().rstrip("\n").splitlines()]
    return "\n".join(out) + "\n"


if __name__ == "__main__":
    README.write_text(refreshed(README.read_text(encoding="utf-8")), encoding="utf-8")
    sys.exit()
