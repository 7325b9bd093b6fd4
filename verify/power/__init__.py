"""The power of checks, measured: `python -m verify.power`."""
