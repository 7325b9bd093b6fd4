"""What a request may hold: the fields of each question, read and limited before any work begins.

A question is one of the entry points of `gradproof`, and its fields are the arguments of that entry point, all of
them texts (and a seed). What is not understood is told in one line, as everywhere.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from derive.errors import InputError

#: Characters of a field; more than anybody types, less than what costs memory.
LONGEST = 20_000
#: Characters of a document to proofread.
LONGEST_DOCUMENT = 200_000

_PROBLEM = ("expr", "wrt", "where", "assume")

#: Question -> (its fields, which of them must be there).
_MOMENT = ("expr", "where", "assume", "given", "claim")
QUESTIONS: dict[str, tuple[tuple[str, ...], tuple[str, ...]]] = {
    "preview": (_PROBLEM, ("expr",)),
    "gradient": (_PROBLEM, ("expr", "wrt")),
    "jacobian": (_PROBLEM, ("expr", "wrt")),
    "hessian": ((*_PROBLEM, "form"), ("expr", "wrt")),
    "differential": (_PROBLEM, ("expr", "wrt")),
    "check": ((*_PROBLEM, "claim", "kind"), ("expr", "wrt", "claim")),
    "equal": (("left", "right", "where", "assume"), ("left", "right")),
    "expect": (_MOMENT, ("expr", "where")),
    "variance": (_MOMENT, ("expr", "where")),
    "proofread": (("text", "where", "assume"), ("text",)),
    "graph": ((*_PROBLEM, "kind"), ("expr", "wrt")),
    "code": ((*_PROBLEM, "kind", "target"), ("expr", "wrt", "target")),
    "report": ((*_PROBLEM, "kind", "format"), ("expr", "wrt")),
}


@dataclass(frozen=True)
class Question:
    """A question and its fields; equal questions have equal keys."""

    name: str
    fields: tuple[tuple[str, str], ...]
    seed: int = 0

    @property
    def key(self) -> str:
        """Return a digest of the content, under which the answer can be kept."""
        content = json.dumps([self.name, self.fields, self.seed])
        return hashlib.sha256(content.encode()).hexdigest()

    def get(self, field: str, default: str | None = None) -> str | None:
        """Return a field, or the default where it is absent or empty."""
        return dict(self.fields).get(field) or default


def read(name: str, body: Any) -> Question:
    """Return the question that a decoded JSON body asks.

    Raises InputError for a body that is no object, a field that is unknown, no text, missing or too long.
    """
    allowed, needed = QUESTIONS[name]
    if not isinstance(body, Mapping):
        raise InputError("the body of a request is a JSON object with the fields " + ", ".join(allowed))
    for field in body:
        if field not in (*allowed, "seed"):
            raise InputError(
                f"the field {field!r} is not known; {name} takes {', '.join((*allowed, 'seed'))}"
            )
    seed = body.get("seed", 0)
    if isinstance(seed, bool) or not isinstance(seed, int) or not 0 <= seed < 2**63:
        raise InputError("the seed is a whole number from 0 on")
    fields = []
    for field in allowed:
        value = body.get(field)
        if value is None or value == "":
            if field in needed:
                raise InputError(f"the field {field!r} is missing; {name} needs {', '.join(needed)}")
            continue
        if not isinstance(value, str):
            raise InputError(f"the field {field!r} is a text")
        limit = LONGEST_DOCUMENT if field == "text" else LONGEST
        if len(value) > limit:
            raise InputError(f"the field {field!r} has {len(value)} characters; at most {limit} are taken")
        fields.append((field, value))
    return Question(name, tuple(fields), seed)
