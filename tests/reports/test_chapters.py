"""Chapters of the report: what a reader finds in them, and that the same seed gives the same bytes."""

import json
import shlex

import pytest

from derive.errors import InputError
from derive.results import Result, Slip
from reports.chapters import catalogue as chapters
from reports.chapters.derivative_chapter import derivative_chapter
from reports.chapters.moment_chapter import moment_chapter
from reports.chapters.verdicts import counterexample, number
from reports.document import Box, Code, Derivation, Document, Figure, Heading, Math, Paragraph, Table
from reports.renderers import html, tex
from tests.reports.command import run
from verify.verdict import Counterexample

RIDGE = Result(
    name="ridge",
    title="Ridge regression",
    expr="norm2(A*x - y)^2 + c*norm2(x)^2",
    wrt="x",
    kind="gradient",
    story="The penalty $c \\lVert x \\rVert^2$ shrinks $x$.",
    source="Hoerl and Kennard 1970",
    claims=("2*A'*(A*x - y) + 2*c*x",),
    slips=(Slip("the penalty's factor lost", "2*A'*(A*x - y) + c*x", "the square gives a $2$"),),
    assume="positive(c)",
)


@pytest.fixture(scope="module")
def ridge():
    from verify.suite import tasks as suite_tasks

    entry = suite_tasks.Entry("ridge", RIDGE.expr, RIDGE.wrt, RIDGE.kind, "", RIDGE.assume, RIDGE.claims)
    with pytest.MonkeyPatch.context() as patch:
        patch.setitem(suite_tasks.entries(), "ridge", entry)
        yield derivative_chapter(RIDGE, seed=0)


def blocks(chapter, kind):
    """All blocks of a kind, those inside boxes too."""

    def walk(found):
        for block in found:
            if isinstance(block, kind):
                yield block
            yield from walk(getattr(block, "blocks", ()))

    return list(walk(chapter.blocks))


def test_a_derivative_is_stated_with_shapes_and_assumptions(ridge):
    problem = blocks(ridge, Box)[0]
    said = " ".join(block.text for block in problem.blocks if isinstance(block, Paragraph))
    for phrase in (r"$A$ is $m \times n$", r"$x$ is $n \times 1$", "$c$ is a scalar", "$c > 0$"):
        assert phrase in said


def test_a_slip_can_be_refuted_again_by_the_command_beneath_it(ridge, capsys):
    (slip,) = [box for box in blocks(ridge, Box) if box.role == "slip"]
    (command,) = [block.text for block in slip.blocks if isinstance(block, Code)]
    program, *arguments = shlex.split(command.replace("\\\n", ""))  # as a shell does
    assert program == "gradproof"
    code, out, err = run(capsys, *arguments)
    assert (code, err) == (1, "")
    assert "✗ refuted" in out


def test_the_evidence_says_what_it_compares(ridge):
    (table,) = [t for t in blocks(ridge, Table) if t.header[0] == "method"]
    assert "the forms in which books print it" in table.caption
    assert "uses no rule of the derivation" in table.caption


def test_every_node_has_a_line_with_rule_and_check(ridge):
    import derive

    d = derive.gradient(RIDGE.expr, RIDGE.wrt)
    backward = next(b for b in blocks(ridge, Derivation) if any(line.check for line in b.lines))
    assert all(line.rule for line in backward.lines)
    checked = [line for line in backward.lines if line.check]
    assert len(checked) == len(d.graph.nodes)
    assert {line.check.word for line in checked} == {"agrees"}
    assert all("digits" in line.check.figure for line in checked)


def test_evidence_comes_from_methods_that_share_no_rule(ridge):
    table = blocks(ridge, Table)[0]
    found = {row[0]: row[1].word for row in table.rows}
    assert found["prime field"] == "certified"
    assert found["central differences"] == found["complex step"] == found["real balls"] == "agrees"


def test_the_slip_is_refuted_at_a_point(ridge):
    (slip,) = [box for box in blocks(ridge, Box) if box.role == "slip"]
    said = " ".join(block.text for block in slip.blocks if isinstance(block, Paragraph))
    assert said.startswith("Refuted: ")
    assert "the derivative is $2$, and the claim gives $1$" in said


def test_figures_are_the_graph_and_the_differences(ridge):
    graph, differences = blocks(ridge, Figure)
    assert "adjoint" in graph.caption
    assert "step size" in differences.description


@pytest.mark.parametrize("name", ["mc-33", "mc-57", "mc-98"])
def test_an_equation_of_the_cookbook_is_a_chapter_too(name):
    document = chapters.build([name])
    chapter, references = document.chapters
    assert references.anchor == "references"
    assert chapter.check.upheld
    assert html.render(document)
    assert tex.render(document)


def test_the_same_seed_gives_the_same_bytes_and_no_times():
    first, second = (chapters.build(["softmax-jacobian", "mc-61"], seed=4) for _ in range(2))
    assert html.render(first) == html.render(second)
    assert tex.render(first) == tex.render(second)
    assert tex.draw_figures(first) == tex.draw_figures(second)
    assert "seconds" not in html.render(first)


def test_the_softmax_jacobian_is_derived_both_ways():
    chapter = chapters.build(["softmax-jacobian"]).chapters[0]
    assert [b.text for b in blocks(chapter, Heading)].count("The same by indices") == 1
    lines = [line for b in blocks(chapter, Derivation) for line in b.lines]
    assert any(r"\delta_{i j} - y_{j}" in line.latex or r"\delta_{i j} - y_j" in line.latex for line in lines)
    result = next(box for box in blocks(chapter, Box) if box.title == "Result")
    assert isinstance(result.blocks[0], Math)
    assert "diag" in result.blocks[0].latex


def test_a_moment_is_measured_and_its_slips_are_refuted():
    from derive.moments.catalogue import FORWARD

    chapter = moment_chapter(FORWARD, seed=1)
    assert chapter.check.word == "agrees"
    measured = blocks(chapter, Table)[0]
    assert {row[2].word for row in measured.rows} == {"agrees"}
    slips = [box for box in blocks(chapter, Box) if box.role == "slip"]
    assert len(slips) == len(FORWARD.slips)
    assert all(box.blocks[0].text.startswith("Refuted: ") for box in slips)
    page = Document("t", "s", [], [chapter], "c")
    assert "<math" in html.render(page)
    assert tex.render(page)


def test_names_that_are_not_known_are_mended():
    with pytest.raises(InputError, match="did you mean gplvm"):
        chapters.select(["gplwm"])
    assert [r.name for r in chapters.select(["mc-57", "gplvm", "mc-57"])] == ["mc-57", "gplvm"]


@pytest.mark.parametrize(
    ("text", "latex"),
    [
        ("12", "12"),
        ("-3/4", r"-\tfrac{3}{4}"),
        ("-0.250000000000000", "-0.25"),
        ("1.00000000000000", "1"),
        ("[0.731058578630005 +/- 2.1e-16]", r"0.731058578630005 \pm 2.1 \cdot 10^{-16}"),
        ("[+/- 3.0e-20]", r"0 \pm 3.0 \cdot 10^{-20}"),
        ("1.50e+20", r"1.5 \cdot 10^{20}"),
    ],
)
def test_numbers_of_a_counterexample(text, latex):
    assert number(text) == latex


def test_a_counterexample_with_matrices_names_the_entry():
    import derive

    symbols = derive.read_problem("x'*W*x", "W").symbols
    point = {"W": [["1", "0"], ["0", "1"]], "x": [["1"], ["2"]]}
    said = counterexample(Counterexample(point, (1, 0), "1/2", "2"), symbols)
    assert r"$W = \begin{pmatrix} 1 & 0 \\ 0 & 1 \end{pmatrix}$" in said
    assert r"entry $(2, 1)$ is $2$, and the claim gives $\tfrac{1}{2}$" in said


def test_every_chapter_can_be_asked_for_by_name_and_is_listed(capsys):
    _, out, _ = run(capsys, "list", "--format", "json")
    listed = {row["name"]: row["result"] for row in json.loads(out)}
    for name, title in chapters.EXPERIMENTS.items():
        assert listed[name].startswith(title)
        assert chapters.select([name]) == []
    with pytest.raises(InputError, match="did you mean training"):
        chapters.select(["trainin"])
    chapter = chapters.build(["training"]).chapters[0]
    assert (chapter.title, chapter.anchor) == (chapters.EXPERIMENTS["training"], "training")


def test_chapters_on_depth_and_steps_have_their_tables_and_pictures(monkeypatch):
    from derive.moments import ACTIVATIONS
    from reports.chapters import moment_extras
    from reports.chapters.moment_extras import extras

    monkeypatch.setattr(moment_extras, "_CASES", (("relu", 1.0, 0.0), ("tanh", 5 / 3, 0.0)))
    (gains,) = (b for b in extras("gaussian-moments", 0) if isinstance(b, Table) and "forward" in b.header)
    assert [row[0].replace("\\", "") for row in gains.rows] == list(ACTIVATIONS)
    tanh = dict(zip(gains.header, gains.rows[list(ACTIVATIONS).index("tanh")], strict=True))
    assert (tanh["forward"], tanh["ships"], tanh["factor"]) == ("1.593", "1.667", "1.095")
    deep = extras("deep-erf", 0)
    regimes, layers = (b for b in deep if isinstance(b, Table))
    assert [row[0] for row in regimes.rows] == ["relu", "tanh"]
    shown = dict(zip(regimes.header, regimes.rows[0], strict=True))
    assert (shown["$q^*$"], shown["$\\chi$"], shown["gradients are"]) == ("0", "0.5", "vanishing")
    shown = dict(zip(layers.header, layers.rows[0], strict=True))
    assert (shown["$q$ in layer 50"], shown["gradients a layer"]) == ("$1.8 \\cdot 10^{-15}$", "0.500")
    for name, pictures in (("deep-relu", 1), ("deep-erf", 2), ("step-networks", 2), ("glorot", 0)):
        assert sum(isinstance(b, Figure) for b in extras(name, 0)) == pictures


def test_only_a_report_with_times_has_times(monkeypatch):
    from reports.chapters import fit_chapter
    from verify.fit import points

    zigzag = {name: data for name, data in points.TOY.items() if name == "zigzag"}
    monkeypatch.setattr(fit_chapter, "SEEDS", {"fsolve": 2, "least-squares": 2, "train": 1})
    monkeypatch.setattr(fit_chapter, "STARTS", 16)
    monkeypatch.setattr(points, "TOY", zigzag)
    without, with_times = (
        list(blocks(chapters.build(["fits"], times=times).chapters[0], Table)) for times in (False, True)
    )
    assert all("time" not in table.header for table in without)
    for plain, timed in zip(without, with_times, strict=True):
        assert timed.header == [*plain.header, "time"]
        assert [row[:-1] for row in timed.rows] == plain.rows
        assert all(row[-1].split()[1] in ("s", "ms", "µs") for row in timed.rows)


def test_chapters_of_several_processes_are_those_of_one():
    one, two = (chapters.build(["mc-61", "mc-57"], seed=3, jobs=jobs) for jobs in (1, 2))
    assert html.render(one) == html.render(two)
    assert tex.draw_figures(one) == tex.draw_figures(two)
