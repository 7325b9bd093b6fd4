"""The worked example of CONTRIBUTING.md, done in a copy of the packages."""

import re
import shutil
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parents[2]
WRONG = "lambda x, y: 1 - apply(Abs, y)"


def insert(path, before, text):
    source = path.read_text(encoding="utf-8")
    assert source.count(before) == 1, f"{path} has no single place {before!r}"
    path.write_text(source.replace(before, text + before), encoding="utf-8")


def run(place, code):
    return subprocess.run(
        [sys.executable, "-c", code], cwd=place, capture_output=True, text=True, check=False
    )


def test_the_operation_that_contributing_adds_works_and_a_wrong_rule_is_withheld(tmp_path):
    text = (ROOT / "CONTRIBUTING.md").read_text(encoding="utf-8")
    function, name, rule = re.findall(r"```python\n(.*?)```", text, re.DOTALL)
    ((command, printed),) = re.findall(r"```console\n\$ gradproof (.*?)\n(.*?)\n```", text, re.DOTALL)
    for package in ("derive", "verify", "reports"):
        shutil.copytree(ROOT / package, tmp_path / package, ignore=shutil.ignore_patterns("__pycache__"))
    functions, rules = tmp_path / "derive/elementwise.py", tmp_path / "derive/rules.py"
    insert(functions, "#: Name in the text language -> scalar function of one variable", f"{function}\n\n")
    insert(functions, '    "softplus": softplus,\n', name)
    insert(rules, "swish\nfrom derive.entrywise", "softsign, ")
    insert(rules, '    entrywise("softplus", softplus,', rule)

    arguments = "import shlex; from reports.cli import main; main(shlex.split({!r}))"
    right = run(tmp_path, arguments.format(command))
    assert (right.returncode, right.stderr) == (0, "")
    assert right.stdout.strip() == printed

    source = rules.read_text(encoding="utf-8")
    rules.write_text(re.sub(r"lambda x, y: \(1 - apply\(Abs, y\)\) \*\* 2", WRONG, source), encoding="utf-8")
    wrong = run(tmp_path, arguments.format(command))
    assert wrong.returncode not in (0, 2)
    assert wrong.stdout == ""
    assert "did not pass its own check" in wrong.stderr
