# make run · make test · make explore · make lint · make bench: each does its own set-up and repeats only what changed.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
VENDOR := dashboard/vendor
PIP := $(BIN)/python -m pip --quiet --disable-pip-version-check install
# The search for zones is compiled here once, not while the first who asks for one waits.
COMPILE := $(BIN)/python -c 'from geo.zoning.suggest import prepare_search; prepare_search()'

export MPLBACKEND := agg

.PHONY: run test explore lint bench schema lock clean

run: .venv/run.stamp $(VENDOR)/node_modules/.stamp
	@.ci/ensure-packages postgis
	@$(BIN)/wangge up --demo

test: .venv/dev.stamp $(VENDOR)/node_modules/.stamp
	@.ci/ensure-packages postgis browser
	@$(BIN)/pytest --numprocesses 3 --dist loadscope --no-loadscope-reorder $(ARGS)

# The tests of properties, each time on examples nobody has seen.
explore: .venv/dev.stamp
	@.ci/ensure-packages postgis
	@$(BIN)/pytest --numprocesses 2 -m hypothesis --hypothesis-profile explore $(ARGS)

lint: .venv/dev.stamp
	@$(BIN)/ruff format --check .
	@$(BIN)/ruff check .
	@$(BIN)/mypy
	@$(BIN)/lint-imports

bench: .venv/dev.stamp
	@.ci/ensure-packages postgis ogr2ogr wrk
	@$(BIN)/python -m tests.benchmarks $(ARGS)

# After a new migration: write schema.sql again, so that a reader sees the sum.
schema: .venv/dev.stamp
	@$(BIN)/python -m geo.schema.dump

# After a change of dependencies in pyproject.toml.
lock: .venv/dev.stamp
	@$(PIP) uv
	@flags="--quiet --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header"; \
	$(BIN)/uv pip compile $$flags pyproject.toml --output-file requirements.lock; \
	$(BIN)/uv pip compile $$flags --extra dev --constraints requirements.lock pyproject.toml --output-file requirements-dev.lock

clean:
	rm -rf .venv build *.egg-info $(VENDOR)/node_modules

.venv/bin/python:
	@.ci/ensure-packages venv
	@echo "Making the virtual environment …"
	@$(PYTHON) -m venv .venv

.venv/run.stamp: .venv/bin/python requirements.lock pyproject.toml
	@echo "Installing the Python packages …"
	@$(PIP) --require-hashes --requirement requirements.lock
	@$(PIP) --no-deps --editable .
	@$(COMPILE)
	@touch $@

.venv/dev.stamp: .venv/bin/python requirements-dev.lock pyproject.toml
	@echo "Installing the Python packages for development …"
	@$(PIP) --require-hashes --requirement requirements-dev.lock
	@$(PIP) --no-deps --editable .
	@$(COMPILE)
	@touch $@ .venv/run.stamp

# Map assets by lock file; a machine without npm takes one from PyPI into the virtual environment.
$(VENDOR)/node_modules/.stamp: $(VENDOR)/package-lock.json | .venv/bin/python
	@command -v npm >/dev/null || { echo "Installing Node.js into the virtual environment …"; \
		$(PIP) --require-hashes --requirement requirements-node.lock; }
	@echo "Installing the map assets …"
	@cd $(VENDOR) && PATH="$$PATH:$(CURDIR)/$(BIN)" npm ci --ignore-scripts --no-audit --no-fund --no-update-notifier --loglevel=error
	@touch $@
