"""Printed code: the same numbers as the evaluator in every language, stable, and no more operations than needed."""

import importlib.util
import os
import re
import shutil
import subprocess
import sys
import warnings

import numpy as np
import pytest
from sympy import Poly

import derive
from derive.code import plan
from derive.code.plan import post_order
from derive.code.sizes import flops
from derive.errors import InputError
from derive.expression.facts import assuming
from tests.derive import losses
from tests.derive.points import SIZES, draw, gap, run
from verify.evaluate import evaluate

TABLES = {"gradient": losses.GRADIENTS, "hessian": losses.HESSIANS, "jacobian": losses.JACOBIANS}


def problems(stride, start=0, tables=("gradient", "hessian", "jacobian")):
    """Return every so many problems of the tables, by each of their variables in turn."""
    every = [
        (kind, *[part.strip() for part in line.split("|")])
        for kind in tables
        for line in TABLES[kind].splitlines()
        if line.count("|") == 3
    ]
    each = [(kind, text, w, where, assume) for kind, text, wrt, where, assume in every for w in wrt.split()]
    return each[start::stride]


def name(problem):
    return f"{problem[0]} {problem[1]} by {problem[2]}"


def drawn(problem, sizes=SIZES, seed=1):
    """Return a derivation, values of its names as columns, and its sizes."""
    kind, text, wrt, where, assume = problem
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        d = getattr(derive, kind)(text, wrt, where=where, assume=assume or None)
    shapes = {
        n: tuple(
            int(size) if str(size).isdigit() else str(size) for size in derive.expression.algebra.shape(s)
        )
        for n, s in d.symbols().items()
    }
    known = {**dict.fromkeys(d.problem.sizes, 3), **sizes}
    return d, draw(shapes, assume, np.random.default_rng(seed), known), known


def call(d, f, values, sizes, kind=lambda v: v):
    """Return a function's value at values, numbers as numbers; sizes that it asks for are given."""
    words = f.__code__.co_varnames[: f.__code__.co_argcount]
    symbols = d.symbols()
    given = {n: v.item() if symbols[n].is_Symbol else kind(v) for n, v in values.items()}
    return f(**given, **{n: sizes[n] for n in words if n not in given})


def flat(v):
    return v.ravel() if 1 in v.shape else v


@pytest.mark.parametrize("problem", problems(9), ids=name)
def test_code_gives_the_evaluators_numbers(problem):
    d, values, sizes = drawn(problem)
    wanted = evaluate(d.result, values, sizes), evaluate(d.problem.expr, values, sizes)
    f = d.function(value=True)
    for kind, tolerance in ((np.asarray, 1e-9), (flat, 1e-9), (np.float32, 2e-3)):
        value, result = call(d, f, values, sizes, kind)
        if kind is np.float32 and not np.isfinite(result).all():
            continue
        scale = max(np.abs(wanted[0]).max(initial=0), 1e-3)
        assert result.shape == wanted[0].shape or kind is flat or wanted[0].shape == (1, 1)
        assert np.abs(np.reshape(result, wanted[0].shape) - wanted[0]).max(initial=0) < tolerance * scale
        assert gap(np.reshape(value, wanted[1].shape), wanted[1]) < 100 * tolerance
        if kind is np.float32 and any(v.shape != (1, 1) for v in values.values()):
            assert result.dtype == np.float32


@pytest.mark.parametrize("problem", problems(23, tables=("gradient",)), ids=name)
def test_code_at_sizes_of_one(problem):
    if any(digit in problem[1] for digit in "59"):
        return  # sizes that are numbers
    d, values, sizes = drawn(problem, dict.fromkeys(SIZES, 1))
    with np.errstate(all="ignore"):
        wanted, result = evaluate(d.result, values, sizes), call(d, d.function(), values, sizes)
    assert np.allclose(np.atleast_2d(result), wanted, rtol=1e-8, atol=1e-10)


def test_code_at_empty_sizes():
    for text in (
        "norm2(A*x - y)^2",
        "sum(log(vector(1) + exp(A*x)))",
        "logsumexp(A*x)",
        "sum(softmax(A*x).^2)",
    ):
        f = derive.gradient(text, "x", where="A: m x n, x: n" + (", y: m" if "y" in text else "")).function()
        given = {"y": np.zeros(0)} if "y" in text else {}
        with np.errstate(divide="ignore"):
            assert np.array_equal(f(A=np.zeros((0, 3)), x=np.ones(3), **given), np.zeros(3))


@pytest.mark.parametrize("target", ["jax", "torch"])
def test_other_arrays_give_the_same_numbers(target):
    if importlib.util.find_spec(target) is None:
        pytest.skip(f"{target} is not installed")
    for problem in problems(61 if target == "torch" else 181, 3, ("gradient",)):
        d, values, sizes = drawn(problem)
        wanted = evaluate(d.result, values, sizes)
        f = d.function(target, value=True)
        if target == "torch":
            import torch

            result = call(d, f, values, sizes, torch.tensor)[1]
        else:
            result = call(d, f, values, sizes, np.float32)[1]  # JAX has float32 unless told
            assert result.dtype == np.float32
        assert gap(np.atleast_2d(np.asarray(result)), wanted) < (1e-9 if target == "torch" else 2e-3), name(
            problem
        )


def test_torch_takes_roots_of_sums_and_of_numbers():
    torch = pytest.importorskip("torch")
    f = derive.gradient("sqrt(2)*sum(sqrt(x.^2 + c*vector(1)))", "x").function("torch", value=True)
    value, _ = f(x=torch.tensor([3.0, 0.0]), c=16.0)
    assert abs(float(value) - 9 * 2**0.5) < 1e-5


def test_torch_differentiates_through_its_code():
    torch = pytest.importorskip("torch")
    f = derive.gradient("sum(log(vector(1) + exp(A*x)))", "x", where="A: m x n").function("torch", value=True)
    a, x = torch.randn(3, 2, dtype=torch.float64), torch.randn(2, dtype=torch.float64, requires_grad=True)
    value, gradient = f(A=a, x=x)
    value.backward()
    assert torch.allclose(x.grad, gradient)


def test_octave_gives_the_same_numbers(tmp_path):
    octave = shutil.which("octave-cli")
    if octave is None:
        pytest.skip("Octave is not installed")
    text = lambda v: "[" + "; ".join(" ".join(repr(float(e)) for e in row) for row in v) + "]"
    program, wanted = ["1;"], []
    for k, problem in enumerate(problems(61, 5, ("gradient",))):
        d, values, sizes = drawn(problem)
        try:
            code = d.to_code("octave").replace("= f(", f"= f{k}(", 1)
        except InputError:
            continue
        names = code.split("(", 1)[1].split(")", 1)[0].split(", ")
        given = [text(values[n]) if n in values else str(sizes[n]) for n in names]
        program = [
            program[0],
            code,
            *program[1:],
            f'printf("%.17g ", f{k}({", ".join(given)})); printf("\\n");',
        ]
        wanted.append((problem, evaluate(d.result, values, sizes)))
    path = tmp_path / "all.m"
    path.write_text("\n".join(program))
    out = subprocess.run([octave, "-q", str(path)], capture_output=True, text=True, timeout=60, check=False)
    lines = [line for line in out.stdout.splitlines() if line.strip()]
    assert len(lines) == len(wanted), out.stderr
    for line, (problem, value) in zip(lines, wanted, strict=True):
        found = np.array([float(word) for word in line.split()]).reshape(value.shape, order="F")
        assert gap(found, value) < 1e-8, name(problem)


# ------------------------------------------------------------------------------------------ how it computes


def operations(text, wrt, where, assume=None, branch=0):
    """Return the operations of a plan for (value, gradient), and the degree of their number in the sizes."""
    d = derive.gradient(text, wrt, where=where, assume=assume)
    with assuming(d.problem.assumptions):
        made, _ = plan(d.outputs(value=True), d.symbols())
    nodes = post_order(list(made.branches[branch].outputs))
    costs = [c for n in nodes if n.shape is not None and (c := flops(n)) is not None and c.free_symbols]
    return [n.op for n in nodes], max(Poly(c).total_degree() for c in costs)


@pytest.mark.parametrize(
    ("text", "wrt", "where", "assume", "degree"),
    [
        ("norm2(A*B*C*x)^2", "A", "A: m x n, B: n x k, C: k x p, x: p", None, 2),
        ("x'*A*B*C*y", "B", "A: m x n, B: n x k, C: k x p, x: m, y: p", None, 2),
        ("norm2(diag(w)*(A*x - y))^2", "w", "A: m x n, x: n, y: m, w: m", None, 2),
        ("x'*diag(A*B)*c", "A", "A: m x n, B: n x m, x: m, c: scalar", None, 2),
        ("tr(A*diag(x)*B)", "x", "A: m x n, B: n x m, x: n", None, 2),
        ("sum(A.*(x*y'))", "x", "A: m x n, x: m, y: n", None, 2),
        ("norm2(kron(A, B)*x)^2", "x", "A: m x n, B: k x p, x: n*p", None, 3),
        ("y'*inv(K)*y + logdet(K)", "y", "K: n x n, y: n", "posdef(K)", 3),
    ],
)
def test_no_more_operations_than_needed(text, wrt, where, assume, degree):
    ops, found = operations(text, wrt, where, assume)
    assert found <= degree
    assert not {"kron", "diagflat", "eye"} & set(ops)


def test_one_factorisation_serves_all():
    ops, _ = operations("y'*inv(K)*y + logdet(K)", "K", "K: n x n, y: n", "posdef(K)")
    assert ops.count("factor") == 1


def test_low_rank_is_solved_small():
    for text, where in (
        ("logdet(A*A' + c*eye) + y'*inv(A*A' + c*eye)*y", "A: m x n, y: m, c: scalar"),
        ("logdet(A*A' + diag(exp(v))) + y'*inv(A*A' + diag(exp(v)))*y", "A: m x n, y: m, v: m"),
    ):
        d = derive.gradient(text, "A", where=where, assume="positive(c)" if "c:" in where else None)
        with assuming(d.problem.assumptions):
            made, _ = plan(d.outputs(value=True), d.symbols())
        thin = post_order(list(made.branches[0].outputs))
        assert [str(n.rows) for n in thin if n.op == "factor"] == ["n"]
        assert not any(n.shape and str(n.rows) == str(n.columns) == "m" for n in thin)


LARGE = """
sum(log(vector(1) + exp(A*x))) | A: m x n, x: n
sum(log(vector(1) + exp(-y.*(A*x)))) | A: m x n, x: n, y: m
-y'*log(sigmoid(A*x)) - (vector(1) - y)'*log(vector(1) - sigmoid(A*x)) | A: m x n, x: n, y: m
log(sum(exp(A*x))) - y'*A*x | A: m x n, x: n, y: m
-y'*log(softmax(A*x)) | A: m x n, x: n, y: m
-y'*log(exp(A*x)/sum(exp(A*x))) | A: m x n, x: n, y: m
sum(softplus(A*x)) + sum(swish(A*x)) | A: m x n, x: n
""".strip().splitlines()


@pytest.mark.parametrize("line", LARGE)
def test_nothing_overflows_that_need_not(line):
    text, where = (part.strip() for part in line.split("|"))
    f = derive.gradient(text, "x", where=where).function(value=True)
    a = np.array([[900.0, -900.0], [-800.0, 850.0], [700.0, 710.0]])
    given = {"y": np.array([0.0, 1.0, 0.0])} if "y:" in where else {}
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, gradient = f(A=a, x=np.array([1.0, -1.0]), **given)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


FAR = """
log(2 + exp(c)) | c | c=1e4
log(2 + exp(c)) | c | c=-1e4
log(exp(a) + exp(b)) | a | a=-1e4, b=-1e4
log(1 + exp(a) + exp(b)) | a | a=1e4, b=-1e4
exp(c)/(2 + exp(c)) | c | c=1e4
log(a + b*exp(c)) | c | a=3, b=2, c=1e4
exp(a)/(exp(a) + exp(b)) | a | a=1e4, b=1e4
sum(log(exp(x) + exp(-x))) | x | x=[1e4, -1e4]
sum(log(cosh(x))) | x | x=[1e4, -1e4]
sum((exp(x) - exp(-x))./(exp(x) + exp(-x))) | x | x=[1e4, -1e4]
sum((exp(2*x) - 1)./(exp(2*x) + 1)) | x | x=[1e4, -1e4]
log(1 + sum(exp(x))) | x | x=[1e4, -1e4]
log(mean(exp(x))) | x | x=[1e4, -1e4]
x'*exp(y)/sum(exp(y)) | y | x=[1, 1], y=[1e4, -1e4]
log(x'*exp(y)) | y | x=[1, 1], y=[1e4, -1e4]
sum(log(exp(X)*y)) | X | X=[[1e4, 1e4], [-1e4, 1e4]], y=[1, 2]
sum(log(y'*exp(X))) | X | X=[[1e4, 1e4], [-1e4, 1e4]], y=[1, 2]
sqrt(sum(exp(2*x)))/sum(exp(x)) | x | x=[1e4, -1e4]
sum(log(normcdf(x))) | x | x=[-40, 40]
sum(log(1 - tanh(x).^2)) | x | x=[1e4, -1e4]
norm2(x) | x | x=[1e200, 1e200]
norm2(x) | x | x=[1e-200, 1e-200]
log(x'*x) | x | x=[1e200, 1e200]
log(prod(x)) | x | x=[1e200, 1e200]
log(det(A)) | A | A=[[1e200, 0], [0, 1e200]]
det(A)/det(B) | A | A=[[1e200, 0], [0, 1e200]], B=[[1e200, 0], [0, 1e200]]
""".strip().splitlines()


@pytest.mark.parametrize("line", FAR)
def test_scales_are_put_together_before_they_overflow(line):
    text, wrt, given = (part.strip() for part in line.split("|"))
    values = {
        name: np.array(eval(value, {}), float)
        for name, value in (part.split("=") for part in re.split(r", (?=[a-zA-Z]=)", given))
    }
    f = derive.gradient(text, wrt).function(value=True)
    with np.errstate(over="raise", invalid="raise", divide="raise"):
        value, gradient = f(**values)
    assert np.isfinite(value)
    assert np.isfinite(gradient).all()


def test_a_root_of_a_square_is_an_absolute_value():
    f = derive.gradient("sum(sqrt(x.^2).^3)", "x").function(value=True)
    value, gradient = f(x=np.array([-2.0, 3.0]))
    assert (float(value), gradient.tolist()) == (35.0, [-12.0, 27.0])


def test_inputs_are_not_given_back_as_they_came():
    y = np.arange(3.0)
    found = derive.gradient("x'*y", "x", where="x: n, y: n").function()(x=np.ones(3), y=y)
    found += 1
    assert np.array_equal(y, [0, 1, 2])


def test_what_a_target_lacks_is_refused_by_name():
    d = derive.gradient("tr(logm(A*X)*B)", "X", where="A: n x m, X: m x n, B: n x n")
    with pytest.raises(InputError, match="Octave has no spelling of dlogm: take --format numpy"):
        d.to_code("octave")
    with pytest.raises(
        InputError, match="there is no target fortran: expected one of numpy, jax, torch, octave"
    ):
        d.to_code("fortran")


def test_the_docstring_says_what_and_how():
    d = derive.gradient("norm2(A*x - y)^2", "x", where="A: m x n, x: n, y: m")
    doc = run(d.to_code(value=True)).__doc__
    for words in (
        "norm2(A*x - y)^2 and its gradient by x",
        "2*A'*(A*x - y)",
        "A: m x n",
        "--format numpy --value",
    ):
        assert words in doc


def test_a_model_is_fitted_with_printed_functions():
    from scipy.optimize import minimize

    text, where = "sum(log(vector(1) + exp(-y.*(A*x)))) + 1/2*norm2(x)^2", "A: m x n, x: n, y: m"
    loss = derive.gradient(text, "x", where=where).function(value=True)
    product = derive.hessian(text, "x", where=where, form="product")
    assert "diag" not in product.to_code().split("import numpy")[1]
    times = product.function()
    rng = np.random.default_rng(0)
    a, y = rng.standard_normal((30, 4)), np.sign(rng.standard_normal(30))
    found = minimize(
        lambda x: loss(A=a, x=x, y=y), np.zeros(4), jac=True, method="Newton-CG",
        hessp=lambda x, p: times(A=a, x=x, y=y, dx=p), options={"xtol": 1e-10},
    )  # fmt: skip
    assert np.abs(loss(A=a, x=found.x, y=y)[1]).max() < 1e-6
    matrix = derive.hessian(text, "x", where=where).function()
    assert np.allclose(matrix(A=a, x=found.x, y=y) @ y[:4], times(A=a, x=found.x, y=y, dx=y[:4]))


def test_julia_broadcasts_by_dots_and_says_that_it_was_not_run():
    d = derive.gradient("sum(log(vector(1) + exp(-y.*(X*w))))", "w", where="X: m x n, w: n, y: m")
    code = d.to_code("julia", value=True)
    assert "Julia's code is not run by the project's tests." in code
    assert "function f(; y, X, w)" in code
    assert "t1 = -y .* (X * w)" in code
    assert "(flat ? vec(value2) : value2)" in code
    with pytest.raises(InputError, match="Julia code is no Python function"):
        d.function("julia")


def test_a_mask_in_front_of_a_product_may_have_a_minus():
    f = derive.gradient("-sum(relu(diag(x)*B*z))", "B", where="x: n, B: n x n, z: n").function("numpy")
    x, B, z = np.array([1.0, -2.0]), np.array([[3.0, 1.0], [1.0, 5.0]]), np.array([2.0, -3.0])
    active = (x * (B @ z) > 0).astype(float)
    assert np.allclose(f(x=x, B=B, z=z), -np.outer(active * x, z))
    g = derive.gradient("-sum(relu(diag(S*B)))", "S", where="S: n x n, B: n x n").function("numpy")
    S = np.array([[1.0, -1.0], [2.0, 7.0]])
    assert np.allclose(g(S=S, B=B), -((np.diag(S @ B) > 0)[:, None] * B.T))


def test_the_update_of_a_determinant_by_one_column_divides_by_a_number():
    f = derive.gradient("det(x*z' + 2*eye)", "z", where="x: 4, z: 4").function("numpy")
    assert np.allclose(f(x=np.ones(4), z=np.ones(4)), 8)  # 2^4 (1 + z'x/2), by hand


def test_the_same_loss_gives_the_same_code_in_every_process():
    """Python hashes texts anew in each process, and a set of sizes comes in another order."""
    program = (
        "import derive\n"
        "print(derive.gradient(\"vec(Y)'*kron(A,B)*vec(X)\", 'X').to_code('numpy', True))\n"
        "print(derive.gradient(\"tr(B'*X'*C*X*B)\", 'X').to_code('numpy', True))\n"
    )
    printed = {
        subprocess.run(
            [sys.executable, "-c", program],
            env={**os.environ, "PYTHONHASHSEED": seed}, capture_output=True, text=True, check=True,
        ).stdout
        for seed in ("1", "2", "3")
    }  # fmt: skip
    assert len(printed) == 1
