"""Questions about derivatives in all notations: the printed code against differences of a loss written in NumPy.

A line of `data/questions.jsonl`: the loss, the variable, the shapes with what is drawn (!pos positive, !spd positive
definite; k=2 gives an index or a size its value), and the loss as an expression of NumPy. `python -m
tests.derive.test_questions` goes through all of them.
"""

import json
import random
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest

import derive

QUESTIONS = [json.loads(line) for line in (Path(__file__).parent / "data" / "questions.jsonl").open()]
#: How many are drawn for one run of the tests, and the size that a letter has.
SAMPLE, SIZES = 60, {"n": 5, "m": 4, "N": 6}


def drawn(question, rng):
    """Return the values of the variables, those of sizes and indices, and the declarations."""
    values, given, where = {}, {}, []
    for part in question["variables"].split(", "):
        if "=" in part:
            name, value = part.split("=")
            given[name] = int(value)
            continue
        name, _, spec = part.partition(": ")
        shape, _, tag = spec.partition("!")
        where.append(f"{name}: {shape}")
        sides = [] if shape == "scalar" else [SIZES.get(s) or int(s) for s in shape.split(" x ")]
        given |= {s: SIZES[s] for s in shape.split(" x ") if s in SIZES}
        x = rng.normal(size=[*sides, 1][:2]) if sides else float(rng.normal())
        if tag == "pos":
            x = np.abs(x) + 0.3
        if tag == "spd":
            x = x @ x.T + np.eye(len(x))
        values[name] = x
    return values, given, ", ".join(where)


def differences(loss, values, name):
    """Return the gradient by central differences, extrapolated."""
    x = np.atleast_2d(np.asarray(values[name], float))
    out = np.zeros_like(x)
    for at in np.ndindex(x.shape):
        slopes = []
        for h in (2e-3, 1e-3):
            ends = []
            for sign in (1, -1):
                moved = x.copy()
                moved[at] += sign * h
                ends.append(loss({**values, name: moved if np.ndim(values[name]) else float(moved[0, 0])}))
            slopes.append((ends[0] - ends[1]) / (2 * h))
        out[at] = (4 * slopes[1] - slopes[0]) / 3
    return out


def answer(question):
    """Return how far the answer is from that of differences, relative to its size."""
    values, given, where = drawn(question, np.random.default_rng(3))
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = derive.gradient(question["expr"], question["wrt"], where=where)
    space = {}
    exec(d.to_dict()["numpy"], space)
    code = space["f"].__code__
    names = code.co_varnames[: code.co_argcount]
    takes = {n: v for n, v in {**values, **given}.items() if n in names or code.co_flags & 8}
    got = np.atleast_2d(space["f"](**takes))
    body = compile(question["numpy"], "question", "eval")

    def loss(at):
        return float(
            eval(body, {"np": np, **{("lambda_" if n == "lambda" else n): v for n, v in at.items()}})
        )

    want = differences(loss, values, question["wrt"])
    if got.shape != want.shape:
        got = got.reshape(want.shape)
    return float(np.abs(got - want).max() / (np.abs(want).max() + 1e-3))


@pytest.mark.parametrize(
    "question", random.Random(11).sample(QUESTIONS, min(SAMPLE, len(QUESTIONS))), ids=lambda q: q["expr"][:50]
)
def test_the_printed_code_has_the_slopes_of_the_loss(question):
    assert answer(question) < 1e-6


def main() -> int:
    """Go through all questions; print those that are not answered rightly."""
    wrong = 0
    for question in QUESTIONS:
        try:
            error = answer(question)
            said = "" if error < 1e-6 else f"WRONG by {error:.1e}"
        except Exception as error:
            said = f"{type(error).__name__}: {str(error).splitlines()[0]}"
        wrong += bool(said)
        if said:
            print(f"{question['expr'][:70]:70} {said}")
    print(f"{len(QUESTIONS) - wrong} of {len(QUESTIONS)} right")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
