# Everything runs in a virtual environment of its own, .venv, made by the first target that needs it.
# Needs: make and Python >= 3.11 (make PYTHON=python3.12 ... picks another one). TeX is used where installed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

# Bytecode is kept whatever the caller's environment says: every process of the tests would compile the sources anew.
unexport PYTHONDONTWRITEBYTECODE

SOURCES := gradproof.py $(shell find derive verify reports -type f -not -path '*/__pycache__/*')
# Where TeX is, the report is not complete without its PDF: TeX installed later makes it anew.
TEX     := $(and $(shell command -v latexmk),$(shell command -v pdflatex))
REPORT  := build/report/$(if $(TEX),report.pdf,index.html)

.PHONY: report docs test types tests everywhere test-oldest benchmark readme clean

report: gradproof $(REPORT)

$(REPORT): $(VENV)/.installed $(SOURCES)
	$(BIN)/gradproof report --times --out build/report

# The command, where its users look for it.
gradproof: $(VENV)/.installed
	@printf '#!/bin/sh\nexec "$$(dirname "$$0")/$(BIN)/gradproof" "$$@"\n' > $@ && chmod +x $@

docs: $(VENV)/.installed-docs
	NO_MKDOCS_2_WARNING=1 $(BIN)/python -m mkdocs build --strict --quiet

# The types are checked beside the tests, while one of these waits.
test: $(VENV)/.installed-test gradproof
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	+$(MAKE) --no-print-directory --jobs 2 types tests

types: $(VENV)/.installed-test
	$(BIN)/mypy

tests: $(VENV)/.installed-test gradproof
	$(BIN)/python -m pytest -n 2

# Printed code beside the evaluator for every problem of all collections, in every language; the tests draw a sample.
everywhere: $(VENV)/.installed-test
	$(BIN)/python -m tests.derive.everywhere

# The symbols under the oldest SymPy that pyproject.toml admits; `make test` runs under the newest.
OLDEST := .venv-oldest
test-oldest: $(OLDEST)/.installed
	$(OLDEST)/bin/python -m pytest -n 2 tests/derive

$(OLDEST)/.installed: pyproject.toml constraints.txt
	$(PYTHON) -m venv $(OLDEST)
	sed 's/^sympy==.*/sympy==1.13.0/' constraints.txt > $(OLDEST)/constraints.txt
	$(OLDEST)/bin/python -m pip --disable-pip-version-check --quiet install \
	    --constraint $(OLDEST)/constraints.txt --editable '.[test]'
	@touch $@

benchmark: $(VENV)/.installed-test
	$(BIN)/python -m pytest --override-ini addopts= tests/benchmarks --benchmark-only

# Writes into README.md and docs/*.md what their commands print now; a test fails where the two differ.
readme: $(VENV)/.installed-test
	$(BIN)/python -m tests.reports.readme

clean:
	rm -rf gradproof $(OLDEST) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
	find derive verify reports tests -type d -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	    || { echo "error: $(PYTHON) is older than Python 3.11; try make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)

$(VENV)/.installed: pyproject.toml constraints.txt | $(BIN)/python
	$(PIP) install --constraint constraints.txt --editable .
	@touch $@

$(VENV)/.installed-test: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable '.[test]'
	@touch $@

$(VENV)/.installed-docs: $(VENV)/.installed
	$(PIP) install --constraint constraints.txt --editable '.[docs]'
	@touch $@
