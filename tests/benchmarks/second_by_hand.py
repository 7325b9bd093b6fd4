"""Second derivatives as an expert writes them by hand in NumPy, beside which printed code is timed."""

import numpy as np
import scipy.linalg
import scipy.special

RNG = np.random.default_rng(1)
normal = lambda *shape: RNG.standard_normal(shape)


def logistic_hessian(X, w, y):
    s = scipy.special.expit(y * (X @ w))
    half = (y * np.sqrt(s * (1 - s)))[:, None] * X
    return half.T @ half  # of which BLAS computes one half


def factorisation_hessian(T, U, V):
    return np.kron(2 * (V.T @ V), np.eye(len(U)))


def network_hessian(V, W, x, y):
    s = np.tanh(W @ x)
    k = 1 - s * s
    inner = 2 * np.outer(k, k) * (V.T @ V) - np.diag(4 * k * s * (V.T @ (V @ s - y)))
    rows = (inner[:, None, :] * x[:, None]).reshape(len(W), -1)
    return (x[:, None, None] * rows).reshape(W.size, W.size)  # whole rows are copied, not blocks


def process_product(X, Y, a, b, d, dX):
    n = X.shape[1]
    small = a * (X.T @ X) + b * np.eye(n)
    c = scipy.linalg.cho_factor(small, lower=True, check_finite=False)
    inverse = scipy.linalg.cho_solve(c, np.eye(n), check_finite=False)
    w = inverse @ (X.T @ Y)
    half = a * (X.T @ dX)
    change = half + half.T
    dw = inverse @ (dX.T @ Y - change @ w)
    cross = a / b * (dw @ w.T)
    first = d * inverse + a / b * (w @ w.T)
    second = cross + cross.T - d * (inverse @ change @ inverse)
    return dX @ (2 * a * first) + X @ (2 * a * second) - Y @ (2 * a / b * dw).T


#: Name, loss, form of the Hessian, by hand, arrays.
HESSIANS = [
    ("logistic regression", "sum(log(vector(1) + exp(-y.*(X*w)))) | w | X: m x n, w: n, y: m |", "operator", logistic_hessian,
     lambda: {"X": normal(400, 200), "w": normal(200) / 20, "y": np.sign(normal(400))}),
    ("matrix factorisation", "norm2(T - U*V')^2 | U | T: m x n, U: m x k, V: n x k |", "kronecker", factorisation_hessian,
     lambda: {"T": normal(120, 120), "U": normal(120, 5), "V": normal(120, 5)}),
    ("two-layer network", "norm2(V*tanh(W*x) - y)^2 | W | W: h x n, V: k x h, x: n, y: k |", "kronecker", network_hessian,
     lambda: {"W": normal(40, 30) / 6, "V": normal(10, 40), "x": normal(30), "y": normal(10)}),
]  # fmt: skip
PROCESS = (
    "Gaussian process", "d*logdet(a*X*X' + b*eye) + tr(inv(a*X*X' + b*eye)*Y*Y') | X | X: m x n, Y: m x k, a: scalar, b: scalar, d: scalar | positive(a), positive(b)",
    "product", process_product,
    lambda: {"X": normal(200, 5), "Y": normal(200, 12), "a": 0.7, "b": 0.5, "d": 12.0, "dX": normal(200, 5)},
)  # fmt: skip
