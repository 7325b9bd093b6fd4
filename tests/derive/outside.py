"""A reader of the text language that shares nothing with the package: its own grammar, shapes and arithmetic.

It stands for the programs that read what gradproof prints. It knows no more than the language's basis: names, numbers
without exponents, `eye`, `vector(1)`, `matrix(1)` whose sizes must follow from what they meet, the functions below,
and `dexpm`, `commutation` and `reshape`, which results use. Sizes are compared as words, so that `m` never passes for `n`,
even where the numbers happen to agree.
"""

from __future__ import annotations

import operator
import re
from dataclasses import dataclass, field

import numpy as np
import scipy.linalg
import scipy.special


class Unreadable(Exception):
    """Text that an outside reader would not understand."""


# ------------------------------------------------------------------------------------------- the tree

_WORD = re.compile(r"\s*(\d+\.\d+|\d+|[A-Za-z]\w*|\.[*/^]|[-+*/^'(),])")
_TWO = ("kron", "commutation", "eigval", "eigvec")
_LOOSE = {"+": 1, "-": 1, "*": 2, "/": 2, ".*": 2, "./": 2}


@dataclass
class Tree:
    """An operation on trees; `shape` is found by `unify`."""

    op: str
    parts: list[Tree] = field(default_factory=list)
    leaf: str = ""
    shape: tuple = ()

    def __iter__(self):
        yield self
        for part in self.parts:
            yield from part


def words(text: str) -> list[str]:
    """Cut a text into its words."""
    found, at = [], 0
    text = text.rstrip()
    while at < len(text):
        hit = _WORD.match(text, at)
        if hit is None:
            raise Unreadable(f"cannot read {text[at : at + 10]!r}")
        found.append(hit[1])
        at = hit.end()
    return found


def read(text: str) -> Tree:
    """Read a text by precedence climbing: sums, products, minus, powers, transposes."""
    rest = [*words(text), ""][::-1]

    def expression(loosest: int) -> Tree:
        left = signed()
        while _LOOSE.get(rest[-1], 0) >= loosest:
            op = rest.pop()
            left = Tree(op, [left, expression(_LOOSE[op] + 1)])
        return left

    def signed() -> Tree:
        if rest[-1] == "-":
            rest.pop()
            return Tree("minus", [signed()])
        base = transposed()
        if rest[-1] in ("^", ".^"):
            op = rest.pop()
            return Tree(op, [base, signed()])
        return base

    def transposed() -> Tree:
        tree = atom()
        while rest[-1] == "'":
            rest.pop()
            tree = Tree("'", [tree])
        return tree

    def atom() -> Tree:
        word = rest.pop()
        if word == "(":
            tree = expression(1)
            if rest.pop() != ")":
                raise Unreadable(f"a bracket is missing in {text!r}")
            return tree
        if word[:1].isdigit():
            return Tree("number", leaf=word)
        if not word[:1].isalpha():
            raise Unreadable(f"unexpected {word!r} in {text!r}")
        if rest[-1] != "(":
            if word == "pi":
                return Tree("number", leaf=str(np.pi))
            return Tree("eye" if word == "eye" else "name", leaf=word)
        rest.pop()
        parts = [expression(1)]
        while rest[-1] == ",":
            rest.pop()
            parts.append(expression(1))
        if rest.pop() != ")":
            raise Unreadable(f"a bracket is missing in {text!r}")
        if word in ("vector", "matrix"):
            if parts != [Tree("number", leaf="1")]:
                raise Unreadable(f"only {word}(1) is known")
            return Tree(word)
        if word == "softmax" and parts[1:] in ([Tree("name", leaf="rows")], [Tree("name", leaf="columns")]):
            return Tree(f"softmax_{parts[1].leaf}", parts[:1])
        due = 3 if word == "reshape" else 2 if word in _TWO else 1
        if word not in (*_FUNCTIONS, "reshape") or not (
            len(parts) == due or (word == "dexpm" and len(parts) > 1)
        ):
            raise Unreadable(f"unknown function {word} of {len(parts)}")
        return Tree(word, parts)

    tree = expression(1)
    if rest != [""]:
        raise Unreadable(f"{rest[-1]!r} is left over in {text!r}")
    return tree


def operations(text: str) -> int:
    """Return the number of operations in a text: operators, signs, transposes and function calls."""
    leaves = ("number", "name", "eye", "vector", "matrix")
    return sum(tree.op not in leaves for tree in read(text))


# ------------------------------------------------------------------------------------------ the shapes


class Hole:
    """A size that is not known yet."""

    def __init__(self):
        self.fill = None


def _size(size):
    """Return what is known of a size: 1, a word, a Hole, or a pair of sizes that are multiplied."""
    while isinstance(size, Hole) and size.fill is not None:
        size = size.fill
    if isinstance(size, tuple):
        a, b = map(_size, size)
        if isinstance(a, int) and isinstance(b, int):
            return a * b
        return b if a == 1 else a if b == 1 else (a, b)
    return size


def _same(a, b, what):
    a, b = _size(a), _size(b)
    if a is b or a == b:
        return
    if isinstance(a, Hole):
        a.fill = b
    elif isinstance(b, Hole):
        b.fill = a
    elif isinstance(a, tuple) and isinstance(b, tuple):
        _same(a[0], b[0], what)
        _same(a[1], b[1], what)
    elif isinstance(b, tuple):
        _same(b, a, what)
    elif isinstance(a, tuple) and isinstance(b, int):
        unknown, factor = a if isinstance(a[1], int) else a[::-1]
        if not isinstance(factor, int) or b % factor:
            raise Unreadable(f"{a} is not {b} in {what}")
        _same(unknown, b // factor, what)
    else:
        raise Unreadable(f"{a} is not {b} in {what}")


def _named_sizes(parts: list[Tree]) -> tuple:
    return tuple(int(a.leaf) if a.leaf.isdigit() else a.leaf for a in parts)


def _one(shape):
    return _size(shape[0]) == 1 and _size(shape[1]) == 1


def unify(tree: Tree, shapes: dict) -> tuple:
    """Find the shape of every part of a tree; `shapes` maps names to pairs of words or 1."""
    if tree.op == "commutation":
        size = _named_sizes(tree.parts)
        tree.shape = (size, size[::-1])  # it takes vec(X) to vec(X')
        return tree.shape
    if tree.op == "reshape":
        rows, columns = _named_sizes(tree.parts[1:])
        have, wide = unify(tree.parts[0], shapes)
        _same(have, (columns, rows), "reshape")
        _same(wide, 1, "reshape")
        tree.shape = (rows, columns)
        return tree.shape
    p = [unify(part, shapes) for part in tree.parts]
    tree.shape = _shape(tree, p, shapes)
    return tree.shape


def _shape(tree, p, shapes):
    op = tree.op
    if op == "name":
        if tree.leaf not in shapes:
            raise Unreadable(f"unknown name {tree.leaf}")
        return shapes[tree.leaf]
    if op in ("number", "tr", "det", "logdet", "norm1", "norm2", "sum", "logsumexp", "eigval"):
        if op in ("tr", "det", "logdet", "eigval"):
            _same(*p[0], op)
        return (1, 1)
    if op == "eye":
        hole = Hole()
        return (hole, hole)
    if op in ("vector", "matrix"):
        return (Hole(), 1 if op == "vector" else Hole())
    if op in ("+", "-", ".*", "./"):
        for i in (0, 1):
            _same(p[0][i], p[1][i], op)
        return p[0]
    if op == "'":
        return p[0][::-1]
    if op == "*" and not _one(p[0]) and not _one(p[1]):
        _same(p[0][1], p[1][0], op)
        return (p[0][0], p[1][1])
    if op == "*":
        return p[1] if _one(p[0]) else p[0]
    if op in ("/", "^", ".^"):
        if op == ".^" and not _one(p[1]):
            _same(p[0][0], p[1][0], op)
            _same(p[0][1], p[1][1], op)
        elif not _one(p[1]):
            raise Unreadable(f"the right side of {op} is not a scalar")
        if op == "^" and not _one(p[0]):
            _same(*p[0], op)
            if not tree.parts[1].leaf.isdigit():
                raise Unreadable("a matrix power needs a whole number")
        return p[0]
    if op in ("inv", "adj", "expm", "toeplitz", "dexpm"):
        _same(*p[0], op)
        for direction in p[1:] if op == "dexpm" else ():
            for i in (0, 1):
                _same(p[0][i], direction[i], op)
        return p[0]
    if op == "softmax" and _size(p[0][1]) != 1:
        raise Unreadable("softmax of what is no column")
    if op == "pinv":
        return p[0][::-1]
    if op == "eigvec":
        _same(*p[0], op)
        return (p[0][0], 1)
    if op == "diag" and _size(p[0][1]) == 1:
        return (p[0][0], p[0][0])
    if op == "diag":
        _same(*p[0], op)
        return (p[0][0], 1)
    if op == "kron":
        return ((p[0][0], p[1][0]), (p[0][1], p[1][1]))
    if op == "vec":
        return ((p[0][1], p[0][0]), 1)
    return p[0]  # minus, softmax and what acts on every entry


def _number(size, sizes):
    size = _size(size)
    if isinstance(size, tuple):
        return _number(size[0], sizes) * _number(size[1], sizes)
    if isinstance(size, Hole):
        raise Unreadable("the size of eye, vector(1) or matrix(1) does not follow from the text")
    return size if isinstance(size, int) else sizes[size]


# ------------------------------------------------------------------------------------------ the values


def adjugate(x: np.ndarray) -> np.ndarray:
    """Return the transposed cofactors, from the minors."""
    n = len(x)
    minor = lambda i, j: np.linalg.det(np.delete(np.delete(x, i, 0), j, 1)) if n > 1 else 1.0
    return np.array([[(-1) ** (i + j) * minor(j, i) for j in range(n)] for i in range(n)])


def commutation(m: int, n: int) -> np.ndarray:
    """Return the matrix that takes vec(X) to vec(X') for m x n matrices X, from what it does to the unit matrices."""
    columns = []
    for j in range(n):
        for i in range(m):
            x = np.zeros((m, n))
            x[i, j] = 1
            columns.append(x.reshape(-1))  # the rows of x are the columns of x'
    return np.stack(columns, axis=1)


def diagonal(x: np.ndarray) -> np.ndarray:
    """Return a column's diagonal matrix, or the column of a matrix's diagonal."""
    return np.diag(x[:, 0]) if x.shape[1] == 1 else np.diag(x).reshape(-1, 1)


def eigenvalue(x: np.ndarray, i: float) -> float:
    """Return the i-th smallest eigenvalue of a symmetric matrix, or of one nearby."""
    return np.sort(np.linalg.eigvals(x).real)[int(i) - 1]


def eigenvector(x: np.ndarray, i: float) -> np.ndarray:
    """Return its eigenvector of length 1, the first of its large entries being positive, by inverse iteration."""
    v = np.ones((len(x), 1))
    shifted = x - (eigenvalue(x, i) + 1e-10) * np.eye(len(x))
    for _ in range(4):
        v = np.linalg.solve(shifted, v)
        v = v / np.linalg.norm(v)
    large = np.flatnonzero(np.abs(v) > 0.9 * np.abs(v).max())
    return v * np.sign(v[large[0]])


def exponential_derivative(x: np.ndarray, *directions: np.ndarray) -> np.ndarray:
    """Return the derivative of expm in all directions, from its power series: each once in a product of n factors."""
    subsets = [frozenset()]
    for j in range(len(directions)):
        subsets += [s | {j} for s in subsets]
    products = {s: np.eye(len(x)) * (not s) for s in subsets}
    total = np.zeros_like(x)
    for n in range(1, 80):
        products = {
            s: (products[s] @ x + sum(products[s - {j}] @ directions[j] for j in s)) / n for s in subsets
        }
        total = total + products[frozenset(range(len(directions)))]
    return total


def diagonal_sums(x: np.ndarray) -> np.ndarray:
    """Return the matrix in which every entry is the sum of its diagonal."""
    n = len(x)
    return np.array([[np.trace(x, j - i) for j in range(n)] for i in range(n)])


_FUNCTIONS = {
    **{name: getattr(np, name) for name in "exp log sqrt sin cos tan sinh cosh tanh arcsin arccos arctan abs sign".split()},
    "relu": lambda x: x * (x > 0),
    "step": lambda x: np.heaviside(x, 0),
    "sigmoid": scipy.special.expit,
    "swish": lambda x: x * scipy.special.expit(x),
    "softplus": lambda x: np.logaddexp(0, x),
    "erf": scipy.special.erf,
    "gelu": lambda x: x * scipy.special.ndtr(x),
    "softmax": lambda x: scipy.special.softmax(x),
    "softmax_rows": lambda x: scipy.special.softmax(x, axis=1),
    "softmax_columns": lambda x: scipy.special.softmax(x, axis=0),
    "logsumexp": lambda x: scipy.special.logsumexp(x),
    "tr": np.trace,
    "det": np.linalg.det,
    "logdet": lambda x: np.linalg.slogdet(x)[1],
    "norm1": lambda x: np.abs(x).sum(),
    "norm2": lambda x: np.sqrt((x * x).sum()),
    "sum": np.sum,
    "inv": np.linalg.inv,
    "adj": adjugate,
    "expm": scipy.linalg.expm,
    "pinv": np.linalg.pinv,
    "kron": np.kron,
    "vec": lambda x: x.T.reshape(-1, 1),
    "diag": diagonal,
    "dexpm": exponential_derivative,
    "commutation": commutation,
    "toeplitz": diagonal_sums,
    "eigval": lambda x, i: eigenvalue(x, i.item()),
    "eigvec": lambda x, i: eigenvector(x, i.item()),
}  # fmt: skip

_OPERATORS = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    ".*": lambda a, b: a * b,
    "./": lambda a, b: a / b,
    "/": lambda a, b: a / b,
    ".^": lambda a, b: a ** b,
    "*": lambda a, b: a * b if 1 in (a.size, b.size) else a @ b,
    "^": lambda a, b: a ** b if a.size == 1 else np.linalg.matrix_power(a, int(b[0, 0])),
    "minus": lambda a: -a,
    "'": lambda a: a.T,
}  # fmt: skip


def compiled(tree: Tree, sizes: dict):
    """Return the function from values to the value of a tree whose shapes are known, always with two axes.

    Differences move one variable at a time: what is made of the very arrays of the call before is not computed again.
    """
    if tree.op == "number":
        return _constant(np.array([[float(tree.leaf)]]))
    shape = tuple(_number(size, sizes) for size in tree.shape)
    if tree.op == "eye":
        return _constant(np.eye(shape[0]))
    if tree.op in ("vector", "matrix"):
        return _constant(np.ones(shape))
    if tree.op == "commutation":
        return _constant(commutation(*(_number(size, sizes) for size in _named_sizes(tree.parts))))
    if tree.op == "name":
        given = lambda values: (values[tree.leaf] if tree.leaf in values else sizes[tree.leaf],)
        return _kept(given, lambda x: np.reshape(x, shape))
    if tree.op == "reshape":
        inner = compiled(tree.parts[0], sizes)
        return lambda values: inner(values).reshape(shape[::-1]).T
    f = _OPERATORS.get(tree.op) or _FUNCTIONS[tree.op]
    parts = [compiled(part, sizes) for part in tree.parts]

    def computed(*args):
        out = np.atleast_2d(f(*args))
        if out.shape != shape:
            raise Unreadable(f"{tree.op} gave {out.shape} where {shape} was due")
        return out

    return _kept(lambda values: [part(values) for part in parts], computed)


def _constant(x):
    return lambda values: x


def _kept(arguments, f):
    """Return f of arguments, which is kept for as long as they are the same objects."""
    before, out = [], None

    def looked_up(values):
        nonlocal before, out
        args = arguments(values)
        if not before or not all(map(operator.is_, args, before)):
            before, out = args, f(*args)
        return out

    return looked_up


def evaluator(text: str, shapes: dict, sizes: dict, target: tuple | None = None):
    """Return the function from values (by name) to the value of a text, and the text's shape in words.

    A word of a size that names no variable is that number. `target` is the shape that the text should have: it is demanded, and settles the size of a lone `eye`.
    """
    tree = read(text)
    shape = unify(tree, dict.fromkeys(sizes, (1, 1)) | shapes)
    if target is not None:
        for have, want in zip(shape, target, strict=True):
            _same(have, want, "the shape of the result")
    found = []

    def at(values):
        if not found:  # only now are all sizes sure to be known
            found.append(compiled(tree, sizes))
        return found[0](values)

    return at, tuple(map(_size, shape))
