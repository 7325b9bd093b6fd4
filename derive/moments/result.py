"""What a catalogued statement about moments consists of: its derivation, what is measured, and the slips.

A check is an exact number (SymPy) together with the name of a random experiment whose mean it claims to be;
`verify.moments` builds the experiment from the name and its options, since this package knows no numbers. A slip is a
wrong number for the same kind of experiment, with the right one beside it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

import sympy as sp

from derive.moments.steps import MomentDerivation
from derive.results.result import Catalogued, Slip


@dataclass(frozen=True)
class MomentCheck:
    """The claim that an experiment's mean is an exact number.

    `sampler` names the experiment and `options` are its parameters (names and exact numbers); `rtol` is the width of the
    relative band within which the confidence interval must lie. `method` is what the experiment is, in a word or two.
    """

    label: str
    claim: sp.Expr
    sampler: str
    options: Mapping[str, Any] = field(default_factory=dict)
    rtol: float = 1e-3
    method: str = "Monte Carlo"


@dataclass(frozen=True)
class MomentSlip(Slip[sp.Expr]):
    """A number that is often given for an experiment's mean, why it is wrong, and the right one, `true`."""

    true: sp.Expr = field(kw_only=True)
    sampler: str = field(kw_only=True)
    options: Mapping[str, Any] = field(default_factory=dict, kw_only=True)


@dataclass(frozen=True, kw_only=True)
class MomentResult(Catalogued):
    """A catalogued statement about moments. `derivation` derives it anew at each call."""

    statement_latex: str
    variables: Mapping[str, str]
    assumptions: tuple[str, ...]
    derivation: Callable[[], MomentDerivation]
    checks: tuple[MomentCheck, ...]
    slips: tuple[MomentSlip, ...] = ()

    def derive(self) -> MomentDerivation:
        """Return the derivation."""
        return self.derivation()
