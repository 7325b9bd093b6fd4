"""How fast printed code runs beside NumPy as an expert writes it, and how fast it is written.

The ratios are of the least times of turns in one process; run it alone, with OMP_NUM_THREADS=1. Tables beside JAX and
PyTorch: `python -m tests.benchmarks.code_speed`.
"""

import time

import numpy as np
import pytest

from tests.benchmarks.by_hand import CASES
from tests.benchmarks.code_speed import beside, derived


def test_printed_code_beside_hand_written(capsys):
    lines, ratios = [], []
    for case in CASES:
        mine, other = beside(case, 0.3)
        ratios.append(mine / other)
        lines.append(
            f"{ratios[-1]:6.2f}  {1e3 * mine:8.2f} ms  {1e3 * other:8.2f} ms  {case[0].split('|')[0]}"
        )
    with capsys.disabled():
        print("\n ratio  printed      by hand\n" + "\n".join(lines))
        print(f"median {np.median(ratios):.2f}, worst {max(ratios):.2f}, of {len(ratios)}")
    assert np.median(ratios) < 1.2
    assert max(ratios) < 2


@pytest.mark.parametrize("case", CASES, ids=lambda c: c[1].__name__)
def test_writing_the_code_is_quick(case):
    d = derived(case[0])
    d.to_code(value=True)
    start = time.process_time()
    d.to_code(value=True)
    assert time.process_time() - start < 1.0
