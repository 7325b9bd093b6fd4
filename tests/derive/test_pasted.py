"""Questions as people paste them, without declarations: that they are read as what their authors mean.

A line of `data/pasted.jsonl`: the text, the variable, what is asked for (a gradient where nothing is said), the values
(shapes under the sizes below; !pos positive, !frac between 0 and 1, !spd positive definite, !sym symmetric, !near near the identity, !prob
summing to one, !pm signs, !01 zeros and ones; n=4 gives a size or an index its value), and the function as an
expression of NumPy. The value of every text is compared at a random point, the derivative of a part of them with
differences. `python -m tests.derive.test_pasted` goes through the derivatives of all.
"""

import json
import random
import re
import sys
import warnings
from pathlib import Path

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import derive
from derive.language.formula import name_of
from verify.evaluate import evaluate

ROWS = [json.loads(line) for line in (Path(__file__).parent / "data" / "pasted.jsonl").open(encoding="utf-8")]
SAMPLE = 40
SIZES = {"n": 4, "m": 3, "N": 6, "p": 2, "k": 5, "d": 3, "q": 2, "r": 3, "K": 3, "c": 3, "h": 3, "T": 3}
NUMPY = {
    "np": np, "scipy": scipy, "inv": np.linalg.inv, "tr": np.trace, "det": np.linalg.det, "norm": np.linalg.norm,
    "logdet": lambda x: np.linalg.slogdet(x)[1], "sig": scipy.special.expit, "softmax": scipy.special.softmax,
    "softr": lambda x: scipy.special.softmax(x, axis=1), "lse": scipy.special.logsumexp, "S": sum, "I": np.eye,
    "relu": lambda x: np.maximum(x, 0), "expm": scipy.linalg.expm, "gammaln": scipy.special.gammaln,
}  # fmt: skip


def _drawn(spec, rng):
    shape, _, tag = spec.partition("!")
    if shape.strip() == "scalar":
        low, high = {"pos": (0.4, 1.6), "frac": (0.2, 0.8)}.get(tag, (-2.0, 2.0))
        return float(rng.uniform(low, high))
    sides = [SIZES.get(s) or int(s) for s in shape.strip().split(" x ")]
    x = rng.normal(size=[*sides, 1][:2])
    made = {
        "pos": lambda: np.abs(x) + 0.3,
        "spd": lambda: x @ x.T / len(x) + np.eye(len(x)),
        "sym": lambda: (x + x.T) / 2,
        "prob": lambda: scipy.special.softmax(x),
        "pm": lambda: np.where(x > 0, 1.0, -1.0),
        "01": lambda: (x > -0.3) * 1.0,
        "near": lambda: np.eye(*x.shape) + 0.2 * x,
    }
    return made[tag]() if tag else x


def point(row, seed=5):
    """Return the values of the variables, and those of sizes and indices."""
    rng = np.random.default_rng(seed)
    values, sizes = {}, {}
    for part in row["values"].split(", "):
        if "=" in part:
            name, value = part.split("=")
            sizes[name] = int(value)
            continue
        name, _, spec = part.partition(": ")
        values[name] = _drawn(spec, rng)
        sizes |= {
            s: SIZES[s]
            for s in re.findall(r"[A-Za-z]\w*", spec.split("!")[0])
            if s in SIZES and s not in sizes
        }
    return values, sizes


def meant(row, values, sizes):
    """Return what the author means at some values, by NumPy."""
    names = {("lambda_" if n == "lambda" else n): v for n, v in values.items()}
    return np.atleast_2d(np.asarray(eval(row["numpy"], {**NUMPY, **sizes, **names}), float))


def differences(row, values, sizes):
    """Return the derivative by central differences, extrapolated: a gradient, or the columns of a Jacobian."""
    name = row["wrt"]
    x = np.atleast_2d(np.asarray(values[name], float))
    columns = []
    for place in np.ndindex(x.shape[::-1]):
        slopes = []
        for h in (2e-3, 1e-3):
            ends = []
            for sign in (1, -1):
                moved = x.copy()
                moved[place[::-1]] += sign * h
                at = {**values, name: moved if np.ndim(values[name]) else float(moved[0, 0])}
                ends.append(meant(row, at, sizes).reshape(-1, order="F"))
            slopes.append((ends[0] - ends[1]) / (2 * h))
        columns.append((4 * slopes[1] - slopes[0]) / 3)
    jacobian = np.stack(columns, axis=1)
    return jacobian if row.get("kind") == "jacobian" else jacobian.reshape(x.shape, order="F")


def error_of_derivative(row):
    """Return how far the printed code is from differences, relative to their size."""
    values, sizes = point(row)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        given = {key: row[key] for key in ("where", "assume") if key in row}
        d = getattr(derive, row.get("kind", "gradient"))(row["expr"], row["wrt"], **given)
    space = {}
    exec(d.to_dict()["numpy"], space)
    code = space["f"].__code__
    names = code.co_varnames[: code.co_argcount]
    got = np.atleast_2d(
        space["f"](**{n: v for n, v in {**sizes, **values}.items() if n in names or code.co_flags & 8})
    )
    want = differences({**row, "wrt": name_of(row["wrt"])}, values, sizes)
    if got.shape != want.shape:
        got = got.reshape(want.shape, order="F")
    return float(np.abs(got - want).max() / (np.abs(want).max() + 1e-3))


@pytest.mark.parametrize("row", ROWS, ids=lambda row: row["expr"][:40])
def test_a_text_is_read_as_what_its_author_means(row):
    values, sizes = point(row)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        problem = derive.parse(
            row["expr"], row.get("where"), row.get("assume"), row["wrt"], row.get("kind") != "jacobian"
        )
    named = {p.split("=")[0] for p in row["values"].split(", ") if "=" in p}
    at = {n: v for n, v in {**sizes, **values}.items() if n in problem.symbols}
    got = evaluate(problem.expr, at, {n: v for n, v in sizes.items() if n in named})
    want = meant(row, values, sizes)
    assert got.shape == want.shape
    assert np.allclose(got, want, rtol=1e-7, atol=1e-9)


@pytest.mark.parametrize(
    "row",
    random.Random(3).sample([r for r in ROWS if r.get("kind") != "hessian"], SAMPLE),
    ids=lambda row: row["expr"][:40],
)
def test_its_derivative_has_the_slopes_of_what_is_meant(row):
    assert error_of_derivative(row) < 1e-6


def main() -> int:
    """Go through the derivatives of all; print those that are not right."""
    wrong = 0
    for row in ROWS:
        if row.get("kind") == "hessian":
            continue
        try:
            error = error_of_derivative(row)
        except Exception as caught:
            error, said = 1.0, f"{type(caught).__name__}: {str(caught).splitlines()[0]}"
        else:
            said = f"by {error:.1e}"
        if error >= 1e-6:
            wrong += 1
            print(f"{row['expr'][:70]:70} {said}")
    print(f"{len(ROWS) - wrong} of {len(ROWS)} right")
    return wrong > 0


if __name__ == "__main__":
    sys.exit(main())
