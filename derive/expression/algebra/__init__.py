"""Matrix expressions, kept tidy as they are built.

SymPy's own constructors either leave everything as it is or walk the whole tree (`doit`). These look at their
arguments only, so that a derivation takes milliseconds: scalars go in front, transposes to the leaves,
like terms together, A·A⁻¹ away, and a product that is 1 x 1 becomes the scalar `Trace(product)`.

`M` gives an expression NumPy's operators (`@` matrix product, `*` scaling or elementwise product), so that a
rule reads as its formula.
"""

from derive.expression.algebra import cancel  # noqa: F401 - provides its laws to the constructors
from derive.expression.algebra.core import (
    add,
    by_columns,
    diag,
    divides,
    divisor,
    dot,
    elementwise_power,
    entry_sum,
    hadamard,
    inv,
    is_matrix,
    is_negative,
    make,
    matmul,
    ones,
    power,
    scalar_power,
    shape,
    split,
    t,
    trace,
    zero,
)
from derive.expression.algebra.operators import M
from derive.expression.algebra.seen import (
    has_low_rank,
    is_centred,
    is_nonnegative,
    is_posdef,
    is_positive,
    is_symmetric,
)
from derive.expression.algebra.structure import (
    commutation,
    det,
    expm,
    frechet,
    kron,
    pinv,
    toeplitz,
    unvec,
    vec,
)

__all__ = [
    "M",
    "add",
    "by_columns",
    "commutation",
    "det",
    "diag",
    "divides",
    "divisor",
    "dot",
    "elementwise_power",
    "entry_sum",
    "expm",
    "frechet",
    "hadamard",
    "has_low_rank",
    "inv",
    "is_centred",
    "is_matrix",
    "is_negative",
    "is_nonnegative",
    "is_posdef",
    "is_positive",
    "is_symmetric",
    "kron",
    "make",
    "matmul",
    "ones",
    "pinv",
    "power",
    "scalar_power",
    "shape",
    "split",
    "t",
    "toeplitz",
    "trace",
    "unvec",
    "vec",
    "zero",
]
