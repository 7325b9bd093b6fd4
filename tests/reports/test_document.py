import pytest
from hypothesis import given
from hypothesis import strategies as st

from reports.document import Check, Span, literal, spans
from tests.reports.samples import sample


def test_running_text_is_split_at_formulas_and_code():
    assert spans("Let $a_1$ be `x'`.") == (
        Span("text", "Let "),
        Span("math", "a_1"),
        Span("text", " be "),
        Span("code", "x'"),
        Span("text", "."),
    )


def test_a_formula_keeps_its_backslashes():
    assert spans(r"$\bar{u} \$ 1$") == (Span("math", r"\bar{u} \$ 1"),)


@given(st.text())
def test_literal_text_comes_back_whatever_signs_it_holds(text):
    found = spans(literal(text))
    assert "".join(span.text for span in found) == text
    assert all(span.kind == "text" for span in found)


@pytest.mark.parametrize("text", ["5 $", "a ` b", "$x$ and $y", "$$"])
def test_a_sign_left_open_is_an_error(text):
    with pytest.raises(ValueError, match="left open"):
        spans(text)


@pytest.mark.parametrize(
    ("word", "sign"),
    [("proved", "✓"), ("certified", "✓"), ("agrees", "✓"), ("refuted", "✗"), ("inconclusive", "?")],
)
def test_only_what_is_upheld_is_ticked(word, sign):
    assert Check(word).sign == sign


def test_figures_are_found_in_reading_order_inside_boxes_too():
    assert [figure.name for figure in sample().figures()] == ["graph", "errors"]
