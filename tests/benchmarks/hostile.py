"""Inputs of somebody who means harm: nesting, huge numbers and sizes, much text, names of Python, broken encodings.

    python -m tests.benchmarks.hostile http://127.0.0.1:8000

sends every one to a server, and prints its status and time. Each must get an answer, be it a refusal.
"""

from __future__ import annotations

import json
import sys
import time

import httpx

_S = "x: scalar"


def _gradients() -> list[dict[str, str]]:
    """Return questions for a gradient by x or A."""
    scalars = [
        "(" * 5000 + "x" + ")" * 5000, "x^(2^63)", "9^9^9*x", "x^9^9^9^9", "1e999999999*x", "x^" * 3000 + "2",
        "+".join(["sin(x)"] * 2000), "1/(1+" * 60 + "x" + "^2)" * 60, "sin(" * 900 + "x" + ")" * 900, "x" * 200_000,
        "-" * 20_000 + "x", "x!" + "!" * 500, "sum[i](" * 40 + "x" + ")" * 40, "exp(" * 50 + "x" + ")" * 50,
        "(x+1)^200000", "(x+1)*" * 400 + "1", "x**-1**-1**-1**-1", "\\frac{" * 300, "\\left(" * 400 + "x",
        "__import__('os').system('id')", "eval('1')", "open('/etc/passwd').read()", "x.__class__.__mro__",
        "lambda: x", "x; import os", "\x00x\x00", "x\u202e\u2066y", "\ud800x", "ⅹ²" * 400, "0/0*x", "log(0)*x", "1/0",
        "x^(10^(10^10))", "erf(" * 30 + "x" + ")" * 30, "max(" + ",".join(["x"] * 3000) + ")",
        "prod[i](sum[j](x^i))" * 20, "<script>alert(1)</script>", "{{7*7}}", "%s%s%s%n", "x" + " " * 100_000,
    ]  # fmt: skip
    found = [{"expr": e, "wrt": "x", "where": _S} for e in scalars]
    found += [
        {"expr": "tr(A)", "wrt": "A", "where": "A: 999999 x 999999"},
        {"expr": "det(A)", "wrt": "A", "where": "A: 1000000000 x 1000000000"},
        {"expr": "norm2(2*x)^1e9", "wrt": "x"},
        {"expr": "det(" + "*".join(f"A{k}" for k in range(200)) + ")", "wrt": "A0"},
        {"expr": "tr(" + "kron(A," * 30 + "A" + ")" * 31, "wrt": "A", "where": "A: n x n"},
        {"expr": "tr(A^1000000)", "wrt": "A"},
        {"expr": "x'*x", "wrt": ",".join(["x"] * 5000)},
        {"expr": "x'*x", "wrt": "x", "where": ",".join(f"y{k}: n" for k in range(5000))},
    ]
    return found


#: Every input with the path that it is sent to.
HOSTILE: list[tuple[str, dict[str, str]]] = [
    *(("/api/gradient", body) for body in _gradients()),
    ("/api/expect", {"expr": "(x'*x)^50", "where": "x ~ normal(m, S)"}),
    ("/api/check", {"expr": "tr(A)", "wrt": "A", "claim": "(" * 3000}),
    ("/api/proofread", {"text": "x = " * 20_000}),
    ("/api/equal", {"left": "exp(" * 40 + "x" + ")" * 40, "right": "x^(2^40)"}),
]


def main() -> None:
    """Send every input once, print what came back, and end with 1 if one was lost."""
    address, lost = sys.argv[1].rstrip("/"), 0
    with httpx.Client(timeout=120) as client:
        for path, body in HOSTILE:
            start = time.perf_counter()
            try:
                content = json.dumps(body).encode()
                answer = client.post(
                    address + path, content=content, headers={"Content-Type": "application/json"}
                )
                word = f"{answer.status_code} {answer.text[:70]!r}"
                lost += answer.status_code >= 500 and answer.status_code not in (503, 504)
            except httpx.HTTPError as reason:
                word, lost = f"LOST {reason!r}", lost + 1
            shown = next(iter(body.values()))[:40]
            print(f"{time.perf_counter() - start:6.1f} s  {path:15} {shown!r:45} {word}", flush=True)
    print(f"{len(HOSTILE)} inputs, {lost} lost")
    sys.exit(bool(lost))


if __name__ == "__main__":
    main()
