"""Code that cannot be traced, executed where its owner asks for it: its gradients against differences of its loss.

Nothing here runs unless `run` is asked: the code is then as free as any program of the person who asks.
"""

from __future__ import annotations

import ast
import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import redirect_stdout
from typing import Any

import numpy as np
from sympy import S

from derive.errors import InputError
from verify.callables.gradients import check_gradient
from verify.trace.arrays import Shape
from verify.trace.cell import Place
from verify.trace.fitting import readings
from verify.trace.gradient_names import variable_of
from verify.trace.subjects import Subject
from verify.verdict import Verdict

#: Sizes that names stand for, one after the other; those that nobody names are all the same, so that products fit.
_SIZES, _FRESH = (4, 3, 5, 2, 6), 3

Found = tuple[str, Place, Verdict]


def run_gradients(
    source: str, tree: ast.Module, subject: Subject, options: Mapping[str, Sequence[Shape]], seed: int
) -> list[Found]:
    """Return the verdicts on the gradients of a function: the variable, the place in the code, and the verdict.

    Raises InputError where the code fails, or hands back nothing that is a loss and a gradient.
    """
    if subject.kind not in ("beside", "both") or subject.items or subject.lists or subject.is_hessian:
        raise InputError("of such code nothing is run: write a function of the loss and one of its gradient")
    names: dict[str, Any] = {"__name__": "cell", "np": np}
    with redirect_stdout(io.StringIO()), np.errstate(all="ignore"):
        try:
            exec(compile(source, "cell", "exec"), names)  # only where its owner asks for it
        except Exception as error:
            raise InputError(f"the code stopped: {type(error).__name__}: {error}") from None
        last = ""
        for shapes in readings(options):
            try:
                found = list(_judged(names, tree, subject, _drawn(shapes, seed), seed))
            except InputError:
                raise
            except Exception as error:
                last = last or f"{type(error).__name__}: {error}"
                continue
            if found:
                return found
    raise InputError(
        f"the code stopped on arrays of every shape that was tried: {last or 'no gradient has the shape of its variable'}"
    )


def _drawn(shapes: Mapping[str, Shape], seed: int) -> dict[str, Any]:
    """Return arrays of normal entries, numbers between 1/2 and 3/2."""
    random = np.random.default_rng(seed)
    named = dict.fromkeys(s.name for shape in shapes.values() for d in shape for s in S(d).free_symbols)
    own = [n for n in named if not n.startswith("size_")]
    values = {n: _SIZES[k % len(_SIZES)] for k, n in enumerate(own)} | {
        n: _FRESH for n in named if n.startswith("size_")
    }
    out: dict[str, Any] = {}
    for name, shape in shapes.items():
        sizes = tuple(int(S(d).subs({s: values[s.name] for s in S(d).free_symbols})) for d in shape)
        out[name] = random.standard_normal(sizes) if sizes else float(random.uniform(0.5, 1.5))
    return out


def _judged(
    names: Mapping[str, Any], tree: ast.Module, subject: Subject, arrays: dict[str, Any], seed: int
) -> Iterator[Found]:
    f = names[subject.loss]
    if subject.kind == "beside":
        g = names[subject.gradient]
        value = g(**{n: _copy(v) for n, v in arrays.items()})
        _number(f(**{n: _copy(v) for n, v in arrays.items()}))
        parts = _parts(value, tree, subject.gradient, arrays)
        place = subject.place
    else:
        both = f(**{n: _copy(v) for n, v in arrays.items()})
        _number(both)
        parts = _parts(both, tree, subject.loss, arrays)
        place = subject.place
    for name, part in parts:
        part = np.asarray(part, dtype=float)
        if part.shape != np.shape(arrays[name]):
            return
        yield name, place, check_gradient(_along(f, arrays, name), part, arrays[name], seed=seed)


def _along(f: Callable[..., Any], arrays: Mapping[str, Any], name: str) -> Callable[[Any], float]:
    def value(x: Any) -> float:
        return _number(f(**{n: _copy(v) for n, v in {**arrays, name: x}.items()}))

    return value


def _copy(value: Any) -> Any:
    return value.copy() if isinstance(value, np.ndarray) else value


def _number(value: Any) -> float:
    """Return the first number in what a function hands back. Raises ValueError."""
    parts = value if isinstance(value, tuple | list) else [value]
    found = next((p for p in parts if np.size(p) == 1 and not isinstance(p, dict)), None)
    if found is None:
        raise ValueError("no number is handed back")
    return float(np.reshape(found, ()))


def _parts(value: Any, tree: ast.Module, function: str, arrays: Mapping[str, Any]) -> list[tuple[str, Any]]:
    """Return the gradients in what is handed back, by variable."""
    items: list[tuple[str, Any]] = []
    for k, part in enumerate(value if isinstance(value, tuple | list) else [value]):
        if isinstance(part, dict):
            items += [(str(key), v) for key, v in part.items()]
        else:
            items.append((_labels(tree, function).get(k, ""), part))
    found: list[tuple[str, Any]] = []
    for label, part in items:
        name = label if label in arrays else variable_of(label, arrays) or variable_of(function, arrays)
        if name is None and np.size(part) > 1:
            taken = {n for n, _ in found}
            name = next(
                (n for n, v in arrays.items() if n not in taken and np.shape(v) == np.shape(part)), None
            )
        if name is not None:
            found.append((name, part))
    return found


def _labels(tree: ast.Module, function: str) -> dict[int, str]:
    """Return the names of what a function hands back, by place."""
    for f in tree.body:
        if isinstance(f, ast.FunctionDef) and f.name == function:
            for n in ast.walk(f):
                if isinstance(n, ast.Return) and isinstance(n.value, ast.Tuple):
                    return {k: e.id for k, e in enumerate(n.value.elts) if isinstance(e, ast.Name)}
                if isinstance(n, ast.Return) and isinstance(n.value, ast.Name):
                    return {0: n.value.id}
    return {}
