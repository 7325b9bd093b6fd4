"""Programs of named lines: low rank by small matrices, sums gathered, numbers at the smaller factor."""

import warnings

import numpy as np
import pytest

import derive
from derive.code.low_rank import low_rank, thinned
from derive.code.program import forward, program, reverse
from derive.expression.facts import assuming
from derive.ingest import read_problem

LOSSES = [
    ("d*logdet(a*X*X' + b*eye) + tr(inv(a*X*X' + b*eye)*Y*Y')", "X", "X: m x n, Y: m x k, a: scalar, b: scalar, d: scalar"),
    ("logdet(X*X' + diag(v)) + y'*inv(X*X' + diag(v))*y", "X", "X: m x n, v: m, y: m"),
    ("logdet(X*C*X' + b*eye) - y'*inv(X*C*X' + b*eye)*X*w", "X", "X: m x n, C: n x n, y: m, w: n, b: scalar"),
    ("tr(inv(b*eye + X*X')*S) + tr(X'*inv(b*eye + X*X')*X)", "X", "X: m x n, S: m x m, b: scalar"),
    ("y'*inv(b*eye + X*Z')*y + tr(Z'*inv(b*eye + X*Z')*X)", "X", "X: m x n, Z: m x n, y: m, b: scalar"),
]  # fmt: skip
ASSUMED = {"a": "positive(a)", "b": "positive(b)", "v": "positive(v)", "C": "posdef(C)"}


def quiet(f, *given, **named):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return f(*given, **named)


def arrays(symbols, seed):
    """Return values with many rows and few columns."""
    rng = np.random.default_rng(seed)
    sizes = {"m": 9, "n": 2, "k": 3}
    found = {}
    for name, s in symbols.items():
        shape = [sizes[str(x)] for x in getattr(s, "shape", ()) if x != 1]
        found[name] = rng.standard_normal(shape or None) / 2
        if name in "abv":
            found[name] = abs(found[name]) + 0.5
        if name == "C":
            found[name] = found[name] @ found[name].T + np.eye(2)
    return found


@pytest.mark.parametrize("row", LOSSES, ids=lambda r: r[0][:24])
def test_low_rank_code_agrees_with_differences(row):
    text, wrt, where = row
    assume = ", ".join(v for n, v in ASSUMED.items() if f"{n}:" in where)
    given = quiet(read_problem, text, wrt, where, assume, scalar=True)
    f = quiet(derive.gradient, given, wrt).function(value=True)
    at = arrays(given.symbols, 3)
    direction = np.random.default_rng(4).standard_normal(at[wrt].shape)
    moved = [f(**{**at, wrt: at[wrt] + h * direction}) for h in (1e-5, -1e-5)]
    slope = (moved[0][0] - moved[1][0]) / 2e-5
    assert np.isclose(np.vdot(f(**at)[1], direction), slope, rtol=1e-6)
    if row is not LOSSES[1]:
        return
    product = quiet(derive.hessian, given, wrt, form="product").function()
    change = (moved[0][1] - moved[1][1]) / 2e-5
    assert np.allclose(product(**at, **{f"d{wrt}": direction}), change, rtol=1e-5, atol=1e-6)


def test_thin_matrices_are_never_multiplied_to_a_large_one():
    text, wrt, where = LOSSES[0]
    d = quiet(derive.hessian, text, wrt, where=where, assume="positive(a), positive(b)", form="product")
    thin = d.to_code(guarded=False).split("if m > n:")[1].split("return")[0]
    assert "X @ X.T" not in thin
    assert "Y @ Y.T" not in thin
    assert "(m" not in thin
    assert thin.count("scipy.linalg.cho_solve") == 3  # inv(S), inv(S) X'Y, and the tangent of that


def test_a_program_is_the_formula_in_lines():
    given = quiet(
        read_problem, "sum(tanh(W*x + b)) + norm2(W*x + b)^2", "W", "W: m x n, x: n, b: m", None, scalar=True
    )
    with assuming(given.assumptions):
        made = program(given.expr, given.symbols)
        swept = reverse(made, given.wrt, given.symbols)
        (w,) = given.wrt
        tangent = forward(swept, {w: w}, given.symbols)
    assert len({body for _, body in made.lines}) == len(made.lines)  # each part once
    assert swept.outputs[0] == made.outputs[0]
    assert swept.outputs[1].shape == w.shape
    assert len(tangent.lines) > len(swept.lines)


def test_numbers_scale_the_smaller_factor():
    text, wrt, where = LOSSES[0]
    code = quiet(derive.gradient, text, wrt, where=where, assume="positive(a), positive(b)").to_code(
        guarded=False
    )
    assert "X @ (2*a*(" in code.split("if m > n:")[1]


def test_low_rank_needs_one_diagonal_and_one_product():
    read = lambda t: (
        quiet(read_problem, f"logdet({t})", "X", "X: m x n, S: m x m, b: scalar", None, scalar=True).expr
    )
    assert low_rank(read("X*X' + b*eye").args[0]) is not None
    assert low_rank(read("S + b*eye").args[0]) is None
    assert low_rank(read("X*X' + S").args[0]) is None
    whole = read("X*X' + b*eye")
    assert thinned(whole, ()) == whole


def test_sums_of_products_share_their_factor():
    code = quiet(derive.gradient, "tr(B'*X'*C*X*B)", "X").to_code(value=True, guarded=False)
    assert "(C + C.T) @ " in code
