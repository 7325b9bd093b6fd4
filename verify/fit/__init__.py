"""Fits: toy data sets, the NumPy network, root finding, the exact construction."""
