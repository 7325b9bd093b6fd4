"""The door of a printed function: arguments become arrays of one type, in shapes that fit each other.

A vector may come as a 1-D array or as a column; inside it is a column, and the answer is of the kind that came. The
arrays given say the type: float32 stays float32, integers and lists become floats, and numbers follow the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr, MatrixSymbol

from derive.code.targets import Target
from derive.expression import algebra

Shape = tuple[Any, Any]

#: Names that the door uses itself.
RESERVED = frozenset({"device", "dtype", "flat", "floats", "sizes", "take", "type", "types", "value"})

_TAKE = """\
def take(name, value, *shape):
    array = {array}
    {real}
        raise TypeError(f"{{name}} holds {{array.dtype}}, not real numbers")
    if array.ndim == 1 and 1 in shape:
        array = array[:, None] if shape[1] == 1 else array[None]
    if array.ndim != 2:
        raise ValueError(f"{{name}} has shape {{tuple(array.shape)}}: expected {{shape[0]}} x {{shape[1]}}")
    for size, n, side in zip(shape, array.shape, ("rows", "columns")):
        known, who, which = sizes.setdefault(size, (size if isinstance(size, int) else n, name, side))
        if n != known:
            so = f", but {{who}} has {{known}} {{which}}" if isinstance(size, str) else ""
            raise ValueError(f"{{name}} has {{n}} {{side}}{{so}}: expected {{shape[0]}} x {{shape[1]}}")
    return {cast}"""

_NUMPY = {
    "array": "np.asarray(value)",
    "real": 'if array.dtype.kind not in "biuf":',
    "cast": "array.astype(dtype, copy=False)",
    "type": "dtype = np.float32 if np.float32 in types and np.float64 not in types else np.float64",
    "number": "np.asarray({0}, dtype).reshape(())[()]",
    "flat": "np.ndim({0}) == 1",
    "one": "np.reshape({0}, (1, 1))",
}
_DOORS: dict[str, dict[str, str]] = {
    "numpy": _NUMPY,
    "jax": {
        "array": "jnp.asarray(value)",
        "real": "if jnp.issubdtype(array.dtype, jnp.complexfloating):",
        "cast": "array.astype(dtype)",
        "type": "dtype = jnp.result_type(*[t for t in types if t is not None and jnp.issubdtype(t, jnp.floating)] or [float])",
        "number": "jnp.asarray({0}, dtype).reshape(())",
        "flat": "jnp.ndim({0}) == 1",
        "one": "jnp.reshape({0}, (1, 1))",
    },
    "torch": {
        "array": "torch.as_tensor(value, device=device)",
        "real": "if array.is_complex():",
        "cast": "array.to(dtype)",
        "type": (
            "floats = [t for t in types if isinstance(t, torch.dtype) and t.is_floating_point]\n"
            "dtype = max(floats, key=lambda t: torch.finfo(t).bits, default=torch.float64)\n"
            'device = next((v.device for v in ({values},) if isinstance(v, torch.Tensor)), torch.device("cpu"))'
        ),
        "number": "torch.as_tensor({0}, dtype=dtype, device=device).reshape(())",
        "flat": "torch.as_tensor({0}).ndim == 1",
        "one": "torch.as_tensor({0}).reshape(1, 1)",
    },
}


def is_number(symbol: Expr) -> bool:
    """Tell whether a symbol stands for one number."""
    return not isinstance(symbol, MatrixSymbol)


def ordered(symbols: Mapping[str, Expr]) -> list[str]:
    """Return the names, those first whose sizes are words or numbers, so that sizes made of them are known."""
    compound = {
        n: any(not (d.is_Symbol or d.is_Integer) for d in algebra.shape(s)) for n, s in symbols.items()
    }
    return sorted(symbols, key=compound.__getitem__)


def follows(result: tuple[Expr, Expr], symbols: Mapping[str, Expr], wrt: Sequence[str] = ()) -> list[str]:
    """Return the names whose kind, column or 1-D, the answer takes: the variable's, else that of the vectors."""
    if result == (1, 1) or 1 not in result:
        return []
    if len(wrt) == 1 and wrt[0] in symbols and algebra.shape(symbols[wrt[0]]) == result:
        return list(wrt)
    if result[1] != 1:
        return []
    return [n for n, s in symbols.items() if not is_number(s) and 1 in s.shape and s.shape != (1, 1)]


def door(
    names: Mapping[str, str],
    symbols: Mapping[str, Expr],
    flat: Sequence[Sequence[str]],
    given: Sequence[str],
    target: Target,
) -> list[str]:
    """Return the lines that take the arguments: `names` are the symbols' names in the code.

    `flat` are, for every kind of answer, those whose kind it takes, `given` the sizes that are arguments themselves.
    """
    words = _DOORS[target.name]
    arrays = [n for n in ordered(symbols) if not is_number(symbols[n])]
    numbers = [n for n in symbols if is_number(symbols[n]) and n not in given]
    typed = ", ".join(names[n] for n in arrays or numbers)
    every = ", ".join(names[n] for n in (*arrays, *numbers))
    lines = [f'types = [getattr(value, "dtype", None) for value in ({typed},)]' if typed else "types = []"]
    lines += words["type"].format(values=every).replace("in (,)", "in ()").splitlines()
    for k, group in enumerate(flat, 1):
        word = "flat" if len(flat) == 1 else f"flat{k}"
        lines.append(f"{word} = " + " or ".join(words["flat"].format(names[n]) for n in group))
    if arrays:
        seeds = ", ".join(f'"{n}": ({names[n]}, "{n}", "as a size")' for n in given)
        lines += [f"sizes = {{{seeds}}}", "", *_TAKE.format(**words).splitlines(), ""]
    known = {d.name for n in arrays for d in symbols[n].shape if d.is_Symbol} | set(given)
    lines += [f"{names[n]} = {words['number'].format(names[n])}" for n in numbers]
    for n in arrays:
        sizes = ", ".join(_size(d, known) for d in symbols[n].shape)
        value = words["one"].format(names[n]) if symbols[n].shape == (1, 1) else names[n]
        lines.append(f'{names[n]} = take("{n}", {value}, {sizes})')
    return lines


def octave_door(names: Mapping[str, str], symbols: Mapping[str, Expr], given: Sequence[str]) -> list[str]:
    """Return the lines that take the arguments in Octave: rows for columns too, shapes held to each other."""
    arrays = [n for n in ordered(symbols) if not is_number(symbols[n])]
    lines = ['type = "double";']
    if arrays:
        lines += [
            f'if any([{", ".join(f"""isa({names[n]}, "single")""" for n in arrays)}]); type = "single"; end'
        ]
    for n in arrays:
        rows, columns = symbols[n].shape
        if columns == 1 and rows != 1:
            lines.append(f"if rows({names[n]}) == 1, {names[n]} = {names[n]}(:); end")
        lines.append(f"{names[n]} = cast({names[n]}, type);")
    first: dict[Any, tuple[str, int]] = {}
    for n in arrays:
        for axis, d in enumerate(symbols[n].shape, 1):
            if d.is_Integer:
                wanted, of = str(int(d)), ""
            elif d in first:
                other, side = first[d]
                wanted, of = f"size({names[other]}, {side})", f", but {other} has %d"
            else:
                first[d] = (n, axis)
                continue
            word = ("rows", "columns")[axis - 1]
            values = f"size({names[n]}, {axis}), {wanted}" if of else f"size({names[n]}, {axis})"
            lines.append(
                f'if size({names[n]}, {axis}) != {wanted}, error("{n} has %d {word}{of or f": expected {wanted}"}", {values}); end'
            )
    return lines


def _size(d: Any, known: set[str]) -> str:
    """Return a size as `take` gets it: a number, or a word that is the same wherever the size is the same."""
    if d.is_Integer:
        return str(int(d))
    if d.is_Symbol or not {s.name for s in d.free_symbols} <= known:
        return f'"{d}"'
    return str(d.xreplace({s: type(s)(f'sizes["{s.name}"][0]') for s in d.free_symbols})).replace("/2", "//2")
