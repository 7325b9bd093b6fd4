"""Functions with gradients known by hand, their mutants, and how `check_gradient` fares on them.

Run `python -m tests.verify.gradient_table` for the table of shares.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import numpy as np

from verify.callables.gradients import check_gradient

RNG = np.random.default_rng(20)
A5 = RNG.normal(size=(5, 5))
S5 = A5 @ A5.T + 0.1 * np.eye(5)
B34 = RNG.normal(size=(3, 4))
C33 = RNG.normal(size=(3, 3))
W5 = RNG.normal(size=5)
#: Symmetric positive definite with condition number 1e8.
Q6, _ = np.linalg.qr(RNG.normal(size=(6, 6)))
ILL = (Q6 * np.logspace(0, -8, 6)) @ Q6.T
ILL = (ILL + ILL.T) / 2


def sigmoid(z: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-z))


def softmax(z: np.ndarray) -> np.ndarray:
    e = np.exp(z - z.max())
    return e / e.sum()


def spd(x: np.ndarray) -> np.ndarray:
    return x @ x.T + np.eye(len(x))


def mlp_forward(theta: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    hidden = np.tanh(theta.reshape(3, 4)[:, :3] @ np.array([0.3, -1.2, 0.8]) + theta.reshape(3, 4)[:, 3])
    return hidden, hidden @ np.array([1.0, -2.0, 0.5]) - 0.7


def mlp_loss(theta: np.ndarray) -> float:
    return 0.5 * mlp_forward(theta)[1] ** 2


def mlp_gradient(theta: np.ndarray) -> np.ndarray:
    hidden, residual = mlp_forward(theta)
    back = residual * np.array([1.0, -2.0, 0.5]) * (1 - hidden**2)
    return np.outer(back, [0.3, -1.2, 0.8, 1.0]).reshape(12)


@dataclass(frozen=True)
class Case:
    name: str
    f: Callable
    grad: Callable
    shape: tuple[int, ...] = (5,)
    positive: bool = False
    #: Scales of x at which f and the gradient can be computed at all.
    scales: tuple[float, ...] = (1.0, 1e-8, 1e8)


ONE = (1.0,)
SMALL = (1.0, 1e-8)
CASES = (
    Case("squares", lambda x: (x**2).sum(), lambda x: 2 * x),
    Case("cubes", lambda x: (x**3).sum(), lambda x: 3 * x**2),
    Case("fourth powers and a line", lambda x: (x**4).sum() + W5 @ x, lambda x: 4 * x**3 + W5),
    Case("linear", lambda x: W5 @ x, lambda x: W5),
    Case("quadratic form", lambda x: x @ A5 @ x, lambda x: (A5 + A5.T) @ x),
    Case("least squares", lambda x: ((A5 @ x - W5) ** 2).sum(), lambda x: 2 * A5.T @ (A5 @ x - W5)),
    Case(
        "ridge",
        lambda x: ((A5 @ x - W5) ** 2).sum() + 0.3 * x @ x,
        lambda x: 2 * A5.T @ (A5 @ x - W5) + 0.6 * x,
    ),
    Case("norm", lambda x: np.sqrt(x @ x), lambda x: x / np.sqrt(x @ x)),
    Case("logarithms", lambda x: np.log(x).sum(), lambda x: 1 / x, positive=True),
    Case("reciprocals", lambda x: (1 / x).sum(), lambda x: -1 / x**2),
    Case("square roots", lambda x: np.sqrt(x).sum(), lambda x: 0.5 / np.sqrt(x), positive=True),
    Case("entropy", lambda x: -(x * np.log(x)).sum(), lambda x: -np.log(x) - 1, positive=True),
    Case("sines", lambda x: np.sin(x).sum(), np.cos, scales=SMALL),
    Case(
        "product of sines",
        lambda x: np.sin(x[0]) * np.sin(3 * x[1]) + x[2:].sum(),
        lambda x: np.array([np.cos(x[0]) * np.sin(3 * x[1]), 3 * np.sin(x[0]) * np.cos(3 * x[1]), 1, 1, 1]),
        scales=SMALL,
    ),
    Case("fast sine", lambda x: np.sin(1000 * x).sum(), lambda x: 1000 * np.cos(1000 * x), scales=SMALL),
    Case("exponentials", lambda x: np.exp(x).sum(), np.exp, scales=SMALL),
    Case("Gaussian", lambda x: np.exp(-x @ x / 2), lambda x: -x * np.exp(-x @ x / 2), scales=SMALL),
    Case("tanh", lambda x: np.tanh(x).sum(), lambda x: 1 / np.cosh(x) ** 2, scales=SMALL),
    Case(
        "sigmoid",
        lambda x: sigmoid(W5 * x).sum(),
        lambda x: W5 * sigmoid(W5 * x) * (1 - sigmoid(W5 * x)),
        scales=SMALL,
    ),
    Case("softplus", lambda x: np.logaddexp(0, x).sum(), sigmoid, scales=SMALL),
    Case(
        "swish",
        lambda x: (x * sigmoid(x)).sum(),
        lambda x: sigmoid(x) * (1 + x * (1 - sigmoid(x))),
        scales=SMALL,
    ),
    Case("log-sum-exp", lambda x: x.max() + np.log(np.exp(x - x.max()).sum()), softmax),
    Case(
        "cross entropy", lambda x: -np.log(softmax(x)[2]), lambda x: softmax(x) - np.eye(5)[2], scales=SMALL
    ),
    Case(
        "softmax component",
        lambda x: softmax(x)[1],
        lambda x: softmax(x)[1] * (np.eye(5)[1] - softmax(x)),
        scales=SMALL,
    ),
    Case(
        "Rosenbrock",
        lambda x: (100 * (x[1:] - x[:-1] ** 2) ** 2 + (1 - x[:-1]) ** 2).sum(),
        lambda x: (
            np.concatenate([-400 * x[:-1] * (x[1:] - x[:-1] ** 2) - 2 * (1 - x[:-1]), [0]])
            + np.concatenate([[0], 200 * (x[1:] - x[:-1] ** 2)])
        ),
    ),
    Case("relu", lambda x: np.maximum(x, 0).sum(), lambda x: (x > 0) * 1.0),
    Case("relu squared", lambda x: (np.maximum(x, 0) ** 2).sum(), lambda x: 2 * np.maximum(x, 0)),
    Case("absolute values", lambda x: np.abs(x).sum(), np.sign),
    Case("largest entry", lambda x: x.max(), lambda x: np.eye(5)[x.argmax()]),
    Case(
        "Huber",
        lambda x: np.where(np.abs(x) < 1, x**2 / 2, np.abs(x) - 0.5).sum(),
        lambda x: np.clip(x, -1, 1),
    ),
    Case(
        "leaky relu layer",
        lambda x: np.where(A5 @ x > 0, A5 @ x, 0.1 * (A5 @ x)).sum(),
        lambda x: A5.T @ np.where(A5 @ x > 0, 1, 0.1),
    ),
    Case("product", lambda x: np.prod(x), lambda x: np.prod(x) / x),
    Case("ratio", lambda x: (W5 @ x) / (x @ x), lambda x: W5 / (x @ x) - 2 * (W5 @ x) * x / (x @ x) ** 2),
    Case(
        "Rayleigh quotient",
        lambda x: (x @ S5 @ x) / (x @ x),
        lambda x: 2 * (S5 @ x - (x @ S5 @ x) / (x @ x) * x) / (x @ x),
    ),
    Case("large offset", lambda x: 1e6 + np.sin(x).sum(), np.cos, scales=SMALL),
    Case("hidden cancellation", lambda x: (1e6 + (x**2).sum()) - 1e6, lambda x: 2 * x, scales=ONE),
    Case("trace of a product", lambda X: np.trace(B34.T @ X), lambda X: B34, shape=(3, 4)),
    Case(
        "Frobenius norm",
        lambda X: ((C33 @ X - B34) ** 2).sum(),
        lambda X: 2 * C33.T @ (C33 @ X - B34),
        shape=(3, 4),
    ),
    Case("trace of a square", lambda X: np.trace(X @ X), lambda X: 2 * X.T, shape=(3, 3)),
    Case(
        "tied autoencoder",
        lambda W: 0.5 * ((W.T @ W @ W5[:4] - W5[:4]) ** 2).sum(),
        lambda W: (lambda r: W @ (np.outer(r, W5[:4]) + np.outer(W5[:4], r)))(W.T @ W @ W5[:4] - W5[:4]),
        shape=(3, 4),
    ),
    Case("determinant", np.linalg.det, lambda X: np.linalg.det(X) * np.linalg.inv(X).T, shape=(3, 3)),
    Case(
        "log-determinant",
        lambda X: np.linalg.slogdet(spd(X))[1],
        lambda X: 2 * np.linalg.solve(spd(X), X),
        shape=(3, 3),
        scales=ONE,
    ),
    Case("inverse", lambda X: np.trace(np.linalg.inv(X)), lambda X: -np.linalg.inv(X @ X).T, shape=(3, 3)),
    Case(
        "Gaussian process likelihood",
        lambda X: (
            0.5 * np.linalg.slogdet(spd(X))[1] + 0.5 * np.trace(np.linalg.solve(spd(X), np.outer(W5, W5)))
        ),
        lambda X: (
            np.linalg.solve(spd(X), X)
            - np.linalg.solve(spd(X), np.outer(W5, W5)) @ np.linalg.solve(spd(X), X)
        ),
        shape=(5, 2),
        scales=ONE,
    ),
    Case("one hidden layer", mlp_loss, mlp_gradient, shape=(12,), scales=ONE),
    Case(
        "single precision", lambda x: np.float32((np.float32(x) ** 3).sum()), lambda x: 3 * x**2, scales=ONE
    ),
    Case("hidden single precision", lambda x: float(np.exp(np.float32(x)).sum()), np.exp, scales=ONE),
    Case(
        "ill-conditioned form",
        lambda x: x @ np.linalg.solve(ILL, x),
        lambda x: 2 * np.linalg.solve(ILL, x),
        shape=(6,),
    ),
    Case(
        "ill-conditioned log-determinant",
        lambda X: np.linalg.slogdet(ILL + X @ X.T * 1e-9)[1],
        lambda X: 2e-9 * np.linalg.solve(ILL + X @ X.T * 1e-9, X),
        shape=(6, 2),
        scales=ONE,
    ),
    Case(
        "ill-conditioned inverse",
        lambda X: (X @ np.linalg.solve(ILL + 0.0 * X, np.eye(6))).sum(),
        lambda X: np.outer(np.ones(6), np.linalg.solve(ILL, np.ones(6))),
        shape=(6, 6),
        scales=ONE,
    ),
)


def points(case: Case, draws: int, seed: int) -> Iterator[tuple[str, np.ndarray]]:
    """Yield points of each scale, of mixed scales, and with a zero entry where that makes sense."""
    rng = np.random.default_rng(seed)
    for _ in range(draws):
        base = rng.uniform(0.3, 2.0, case.shape) * (1 if case.positive else rng.choice([-1, 1], case.shape))
        for scale in case.scales:
            yield f"x ~ {scale:g}", base * scale
        if case.scales == (1.0, 1e-8, 1e8):
            yield "x ~ 1e-4..1e4", base * 10.0 ** rng.uniform(-4, 4, case.shape)


def mutants(g: np.ndarray, rng: np.random.Generator) -> Iterator[tuple[str, np.ndarray]]:
    """Yield wrong gradients made of a right one; those that are equal to it after all are left out."""
    spike = np.zeros(g.shape)
    spike[np.unravel_index(np.argmax(np.abs(g)), g.shape)] = 1.0
    lucky = np.zeros(g.shape)
    lucky.flat[rng.integers(g.size)] = 1.0
    made = {
        "sign": -g,
        "factor 2": 2 * g,
        "factor 1/2": g / 2,
        "factor 1 + 1e-3": g * (1 + 1e-3),
        "factor 1 + 1e-5": g * (1 + 1e-5),
        "factor 1 + 1e-9": g * (1 + 1e-9),
        "zero": 0 * g,
        "largest entry 1e-4": g * (1 + 1e-4 * spike),
        "any entry 1e-4": g * (1 + 1e-4 * lucky),
        "reversed": g[::-1],
        "one entry dropped": g * (1 - spike),
    }
    if g.ndim == 2 and g.shape[0] == g.shape[1]:
        made["transposed"] = g.T
    for name, wrong in made.items():
        if not np.allclose(wrong, g, rtol=3e-10, atol=0):
            yield name, wrong


def measure(draws: int = 1, seed: int = 0) -> tuple[Counter, Counter, list[str]]:
    """Return the verdicts on right gradients, those on mutants by kind, and each wrong answer in words."""
    right: Counter = Counter()
    wrong: Counter = Counter()
    mistakes = []
    rng = np.random.default_rng(seed)
    for case in CASES:
        for where, x in points(case, draws, seed):
            g = np.asarray(case.grad(x), dtype=float)
            for name, claim in [("right", case.grad), ("right, as an array", g), *mutants(g, rng)]:
                fixed = claim if callable(claim) or name.startswith("right") else (lambda z, c=claim: c)
                verdict = check_gradient(case.f, fixed, x).verdict
                if name.startswith("right"):
                    right[verdict] += 1
                    if verdict != "agrees":
                        mistakes.append(f"right gradient {verdict}: {case.name}, {where}, {name}")
                else:
                    wrong[name, verdict] += 1
                    if verdict == "agrees":
                        mistakes.append(f"mutant upheld: {case.name}, {where}, {name}")
    return right, wrong, mistakes


def main() -> None:
    """Print the shares."""
    right, wrong, mistakes = measure()
    print(f"{len(CASES)} functions; right gradients: {dict(right)}")
    kinds = sorted({kind for kind, _ in wrong})
    for kind in kinds:
        counts = {verdict: wrong[kind, verdict] for verdict in ("refuted", "inconclusive", "agrees")}
        print(f"{kind:22s} refuted {counts['refuted'] / sum(counts.values()):7.1%}   {counts}")
    print(*mistakes, sep="\n")


if __name__ == "__main__":
    main()
