"""Names that code gives to gradients: dW, grad_W, dL_dW, W_grad are the gradient by W."""

from __future__ import annotations

import re
from collections.abc import Collection

_LOSS = r"(?:[LlJEFfCc]|loss|cost|obj|objective|nll|err|error|energy|out)"
#: What stands before the name of the variable, and what behind it.
_BEFORE = re.compile(
    rf"d_?|d_?{_LOSS}_?(?:by_?)?d_?|(?:grad(?:ient)?s?|g|nabla|partial|del)_?(?:(?:of|wrt|by|for|{_LOSS})_)?"
)
_AFTER = re.compile(r"_?(?:grad(?:ient)?|g)")
#: Names that code gives to what is differentiated.
LOSSES = re.compile(
    rf"(?:total_|data_|mean_)?{_LOSS}(?:_?(?:fn|func|function|value|val))?|mse|sse|nll|ce|bce|cross_entropy|"
    r"log_?likelihood|loglik|ll|objective|residual_norm|g|h|phi|psi|value|total"
)
#: Names of functions that are gradients.
_GRADIENTS = re.compile(
    r"(?:^|_)(?:grads?|gradients?|nabla|hess(?:ian)?|jac(?:obian)?|prime|deriv(?:ative)?|backward|backprop)(?:_|$|\d)"
    r"|^d[A-Za-z]\w*$|prime$|grad$|^d_\w+$",
    re.IGNORECASE,
)
_SECOND = re.compile(r"hess", re.IGNORECASE)


def variable_of(label: str, names: Collection[str]) -> str | None:
    """Return the name whose gradient a label is, None where it is that of none of the names."""
    cuts = range(1, len(label))
    spelled = [label[k:] for k in cuts if _BEFORE.fullmatch(label[:k])]
    spelled += [label[:k] for k in cuts if _AFTER.fullmatch(label[k:])]
    lowered = {n.lower(): n for n in names}
    return next((n for n in spelled if n in names), None) or next(
        (lowered[n.lower()] for n in spelled if n.lower() in lowered), None
    )


def is_gradient(name: str) -> bool:
    """Tell whether a function's name says that it is a gradient."""
    return _GRADIENTS.search(name) is not None


def is_second(name: str) -> bool:
    """Tell whether a function's name says that it is a Hessian."""
    return _SECOND.search(name) is not None
