"""Moments of random layers, derived exactly: Gaussian integrals, variance rules, initialisation, depth.

The parts are imported on first use, since each brings in SymPy.
"""

from __future__ import annotations

from importlib import import_module
from typing import Any

_HOME = {
    "MomentDerivation": "steps",
    "ACTIVATIONS": "activations",
    "Activation": "activations",
    "activation": "activations",
    "leaky_relu": "activations",
    "S": "activations",
    "X": "activations",
    "GaussianMoments": "gaussian",
    "gaussian_moments": "gaussian",
    "derive_moment": "gaussian",
    "product_variance": "layers",
    "forward_variance": "layers",
    "backward_variance": "layers",
    "RULES": "initialisation",
    "compromise": "initialisation",
    "initialisation_variance": "initialisation",
    "rectifier_rules": "initialisation",
    "second_moment_map": "depth",
    "backward_factor": "depth",
    "correlation_kernel": "depth",
    "derive_depth": "depth",
    "derive_fixed_point": "depth",
    "StepNetwork": "boxes",
    "approximation_bound": "boxes",
    "box_network": "boxes",
    "usual_box_network": "boxes",
    "box_neurons": "boxes",
    "grid_neurons": "boxes",
    "corner_argument": "boxes",
    "Moment": "expectation",
    "expect": "api",
    "variance": "api",
    "covariance": "api",
    "MOMENT_RESULTS": "catalogue",
    "expand_groups": "catalogue",
    "MomentCheck": "result",
    "MomentResult": "result",
    "MomentSlip": "result",
}

__all__ = sorted(_HOME)


def __getattr__(name: str) -> Any:
    if name not in _HOME:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_HOME[name]}"), name)


def __dir__() -> list[str]:
    return __all__
