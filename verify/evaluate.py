"""The one evaluator: an expression's value over any arithmetic.

An expression is laid out once as a list of steps, every shared subexpression once, and the list is then run
over floats, residues, rationals, balls, dual numbers or degree bounds. What a function *is* comes from its
`definition`; no rule of differentiation is known here. Derivatives come from dual numbers as values.

A value is a 2-D array; a scalar is 1 x 1.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from fractions import Fraction
from functools import cache, lru_cache, reduce
from math import factorial
from typing import Any, NamedTuple

import numpy as np
from sympy import Abs, Integer, MatrixSymbol, Pow, Rational, S, Symbol, log, pi
from sympy.core.basic import Basic

from derive.errors import InputError
from derive.expression.elementwise import ENTRY
from derive.expression.operation import Operation, kind
from derive.expression.walk import CONSTANTS, parts, post_order
from derive.language.text import join_terms, to_text
from derive.operations import record
from derive.operations.unfold import definition
from derive.operations.unknown import KERNEL
from verify.arithmetics import ties
from verify.arithmetics.base import DERIVATIVES, Abstain, Arithmetic, Array, Undefined, depth, lifted
from verify.arithmetics.dual import Dual
from verify.arithmetics.floats import FLOAT
from verify.arithmetics.generic import GENERIC
from verify.arithmetics.rectified import rectified

__all__ = ["Abstain", "Environment", "Undefined", "evaluate", "size_of"]


def evaluate(
    expr: Basic,
    values: Mapping[str, Any],
    sizes: Mapping[str, int] | None = None,
    arithmetic: Arithmetic = FLOAT,
) -> Array:
    """Return the value of an expression as a 2-D array (1 x 1 for a scalar).

    `values` maps names to numbers, lists, NumPy arrays (a 1-D one is a column), arrays of the arithmetic's own
    entries, or `Dual` arrays, which carry derivatives through. `sizes` maps the names of symbolic sizes to
    integers; those that can be read off the values may be left out.

    Raises InputError where a value is missing or has the wrong shape, Undefined where the expression has no
    value at this point (a singular inverse, the logarithm of a negative number), and Abstain where the
    arithmetic cannot say it (exp in a prime field).
    """
    known = {str(name): n for name, n in (sizes or {}).items()}
    with arithmetic.context():
        arrays = {name: arithmetic.array(v) for name, v in values.items()}
        environment = Environment(arithmetic, arrays, infer_sizes(expr, arrays, known))
        return arithmetic.check(environment.run(expr))


def infer_sizes(expr: Basic, arrays: Mapping[str, Array], sizes: Mapping[str, int]) -> dict[str, int]:
    """Return the sizes with those added that the shapes of the values say."""
    out = dict(sizes)
    for symbol in (step.node for step in layout(expr)):
        if isinstance(symbol, MatrixSymbol) and symbol.name in arrays:
            for dim, n in zip(symbol.shape, arrays[symbol.name].shape, strict=True):
                if dim.is_Symbol:
                    out.setdefault(dim.name, n)
    return out


#: The degree of the polynomials that unknown functions are checked with.
DEGREE_OF_UNKNOWN = 9


def coefficients(symbol: str) -> str:
    """Return the name under which values hold the coefficients of the polynomial that stands for an unknown function."""
    return f"{symbol}(t)"


def is_coefficients(name: str) -> bool:
    """Tell whether a name is that of the coefficients of an unknown function."""
    return name.endswith("(t)")


def polynomial(c: Array) -> str:
    """Return the polynomial Σ c_j t^j/j! with rational coefficients as text."""
    terms = [(Fraction(str(e)) / factorial(j), j) for j, e in enumerate(c) if e != 0]
    shown = [
        (q < 0, "*".join([*([str(abs(q))] if abs(q) != 1 or not j else []), *(["t" if j == 1 else f"t^{j}"] if j else [])]))
        for q, j in terms
    ]  # fmt: skip
    return join_terms(shown) if shown else "0"


def size_of(dim: Any, sizes: Mapping[str, int]) -> int:
    """Return a symbolic size (n, 3, m*n) as an integer."""
    if dim.is_Symbol and dim.name in sizes:
        return sizes[dim.name]
    known = {s: Integer(sizes[s.name]) for s in dim.free_symbols if s.name in sizes}
    n = dim.xreplace(known) if known else dim
    if not n.is_Integer:
        missing = ", ".join(sorted(s.name for s in n.free_symbols))
        raise InputError(f"the size {missing} is not known: no value has it as a dimension")
    return int(n)


class Environment:
    """What the names of an expression stand for while it is evaluated over one arithmetic."""

    def __init__(
        self,
        arithmetic: Arithmetic,
        values: Mapping[str, Array],
        sizes: Mapping[str, int],
        bound: Mapping[Symbol, Array] | None = None,
    ) -> None:
        self.arithmetic, self.values, self.sizes, self.bound = arithmetic, values, sizes, bound or {}

    def run(self, expr: Basic) -> Array:
        """Return the value of an expression; its entries may still be unknown."""
        results: list[Array] = []
        for step in layout(expr):
            results.append(step.compute(self, step.node, *[results[i] for i in step.arguments]))
        return results[-1]

    def size(self, dim: Any) -> int:
        """Return a size as an integer."""
        return size_of(dim, self.sizes)

    def shape(self, node: Any) -> tuple[int, int]:
        """Return the shape of a matrix expression in integers."""
        return self.size(node.shape[0]), self.size(node.shape[1])

    def exact(self, expr: Basic) -> Fraction | None:
        """Return an expression of numbers and sizes as a rational number, None for any other."""
        if expr.is_Rational:
            return Fraction(int(expr.p), int(expr.q))
        if expr.is_Float:
            return self.exact(Rational(expr))
        symbols = expr.free_symbols
        known = {
            s: Integer(self.sizes[s.name])
            for s in symbols
            if s.name in self.sizes and s.name not in self.values
        }
        return self.exact(expr.xreplace(known)) if symbols and len(known) == len(symbols) else None


# ------------------------------------------------------------------------------------------ the layout


class Instruction(NamedTuple):
    """One subexpression: how it is computed, and from which earlier steps."""

    node: Basic
    compute: Callable[..., Array]
    arguments: tuple[int, ...]


def layout(expr: Basic) -> tuple[Instruction, ...]:
    """Return the instructions that compute an expression, arguments first, every subexpression once."""
    _hash_from_the_leaves(expr)
    return _layout(expr)


def _hash_from_the_leaves(expr: Basic) -> None:
    """Hash every subexpression before what contains it, so that deep ones do not exhaust the stack."""
    stack, seen = [expr], set()
    while stack:
        node = stack[-1]
        if id(node) in seen or node._mhash is not None:
            hash(stack.pop())
        else:
            seen.add(id(node))
            stack.extend(a for a in node.args if isinstance(a, Basic))


@lru_cache(maxsize=1024)
def _layout(expr: Basic) -> tuple[Instruction, ...]:
    steps: list[Instruction] = []
    index: dict[Basic, int] = {}
    operation = cache(_operation)
    for node in post_order(expr, within=lambda e: operation(e)[1]):
        compute, arguments = operation(node)
        index[node] = len(steps)
        steps.append(Instruction(node, compute, tuple(index[a] for a in arguments)))
    return tuple(steps)


def _operation(node: Basic) -> tuple[Callable[..., Array], tuple[Basic, ...]]:
    """Return how a node is computed, and from which expressions."""
    word = kind(node)
    if word == "sum" and (other := rectified(node)) is not None:
        return _same, (other,)
    if word == "power" and not _is_primitive(node.base) and (meaning := definition(node.base)) is not None:
        # The square of a norm is rational, though the norm is not: SymPy joins the two exponents.
        return _same, (Pow(meaning, node.exp),)
    if node in _UNREAL:
        return _unreal, ()
    if isinstance(node, log):
        return _log, _log_children(node)
    if word in _VALUES:
        return _VALUES[word], _arguments(node, word)
    entry = record(type(node))
    if entry is not None and entry.kernel == KERNEL:
        return _unknown, node.args
    if entry is not None and entry.kernel in GENERIC:
        return _generic(GENERIC[entry.kernel]), node.args
    if entry is not None and entry.kernel.startswith("D "):
        return _derivative_of(entry.kernel.removeprefix("D ")), node.args
    if entry is not None and entry.kernel:
        return (_function(entry) if entry.entrywise else _of_matrix(entry.kernel)), node.args[:1]
    if (meaning := definition(node)) is not None:
        return _same, (meaning,)
    raise InputError(f"{type(node).__name__} is not a function that can be evaluated: {node}")


def _is_primitive(node: Basic) -> bool:
    """Tell whether a function has a value of its own, not that of its definition."""
    entry = record(type(node))
    return kind(node) in _VALUES or isinstance(node, log) or bool(entry and entry.kernel)


def _same(env: Environment, node: Basic, x: Array) -> Array:
    return x


# ------------------------------------------------------------------------------------------- the leaves


def _number(env: Environment, node: Any) -> Array:
    q = env.exact(node)
    if q is None:
        raise Undefined(f"{node} is not a number")
    return env.arithmetic.full((1, 1), q)


def _unreal(env: Environment, node: Any) -> Array:
    raise Undefined("an infinite number" if node.is_infinite else "an imaginary number")


def _constant(env: Environment, node: Any) -> Array:
    out = np.empty((1, 1), dtype=env.arithmetic.dtype)
    out[0, 0] = env.arithmetic.constant("pi" if node is pi else "e")
    return env.arithmetic.array(out)


def _symbol(env: Environment, node: Symbol) -> Array:
    if node in env.bound:
        return env.bound[node]
    if node.name in env.sizes and node.name not in env.values:
        return env.arithmetic.full((1, 1), env.sizes[node.name])
    return _value(env, node.name, (1, 1))


def _value(env: Environment, name: str, shape: tuple[int, int]) -> Array:
    if name not in env.values:
        raise InputError(f"{name} has no value")
    value = env.values[name]
    if value.shape != shape:
        raise InputError(f"{name} is {_by(shape)}, and its value is {_by(value.shape)}")
    return value


def _by(shape: tuple[int, ...]) -> str:
    return " x ".join(map(str, shape))


def _above(env: Environment, node: Any) -> Array:
    return env.arithmetic.array(np.triu(np.ones(env.shape(node), dtype=int), 1))


def _lower(env: Environment, node: Any) -> Array:
    return env.arithmetic.array(np.tri(*env.shape(node), dtype=int))


def _commutation(env: Environment, node: Any) -> Array:
    m, n = (env.size(a) for a in node.args)
    row = np.arange(m * n)  # entry (i, j) of X stands at i*n + j of vec(X') and at j*m + i of vec(X)
    column = (row % n) * m + row // n
    return env.arithmetic.array(np.eye(m * n, dtype=int)[column])


def _selection(env: Environment, node: Any) -> Array:
    skip, count, n = (env.size(a) for a in node.args)
    if skip < 0 or skip + count > n:
        raise Undefined(f"there is no place {skip + count} among {n}")
    return env.arithmetic.array(np.eye(n, count, -skip, dtype=int))


# -------------------------------------------------------------------------------------- the operations


def _total(env: Environment, node: Basic, *terms: Array) -> Array:
    return reduce(lambda x, y: x + y, terms)


def _product(env: Environment, node: Basic, *factors: Array) -> Array:
    return reduce(lambda x, y: x * y, factors)


def _matmul(env: Environment, node: Any, *factors: Array) -> Array:
    matrices = [f for f, arg in zip(factors, node.args, strict=True) if arg.is_Matrix]
    scalars = [f for f, arg in zip(factors, node.args, strict=True) if not arg.is_Matrix]
    # A product that ends in a narrow factor is cheaper from the right.
    from_right = matrices[-1].shape[1] < matrices[0].shape[0]
    product = (
        reduce(lambda right, left: left @ right, reversed(matrices))
        if from_right
        else reduce(lambda left, right: left @ right, matrices)
    )
    return reduce(lambda x, c: c * x, scalars, product)


def _power(env: Environment, node: Any, x: Array, exponent: Array) -> Array:
    q = env.exact(node.args[1])
    if q is not None:
        return env.arithmetic.power(x, q)
    return env.arithmetic.general_power(x, exponent)


def _power_children(node: Any) -> tuple[Basic, ...]:
    base, exponent = node.args
    if isinstance(base, Abs) and exponent.is_even:
        base = base.args[0]
    return base, exponent


def _matrix_power(env: Environment, node: Any, x: Array) -> Array:
    k = env.exact(node.args[1])
    if k is None or k.denominator != 1:
        raise InputError(f"a matrix power needs an integer: {to_text(node)}")
    return env.arithmetic.matrix_power(x, int(k))


def _elementwise(env: Environment, node: Any, x: Array) -> Array:
    (variable,) = node.function.variables
    inner = Environment(env.arithmetic, env.values, env.sizes, {**env.bound, variable: x})
    y = inner.run(node.function.expr)
    return y if y.shape == x.shape else y * env.arithmetic.full(x.shape, 1)


def _diagonal(x: Array) -> Array:
    k = range(min(x.shape))
    return x[k, k].reshape(-1, 1)


def total(x: Array) -> Array:
    """Return the sum of all entries as a 1 x 1 array."""
    return x.sum(axis=(0, 1), keepdims=True)


def _kronecker(x: Array, y: Array) -> Array:
    (m, n), (p, q) = x.shape, y.shape
    return (x.reshape(m, 1, n, 1) * y.reshape(1, p, 1, q)).reshape(m * p, n * q)


def _derivative_of(kernel: str) -> Callable[..., Array]:
    """Return the derivative of a function at X in directions, such as dexpm(X, E, ...): one dual unit for each."""

    def compute(env: Environment, node: Basic, x: Array, *directions: Array) -> Array:
        units = max(map(depth, (x, *directions)))
        point, *others = (lifted(env.arithmetic, a, units) for a in (x, *directions))
        y = _matrix_function(env.arithmetic, kernel, reduce(Dual, others, point))
        return reduce(lambda value, _: value.tangent, directions, y)

    return compute


def _matrix_function(arithmetic: Arithmetic, kernel: str, x: Array) -> Array:
    return GENERIC[kernel](arithmetic, x) if kernel in GENERIC else arithmetic.matrix_function(kernel, x)


def _toeplitz(env: Environment, node: Basic, x: Array) -> Array:
    return ties.gathered(x, frozenset({"structured-toeplitz"}), env.arithmetic)


def _log_children(node: Any) -> tuple[Basic, ...]:
    return (node.args[0].args[0] if isinstance(node.args[0], Abs) else node.args[0],)


def _log(env: Environment, node: Any, x: Array) -> Array:
    # log|x| is one function, with derivative 1/x: it needs no sign of x.
    return env.arithmetic.apply("log_abs" if isinstance(node.args[0], Abs) else "log", x)


def _function(entry: Operation) -> Callable[..., Array]:
    """Return a primitive function of every entry.

    Where the arithmetics do not know its derivative, dual numbers take the one of SymPy's calculus, which is not that
    of the entry.
    """

    def compute(env: Environment, node: Any, x: Array) -> Array:
        if not isinstance(x, Dual) or entry.kernel in DERIVATIVES:
            return env.arithmetic.apply(entry.kernel, x)
        inner = Environment(env.arithmetic, env.values, env.sizes, {**env.bound, ENTRY: x.value})
        slope = inner.run(entry.head(ENTRY, evaluate=False).fdiff(1))
        return Dual(compute(env, node, x.value), slope * x.tangent)

    return compute


def _unknown(env: Environment, node: Any, x: Array) -> Array:
    """Return a polynomial with given coefficients, or its derivative of the node's order, of every entry (Horner)."""
    c = env.values.get(coefficients(node.func.symbol))
    if c is None:
        raise InputError(f"the function {node.func.symbol} is not known: it has no value")
    k, degree = node.func.order, DEGREE_OF_UNKNOWN
    number = env.arithmetic.full
    y = x * number((1, 1), 0) + c[degree : degree + 1]
    for j in range(degree - 1, k - 1, -1):  # sum of c_j t^(j - k)/(j - k)!
        y = c[j : j + 1] + x * y * number((1, 1), Fraction(1, j - k + 1))
    return y


def _generic(f: Callable[..., Array]) -> Callable[..., Array]:
    return lambda env, node, *args: f(env.arithmetic, *args)


def _of_matrix(kernel: str) -> Callable[..., Array]:
    return lambda env, node, x: env.arithmetic.matrix_function(kernel, x)


_UNREAL = frozenset({S.ImaginaryUnit, S.Infinity, S.NegativeInfinity, S.ComplexInfinity, S.NaN})

#: Operations of which the first argument has a value, and others are sizes, places and whole numbers.
_OF_THE_FIRST = frozenset({"matrix power", "reshape", "eigenvalue", "eigenvector"})


def _arguments(node: Any, word: str) -> tuple[Basic, ...]:
    """Return the expressions of whose values that of a node is made."""
    if word == "power":
        return _power_children(node)
    if word in CONSTANTS:
        return ()
    return node.args[:1] if word in _OF_THE_FIRST else parts(node)


#: The value of an operation, by the word for it. Others have theirs by their kernel, or by their definition.
_VALUES: dict[str, Callable[..., Array]] = {
    "number": _number,
    "constant": _constant,
    "scalar": _symbol,
    "matrix": lambda env, node: _value(env, node.name, env.shape(node)),
    "identity": lambda env, node: env.arithmetic.eye(env.size(node.shape[0])),
    "zeros": lambda env, node: env.arithmetic.full(env.shape(node), 0),
    "ones": lambda env, node: env.arithmetic.full(env.shape(node), 1),
    "commutation matrix": _commutation,
    "columns of the identity": _selection,
    "ones above the diagonal": _above,
    "ones on and below the diagonal": _lower,
    "sum": _total,
    "product": _product,
    "elementwise product": _product,
    "matrix product": _matmul,
    "power": _power,
    "elementwise power": _power,
    "matrix power": _matrix_power,
    "inverse": lambda env, node, x: env.arithmetic.inverse(x),
    "transpose": lambda env, node, x: x.T,
    "trace": lambda env, node, x: total(_diagonal(x)),
    "determinant": lambda env, node, x: env.arithmetic.determinant(x),
    "adjugate": lambda env, node, x: env.arithmetic.adjugate(x),
    "sum of the entries": lambda env, node, x: total(x),
    "function of entries": _elementwise,
    "Kronecker product": lambda env, node, *factors: reduce(_kronecker, factors),
    "diagonal matrix": lambda env, node, x: x * env.arithmetic.eye(x.shape[x.shape[1] != 1]),
    "diagonal": lambda env, node, x: _diagonal(x),
    "vec": lambda env, node, x: x.T.reshape(-1, 1),
    "reshape": lambda env, node, x: x.reshape(*env.shape(node)[::-1]).T,
    "pseudo-inverse": lambda env, node, x: env.arithmetic.pseudo_inverse(x),
    "sums along diagonals": _toeplitz,
    "eigenvalue": lambda env, node, x: env.arithmetic.eigenpair(x, env.size(node.args[1]))[0],
    "eigenvector": lambda env, node, x: env.arithmetic.eigenpair(x, env.size(node.args[1]))[1],
    "matrix exponential": lambda env, node, x: env.arithmetic.expm(x),
    "derivative of the matrix exponential": _derivative_of("expm"),
}
