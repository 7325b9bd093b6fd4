"""Functions of the text language against SciPy and NumPy, their derivatives as textbooks print them, and their code."""

import numpy as np
import pytest
import scipy.linalg
import scipy.special

import derive
import verify
from derive import parse
from tests.derive.points import run
from verify.arithmetics.balls import Balls
from verify.evaluate import evaluate

RNG = np.random.default_rng(0)
X, Y, A = RNG.normal(size=(3, 4)), RNG.normal(size=(3, 4)), RNG.normal(size=(3, 3))
P = A @ A.T + np.eye(3)
w = RNG.normal(size=(3, 1))
TEXTBOOK_SVD = np.linalg.svd(X.T, full_matrices=False)

#: Text -> the value that another implementation gives.
VALUES = {
    "softmax(X, rows)": lambda: scipy.special.softmax(X, axis=1),
    "softmax(X, columns)": lambda: scipy.special.softmax(X, axis=0),
    "logsumexp(X, rows)": lambda: scipy.special.logsumexp(X, axis=1, keepdims=True),
    "sum(X, rows)": lambda: X.sum(axis=1, keepdims=True),
    "mean(X, columns)": lambda: X.mean(axis=0, keepdims=True),
    "var(X, rows)": lambda: X.var(axis=1, keepdims=True),
    "std(X)": lambda: X.std(),
    "max(X, rows)": lambda: X.max(axis=1, keepdims=True),
    "min(X)": lambda: X.min(),
    "norm2(X, rows)": lambda: np.linalg.norm(X, axis=1, keepdims=True),
    "norm1(X, columns)": lambda: np.abs(X).sum(axis=0, keepdims=True),
    "prod(X, rows)": lambda: X.prod(axis=1, keepdims=True),
    "diff(X)": lambda: np.diff(X, axis=0),
    "diff(w)": lambda: np.diff(w, axis=0),
    "diff(X, rows)": lambda: np.diff(X, axis=1),
    "diff(X, columns)": lambda: np.diff(X, axis=0),
    "arcsinh(X)": lambda: np.arcsinh(X),
    "arccosh(X.^2 + 1)": lambda: np.arccosh(X**2 + 1),
    "arctanh(X/10)": lambda: np.arctanh(X / 10),
    "vech(A)": lambda: A.T[np.triu_indices(3)].reshape(-1, 1),
    "unvech(vech(A), 3)": lambda: np.tril(A),
    "cumsum(X, rows)": lambda: X.cumsum(axis=1),
    "cumsum(w)": lambda: w.cumsum(axis=0),
    "norminf(w)": lambda: np.abs(w).max(),
    "norminf(X)": lambda: np.linalg.norm(X, np.inf),
    "max(X, Y)": lambda: np.maximum(X, Y),
    "min(X, 0)": lambda: np.minimum(X, 0),
    "clip(X, -1/2, 1/2)": lambda: X.clip(-0.5, 0.5),
    "leakyrelu(X, 1/10)": lambda: np.where(X > 0, X, X / 10),
    "elu(X)": lambda: np.where(X > 0, X, np.expm1(X)),
    "huber(X, 1/2)": lambda: scipy.special.huber(0.5, X),
    "normcdf(X)": lambda: scipy.special.ndtr(X),
    "atan2(X, Y)": lambda: np.arctan2(X, Y),
    "log1p(exp(X))": lambda: np.log1p(np.exp(X)),
    "lgamma(P.*P)": lambda: scipy.special.gammaln(P * P),
    "digamma(P.*P)": lambda: scipy.special.digamma(P * P),
    "trigamma(P.*P)": lambda: scipy.special.polygamma(1, P * P),
    "lmvgamma(7/2, 3)": lambda: scipy.special.multigammaln(3.5, 3),
    "sqrtm(P)": lambda: scipy.linalg.sqrtm(P),
    "logm(P)": lambda: scipy.linalg.logm(P),
    "sinm(A)": lambda: scipy.linalg.sinm(A),
    "cosm(A)": lambda: scipy.linalg.cosm(A),
    "P^(1/2)": lambda: scipy.linalg.sqrtm(P),
    "P^(-1/3)": lambda: scipy.linalg.fractional_matrix_power(P, -1 / 3),
    "chol(P)": lambda: np.linalg.cholesky(P),
    "lyap(P, A)": lambda: scipy.linalg.solve_continuous_lyapunov(P, -A),
    "sylvester(P, P, A)": lambda: scipy.linalg.solve_sylvester(P, P, A),
    "svdvals(X')": lambda: TEXTBOOK_SVD[1].reshape(-1, 1),
    "normnuc(X)": lambda: TEXTBOOK_SVD[1].sum(),
    "normspec(X')": lambda: TEXTBOOK_SVD[1][0],
    "polar(X')": lambda: TEXTBOOK_SVD[0] @ TEXTBOOK_SVD[2],
    "eigmax(P)": lambda: np.linalg.eigvalsh(P)[-1],
    "cross(w, A*w)": lambda: np.cross(w.ravel(), (A @ w).ravel()).reshape(3, 1),
    "tril(A)": lambda: np.tril(A),
    "unskew(skew(w))": lambda: 2 * w,
}


@pytest.mark.parametrize("arithmetic", [None, Balls(128)], ids=["floats", "balls"])
@pytest.mark.parametrize("text", VALUES)
def test_a_value(text, arithmetic):
    problem = parse(text, where="X: 3 x 4, Y: 3 x 4, A: 3 x 3, P: 3 x 3, w: 3", assume=_posdef(text))
    values = {n: globals()[n] for n in problem.shapes}
    more = () if arithmetic is None else (arithmetic,)
    got = evaluate(problem.expr, values, {}, *more)
    got = np.array([[float(e) for e in row] for row in got])
    assert np.allclose(got, np.reshape(VALUES[text](), got.shape), rtol=1e-11, atol=1e-11)


def _posdef(text):
    return "posdef(P)" if "P" in text else None


def test_balls_of_a_root_and_a_logarithm_hold_the_numbers_and_are_narrow():
    root = parse("sqrtm(P)*sqrtm(P) - P", where="P: 3 x 3").expr
    inverse = parse("expm(logm(P)) - P", where="P: 3 x 3").expr
    for expr in (root, inverse):
        for e in evaluate(expr, {"P": P}, {}, Balls(256)).flat:
            assert e.contains(0)
            assert float(e.rad()) < 1e-60


#: Losses as people write them, and the gradients that textbooks give.
TEXTBOOK = """
sum(logsumexp(X*W, rows)) - tr(Y'*X*W) | W | X'*(softmax(X*W, rows) - Y)
sum(max(W*x, V*x)) | W | step(W*x - V*x)*x'
max(A*x) | x | A'*argmax(A*x)
norm2(cumsum(x) - y)^2 | x | 2*lower(n)'*(lower(n)*x - y)
tr(logm(X)) | X | inv(X)'
tr(X^p) | X | p*(X^(p - 1))'
tr(lyap(A, Q)*B) | Q | -sylvester(A', A, B')
normnuc(X) | X | polar(X)
mean((X*w - y).^2) | w | 2/m*X'*(X*w - y)
sum(huber(x, c)) | x | clip(x, -c, c)
norm2(cross(x, y))^2 | x | 2*(y'*y*x - x'*y*y)
prod(x) | x | prod(x)./x
norm2(diff(x))^2 | x | 2*(eye(n)[:, 2:n] - eye(n)[:, 1:n - 1])*diff(x)
v'*vech(X*X') | X | (unvech(v, m) + unvech(v, m)')*X
sum(arcsinh(x)) | x | 1./sqrt(x.^2 + 1)
sum(arctanh(x)) | x | 1./(1 - x.^2)
sum(arccosh(x)) | x | 1./sqrt(x.^2 - 1)
logdet(L) | L | inv(L)'.*lower(n)
""".strip().splitlines()


@pytest.mark.parametrize("line", TEXTBOOK)
def test_a_textbook_gradient(line):
    loss, wrt, answer = (part.strip() for part in line.split("|"))
    where = {"tr(X^p)": "p: scalar", "norm2(cross(x, y))^2": "x: 3, y: 3"}.get(loss)
    assume = {"logdet(L)": "structured-lower(L)", "sum(huber(x, c))": "positive(c)"}.get(loss)
    d = verify.gradient(loss, wrt, where=where, assume=assume)
    assert d.verdict in ("agrees", "certified", "proved")
    if "(n)" in answer or "/m" in answer:  # sizes by the letters that the derivation chose
        return
    v = verify.check_claim(loss, wrt, answer, where=where, assume=assume)
    assert v.verdict in ("agrees", "certified", "proved")


@pytest.mark.parametrize("claim", ["X'*(softmax(X*W, rows) + Y)", "X'*(softmax(X*W, columns) - Y)"])
def test_a_wrong_gradient_by_rows_is_refuted(claim):
    v = verify.check_claim("sum(logsumexp(X*W, rows)) - tr(Y'*X*W)", "W", claim)
    assert v.verdict == "refuted"


def test_code_by_rows_does_not_overflow():
    d = derive.gradient("-sum(Y.*log(softmax(S, rows)))", "S")
    scores = 1e4 * RNG.normal(size=(3, 4))
    target = np.eye(4)[[0, 2, 3]]
    got = run(d.to_numpy())(S=scores, Y=target)
    assert np.allclose(got, scipy.special.softmax(scores, axis=1) - target)


@pytest.mark.parametrize("kind", ["lower", "upper", "skew"])
def test_a_structure_moves_entries_together(kind):
    """The derivative along each direction of the structure is what the gradient there says."""
    loss = "norm2(A*A*x - x)^2"
    assert verify.gradient(loss, "A", assume=f"structured-{kind}(A)").verdict == "certified"
    free = derive.gradient(loss, "A").to_text()
    assert verify.check_claim(loss, "A", free, assume=f"structured-{kind}(A)").verdict == "refuted"


def test_sizes_that_nothing_says_are_printed():
    d = derive.gradient("sum(A)*logdet(c*eye(n))", "A", where="A: n x n")
    assert "eye(n)" in d.to_text()
    assert (
        verify.check_claim("sum(A)*logdet(c*eye(n))", "A", d.to_text(), where="A: n x n").verdict == "proved"
    )


def test_chol_asks_for_a_symmetric_matrix_with_a_note():
    problem = parse("tr(A*chol(S))")
    assert ("structured-symmetric", "S") in problem.assumptions
    assert problem.notes
