# Everything a newcomer needs: `make figure` and `make test`. Each sets up its own virtual environment.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: help figure test test-all test-versions lint types wheel bench stress notebooks docs linkcheck clean

help:
	@echo "make figure     install, compute the main figure (theory and Monte Carlo), say where it is"
	@echo "make test       install, run the test suite without its slow tests"
	@echo "make test-all   the whole test suite"
	@echo "make test-versions  the tests at the lowest and the newest versions of everything, on every Python"
	@echo "make lint       ruff: rules and format"
	@echo "make types      mypy"
	@echo "make wheel      build the wheel and run it from a clean environment"
	@echo "make bench      speed and memory, as ratios against named alternatives"
	@echo "make stress     the full reliability test: 529,000 random problems"
	@echo "make notebooks  execute the notebooks"
	@echo "make docs       build the documentation; warnings are errors (DOCS_EXECUTE=0: without running the notebooks)"
	@echo "make linkcheck  check the documentation's external links (needs the internet)"

$(VENV)/.python:
	$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "rfrobust needs Python 3.11 or newer; try: make PYTHON=python3.12 ..."'
	$(PYTHON) -m venv $(VENV)
	@touch $@

$(VENV)/.user: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable .
	@touch $@

$(VENV)/.dev: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable '.[dev]'
	@touch $@

$(VENV)/.docs: pyproject.toml $(VENV)/.python
	$(BIN)/python -m pip install --quiet --editable '.[docs]'
	@touch $@

figure: $(VENV)/.user
	$(BIN)/rfrobust figure curse --out figures/curse.png

test: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2 -m "not slow"

test-all: $(VENV)/.dev
	$(BIN)/python -m pytest -n 2

test-versions: $(VENV)/.dev
	$(BIN)/python .ci/test_versions.py

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(VENV)/.dev
	$(BIN)/mypy

wheel: $(VENV)/.dev
	$(BIN)/python .ci/check_wheel.py

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks

stress: $(VENV)/.dev
	$(BIN)/python -m benchmarks.stress

notebooks: $(VENV)/.dev
	$(BIN)/python notebooks/execute.py

docs: $(VENV)/.docs
	$(BIN)/python -m sphinx -W --keep-going -b html docs docs/_build/html

linkcheck: $(VENV)/.docs
	DOCS_EXECUTE=0 $(BIN)/python -m sphinx -b linkcheck docs docs/_build/linkcheck

clean:
	rm -rf $(VENV) build dist figures docs/_build docs/_notebooks docs/api
