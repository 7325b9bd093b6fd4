# Everything runs in a virtual environment of its own, .venv, made by the first target that needs it.
# Needs: make and Python >= 3.11 (make PYTHON=python3.12 ... picks another one). TeX is used where installed.

PYTHON ?= python3
VENV   := .venv
BIN    := $(VENV)/bin
PIP    := $(BIN)/python -m pip --disable-pip-version-check --quiet

SOURCES := gradproof.py $(shell find derive verify reports -type f -not -path '*/__pycache__/*')

.PHONY: report test benchmark readme clean

report: build/report/index.html

build/report/index.html: $(VENV)/.installed $(SOURCES)
	$(BIN)/gradproof report --times --out build/report

test: $(VENV)/.installed-test
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/python -m pytest -n 2

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

# Writes into README.md what its commands print now; a test fails where the two differ.
readme: $(VENV)/.installed-test
	$(BIN)/python -m tests.reports.readme

clean:
	rm -rf $(OLDEST) build dist *.egg-info .pytest_cache .mypy_cache .ruff_cache .hypothesis .benchmarks
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
