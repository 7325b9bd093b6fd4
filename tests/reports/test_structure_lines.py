"""The line that ties the entries of a variable to each other, wherever a derivation is shown."""

from __future__ import annotations

import derive
from reports.chapters.derivation import CHECKED_TIE, line_blocks
from reports.document import Derivation, Heading, Paragraph
from tests.reports.command import run
from verify.suite.steps import check_steps

SYMMETRIC = "structured-symmetric(X)"
WORDS = "X is symmetric: entries (i, j) and (j, i) move together"


def test_the_command_line_shows_it_between_the_adjoints_and_the_result(capsys):
    code, shown, _ = run(capsys, "gradient", "tr(A*X)", "--wrt", "X", "--assume", SYMMETRIC)
    assert code == 0
    line = f"gradient = X_bar + X_bar' - X_bar.*eye  {WORDS}"
    assert shown.index("X_bar = A'*u_1_bar") < shown.index(line) < shown.index("gradient = A' + A - A.*eye")


def test_the_report_shows_it_with_its_check():
    d = derive.gradient("tr(A*X)", "X", assume=SYMMETRIC)
    *_, heading, said, block = line_blocks(d, check_steps(d))
    assert isinstance(heading, Heading)
    assert said == Paragraph(CHECKED_TIE)
    assert isinstance(block, Derivation)
    (line,) = block.lines
    assert line.latex == r"\nabla_{X} f = \bar{X} + \bar{X}^{\top} - \bar{X} \odot I"
    assert line.check is not None
    assert line.check.word == "agrees"


def test_a_free_variable_has_no_such_line():
    d = derive.gradient("tr(A*X)", "X", assume="symmetric(X)")
    assert all(step.phase != "structure" for step in d.steps)
