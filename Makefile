# What there is to do here: `make` lists it. Works with GNU make 3.81 and newer.

PYTHON = python3
VENV = .venv/bin
TYPED = lambda/zoom_operationlogs lambda/package.py cli/zoomlogs tests/standins tests/harness tests/security tests/bench scripts/setup.py scripts/document.py scripts/describe_module.py scripts/time_zones.py tests/compliance/gate

.DEFAULT_GOAL = help
.PHONY: help setup demo test test-all cpu-table test-fast tools lint package docs bench fmt clean

# `make setup PYTHON=…` makes .venv with that Python; else scripts/setup.py picks one, run by any Python that runs it.
define prepare
	@for python in $(PYTHON) python3.13 python3.12 python3.11 /usr/bin/python3 python; do \
	  if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 8))' >/dev/null 2>&1; then \
	    exec "$$python" scripts/setup.py $(1) $(if $(filter command,$(origin PYTHON)),--python "$(PYTHON)"); \
	  fi; \
	done; \
	echo "No Python was found: install Python 3.13 from https://www.python.org/downloads/ or with your package manager." >&2; \
	exit 1
endef

help: ## List the targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-10s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## Make .venv, with everything the rest needs
	$(call prepare)

demo: ## Show it working, without AWS or Zoom (KEEP=1 leaves it running, ARGS=… is passed on)
	$(call prepare,--terraform)
	@$(VENV)/python -m harness.demo $(ARGS)

# More workers than the two cores of a small machine: much of the time Terraform waits.
define check
	$(call prepare,--terraform)
	@# Neither needs the other, and there are two cores.
	@$(MAKE) --no-print-directory -j 2 tools lint
	$(VENV)/python lambda/package.py --check
	$(VENV)/pytest -n 4 --no-loadscope-reorder $(1) $(ARGS)
endef

test: ## Check what a change needs, the real Terraform included (ARGS=… goes to pytest)
	$(call check,-m "not exhaustive" --cpu-limit 960)

test-all: ## Check everything (ARGS=… goes to pytest)
	$(call check,--cpu-limit 1680)

cpu-table: ## Check everything, and renew the table of CPU seconds in tests/README.md
	$(call check,--cpu-limit 1680 --renew-cpu-table)

test-fast: ## Check what is quick, without a Terraform apply (ARGS=… goes to pytest)
	$(call prepare)
	@$(MAKE) --no-print-directory lint
	$(VENV)/python lambda/package.py --check-sources
	$(VENV)/pytest -n 2 --no-loadscope-reorder -m "not slow" $(ARGS)

tools:
	$(call prepare,--tools)

lint: ## Check form, types and imports
	$(VENV)/ruff check
	$(VENV)/ruff format --check
	$(VENV)/lint-imports --no-cache --no-logo
	$(VENV)/mypy --strict $(TYPED)

package: ## Build lambda/dist/collector.zip from lambda/, the same bytes everywhere
	$(call prepare)
	@$(VENV)/python lambda/package.py
	@$(VENV)/python scripts/describe_module.py # the plan gate knows the package by its hash

docs: ## Renew what is generated in docs/ and tests/compliance/module.json
	$(call prepare)
	@$(VENV)/python scripts/time_zones.py
	@$(VENV)/python scripts/document.py
	@$(VENV)/python scripts/describe_module.py
	@$(VENV)/python tests/security
	@$(VENV)/python tests/faults

bench: ## Measure speed and cost into docs/bench.md: a quarter of an hour (ARGS=--quick is short)
	$(call prepare)
	@$(VENV)/python tests/bench $(ARGS)

fmt: ## Format Python and Terraform
	$(call prepare)
	$(VENV)/ruff check --fix-only --quiet
	$(VENV)/ruff format
	@if command -v terraform >/dev/null; then terraform fmt -recursive; fi

clean: ## Remove what can be made again (the plan checks' tools stay in the cache folder, for other checkouts)
	rm -rf .venv .venv.old .venv-compliance .venv-checkov .venv-parliament build *.egg-info .mypy_cache .pytest_cache .ruff_cache .hypothesis
	find . -name __pycache__ -prune -exec rm -rf {} +
	find . -name .terraform -prune -exec rm -rf {} +
