"""Formulas as code that people run: a plan of array operations, and its printer for NumPy, JAX, PyTorch and Octave."""

from derive.code.function import Output, compiled, plan, source
from derive.code.plan import Plan
from derive.code.targets import TARGETS

__all__ = ["TARGETS", "Output", "Plan", "compiled", "plan", "source"]
