"""The languages of printed code, one file a language."""

from derive.code.targets.jax import JAX
from derive.code.targets.julia import JULIA
from derive.code.targets.numpy import NUMPY
from derive.code.targets.octave import OCTAVE
from derive.code.targets.target import Target
from derive.code.targets.torch import TORCH

TARGETS: dict[str, Target] = {t.name: t for t in (NUMPY, JAX, TORCH, OCTAVE, JULIA)}

__all__ = ["TARGETS", "Target"]
