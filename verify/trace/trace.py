"""The expression of a NumPy function: it is called on symbolic arrays."""

from __future__ import annotations

import inspect
import re
from collections.abc import Callable, Mapping
from typing import Any

from sympy import Integer, MatrixSymbol, S

from derive.errors import InputError
from derive.language.shapes import size_symbol
from verify.trace.arrays import CannotTraceError, Size, Traced, scalar_symbol, traced
from verify.trace.interpret import functions

_NAME = re.compile(r"[A-Za-z]\w*")
_SHAPE = re.compile(r"\s*([A-Za-z]\w*)\s*:\s*([^:]+?)\s*(?:,\s*(?=[A-Za-z]\w*\s*:)|;|$)")


def trace(f: Callable[..., Any] | str, shapes: str | Mapping[str, Any], **constants: Any) -> Any:
    """Return the expression of a NumPy function, of its parameters by name.

    `shapes` says what each parameter is as NumPy has it: "W: m x n, x: n, t: scalar" makes W a matrix, x an array of one
    axis, t a number; sizes are names or numbers. Other parameters have their defaults, or the values of `constants`. The
    function is called once, with arrays that answer NumPy's protocols. The result is a SymPy expression (a column for an
    array of one axis), for a tuple, list or dictionary the same of expressions.

    `f` may be the text of Python functions instead, of which the last is traced: text is interpreted over a whitelist of
    syntax, names and NumPy's functions, and never executed.

    Raises CannotTraceError (an InputError) for what depends on the data, changes shared arrays in place, or is not known.
    """
    declared = read_shapes(shapes)
    if isinstance(f, str):
        return _trace_text(f, declared, constants)
    try:
        known = inspect.signature(f).parameters
    except (TypeError, ValueError):
        known = dict.fromkeys(declared)  # type: ignore[assignment]
    unknown = sorted((set(declared) | set(constants)) - set(known))
    if unknown and not any(p is not None and p.kind == p.VAR_KEYWORD for p in known.values()):
        raise InputError(f"the function has no parameter {unknown[0]}; it has {', '.join(known) or 'none'}")
    arguments = {name: symbol(name, sizes) for name, sizes in declared.items()}
    positional = [
        n for n, p in known.items() if p is not None and p.kind == p.POSITIONAL_ONLY and n in arguments
    ]
    called = {n: v for n, v in arguments.items() if n not in positional}
    return _run(f, [arguments[n] for n in positional], {**called, **constants})


def _trace_text(source: str, declared: Mapping[str, tuple[Size, ...]], constants: Mapping[str, Any]) -> Any:
    known = _said(functions, source)
    if not known:
        raise InputError("the text defines no function")
    arguments = {name: symbol(name, sizes) for name, sizes in declared.items()}
    return _run(list(known.values())[-1], [], {**arguments, **constants})


def _run(f: Callable[..., Any], args: list[Any], options: dict[str, Any]) -> Any:
    return expressions(_said(f, *args, **options))


def _said(f: Callable[..., Any], *args: Any, **options: Any) -> Any:
    """Call a function; whatever stops it is an error for people."""
    try:
        return f(*args, **options)
    except InputError:
        raise
    except Exception as error:
        raise CannotTraceError(
            f"the function stopped on symbolic arrays: {type(error).__name__}: {error}"
        ) from error


def expressions(result: Any) -> Any:
    """Return the expressions of what a function gave back, in the same containers."""
    if isinstance(result, tuple):
        return tuple(map(expressions, result))
    if isinstance(result, list):
        return [expressions(r) for r in result]
    if isinstance(result, Mapping):
        return {key: expressions(value) for key, value in result.items()}
    return traced(result).expr


def symbol(name: str, sizes: tuple[Size, ...]) -> Traced:
    """Return a variable as a symbolic array."""
    sizes = tuple(map(S, sizes))
    if all(d == 1 for d in sizes):
        return Traced(sizes, scalar_symbol(name))
    rows, columns = sizes if len(sizes) == 2 else (sizes[0], S.One)
    return Traced(sizes, MatrixSymbol(name, rows, columns))


def read_shapes(shapes: str | Mapping[str, Any]) -> dict[str, tuple[Size, ...]]:
    """Return shapes as NumPy has them: "W: m x n, x: n, t: scalar", or {"W": ("m", "n"), "x": "n", "t": ()}."""
    if isinstance(shapes, Mapping):
        return {name: _sizes(name, value) for name, value in shapes.items()}
    found, position = {}, 0
    for m in _SHAPE.finditer(shapes.strip()):
        if m.start() != position:
            break
        found[m[1]] = _sizes(m[1], m[2])
        position = m.end()
    if position != len(shapes.strip()) or not found:
        raise InputError(f"shapes are written as W: m x n, x: n, t: scalar; not {shapes!r}")
    return found


def _sizes(name: str, value: Any) -> tuple[Size, ...]:
    if isinstance(value, str):
        text = value.strip()
        parts: list[Any] = [] if text in ("scalar", "") else re.split(r"\s+x\s+|\s*[×,]\s*", text)
    else:
        parts = list(value) if isinstance(value, tuple | list) else [value]
    sizes = []
    for part in parts:
        text = str(part).strip()
        if text.isdigit() and int(text) > 0:
            sizes.append(Integer(int(text)))
        elif _NAME.fullmatch(text):
            sizes.append(size_symbol(text))
        else:
            raise InputError(f"the shape of {name} has the size {text!r}: give a name or a number from 1 on")
    if len(sizes) > 2:
        raise InputError(f"{name} has {len(sizes)} axes: at most two are traced")
    return tuple(sizes)
