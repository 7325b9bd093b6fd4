"""The normal form that decides whether two expressions are equal, as symbols.

An expression is read into index notation (`reading`), where sums of products of atoms with free and summed
indices are multiplied out (`tensors`), simplified by the laws of the atoms (`rewriting`), and labelled
canonically (`labelling`). Many identities hold in this notation by themselves: diag(v)·x = v ⊙ x, the rotation
of traces, vec(A X B) = (B' ⊗ A) vec(X), x'y = sum(x ⊙ y).
"""

from derive.prove import rewriting  # noqa: F401 - provides its laws to the files below it
from derive.prove.equality import equal, normal_form

__all__ = ["equal", "normal_form"]
