"""What all tests share.

Matrices in the tests are small: threads inside BLAS would only wait for each other. Property tests know no deadline,
since no test depends on how fast the machine is just then, and draw the same examples in every run; a longer look with
other examples is `--hypothesis-profile=wide`.
"""

import os

import pytest
from hypothesis import HealthCheck, settings

for library in ("OPENBLAS", "OMP", "MKL"):
    os.environ.setdefault(f"{library}_NUM_THREADS", "1")

settings.register_profile(
    "steady", deadline=None, derandomize=True, suppress_health_check=[HealthCheck.too_slow]
)
settings.register_profile("wide", deadline=None, max_examples=500)
settings.load_profile("steady")


@pytest.fixture(autouse=True)
def _no_width(monkeypatch):
    """Forget how wide the terminal of whoever runs the tests is."""
    monkeypatch.delenv("COLUMNS", raising=False)


@pytest.fixture(autouse=True)
def _own_numbers(request):
    """Let each test draw from the generator of its file as it stood when that was read, whichever tests ran before."""
    rng = getattr(request.module, "RNG", None)
    if rng is not None:
        state = _AS_READ.setdefault(request.module.__name__, rng.bit_generator.state)
        rng.bit_generator.state = state


#: The states of the generators of files, by name.
_AS_READ: dict[str, dict] = {}
