"""Printing and reading are inverse: what answers print, in the text language and in LaTeX, reads back as the same."""

from dataclasses import replace
from random import Random

import pytest

from derive.expression import algebra
from derive.expression.facts import assuming
from derive.language.latex import latex
from derive.language.parser import parse, parse_within
from derive.language.text import to_text
from derive.prove import equal
from tests.derive.collections import questions

#: As many answers of all collections, of every kind; `python -m tests.derive.test_round_trip` takes all of them.
SOME = 70


def faults(question):
    """Return what does not read back of an answer."""
    problem = question.problem()
    d = question.derived(problem)
    directions = {dx.name: dx for dx in d.directions.values() if hasattr(dx, "name")}
    shapes = {name: algebra.shape(dx) for name, dx in directions.items()}
    within = replace(
        problem,
        symbols={**problem.symbols, **directions},
        shapes={**problem.shapes, **shapes},
        definitions=(),
        notes=(),
    )
    for printed in (to_text(d.result), latex(d.result)):
        again = parse_within(printed, within, algebra.shape(d.result))[0]
        with assuming(problem.assumptions):
            if again != d.result and not equal(again, d.result):
                yield f"{printed} reads back as {to_text(again)}"


@pytest.mark.parametrize("question", Random(0).sample(questions(), SOME), ids=str)
def test_an_answer_reads_back(question):
    assert list(faults(question)) == []


#: What the collections have too little of, in LaTeX and in the text language.
SPELLINGS = [
    (r"\mathrm{D}\exp\left(A\right)\left[X\right]", "dexpm(A, X)"),
    (r"\mathrm{D}^{2}\operatorname{logm}\left(A\right)\left[X, A\right]", "dlogm(A, X, A)"),
    (r"\operatorname{reshape}_{n \times n}\left(z\right)", "reshape(z, n, n)"),
    (r"\operatorname{softmax}_{\text{rows}}\left(A\right)", "softmax(A, rows)"),
    (r"K_{n, n} z", "commutation(n, n)*z"),
    (r"L_{n} X", "lower(n)*X"),
    (r"\lambda_{1}\left(A\right) \, v_{2}\left(A\right)", "eigval(A, 1)*eigvec(A, 2)"),
    (r"\mathbf{1}\left[A X - X > 0\right]", "step(A*X - X)"),
    (r"\left(2 \, \operatorname{tr}\left(A\right) - 2\right) \, X", "(2*tr(A) - 2)*X"),
    (r"\operatorname{vech}\left(A\right)", "vech(A)"),
    (r"\operatorname{arsinh}\left(A\right)", "arcsinh(A)"),
]


@pytest.mark.parametrize(("tex", "text"), SPELLINGS)
def test_a_spelling_is_read(tex, text):
    problem = parse("tr(A*X)*sum(z)", wrt="X", where="A: n x n, X: n x n, z: n*n")
    one, two = (parse_within(s, problem)[0] for s in (tex, text))
    assert one == two or equal(one, two)
    assert to_text(two) == text


if __name__ == "__main__":
    for q in questions():
        for fault in faults(q):
            print(q, fault, sep="\n    ")
