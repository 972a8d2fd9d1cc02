# Everything that people and CI do here. `make help` lists it.
# PYTHON=python3.12 picks the interpreter, ARGS="…" is handed to the command behind a target.

BIN := .venv/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
export PYTHON

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test check lock bench soak test-live tokens fuzz matrix clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 12

serve: .venv/.runtime ## Set up and serve on 127.0.0.1:8003
	@exec $(BIN)/turnout serve $(ARGS)

# One process for each core, four at most. A Python told to write no bytecode would let pytest translate 400 files anew each time.
test: .venv/.dev tests/node/node_modules/.done ## Set up and run every test
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

check: .venv/.dev ## Lint, format, types and the rooms' contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lock: .venv/.dev ## Lock what pyproject.toml asks for (ARGS=--upgrade: the newest)
	scripts/lock $(ARGS)

bench: .venv/.dev ## Measure beside other gateways; writes bench/results/
	scripts/need-debian nginx wrk
	$(BIN)/python -m bench.run $(ARGS)

soak: .venv/.dev ## A million requests of which a tenth fail in every way: memory stays flat
	scripts/need-debian nginx wrk
	$(BIN)/python -m bench.soak $(ARGS)

test-live: .venv/.dev ## Run the main job on a real llama.cpp (compiles it once)
	$(BIN)/python -m scripts.live $(ARGS)

tokens: .venv/.dev ## Measure how far our token counts are from what providers reported
	$(BIN)/python -m scripts.token_errors

fuzz: .venv/.dev ## Mutate requests and replies for ARGS seconds (600)
	$(BIN)/python -m scripts.fuzz $(ARGS)

matrix: .venv/.dev tests/node/node_modules/.done ## Ask who gets what, and write docs/matrix.md
	MATRIX=write $(BIN)/pytest tests/e2e/matrix

clean: ## Remove everything that was set up here, but no data
	rm -rf .venv .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache tests/node/node_modules
	find src tests bench scripts -name __pycache__ -prune -exec rm -rf {} +

.venv/bin/python:
	@scripts/make-venv

.venv/.runtime: requirements.lock pyproject.toml | .venv/bin/python
	@echo "Installing the locked packages into .venv, once …"
	@$(PIP) --require-hashes --no-deps -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

.venv/.dev: requirements-dev.lock .venv/.runtime
	@echo "Installing the locked development packages into .venv, once …"
	@$(PIP) --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

# A failure is only reported: the tests that need Node's packages skip themselves, and fail in CI.
tests/node/node_modules/.done: tests/node/package-lock.json .venv/.dev
	@echo "Installing the locked Node packages into tests/node, once …"
	@$(BIN)/python -m tests.support.node && touch $@ || echo "No Node packages: the tests that need aimock will be skipped."
