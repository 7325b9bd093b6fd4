"""A claimed gradient of a plain callable, checked without a step or a tolerance of the user's.

Three methods look at f, each in a way of its own: differences along the entries (and, where x is large, along random
directions, the worst entry found by halving), the complex step where f is analytic, and the order of the
Taylor remainder. A gradient is refuted only where it lies outside the estimated error at *every* step that could
tell the two apart, and does so again on a second ladder of other steps.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from verify.callables.charts import Confined
from verify.callables.gradient_slips import COUNTED_TWICE, Measured, describe
from verify.callables.probe import ELSEWHERE, Along, Probe
from verify.callables.wrapped import Argument, NotFiniteError
from verify.methods.complex_step import complex_step
from verify.methods.differences import Ladder, side_by_side
from verify.methods.judge import SAFETY
from verify.methods.taylor import taylor_order
from verify.verdict import Counterexample, Evidence, Verdict, Word
from verify.wording import count

Floats = NDArray[np.float64]

#: Evaluations of f for one ladder, roughly: what an entry costs.
LADDER_COST = 50
#: The share of the time after which no more entries are measured; the rest is kept for second looks.
FIRST_PASS = 0.7
#: Entries that are not finite, which are measured until one refutes the claim.
MOST_NOT_FINITE = 16
#: Entries whose exclusion is put down to the rounding of f, after which no more are looked at.
ROUGH = 4
#: Random directions, where x has more entries than are affordable one by one.
DIRECTIONS = 6


def check_gradient(
    f: Callable[[Any], Any],
    grad: Callable[[Any], Any] | Any,
    x: Any,
    *,
    seed: int = 0,
    seconds: float = 10.0,
    evaluations: int = 20_000,
    progress: Callable[[int, int], None] | None = None,
    domain: str | None = None,
) -> Verdict:
    """Check a gradient of a scalar function at a point; answer agrees, refuted or inconclusive.

    `f` takes one argument like `x` and returns one real number; `x` is a NumPy array of any shape, a number, a
    tensor, or a tuple, list or dict of these. `grad` is a callable of the same argument, or the claimed gradient itself,
    in the shape of `x`. f may be noisy or kinked, or fail at some points near x, but must have a value at x.

    No evaluation of f begins after `seconds`, and the entries measured one by one are as many as `evaluations` pays
    for; the evidence says what was left out. `progress(done, total)` is called after each entry. The same seed gives
    the same answer, unless the time runs out.

    `domain` says on which arrays the gradient is meant: symmetric, posdef, lower, upper, skew, diagonal, simplex,
    positive or orthogonal (orthonormal columns). Differences then stay inside, and a claim is judged by what the set can see of
    it: of a symmetric matrix, by the sum of two mirrored entries. A gradient that is not finite where f has a derivative
    is refuted.

    Raises InputError where x is empty, complex or not finite, f does not return one finite real number at x, or
    the gradient has another shape than x, or entries that are not finite where f has no derivative, and for an x
    outside the domain.
    """
    if domain is not None:
        return _confined(Confined(f, grad, x, domain), domain, seed, seconds, evaluations, progress)
    started = time.perf_counter()
    try:
        probe = Probe(f, grad, x, seed, seconds)
    except NotFiniteError as error:
        return _without_value(f, x, error, seed, seconds)
    affordable = max(evaluations // LADDER_COST, DIRECTIONS)
    along = Along(probe, 1 if probe.x.size <= affordable else DIRECTIONS)
    entries = along.suspects() + [i for i in probe.order(affordable) if i not in along.found]
    ladders: list[Ladder] = []
    for done, i in enumerate(entries):
        ladder = probe.entry_ladder(i) if time.perf_counter() - started < FIRST_PASS * seconds else None
        if ladder is None:
            break
        ladders.append(ladder)
        if progress is not None:
            progress(done + 1, len(entries))
    return _Conclusion(probe, along, entries[: len(ladders)], ladders).verdict(started)


def _confined(
    inside: Confined,
    domain: str,
    seed: int,
    seconds: float,
    evaluations: int,
    progress: Callable[[int, int], None] | None,
) -> Verdict:
    """Return the verdict in the coordinates of a domain, told in those of x."""
    found = check_gradient(
        inside.f,
        inside.grad,
        inside.chart.start,
        seed=seed,
        seconds=seconds,
        evaluations=evaluations,
        progress=progress,
    )
    if found.counterexample is None:
        return found
    said = found.diagnosis
    if domain in ("symmetric", "posdef"):
        inside.halved = True
        again = check_gradient(
            inside.f, inside.grad, inside.chart.start, seed=seed, seconds=seconds, evaluations=evaluations
        )
        inside.halved = False
        said = COUNTED_TWICE if again.verdict == "agrees" else said
    k = int(found.counterexample.name.strip("x[]"))
    point = {"x": inside.variable.flat.reshape(inside.shape).tolist()}
    name = f"the derivative by {inside.chart.names[k]} on the domain ({domain})"
    shown = replace(found.counterexample, name=name, point=point)
    return replace(found, counterexample=shown, diagnosis=said)


def _without_value(
    f: Callable[[Any], Any], x: Any, error: NotFiniteError, seed: int, seconds: float
) -> Verdict:
    """Return the refutation of a claim that is not finite where f has a derivative; else raise the error."""
    started = time.perf_counter()
    bad = np.flatnonzero(~np.isfinite(error.claim))
    filled = np.where(np.isfinite(error.claim), error.claim, 0.0)
    probe = Probe(f, Argument(x).unflatten(filled), x, seed, seconds)
    for i in map(int, bad[:MOST_NOT_FINITE]):
        ladder = probe.entry_ladder(i)
        if ladder is None:
            break
        finding = probe.judged(np.zeros(1), np.zeros(1), [ladder])
        value, off = float(finding.estimate.value[0]), float(finding.estimate.error[0])
        smooth = not finding.jumps[0] and not finding.estimate.kink[0]
        rise = np.abs(np.concatenate([ladder.plus, ladder.minus]) - ladder.centre) / np.tile(ladder.steps, 2)
        scale = max(abs(value), abs(probe.f.centre), 1e-3, np.max(rise, initial=0.0, where=np.isfinite(rise)))
        if smooth and np.isfinite(value) and off <= 1e-3 * scale:
            name = probe.variable.name(i)
            figure = f"{name}: claimed {error.claim[i]}, measured {value:.12g} ± {off:.1e}"
            index = (*probe.variable.index(i), 0, 0)
            point = {
                leaf.name: probe.x[leaf.at].reshape(leaf.shape).tolist() for leaf in probe.variable.leaves
            }
            evidence = Evidence("finite differences", "refuted", figure, {}, time.perf_counter() - started)
            shown = Counterexample(
                point, (index[0], index[1]), str(error.claim[i]), f"{value:.15g} ± {off:.1e}", name
            )
            said = f"the claim is {error.claim[i]} at {count(bad.size, 'entry', 'entries')}, where f has a derivative"
            return Verdict("refuted", (evidence,), shown, said)
    raise error


class _Conclusion:
    """The evidence of the three methods, and the verdict that it adds up to."""

    def __init__(self, probe: Probe, along: Along, entries: list[int], ladders: list[Ladder]) -> None:
        self.probe, self.along = probe, along
        self.entries = np.array(entries, dtype=int)
        self.claim, self.claim_error = probe.claim[self.entries], probe.claim_error[self.entries]
        self.finding = probe.judged(self.claim, self.claim_error, ladders) if entries else None
        self.ladders, self.rough = ladders, False
        self.confirmed = self._confirm()
        for _ in range(ROUGH):
            if not (self.confirmed and self._is_rough()):
                break
            self.confirmed = self._confirm()
        self.exact: Floats | None = None
        self.exact_error = np.zeros(0)

    def _worst(self) -> int:
        assert self.finding is not None
        return int(np.argmax(np.where(self.finding.excluded, self.finding.off, -1.0)))

    def _confirm(self) -> bool:
        """Return whether the worst excluded entry is excluded on a second ladder too, of other steps."""
        if self.finding is None or not np.any(self.finding.excluded):
            return False
        k = self._worst()
        again = self.probe.entry_ladder(int(self.entries[k]), start=ELSEWHERE)
        return again is not None and bool(
            self.probe.judged(self.claim[[k]], self.claim_error[[k]], [again], rounded=False).excluded[0]
        )

    def _is_rough(self) -> bool:
        """Return whether the worst entry is excluded only as long as the rounding of f is not known, and put that right."""
        assert self.finding is not None
        k = self._worst()
        entry, found = int(self.entries[k]), self.finding.estimate
        rough = self.probe.roughness(entry, max(abs(float(self.claim[k])), abs(float(found.value[k]))))
        if not rough:
            return False
        again = self.probe.judged(
            self.claim[[k]], self.claim_error[[k]], [self.ladders[k]], rough=rough, rounded=False
        )
        self.rough |= bool(not again.excluded[0])
        for flags, flag in (
            (self.finding.excluded, again.excluded),
            (self.finding.within, again.within),
            (self.finding.seen, again.seen),
            (self.finding.tolerance, again.tolerance),
            (self.finding.off, again.off),
            (self.finding.jumps, again.jumps),
            (self.finding.kinked, again.kinked),
        ):
            flags[k] = flag[0]
        return not again.excluded[0]

    def verdict(self, started: float) -> Verdict:
        """Return the verdict."""
        differences = self._differences(started)
        analytic = self._complex_step()
        evidence = (differences, analytic, self._taylor(differences.verdict))
        words = {differences.verdict, analytic.verdict}
        word: Word = "refuted" if "refuted" in words else "agrees" if "agrees" in words else "inconclusive"
        if word != "refuted" or self.finding is None:
            return Verdict(word, evidence)
        return Verdict(word, evidence, self._counterexample(), self._diagnosis())

    # -- differences ------------------------------------------------------------------------------------

    def _differences(self, started: float) -> Evidence:
        total, measured = self.probe.x.size, self.entries.size
        every = f"all {total} entries" if total > 1 else "its only entry"
        scope = f"{measured} of {count(total, 'entry', 'entries')}" if measured < total else every
        if self.along.directions and measured < total:
            scope += f" and {count(len(self.along.directions), 'random direction')}"
        if self.probe.f.late:
            scope += " in the time given"
        details: dict[str, Any] = {
            "entries": total,
            "measured": measured,
            "directions": len(self.along.directions),
            "evaluations": self.probe.f.calls,
            "noise": self.probe.noise,
            "condition": self.probe.condition,
        }
        word, figure = self._differences_word(details)
        return Evidence(
            "finite differences", word, f"{figure}; {scope}", details, time.perf_counter() - started
        )

    def _differences_word(self, details: dict[str, Any]) -> tuple[Word, str]:
        finding = self.finding
        if finding is None and self.along.finding is None:
            return (
                "inconclusive",
                f"no time for one ladder of steps ({count(self.probe.f.calls, 'evaluation')}): give more seconds",
            )
        if finding is not None:
            k = (
                self._worst()
                if self.confirmed
                else int(np.argmax(finding.off / np.fmax(finding.tolerance, 1e-300)))
            )
            details |= self._entry_details(k)
            if self.confirmed:
                return "refuted", self._worst_figure(k)
        if self.entries.size < self.probe.x.size and not self.rough and self.along.excluded():
            return "refuted", "the claim is excluded along a random direction"
        if finding is None:
            assert self.along.finding is not None
            word = self.along.finding.word(0)
            return word, "along a random direction " + (
                "within the error" if word == "agrees" else "not settled"
            )
        words = [finding.word(j) for j in range(self.entries.size)]
        unsettled = [j for j, word in enumerate(words) if word != "agrees"]
        if unsettled:
            j = unsettled[0]
            where = self.probe.variable.name(self.entries[j])
            if finding.excluded[j]:
                return (
                    "inconclusive",
                    f"{where} is excluded on one ladder of steps and not on another: move x",
                )
            others = count(len(unsettled) - 1, "more entry", "more entries")
            more = f" (and {others})" if len(unsettled) > 1 else ""
            trouble = self.probe.f.trouble if not np.isfinite(finding.estimate.error[j]) else ""
            return "inconclusive", f"{where}{more}: {finding.reason(j)}" + (
                f" ({trouble})" if trouble else ""
            )
        if self.entries.size < self.probe.x.size and not self._rest_agrees():
            return "inconclusive", "the measured entries agree, the random directions are not settled"
        scale = float(np.max(np.abs(finding.estimate.value), initial=0.0)) or 1.0
        off, allowed = float(np.max(finding.off)) / scale, float(np.max(finding.tolerance)) / scale
        return "agrees", f"largest difference {off:.1e}, tolerance {allowed:.1e}, of the largest entry"

    def _rest_agrees(self) -> bool:
        along = self.along.finding
        return along is not None and any(along.word(k) == "agrees" for k in range(len(self.along.directions)))

    def _entry_details(self, k: int) -> dict[str, Any]:
        assert self.finding is not None
        found = self.finding.estimate
        usable = np.isfinite(found.errors[:, k])
        return {
            "worst_entry": self.probe.variable.name(self.entries[k]),
            "claimed": float(self.claim[k]),
            "measured": float(found.value[k]),
            "tolerance": float(self.finding.tolerance[k]),
            "truncation": float(found.truncation[k]),
            "rounding": float(found.rounding[k]),
            "step": float(found.step[k]),
            "steps": found.steps[usable, k].tolist(),
            "estimates": found.values[usable, k].tolist(),
            "errors": found.errors[usable, k].tolist(),
        }

    def _worst_figure(self, k: int) -> str:
        assert self.finding is not None
        found, excluded = self.finding.estimate, int(self.finding.excluded.sum())
        where = self.probe.variable.name(self.entries[k])
        return (
            f"worst entry {where}: claimed {self.claim[k]:.12g}, measured {found.value[k]:.12g} "
            f"± {self.finding.tolerance[k]:.1e}; {excluded} wrong"
        )

    # -- the complex step ----------------------------------------------------------------------------------

    def _complex_step(self) -> Evidence:
        started = time.perf_counter()

        def evidence(word: Word, figure: str, **details: Any) -> Evidence:
            return Evidence("complex step", word, figure, details, time.perf_counter() - started)

        if self.finding is None:
            return evidence("inconclusive", "not tried: no entry was measured")
        probe = self.probe
        if not probe.steady:
            return evidence("inconclusive", "not applicable: f gives another value at each call")
        step = complex_step(
            probe.f.f,
            probe.watched,
            probe.x,
            self.entries,
            probe.f.centre,
            probe.rng,
            lambda: probe.f.late,
        )
        if step.distrust:
            return evidence("inconclusive", f"not applicable: {step.distrust}")
        measured = self.finding.estimate
        known = np.isfinite(measured.error)
        apart = np.abs(step.values - measured.value) > SAFETY * measured.error + step.errors
        if not np.all(known):
            return evidence("inconclusive", "not applicable: x lies on the edge of the domain of f")
        if np.any(apart):
            return evidence(
                "inconclusive", "not applicable: differences show another slope, so f is not analytic"
            )
        self.exact, self.exact_error = step.values, step.errors
        off, allowed = np.abs(self.claim - step.values), step.errors + self.claim_error
        k = int(np.argmax(off / np.fmax(allowed, 1e-300)))
        details = {
            "worst_entry": probe.variable.name(self.entries[k]),
            "claimed": float(self.claim[k]),
            "measured": float(step.values[k]),
            "tolerance": float(allowed[k]),
        }
        if off[k] > allowed[k]:
            where = details["worst_entry"]
            said = f"{where}: claimed {self.claim[k]:.15g}, measured {step.values[k]:.15g} ± {allowed[k]:.1e}"
            return evidence("refuted", said, **details)
        hidden = (off > 4 * (step.own + self.claim_error)) & (np.abs(self.claim) > 4 * self.claim_error)
        if np.any(hidden):
            where = probe.variable.name(self.entries[int(np.argmax(np.where(hidden, off, -1.0)))])
            return evidence(
                "inconclusive", f"{where} differs, by less than rounding of the largest entry", **details
            )
        if self.entries.size < probe.x.size:
            agree = f"{self.entries.size} of {probe.x.size} entries agree"
            return evidence("inconclusive", agree, **details)
        scale = float(np.max(np.abs(step.values))) or 1.0
        return evidence(
            "agrees", f"largest difference {np.max(off) / scale:.1e} of the largest entry", **details
        )

    # -- Taylor remainder --------------------------------------------------------------------------------

    def _taylor(self, others: Word) -> Evidence:
        started = time.perf_counter()
        if self.along.finding is None:
            return Evidence("Taylor remainder", "inconclusive", "not tried: no time")
        probe, finding = self.probe, self.along.finding
        result = taylor_order(
            side_by_side(self.along.ladders[:1]),
            float(self.along.directions[0] @ probe.claim),
            unit=probe.f.unit,
            noise=probe.noise,
        )
        details = {
            "order": None if np.isnan(result.order) else result.order,
            "steps": result.steps.tolist(),
            "remainders": result.remainders.tolist(),
            "noise": result.noise.tolist(),
        }
        word: Word = "inconclusive"
        if result.linear:
            figure = "no remainder above the noise: f is linear along the direction"
            word = finding.word(0)
        elif np.isnan(result.order):
            figure = "too few remainders above the noise to read an order off"
        else:
            figure = f"order {result.order:.2f} along a random direction (2 if right, 1 if wrong)"
            if result.order > 1.7 and others != "refuted":
                word = finding.word(0)
            elif result.order < 1.3 and finding.word(0) == "refuted":
                word = "refuted"
        return Evidence("Taylor remainder", word, figure, details, time.perf_counter() - started)

    # -- what is wrong ------------------------------------------------------------------------------------

    def _truth(self) -> tuple[Floats, Floats]:
        """Return the best measured derivatives and the tolerance of the claim against them."""
        assert self.finding is not None
        if self.exact is not None:
            return self.exact, self.exact_error + self.claim_error
        return self.finding.estimate.value, self.finding.tolerance

    def _counterexample(self) -> Counterexample:
        value, tolerance = self._truth()
        off = np.abs(self.claim - value)
        k = int(np.argmax(np.where(off > tolerance, off, -1.0)))
        probe = self.probe
        index = (*probe.variable.index(int(self.entries[k])), 0, 0)
        point = {
            leaf.name: probe.x[leaf.at].reshape(leaf.shape).tolist()
            if leaf.at.stop - leaf.at.start <= 64
            else f"the array of {leaf.at.stop - leaf.at.start} entries given"
            for leaf in probe.variable.leaves
        }
        true = f"{value[k]:.15g} ± {tolerance[k]:.1e}"
        name = probe.variable.name(int(self.entries[k]))
        return Counterexample(point, (index[0], index[1]), f"{self.claim[k]:.15g}", true, name)

    def _diagnosis(self) -> str | None:
        value, tolerance = self._truth()
        place = {int(entry): k for k, entry in enumerate(self.entries)}
        whole = []
        for leaf in self.probe.variable.leaves:
            if all(i in place for i in range(leaf.at.start, leaf.at.stop)):
                first = place[leaf.at.start]
                part = slice(first, first + leaf.at.stop - leaf.at.start)
                whole.append((leaf.name, part, leaf.shape))
        names = [self.probe.variable.name(i) for i in self.entries]
        return describe(Measured(self.claim, value, tolerance, self.probe.x[self.entries], names, whole))
