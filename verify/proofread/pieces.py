r"""Pieces and slopes as formulas: indicators and `cases` by the step function, σ'(z) by the slope of σ.

The step is 1 where its argument is positive; at the break itself, where people differ, it is 0.
"""

from __future__ import annotations

from dataclasses import replace
from functools import cache

from sympy import S, Symbol

from derive import gradient
from derive.errors import InputError
from derive.expression.elementwise import elementwise
from derive.language.formula import parse
from derive.language.text import to_text
from derive.language.tree import Tree
from derive.language.words import FUNCTIONS
from derive.operations import by_name
from derive.problem import Problem

#: Letters that are indices of entries.
INDICES = frozenset("ijklrspq")

#: Names that people give to functions of the language.
_CALLED = {"sigma": "sigmoid", "Phi": "normcdf", "ReLU": "relu", "ln": "log"}


def step_of(condition: Tree) -> Tree | None:
    """Return the step function that is 1 where a condition a > b holds, None for another kind of condition.

    For indices i = j it is Kronecker's delta.
    """
    if condition.op != "chain" or len(condition.args) != 2:
        return None
    left, right = condition.args
    sign = condition.value[0]
    if sign in ("=", "≠") and all(t.op == "name" and t.value in INDICES for t in condition.args):
        delta = Tree("sub", [Tree("name", [], 0, 0, "delta"), left, right], condition.start, condition.end,
                     f"delta_{left.value}{right.value}")  # fmt: skip
        if sign == "=":
            return delta
        return Tree("+", [Tree("number", [], 0, 0, S.One), delta], 0, 0, ["+", "-"], True)
    if sign in ("<", "≤"):
        left, right = right, left
    elif sign not in (">", "≥"):
        return None
    zero = right.op == "number" and right.value == 0
    of = (
        left if zero else Tree("+", [left, replace(right, bracketed=True)], left.start, right.end, ["+", "-"])
    )
    if left.op == "number" and left.value == 0:
        of = Tree("neg", [replace(right, bracketed=True)], left.start, right.end)
    return Tree("call", [of], condition.start, condition.end, "step")


def without_cases(tree: Tree) -> Tree | None:
    """Return a case distinction as a sum of pieces, each times the step of its condition; None where one is not read."""
    values, conditions = tree.args[::2], tree.args[1::2]
    steps = [step_of(c) for c in conditions]
    if len(values) != len(conditions):
        return None
    open_ = [k for k, s in enumerate(steps) if s is None]
    if open_ and (open_ != [len(steps) - 1] or not _is_rest(conditions[-1])):
        return None
    terms = []
    for k, value in enumerate(values):
        piece = steps[k]
        if piece is None:
            others = [s for s in steps if s is not None]
            piece = Tree(
                "+", [Tree("number", [], 0, 0, S.One), *others], 0, 0, ["+", *["-"] * len(others)], True
            )
        if value.op == "number" and value.value == 0:
            continue
        if value.op == "number" and value.value == 1:
            terms.append(piece)
            continue
        terms.append(Tree("*", [replace(value, bracketed=True), piece], 0, 0, [".*"]))
    if not terms:
        return Tree("number", [], 0, 0, S.Zero)
    return terms[0] if len(terms) == 1 else Tree("+", terms, tree.start, tree.end, ["+"] * len(terms), True)


def _is_rest(condition: Tree) -> bool:
    return condition.op in ("name", "text") and str(condition.value).strip() in ("otherwise", "else", "sonst")


def larger(tree: Tree) -> Tree:
    """Return max(a, b) as b + relu(a - b), entry by entry."""
    a, b = tree.args
    if a.op == "number" and a.value == 0:
        return Tree("call", [b], tree.start, tree.end, "relu")
    if b.op == "number" and b.value == 0:
        return Tree("call", [a], tree.start, tree.end, "relu")
    return Tree("+", [b, Tree("call", [_less(a, b)], 0, 0, "relu")], tree.start, tree.end, ["+", "+"], True)


def smaller(tree: Tree) -> Tree:
    """Return min(a, b) as a - relu(a - b), entry by entry."""
    a, b = tree.args
    return Tree("+", [a, Tree("call", [_less(a, b)], 0, 0, "relu")], tree.start, tree.end, ["+", "-"], True)


def _less(a: Tree, b: Tree) -> Tree:
    return Tree("+", [a, replace(b, bracketed=True)], 0, 0, ["+", "-"], True)


def slope(name: str, argument: Tree, order: int = 1) -> Tree | None:
    """Return the derivative of a function of entries of the language at an argument, entry by entry."""
    made = _slope(_CALLED.get(name, name), order)
    return _put(made, argument) if made is not None else None


@cache
def _slope(word: str, order: int) -> Tree | None:
    entry = by_name(word)
    if entry is None or not entry.entrywise or word not in FUNCTIONS:
        return None
    x = Symbol("t_slope", real=True)
    expr = elementwise(entry.head, x)
    try:
        for _ in range(order):
            problem = Problem(expr, (x,), {x.name: x}, {x.name: (S.One, S.One)})
            expr = gradient(problem, x).result
        return parse(to_text(expr), "text")
    except (InputError, TypeError):
        return None


def _put(tree: Tree, argument: Tree) -> Tree:
    """Return a formula of one number at all entries of an argument."""
    if tree.op == "name" and tree.value == "t_slope":
        return replace(argument, bracketed=True)
    if not tree.args:
        return tree
    args = [_put(a, argument) for a in tree.args]
    if tree.op == "*":
        signs = [{"*": ".*", "": ".*", "/": "./"}.get(s, s) for s in tree.value]
        return replace(tree, args=args, value=signs, bracketed=True)
    if tree.op == "^":
        return replace(tree, op=".^", args=args, bracketed=True)
    return replace(tree, args=args, bracketed=True)
