"""A document as files: HTML, LaTeX with its figures, and PDF where TeX is installed."""

from __future__ import annotations

import sys
from collections.abc import Iterable
from pathlib import Path
from typing import TYPE_CHECKING

from derive.errors import InputError

if TYPE_CHECKING:
    from reports.document import Document

FORMATS = ("html", "latex", "pdf")


def write_document(document: Document, out: Path, formats: Iterable[str] = FORMATS) -> list[Path]:
    """Write a document into a folder in the given formats, and return its files.

    The PDF comes last, so that what TeX may complain of costs nothing else; where TeX is missing, a line on standard
    error says what to install. Raises InputError for a folder that cannot be written to or a format that is none, and
    InternalError where TeX does not take the LaTeX.
    """
    from reports.renderers import html, tex
    from verify.files import writable, write

    wanted = checked_formats(formats)
    writable(out)
    written: list[Path] = []
    if "html" in wanted:
        written.append(write(out / "index.html", html.render(document)))
    if not {"latex", "pdf"} & wanted:
        return written
    source, figures = tex.render(document), tex.draw_figures(document)
    if "latex" in wanted:
        for name, data in figures.items():
            write(out / "figures" / f"{name}.pdf", data)
        written.append(write(out / "report.tex", source))
    if "pdf" in wanted:
        try:
            written.append(write(out / "report.pdf", tex.compile_pdf(source, figures)))
        except tex.MissingTeX as lack:
            print(f"note: no report.pdf, since this machine lacks {lack}; {tex.PACKAGES}", file=sys.stderr)
    return written


def checked_formats(formats: Iterable[str]) -> set[str]:
    """Return the formats that are asked for. Raises InputError for one that is not known, and for none."""
    wanted = set(formats)
    unknown = sorted(wanted - set(FORMATS))
    if unknown or not wanted:
        said = f"--format {unknown[0]} is not known" if unknown else "--format is empty"
        raise InputError(f"{said}; choose among {', '.join(FORMATS)}")
    return wanted
