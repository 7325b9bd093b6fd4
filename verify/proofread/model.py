"""The meaning of a document: all formulas read together, and the true value of every symbol.

In *truth* a derivative's symbol means the true derivative, and a name its definition. Where a loss is never given
(∂L/∂z is "given"), L is any function of z: its adjoint is the free variable that the symbol names.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sympy import Expr, MatAdd, MatMul, MatrixSymbol, S, Symbol

from derive.errors import InputError, InternalError
from derive.expression import algebra
from derive.expression.functions import EntrySum
from derive.expression.rebuild import rebuild, replaced
from derive.language.kinds import MAX_TRIES
from derive.language.names import kind_of
from derive.language.scope import Misfit, ParseError
from derive.language.shapes import Shape
from derive.language.together import Built, build
from derive.language.tree import Tree
from derive.problem import Problem
from verify.proofread.memory import content, remembered
from verify.proofread.moments import KINDS as MOMENTS
from verify.proofread.moments import Moments
from verify.proofread.randomness import Randomness
from verify.proofread.solving import turned_round
from verify.proofread.symbols import PREFIX, UnreadError, is_name
from verify.proofread.symbols import Symbol as Written

_ONE: Shape = (1, 1)
#: With every reading that fails, fewer are tried in the next, so that a document takes seconds whatever it holds.
FEWER, LEAST_TRIES = 15, 40


def name_of(name: str) -> Tree:
    """Return the tree of a name."""
    return Tree("name", [], 0, 0, name)


def product(*factors: Tree) -> Tree:
    """Return the tree of a matrix product."""
    return Tree("*", list(factors), 0, 0, ["*"] * (len(factors) - 1))


def transposed(tree: Tree) -> Tree:
    """Return the tree of a transpose."""
    return Tree("'", [tree], 0, 0)


@dataclass
class Model:
    """The definitions, symbols and assumptions of a document, and the reading that they share.

    `definitions` are names with the trees of their bodies (`defined` all names that the document defines), `ones` vectors whose entries add up to one, `symbols` the written symbols by name, `over` the free indices
    of trees (of which they then are the column or the matrix), `given` the symbols that are given of undefined losses,
    `dependent` arrays that depend on a number in a way that is not given, K of ∂K/∂θ.
    """

    definitions: dict[str, Tree]
    symbols: dict[str, Written]
    declared: dict[str, Shape] = field(default_factory=dict)
    assumptions: frozenset[tuple[str, str]] = frozenset()
    defined: frozenset[str] = frozenset()
    ones: frozenset[str] = frozenset()
    numbers: frozenset[str] = frozenset()
    over: dict[int, tuple[str, ...]] = field(default_factory=dict)
    turned: set[str] = field(default_factory=set)
    kinds: dict[str, str] = field(default_factory=dict)
    prefer: dict[str, str] = field(default_factory=dict)
    random: Randomness = field(default_factory=Randomness)
    moments: Moments = field(init=False)
    built: Built | None = None
    _trees: dict[int, Expr] = field(default_factory=dict)
    given: set[str] = field(default_factory=set)
    _formulas: dict[str, bool] = field(default_factory=dict)
    _truth: dict[str, Expr] = field(default_factory=dict)
    _open: set[str] = field(default_factory=set)
    directions: set[Expr] = field(default_factory=set)
    failed: int = 0
    dependent: set[str] = field(default_factory=set)

    # ---------------------------------------------------------------------------------------- reading

    @property
    def losses(self) -> set[str]:
        """Return the names that are differentiated and never defined: scalars that depend on what is given."""
        return {
            s.what[0].value
            for s in self.symbols.values()
            if s.kind in ("derivative", "hessian") and s.what[0].op == "name" and s.what[0].value not in self.defined
            and s.what[0].value not in self.declared and s.what[0].value not in self.dependent
        }  # fmt: skip

    def classify(self) -> None:
        """Find out which symbols are scalars, columns and matrices, and which cannot be read. Raises Misfit."""
        trees, pairs, numbers = self._core()
        asked = {t.show(): t for s in self.symbols.values() for t in (*s.what, *s.by) if self._is_formula(t)}
        trees += asked.values()
        first = len(trees) - len(asked)
        losses = [
            first + k for k, (text, t) in enumerate(asked.items())
            if t.op != "name" and any(s.what[0].show() == text and _is_matrix(s.by) for s in self.symbols.values())
        ]  # fmt: skip
        try:  # what is differentiated by a matrix is a number
            built = self._build(trees, pairs, [*numbers, *losses])
        except (Misfit, ParseError):
            if not losses:
                raise
            built = self._build(trees, pairs, numbers)
        shapes = dict(zip(asked, built.expressions[len(trees) - len(asked) :], strict=True))
        for text, expr in shapes.items():
            rows, columns = algebra.shape(expr)
            self.kinds[text] = (
                "scalar" if (rows, columns) == (1, 1) else "column" if columns == 1 else "matrix"
            )

    def _is_formula(self, tree: Tree) -> bool:
        """Tell whether a tree can be read by itself, whatever its shapes."""
        key = tree.show()
        if key not in self._formulas:
            try:
                build([tree], "", over=[self.over.get(id(tree), ())], loose=True)
            except Misfit:
                self._formulas[key] = True
            except (InputError, RecursionError):
                self._formulas[key] = False
            else:
                self._formulas[key] = True
        return self._formulas[key]

    def letters(self) -> dict[str, str]:
        """Return names for the symbols whose first letters tell their kinds, by their names up to now."""
        letter = {"scalar": "g", "column": "z", "matrix": ""}
        found = {}
        for name, s in self.symbols.items():
            try:
                kind = self.letter(s)
            except UnreadError:
                continue
            new = f"{letter[kind]}{PREFIX}{name.rpartition(PREFIX)[2]}"
            if new != name:
                found[name] = new
        return found

    def read(self, sides: Sequence[Tree], same: Iterable[tuple[Tree, Tree]] = ()) -> None:
        """Read some sides together with all definitions. Raises Misfit where shapes cannot fit, ParseError."""
        trees, pairs, numbers = self._core()
        more, links, scalars = self._links()
        trees += more
        index = {id(t): k for k, t in enumerate(trees)}
        self._trees = {}
        self._domains: dict[int, tuple[Expr, ...]] = {}
        for t in sides:
            if id(t) not in index:
                index[id(t)] = len(trees)
                trees.append(t)
        pairs += [(index[id(a)], index[id(b)]) for a, b in (*links, *same)]
        numbers += [index[id(t)] for t in scalars]
        self.built = self._build(trees, pairs, numbers)
        self._trees = {id(t): e for t, e in zip(trees, self.built.expressions, strict=True)}
        self._domains = {id(t): d for t, d in zip(trees, self.built.domains, strict=True)}
        self._truth.clear()
        self.moments = Moments(self.random, self)

    def departures(self) -> set[str]:
        """Return the names of the reading that go against their letters: a capital that is no matrix, x that is no column."""
        assert self.built is not None
        found = set()
        for name, (rows, columns) in self.built.shapes.items():
            due = self.prefer.get(name, kind_of(name))
            read = "matrix" if columns != 1 and rows != 1 else "scalar" if rows == columns else "vector"
            known = name in self.declared or name in self.symbols or name in self.losses
            if not known and due not in (read, "scalar"):
                found.add(name)
        return found

    def _core(self) -> tuple[list[Tree], list[tuple[int, int]], list[int]]:
        trees: list[Tree] = []
        pairs = []
        for name, body in self.definitions.items():
            pairs.append((len(trees), len(trees) + 1))
            trees += [name_of(name), body]
        numbers = []
        for name in sorted(self.losses):
            numbers.append(len(trees))
            trees.append(name_of(name))
        for name, tree, is_spread in self._parameters():
            x = name_of(name)
            if name in self.random.entries or self.prefer.get(name) == "scalar":
                numbers.append(len(trees))
                trees.append(tree)
            elif tree.op != "number" and not (is_spread and tree.op == "^"):
                pairs.append((len(trees), len(trees) + 1))
                trees += [product(x, transposed(x)) if is_spread else x, tree]
            else:
                trees.append(tree)
        return trees, pairs, numbers

    def _parameters(self) -> list[tuple[str, Tree, bool]]:
        """Return the means and variances that the document gives, with the variables that they are of."""
        r = self.random
        found = [(n, t, False) for n, t in r.means.items()] + [(n, t, True) for n, t in r.spreads.items()]
        others = [
            (n, t, False) for n, (family, given) in r.families.items() if family != "normal" for t in given
        ]
        return [*found, *others]

    def _links(self) -> tuple[list[Tree], list[tuple[Tree, Tree]], list[Tree]]:
        """Return what ties the shapes of the symbols: that of ∂L/∂W is that of W."""
        trees: dict[int, Tree] = {}
        pairs: list[tuple[Tree, Tree]] = []
        scalars: list[Tree] = []
        for name, written in self.symbols.items():
            if not all(self._is_formula(t) for t in (*written.what, *written.by)):
                continue
            try:
                shaped = self._shaped(written)
            except UnreadError:
                continue
            leaf = name_of(name)
            if written.kind == "derivative" and self.kinds.get(written.what[0].show()) == "scalar":
                scalars.append(written.what[0])
            for t in (leaf, *written.what, *written.by):
                trees[id(t)] = t
            if shaped is None:
                scalars.append(leaf)
            else:
                trees[id(shaped)] = shaped
                pairs.append((leaf, shaped))
        return list(trees.values()), pairs, scalars

    def _shaped(self, s: Written) -> Tree | None:
        """Return a tree that has the shape of a symbol, None for a scalar. Raises UnreadError."""
        kind = {t.show(): self.kinds.get(t.show(), "matrix") for t in (*s.what, *s.by)}
        what = s.what[0]
        first = kind[what.show()]
        if s.kind in ("differential", "direction", "expect", "at") or s.over:
            return None if first == "scalar" else what
        if s.kind in ("var", "cov"):
            return None if first == "scalar" else product(what, transposed(s.what[-1]))
        by = s.by[0]
        second = kind[by.show()]
        if s.kind == "hessian":
            if first != "scalar" or second == "matrix":
                raise UnreadError(f"{s.written}: a second derivative by a matrix")
            return None if second == "scalar" else product(by, transposed(s.by[1]))
        if first == "scalar":
            shaped = None if second == "scalar" else by
        elif second == "scalar":
            shaped = what
        elif first == second == "column":
            shaped = product(what, transposed(by))
        else:
            raise UnreadError(f"{s.written}: a {_said(first)} by a {_said(second)} has more than two indices")
        return transposed(shaped) if shaped is not None and s.name in self.turned else shaped

    def letter(self, s: Written) -> str:
        """Return the kind of a symbol itself: scalar, column or matrix."""
        shaped = self._shaped(s)
        if shaped is None:
            return "scalar"
        if s.name in self.turned:
            return "matrix"
        return self.kinds.get(shaped.show(), "matrix")

    def _build(self, trees: list[Tree], pairs: list[tuple[int, int]], numbers: list[int]) -> Built:
        scalars: dict[str, Shape] = {n: _ONE for n in self.symbols if n.startswith(f"g{PREFIX}")}
        over = [self.over.get(id(t), ()) for t in trees]
        declared = {**self.declared, **scalars}
        losses = dict.fromkeys(sorted(self.numbers), _ONE)
        failed: Misfit | None = None
        for given in [{**declared, **losses}, declared] if losses else [declared]:
            try:
                return build(
                    trees, "", given, pairs, numbers, self.assumptions, over=over, loose=True,
                    prefer=self.prefer, tries=max(LEAST_TRIES, MAX_TRIES - self.failed),
                )  # fmt: skip
            except Misfit as misfit:
                self.failed += FEWER
                failed = failed or misfit
        assert failed is not None
        raise failed

    # ------------------------------------------------------------------------------------------ truth

    def expression(self, tree: Tree) -> Expr:
        """Return the expression of a side that was read, in the names of the document."""
        return self._trees[id(tree)]

    def domain(self, *trees: Tree) -> tuple[Expr, ...]:
        """Return what has to be positive for sides to have a value, where their expressions do not show it."""
        found = [e for t in trees for e in self._domains.get(id(t), ())]
        return tuple(dict.fromkeys(map(self.unfold, found)))

    def value_of(self, tree: Tree) -> Expr:
        """Return the expression of a tree that is part of the reading, or of a name."""
        if id(tree) in self._trees:
            return self._trees[id(tree)]
        if tree.op not in ("name", "sub") or self.built is None or tree.value not in self.built.symbols:
            raise UnreadError("a formula that cannot be read by itself")
        return self.symbol(tree.value)

    def symbol(self, name: str) -> Expr:
        """Return the SymPy symbol of a name."""
        assert self.built is not None
        return self.built.symbols[name]

    def unfold(self, expr: Expr, stop: Iterable[str] = (), values: Mapping[str, Expr] | None = None) -> Expr:
        """Return an expression in the free variables alone; names in `stop` stay, `values` go before the truth."""
        stopped = set(stop)
        for _ in range(100):
            names = [
                s for s in expr.free_symbols if isinstance(s, Symbol | MatrixSymbol) and s.name not in stopped
            ]
            found = {s: v for s in names if (v := self._value(s.name, values)) is not None}
            if not found:
                return self._summed(expr)
            expr = replaced(expr, found)
        raise UnreadError("definitions that go round in a circle")

    def _summed(self, expr: Expr) -> Expr:
        """Return an expression in which the entries of what sums to one are summed."""
        ones = [EntrySum(self.built.symbols[n]) for n in sorted(self.ones) if n in self.built.symbols]  # type: ignore[union-attr]
        if not any(expr.has(total) for total in ones):
            return expr
        return rebuild(expr, lambda node, args: S.One if node in ones else None)

    def _value(self, name: str, values: Mapping[str, Expr] | None) -> Expr | None:
        if values and name in values:
            return values[name]
        if name in self.definitions:
            return self._trees.get(id(self.definitions[name]))
        if name in self.symbols:
            return self.truth(name)
        if name in self.defined:
            raise UnreadError(f"{name}, whose definition is not read")
        return None

    def truth(self, name: str) -> Expr | None:
        """Return the true value of a symbol in the free variables, None where it is free itself."""
        if name not in self._truth:
            if name in self._open:
                raise UnreadError("derivatives that are defined by each other")
            self._open.add(name)
            try:
                self._truth[name] = self._derived(self.symbols[name])
            finally:
                self._open.discard(name)
        value = self._truth[name]
        return None if value == self.built.symbols.get(name) else value  # type: ignore[union-attr]

    def is_given(self, s: Written) -> bool:
        """Tell whether a symbol is that of an undefined loss by what nothing else that is given depends on."""
        return (
            s.kind == "derivative"
            and s.what[0].op == "name"
            and s.what[0].value in self.losses
            and s.name in self.given
        )

    def _derived(self, s: Written) -> Expr:
        if s.kind == "direction" or self.is_given(s) or self._is_rate(s):
            return self.symbol(s.name)
        if s.kind in MOMENTS:
            return self.moments.truth(s, tuple(self.unfold(self.value_of(t)) for t in s.what))
        if s.kind == "at":
            return self._value_at(s)
        what = self._what(s)
        if s.kind == "differential":
            return self._differential(s, what)
        x = self._variable(s.by[0])
        folded = self.fold(what, x)
        rates = self._rates(folded, x) if s.kind == "derivative" else {}
        if rates:
            return self.unfold(self._along(folded, x, rates))
        kind = (
            "hessian" if s.kind == "hessian" else "gradient" if not algebra.is_matrix(folded) else "jacobian"
        )
        result = self.derive(kind, folded, x)
        if s.name in self.turned:
            result = algebra.t(result)
        return self.unfold(result)

    def _is_rate(self, s: Written) -> bool:
        """Tell whether a symbol is the derivative of an array that depends on a number in a way that is not given."""
        return s.kind == "derivative" and is_name(s.what[0]) and s.what[0].value in self.dependent

    def _rates(self, what: Expr, x: Expr) -> dict[Expr, Expr]:
        """Return the arrays in an expression that depend on a number, with their derivatives by it."""
        found = {
            self.symbol(str(s.what[0].value)): self.symbol(s.name)
            for s in self.symbols.values()
            if self._is_rate(s) and is_name(s.by[0]) and s.by[0].value == getattr(x, "name", "")
        }
        return {array: rate for array, rate in found.items() if array in what.free_symbols}

    def _along(self, what: Expr, x: Expr, rates: Mapping[Expr, Expr]) -> Expr:
        """Return the derivative by a number on which arrays depend: the differential along their derivatives."""
        moves = {**rates, **({x: S.One} if x in what.free_symbols else {})}
        found = self._checked_differential(what, list(moves))
        return replaced(found.result, {d: moves[a] for a, d in found.directions.items()})

    def _value_at(self, s: Written) -> Expr:
        """Return a value at a point, where 0 stands for zeros of any shape."""
        x = self._variable(s.by[0])
        value = self.unfold(self.value_of(s.what[1]))
        if algebra.is_matrix(x) and value == 0:
            value = algebra.zero(algebra.shape(x))
        if algebra.shape(x) != algebra.shape(value):
            raise UnreadError(f"{s.written}: the point has another shape")
        return self.unfold(replaced(self.unfold(self.value_of(s.what[0])), {x: value}))

    def _what(self, s: Written) -> Expr:
        """Return what is differentiated; for an undefined loss the pairing of what is given with its adjoint."""
        what = s.what[0]
        if what.op == "name" and what.value in self.losses:
            pairs = []
            for name in sorted(self.given):
                known = self.symbols[name]
                if known.what[0].value != what.value:
                    continue
                z = (
                    self._trees[id(known.by[0])]
                    if id(known.by[0]) in self._trees
                    else self.symbol(known.by[0].value)
                )
                g = self.symbol(name)
                g = algebra.t(g) if name in self.turned else g
                pairs.append(inner(g, z))
            if not pairs:
                raise UnreadError(f"{what.value} is not defined, and no derivative of it is given")
            return algebra.add(*pairs)
        return self.value_of(what)

    def _variable(self, by: Tree) -> Expr:
        if by.op not in ("name", "sub") or by.value not in self.built.symbols:  # type: ignore[union-attr]
            raise UnreadError("a derivative by what is no name")
        return self.symbol(by.value)

    def fold(self, what: Expr, x: Expr) -> Expr:
        """Return an expression unfolded but for x, with every part that is x's definition folded back to x.

        What x is the inverse of is written by x wherever it stands: Σ where Λ = Σ^-1.
        """
        opened = self.unfold(what, stop={x.name})
        if x.name not in self.definitions:
            return opened
        body = self.unfold(self._trees[id(self.definitions[x.name])])
        made = folded(opened, body, x)
        turned = turned_round(body, x)
        return replaced(made, dict([turned])) if turned is not None else made

    def derive(self, kind: str, expr: Expr, x: Expr) -> Expr:
        """Return a derivative that has passed its own check. Raises UnreadError where there is none."""
        from verify import derived

        if x not in expr.free_symbols:
            rows, columns = algebra.shape(x)
            if kind == "gradient":
                return algebra.zero((rows, columns)) if algebra.is_matrix(x) else S.Zero
            if algebra.is_matrix(x) and columns == 1 and (kind == "hessian" or algebra.shape(expr)[1] == 1):
                return algebra.zero((rows if kind == "hessian" else algebra.shape(expr)[0], rows))
        try:
            problem = self.problem(expr, [x])
            result: Expr = remembered(
                (kind, content(problem), x), lambda: getattr(derived, kind)(problem, x).result
            )
        except (InputError, InternalError) as error:
            raise UnreadError(str(error).partition("\n")[0]) from None
        return result

    def _differential(self, s: Written, what: Expr) -> Expr:
        directions = {w.what[0].value: w for w in self.symbols.values() if w.kind == "direction"}
        opened = self.unfold(what)
        by = [x for x in opened.free_symbols if getattr(x, "name", "") in directions]
        if not by:
            by = self._own_directions(opened)
        found = self._checked_differential(opened, by)
        ours = {
            d: self.symbol(directions[x.name].name) if x.name in directions else self._direction(x)
            for x, d in found.directions.items()
        }
        return replaced(found.result, ours)

    def _checked_differential(self, what: Expr, by: Iterable[Expr]) -> Any:
        from verify import derived

        problem = self.problem(what, sorted(by, key=lambda x: x.name))
        try:
            return derived.differential(problem, [x.name for x in problem.wrt])
        except (InputError, InternalError) as error:
            raise UnreadError(str(error).partition("\n")[0]) from None

    def _own_directions(self, opened: Expr) -> list[Expr]:
        """Return what a differential runs over where the document names no direction: all arrays that are free."""
        return [x for x in opened.free_symbols if isinstance(x, MatrixSymbol)]

    def _direction(self, x: Expr) -> Expr:
        """Return the free direction of a variable in differentials that name none: one a variable."""
        made = MatrixSymbol(f"d{x.name}", *algebra.shape(x))
        self.directions.add(made)
        return made

    def problem(
        self,
        expr: Expr,
        wrt: Sequence[Expr] = (),
        more: Iterable[Expr] = (),
        domain: tuple[Expr, ...] = (),
    ) -> Problem:
        """Return the problem of an expression in the free variables, with what is assumed of them.

        `domain` is what has to be positive for the expression to have a value, where it does not show it.
        """
        symbols = {
            s.name: s
            for e in (expr, *more, *wrt, *domain)
            for s in sorted(e.free_symbols, key=str)
            if self.built.symbols.get(s.name) == s or s in self.moments.fresh.values() or s in self.directions  # type: ignore[union-attr]
        }
        shapes = {n: algebra.shape(s) for n, s in symbols.items()}
        rates = {
            (kind, s.name) for kind, n in self.assumptions if kind in ("symmetric", "posdef")
            for s in self.symbols.values() if self._is_rate(s) and s.what[0].value == n
        }  # fmt: skip
        said = {*self.assumptions, *(("symmetric", name) for _, name in rates)}
        assumptions = frozenset(a for a in said if a[1] in symbols)
        return Problem(expr, tuple(wrt), symbols, shapes, assumptions, domain=domain)


def _is_matrix(by: tuple[Tree, ...]) -> bool:
    return len(by) == 1 and by[0].op == "name" and kind_of(str(by[0].value)) == "matrix"


def _said(kind: str) -> str:
    return {"column": "vector"}.get(kind, kind)


def inner(a: Expr, b: Expr) -> Expr:
    """Return the inner product of two expressions of one shape."""
    if not algebra.is_matrix(b):
        return algebra.dot(a, b)
    return algebra.trace(algebra.dot(algebra.t(a), b))


def folded(expr: Expr, body: Expr, x: Expr) -> Expr:
    """Return an expression in which every part equal to a body is x: whole nodes, and runs of factors or terms."""

    def fold(node: Expr, args: list[Any]) -> Expr | None:
        if node == body:
            return x
        if isinstance(node, MatMul) and isinstance(body, MatMul):
            factors, run = list(node.args), list(body.args)
            for k in range(len(factors) - len(run) + 1):
                if factors[k : k + len(run)] == run:
                    return algebra.dot(*args[:k], x, *args[k + len(run) :])
        if isinstance(node, MatAdd) and isinstance(body, MatAdd) and set(body.args) <= set(node.args):
            rest = [a for a, old in zip(args, node.args, strict=True) if old not in body.args]
            return algebra.add(x, *rest)
        return None

    return rebuild(expr, fold)


__all__ = ["Misfit", "Model", "ParseError", "folded", "inner", "name_of", "product", "transposed"]
