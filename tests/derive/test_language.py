"""The text language: round trips, values, shapes, errors with their places, and texts that nobody would write."""

import warnings

import numpy as np
import pytest
import scipy.special
from hypothesis import HealthCheck, assume, example, given, settings
from hypothesis import strategies as st

from derive import gradient, hessian, parse, read_claim, to_text
from derive.errors import InputError, InputWarning
from derive.expression.algebra import shape
from tests.clock import calls
from tests.derive import outside
from tests.derive.expressions import SHAPES, declared, texts
from tests.derive.points import draw, gap
from verify.evaluate import evaluate

SIZES = {"m": 3, "n": 2}
ANY_SHAPE = st.sampled_from([(1, 1), ("n", 1), ("m", "n"), ("n", "n")])
SLOW = [HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.large_base_example]


# --------------------------------------------------------------------------------------- round trips


def reject(error):
    """Random texts divide by zero, take the root of -1, or raise numbers to powers that are not worked out."""
    assert any(words in str(error) for words in ("division by zero", "no real number", "power")), error
    assume(False)


@settings(max_examples=250, deadline=None, suppress_health_check=SLOW)
@given(ANY_SHAPE.flatmap(lambda s: texts(s, depth=3)))
def test_print_then_parse_gives_the_same_expression(text):
    try:
        problem = parse(text, declared(text))
    except InputError as error:
        reject(error)
    printed = to_text(problem.expr)
    assert read_claim(printed, problem, shape(problem.expr)) == problem.expr, printed


@settings(max_examples=150, deadline=None, suppress_health_check=SLOW)
@given(ANY_SHAPE.flatmap(lambda s: texts(s, depth=3, tame=True)))
def test_parsing_and_printing_keep_the_value(text):
    """The value of the text by a reader of the tests' own, of its expression, and of what is printed."""
    values = draw(SHAPES, "", np.random.default_rng(1), SIZES)
    read, _ = outside.evaluator(text, SHAPES, SIZES)
    wanted = read(values)
    problem = parse(text, declared(text))
    found = evaluate(problem.expr, values, SIZES)
    assert gap(found, wanted) < 1e-8
    again = read_claim(to_text(problem.expr), problem, shape(problem.expr))
    assert gap(evaluate(again, values, SIZES), wanted) < 1e-8


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("-2^2", -4), ("2^-1", 0.5), ("2^3^2", 512), ("6/2*3", 9), ("6/(2*3)", 1), ("1 - 2 - 3", -4),
        ("-x'*x", -13), ("x'*x^2", 26), ("2*-3", -6), ("--2", 2), ("+2", 2), ("1e3", 1000), (".5", 0.5), ("5.", 5), ("1.e3", 1000), ("1. + 2.", 3),
        ("sum(5.*x)", 25), ("2.^3", 8), ("(2.)*3", 6), ("3./2", 1.5),
        ("1.25e-1", 0.125), ("sum(2*x.^2)", 26), ("sum(-x.^2)", -13), ("sum(x'.^2)", 13), ("-1/2", -0.5),
        ("x'*[y]", 29), ("sum(x./y.*y)", 5), ("sum(x.*y./y)", 5), ("4/2/2", 1), ("sum(x^1)", 5),
    ],
)  # fmt: skip
def test_precedence(text, value):
    values = {"x": np.array([[2.0], [3.0]]), "y": np.array([[4.0], [7.0]])}
    if text == "x'*x^2":
        with pytest.raises(InputError):
            parse(text)
        return
    where = ", ".join(f"{name}: n" for name in "xy" if name in text)
    assert evaluate(parse(text, where).expr, values, {"n": 2}).item() == pytest.approx(value)


# -------------------------------------------------------------------------------------------- shapes


@pytest.mark.parametrize(
    ("text", "where", "shapes"),
    [
        ("A*x", "", {"A": ("m", "n"), "x": ("n", 1)}),
        ("norm2(A*x - y)^2", "", {"A": ("m", "n"), "x": ("n", 1), "y": ("m", 1)}),
        ("tr(A*B)", "", {"A": ("m", "n"), "B": ("n", "m")}),
        ("1/2*norm2(W'*W*x - x)^2", "", {"W": ("m", "n"), "x": ("n", 1)}),
        ("x'*A*x", "", {"A": ("n", "n"), "x": ("n", 1)}),
        ("inv(K)*y", "", {"K": ("n", "n"), "y": ("n", 1)}),
        ("alpha*X*X' + sigma*eye", "", {"alpha": (1, 1), "sigma": (1, 1), "X": ("m", "n")}),
        ("W1*x_0 + b1", "b1: h", {"W1": ("h", "n"), "x_0": ("n", 1), "b1": ("h", 1)}),
        ("A*x", "A: 3 x 4", {"A": (3, 4), "x": (4, 1)}),
        ("A*x", "A: 3x4", {"A": (3, 4), "x": (4, 1)}),
        ("a'*X*b", "a: m, b: n", {"a": ("m", 1), "b": ("n", 1), "X": ("m", "n")}),
        ("t*x", "t: scalar", {"t": (1, 1), "x": ("n", 1)}),
        ("kron(A, B)*x", "A: 2 x 3, B: 4 x 5", {"A": (2, 3), "B": (4, 5), "x": (15, 1)}),
        ("vec(X)'*y", "X: 2 x 3", {"X": (2, 3), "y": (6, 1)}),
        ("A.*B", "", {"A": ("m", "n"), "B": ("m", "n")}),
        ("sum(A*vector(1))", "", {"A": ("m", "n")}),
        ("diag(x)*A", "", {"x": ("n", 1), "A": ("n", "m")}),
        ("diag(A)", "", {"A": ("n", "n")}),
    ],
)  # fmt: skip
def test_shapes_are_inferred(text, where, shapes):
    """Up to the names of the sizes."""
    found = parse(text, where).shapes
    renamed: dict = {}
    for name, wanted in shapes.items():
        for have, want in zip(found[name], wanted, strict=True):
            assert renamed.setdefault(want, have) == have, (name, found)
            assert isinstance(want, str) or have == want
    assert len(set(map(str, renamed.values()))) == len(renamed)


@pytest.mark.parametrize(
    "where",
    [
        {"A": ("3", "k"), "x": ("k", "1")},
        {"A": (3, "k"), "x": ["k", 1]},
        {"A": "3 x k", "x": "k"},
        "A: 3xk, x: k",
        "A:3 x k;x:k x 1",
    ],
)
def test_ways_to_declare_the_same_shapes(where):
    assert parse("A*x", where).expr == parse("A*x", "A: 3 x k, x: k").expr


def test_sizes_of_one_letter_may_stand_close():
    assert parse("A", "A: mxn").shapes == parse("A", "A: m x n").shapes
    assert [str(d) for d in parse("x", "x: fax").shapes["x"]] == ["fax", "1"]


def test_a_size_may_be_a_product():
    """A Kronecker product's sizes are; what is printed of shapes reads back."""
    where = "A: m x m, B: n x n, C: m*n x m*n"
    problem = parse("tr(kron(A, B)*C)", where)
    assert problem.shapes == parse("tr(kron(A, B)*C)", "A: m x m, B: n x n").shapes
    assert parse("x", "x: 2*3*k").shapes == parse("x", "x: 6*k").shapes
    assert parse("norm2(vec(A*B) - y)^2", "A: m x n, B: n x k, y: m*k").shapes["B"][1].name == "k"
    with pytest.raises(InputError, match="shape"):
        parse("tr(kron(A, B)*C)", "A: m x m, B: n x n, C: m*m x m*n")


def test_a_declared_name_that_does_not_occur_is_told():
    with pytest.warns(InputWarning, match="Q is declared but does not occur"):
        parse("sum(x)", "x: n, Q: 3 x 3")


def test_pi_may_be_a_variable_where_it_is_declared():
    assert gradient("pi*sum(x)", "pi", where="pi: scalar").to_text() == "sum(x)"


# -------------------------------------------------------------------------------------------- errors

#: A text, the piece of it under the caret ("" for the end), and what the message says.
WRONG = [
    ("sum(x) + foo(x)", "foo", "unknown function foo"),
    ("norm2(x^2)", "x", r"write x\.\^2 for elementwise powers, x'\*x for the squared norm"),
    ("norm2((A*x)^2)", None, r"write x\.\^2 for elementwise powers"),
    ("clip(x, 0)", "clip", "takes 3 arguments"),
    ("det(A, rows)", "det", r"by rows is not known: known are argmax, cumsum, diff, logsumexp, max"),
    ("A\\x", "\\", r"write inv\(A\)\*x"),
    ("A^H", "H", "for the transpose write X'"),
    ("A^t*x", "t", "for the transpose write X'"),
    ("kron(A, B, C)", "kron", r"write kron\(A, kron\(B, C\)\)"),
    ("2*sin()", "sin", r"sin needs an argument: write sin\(\.\.\.\)"),
    ("1..*c", ".", "a point stands in a number or before"),
    ("3.c", ".", "a point stands in a number or before"),
    ("c; b", "c", "a definition such as K = A"),
    ("a + c = b", "=", "not an expression but an equation"),
    ("a = b = c", "c", "not an equation"),
    ("x y", "y", "transpose the right side, or --where"),
    ("x²", "x", r"write x\.\^2"),
    ("(a = b)", "=", "inside brackets"),
    ("|x + y", "|", "never closed"),
    ("f(t) = f(t)^2; f(c)", "f", "defined by itself"),
    ("f(t) = t^2; f(c, c)", "f", "takes 1 argument, not 2"),
    ("a = 2; a = 3; a*c", "a = 3", "defined twice"),
    ("A*x + x'*A", "x'", "shapes do not fit in +"),
    ("x*y", "y", "transpose|write"),
    ("(x + y", "(x", "never closed"),
    ("x + y)", ")", "never opened"),
    ("sum(x", "(x", "never closed"),
    ("x +", "", "expected a number, a name or a bracket"),
    ("* x", "* x", "expected"),
    ("x'*y $ 3", "$", "not part of the language"),
    ("х + 1", "х", "only ASCII"),  # the Cyrillic letter
    ("inv(A*B + C)*D", None, None),
    ("A/B", "B", "division by"),
    ("A^x", "x", "exponent"),
    ("tr(x)", "x", "square"),
    ("det(x*y'*z)", "x*y", "square"),
    ("logsumexp(A*B)", "A", r"column vector.* every row .*write logsumexp\(S, rows\)"),
    ("softmax(x')", "x", "transpose the row"),
    ("toeplitz(x)*h", "x", r"sums along the diagonals .* structured-toeplitz\(T\)"),
    ("kron(A)", "kron", "takes 2 arguments"),
    ("exp(x, y)", "exp", "takes 1 argument"),
    ("exp", "exp", "needs an argument"),
    ("vector(2)", "vector", "vector of ones"),
    ("a(x + y)", "a(", "is a variable, not a function"),
    ("1/0", None, "division by zero"),
    ("2'", "'", "transpose"),
    ("1" * 500, "1", "too long"),
    ("1e999", "1e999", "too long"),
]


#: What people write, and the same in the text language.
READS = [
    ("norm(x)", "norm2(x)"), ("ln(x)", "log(x)"), ("c*trace(A)", "c*tr(A)"), ("transpose(A)*x", "A'*x"),
    ("A + eye(n)", "A + eye"), ("x + zeros(3)", "x + 0*vector(1)"), ("inverse(A)", "inv(A)"), ("dot(x, y)", "x'*y"),
    ("Tr(A)", "tr(A)"), ("x_{1}", "x_1"), ("c = b", "b"), ("sum(x.T)", "sum(x')"), ("x ** 2", "x.^2"), ("2x", "2*x"),
    ("A x", "A*x"), ("x − y", "x - y"), ("xᵀ*y", "x'*y"), ("α*x", "alpha*x"), ("A·x", "A*x"), ("[x]", "x"),
    ("A^T", "A'"), ("||A*x - y||^2", "norm2(A*x - y)^2"), ("|x|", "abs(x)"), ("|c|", "abs(c)"), ("|K|", "det(K)"),
    ("2*[x - y]", "2*(x - y)"), ("x.T @ A @ x", "x'*A*x"), ("np.sum((X @ w - y)**2)", "sum((X*w - y).^2)"),
    ("np.linalg.inv(K) @ y", "inv(K)*y"), ("np.linalg.norm(X @ w - y)**2", "norm2(X*w - y)^2"),
    ("np.trace(A @ B)", "tr(A*B)"), ("np.outer(x, y)", "x*y'"), ("np.log(np.linalg.det(K))", "log(det(K))"),
    ("np.linalg.slogdet(K)[1]", "logdet(K)"), ("x.dot(y)", "x'*y"), ("np.sum(X*Y)", "sum(X.*Y)"),
    ("x⊙y", "x.*y"), ("‖x‖²", "norm2(x)^2"), ("½x'x", "1/2*(x'*x)"), ("K⁻¹y", "inv(K)*y"), ("√c", "sqrt(c)"),
    ("A⊗B", "kron(A, B)"), ("x₁'y", "x_1'*y"), ("A^(-T)", "inv(A)'"), ("||X||_F^2", "norm2(X)^2"),
    ("||x||_1", "norm1(x)"), ("log|K|", "log(det(K))"), ("σ(c)", "sigmoid(c)"), ("log det(K)", "log(det(K))"),
    (r"\frac12\|W^\top W x - x\|^2", "1/2*norm2(W'*W*x - x)^2"), (r"x^TAx", "x'*A*x"),
    (r"x^{\mathsf T}\mathbf{A}x", "x'*A*x"), (r"\mathrm{tr}(A^{-1}B)", "tr(inv(A)*B)"), (r"\log\det X", "log(det(X))"),
    (r"\operatorname{diag}(x)\,y", "diag(x)*y"), (r"x\odot y", "x.*y"), (r"\left(A+B\right)^{-1}x", "inv(A + B)*x"),
    (r"e^{-x^Tx/2}", "exp(-1/2*x'*x)"), (r"A\otimes B", "kron(A, B)"), (r"\sqrt{c}", "sqrt(c)"),
    (r"\lVert Ax - y\rVert_2^2", "norm2(A*x - y)^2"), (r"\lambda I + A", "lambda*eye + A"),
    (r"\tfrac12 A^{-\top}x", "1/2*inv(A)'*x"), (r"\mathbf 1^\top x", "vector(1)'*x"), (r"\sin^2 c", "sin(c)^2"),
    (r"\hat y - t", "yhat - t"), (r"\ln|K|", "log(det(K))"), (r"W_1 x + b_{out}", "W_1*x + b_out"),
    (r"\text{softmax}(Wx)", "softmax(W*x)"), (r"$$c^2$$", "c^2"),
    ("norm2(A*x - b)^2", "norm2(A*x - b)^2"), ("tanh(W*x + b)", "tanh(W*x + b)"), ("X - m", "X - m*vector(1)'"),
    ("X + b'", "X + vector(1)*b'"), ("(1 - y)'*x", "(vector(1) - y)'*x"), ("X + 1", "X + matrix(1)"),
    ("f(t) = log(1 + exp(t)); f(c)", "log(1 + exp(c))"), ("u = A*x\nv = u'\n v*u", "(A*x)'*(A*x)"),
    ("K = A*B; tr(K)", "tr(A*B)"), ("1/n*sum(x)", "1/n*sum(x)"), ("inv(Sigma)*x", "inv(Sigma)*x"),
    ("sum(X, rows)", "X*vector(1)"), ("np.sum(X, axis=0)", "vector(1)'*X"),
]  # fmt: skip


@pytest.mark.parametrize(("written", "text"), READS, ids=[r[0][:24] for r in READS])
def test_notations_are_read_as_the_text_language(written, text):
    problem = parse(written)
    assert read_claim(text, problem, shape(problem.expr)) == problem.expr


def test_letters_are_overruled_by_use_and_a_note_says_so():
    problem = parse("beta'*X'*X*beta")
    assert [str(d) for d in problem.shapes["beta"]] == ["n", "1"]
    assert any("beta is read as a column (n x 1)" in note for note in problem.notes)
    assert parse("beta*x").notes == ()


def caret(message):
    """Return what stands under the caret, or None where there is none."""
    lines = message.split("\n")
    if len(lines) != 3:
        return None
    assert lines[2].strip() == "^"
    return lines[1][lines[2].index("^") :]


#: Calls of functions in about half a second.
AT_ONCE = 2_000_000


@pytest.mark.parametrize(("text", "piece", "says"), WRONG, ids=[w[0][:20] for w in WRONG])
def test_an_error_names_the_place_and_the_mend(text, piece, says):
    if says is None:
        parse(text)
        return
    with pytest.raises(InputError, match=says) as caught:
        calls(lambda: parse(text), AT_ONCE)
    under = caret(str(caught.value))
    assert under is not None
    if piece is not None:
        assert under.startswith(piece) if piece else under == ""


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("", "empty"), ("   \n\t ", "empty"), ("x" * 100_000, "100000 characters long"),
        ("x+" * 50_000 + "x", "characters long"), ("(" * 10_000 + "x" + ")" * 10_000, "nested more than|long"),
        ("(" * 5_000 + "x" + ")" * 5_000, "nested more than"), ("-" * 5_000 + "x", "nested more than"),
        ("x" + "'" * 5_000, "nested more than"), ("2" + "^2" * 5_000, "nested|power|number"),
        ("sin(" * 200 + "x" + ")" * 200, "nested more than"), ("(" * 10_000, "nested more than|never closed"),
        ("2^2^2^2^2^2^2", "power"), ("X^1000000", "powers go up to"), ("9^(9^9)", "power"),
        ("\x00", "not part of the language"), ("x\u202e", "not part"), ("x\n+\n", "expected"),
        ("__import__('os')", "language|expected"), ("x.__class__", "language|expected|operator"),
        ("lambda: 0", "language|expected|operator"),
    ],
)  # fmt: skip
def test_what_nobody_writes_is_refused_at_once(text, says):
    with pytest.raises(InputError, match=says) as caught:
        calls(lambda: parse(text), AT_ONCE)
    assert len(str(caught.value)) < 400
    assert len(str(caught.value).split("\n")) in (1, 3)


def test_a_claim_whose_sizes_do_not_follow_is_refused_with_the_place():
    problem = parse("norm2(A*x)^2")
    with pytest.raises(InputError, match="size of eye does not follow") as caught:
        read_claim("tr(eye)*x", problem)
    assert caret(str(caught.value)).startswith("eye")
    with pytest.raises(InputError, match="y does not occur in the problem"):
        read_claim("A*y", problem)
    with pytest.raises(InputError, match="is it the transpose"):
        read_claim("x'", problem, problem.shapes["x"])


@pytest.mark.parametrize(
    ("where", "declared", "said"),
    [
        ("A: symmetric", "A: n x n", "symmetric(A)"),
        ("A: n x n symmetric", "A: n x n", "symmetric(A)"),
        ("A: symmetric, A: n x n", "A: n x n", "symmetric(A)"),
        ("A: 3x3 posdef", "A: 3 x 3", "posdef(A)"),
        ({"A": "square"}, "A: n x n", ""),
        ("A: matrix, x: positive vector", "x: n", "positive(x)"),
        ("x: positive", "", "positive(x)"),
    ],
)
def test_words_declare_kinds_shapes_and_facts(where, declared, said):
    one, other = (
        gradient("x'*A*x + log(sum(x.^2))", "x", where=w, assume=a)
        for w, a in ((where, ""), (declared, said))
    )
    assert (one.to_text(), one.problem.shapes) == (other.to_text(), other.problem.shapes)
    assert one.problem.assumptions == other.problem.assumptions
    assert gradient("norm2(A*b)^2", "b", where="b: vector").to_text() == "2*A'*A*b"


def test_depth_that_is_allowed_works_through_to_the_gradient():
    inner = "x"
    for _ in range(100):
        inner = f"tanh({inner})"
    d = gradient(f"sum({inner})", "x")
    assert d.to_text()
    assert d.to_numpy()


@pytest.mark.parametrize(
    ("text", "wrt", "where", "assume", "says"),
    [
        ("sum(x)", "x", "x: n x", "", "cannot read the declaration"),
        ("sum(x)", "x", "x n", "", "cannot read the declaration"),
        ("sum(x)", "x", "x: 0", "", "cannot read the declaration"),
        ("sum(x)", "x", "x: n, x: m", "", "declared twice"),
        ("A*x - y", "x", "A: m x n, y: n", "", "shapes do not fit in -"),
        ("sum(x)", "x", "", "symetric(x)", "did you mean symmetric"),
        ("sum(x)", "x", "", "nice(x)", "unknown assumption nice"),
        ("sum(x)", "x", "", "symmetric(x)", "needs a square matrix"),
        ("sum(A)", "A", "A: 2 x 3", "invertible(A)", "needs a square matrix"),
        ("sum(x)", "x", "", "positive(y)", "y does not occur"),
        ("sum(x)", "x", "", "positive x", "cannot read the assumption"),
        ("A*x", "x", "", "", "a gradient needs a scalar"),
        ("sum(x)", "x+1", "", "", "is not a variable"),
        ("sum(x)", "", "", "", "is not a variable"),
        ("sum(x)", "x,x", "", "", "named twice"),
        ("n*sum(x)", "n", "x: n", "", "n is a size here, not a variable"),
        ("m*sum(A)", "A", "m: scalar, A: m x n", "", "m is declared as a variable and named as a size"),
        ("sum(A)", "A", "A: A x n", "", "A is declared as a variable and named as a size"),
        ("eye*sum(x)", "x", "eye: scalar", "", "eye is the identity matrix .* rename it, such as eye_1"),
        ("sum(x)", "x", "exp: n, x: n", "", "exp is a function .* rename it"),
        ("sum(x)", "eye", "", "", "eye is the identity"),
        ("sum(x)", "sum", "", "", "sum is a function"),
        ("pi*sum(x)", "pi", "", "", "pi is a number, not a variable"),
        ("sum(A)", "A", "a: m x n", "", "a is declared but does not occur: did you mean A"),
        ("sum(x)", "x", "x: row", "", 'row is no size in "x: row": write a matrix as'),
        ("sum(x)", "x", "x: n matrix", "", 'the size in "x: n" is not matrix'),
        ("sum(A)", "A", "A: m x n symmetric", "", 'the size in "A: m x n" is not symmetric'),
        ("sum(A)", "A", "A: symmetric, A: 2 x 3", "", "declared twice"),
        ("sum(A)", "A", "A: symetric", "", "did you mean symmetric"),
        ("logdet(A)", "A", "A: spd", "", "did you mean A: posdef"),
        ("sum(A)", "A", "A: m by n", "", "cannot read the declaration .* write a matrix as"),
        ("sum(A)", "A", "A: m ÷ n", "", "cannot read the declaration"),
        ("sum(A)", "A", "A: (m, n)", "", r'cannot read the declaration "A: \(m, n\)"'),
        ("sum(A)", "A", "A: 1000000 x 3", "", "the size 1000000 .* is too large"),
        ("sum(A)", "A", "A: 0 x 3", "", "a size is 1 or more"),
        ("sum(A)", "A", {"A": 3}, "", "cannot read the shape '3'"),
        ("sum(A)", "A", {"A": None}, "", "cannot read the shape"),
        ("sum(A)", "A", {"A": (-1, 2)}, "", "cannot read the declaration"),
        ("sum(A)", "A", {"A": (0, 3)}, "", "a size is 1 or more"),
        ("sum(A)", "A", {"A": (1.5, 2)}, "", "cannot read the shape"),
        ("sum(A)", "A", {"A": (True, 2)}, "", "cannot read the shape"),
        ("sum(A)", "A", {"A": ("a b", "n")}, "", "cannot read the declaration"),
        ("sum(A)", "A", {3: "n"}, "", "cannot read the shape"),
        ("sum(A)", "A", 5, "", "shapes are declared as text"),
        ("sum(A)", "A", ["A: m x n"], "", "shapes are declared as text"),
        ("sum(A)", "A", "", 5, "assumptions are text"),
        ("sum(A)", "A", "", [5], "cannot read the assumption '5'"),
        ("sum(A)", "A", "", ["A: m x n"], "cannot read the assumption"),
        ("sum(A)", "A", "", "symmetric(A, B)", "one name each"),
        ("sum(A)", "A", "", "Symmetric(A)", "did you mean symmetric"),
        ("sum(A)", "A", "", "sym(A)", "did you mean symmetric"),
        ("sum(A)", "A", "", "spd(A)", "did you mean posdef"),
        ("sum(A)", "A", "", "diagonal(A)", "did you mean structured-diagonal"),
        ("sum(A)", "A", "", "structured_symmetric(A)", "did you mean structured-symmetric"),
    ],
)
def test_wrong_declarations_assumptions_and_variables(text, wrt, where, assume, says):
    with pytest.raises(InputError, match=says):
        gradient(text, wrt, where=where, assume=assume)


# ------------------------------------------------------------------------------------------- fuzzing

ALPHABET = st.sampled_from(
    [*"+-*/^'(),.", ".*", "./", ".^", " ", "x", "y", "A", "B", "c", "1", "2.5", "eye", "vector(1)", "sum(", "inv(",
     "tr(", "kron(", "exp(", "diag(", "vec(", "softmax(", "pinv(", "commutation(", "dexpm("]
)  # fmt: skip


@settings(max_examples=300, deadline=1000)
@given(st.text(max_size=60))
@example("x\u0301")
@example("1e-999999999999")
@example("x_" + "9" * 300)
def test_any_text_is_read_or_refused(text):
    try:
        problem = parse(text)
    except InputError:
        return
    assert to_text(problem.expr)


@settings(max_examples=400, deadline=2000)
@given(st.lists(ALPHABET, max_size=14).map("".join))
def test_any_pieces_of_the_language_are_read_or_refused(text):
    try:
        problem = parse(text)
    except InputError as error:
        lines = str(error).split("\n")
    else:
        assert read_claim(to_text(problem.expr), problem, shape(problem.expr)) == problem.expr
        return
    assert len(lines) in (1, 3)


def test_the_row_wise_forms_that_errors_propose_are_those_of_scipy():
    a = np.random.default_rng(0).standard_normal((3, 4))
    for text, wanted in [
        ("exp(S)./(exp(S)*matrix(1))", scipy.special.softmax(a, axis=1)),
        ("log(exp(S)*vector(1))", scipy.special.logsumexp(a, axis=1, keepdims=True)),
    ]:
        assert np.allclose(np.asarray(evaluate(parse(text).expr, {"S": a})), wanted)


@pytest.mark.parametrize(("text", "where", "is_identity"), [
    ("tr(A*I)", None, True), ("norm2(X - I)^2", None, True), ("tr(A*I)", "I: n x n", False),
    ("tr(A*eye)", None, False),
])  # fmt: skip
def test_a_name_that_is_the_identity_elsewhere_is_read_as_it_and_told(text, where, is_identity):
    problem = parse(text, where)
    assert any("I is read as the identity, eye" in n for n in problem.notes) == is_identity
    assert ("I" in problem.symbols) == (where is not None)


@pytest.mark.parametrize(("text", "same"), [
    ("sum((A*x - y)^2)", "sum((A*x - y).^2)"), ("sum(x/y)", "sum(x./y)"), ("sum(1/(1 + exp(-A*x)))", "sum(1./(1 + exp(-A*x)))"),
    ("softmax(Q*K')*V", "softmax(Q*K', rows)*V"),
])  # fmt: skip
def test_what_has_one_reading_only_is_read_and_told(text, same):
    problem = parse(text)
    assert problem.expr == parse(same).expr
    assert any("entry by entry" in n or "by rows" in n for n in problem.notes)


def test_a_variable_to_differentiate_by_is_meant_as_one():
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        parse("tr(A*I)", wrt="I")


@pytest.mark.parametrize("text", ["log(tr(T) - tr(T)) + tr(X)", "log(0)*tr(X)"])
def test_the_logarithm_of_zero_is_refused_at_its_place(text):
    with pytest.raises(InputError, match="division by zero, or the logarithm of zero") as refused:
        parse(text)
    assert "^" in str(refused.value)


# --------------------------------------------------------------------------- several variables, definitions


def test_several_variables_share_one_sweep():
    d = gradient("h = tanh(W*x + b); 1/2*norm2(V*h + c - y)^2", "W, b, V, c")
    assert list(d.results) == ["W", "b", "V", "c"]
    for name, result in d.results.items():
        assert gradient("h = tanh(W*x + b); 1/2*norm2(V*h + c - y)^2", name).result == result
    assert [s.name for s in d.steps if s.phase == "forward"].count("h") == 1
    assert len([s for s in d.steps if s.phase == "backward"]) == 11
    namespace: dict = {}
    exec(d.to_dict()["numpy"], namespace)
    values = {"W": (3, 2), "b": (3,), "V": (4, 3), "c": (4,), "x": (2,), "y": (4,)}
    found = namespace["f"](**{n: np.ones(s) for n, s in values.items()})
    assert [g.shape for g in found] == [(3, 2), (3,), (4, 3), (4,)]
    assert list(gradient("norm2(A*x - b)^2", "all").results) == ["A", "x", "b"]


def test_a_hessian_by_several_variables_is_one_of_blocks():
    d = hessian("1/2*x'*Q*x + l'*(A*x - h)", ["x", "l"])
    assert {k: to_text(v) for k, v in d.results.items()} == {
        "x,x": "1/2*(Q + Q')", "x,l": "A'", "l,x": "A", "l,l": "0*matrix(1)",
    }  # fmt: skip
    namespace: dict = {}
    exec(d.to_dict()["numpy"], namespace)
    a, q = np.arange(6.0).reshape(3, 2), np.eye(2)
    found = namespace["f"](Q=q, A=a, x=np.ones(2), l=np.ones(3), h=np.ones(3))
    assert np.array_equal(found, np.block([[q, a.T], [a, np.zeros((3, 3))]]))


def test_the_blocks_of_a_hessian_by_a_number_are_a_row_and_a_column():
    namespace: dict = {}
    exec(hessian("c*x'*x + c^2", "c, x").to_dict()["numpy"], namespace)
    x = np.array([1.0, 2.0])
    wanted = np.block([[np.array([[2.0]]), 2 * x[None]], [2 * x[:, None], 6 * np.eye(2)]])
    assert np.allclose(namespace["f"](c=3.0, x=x), wanted)
    assert np.allclose(namespace["f"](c=3.0, x=x[:, None]), wanted)


def test_definitions_name_nodes_and_results_and_may_be_differentiated_by():
    text = "K = a*X*X' + c*eye; logdet(K) + y'*inv(K)*y"
    d = gradient(text, "X")
    assert to_text(d.short) == "2*a*inv(K)*(eye - y*y'*inv(K))*X"
    assert [(n, to_text(e)) for n, e in d.where] == [("K", "a*X*X' + c*eye")]
    assert "K_bar" in str(d)
    assert gradient(text, "K").to_text() == "inv(K)'*(eye - y*y'*inv(K)')"
    assert gradient("f(t) = log(1 + exp(t)); f(c*a)", "c").result == gradient("log(1 + exp(c*a))", "c").result


def test_a_variable_told_by_its_case_alone_is_not_guessed():
    with pytest.raises(InputError, match="X does not occur in the expression, x does: --wrt x"):
        gradient("x'*x", "X")
