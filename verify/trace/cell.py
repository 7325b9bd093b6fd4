"""A cell of code run on symbolic arrays, and the gradients that it claims: of which loss, by which variable, on which line.

What claims gradients is a function that returns a loss and its gradients, a function beside that of its loss, a backward
function beside its forward one (the loss is then the inner product of the output with what comes from above), or the
statements of the cell themselves.
"""

from __future__ import annotations

import ast
from collections import Counter
from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any

from sympy import MatrixSymbol, S, Symbol

from verify.trace.arrays import CannotTraceError, Shape, Size, Traced
from verify.trace.functions import total
from verify.trace.gradient_names import LOSSES, variable_of
from verify.trace.interpret import Function, Instance, Run
from verify.trace.trace import symbol

#: How the symbols of what is drawn begin, before they have the name that they are given.
_DRAWN = "drawn_"
#: The node of a variable inside a run, in whose place a symbol stood.
FROZEN = "node_"


@dataclass(frozen=True)
class Place:
    """Where in the cell something stands: its first and its last line, counted from 1, and its columns, from 0."""

    first: int
    last: int
    column: int = 0
    end: int = 0

    @classmethod
    def of(cls, node: ast.AST) -> Place:
        """Return the place of a node."""
        return cls(node.lineno, node.end_lineno or node.lineno, node.col_offset, node.end_col_offset or 0)  # type: ignore[attr-defined]


@dataclass
class Wanted:
    """A gradient that code claims: by which variable (None where no name says), its value, and where it stands.

    One that is `aside` is not handed back: it stands on the way.
    """

    label: str
    variable: str | None
    value: Traced
    place: Place
    aside: bool = False


@dataclass
class Outcome:
    """What a run comes to: the loss, the gradients that it claims, and all variables by name."""

    loss: Traced
    wanted: list[Wanted]
    variables: dict[str, Traced]
    frozen: Traced | None = None
    events: Counter[str] = field(default_factory=Counter)
    order: list[str] = field(default_factory=list)


@dataclass(frozen=True)
class Changes:
    """What is changed in a run: a name that is a symbol from its k-th assignment on, and values put in after the last."""

    freeze: tuple[str, int] | None = None
    mends: Mapping[tuple[str, int], Traced] = field(default_factory=dict)


class CellRun(Run):
    """A run of a cell that takes down what is assigned in one of its frames."""

    def __init__(self, tree: ast.Module, changes: Changes, at: int, symbols: Mapping[str, Traced]) -> None:
        super().__init__()
        self.tree, self.changes, self.at = tree, changes, at
        self.globals.update(symbols)
        self.given = set(symbols)
        self.events: Counter[str] = Counter()
        self.order: list[str] = []
        self.places: dict[str, Place] = {}
        self.frozen: Traced | None = None
        self.shapes: dict[str, list[dict[str, Shape]]] = {}
        self.drawn = 0
        self.leaves = set(symbols)

    def draw(self, shape: tuple[Size, ...]) -> Traced:
        """Return an array of given sizes and any entries."""
        self.drawn += 1
        return symbol(f"{_DRAWN}{self.drawn}", shape)

    def goes_round(self, node: ast.For) -> bool:
        """Run a loop whose body computes gradients for one round: that round is judged. So is one that calls functions."""
        if self.depth == 0 and any(
            isinstance(n, ast.Call | ast.AugAssign) for s in node.body for n in ast.walk(s)
        ):
            return False
        names = {n.id for n in ast.walk(node) if isinstance(n, ast.Name) and isinstance(n.ctx, ast.Store)}
        known = {n.id for n in ast.walk(self.tree) if isinstance(n, ast.Name | ast.arg) and hasattr(n, "id")}
        return self.depth != self.at or not any(variable_of(n, known - {n}) for n in names)

    def called(self, function: Function, given: dict[str, Any]) -> None:
        """Take down with which shapes a function was called."""
        shapes = {n: v.sizes for n, v in given.items() if isinstance(v, Traced)}
        self.shapes.setdefault(function.name, []).append(shapes)

    def assigned(self, target: ast.expr, node: ast.stmt, names: dict[str, Any]) -> None:
        """Take down an assignment, and make the changes that are due after it."""
        if self.depth != self.at:
            return
        if isinstance(target, ast.Tuple | ast.List):
            for part in target.elts:
                self.assigned(part, node, names)
            return
        root = target.value if isinstance(target, ast.Subscript) else target
        if isinstance(root, ast.Attribute) and isinstance(root.value, ast.Name):
            owner = names.get(root.value.id)
            if isinstance(owner, Instance):
                self._of_object(target, root.attr, node, owner)
            return
        if not isinstance(root, ast.Name):
            return
        holder: dict[Any, Any] = names
        key: Any = root.id
        if isinstance(target, ast.Subscript) and isinstance(names.get(root.id), dict):
            if not isinstance(target.slice, ast.Constant):
                return
            holder, key = names[root.id], target.slice.value
            self._note(_item(root.id, key), Place.of(node), holder, key)
            return
        if self.depth == 0 and isinstance(holder.get(key), Traced):
            holder[key] = self._named(key, holder[key])
        self._note(key, Place.of(node), holder, key)
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict):
            for k, v in zip(node.value.keys, node.value.values, strict=True):
                if isinstance(k, ast.Constant):
                    place = Place(k.lineno, v.end_lineno or v.lineno, k.col_offset)
                    self._note(_item(root.id, k.value), place, names[root.id], k.value)

    def _of_object(self, target: ast.expr, name: str, node: ast.stmt, owner: Instance) -> None:
        """Take down what is set on an object: self.dW, self.grads['W']."""
        held = owner.fields.get(name)
        if isinstance(target, ast.Attribute):
            self._note(name, Place.of(node), owner.fields, name)
        elif (
            isinstance(held, dict)
            and isinstance(target, ast.Subscript)
            and isinstance(target.slice, ast.Constant)
        ):
            self._note(_item(name, target.slice.value), Place.of(node), held, target.slice.value)

    def _note(self, label: str, place: Place, holder: dict[Any, Any], key: Any) -> None:
        self.events[label] += 1
        self.order.append(label)
        self.places[label] = place
        at = (label, self.events[label])
        value = holder.get(key)
        if at == self.changes.freeze and isinstance(value, Traced):
            self.frozen = value.copy()
            holder[key] = symbol(f"{FROZEN}{label}", value.sizes)
        if at in self.changes.mends:
            holder[key] = self.changes.mends[at].copy()

    def _named(self, name: str, value: Traced) -> Traced:
        """Return an array of any entries under the name that it is given."""
        free = value.expr.free_symbols - {s for d in value.sizes for s in S(d).free_symbols}
        drawn = bool(free) and all(
            str(s).startswith(_DRAWN) for s in free if isinstance(s, Symbol | MatrixSymbol)
        )
        if drawn or (not free and value.ndim and variable_of_any(name, self.tree)):
            self.leaves.add(name)
            return symbol(name, value.sizes)
        return value


def _item(root: str, key: object) -> str:
    return f"{root}[{key}]"


def variable_of_any(name: str, tree: ast.Module) -> bool:
    """Tell whether some name of the cell is that of the gradient by a name."""
    return any(
        isinstance(n, ast.Name) and variable_of(n.id, [name])
        for n in ast.walk(tree)
        if isinstance(n, ast.Name)
    )


# ------------------------------------------------------------------------------ what a run handed back


def is_number(value: Any) -> bool:
    """Tell whether a value is one number."""
    return isinstance(value, Traced) and all(S(d) == 1 for d in value.sizes)


def collected(
    run: CellRun, names: Mapping[str, Any], result: tuple[Any, ast.expr | None], given: Mapping[str, Any]
) -> Outcome:
    """Return the loss and the gradients in what a function handed back, and those that stand on the way.

    `names` are those of its frame and `given` its arguments. Raises CannotTraceError where there is no loss among them.
    """
    variables = _variables(names, given)
    parts = _parts(*result)
    losses = [
        p for p in parts if is_number(p.value) and not p.is_item and variable_of(p.label, variables) is None
    ]
    losses += [p for p in parts if is_number(p.value) and p.is_item and LOSSES.fullmatch(p.label)]
    if losses:
        loss = min(losses, key=lambda p: not LOSSES.fullmatch(p.label or "loss")).value
    else:
        inside = [n for n in names if LOSSES.fullmatch(n) and is_number(names[n]) and n in run.places]
        if not inside:
            raise CannotTraceError("there is no number among what is handed back that could be the loss")
        loss = names[max(inside, key=lambda n: run.places[n].first)]
    return gradients(run, names, loss, result, given)


def gradients(
    run: CellRun,
    names: Mapping[str, Any],
    loss: Traced,
    result: tuple[Any, ast.expr | None],
    given: Mapping[str, Any],
) -> Outcome:
    """Return the gradients of a loss in what a function handed back, and those that stand on the way."""
    every = _variables(names, given)
    variables = {n: v for n, v in every.items() if v is not loss}  # dE is no gradient by the loss E
    wanted = [w for p in _parts(*result) if (w := _claimed(run, p, variables, loss)) is not None]
    aside = _aside(run, names, variables, wanted)
    for w in aside:
        w.aside = w.variable not in run.leaves
    return Outcome(loss, [*wanted, *aside], every, run.frozen, run.events, run.order)


def _claimed(run: CellRun, part: _Part, variables: Mapping[str, Traced], loss: Traced) -> Wanted | None:
    """Return the gradient that a piece of what is handed back claims to be; None for the loss and what is no array."""
    if part.value is loss or not isinstance(part.value, Traced):
        return None
    variable = variable_of(part.label, variables)
    if part.is_item and part.label in variables:
        variable = part.label
    place = part.place
    if part.is_item:
        place = next((p for label, p in run.places.items() if label.endswith(f"[{part.label}]")), place)
    elif part.label in run.places:
        place = run.places[part.label]
    return Wanted(part.label, variable, part.value, place) if place is not None else None


@dataclass(frozen=True)
class _Part:
    """A piece of what a function handed back: its name or its key, if it has one, and where it stands."""

    label: str
    value: Any
    place: Place | None
    is_item: bool = False


def _parts(value: Any, node: ast.expr | None) -> list[_Part]:
    """Return what was handed back, piece by piece."""
    place = Place.of(node) if node is not None else None
    if isinstance(value, tuple | list):
        nodes = node.elts if isinstance(node, ast.Tuple | ast.List) and len(node.elts) == len(value) else None
        return [p for k, v in enumerate(value) for p in _inner(v, nodes[k] if nodes else None, place)]
    if isinstance(value, dict):
        known = zip(node.keys, node.values, strict=True) if isinstance(node, ast.Dict) else ()
        places = {k.value: Place.of(k) for k, _ in known if isinstance(k, ast.Constant)}
        return [_Part(str(key), v, places.get(key, place), True) for key, v in value.items()]
    return [_Part(node.id if isinstance(node, ast.Name) else "", value, place)]


def _inner(value: Any, node: ast.expr | None, place: Place | None) -> list[_Part]:
    found = _parts(value, node)
    return [p if p.place is not None else _Part(p.label, p.value, place, p.is_item) for p in found]


def _variables(names: Mapping[str, Any], given: Mapping[str, Any]) -> dict[str, Traced]:
    """Return all arrays of a frame by name, those in dictionaries that were given by their keys."""
    items = {
        str(k): x
        for v in given.values()
        if isinstance(v, dict)
        for k, x in v.items()
        if isinstance(x, Traced)
    }
    return {**items, **{n: v for n, v in names.items() if isinstance(v, Traced)}}


def _aside(
    run: CellRun, names: Mapping[str, Any], variables: dict[str, Traced], wanted: list[Wanted]
) -> list[Wanted]:
    """Return the gradients on the way: names that say so and are not handed back."""
    told = {w.label for w in wanted}
    found = []
    for label, value in names.items():
        if label in told or label not in run.places or not isinstance(value, Traced):
            continue
        variable = variable_of(label, {n: v for n, v in variables.items() if n != label})
        if variable is not None and (value.ndim or value.expr.free_symbols):
            same = next((w for w in wanted if w.variable == variable and w.value.expr == value.expr), None)
            if same is not None:
                same.place = run.places[label]  # it was computed there, and handed back under another name
            else:
                found.append(Wanted(label, variable, value, run.places[label], aside=True))
    return sorted(found, key=lambda w: w.place.first)


def paired(above: Traced, out: Traced) -> Traced:
    """Return the inner product of an output with what comes from above: the loss whose gradient a backward function is."""
    return total(above * out)
