"""The softmax Jacobian, with matrices and with indices."""

from __future__ import annotations

from sympy import (
    DiagMatrix,
    Expr,
    IndexedBase,
    KroneckerDelta,
    MatrixSymbol,
    Mul,
    Sum,
    Symbol,
    exp,
    expand,
    latex,
    log,
    symbols,
)

from derive.errors import InternalError
from derive.results.result import IndexLine, Result, Slip


def pick(total: Expr) -> Expr:
    """Return a sum over k with δ_jk in every term as its term at k = j, which lies in the range."""
    if not isinstance(total, Sum):
        return total.func(*map(pick, total.args)) if total.args else total
    ((k, _, _),) = total.limits
    deltas = [
        a for a in Mul.make_args(total.function) if isinstance(a, KroneckerDelta) and k in a.free_symbols
    ]
    if not deltas:
        return total
    j = next(a for a in deltas[0].args if a != k)
    return (total.function / deltas[0]).subs(k, j)


def by_indices() -> list[IndexLine]:
    """Derive ∂y_i/∂z_j for any n through log-softmax, and show that diag(y) − y y' has these entries.

    Raises InternalError if the two forms differ.
    """
    n = Symbol("n", integer=True, positive=True)
    i, j, k = symbols("i j k", integer=True, positive=True)
    z, y = IndexedBase("z"), IndexedBase("y")
    normaliser = Sum(exp(z[k]), (k, 1, n))
    log_softmax = z[i] - log(normaliser)
    by_definition = log_softmax.diff(z[j])
    picked = pick(by_definition)
    delta = KroneckerDelta(i, j)
    log_derivative = picked.subs(exp(z[j]) / normaliser, y[j])
    entry = y[i] * log_derivative
    if expand(log_derivative - (delta - y[j])) != 0:
        raise InternalError(f"the derivative of log-softmax came out as {log_derivative}")
    column = MatrixSymbol("y", n, 1)
    matrix_entry = (DiagMatrix(column) - column * column.T)[i, j]
    index_form = entry.replace(lambda e: getattr(e, "base", None) == y, lambda e: column[e.indices[0], 0])
    if expand(matrix_entry - index_form) != 0:
        raise InternalError(f"the entries of the matrix form are {matrix_entry}, by indices {index_form}")
    return [
        IndexLine(rf"\log y_i = {latex(log_softmax)}", "the logarithm of the softmax"),
        IndexLine(
            rf"\frac{{\partial \log y_i}}{{\partial z_j}} = {latex(by_definition)}",
            "differentiate term by term: the derivative of $z_k$ by $z_j$ is $\\delta_{j k}$",
        ),
        IndexLine(
            rf"\frac{{\partial \log y_i}}{{\partial z_j}} = {latex(picked)} = {latex(log_derivative)}",
            "$\\delta_{j k}$ picks the term $k = j$, and $\\exp(z_j)$ over the sum is $y_j$",
        ),
        IndexLine(
            r"\frac{\partial y_i}{\partial z_j} = y_i \frac{\partial \log y_i}{\partial z_j}"
            r" = y_i \left(\delta_{i j} - y_j\right)",
            "the derivative of $\\exp(\\log y_i)$",
        ),
        IndexLine(
            r"\left(\operatorname{diag}(y) - y y^{\top}\right)_{i j} = y_i \delta_{i j} - y_i y_j"
            r" = y_i \left(\delta_{i j} - y_j\right)",
            "the entries of the matrix form are the same: the two are one",
        ),
    ]


SOFTMAX_JACOBIAN = Result(
    name="softmax-jacobian",
    title="The softmax Jacobian",
    expr="softmax(z)",
    wrt="z",
    kind="jacobian",
    story=(
        "The last layer of a classifier turns scores $z$ into probabilities $y = \\operatorname{softmax}(z)$. Each probability "
        "depends on every score, since all share one normaliser: the diagonal carries $y_i (1 - y_i)$, the rest "
        "$-y_i y_j$. Rows and columns sum to zero, because the probabilities always sum to one."
    ),
    source="Bridle 1990, Probabilistic interpretation of feedforward classification network outputs",
    claims=("diag(softmax(z)) - softmax(z)*softmax(z)'",),
    slips=(
        Slip(
            "the exponential of a derivative",
            "exp(eye - vector(1)*softmax(z)')",
            "$y_i = \\exp(\\log y_i)$ has the derivative $y_i$ times that of $\\log y_i$, not its exponential",
        ),
        Slip(
            "a wrong sign off the diagonal",
            "diag(softmax(z)) + softmax(z)*softmax(z)' - 2*diag(softmax(z).^2)",
            "for $i$ and $j$ distinct the derivative is $-y_i y_j$: raising one score lowers the other probabilities",
        ),
    ),
    by_indices=by_indices,
)
