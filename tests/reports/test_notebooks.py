"""The notebooks of docs/ run, and results show themselves as HTML of one piece, light and dark."""

from __future__ import annotations

import importlib.util
from html.parser import HTMLParser

import pytest

import gradproof as gp
from derive import display
from tests.reports.readme import ROOT

NOTEBOOKS = sorted((ROOT / "docs" / "notebooks").glob("*.ipynb"))


def site_hooks():
    spec = importlib.util.spec_from_file_location("site_hooks", ROOT / "docs" / "site_hooks.py")
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.fixture(scope="module")
def given():
    """What every cell of every notebook gives, by the notebook's name."""
    hooks = site_hooks()
    return {notebook.stem: list(hooks.executed(notebook)) for notebook in NOTEBOOKS}


def test_a_gradient_is_proved_and_newton_ends_where_it_vanishes(given):
    values = [value for _, _, _, value in given["proved_gradient"] if value is not None]
    assert values[0].verdict == values[1].verdict == "agrees"
    assert bool(values[2])
    printed = next(printed for _, _, printed, _ in given["proved_gradient"] if printed)
    assert float(printed.split()[-1]) < 1e-10


def test_a_printed_formula_is_refuted_and_the_mended_one_holds(given):
    values = [value for _, _, _, value in given["refuted_formula"] if value is not None]
    assert [v.verdict for v in values[:2]] == ["refuted", "proved"]
    assert "refuted" in given["refuted_formula"][-1][2]


def test_relu_halves_the_second_moment_and_not_the_variance(given):
    values = [value for _, _, _, value in given["initialisation_study"] if value is not None]
    assert values[0].to_text() == "m*s^2*norm2(x)^2"
    assert [bool(v) for v in values[1:]] == [True, False]
    kept = given["initialisation_study"][-1][2].splitlines()[1]
    assert 0.2 < float(kept.split()[-1]) < 5


class _Nested(HTMLParser):
    def __init__(self, text):
        super().__init__()
        self.open, self.identifiers = [], []
        self.feed(text)
        assert self.open == []
        assert len(set(self.identifiers)) == len(self.identifiers)

    def handle_starttag(self, tag, attributes):
        self.open += [tag] * (tag not in ("meta", "br", "input"))
        self.identifiers += [value for name, value in attributes if name == "id"]

    def handle_endtag(self, tag):
        assert self.open.pop() == tag


def test_results_show_formula_lines_graph_and_counterexample():
    derived = gp.gradient("1/2*norm2(W'*W*x - x)^2", "W")._repr_html_()
    _Nested(derived)
    for part in ("<math", "<svg", "11 lines", "certified", "prefers-color-scheme: dark", "def f(W, x)"):
        assert part in derived
    refuted = gp.check_claim("tr(A*X*X')", "X", "2*A*X")._repr_html_()
    _Nested(refuted)
    for part in ("✗ refuted", "<mtable", "right only if A is symmetric"):
        assert part in refuted
    moment = gp.expect("x'*A*x", where="x ~ normal(m, S)")
    _Nested(moment._repr_html_())
    assert moment._repr_latex_().startswith("$\\displaystyle")


def test_without_anything_that_draws_a_notebook_gets_the_formula(monkeypatch):
    d = gp.gradient("norm2(x)^2", "x")
    monkeypatch.setattr(display, "_HTML", [])
    assert d._repr_html_() is None
    assert d._repr_latex_().startswith("$\\displaystyle")


def test_a_result_writes_a_report_of_itself(tmp_path):
    d = gp.gradient("1/2*norm2(W'*W*x - x)^2", "W")
    (page,) = d.report(tmp_path / "out", formats=["html"])
    text = page.read_text(encoding="utf-8")
    for part in ("A path forgotten", "Usual slips, refuted", "PyTorch", "Octave", "def f(W, x)"):
        assert part in text


@pytest.mark.parametrize("formats", [[], ["doc"]])
def test_formats_that_are_none_are_bad_input(formats, tmp_path):
    with pytest.raises(gp.InputError, match="format"):
        gp.gradient("norm2(x)^2", "x").report(tmp_path, formats)
