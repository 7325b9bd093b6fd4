"""Every command has -h, with examples that it understands."""

from __future__ import annotations

import re
import shlex

import pytest
from typer.main import get_command

from reports.cli import Commands, app, shield
from reports.commands.examples import EXAMPLES
from tests.reports.command import run


def test_every_command_has_examples_and_every_example_a_command():
    assert set(Commands.places) == set(EXAMPLES)


@pytest.mark.parametrize("name", EXAMPLES)
def test_examples_are_read_by_their_commands(name, tmp_path, monkeypatch):
    command = get_command(app).load(name)
    for line in EXAMPLES[name]:
        words = shlex.split(line.rpartition("| ")[2])
        assert words[:2] == ["gradproof", name]
        arguments = ["text" if word == "-" else word for word in shield(words[2:])]
        with command.make_context(name, arguments) as context:
            assert context.params


@pytest.mark.parametrize("option", ["-h", "--help"])
def test_help_shows_the_examples(option, capsys, monkeypatch):
    monkeypatch.setenv("COLUMNS", "200")
    code, out, _ = run(capsys, "check", option)
    assert code == 0
    for line in EXAMPLES["check"]:
        assert line in re.sub(r"\s+", " ", out)


def test_completion_can_be_installed(capsys):
    _, out, _ = run(capsys, "--help")
    assert "--install-completion" in out
