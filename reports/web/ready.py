"""What the process that workers are forked from imports: it has answered a question, so no worker's first is slow."""

from __future__ import annotations

from reports.web.answers import ANSWERS
from reports.web.requests import Question

for _kind in ("preview", "gradient", "code"):
    ANSWERS[_kind](Question(_kind, (("expr", "1/2*norm2(A*x - y)^2"), ("wrt", "x"))))
