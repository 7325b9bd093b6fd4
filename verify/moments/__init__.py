"""Moments by numbers: sampling, quadrature, deep random networks, step networks."""
