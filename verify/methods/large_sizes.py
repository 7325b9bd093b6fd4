"""Large sizes that are numbers, made letters: what holds for every n holds for n = 784.

A check at W: 784 x 128 costs what such matrices cost; at letters, small sizes are tried. The statement with letters is
the stronger one, so that what upholds it upholds the one about the numbers. Where it does not hold (a formula may
speak of 784 itself), the numbers are looked at as they are.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from sympy import Add, Expr, Integer, MatAdd, MatMul, MatrixSymbol, Mul, Pow, Symbol
from sympy.matrices.expressions.matexpr import MatrixExpr

from derive.expression.rebuild import rebuild
from derive.expression.walk import distinct, parts
from derive.problem import Problem

#: Sizes from here on are large.
LARGE = 15
_WITH_NUMBERS = (Add, MatAdd, Mul, MatMul, Pow)


def lettered(problem: Problem, others: Sequence[Expr] = ()) -> tuple[Problem, tuple[Expr, ...]] | None:
    """Return a problem and other expressions of its symbols with letters for large sizes, None where that cannot be done."""
    large = sorted({d for shape in problem.shapes.values() for d in shape if _is_large(d)})
    if not large:
        return None
    letters = {d: Symbol(f"size{d}", integer=True, positive=True) for d in large}
    leaves: dict[Expr, Expr] = {}
    for e in (problem.expr, *others, *problem.wrt):
        if not _take_leaves(e, letters, leaves):
            return None
    try:
        expr, *rest = (rebuild(e, lambda node, args: None, leaves) for e in (problem.expr, *others))
    except (ValueError, TypeError, AttributeError, NotImplementedError):
        return None
    symbols = {name: leaves.get(s, s) for name, s in problem.symbols.items()}
    shapes = {
        name: (letters.get(rows, rows), letters.get(columns, columns))
        for name, (rows, columns) in problem.shapes.items()
    }
    wrt = tuple(leaves.get(x, x) for x in problem.wrt)
    return replace(problem, expr=expr, wrt=wrt, symbols=symbols, shapes=shapes, domain=()), tuple(rest)


def _is_large(size: Expr) -> bool:
    return isinstance(size, Integer) and int(size) >= LARGE


def _take_leaves(expr: Expr, letters: dict[Expr, Symbol], leaves: dict[Expr, Expr]) -> bool:
    """Note the leaves of an expression whose sizes become letters; return whether no other size stands in it."""
    for e in distinct(expr):
        if parts(e):
            if not isinstance(e, _WITH_NUMBERS) and any(_is_large(a) for a in e.args):
                return False
        elif isinstance(e, MatrixExpr):
            if any(_is_large(d) and d not in letters for d in e.shape):
                return False
            sizes = [letters.get(d, d) for d in e.shape]
            if sizes != list(e.shape):
                leaves[e] = (
                    MatrixSymbol(e.name, *sizes)
                    if isinstance(e, MatrixSymbol)
                    else e.func(*sizes[: len(e.args)])
                )
    return True
