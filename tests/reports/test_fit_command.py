"""`gradproof fit` as a person uses it."""

import json
import re
from dataclasses import replace
from fractions import Fraction

import numpy as np
import pytest

from reports.commands import fit as fit_command
from reports.figures import canvas, fits
from tests.reports.command import run as run_main
from verify.fit.methods import fit_points
from verify.fit.points import TOY, Points, load_points
from verify.fit.relu_net import ReluNet


@pytest.fixture
def run(capsys):
    return lambda *arguments: run_main(capsys, "fit", *arguments)


KEYS = {"dataset", "method", "hidden", "parameters", "max_residual", "restarts", "seconds"}


@pytest.mark.parametrize("dataset", list(TOY))
@pytest.mark.parametrize("method", ["exact", "fsolve", "least-squares", "train"])
def test_json_of_every_method(run, dataset, method):
    code, out, err = run(dataset, "--method", method, "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    assert found.keys() >= KEYS
    assert (found["dataset"], found["method"]) == (dataset, method)
    p = found["parameters"]
    assert p.keys() == {"wh", "bh", "wo", "b0"}
    assert found["hidden"] == len(p["wh"]) == len(p["bh"]) == len(p["wo"])
    # The printed parameters, evaluated here, are the fit.
    for x, y in zip(TOY[dataset].x, TOY[dataset].y, strict=True):
        units = zip(p["wh"], p["bh"], p["wo"], strict=True)
        assert p["b0"] + sum(wo * max(wh * x + bh, 0) for wh, bh, wo in units) == pytest.approx(
            float(y), abs=1e-8
        )
    assert found["max_residual"] < 1e-8


def test_a_csv_made_by_hand_and_its_figures(run, tmp_path):
    source = tmp_path / "hand.csv"
    source.write_text("x,y\n3,1\n1,0\n2,2.5\n4,1\n")
    code, out, _ = run(str(source), "--out", str(tmp_path / "out"))
    assert code == 0
    assert "solved by exact" in out
    assert "is least" in out
    written = sorted(path.name for path in (tmp_path / "out").iterdir())
    assert written == [f"hand-exact-{kind}.{end}" for kind in ("fit", "network") for end in ("pdf", "svg")]


def test_the_table_shows_the_proof_and_what_fewer_units_leave(run):
    code, out, _ = run("w-shape")
    assert code == 0
    assert "8 - 2·r(x) + 4·r(x - 4) - 4·r(x - 6) + 4·r(x - 8)" in out
    assert "at least 3 kinks" in out
    assert "largest residual of 1.11" in out


def test_a_spent_budget_exits_with_three_and_prints_the_best(run):
    code, out, err = run(
        "w-shape", "--method", "least-squares", "--hidden", "3", "--budget", "0.05", "--format", "json"
    )
    assert code == 3
    assert json.loads(out)["max_residual"] > 0.9
    assert "not solved within the budget" in err
    code, out, _ = run("w-shape", "--method", "fsolve", "--start", "normal", "--budget", "0.05")
    assert code == 3
    assert "NOT SOLVED by fsolve" in out


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (("nowhere.csv",), "cannot read it"),
        (("v-shape",), "no such data set or file"),
        (("w-shape", "--hidden", "0"), "0 hidden units"),
        (("w-shape", "--hidden", "100000000"), "at most 10,000 are fitted"),
        (("w-shape", "--hidden", "2"), "the least is 4"),
        (("w-shape", "--budget", "0"), "more than 0 seconds"),
        (("w-shape", "--budget", "nan"), "more than 0 seconds"),
    ],
)
def test_bad_input_is_one_line_and_exit_two(run, arguments, message):
    code, out, err = run(*arguments)
    assert (code, out) == (2, "")
    assert err.startswith("error: ")
    assert message in err
    assert err.count("\n") == 1


def test_nothing_is_written_for_bad_data(run, tmp_path):
    source = tmp_path / "bad.csv"
    source.write_text("1,2\n2,oops\n")
    code, _, err = run(str(source), "--out", str(tmp_path / "out"))
    assert code == 2
    assert f"{source}: line 2" in err
    assert not (tmp_path / "out").exists()


def test_a_folder_that_cannot_be_written_is_refused_before_the_fit(run, tmp_path, monkeypatch):
    (tmp_path / "file").write_text("")
    monkeypatch.setattr(fit_command, "fit_points", lambda *_: pytest.fail("the fit was begun"))
    code, out, err = run("w-shape", "--out", str(tmp_path / "file" / "out"))
    assert (code, out) == (2, "")
    assert "cannot be written" in err
    assert err.count("\n") == 1


def test_the_exact_fit_is_json_with_rational_parameters(run, tmp_path):
    source = tmp_path / "thirds.csv"
    source.write_text("0,0\n3,1\n7,0\n")
    code, out, _ = run(str(source), "--format", "json")
    found = json.loads(out)
    assert code == 0
    assert (found["units"], found["minimal"], found["kinks"]) == (2, True, [0.0, 3.0])
    assert found["exact"]["wo"] == ["1/3", "-7/12"]
    assert found["exact"]["b0"] == "0"
    assert found["proof"][-1].endswith("0 + 1/3·r(x) - 7/12·r(x - 3)")


@pytest.mark.parametrize("unit", ["1e15", "1e200"])
def test_no_bound_refutes_the_fit_beside_it(run, tmp_path, unit):
    source = tmp_path / "large.csv"
    source.write_text("".join(f"{x},{y}{unit[1:]}\n" for x, y in enumerate([2, -3, 10, 0], start=1)))
    code, out, _ = run(str(source))
    (line,) = [line for line in out.splitlines() if line.startswith("With 2 units")]
    attained, bound = (float(word.strip(".;")) for word in line.split() if "e+" in word)
    assert code == 0
    assert bound <= attained == pytest.approx(2.5 * float(unit))


def test_long_tables_are_shortened_and_json_is_not(run, tmp_path):
    source = tmp_path / "long.csv"
    source.write_text("".join(f"{x},{(x * x) % 97}\n" for x in range(157)))
    code, out, _ = run(str(source))
    assert code == 0
    assert "rows left out" in out
    assert len(out.splitlines()) < 140
    found = json.loads(run(str(source), "--format", "json")[1])
    assert len(found["parameters"]["wh"]) == found["hidden"] > 80


@pytest.mark.parametrize("rows", ["0,1\n1,1\n", "0,0\n1,1\n", "0,0\n1,0\n2,1\n", "0,1\n1,0\n2,1\n"])
def test_counts_of_one_are_singular(run, tmp_path, rows):
    source = tmp_path / "small.csv"
    source.write_text(rows)
    for method in ("exact", "least-squares"):
        _, out, _ = run(str(source), "--method", method, "--hidden", "1", "--budget", "0.1")
        assert not re.search(r"\b1 (kinks|units|starts|restarts|cases|points)|network of 0 units", out)


def test_all_methods_are_compared_in_one_table(run, monkeypatch):
    monkeypatch.setattr(fit_command, "_SEEDS", 3)
    code, out, err = run("zigzag", "--method", "all", "--format", "json")
    found = json.loads(out)
    assert (code, err) == (0, "")
    by_name = {row["method"]: row for row in found["methods"]}
    assert by_name.keys() == {"exact", "fsolve", "fsolve --start normal", "least-squares", "train"}
    assert by_name["least-squares"]["success"] == 1
    assert by_name["fsolve --start normal"]["restarts"] > by_name["fsolve"]["restarts"]
    code, out, _ = run("zigzag", "--method", "all", "--budget", "0.5")
    header = next(line for line in out.splitlines() if line.lstrip().startswith("method"))
    assert header.split() == "method units solved restarts evaluations largest residual time".split()


def test_a_comparison_has_figures_of_a_fit_by_each_method(run, tmp_path, monkeypatch):
    monkeypatch.setattr(fit_command, "_SEEDS", 1)
    source = tmp_path / "hand.csv"
    source.write_text("0,0\n1,2\n2,1\n3,3\n")
    code, out, _ = run(str(source), "--method", "all", "--budget", "0.3", "--out", str(tmp_path / "out"))
    assert code == 0
    fits = {path.name for path in (tmp_path / "out").glob("*-fit.svg")}
    assert fits == {
        f"hand-{m}-fit.svg" for m in ("exact", "fsolve", "fsolve-normal", "least-squares", "train")
    }
    assert out.count("wrote ") == len(list((tmp_path / "out").iterdir()))


def test_x_far_from_zero_is_drawn_from_its_left_end(run, tmp_path):
    source = tmp_path / "stamps.csv"
    source.write_text(
        "".join(f"{1_700_000_000_000_000_000 + k},{y}\n" for k, y in enumerate([8, 6, 4, 2, 0, 2]))
    )
    code, _, _ = run(str(source), "--out", str(tmp_path / "out"))
    assert code == 0
    points = load_points(str(source))
    top = fits.fitted(fit_points(points)).axes[0]
    data = next(line for line in top.lines if line.get_label() == "data")
    assert list(data.get_xdata()) == [0, 1, 2, 3, 4, 5]
    curve = next(line for line in top.lines if str(line.get_label()).startswith("network"))
    assert np.interp([0, 4, 5], curve.get_xdata(), curve.get_ydata()) == pytest.approx([8, 0, 2])


@pytest.mark.parametrize(
    ("text", "said"),
    [
        ("1e200,1e-200\n2e200,3e-200\n", "is below 1e-305: give x and y in other units"),
    ],
)
def test_more_bad_files(run, tmp_path, text, said):
    source = tmp_path / "bad.csv"
    source.write_text(text)
    code, out, err = run(str(source))
    assert (code, out) == (2, "")
    assert said in err


def test_a_start_that_is_not_used_is_said(run):
    _, _, err = run("zigzag", "--start", "normal")
    assert err == "warning: --start normal is for --method fsolve; exact does not use it\n"


def test_the_figure_marks_every_kink_and_every_point():
    found = fit_points(TOY["w-shape"])
    top, bottom = fits.fitted(found).axes
    lines = {line.get_label(): line for line in top.get_lines()}
    assert lines["kinks"].get_xdata().tolist() == [0, 4, 6, 8]
    assert lines["data"].get_ydata().tolist() == list(TOY["w-shape"].y)
    assert not bottom.get_lines()
    assert [text.get_text() for text in bottom.texts] == ["every residual is exactly 0"]


@pytest.mark.parametrize("unit", ["1e-300", "1e300"])
def test_y_of_any_size_is_drawn(unit):
    points = Points.make("extreme", [(x, Fraction(unit) * y) for x, y in enumerate([1, -3, 0, 2])])
    top, _ = fits.fitted(fit_points(points)).axes
    shown = top.lines[1].get_ydata()
    assert shown == pytest.approx([1, -3, 0, 2])
    low, high = top.get_ylim()
    assert -5 < low < -3
    assert 2 < high < 5
    assert f"10^{{{unit[2:]}}}" in top.get_ylabel()


def test_an_exact_fit_of_points_closer_than_float64_is_drawn_through_them():
    close = 1 + Fraction(1, 10**20)
    points = Points.make("close", [(1, 1), (close, 2), (2, 0), (3, 5)])
    top, _ = fits.fitted(fit_points(points)).axes
    x, y = top.lines[0].get_data()
    assert list(zip(x, y, strict=True))[1:-1] == [(1, 1), (1, 2), (2, 0), (3, 5)]


def test_residuals_have_a_log_axis_and_those_of_zero_no_mark():
    points = Points.make("three", [(0, 0), (1, 1), (2, 5)])
    found = replace(fit_points(points), net=ReluNet((1.0,), (0.0,), (1.0,), 0.0))
    _, bottom = fits.fitted(found).axes
    (marks,) = bottom.get_lines()
    assert (marks.get_xdata().tolist(), marks.get_ydata().tolist()) == ([2.0], [3.0])
    assert bottom.get_yscale() == "log"
    assert bottom.texts[0].get_text() == "2 of 3 residuals are exactly 0 and not drawn"


def test_many_kinks_are_ticks_on_the_axis_and_steep_ends_do_not_hide_the_data():
    points = Points.make("many", [(x, (x * x) % 97) for x in range(157)])
    top = fits.fitted(fit_points(points)).axes[0]
    (ticks,) = [line for line in top.get_lines() if "kinks" in line.get_label()]
    assert (ticks.get_marker(), set(ticks.get_ydata())) == ("|", {0.0})
    assert ticks.get_transform() == top.get_xaxis_transform()
    steep = Points.make("steep", [(0, 0), (100, 1), (Fraction("100.001"), 200), (Fraction("100.002"), -200)])
    low, high = fits.fitted(fit_points(steep)).axes[0].get_ylim()
    assert -240 < low < -200 < 200 < high < 240


def test_the_network_is_drawn_with_its_weights():
    found = fit_points(TOY["zigzag"])
    texts = [text.get_text() for text in fits.drawn_network(found.net).axes[0].texts]
    assert texts.count("1") == 4
    assert {"-2", "2", "-3", "-5", "+0"} <= set(texts)
    ax = fits.drawn_network(found.net).axes[0]
    (y,) = [text for text in ax.texts if text.get_text() == "$y$"]
    # An edge leads from the output node into the label, whose box hides its end.
    assert any(min(line.get_xdata()) == 4.0 and max(line.get_xdata()) > 4.5 for line in ax.get_lines())
    assert y.get_position()[0] < 4.8


def test_the_loss_is_drawn_on_a_log_axis_and_a_constant_network_can_be_drawn():
    assert fits.loss_curve([1.0, 0.1, 0.0]).axes[0].get_yscale() == "log"
    flat = fit_points(Points.make("flat", [(0, 1), (1, 1)]))
    assert flat.net.hidden == 0
    assert "<svg" in canvas.svg(fits.drawn_network(flat.net), "flat")
    assert "<svg" in canvas.svg(fits.fitted(flat), "flat-fit")
