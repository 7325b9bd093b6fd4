"""A report on losses of one's own: given as text, in a file with their options, and a document to proofread."""

from __future__ import annotations

import pytest

from tests.reports.command import run

LOSSES = """# two losses
norm2(A*x - b)^2
--wrt x

tr(B'*X)
--wrt X --where "B: m x n"
"""


def test_losses_of_a_file_and_a_document_become_chapters(capsys, tmp_path):
    file, page, out = tmp_path / "losses.txt", tmp_path / "work.md", tmp_path / "out"
    file.write_text(LOSSES, encoding="utf-8")
    page.write_text("Let $f(x) = x^\\top A x$. Then $$\\nabla f = 2 A x.$$\n", encoding="utf-8")
    code, printed, err = run(capsys, "report", str(file), str(page), "--format", "html", "--out", str(out))
    assert code == 0
    assert printed.split() == [str(out / "index.html")]
    assert err.splitlines()[-1] == "deriving 3/3: work.md"
    text = (out / "index.html").read_text(encoding="utf-8")
    for part in ("Usual slips, refuted", "Twice too much", "Octave", "Proofread: work.md"):
        assert part in text
    assert "does not apply" not in text


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("# nothing\n", "holds no loss"),
        ("norm2(x)^2\n--by x\n", "--by is no option of a loss"),
        ("norm2(x)^2\n--wrt\n", "--wrt has no value"),
        ("norm2(x)^2\n", "by what is"),
        ("norm2(x)^2\n--wrt 'x\n", "No closing quotation"),
    ],
)
def test_a_file_that_asks_for_nothing_sensible_is_bad_input(text, said, capsys, tmp_path):
    file = tmp_path / "losses.txt"
    file.write_text(text, encoding="utf-8")
    code, _, err = run(capsys, "report", str(file), "--format", "html", "--out", str(tmp_path / "out"))
    assert code == 2
    assert said in err
    assert len(err.splitlines()) == 1


def test_losses_need_an_expression(capsys, tmp_path):
    code, _, err = run(capsys, "report", "--wrt", "x", "--out", str(tmp_path))
    assert code == 2
    assert "--wrt needs an expression before it" in err
