"""A program part that checks a printed gradient on random data, by differences."""

from __future__ import annotations

from typing import TYPE_CHECKING

from derive.code.door import is_number
from derive.errors import InputError
from derive.expression import algebra

if TYPE_CHECKING:
    from derive.derivation import Derivation

_BODY = """\
if __name__ == "__main__":
    import numpy as np

    rng = np.random.default_rng(0)
    {sizes}
    given = dict({values})
    value, gradient = f(**given)
    gradient = np.asarray(gradient, float)
    x = np.asarray(given["{wrt}"], float)
    direction, h = rng.standard_normal(x.shape), 1e-5
    ahead, behind = (float(f(**{{**given, "{wrt}": x + s*h*direction}})[0]) for s in (1, -1))
    difference, claimed = (ahead - behind)/(2*h), float((gradient*direction).sum())
    print(f"value {{float(value):.6g}}; along a random direction: difference {{difference:.9g}}, gradient {{claimed:.9g}}")
    assert abs(difference - claimed) <= 1e-5*(1 + abs(claimed)), "the gradient is wrong at this point"
"""


def self_check(d: Derivation, target: str, value: bool) -> str:
    """Return lines that run a printed gradient on random data. Raises InputError where that needs --value or Python."""
    if d.kind != "gradient" or not value or target not in ("numpy",):
        raise InputError("a self-check is of a gradient with its value in NumPy: --format numpy --value")
    sizes = sorted(
        {s for x in d.symbols().values() for e in algebra.shape(x) for s in e.free_symbols}, key=str
    )
    kinds = {(kind, name) for kind, name in d.problem.assumptions}
    values = []
    for n, symbol in d.symbols().items():
        rows, columns = algebra.shape(symbol)
        has = lambda *words, n=n: any((word, n) in kinds for word in words)
        text = "rng.standard_normal()" if is_number(symbol) else f"rng.standard_normal(({rows}, {columns}))"
        if has("positive"):
            text = f"np.abs({text}) + 0.5"
        if has("posdef"):
            text = f"(lambda a: a @ a.T + np.eye(len(a)))({text})"
        elif has("symmetric", "structured-symmetric"):
            text = f"(lambda a: a + a.T)({text})"
        elif has("onehot"):
            text = f"np.eye({rows if columns == 1 else columns})[{':, [0]' if columns == 1 else '[0]'}]"
        elif has("onehot rows", "onehot columns"):
            by_rows = f"np.eye({columns})[np.arange({rows}) % {columns}]"
            text = by_rows if has("onehot rows") else f"np.eye({rows})[np.arange({columns}) % {rows}].T"
        elif has("sums_to_one", "sums_to_one rows", "sums_to_one columns"):
            axis = 1 if has("sums_to_one rows") or rows == 1 else 0
            text = f"(lambda a: a/a.sum({axis}, keepdims=True))(np.abs({text}) + 0.5)"
        elif has("orthogonal"):
            text = f"np.linalg.qr({text})[0]"
        elif not is_number(symbol) and rows == columns:
            text += f" + 3*np.eye({rows})"
        values.append(f"{n}={text}")
    lines = "; ".join(f"{s} = {k}" for k, s in enumerate(sizes, 4)) or "pass"
    wrt = d.problem.wrt[0].name
    if d.tie is not None:
        raise InputError("a self-check needs a variable whose entries are free")
    return _BODY.format(sizes=lines, values=", ".join(values), wrt=wrt)
