"""Formulas as code that people run."""
