"""Sizes and their unification, products of sizes among them."""

import pytest

from derive import gradient, parse, read_claim
from derive.errors import InputError
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


def test_sizes_that_cannot_be_are_refused_with_the_place():
    with pytest.raises(
        InputError, match=r"sizes do not fit in \+: declare the shapes with --where\n.*\n +\^"
    ):
        parse("kron(A, B) + C", "A: m x m, B: n x n, C: k x k")
