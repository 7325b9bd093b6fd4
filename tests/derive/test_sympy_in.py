"""SymPy expressions in, SymPy expressions out.

`SYMPYS_OWN` are the expressions of SymPy 1.14's tests of derivatives by matrices
(sympy/matrices/expressions/tests/test_derivatives.py), by the name of the test, with the symbols of that file. All of
them are right here, among them eight that stand there as comments, not implemented or wrong (marked *): the
Cookbook's 62, 105, 120, 121 and 122 at one power, and sine and logarithm of products by a matrix.

Not among them: derivatives of entries by entries (x[i, 0] by x[m, 0]), powers with a symbol (X**k), and
a.T*(A*X*b).applyfunc(sin)*b.T, which is a row by a matrix. A matrix by a matrix is a four-dimensional array there
and the Jacobian of vec by vec here.
"""

import warnings

import numpy as np
import pytest
import sympy
from sympy import (
    Determinant,
    HadamardPower,
    HadamardProduct,
    Identity,
    Inverse,
    KroneckerProduct,
    MatMul,
    MatPow,
    MatrixSymbol,
    Max,
    OneMatrix,
    Rational,
    S,
    Symbol,
    Trace,
    cos,
    exp,
    log,
    sin,
    sqrt,
    symbols,
    tan,
    tanh,
)
from sympy.matrices.expressions.diagonal import DiagonalMatrix, DiagonalOf
from sympy.matrices.expressions.dotproduct import DotProduct

import derive
from derive import gradient, jacobian
from derive.code import Output, source
from derive.errors import InputError
from derive.expression.functions import Adjugate, EntrySum, Expm, LogDet, LogSumExp, Reshape, Softmax
from derive.from_sympy.canonical import canonical
from tests.derive.points import derivative, draw, run
from tests.derive.sympy_values import number_of
from verify import check_claim
from verify.evaluate import evaluate

k, i = symbols("k i")
A, B, C, D, X = (MatrixSymbol(name, k, k) for name in "ABCDX")
a, b, c, d, x, y = (MatrixSymbol(name, k, 1) for name in "abcdxy")
mu = Symbol("mu")

SYMPYS_OWN = [
    ("by scalar", A, i),
    ("by scalar", A * (X + B) * c, i),
    ("by scalar", x.T * y, i),
    ("by scalar", x * x.T, i),
    ("by scalar", HadamardPower(x, 2), i),
    ("by scalar", HadamardPower(x, i), i),
    ("by scalar", HadamardProduct(x, y), i),
    ("by scalar", HadamardProduct(i * OneMatrix(k, 1), x, y), i),
    ("by scalar", i * x, i),
    ("by scalar", sin(i) * A * B * x, i),
    ("by scalar", x.applyfunc(sin), i),
    ("by scalar", Trace(i**2 * X), i),
    ("by scalar", 2 * mu * x, x),
    ("one matrix", MatMul(x.T, OneMatrix(k, 1)), x),
    ("non matrix result", A, A),
    ("non matrix result", A.T, A),
    ("non matrix result", 2 * A, A),
    ("non matrix result", A + B, A),
    ("trivial cases", X, A),
    ("inverse 61", a.T * Inverse(X) * b, X),
    ("inverse 62 *", Determinant(Inverse(X)), X),
    ("inverse 63", Trace(A * Inverse(X) * B), X),
    ("inverse 64", Trace(Inverse(X + A)), X),
    ("vectors", x, x),
    ("vectors", x.T, x),
    ("vectors 69", x.T * a, x),
    ("vectors 69", a.T * x, x),
    ("vectors 70", a.T * X * b, X),
    ("vectors 71", a.T * X.T * b, X),
    ("vectors 72", a.T * X * a, X),
    ("vectors 72", a.T * X.T * a, X),
    ("vectors 77", b.T * X.T * X * c, X),
    ("vectors 78", (B * x + b).T * C * (D * x + d), x),
    ("vectors 81", x.T * B * x, x),
    ("vectors 82", b.T * X.T * D * X * c, X),
    ("vectors 83", (X * b + c).T * D * (X * b + c), X),
    ("vectors", x * x.T * x, x),
    ("traces", Trace(A) * A, A),
    ("traces 99", Trace(X), X),
    ("traces 100", Trace(X * A), X),
    ("traces 101", Trace(A * X * B), X),
    ("traces 102", Trace(A * X.T * B), X),
    ("traces 103", Trace(X.T * A), X),
    ("traces 104", Trace(A * X.T), X),
    ("traces 105 *", Trace(KroneckerProduct(A, X)), X),
    ("traces 106", Trace(X**2), X),
    ("traces 107", Trace(X**2 * B), X),
    ("traces 107", Trace(MatMul(X, X, B)), X),
    ("traces 108", Trace(X.T * B * X), X),
    ("traces 109", Trace(B * X * X.T), X),
    ("traces 110", Trace(X * X.T * B), X),
    ("traces 111", Trace(X * B * X.T), X),
    ("traces 112", Trace(B * X.T * X), X),
    ("traces 113", Trace(X.T * X * B), X),
    ("traces 114", Trace(A * X * B * X), X),
    ("traces 115", Trace(X.T * X), X),
    ("traces 115", Trace(X * X.T), X),
    ("traces 116", Trace(B.T * X.T * C * X * B), X),
    ("traces 117", Trace(X.T * B * X * C), X),
    ("traces 118", Trace(A * X * B * X.T * C), X),
    ("traces 119", Trace((A * X * B + C) * (A * X * B + C).T), X),
    ("traces 120 *", Trace(KroneckerProduct(X, X)), X),
    ("traces 120 *", Trace(X) * Trace(X), X),
    ("traces 121 *", Trace(X**5), X),
    ("traces 122 *", Trace(A * X**4), X),
    ("traces 123", Trace(B.T * X.T * C * X * X.T * C * X * B), X),
    ("traces 124", Trace(A * X ** (-1) * B), X),
    ("traces 125", Trace(Inverse(X.T * C * X) * A), X),
    ("traces 126", Trace((X.T * C * X).inv() * (X.T * B * X)), X),
    ("traces 127", Trace((A + X.T * C * X).inv() * (X.T * B * X)), X),
    (
        "complicated",
        a.T
        * (
            A * X * (X.T * B + X * A)
            + B.T
            * X.T
            * (
                a * b.T * (X * D * X.T + X * (X.T * B + A * X) * D * B - X.T * C.T * A) * B
                + B * (X * D.T + B * A * X * A.T - 3 * X * D)
            )
            * B
            + 42 * X * B * X.T * A.T * (X + X.T)
        )
        * b,
        X,
    ),
    ("mixed", 3 * Trace(A), A),
    ("mixed", Trace(A) ** 2, A),
    ("mixed", Trace(Trace(A) * A), A),
    ("mixed", Trace(Trace(Trace(A) * A) * A), A),
    ("norms", (x.T * y) ** S.Half, x),
    ("norms", (x.T * x) ** S.Half, x),
    ("norms", (c.T * a * x.T * b) ** S.Half, x),
    ("norms", (c.T * a * x.T * b) ** Rational(1, 3), x),
    ("norms", (a.T * X * b) ** S.Half, X),
    ("norms", d.T * x * (a.T * X * b) ** S.Half * y.T * c, X),
    ("applyfunc", x.applyfunc(tan), x),
    ("applyfunc", (i**2 * x).applyfunc(sin), i),
    ("applyfunc", (log(i) * A * B).applyfunc(sin), i),
    ("applyfunc", A * x.applyfunc(exp), x),
    ("applyfunc", x.T * A * x + k * y.applyfunc(sin).T * x, x),
    ("applyfunc", x.applyfunc(sin).T * y, x),
    ("applyfunc", (a.T * X * b).applyfunc(sin), X),
    ("applyfunc", a.T * X.applyfunc(sin) * b, X),
    ("applyfunc", a.T * (A * X * B).applyfunc(sin) * b, X),
    ("applyfunc", a.T * A * X.applyfunc(sin) * B * b, X),
    ("applyfunc *", a.T * (A * X.applyfunc(sin) * B).applyfunc(log) * b, X),
    ("applyfunc *", a.T * X.applyfunc(sin).applyfunc(log) * b, X),
    ("hadamard", HadamardProduct(a, x, b), x),
    ("hadamard", a.T * HadamardProduct(A, X, B) * b, X),
    ("hadamard", HadamardPower(x, 2), x),
    ("hadamard", HadamardPower(x.T, 2), x),
    ("hadamard", HadamardPower(x, S.Half), x),
    ("hadamard", HadamardPower(a.T * X * b, 2), X),
    ("hadamard", HadamardPower(a.T * X * b, S.Half), X),
]

m, n = symbols("m n", integer=True, positive=True)
Y, V, W = MatrixSymbol("Y", m, n), MatrixSymbol("V", n, n), MatrixSymbol("W", 2, 3)
u, w, z = MatrixSymbol("u", m, 1), MatrixSymbol("w", n, 1), MatrixSymbol("z", 1, 1)
s = Symbol("s", positive=True)
t = sympy.Dummy("t")

MORE = [
    ("the trace of a 1 x 1 product", exp(-Trace(u.T * u) / 2), u),
    ("a 1 x 1 product as a factor", (u.T * Y * w) * Y, s),
    ("a quotient of 1 x 1 products", (w.T * V * w) / (w.T * w), w),
    ("a function of a trace", log(1 + Trace(Y.T * Y)) * sqrt(1 + s * Trace(V) ** 2), Y),
    ("an inverse as a power", Trace(V**-2 * V.T), V),
    ("a power of an inverse", Trace(MatPow(Inverse(V), 3)), V),
    ("a determinant of a sum", log(Determinant(Y.T * Y + s * Identity(n))), Y),
    ("the same, by the scalar", log(Determinant(Y.T * Y + s**2 * Identity(n))), s),
    ("a formula entry by entry", Trace(V * Y.applyfunc(sympy.Lambda(t, t**2 * exp(-t))).T * Y), Y),
    ("another formula entry by entry", (u.T * Y.applyfunc(sympy.Lambda(t, 1 / (2 + tanh(t)))) * w), Y),
    ("the positive part", u.T * Y.applyfunc(sympy.Lambda(t, Max(t, 0))) * w, Y),
    ("numbers for sizes", Trace(W.T * W) ** Rational(3, 2), W),
    ("a diagonal matrix", w.T * sympy.DiagMatrix(V * w) * w, w),
    ("a diagonal matrix in a trace", Trace(sympy.DiagMatrix(w) * V * sympy.DiagMatrix(w)), w),
    ("ones", Trace(OneMatrix(n, m) * Y.applyfunc(cos)), Y),
    ("a Kronecker product of three", Trace(KroneckerProduct(V, V, V.T)), V),
    ("elementwise powers", u.T * HadamardPower(HadamardProduct(Y, Y), 2) * w, Y),
    ("a column by a scalar", (V + s * Identity(n)).inv() * w, s),
    ("a matrix by a scalar", Inverse(V + s * V.T), s),
    ("a column by a column", V * w.applyfunc(tanh) * (w.T * w), w),
    ("complex conjugates of real matrices", Trace(sympy.Adjoint(Y) * Y), Y),
    ("a sum of 1 x 1 matrices", u.T * Y * w + OneMatrix(1, 1), w),
    ("a number to the power of entries", u.T * Y.applyfunc(lambda q: 2**q) * w, Y),
    ("entries to their own power", x.T * x.applyfunc(lambda q: q**q), x),
    ("a maximum with a number", u.T * Y.applyfunc(lambda q: Max(q, 1)) * w, Y),
    ("a minimum", u.T * Y.applyfunc(lambda q: sympy.Min(q, 0)) * w, Y),
    ("a leaky rectifier", u.T * Y.applyfunc(lambda q: Max(q, q / 10)) * w, Y),
    (
        "a rectifier in pieces",
        u.T * Y.applyfunc(lambda q: sympy.Piecewise((q, q > 0), (q / 10, True))) * w,
        Y,
    ),
    ("pieces the other way", u.T * Y.applyfunc(lambda q: sympy.Piecewise((-q, q < 1), (q - 2, True))) * w, Y),
    ("a step", u.T * HadamardProduct(Y.applyfunc(sympy.Heaviside), Y) * w, Y),
    ("conjugate and real part", sympy.re(Trace(V)) * sympy.conjugate(Trace(V.T * V)), V),
]


def kind_of(expr):
    scalar = not getattr(expr, "is_Matrix", False) or expr.shape == (1, 1)
    return "gradient" if scalar else "jacobian"


def close(p, q):
    return p.shape == q.shape and np.allclose(p, q, rtol=1e-7, atol=1e-8)


def in_numbers(size, sizes):
    return sizes[size.name] if isinstance(size, Symbol) else int(size)


@pytest.mark.parametrize(
    ("expr", "wrt"),
    [pytest.param(e, v, id=f"{name}: {str(e)[:40]} by {v}") for name, e, v in SYMPYS_OWN + MORE],
)
def test_a_sympy_expression_agrees_with_differences_over_sympys_own_tree(expr, wrt):
    sizes = {"k": 3, "m": 4, "n": 3}
    kind = kind_of(expr)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # many of SymPy's tests are by what does not occur
        result = getattr(derive, kind)(expr, wrt)
    occurring = {v for v in expr.atoms(MatrixSymbol) | expr.free_symbols | {wrt} if v.name not in sizes}
    shapes = {v.name: tuple(in_numbers(q, sizes) for q in getattr(v, "shape", (1, 1))) for v in occurring}
    square = "positive" if expr.has(log) else "invertible"
    assume = [f"{square}({v})" for v, (p, q) in shapes.items() if p == q > 1] + ["positive(x)", "positive(i)"]
    function = run(result.to_numpy())
    rng = np.random.default_rng(5)
    for _ in range(20):
        values = draw(shapes, ", ".join(assume), rng)
        with np.errstate(all="ignore"):
            f = lambda at: number_of(expr, at | sizes)
            wanted, again = (derivative(kind, f, wrt.name, values, h=h) for h in (6e-3, 3e-3))
        if close(wanted, again):
            break
    else:
        raise AssertionError("no point is found at which the differences settle")
    arguments = {
        v: values[v].item() if shapes[v] == (1, 1) else values[v] for v in result.symbols() if v not in sizes
    }
    arguments |= {v: sizes[v] for v in result.symbols() if v in sizes}
    assert close(np.atleast_2d(function(**arguments)), again), result.to_text()


EXPLICIT = MatrixSymbol("X", 2, 2), MatrixSymbol("A", 2, 2), MatrixSymbol("v", 2, 1)


@pytest.mark.parametrize(
    "build",
    [
        lambda X, A, v: Trace(A * X.T * X),
        lambda X, A, v: Determinant(A + X),
        lambda X, A, v: Trace(X**3),
        lambda X, A, v: Trace(Inverse(X) * A),
        lambda X, A, v: Trace(v.T * X * A * X.T * v),
        lambda X, A, v: Trace(A * X.applyfunc(sin)),
        lambda X, A, v: Trace(X) ** 2 / Determinant(X),
    ],
)
def test_the_result_is_sympys_and_equals_its_own_scalar_calculus(build):
    """Written out in entries, the gradient is exactly what SymPy's calculus of scalars gives entry by entry."""
    X, A, v = EXPLICIT
    expr = build(X, A, v)
    found = gradient(expr, X).result
    assert isinstance(found, sympy.MatrixExpr)
    assert found.atoms(MatrixSymbol) <= {X, A, v}
    explicit = {q: q.as_explicit() for q in EXPLICIT}
    scalar = _entries(expr, explicit)
    wanted = sympy.Matrix(2, 2, lambda p, q: scalar.diff(X[p, q]))
    difference = _entries(found, explicit) - wanted
    assert sympy.simplify(difference) == sympy.zeros(2, 2)


def _entries(e, explicit):
    """Write an expression out in the entries of its matrices."""
    if e in explicit:
        return explicit[e]
    if isinstance(e, sympy.Identity):
        return sympy.eye(2)
    if not e.args or e.is_number:
        return e
    if isinstance(e, sympy.matrices.expressions.applyfunc.ElementwiseApplyFunction):
        return _entries(e.expr, explicit).applyfunc(e.function)
    args = [_entries(q, explicit) for q in e.args]
    if isinstance(e, Trace):
        return args[0].trace()
    if isinstance(e, Determinant):
        return args[0].det()
    if isinstance(e, Adjugate):
        return args[0].adjugate()
    if isinstance(e, sympy.Transpose):
        return args[0].T
    if isinstance(e, Inverse):
        return args[0].inv()
    if isinstance(e, HadamardProduct):
        return sympy.matrix_multiply_elementwise(*args)
    if isinstance(e, sympy.MatAdd | sympy.Add):
        return sum(args[1:], args[0])
    if isinstance(e, sympy.MatMul | sympy.Mul):
        return sympy.prod(args)
    return args[0] ** args[1]


def test_the_symbols_that_go_in_come_out():
    P = MatrixSymbol("P", n, n)
    r = Symbol("r")
    result = gradient(r * Trace(P.T * P), P).result
    assert result.atoms(MatrixSymbol) == {P}
    assert r in result.free_symbols
    assert sympy.latex(result)


@pytest.mark.parametrize(
    ("expr", "wrt", "message"),
    [
        (sympy.Matrix([[1, 2]]), "X", "explicit matrices"),
        (sympy.Integral(Trace(X) * i, i), X, "Integral is not an operation"),
        (Trace(X * A), "Z", "Z does not occur"),
        (Trace(X) + Symbol("X"), X, "two different symbols are named X"),
        (X * x, x.T * x, "variable"),
        (X[0, 1] ** 2, X, r"the entry X\[0, 1\] has no name"),
        (X * x, X, "a gradient needs a scalar"),
        (sympy.Piecewise((Trace(X), mu > 0), (0, True)), X, "do not make a rectifier"),
        (Trace(X), 3, "3 is not a variable"),
    ],
)
def test_what_cannot_be_differentiated_is_said_in_one_line(expr, wrt, message):
    with pytest.raises(InputError, match=message) as caught:
        gradient(expr, wrt)
    assert "\n" not in str(caught.value)


def test_floats_are_the_decimals_that_they_were_written_as():
    assert gradient(0.5 * Trace(X * X), X).result == X.T
    assert gradient(sympy.Float("0.1") * Trace(X), X).result == sympy.Rational(1, 10) * sympy.Identity(k)


def test_a_variable_that_does_not_occur_gives_a_zero_and_a_warning():
    with pytest.warns(UserWarning, match="A does not occur"):
        assert gradient(Trace(X), A).result == sympy.ZeroMatrix(k, k)
    with pytest.warns(UserWarning, match="i does not occur"):
        assert jacobian(x, i).result == sympy.ZeroMatrix(k, 1)


# ------------------------------------------------------------------------------------- shapes and rows


def softmax_of(numbers):
    e = np.exp(numbers)
    return e / e.sum()


R = MatrixSymbol("R", 1, n)


@pytest.mark.parametrize(
    ("expr", "value"),
    [
        (sympy.DiagMatrix(R), np.diag),
        (sympy.DiagMatrix(w.T), np.diag),
        (Softmax(R), lambda q: softmax_of(q).reshape(1, -1)),
        (LogSumExp(R), lambda q: np.log(np.exp(q).sum()).reshape(1, 1)),
        (Reshape(R, n, 1), lambda q: q.reshape(-1, 1)),
        (DotProduct(R, w), lambda q: (q @ q).reshape(1, 1)),
        (DiagonalMatrix(V), lambda q: np.diag(q)),
    ],
)
def test_rows_stand_where_columns_do(expr, value):
    numbers = np.array([0.3, -1.2, 2.0])
    values = {"R": numbers.reshape(1, 3), "w": numbers.reshape(3, 1), "V": np.outer([1, 1, 1], numbers)}
    assert np.allclose(evaluate(canonical(expr), values).astype(float), value(numbers))


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        (Trace(sympy.DiagMatrix(V)), "DiagMatrix needs a column, V is n x n: is DiagonalMatrix meant"),
        (EntrySum(DiagonalOf(Y)), "DiagonalOf needs a square matrix, Y is m x n"),
        (EntrySum(DiagonalOf(W)), "DiagonalOf needs a square matrix, W is 2 x 3"),
        (EntrySum(DiagonalOf(w)), "DiagonalOf needs a square matrix, w is n x 1"),
        (EntrySum(DiagonalMatrix(Y)), "DiagonalMatrix needs a square matrix"),
        (Trace(Softmax(V)), "softmax needs a column, V is n x n"),
        (LogSumExp(V), "logsumexp needs a column"),
        (LogDet(Y), "logdet needs a square matrix, Y is m x n"),
        (EntrySum(Expm(Y)), "expm needs a square matrix"),
        (EntrySum(Adjugate(Y)), "adj needs a square matrix"),
        (sympy.Add(V, 1, evaluate=False), r"shapes do not fit in 1 \+ V: a scalar and n x n"),
        (sympy.Add(Trace(V), V, evaluate=False), "shapes do not fit"),
        (sympy.Abs(w.T * V * w), r"Abs\(Trace"),
    ],
)
def test_shapes_that_do_not_fit_are_said_in_one_line(expr, says):
    with pytest.raises(InputError, match=says) as caught:
        canonical(expr)
    assert "\n" not in str(caught.value)


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        (Trace(sympy.BlockMatrix([[V, V], [V, V]])), "BlockMatrix are not supported: write .* of the blocks"),
        (sympy.BlockDiagMatrix(V, V), "BlockMatrix are not supported"),
        (
            Trace(sympy.Matrix([[1, 2], [3, 4]]) * sympy.MatrixSymbol("P", 2, 2)),
            r"Matrix\(\[\[1, 2\], .*MatrixSymbol",
        ),
        (sympy.Matrix([[1, 2]]), "take a MatrixSymbol for it"),
    ],
)
def test_matrices_that_list_their_entries_are_refused_with_the_mend(expr, says):
    with pytest.raises(InputError, match=says) as caught:
        canonical(expr)
    assert "\n" not in str(caught.value)


# --------------------------------------------------------------------------------------------- functions


@pytest.mark.parametrize("numbers", [(1, 3, 2), (2.5, -1, 2), (-3, -2, -1)])
def test_the_largest_and_the_smallest_of_scalars(numbers):
    at = dict(zip(("i", "mu", "s"), (np.array([[float(q)]]) for q in numbers), strict=True))
    assert evaluate(canonical(Max(i, mu, s, 2)), at).item() == max(*numbers, 2)
    assert evaluate(canonical(sympy.Min(i, mu, s)), at).item() == min(numbers)
    assert evaluate(canonical(sympy.Heaviside(i)), at).item() == (numbers[0] > 0)


REWRITTEN = {  # a function, and the function of NumPy that it is one over or that it is
    "sec": lambda q: 1 / np.cos(q), "csc": lambda q: 1 / np.sin(q), "cot": lambda q: 1 / np.tan(q),
    "sech": lambda q: 1 / np.cosh(q), "csch": lambda q: 1 / np.sinh(q), "coth": lambda q: 1 / np.tanh(q),
    "asinh": np.arcsinh, "acosh": lambda q: np.arccosh(q + 1), "atanh": np.arctanh,
    "asec": lambda q: np.arccos(1 / (q + 1)), "acsc": lambda q: np.arcsin(1 / (q + 1)),
    "acot": lambda q: np.arctan(1 / q), "asech": lambda q: np.arccosh(1 / q),
    "acsch": lambda q: np.arcsinh(1 / q), "acoth": lambda q: np.arctanh(1 / (q + 1)),
    "sinc": lambda q: np.sinc(q / np.pi),
}  # fmt: skip


@pytest.mark.parametrize("name", REWRITTEN)
def test_functions_without_a_name_are_written_in_those_that_have_one(name):
    shift = 1 if name in ("acosh", "asec", "acsc", "acoth") else 0
    read = canonical((w + shift * OneMatrix(n, 1)).applyfunc(getattr(sympy, name)))
    numbers = np.array([[0.2], [0.5], [0.9]])
    assert np.allclose(evaluate(read, {"w": numbers}).astype(float), REWRITTEN[name](numbers), rtol=1e-12)


@pytest.mark.parametrize(
    ("expr", "says"),
    [
        (
            sympy.Function("f")(Trace(V), s),
            r"the function f in f\(Trace\(V\), s\) has no definition: known are Abs",
        ),
        *[
            (f(Trace(V)), f"the function {f.__name__} in .* has no name in the text language: known are")
            for f in (sympy.zeta, sympy.floor, sympy.ceiling, sympy.gamma, sympy.loggamma, sympy.LambertW)
        ],
        (sympy.atan2(s, mu) * Trace(V), "atan2"),
        (sympy.binomial(s, mu) * Trace(V), "binomial"),
        (sympy.floor(mu) * Trace(V), "floor"),
        (sympy.oo * Trace(V), "oo is no real number"),
        (sympy.nan, "nan is no real number"),
        (sympy.I * Trace(V), "I is no real number"),
        (True, "expected a SymPy expression"),
        (float("nan"), "nan is no real number"),
    ],
)
def test_functions_and_numbers_that_are_not_known_are_said_in_one_line(expr, says):
    with pytest.raises(InputError, match=says) as caught:
        canonical(expr)
    assert "\n" not in str(caught.value)


# ------------------------------------------------------------------------------- names, sizes and numbers


@pytest.mark.parametrize(
    ("name", "instead"),
    [
        ("X_{1}", "X_1"), (r"\Sigma", "Sigma"), ("x y", "x_y"), ("X'", "X"), ("", "X_1"), ("1x", "x_1x"), ("_x", "x"),
        ("__class__", "class"), ("X.T", "X_T"), (r"\mathbf{X}", "mathbf_X"), ("λ", "lambda"), ("Σ", "Sigma"),
        ("é", "e"), ("x\nimport os", "x_import_os"), ("eye", "eye_1"), ("vector", "vector_1"), ("sum", "sum_1"),
        ("exp", "exp_1"), ("matrix", "matrix_1"), (r"\exp", "exp_1"),
    ],
)  # fmt: skip
def test_a_name_that_the_text_language_cannot_say_is_refused_with_another(name, instead):
    Q = MatrixSymbol(name, n, n)
    for expr, wrt in ((Trace(Q * Q), Q), (Trace(V * Q), V), (Symbol(name) * Trace(V), V)):
        with pytest.raises(InputError, match=f"rename it, such as {instead}$") as caught:
            gradient(expr, wrt)
        assert "\n" not in str(caught.value)
    assert gradient(Trace(MatrixSymbol(instead, n, n) ** 2), instead).to_text() == f"2*{instead}'"


plain = Symbol("n")
P = MatrixSymbol("V", plain, plain)


@pytest.mark.parametrize(
    ("expr", "wrt", "says"),
    [
        (n * Trace(V), n, "n is a size here, not a variable"),
        (n * Trace(V), "n", "n is a size here, not a variable"),
        (plain * n * Trace(V), V, "n is the name of a size and of a variable: rename one"),
        (Trace(MatrixSymbol("A", plain, plain)) + Trace(V), V, "two different symbols are named n"),
        (Trace(MatrixSymbol("Q", n / 2, n / 2)), "Q", r"the size n/2 is not made of whole numbers"),
        (Trace(MatrixSymbol("Q", sympy.floor(n / 2), sympy.floor(n / 2))), "Q", r"the size floor\(n/2\)"),
    ],
)
def test_sizes_are_no_variables(expr, wrt, says):
    with pytest.raises(InputError, match=says):
        gradient(expr, wrt)


@pytest.mark.parametrize(
    ("expr", "wrt", "claim", "word"),
    [
        (s * Trace(Identity(n)), s, n, "proved"),
        (s * Trace(Identity(n)), s, "n", "proved"),
        (s * Trace(Identity(n)), s, n + 1, "refuted"),
        (n * Trace(V), V, n * Identity(n), "proved"),
        (plain * Trace(P * P), "V", "2*n*V'", "proved"),
        (Trace(V * V), V, 2 * P.T, "proved"),
        (Trace(V * V), V, 3 * P.T, "refuted"),
        ("c*tr(V*V)", "V", 2 * Symbol("c") * P.T, "proved"),
        (Trace(MatrixSymbol("Q", n + 1, n + 1)), "Q", "eye", "proved"),
        (Trace(X), MatrixSymbol("A", k, k), 0, "proved"),
        (s * 3, s, 3, "proved"),
        (2.5 * s, s, 2.5, "proved"),
        (s, s, 2, "refuted"),
    ],
)
def test_claims_name_what_the_expression_names(expr, wrt, claim, word):
    assert check_claim(expr, wrt, claim).verdict == word


@pytest.mark.parametrize(
    ("claim", "says"),
    [
        (Identity(m), "the claim uses the size m, which is not"),
        (m * Identity(n), "the claim uses m, which is not"),
        (MatrixSymbol("V", n, 1), "V is n x 1 in the claim and n x n in the expression"),
    ],
)
def test_a_claim_with_other_symbols_is_refused(claim, says):
    with pytest.raises(InputError, match=says):
        check_claim(Trace(V * V), V, claim)


def test_a_declaration_beside_symbols_is_refused():
    with pytest.raises(InputError, match="those of a SymPy expression are its symbols' own"):
        gradient(Trace(V), V, where="V: n x n")


def test_a_number_is_an_expression():
    with pytest.warns(UserWarning, match="V does not occur"):
        assert gradient(3, V).result == sympy.ZeroMatrix(n, n)
    assert canonical(0.1) == canonical(np.float64(0.1)) == Rational(1, 10)
    assert canonical(np.int64(3)) == 3


def test_a_matrix_symbol_of_one_entry_is_a_scalar_throughout():
    d = gradient(s * Trace(z) ** Rational(5, 2), z)
    assert d.to_dict()["shapes"]["z"] == "scalar"
    assert d.to_text() == "5/2*s*z^(3/2)"
    assert run(d.to_numpy())(s=2.0, z=4.0) == 40
    assert check_claim(d.problem, "z", d.to_text()).verdict == "proved"
    assert check_claim(d.problem, "z", "z^(3/2)").verdict == "refuted"


@pytest.mark.parametrize("f", [sympy.gamma(s), sympy.atan2(s, mu), sympy.binomial(s, 2), sympy.zeta(s)])
def test_a_function_that_numpy_lacks_has_no_code(f):
    with pytest.raises(InputError, match="has no code"):
        source([Output((f,))], {"s": s, "mu": mu})


@pytest.mark.parametrize(
    ("expr", "wrt", "arguments", "value"),
    [
        (s * Trace(Identity(n)), s, {"s": 2.0, "n": 5}, 5),
        (n * Trace(MatrixSymbol("Q", n + 1, n + 1)), "Q", {"Q": np.ones((3, 3)), "n": 2}, 2 * np.eye(3)),
    ],
)
def test_a_size_that_no_argument_has_is_an_argument_of_the_code(expr, wrt, arguments, value):
    assert np.array_equal(run(gradient(expr, wrt).to_numpy())(**arguments), value)


def test_the_error_function_of_sympy_has_the_derivative_that_sympy_gives_it():
    q = Symbol("q", real=True)
    read = gradient(Trace(w.T * w.applyfunc(sympy.erf)), w).result
    at = np.array([[0.3], [-1.1]])
    wanted = [float((q * sympy.erf(q)).diff(q).subs(q, v)) for v in at.ravel()]
    assert np.allclose(evaluate(read, {"w": at}).astype(float).ravel(), wanted, rtol=1e-13)


def test_the_lines_of_a_loss_of_shared_parts_stay_short():
    """Written out whole, the gradient of twelve nestings has a million characters."""
    a = sympy.Symbol("a", real=True)
    e = a
    for _ in range(12):
        e = sympy.sin(e) + e**2
    d = gradient(e, a)
    assert len(str(d)) < 20_000
    assert len(d.to_latex()) < 20_000
