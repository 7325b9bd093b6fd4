"""Other gradient checkers behind one face, each with the thresholds that it has or that people give it.

A checker takes a statement at a point as plain functions, and a claim, and answers agrees or refuted (theirs know
no third answer; an exception on the way is inconclusive). Those that are not installed are left out.
"""

from __future__ import annotations

import logging
from collections.abc import Callable
from importlib.util import find_spec
from typing import Any

import numpy as np
from numpy.typing import NDArray
from sympy import Expr

from verify.power.plain import Plain
from verify.verdict import Word

Floats = NDArray[np.float64]
Scalar = Callable[[Floats], float]
Gradient = Callable[[Floats], Floats]

#: f, its claimed gradient and a point -> what the checker says.
Checker = Callable[[Scalar, Gradient, Floats], bool]


def _check_grad(accept: Callable[[float, float], bool]) -> Checker:
    def check(f: Scalar, gradient: Gradient, x: Floats) -> bool:
        from scipy.optimize import check_grad

        return accept(float(check_grad(f, gradient, x)), float(np.linalg.norm(gradient(x))))

    return check


def _numdifftools(f: Scalar, gradient: Gradient, x: Floats) -> bool:
    import numdifftools

    return bool(np.allclose(gradient(x), numdifftools.Gradient(f)(x)))


def _gradcheck(f: Scalar, gradient: Gradient, x: Floats) -> bool:
    import torch

    class Claim(torch.autograd.Function):  # type: ignore[name-defined, misc]
        @staticmethod
        def forward(context: Any, at: Any) -> Any:
            context.save_for_backward(at)
            return torch.tensor(f(at.detach().numpy()), dtype=torch.float64)

        @staticmethod
        def backward(context: Any, adjoint: Any) -> Any:
            (at,) = context.saved_tensors
            return adjoint * torch.from_numpy(gradient(at.detach().numpy()))

    at = torch.tensor(x, dtype=torch.float64, requires_grad=True)
    return bool(torch.autograd.gradcheck(Claim.apply, (at,), raise_exception=False))


def _check_grads(f: Scalar, gradient: Gradient, x: Floats) -> bool:
    import jax
    from jax.test_util import check_grads

    jax.config.update("jax_enable_x64", True)
    logging.getLogger("jax").setLevel(logging.CRITICAL)  # it logs what it raises
    number, vector = jax.ShapeDtypeStruct((), np.float64), jax.ShapeDtypeStruct(x.shape, np.float64)

    @jax.custom_vjp
    def claim(at: Any) -> Any:
        return jax.pure_callback(lambda a: np.float64(f(np.asarray(a))), number, at)

    def backward(at: Any, adjoint: Any) -> Any:
        return (adjoint * jax.pure_callback(lambda a: gradient(np.asarray(a)), vector, at),)

    claim.defvjp(lambda at: (claim(at), at), backward)
    try:
        check_grads(claim, (x,), order=1, modes=("rev",))
    except AssertionError:
        return False
    return True


#: The name in the tables -> the package that it needs, and the checker.
CHECKERS: dict[str, tuple[str, Checker]] = {
    "scipy.optimize.check_grad < 1e-6": ("scipy", _check_grad(lambda off, size: off < 1e-6)),
    "scipy.optimize.check_grad < 1e-4": ("scipy", _check_grad(lambda off, size: off < 1e-4)),
    "scipy.optimize.check_grad < 1e-6 norm(g)": ("scipy", _check_grad(lambda off, size: off < 1e-6 * size)),
    "numdifftools.Gradient, numpy.allclose": ("numdifftools", _numdifftools),
    "torch.autograd.gradcheck": ("torch", _gradcheck),
    "jax.test_util.check_grads": ("jax", _check_grads),
}


def installed() -> dict[str, Checker]:
    """Return the checkers whose packages are installed."""
    return {name: checker for name, (package, checker) in CHECKERS.items() if find_spec(package)}


def ask(checker: Checker, at: Plain, claim: Expr) -> Word:
    """Return what a checker says of a claim at a point."""
    try:
        right = checker(
            lambda x: float(at.f(np.asarray(x, dtype=float))),
            lambda x: at.gradient(claim, np.asarray(x, dtype=float)),
            at.x.copy(),
        )
    except (ArithmeticError, ValueError, RuntimeError):
        return "inconclusive"
    return "agrees" if right else "refuted"
