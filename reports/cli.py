"""The command line `gradproof`: the commands put together, and the one place where errors become messages."""

from __future__ import annotations

import os
import re
import sys
import warnings
from collections.abc import Sequence
from importlib import metadata
from typing import Any

import typer
from typer.exceptions import TyperException

from derive.errors import InputError, InputWarning, InternalError
from reports.commands.examples import EXAMPLES, epilog
from reports.commands.lazy import LazyGroup, Place

#: An option as people write it; anything else that begins with a minus is an expression.
_OPTION = re.compile(r"-h|--([A-Za-z][A-Za-z0-9-]*(=.*)?)?", re.DOTALL)

BAD_INPUT = 2
#: What sysexits.h calls an internal software error.
FAULT = 70
_FAULT = "fault of gradproof, please report it"
#: What a shell gives for a program stopped by Ctrl-C.
INTERRUPTED = 130


class Commands(LazyGroup):
    """The commands of gradproof, in the order in which `gradproof --help` shows them."""

    places = {
        **{
            name: Place("reports.commands.derive", name)
            for name in ("gradient", "jacobian", "hessian", "differential")
        },
        "check": Place("reports.commands.check", "check"),
        "equal": Place("reports.commands.equal", "equal"),
        **{name: Place("reports.commands.expect", name) for name in ("expect", "variance", "covariance")},
        "list": Place("reports.commands.list", "show_names"),
        "verify": Place("reports.commands.verify", "verify"),
        "report": Place("reports.commands.report", "report"),
        "initialisation": Place("reports.commands.initialisation", "initialisation"),
        "calibrate": Place("reports.commands.initialisation", "calibrate"),
        "depth": Place("reports.commands.depth", "depth"),
        "fit": Place("reports.commands.fit", "fit"),
        "train": Place("reports.commands.train", "train"),
        "proofread": Place("reports.commands.proofread", "proofread"),
        "grade": Place("reports.commands.grade", "grade"),
        "serve": Place("reports.commands.serve", "serve"),
    }
    epilogs = {name: epilog(lines) for name, lines in EXAMPLES.items()}


app = typer.Typer(
    cls=Commands,
    name="gradproof",
    no_args_is_help=True,
    pretty_exceptions_enable=False,
    context_settings={"max_content_width": 100, "help_option_names": ["-h", "--help"]},
    help="Derive matrix derivatives line by line, and prove or refute claimed ones.",
)


def _show_version(wanted: bool) -> None:
    if wanted:
        typer.echo(f"gradproof {metadata.version('gradproof')}")
        raise typer.Exit


@app.callback()
def _gradproof(
    version: bool = typer.Option(
        False, "--version", callback=_show_version, is_eager=True, help="Show the version and exit."
    ),
) -> None:
    pass


def main(arguments: Sequence[str] | None = None) -> None:
    """Run a command and exit: 2 with `error: ...` on standard error for bad input, else the command's own code."""
    # Matrices are small here, and work is spread over processes: threads inside BLAS only get in each other's way.
    for library in ("OPENBLAS", "OMP", "MKL"):
        os.environ.setdefault(f"{library}_NUM_THREADS", "1")
    for name in ("stdout", "stderr"):
        if getattr(sys, name) is None:  # closed by the caller, who wants the exit code alone
            setattr(sys, name, open(os.devnull, "w"))  # noqa: SIM115 - open to the end
        elif hasattr(getattr(sys, name), "reconfigure"):
            getattr(sys, name).reconfigure(errors="backslashreplace")
    try:
        code = _run(sys.argv[1:] if arguments is None else arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        code = 1
        _write_no_more()
    except OSError as error:
        if error.filename is not None:  # a file of ours: the commands name those of their users themselves
            sys.exit(_unforeseen(error))
        code = _complain("error", f"the output cannot be written: {error.strerror or error}", BAD_INPUT)
        _write_no_more()
    sys.exit(code)


def _write_no_more() -> None:
    """Turn standard output away from a reader that has gone or a full disk: the interpreter must not try at exit."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _run(arguments: Sequence[str]) -> int:
    # Whoever reads the terminal gets messages of ours, not Python's with its line numbers.
    warnings.simplefilter("ignore")
    warnings.simplefilter("once", InputWarning)
    warnings.showwarning = _warn
    try:
        result = app(shield(arguments), prog_name="gradproof", standalone_mode=False)
    except (KeyboardInterrupt, typer.Abort):
        result = INTERRUPTED
    except TyperException as error:
        return _complain("error", error.format_message(), error.exit_code)
    except MemoryError:
        return _complain("error", "these sizes take more memory than there is: give smaller ones", BAD_INPUT)
    except InputError as error:
        return _complain("error", str(error), BAD_INPUT)
    except InternalError as error:
        return _complain(_FAULT, str(error), FAULT)
    except OSError:
        raise  # of the output, for `main`
    except Exception as error:
        return _unforeseen(error)
    if result == INTERRUPTED:  # as typer has it too, and `verify`, which shows first what is finished
        print("interrupted", file=sys.stderr)
    return result if isinstance(result, int) else 0


def _warn(message: Warning | str, *_: Any, **__: Any) -> None:
    print(f"warning: {message}", file=sys.stderr)


def _unforeseen(error: Exception) -> int:
    """Say that gradproof is at fault: a claim is not refuted by what was never meant to happen."""
    where = ""
    if (trace := error.__traceback__) is not None:
        while trace.tb_next is not None:
            trace = trace.tb_next
        where = f" ({os.path.basename(trace.tb_frame.f_code.co_filename)}, line {trace.tb_lineno})"
    said = " ".join(str(error).split())
    return _complain(_FAULT, f"{type(error).__name__}{f': {said}' if said else ''}{where}", FAULT)


def _complain(kind: str, message: str, code: int) -> int:
    if message:
        print(f"{kind}: {message}", file=sys.stderr)
    return code


def shield(arguments: Sequence[str]) -> list[str]:
    """Return the arguments with a space before each expression that begins with a minus, such as -x'*x.

    No command has short options but -h, and the text language ignores spaces.
    """
    return [f" {a}" if a.startswith("-") and a != "-" and not _OPTION.fullmatch(a) else a for a in arguments]
