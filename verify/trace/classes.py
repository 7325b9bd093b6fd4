"""Classes in code: each method that computes gradients as a function of the attributes that it reads and of its arguments.

`def Net_loss(params, X, y)` makes an object of the class, gives it those attributes, and goes on as the method does; a
backward method takes the object that its forward one left behind.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator

#: Defaults of arguments that are given all the same: y=None.
_LABELS = frozenset({"y", "Y", "t", "T", "labels", "target", "targets", "y_true"})


def with_methods(tree: ast.Module) -> ast.Module:
    """Return a module with a function for every method of its classes, but for what makes an object."""
    for f in (n for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)):
        _without_none(f)
    made = [f for node in tree.body if isinstance(node, ast.ClassDef) for f in _functions(node)]
    return ast.Module([*tree.body, *made], tree.type_ignores)


def _functions(node: ast.ClassDef) -> Iterator[ast.stmt]:
    methods = {n.name: n for n in node.body if isinstance(n, ast.FunctionDef) and n.args.args}
    before = next((m for m in ("forward", "__call__") if m in methods), None)
    for name, method in methods.items():
        if name.startswith("__"):
            continue
        me = method.args.args[0].arg
        label = f"{node.name}_{name}"
        if name in ("backward", "backprop") and before is not None:
            rest = method.args.args[1:]
            yield _function(method, f"{node.name}_{name}", [*rest, _named(me, method)], method.body)
            continue
        given = _attributes(node, methods, name)
        head = [
            _assigned(ast.Name(me, ast.Store()), ast.Call(ast.Name(node.name, ast.Load()), [], []), method)
        ]
        head += [
            _assigned(
                ast.Attribute(ast.Name(me, ast.Load()), a, ast.Store()), ast.Name(a, ast.Load()), method
            )
            for a in given
        ]
        taken = {a.arg for a in method.args.args[1:]}
        first = [_named(a, method) for a in given if a not in taken]
        yield _function(method, label, [*first, *method.args.args[1:]], [*head, *method.body])


def _attributes(node: ast.ClassDef, methods: dict[str, ast.FunctionDef], name: str) -> list[str]:
    """Return the attributes that a method reads, itself or in methods that it calls, and that none of these sets."""
    seen, waiting = [], [name]
    while waiting:
        current = waiting.pop()
        if current not in seen:
            seen.append(current)
            waiting += [a for a, stored in _accessed(methods[current]) if a in methods and not stored]
    read = dict.fromkeys(
        a for m in seen for a, stored in _accessed(methods[m]) if not stored and a not in methods
    )
    stored = {a for m in seen for a, is_stored in _accessed(methods[m]) if is_stored}
    return [a for a in read if a not in stored]


def _accessed(method: ast.FunctionDef) -> list[tuple[str, bool]]:
    """Return the attributes of the object that a method reads or sets, in order."""
    me = method.args.args[0].arg
    return [
        (n.attr, isinstance(n.ctx, ast.Store))
        for n in ast.walk(method)
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name) and n.value.id == me
    ]


def _function(
    method: ast.FunctionDef, name: str, args: list[ast.arg], body: list[ast.stmt]
) -> ast.FunctionDef:
    defaults = method.args.defaults[-len(args) :] if method.args.defaults else []
    arguments = ast.arguments([], args, None, [], [], None, defaults)
    if name.endswith(("_backward", "_backprop")):
        arguments.defaults = []
    made = ast.FunctionDef(name, arguments, body, [], lineno=method.lineno, col_offset=method.col_offset)
    made.end_lineno, made.end_col_offset = method.end_lineno, method.end_col_offset
    return ast.fix_missing_locations(made)


def _named(name: str, like: ast.AST) -> ast.arg:
    return ast.copy_location(ast.arg(name), like)


def _assigned(target: ast.expr, value: ast.expr, like: ast.AST) -> ast.stmt:
    made = ast.Assign([target], value)
    for part in ast.walk(made):
        if isinstance(part, ast.expr | ast.stmt):
            ast.copy_location(part, like)
            part.end_lineno, part.end_col_offset = like.lineno, like.col_offset  # type: ignore[attr-defined]
    return made


def _without_none(f: ast.FunctionDef) -> None:
    """Give labels no default: where they are given, the code goes on to the loss."""
    a = f.args
    first = len(a.args) - len(a.defaults)
    for k, default in enumerate(a.defaults):
        if isinstance(default, ast.Constant) and default.value is None and a.args[first + k].arg in _LABELS:
            a.defaults[k] = ast.copy_location(ast.Constant(0.0), default)
