"""Printed code gives the evaluator's numbers for every problem of all collections, in every language.

Columns, 1-D arrays, float32 (which stays float32), sizes 1 and sizes 0. The tests draw a sample;
`python -m tests.derive.everywhere` (`make everywhere`) goes through all of them.
"""

import shutil
from collections import Counter

import pytest

from tests.derive.everywhere import faults, octave_faults, quietly, some

#: How many problems a run of the tests draws, for NumPy and for the languages that take longer.
SAMPLE, OTHERS = 24, {"jax": 1, "torch": 5, "octave": 12}


@pytest.mark.parametrize("question", some(SAMPLE, 1), ids=str)
def test_numpy_gives_the_evaluators_numbers(question):
    assert quietly(faults, question) == []


@pytest.mark.parametrize("language", ["jax", "torch"])
def test_other_arrays_give_the_evaluators_numbers(language):
    pytest.importorskip(language)
    for question in some(OTHERS[language], 2):
        assert quietly(faults, question, [language]) == [], str(question)


@pytest.mark.skipif(shutil.which("octave-cli") is None, reason="Octave is not installed")
def test_octave_gives_the_evaluators_numbers():
    skipped = Counter()
    assert quietly(octave_faults, some(OTHERS["octave"], 3), skipped=skipped, timeout=60) == {}
