"""The front door gives every public name, checked where there is a check, and costs nothing to open."""

from __future__ import annotations

import doctest
import subprocess
import sys

import derive
import gradproof as gp
import verify


def test_every_name_is_there_and_is_listed():
    for name in gp.__all__:
        assert getattr(gp, name) is not None
    assert sorted(gp.__all__) == sorted(gp._HOMES)
    assert set(gp.__all__) <= set(dir(gp))


def test_what_is_public_in_verify_is_public_here_and_the_same():
    for name in verify.__all__:
        assert getattr(gp, name) is getattr(verify, name)


def test_gradients_are_the_checked_ones():
    assert gp.gradient is verify.gradient
    assert gp.gradient is not derive.gradient


def test_opening_the_door_imports_no_sympy_and_no_numpy():
    code = "import sys, gradproof; print(sorted({'sympy', 'numpy', 'scipy'} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_the_examples_of_its_docstring():
    assert doctest.testmod(gp).failed == 0
