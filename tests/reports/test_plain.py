"""Formulas and findings in running text, for a terminal and for paper."""

import re

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.results import RESULTS
from reports.chapters.prose import finding, prose, sentence, symbols
from reports.document import spans
from reports.renderers.mathml import mathml
from reports.renderers.plain import plain_math, plain_text


@pytest.mark.parametrize(
    ("latex", "plain"),
    [
        (r"W^{\top} W x - x", "Wᵀ W x - x"),
        (r"K^{-1} \, \mathrm{d}K \, K^{-1}", "K⁻¹ dK K⁻¹"),
        (r"\delta_{i j} - y_j", "δ_ij - y_j"),
        (r"\tfrac{1}{2} \left\lVert r\right\rVert^2", "1/2 ‖r‖²"),
        (r"\frac{s}{\sqrt{2\pi}}", "s/√(2π)"),
        (r"\frac{a + b}{c}", "(a + b)/c"),
        (r"\operatorname{swish}'(k) = \sigma(k)", "swish'(k) = σ(k)"),
        (r"x^{a + b}", "x^(a+b)"),
        (r"\bar{u}_1 \odot v", "u\N{COMBINING MACRON}_1 ⊙ v"),
        (r"10^{-6}", "10⁻⁶"),
    ],
)
def test_a_formula_in_a_line_of_text(latex, plain):
    assert plain_math(latex) == plain


def test_no_raw_markup_is_left_in_the_catalogue():
    texts = [text for r in RESULTS for text in (r.story, *(s.why for s in r.slips))]
    texts += [line.reason for r in RESULTS if r.by_indices for line in r.by_indices()]
    assert texts
    for text in texts:
        assert not set(r"\{}$") & set(plain_text(text)), text


@pytest.mark.parametrize(
    ("text", "formulas"),
    [
        ("wrong with a chance below 2^-116", ["2^{-116}"]),
        ("difference 3.0e-13, estimated error 1e-12", [r"3 \cdot 10^{-13}", "10^{-12}"]),
        ("off by 0e+00", ["0"]),
        ("at m = 2, n = 3", ["m = 2", "n = 3"]),
        ("σ² = 2/n_in keeps it", [r"\sigma^{2}", r"n_{\mathrm{in}}"]),
        ("by 6.7·10⁴ times 2π", [r"6.7 \cdot 10^{4}", r"2\pi"]),
        ("a ~ N(0, 1), a layer of E and c = 1/2", []),
        ("74 digits agree in f1 and x.y2", []),
    ],
)
def test_numbers_sizes_and_symbols_of_a_finding_become_formulas(text, formulas):
    assert [span.text for span in spans(finding(text)) if span.kind == "math"] == formulas


@given(st.text())
def test_a_finding_is_running_text_whatever_it_holds(text):
    kinds = {span.kind for span in spans(finding(text))}
    assert kinds <= {"text", "math"}


@given(st.from_regex(r"[a-z]{1,3} = \d{1,3}, \d\.\d{1,3}e[+-]\d\d and 2\^-\d{1,3}", fullmatch=True))
def test_formulas_of_findings_have_a_translation(text):
    for span in spans(finding(text)):
        if span.kind == "math":
            assert mathml(span.text).startswith("<math")


def test_prose_that_has_formulas_is_left_alone():
    assert prose(r"the sum over $2^n$ paths") == r"the sum over $2^n$ paths"
    assert prose("2^-3") == "$2^{-3}$"


def test_a_list_of_symbols_is_one_formula():
    assert re.sub(r"\s", "", symbols("v², n_in")) == r"v^{2},\;n_{\mathrm{in}}"


@pytest.mark.parametrize(("text", "said"), [("it holds", "It holds."), ("$x$ is 1.", "$x$ is 1."), ("", ".")])
def test_a_sentence_has_a_capital_and_one_full_stop(text, said):
    assert sentence(text) == said
