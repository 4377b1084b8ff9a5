# `make repro` and `make test` are all a newcomer needs: both do the whole set-up first.

SHELL := /bin/bash
.SHELLFLAGS := -eu -o pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:

PYTHON ?= python3
BIN := .venv/bin
LOG := .venv/set-up.log
STAMP := .venv/.set-up
PLOTS := .dvc/plots.html

# Stages are run as `python -m glyphlens.stages.<stage>`: .venv's python comes first.
RUN := PATH="$(CURDIR)/$(BIN):$$PATH"
# How long threads that wait for each other look again before they sleep: at once, a training step takes half as long
# again; for a millisecond, which is libgomp's own choice, a busy neighbour is in their way.
export GOMP_SPINCOUNT := 10000
export PIP_DISABLE_PIP_VERSION_CHECK := 1

# Files of tests whole, so that what the tests of a file share is made once; their order is tests/conftest.py's.
WORKERS ?= 2
COUNT ?= 1000000
IN_WORKERS = --numprocesses $(WORKERS) --dist loadfile --no-loadscope-reorder

.PHONY: help setup tools repro smoke test test-all lint format bench fuzz wheel page edge clean

help: ## this list
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-8s %s\n", $$1, $$2}' $(firstword $(MAKEFILE_LIST))

repro: setup ## a track from fonts to report, then a summary: the flagship, or TRACK=<name>, or TRACK=all
	@stage=$$($(RUN) python -m glyphlens.track_stage $(TRACK)) && $(RUN) dvc repro $$stage
	@$(RUN) python -m glyphlens.summary

smoke: setup ## the whole graph with tiny trainings in a copy, minutes; nothing here changes
	@.ci/smoke

test: setup ## the tests, in two processes of one thread each
	@$(RUN) python -m pytest $(IN_WORKERS)

test-all: setup ## the same with every kill, interruption and experiment of the sweeps: before a release
	@$(RUN) python -m pytest $(IN_WORKERS) -m ''

lint: setup ## ruff, formatting, mypy --strict; dvc.lock fits the code
	@$(RUN) ruff check .
	@$(RUN) ruff format --check .
	@$(RUN) mypy --strict --num-workers 2 src
	@$(RUN) glyphlens drift

format: setup ## let ruff format and mend what it can
	@$(RUN) ruff check --fix .
	@$(RUN) ruff format .

bench: setup ## hot paths as ratios against the straightforward way
	@$(RUN) python -m benchmarks

fuzz: setup ## broken files of every kind, COUNT of them (1,000,000: hours); what ends badly is kept in .cache/fuzz
	@$(RUN) python -m tests.fuzz --count $(COUNT)

wheel: setup ## the package with the released models, into dist/; installs anywhere
	@rm -rf build
	@$(BIN)/python -m pip wheel --quiet --no-deps --no-build-isolation --wheel-dir dist .
	@ls -s --block-size=KB dist/*.whl

page: setup ## the page that recognises in the browser, served to this machine alone
	@$(RUN) glyphlens page

edge: setup ## files for OpenVINO and LiteRT behind a parity gate, in environments of their own (.edge, 2.3 GB)
	@$(RUN) glyphlens edge --page docs/EDGE.md

setup: tools $(STAMP) $(PLOTS) ## .venv with the locked packages; skipped when nothing changed
	@grep -qsF '= $(CURDIR)/$(PLOTS)' .dvc/config.local || $(BIN)/dvc config --local plots.html_template '$(CURDIR)/$(PLOTS)'

tools:
	@missing() { echo "glyphlens: $$1 is missing. $$2" >&2; exit 1; }; \
	command -v '$(PYTHON)' >/dev/null || missing '$(PYTHON)' 'Install Python 3.11 or later (Debian: apt-get install python3), or name yours: make PYTHON=/path/to/python3.11 $(or $(MAKECMDGOALS),setup)'; \
	'$(PYTHON)' -c 'import sys; sys.exit(sys.version_info < (3, 11))' || missing 'Python 3.11' "$$('$(PYTHON)' -V) is too old; install Python 3.11 or later, or name it: make PYTHON=/path/to/python3.11 $(or $(MAKECMDGOALS),setup)"; \
	'$(PYTHON)' -c 'import venv, ensurepip' 2>/dev/null || missing "the venv module of $(PYTHON)" 'Debian: apt-get install python3-venv'; \
	command -v git >/dev/null || missing git 'Debian: apt-get install git'; \
	command -v npm >/dev/null || echo "glyphlens: npm is missing, so the pinned font packages cannot be fetched (Debian: apt-get install npm). Fonts that are already in data/raw/fonts, or your own in data/own_fonts, still work." >&2

$(STAMP): requirements.lock pyproject.toml
	@echo "glyphlens: installing the locked packages into .venv (one to three minutes, 2.4 GB; log: $(LOG))"
	@'$(PYTHON)' -m venv .venv
	@{ $(BIN)/python -m pip install -U pip setuptools \
	  && $(BIN)/python -m pip install -r requirements.lock \
	  && $(BIN)/python -m pip install --no-deps --no-build-isolation -e . \
	  && $(BIN)/python -m pip check; } > $(LOG) 2>&1 \
	|| { tail -n 20 $(LOG) | cut -c1-300 >&2; echo "glyphlens: the packages of requirements.lock could not be installed; the whole log is $(LOG). Without a network, set pip's find-links or index-url to a local copy and run make setup again." >&2; exit 1; }
	@touch $(STAMP)

$(PLOTS): $(STAMP) src/glyphlens/plots_page.py
	@$(BIN)/python -m glyphlens.plots_page $@

clean: ## remove .venv and caches; data, models and checkpoints stay
	@rm -rf .venv .edge .cache .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist src/*.egg-info
	@find src tests benchmarks -name __pycache__ -type d -prune -exec rm -rf {} +
