"""Wrong derivatives, each with its refutation and the command that repeats it."""

from __future__ import annotations

import re
import shlex
from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any

from reports.chapters.prose import prose, sentence
from reports.chapters.verdicts import counterexample
from reports.document import Block, Box, Code, Heading, Math, Paragraph, literal

if TYPE_CHECKING:
    from sympy import Expr

    from derive.derivation import Derivation
    from verify.verdict import Verdict

#: What a mutant of a right formula is called when somebody writes it down.
_SAID = {
    "dropped term": "A term dropped",
    "transposed factor": "A transpose forgotten, or one too many",
    "factor 2": "Twice too much",
    "factor 1/2": "Half of it",
    "sign": "A sign lost",
    "swapped factors": "Factors in the wrong order",
    "elementwise product": "A product entry by entry for one of matrices",
    "dropped inverse": "An inverse forgotten",
}
#: Letters of a command on a line, and what keeps its meaning between double quotes.
_WIDTH, _SPECIAL = 84, set('"$`\\!')
#: The most slips that a derivative is shown with, and the most claims that are checked to find them.
_SHOWN, _TRIED = 4, 12


def slip_box(
    d: Derivation, title: str, claim: str, formula: Expr, verdict: Verdict, said: str, command: str
) -> Box:
    """Return a refuted claim as a box: the formula, why it is wrong, the counterexample, the command."""
    from derive import latex

    blocks: list[Block] = [
        Math(rf"{d.left_side} \overset{{?}}{{=}} {latex(formula)}", claim),
        Paragraph(f"{verdict.verdict.capitalize()}: {said}" if said else f"{verdict.verdict.capitalize()}."),
    ]
    if verdict.counterexample is not None:
        blocks.append(Paragraph(counterexample(verdict.counterexample, d.problem.symbols)))
    blocks.append(Code(command))
    return Box("slip", title, blocks)


def check_command(expr: str, claim: str, kind: str, options: Mapping[str, str]) -> str:
    """Return the command that checks a claim again, in lines that fit on paper; options without a value are left out."""
    given = {**options, **({"--kind": kind} if kind != "gradient" else {})}
    words = [f"{name} {_folded(value)}" for name, value in given.items() if value]
    options_line = " ".join(words)
    middle = [options_line] if len(options_line) <= _WIDTH else words
    return " \\\n    ".join([f"gradproof check {_folded(expr)}", *middle, f"--claim {_folded(claim)}"])


def _folded(text: str) -> str:
    """Return a word of a shell; a long one between double quotes, in which a shell takes a backslash and a new line away."""
    if len(text) <= _WIDTH - 20 or set(text) & _SPECIAL:
        return quoted(text)
    lines = [""]
    for part in re.findall(r"\S+\s*", text):
        if len(lines[-1]) + len(part) > _WIDTH - 20:
            lines.append("")
        lines[-1] += part
    return '"' + "\\\n".join(line for line in lines if line) + '"'


def quoted(text: str) -> str:
    """Return a word of a shell; between double quotes, where the transposes of an expression stay legible."""
    return shlex.quote(text) if set(text) & _SPECIAL or "'" not in text else f'"{text}"'


def likely_slips(d: Derivation, seed: int = 0) -> list[Block]:
    """Return what people write instead of a derivative, as far as it is refuted: a path forgotten, a term, a transpose."""
    if d.kind == "hessian" and d.parts:
        return []
    boxes = [
        box for part in d.parts or (d,) for box in _slips(part, seed, _SHOWN // len(d.parts or (d,)) or 1)
    ]
    return [Heading("Usual slips, refuted"), *boxes] if boxes else []


def _slips(d: Derivation, seed: int, most: int) -> list[Box]:
    from derive import to_text
    from derive.errors import InputError
    from verify import check_claim

    boxes: list[Box] = []
    seen: set[str] = set()
    wrt: Any = [x.name for x in d.problem.wrt] if d.kind == "differential" else d.problem.wrt[0].name
    for tried, (title, formula) in enumerate(_candidates(d)):
        if len(boxes) == most or tried == _TRIED:
            break
        if title in seen:
            continue
        try:
            verdict = check_claim(d.problem, wrt, formula, kind=d.kind, seed=seed)
        except InputError:  # a claim that cannot be put: another will do
            continue
        if verdict.verdict != "refuted":
            continue
        seen.add(title)
        claim = to_text(formula)
        said = sentence(prose(literal(verdict.diagnosis)), capital=False) if verdict.diagnosis else ""
        command = check_command(to_text(d.problem.expr), claim, d.kind, _options(d))
        boxes.append(slip_box(d, title, claim, formula, verdict, said, command))
    return boxes


def _options(d: Derivation) -> dict[str, str]:
    shapes = {
        name: shape if isinstance(shape, str) else " x ".join(map(str, shape))
        for name, shape in d.problem.shape_texts().items()
    }
    return {
        "--wrt": ",".join(x.name for x in d.problem.wrt),
        "--where": ", ".join(f"{name}: {shape}" for name, shape in shapes.items()),
        "--assume": ", ".join(d.problem.assumption_texts()),
    }


def _candidates(d: Derivation) -> Iterator[tuple[str, Expr]]:
    """Claims that are likely wrong, the likeliest first, each with a title."""
    from verify.power.mutants import mutants

    name = d.problem.wrt[0].name
    paths = [s for s in d.steps if s.phase == "backward" and s.name == name and "path" in s.rule]
    if d.kind == "gradient" and d.tie is None and len(paths) > 1:
        yield "A path forgotten", paths[0].value
    found: dict[str, list[Expr]] = {slip: [] for slip in _SAID}
    for mutant in mutants(d.result):
        if mutant.slip in found and not _is_zero(mutant.formula):
            found[mutant.slip].append(mutant.formula)
    for slip, formulas in found.items():
        yield from ((_SAID[slip], formula) for formula in formulas[:2])


def _is_zero(formula: Expr) -> bool:
    return bool(formula == 0 or getattr(formula, "is_ZeroMatrix", False))
