"""What browsers that follow MathML Core need, looked up in the tree and not in the printed string."""

import xml.etree.ElementTree as ElementTree

import pytest

from reports.renderers.mathml import mathml


def leaves(latex):
    """(tag, text) of each leaf that holds text."""
    return [(e.tag, e.text) for e in ElementTree.fromstring(mathml(latex)).iter() if e.text]


def fences(latex):
    """(text, form, stretchy) of each bracket."""
    root = ElementTree.fromstring(mathml(latex))
    return [(e.text, e.get("form"), e.get("stretchy")) for e in root.iter("mo") if e.get("fence") == "true"]


@pytest.mark.parametrize("size", ["", r"\left|\right"])
def test_a_norm_opens_and_closes(size):
    left, _, right = size.partition("|")
    found = fences(rf"{left}\lVert x {right}\rVert^2")
    assert [(text, form) for text, form, _ in found] == [("‖", "prefix"), ("‖", "postfix")]


def test_brackets_grow_around_a_fraction_only():
    assert {stretchy for *_, stretchy in fences(r"\left(x^\top y\right)")} == {"false"}
    assert {stretchy for *_, stretchy in fences(r"\left(\bar{x}\right)")} == {"false"}
    assert {stretchy for *_, stretchy in fences(r"\left(\frac{x}{y}\right)")} == {"true"}


@pytest.mark.parametrize("latex", [r"\mathrm{relu}", r"\operatorname{relu}"])
def test_a_name_is_one_upright_word(latex):
    assert ("mi", "relu") in leaves(f"{latex}(x)")


def spaces(latex):
    root = ElementTree.fromstring(mathml(latex))
    return len(list(root.iter("mspace")))


@pytest.mark.parametrize(
    ("latex", "count"),
    [
        (r"x \log y", 2),
        (r"\log\det K", 2),
        (r"\log(x)", 0),
        (r"\operatorname{tr}\left(K\right)", 0),
        (r"(x) \log y", 2),
        (r"a + \log y", 1),
    ],
)
def test_names_stand_apart_from_letters_and_not_from_brackets(latex, count):
    assert spaces(latex) == count


def test_letters_that_mathml_core_would_set_wrong():
    assert ("mn", "\N{MATHEMATICAL BOLD DIGIT ONE}") in leaves(r"\mathbf{1}")
    assert ("mn", "\N{MATHEMATICAL DOUBLE-STRUCK DIGIT ONE}") in leaves(r"\mathbb{1}")
    assert ("mtext", "d") in leaves(r"\mathrm{d}X")
    assert ("mi", "d") in leaves("d x")
    assert ("mo", "\N{TILDE OPERATOR}") in leaves(r"a \sim b")
    (sigma,) = ElementTree.fromstring(mathml(r"\Sigma")).iter("mi")
    assert sigma.get("mathvariant") == "normal"


@pytest.mark.parametrize("latex", [r"\frac{a}{", r"a & b", "{"])
def test_what_has_no_translation_is_an_error_that_names_the_formula(latex):
    with pytest.raises(ValueError, match="no MathML for the formula"):
        mathml(latex)


@pytest.mark.parametrize(("latex", "form"), [("a = -b", "prefix"), ("a - b", None), ("(a) - b", None)])
def test_a_sign_is_told_from_a_subtraction(latex, form):
    (minus,) = [e for e in ElementTree.fromstring(mathml(latex)).iter("mo") if e.text == "−"]
    assert minus.get("form") == form


def test_one_sign_adds_to_an_adjoint():
    assert ("mo", "+=") in leaves(r"\bar{W} \mathrel{+}= x")


@pytest.mark.parametrize("latex", [r"a \iff b", r"a \Rightarrow b"])
def test_implications_stand_apart(latex):
    (arrow,) = ElementTree.fromstring(mathml(latex)).iter("mo")
    assert arrow.get("lspace")
    assert arrow.get("rspace")


def test_signs_of_markup_are_escaped():
    assert "a < b" not in mathml("a < b")
    assert "&lt;" in mathml("a < b")


@pytest.mark.parametrize("latex", [r"\lVert W x\rVert^2 < 1", r"\bar{W} \mathrel{+}= x"])
def test_a_formula_carries_its_latex_beside_what_is_drawn(latex):
    (semantics,) = ElementTree.fromstring(mathml(latex, display=True))
    drawn, annotation = semantics
    assert (semantics.tag, drawn.tag, annotation.tag) == ("semantics", "mrow", "annotation")
    assert annotation.get("encoding") == "application/x-tex"
    assert annotation.text == latex
