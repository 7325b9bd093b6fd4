"""Proofreadings as pages, LaTeX and on the terminal: nothing of the document is lost, and what is handed in stays text."""

from __future__ import annotations

import io
import re
import shutil
from html.parser import HTMLParser

import pytest
from rich.console import Console

import gradproof
from reports.proofreading import page, terminal, tex
from reports.renderers.tex import compile_pdf
from verify.proofread import proofread

SLIP = r"""# Least *squares* & <b>

$L(w)=\frac1m\|Xw-y\|^2$ with $X\in\mathbb R^{m\times n}$ (50% sure).
\begin{align*}\nabla L&=2X^T(Xw-y)\\&=2(X^TXw-X^Ty)\end{align*}

```python
x = "</pre><script>"
```
"""
ODD = r"""
Let $x = {3 and

\begin{equation}\begin{aligned} g &= \foo x \\ &= αβ\left( x \end{aligned}\end{equation}

$$ \input{/etc/passwd} = ☃ $$ and $y ^ 2 ^ 3 = #1$ ∂
"""
PAPER = r"""\documentclass{article}
\usepackage{amsmath}
\newcommand{\R}{\mathbb{R}}
\begin{document}
Let $f(x)=x^\top x$ with $x\in\R^{n}$.\footnote{So $\nabla f = 2x$.}
\[ \nabla f = x \]
\parbox{3cm}{$\nabla f = 2x$}
\end{document}
"""


@pytest.fixture(scope="module")
def found():
    return proofread(SLIP)


class Tags(HTMLParser):
    def __init__(self):
        super().__init__()
        self.open, self.seen, self.opened = [], set(), []

    def handle_starttag(self, tag, attrs):
        self.seen.add(tag)
        if tag not in ("meta", "br"):
            self.open.append(tag)
        if tag == "details":
            self.opened.append("open" in dict(attrs))

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_the_page_stands_alone_and_opens_the_slip(found):
    text = page(found, "L<S>")
    tags = Tags()
    tags.feed(text)
    assert not tags.open
    assert not tags.seen & {"script", "link", "img", "iframe"}
    assert not re.search(r"(?:src|href)=\"(?!#)|url\(|@import", text)
    assert tags.opened == [True, False]
    assert "the factor 1/m is lost" in text
    assert "&lt;/pre&gt;&lt;script&gt;" in text
    assert page(found, "L<S>") == text


@pytest.mark.parametrize("source", [ODD, "", "no formula at all", "f(x) = x'*x, df/dx = x", PAPER])
def test_any_document_has_a_page_and_its_latex(source):
    found = proofread(source + "\n")
    tags = Tags()
    tags.feed(page(found))
    assert not tags.open
    assert r"\end{document}" in tex(found)


def test_our_own_latex_reads_and_defines_nothing_of_the_document():
    assert not re.search(r"\\input|\\foo x \\\\", tex(proofread(ODD)))


def test_a_latex_document_keeps_its_own_text():
    written = tex(proofread(PAPER))
    kept = re.sub(r"\\gpnote\{.*?\}%\n", "", written.partition(r"\begin{document}")[2], flags=re.DOTALL)
    assert kept == PAPER.partition(r"\begin{document}")[2]
    assert written.count(r"\gpnote{\gpmark") == 3


@pytest.mark.skipif(shutil.which("latexmk") is None, reason="TeX is not installed")
@pytest.mark.parametrize("source", [SLIP + ODD, PAPER])
def test_what_is_written_back_compiles(source):
    assert compile_pdf(tex(proofread(source)), {}).startswith(b"%PDF")


def test_a_terminal_shows_marks_and_a_pipe_a_line_a_statement(found):
    shown = io.StringIO()
    terminal.show(found, Console(file=shown, force_terminal=True, width=90, color_system="truecolor"))
    assert "✗ refuted" in shown.getvalue()
    assert "counterexample:" in shown.getvalue()
    piped = io.StringIO()
    terminal.show(found, Console(file=piped, width=100_000))
    assert piped.getvalue() == f"{found}\n"


def test_a_notebook_shows_the_page(found):
    assert isinstance(found, gradproof.Proofreading)
    assert found._repr_html_().startswith("<iframe srcdoc=")
