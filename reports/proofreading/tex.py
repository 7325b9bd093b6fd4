r"""A proofread document written back as LaTeX, with a note in the margin beside every formula that was judged.

A LaTeX document keeps its own text, and gets the notes and what they need in its preamble; Markdown and plain text
are put into a document that compiles.
"""

from __future__ import annotations

import re

from reports.proofreading.layout import Part, laid_out
from reports.renderers.tex import escape
from verify.proofread.result import Proofreading, Statement, said

_COLOURS = {"✓": "gpgood", "✗": "gpbad", "↳": "gpopen", "?": "gpopen"}
_MARKS = {"✓": r"$\checkmark$", "✗": r"$\times$", "↳": r"$\hookrightarrow$", "?": "?"}
#: A note is robust, and where TeX takes none in the margin (a box, a footnote) it stands in the text.
_PREAMBLE = r"""\usepackage{amsmath,amssymb,xcolor}
\definecolor{gpgood}{HTML}{1D7A46}\definecolor{gpbad}{HTML}{B3261E}\definecolor{gpopen}{HTML}{8A5A00}
\ifdefined\extrafloats\extrafloats{200}\fi
\setlength{\marginparpush}{2pt}
\newif\ifgpinside
\makeatletter\AtBeginDocument{%
  \let\gp@parboxrestore\@parboxrestore\def\@parboxrestore{\gpinsidetrue\gp@parboxrestore}}\makeatother
\DeclareRobustCommand{\gpnote}[1]{\ifinner\gpinsidetrue\fi\ifgpinside\textsuperscript{#1}\else
  \leavevmode\marginpar{\raggedright\hspace{0pt}\footnotesize #1}\ignorespaces\fi}
\DeclareRobustCommand{\gpmark}[2]{\textcolor{#1}{#2}}
"""
_ALONE = r"""\documentclass[11pt,a4paper]{article}
\usepackage[T1]{fontenc}
\usepackage[utf8]{inputenc}
\usepackage[left=22mm,right=62mm,top=22mm,bottom=25mm,marginparwidth=50mm]{geometry}
\setlength{\parindent}{0pt}\setlength{\parskip}{6pt plus 2pt}
"""
_COMMAND = re.compile(r"\\([A-Za-z]+)")
_ALIGNED = re.compile(r"\\\\|(?<!\\)&")
#: In a formula of a document that we compile, nothing may read, write or define.
_UNSAFE = re.compile(
    r"\\(?:input|include|openin|openout|read|write|immediate|[egx]?def|let|catcode|csname|special|usepackage|loop"
    r"|expandafter|directlua|end\s*\{document\})(?![A-Za-z])"
)
_BRACES = re.compile(r"\\.|[{}]", re.DOTALL)
_ENVIRONMENT = re.compile(r"\\(begin|end)\{([^}]*)\}")
_FENCE = re.compile(r"\\(left|right)(?![A-Za-z])")


def tex(found: Proofreading) -> str:
    """Return the document with its notes; the same proofreading gives the same bytes."""
    _, parts = laid_out(found)
    source = found.source
    begin = re.search(r"\\begin\{document\}", source)
    if r"\documentclass" in source and begin is not None:
        return _annotated(source, parts, begin.start())
    return _written(found, parts)


# -------------------------------------------------------------------------------------------------- LaTeX


def _annotated(source: str, parts: list[Part], preamble: int) -> str:
    """Put the notes before displays and behind inline formulas, and what they need before the document begins."""
    out = source
    for part in reversed(parts):
        note = _note(part)
        if not note or part.piece.role == "code":
            continue
        place = part.piece.start if part.piece.role == "display" else part.piece.end
        out = out[:place] + note + out[place:]
    return out[:preamble] + _PREAMBLE + out[preamble:]


def _note(part: Part) -> str:
    """Return the note on a piece: its claims with their marks, and what is to be said of them."""
    claims = [(k, row.statement) for k, row in enumerate(part.rows, 1) if row.statement is not None]
    judged = [(k, s) for k, s in claims if s.role == "claim"]
    if not judged:
        return ""
    several = len(part.rows) > 1
    entries = r"\\ ".join(_entry(k, s, several) for k, s in judged)
    return rf"\gpnote{{{entries}}}%" + "\n"


def _entry(row: int, s: Statement, several: bool) -> str:
    words = said(s) if s.sign != "✓" or s.from_line_before is False else ""
    place = rf"\,{row}" if several else ""
    entry = rf"\gpmark{{{_COLOURS[s.sign]}}}{{{_MARKS[s.sign]}{place}}}"
    if s.verdict == "refuted" and s.cause is not None:
        words = "follows from an earlier line"
    if words:
        entry += " " + _text(words)
    if s.is_slip and s.mended and _is_sound(s.mended):
        entry += rf"; mended: ${s.mended}$"
    return entry


def _text(text: str) -> str:
    out = []
    for sign in text:
        try:
            out.append(str(escape(sign)))
        except ValueError:
            out.append(rf"\texttt{{U+{ord(sign):04X}}}")
    return "".join(out)


# ------------------------------------------------------------------------------------- Markdown, plain text


def _written(found: Proofreading, parts: list[Part]) -> str:
    """Return a document of our own around the text as handed in."""
    body: list[str] = []
    commands: set[str] = set()
    for part in parts:
        role, text, note = part.piece.role, part.piece.text.characters, _note(part)
        if role == "code":
            body.append("\n\n" + _listing(text) + note)
        elif role == "directive":
            body.append("\n\n" + rf"\texttt{{gradproof: {_text(text)}}}" + "\n\n")
        elif role == "prose":
            body.append(_prose(text))
        elif role == "line" or not _is_sound(text):
            body.append(rf"\texttt{{{_text(text.strip())}}}" + note)
        else:
            commands |= set(_COMMAND.findall(text))
            inner = re.sub(r"\n\s*\n", "\n", _signs(text)).strip()
            if role == "inline":
                body.append(rf"${inner}$" + note)
            else:
                body.append(note + _display(inner))
        for row in part.rows:
            if row.statement is not None and row.statement.mended:
                commands |= set(_COMMAND.findall(row.statement.mended))
    text = "".join(body).strip()
    spare = sorted(c for c in commands if c not in ("begin", "end", "left", "right", "middle"))
    provided = "".join(rf"\providecommand{{\{c}}}{{\operatorname{{{c}}}}}" + "\n" for c in spare)
    title = rf"\section*{{{_text(found.file)}}}" if found.file else ""
    head = rf"\textbf{{{_text(found.summary)}}}"
    return f"{_ALONE}{_PREAMBLE}\\allowdisplaybreaks\n{provided}\\begin{{document}}\n{title}\n{head}\n\n{text}\n\\end{{document}}\n"


def _display(inner: str) -> str:
    inner = re.sub(r"(?:\\\\\s*)+$", "", inner)
    bare = re.sub(r"\\begin\{(\w+\*?)\}.*?\\end\{\1\}", "", inner, flags=re.DOTALL)
    if _ALIGNED.search(bare):
        columns = max(row.count("&") for row in bare.split(r"\\"))
        if columns <= 1:
            return "\n\\begin{align*}\n" + inner + "\n\\end{align*}\n"
        return "\n\\begin{flalign*}\n" + inner + "\n\\end{flalign*}\n"
    if re.search(r"\\tag\*?\s*\{", inner):
        return "\n\\begin{equation*}\n" + inner + "\n\\end{equation*}\n"
    return "\n\\[\n" + inner + "\n\\]\n"


def _is_sound(formula: str) -> bool:
    """Tell whether TeX sees to the end of a formula: braces, environments and brackets in pairs, nothing unsafe."""
    depth = 0
    for found in _BRACES.finditer(formula):
        depth += {"{": 1, "}": -1}.get(found[0], 0)
        if depth < 0:
            return False
    stack: list[str] = []
    for kind, name in _ENVIRONMENT.findall(formula):
        if kind == "begin":
            stack.append(name)
        elif not stack or stack.pop() != name:
            return False
    fences = [m[1] for m in _FENCE.finditer(formula)]
    paired = fences.count("left") == fences.count("right")
    plain = "$" not in re.sub(r"\\(?:text|mbox|textrm)\{[^{}]*\}", "", formula).replace(r"\$", "")
    double = re.search(r"\^[^{}\s]?\^|_[^{}\s]?_|(?<!\\)#|(?<!\\)%", formula) is not None
    return depth == 0 and not stack and paired and plain and not double and not _UNSAFE.search(formula)


def _signs(formula: str) -> str:
    """Return a formula with signs outside ASCII as commands of TeX."""
    return "".join(sign if sign.isascii() else _text(sign) for sign in formula)


def _prose(text: str) -> str:
    out: list[str] = []
    for line in text.split("\n"):
        heading = re.match(r"\s*(#{1,6})\s+(.*)$", line)
        if heading:
            out.append("\n" + rf"\subsection*{{{_text(heading[2])}}}" + "\n")
        else:
            out.append(_emphasised(line))
    return "\n".join(out)


def _emphasised(line: str) -> str:
    parts = re.split(r"\*\*([^*]+)\*\*", line)
    return "".join(rf"\textbf{{{_text(part)}}}" if k % 2 else _text(part) for k, part in enumerate(parts))


def _listing(code: str) -> str:
    lines = [rf"\texttt{{{_text(line).replace(' ', '~')}}}" for line in code.rstrip("\n").split("\n")]
    return r"\par{\footnotesize " + r"\par ".join(line for line in lines) + r"\par}" + "\n"
