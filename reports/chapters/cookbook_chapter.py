"""A chapter on chapter 2 of the Matrix Cookbook: every equation derived, and the printed form checked."""

from __future__ import annotations

from reports.chapters.prose import prose
from reports.chapters.references import cite
from reports.document import Block, Cell, Chapter, Check, Heading, Paragraph, Table, ref, weakest

_STORY = (
    "Every equation of chapter 2 of the Matrix Cookbook {source} that states a real derivative: the left side is derived, and the "
    "form that the book prints ({table}) is held to the derived one and to derivatives that use no rule of the derivation. A differential "
    "is linear in the direction $\\mathrm{{d}}X$; equations for all powers or all functions stand here as one instance. `gradproof "
    "report mc-57` writes a chapter on equation (57), `gradproof verify mc-57` checks it by every method."
)
_WRONG = (
    "Equations that do not hold as they are remembered: the verdicts on that form and on the corrected one."
)


def cookbook_chapter(seed: int) -> Chapter:
    """Derive and check all equations, and print them as a table with verdicts."""
    from derive import latex
    from derive.results.cookbook import cookbook
    from verify.claims import check, read_of
    from verify.study import Study

    rows: list[list[Cell]] = []
    words = []
    for equation in cookbook():
        about = Study.read(
            equation.expr, equation.wrt, equation.kind, equation.where, equation.assume or None
        )
        verdict = check(about, equation.result, seed)
        words.append(verdict.verdict)
        left = latex(about.problem.expr)
        printed = latex(read_of(about, equation.result))
        rows.append(
            [f"({equation.equation})", _sign(equation.kind, equation.wrt), f"${left}$", f"${printed}$", Check(verdict.verdict)]
        )  # fmt: skip
    caption = f"{len(rows)} equations of the Matrix Cookbook, with the verdict on the form that it prints."
    table = Table(["equation", "of $f$", "$f$", "is", "verdict"], rows, caption, name="cookbook-table")
    return Chapter(
        "The derivatives of the Matrix Cookbook",
        "cookbook",
        [
            Paragraph(_STORY.format(source=cite("petersen2012"), table=ref("cookbook-table"))),
            table,
            *_errata(seed),
        ],
        Check(weakest(words)),
    )


def _sign(kind: str, wrt: str) -> str:
    """How a derivative is written."""
    if kind == "gradient":
        return rf"$\nabla_{{{wrt}}} f$"
    if kind == "differential":
        return r"$\mathrm{d}f$"
    return rf"$\nabla^2_{{{wrt}}} f$" if kind == "hessian" else rf"$\partial f / \partial {wrt}$"


def _errata(seed: int) -> list[Block]:
    from verify.errata import ERRATA

    rows: list[list[Cell]] = []
    for erratum in ERRATA:
        wrong, right = erratum.check_remembered(seed), erratum.check_corrected(seed)
        rows.append(
            [prose(erratum.equation), prose(erratum.slip), Check(wrong.verdict), Check(right.verdict)]
        )
    return [
        Heading("Equations as they are remembered"),
        Table(["equation", "what is wrong", "as remembered", "corrected"], rows, _WRONG),
    ]
