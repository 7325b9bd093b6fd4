"""Python text run over a whitelist of its syntax, for code from outside: nothing here is compiled, evaluated or executed.

Names are those that the code defines, `np` and a few functions of numbers; an attribute never begins with an underscore, and
of NumPy's only what is listed is reached. Every step is counted.
"""

from __future__ import annotations

import ast
import operator
from collections.abc import Callable, Mapping
from types import MappingProxyType
from typing import Any

import numpy as np

from verify.trace.arrays import FUNCTIONS as ARRAY_FUNCTIONS
from verify.trace.arrays import UFUNCS, CannotTraceError, Traced
from verify.trace.functions import filled

#: Steps of one run, calls within each other, and the largest whole number that a power may give.
_STEPS, _DEPTH, _LARGEST = 100_000, 20, 10**9
_OPERATORS: Mapping[type, Callable[[Any, Any], Any]] = MappingProxyType({
    ast.Add: operator.add, ast.Sub: operator.sub, ast.Mult: operator.mul, ast.Div: operator.truediv,
    ast.MatMult: operator.matmul, ast.Pow: operator.pow, ast.FloorDiv: operator.floordiv, ast.Mod: operator.mod,
    ast.BitAnd: operator.and_, ast.BitOr: operator.or_,
    ast.Eq: operator.eq, ast.NotEq: operator.ne, ast.Lt: operator.lt, ast.LtE: operator.le, ast.Gt: operator.gt,
    ast.GtE: operator.ge,
})  # fmt: skip
_IN_PLACE: Mapping[type, Callable[[Any, Any], Any]] = MappingProxyType({
    ast.Add: operator.iadd, ast.Sub: operator.isub, ast.Mult: operator.imul, ast.Div: operator.itruediv,
})  # fmt: skip


def _range(*bounds: int) -> range:
    found = range(*bounds)
    if len(found) > _STEPS:
        raise CannotTraceError(f"a range of more than {_STEPS} is not traced")
    return found


_BUILTINS = {"range": _range, "len": len, "zip": zip, "enumerate": enumerate, "abs": abs, "min": min, "max": max, "sum": sum,
             "float": lambda x: x if isinstance(x, Traced) else float(x), "int": int}  # fmt: skip
_METHODS = frozenset(
    "sum mean max min var std trace dot reshape transpose ravel flatten squeeze clip copy astype items keys values".split()
)
_FIELDS = frozenset(("T", "shape", "ndim", "size"))


class _Return(Exception):
    def __init__(self, value: Any) -> None:
        self.value = value


def functions(source: str) -> dict[str, Callable[..., Any]]:
    """Return the functions that a text defines, as callables that interpret it. Raises CannotTraceError."""
    try:
        tree = ast.parse(source)
    except (SyntaxError, ValueError, RecursionError, MemoryError) as error:
        raise CannotTraceError(f"this is no Python: {error}") from None
    run = _Run()
    run.block(tree.body, run.globals)
    return {name: value for name, value in run.globals.items() if isinstance(value, _Function)}


class _Function:
    """A function of the text."""

    def __init__(self, run: _Run, node: ast.FunctionDef) -> None:
        self.run, self.node = run, node
        a = node.args
        if a.vararg or a.kwarg or a.posonlyargs or a.kwonlyargs or node.decorator_list:
            raise CannotTraceError(f"line {node.lineno}: only plain parameters are traced")
        self.names = [p.arg for p in a.args]
        first = len(self.names) - len(a.defaults)
        self.defaults = {
            n: run.value(d, run.globals) for n, d in zip(self.names[first:], a.defaults, strict=True)
        }

    def __call__(self, *args: Any, **options: Any) -> Any:
        given = dict(zip(self.names, args, strict=False)) | options
        missing = [n for n in self.names if n not in given and n not in self.defaults]
        extra = sorted(set(given) - set(self.names))
        if missing or extra or len(args) > len(self.names):
            raise CannotTraceError(f"{self.node.name} is called without {missing or 'parameters of its own'}")
        self.run.depth += 1
        if self.run.depth > _DEPTH:
            raise CannotTraceError("functions call each other too deep")
        try:
            self.run.block(self.node.body, self.defaults | given)
        except _Return as done:
            return done.value
        finally:
            self.run.depth -= 1
        return None


class _Run:
    def __init__(self) -> None:
        self.globals: dict[str, Any] = {}
        self.steps = self.depth = 0

    def block(self, body: list[ast.stmt], names: dict[str, Any]) -> None:
        for node in body:
            self.statement(node, names)

    def _count(self) -> None:
        self.steps += 1
        if self.steps > _STEPS:
            raise CannotTraceError(f"the code takes more than {_STEPS} steps")

    def statement(self, node: ast.stmt, names: dict[str, Any]) -> None:
        self._count()
        match node:
            case ast.FunctionDef():
                names[node.name] = _Function(self, node)
            case ast.Import(names=[ast.alias(name="numpy", asname="np")]) | ast.Pass():
                pass
            case ast.Return():
                raise _Return(None if node.value is None else self.value(node.value, names))
            case ast.Expr():
                self.value(node.value, names)
            case ast.Assign():
                value = self.value(node.value, names)
                for target in node.targets:
                    self._assign(target, value, names)
            case ast.AugAssign():
                self._augment(node, names)
            case ast.For(target=target, iter=over, orelse=[]):
                for item in self.value(over, names):
                    self._count()
                    self._assign(target, item, names)
                    self.block(node.body, names)
            case ast.If():
                self.block(node.body if self.value(node.test, names) else node.orelse, names)
            case _:
                raise CannotTraceError(f"line {node.lineno}: {type(node).__name__.lower()} is not traced")

    def _assign(self, target: ast.expr, value: Any, names: dict[str, Any]) -> None:
        match target:
            case ast.Name():
                names[target.id] = value
            case ast.Tuple() | ast.List():
                for part, item in zip(target.elts, value, strict=True):
                    self._assign(part, item, names)
            case ast.Subscript():
                self.value(target.value, names)[self.value(target.slice, names)] = value
            case _:
                raise CannotTraceError(f"line {target.lineno}: this is not assigned to here")

    def _augment(self, node: ast.AugAssign, names: dict[str, Any]) -> None:
        operation = _IN_PLACE.get(type(node.op))
        if operation is None or not isinstance(node.target, ast.Name | ast.Subscript):
            raise CannotTraceError(f"line {node.lineno}: this is not changed in place here")
        before = self.value(node.target, names)
        self._assign(node.target, self._done(node, operation, before, self.value(node.value, names)), names)

    # ------------------------------------------------------------------------------------ expressions

    def value(self, node: ast.expr, names: dict[str, Any]) -> Any:
        self._count()
        match node:
            case ast.Constant(value=bool() | int() | float() | None | str()):
                return node.value
            case ast.Name():
                return self._name(node, names)
            case ast.BinOp():
                left, right = self.value(node.left, names), self.value(node.right, names)
                return self._operation(node, type(node.op), left, right)
            case ast.UnaryOp(op=ast.USub() | ast.UAdd() | ast.Invert()):
                operand = self.value(node.operand, names)
                if isinstance(node.op, ast.Invert):
                    return ~operand
                return -operand if isinstance(node.op, ast.USub) else operand
            case ast.UnaryOp(op=ast.Not()):
                return not self.value(node.operand, names)
            case ast.Compare(ops=[op], comparators=[right]):
                if isinstance(op, ast.Is | ast.IsNot):
                    same = self.value(node.left, names) is self.value(right, names)
                    return same == isinstance(op, ast.Is)
                return self._operation(node, type(op), self.value(node.left, names), self.value(right, names))
            case ast.IfExp():
                return self.value(node.body if self.value(node.test, names) else node.orelse, names)
            case ast.Tuple():
                return tuple(self.value(e, names) for e in node.elts)
            case ast.List():
                return [self.value(e, names) for e in node.elts]
            case ast.Dict() if None not in node.keys:
                return {
                    self.value(k, names): self.value(v, names)  # type: ignore[arg-type]
                    for k, v in zip(node.keys, node.values, strict=True)
                }
            case ast.Subscript():
                return self.value(node.value, names)[self.value(node.slice, names)]
            case ast.Slice(lower=None, upper=None, step=None):
                return slice(None)
            case ast.Attribute() | ast.Call():
                return self._call(node, names) if isinstance(node, ast.Call) else self._field(node, names)
        raise CannotTraceError(f"line {node.lineno}: {type(node).__name__} is not traced")

    def _operation(self, node: ast.expr, op: type, left: Any, right: Any) -> Any:
        if op not in _OPERATORS:
            raise CannotTraceError(f"line {node.lineno}: this operation is not traced")
        if op is ast.Pow and not isinstance(left, Traced) and not isinstance(right, Traced):
            if abs(right) > 64 or abs(left) > _LARGEST:
                raise CannotTraceError(f"line {node.lineno}: this power is too large")
        return self._done(node, _OPERATORS[op], left, right)

    def _done(self, node: Any, operation: Callable[[Any, Any], Any], left: Any, right: Any) -> Any:
        """Return what an operation gives: on numbers and arrays alone, and no number without bounds."""
        if not all(isinstance(x, Traced | int | float) for x in (left, right)):
            raise CannotTraceError(f"line {node.lineno}: this operation is not traced")
        found = operation(left, right)
        if isinstance(found, int) and abs(found) > _LARGEST**8:
            raise CannotTraceError(f"line {node.lineno}: this number is too large")
        return found

    def _name(self, node: ast.Name, names: dict[str, Any]) -> Any:
        for known in (names, self.globals, _BUILTINS):
            if node.id in known:
                return known[node.id]
        raise CannotTraceError(f"line {node.lineno}: the name {node.id} is not known here")

    def _field(self, node: ast.Attribute, names: dict[str, Any]) -> Any:
        if isinstance(node.value, ast.Name) and node.value.id == "np" and "np" not in names:
            if node.attr == "newaxis":
                return None
            if node.attr in ("pi", "e"):
                return getattr(np, node.attr)
            raise CannotTraceError(f"line {node.lineno}: np.{node.attr} is no value")
        value = self.value(node.value, names)
        if node.attr not in _FIELDS or not isinstance(value, Traced):
            raise CannotTraceError(f"line {node.lineno}: .{node.attr} is not traced")
        return getattr(value, node.attr)

    def _call(self, node: ast.Call, names: dict[str, Any]) -> Any:
        if any(isinstance(a, ast.Starred) for a in node.args) or any(k.arg is None for k in node.keywords):
            raise CannotTraceError(f"line {node.lineno}: starred arguments are not traced")
        args = [self.value(a, names) for a in node.args]
        options = {str(k.arg): self.value(k.value, names) for k in node.keywords}
        return self._callee(node, names)(*args, **options)

    def _callee(self, node: ast.Call, names: dict[str, Any]) -> Callable[..., Any]:
        f = node.func
        if isinstance(f, ast.Name):
            found = self._name(f, names)
            if isinstance(found, _Function) or found in _BUILTINS.values():
                return found  # type: ignore[no-any-return]
        elif isinstance(f, ast.Attribute):
            path = _path(f)
            if path[:1] == ["np"] and "np" not in names:
                found = _NUMPY.get(".".join(path[1:]))
                if found is not None:
                    return found
                raise CannotTraceError(f"line {node.lineno}: {'.'.join(path)} is not traced")
            value = self.value(f.value, names)
            if f.attr in _METHODS and isinstance(value, Traced | dict):
                return getattr(value, f.attr)  # type: ignore[no-any-return]
        raise CannotTraceError(f"line {node.lineno}: this call is not traced")


def _path(node: ast.expr) -> list[str]:
    if isinstance(node, ast.Attribute):
        before = _path(node.value)
        return [*before, node.attr] if before else []
    return [node.id] if isinstance(node, ast.Name) else []


def _numpy() -> dict[str, Callable[..., Any]]:
    """Return what is reached of NumPy, by name."""
    found: dict[str, Callable[..., Any]] = {ufunc.__name__: ufunc for ufunc in UFUNCS}
    for function in ARRAY_FUNCTIONS:
        where = "linalg." if getattr(np.linalg, function.__name__, None) is function else ""
        found[where + function.__name__] = function
    found |= {"abs": np.abs, "max": np.max, "min": np.min, "divide": np.divide}
    found |= {"zeros": lambda shape: filled(shape, 0), "ones": lambda shape: filled(shape, 1)}
    return found


_NUMPY = _numpy()
