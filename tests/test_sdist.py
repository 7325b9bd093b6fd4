"""The source distribution holds what a packager needs: the tests, the versions tested with, documentation and data."""

import shutil
import subprocess
import sys
import tarfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
#: What a clone has; not what building, testing and the report leave beside it.
PARTS = (
    "derive verify reports tests docs gradproof.py pyproject.toml MANIFEST.in README.md LICENSE CHANGELOG.md "
    "CONTRIBUTING.md Makefile constraints.txt mkdocs.yml"
).split()


def test_the_source_distribution_holds_tests_constraints_and_data(tmp_path):
    pytest.importorskip("setuptools", minversion="77")
    clone = tmp_path / "clone"
    clone.mkdir()
    for part in PARTS:
        source = ROOT / part
        if source.is_dir():
            shutil.copytree(source, clone / part, ignore=shutil.ignore_patterns("__pycache__"))
        else:
            shutil.copy(source, clone / part)
    build = f"from setuptools.build_meta import build_sdist; build_sdist({str(tmp_path)!r})"
    run = subprocess.run([sys.executable, "-c", build], cwd=clone, capture_output=True, text=True)
    assert run.returncode == 0, run.stderr[-2000:]
    (archive,) = tmp_path.glob("gradproof-*.tar.gz")
    with tarfile.open(archive) as packed:
        names = {name.partition("/")[2] for name in packed.getnames()}
    assert {
        "tests/conftest.py",
        "constraints.txt",
        "Makefile",
        "derive/results/cookbook.jsonl",
        "derive/py.typed",
        "reports/templates/report.js",
        "docs/tutorial.md",
    } <= names
