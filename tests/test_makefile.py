"""The Makefile: a target that makes no file of its name is phony, or a folder of that name (tests) would end it."""

from __future__ import annotations

import re
from pathlib import Path

MAKEFILE = (Path(__file__).parents[1] / "Makefile").read_text(encoding="utf-8")
#: What is a file indeed.
FILES = {"gradproof"}


def test_what_makes_no_file_is_phony():
    targets = set(re.findall(r"^([a-z][\w-]*):(?!=)", MAKEFILE, re.M))
    phony = set(re.findall(r"^\.PHONY:(.*)", MAKEFILE, re.M)[0].split())
    assert {"test", "tests", "report", "docs"} <= targets
    assert targets - FILES == phony
