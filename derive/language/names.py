"""What names mean: default kinds, declarations (`where`) and assumptions (`assume`)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping
from difflib import get_close_matches
from functools import reduce
from typing import Any

from derive.errors import InputError
from derive.expression.facts import KINDS, SQUARE, TOTALS, said
from derive.language.shapes import (
    SCALAR,
    Product,
    Shape,
    Size,
    SizeConflict,
    Total,
    Triangle,
    Unknown,
    find,
    size_names,
    unify,
)

GREEK = frozenset(
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau "
    "upsilon phi chi psi omega".split()
)

#: The largest size that may be declared.
MAX_SIZE = 999_999

#: What a declaration says by a word about a shape, without a size: S: square, x: positive vector.
_SHAPES = frozenset("scalar vector column matrix square".split())

#: What stands for what is not a size, or is one of the words of a declaration.
_WORDS = frozenset({*_SHAPES, "row", "x", "by"})

_NAME = r"[A-Za-z][A-Za-z_0-9]*"
_FACTOR = rf"(?:{_NAME}|[0-9]+)"
#: n*(n + 1)/2 or 1/2*n*(n + 1), the entries of a triangle.
_TRIANGLE = rf"(?:1/2\s*\*\s*)?{_NAME}\s*\*\s*\(\s*{_NAME}\s*\+\s*1\s*\)(?:\s*/\s*2)?"
_SIZE = rf"(?:{_TRIANGLE}|{_FACTOR}(?:\s*[*+-]\s*{_FACTOR})*)"
#: Without spaces, x stands between numbers and sizes of one letter: 3x4, mxn, n1x3.
_TIGHT = r"[A-Za-z]?[0-9]*"
_DECLARATION = re.compile(
    r"\s*(?P<name>[A-Za-z][A-Za-z_0-9]*)\s*:\s*"
    rf"(?:(?P<n>(?=[^x]){_TIGHT})x(?P<m>(?=\w){_TIGHT})|(?P<rows>{_SIZE})(?:\s+x\s+(?P<columns>{_SIZE}))?)\s*"
)
_ASSUMPTION = re.compile(
    r"\s*(?P<kind>[A-Za-z][A-Za-z_-]*)\s*\(\s*(?P<name>[A-Za-z][A-Za-z_0-9]*)\s*(?:,\s*(?P<axis>rows|columns)\s*)?\)\s*"
)
#: X in R^{m x n}, X ∈ ℝ^(m×n) and their spellings in LaTeX.
_SPACE = re.compile(
    r"\s*(?::|∈|\\in\b|\bin\b)\s*(?:R|ℝ|\\(?:mathbb|mathbf)\s*\{?\s*R\s*\}?)\s*\^\s*[{(]?([^{}()]*)[})]?"
)
_LETTERS = dict(zip("αβγδεζηθικλμνξοπρστυφχψωΓΔΘΛΞΠΣΦΨΩ", (
    "alpha beta gamma delta epsilon zeta eta theta iota kappa lambda mu nu xi omicron pi rho sigma tau upsilon phi chi "
    "psi omega Gamma Delta Theta Lambda Xi Pi Sigma Phi Psi Omega").split(), strict=True))  # fmt: skip
#: Commas and semicolons part declarations and assumptions, outside of brackets.
_PARTS = re.compile(r"[,;](?![^(]*\))")

#: What people call the assumptions otherwise.
_ALSO = {
    "sym": "symmetric",
    "spd": "posdef",
    "pd": "posdef",
    "nonsingular": "invertible",
    "regular": "invertible",
    "orth": "orthogonal",
    "diag": "structured-diagonal",
    "diagonal": "structured-diagonal",
    "toeplitz": "structured-toeplitz",
    "lower": "structured-lower",
    "upper": "structured-upper",
    "skew": "structured-skew",
    "stiefel": "structured-stiefel",
    "one-hot": "onehot",
    "simplex": "sums_to_one",
    "sums-to-1": "sums_to_one",
    "sum-to-one": "sums_to_one",
    "sums-to-one": "sums_to_one",
    "probability": "sums_to_one",
    "stochastic": "sums_to_one",
}


def kind_of(name: str) -> str:
    """Return what a name stands for by default: 'scalar', 'vector' or 'matrix'."""
    stem = re.match(r"[A-Za-z]*", name)[0]  # type: ignore[index]
    if stem in GREEK or "a" <= name[0] <= "g":
        return "scalar"
    return "matrix" if name[0].isupper() else "vector"


def _size(text: str, part: str) -> Size:
    """Read a size: a name, a number, or products and sums of them. Raises InputError, naming the declaration."""
    if re.fullmatch(_TRIANGLE, text.strip()):
        n, m = (word for word in re.findall(_NAME, text))
        if n == m and ("1/2" in text) != text.endswith("2"):
            return Triangle(_factor(n, part))
        raise InputError(
            f'cannot read the size in "{part}": sizes are names, numbers, m*n, m + n and n*(n + 1)/2'
        )
    first, *rest = re.split(r"([+-])", text)
    sizes = [_product(first, part)]
    for sign, term in zip(rest[::2], rest[1::2], strict=True):
        size = _product(term, part)
        sizes.append(size if sign == "+" else -size if isinstance(size, int) else Product(-1, size))
    return find(reduce(Total, sizes))


def _product(text: str, part: str) -> Size:
    return reduce(Product, (_factor(factor.strip(), part) for factor in text.split("*")))


def _factor(text: str, part: str) -> Size:
    if text in _WORDS:
        raise InputError(f'{text} is no size in "{part}": write a matrix as "A: m x n", a column as "x: n", a row '
                         'as the transpose of one, a scalar as "t: scalar"')  # fmt: skip
    if not text.isdigit():
        words = get_close_matches(text.lower(), {*_SHAPES, *KINDS, *_ALSO}, 1, 0.8)
        near = [_ALSO.get(word, word) for word in words if len(text) > 4]
        if near:
            raise InputError(f'{text} is no size in "{part}": did you mean {near[0]}?')
        return text
    if int(text) == 0:
        raise InputError(f'cannot read the declaration "{part}": a size is 1 or more')
    if len(text) > 9 or int(text) > MAX_SIZE:
        raise InputError(
            f'the size {text[:20]} in "{part}" is too large: at most {MAX_SIZE}, or give it a name'
        )
    return int(text)


def _declaration(part: str) -> tuple[str, Shape | None, set[tuple[str, str]]]:
    """Read a declaration: the name, the shape where it is told, and what is known of values. Raises InputError."""
    part = _SPACE.sub(lambda m: f" : {m[1]} ", " ".join(part.split())[:80]).strip()
    part = re.sub(r"\s*(?:\\times|×)\s*", " x ", "".join(_LETTERS.get(c, c) for c in part))
    part = re.sub(r"^\\(?=[A-Za-z])", "", " ".join(part.split()))[:60]
    part, words = _worded(part)
    name = part.partition(":")[0].strip()
    facts = {(word, name) for word in words if word in KINDS}
    shape = _shape_of_words(words)
    if part.endswith(":"):
        return name, shape, facts
    hit = _DECLARATION.fullmatch(part)
    if not hit:
        raise InputError(
            f'cannot read the declaration "{part}": write a matrix as "W: m x n", '
            'a column vector as "x: n", a scalar as "t: scalar"'
        )
    rows = _size(hit["n"] or hit["rows"], part)
    columns = _size(hit["m"] or hit["columns"] or "1", part)
    try:
        for size, told in zip((rows, columns), shape or (), strict=False):
            unify(size, told)
    except SizeConflict:
        raise InputError(
            f'the size in "{part}" is not {" ".join(words)}: keep the size, or the word'
        ) from None
    return name, (rows, columns), facts


def _worded(part: str) -> tuple[str, list[str]]:
    """Part the words of a declaration from its sizes: "S: n x n symmetric" is "S: n x n" and symmetric.

    Raises InputError for a word by which people call an assumption otherwise.
    """
    name, colon, rest = part.partition(":")
    words, kept = list[str](), list[str]()
    for word in rest.split():
        if word in _SHAPES or word in KINDS:
            words.append(word)
        elif (also := _ALSO.get(word.lower().replace("_", "-"))) is not None:
            raise InputError(f'{word} is no size in "{part}": did you mean {name.strip()}: {also}?')
        else:
            kept.append(word)
    return f"{name}{colon} {' '.join(kept)}".rstrip(), words


def _shape_of_words(words: Iterable[str]) -> Shape | None:
    """Return the shape that words tell: of S: symmetric a square one, of x: positive none."""
    for word in words:
        if word == "scalar":
            return SCALAR
        if word in ("vector", "column") or word in TOTALS:
            return Unknown(), 1
        if word == "matrix":
            return Unknown(), Unknown()
        if word == "square" or word in SQUARE:
            size = Unknown()
            return size, size
    return None


def _as_text(name: Any, value: Any) -> str:
    """Return an item of a mapping as a declaration in text. Raises InputError."""
    if isinstance(name, str) and isinstance(value, str):
        return f"{name}: {value}"
    if isinstance(name, str) and isinstance(value, tuple | list) and len(value) == 2:
        if all(isinstance(d, str) or type(d) is int for d in value):
            return f"{name}: {value[0]} x {value[1]}"
    raise InputError(
        f'cannot read the shape {str(value)[:40]!r} of {str(name)[:40]!r}: give ("m", "n"), (2, 3) or "scalar"'
    )


def read_where(
    where: str | Mapping[str, Any] | None, assume: str | Iterable[Any] | None = None
) -> tuple[dict[str, Shape], frozenset[tuple[str, str]]]:
    """Read declarations such as "W: m x n, b1: h, t: scalar, S: symmetric, x: positive vector", and assumptions.

    A mapping from names to what stands after the colon, or to (rows, columns), says the same. Returns the shapes, and
    the assumptions of `assume` with those among the declarations. Raises InputError.
    """
    assumptions = read_assumptions(assume)
    if where is None:
        return {}, assumptions
    if isinstance(where, Mapping):
        parts = [_as_text(name, value) for name, value in where.items()]
    elif isinstance(where, str):
        parts = _PARTS.split(where)
    else:
        raise InputError(f'shapes are declared as text such as "A: m x n", not as {type(where).__name__}')
    shapes: dict[str, Shape] = {}
    for part in parts:
        if not part.strip():
            continue
        name, declared, facts = _declaration(part)
        assumptions |= facts
        try:
            for size, other in (
                zip(shapes.setdefault(name, declared), declared, strict=True) if declared else ()
            ):
                unify(size, other)
        except SizeConflict:
            raise InputError(f"{name} is declared twice with different shapes: keep one of them") from None
    shapes = {name: (find(m), find(n)) for name, (m, n) in shapes.items()}
    both = sorted(
        shapes.keys() & {name for shape in shapes.values() for d in shape for name in size_names(d)}
    )
    if both:
        raise InputError(f"{both[0]} is declared as a variable and named as a size: rename one of them")
    return shapes, assumptions


def read_assumptions(assume: str | Iterable[Any] | None) -> frozenset[tuple[str, str]]:
    """Read assumptions such as "symmetric(K), posdef(K)" as pairs (kind, name). Raises InputError."""
    if assume is None:
        return frozenset()
    if not isinstance(assume, Iterable):
        raise InputError(f'assumptions are text such as "symmetric(K)", not {type(assume).__name__}')
    found = set()
    for part in _PARTS.split(assume) if isinstance(assume, str) else assume:
        if isinstance(part, tuple) and len(part) == 2:
            part = said(str(part[0]), str(part[1]))
        if not isinstance(part, str):
            raise InputError(f'cannot read the assumption {str(part)[:40]!r}: write it as "symmetric(K)"')
        part = " ".join(part.split())
        if not part:
            continue
        hit = _ASSUMPTION.fullmatch(part)
        if not hit:
            mend = '"symmetric(K), symmetric(B)", one name each' if "," in part else '"symmetric(K)"'
            raise InputError(f'cannot read the assumption "{part[:60]}": write it as {mend}')
        kind = f"{hit['kind']} {hit['axis']}" if hit["axis"] else hit["kind"]
        if hit["axis"] and kind not in KINDS and hit["kind"] in KINDS:
            raise InputError(f"{hit['kind']}({hit['name']}) is of a whole matrix: leave {hit['axis']} away")
        if kind not in KINDS:
            word = hit["kind"].lower().replace("_", "-")
            near = [_ALSO[word]] if word in _ALSO else get_close_matches(word, KINDS, 1)
            mend = (
                f"did you mean {near[0]}?"
                if near
                else f"known are {', '.join(k for k in KINDS if ' ' not in k)}"
            )
            raise InputError(f"unknown assumption {hit['kind']}: {mend}")
        found.add((kind, hit["name"]))
    return frozenset(found)
