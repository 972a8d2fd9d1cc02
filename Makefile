# Everything that people and CI do here. `make help` lists it.
# PYTHON=python3.12 picks the interpreter, ARGS="…" is handed to the command behind a target.

VENV := .venv
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check install --quiet
PYTHONS := python3.11 python3.12 python3.13 python3.14
export PYTHON

.DEFAULT_GOAL := help
.DELETE_ON_ERROR:
.PHONY: help serve test test-pythons check lock figures bench bench-usage soak chaos test-live test-clients tokens fuzz mutants matrix clean

help: ## List what can be made
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 14

serve: $(VENV)/.runtime ## Set up and serve on 127.0.0.1:8003
	@exec $(BIN)/turnout serve $(ARGS)

# A process for each core, four at most. Where Python is told to keep no bytecode, pytest would translate 400 files each time.
test: $(VENV)/.dev tests/node/node_modules/.done ## Set up and run every test
	@scripts/need-debian redis-server || echo "No redis-server: the tests that need one will be skipped."
	PYTHONDONTWRITEBYTECODE= $(BIN)/pytest -n logical --maxprocesses 4 --dist worksteal $(ARGS)

test-pythons: ## Run every test on each Python that is here, from 3.11 to 3.14
	@for python in $(PYTHONS); do \
		if $$python -c '' 2>/dev/null; then \
			echo "== $$python"; $(MAKE) test PYTHON=$$python VENV=.cache/$$python || exit 1; \
		else \
			echo "== no $$python here"; \
		fi; \
	done

check: $(VENV)/.dev ## Lint, format, types and the rooms' contracts
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

lock: $(VENV)/.dev ## Lock what pyproject.toml asks for (ARGS=--upgrade: the newest)
	scripts/lock $(ARGS)

bench: $(VENV)/.dev ## Measure beside other gateways; writes bench/results/
	scripts/need-debian nginx wrk
	$(BIN)/python -m bench.run $(ARGS)

bench-usage: $(VENV)/.dev ## Ask ten million attempts in Postgres; writes bench/results/ (ARGS="--attempts 100000")
	$(BIN)/python -m bench.rollups $(ARGS)

soak: $(VENV)/.dev ## Half an hour of mixed faults: no request unanswered, no wrong answer, nothing left behind
	$(BIN)/python -m bench.soak $(ARGS)

chaos: $(VENV)/.dev ## Kills, cuts and hang-ups by the thousand: the ledger beside the bill (ARGS="--requests 1000 --seed 7")
	$(BIN)/python -m scripts.chaos $(ARGS)

test-live: $(VENV)/.dev ## Run the main job on a real llama.cpp (compiles it once), and on an Ollama if there is one
	$(BIN)/python -m scripts.live $(ARGS)

test-clients: $(VENV)/.dev ## Run real clients at every provider (ARGS="codex --provider gemini"); writes docs/clients.md
	$(BIN)/python -m scripts.clients $(ARGS)

tokens: $(VENV)/.dev ## Measure how far our token counts are from what providers reported
	$(BIN)/python -m scripts.token_errors

fuzz: $(VENV)/.dev ## Mutate requests and replies for ARGS seconds (600)
	$(BIN)/python -m scripts.fuzz $(ARGS)

mutants: $(VENV)/.dev tests/node/node_modules/.done ## Break 60 lines, one at a time: do the tests notice?
	nice $(BIN)/python -m scripts.mutants $(ARGS)

matrix: $(VENV)/.dev tests/node/node_modules/.done ## Ask who gets what, and write docs/matrix.md
	MATRIX=write $(BIN)/pytest tests/e2e/matrix

figures: $(VENV)/.dev ## Route in simulated time, and draw the charts of docs/routing.md
	$(BIN)/python -m scripts.figures

clean: ## Remove everything that was set up here, but no data
	rm -rf .venv .cache .hypothesis .mypy_cache .pytest_cache .ruff_cache .import_linter_cache tests/node/node_modules
	find src tests bench scripts -name __pycache__ -prune -exec rm -rf {} +

$(BIN)/python:
	@scripts/make-venv $(VENV)

$(VENV)/.runtime: requirements.lock pyproject.toml | $(BIN)/python
	@echo "Installing the locked packages into $(VENV), once …"
	@$(PIP) --require-hashes --no-deps -r requirements.lock
	@$(PIP) --no-deps --no-build-isolation --editable .
	@touch $@

$(VENV)/.dev: requirements-dev.lock $(VENV)/.runtime
	@echo "Installing the locked development packages into $(VENV), once …"
	@$(PIP) --require-hashes --no-deps -r requirements-dev.lock
	@touch $@

# A failure is only reported: the tests that need Node's packages skip themselves, and fail in CI.
tests/node/node_modules/.done: tests/node/package-lock.json | $(VENV)/.dev
	@echo "Installing the locked Node packages into tests/node, once …"
	@$(BIN)/python -m tests.support.node && touch $@ || echo "No Node packages: the tests that need aimock will be skipped."
