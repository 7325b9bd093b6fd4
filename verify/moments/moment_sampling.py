"""A moment measured by sampling, at one choice of sizes and parameters: the experiment beside the proof."""

from __future__ import annotations

from dataclasses import replace
from fractions import Fraction
from random import Random
from typing import Any

import numpy as np
from sympy import Expr

from derive.errors import InputError
from derive.expression import algebra
from derive.expression.facts import assuming
from derive.moments.distributions import Distribution
from verify.arithmetics.base import Abstain, Undefined
from verify.arithmetics.floats import FLOAT
from verify.evaluate import Environment, size_of
from verify.moments.few_points import ThreePoints, three_points
from verify.moments.function_moments import with_functions_named
from verify.moments.functions import array_function
from verify.moments.moment_claims import Expected
from verify.moments.moment_points import Point
from verify.moments.monte_carlo import check_moment
from verify.moments.polynomials import Polynomial, Polynomials
from verify.moments.question import Question
from verify.verdict import Evidence, add_up

#: The relative width of the band that the confidence interval must come into.
RTOL = 0.02
#: The largest random array that is drawn from.
MOST_ENTRIES = 12
#: The points that are tried until there is one at which all distributions exist.
TRIES = 40


def sampled_too(m: Expected, seed: int = 0) -> Expected:
    """Return a checked moment with a Monte Carlo experiment added to its evidence. Raises InputError."""
    evidence = (*m.evidence, sampling_evidence(Question.of(m), m.result, seed))
    return replace(m, evidence=evidence, verdict=add_up(evidence))


def sampling_evidence(
    question: Question, claim: Expr, seed: int = 0, rtol: float = RTOL, max_samples: int = 1 << 22
) -> Evidence:
    """Return what sampling at one point says of the first entry of a moment. Raises InputError where none is drawn."""
    named = with_functions_named(question)
    with assuming(question.problem.assumptions):
        experiment = _Experiment(named, claim, seed)
        # Polynomials in draws of the families here have all moments; functions of them may have none.
        verdict = check_moment(
            experiment, experiment.claimed, rtol=rtol, seed=seed, max_samples=max_samples,
            finite_variance=not named.functions,
        )  # fmt: skip
    found = verdict.evidence[0]
    point = ", ".join(f"{n} = {k}" for n, k in experiment.point.sizes.items())
    figure = f"{found.figure}, rtol {rtol:g}" + (f" with {point}" if point else "")
    return replace(found, figure=figure)


class _Experiment:
    """Draws of an expression, or of a product of deviations from the mean, at one point."""

    def __init__(self, question: Question, claim: Expr, seed: int) -> None:
        self.question = question
        fitting = [s for s in question.assignments() if question.entries(s) <= MOST_ENTRIES] or [{}]
        rng = Random(f"sampling {seed}")
        self.space = question.space(definite=True)
        for trial in range(TRIES):
            try:
                self.point = self._drawn(fitting[trial // 4 % len(fitting)], rng)
                self._check()
                self.polynomials = self._lowered()
                self.claimed = float(self.point.claimed(claim)[0, 0])
                break
            except Undefined:
                continue
        else:
            raise InputError("no parameters were found at which all distributions exist: nothing is sampled")
        self.means = [0.0, 0.0]
        if question.kind != "expectation":
            self.means = self._means()

    def _drawn(self, sizes: dict[str, int], rng: Random) -> Point:
        """Return a point at given sizes, with small covariances of pairs, which fit together with any variances."""
        question = self.question
        crossed = {s.name for c in question.model.covariances.values() for s in c.free_symbols}
        free = self.space.free(sizes, lambda v: Fraction(rng.randint(1, 7), 64 if v.name in crossed else 8))
        raw = {d.name: "normal" for d in question.free_moments()}
        return Point.draw(question, FLOAT, sizes, free, raw, 3, definite=True)

    def _check(self) -> None:
        for d in self.question.every_distribution():
            if d.family == "uniform" and not self._value(d, 0) < self._value(d, 1):
                raise Undefined("an empty interval")
            if d.family in ("iid", "vector entries"):
                self._entries_with(d)
            if d.family in ("normal", "given") and not _is_definite(self.point._parameters(d)[1]):
                raise Undefined("a covariance that is none")

    def _value(self, d: Distribution, k: int) -> float:
        parameter = d.parameters[k]
        assert parameter is not None
        return float(self.point.value(parameter)[0, 0])

    def _lowered(self) -> list[Polynomial]:
        """Return the first entries of the expressions as polynomials in the random entries."""
        ring = Polynomials(FLOAT)
        arrays = {n: ring._entries(v) for n, v in self.point.values.items()}
        for d in self.question.model.distributions.values():
            shape = self._shape(d.symbol)
            arrays[d.name] = ring.random(d.name, shape, d.family == "wishart")
        self.functions = {}
        for name, (function, argument) in self.question.functions.items():
            inner = Environment(ring, arrays, self.point.sizes).run(argument)
            self.functions[name] = (array_function(self.point.with_numbers(function)), inner)
            arrays[name] = ring.random(name, inner.shape)
        run = Environment(ring, arrays, self.point.sizes).run
        return [run(e).reshape(-1)[0] for e in (self.question.expressions[0], self.question.expressions[-1])]

    def _shape(self, symbol: Expr) -> tuple[int, int]:
        rows, columns = algebra.shape(symbol)
        return size_of(rows, self.point.sizes), size_of(columns, self.point.sizes)

    def _means(self) -> list[float]:
        """Return the expectations of both factors of a covariance: exact where they are polynomials, else sampled."""
        try:
            moments = self.point._moments({})
            return [sum(float(w * entry.of(p)) for w, entry in moments) for p in self.polynomials]
        except (Abstain, KeyError):
            rng = np.random.default_rng(12345)
            draws = self._entries(rng, 1 << 20)
            return [float(self._at(p, draws).mean()) for p in self.polynomials]

    def __call__(self, rng: np.random.Generator, n: int) -> Any:
        """Return n draws."""
        draws = self._entries(rng, n)
        first = self._at(self.polynomials[0], draws)
        if self.question.kind == "expectation":
            return first
        return (first - self.means[0]) * (self._at(self.polynomials[1], draws) - self.means[1])

    # -- evaluation ------------------------------------------------------------------------------------

    def _at(self, p: Any, draws: dict[str, np.ndarray]) -> np.ndarray:
        n = next(iter(draws.values())).shape[-1]
        if not isinstance(p, Polynomial):
            return np.full(n, float(p))
        total = np.zeros(n)
        for monomial, c in p.terms.items():
            value: Any = float(c)
            for (name, i, j), k in monomial:
                if name in self.functions:
                    f, inner = self.functions[name]
                    entry = f(self._at(inner[i, j], draws))
                else:
                    entry = draws[name][i, j]
                value = value * (entry if k == 1 else entry**k)
            total += value
        return total

    def _entries(self, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        """Return n draws of every array with the draws of an entry side by side."""
        return {x: np.ascontiguousarray(v.transpose(1, 2, 0)) for x, v in self._draw(rng, n).items()}

    # -- draws ------------------------------------------------------------------------------------------

    def _draw(self, rng: np.random.Generator, n: int) -> dict[str, np.ndarray]:
        out: dict[str, np.ndarray] = {}
        joined = {name for pair in self.question.model.covariances for name in pair}
        if joined:
            out.update(self._jointly(rng, n, sorted(joined)))
        for d in self.question.model.distributions.values():
            if d.name in out:
                continue
            if d.components:
                weights = np.array([float(self.point.value(w)[0, 0]) for w, _ in d.components])
                chosen = rng.choice(len(weights), size=n, p=weights / weights.sum())
                each = [self._of(replace(c, symbol=d.symbol), rng, n) for _, c in d.components]
                out[d.name] = np.stack(each)[chosen, np.arange(n)]
            else:
                out[d.name] = self._of(d, rng, n)
        return out

    def _jointly(self, rng: np.random.Generator, n: int, names: list[str]) -> dict[str, np.ndarray]:
        """Draw variables with declared covariances as jointly normal."""
        model = self.question.model
        symbols = [model.distributions[x].symbol for x in names]
        sizes = [self._shape(s)[0] for s in symbols]
        starts = np.cumsum([0, *sizes])
        mean, matrix = np.zeros(starts[-1]), np.zeros((starts[-1], starts[-1]))
        for a, x in enumerate(names):
            d = model.distributions[x]
            parameters = self.point._parameters(d)
            mean[starts[a] : starts[a + 1]] = _floats(parameters[0])[:, 0]
            matrix[starts[a] : starts[a + 1], starts[a] : starts[a + 1]] = _floats(parameters[1])
            for b, y in enumerate(names):
                if (x, y) in model.covariances:
                    cross = _floats(self.point.value(model.covariances[x, y]))
                    matrix[starts[a] : starts[a + 1], starts[b] : starts[b + 1]] = cross
                    matrix[starts[b] : starts[b + 1], starts[a] : starts[a + 1]] = cross.T
        if np.linalg.eigvalsh(matrix).min() < 0:
            raise InputError("the drawn covariances fit together in no distribution: nothing is sampled")
        draws = rng.multivariate_normal(mean, matrix, size=n)
        return {x: draws[:, starts[a] : starts[a + 1], None] for a, x in enumerate(names)}

    def _of(self, d: Distribution, rng: np.random.Generator, n: int) -> np.ndarray:
        shape = (n, *self._shape(d.symbol))
        p = self.point._parameters(d) if d.family != "haar" else ()
        values: list[Any] = [None if a is None else _floats(a) for a in p]
        match d.family:
            case "normal" | "given":
                root = np.linalg.cholesky(values[1] + 1e-14 * np.eye(shape[1]))
                return values[0] + root @ rng.standard_normal(shape)
            case "normal entries":
                return values[0] + np.sqrt(values[1]) * rng.standard_normal(shape)
            case "iid" | "vector entries":
                if len(values) == 2:
                    return values[0] + np.sqrt(values[1]) * rng.standard_normal(shape)
                return self._entries_with(d).draw(rng, shape)
            case "matrixnormal":
                left, right = (np.linalg.cholesky(a) for a in values[1:])
                return values[0] + left @ rng.standard_normal(shape) @ right.T
            case "wishart":
                root = np.linalg.cholesky(values[0])
                g = root @ rng.standard_normal((n, shape[1], int(values[1].item())))
                return g @ g.transpose(0, 2, 1)
            case "haar":
                q, r = np.linalg.qr(rng.standard_normal(shape))
                return q * np.sign(np.einsum("nii->ni", r))[:, None, :]
            case "uniform":
                return rng.uniform(values[0].item(), values[1].item(), shape)
            case "bernoulli":
                return (rng.random(shape) < values[0]).astype(float)
            case "rademacher":
                return rng.integers(0, 2, shape) * 2.0 - 1
            case "chi2":
                return rng.chisquare(values[0].item(), shape)
            case "exponential":
                return rng.exponential(1 / values[0].item(), shape)
            case "gamma":
                return rng.gamma(values[0].item(), values[1].item(), shape)
            case "laplace":
                return rng.laplace(values[0].item(), values[1].item(), shape)
            case "poisson":
                return rng.poisson(values[0].item(), shape).astype(float)
        raise InputError(f"{d.family} is not sampled here")

    def _entries_with(self, d: Distribution) -> ThreePoints:
        """Return entries with given central moments. Raises Undefined where nothing has such moments."""
        mean, variance, *higher = (_floats(p) for p in self.point._parameters(d) if p is not None)
        if len(higher) > 2:
            raise InputError(f"{d.name} has given moments beyond the fourth, which are not sampled here")
        third = higher[0] if higher else np.zeros_like(variance)
        return three_points(mean, variance, third, higher[1] if len(higher) > 1 else None)


def _is_definite(covariance: Any) -> bool:
    return covariance is None or float(np.linalg.eigvalsh(_floats(covariance)).min()) > 0


def _floats(x: Any) -> np.ndarray:
    return np.array(x, dtype=float)
