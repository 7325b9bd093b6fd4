"""A plan as the lines of a function body in a target language."""

from __future__ import annotations

import keyword
import re
from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from sympy import Expr, Float, Integer, MatrixSymbol, factor_terms

from derive.code.builder import Builder
from derive.code.plan import Node, post_order, uses
from derive.code.sizes import flops, ratio_of
from derive.code.targets import Target
from derive.errors import InputError
from derive.expression.functions import template
from derive.language.text import to_text
from derive.operations import by_name

#: How tightly a piece of code holds together.
SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
#: Pieces longer than this get a line of their own.
LONG = 64

#: How PyTorch's code writes functions of numbers that are no tensors.
_OF_NUMBERS = {f: f"math.{f}({{0}})" for f in ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf")} | {"abs": "abs({0})"}  # fmt: skip

Piece = tuple[str, int]
_LEAVES = frozenset({"input", "number", "constant", "size"})
_VIEWS = frozenset({"input", "transpose", "spread", "reshape", "diagonal", "choose", "item"})


def expanded(outputs: Iterable[Node], b: Builder, target: Target, batched: bool = False) -> list[Node]:
    """Return the outputs with softmax and logsumexp as operations that share their exponentials.

    Where columns may be `batched`, a softmax is taken column by column.
    """
    known: dict[int, Node] = {}

    def shifted(x: Node, axis: int | None) -> tuple[Node, Node, Node]:
        top = b.make("max", (x,), (axis,), b.sum(x, axis).shape)
        e = b.make("call", (b.make("add", (x, top), (Integer(0), (Integer(1), Integer(-1))), x.shape),), ("exp",), x.shape)  # fmt: skip
        return top, e, b.make("sum", (e,), (axis,), top.shape)

    for node in post_order(list(outputs)):
        args = tuple(known[a.index] for a in node.args)
        if node.op in ("softmax", "logsumexp") and "softmax" not in target.operations:
            axis = node.params[0]
            if axis == 0 and args[0].columns == 1 and not batched:
                axis = None
            top, e, total = shifted(args[0], axis)
            if node.op == "softmax":
                known[node.index] = b.make("prod", (e, total), (Integer(1), (1, -1)), node.shape)
            else:
                log = b.make("call", (total,), ("log",), total.shape)
                args2 = (top, log) if top.index < log.index else (log, top)
                known[node.index] = b.make("add", args2, (Integer(0), (Integer(1), Integer(1))), total.shape)
        elif args == node.args:
            known[node.index] = node
        else:
            known[node.index] = b.make(node.op, args, node.params, node.shape, node.symmetric)
        if node.index in b.called:
            b.called.setdefault(known[node.index].index, b.called[node.index])
    return [known[n.index] for n in outputs]


class Printer:
    """Writes values as text, and those that are used more than once (or are long) on lines of their own."""

    def __init__(self, target: Target, names: Mapping[str, str], symbols: Mapping[str, Expr], taken: set[str], costs: bool = False) -> None:  # fmt: skip
        self.target, self.names, self.symbols, self.taken, self.costs = (
            target,
            names,
            symbols,
            set(taken),
            costs,
        )
        self.modules: set[str] = set()
        self.given: list[Any] = []
        self.lines: list[str] = []
        self.sizes: dict[Any, tuple[str, str]] = {}
        self.pieces: dict[int, Piece] = {}
        self.stored: set[int] = set()
        self.counts: dict[int, int] = {}
        self.bases: list[int] = []
        self.indent = ""
        self.called: dict[int, str] = {}
        self.given_names: set[str] = set()

    def share(self, other: Printer) -> None:
        """Take over the names of sizes that another branch of the function uses."""
        self.sizes, self.given, self.taken = other.sizes, other.given, other.taken
        self.given_names = other.given_names

    # ------------------------------------------------------------------------------------------- names

    def fresh(self) -> str:
        """Return a name that nothing has."""
        name = next(n for i in range(1, 100_000) if (n := f"t{i}") not in self.taken)
        self.taken.add(name)
        return name

    def size(self, size: Any) -> str:
        """Return a size as it is read off an argument; one that no argument has is an argument itself."""
        if isinstance(size, int) or size.is_Integer:
            return str(int(size))
        for n, symbol in self.symbols.items():
            if isinstance(symbol, MatrixSymbol) and size in symbol.shape:
                if size not in self.sizes:
                    axis = symbol.shape.index(size)
                    name = str(size) if size.is_Symbol and str(size) not in self.taken else self.fresh()
                    self.taken.add(name)
                    text = self.target.size.format(self.names[n], axis=axis + self.target.base)
                    self.sizes[size] = (name, f"{name} = {text}{self.target.end}")
                return self.sizes[size][0]
        if size.is_Symbol:
            if size.name in self.names and self.symbols.get(size.name) == size:
                return self.names[size.name]
            if size not in self.given:
                self.given.append(size)
            return size.name
        known = {s: type(s)(self.size(s)) for s in size.free_symbols}
        return f"({size.xreplace(known)})".replace("**", self.target.raised)

    # ------------------------------------------------------------------------------------------ lines

    def write(self, line: str) -> None:
        """Add a line."""
        self.lines.append(f"{self.indent}{line}")

    def outputs(self, roots: list[Node], called: Mapping[int, str] | None = None) -> list[str]:
        """Write everything that the outputs need and return their texts; some values are `called` something."""
        free = {n for n in (called or {}).values() if n not in self.taken and not keyword.iskeyword(n)}
        self.given_names |= free
        self.called = {k: n for k, n in (called or {}).items() if n in self.given_names}
        self.taken |= free
        self.counts = uses(roots)
        self.bases = [base.index for r in roots if (base := _base(r)) is not None]
        for node in reversed(post_order(roots)):
            if node.op == "transpose":  # written out at every use
                self.counts[node.args[0].index] += self.counts[node.index] - 1
        for node in post_order(roots):
            if node.op == "norm" and self.target.name == "numpy":
                self.counts[node.args[0].index] += 2
            if node.op == "power" and node.shape is not None and node.params[0] in (3, Integer(3) / 2):
                self.counts[node.args[0].index] += 1
            if node.op == "function":
                spelling = self._template(node)
                for i, a in enumerate(node.args):
                    if spelling.count(f"{{{i}}}") > 1:
                        self.counts[a.index] += 1
            if node.op in ("others", "nonzero") or (node.op == "max" and self.target.name == "torch"):
                self.counts[node.args[0].index] += 2
            if node.op == "call" and self._call(node.params[0]).count("{0}") > 1:
                self.counts[node.args[0].index] += 1
        self._emit(post_order(roots), roots)
        return [self._output(r) for r in roots]

    def _emit(self, order: list[Node], roots: list[Node]) -> None:
        held = self._held(order, roots)
        for node in order:
            if node.index in held or node.index in self.pieces:
                continue
            if node.op == "choose":
                self._choose(node, order)
                continue
            piece = self._piece(node)
            if self._worth(node, piece):
                self._store(node, piece)
            else:
                self.pieces[node.index] = piece

    def _worth(self, node: Node, piece: Piece) -> bool:
        if node.op in _LEAVES or node.op in ("transpose", "eye", "ones") or node.index in self.stored:
            return False
        if node.op == "factor":
            return self._factored(node)
        return self.counts.get(node.index, 0) > 1 or len(piece[0]) > LONG or node.index in self.called

    def _store(self, node: Node, piece: Piece, name: str | None = None) -> None:
        name = name or self.called.pop(node.index, None) or self.fresh()
        line = f"{name} = {piece[0]}{self.target.end}"
        cost = flops(node) if self.costs and node.shape is not None else None
        self.write(line + (f"  {self.target.comment} {to_text(cost)} operations" if cost is not None else ""))
        self.pieces[node.index] = (name, ATOM)
        self.stored.add(node.index)

    def _held(self, order: list[Node], roots: list[Node]) -> set[int]:
        """Return the nodes that only one arm of a choice needs."""
        held: set[int] = set()
        for node in order:
            if node.op == "choose":
                held |= self._own(node, order, roots, 0) | self._own(node, order, roots, 1)
        return held

    def _own(self, node: Node, order: list[Node], roots: list[Node], arm: int) -> set[int]:
        """Return what an arm of a choice needs and nothing else does."""
        reached: set[int] = set()
        stack = list(roots)
        while stack:
            n = stack.pop()
            if n.index in reached:
                continue
            reached.add(n.index)
            stack.extend(n.args[1 - arm : 2 - arm] if n is node else n.args)
        return {n.index for n in post_order([node.args[arm]])} - reached

    def _choose(self, node: Node, order: list[Node]) -> None:
        above, below = ratio_of(*node.params).as_numer_denom()
        one, two = (self.size(factor_terms(c)) for c in (above, below))
        name = self.fresh()
        colon = "" if self.target.closed else ":"
        self.write(f"if {one} <= {two}{colon}")
        indent = self.indent
        for arm, head in ((0, ""), (1, f"else{colon}")):
            if head:
                self.indent = indent
                self.write(head)
            self.indent = indent + "    "
            self._emit(post_order([node.args[arm]]), [node.args[arm]])
            self.write(f"{name} = {self.text(node.args[arm])}{self.target.end}")
        self.indent = indent
        if self.target.closed:
            self.write(self.target.closed)
        self.pieces[node.index] = (name, ATOM)
        self.stored.add(node.index)

    def _output(self, node: Node) -> str:
        text = self.text(node)
        if node.shape is None:
            return self._spell("number", node, text)
        if self.target.name == "julia":  # where a fraction is of 64 bits
            return self._spell("as number", node, text)
        return self._spell("fresh", node, text) if self._shared(node) else text

    def _shared(self, node: Node) -> bool:
        """Tell whether an output is a view of an argument, may not be written to, or is given back twice."""
        base = _base(node)
        return base is None or base.op == "input" or self.bases.count(base.index) > 1

    # ----------------------------------------------------------------------------------------- pieces

    def text(self, node: Node, level: int = SUM) -> str:
        """Return a value as text that holds together at a level."""
        text, holds = self.pieces[node.index]
        if node.op == "positive":
            loose = node.is_number and not self.target.closed and _is_constant(node)
            text, holds = f"float({text})" if loose else self._spell("as number", node, text), ATOM
        return text if holds >= level else f"({text})"

    def _spell(self, operation: str, node: Node, *args: str) -> str:
        found = self.target.operations.get(operation)
        if found is None:
            raise InputError(f"{self.target.words} has no spelling of {operation}: take --format numpy")
        return self._fill(found, node, args)

    def _fill(self, template: str, node: Node, args: tuple[str, ...]) -> str:
        for alias in self.target.imports:
            if f"{alias}." in template:
                self.modules.add(alias)
        sizes: dict[str, str] = {}
        if node.shape is not None:
            for word, size in zip(("rows", "columns"), node.shape, strict=True):
                if f"{{{word}}}" in template:
                    sizes[word] = self.size(size)
        if "{tile}" in template:
            inner = node.args[0].shape or (1, 1)
            tile = (self.size(s) if i == 1 else "1" for s, i in zip(node.shape or (), inner, strict=True))
            sizes["tile"] = ", ".join(tile)
        p = node.params[0] if node.params else ""
        return template.format(*args, p=p, **sizes)

    def _call(self, name: str) -> str:
        found = self.target.calls.get(name) or self._recorded(name, 1)
        entry = by_name(name)
        if found is None and entry is not None and entry.definition is None:
            found = f"{self.target.prefix}{name}({{0}})"
        if found is None:
            raise InputError(f"{self.target.words} has no spelling of {name}: take --format numpy")
        return found

    def _recorded(self, name: str, count: int) -> str | None:
        """Return the spelling of a function in its record."""
        entry = by_name(name)
        return None if entry is None else template(entry, self.target.name, count)

    def _template(self, node: Node) -> str:
        name, count = node.params
        found = self.target.functions.get(f"{name} {count}") or self._recorded(name, count)
        if found is None:
            raise InputError(f"{self.target.words} has no spelling of {name}: take --format numpy")
        return found

    def _piece(self, node: Node) -> Piece:
        special = getattr(self, f"on_{node.op}", None)
        if special is not None:
            return special(node)
        name = node.op
        if node.op in ("sum", "max", "logsumexp") and node.params[0] is not None:
            name = f"{node.op} {node.params[0]}"
        level = ATOM if name not in ("cholesky logdet",) else PRODUCT
        return self._spelled(name, node, *node.args), level

    def _spelled(self, operation: str, node: Node, *args: Node) -> str:
        """Return an operation's spelling, arguments bracketed where they need it."""
        return self._filled(self.target.operations.get(operation), operation, node, args)

    def _filled(self, template: str | None, operation: str, node: Node, args: Sequence[Node]) -> str:
        if template is None:
            raise InputError(f"{self.target.words} has no spelling of {operation}: take --format numpy")
        return self._fill(
            template, node, tuple(self.text(a, _level(template, i)) for i, a in enumerate(args))
        )

    def on_input(self, node: Node) -> Piece:
        """Write an argument."""
        return self.names[node.params[0]], ATOM

    def on_number(self, node: Node) -> Piece:
        """Write a rational number."""
        q = node.params[0]
        if isinstance(q, Float):
            return repr(float(q)), ATOM if q >= 0 else UNARY
        if q.q == 1:
            return str(q.p), ATOM if q >= 0 else UNARY
        return f"{q.p}/{q.q}", PRODUCT

    def on_size(self, node: Node) -> Piece:
        """Write a size."""
        return self.size(node.params[0]), ATOM

    def on_transpose(self, node: Node) -> Piece:
        """Write a transpose."""
        return self.target.transposed.format(self.text(node.args[0], ATOM)), ATOM

    def on_call(self, node: Node) -> Piece:
        """Write a function of every entry."""
        template = self._call(node.params[0])
        if self.target.name == "torch" and _is_constant(node):
            template = _OF_NUMBERS.get(node.params[0]) or template.replace(
                "{0}", "torch.tensor(float({0}), dtype=dtype, device=device)"
            )
        elif self.target.name == "numpy" and _is_constant(node):
            template = f"float({template})"  # a number that takes the type of what it meets
        return self._filled(template, node.params[0], node, node.args), ATOM

    def on_function(self, node: Node) -> Piece:
        """Write a function of matrices."""
        text = self._filled(self._template(node), node.params[0], node, node.args)
        if node.shape is not None:
            text += (
                self.target.typed
            )  # SciPy's functions do not keep float32, and constants have a type of their own
        return text, ATOM

    def on_positive(self, node: Node) -> Piece:
        """Write a comparison with 0."""
        return self._spelled("positive", node, node.args[0]), ATOM

    def on_matmul(self, node: Node) -> Piece:
        """Write a matrix product."""
        a, b = node.args
        return f"{self.text(a, PRODUCT)}{self.target.matmul}{self.text(b, POWER)}", PRODUCT

    def on_power(self, node: Node) -> Piece:
        """Write a power of every entry."""
        q, x = node.params[0], node.args[0]
        times = self.target.times
        if q == Integer(1) / 2:
            if self.target.name == "torch" and _is_constant(node):
                return f"{self.text(x, ATOM)}**0.5", POWER
            text = self._spelled("sqrt", node, x)
            return (f"float({text})" if self.target.name == "numpy" and _is_constant(node) else text), ATOM
        if q == Integer(3) / 2 and node.shape is not None:
            return f"{self.text(x, ATOM)}{times}{self._spelled('sqrt', node, x)}", PRODUCT
        if q == 3 and node.shape is not None:
            return f"{self.text(x, ATOM)}{self.target.raised}2{times}{self.text(x, ATOM)}", PRODUCT
        exponent = str(q) if q.is_integer else f"({q})"
        return f"{self.text(x, ATOM)}{self.target.raised}{exponent}", POWER

    def on_spread(self, node: Node) -> Piece:
        """Write a value spread over a shape."""
        return self._spelled("full" if node.args[0].is_number else "spread", node, node.args[0]), ATOM

    def on_powers(self, node: Node) -> Piece:
        """Write entries to the power of entries."""
        x, y = node.args
        return f"{self.text(x, ATOM)}{self.target.raised}{self.text(y, ATOM)}", POWER

    def on_add(self, node: Node) -> Piece:
        """Write a sum, what is added before what is taken away."""
        constant, coefficients = node.params
        terms = [(c, self._term(c, a)) for c, a in zip(coefficients, node.args, strict=True)]
        if constant != 0:
            text = self._rational(abs(constant))
            terms.append((constant, text))
        terms.sort(key=lambda t: bool(t[0] < 0))
        first, *rest = terms
        out = (self._minus(first[1]) if first[0] < 0 else first[1]) + "".join(
            f"{self.target.minus if c < 0 else self.target.plus}{t}" for c, t in rest
        )
        return out, SUM

    def _rational(self, q: Any) -> str:
        return str(q) if q.q == 1 else repr(float(q)) if _exact(q) else f"{q.p}/{q.q}"

    def _term(self, coefficient: Any, node: Node) -> str:
        c = abs(coefficient)
        if node.op == "prod" and node.index not in self.stored:
            factors, exps = node.args, node.params[1]
            text, level = self._multiplied(c * node.params[0], factors, exps)
            return text if level >= PRODUCT else f"({text})"
        text, level = self._multiplied(c, (node,), (1,))
        return text if level >= PRODUCT else f"({text})"

    def on_prod(self, node: Node) -> Piece:
        """Write a product entry by entry."""
        c, exps = node.params
        text, level = self._multiplied(abs(c), node.args, exps)
        if c < 0:
            return self._minus(text if level >= PRODUCT else f"({text})"), UNARY
        return text, level

    def _minus(self, text: str) -> str:
        """Return minus a product: of a matrix product it is taken last, or else of a matrix that may be large."""
        inner, depth = "", 0
        for c in text:
            depth += (c in "([") - (c in ")]")
            inner += c if depth == 0 else ""
        matrix = f"{self.target.matmul.strip()}" in re.sub(r"\.\*", "", inner)
        return f"-({text})" if matrix else f"-{text}"

    def _multiplied(self, c: Any, factors: tuple[Node, ...], exps: tuple[int, ...]) -> Piece:
        """Write a product: numbers first, columns and rows before matrices, masks last."""
        times, over = self.target.times, self.target.over
        if c == 1 and len(factors) == 1 and exps == (1,):
            text, level = self.pieces[factors[0].index]
            return (self.text(factors[0]), ATOM if factors[0].op == "positive" else level)
        floats = any(
            f.op != "positive" and f.shape is not None and e > 0 for f, e in zip(factors, exps, strict=True)
        )
        pairs = sorted(
            zip(factors, exps, strict=True),
            key=lambda p: (
                p[0].shape is not None,
                self._weight(p[0]),
                p[0].op == "positive" and floats,
                p[1] < 0,
            ),
        )
        tall = [p for p in pairs if p[1] > 0]
        below = [p for p in pairs if p[1] < 0]
        numbers = [p for p in pairs if p[0].shape is None]
        arrays = [p for p in pairs if p[0].shape is not None]
        text = ""
        if c.q == 1:
            head = "" if c == 1 else str(c.p)
            tail = ""
        elif _exact(c):
            head, tail = repr(float(c)), ""
        else:
            head, tail = ("" if c.p == 1 else str(c.p)), str(c.q)
        text = head
        for f, e in numbers:
            if e > 0:
                text += ("*" if text else "") + self.text(f, UNARY)
        for f, e in numbers:
            if e < 0:
                divisor = self.text(f, POWER)
                if f.op == "size" and not self.target.closed and (not text or text.isdigit()):
                    divisor = self._spell("count", f, divisor)  # of nothing, a mean is no error
                text = (text or "1") + "/" + divisor
        if tail and (text or not arrays):
            text, tail = (text or "1") + "/" + tail, ""
        first = True
        for f, e in arrays:
            if e > 0:
                operator = "*" if first and text else times
                # A mask in front is a number, which a minus can stand before.
                text += operator + self._factor(f, POWER, floats) if text else self.text(f, UNARY)
                first = False
        if tail:
            text = (text or "1") + "/" + tail
        for f, e in arrays:
            if e < 0:
                text = (text or "1") + over + self.text(f, POWER)
        assert tall or below
        return text, PRODUCT

    def _weight(self, f: Node) -> int:
        if f.shape is None:
            return 0
        return 1 if f.shape[1] == 1 else 2 if f.shape[0] != 1 else 3

    def _factor(self, f: Node, level: int, floats: bool) -> str:
        if f.op == "positive" and floats:
            return self.pieces[f.index][0]
        return self.text(f, level)

    # -------------------------------------------------------------------------------------- statements

    def on_others(self, node: Node) -> Piece:
        """Write the products of all other entries of every row."""
        return self._spelled("others", node, *node.args), PRODUCT

    def on_shift(self, node: Node) -> Piece:
        """Write a sum on the diagonal, in place where the target can."""
        x, d = node.args
        if not self.target.in_place:
            plain = bool(self.target.closed)
            level = ATOM if plain else PRODUCT
            number = "shift number" if d.is_number and "shift number" in self.target.operations else "shift"
            return self._spell(number, node, self.text(x, level), self.text(d, level)), ATOM if plain else SUM
        name = self.called.pop(node.index, None) or self.fresh()
        text = self.text(x)
        if (x.op in _VIEWS and not _new(x)) or x.index in self.stored or x.op in _LEAVES:
            text = f"{self.text(x, ATOM)}.copy()"
        self.write(f"{name} = {text}")
        value = self.text(d) if d.shape is None else f"{self.text(d, ATOM)}.ravel()"
        self.write(f"{name}.flat[::len({name}) + 1] += {value}")
        self.stored.add(node.index)
        return name, ATOM

    def on_factor(self, node: Node) -> Piece:
        """Write a factorisation; one that serves once is part of what it serves."""
        if not self._factored(node):
            return "", ATOM
        return self._spelled(node.params[0], node, node.args[0]), ATOM

    def _factored(self, node: Node) -> bool:
        """Tell whether a matrix is factorised on a line of its own: its factor serves more than once."""
        if not self.target.fuses:
            return node.params[0] == "cholesky"
        return node.params[0] == "cholesky" or self.counts[node.index] > 1

    def _factor_of(self, node: Node) -> tuple[str, str]:
        """Return the kind of a factor's spelling and the text of what it is used with."""
        factor = node.args[0]
        if self._factored(factor):
            return f"{factor.params[0]} ", self.text(factor)
        return "", self.text(factor.args[0])

    def on_solve(self, node: Node) -> Piece:
        """Write a solution."""
        kind, matrix = self._factor_of(node)
        transposed = node.params[0]
        end = " transposed" if transposed and kind else ""
        template = self.target.operations.get(f"{kind}solve{end}", "")
        if not kind:
            a = node.args[0].args[0]
            level = _level(template, 0)
            matrix = self.target.transposed.format(self.text(a, ATOM)) if transposed else self.text(a, level)
        return self._spell(
            f"{kind}solve{end}", node, matrix, self.text(node.args[1], _level(template, 1))
        ), ATOM

    def on_inverse(self, node: Node) -> Piece:
        """Write an inverse."""
        kind, matrix = self._factor_of(node)
        return self._spell(f"{kind}inverse", node, matrix), ATOM

    def on_norm(self, node: Node) -> Piece:
        """Write a norm; in NumPy by the sum of squares where that is neither too large nor too small."""
        if self.target.name != "numpy":
            return self._spelled("norm", node, *node.args), ATOM
        x = self.text(node.args[0], ATOM)
        squares = self._spell("inner", node, x, x)
        name = self.fresh()
        self.write(f"{name} = {squares}")
        safe = self._spell("norm", node, x)
        self._store(node, (f"np.sqrt({name}) if 1e-30 < {name} < 1e30 else {safe}", SUM))
        return self.pieces[node.index]

    def on_nonzero(self, node: Node) -> Piece:
        """Write a divisor, 1 where it is 0."""
        return self._spelled("nonzero" if node.is_number else "nonzero entries", node, *node.args), ATOM

    def on_signdet(self, node: Node) -> Piece:
        """Write the sign of a determinant."""
        kind, matrix = self._factor_of(node)
        return self._spell(f"{kind}signdet", node, matrix), ATOM if not kind else PRODUCT

    def on_logdet(self, node: Node) -> Piece:
        """Write a log-determinant."""
        kind, matrix = self._factor_of(node)
        level = PRODUCT if kind == "cholesky " else ATOM
        return self._spell(f"{kind}logdet", node, matrix), level


def _base(node: Node) -> Node | None:
    """Return what a value is a view of, None where it may not be written to or nothing says."""
    while node.op in _VIEWS and not _new(node):
        if node.op not in ("input", "transpose", "reshape"):
            return None
        if node.op == "input":
            return node
        node = node.args[0]
    return node


def _is_constant(node: Node) -> bool:
    """Tell whether a value is a number that no argument changes."""
    return node.shape is None and all(n.op != "input" for n in post_order([node]))


def _new(node: Node) -> bool:
    """Tell whether spreading a value makes a new array."""
    return node.op == "spread" and node.args[0].is_number


def _level(template: str, i: int) -> int:
    """Return how tightly an argument of a template has to hold together: between commas it need not."""
    place = rf"\{{{i}\}}(?=[,)])"
    free = re.compile(rf"(?<=[(,] ){place}|(?<=\(){place}")
    return SUM if len(free.findall(template)) == template.count(f"{{{i}}}") else ATOM


def _exact(q: Any) -> bool:
    """Tell whether a fraction is a float exactly and short to write."""
    return q.q in (2, 4, 8)
