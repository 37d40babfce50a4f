# One venv for everything; uv makes it where uv is installed, venv and pip otherwise.
VENV := .venv
BIN := $(VENV)/bin
PYTHON ?= $(shell for p in python3.13 python3.12 python3.11 python3; do command -v $$p >/dev/null && $$p -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo $$p && break; done)
ARGS ?=
APP ?= taxi
SOURCES := src tests examples stack bench docs

.DEFAULT_GOAL := help
.PHONY: help demo demo-batch stack-local test check bench docs clean

help: ## Say what each target does
	@awk -F ':.*## ' '/^[a-z-]+:.*## / {printf "  make %-11s %s\n", $$1, $$2}' $(MAKEFILE_LIST)

demo: $(VENV)/.demo ## Replay real taxi trips, or with APP=reco a shop's last months, against the monitor (ARGS=--once for a bounded run, ARGS=--help for more)
	@$(BIN)/python -m examples.$(APP).demo $(ARGS) || [ $$? -eq 130 ]

demo-batch: $(VENV)/.batch ## Run the nightly flow over what the demo logged, and print the report's path (ARGS="--day 2022-01-03" for one night)
	@$(BIN)/python -m examples.taxi.nightly $(ARGS)

stack-local: $(VENV)/.stack ## Raise compose.yaml's services without containers, with traffic (ARGS=--help for more)
	@$(BIN)/python -m stack.local $(ARGS) || [ $$? -eq 130 ]

test: $(VENV)/.dev ## Run the tests (ARGS="-k name" for some)
	$(BIN)/python -m pytest -n auto --dist loadfile --no-loadscope-reorder $(ARGS)

check: $(VENV)/.dev ## Run ruff, mypy --strict and import-linter
	$(BIN)/ruff check $(SOURCES)
	$(BIN)/ruff format --check $(SOURCES)
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: $(VENV)/.dev ## Measure the figures of docs/benchmarks.md, each as a ratio within one run (ARGS="name ..." for some)
	$(BIN)/python -m bench $(ARGS)

docs: $(VENV)/.dev ## Write the generated pages of docs/ again
	$(BIN)/python -m docs.generate

clean: ## Remove the venv and what the demo left
	rm -rf $(VENV) .modelvane

$(VENV)/bin/python:
	@test -n "$(PYTHON)" || { echo "Python 3.11 or newer is needed, and there is none on the PATH" >&2; exit 1; }
	@if command -v uv >/dev/null; then uv venv --quiet --python $(PYTHON) $(VENV); else $(PYTHON) -m venv $(VENV); fi

# what one command installs the other does not take away: the stamps only say what is there
$(VENV)/.demo: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing modelvane and its examples into $(VENV)"
	@$(call install,examples)
	@touch $@

$(VENV)/.batch: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing modelvane, the taxi example and Prefect into $(VENV)"
	@$(call install,examples$(comma)prefect)
	@touch $@ $(VENV)/.demo

$(VENV)/.stack: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing modelvane, its examples and Prefect into $(VENV)"
	@$(call install,examples$(comma)grafana$(comma)mongodb$(comma)prefect)
	@touch $@ $(VENV)/.demo $(VENV)/.batch

$(VENV)/.dev: pyproject.toml constraints.txt | $(VENV)/bin/python
	@echo "Installing modelvane and what its tests need into $(VENV)"
	@$(call install,dev)
	@touch $@ $(VENV)/.demo $(VENV)/.batch $(VENV)/.stack

comma := ,
install = if command -v uv >/dev/null; \
	then uv pip install --quiet --python $(BIN)/python -c constraints.txt -e ".[$(1)]"; \
	else $(BIN)/python -m pip install --quiet --disable-pip-version-check -c constraints.txt -e ".[$(1)]"; fi
