"""A document as LaTeX, and as a PDF where TeX is installed."""

from __future__ import annotations

import os
import re
import shutil
import subprocess
import tempfile
from functools import lru_cache
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from derive.errors import InternalError
from reports.document import Block, Cell, Check, Document, Table, spans
from reports.renderers.breaking import extent, finer, pieces
from reports.renderers.numbering import numbered

#: What a sign of running text becomes where TeX's text fonts lack it or give it a meaning of its own.
_SIGNS = {
    "\\": r"\textbackslash{}",
    "{": r"\{",
    "}": r"\}",
    "$": r"\$",
    "&": r"\&",
    "#": r"\#",
    "%": r"\%",
    "_": r"\_",
    "^": r"\textasciicircum{}",
    "~": r"\textasciitilde{}",
    "<": r"\textless{}",
    ">": r"\textgreater{}",
    "|": r"\textbar{}",
    '"': r"\textquotedbl{}",
    "'": "'",
    "`": r"\textasciigrave{}",
    "±": r"\ensuremath{\pm}",
    "×": r"\ensuremath{\times}",
    "·": r"\ensuremath{\cdot}",
    "≤": r"\ensuremath{\le}",
    "≥": r"\ensuremath{\ge}",
    "≈": r"\ensuremath{\approx}",
    "→": r"\ensuremath{\rightarrow}",
    "−": r"\ensuremath{-}",
    "∂": r"\ensuremath{\partial}",
    "…": r"\ldots{}",
    "–": "--",
    "\N{NO-BREAK SPACE}": "~",
    "∞": r"\ensuremath{\infty}",
    "√": r"\ensuremath{\surd}",
    "⊙": r"\ensuremath{\odot}",
    "⊗": r"\ensuremath{\otimes}",
    "∈": r"\ensuremath{\in}",
    "∑": r"\ensuremath{\sum}",
    "∇": r"\ensuremath{\nabla}",
    "≠": r"\ensuremath{\ne}",
    "⇒": r"\ensuremath{\Rightarrow}",
    "‖": r"\ensuremath{\Vert}",
    "′": r"\ensuremath{'}",
    "ᵀ": r"\ensuremath{^{\top}}",
    "⊤": r"\ensuremath{\top}",
    "⁻": r"\ensuremath{^{-}}",
    "“": "``",
    "”": "''",
    "‘": "`",
    "’": "'",
    "—": "---",
}
_SIGNS |= {
    sign: rf"\ensuremath{{\{name}}}"
    for sign, name in {
        "α": "alpha",
        "β": "beta",
        "γ": "gamma",
        "δ": "delta",
        "ε": "varepsilon",
        "η": "eta",
        "θ": "theta",
        "λ": "lambda",
        "μ": "mu",
        "ν": "nu",
        "π": "pi",
        "ρ": "rho",
        "σ": "sigma",
        "τ": "tau",
        "φ": "varphi",
        "ω": "omega",
        "Γ": "Gamma",
        "Δ": "Delta",
        "Λ": "Lambda",
        "Σ": "Sigma",
        "Φ": "Phi",
        "Ω": "Omega",
    }.items()
}
_SIGNS |= {sign: rf"\ensuremath{{^{{{digit}}}}}" for digit, sign in enumerate("⁰¹²³⁴⁵⁶⁷⁸⁹")}
_SIGNS |= {sign: rf"\ensuremath{{_{{{digit}}}}}" for digit, sign in enumerate("₀₁₂₃₄₅₆₇₈₉")}
#: Formulas are ours, but a report is compiled from them: nothing in one may read, write or define.
_FORBIDDEN = re.compile(
    r"\\(input|include|openin|openout|read|write|immediate|def|edef|gdef|xdef|let|catcode|csname|newcommand"
    r"|renewcommand|special|usepackage|loop|expandafter|directlua|end\s*\{document\})(?![a-zA-Z])"
)
#: Letters of a table that fit side by side on a line.
_LINE = 92
#: Letters of a column that is never broken.
_NARROW = 14
#: Letters of a formula that surely fit on a line.
_SHORT = 40
#: Seconds since 1970 that TeX takes for today: a fixed day, so that the same report has the same bytes.
_EPOCH = "1704067200"


def escape(text: str) -> Markup:
    """Return text as LaTeX that prints exactly it.

    Raises ValueError for a sign that TeX's text fonts lack and `_SIGNS` does not translate.
    """
    out = []
    for sign in text:
        if sign in _SIGNS:
            out.append(_SIGNS[sign])
        elif sign.isspace():
            out.append(" ")
        elif " " <= sign <= "\N{LATIN SMALL LETTER Y WITH DIAERESIS}":
            out.append(sign)
        else:
            raise ValueError(f"LaTeX has no translation of {sign!r} (U+{ord(sign):04X}) in: {text}")
    return Markup("".join(out))


def render(document: Document) -> str:
    """Return the document as LaTeX; it includes figures/NAME.pdf for each figure."""
    return _environment().get_template("report.tex.j2").render(document=numbered(document)) + "\n"


def draw_figures(document: Document) -> dict[str, bytes]:
    """Return the PDF of each figure under its name."""
    return {figure.name: figure.pdf for figure in document.figures()}


#: What to install where TeX is missing, on the systems that most have.
PACKAGES = "on Debian: apt-get install latexmk texlive-latex-recommended texlive-latex-extra texlive-fonts-recommended lmodern"


class MissingTeX(RuntimeError):
    """This machine lacks a program or a LaTeX package that the PDF needs; the message names it."""


def compile_pdf(source: str, figures: dict[str, bytes]) -> bytes:
    """Return the PDF of a LaTeX source, compiled in a folder of its own without access to a shell.

    Raises MissingTeX where TeX, or a package of it, is not installed, and InternalError with TeX's own first
    complaint where the source does not compile.
    """
    missing = [name for name in ("latexmk", "pdflatex") if shutil.which(name) is None]
    if missing:
        raise MissingTeX(" and ".join(missing))
    environment = {
        **os.environ,
        "SOURCE_DATE_EPOCH": _EPOCH,
        "FORCE_SOURCE_DATE": "1",
        "openin_any": "p",
        "openout_any": "p",
        "max_print_line": "1000",
    }
    command = ["latexmk", "-norc", "-pdf", "-interaction=nonstopmode", "-halt-on-error"]
    command += ["-pdflatex=pdflatex -no-shell-escape %O %S", "report.tex"]
    with tempfile.TemporaryDirectory(prefix="gradproof-") as folder:
        place = Path(folder)
        (place / "figures").mkdir()
        (place / "report.tex").write_text(source, encoding="utf-8")
        for name, data in figures.items():
            (place / "figures" / f"{name}.pdf").write_bytes(data)
        run = subprocess.run(command, cwd=place, env=environment, capture_output=True, check=False)
        if run.returncode:
            complaint = _complaint(place / "report.log")
            package = re.search(r"File `([^']+)' not found", complaint)
            if package:
                raise MissingTeX(package[1])
            raise InternalError(f"report.tex does not compile: {complaint}")
        return (place / "report.pdf").read_bytes()


def _complaint(log: Path) -> str:
    """TeX's first error and the line that it names."""
    if not log.exists():
        return "TeX left no log"
    lines = log.read_text(encoding="utf-8", errors="replace").splitlines()
    for position, line in enumerate(lines):
        if line.startswith("!"):
            place = next((later for later in lines[position:] if later.startswith("l.")), "")
            return f"{line} {place}".strip()
    return "see its log"


@lru_cache(maxsize=1)
def _environment() -> Environment:
    # Jinja's autoescape trusts Markup; here Markup means LaTeX that is safe, and `finalize` makes the rest so
    # before autoescape, which would write HTML, sees it.
    environment = Environment(
        loader=PackageLoader("reports"),
        block_start_string="<%",
        block_end_string="%>",
        variable_start_string="<<",
        variable_end_string=">>",
        comment_start_string="<#",
        comment_end_string="#>",
        autoescape=True,
        finalize=lambda value: value if isinstance(value, Markup) else escape(str(value)),
        trim_blocks=True,
        lstrip_blocks=True,
        undefined=StrictUndefined,
    )
    environment.filters.update(
        inline=_inline,
        cell=_cell,
        math=_math,
        pieces=_pieces,
        code=_code,
        columns=_columns,
        unknown=_unknown,
        label=_label,
    )
    return environment


def _inline(text: str) -> Markup:
    """Running text, its formulas between dollars."""
    out = Markup()
    for span in spans(text):
        if span.kind == "math":
            out += Markup("${}$").format(_math(span.text))
        elif span.kind == "code":
            out += Markup(r"\texttt{") + _verbatim(span.text) + Markup("}")
        elif span.kind == "link":
            out += Markup(r"\hyperref[{}]{{").format(_label(span.target)) + escape(span.text) + Markup("}")
        else:
            out += escape(span.text)
    return out


def _cell(text: str) -> Markup:
    """A cell of a table; one that is a formula alone fits into its column."""
    parts = spans(text)
    if len(parts) == 1 and parts[0].kind == "math" and extent(parts[0].text) > _NARROW:
        return Markup(r"\gpcell{{{}}}{{{}}}").format(_math(parts[0].text), _pieces(parts[0].text, _NARROW))
    return _inline(text)


def _label(name: str) -> Markup:
    """The name of a place as a label of LaTeX."""
    return Markup(re.sub(r"[^A-Za-z0-9:-]", "-", name.replace("@", "source-")))


def _math(latex: str) -> Markup:
    found = _FORBIDDEN.search(latex)
    if found:
        raise InternalError(f"{found[0]} has no place in a formula: {latex}")
    return Markup(latex)


def _pieces(latex: str, short: int = _SHORT) -> Markup:
    """The pieces into which a long formula may be broken; nothing for a short one."""
    if extent(latex) <= short:
        return Markup("")
    return Markup("").join(_piece(piece) for piece in pieces(latex))


def _piece(latex: str) -> Markup:
    """A piece, and the finer ones for where it is wider than a line; none where nothing is cut."""
    parts = finer(latex)
    smaller = Markup("").join(map(_piece, parts)) if len(parts) > 1 else Markup("")
    return Markup(r"\gppiece{{{}}}{{{}}}").format(_math(latex), smaller)


def _code(line: str) -> Markup:
    """A line of code: every space kept, single ones to break at; a line of nothing but height where there is none."""
    indented = line[: len(line) - len(line.lstrip())]
    kept = re.sub("  +", lambda run: r"\ " * len(run[0]), _verbatim(line.strip()))
    return Markup(r"\ " * len(indented) + kept) or Markup(r"\strut")


def _verbatim(text: str) -> Markup:
    """Code as it has to be typed: a straight apostrophe, and no ligature of two minus signs."""
    return Markup(escape(text).replace("'", r"\textquotesingle{}").replace("--", "-{}-"))


def _columns(table: Table) -> Markup:
    """Columns as wide as they are where the table fits on a line; else the long ones share what is left of it."""
    texts = [*zip(*table.rows, strict=True)] if table.rows else [()] * len(table.header)
    widest = [
        max(_length(cell) for cell in (header, *cells))
        for header, cells in zip(table.header, texts, strict=True)
    ]
    if sum(widest) <= _LINE:
        return Markup("@{}" + "".join("r" if i in table.numeric else "l" for i in range(len(widest))) + "@{}")
    narrow = [width <= _NARROW for width in widest]
    taken = sum(width + 2 for width, own in zip(widest, narrow, strict=True) if own) / _LINE
    shares = [0 if own else min(width, 3 * _LINE // 5) for width, own in zip(widest, narrow, strict=True)]
    columns = []
    for i, share in enumerate(shares):
        if not share:
            columns.append("r" if i in table.numeric else "l")
            continue
        side = "raggedleft" if i in table.numeric else "raggedright"
        width = (0.94 - taken) * share / sum(shares)
        columns.append(rf">{{\{side}\arraybackslash}}p{{{width:.3f}\linewidth}}")
    return Markup("@{}" + "".join(columns) + "@{}")


def _length(cell: Cell) -> int:
    """About how many letters wide a cell is; a formula is taken for half its source."""
    if isinstance(cell, Check):
        return len(cell.word)
    return sum(len(s.text) // 2 if s.kind == "math" else len(s.text) for s in spans(cell))


def _unknown(block: Block) -> Any:
    raise TypeError(f"LaTeX has no rendering for a block of the kind {block.kind}")
