"""What in a cell of code claims gradients, and how each is run: see `verify.trace.cell`."""

from __future__ import annotations

import ast
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal

from derive.language.shapes import size_symbol
from verify.trace.arrays import CannotTraceError, Shape, Traced
from verify.trace.cell import CellRun, Changes, Outcome, Place, collected, gradients, is_number, paired
from verify.trace.fitting import likely
from verify.trace.gradient_names import LOSSES, is_gradient, is_second, variable_of
from verify.trace.interpret import Function, Instance
from verify.trace.trace import symbol

Kind = Literal["both", "beside", "backward", "statements"]

_SHAPED = re.compile(
    r"(?<![\w.'\"])(?P<names>\w+(?:\s*,\s*\w+)*)\s*(?:\([^()\n]*\))?\s*(?::|--?|–|\bis\b|\bhas\b)\s*[^()\n]{0,50}?\(\s*(?P<sizes>\w+\s*,\s*\w*(?:\s*,\s*\w+)*)\s*\)"
)
#: Comments and long strings.
_SPOKEN = re.compile(r"#[^\n]*|\"{3}.*?\"{3}|'{3}.*?'{3}", re.DOTALL)
_ABOVE = re.compile(
    r"d_?out\w*|upstream\w*|grad_?out\w*|grad|g|dy|dz|delta|dL\w*|grad_output|dA|dZ|dH|dscores|up",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Subject:
    """A function or a pair of functions of a cell, or its own statements, that claim gradients."""

    kind: Kind
    loss: str
    gradient: str
    place: Place
    parameters: tuple[str, ...]
    items: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    lists: Mapping[str, tuple[str, ...]] = field(default_factory=dict)
    is_hessian: bool = False

    @property
    def names(self) -> list[str]:
        """Return the names of all arrays that are to be given."""
        found: list[str] = []
        for p in self.parameters:
            found += self.items.get(p) or self.lists.get(p) or (p,)
        return list(dict.fromkeys(found))


def subjects(tree: ast.Module, first: int) -> list[Subject]:
    """Return what claims gradients in a cell, from a line on: what stands before belongs to earlier cells."""
    functions = {n.name: n for n in tree.body if isinstance(n, ast.FunctionDef)}
    for node in tree.body:
        if (
            isinstance(node, ast.Assign)
            and isinstance(node.value, ast.Lambda)
            and isinstance(node.targets[0], ast.Name)
        ):
            functions[node.targets[0].id] = node.value  # type: ignore[assignment]
    found: list[Subject] = []
    for name, node in functions.items():
        if node.lineno < first:
            continue
        loss = _loss_of(name, functions)
        if loss is not None:
            kind: Kind = "backward" if _is_backward(name, loss) else "beside"
            found.append(_subject(kind, loss, name, functions[loss], node))
        elif _hands_back_gradients(node):
            found.append(_subject("both", name, name, node, node))
    own = [n for n in tree.body if n.lineno >= first]
    names = {n.id for s in own for n in ast.walk(s) if isinstance(n, ast.Name)}
    inside = [s for s in own if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    stored = [
        n for s in inside for n in ast.walk(s) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)
    ]
    claims = [n for n in stored if variable_of(n.id, names - {n.id, *functions})]
    if claims and any(LOSSES.fullmatch(n.id) for n in stored):
        found.append(Subject("statements", "", "", Place.of(claims[0]), _unbound(tree, functions)))
    return found


def _subject(kind: Kind, loss: str, gradient: str, f: ast.AST, g: ast.AST) -> Subject:
    parameters = _parameters(f)
    return Subject(
        kind, loss, gradient, Place.of(g), parameters,
        {p: keys for p in parameters if (keys := _keys(p, f, g))},
        {p: names for p in parameters if (names := _unpacked(p, f))},
        is_second(gradient),
    )  # fmt: skip


def _parameters(f: ast.AST) -> tuple[str, ...]:
    """Return the parameters that are to be arrays or numbers: not those whose default is a switch."""
    args = f.args  # type: ignore[attr-defined]
    names = [p.arg for p in args.args]
    defaults = dict(zip(names[len(names) - len(args.defaults) :], args.defaults, strict=True))
    for p, d in zip(args.kwonlyargs, args.kw_defaults, strict=True):
        names.append(p.arg)
        if d is not None:
            defaults[p.arg] = d
    return tuple(
        n for n in names
        if n not in defaults or (isinstance(defaults[n], ast.Constant) and type(defaults[n].value) is float)
    )  # fmt: skip


def _keys(parameter: str, *functions: ast.AST) -> tuple[str, ...]:
    """Return the keys with which a parameter that is a dictionary is read."""
    found = [
        n.slice.value for f in functions for n in ast.walk(f)
        if isinstance(n, ast.Subscript) and parameter in (getattr(n.value, "id", ""), getattr(n.value, "attr", ""))
        and isinstance(n.slice, ast.Constant) and isinstance(n.slice.value, str)
    ]  # fmt: skip
    return tuple(dict.fromkeys(found))


def _unpacked(parameter: str, f: ast.AST) -> tuple[str, ...]:
    """Return the names into which a parameter that is a tuple is unpacked."""
    for n in ast.walk(f):
        if isinstance(n, ast.Assign) and isinstance(n.value, ast.Name) and n.value.id == parameter:
            target = n.targets[0]
            if isinstance(target, ast.Tuple) and all(isinstance(e, ast.Name) for e in target.elts):
                return tuple(e.id for e in target.elts)  # type: ignore[attr-defined]
    return ()


def _hands_back_gradients(node: ast.AST) -> bool:
    """Tell whether a function hands back more than one thing, or has names of gradients by its own names."""
    names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name)} | {
        n.arg for n in ast.walk(node) if isinstance(n, ast.arg)
    }
    stored = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
    if any(variable_of(n, names - {n}) for n in stored) or _returns_slopes(node):
        return True
    words = {str(n.value) for n in ast.walk(node) if isinstance(n, ast.Constant) and isinstance(n.value, str)}
    return any(re.search(r"grad", n) for n in stored) or any(
        variable_of(w, names) for w in words if w.isidentifier()
    )


def _loss_of(name: str, functions: Mapping[str, ast.FunctionDef]) -> str | None:
    """Return the function whose gradient a function is by its name, None where it is none."""
    if not is_gradient(name):
        return None
    before = [f for f in functions if f != name and not (is_gradient(f) and not _names(f, name))]
    named = [f for f in before if _names(f, name)]
    if named:
        return max(named, key=len)
    if _returns_pair(functions[name]):
        return None
    plain = [f for f in functions if f != name and not is_gradient(f)]
    losses = [f for f in plain if LOSSES.fullmatch(f)]
    mine = set(_parameters(functions[name]))
    shared = [f for f in (losses or plain) if mine & set(_parameters(functions[f]))]
    return (shared or losses or [None])[-1]  # type: ignore[list-item]


def _names(f: str, gradient: str) -> bool:
    """Tell whether a gradient's name holds a function's: f of grad_f, of df, of f_prime, of dfdx."""
    if re.search(rf"(?:^|_){re.escape(f)}(?:_|$)", gradient, re.IGNORECASE):
        return True
    tail = re.fullmatch(
        rf"d{re.escape(f)}(?:_?d?_?\w+)?|(?:grad|hess|jac){re.escape(f)}|{re.escape(f)}(?:prime|grad|p)",
        gradient,
    )
    if tail is not None and (len(f) > 1 or re.fullmatch(rf"d{f}(?:_?d_?\w+)?|\w*{f}", gradient)):
        return True
    stem = re.sub(r"_?forward$", "", f)
    return f != stem and re.sub(r"_?(?:backward|backprop)$", "", gradient) == stem


def _returns_pair(node: ast.AST) -> bool:
    """Tell whether a function hands back a loss beside its gradients."""
    returns = [n.value for n in ast.walk(node) if isinstance(n, ast.Return) and n.value is not None]
    firsts = [v.elts[0] for v in returns if isinstance(v, ast.Tuple) and v.elts]
    return any(isinstance(e, ast.Name) and LOSSES.fullmatch(e.id) for e in firsts)


def _returns_slopes(node: ast.AST) -> bool:
    """Tell whether a function hands back a loss and a name for its slopes: f, g."""
    returns = [n.value for n in ast.walk(node) if isinstance(n, ast.Return)]
    pairs = [v.elts for v in returns if isinstance(v, ast.Tuple) and len(v.elts) == 2]
    return any(
        isinstance(f, ast.Name) and isinstance(g, ast.Name) and LOSSES.fullmatch(f.id) is not None
        and re.fullmatch(r"g|gr|gf|df|slopes?|deriv\w*|jac", g.id) is not None
        for f, g in pairs
    )  # fmt: skip


def _is_backward(name: str, loss: str) -> bool:
    return re.search(r"backward|backprop", name) is not None and not LOSSES.fullmatch(loss)


def _unbound(tree: ast.Module, functions: Mapping[str, ast.FunctionDef]) -> tuple[str, ...]:
    """Return the names that the statements of a cell read and never set."""
    inside = [s for s in tree.body if not isinstance(s, ast.FunctionDef | ast.ClassDef)]
    nodes = [n for s in inside for n in ast.walk(s)]
    bound = {n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)} | set(functions)
    bound |= {a.arg for n in nodes if isinstance(n, ast.Lambda) for a in n.args.args} | {"np", "print"}
    read = [n.id for n in nodes if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Load)]
    return tuple(n for n in dict.fromkeys(read) if n not in bound and n not in _KNOWN)


_KNOWN = frozenset(
    "range len zip enumerate abs min max sum float int list tuple dict str round plt torch jax jnp".split()
)


# ------------------------------------------------------------------------------------------- shapes


def said_shapes(source: str) -> dict[str, Shape]:
    """Return the shapes that comments and docstrings of code state: "X: (N, D)", "y: array of shape (N,)"."""
    found: dict[str, Shape] = {}
    spoken = "\n".join(m[0] for m in _SPOKEN.finditer(source))
    for hit in _SHAPED.finditer(spoken):
        sizes = [p.strip() for p in hit["sizes"].split(",") if p.strip()]
        if 1 <= len(sizes) <= 2 and all(s.isidentifier() or s.isdigit() for s in sizes):
            for name in re.split(r"\s*,\s*", hit["names"]):
                found.setdefault(name, tuple(int(s) if s.isdigit() else size_symbol(s) for s in sizes))
    return found


def options(
    subject: Subject, tree: ast.Module, hints: Mapping[str, Sequence[Shape]]
) -> dict[str, list[Shape]]:
    """Return the shapes that each array of a subject may have, the likeliest first; hints go before what names say."""
    found = {}
    tables, arrays = _used(tree)
    for name in subject.names:
        told = list(hints.get(name, ()))
        found[name] = told + [
            s for s in likely(name, name in tables, name in arrays) if not any(len(s) == len(t) for t in told)
        ]
    return found


def _used(tree: ast.Module) -> tuple[set[str], set[str]]:
    """Return the names that are used as tables (x.T, axis=1, N, D = x.shape), and those that are used as arrays."""
    tables: set[str] = set()
    arrays: set[str] = set()
    for n in ast.walk(tree):
        if isinstance(n, ast.Attribute) and isinstance(n.value, ast.Name):
            tables |= {n.value.id} if n.attr == "T" else set()
            arrays |= {n.value.id} if n.attr in ("dot", "shape") else set()
        if isinstance(n, ast.Subscript) and isinstance(n.slice, ast.Constant) and n.slice.value == 1:
            tables |= _shape_of(n.value)
        if isinstance(n, ast.Assign) and isinstance(n.targets[0], ast.Tuple) and len(n.targets[0].elts) == 2:
            tables |= _shape_of(n.value)
        if isinstance(n, ast.Call):
            multiplied = isinstance(n.func, ast.Attribute) and n.func.attr in ("dot", "matmul", "outer")
            arrays |= {a.id for a in n.args if isinstance(a, ast.Name)} if multiplied else set()
            along = any(
                k.arg == "axis" and isinstance(k.value, ast.Constant) and k.value.value == 1
                for k in n.keywords
            )
            first = n.args[0] if n.args else n.func.value if isinstance(n.func, ast.Attribute) else None
            if along and isinstance(first, ast.Name):
                tables.add(first.id)
        if isinstance(n, ast.BinOp) and isinstance(n.op, ast.MatMult):
            arrays |= {x.id for x in (n.left, n.right) if isinstance(x, ast.Name)}
    return tables, arrays


def _shape_of(node: ast.expr) -> set[str]:
    """Return the name of which an expression is the shape, if it is one."""
    is_shape = isinstance(node, ast.Attribute) and node.attr == "shape" and isinstance(node.value, ast.Name)
    return {node.value.id} if is_shape else set()  # type: ignore[attr-defined]


# --------------------------------------------------------------------------------------------- runs


def run(
    subject: Subject, tree: ast.Module, shapes: Mapping[str, Shape], changes: Changes | None = None
) -> Outcome:
    """Run a subject on arrays of given shapes. Raises CannotTraceError, SizesError and what NumPy raises."""
    arrays = {name: symbol(name, sizes) for name, sizes in shapes.items()}
    changes = changes or Changes()
    if subject.kind == "statements":
        now = CellRun(tree, changes, 0, arrays)
        now.module(tree.body)
        return collected(now, {**now.globals}, (None, None), arrays)
    now = CellRun(tree, changes, 1, {})
    now.module(tree.body)
    given = _given(subject, arrays)
    f = _function(now, subject.loss)
    if subject.kind == "both":
        value = f(**given)
        return collected(now, f.frame, (value, f.returned), given)
    out = f(**given)
    frame = f.frame
    g = _function(now, subject.gradient)
    now.places.clear()
    if subject.kind == "backward":
        return _backward(subject, now, g, out, {**frame, **given})
    value = g(**_passed(g, given))
    found = gradients(now, g.frame, _first_number(out), (value, g.returned), given)
    found.wanted = [w for w in found.wanted if not w.aside]
    return _by_name(subject, found)


def _by_name(subject: Subject, found: Outcome) -> Outcome:
    """Give a gradient without a name the variable that its function's name says."""
    arrays = subject.names
    for w in found.wanted:
        if w.variable is None and len(found.wanted) == 1:
            said = subject.gradient
            w.variable = variable_of(said, arrays) or variable_of(
                said.removeprefix(f"{subject.loss}_"), arrays
            )
    return found


def _function(now: CellRun, name: str) -> Function:
    f = now.globals.get(name)
    if not isinstance(f, Function):
        raise CannotTraceError(getattr(f, "why", f"{name} is no function that is traced"))
    return f


def _given(subject: Subject, arrays: Mapping[str, Traced]) -> dict[str, Any]:
    given: dict[str, Any] = {}
    for p in subject.parameters:
        if p in subject.items:
            given[p] = {key: arrays[key] for key in subject.items[p]}
        elif p in subject.lists:
            given[p] = tuple(arrays[name] for name in subject.lists[p])
        else:
            given[p] = arrays[p]
    return given


def _passed(g: Function, given: Mapping[str, Any]) -> dict[str, Any]:
    """Return the arguments of a gradient function: by name, and by position where no name is known."""
    if all(n in given or n in g.defaults for n in g.names):
        return {n: given[n] for n in g.names if n in given}
    if len(g.names) == len(given):
        return dict(zip(g.names, given.values(), strict=True))
    missing = next(n for n in g.names if n not in given and n not in g.defaults)
    raise CannotTraceError(f"{g.name} wants {missing}, which its loss does not have")


def _first_number(out: Any) -> Traced:
    parts = out if isinstance(out, tuple | list) else [out]
    found = next((p for p in parts if isinstance(p, Traced)), None)
    if found is None:
        raise CannotTraceError("the loss hands back no number")
    return next((p for p in parts if is_number(p)), found)


def _backward(subject: Subject, now: CellRun, g: Function, out: Any, known: Mapping[str, Any]) -> Outcome:
    """Run a backward function on what its forward one handed back, and on any array from above."""
    parts = list(out) if isinstance(out, tuple) else [out]
    first = parts[0]
    if not isinstance(first, Traced):
        raise CannotTraceError(f"{subject.loss} hands back no array")
    above = symbol("upstream", first.sizes)
    given: dict[str, Any] = {}
    is_used = False
    for k, name in enumerate(g.names):
        if name in known:
            given[name] = known[name]
        elif not is_used and not is_number(first) and (_ABOVE.fullmatch(name) or k == 0):
            given[name], is_used = above, True
        elif len(parts) > 1:
            given[name] = parts[1]
        elif name not in g.defaults:
            raise CannotTraceError(f"{g.name} wants {name}, which {subject.loss} does not hand back")
    value = g(**given)
    loss = paired(above, first) if is_used else first
    names = {**{n: v for n, v in known.items() if isinstance(v, Traced)}, **g.frame}
    fields = {k: v for x in g.frame.values() if isinstance(x, Instance) for k, v in x.fields.items()}
    names |= {k: v for k, v in fields.items() if isinstance(v, Traced) and k not in names}
    found = gradients(now, names, loss, (value, g.returned), {n: known[n] for n in subject.parameters})
    for w in found.wanted:
        w.aside = w.aside and w.label not in fields
    found.wanted = [w for w in found.wanted if w.variable in subject.names or w.variable is None]
    return found
