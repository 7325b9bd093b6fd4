"""The worked examples of CONTRIBUTING.md, done in a copy of the packages: each is one entry in one file."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[2]
TEXT = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
#: The entries, and the commands that show them with what they print.
SOFTSIGN, ERFI, COSHM, SQRTM, KERNEL = re.findall(r"```python\n(.*?)```", TEXT, re.DOTALL)
SHOWN = re.findall(r"```console\n\$ gradproof (.*?)\n(.*?)\n```", TEXT, re.DOTALL)
WRONG = ("lambda x, y: (1 - apply(Abs, y)) ** 2", "lambda x, y: 1 - apply(Abs, y)")
ENTRYWISE, SPECTRAL = "derive/operations/entrywise.py", "derive/operations/spectral.py"


def copied(place):
    for package in ("derive", "verify", "reports"):
        shutil.copytree(ROOT / package, place / package, ignore=shutil.ignore_patterns("__pycache__"))


def add(path, entry, *imports):
    """Add an entry at the end of a file's table, and names to what the file imports from SymPy."""
    head, end = path.read_text(encoding="utf-8").rsplit("\n)", 1)
    for line in imports:
        head = head.replace("\nfrom sympy import", f"\n{line}\nfrom sympy import", 1)
    path.write_text(f"{head}\n{entry})" + end, encoding="utf-8")


def run(place, *commands):
    """Run commands of gradproof in one process, and return what each of them prints."""
    code = (
        "import shlex\nfrom reports.cli import main\n"
        f"for c in {commands!r}:\n    try: main(shlex.split(c))\n"
        "    except SystemExit as e:\n        if e.code: raise\n    print('---')"
    )
    done = subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False
    )
    return done, [part.strip() for part in done.stdout.split("---\n")[:-1]]


def test_what_contributing_adds_works(tmp_path):
    copied(tmp_path)
    add(tmp_path / ENTRYWISE, SOFTSIGN)
    add(tmp_path / ENTRYWISE, ERFI, "from sympy import erfi")
    add(tmp_path / SPECTRAL, COSHM, "from derive.expression.algebra import M")
    add(tmp_path / SPECTRAL, SQRTM, "from derive.operations.formulas import eye_like, inv, kron, unvec, vec")
    floats = tmp_path / "verify/arithmetics/floats.py"
    source = floats.read_text(encoding="utf-8")
    listed = source.replace('"expm": _expm,', f'"expm": _expm, {KERNEL.strip()}')
    floats.write_text(
        listed.replace("\nimport numpy", "\nimport scipy.linalg\nimport numpy", 1), encoding="utf-8"
    )
    commands = [command for command, _ in SHOWN]
    more = (
        "gradient 'sum(coshm(A)) + sum(erfi(A).*softsign(A))' --wrt A --format numpy",
        "gradient 'tr(coshm(A)) + sum(erfi(A)) + sum(softsign(A))' --wrt A --format latex",
        "check 'sum(softsign(x))' --wrt x --claim '(vector(1) + abs(x)).^(-2)'",
        "check 'sum(erfi(x))' --wrt x --claim '2/sqrt(pi)*exp(x.^2)'",
    )
    done, printed = run(tmp_path, *commands, *more)
    assert (done.returncode, done.stderr) == (0, "")
    for (_, expected), text in zip(SHOWN, printed, strict=False):
        assert text == expected
    numpy, latex, softsign, erfi = printed[len(SHOWN) :]
    assert "np.exp" in numpy
    assert "operatorname{softsign}" in latex
    assert softsign.startswith("✓ proved")
    assert "refuted" not in erfi


def test_a_wrong_rule_is_withheld(tmp_path):
    copied(tmp_path)
    assert WRONG[0] in SOFTSIGN
    add(tmp_path / ENTRYWISE, SOFTSIGN.replace(*WRONG))
    wrong, _ = run(tmp_path, SHOWN[0][0])
    assert wrong.returncode not in (0, 2)
    assert wrong.stdout == ""
    assert "did not pass its own check" in wrong.stderr


@pytest.mark.parametrize("entry", [SOFTSIGN, ERFI, COSHM, SQRTM])
def test_an_entry_is_one_expression(entry):
    assert len(re.findall(r"^    \w+\($", entry, re.MULTILINE)) == 1
