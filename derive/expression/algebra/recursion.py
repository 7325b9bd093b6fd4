"""What the constructors ask of the laws and of what can be seen, which are built with constructors themselves."""

from derive.expression.recursion import Recursion

RECURSION = Recursion(
    "cancelled",
    "frechet_in_trace",
    "is_diagonal",
    "is_orthogonal",
    "adds_to_one",
    "is_onehot",
    "is_symmetric",
    "kron",
    "merged",
    "penrose",
    "transposed_blocks",
)
