"""Printed code beside the evaluator, for the problems of all collections, in every language, on every kind of input.

`python -m tests.derive.everywhere [LANGUAGE ... [FIRST STRIDE]]` goes through all of them; the tests draw a sample. Columns,
1-D arrays, float32 (which stays float32), sizes 1 and sizes 0. What cannot be compared is counted, and says why.
"""

from __future__ import annotations

import json
import random
import subprocess
import sys
import tempfile
import warnings
from collections import Counter
from contextlib import nullcontext
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from derive.errors import InputError
from derive.expression import algebra
from tests.derive import losses
from tests.derive.collections import DATA, Question, questions
from tests.derive.points import SIZES, draw
from verify.evaluate import evaluate


@dataclass(frozen=True)
class Way:
    """A kind of input: the size of everything (None: all different), what arrays are made of, the error allowed."""

    size: int | None = None
    flat: bool = False
    dtype: type = np.float64
    tolerance: float = 1e-8

    def array(self, v):
        """Return a value as an argument of this kind."""
        return (v.ravel() if self.flat and 1 in v.shape else v).astype(self.dtype)


WAYS = {
    "columns": Way(),
    "1-D": Way(flat=True),
    "float32": Way(dtype=np.float32, tolerance=5e-3),
    "one": Way(size=1),
    "empty": Way(size=0),
}
LANGUAGES = ("numpy", "jax", "torch", "octave")


def every() -> list[Question]:
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


def some(count: int, seed: int) -> list[Question]:
    """Return a sample of the problems."""
    return random.Random(seed).sample(every(), count)


# ------------------------------------------------------------------------------------------------------ points


class Drawn:
    """A problem with values at some sizes, and what the evaluator makes of them; `wanted` is None where it has no value."""

    def __init__(self, derivation, way: Way):
        d = self.derivation = derivation
        self.way, self.symbols, self.why = way, d.symbols(), ""
        words = [str(s) for s in d.problem.sizes]
        results = [p.result for p in d.parts] if d.parts else [d.result]
        self.expressions = [d.problem.expr, *results]
        self.assumed = ", ".join(d.problem.assumption_texts())
        shift = {
            **SIZES,
            **{s: 9 - k for s, k in SIZES.items()},
        }  # what is singular where m > n may not be where n > m
        every_size = [dict.fromkeys([*SIZES, *words], way.size)] if way.size is not None else [
            {**dict.fromkeys(words, 3), **SIZES}, {**dict.fromkeys(words, 3), **shift},
        ]  # fmt: skip
        for self.sizes in every_size:
            for seed in (1, 2, 3):
                for within in (lambda v: v, np.abs, lambda v: 0.4 * np.abs(v), _posdef):
                    if self._taken(within, seed):
                        return

    def _taken(self, within, seed) -> bool:
        """Tell whether a point has a value that no rounding of the point changes; keep it if so."""
        number = lambda s: int(s.subs({x: self.sizes[str(x)] for x in s.free_symbols}))
        self.wanted = None
        self.wanted_shapes = [tuple(map(number, algebra.shape(e))) for e in self.expressions]
        try:
            shapes = {n: tuple(map(number, algebra.shape(s))) for n, s in self.symbols.items()}
            values = draw(shapes, self.assumed, np.random.default_rng(seed), self.sizes)
            scales = np.random.default_rng(seed).choice([0.05, 1.0, 2.0], len(values)) if seed > 1 else np.ones(len(values))  # fmt: skip
            self.values = {n: c * (within(v) if within is _posdef or 1 in v.shape or v.shape[0] != v.shape[1] else v) for c, (n, v) in zip(scales, values.items(), strict=True)}  # fmt: skip
            wanted = self._evaluated(self.values)
        except (InputError, ArithmeticError, RuntimeError, ValueError, IndexError) as error:
            self.why = f"no value: {type(error).__name__}"
            return False
        if not np.isfinite(wanted[0]).all() or abs(wanted[0]).max(initial=0) > 1e10:
            self.why = "no finite value"
            return False
        close = np.float64(1e-7 if self.way.dtype == np.float32 else 1e-13)
        rng = np.random.default_rng(2)
        near = {n: v * (1 + close * rng.uniform(-1, 1, v.shape)) for n, v in self.values.items()}
        if "symmetric" in self.assumed or "posdef" in self.assumed:
            near = {n: (v + v.T) / 2 if v.shape[0] == v.shape[1] and (self.values[n] == self.values[n].T).all() else v for n, v in near.items()}  # fmt: skip
        try:
            moved = self._evaluated(near)
        except (InputError, ArithmeticError, RuntimeError, ValueError, IndexError):
            moved = [np.full(w.shape, np.inf) for w in wanted]
        if any(distance(a, b) > self.way.tolerance / 10 for a, b in zip(moved, wanted, strict=True)):
            self.why = "no digit of the value is certain"
            return False
        self.wanted = wanted
        return True

    def _evaluated(self, values):
        with np.errstate(all="ignore"):
            return [evaluate(e, values, self.sizes) for e in self.expressions]

    def given(self, words, array=lambda v: v):
        """Return the arguments: arrays of the way's kind, numbers as numbers, sizes that are asked for."""
        given = {
            n: v.item() if self.symbols[n].is_Symbol else array(self.way.array(v))
            for n, v in self.values.items()
        }
        return {**given, **{n: self.sizes[n] for n in words if n not in given}}


def _posdef(v):
    """Return a positive definite matrix for a square one, positive numbers for others."""
    return v @ v.T + np.eye(len(v)) if 1 != v.shape[0] == v.shape[1] else np.abs(v)


def distance(found, wanted) -> float:
    """Return how far a value lies off, relative to the largest entry; infinity for another shape or no number."""
    found = np.asarray(found, float)
    if found.size != wanted.size:
        return np.inf
    ok = np.isfinite(wanted)
    off = np.abs(found.reshape(wanted.shape) - wanted)[ok]
    return float(np.nan_to_num(off, nan=np.inf).max(initial=0) / max(np.abs(wanted[ok]).max(initial=0), 1e-3))


# --------------------------------------------------------------------------------------------------- languages


def _parameters(f):
    code = f.__code__
    return () if code.co_flags & 8 else code.co_varnames[: code.co_argcount]  # not where **kwargs takes them


def _arrays(language):
    """Return what makes an array of a language, and the context in which 64 bits are 64 bits."""
    if language == "torch":
        import torch

        return torch.tensor, nullcontext()
    if language == "jax":
        import jax

        return jax.numpy.asarray, jax.enable_x64(True)
    return np.asarray, nullcontext()


def faults(question: Question, languages=("numpy",), ways=tuple(WAYS), skipped: Counter | None = None) -> list[str]:  # fmt: skip
    """Return what is wrong with a problem's code in Python's languages, a line a fault; count what is not compared."""
    d = question.derived(question.problem())
    skipped = Counter() if skipped is None else skipped
    points = {way: Drawn(d, WAYS[way]) for way in ways}
    out = []
    for language in languages:
        try:
            f = d.function(language, value=True)
        except InputError as error:
            skipped[f"{language}: {str(error)[:80]}"] += 1
            continue
        array, context = _arrays(language)
        for way, at in points.items():
            if at.wanted is None:
                skipped[f"{language} {way}: {at.why}"] += 1
                continue
            try:
                with np.errstate(all="ignore"), context:
                    values = f(**at.given(_parameters(f), array))
                    values = [np.asarray(v) for v in values]
            except Exception as error:  # whatever it raises where the evaluator has a value is a fault
                out.append(f"{language} {way}: {type(error).__name__}: {error}".replace("\n", " ")[:300])
                continue
            out += [f"{language} {way}: {fault}" for fault in _compared(at, values)]
    return out


def _compared(at: Drawn, values) -> list[str]:
    arrays = any(not s.is_Symbol for s in at.symbols.values())
    out = []
    for k, (value, wanted, shape) in enumerate(zip(values, at.wanted, at.wanted_shapes, strict=True)):
        if arrays and value.dtype != at.way.dtype:
            out.append(f"value {k} is {value.dtype}")
        if not at.way.flat and np.shape(value) not in ((), shape):
            out.append(f"value {k} is {np.shape(value)}, not {shape}")
        if (off := distance(value, wanted)) > at.way.tolerance:
            out.append(f"value {k} is off by {off:.2g}")
    return out


def octave_faults(asked, ways=tuple(WAYS), skipped: Counter | None = None, timeout=300) -> dict[str, list[str]]:  # fmt: skip
    """Return what is wrong with the Octave code of problems, by problem, in one run of Octave."""
    skipped = Counter() if skipped is None else skipped
    functions, calls, points = [], [], []
    for question in asked:
        d = question.derived(question.problem())
        try:
            code = d.to_code("octave", value=True)
        except InputError as error:
            skipped[f"octave: {str(error)[:80]}"] += 1
            continue
        k = len(functions)
        head, rest = code.split("(", 1)
        functions.append(f"{head[: -len('f')]}f{k}({rest}")
        count = 1 + len(d.parts or (d,))
        names = rest.split(")", 1)[0].split(", ")
        for way in ways:
            at = Drawn(d, WAYS[way])
            if at.wanted is None:
                skipped[f"octave {way}: {at.why}"] += 1
                continue
            given = at.given(names)
            if any(np.shape(v) == (0, 0) for v in given.values()):
                skipped["octave empty: sum(zeros(0, 0), 1) is 1 x 1 in Octave"] += 1
                continue
            texts = ", ".join(_matrix(given[n.rstrip("_")]) for n in names)
            values = ", ".join(f"v{i}" for i in range(count))
            shown = " ".join(f"shown(v{i});" for i in range(count))
            calls.append(
                f'try, [{values}] = f{k}({texts}); {shown} catch e, printf("error %s\\n", strrep(e.message, "\\n", " ")); end\nprintf("end\\n");'
            )
            points.append((question, way, at))
    shown = (
        'function shown(v), printf("%s %d %d ", class(v), size(v)); printf("%.17g ", v); printf("\\n"); end'
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "all.m"
        path.write_text("\n".join(["1;", shown, *functions, *calls]), encoding="utf-8")
        run = subprocess.run(["octave-cli", "-q", str(path)], capture_output=True, text=True, timeout=timeout, check=False)  # fmt: skip
    answers = run.stdout.split("end\n")[:-1]
    out: dict[str, list[str]] = {}
    if len(answers) != len(points):
        return {"Octave": [run.stderr[-500:]]}
    for (question, way, at), answer in zip(points, answers, strict=True):
        lines = answer.splitlines()
        if lines and lines[-1].startswith("error "):
            out.setdefault(str(question), []).append(f"octave {way}: {lines[-1]}")
            continue
        values = []
        for line in lines:
            kind, rows, columns, *numbers = line.split()
            dtype = {"single": np.float32, "double": np.float64}.get(kind, np.bool_)
            shape = int(rows), int(columns)
            values.append(np.array(numbers, float).astype(dtype).reshape(shape, order="F"))
        values = [v if v.shape != (1, 1) or w.size != 1 else v.reshape(w.shape) for v, w in zip(values, at.wanted, strict=True)]  # fmt: skip
        found = [f for f in _compared(at, values) if not (at.way.flat and ", not " in f)]
        if found:
            out.setdefault(str(question), []).extend(f"octave {way}: {f}" for f in found)
    return out


def _matrix(v) -> str:
    """Return an array in Octave's words."""
    v = np.asarray(v)
    flat = v.ndim == 1
    rows = np.atleast_2d(v)
    text = f"zeros({rows.shape[0]}, {rows.shape[1]})" if not v.size and not flat else (
        "[" + "; ".join(" ".join(repr(float(e)) for e in row) for row in rows) + "]"
    )  # fmt: skip
    return f"single({text})" if v.dtype == np.float32 else text


# --------------------------------------------------------------------------------------------------- the whole


def quietly(f, *args, **kwargs):
    """Return what a function returns, its warnings unheard."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f(*args, **kwargs)


def main(words: list[str]) -> int:
    """Go through all problems, print the faults, and count what was not compared."""
    first, stride = ([int(w) for w in words if w.isdigit()] + [0, 1])[:2] if any(w.isdigit() for w in words) else (0, 1)  # fmt: skip
    languages = [w for w in words if w in LANGUAGES] or list(LANGUAGES)
    asked = every()[first::stride]
    skipped: Counter = Counter()
    wrong = 0
    here = [x for x in languages if x != "octave"]
    for question in asked if here else ():
        try:
            found = quietly(faults, question, here, skipped=skipped)
        except Exception as error:  # what a problem raises is a fault of it, too
            found = [f"{type(error).__name__}: {error}"]
        wrong += bool(found)
        if found:
            print(question, *found, sep="\n    ", flush=True)
    if "octave" in languages:
        for k in range(0, len(asked), 40):
            for name, found in quietly(octave_faults, asked[k : k + 40], skipped=skipped).items():
                wrong += 1
                print(name, *found, sep="\n    ", flush=True)
    print(f"{len(asked)} problems in {', '.join(languages)}, {wrong} wrong; not compared:")
    for why, count in sorted(skipped.items()):
        print(f"    {count:5} {why}")
    return int(wrong > 0)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
