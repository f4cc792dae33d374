# Everything starts here; `make` alone lists the tasks. Needs git, make and Python >= 3.11.
# Warm runs cost next to nothing: what is installed is remembered by stamp files in .venv.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
MAKEFLAGS += --no-print-directory

# the first of these that is new enough; or say `make PYTHON=/path/to/python`
PYTHON ?= $(firstword $(foreach p,python3.11 python3 python3.12 python3.13 python3.14,$(shell \
	command -v $(p) >/dev/null && $(p) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $(p))))
ARGS ?=
VENV := .venv
BIN := $(VENV)/bin

export UV_PYTHON_DOWNLOADS := never
# uv speaks TLS with the machine's own certificates where they are known
export SSL_CERT_FILE ?= $(firstword $(wildcard /etc/ssl/certs/ca-certificates.crt /etc/ssl/cert.pem))
ifeq ($(SSL_CERT_FILE),)
unexport SSL_CERT_FILE
endif
UV := $(BIN)/uv

.PHONY: help setup demo up run test test-browser test-faults test-mutants bench check contracts refusals lifecycles reliability format lock wheel clean screenshot browser

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-14s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

# --- the environment -----------------------------------------------------------------------------

$(UV): requirements/uv.txt
	@if [ -z "$(PYTHON)" ]; then \
		echo 'Python 3.11 or newer is needed: apt-get install python3 python3-venv (Debian, Ubuntu), brew install python (macOS)' >&2; exit 2; fi
	@if ! $(PYTHON) -c 'import venv, ensurepip' 2>/dev/null; then \
		echo '$(PYTHON) has no venv module: apt-get install python3-venv (Debian, Ubuntu), then make again' >&2; exit 2; fi
	@echo 'setup: an environment in $(VENV) ($(PYTHON))'
	@$(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements/uv.txt
	@touch $(UV)

# What is needed to run the system; the development environment contains it.
$(VENV)/.run: $(UV) requirements/run.txt requirements/dev.txt pyproject.toml
	@if [ -e $(VENV)/.dev ]; then $(MAKE) $(VENV)/.dev; else \
		echo 'setup: the libraries, from the lock (requirements/run.txt)'; \
		$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/run.txt; \
		$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .; fi
	@touch $@

# The development environment: tests, checks, build.
$(VENV)/.dev: $(UV) requirements/dev.txt pyproject.toml
	@echo 'setup: the libraries and the development tools, from the lock (requirements/dev.txt)'
	@$(UV) pip sync --quiet --python $(BIN)/python --require-hashes requirements/dev.txt
	@$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation --editable .
	@touch $@

# The hooks of .pre-commit-config.yaml, where this is a clone (not an unpacked archive).
$(VENV)/.hooks: $(VENV)/.dev .pre-commit-config.yaml
	@if git rev-parse --git-dir >/dev/null 2>&1; then $(BIN)/pre-commit install >/dev/null; fi
	@touch $@

setup: $(VENV)/.hooks ## the development environment, with the commit hooks

# --- the system ----------------------------------------------------------------------------------

demo: $(VENV)/.run ## a year of a real office through the whole system (ARGS="--once --out DIR")
	@$(BIN)/rapport demo $(ARGS)

up: $(VENV)/.run ## the empty system, on this machine (ARGS="--port 8080 --data DIR")
	@$(BIN)/rapport up $(ARGS)

# --- tests and checks ----------------------------------------------------------------------------

test: $(VENV)/.dev ## the tests, on a real PostgreSQL and a real Kafka (ARGS="tests/visits -k legs")
	@RAPPORT_FAULT_COMMAND='make test' $(BIN)/python -m pytest -m 'not browser and not faults and not ci' --numprocesses=3 --durations=40 --durations-min=10 --dist=loadfile $(ARGS)

browser: $(VENV)/.dev
	@.ci/browser

# in one process, and with what the tests print: a run of an hour must say how far it is
test-faults: $(VENV)/.dev ## the long runs of faults: real kills, many seeds (ARGS="-k kills")
	@RAPPORT_FAULT_COMMAND='make test-faults' $(BIN)/python -m pytest -m 'faults or ci' --capture=no --verbose --timeout=3600 $(ARGS)

test-mutants: $(VENV)/.dev ## planted bugs, each of which must turn its tests red (ARGS="--only NAME")
	@$(BIN)/python -m tests.mutants $(ARGS)

test-browser: browser ## the page in Chromium, which is installed where it is missing
	@$(BIN)/python -m pytest -m browser $(ARGS)

# What is compared with does not fit beside what we use: an environment of its own. Where its wheels do not
# exist (a newer Python), the rest is measured without it.
$(VENV)/peers/.done: $(VENV)/.dev requirements/bench.txt
	@echo 'setup: the libraries that are compared with, from their lock (requirements/bench.txt)'
	@$(UV) venv --quiet --clear --python $(BIN)/python $(VENV)/peers
	@$(UV) pip sync --quiet --python $(VENV)/peers/bin/python --require-hashes requirements/bench.txt \
		&& touch $@ || echo 'bench: without Bytewax and Quix Streams, which cannot be installed here' >&2

bench: $(VENV)/peers/.done ## how fast it is, against others in turn (ARGS="--quick --json FILE --only NAME")
	@$(BIN)/python -m benchmarks $(ARGS)

check: $(VENV)/.dev ## style, types, architecture, manifests, links: all that needs no running system
	@.ci/check

contracts: $(VENV)/.dev ## the catalogue of what is published and read, and the columns of sheets, in docs/, from the code
	@$(BIN)/python -m tests.support.catalogue
	@$(BIN)/python -m tests.support.sheets_page

refusals: $(VENV)/.dev ## docs/refusals.md: every stable code of a refusal, from the code
	@$(BIN)/python -m tests.support.refusals

lifecycles: $(VENV)/.dev ## docs/lifecycles.md: the life cycles, drawn from the domain
	@$(BIN)/python -m tests.support.lifecycles

reliability: $(VENV)/.dev ## docs/reliability.md, from what `make test` and `make test-faults` have noted
	@$(BIN)/python -m tests.faults.report

format: $(VENV)/.dev ## let ruff set the style of the code
	@$(BIN)/ruff check --fix-only --quiet .
	@$(BIN)/ruff format .

# --- upkeep --------------------------------------------------------------------------------------

# Versions and hashes only: installs work through any mirror. LOCKARGS=--upgrade takes the newest.
COMPILE = $(UV) pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header \
	--no-emit-index-url --no-emit-find-links --no-annotate $(LOCKARGS)
LOCKARGS ?=

lock: $(UV) ## the lock files, from pyproject.toml (LOCKARGS=--upgrade for the newest versions)
	@$(COMPILE) --all-extras pyproject.toml --output-file requirements/dev.txt
	@$(COMPILE) --constraint requirements/dev.txt --extra embedded --extra reports \
		pyproject.toml requirements/build.in --output-file requirements/run.txt
	@$(COMPILE) --constraint requirements/dev.txt --extra reports pyproject.toml --output-file requirements/service.txt
	@$(COMPILE) --constraint requirements/dev.txt requirements/build.in --output-file requirements/build.txt
	@$(COMPILE) requirements/bench.in --output-file requirements/bench.txt
	@$(COMPILE) requirements/uv.in --output-file requirements/uv.txt
	@wc -l requirements/*.txt

wheel: $(VENV)/.dev ## the distribution, in dist/
	@$(BIN)/python -m build --no-isolation --wheel --outdir dist .

screenshot: browser ## the page, as a picture in docs/
	@$(BIN)/python -m pytest -m browser -k screenshot $(ARGS)

clean: ## remove the environment, caches and builds (not the data of a run)
	@rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .hypothesis .import_linter_cache .schemathesis
	@find services shared tests -name __pycache__ -type d -prune -exec rm -rf {} +
