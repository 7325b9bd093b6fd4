"""Tracing: NumPy functions run on symbolic arrays, and the expressions that come out."""

from verify.trace.arrays import CannotTraceError, Traced
from verify.trace.trace import trace

__all__ = ["CannotTraceError", "Traced", "trace"]
