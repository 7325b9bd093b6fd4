"""Einstein's sums on symbolic arrays: np.einsum('ij,jk->ik', A, B) as products, transposes and sums along axes."""

from __future__ import annotations

import re
from collections import Counter
from typing import Any

import numpy as np
from sympy import S

from verify.trace.arrays import FUNCTIONS, CannotTraceError, SizesError, Traced, reshaped, traced
from verify.trace.functions import matmul, multiply, total

_FORM = re.compile(r"[A-Za-z]{0,2}(?:,[A-Za-z]{0,2})*(?:->[A-Za-z]{0,2})?")


def einsum(subscripts: Any, *operands: Any, optimize: Any = None) -> Traced:
    """Return what np.einsum gives for arrays of up to two axes. Raises CannotTraceError where more axes arise on the way."""
    text = re.sub(r"\s", "", subscripts) if isinstance(subscripts, str) else ""
    if not text or not _FORM.fullmatch(text):
        raise CannotTraceError("np.einsum is traced for a text of letters such as 'ij,jk->ik'")
    inputs, arrow, out = text.partition("->")
    labels = inputs.split(",")
    if not arrow:
        counted = Counter("".join(labels))
        out = "".join(sorted(c for c, n in counted.items() if n == 1))
    if len(labels) != len(operands) or len(set(out)) != len(out) or not set(out) <= set("".join(labels)):
        raise ValueError(f"einsum: {text} does not fit {len(operands)} operands")
    terms = [_own(names, traced(x)) for names, x in zip(labels, operands, strict=True)]
    while len(terms) > 1:
        (one, a), (two, b), *rest = terms
        wanted = set(out).union(*(set(names) for names, _ in rest))
        terms = [_pair(one, a, two, b, wanted), *rest]
    names, x = terms[0]
    return _aligned(*_summed(names, x, set(out)), out)


def _own(names: str, x: Traced) -> tuple[str, Traced]:
    """Return an operand with each label once: 'ii' is the diagonal."""
    if len(names) != x.ndim:
        raise ValueError(f"einsum: {names} has {len(names)} labels, and the operand {x.ndim} axes")
    return (names[0], FUNCTIONS[np.diag](x)) if len(names) == 2 and names[0] == names[1] else (names, x)


def _summed(names: str, x: Traced, wanted: set[str]) -> tuple[str, Traced]:
    """Return an operand summed along the axes that nothing else speaks of."""
    for name in [n for n in names if n not in wanted]:
        x = total(x, axis=names.index(name))
        names = names.replace(name, "")
    return names, x


def _pair(one: str, a: Traced, two: str, b: Traced, wanted: set[str]) -> tuple[str, Traced]:
    """Return the product of two operands, summed over what they alone share."""
    one, a = _summed(one, a, wanted | set(two))
    two, b = _summed(two, b, wanted | set(one))
    for name in set(one) & set(two):
        sizes = S(a.sizes[one.index(name)]), S(b.sizes[two.index(name)])
        if sizes[0] != sizes[1]:
            raise SizesError(f"einsum: the label {name} has two sizes, {sizes[0]} and {sizes[1]}", sizes)
    union = "".join(dict.fromkeys(one + two))
    if len(union) <= 2:
        return _summed(union, multiply(_aligned(one, a, union), _aligned(two, b, union)), wanted)
    shared = [n for n in one if n in two]
    if len(union) == 3 and len(shared) == 1 and shared[0] not in wanted:
        (k,) = shared
        left, right = one.replace(k, ""), two.replace(k, "")
        return left + right, matmul(_aligned(one, a, left + k), _aligned(two, b, k + right))
    raise CannotTraceError("np.einsum over arrays of three axes and more is not traced")


def _aligned(names: str, x: Traced, wanted: str) -> Traced:
    """Return an operand with its axes in the order of some labels; one that it lacks has size 1."""
    if len(names) == 2 and [n for n in wanted if n in names] != list(names):
        names, x = names[::-1], x.T
    sizes = tuple(x.sizes[names.index(n)] if n in names else S.One for n in wanted)
    return reshaped(x, sizes) if len(sizes) != x.ndim else Traced(sizes, x.expr, x.is_mask)


FUNCTIONS[np.einsum] = einsum
