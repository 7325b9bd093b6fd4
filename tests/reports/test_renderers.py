"""Every renderer shows every kind of block, escapes what it must, and gives the same bytes for the same document."""

import io
import re
import shutil
import typing
from html.parser import HTMLParser
from itertools import pairwise

import pytest
from hypothesis import given
from hypothesis import strategies as st

from derive.errors import InternalError
from reports.document import Block, Chapter, Document, Heading, Paragraph, literal
from reports.renderers import html, tex
from reports.renderers.terminal import console, show, show_document
from tests.reports.samples import sample

VOID = {"meta", "br", "link", "hr", "img", "input"}


class Page(HTMLParser):
    """Collects identifiers, links and text, and insists that tags nest."""

    def __init__(self, source):
        super().__init__(convert_charrefs=True)
        self.open, self.ids, self.links, self.text = [], [], [], []
        self.feed(source)
        assert self.open == []

    def handle_starttag(self, tag, attrs):
        if tag not in VOID:
            self.open.append(tag)
        self._collect(attrs)

    def handle_startendtag(self, tag, attrs):
        self._collect(attrs)

    def _collect(self, attrs):
        for name, value in attrs:
            if name == "id":
                self.ids.append(value)
            if name in {"href", "xlink:href", "src"}:
                self.links.append(value)

    def handle_endtag(self, tag):
        assert self.open.pop() == tag

    def handle_data(self, data):
        self.text.append(data)


def plain(*texts):
    return Document("t", "s", [Paragraph(text) for text in texts], [], "c")


def test_the_sample_has_every_kind_of_block():
    def kinds(blocks):
        for block in blocks:
            yield type(block)
            yield from kinds(getattr(block, "blocks", ()))

    document = sample()
    found = set(kinds(document.preface)) | {kind for c in document.chapters for kind in kinds(c.blocks)}
    assert found == set(typing.get_args(Block))


def test_html_is_one_file_of_nested_tags_unique_identifiers_and_inner_links():
    page = Page(html.render(sample()))
    assert len(page.ids) == len(set(page.ids))
    assert page.links
    assert all(link.startswith("#") and link[1:] in page.ids for link in page.links)


def test_headings_of_html_can_be_linked_to_and_nest():
    source = html.render(sample())
    found = re.findall(r"<(h[1-6])([^>]*)>", source)
    assert all("id=" in attributes for tag, attributes in found if tag > "h2")
    levels = [int(tag[1]) for tag, _ in found if tag < "h4"]
    assert levels[0] == 1
    assert all(after <= before + 1 for before, after in pairwise(levels))
    assert 'id="gradient-derivation"' in source
    assert re.search(r'<h4 [^>]*id="checks-one-path-only">One path only</h4>', source)


def test_headings_of_one_name_have_different_anchors():
    same = Chapter("c", "c", [Heading("Evidence"), Heading("Evidence")])
    page = Page(html.render(Document("t", "s", [], [same], "c")))
    assert {"c-evidence", "c-evidence-2"} <= set(page.ids)


def test_html_is_plain_where_attributes_are_and_says_what_cells_head():
    source = html.render(sample())
    titles = re.findall(r'title="([^"]*)"', source)
    assert titles
    assert all(title and "$" not in title and "\\" not in title for title in titles)
    assert source.count("<th ") == source.count('<th scope="col"') > 0
    assert "<aside" not in source
    assert re.findall(r'<h2><span class="number">(\d+)</span>', source) == ["1", "2"]


def test_html_asks_nothing_of_the_network():
    source = html.render(sample())
    addresses = set(re.findall(r"https?://[^\"' )<]+", source))
    assert addresses <= {"http://www.w3.org/2000/svg", "http://www.w3.org/1999/xlink"}
    assert "@import" not in source
    assert source.count("<script>") == source.count("<script") == 1


def test_html_shows_signs_of_markup_as_they_are():
    text = "".join(Page(html.render(sample())).text)
    assert "Tied & true <autoencoders> 100%" in text
    assert "Costs 5$ & 50 % of #1_2: ~ ^ {x} \\ <b>\"quoted\" 'single'</b>." in text


def test_the_same_document_gives_the_same_bytes():
    assert html.render(sample()) == html.render(sample())
    assert tex.render(sample()) == tex.render(sample())
    assert tex.draw_figures(sample()) == tex.draw_figures(sample())


def test_figures_follow_the_ink_of_the_page():
    source = html.render(sample())
    svg = source[source.index("<svg") : source.index("</svg>")]
    assert "currentColor" in svg
    assert "#1a1a1f" not in svg


def test_pdf_is_compiled_where_tex_is_and_otherwise_names_what_is_missing():
    source, figures = tex.render(sample()), tex.draw_figures(sample())
    if shutil.which("latexmk") and shutil.which("pdflatex"):
        first = tex.compile_pdf(source, figures)
        assert first.startswith(b"%PDF-")
        assert first == tex.compile_pdf(source, figures)
        every_sign = tex.render(plain(literal("".join(tex._SIGNS))))
        assert tex.compile_pdf(every_sign, {}).startswith(b"%PDF-")
        with pytest.raises(InternalError, match="Undefined control sequence"):
            tex.compile_pdf(source.replace(r"\end{document}", r"\nosuchcommand \end{document}"), figures)
    else:
        with pytest.raises(tex.MissingTeX, match=r"latexmk|pdflatex"):
            tex.compile_pdf(source, figures)


def test_without_tex_the_missing_programs_are_named(monkeypatch, tmp_path):
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(tex.MissingTeX, match="latexmk and pdflatex"):
        tex.compile_pdf("", {})


@given(st.text(st.characters(min_codepoint=0x20, max_codepoint=0x7E)))
def test_escaped_text_holds_no_sign_with_a_meaning_in_tex(text):
    bare = re.sub(r"\\[a-zA-Z]+(\{\})?|\\[{}$&#%_]|\{[^{}]*\}", "", tex.escape(text))
    assert not set("\\{}$&#^_%") & set(bare)


def test_a_sign_without_translation_is_an_error():
    with pytest.raises(ValueError, match=r"U\+1F600"):
        tex.escape("\N{GRINNING FACE}")


@pytest.mark.parametrize("formula", [r"\input{/etc/passwd}", r"\immediate\write18{id}", r"\def\x{}"])
def test_a_formula_may_neither_read_nor_write_nor_define(formula):
    with pytest.raises(InternalError, match="no place in a formula"):
        tex.render(plain(f"${formula}$"))


def test_a_pipe_gets_every_formula_on_one_line():
    long = " + ".join(f"x_{i}" for i in range(200))
    stream = io.StringIO()
    show([Paragraph(long)], console(stream))
    assert stream.getvalue() == long + "\n"


def test_the_terminal_shows_every_kind_of_block():
    stream = io.StringIO()
    show_document(sample(), console(stream))
    text = stream.getvalue()
    expected = [
        "The gradient",
        "W*(r*x' + x*r')",
        "sum over paths",
        "✓ proved",
        "A table.",
        "[figure: a graph]",
    ]
    assert [phrase for phrase in expected if phrase not in text] == []
    assert "\x1b" not in text


def test_a_block_of_no_known_kind_is_refused_by_all():
    class Strange:
        kind = "strange"

    document = Document("t", "s", [], [Chapter("c", "c", [Strange()])], "c")
    for render in (html.render, tex.render, lambda d: show_document(d, console(io.StringIO()))):
        with pytest.raises(TypeError, match="strange"):
            render(document)
