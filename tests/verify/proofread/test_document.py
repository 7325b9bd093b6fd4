"""Documents cut into formulas and prose, and formulas into chains, each with its place."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from verify.proofread.chains import chains
from verify.proofread.document import Text, read_document


def roles(source):
    return [(p.role, p.text.characters.strip()) for p in read_document(source).pieces]


def sides(formula):
    return [(c.goes_on, [(s.relation, s.text.characters) for s in c.sides]) for c in chains(Text.of(formula))]


def test_every_way_of_setting_a_formula_off():
    source = "Let $a=1$, \\(b=2\\) and\n$$c=3$$ \\[d=4\\]\n\\begin{align*}e&=5\\end{align*} end."
    formulas = [p.text.characters for p in read_document(source).pieces if p.is_formula]
    assert formulas == ["a=1", "b=2", "c=3", "d=4", "e&=5"]


def test_an_unbalanced_dollar_ends_with_its_paragraph():
    assert roles("so $x = 3 and\n\nthen $y=2$.") == [
        ("prose", "so"),
        ("inline", "x = 3 and"),
        ("prose", "then"),
        ("inline", "y=2"),
        ("prose", "."),
    ]


def test_macros_are_expanded_and_places_stay_those_of_the_source():
    source = (
        "\\newcommand{\\R}{\\mathbb{R}}\\newcommand{\\n}[1]{\\lVert #1\\rVert}\n$x\\in\\R^n$\n$f=\\n{Wx}^2$"
    )
    document = read_document(source)
    formulas = [p for p in document.pieces if p.is_formula]
    assert formulas[0].text.characters == r"x\in\mathbb{R}^n"
    assert formulas[1].text.characters.replace(" ", "") == r"f=\lVertWx\rVert^2"
    assert [document.line_column(p.start) for p in formulas] == [(2, 1), (3, 1)]


def test_a_percent_sign_begins_a_comment_in_latex_only():
    assert "half" in roles("50 % half of $x=1$")[0][1]
    assert roles("\\begin{document}$x=1$ % no\n\\end{document}")[0] == ("inline", "x=1")


def test_code_is_set_apart_and_its_dollars_are_none_of_ours():
    found = read_document("$a=1$\n```python\nprint('$')\n```\n$b=2$").pieces
    assert [(p.role, p.language) for p in found if p.role != "prose"] == [
        ("inline", ""),
        ("code", "python"),
        ("inline", ""),
    ]


def test_plain_text_gives_the_stretches_with_a_relation():
    found = roles("Let f(x) = x'*A*x where A is symmetric.\n1. Then we get dL/dW = (W m) x^T + W x m^T.")
    assert [text for role, text in found if role == "line"] == [
        "f(x) = x'*A*x",
        "dL/dW = (W m) x^T + W x m^T",
    ]


def test_directives_are_found():
    assert ("directive", "W: m x n; onehot(y)") in roles("text\ngradproof: W: m x n; onehot(y)\n$x=1$")


@given(st.text(alphabet="$\\{}()[]=&,;|^_ab \nqd", max_size=60))
def test_any_text_is_cut_and_nothing_is_lost(source):
    document = read_document(source)
    end = 0
    for piece in document.pieces:
        assert end <= piece.start <= piece.end <= len(source)
        end = piece.end
        assert len(piece.text.places) == len(piece.text) + 1
        if piece.is_formula:
            for chain in chains(piece.text):
                assert chain.sides
                assert all(side.text.characters for side in chain.sides)


@pytest.mark.parametrize(
    ("formula", "expected"),
    [
        ("a=b=c", [(False, [(None, "a"), ("=", "b"), ("=", "c")])]),
        (r"a&=b\\&=c", [(False, [(None, "a"), ("=", "b")]), (True, [("=", "c")])]),
        (r"a=b\ \Rightarrow\ c\approx d", [(False, [(None, "a"), ("=", "b")]), (False, [(None, "c"), ("≈", "d")])]),
        (r"f(a,b)=\begin{bmatrix}1=2&3\\4\end{bmatrix}",
         [(False, [(None, "f(a,b)"), ("=", r"\begin{bmatrix}1=2&3\\4\end{bmatrix}")])]),
        (r"x,y\in\mathbb R^n", [(False, [(None, "x, y"), ("∈", r"\mathbb R^n")])]),
        (r"a\overset{!}{=}b", [(False, [(None, "a"), ("=", "b")])]),
        (r"\boxed{w = 2v} \tag{3}", [(False, [(None, "w"), ("=", "2v")])]),
        (r"a=b,\quad c=d", [(False, [(None, "a"), ("=", "b")]), (False, [(None, "c"), ("=", "d")])]),
        (r"a=1 \text{ and } b=2", [(False, [(None, "a"), ("=", "1")]), (False, [(None, "b"), ("=", "2")])]),
        (r"i=1,\dots,n", [(False, [(None, "i"), ("=", r"1, \dots, n")])]),
    ],
)  # fmt: skip
def test_a_formula_is_cut_into_chains(formula, expected):
    assert sides(formula) == expected


def test_a_side_knows_where_it_stands():
    document = read_document("Now\n$$a = \\frac12 b$$")
    (piece,) = (p for p in document.pieces if p.is_formula)
    (chain,) = chains(piece.text)
    assert [document.line_column(s.text.places[0]) for s in chain.sides] == [(2, 3), (2, 7)]
