"""Printed code gives the evaluator's numbers for every problem of all collections, in every language.

Columns, 1-D arrays, float32 (which stays float32), sizes 1 and sizes 0. The tests draw a sample;
`python -m tests.derive.test_code_everywhere [FIRST [STRIDE]]` goes through all of them.
"""

import json
import random
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest

from derive.errors import InputError
from derive.expression import algebra
from tests.derive import losses
from tests.derive.collections import DATA, Question, questions
from tests.derive.points import SIZES, draw
from verify.evaluate import evaluate

#: How many problems a run of the tests draws, for NumPy and for the languages that take longer.
SAMPLE, OTHERS = 24, 6
WAYS = {
    "columns": (None, np.asarray, 1e-9),
    "1-D": (None, lambda v: v.ravel() if 1 in v.shape else v, 1e-9),
    "float32": (None, np.float32, 5e-3),
    "one": (1, np.asarray, 1e-8),
    "empty": (0, np.asarray, 1e-8),
}


def every():
    """Return the problems of all collections."""
    found = list(questions())
    for kind, table in (
        ("gradient", losses.GRADIENTS), ("hessian", losses.HESSIANS), ("jacobian", losses.JACOBIANS),
    ):  # fmt: skip
        found += [Question(kind, *row) for row in losses.rows(table)]
    for line in (DATA / "questions.jsonl").read_text(encoding="utf-8").splitlines():
        q = json.loads(line)
        where = ", ".join(p.split("!")[0] for p in q["variables"].split(", ") if "=" not in p)
        found.append(Question("gradient", q["expr"], q["wrt"], where))
    return list(dict.fromkeys(found))


def some(count, seed):
    return random.Random(seed).sample(every(), count)


class Drawn:
    """A problem with values at some sizes, and what the evaluator makes of them."""

    def __init__(self, derivation, size=None, value=True):
        d = self.derivation = derivation
        self.symbols = d.symbols()
        words = [str(s) for s in d.problem.sizes]
        self.sizes = {**dict.fromkeys(words, 3), **SIZES} if size is None else dict.fromkeys([*SIZES, *words], size)  # fmt: skip
        number = lambda s: int(s.subs({x: self.sizes[str(x)] for x in s.free_symbols}))
        shapes = {n: tuple(map(number, algebra.shape(s))) for n, s in self.symbols.items()}
        assumed = ", ".join(d.problem.assumption_texts())
        results = [p.result for p in d.parts] if d.parts else [d.result]
        for within in (lambda v: v, np.abs, lambda v: 0.4 * np.abs(v)):  # until the loss has a value
            values = draw(shapes, assumed, np.random.default_rng(1), self.sizes)
            self.values = {n: within(v) if 1 in v.shape or v.shape[0] != v.shape[1] else v for n, v in values.items()}  # fmt: skip
            try:
                with np.errstate(all="ignore"):
                    self.wanted = [evaluate(e, self.values, self.sizes) for e in [d.problem.expr, *results]]
                return
            except (InputError, ArithmeticError, RuntimeError, ValueError, IndexError):
                self.wanted = None

    def given(self, kind, words):
        """Return the arguments: arrays as `kind` makes them, numbers as numbers, sizes that are asked for."""
        given = {n: v.item() if self.symbols[n].is_Symbol else kind(v) for n, v in self.values.items()}
        return {**given, **{n: self.sizes[n] for n in words if n not in given}}


def arguments(f):
    code = f.__code__
    return () if code.co_flags & 8 else code.co_varnames[: code.co_argcount]  # not where **kwargs takes them


def distance(found, wanted):
    """Return how far a value lies off, relative to the largest entry; infinity for another shape or no number."""
    found = np.asarray(found, float)
    if found.size != wanted.size:
        return np.inf
    ok = np.isfinite(wanted)
    off = np.abs(found.reshape(wanted.shape) - wanted)[ok]
    return np.nan_to_num(off, nan=np.inf).max(initial=0) / max(np.abs(wanted[ok]).max(initial=0), 1e-3)


def faults(question):
    """Return what is wrong with a problem's NumPy code, a line a fault."""
    d = question.derived(question.problem())
    f = d.function(value=True)
    out = []
    for way, (size, kind, tolerance) in WAYS.items():
        at = Drawn(d, size)
        if at.wanted is None:
            continue
        arrays = any(not s.is_Symbol for s in at.symbols.values())
        with np.errstate(all="ignore"):
            values = f(**at.given(kind, arguments(f)))
        for k, (value, wanted) in enumerate(zip(values, at.wanted, strict=True)):
            if way == "float32" and arrays and np.asarray(value).dtype != np.float32:
                out.append(f"{way}: value {k} is {np.asarray(value).dtype}")
            if way == "columns" and np.shape(value) not in ((), wanted.shape):
                out.append(f"{way}: value {k} is {np.shape(value)}, not {wanted.shape}")
            if (off := distance(value, wanted)) > tolerance and not _singular(at):
                out.append(f"{way}: value {k} is off by {off:.2g}")
    return out


def _singular(at):
    """Tell whether a loss is so large at a point that no digit of it is certain."""
    return abs(at.wanted[0]).max(initial=0) > 1e10 or not np.isfinite(at.wanted[0]).all()


def _quietly(f, *args):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f(*args)


@pytest.mark.parametrize("question", some(SAMPLE, 1), ids=str)
def test_numpy_gives_the_evaluators_numbers(question):
    assert _quietly(faults, question) == []


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_other_arrays_give_the_evaluators_numbers(target):
    pytest.importorskip(target)
    from numpy import float32

    if target == "torch":
        import torch

        array = lambda v: torch.tensor(v)
    else:
        import jax.numpy as jnp

        array = lambda v: jnp.asarray(v, float32)
    for question in some(OTHERS if target == "torch" else 2, 2):
        d = _quietly(lambda q: q.derived(q.problem()), question)
        at = Drawn(d)
        if at.wanted is None or _singular(at):
            continue
        try:
            f = d.function(target, value=True)
        except InputError:
            continue
        tolerance = 1e-9 if target == "torch" else 1e-2
        for value, wanted in zip(f(**at.given(array, arguments(f))), at.wanted, strict=True):
            assert distance(np.asarray(value), wanted) < tolerance, str(question)


@pytest.mark.skipif(shutil.which("octave-cli") is None, reason="Octave is not installed")
def test_octave_gives_the_evaluators_numbers(tmp_path):
    matrix = lambda v: (
        "[" + "; ".join(" ".join(repr(float(e)) for e in row) for row in np.atleast_2d(v)) + "]"
    )
    functions, calls, wanted = [], [], []
    for question in some(4 * OTHERS, 3):
        d = _quietly(lambda q: q.derived(q.problem()), question)
        at = Drawn(d)
        if at.wanted is None or _singular(at):
            continue
        try:
            code = d.to_code("octave")
        except InputError:
            continue
        k = len(calls)
        names = code.split("(", 1)[1].split(")", 1)[0].split(", ")
        given = at.given(np.asarray, names)
        functions.append(code.replace("= f(", f"= f{k}(", 1))
        calls.append(f'v = f{k}({", ".join(matrix(given[n.rstrip("_")]) for n in names)}); printf("%.17g ", v); printf("\\n");')  # fmt: skip
        wanted.append((question, at.wanted[1]))
    path = tmp_path / "all.m"
    path.write_text("\n".join(["1;", *functions, *calls]))
    out = subprocess.run(["octave-cli", "-q", str(path)], capture_output=True, text=True, timeout=60, check=False)  # fmt: skip
    lines = [line for line in out.stdout.splitlines() if line.strip()]
    assert len(lines) == len(wanted), out.stderr
    for line, (question, value) in zip(lines, wanted, strict=True):
        found = np.array([float(word) for word in line.split()]).reshape(value.shape, order="F")
        assert distance(found, value) < 1e-8, str(question)


if __name__ == "__main__":
    first, stride = (int(word) for word in [*sys.argv[1:], "0", "1"][:2])
    wrong = 0
    for asked in every()[first::stride]:
        try:
            found = _quietly(faults, asked)
        except Exception as error:  # what a problem raises is a fault of it, too
            found = [f"{type(error).__name__}: {error}"]
        wrong += bool(found)
        if found:
            print(asked, *found, sep="\n    ", flush=True)
    print(f"{len(every()[first::stride])} problems, {wrong} wrong")
