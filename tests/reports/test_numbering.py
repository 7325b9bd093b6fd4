"""Numbers and references of a report, and what it says once."""

import subprocess

import pytest

from derive.errors import InternalError
from reports.chapters.references import bibliography, cited
from reports.chapters.repeated import said_once
from reports.chapters.slips import check_command
from reports.document import (
    Bibliography,
    Box,
    Chapter,
    Derivation,
    Document,
    Line,
    Math,
    Paragraph,
    Table,
    ref,
    spans,
)
from reports.renderers import html, tex
from reports.renderers.numbering import numbered


def document(*blocks):
    return Document("t", "s", [], [Chapter("One", "one", blocks)], "c")


def test_formulas_tables_and_sources_are_numbered_in_the_order_of_reading():
    found = numbered(
        document(
            Paragraph(f"See {ref('b')} and {ref('t')} of {ref('one')}."),
            Math("x", "x", "a"),
            Box("result", "Result", [Math("y", "y", "b")]),
            Math("z", "z"),
            Table(["h"], [["c"]], "A caption", name="t"),
            Paragraph(cited("Zippel 1979; He et al. 2015, section 2; Zippel 1979")),
            bibliography(),
        )
    )
    blocks = found.chapters[0].blocks
    said = "".join(span.text for span in spans(blocks[0].text))
    assert said == "See (2) and Table 1 of section 1."
    assert [blocks[1].number, blocks[2].blocks[0].number, blocks[3].number] == ["(1)", "(2)", ""]
    assert "".join(span.text for span in spans(blocks[5].text)).count("[1]") == 2
    assert [(s.number, s.name) for s in blocks[6].sources] == [("[1]", "zippel1979"), ("[2]", "he2015")]


def test_a_reference_leads_to_its_place_in_html_and_latex():
    shown = document(Math("x", "x", "a"), Paragraph(f"By {ref('a')}."))
    page, source = html.render(shown), tex.render(shown)
    assert 'id="a"' in page
    assert '<a href="#a">(1)</a>' in page
    assert r"\gpplace{a}" in source
    assert r"\hyperref[a]{(1)}" in source


def test_a_reference_to_nothing_is_a_fault():
    with pytest.raises(InternalError, match="refers to nowhere"):
        numbered(document(Paragraph(ref("nowhere"))))


def test_lines_that_stand_in_an_earlier_chapter_become_a_reference():
    lines = [Line(f"x_{k}", f"x_{k}", "a rule") for k in range(5)]
    first = Chapter("A", "a", [Derivation([*lines, Line("y", "y", "b")])])
    second = Chapter("B", "b", [Derivation([Line("z", "z", "c"), *lines[1:], Line("w", "w", "d")])])
    once = said_once([first, second])
    assert once[0] == first
    z, repeated, w = once[1].blocks[0].lines
    assert (z.latex, repeated.latex, w.latex) == ("z", "x_4", "w")
    assert repeated.rule == f"as in {ref('a')}, lines 2 to 5"


def test_every_source_of_the_catalogue_is_in_the_list_of_references():
    from reports.chapters.catalogue import catalogue

    unnamed = [r.name for r in catalogue() if cited(r.source) == r.source]
    assert unnamed == []
    assert isinstance(bibliography(), Bibliography)


def test_a_long_command_is_folded_as_a_shell_unfolds_it():
    expr = " + ".join(f"norm2(A*x - b_{k})^2" for k in range(12)) + " + x'*x"
    command = check_command(expr, "2*x", "gradient", {"--wrt": "x", "--where": "A: m x n, x: n"})
    assert max(map(len, command.splitlines())) < 90
    words = subprocess.run(
        ["sh", "-c", command.replace("gradproof check", "printf '%s\\n'")], capture_output=True, text=True
    ).stdout.splitlines()
    assert words == [expr, "--wrt", "x", "--where", "A: m x n, x: n", "--claim", "2*x"]
