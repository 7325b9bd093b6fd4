"""LaTeX formulas as MathML that browsers draw well.

latex2mathml does the translation. What it leaves to attributes that MathML Core dropped, or to a reader's
guess, is mended here: which bar opens and which closes, upright and bold letters, the thin space around a
function's name, and brackets that should stay small.
"""

from __future__ import annotations

import re
import xml.etree.ElementTree as ElementTree
from functools import lru_cache
from itertools import pairwise
from xml.etree.ElementTree import Element

#: A bar or a sized bracket that is not already part of a \left ... \right pair.
_OPENING = re.compile(r"(?<!\\left)\\(lVert|lvert)\b|\\[bB]ig{1,2}l\s*(?=[(\[])")
_CLOSING = re.compile(r"(?<!\\right)\\(rVert|rvert)\b|\\[bB]ig{1,2}r\s*(?=[)\]])")
#: A function's name of several words.
_WORDS = re.compile(r"\\operatorname\{([A-Za-z]+(?:\\,[A-Za-z]+)+)\}")
#: Roman letters: one is a symbol that stands upright (the differential's d), several are a function's name.
_ROMAN = re.compile(r"\\mathrm\{([A-Za-z]+)\}")

_ROWS = {"math", "mrow", "mtd", "mstyle", "msqrt"}
_LARGE = {"∑", "∏", "∫"}
_SCRIPTS = {"msub", "msup", "msubsup"}
_MINUS = {"-", "\N{MINUS SIGN}"}
_TALL = {"mfrac", "mtable", "munderover", "munder", "mover"}
_CAPITALS = "\N{GREEK CAPITAL LETTER ALPHA}\N{GREEK CAPITAL LETTER OMEGA}"
_DIGIT_ZERO = {
    "bold": "\N{MATHEMATICAL BOLD DIGIT ZERO}",
    "double-struck": "\N{MATHEMATICAL DOUBLE-STRUCK DIGIT ZERO}",
}
_THIN, _THICK = "0.1667em", "0.2778em"
#: Stands for the one sign += on its way through latex2mathml.
_PLUS_EQUALS = "plusequals"
#: Arrows of logic, which the browsers' operator dictionaries leave without space or lack.
_IMPLICATIONS = {"⟺", "⟹", "⟸", "⇔", "⇒", "⇐"}


@lru_cache(maxsize=4096)
def mathml(latex: str, display: bool = False, continued: bool = False) -> str:
    r"""Return a `<math>` element for a formula given without its dollars.

    One that is `continued` is the rest of a formula that was broken before an operator.

    Raises ValueError for LaTeX that has no translation (an unbalanced brace, an alignment's `&`).
    """
    from latex2mathml.converter import convert

    paired = _OPENING.sub(lambda m: "\\left" + ("\\" + m[1] if m[1] else ""), latex)
    paired = _CLOSING.sub(lambda m: "\\right" + ("\\" + m[1] if m[1] else ""), paired)
    paired = _ROMAN.sub(lambda m: ("\\text{" if len(m[1]) == 1 else "\\operatorname{") + m[1] + "}", paired)
    paired = _WORDS.sub(
        lambda m: r"\,".join(rf"\operatorname{{{word}}}" for word in m[1].split(r"\,")), paired
    )
    paired = paired.replace(r"\mathrel{+}=", rf"\operatorname{{{_PLUS_EQUALS}}}")
    try:
        root = ElementTree.fromstring(convert(paired, display="block" if display else "inline"))
    except Exception as error:  # latex2mathml has a dozen exception classes without a common base
        raise ValueError(f"no MathML for the formula {latex}: {error}") from error
    for element in root.iter():
        element.tag = element.tag.rpartition("}")[2]
    for element in root.iter():
        _mend_letter(element)
    if continued:
        _begin_with_operator(root)
    for element in list(root.iter()):
        if element.tag in _ROWS:
            _keep_brackets_small(element)
            _space_names(element)
            _mark_signs(element)
    _annotate(root, latex)
    return ElementTree.tostring(root, encoding="unicode")


def _annotate(root: Element, latex: str) -> None:
    """Give the formula its LaTeX, which browsers hide and copying tools find."""
    semantics, row = Element("semantics"), Element("mrow")
    row.extend(list(root))
    annotation = Element("annotation", encoding="application/x-tex")
    annotation.text = latex
    semantics.extend([row, annotation])
    for child in list(root):
        root.remove(child)
    root.append(semantics)


def _mend_letter(element: Element) -> None:
    """Give letters and signs the face that TeX gives them."""
    text = element.text or ""
    if element.text == _PLUS_EQUALS:
        element.text = "+="
    elif element.tag == "mo" and len(text) > 1 and text.isalpha():
        element.tag = "mi"
        element.attrib.clear()
    elif element.tag == "mo" and text == "\N{DOWN TACK}":
        element.tag = "mi"
        element.set("mathvariant", "normal")
    elif element.tag == "mo" and text == "\N{PRIME}":
        element.set("lspace", "0em")
        element.set("rspace", "0em")
    elif text in _IMPLICATIONS:
        element.tag = "mo"
        element.set("lspace", _THICK)
        element.set("rspace", _THICK)
    elif element.tag == "mi" and text == "~":
        element.tag, element.text = "mo", "\N{TILDE OPERATOR}"
    elif element.tag == "mi" and len(text) == 1 and _CAPITALS[0] <= text <= _CAPITALS[1]:
        element.set("mathvariant", "normal")
    elif element.tag == "mn" and text.isdigit():
        zero = _DIGIT_ZERO.get(element.attrib.pop("mathvariant", ""))
        if zero is not None:
            element.text = "".join(chr(ord(zero) + int(digit)) for digit in text)


def _keep_brackets_small(row: Element) -> None:
    """Let brackets grow only around something tall, as a mathematician would set them."""
    if any((inner.tag in _TALL and not _is_accent(inner)) or inner.text in _LARGE for inner in row.iter()):
        return
    for child in row:
        if child.tag == "mo" and child.get("fence") == "true":
            child.set("stretchy", "false")
        elif child.tag in _SCRIPTS and child[0].tag == "mo" and child[0].get("fence") == "true":
            child[0].set("stretchy", "false")


def _is_accent(element: Element) -> bool:
    return element.tag == "mover" and len(element) == 2 and element[1].tag == "mo" and len(element[1]) == 0


def _space_names(row: Element) -> None:
    """Put TeX's thin space between a function's name and the letters beside it."""
    children = list(row)
    for position in reversed(range(len(children))):
        child = children[position]
        if not _is_name(_core(child)):
            continue
        after = children[position + 1] if position + 1 < len(children) else None
        before = children[position - 1] if position else None
        if after is not None and _first_leaf(after).tag in {"mi", "mn"}:
            row.insert(position + 1, Element("mspace", width=_THIN))
        if before is not None and not _is_name(_core(before)) and _ends_a_term(_last_leaf(before)):
            row.insert(position, Element("mspace", width=_THIN))


def _mark_signs(row: Element) -> None:
    """Tell a minus that is a sign from one that subtracts, where something stands before it: a = -b."""
    for before, child in pairwise(row):
        if child.tag == "mo" and child.text in _MINUS and before.tag == "mo" and not _ends_a_term(before):
            child.set("form", "prefix")


def _begin_with_operator(root: Element) -> None:
    """Give an operator that stands first the space of one between two terms."""
    row = root
    while len(row) and row[0].tag in {"mrow", "mstyle"}:
        row = row[0]
    if len(row) and row[0].tag == "mo":
        row[0].set("form", "infix")


def _core(element: Element) -> Element:
    """The base of a scripted element, and what is alone in its group."""
    while element.tag in _SCRIPTS or (element.tag == "mrow" and len(element) == 1):
        element = element[0]
    return element


def _is_name(element: Element) -> bool:
    return element.tag == "mi" and len(element.text or "") > 1


def _first_leaf(element: Element) -> Element:
    while len(element):
        element = element[0]
    return element


def _last_leaf(element: Element) -> Element:
    while len(element):
        element = element[0] if element.tag in _SCRIPTS else element[-1]
    return element


def _ends_a_term(leaf: Element) -> bool:
    if leaf.tag in {"mi", "mn"}:
        return True
    return leaf.tag == "mo" and (leaf.get("form") == "postfix" or (leaf.text or "") in ")]")
