"""What every entry of the rule table is held to, found from the entry alone.

An entry's example is parsed, the operation's node found in its graph, and its arguments replaced by symbols of their
own, which take the values that the arguments have: so the rule stands alone, at a point that lies in its domain.
"""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
from sympy import Expr, Identity, KroneckerProduct, MatrixSymbol, S, Symbol

from derive import Problem, latex, parse, read_claim, to_text
from derive.errors import InputError
from derive.expression.algebra import M, is_matrix, ones, shape
from derive.expression.operation import Operation
from derive.graph import build_graph
from tests.derive.points import slope
from verify.evaluate import evaluate, size_of

#: Examples beside an entry's own: exponents that vary, more factors, more than one way to reach a rule.
MORE: dict[str, tuple[str, ...]] = {
    "product": ("tr(A)*sum(B)*norm2(A)",),
    "matrix product": ("tr(A)*B*C", "A*x"),
    "power": ("(1 + norm2(A)^2)^c", "norm2(x)^3"),
    "elementwise power": ("exp(A).^B", "exp(A).^tr(B)", "exp(A).^(-1/2)"),
    "matrix power": ("X^2", "X^-2", "(X + X')^5"),
    "Kronecker product": ("kron(x, A)", "kron(A, y')"),
    "squared norm": ("norm2(x)^2",),
    "sum of the entries": ("sum(x)",),
    "trace": ("tr(X)",),
    "pseudo-inverse": ("pinv(A*inv(B))", "pinv(x)"),
    "matrix exponential": ("expm(X)",),
    "derivative of the matrix exponential": ("dexpm(X, Y)", "dexpm(X, Y, Z)", "dexpm(A*A', B, C, D)"),
    "elementwise product": ("A.*B.*C", "x.*y"),
    "vec": ("vec(x')",),
    "eigenvalue": ("eigval(X + X', 1)",),
    "eigenvector": ("eigvec(X + X', 1)",),
    "square root of a matrix": ("sqrtm(expm(A))",),
    "logarithm of a matrix": ("logm(expm(A))",),
    "derivative of the logarithm of a matrix": ("dlogm(expm(A), C)",),
    "solution of Sylvester's equation": ("sylvester(expm(A), expm(B), C)",),
}


@dataclass(frozen=True)
class Case:
    """An operation on symbols of its own, and the values that they take."""

    y: Expr
    arguments: tuple[Expr, ...]
    values: dict[str, np.ndarray]
    sizes: dict[str, int]


def cases(entry: Operation, seed: int) -> Iterator[Case]:
    """Yield the cases of an entry at random shapes and values."""
    texts = [(text, "") for text in (entry.example, *MORE.get(entry.name, ()))]
    if isinstance(entry.head, type) and entry.head.__name__ in _SCALAR_TOO:
        texts.append((entry.example.replace("log(exp(A))", "log(A^2 + 1/9)"), "A: scalar"))
    for number, (text, where) in enumerate(texts):
        yield next(
            case
            for attempt in range(50)
            for case in [_case(entry, text, where, random.Random(f"{seed} {number} {attempt}"))]
            if _well_conditioned(entry, case)
        )


def _case(entry: Operation, text: str, where: str, chance: random.Random) -> Case:
    problem = parse(text, where)
    sizes = dict(zip(sorted(problem.sizes), chance.sample(range(2, 6), len(problem.sizes)), strict=True))
    rng = np.random.default_rng(chance.getrandbits(32))
    values = {n: signed(rng, [size_of(d, sizes) for d in dims]) for n, dims in problem.shapes.items()}
    graph = build_graph(problem.expr, problem.symbols.values())
    nodes = [n for n in graph.nodes if n.operation is not None and n.operation.name == entry.name]
    assert nodes, f"the example {text} of {entry.name} does not hold the operation"
    node = nodes[-1]
    names = {
        a: MatrixSymbol(f"X{i}", *a.shape) if is_matrix(a) else Symbol(f"x{i}", real=True)
        for i, a in enumerate(dict.fromkeys(node.arguments))
        if not a.is_number
    }
    taken = {s.name: evaluate(a, values, sizes) for a, s in names.items()}
    return Case(node.expr.xreplace(names), tuple(names.get(a, a) for a in node.arguments), taken, sizes)


def _well_conditioned(entry: Operation, case: Case) -> bool:
    """Tell whether the point lies well inside of where an inverse exists (a thin A*B has none)."""
    if "simple" in entry.holds:
        return all(np.diff(np.linalg.eigvalsh(x)).min() > 0.2 for x in case.values.values())
    if "largest" in entry.holds:
        return all(
            np.diff(np.sort(x, axis=1))[:, -1:].min(initial=1) > 0.05 for x in case.values.values()
        ) and (all(np.diff(np.sort(x, axis=None))[-1] > 0.05 for x in case.values.values()))
    needed = "invertible" in entry.holds or "rank" in entry.holds or entry.name == "matrix power"
    return not needed or all(np.linalg.cond(x) < 30 for x in case.values.values())


def signed(rng: np.random.Generator, dims: list[int] | tuple[int, ...]) -> np.ndarray:
    """Return generic entries of both signs."""
    return rng.uniform(0.2, 0.9, dims) * rng.choice([-1, 1], dims)


_SCALAR_TOO = frozenset(
    "exp log sin cos tan tanh sinh cosh asin acos atan Abs sign relu sigmoid swish softplus erf gelu".split()
)


def symbol(name: str, like: Expr) -> Expr:
    return MatrixSymbol(name, *like.shape) if is_matrix(like) else Symbol(name, real=True)


def adjoints(y: Expr) -> Iterator[tuple[Expr, list[Expr]]]:
    """Yield adjoints of a node, with their symbols: any, and those for which a rule may have a shorter answer."""
    g = symbol("G", y)
    yield g, [g]
    if not is_matrix(y):
        yield S.One, []
        return
    yield ones(y.shape), []
    if y.shape[0] == y.shape[1]:
        yield Identity(y.shape[0]), []
    if isinstance(y, KroneckerProduct):
        parts = [MatrixSymbol(f"G{i}", *a.shape) for i, a in enumerate(y.args)]
        yield KroneckerProduct(*parts), parts


def same(a: np.ndarray, b: np.ndarray) -> bool:
    return a.shape == b.shape and bool(np.allclose(a, b, rtol=1e-8, atol=1e-9))


def failures(entry: Operation, seed: int = 0) -> list[str]:
    """Return what is wrong with an entry; an empty list where nothing is found."""
    found = []
    for case in cases(entry, seed):
        for place, x in enumerate(case.arguments):
            if x.is_number:
                continue
            try:
                found += [f"{case.y} by {x}: {why}" for why in _place(entry, case, place)]
            except Exception as error:  # a rule that cannot even be built is wrong, too
                found.append(f"{case.y} by {x}: {type(error).__name__}: {error}")
    return found


def _place(entry: Operation, case: Case, place: int) -> Iterator[str]:
    y, x = case.y, case.arguments[place]
    rng = np.random.default_rng(place)
    args = [M(a) for a in case.arguments]
    values = dict(case.values)

    def value(e: Expr, at: dict | None = None) -> np.ndarray:
        return np.asarray(evaluate(e, at or values, case.sizes), float)

    d = symbol("D", x)
    values["D"] = signed(rng, values[x.name].shape)
    push = entry.push(M(d), M(y), args, place).e
    change = slope(lambda at: value(y, at), values, {x.name: values["D"]}, h=1e-3)
    if shape(push) != shape(y):
        yield f"the tangent is {shape(push)}, {shape(y)} is due"
        return
    if not same(value(push), change):
        yield "the pushforward differs from differences"
    for g, symbols in adjoints(y):
        values |= {s.name: signed(rng, [size_of(n, case.sizes) for n in shape(s)]) for s in symbols}
        pull = entry.pull(M(g), M(y), args, place).e
        if shape(pull) != shape(x):
            yield f"the adjoint is {shape(pull)}, {shape(x)} is due"
            continue
        received = np.sum(value(pull) * values["D"])
        if not same(np.sum(value(g) * value(push)), received):
            yield f"pullback and pushforward are not adjoint to each other at {g}"
        if not same(np.sum(value(g) * change), received):
            yield f"the pullback differs from differences at {g}"
        yield from _printed(pull, values, case)
    yield from _printed(push, values, case)
    yield from _printed(y, values, case)


def _printed(e: Expr, values: dict, case: Case) -> Iterator[str]:
    """Hold the text to reading back with the same value, the LaTeX to balanced braces."""
    if latex(e).count("{") != latex(e).count("}"):
        yield f"the LaTeX of {e} has unbalanced braces"
    named = {*e.free_symbols, *case.arguments}  # the arguments for their sizes, which the text may name
    symbols = {s.name: s for s in named if getattr(s, "name", None) in values}
    problem = Problem(e, (), symbols, {n: shape(s) for n, s in symbols.items()})
    text = to_text(e)
    try:
        again = read_claim(text, problem, shape(e))
    except InputError as error:
        yield f"the text {text} does not read back: {error}"
        return
    if not same(evaluate(again, values, case.sizes), evaluate(e, values, case.sizes)):
        yield f"the text {text} reads back as {again}"
