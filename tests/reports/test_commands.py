"""The commands on losses that no other test uses: what they print, and their exit codes."""

import json

import numpy as np
import pytest

import verify
from reports.commands.options import as_json
from reports.renderers.tex import PACKAGES
from tests.reports.command import run
from verify.suite.runner import Row, SuiteReport

RNG = np.random.default_rng(7)

#: kind, expression, variable, options, the derivative by a person's own NumPy, what it takes.
CASES = [
    (
        "gradient",
        "a*norm2(A*x - y)^2 + b*sum(log(vector(1) + exp(-x)))",
        "x",
        (),
        lambda A, x, y, a, b: 2 * a * A.T @ (A @ x - y) - b / (1 + np.exp(x)),
        {"A": (4, 3), "x": (3, 1), "y": (4, 1), "a": (), "b": ()},
    ),
    (
        "gradient",
        "tr(P*(X + Y)*Q) + norm2(X - Y)^2",
        "Y",
        ("--where", "P: p x m, X: m x n, Y: m x n, Q: n x p"),
        lambda P, X, Y, Q: P.T @ Q.T + 2 * (Y - X),
        {"P": (2, 3), "X": (3, 4), "Y": (3, 4), "Q": (4, 2)},
    ),
    (
        "jacobian",
        "A*tanh(B*x)",
        "x",
        (),
        lambda A, B, x: A @ np.diagflat(1 - np.tanh(B @ x) ** 2) @ B,
        {"A": (2, 3), "B": (3, 4), "x": (4, 1)},
    ),
    (
        "hessian",
        "x'*A*x + sum(x.^4)",
        "x",
        (),
        lambda A, x: A + A.T + 12 * np.diagflat(x**2),
        {"A": (3, 3), "x": (3, 1)},
    ),
    (
        "differential",
        "X'*A*Y",
        "X,Y",
        (),
        lambda X, A, Y, dX, dY: dX.T @ A @ Y + X.T @ A @ dY,
        {"X": (3, 2), "A": (3, 4), "Y": (4, 5), "dX": (3, 2), "dY": (4, 5)},
    ),
]
KEYS = {
    "expr", "wrt", "shapes", "assumptions", "result", "latex", "numpy", "steps", "verdict", "evidence", "seconds",
}  # fmt: skip


@pytest.mark.parametrize(("kind", "expr", "wrt", "options", "truth", "shapes"), CASES)
def test_the_json_of_a_derivative_holds_a_function_with_the_right_values(
    capsys, kind, expr, wrt, options, truth, shapes
):
    code, out, err = run(capsys, kind, expr, "--wrt", wrt, *options, "--format", "json")
    assert (code, err) == (0, "")
    found = json.loads(out)
    assert set(found) >= KEYS
    assert found["verdict"] in {"proved", "certified", "agrees"}
    assert found["steps"][-1]["text"].endswith(found["result"])
    names = {}
    exec(found["numpy"], names)  # our own source, as a user would run it
    values = {name: RNG.normal(size=shape) for name, shape in shapes.items()}
    assert np.allclose(names["f"](**values), truth(**values), rtol=1e-12)


def test_the_text_shows_every_line_with_its_rule_then_result_and_evidence(capsys):
    code, out, err = run(capsys, "gradient", "norm2(W*x + h - y)^2 + c*tr(W'*W)", "--wrt", "h")
    assert (code, err) == (0, "")
    lines = out.splitlines()
    assert "h: m x 1" in lines[1]
    result = lines.index("Result")
    steps = [line for line in lines[:result] if line[:3].strip().isdigit()]
    assert [int(line[:3]) for line in steps] == list(range(1, len(steps) + 1))
    assert any("squared norm" in line for line in steps)
    assert lines[result + 1].strip() == "gradient = 2*(W*x + h - y)"
    assert "✓ certified" in out[out.index("Evidence") :]


def test_lines_of_a_hessian_come_in_the_order_of_their_numbers(capsys):
    _, out, _ = run(capsys, "hessian", "exp(x'*A*x)", "--wrt", "x")
    numbers = [int(line[:3]) for line in out.splitlines() if line[:3].strip().isdigit()]
    assert numbers == list(range(1, len(numbers) + 1))
    assert "of the gradient" in out


def test_latex_and_numpy_are_printed_bare(capsys):
    _, latex, _ = run(capsys, "gradient", "sum(sqrt(x))", "--wrt", "x", "--format", "latex")
    assert latex.startswith(r"\nabla_{x} f = ")
    _, source, _ = run(capsys, "gradient", "sum(sqrt(x))", "--wrt", "x", "--format", "numpy")
    assert source.startswith("def f(x):")


def test_conditions_are_said(capsys):
    _, out, _ = run(capsys, "gradient", "logdet(A + eye)", "--wrt", "A", "--where", "A: n x n")
    assert "holds where A + eye is invertible" in out


@pytest.mark.parametrize("command", [("gradient",), ("check", "--claim", "0*y")])
def test_a_variable_that_does_not_occur_is_warned_of_in_one_line(capsys, command):
    name, *claim = command
    code, out, err = run(capsys, name, "sum(x)^3", "--wrt", "y", "--where", "x: n, y: m", *claim)
    assert code == 0
    assert out
    assert err.splitlines() == ["warning: y does not occur in the expression: the derivative by it is zero"]


@pytest.mark.parametrize(
    ("claim", "code", "word"),
    [
        ("2*A*B*c + exp(c)", 0, "proved"),
        ("2*A*B*c + c*exp(c)", 1, "refuted"),
        ("2*A*B*c + exp(c) + 0*log(c - c)", 2, ""),
    ],
)
def test_what_becomes_of_a_claim_is_the_exit_code(capsys, claim, code, word):
    where = ("--where", "A: scalar, B: scalar, c: scalar")
    found, out, err = run(capsys, "check", "A*B*c^2 + exp(c)", "--wrt", "c", "--claim", claim, *where)
    assert found == code, err
    assert word in out.splitlines()[0] if word else err.startswith("error: ")


def test_a_refutation_shows_a_point_at_which_the_two_differ(capsys):
    arguments = ("check", "tr(A*X*X')", "--wrt", "X", "--claim", "2*A*X", "--format", "json")
    code, out, _ = run(capsys, *arguments)
    found = json.loads(out)
    assert code == 1
    assert found["verdict"] == "refuted"
    point = found["counterexample"]["point"]
    a, x = (np.array([[float(e) for e in row] for row in point[name]]) for name in "AX")
    i, j = found["counterexample"]["entry"]
    assert ((a + a.T) @ x)[i, j] == float(found["counterexample"]["true"])
    assert (2 * a @ x)[i, j] == float(found["counterexample"]["claimed"])
    assert "symmetric" in found["diagnosis"]


def test_the_text_of_a_refutation_names_point_and_slip(capsys):
    _, out, _ = run(capsys, "check", "norm2(x - y)^2", "--wrt", "y", "--claim", "2*(x - y)")
    assert out.startswith("✗ refuted\n")
    assert "Counterexample: at " in out
    assert "Diagnosis: " in out


@pytest.mark.parametrize(
    "arguments",
    [
        ("gradient", "x'*(", "--wrt", "x"),
        ("gradient", "A*x", "--wrt", "x"),
        ("gradient", "frobnicate(x)", "--wrt", "x"),
        ("hessian", "x'*x", "--wrt", "x,x"),
        ("check", "x'*x", "--wrt", "x", "--claim", "2*x'"),
        ("differential", "X*X", "--wrt", ""),
        ("verify", "autoencodre"),
        ("verify", "mc-57", "--jobs", "0"),
        ("report", "autoencodre"),
    ],
)
def test_bad_input_is_an_error_line_and_exit_code_2(capsys, arguments):
    code, out, err = run(capsys, *arguments)
    assert code == 2
    assert out == ""
    assert err.startswith("error: ")
    assert "Traceback" not in err
    assert "Warning" not in err


def test_the_list_holds_the_names_that_verify_and_report_take(capsys):
    from derive.moments import MOMENT_RESULTS
    from derive.results import RESULTS
    from derive.results.cookbook import cookbook

    _, out, _ = run(capsys, "list")
    lines = out.splitlines()[2:]
    verified = [line.split()[0] for line in lines if "(report only)" not in line]
    assert verified == [r.name for r in (*RESULTS, *MOMENT_RESULTS)] + [e.id for e in cookbook()]
    chapters = [line.split()[0] for line in lines if "(report only)" in line]
    assert chapters == ["cookbook", "fits", "training"]


@pytest.mark.parametrize("chapter", ["fits", "training"])
def test_chapters_of_the_report_are_results_of_no_verification(capsys, chapter):
    code, _, err = run(capsys, "verify", chapter)
    assert code == 2
    assert f"gradproof report {chapter}" in err


def test_operations_are_those_of_the_rule_table(capsys):
    from derive.operations import OPERATIONS

    _, out, _ = run(capsys, "list", "--operations", "--format", "json")
    found = json.loads(out)
    assert [row["operation"] for row in found] == [rule.name for rule in OPERATIONS if rule.pull]
    assert "{" not in "".join(row["differentiable_where"] for row in found)


def test_json_has_no_number_that_json_lacks():
    found = as_json({"a": [1.0, float("nan")], "b": (float("-inf"), "x", None, 3)})
    assert json.loads(found) == {"a": [1.0, None], "b": [None, "x", None, 3]}


def test_verify_shows_every_method_and_holds(capsys):
    code, out, err = run(capsys, "verify", "mc-61", "--jobs", "1", "--all")
    assert (code, err) == (0, "")
    for method in ("normal form", "prime field", "real balls", "central differences", "every line"):
        assert method in out
    assert out.splitlines()[-2].startswith("1 result: 1 holds; seed 0, ")


def test_verify_shows_a_line_a_result_and_counts_no_method_that_does_not_apply(capsys):
    code, out, err = run(capsys, "verify", "softmax-jacobian", "mc-41", "--jobs", "1")
    assert (code, err) == (0, "")
    assert max(map(len, out.splitlines())) <= 100
    assert len([line for line in out.splitlines() if "softmax-jacobian" in line]) == 1
    assert "undecided" not in out
    assert "does not apply" in out.splitlines()[-1]
    code, out, err = run(capsys, "verify", "softmax-jacobian", "--jobs", "1", "--failed")
    assert (code, err) == (0, "")
    assert "softmax-jacobian" not in out


def test_verify_as_json_counts_its_rows(capsys):
    code, out, _ = run(capsys, "verify", "mc-61", "--jobs", "1", "--format", "json", "--seed", "3")
    found = json.loads(out)
    assert code == 0
    assert found["holds"] is True
    assert found["seed"] == 3
    assert sum(found["counts"].values()) == len(found["rows"])


@pytest.mark.parametrize(
    ("outcomes", "interrupted", "code"),
    [
        (["passed", "undecided"], False, 0),
        (["passed", "does not apply"], False, 0),
        (["does not apply", "does not apply"], False, 3),
        (["passed", "failed"], False, 1),
        (["passed", "died"], False, 1),
        (["undecided", "undecided"], False, 3),
        (["passed", "not run"], True, 130),
    ],
)
def test_verify_exits_with_0_only_if_everything_holds(capsys, monkeypatch, outcomes, interrupted, code):
    words = {
        "passed": "agrees",
        "failed": "refuted",
        "undecided": "inconclusive",
        "does not apply": "inconclusive",
    }
    rows = tuple(Row("r", f"method {k}", o, words.get(o), "") for k, o in enumerate(outcomes))
    report = SuiteReport(rows, 0, 1, 1.0, interrupted)
    monkeypatch.setattr("reports.commands.verify.run_suite", lambda *_, **__: report)
    found, out, _ = run(capsys, "verify", "--all")
    assert found == code
    finished = [row for row in rows if not interrupted or row.outcome != "not run"]
    assert [row for row in rows if row.method in out] == finished


def test_a_report_without_tex_is_html_and_latex_and_one_line_says_what_is_missing(
    capsys, monkeypatch, tmp_path
):
    monkeypatch.setenv("PATH", str(tmp_path))
    out = tmp_path / "report"
    code, printed, err = run(capsys, "report", "mc-62", "--out", str(out))
    assert code == 0
    assert err == f"note: no report.pdf, since this machine lacks latexmk and pdflatex; {PACKAGES}\n"
    written = {path.relative_to(out).as_posix() for path in out.rglob("*") if path.is_file()}
    assert {"index.html", "report.tex"} < written
    assert {path for path in written if path.startswith("figures/")} == {
        f"figures/mc-62-{kind}.pdf" for kind in ("graph", "differences")
    }
    assert printed.split() == [str(out / "index.html"), str(out / "report.tex")]


def test_a_report_to_a_place_that_is_a_file_is_bad_input(capsys, tmp_path):
    (tmp_path / "file").write_text("kept")
    arguments = ("report", "mc-62", "--format", "html", "--out", str(tmp_path / "file"))
    code, out, err = run(capsys, *arguments)
    assert (code, out) == (2, "")
    assert "cannot be written" in err
    assert (tmp_path / "file").read_text() == "kept"


def test_the_hessian_by_a_matrix_in_either_form(capsys):
    """tr(X'*A*X) is quadratic: d(A*X + A'*X) = (A + A')*dX, whose matrix is I ⊗ (A + A')."""
    expr = ("hessian", "tr(X'*A*X)", "--wrt", "X", "--format", "json")
    for form, truth in (("operator", "(A + A')*dX"), ("kronecker", "kron(eye, A + A')")):
        code, out, _ = run(capsys, *expr, "--form", form)
        assert code == 0
        found = json.loads(out)["result"]
        claim = ("check", "tr(X'*A*X)", "--wrt", "X", "--where", "A: m x m, X: m x n", "--kind", "hessian")
        assert run(capsys, *claim, "--claim", found)[0] == 0
        assert verify.check_claim("tr(X'*A*X)", "X", truth, "hessian", "A: m x m, X: m x n")
        assert ("dX" in found) == (form == "operator")
    code, _, err = run(capsys, *expr, "--form", "matrix")
    assert code == 2
    assert "'operator', 'kronecker'" in err


def test_a_declaration_of_what_does_not_occur_is_a_warning(capsys):
    code, out, err = run(capsys, "gradient", "tr(X'*X)", "--wrt", "X", "--where", "Z: n")
    assert code == 0
    assert "2*X" in out
    assert err == "warning: Z is declared but does not occur\n"
