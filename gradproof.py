"""The front door: `import gradproof as gp` gives every public name, and every answer comes checked.

    >>> import gradproof as gp
    >>> d = gp.gradient("1/2*norm2(A*x - y)^2", "x")
    >>> print(d.to_text(), d.verdict)
    A'*(A*x - y) certified

`gradient`, `jacobian`, `hessian` and `differential` are those of `verify`, which give no formula back that did not pass
a check by numbers; `derive` has the bare engine. Names are imported when they are first used, so that the module
itself costs nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

from derive import display

if TYPE_CHECKING:
    from derive.derivation import Derivation
    from derive.errors import InputError, InternalError
    from derive.language.latex import latex
    from derive.language.text import to_text
    from derive.step import Step
    from reports.proofreading import Proofreading, proofread
    from verify.callables.gradients import check_gradient
    from verify.callables.testing import assert_gradient
    from verify.callables.vector_functions import check_hvp, check_jacobian, check_jvp, check_vjp
    from verify.claims import check_claim
    from verify.derived import differential, gradient, hessian, jacobian
    from verify.equal import check_equal
    from verify.functions import function
    from verify.grading import grade
    from verify.moments.moment_claims import check_expect, covariance, expect, variance
    from verify.moments.monte_carlo import check_moment
    from verify.suite.runner import run_suite
    from verify.trace import trace
    from verify.verdict import Evidence, Verdict

#: Public name -> the module that it is defined in.
_HOMES = {
    "Derivation": "derive.derivation",
    "Evidence": "verify.verdict",
    "InputError": "derive.errors",
    "InternalError": "derive.errors",
    "Proofreading": "reports.proofreading",
    "Step": "derive.step",
    "Verdict": "verify.verdict",
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
    "grade": "verify.grading",
    "function": "verify.functions",
    "gradient": "verify.derived",
    "hessian": "verify.derived",
    "jacobian": "verify.derived",
    "latex": "derive.language.latex",
    "proofread": "reports.proofreading",
    "run_suite": "verify.suite.runner",
    "to_text": "derive.language.text",
    "trace": "verify.trace",
    "variance": "verify.moments.moment_claims",
}

__all__ = [
    "Derivation",
    "Evidence",
    "InputError",
    "InternalError",
    "Proofreading",
    "Step",
    "Verdict",
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
    "grade",
    "gradient",
    "hessian",
    "jacobian",
    "latex",
    "proofread",
    "run_suite",
    "to_text",
    "trace",
    "variance",
]


def __getattr__(name: str) -> Any:
    if name == "__version__":
        return import_module("importlib.metadata").version("gradproof")
    if name not in _HOMES:
        raise AttributeError(f"module 'gradproof' has no attribute '{name}'")
    return getattr(import_module(_HOMES[name]), name)


def __dir__() -> list[str]:
    return [*__all__, "__version__"]


def _shown(result: Any) -> str:
    """A result as HTML; what draws it is imported when a notebook first asks."""
    html: str = import_module("reports.renderers.notebook").html(result)
    return html


def _report(result: Any, out: Any, formats: Any) -> Any:
    return import_module("reports.chapters.own_loss").write_report([result], out, formats)


display.register(_shown, _report)
