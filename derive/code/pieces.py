"""The values of a plan as pieces of text in a target language, bracketed where they need it."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Float, Integer

from derive.code.plan import Node, post_order
from derive.code.targets import Target
from derive.errors import InputError
from derive.expression.functions import template
from derive.operations import by_name

#: How tightly a piece of code holds together.
SUM, PRODUCT, UNARY, POWER, ATOM = range(5)
#: How PyTorch's code writes functions of numbers that are no tensors.
_OF_NUMBERS = {f: f"math.{f}({{0}})" for f in ("exp", "log", "log1p", "expm1", "sin", "cos", "tan", "sinh", "cosh", "tanh", "erf")} | {"abs": "abs({0})"}  # fmt: skip

Piece = tuple[str, int]
LEAVES = frozenset({"input", "number", "constant", "size"})
VIEWS = frozenset({"input", "transpose", "spread", "reshape", "diagonal", "choose", "item", "part"})


class Pieces(ABC):
    """Texts of values, by their number in the plan."""

    target: Target
    names: Mapping[str, str]
    #: The modules that the texts name.
    modules: set[str]
    #: Texts that are made already, and what of them has a line of its own.
    pieces: dict[int, Piece]
    stored: set[int]
    #: How often every value is used, and what a text calls it.
    counts: dict[int, int]
    called: dict[int, str]

    @abstractmethod
    def fresh(self) -> str:
        """Return a name that nothing has."""

    @abstractmethod
    def size(self, size: Any) -> str:
        """Return a size as it is read off an argument."""

    @abstractmethod
    def write(self, line: str) -> None:
        """Add a line."""

    @abstractmethod
    def store(self, node: Node, piece: Piece) -> None:
        """Write a value on a line of its own."""

    # ----------------------------------------------------------------------------------------- pieces

    def text(self, node: Node, level: int = SUM) -> str:
        """Return a value as text that holds together at a level."""
        text, holds = self.pieces[node.index]
        if node.op == "positive":
            loose = node.is_number and not self.target.closed and _is_constant(node)
            text, holds = f"float({text})" if loose else self.spell("as number", node, text), ATOM
        return text if holds >= level else f"({text})"

    def spell(self, operation: str, node: Node, *args: str) -> str:
        """Return an operation's spelling with texts put in. Raises InputError for what the language lacks."""
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

    def call(self, name: str) -> str:
        """Return how the language writes a function of every entry. Raises InputError where it lacks it."""
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

    def spelling(self, node: Node) -> str:
        """Return how the language writes a function of matrices. Raises InputError where it lacks it."""
        name, count = node.params
        found = self.target.functions.get(f"{name} {count}") or self._recorded(name, count)
        if found is None:
            raise InputError(f"{self.target.words} has no spelling of {name}: take --format numpy")
        return found

    def piece(self, node: Node) -> Piece:
        """Return a value as text, and how tightly it holds together."""
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
        template = self.call(node.params[0])
        if self.target.name == "torch" and _is_constant(node):
            template = _OF_NUMBERS.get(node.params[0]) or template.replace(
                "{0}", "torch.tensor(float({0}), dtype=dtype, device=device)"
            )
        elif self.target.name == "numpy" and _is_constant(node):
            template = f"float({template})"  # a number that takes the type of what it meets
        return self._filled(template, node.params[0], node, node.args), ATOM

    def on_function(self, node: Node) -> Piece:
        """Write a function of matrices."""
        text = self._filled(self.spelling(node), node.params[0], node, node.args)
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
        arrays = [p for p in pairs if p[0].shape is not None]
        text, tail = self._numbers(c, [p for p in pairs if p[0].shape is None], bool(arrays))
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
        return text, PRODUCT

    def _numbers(self, c: Any, numbers: Sequence[tuple[Node, int]], arrays: bool) -> tuple[str, str]:
        """Return the numbers of a product, the coefficient first, and what of it arrays are to be divided by."""
        if c.q == 1:
            text, tail = "" if c == 1 else str(c.p), ""
        elif _exact(c):
            text, tail = repr(float(c)), ""
        else:
            text, tail = ("" if c.p == 1 else str(c.p)), str(c.q)
        for f, e in numbers:
            if e > 0:
                text += ("*" if text else "") + self.text(f, UNARY)
        for f, e in numbers:
            if e < 0:
                divisor = self.text(f, POWER)
                if f.op == "size" and not self.target.closed and (not text or text.isdigit()):
                    divisor = self.spell("count", f, divisor)  # of nothing, a mean is no error
                text = (text or "1") + "/" + divisor
        if tail and (text or not arrays):
            text, tail = (text or "1") + "/" + tail, ""
        return text, tail

    def _weight(self, f: Node) -> int:
        if f.shape is None:
            return 0
        return 1 if f.shape[1] == 1 else 2 if f.shape[0] != 1 else 3

    def _factor(self, f: Node, level: int, floats: bool) -> str:
        if f.op == "positive" and floats:
            return self.pieces[f.index][0]
        return self.text(f, level)

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
            return self.spell(number, node, self.text(x, level), self.text(d, level)), ATOM if plain else SUM
        name = self.called.pop(node.index, None) or self.fresh()
        text = self.text(x)
        if (x.op in VIEWS and not is_new(x)) or x.index in self.stored or x.op in LEAVES:
            text = f"{self.text(x, ATOM)}.copy()"
        self.write(f"{name} = {text}")
        value = self.text(d) if d.shape is None else f"{self.text(d, ATOM)}.ravel()"
        self.write(f"{name}.flat[::len({name}) + 1] += {value}")
        self.stored.add(node.index)
        return name, ATOM

    def on_factor(self, node: Node) -> Piece:
        """Write a factorisation; one that serves once is part of what it serves."""
        if not self.factored(node):
            return "", ATOM
        return self._spelled(node.params[0], node, node.args[0]), ATOM

    def factored(self, node: Node) -> bool:
        """Tell whether a matrix is factorised on a line of its own: its factor serves more than once."""
        if not self.target.fuses:
            return node.params[0] == "cholesky"
        return node.params[0] == "cholesky" or self.counts[node.index] > 1

    def _factor_of(self, node: Node) -> tuple[str, str]:
        """Return the kind of a factor's spelling and the text of what it is used with."""
        factor = node.args[0]
        if self.factored(factor):
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
        return self.spell(
            f"{kind}solve{end}", node, matrix, self.text(node.args[1], _level(template, 1))
        ), ATOM

    def on_part(self, node: Node) -> Piece:
        """Write some rows or columns."""
        axis, skip = node.params
        start, stop = self.size(skip + self.target.base), self.size(skip + node.shape[axis])  # type: ignore[index]
        return self.spell(f"part {axis}", node, self.text(node.args[0], ATOM), start, stop), ATOM

    def on_put(self, node: Node) -> Piece:
        """Write rows or columns between others of zeros."""
        axis, skip = node.params
        (inner,) = node.args
        last = node.shape[axis] - skip - inner.shape[axis]  # type: ignore[index]
        return self.spell(f"put {axis}", node, self.text(inner), self.size(skip), self.size(last)), ATOM

    def on_cumsum(self, node: Node) -> Piece:
        """Write cumulative sums, forward or backward."""
        axis, backward = node.params
        return self._spelled(f"cumsum {axis}{' backward' if backward else ''}", node, *node.args), ATOM

    def on_kron(self, node: Node) -> Piece:
        """Write a Kronecker product; of a column, as copies of the whole right factor, one under the other."""
        column = node.args[0].columns == 1 and "kron column" in self.target.operations
        return self._spelled("kron column" if column else "kron", node, *node.args), ATOM

    def on_inverse(self, node: Node) -> Piece:
        """Write an inverse."""
        kind, matrix = self._factor_of(node)
        return self.spell(f"{kind}inverse", node, matrix), ATOM

    def on_norm(self, node: Node) -> Piece:
        """Write a norm; in NumPy by the sum of squares where that is neither too large nor too small."""
        if self.target.name != "numpy":
            return self._spelled("norm", node, *node.args), ATOM
        x = self.text(node.args[0], ATOM)
        squares = self.spell("inner", node, x, x)
        name = self.fresh()
        self.write(f"{name} = {squares}")
        safe = self.spell("norm", node, x)
        self.store(node, (f"np.sqrt({name}) if 1e-30 < {name} < 1e30 else {safe}", SUM))
        return self.pieces[node.index]

    def on_nonzero(self, node: Node) -> Piece:
        """Write a divisor, 1 where it is 0."""
        return self._spelled("nonzero" if node.is_number else "nonzero entries", node, *node.args), ATOM

    def on_signdet(self, node: Node) -> Piece:
        """Write the sign of a determinant."""
        kind, matrix = self._factor_of(node)
        return self.spell(f"{kind}signdet", node, matrix), ATOM if not kind else PRODUCT

    def on_logdet(self, node: Node) -> Piece:
        """Write a log-determinant."""
        kind, matrix = self._factor_of(node)
        level = PRODUCT if kind == "cholesky " else ATOM
        return self.spell(f"{kind}logdet", node, matrix), level


def _is_constant(node: Node) -> bool:
    """Tell whether a value is a number that no argument changes."""
    return node.shape is None and all(n.op != "input" for n in post_order([node]))


def is_new(node: Node) -> bool:
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
