"""What is wrong with a refuted claim, in a sentence.

The claim is compared with the truth as it would be under the usual slips: a factor, a transpose, a term too many or
too few, a forgotten path, a product in the wrong order, an inverse left out, another layout, an assumption that was
not made. The truth is the derivative by dual numbers, at random points of a prime field (or in balls); the derived
result and its computational graph serve only to give terms and paths their names.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import replace
from fractions import Fraction
from types import SimpleNamespace
from typing import Any

from sympy import Expr, Function, HadamardPower, Inverse, MatMul, Pow, Symbol, Transpose
from sympy.core.basic import Basic
from sympy.matrices.expressions.applyfunc import ElementwiseApplyFunction

from derive.backprop import Sweep, backprop
from derive.errors import InputError
from derive.expand import expand
from derive.facts import assuming
from derive.functions import Commutation
from derive.graph import Graph, Node, build_graph
from derive.language.text import to_text
from derive.problem import Problem
from verify.evaluate import layout
from verify.points import SYMMETRIC
from verify.repairs import repairs
from verify.samples import Samples, multiple, same
from verify.statement import Statement
from verify.ties import STRUCTURES

#: Work (entries evaluated, see `Samples.work`) after which no further slip is tried.
MOST_WORK = 500_000
#: The longest formula that a sentence holds.
LONGEST = 80
NAMES = {
    "gradient": "the gradient",
    "jacobian": "the Jacobian",
    "hessian": "the Hessian",
    "differential": "the differential",
}


def diagnose(
    problem: Problem,
    statement: Statement,
    claim: Expr,
    seed: int = 0,
    refuted_at: Mapping[str, int] | None = None,
) -> str | None:
    """Return a sentence on how a wrong claim differs from the truth, None if none can be said.

    `refuted_at` are sizes at which the claim is known to be wrong.
    """
    try:
        samples = Samples(statement, claim, seed, refuted_at)
    except InputError:
        return None
    with samples.arithmetic.context():
        case = _Case(problem, statement, claim, samples, seed)
        if case.claimed is not None and same(case.claimed, samples.true):
            return "right at entries of usual size, but not at all points"
        for slip in (
            _whole,
            _factor,
            _assumption,
            _layout,
            _term,
            _path,
            _repair,
            _inner_derivative,
            _structure,
        ):
            found = slip(case)
            if found is not None:
                return found
            if case.late:
                break
    return (
        None if case.result is None else f"none of the usual slips; {case.what} is {case.text(case.result)}"
    )


class _Case:
    """A wrong claim, the truth at sample points, and the derived result."""

    def __init__(
        self, problem: Problem, statement: Statement, claim: Expr, samples: Samples, seed: int
    ) -> None:
        self.problem, self.statement, self.claim, self.samples = problem, statement, claim, samples
        self.seed = seed
        self.what = NAMES[statement.kind]
        self.claimed = samples.side(claim)
        self.result = self._result()

    @property
    def late(self) -> bool:
        """Return whether enough was tried. Counted, not timed: the same seed gives the same answer."""
        return self.samples.work > MOST_WORK

    def _result(self) -> Expr | None:
        """Return the derived result, if it is right."""
        from verify.claims import derived

        try:
            result = derived(self.problem, self.statement, self.claim)
        except InputError:
            return None
        side = self.samples.side(result)
        return result if side is not None and same(side, self.samples.true) else None

    def graph_and_sweep(self) -> tuple[Graph, Sweep]:
        """Return the computational graph and its adjoints."""
        with assuming(self.problem.assumptions):
            graph = build_graph(self.problem.expr, self.problem.wrt, self.problem.symbols)
            return graph, backprop(graph)

    def is_right(self, candidate: Expr) -> bool:
        """Return whether an expression is the truth at all sample points."""
        first = self.samples.side(candidate, first_only=True)
        if first is None or not same(first, self.samples.true[: len(first)]):
            return False
        side = self.samples.side(candidate)
        return side is not None and same(side, self.samples.true)

    def text(self, e: Expr) -> str:
        """Return an expression in the text language, cut where it is long."""
        try:
            out = to_text(e)
        except InputError:
            out = str(e)
        return out if len(out) <= LONGEST else out[: LONGEST - 3] + "..."


# ------------------------------------------------------------------------------------- the claim as a whole


def _whole(case: _Case) -> str | None:
    if case.claim.is_Matrix and case.claim.shape[0] == case.claim.shape[1] and case.is_right(case.claim.T):
        return f"the transpose of {case.what}"
    if case.result is None or not case.claim.is_Matrix:
        return None
    square = case.result.is_Matrix and case.result.shape[0] == case.result.shape[1]
    if square and _gives(case, Inverse(case.result), case.claimed):
        return f"the inverse of {case.what}"
    return None


def _gives(case: _Case, e: Expr, side: list[Any] | None) -> bool:
    got = case.samples.side(e)
    return got is not None and side is not None and same(got, side)


def _factor(case: _Case) -> str | None:
    if case.claimed is None:
        return None
    constant = multiple(case.claimed, case.samples.true)
    if constant == 1:
        return None  # right at these sizes
    if constant is not None:
        return _times(constant, case.what)
    for s in _scalars(case):
        value = case.samples.scalar(s)
        if value is None:
            continue
        with_it = [t * c for t, c in zip(case.samples.true, value, strict=True)]
        constant = multiple(case.claimed, with_it)
        if constant is not None:
            return f"{'' if constant == 1 else f'{constant} times '}{case.text(s)} times {case.what}"
        # claimed * s = constant * true: the factor s is missing.
        with_it = [t * c for t, c in zip(case.claimed, value, strict=True)]
        constant = multiple(with_it, case.samples.true)
        if constant is not None:
            also = "" if constant == 1 else f" and the factor {1 / constant}"
            return f"right but for the missing factor {case.text(s)}{also}"
    return None


def _times(c: Fraction, what: str) -> str:
    words = {Fraction(2): "twice ", Fraction(1, 2): "half of "}
    if c == 0:
        return f"zero, which {what} is not"
    if c == -1:
        return f"{what} with the opposite sign"
    return f"{words.get(c, f'{c} times ')}{what}"


def _scalars(case: _Case) -> Iterator[Expr]:
    """Yield scalars that a factor may be: variables, sizes, and the scalars that the formulas are made of."""
    seen: set[Basic] = set()
    sizes = [Symbol(name, integer=True, positive=True) for name in case.statement.space.sizes]
    sources = [case.statement.expr, *([case.result] if case.result is not None else []), case.claim]
    nodes = [step.node for e in sources for step in layout(e)]
    for e in [*sizes, *sorted(nodes, key=lambda e: not e.is_Symbol)]:
        base = e.base if isinstance(e, Pow) else e
        if getattr(base, "is_Matrix", False) or base.is_number or base in seen or len(seen) > 30:
            continue
        seen.add(base)
        yield base
        yield base**2


# ------------------------------------------------------------------------------------------ assumptions


def _assumption(case: _Case) -> str | None:
    space = case.statement.space
    square = [
        v.name
        for v in space.variables.values()
        if v.shape[0] == v.shape[1] and v.shape != (1, 1) and not v.kinds & SYMMETRIC
    ]
    groups = [[name] for name in square] + ([square] if len(square) > 1 else [])
    for kind, names in [("symmetric", group) for group in groups]:
        if _right_under(case, kind, names):
            return f"right only if {_and(names)} {'is' if len(names) == 1 else 'are'} symmetric"
    free = [v.name for v in space.variables.values() if "positive" not in v.kinds and not v.kinds]
    if case.samples.is_real and free and _right_under(case, "positive", free):
        single = next((name for name in free if _right_under(case, "positive", [name])), None)
        names = [single] if single else free
        return f"right only where {_and(names)} {'is' if len(names) == 1 else 'are'} positive"
    return None


def _right_under(case: _Case, kind: str, names: list[str]) -> bool:
    return _is_right_in(case, replace(case.statement, space=case.statement.space.assuming(kind, names)))


def _is_right_in(case: _Case, statement: Statement) -> bool:
    """Return whether the claim is right where something else is assumed."""
    if case.late:
        return False
    try:
        samples = Samples(statement, case.claim, case.seed)
    except InputError:
        return False
    side = samples.side(case.claim)
    return side is not None and same(side, samples.true)


def _and(names: list[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _layout(case: _Case) -> str | None:
    x = case.statement.space.variables[case.statement.wrt[0]]
    tied = x.kinds & STRUCTURES.keys()
    if tied:
        loose = x.kinds - tied | ({"symmetric"} if tied != {"structured-toeplitz"} else set())
        variables = {**case.statement.space.variables, x.name: replace(x, kinds=loose)}
        space = replace(case.statement.space, variables=variables)
        if _is_right_in(case, replace(case.statement, space=space)):
            return f"right if the entries of {x.name} were free; the tied ones move together"
    elif _right_under_structure(case, ["structured-symmetric"]):
        return f"right under structured-symmetric({x.name}), where tied entries move together"
    if case.statement.kind != "jacobian":
        return None
    (m, n), (r, c) = case.statement.expr_shape, case.statement.wrt_shape
    rows = Commutation(n, m) if (m, n) != (1, 1) and 1 not in (m, n) else None
    columns = Commutation(r, c) if 1 not in (r, c) else None
    for left, right in ((rows, columns), (None, columns), (rows, None)):
        factors = [f for f in (left, case.claim, right) if f is not None]
        if len(factors) > 1 and case.is_right(MatMul(*factors)):
            return "the Jacobian for matrices read row by row; here they are read column by column"
    return None


def _structure(case: _Case) -> str | None:
    kind = _right_under_structure(case, [k for k in STRUCTURES if k != "structured-symmetric"])
    return f"right under {kind}({case.statement.wrt[0]}), where tied entries move together" if kind else None


def _right_under_structure(case: _Case, kinds: list[str]) -> str | None:
    x = case.statement.space.variables[case.statement.wrt[0]]
    if x.shape[0] != x.shape[1] or x.shape == (1, 1) or x.kinds & STRUCTURES.keys():
        return None
    return next((kind for kind in kinds if _right_under(case, kind, [x.name])), None)


# ------------------------------------------------------------------------------------- terms and paths


def _terms(case: _Case, e: Expr) -> list[Expr]:
    with assuming(case.problem.assumptions):
        spread = expand(e)
    out = [t for f in (spread, e) if f is not None for t in (f.args if f.is_Add or f.is_MatAdd else (f,))]
    return list(dict.fromkeys(out))[:40]


def _gap(case: _Case) -> list[Any] | None:
    """Return the claim minus the truth."""
    if case.claimed is None:
        return None
    return [c - t for c, t in zip(case.claimed, case.samples.true, strict=True)]


def _term(case: _Case) -> str | None:
    gap = _gap(case)
    if gap is None:
        return None
    for term, words in _parts(case):
        side = case.samples.side(term)
        c = multiple(gap, side) if side is not None else None
        if c == -1:
            return f"right but for the missing term {case.text(term)}{words}"
        if c == -2:
            return f"right but for the sign of the term {case.text(term)}{words}"
        if c is not None:
            return (
                f"right but for the term {case.text(term)}{words}, which has the factor {1 + c} instead of 1"
            )
    for term in _terms(case, case.claim):
        side = case.samples.side(term)
        c = multiple(gap, side) if side is not None else None
        if c == 1:
            return f"right but for the surplus term {case.text(term)}"
        if c is not None:
            return f"right with {1 - c} times the term {case.text(term)}"
    return None


def _parts(case: _Case) -> Iterator[tuple[Expr, str]]:
    """Yield the parts of the truth: what each occurrence of the variable contributes, then the terms."""
    if case.result is None:
        return
    paths = _paths(case)
    if len(paths) > 1:
        yield from paths
    for term in _terms(case, case.result):
        yield term, ""


def _paths(case: _Case) -> list[tuple[Expr, str]]:
    """Return what every occurrence of the variable contributes to the gradient, with its path in words."""
    if case.statement.kind != "gradient":
        return []
    graph, sweep = case.graph_and_sweep()
    x = graph.variable(case.problem.wrt[0])
    out = []
    for c in sweep.contributions:
        if x is not None and c.node.parents[c.place] == x.index:
            inside = case.text(c.node.expr)
            occurrence = inside if isinstance(c.node.expr, Transpose) else f"{x.name} in {inside}"
            out.append((c.value, f", the path through {occurrence}"))
    return out


def _path(case: _Case) -> str | None:
    """One of the paths to an inner node, treated as if it were constant."""
    graph, _ = case.graph_and_sweep()
    for node in graph.nodes:
        for place, parent in enumerate(node.parents):
            if parent is None or len(graph.children(graph.nodes[parent])) < 2:
                continue
            parents = tuple(None if i == place else p for i, p in enumerate(node.parents))
            if _claimed_with(case, graph, replace(node, parents=parents)):
                inner = case.text(graph.nodes[parent].expr)
                return f"right but for the path through {inner} in {case.text(node.expr)}, which is missing"
    return None


def _inner_derivative(case: _Case) -> str | None:
    """The derivative of an elementwise function, left out of the chain rule."""
    graph, _ = case.graph_and_sweep()
    through: Any = SimpleNamespace(pull=lambda g, y, x, place: g)
    for node in graph.nodes:
        parents = [p for p in node.parents if p is not None]
        elementwise = isinstance(node.expr, ElementwiseApplyFunction | HadamardPower | Function)
        if elementwise and len(parents) == 1 and _claimed_with(case, graph, replace(node, operation=through)):
            inner = case.text(graph.nodes[parents[0]].expr)
            return f"right but for the derivative of {case.text(node.expr)} by {inner}, which is missing"
    return None


def _claimed_with(case: _Case, graph: Graph, changed: Node) -> bool:
    """Return whether the claim is the gradient of a graph in which one node is changed."""
    x = graph.variable(case.problem.wrt[0])
    if x is None or case.statement.kind != "gradient" or case.result is None or case.late:
        return False
    nodes = list(graph.nodes)
    nodes[changed.index] = changed
    with assuming(case.problem.assumptions):
        value = backprop(Graph(tuple(nodes), graph.variables)).values[x.index]
    return _gives(case, value, case.claimed)


# ---------------------------------------------------------------------------------- slips inside the claim


def _repair(case: _Case) -> str | None:
    """Mend the claim in one place at a time, in the ways in which people slip."""
    for words, mended in repairs(case.claim, case.text):
        if case.late:
            return None
        if case.is_right(mended):
            return words
    return None
