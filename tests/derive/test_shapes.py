"""Sizes and their unification, products of sizes among them."""

import pytest

from derive import gradient, parse, read_claim, to_text
from derive.errors import InputError
from derive.language.scope import ParseError
from derive.language.shapes import Product, SizeConflict, Undetermined, Unknown, find, unify


def test_a_lone_unknown_takes_what_is_left():
    a = Unknown()
    unify(Product("m", a), Product("n", Product("m", "k")))
    assert find(a) == Product("n", "k")


def test_numbers_divide_out():
    a = Unknown()
    unify(Product(a, 4), 12)
    assert find(a) == 3
    with pytest.raises(SizeConflict):
        unify(Product(Unknown(), 5), 12)


def test_a_square_has_one_root():
    a, b = Unknown(), Unknown()
    unify(Product(a, a), 9)
    unify(Product(b, b), Product("n", "n"))
    assert (find(a), find(b)) == (3, "n")


def test_what_can_be_equal_in_two_ways_is_left_open():
    a, b = Unknown(), Unknown()
    with pytest.raises(Undetermined):
        unify(Product(a, b), Product("m", "n"))
    assert find(a) is a
    unify(Product(a, b), Product("m", "n"), guess=True)
    assert (find(a), find(b)) == ("m", "n")


@pytest.mark.parametrize(
    ("expr", "where"),
    [
        ("vec(X)'*A*vec(X)", "X: m x n"),
        ("vec(X)'*A*vec(X)", "X: 2 x 3, A: 6 x 6"),
        ("norm2(kron(A, X) - B)^2", "A: 2 x 3, X: 3 x 4, B: 6 x 12"),
        ("vec(A*X*B)'*y", "A: k x m, X: m x n, B: n x p"),
        ("y'*kron(A, X)*x", "A: k x p, X: m x n"),
    ],
)
def test_a_gradient_with_a_partial_trace_reads_back(expr, where):
    """The identities in it have sizes that follow only from the products around them."""
    d = gradient(expr, "X", where=where)
    assert read_claim(d.to_text(), d.problem, d.problem.wrt[0].shape) == d.result


@pytest.mark.parametrize(
    ("where", "reads"),
    [
        ("Y: m x n", False),  # matrix(1) is n x n and eye m x m, or the other way round
        ("Y: 3 x 2", False),
        ("Y: n x n", True),
        ("Y: 2 x 2", True),
    ],
)
def test_a_claim_is_read_only_where_one_choice_of_sizes_makes_it_fit(where, reads):
    problem = parse("Y", where)
    rows, columns = problem.shapes["Y"]
    due = (rows * columns, rows * columns)
    if reads:
        assert read_claim("kron(matrix(1), eye)", problem, due).args[1].shape == (rows, rows)
        return
    with pytest.raises(ParseError, match=r"size of matrix\(1\) does not follow") as caught:
        read_claim("kron(matrix(1), eye)", problem, due)
    assert caught.value.position == 5


def test_what_one_product_leaves_open_another_decides():
    problem = parse("A*x", "A: m x n")
    m, n = problem.shapes["A"]
    (_, p), (q, _) = (a.shape for a in read_claim("kron(matrix(1), eye)", problem, (m * n, n * n)).args)
    assert (p, q) == (n, n)  # eye is no 1 x 1 matrix, so it takes the one factor that both products have


def test_the_gradient_of_a_product_with_ones_of_unclear_place_is_not_refuted_against_itself():
    problem = parse("Y*(matrix(1) + 0*B)", "Y: m x n, B: n x n", wrt="Y")
    m, n = problem.shapes["Y"]
    due = (m * n, m * n)
    assert read_claim("kron(matrix(1) + 0*B, eye)", problem, due).args[1].shape == (m, m)
    with pytest.raises(InputError, match="does not follow"):
        read_claim("kron(matrix(1), eye)", problem, due)


@pytest.mark.parametrize(
    ("text", "constant"),
    [
        ("sum(x)*tr(eye)", "eye"),
        ("vector(1)'*vector(1)*sum(x)", r"vector\(1\)"),
        ("sum(vector(1)*x')", r"vector\(1\)"),
        ("norm2(kron(eye, matrix(1))*vec(X))", "eye"),
    ],
)
def test_the_size_of_a_constant_is_never_made_up(text, constant):
    with pytest.raises(ParseError, match=f"the size of {constant} does not follow"):
        parse(text)


def test_the_trace_of_an_identity_is_its_size_and_reads_back():
    problem = parse("tr(A^0)*sum(A.^2)", "A: n x n")
    assert read_claim(to_text(problem.expr), problem) == problem.expr
    assert to_text(problem.expr).startswith("n*")


@pytest.mark.parametrize("text", ["logdet(kron(A, B) + C)", "tr(kron(A, B)*C)"])
def test_kronecker_products_take_sizes_that_nobody_declared(text):
    """The shapes fit: the columns of kron(A, B) are the products of those of A and B."""
    (a, b), (c, d), last = (parse(text).shapes[name] for name in "ABC")
    assert last == ((a * c, b * d) if "+" in text else (b * d, a * c))
    assert "+" not in text or (a, c) == (b, d)


def test_sizes_that_cannot_be_are_refused_with_the_place():
    with pytest.raises(
        InputError, match=r"sizes do not fit in \+: m\*n and k; declare the shapes with --where\n.*\n +\^"
    ):
        parse("kron(A, B) + C", "A: m x m, B: n x n, C: k x k")
    with pytest.raises(InputError, match=r"sizes do not fit in \*: k\*n and q; "):
        parse("kron(A, B)*x", "A: m x k, B: p x n, x: q")
