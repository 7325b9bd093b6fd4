"""What `make docs` does beside writing pages: formulas become MathML, and notebooks are executed and shown.

So the site needs no script to show a formula, and no notebook shows what it does not give.
"""

from __future__ import annotations

import ast
import contextlib
import html
import io
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from reports.renderers.mathml import mathml

NOTEBOOKS = Path(__file__).parent / "notebooks"
#: Code, fenced or inline, is kept; what stands between dollars elsewhere is a formula.
_PARTS = re.compile(r"(^```.*?^```|`[^`\n]+`)|\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL | re.MULTILINE)
#: Where a page shows a notebook.
_PLACE = re.compile(r"^<!-- notebook (\w+) -->$", re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with its notebooks and, as MathML, its formulas."""
    parts = _PLACE.split(with_formulas(markdown))
    return "".join(part if k % 2 == 0 else shown(NOTEBOOKS / f"{part}.ipynb") for k, part in enumerate(parts))


def with_formulas(markdown: str) -> str:
    """Return Markdown with MathML for what stands between dollars."""

    def formula(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        return mathml(match[2], display=True) if match[2] else mathml(match[3])

    return _PARTS.sub(formula, markdown)


def shown(notebook: Path) -> str:
    """Return a notebook as Markdown, every cell with what it gives now."""
    out = []
    for kind, source, printed, value in executed(notebook):
        if kind == "markdown":
            out.append(with_formulas(re.sub(r"^#", "##", source)))
            continue
        out.append(f"```python\n{source}\n```")
        if printed:
            out.append(f"```text\n{printed.rstrip()}\n```")
        if value is not None:
            draw = getattr(value, "_repr_html_", None)
            drawn = draw() if draw else None
            # A blank line would end the block of HTML.
            out.append(re.sub(r"\n\s*\n", "\n&#8203;\n", drawn) if drawn else f"```text\n{value!r}\n```")
    return "\n\n".join(out)


def executed(notebook: Path) -> Iterator[tuple[str, str, str, Any]]:
    """Execute a notebook; yield of every cell its kind, its source, what it prints, and the value of its last line."""
    names: dict[str, Any] = {"__name__": notebook.stem}
    for number, cell in enumerate(json.loads(notebook.read_text(encoding="utf-8"))["cells"]):
        source = "".join(cell["source"])
        if cell["cell_type"] != "code":
            yield cell["cell_type"], source, "", None
            continue
        tree = ast.parse(source)
        last = tree.body.pop() if tree.body and isinstance(tree.body[-1], ast.Expr) else None
        printed, value, place = io.StringIO(), None, f"{html.escape(notebook.name)}, cell {number + 1}"
        with contextlib.redirect_stdout(printed):
            exec(compile(tree, place, "exec"), names)
            if isinstance(last, ast.Expr):
                value = eval(compile(ast.Expression(last.value), place, "eval"), names)
        yield "code", source, printed.getvalue(), value
