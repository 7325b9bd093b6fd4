"""Formulas between dollars become MathML while the site is built, so that it needs no script to show them."""

from __future__ import annotations

import re
from typing import Any

from reports.mathml import mathml

#: Code, fenced or inline, is kept; what stands between dollars elsewhere is a formula.
_PARTS = re.compile(r"(^```.*?^```|`[^`\n]+`)|\$\$(.+?)\$\$|\$([^$\n]+)\$", re.DOTALL | re.MULTILINE)


def on_page_markdown(markdown: str, **_: Any) -> str:
    """Return a page with its formulas as MathML."""

    def shown(match: re.Match[str]) -> str:
        if match[1]:
            return match[1]
        return mathml(match[2], display=True) if match[2] else mathml(match[3])

    return _PARTS.sub(shown, markdown)
