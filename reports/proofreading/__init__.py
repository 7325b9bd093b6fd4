"""A proofreading for people: terminal, page, LaTeX. Importing it gives notebooks the page."""

from reports.proofreading.page import page
from reports.proofreading.tex import tex
from verify.proofread.proofread import proofread
from verify.proofread.result import Proofreading

Proofreading.notebook = page

__all__ = ["Proofreading", "page", "proofread", "tex"]
