"""The description of the JSON interface in the form of OpenAPI 3.1, made from the table of questions."""

from __future__ import annotations

from typing import Any

from reports.web.requests import LONGEST, LONGEST_DOCUMENT, QUESTIONS

_SAID = {
    "preview": "The formula as it is understood, with the shapes that follow.",
    "gradient": "The gradient of a scalar, derived and checked.",
    "jacobian": "The Jacobian, derived and checked.",
    "hessian": "The Hessian of a scalar, derived and checked.",
    "differential": "The differential, derived and checked.",
    "check": "Prove or refute a claimed derivative.",
    "equal": "Prove or refute an equation.",
    "expect": "The expectation of an expression in random variables.",
    "variance": "The variance of an expression in random variables.",
    "proofread": "Judge a derivation line by line.",
    "code": "The derivative as source code.",
    "graph": "The computational graph as a picture.",
    "report": "A report on one derivative.",
}
_FIELDS = {
    "expr": "an expression in the text language",
    "wrt": "the variable, or several with commas between",
    "where": 'shapes, such as "W: m x n"; for moments, distributions',
    "assume": 'facts, such as "symmetric(K)"',
    "form": "operator or kronecker",
    "claim": "the derivative, or the moment, that is claimed: it is proved or refuted",
    "given": "random variables to condition on, with commas between",
    "kind": "gradient, jacobian, hessian or differential",
    "left": "one side of an equation",
    "right": "the other side",
    "text": "a document: Markdown, LaTeX or plain text",
    "target": "numpy, jax, torch, octave, julia",
    "format": "html, latex (a ZIP file with the figures) or pdf",
}
_STATUS = {
    "200": "the answer: the object that the command line prints with --format json",
    "400": "bad input; `error` is one line with the place and the mend",
    "429": "too many questions wait; see Retry-After",
    "503": "the question took more memory than it may",
    "504": "the question took longer than it may",
}


def description(version: str) -> dict[str, Any]:
    """Return the OpenAPI document of the interface."""
    return {
        "openapi": "3.1.0",
        "info": {"title": "gradproof", "version": version},
        "paths": {f"/api/{name}": {"post": _operation(name)} for name in QUESTIONS},
    }


def _operation(name: str) -> dict[str, Any]:
    allowed, needed = QUESTIONS[name]
    properties: dict[str, Any] = {
        field: {
            "type": "string",
            "maxLength": LONGEST_DOCUMENT if field == "text" else LONGEST,
            "description": _FIELDS[field],
        }
        for field in allowed
    }
    properties["seed"] = {"type": "integer", "minimum": 0, "description": "seed of every random draw"}
    schema = {
        "type": "object",
        "properties": properties,
        "required": list(needed),
        "additionalProperties": False,
    }
    return {
        "operationId": name,
        "summary": _SAID[name],
        "requestBody": {"required": True, "content": {"application/json": {"schema": schema}}},
        "responses": {
            code: {"description": text, "content": {"application/json": {"schema": {"type": "object"}}}}
            for code, text in _STATUS.items()
        },
    }
