# Everything one does with a checkout. `make help` lists it.
.POSIX:
.DEFAULT_GOAL := help
BIN := .venv/bin
SCENARIO ?= demo/2020-01-27
SPEED ?= 60
PORT ?= 8000
# Shortest first; what is not here is a part of one that is.
BENCHES ?= petshop robustspot microsoft diagnosis detectors scenarios publish herd fanout dispersion faults prometheus ablation quiet_years

.PHONY: help setup setup-test demo test lint types contracts unit screenshots bench lock clean

help: ## list what can be made
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

setup: ## set up only: the command is then .venv/bin/tocsin
	@tools/setup.sh runtime

setup-test:
	@tools/setup.sh test

demo: setup ## play the morning of 27 January 2020 (SCENARIO=folder SPEED=60 PORT=8000)
	@exec $(BIN)/tocsin demo --scenario $(SCENARIO) --speed $(SPEED) --port $(PORT)

test: setup-test ## everything that must hold: lint, types, contracts, all tests
	@tools/test.sh

lint: setup-test ## style and common mistakes
	@$(BIN)/ruff format --check . && $(BIN)/ruff check .

types: setup-test ## strict types, tests included
	@$(BIN)/mypy

contracts: setup-test ## imports point down only
	@$(BIN)/lint-imports --no-cache

unit: setup-test ## unit and service tests only (under 90 s)
	@$(BIN)/pytest -q tests/rules tests/services tests/contracts

screenshots: setup-test ## renew the pictures in docs/ by the browser tests
	@TOCSIN_UPDATE_SCREENSHOTS=1 $(BIN)/pytest -q tests/browser

bench: setup-test ## the benchmarks, each against its peer or its target
	@for each in $(BENCHES); do echo "== $$each"; $(BIN)/python bench/$$each.py || exit 1; done

lock: ## renew the lock files (needs uv)
	@tools/lock.sh

clean: ## remove what was set up and what the demo wrote
	rm -rf .venv demo-data data test-results
