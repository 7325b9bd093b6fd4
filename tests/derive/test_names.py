"""What things are called does not matter: under other names every problem has an answer, and one as long."""

from __future__ import annotations

import json
import random
import re
import string
import warnings
from pathlib import Path

import pytest

import derive
from derive.language.text import to_text
from derive.results.cookbook import cookbook
from tests.derive import losses
from tests.derive.outside import operations

#: Scalars made of matrices, negative and not, in every place where SymPy looks inside: powers, exponents, functions.
SCALARS = [
    "(x-u)'*P*(x-u)",
    "tr(A*inv(B) - C)",
    "det(Y/3 - Z)",
    "-norm2(W*x - u)",
    "sum(x - u)",
    "logdet(Y - Z)",
]
PLACES = ["exp(-1/2*({}))", "2^({})", "c^({})", "({})^3", "1/(1 + ({})^2)", "(3 + c^2)^({})", "abs({})", "relu({} - 1)",
          "sign({})*c", "erf({})", "sigmoid({})", "tanh(-({}))", "gelu({})", "sqrt(1 + abs({}))", "log(1 + exp({}))",
          "log(abs({}))", "arctan({})", "sin(c - ({}))", "exp(c*({}))*exp(-({}))", "swish(abs({}))"]  # fmt: skip


def problems():
    """Return (kind, expr, wrt, where, assume) of all collections."""
    found = [("gradient", *row) for row in losses.rows(losses.GRADIENTS)]
    found += [(e.kind, e.expr, e.wrt, e.where, e.assume) for e in cookbook()]
    lines = (Path(__file__).parent / "data/textbook.jsonl").read_text().splitlines()
    for item in map(json.loads, lines):
        if "form" not in item:
            found.append((item["kind"], item["expr"], item["wrt"], item.get("where"), item.get("assume")))
    for i, scalar in enumerate(SCALARS):
        for place in PLACES:
            text = place.format(*[scalar] * place.count("{}"))
            names = [n for n in "xAYWuPBZcC" if re.search(rf"\b{n}\b", scalar)]
            found.append(("gradient", text, names[i % len(names)], None, None))
    return found


def renamed(problem, chance):
    """Return a problem, its variables under names drawn by chance."""
    kind, expr, wrt, where, assume = problem
    read = derive.read_problem(expr, wrt, where, assume)
    letters = chance.sample(string.ascii_letters, len(read.symbols))
    new = {n: f"{letter}{chance.randrange(10)}" for n, letter in zip(read.symbols, letters, strict=True)}
    change = lambda text: re.sub(r"[A-Za-z_]\w*", lambda m: new.get(m[0], m[0]), text)
    shapes = {new[n]: " x ".join(map(str, s)) for n, s in read.shapes.items()}
    shapes = {
        n: "scalar" if s == "1 x 1" and not read.symbols[_old(new, n)].is_Matrix else s
        for n, s in shapes.items()
    }
    return (
        kind,
        change(expr),
        change(wrt),
        ", ".join(f"{n}: {s}" for n, s in shapes.items()),
        change(assume or ""),
    )


def _old(new, name):
    return next(k for k, v in new.items() if v == name)


def length(problem):
    kind, *rest = problem
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return operations(to_text(getattr(derive, kind)(*rest).result))


def differing(problem, seed):
    """Return what differs between a problem and the same under other names, or None."""
    other = renamed(problem, random.Random(f"{seed} {problem}"))
    a, b = length(problem), length(other)
    return None if a == b else (problem, a, other, b)


@pytest.mark.parametrize("part", range(4))
def test_other_names_give_an_answer_as_long(part):
    """A sample of the collections, and of the scalars in all places; the whole at many seeds is `differing`."""
    every = problems()
    of_scalars = len(SCALARS) * len(PLACES)
    sample = every[:-of_scalars][part::160] + every[-of_scalars:][part::16]
    assert [found for p in sample if (found := differing(p, 0))] == []


@pytest.mark.parametrize(
    ("text", "wrt", "where", "result"),
    [
        ("exp(-(x-u)'*P*(x-u))", "x", None, "exp(-(u - x)'*P*(u - x))*(P + P')*(u - x)"),
        ("2^((x-u)'*P*(x-u))", "x", None, "2^((x - u)'*P*(x - u))*log(2)*(P + P')*(x - u)"),
        ("sum(exp(q))^det(Y/3)", "q", None, "det(1/3*Y)*sum(exp(q))^det(1/3*Y)*softmax(q)"),
        ("c^tr(-2*(F*V*S))", "S", None, "-2*c^(-2*tr(F*V*S))*log(c)*V'*F'"),
        ("abs(exp(y'*G*y))", "y", None, "exp(y'*G*y)*(G + G')*y"),
        ("sum(abs(exp(X)))", "X", None, "exp(X)"),
        ("logdet(expm(x'*A*x))*c", "c", None, "x'*A*x"),
        ("relu(exp(A*y))", "y", "A: 1 x n, y: n", "exp(A*y)*A'"),
        (
            "erf(tanh(log(sum(exp(2*p)))))",
            "p",
            None,
            "4*(1 - tanh(log(sum(exp(2*p))))^2)*exp(-tanh(log(sum(exp(2*p))))^2)*softmax(2*p)/sqrt(pi)",
        ),
    ],
)
def test_scalars_made_of_matrices_stay_whole(text, wrt, where, result):
    assert derive.gradient(text, wrt, where).to_text() == result


def test_zero_to_a_power_that_is_no_number_is_refused():
    with pytest.raises(derive.InputError, match="zero to a power"):
        derive.gradient("0.^(x'*x)", "x")
