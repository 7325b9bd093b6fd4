"""Numbers: evidence for derivatives and moments, and the verdicts that it adds up to.

Names are imported when they are first used, so that the package itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from verify.callables.gradients import check_gradient
    from verify.callables.testing import assert_gradient
    from verify.callables.vector_functions import check_hvp, check_jacobian, check_jvp, check_vjp
    from verify.claims import check_claim
    from verify.derived import differential, gradient, hessian, jacobian
    from verify.equal import check_equal
    from verify.functions import function
    from verify.moments.moment_claims import check_expect, covariance, expect, variance
    from verify.moments.monte_carlo import check_moment
    from verify.suite.runner import run_suite

_HOMES = {
    "assert_gradient": "verify.callables.testing",
    "check_claim": "verify.claims",
    "check_equal": "verify.equal",
    "check_expect": "verify.moments.moment_claims",
    "check_gradient": "verify.callables.gradients",
    "check_hvp": "verify.callables.vector_functions",
    "check_jacobian": "verify.callables.vector_functions",
    "check_jvp": "verify.callables.vector_functions",
    "check_moment": "verify.moments.monte_carlo",
    "check_vjp": "verify.callables.vector_functions",
    "covariance": "verify.moments.moment_claims",
    "differential": "verify.derived",
    "expect": "verify.moments.moment_claims",
    "function": "verify.functions",
    "gradient": "verify.derived",
    "hessian": "verify.derived",
    "jacobian": "verify.derived",
    "run_suite": "verify.suite.runner",
    "variance": "verify.moments.moment_claims",
}

__all__ = [
    "assert_gradient",
    "check_claim",
    "check_equal",
    "check_expect",
    "check_gradient",
    "check_hvp",
    "check_jacobian",
    "check_jvp",
    "check_moment",
    "check_vjp",
    "covariance",
    "differential",
    "expect",
    "function",
    "gradient",
    "hessian",
    "jacobian",
    "run_suite",
    "variance",
]


def __getattr__(name: str) -> Any:
    if name not in _HOMES:
        raise AttributeError(f"module 'verify' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return __all__
