"""Eigenvalues and eigenvectors of symmetric matrices (Magnus 1985; Matrix Cookbook, 2.3)."""

import numpy as np
import pytest
from flint import arb, fmpq
from hypothesis import given, settings
from hypothesis import strategies as st
from sympy import Integer, MatrixSymbol, Symbol

import derive
from derive.code import Output, source
from derive.errors import InputError
from derive.expression.functions import Eigenvalue, Eigenvector
from tests.derive.mutate_rules import mutants
from tests.derive.points import run
from verify import check_claim
from verify.arithmetics.balls import Balls
from verify.arithmetics.base import Abstain, Undefined
from verify.arithmetics.dual import Dual
from verify.arithmetics.exact import prime_field
from verify.arithmetics.floats import COMPLEX
from verify.derived import gradient, hessian
from verify.evaluate import evaluate

X = MatrixSymbol("X", 3, 3)
#: A matrix with the eigenvalues 4 sin²(kπ/7), k = 1, 2, 3, the roots of λ³ - 7λ² + 14λ - 7.
KNOWN = [[3, -1, 0], [-1, 2, -1], [0, -1, 2]]


def symmetric(n, seed):
    """Return a symmetric matrix of eighths, with eigenvalues that are apart."""
    for attempt in range(100):
        a = np.random.default_rng([seed, attempt]).integers(-16, 17, (n, n))
        a = (a + a.T) / 8
        if n == 1 or np.diff(np.linalg.eigvalsh(a)).min() > 0.25:
            return a
    raise AssertionError("no such matrix found")


@given(st.integers(1, 5), st.integers(0, 10**6), st.data())
@settings(max_examples=25, deadline=None)
def test_balls_floats_and_the_printed_functions_keep_the_definition(n, seed, data):
    """X v = λ v, v'v = 1, and λ has i - 1 eigenvalues below it: Sylvester's law of inertia counts those."""
    a, i = symmetric(n, seed), data.draw(st.integers(1, n))
    A = MatrixSymbol("A", n, n)
    arithmetic = Balls(256)
    value = evaluate(Eigenvalue(A, i), {"A": a}, arithmetic=arithmetic)[0, 0]
    v = evaluate(Eigenvector(A, i), {"A": a}, arithmetic=arithmetic)
    with arithmetic.context():
        residual = arithmetic.array(a) @ v - value * v
        assert all(e.contains(0) and float(e.rad()) < 1e-60 for e in residual.flat)
        length = (v.T @ v)[0, 0]
        assert length.contains(1)
        assert float(length.rad()) < 1e-60
    center = float(value.mid())
    assert sum(np.linalg.eigvalsh(a - (center - 1e-3) * np.eye(n)) < 0) == i - 1
    expected = np.array([[float(e.mid())] for e in v.flat])
    for printed, wanted in ((Eigenvalue(A, i), center), (Eigenvector(A, i), expected)):
        assert np.allclose(evaluate(printed, {"A": a}), wanted, atol=1e-12)
        assert np.allclose(evaluate(printed, {"A": a}, arithmetic=COMPLEX), wanted, atol=1e-12)
        assert np.allclose(run(source([Output((printed,))], {"A": A}))(A=a), wanted, atol=1e-12)


def test_a_known_spectrum():
    arithmetic = Balls(256)
    for k in (1, 2, 3):
        value = evaluate(Eigenvalue(X, k), {"X": KNOWN}, arithmetic=arithmetic)[0, 0]
        with arithmetic.context():
            assert value.overlaps(4 * arb.sin_pi_fmpq(fmpq(k, 7)) ** 2)
            assert float(value.rad()) < 1e-70


@given(st.integers(1, 5), st.integers(0, 10**6))
@settings(max_examples=15, deadline=None)
def test_the_eigenvalues_have_the_trace_as_sum_and_the_determinant_as_product(n, seed):
    """MC (65), (66)."""
    a = symmetric(n, seed)
    A = MatrixSymbol("A", n, n)
    arithmetic = Balls(256)
    values = [evaluate(Eigenvalue(A, i), {"A": a}, arithmetic=arithmetic)[0, 0] for i in range(1, n + 1)]
    with arithmetic.context():
        exact = arithmetic.array(a)
        assert sum(values).overlaps(sum(exact[k, k] for k in range(n)))
        product = values[0]
        for value in values[1:]:
            product = product * value
        assert product.overlaps(arithmetic.determinant(exact)[0, 0])


def test_the_derivatives_of_the_sum_and_the_product():
    """MC (65), (66) differentiated: the sum's gradient is I, the product's det(X) inv(X)'."""
    options = {"where": "X: 3 x 3", "assume": "symmetric(X)"}
    total, product = ("{0}(X, 1) {1} {0}(X, 2) {1} {0}(X, 3)".format("eigval", op) for op in "+*")
    assert check_claim(total, "X", "eye", **options).verdict == "agrees"
    assert check_claim(product, "X", "det(X)*inv(X)", **options).verdict == "agrees"
    assert check_claim(product, "X", "det(X)*eye", **options).verdict == "refuted"


def test_duals_agree_with_differences_along_any_direction():
    """Also along directions that leave the symmetric matrices, where the eigenvalue is continued (Magnus 1985)."""
    rng = np.random.default_rng(4)
    a, d, h = symmetric(4, 1), rng.standard_normal((4, 4)), 1e-5
    A = MatrixSymbol("A", 4, 4)
    for expr in (Eigenvalue(A, 2), Eigenvector(A, 3)):
        found = evaluate(expr, {"A": Dual(a, d)}).tangent
        ahead, behind = (evaluate(expr, {"A": a + s * h * d}) for s in (1, -1))
        assert np.allclose(found, (ahead - behind) / (2 * h), atol=1e-7)


TIED, FREE = "structured-symmetric(X)", "symmetric(X)"
R = "inv(eigval(X, 2)*eye - X + eigvec(X, 2)*eigvec(X, 2)')"
GAP = f"{R}*(eye - eigvec(X, 2)*eigvec(X, 2)')"
RIGHT = [
    ("eigval(X, 2)", "X", "eigvec(X, 2)*eigvec(X, 2)'", "gradient", FREE),
    ("eigval(X, 2)", "X", "eigvec(X, 2)'*dX*eigvec(X, 2)", "differential", FREE),
    ("eigval(X, 1)", "X", "2*eigvec(X, 1)*eigvec(X, 1)' - eigvec(X, 1)*eigvec(X, 1)'.*eye", "gradient", TIED),
    ("eigvec(X, 2)", "X", f"{GAP}*dX*eigvec(X, 2)", "differential", FREE),
    ("eigvec(X, 2)", "X", f"kron(eigvec(X, 2)', {GAP})", "jacobian", FREE),
    ("y'*eigvec(X, 2)", "X", f"{GAP}*y*eigvec(X, 2)'", "gradient", FREE),
    ("norm2(eigvec(X, 1))^2", "X", "0*X", "gradient", FREE),
    ("eigval(X, 2)", "X", "toeplitz(eigvec(X, 2)*eigvec(X, 2)') + toeplitz(eigvec(X, 2)*eigvec(X, 2)')'"
     " - toeplitz(eigvec(X, 2)*eigvec(X, 2)').*eye", "gradient", TIED + ", structured-toeplitz(X)"),
    ("eigval(A*A', 1)", "A", "2*eigvec(A*A', 1)*eigvec(A*A', 1)'*A", "gradient", ""),
    ("log(eigval(K + x*x', 2))", "x", "2*(eigvec(K + x*x', 2)'*x)/eigval(K + x*x', 2)*eigvec(K + x*x', 2)",
     "gradient", "posdef(K)"),
]  # fmt: skip
WRONG = [
    ("eigval(X, 2)", "X", "eigvec(X, 1)*eigvec(X, 1)'", "gradient", FREE),
    ("eigval(X, 2)", "X", "eigvec(X, 2)*eigvec(X, 2)'", "gradient", TIED),
    ("eigval(X, 2)", "X", "2*eigvec(X, 2)'*dX*eigvec(X, 2)", "differential", FREE),
    ("eigvec(X, 2)", "X", f"{R}*dX*eigvec(X, 2)", "differential", FREE),
    ("eigvec(X, 2)", "X", f"-{GAP}*dX*eigvec(X, 2)", "differential", FREE),
    ("eigvec(X, 2)", "X", f"{GAP}*dX*eigvec(X, 1)", "differential", FREE),
    ("eigvec(X, 2)", "X", f"kron({GAP}, eigvec(X, 2)')", "jacobian", FREE),
    ("y'*eigvec(X, 2)", "X", f"{GAP}*eigvec(X, 2)*y'", "gradient", FREE),
    ("eigvec(X, 2)", "X", f"(dX - eigvec(X, 2)'*dX*eigvec(X, 2)*eye)*{R}*eigvec(X, 2)", "differential", FREE),
    ("eigval(A*A', 1)", "A", "eigvec(A*A', 1)*eigvec(A*A', 1)'*A", "gradient", ""),
]


@pytest.mark.parametrize(("expr", "wrt", "claim", "kind", "assume"), RIGHT)
def test_right_claims_agree(expr, wrt, claim, kind, assume):
    assert check_claim(expr, wrt, claim, kind=kind, assume=assume).verdict in ("proved", "agrees")
    text = getattr(derive, kind)(expr, wrt, assume=assume).to_text()
    assert check_claim(expr, wrt, text, kind=kind, assume=assume).verdict in ("proved", "agrees")


@pytest.mark.parametrize(("expr", "wrt", "claim", "kind", "assume"), WRONG)
def test_wrong_claims_are_refuted(expr, wrt, claim, kind, assume):
    assert check_claim(expr, wrt, claim, kind=kind, assume=assume).verdict == "refuted"


def test_second_derivatives_among_symmetric_matrices():
    """d²λ[dX, dX] = 2 v' dX pinv(λI - X) dX v, and the claim that forgets the factor is refuted."""
    assert hessian("eigval(X, 1)", "X", assume=TIED).evidence[-1].verdict == "agrees"
    rest = "inv(eigval(X, 1)*eye - X + eigvec(X, 1)*eigvec(X, 1)')*(eye - eigvec(X, 1)*eigvec(X, 1)')"
    half = f"({rest}*dX*eigvec(X, 1)*eigvec(X, 1)')"
    for factor, verdict in (("1", "agrees"), ("1/2", "refuted")):
        both = f"{factor}*({half} + {half}')"
        claim = f"2*{both} - {both}.*eye"
        assert check_claim("eigval(X, 1)", "X", claim, kind="hessian", assume=TIED).verdict == verdict


@pytest.mark.parametrize("name", ["eigenvalue", "eigenvector", "sums along diagonals"])
def test_a_wrong_rule_is_caught(name):
    (entry,) = (e for e in derive.operations.OPERATIONS if e.name == name)
    changed = [m for m in mutants(entry) if m.changes]
    assert changed
    assert [m.label for m in changed if not m.caught()] == []


def test_where_it_holds_and_how_it_is_printed():
    d = derive.gradient("eigval(X, 2)", "X", assume=FREE)
    assert d.conditions == ("eigenvalue 2 of X is simple",)
    assert d.to_text() == "eigvec(X, 2)*eigvec(X, 2)'"
    assert derive.latex(d.problem.expr) == r"\lambda_{2}\left(X\right)"
    assert derive.latex(Eigenvector(X, 1)) == r"v_{1}\left(X\right)"
    again = derive.parse(derive.to_text(d.result), where="X: n x n")
    assert again.expr == d.result
    assert derive.parse("eigval(c, 1) + eigvec(c, 1)").expr == Symbol("c", real=True) + 1


def test_an_arithmetic_says_what_it_cannot_tell():
    with pytest.raises(Abstain, match="eigenvalues have no value"):
        evaluate(Eigenvalue(X, 1), {"X": KNOWN}, arithmetic=prime_field())
    for arithmetic in (Balls(128), None):
        options = {"arithmetic": arithmetic} if arithmetic else {}
        with pytest.raises(Undefined, match="not real"):
            evaluate(Eigenvalue(X, 1), {"X": [[0, 1, 0], [-1, 0, 0], [0, 0, 1]]}, **options)
    with pytest.raises(Undefined, match="not told apart"):
        evaluate(Eigenvector(X, 1), {"X": np.eye(3)}, arithmetic=Balls(128))


@pytest.mark.parametrize(
    ("call", "message"),
    [
        (lambda: derive.gradient("eigval(X, 1)", "X"), r"not seen to be symmetric: assume symmetric\(X\)"),
        (lambda: derive.hessian("eigval(X, 1)", "X", assume=FREE), r"structured-symmetric\(X\)"),
        (lambda: derive.parse("eigval(X, 0)"), "1 for the smallest"),
        (lambda: derive.parse("eigvec(X, c)"), "1 for the smallest"),
        (lambda: derive.parse("eigvec(A, 1)", where="A: m x n"), "square matrix, this is m x n"),
        (lambda: derive.parse("eigvec(A, 4)", where="A: 3 x 3"), "has no eigenvalue number 4"),
        (lambda: Eigenvalue(X, Integer(4)), "has no eigenvalue number 4"),
        (lambda: check_claim("eigval(X, 9)", "X", "eye", where="X: n x n", assume=FREE), "eigenvalue 9 of a"),
    ],
)
def test_what_cannot_be_said_is_an_input_error(call, message):
    with pytest.raises(InputError, match=message):
        call()


@pytest.mark.parametrize(
    "matrix",
    [
        "(A*B)*(A*B)'",
        "(A*B)'*(A*B)",
        "A*B + (A*B)'",
        "(A*B)*(B'*A')",
        "(A*(B*P))*P'*(A*B)'",
        "(A*B).*(A*B)'",
        "2*(X*Y') + 2*Y*X'",
    ],
)
def test_a_product_with_its_transpose_is_symmetric_however_it_is_bracketed(matrix):
    assert gradient(f"eigval({matrix}, 1)", "A" if "A" in matrix else "X").verdict == "agrees"


@given(st.integers(2, 4), st.integers(0, 10**6))
@settings(max_examples=10, deadline=None)
def test_the_matrix_of_eigenvectors_moves_as_numpys_does(n, seed):
    """Differences of LAPACK's eigenvectors, each scaled so that its largest entry is positive."""

    def vectors(a):
        v = np.linalg.eigh(a)[1]
        return v * np.sign(v[np.argmax(np.abs(v) > 0.9 * np.abs(v).max(axis=0), axis=0), np.arange(n)])

    a, rng = symmetric(n, seed), np.random.default_rng(seed)
    b, direction = rng.standard_normal((n, n)), symmetric(n, seed + 1)
    slope = (vectors(a + 1e-6 * direction) - vectors(a - 1e-6 * direction)) / 2e-6
    problem = {"where": f"A: {n} x {n}, B: {n} x {n}", "assume": "symmetric(A)"}
    found = derive.gradient("tr(eigvecs(A)'*B)", "A", **problem).result
    assert np.sum(evaluate(found, {"A": a, "B": b}) * direction) == pytest.approx(np.sum(slope * b), abs=1e-5)


def test_what_has_no_derivative_in_the_language_is_an_input_error():
    with pytest.raises(InputError, match="the derivative of the pentagamma function has no name"):
        derive.gradient("sum(pentagamma(x))", "x")


def test_a_sum_with_a_product_of_diagonal_matrices_is_seen_to_be_symmetric():
    assert (
        gradient("eigmin(cumsum(diag(x), columns)*cumsum(diag(x), columns)' + 2*eye)", "x").verdict
        == "agrees"
    )


def test_an_error_names_the_matrix_in_the_language():
    with pytest.raises(InputError, match=r"the matrix of eig\w+\(diag\(x\)\*A"):
        derive.gradient("eigmin(diag(x)*A)", "A")
