# The verbs of the project. `make run` and `make test` need nothing but Python 3.11 and this file.

SHELL := /bin/sh
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11; do \
	command -v $$p >/dev/null 2>&1 && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' \
	&& echo $$p && break; done)
PIP := $(BIN)/python -m pip install --disable-pip-version-check --no-input

.PHONY: run test quick check fmt bench dev clean

# One file after another in each process, because modules share servers. Tests wait a third of their
# time, so three processes for two cores; more than four only wait for each other.
CORES := $(shell getconf _NPROCESSORS_ONLN 2>/dev/null || echo 2)
PROCESSES := $(shell n=$$(($(CORES) * 3 / 2)); echo $$((n > 4 ? 4 : n)))
# The order is that of tests/conftest.py. A process that dies ends the run, which names the test.
SPREAD := --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder --max-worker-restart 0
# Some containers forbid Python to keep what it has compiled; each process would compile all again.
PYTEST := env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -m pytest $(SPREAD)

run: $(VENV)/.runtime  ## install, build what changed, and run web and worker
	@exec $(BIN)/webmon up

test: $(VENV)/.dev  ## everything that CI runs
	@sh tests/install-system-packages.sh
	@$(MAKE) --no-print-directory check
	@$(BIN)/webmon build
	@$(PYTEST) --cov

quick: $(VENV)/.dev  ## the tests on SQLite, without browser, with few examples: about two minutes
	@$(PYTEST) --quick

check: $(VENV)/.dev  ## format, lint, types, who imports whom: under a minute
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports
	@$(BIN)/python -m pytest tests/test_architecture.py

fmt: $(VENV)/.dev  ## put the code into its one format
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .
	@$(BIN)/python -m webmon.documentation

bench: $(VENV)/.dev  ## measure speed and memory; the numbers in docs/performance.md come from here
	@$(BIN)/webmon build
	@$(BIN)/python -m bench

dev: $(VENV)/.dev  ## everything needed to work on the project

clean:  ## remove what was installed and built; the data stays
	rm -rf $(VENV) .web *.egg-info

$(VENV)/.runtime: requirements.txt pyproject.toml
	@test -n "$(PYTHON)" || { echo "Beaconry needs Python 3.11 or newer; $$(python3 --version 2>&1 || echo 'no python3') was found." >&2; exit 1; }
	@echo "Installing the Python packages (a minute or two, only this once) …"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV) || { echo "Python's venv module is missing: apt-get install python3-venv" >&2; exit 1; }
	@$(PIP) --progress-bar off -r requirements.txt
	@$(PIP) --quiet --no-deps --editable .
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.txt
	@echo "Installing what the tests need …"
	@$(PIP) --progress-bar off -r requirements-dev.txt
	@touch $@
