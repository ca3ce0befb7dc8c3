# One command a chore. Needs make, Python 3.11 or newer and a package index; nothing else.

.DEFAULT_GOAL := help
SHELL := /bin/sh
.SUFFIXES:

VENV  := .venv
BENCH := .venv-bench
PY    := $(VENV)/bin/python
SETUP := $(VENV)/.setup-done
ARGS  ?=

# The first interpreter that is new enough; `make setup PYTHON=/path/to/python` decides otherwise.
PYTHON ?= $(shell for p in python3.11 python3 python3.14 python3.13 python3.12; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' >/dev/null 2>&1 && { echo "$$p"; break; }; done)

# pip's own announcements are no output of ours; its errors are (-qq)
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1
export PIP_ROOT_USER_ACTION := ignore
PIP := -m pip -qq

PLUGINS := $(sort $(dir $(wildcard plugins/*/pyproject.toml)))

.PHONY: help setup test test-long coverage lint lint-style lint-format lint-types lint-layers format demo bench schemas requirements clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-13s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

setup: $(SETUP) ## an environment in .venv with the product, its plugins and the tools
	@:

# Two steps, since pip refuses `-e` under --require-hashes: first everything foreign, by hash; then our own packages
# as they stand, with the build backend from the first step (docs/decisions/0002).
$(SETUP): requirements/dev.txt pyproject.toml $(PLUGINS:%=%pyproject.toml)
	@test -n "$(PYTHON)" || { echo "cspdecl needs Python 3.11 or newer on PATH (or: make setup PYTHON=...)" >&2; exit 1; }
	@test -x $(PY) || $(PYTHON) -m venv $(VENV)
	@echo "setup: installing the pinned set into $(VENV)"
	@$(PY) $(PIP) install --require-hashes -r requirements/dev.txt
	@$(PY) $(PIP) install --no-deps --no-build-isolation -e . $(PLUGINS:%/=-e %)
	@$(PY) $(PIP) check
	@touch $@

test: $(SETUP) ## the tests (one file or more: make test ARGS=tests/unit)
	@$(PY) -m pytest $(ARGS)

test-long: $(SETUP) ## what `make test` takes a slice of: every crash point, more examples (minutes)
	@$(PY) -m pytest -m long $(ARGS)

coverage: $(SETUP) ## the tests once more, with what they did not reach
	@$(PY) -m coverage erase
	@$(PY) -m coverage run -m pytest $(ARGS)
	@$(PY) -m coverage combine --quiet
	@$(PY) -m coverage report

lint: lint-style lint-format lint-types lint-layers ## style, format, types, layers (make -k lint: all of them)

lint-style: $(SETUP)
	$(VENV)/bin/ruff check

lint-format: $(SETUP)
	$(VENV)/bin/ruff format --check --output-format concise

lint-types: $(SETUP)
	$(VENV)/bin/mypy

lint-layers: $(SETUP)
	$(VENV)/bin/lint-imports

format: $(SETUP) ## lay out the code and mend what can be mended safely
	$(VENV)/bin/ruff check --fix-only
	$(VENV)/bin/ruff format

demo: $(SETUP) ## the first five minutes: a reseller's estate on a simulated Partner Center, offline
	@PATH="$(CURDIR)/$(VENV)/bin:$$PATH" docs/demo/run.sh

bench: $(SETUP) $(BENCH)/.setup-done ## speed, as ratios against octoDNS and against itself
	@$(PY) tests/perf/bench.py --octodns-python $(BENCH)/bin/python $(ARGS)

$(BENCH)/.setup-done: requirements/bench.txt
	@test -x $(BENCH)/bin/python || $(PYTHON) -m venv $(BENCH)
	@$(BENCH)/bin/python $(PIP) install --require-hashes -r requirements/bench.txt
	@touch $@

schemas: $(SETUP) ## write schemas/*.json from the wire types
	@$(PY) -m cspdecl.manifest.schema
	@$(PY) -m cspdecl.planning.schema
	@$(PY) -m cspdecl.report.drift_schema

# Names and hashes only: no index address, no path of this machine.
COMPILE := $(VENV)/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url \
	--no-emit-find-links --custom-compile-command "make requirements"

requirements: $(SETUP) ## pin requirements/*.txt again (ARGS=--upgrade takes the newest)
	$(COMPILE) $(ARGS) requirements/dev.in -o requirements/dev.txt
	$(COMPILE) $(ARGS) requirements/bench.in -o requirements/bench.txt

clean: ## remove environments and caches
	rm -rf $(VENV) $(BENCH) .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache build dist
