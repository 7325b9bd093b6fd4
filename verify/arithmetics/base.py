"""What an arithmetic offers the evaluator, and the linear algebra that needs ring operations only.

Every value is a 2-D array: a NumPy array whose entries know their own arithmetic (floats, residues, rationals,
balls), or a `Dual` or `Degree`, which offer the same operators. A scalar is 1 x 1 and broadcasts.
"""

from __future__ import annotations

from contextlib import AbstractContextManager, nullcontext
from fractions import Fraction
from typing import Any, ClassVar

import numpy as np

from verify.arithmetics.dual import Dual, concrete

Array = Any  # np.ndarray | Dual | Degree: whatever offers + - * / @ T shape reshape and indexing


#: Why an inverse is undefined.
SINGULAR = "a singular matrix"


class Undefined(ArithmeticError):
    """The expression has no value (or no derivative) at this point: draw another one."""


class OutsideDomain(Undefined):
    """The expression has no real value at this point, for certain: no error of a computation makes it seem so."""


class Abstain(Exception):
    """This arithmetic cannot say what the value is, and says why."""


class Unknown:
    """An entry whose value this arithmetic cannot say, but which is some fixed number.

    Zero times it is zero, so that it vanishes from results that do not depend on it: the logarithm of a residue
    is unknown, and its derivative is not. Everything else it touches is unknown too. A result that still holds
    one raises `error(reason)`.
    """

    __slots__ = ("error", "reason")

    def __init__(self, reason: str, error: type[Exception] = Abstain) -> None:
        self.reason, self.error = reason, error

    def _other(self, other: Any) -> Unknown:
        return self

    def __mul__(self, other: Any) -> Any:
        return other if not isinstance(other, Unknown) and other == 0 else self

    __add__ = __radd__ = __sub__ = __rsub__ = __truediv__ = __rtruediv__ = __pow__ = __rpow__ = _other
    __rmul__ = __mul__

    def __neg__(self) -> Unknown:
        return self

    __abs__ = __pos__ = __neg__


class Arithmetic:
    """Numbers of one kind, and the functions of them; subclasses say which.

    The methods here are those that follow from ring operations alone, so that they hold for dual numbers over
    any arithmetic as well.
    """

    name: str = ""
    dtype: Any = object
    #: The functions of a whole matrix that this arithmetic knows, by the name of their kernel.
    kernels: ClassVar[dict[str, Any]] = {}
    #: Whether its numbers are larger and smaller.
    ordered: ClassVar[bool] = True

    def context(self) -> AbstractContextManager[Any]:
        """Return the context in which this arithmetic computes (its precision)."""
        return nullcontext()

    @property
    def words(self) -> str:
        """Return what the arithmetic is called in a sentence."""
        return self.name

    def number(self, q: Fraction | int) -> Any:
        """Return a rational number as an entry."""
        raise Abstain(f"{self.name} holds no numbers")

    def constant(self, name: str) -> Any:
        """Return pi or e as an entry."""
        return Unknown(f"{name} has no value in {self.words}")

    def array(self, x: Any) -> Array:
        """Return numbers (one, a list for a column, nested lists, an array) as a 2-D array of entries."""
        if isinstance(x, Dual):
            return x
        raw = np.asarray(x, dtype=object)
        raw = raw.reshape(1, 1) if raw.ndim == 0 else raw.reshape(-1, 1) if raw.ndim == 1 else raw
        return self._entries(raw)

    def _entries(self, raw: np.ndarray) -> Array:
        out = np.empty(raw.shape, dtype=object)
        numbers = {int: self.number, Fraction: self.number, bool: self.number, float: self._of_float}
        out.reshape(-1)[:] = [numbers.get(type(e), self._of_other)(e) for e in raw.reshape(-1).tolist()]
        return out

    def _of_other(self, e: Any) -> Any:
        """Return an entry that is NumPy's number, or one of this arithmetic already."""
        return self._entries(np.array(e.item(), dtype=object)).item() if isinstance(e, np.generic) else e

    def _of_float(self, e: float) -> Any:
        return self.number(Fraction(e))

    def full(self, shape: tuple[int, int], q: Fraction | int) -> Array:
        """Return the array of the given shape whose entries are all q."""
        out = np.empty(shape, dtype=self.dtype)
        out[...] = self.number(q)
        return out

    def eye(self, n: int) -> Array:
        """Return the n x n identity."""
        out = self.full((n, n), 0)
        out[range(n), range(n)] = self.number(1)
        return out

    # ------------------------------------------------------------------------------------- functions

    def apply(self, function: str, x: Array) -> Array:
        """Return an elementary function of every entry; of dual numbers, by the chain rule."""
        if isinstance(x, Dual):
            value = self.apply(function, x.value)
            return Dual(value, DERIVATIVES[function](self, x.value, value) * x.tangent)
        return self._apply(function, x)

    def _apply(self, function: str, x: Array) -> Array:
        return self.unknown(x.shape, f"{function} has no value in {self.words}")

    def unknown(self, shape: tuple[int, ...], reason: str, error: type[Exception] = Abstain) -> Array:
        """Return an array of entries that nothing is known about."""
        out = np.empty(shape, dtype=object)
        out[...] = Unknown(reason, error)
        return out

    def power(self, x: Array, exponent: Fraction | int) -> Array:
        """Return every entry raised to a rational number."""
        exponent = int(exponent) if exponent == int(exponent) else exponent
        if exponent == 0:
            return self.full(x.shape, 1)
        if isinstance(x, Dual):
            slope = self.full((1, 1), exponent) * self.power(x.value, exponent - 1)
            return Dual(self.power(x.value, exponent), slope * x.tangent)
        if isinstance(exponent, int) and exponent > 0:
            return x**exponent
        return self._power(x, exponent)

    def _power(self, x: Array, exponent: Fraction | int) -> Array:
        if not isinstance(exponent, int):
            return self.unknown(x.shape, f"a power {exponent} has no value in {self.words}")
        try:
            return 1 / x**-exponent
        except ZeroDivisionError:
            raise Undefined("a division by zero") from None

    def general_power(self, x: Array, y: Array) -> Array:
        """Return every entry of x raised to the entries of y, for positive x."""
        return self.apply("exp", y * self.apply("log", x))

    # -------------------------------------------------------------------------------- linear algebra

    def nonzero(self, e: Any) -> float:
        """Return how well an entry serves as a pivot: 0 where it may be zero."""
        if isinstance(e, Unknown):
            raise e.error(e.reason)
        return 0.0 if e == 0 else 1.0

    def inverse(self, x: Array) -> Array:
        """Return the inverse of a square array."""
        return self.eliminate(x)[0]

    def determinant(self, x: Array) -> Array:
        """Return the 1 x 1 determinant of a square array."""
        try:
            return self.eliminate(x, inverse=False)[1]
        except (Undefined, Abstain):
            return self.determinant_without_division(x)

    def eliminate(self, x: Array, inverse: bool = True) -> tuple[Array, Array]:
        """Return the inverse and the determinant by Gauss-Jordan elimination with row pivoting."""
        n = x.shape[0]
        unit = self.eye(n)
        right, det = unit, self.full((1, 1), 1)
        for k in range(n):
            column = [self.nonzero(e) for e in concrete(x)[k:, k]]
            best = max(range(n - k), key=column.__getitem__)
            if not column[best]:
                raise Undefined(SINGULAR)
            if best:
                order = list(range(n))
                order[k], order[k + best] = k + best, k
                x, right, det = x[order], right[order], -det
            pivot = x[k : k + 1, k : k + 1]
            det = det * pivot
            # Row k is divided by the pivot and every other row loses its multiple of it, in one update.
            multiple = (x[:, k : k + 1] - unit[:, k : k + 1]) / pivot
            if inverse:
                right = right - multiple * right[k : k + 1]
            x = x - multiple * x[k : k + 1]
        return right, det

    def determinant_without_division(self, x: Array) -> Array:
        """Return the determinant by ring operations alone (Bird 2011), which singular matrices allow too."""
        n = x.shape[0]
        upper, below = np.triu(np.ones((n, n), dtype=int), 1), -np.triu(np.ones((n, n), dtype=int), 1)
        ring_upper, ring_below, unit = self.array(upper), self.array(below), self.eye(n)
        f = x
        for _ in range(n - 1):
            diagonal = (f * unit) @ self.full((n, 1), 1)
            f = (f * ring_upper + (ring_below @ diagonal) * unit) @ x
        return f[:1, :1] if n % 2 else -f[:1, :1]

    def adjugate(self, x: Array) -> Array:
        """Return the adjugate of a square array, which singular matrices have too (Faddeev and Le Verrier).

        With M_1 = I and M_(k+1) = X M_k - tr(X M_k)/k I, the last one, M_n, is (-1)^(n-1) adj X.
        """
        try:
            return self.determinant(x) * self.inverse(x)
        except (Undefined, Abstain):
            pass
        n, unit = x.shape[0], self.eye(x.shape[0])
        out = unit
        for k in range(1, n):
            product = x @ out
            trace = self.full((1, n), 1) @ (product * unit) @ self.full((n, 1), 1)
            out = product - trace * self.full((1, 1), Fraction(1, k)) * unit
        return out if n % 2 else -out

    def matrix_power(self, x: Array, k: int) -> Array:
        """Return a square array to an integer power."""
        if k < 0:
            x, k = self.inverse(x), -k
        out = None
        while k:
            if k & 1:
                out = x if out is None else out @ x
            x, k = (x @ x if k > 1 else x), k >> 1
        return self.eye(x.shape[0]) if out is None else out

    def pseudo_inverse(self, x: Array) -> Array:
        """Return the Moore-Penrose inverse of an array of full rank."""
        if x.shape[0] >= x.shape[1]:
            return self.inverse(x.T @ x) @ x.T
        return x.T @ self.inverse(x @ x.T)

    def expm(self, x: Array) -> Array:
        """Return the matrix exponential."""
        return self.matrix_function("expm", x)

    def indicator_of_largest(self, x: Array) -> Array:
        """Return 1 at the largest entry of every row, 0 elsewhere. Raises Undefined where it is not told apart."""
        if not self.ordered or any(isinstance(e, Unknown) for e in x.reshape(-1)):
            return self.unknown(x.shape, f"larger and smaller have no meaning in {self.words}")
        places = np.zeros(x.shape, dtype=int)
        for i, row in enumerate(x):
            above = [
                j for j, e in enumerate(row) if all(_real(e) > _real(f) for k, f in enumerate(row) if k != j)
            ]
            if not above:
                raise Undefined("two largest entries that are not told apart")
            places[i, above[0]] = 1
        return self.array(places)

    def matrix_function(self, kernel: str, x: Array) -> Array:
        """Return a primary function of a square array, such as the exponential, by its kernel.

        A matrix of dual numbers X + tE is the block matrix [[X, E], [0, X]] over the base: the two rings are
        isomorphic, so that a power series in one is the same power series in the other.
        """
        if isinstance(x, Dual):
            return _from_blocks(self.matrix_function(kernel, _to_blocks(self, x)), x)
        entry = next((e for e in x.flat if isinstance(e, Unknown)), None)
        if entry is not None:
            return self.unknown(
                x.shape, f"{kernel} of a matrix that is not known: {entry.reason}", entry.error
            )
        at = self.kernels.get(kernel)
        return at(self, x) if at else self.unknown(x.shape, f"{kernel} has no value in {self.words}")

    def eigenpair(self, x: Array, i: int) -> tuple[Array, Array]:
        """Return the i-th smallest eigenvalue of an array, 1 x 1, and its eigenvector v, n x 1.

        v'v = 1, and `orientation` chooses the sign of v. Raises Undefined where eigenvalues are not told apart.
        """
        n = x.shape[0]
        if i > n:
            raise Undefined(f"eigenvalue {i} of a {n} x {n} matrix")
        if not isinstance(x, Dual):
            return self._eigenpair(x, i)
        # One Newton step on X v - v λ = 0, v'v = 1 from the pair at t = 0, which is exact where t² = 0.
        value, v = self.eigenpair(x.value, i)
        wide, last = self.eye(n + 1)[:, :n], self.eye(n + 1)[:, n:]
        slope = wide @ (x.value - value * self.eye(n)) @ wide.T - (wide @ v) @ last.T + last @ (wide @ v).T
        step = self.inverse(slope) @ (wide @ (-(x.tangent @ v)))
        return Dual(value, step[n:]), Dual(v, step[:n])

    def _eigenpair(self, x: np.ndarray, i: int) -> tuple[Array, Array]:
        reason = f"eigenvalues have no value in {self.words}"
        return self.unknown((1, 1), reason), self.unknown((x.shape[0], 1), reason)

    def orientation(self, v: np.ndarray) -> int:
        """Return the sign of the first real entry that is larger than nine tenths of the largest in size."""
        sizes = [10 * abs(e) for e in v.flat]
        nine = [9 * abs(e) for e in v.flat]
        for e, size in zip(v.flat, sizes, strict=True):
            if all(size > other for other in nine):
                return 1 if e > 0 else -1
            if not any(size < other for other in nine):
                break  # a ball that is too wide to tell
        raise Undefined("an eigenvector whose sign is not known")

    # --------------------------------------------------------------------------------------- results

    def check(self, x: Array, derivative_only: bool = False) -> Array:
        """Return the array if its entries are known and finite, else raise Abstain or Undefined.

        Of dual numbers the derivative has to be known; a value may be unknown, but not undefined.
        """
        if isinstance(x, Dual):
            return Dual(self.check(x.value, True), self.check(x.tangent, derivative_only))
        for e in x.reshape(-1):
            if isinstance(e, Unknown):
                if not (derivative_only and e.error is Abstain):
                    raise e.error(e.reason)
            elif not self.finite(e):
                raise Undefined("no finite value")
        return x

    def finite(self, e: Any) -> bool:
        """Return whether an entry is a number."""
        return True


def _real(e: Any) -> Any:
    return e.real if isinstance(e, complex) else e


def _pi(arithmetic: Arithmetic) -> np.ndarray:
    pi = np.empty((1, 1), dtype=arithmetic.dtype)
    pi[0, 0] = arithmetic.constant("pi")
    return pi


#: f'(x), from x and y = f(x), in terms of f and ring operations: elementary calculus of one variable.
DERIVATIVES: dict[str, Any] = {
    "exp": lambda a, x, y: y,
    "log": lambda a, x, y: a.power(x, -1),
    "log_abs": lambda a, x, y: a.power(x, -1),
    "sin": lambda a, x, y: a.apply("cos", x),
    "cos": lambda a, x, y: -a.apply("sin", x),
    "tan": lambda a, x, y: 1 + y * y,
    "sinh": lambda a, x, y: a.apply("cosh", x),
    "cosh": lambda a, x, y: a.apply("sinh", x),
    "tanh": lambda a, x, y: 1 - y * y,
    "asin": lambda a, x, y: a.power(1 - x * x, Fraction(-1, 2)),
    "acos": lambda a, x, y: -a.power(1 - x * x, Fraction(-1, 2)),
    "atan": lambda a, x, y: a.power(1 + x * x, -1),
    "erf": lambda a, x, y: 2 * a.power(_pi(a), Fraction(-1, 2)) * a.apply("exp", -(x * x)),
    "lgamma": lambda a, x, y: a.apply("digamma", x),
    "digamma": lambda a, x, y: a.apply("trigamma", x),
    "trigamma": lambda a, x, y: a.apply("tetragamma", x),
    "tetragamma": lambda a, x, y: a.apply("pentagamma", x),
    "abs": lambda a, x, y: a.apply("sign", x) + a.apply("kink", x),
    "sign": lambda a, x, y: a.apply("kink", x),
    "relu": lambda a, x, y: a.apply("step", x) + a.apply("kink", x),
    "step": lambda a, x, y: a.apply("kink", x),
    # kink is 0 away from 0 and unknown at 0: it marks where abs and sign have no derivative.
    "kink": lambda a, x, y: a.apply("kink", x),
}


def _to_blocks(arithmetic: Arithmetic, x: Array) -> np.ndarray:
    if not isinstance(x, Dual):
        return x
    value, tangent = _to_blocks(arithmetic, x.value), _to_blocks(arithmetic, x.tangent)
    if tangent.shape != value.shape:  # a constant direction inside nested dual numbers
        tangent = np.kron(arithmetic.eye(value.shape[0] // tangent.shape[0]), tangent)
    return np.block([[value, tangent], [arithmetic.full(value.shape, 0), value]])


def depth(x: Array) -> int:
    """Return how many dual units are nested in an array."""
    return 1 + max(depth(x.value), depth(x.tangent)) if isinstance(x, Dual) else 0


def lifted(arithmetic: Arithmetic, x: Array, units: int) -> Array:
    """Return an array as one of `units` nested dual units; it is constant in those that it lacks."""
    if not units:
        return x
    parts = (x.value, x.tangent) if isinstance(x, Dual) else (x, arithmetic.full(x.shape, 0))
    return Dual(*[lifted(arithmetic, part, units - 1) for part in parts])


def _from_blocks(blocks: np.ndarray, like: Array) -> Array:
    if not isinstance(like, Dual):
        return blocks
    n = blocks.shape[0] // 2
    return Dual(_from_blocks(blocks[:n, :n], like.value), _from_blocks(blocks[:n, n:], like.value))
