"""The door of a printed function: arguments become arrays of one type, in shapes that fit each other.

A vector may come as a 1-D array or as a column; inside it is a column, and the answer is of the kind that came. The
arrays given say the type: float32 stays float32, integers and lists become floats, and numbers follow the arrays.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sympy import Expr, MatrixSymbol, Symbol

from derive.code.targets import Target
from derive.expression import algebra

Shape = tuple[Any, Any]

#: Names that the door uses itself.
RESERVED = frozenset(
    "cholesky device dtype flat floats potrf potrs sizes solve take type types value".split()
)

#: Names that Julia's door uses, or that Julia's words for operations have.
JULIA_RESERVED = frozenset(
    "T I take flat dot norm tr diag kron det inv lu cholesky exp log abs sign sqrt max sum prod size vec copy fill ones "
    "zeros repeat reshape begin end function if else for while in let do struct module using import return".split()
)

_TAKE = """\
def take(name, value, rows, columns):
    array = {array}
    if array.dtype != dtype:
        {real}
            raise TypeError(f"{{name}} holds {{array.dtype}}, not real numbers")
        array = {cast}
    if array.ndim == 2:
        return array
    if array.ndim == 1 and 1 in (rows, columns):
        return array[:, None] if columns == 1 else array[None]
    raise ValueError(f"{{name}} has shape {{tuple(array.shape)}}: expected {{rows}} x {{columns}}")"""

_MISFIT = """\
if not ({fit}):
    sizes = {{{seeds}}}
    for name, array, *shape in ({shapes},):
        for size, n, side in zip(shape, array.shape, ("rows", "columns")):
            known, who, which = sizes.setdefault(size, (size if isinstance(size, int) else n, name, side))
            if n != known:
                so = f", but {{who}} has {{known}} {{which}}" if isinstance(size, str) else ""
                raise ValueError(f"{{name}} has {{n}} {{side}}{{so}}: expected {{shape[0]}} x {{shape[1]}}")"""

_NUMPY = {
    "array": "np.asarray(value)",
    "real": 'if array.dtype.kind not in "biuf":',
    "cast": "array.astype(dtype)",
    "types": '{{getattr(getattr(value, "dtype", None), "char", "") for value in ({0},)}}',
    "type": 'dtype = np.float32 if "f" in types and "d" not in types else np.float64',
    "number": "dtype({0}) if isinstance({0}, (int, float)) else np.asarray({0}, dtype).reshape(())[()]",
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

#: The line that says the type where arrays are taken as they come.
UNGUARDED = {
    "numpy": "dtype = np.float64",
    "jax": "dtype = jnp.result_type(float)",
    "torch": 'dtype, device = torch.float64, torch.device("cpu")',
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
    types = words.get("types", '[getattr(value, "dtype", None) for value in ({0},)]')
    lines = [f"types = {types.format(typed)}" if typed else "types = []"]
    lines += words["type"].format(values=every).replace("in (,)", "in ()").splitlines()
    for k, group in enumerate(flat, 1):
        word = "flat" if len(flat) == 1 else f"flat{k}"
        lines.append(f"{word} = " + " or ".join(words["flat"].format(names[n]) for n in group))
    if arrays:
        lines += ["", *_TAKE.format(**words).splitlines(), ""]
    lines += [f"{names[n]} = {words['number'].format(names[n])}" for n in numbers]
    for n in arrays:
        rows, columns = (str(int(d)) if d.is_Integer else f'"{d}"' for d in symbols[n].shape)
        value = words["one"].format(names[n]) if symbols[n].shape == (1, 1) else names[n]
        lines.append(f'{names[n]} = take("{n}", {value}, {rows}, {columns})')
    return [*lines, *_fit(names, symbols, arrays, given)]


def _fit(names: Mapping[str, str], symbols: Mapping[str, Expr], arrays: Sequence[str], given: Sequence[str]) -> list[str]:  # fmt: skip
    """Return the lines that hold every size to the others of its name: one comparison, and the words where it fails."""
    sides: dict[Any, list[str]] = {Symbol(n): [names[n]] for n in given}
    shapes = []
    for n in arrays:
        for axis, d in enumerate(symbols[n].shape):
            key = Symbol(d.name) if d.is_Symbol else d
            sides.setdefault(key, []).append(f"{names[n]}.shape[{axis}]")
    known = {s.name: Symbol(texts[0]) for s, texts in sides.items() if s.is_Symbol}

    def value(d: Any) -> str | None:
        if d.is_Integer:
            return str(int(d))
        if d.is_Symbol or not {s.name for s in d.free_symbols} <= set(known):
            return None
        return str(d.xreplace({s: known[s.name] for s in d.free_symbols}))

    for n in arrays:
        words = (value(d) or f'"{d}"' for d in symbols[n].shape)
        shapes.append(f'("{n}", {names[n]}, {", ".join(words)})')
    chains = [[*texts, *([wanted] if (wanted := value(d)) else [])] for d, texts in sides.items()]
    fit = " and ".join(" == ".join(c) for c in chains if len(c) > 1)
    if not fit:
        return []
    seeds = ", ".join(f'"{n}": ({names[n]}, "{n}", "as a size")' for n in given)
    return _MISFIT.format(fit=fit, seeds=seeds, shapes=", ".join(shapes)).splitlines()


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


def julia_door(
    names: Mapping[str, str], symbols: Mapping[str, Expr], flat: Sequence[Sequence[str]], given: Sequence[str]
) -> list[str]:
    """Return the lines that take the arguments in Julia: vectors as columns, one type, shapes held to each other."""
    arrays = [n for n in ordered(symbols) if not is_number(symbols[n])]
    numbers = [n for n in symbols if is_number(symbols[n]) and n not in given]
    lines = []
    for k, group in enumerate(flat, 1):
        word = "flat" if len(flat) == 1 else f"flat{k}"
        lines.append(f"{word} = " + " || ".join(f"{names[n]} isa AbstractVector" for n in group))
    kinds = ", ".join(
        f"eltype({names[n]})" if n in arrays else f"typeof({names[n]})" for n in arrays or numbers
    )
    lines.append(f"T = float(promote_type({kinds}))" if kinds else "T = Float64")
    for n in arrays:
        rows, columns = symbols[n].shape
        shape = "1, :" if rows == 1 != columns else ":, 1"
        value = f"fill({names[n]}, 1, 1)" if (rows, columns) == (1, 1) else names[n]
        if 1 in (rows, columns) and (rows, columns) != (1, 1):
            lines.append(
                f"{names[n]} = T.({names[n]} isa AbstractVector ? reshape({names[n]}, {shape}) : {names[n]})"
            )
        elif (rows, columns) == (1, 1):
            lines.append(
                f"{names[n]} = {names[n]} isa Number ? {value.replace(names[n], f'T({names[n]})')} : T.({names[n]})"
            )
        else:
            lines.append(f"{names[n]} = T.({names[n]})")
    lines += [f"{names[n]} = T({names[n]})" for n in numbers]
    first: dict[Any, tuple[str, int]] = {}
    for n in arrays:
        for axis, d in enumerate(symbols[n].shape, 1):
            word = ("rows", "columns")[axis - 1]
            here = f"size({names[n]}, {axis})"
            if d.is_Integer:
                wanted, so = str(int(d)), f": expected {int(d)}"
            elif d in first:
                other, side = first[d]
                wanted = f"size({names[other]}, {side})"
                so = f", but {other} has $({wanted})"
            else:
                first[d] = (n, axis)
                continue
            lines.append(f'{here} == {wanted} || throw(DimensionMismatch("{n} has $({here}) {word}{so}"))')
    return lines
