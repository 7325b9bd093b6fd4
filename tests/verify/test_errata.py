"""The Matrix Cookbook as commonly remembered: refuted at points that NumPy confirms; its corrections certified."""

from __future__ import annotations

from fractions import Fraction
from functools import cache

import numpy as np
import pytest

from verify.errata import ERRATA, Erratum, main

#: The losses once more, by hand.
LOSSES = {
    "(92), n = 2": lambda X, a, b: (a.T @ (X @ X).T @ (X @ X) @ b).item(),
    "(92), n = 3": lambda X, a, b: (a.T @ (X @ X @ X).T @ (X @ X @ X) @ b).item(),
    "(95)": lambda A, B, x: (np.sum((A @ x) ** 2) / np.sum((B @ x) ** 2)).item(),
    "(127)": lambda A, B, C, X: np.trace(np.linalg.solve(A + X.T @ C @ X, X.T @ B @ X)).item(),
}


remembered = cache(Erratum.check_remembered)


def number(entry: str) -> float:
    return float(Fraction(entry))


def array(entries: list[list[str]] | str) -> np.ndarray:
    rows = [[entries]] if isinstance(entries, str) else entries
    return np.array([[number(e) for e in row] for row in rows])


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda e: e.equation)
def test_remembered_form_is_refuted_at_a_point_that_differences_confirm(erratum: Erratum) -> None:
    verdict = remembered(erratum)
    assert verdict.verdict == "refuted"
    shown = verdict.counterexample
    assert shown is not None
    point = {name: array(value) for name, value in shown.point.items()}
    loss, h = LOSSES[erratum.equation], 1e-5

    def moved(step: float) -> float:
        x = point[erratum.wrt].copy()
        x[shown.entry] += step
        return loss(**{**point, erratum.wrt: x})

    slope = (moved(h) - moved(-h)) / (2 * h)
    assert slope == pytest.approx(number(shown.true), abs=1e-6)
    assert abs(slope - number(shown.claimed)) > 1e-3


@pytest.mark.parametrize("erratum", ERRATA, ids=lambda e: e.equation)
def test_corrected_form_is_certified(erratum: Erratum) -> None:
    verdict = erratum.check_corrected()
    assert verdict
    (field,) = [e for e in verdict.evidence if e.method == "prime field"]
    assert field.verdict == "certified"
    assert field.details["error_bits"] >= 60


def test_diagnosis_names_the_missing_assumption() -> None:
    said = {e.equation: remembered(e).diagnosis for e in ERRATA}
    assert said["(95)"] == "right only if B is symmetric"
    assert said["(127)"] == "right only if A is symmetric"


def test_command_shows_both_forms_of_every_equation(capsys: pytest.CaptureFixture[str]) -> None:
    assert main() == 0
    printed = capsys.readouterr().out
    for erratum in ERRATA:
        assert erratum.remembered in printed
        assert erratum.corrected in printed
    assert printed.count("refuted: ") == len(ERRATA)
