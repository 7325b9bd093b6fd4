"""The command line: exit codes, one-line errors, and expressions that begin with a minus."""

import subprocess
import sys

import pytest
import typer
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import InputError, InternalError
from reports import cli
from tests.interrupts import interrupted
from tests.reports.command import run


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["gradent"], "No such command 'gradent'"),
        (["gradient", "x'*x", "--wtr", "x"], "No such option: --wtr"),
        (["gradient", "x'*x"], "Missing option '--wrt'"),
        (["check", "x'*x", "--wrt", "x"], "Missing option '--claim'"),
        (["gradient", "x'*x", "--wrt", "x", "--seed", "-1"], "--seed"),
        (["report", "--format", ""], "--format is empty; choose among html, latex, pdf"),
        (["report", "--format", "html,doc"], "--format doc is not known; choose among html, latex, pdf"),
    ],
)
def test_bad_usage_is_one_line_and_exit_code_2(capsys, arguments, said):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert said in err
    assert err.count("\n") == 1


@pytest.mark.parametrize(
    ("error", "code", "begins"),
    [
        (InputError("x is n x 1 here"), 2, "error: x is n x 1 here"),
        (InternalError("the answer failed its check"), 70, "fault of gradproof"),
        (BrokenPipeError(), 1, ""),
        (OSError(28, "No space left on device"), 2, "error: the output cannot be written: No space left"),
        (
            TypeError("unhashable\ntype"),
            70,
            "fault of gradproof, please report it: TypeError: unhashable type (",
        ),
        (
            ValueError("matmul: mismatch"),
            70,
            "fault of gradproof, please report it: ValueError: matmul: mismatch (",
        ),
        (KeyError("x"), 70, "fault of gradproof"),
        (PermissionError(13, "denied", "/a/file"), 70, "fault of gradproof"),
        (MemoryError("Unable to allocate 224. GiB"), 2, "error: these sizes take more memory than there is"),
    ],
)
def test_errors_become_messages_in_one_place(capfd, monkeypatch, error, code, begins):
    def fail(*_, **__):
        raise error

    monkeypatch.setattr(cli, "app", fail)
    found, out, err = run(capfd, "list")
    assert found == code
    assert err.startswith(begins)
    assert "Traceback" not in err
    assert out == ""


@given(st.text(max_size=10))
def test_a_shielded_expression_is_never_an_option_and_keeps_its_text(text):
    (shielded,) = cli.shield([f"-{text}"])
    assert shielded.strip() == f"-{text}".strip()
    assert shielded.startswith(" ") or shielded == "-" or cli._OPTION.fullmatch(shielded)


@pytest.mark.parametrize("option", ["--wrt", "--claim=-2*x", "--claim=\n-x", "--", "--help"])
def test_options_are_not_shielded(option):
    assert cli.shield([option]) == [option]


def test_no_option_of_any_command_is_shielded():
    group = typer.main.get_command(cli.app)
    commands = [group.load(name) for name in group.commands]
    options = [o for c in commands for p in c.params for o in (*p.opts, *p.secondary_opts)]
    options = [o for o in options if o.startswith("-")]
    assert "--l2" in options
    assert cli.shield(options) == options


@pytest.mark.parametrize("expression", ["-x", "-2*x", "-x'*x", "--x'*x", "-1/2*norm2(x)^2", "-(x)"])
def test_expressions_that_begin_with_a_minus_are_shielded(expression):
    assert cli.shield([expression]) == [f" {expression}"]


#: Work that takes until somebody stops it.
ENDLESS = "import time; work = lambda *_, **__: (print('begun', flush=True), time.sleep(60))"


@pytest.mark.parametrize(
    ("work", "arguments"),
    [
        (
            f"{ENDLESS}; import verify.derived; verify.derived.gradient = work",
            ["gradient", "x'*x", "--wrt", "x"],
        ),
        (
            f"{ENDLESS}; import verify.claims; verify.claims.check_claim = work",
            ["check", "x'*x", "--wrt", "x", "--claim", "x"],
        ),
        (
            f"{ENDLESS}; import reports.chapters.catalogue; reports.chapters.catalogue.build = work",
            ["report", "--out", "{out}"],
        ),
        ("print('begun', flush=True)", ["verify", "--jobs", "1"]),
    ],
)
def test_ctrl_c_is_one_line_and_keeps_what_is_finished(tmp_path, work, arguments):
    code = f"import sys; from reports import cli; {work}; cli.main(sys.argv[1:])"
    given = (a.format(out=tmp_path) for a in arguments)
    exit_code, out, err = interrupted(code, *given, begun="begun", wait=1)
    assert (exit_code, err) == (130, "interrupted\n")
    assert "✗ not run" not in out
    assert list(tmp_path.iterdir()) == []


def test_the_version_is_shown(capsys):
    code, out, _ = run(capsys, "--version")
    assert code == 0
    assert out.startswith("gradproof 0.")


def test_help_loads_nothing_heavy():
    heavy = {"sympy", "numpy", "scipy", "matplotlib", "flint", "jinja2", "latex2mathml"}
    code = (
        "import atexit, sys; from reports.cli import main\n"
        f"atexit.register(lambda: print(sorted({heavy!r} & set(sys.modules)))); main(['--help'])"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.splitlines()[-1] == "[]"


def test_the_list_of_commands_shows_the_commands_own_words():
    group = typer.main.get_command(cli.app)
    for name, listed in group.commands.items():
        command = group.load(name)
        assert (command.name, command.help) == (name, listed.help)
        assert listed.help


def test_closed_output_leaves_the_exit_code():
    command = f"'{sys.executable}' -c 'from reports.cli import main; main([\"--help\"])' >&-"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert (done.returncode, done.stderr) == (0, "")


def test_a_reader_that_leaves_early_is_no_error():
    command = f"'{sys.executable}' -c 'from reports.cli import main; main([\"--help\"])' | true"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, check=False)
    assert done.stderr == ""


def test_a_single_minus_stays_the_sign_for_standard_input():
    assert cli.shield(["proofread", "-", "-x'*x", "--wrt", "x", "-h"]) == [
        "proofread",
        "-",
        " -x'*x",
        "--wrt",
        "x",
        "-h",
    ]
