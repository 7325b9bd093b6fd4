"""Fifty losses with their gradients as an expert writes them by hand in NumPy: each gives (value, gradient)."""

import numpy as np
import scipy.linalg
import scipy.special

RNG = np.random.default_rng(0)
#: The size that most arrays have.
N = 500


def normal(*shape):
    return RNG.standard_normal(shape)


def posdef(n):
    a = normal(n, n)
    return a @ a.T / n + np.eye(n)


def onehot(m, k):
    return np.eye(k)[RNG.integers(k, size=m)]


EYE = np.eye


def chain(A, B, C, x):
    z = B @ (C @ x)
    r = A @ z
    return r @ r, 2 * np.outer(r, z)


def bilinear(x, A, B, C, y):
    u, v = A.T @ x, C @ y
    return u @ (B @ v), np.outer(u, v)


def least_squares(A, x, y):
    r = A @ x - y
    return r @ r, 2 * (A.T @ r)


def logistic(X, w, y):
    z = -y * (X @ w)
    return np.logaddexp(0, z).sum(), -X.T @ (y * scipy.special.expit(z))


def softmax_rows(X, W, Y):
    s = X @ W
    top = s.max(axis=1, keepdims=True)
    e = np.exp(s - top)
    total = e.sum(axis=1, keepdims=True)
    return (top + np.log(total)).sum() - np.vdot(Y, s), X.T @ (e / total - Y)


def factorisation(X, U, V):
    r = U @ V.T - X
    return np.vdot(r, r), 2 * (r @ V)


def masked(M, X, U, V):
    r = M * (X - U @ V.T)
    return np.vdot(r, r), -2 * ((M * r) @ V)


def network(W, s, V, t, x, y):
    h = np.tanh(W @ x + s)
    r = V @ h + t - y
    return r @ r / 2, np.outer((V.T @ r) * (1 - h * h), x)


def relu_batch(X, W, s, V, Y):
    z = X @ W + s
    h = np.maximum(z, 0)
    r = h @ V - Y
    return np.vdot(r, r) / 2, X.T @ ((r @ V.T) * (z > 0))


def deep(A, B, C, X, Y):
    h = np.tanh(X @ A)
    g = np.tanh(h @ B)
    r = g @ C - Y
    back = (r @ C.T) * (1 - g * g)
    return np.vdot(r, r), 2 * (X.T @ ((back @ B.T) * (1 - h * h)))


def tied(X, W):
    h = np.tanh(X @ W)
    r = h @ W.T - X
    return np.vdot(r, r), 2 * (r.T @ h + X.T @ ((r @ W) * (1 - h * h)))


def gp(K, y):
    c = scipy.linalg.cho_factor(K, lower=True)
    a = scipy.linalg.cho_solve(c, y)
    inverse = scipy.linalg.cho_solve(c, EYE(len(K)))
    return y @ a + 2 * np.log(np.diagonal(c[0])).sum(), inverse - np.outer(a, a)


def gplvm(X, Y, a, b):
    m, n = X.shape
    c = scipy.linalg.cho_factor(EYE(n) * b + a * (X.T @ X), lower=True)
    solve = lambda z: (z - a * (X @ scipy.linalg.cho_solve(c, X.T @ z))) / b
    p, k = solve(Y), scipy.linalg.cho_solve(c, X.T).T
    logdet = (m - n) * np.log(b) + 2 * np.log(np.diagonal(c[0])).sum()
    return Y.shape[1] * logdet + np.vdot(Y, p), 2 * a * (Y.shape[1] * k - p @ (p.T @ X))


def lowrank_logdet(A, c):
    m, n = A.shape
    f = scipy.linalg.cho_factor(c * EYE(n) + A.T @ A, lower=True)
    return (m - n) * np.log(c) + 2 * np.log(np.diagonal(f[0])).sum(), 2 * scipy.linalg.cho_solve(f, A.T).T


def factor_analysis(L, v, S):
    k = L.shape[1]
    d = L / v[:, None]
    f = scipy.linalg.cho_factor(EYE(k) + L.T @ d, lower=True)
    w = scipy.linalg.cho_solve(f, d.T)
    logdet = np.log(v).sum() + 2 * np.log(np.diagonal(f[0])).sum()
    u = S @ w.T
    trace = (np.diagonal(S) / v).sum() - np.vdot(d, u)
    g = (L - u) / v[:, None]
    return logdet + trace, 2 * (g - d @ scipy.linalg.cho_solve(f, L.T @ g))


def ridge_logdet(X, c):
    f = scipy.linalg.cho_factor(X.T @ X + c * EYE(X.shape[1]), lower=True)
    return 2 * np.log(np.diagonal(f[0])).sum(), 2 * scipy.linalg.cho_solve(f, X.T).T


def mahalanobis(x, t, S):
    d = x - t
    a = scipy.linalg.cho_solve(scipy.linalg.cho_factor(S, lower=True), d)
    return d @ a, 2 * a


def weighted(X, w, y, v):
    r = X @ w - y
    return r @ (v * r), 2 * (X.T @ (v * r))


def ridge(X, B, Y, c):
    r = X @ B - Y
    return np.vdot(r, r) + c * np.vdot(B, B), 2 * (X.T @ r + c * B)


def trace_quadratic(X, A):
    p = A @ X
    return np.vdot(X, p), p + A.T @ X


def trace_product(A, B, C):
    p = B @ C
    return np.vdot(A.T, p), p.T


def diagonal_product(A, B, x):
    return np.einsum("ij,ji,i->", A, B, x), x[:, None] * B.T


def scaled(X, A, B, s):
    r = X - (A * s) @ B.T
    return np.vdot(r, r), -2 * np.einsum("ij,ij->j", A, r @ B)


def poisson(X, w, y):
    e = np.exp(X @ w)
    return e.sum() - y @ (X @ w), X.T @ (e - y)


def hinge(X, w, y):
    z = 1 - y * (X @ w)
    h = np.maximum(z, 0)
    return h @ h, -2 * (X.T @ (y * h))


def attention(Q, K, V, Y):
    s = Q @ K.T
    e = np.exp(s - s.max(axis=1, keepdims=True))
    p = e / e.sum(axis=1, keepdims=True)
    d = Y @ V.T
    return np.vdot(Y, p @ V), (p * (d - (p * d).sum(axis=1, keepdims=True))) @ K


def nmf(X, W, H):
    p = W @ H
    return (X * np.log(X / p) - X + p).sum(), (1 - X / p) @ H.T


def kronecker(A, B, x):
    n, q = A.shape[1], B.shape[1]
    z = x.reshape(n, q).T
    r = B @ z @ A.T
    return np.vdot(r, r), 2 * (B.T @ r @ A).T.reshape(-1)


def rayleigh(A, x):
    p, n = A @ x, x @ x
    f = x @ p / n
    return f, (p + A.T @ x - 2 * f * x) / n


def huber_like(A, x, y, c):
    r = A @ x - y
    s = np.sqrt(r * r + c * c)
    return s.sum(), A.T @ (r / s)


def cross_entropy(W, x, s, y):
    z = W @ x + s
    top = z.max()
    e = np.exp(z - top)
    t = e.sum()
    return top + np.log(t) - y @ z, np.outer(e / t - y, x)


def small_inverse(S, A):
    f = scipy.linalg.cho_factor(S, lower=True)
    p = scipy.linalg.cho_solve(f, A)
    return np.trace(p) + 2 * np.log(np.diagonal(f[0])).sum(), scipy.linalg.cho_solve(f, EYE(len(S)) - p.T)


def lasso_smooth(A, x, y, c, a):
    r, s = A @ x - y, np.sqrt(x * x + a)
    return r @ r / 2 + c * s.sum(), A.T @ r + c * x / s


def elastic(X, w, y, a, b):
    r = X @ w - y
    return r @ r / 2 + a * np.abs(w).sum() + b / 2 * (w @ w), X.T @ r + a * np.sign(w) + b * w


def gaussian(x, m, S):
    d = x - m
    c = scipy.linalg.cho_factor(S, lower=True)
    a = scipy.linalg.cho_solve(c, d)
    return d @ a / 2 + np.log(np.diagonal(c[0])).sum(), a


def wishart(S, V, a):
    c = scipy.linalg.cho_factor(S, lower=True)
    inverse = scipy.linalg.cho_solve(c, EYE(len(S)))
    return a * 2 * np.log(np.diagonal(c[0])).sum() - np.vdot(V, S), a * inverse - V


def cosine(x, y):
    n, m, p = np.sqrt(x @ x), np.sqrt(y @ y), x @ y
    return p / (n * m), y / (n * m) - p / (n**3 * m) * x


def softmax_regression(W, x, y):
    z = W @ x
    e = np.exp(z - z.max())
    p = e / e.sum()
    r = p - y
    g = p * r
    return r @ r, 2 * np.outer(g - p * g.sum(), x)


def probit(X, w):
    z = X @ w
    f = scipy.special.log_ndtr(z)
    return f.sum(), X.T @ (np.exp(-z * z / 2 - f) / np.sqrt(2 * np.pi))


def cauchy(A, x, y, c):
    r = A @ x - y
    q = r * r / c
    return np.log1p(q).sum(), A.T @ (2 * r / (c * (1 + q)))


def residual_block(x, V, W, y):
    z = W @ x
    h = np.maximum(z, 0)
    r = x + V @ h - y
    return r @ r, 2 * (W.T @ ((V.T @ r) * (z > 0)) + r)


def autoencoder(W, V, x):
    h = scipy.special.expit(W @ x)
    r = V @ h - x
    return r @ r, 2 * np.outer((V.T @ r) * h * (1 - h), x)


def batch_logistic(X, W, Y):
    z = X @ W
    return np.logaddexp(0, z).sum() - np.vdot(Y, z), X.T @ (scipy.special.expit(z) - Y)


def nystrom(X, A):
    p = X @ A
    return np.vdot(p, X) / 2, (p + X @ A.T) / 2


def smoothness(X, L, Y, c):
    r, p = X - Y, L @ X
    return np.vdot(r, r) + c * np.vdot(X, p), 2 * r + c * (p + L.T @ X)


def bilinear_net(A, B, X, Y):
    p, q = A @ X, B @ X
    r = p * q - Y
    return np.vdot(r, r), 2 * ((r * q) @ X.T)


def markov(P, x, r):
    v = scipy.linalg.solve(EYE(len(P)) - P, r)
    return x @ v, v


def whitening(W, S):
    f = scipy.linalg.lu_factor(W)
    p = W @ S
    logdet = np.log(np.abs(np.diagonal(f[0]))).sum()
    return logdet - np.vdot(p, W) / 2, scipy.linalg.lu_solve(f, EYE(len(W))).T - p


def ridge_dual(K, a, y, c):
    p = K @ a
    r = p - y
    return r @ r + c * (a @ p), 2 * (K @ r) + 2 * c * p


def gru_gate(U, x, W, y):
    s, h = scipy.special.expit(U @ x), np.tanh(W @ x)
    r = s * h - y
    return r @ r, 2 * np.outer(r * h * s * (1 - s), x)


def triplet(W, x, y, z):
    d, e = x - y, x - z
    p, q = W @ d, W @ e
    return p @ p - q @ q, 2 * (np.outer(p, d) - np.outer(q, e))


def mean_field(x, A, b):
    s = scipy.special.expit(x)
    p = A @ s
    entropy = s @ np.logaddexp(0, -x) + (1 - s) @ np.logaddexp(0, x)
    return s @ p / 2 + b @ s + entropy, (p + b - x) * s * (1 - s)


#: text | wrt | where | assume, the hand-written function, and its arrays.
CASES = [
    ("norm2(A*B*C*x)^2 | A | A: m x n, B: n x k, C: k x p, x: p |", chain, lambda: (normal(N, N), normal(N, N), normal(N, N), normal(N))),
    ("x'*A*B*C*y | B | x: m, A: m x n, B: n x k, C: k x p, y: p |", bilinear, lambda: (normal(N), normal(N, N), normal(N, N), normal(N, N), normal(N))),
    ("norm2(A*x - y)^2 | x | A: m x n, x: n, y: m |", least_squares, lambda: (normal(4 * N, N), normal(N), normal(4 * N))),
    ("sum(log(vector(1) + exp(-y.*(X*w)))) | w | X: m x n, w: n, y: m |", logistic, lambda: (normal(4 * N, N), normal(N), np.sign(normal(4 * N)))),
    ("sum(log(exp(X*W)*vector(1))) - tr(Y'*X*W) | W | X: m x n, W: n x k, Y: m x k |", softmax_rows, lambda: (normal(4 * N, N), normal(N, 10), onehot(4 * N, 10))),
    ("norm2(X - U*V')^2 | U | X: m x n, U: m x k, V: n x k |", factorisation, lambda: (normal(N, N), normal(N, 20), normal(N, 20))),
    ("norm2(M.*(X - U*V'))^2 | U | M: m x n, X: m x n, U: m x k, V: n x k |", masked, lambda: (normal(N, N), normal(N, N), normal(N, 20), normal(N, 20))),
    ("1/2*norm2(V*tanh(W*x + s) + t - y)^2 | W | W: h x n, s: h, V: k x h, t: k, x: n, y: k |", network, lambda: (normal(N, N), normal(N), normal(N, N), normal(N), normal(N), normal(N))),
    ("1/2*norm2(relu(X*W + vector(1)*s')*V - Y)^2 | W | X: m x n, W: n x h, s: h, V: h x k, Y: m x k |", relu_batch, lambda: (normal(N, N), normal(N, N), normal(N), normal(N, 10), normal(N, 10))),
    ("norm2(tanh(tanh(X*A)*B)*C - Y)^2 | A | A: n x h, B: h x k, C: k x p, X: m x n, Y: m x p |", deep, lambda: (normal(N, N), normal(N, N), normal(N, 10), normal(N, N), normal(N, 10))),
    ("norm2(X - tanh(X*W)*W')^2 | W | X: m x n, W: n x h |", tied, lambda: (normal(N, N), normal(N, 30))),
    ("y'*inv(K)*y + logdet(K) | K | K: n x n, y: n | posdef(K)", gp, lambda: (posdef(N), normal(N))),
    ("d*logdet(a*X*X' + b*eye) + tr(inv(a*X*X' + b*eye)*Y*Y') | X | X: m x n, Y: m x d1, a: scalar, b: scalar, d: scalar | positive(a), positive(b)", gplvm, lambda: (normal(4 * N, 5), normal(4 * N, 12), 0.7, 0.5)),
    ("logdet(A*A' + c*eye) | A | A: m x n, c: scalar | positive(c)", lowrank_logdet, lambda: (normal(4 * N, 10), 0.5)),
    ("logdet(L*L' + diag(v)) + tr(S*inv(L*L' + diag(v))) | L | L: m x k, v: m, S: m x m | positive(v), symmetric(S)", factor_analysis, lambda: (normal(2 * N, 8), np.abs(normal(2 * N)) + 0.5, posdef(2 * N))),
    ("logdet(X'*X + c*eye) | X | X: m x n, c: scalar | positive(c)", ridge_logdet, lambda: (normal(4 * N, 50), 0.5)),
    ("(x - t)'*inv(S)*(x - t) | x | x: n, t: n, S: n x n | posdef(S)", mahalanobis, lambda: (normal(N), normal(N), posdef(N))),
    ("(X*w - y)'*diag(v)*(X*w - y) | w | X: m x n, w: n, y: m, v: m |", weighted, lambda: (normal(4 * N, N), normal(N), normal(4 * N), normal(4 * N))),
    ("tr((Y - X*B)'*(Y - X*B)) + c*norm2(B)^2 | B | X: m x n, B: n x k, Y: m x k, c: scalar |", ridge, lambda: (normal(4 * N, N), normal(N, 20), normal(4 * N, 20), 0.3)),
    ("tr(X'*A*X) | X | X: n x k, A: n x n |", trace_quadratic, lambda: (normal(N, 30), normal(N, N))),
    ("tr(A*B*C) | A | A: m x n, B: n x k, C: k x m |", trace_product, lambda: (normal(N, N), normal(N, N), normal(N, N))),
    ("x'*diag(A*B) | A | A: m x n, B: n x m, x: m |", diagonal_product, lambda: (normal(N, N), normal(N, N), normal(N))),
    ("norm2(X - A*diag(s)*B')^2 | s | X: m x n, A: m x k, B: n x k, s: k |", scaled, lambda: (normal(N, N), normal(N, 20), normal(N, 20), normal(20))),
    ("sum(exp(X*w)) - y'*X*w | w | X: m x n, w: n, y: m |", poisson, lambda: (normal(4 * N, N) / N, normal(N), normal(4 * N))),
    ("sum(relu(vector(1) - y.*(X*w)).^2) | w | X: m x n, w: n, y: m |", hinge, lambda: (normal(4 * N, N), normal(N), np.sign(normal(4 * N)))),
    ("tr(Y'*inv(diag(exp(Q*K')*vector(1)))*exp(Q*K')*V) | Q | Q: m x k, K: n x k, V: n x p, Y: m x p |", attention, lambda: (normal(N, 20) / 5, normal(N, 20), normal(N, 30), normal(N, 30))),
    ("sum(X.*log(X./(W*H)) - X + W*H) | W | X: m x n, W: m x k, H: k x n | positive(X), positive(W), positive(H)", nmf, lambda: (np.abs(normal(N, N)) + 0.1, np.abs(normal(N, 10)) + 0.1, np.abs(normal(10, N)) + 0.1)),
    ("norm2(kron(A, B)*x)^2 | x | A: m x n, B: k x p, x: n*p |", kronecker, lambda: (normal(60, 60), normal(60, 60), normal(3600))),
    ("x'*A*x/(x'*x) | x | A: n x n, x: n |", rayleigh, lambda: (normal(N, N), normal(N))),
    ("sum(sqrt((A*x - y).^2 + c^2*vector(1))) | x | A: m x n, x: n, y: m, c: scalar |", huber_like, lambda: (normal(4 * N, N), normal(N), normal(4 * N), 0.3)),
    ("logsumexp(W*x + s) - y'*(W*x + s) | W | W: k x n, x: n, s: k, y: k |", cross_entropy, lambda: (normal(N, N), normal(N), normal(N), np.full(N, 1 / N))),
    ("tr(inv(S)*A) + logdet(S) | S | S: n x n, A: n x n | posdef(S), symmetric(A)", small_inverse, lambda: (posdef(N), posdef(N))),
    ("1/2*norm2(A*x - y)^2 + c*sum(sqrt(x.^2 + a*vector(1))) | x | A: m x n, x: n, y: m, c: scalar, a: scalar |", lasso_smooth, lambda: (normal(2 * N, N), normal(N), normal(2 * N), 0.3, 0.1)),
    ("1/2*norm2(X*w - y)^2 + a*norm1(w) + b/2*w'*w | w | X: m x n, w: n, y: m, a: scalar, b: scalar |", elastic, lambda: (normal(2 * N, N), normal(N), normal(2 * N), 0.3, 0.1)),
    ("1/2*(x - m)'*inv(S)*(x - m) + 1/2*logdet(S) | x | x: n, m: n, S: n x n | posdef(S)", gaussian, lambda: (normal(N), normal(N), posdef(N))),
    ("a*logdet(S) - tr(V*S) | S | S: n x n, V: n x n, a: scalar | posdef(S), symmetric(V)", wishart, lambda: (posdef(N), posdef(N), 1.5)),
    ("x'*y/(norm2(x)*norm2(y)) | x | x: n, y: n |", cosine, lambda: (normal(200 * N), normal(200 * N))),
    ("norm2(softmax(W*x) - y)^2 | W | W: k x n, x: n, y: k |", softmax_regression, lambda: (normal(N, N), normal(N) / N, np.full(N, 1 / N))),
    ("sum(log(normcdf(X*w))) | w | X: m x n, w: n |", probit, lambda: (normal(2 * N, N), normal(N) / N)),
    ("sum(log(vector(1) + (A*x - y).^2/c)) | x | A: m x n, x: n, y: m, c: scalar | positive(c)", cauchy, lambda: (normal(2 * N, N), normal(N), normal(2 * N), 0.3)),
    ("norm2(x + V*relu(W*x) - y)^2 | x | W: h x n, V: n x h, x: n, y: n |", residual_block, lambda: (normal(N), normal(N, N), normal(N, N), normal(N))),
    ("norm2(V*sigmoid(W*x) - x)^2 | W | W: h x n, V: n x h, x: n |", autoencoder, lambda: (normal(N, N), normal(N, N), normal(N))),
    ("sum(log(1 + exp(X*W))) - tr(Y'*X*W) | W | X: m x n, W: n x k, Y: m x k |", batch_logistic, lambda: (normal(2 * N, N), normal(N, 30), onehot(2 * N, 30))),
    ("1/2*tr(X*A*X') | X | X: m x n, A: n x n |", nystrom, lambda: (normal(200, N), normal(N, N))),
    ("norm2(X - Y)^2 + c*tr(X'*L*X) | X | X: n x k, Y: n x k, L: n x n, c: scalar |", smoothness, lambda: (normal(N, 50), normal(N, N), normal(N, 50), 0.3)),
    ("norm2((A*X).*(B*X) - Y)^2 | A | A: m x n, B: m x n, X: n x k, Y: m x k |", bilinear_net, lambda: (normal(N, N), normal(N, N), normal(N, 100), normal(N, 100))),
    ("x'*inv(eye - P)*r | x | P: n x n, x: n, r: n |", markov, lambda: (posdef(N) / 9, normal(N), normal(N))),
    ("log(abs(det(W))) - 1/2*tr(W*S*W') | W | W: n x n, S: n x n | symmetric(S), invertible(W)", whitening, lambda: (posdef(N), posdef(N))),
    ("norm2(K*a - y)^2 + c*a'*K*a | a | K: n x n, a: n, y: n, c: scalar | symmetric(K)", ridge_dual, lambda: (posdef(N), normal(N), normal(N), 0.3)),
    ("norm2(sigmoid(U*x).*tanh(W*x) - y)^2 | U | U: h x n, W: h x n, x: n, y: h |", gru_gate, lambda: (normal(N, N), normal(N), normal(N, N), normal(N))),
    ("norm2(W*(x - y))^2 - norm2(W*(x - z))^2 | W | W: k x n, x: n, y: n, z: n |", triplet, lambda: (normal(N, N), normal(N), normal(N), normal(N))),
    ("1/2*sigmoid(x)'*A*sigmoid(x) + b'*sigmoid(x) - sigmoid(x)'*log(sigmoid(x)) - (vector(1) - sigmoid(x))'*log(vector(1) - sigmoid(x)) | x | A: n x n, b: n, x: n | symmetric(A)", mean_field, lambda: (normal(N), posdef(N), normal(N))),
]  # fmt: skip
