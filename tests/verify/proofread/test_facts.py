"""What prose says of names."""

from __future__ import annotations

import pytest

from verify.proofread.document import read_document
from verify.proofread.facts import facts


@pytest.mark.parametrize(
    ("source", "expected"),
    [
        ("$\\Sigma\\succ0$ and $S$ symmetric, $x=1$.", [("symmetric", ("S",), "")]),
        ("$K$ is symmetric and positive definite.", [("symmetric", ("K",), ""), ("posdef", ("K",), "")]),
        ("Let $A$ be an invertible matrix.", [("invertible", ("A",), ""), ("matrix", ("A",), "")]),
        ("for a symmetric matrix $A$ we get", [("symmetric", ("A",), ""), ("matrix", ("A",), "")]),
        ("$p_i=1$, $y$ one-hot, $L=2$.", [("onehot", ("y",), "")]),
        ("$X,Y$ independent with variance $\\sigma^2$.",
         [("independent", ("X", "Y"), ""), ("variance", ("X", "Y"), "\\sigma^2")]),
        ("$X_1,\\dots,X_n$ independent, $E[X_i]=\\mu$", [("independent", ("X_1", "X_n"), "")]),
        ("and $\\delta=\\partial L/\\partial z$ is given.", [("given", ("\\delta",), "")]),
        ("$w$ and $x$ are independent with mean zero", [("independent", ("w", "x"), ""), ("zero_mean", ("w", "x"), "")]),
        ("where $A \\in \\mathbb{R}^{n\\times n}$ is orthogonal", [("orthogonal", ("A",), "")]),
        ("$A$ is not symmetric.", []),
        ("The result is right only if $A$ is symmetric.", []),
        ("f(x) = x'*A*x where A is symmetric", [("symmetric", ("A",), "")]),
    ],
)  # fmt: skip
def test_a_property_belongs_to_the_names_beside_it(source, expected):
    assert [(f.kind, f.subjects, f.value) for f in facts(read_document(source))] == expected


def test_a_fact_knows_where_it_stands():
    source = "Here\n$K$ is symmetric."
    (fact,) = facts(read_document(source))
    assert source[fact.place :].startswith("symmetric")
