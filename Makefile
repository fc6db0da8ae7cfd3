# Everything here sets up what it needs: Python 3.11 or newer and make are enough.
#
#   make demo      train, resume, infer and graft on handwritten digits
#   make test      the tests, without TensorFlow
#   make check     format, lint, types, layers
#   make interop   the tests that need TensorFlow beside Metagraft
#   make fuzz      damaged files until interrupted, or ARGS="--seconds=60"
#   make bench     the benchmarks, with TensorFlow for comparison
#   make golden    records the golden files again, with TensorFlow
#   make docs      the documentation into site/
#   make all       check, test, interop
#
# PYTHON=/path/to/python chooses the interpreter; ARGS="..." goes to pytest or the benchmark.

SHELL := /bin/bash
.SHELLFLAGS := -euo pipefail -c
.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help demo test check interop fuzz bench golden docs all format clean coverage

# The first interpreter that is new enough and can make environments.
USABLE := import sys, venv, ensurepip; sys.exit(sys.version_info < (3, 11))
PYTHON ?= $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
    if "$$p" -c '$(USABLE)' >/dev/null 2>&1; then echo "$$p"; break; fi; done)

VENV := .venv
VENV_INTEROP := .venv-interop
VENV_DOCS := .venv-docs
export PIP_DISABLE_PIP_VERSION_CHECK := 1
export PIP_NO_INPUT := 1

help:
	@sed -n '/^#   make/s/^# //p' Makefile

# $(call install,environment,lock)
define install
	@test -n "$(PYTHON)" || { echo "No Python 3.11 or newer with venv found; name one: make PYTHON=/path/to/python" >&2; exit 1; }
	test -x $(1)/bin/python || "$(PYTHON)" -m venv $(1)
	$(1)/bin/python -m pip install --quiet --require-hashes -r $(2)
	$(1)/bin/python -m pip install --quiet --no-deps --no-build-isolation --editable .
	touch $(1)/installed
endef

$(VENV)/installed: requirements/dev.lock pyproject.toml
	$(call install,$(VENV),requirements/dev.lock)

$(VENV_INTEROP)/installed: requirements/interop.lock pyproject.toml
	$(call install,$(VENV_INTEROP),requirements/interop.lock)

$(VENV_DOCS)/installed: requirements/docs.lock pyproject.toml
	$(call install,$(VENV_DOCS),requirements/docs.lock)

demo: $(VENV)/installed
	$(VENV)/bin/python demo/run.py $(ARGS)

test: $(VENV)/installed
	$(VENV)/bin/python -m pytest $(ARGS)

fuzz: export JAX_PLATFORMS := cpu

fuzz: $(VENV)/installed
	$(VENV)/bin/python -m tests.fuzz $(ARGS)

coverage: $(VENV)/installed
	$(VENV)/bin/python -m pytest --cov --cov-report=term $(ARGS)

check: $(VENV)/installed
	$(VENV)/bin/ruff format --check .
	$(VENV)/bin/ruff check .
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports

format: $(VENV)/installed
	$(VENV)/bin/ruff format .
	$(VENV)/bin/ruff check --fix .

# tf.layers and tf.losses live in the older Keras, which TensorFlow uses on request.
interop bench golden: export TF_USE_LEGACY_KERAS := 1
interop bench golden: export TF_CPP_MIN_LOG_LEVEL := 3

interop: $(VENV_INTEROP)/installed
	$(VENV_INTEROP)/bin/python -m pytest tests/interop -m interop $(ARGS)

bench: $(VENV_INTEROP)/installed
	$(VENV_INTEROP)/bin/python -m benchmarks $(ARGS)

golden: $(VENV_INTEROP)/installed
	for script in tests/golden/record/record_*.py; do \
	    echo "$$script"; $(VENV_INTEROP)/bin/python -m "tests.golden.record.$$(basename "$$script" .py)"; done

docs: export NO_MKDOCS_2_WARNING := 1

docs: $(VENV_DOCS)/installed
	$(VENV_DOCS)/bin/python tools/meta_graph_conformance.py
	$(VENV_DOCS)/bin/python tools/op_table.py
	$(VENV_DOCS)/bin/mkdocs build --strict

all: check test interop

clean:
	rm -rf build dist site .mypy_cache .ruff_cache .pytest_cache .hypothesis
