"""The complex step: for an analytic f, real on the reals, Im f(x + i h e) / h is the derivative along e.

There is no difference, hence no cancellation, and h may be 1e-30: the result is as accurate as f itself (Squire and
Trapp, SIAM Rev. 40 (1998) 110-112). It is worthless where f is not analytic: an `abs`, a conjugate, a comparison
or a cast to real changes or drops the imaginary part without a word. Therefore f is watched: its argument is an
array that notes each NumPy operation which is not known to be analytic, and whose trail breaks if f takes it
elsewhere. Only a clean trail is trusted.
"""

from __future__ import annotations

import contextlib
import warnings
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from typing import Any

import numpy as np
from numpy.typing import NDArray

Floats = NDArray[np.float64]

#: Far below rounding, so that h^2 vanishes, and far above underflow.
STEP = 2.0**-100
#: Below this, floats lose digits.
_UNDERFLOW = float(np.finfo(float).tiny) / float(np.finfo(float).eps)

ANALYTIC_UFUNCS = frozenset(
    """add subtract multiply divide true_divide negative positive power float_power square reciprocal sqrt exp exp2
    expm1 log log2 log10 log1p sin cos tan arcsin arccos arctan sinh cosh tanh arcsinh arccosh arctanh matmul
    expit erf""".split()
)
ANALYTIC_FUNCTIONS = frozenset(
    """sum prod mean dot matmul inner outer tensordot einsum trace transpose reshape ravel squeeze expand_dims
    concatenate stack hstack vstack kron diag diagonal cumsum cumprod inv solve det matrix_power multi_dot broadcast_to
    swapaxes moveaxis roll flip tile repeat tril triu copy shape size ndim zeros_like ones_like empty_like""".split()
)


#: Functions of a matrix whose rounding errors grow with its condition number.
SOLVERS = frozenset("inv solve det slogdet cholesky lstsq pinv tensorsolve tensorinv".split())


@dataclass
class Trail:
    """What was done to a watched array: operations not known to be analytic, and the worst condition number met."""

    unknown: set[str] = field(default_factory=set)
    condition: float = 1.0


class _Watched(np.ndarray):
    """An array that notes on its trail what is done to it."""

    trail: Trail

    def __array_finalize__(self, parent: Any) -> None:
        self.trail = getattr(parent, "trail", None) or Trail()

    def __array_ufunc__(self, ufunc: np.ufunc, method: str, *inputs: Any, **kwargs: Any) -> Any:
        if ufunc.__name__ not in ANALYTIC_UFUNCS or method not in (
            "__call__",
            "reduce",
            "accumulate",
            "outer",
        ):
            self.trail.unknown.add(ufunc.__name__)
        plain = [np.asarray(a) if isinstance(a, _Watched) else a for a in inputs]
        if "out" in kwargs:
            if not all(isinstance(a, _Watched) for a in kwargs["out"]):
                self.trail.unknown.add("out=")
            kwargs["out"] = tuple(np.asarray(a) for a in kwargs["out"])
        result = getattr(ufunc, method)(*plain, **kwargs)
        if isinstance(result, tuple):
            return tuple(watch(part, self.trail) for part in result)
        return watch(result, self.trail)

    def __array_function__(self, func: Any, types: Any, args: Any, kwargs: Any) -> Any:
        if func.__name__ not in ANALYTIC_FUNCTIONS:
            self.trail.unknown.add(func.__name__)
        if func.__name__ in SOLVERS and args:
            self.trail.condition = max(
                self.trail.condition, float(np.max(np.linalg.cond(np.asarray(args[0]))))
            )
        result = super().__array_function__(func, types, args, kwargs)
        return watch(result, self.trail) if isinstance(result, np.ndarray | np.number) else result

    def __getitem__(self, key: Any) -> Any:
        return watch(np.asarray(self)[key], self.trail)

    def __iter__(self) -> Iterator[Any]:
        return (self[i] for i in range(len(self)))

    def __getattribute__(self, name: str) -> Any:
        if name in ("real", "imag", "item", "tolist"):
            super().__getattribute__("trail").unknown.add(name)
            return getattr(np.asarray(self), name)
        return super().__getattribute__(name)

    def astype(self, dtype: Any, *args: Any, **kwargs: Any) -> Any:
        if np.iscomplexobj(np.asarray(self)) and not np.issubdtype(np.dtype(dtype), np.complexfloating):
            raise TypeError("a complex array cannot become a real one")
        return super().astype(dtype, *args, **kwargs)

    def __float__(self) -> float:
        return float(self.item())

    def __complex__(self) -> complex:
        return complex(self.item())


def watch(array: Any, trail: Trail) -> Any:
    """Return the array as one that leaves this trail; bools and integers as they are."""
    plain = np.asarray(array)
    if plain.dtype.kind not in "fc":
        return array
    watched = plain.view(_Watched)
    watched.trail = trail
    return watched


def condition_number(
    f: Callable[[Any], Any], unflatten: Callable[[NDArray[Any]], Any], flat: Floats
) -> float:
    """Return the largest condition number of a matrix that f inverts, factors or solves with; 1 where none is seen.

    Rounding errors that stem from fixed data are the same at every point near x, so that no difference betrays them; the
    condition number does.
    """
    trail = Trail()
    with contextlib.suppress(Exception), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        f(unflatten(watch(flat.copy(), trail)))
    return trail.condition if np.isfinite(trail.condition) else 1 / float(np.finfo(float).eps)


@dataclass(frozen=True)
class ComplexStep:
    """The derivatives along the entries asked for, their error, and, where not to be trusted, why not.

    `errors` allows for rounding of the largest entry, `own` for that of each entry by itself.
    """

    values: Floats
    errors: Floats
    own: Floats
    distrust: str = ""


def complex_step(
    f: Callable[[Any], Any],
    unflatten: Callable[[NDArray[Any]], Any],
    flat: Floats,
    entries: Iterable[int],
    centre: float,
    rng: np.random.Generator,
    late: Callable[[], bool] = lambda: False,
) -> ComplexStep:
    """Return df/dx_i for the entries of the flat vector x, by a complex step each.

    `unflatten` makes f's argument, of watched arrays, out of a flat one. The error is estimated from two
    repetitions at points a few units in the last place away: a backward stable f answers within such a shift.
    """
    nothing = np.zeros(0)
    wanted = list(entries)
    trail = Trail()
    runs = []
    shifts = [
        np.zeros(flat.size),
        *(rng.choice([-2.0, 2.0], flat.size) * np.finfo(float).eps for _ in range(2)),
    ]
    for shift in shifts:
        point = flat * (1 + shift)
        row = np.empty(len(wanted))
        for k, i in enumerate(wanted):
            if late():
                return ComplexStep(nothing, nothing, nothing, "there was no time left for it")
            h = STEP * max(abs(flat[i]), 1.0)
            z = point.astype(complex)
            z[i] += 1j * h
            try:
                with warnings.catch_warnings(), np.errstate(all="ignore"):
                    warnings.simplefilter("error", category=getattr(np, "exceptions", np).ComplexWarning)
                    out = f(unflatten(watch(z, trail)))
            except Exception as error:
                return ComplexStep(
                    nothing, nothing, nothing, f"f does not take complex numbers ({type(error).__name__})"
                )
            if trail.unknown:
                said = ", ".join(sorted(trail.unknown))
                return ComplexStep(nothing, nothing, nothing, f"f is not analytic: it uses {said}")
            if not isinstance(out, _Watched) or out.size != 1:
                return ComplexStep(nothing, nothing, nothing, "f takes its argument out of NumPy's sight")
            value = complex(np.asarray(out).reshape(()))
            if not np.isfinite(value) or abs(value.real - centre) > 1e-6 * max(abs(centre), abs(value)):
                return ComplexStep(nothing, nothing, nothing, "f gives another value for complex numbers")
            if 0 < abs(centre) < _UNDERFLOW / STEP and abs(value.imag) < _UNDERFLOW:
                return ComplexStep(
                    nothing, nothing, nothing, "f is so small here that its imaginary part underflows"
                )
            row[k] = value.imag / h
        runs.append(row)
    scatter = np.max(np.abs(np.stack(runs[1:]) - runs[0]), axis=0)
    largest = float(np.max(np.abs(runs[0]), initial=0.0))
    eps = float(np.finfo(float).eps)
    own = 16 * (scatter + eps * np.abs(runs[0]))
    return ComplexStep(runs[0], 16 * (scatter + eps * largest), own)
