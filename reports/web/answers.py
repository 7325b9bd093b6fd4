"""The answers to questions, as JSON texts: the objects of `--format json`, and beside them what the page shows.

These functions run in a worker, one question at a time.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any

from derive.errors import InputError, InternalError
from reports.commands.options import as_json

if TYPE_CHECKING:
    from reports.document import Block
    from reports.web.requests import Question
    from verify.derived import Checked
    from verify.verdict import Verdict


def answer(question: Question, megabytes: int) -> tuple[int, str]:
    """Return the HTTP status and the JSON text that answer a question, within a limit of memory."""
    _limit_memory(megabytes)
    try:
        return 200, as_json(ANSWERS[question.name](question))
    except InputError as error:
        return 400, as_json({"error": str(error)})
    except (MemoryError, RecursionError):
        return 503, as_json(
            {"error": f"the question took more than {megabytes} MB; ask for something smaller"}
        )
    except InternalError as error:
        return 500, as_json({"error": f"a fault of gradproof, please report it: {error}"})


def _limit_memory(megabytes: int) -> None:
    try:
        import resource
    except ImportError:  # Windows has no such limits
        return
    hard = resource.getrlimit(resource.RLIMIT_AS)[1]
    resource.setrlimit(resource.RLIMIT_AS, (megabytes * 2**20, hard))


def _names(text: str | None) -> str | list[str]:
    names = [name.strip() for name in (text or "").split(",") if name.strip()]
    return names[0] if len(names) == 1 else names


# ---------------------------------------------------------------------------------------- derivatives


def _preview(q: Question) -> dict[str, Any]:
    """The formula as it is understood, with its shapes, before anything is derived."""
    from derive import latex, read_problem, to_text
    from reports.renderers.mathml import mathml

    problem = read_problem(q.get("expr"), [], q.get("where"), q.get("assume"))
    return {
        "text": to_text(problem.expr),
        "latex": latex(problem.expr),
        "mathml": mathml(latex(problem.expr), display=True),
        "shapes": problem.shape_texts(),
        "assumptions": problem.assumption_texts(),
        "variables": list(problem.symbols),
        "shape": _shape(problem.expr),
        "notes": list(getattr(problem, "notes", ())),
    }


def _shape(expr: Any) -> str:
    return " x ".join(str(n) for n in expr.shape) if getattr(expr, "is_Matrix", False) else "scalar"


def _derive(kind: str, q: Question) -> Checked:
    import verify

    wrt = _names(q.get("wrt"))
    options = {"form": q.get("form", "operator")} if kind == "hessian" else {}
    derivation: Checked = getattr(verify, kind)(
        q.get("expr"), wrt, q.get("where"), q.get("assume"), seed=q.seed, **options
    )
    return derivation


def _derivative(q: Question) -> dict[str, Any]:
    from reports.chapters.derivation import conditions, evidence_table, line_blocks, results
    from reports.document import Box, Heading

    d = _derive(q.name, q)
    lines: list[Block] = line_blocks(d)
    found: list[Block] = [Box("result", "Result", [*results(d), *conditions(d)])]
    proof: list[Block] = [Heading("Evidence"), evidence_table(d.evidence)]
    return {
        **d.to_dict(),
        "page": {
            "result": _html(found),
            "steps": _html(lines),
            "evidence": _html(proof),
        },
    }


def _graph(q: Question) -> dict[str, Any]:
    """The picture, which takes longer to draw than the derivation to derive, and is drawn where it is looked at."""
    from reports.chapters.derivation import graph_figures

    d = _derive(q.get("kind") or "gradient", q)
    return {"page": {"graph": _html(list(graph_figures(d, "graph")))}}


def _code(q: Question) -> dict[str, Any]:
    d = _derive(q.get("kind") or "gradient", q)
    target = q.get("target") or "numpy"
    return {"target": target, "code": d.to_code(target, value=d.kind == "gradient")}


# --------------------------------------------------------------------------------------------- claims


def _check(q: Question) -> dict[str, Any]:
    from verify import check_claim

    verdict = check_claim(
        q.get("expr"), _names(q.get("wrt")), q.get("claim"), kind=q.get("kind") or "gradient",
        where=q.get("where"), assume=q.get("assume"), seed=q.seed,
    )  # fmt: skip
    return _verdict(verdict)


def _equal(q: Question) -> dict[str, Any]:
    from verify import check_equal

    return _verdict(
        check_equal(q.get("left"), q.get("right"), where=q.get("where"), assume=q.get("assume"), seed=q.seed)
    )


def _verdict(verdict: Verdict) -> dict[str, Any]:
    from reports.chapters.verdicts import verdict_blocks

    found = verdict.to_dict()
    if verdict.verdict == "refuted":
        found = {"counterexample": None, "diagnosis": None, **found}
    return {**found, "page": {"evidence": _html(verdict_blocks(verdict))}}


# --------------------------------------------------------------------------------------------- moments


def _moment(q: Question) -> dict[str, Any]:
    import verify
    from reports.chapters.moments import moment_blocks

    options: dict[str, Any] = {
        "where": q.get("where"), "assume": q.get("assume"), "given": q.get("given"), "seed": q.seed
    }  # fmt: skip
    if q.get("claim"):
        kind = {"expect": "expectation"}.get(q.name, q.name)
        return _verdict(verify.check_expect(q.get("expr"), q.get("claim"), kind=kind, **options))
    moment = getattr(verify, q.name)(q.get("expr"), **options)
    return {**moment.to_dict(), "page": {"result": _html(moment_blocks(moment))}}


# ------------------------------------------------------------------------------------------- documents


def _proofread(q: Question) -> dict[str, Any]:
    from verify.proofread import proofread

    found: dict[str, Any] = proofread(
        f"{q.get('text')}\n", where=q.get("where"), assume=q.get("assume"), seed=q.seed
    ).to_dict()
    formulas = [
        {"source": _formula(s["source"]), "mended": _formula(s["mended"])} for s in found["statements"]
    ]
    return {**found, "page": {"formulas": formulas}}


def _formula(latex: str | None) -> str | None:
    """Return a formula as MathML, None where it is none, or is plain text."""
    from reports.renderers.mathml import mathml

    if not latex or not set(latex) & set("\\^_"):
        return None
    try:
        return mathml(latex)
    except ValueError:
        return None


def _report(q: Question) -> dict[str, Any]:
    """A report on one derivative: one HTML page, LaTeX with its figures in a ZIP file, or PDF where TeX is installed.

    Files that are no text come in base64.
    """
    from reports.chapters.own_loss import loss_document
    from reports.renderers import html, tex

    wanted = q.get("format") or "html"
    if wanted not in ("html", "latex", "pdf"):
        raise InputError(f"a report is html, latex or pdf, not {wanted[:20]}")
    document = loss_document([_derive(q.get("kind") or "gradient", q)], q.seed)
    if wanted == "html":
        return {"name": "report.html", "content": html.render(document)}
    source, figures = tex.render(document), tex.draw_figures(document)
    if wanted == "latex":
        files = {"report.tex": source.encode()} | {
            f"figures/{name}.pdf": data for name, data in figures.items()
        }
        return {"name": "report.zip", "base64": _base64(_zipped(files))}
    try:
        return {"name": "report.pdf", "base64": _base64(tex.compile_pdf(source, figures))}
    except tex.MissingTeX as lack:
        raise InputError(f"no PDF, since the server lacks {lack}: take the LaTeX") from None


def _base64(data: bytes) -> str:
    from base64 import b64encode

    return b64encode(data).decode()


def _zipped(files: dict[str, bytes]) -> bytes:
    """Return a ZIP file whose bytes depend on the files alone."""
    from io import BytesIO
    from zipfile import ZIP_DEFLATED, ZipFile, ZipInfo

    out = BytesIO()
    with ZipFile(out, "w", ZIP_DEFLATED) as archive:
        for name, data in files.items():
            archive.writestr(ZipInfo(name), data, ZIP_DEFLATED)
    return out.getvalue()


def _html(blocks: list[Block]) -> str:
    from reports.renderers import html

    return html.render_blocks(blocks)


ANSWERS: dict[str, Callable[[Question], dict[str, Any]]] = {
    "preview": _preview,
    "gradient": _derivative,
    "jacobian": _derivative,
    "hessian": _derivative,
    "differential": _derivative,
    "check": _check,
    "equal": _equal,
    "expect": _moment,
    "variance": _moment,
    "proofread": _proofread,
    "code": _code,
    "graph": _graph,
    "report": _report,
}
