"""Random points of a problem, and differences: the tests' own arithmetic."""

from __future__ import annotations

import re

import numpy as np

#: No two sizes are equal, so that a transpose too many or too few shows in a shape.
SIZES = {"m": 5, "n": 4, "k": 2, "p": 3, "q": 6, "h": 7, "r": 2, "s": 3, "l": 3}


def declarations(where: str) -> dict[str, tuple]:
    """Read "W: m x n, b: m, t: scalar" as name -> (rows, columns), each a word or 1."""
    shapes = {}
    for part in where.split(","):
        name, _, size = part.partition(":")
        sizes = ["1"] if size.strip() == "scalar" else size.replace(" x ", " ").split()
        shapes[name.strip()] = tuple(int(s) if s.isdigit() else s for s in (*sizes, "1")[:2])
    return shapes


def known(assume: str) -> dict[str, set[str]]:
    """Read "symmetric(K), positive(x)" as name -> what is known of it."""
    found: dict[str, set[str]] = {}
    for kind, name in re.findall(r"([\w-]+)\((\w+)\)", assume):
        found.setdefault(name, set()).add(kind)
    return found


def number(size, sizes=SIZES) -> int:
    """Return a word of a size, or a pair of them, as a number."""
    if isinstance(size, tuple):
        return number(size[0], sizes) * number(size[1], sizes)
    return size if isinstance(size, int) else sizes[size]


def draw(shapes: dict, assume: str, rng: np.random.Generator, sizes=SIZES) -> dict[str, np.ndarray]:
    """Return generic values, of both signs and well away from singular, that honour the assumptions."""
    facts = known(assume)
    values = {}
    for name, shape in shapes.items():
        rows, columns = (number(size, sizes) for size in shape)
        kinds = facts.get(name, set())
        turn = lambda n=rows: np.linalg.qr(rng.standard_normal((n, n)))[0]
        spread = rng.uniform(0.6, 1.6, rows)
        signs = np.resize([1.0, -1.0, 1.0], rows)
        q = turn()
        if "structured-toeplitz" in kinds:
            shift = 2.0 * rows if "posdef" in kinds else 0.0
            count = max(2 * rows - 1, 0)
            numbers = rng.uniform(0.25, 1.2, count) * rng.choice([-1.0, 1.0], count)
            x = np.array([[numbers[i - j] for j in range(rows)] for i in range(rows)]) + shift * np.eye(rows)
        elif "structured-diagonal" in kinds:
            x = np.diag(spread * signs)
        elif "posdef" in kinds:
            x = q * spread @ q.T
        elif "orthogonal" in kinds:
            x = q
        elif kinds & {"symmetric", "structured-symmetric"}:
            x = q * (spread * signs) @ q.T
        elif "invertible" in kinds:
            x = q * spread @ turn()
        elif "positive" in kinds:
            x = rng.uniform(0.4, 1.7, (rows, columns))
        else:
            x = rng.uniform(0.25, 1.2, (rows, columns)) * rng.choice([-1.0, 1.0], (rows, columns))
        if kinds & {"posdef", "symmetric", "structured-symmetric"}:
            x = (x + x.T) / 2
        values[name] = x
    return values


def gap(a: np.ndarray, b: np.ndarray) -> float:
    """Return the largest difference, relative to the largest entry; infinity for other shapes or no numbers."""
    a, b = np.asarray(a, float), np.asarray(b, float)
    if a.shape != b.shape or not (np.isfinite(a).all() and np.isfinite(b).all()):
        return float("inf")
    return float(np.abs(a - b).max() / max(np.abs(a).max(), np.abs(b).max(), 1e-6))


# --------------------------------------------------------------------------------------- differences

#: Central differences of eighth order: f' h = Σ c_k (f(x + kh) - f(x - kh)) (Fornberg 1988, table 1).
_WEIGHTS = (4 / 5, -1 / 5, 4 / 105, -1 / 280)


def slope(f, values: dict, directions: dict, h: float = 8e-3) -> np.ndarray:
    """Return the derivative of f along directions (by name) at values."""
    total = 0.0
    for k, weight in enumerate(_WEIGHTS, 1):
        ahead, behind = (
            f({**values, **{n: values[n] + sign * k * h * d for n, d in directions.items()}})
            for sign in (1, -1)
        )
        total = total + weight * (ahead - behind)
    return total / h


def units(x: np.ndarray, kinds: set[str] = frozenset()) -> list[np.ndarray]:
    """Return the direction of every entry, column by column; tied entries move together."""
    found = []
    for j in range(x.shape[1]):
        for i in range(x.shape[0]):
            e = np.zeros_like(x)
            e[i, j] = 0.0 if "structured-diagonal" in kinds and i != j else 1.0
            if "structured-toeplitz" in kinds:
                e = np.eye(len(e), k=j - i)
            if "structured-symmetric" in kinds:
                e = np.maximum(e, e.T)
            found.append(e)
    return found


def derivative(kind: str, f, wrt: str, values: dict, assume: str = "", h: float = 8e-3) -> np.ndarray:
    """Return the derivative of f by differences, laid out as `derive` lays it out.

    For a differential (and for a Hessian by a matrix, which is one) the values hold the directions dX.
    """
    if kind == "differential":
        return slope(f, values, {name: values["d" + name] for name in wrt.split(",")}, h)
    x = values[wrt]
    directions = units(x, known(assume).get(wrt, set()))
    first = lambda at: [slope(f, at, {wrt: d}, h) for d in directions]
    if kind == "jacobian":
        return first(values)[0] if x.size == 1 else np.hstack([d.T.reshape(-1, 1) for d in first(values)])
    gradient = lambda at: np.reshape(first(at), x.shape, order="F")
    if kind == "gradient":
        return gradient(values)
    if x.shape[1] > 1:
        return slope(gradient, values, {wrt: values["d" + wrt]}, h)
    return np.hstack([slope(gradient, values, {wrt: d}, h) for d in directions])


def layout(kind: str, expr_shape: tuple, wrt: str, shapes: dict) -> tuple:
    """Return the shape in words that a derivative of a kind has."""
    rows, columns = shapes[wrt.split(",")[0]]
    flat = lambda r, c: r if c == 1 else (c, r)
    if kind == "gradient":
        return (rows, columns)
    if kind == "hessian":
        return (rows, rows) if columns == 1 else (rows, columns)
    if kind == "jacobian" and (rows, columns) != (1, 1):
        return (flat(*expr_shape), flat(rows, columns))
    return expr_shape


def run(source: str, name: str = "f"):
    """Return the function that a source defines."""
    scope: dict = {}
    exec(compile(source, "<the printed function>", "exec"), scope)
    return scope[name]
