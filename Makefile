# The project's commands; each brings .venv to the state it needs first.

VENV := .venv
PY := $(VENV)/bin/python
INSTALL := $(PY) -m pip install --quiet --disable-pip-version-check
RUNTIME := $(VENV)/.runtime-installed
DEV := $(VENV)/.dev-installed
BENCH := $(VENV)/.bench-installed

# The first of these that runs and is new enough makes .venv; PYTHON=/path/to/python comes first.
CANDIDATES := $(PYTHON) python3.13 python3.12 python3.11 python3 python
USABLE := import ensurepip, sys, venv; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))

COMPILE := uv pip compile --quiet --universal --python-version 3.11 --fork-strategy fewest \
           --generate-hashes --no-header

# The soak's first seed, another one every day, and how many runs of the state machine it makes.
SEED := $(shell date +%Y%m%d00)
RUNS := 10000

.DEFAULT_GOAL := help
.PHONY: help run demo install test check crash soak bench lock clean

help: ## say what there is
	@sed -n 's/^\([a-z]*\):.*## \(.*\)/make \1|\2/p' $(firstword $(MAKEFILE_LIST)) | \
		awk -F'|' '{ printf "%-14s %s\n", $$1, $$2 }'

run: $(RUNTIME) ## start the bot; without a token, the demo
	@$(PY) -m bot run

demo: $(RUNTIME) ## start the bot on a chat page of its own, on real price history
	@$(PY) -m bot demo

install: $(RUNTIME) ## make .venv with what the bot needs

test: $(DEV) ## run every test; PYTEST_ARGS="-k word" chooses some
	@$(PY) -m pytest --numprocesses auto --dist worksteal $(PYTEST_ARGS)

check: $(DEV) ## lint, format, types, import rules
	@$(PY) -m ruff check .
	@$(PY) -m ruff format --check .
	@$(PY) -m mypy
	@$(VENV)/bin/lint-imports

crash: $(DEV) ## kill an execution at every point there is, with every trouble a broker can make
	@HYPOTHESIS_PROFILE=full $(PY) -m pytest --numprocesses auto --dist worksteal tests/reliability $(PYTEST_ARGS)

SOAK := test_alerts_over_years test_concurrency test_family_machine test_market_simulation test_one_check_a_session

soak: $(DEV) ## run the state machine ten thousand times, fifty taps a thousand times, twenty years of sessions and of a hundred portfolios
	@echo "SEED=$(SEED)"
	@HYPOTHESIS_PROFILE=soak EVENKEEL_TEST_SEED=$(SEED) $(PY) -m pytest --numprocesses auto \
		$(SOAK:%=tests/reliability/%.py) $(PYTEST_ARGS)
	@$(PY) -m tests.reliability.soak --runs $(RUNS) --first-seed $(SEED)

bench: $(BENCH) ## measure plans beside peers, sweeps of checks, a tap, start-up and memory; BENCH_ARGS="--largest" sweeps 100,000
	@$(PY) -m tests.bench $(BENCH_ARGS)

lock: ## write the pinned requirements anew (needs uv)
	$(COMPILE) pyproject.toml --output-file requirements.txt
	$(COMPILE) --group dev --constraints requirements.txt --output-file requirements-dev.txt
	$(COMPILE) --group build --output-file requirements-build.txt
	$(COMPILE) --group bench --constraints requirements.txt --constraints requirements-dev.txt \
		--output-file requirements-bench.txt

clean: ## remove .venv and every cache; data/ and .env stay
	rm -rf $(VENV) .mypy_cache .pytest_cache .ruff_cache .import_linter_cache .hypothesis build dist
	find bot core tests -name __pycache__ -type d -prune -exec rm -rf {} +

$(PY):
	@for python in $(CANDIDATES); do \
		if "$$python" -c '$(USABLE)' >/dev/null 2>&1; then \
			echo "Making $(VENV) with $$("$$python" --version)."; \
			rm -rf $(VENV) && exec "$$python" -m venv $(VENV); \
		fi; \
	done; \
	echo "No Python 3.11, 3.12 or 3.13 was found (with its venv module); install one," \
		"or name it: make PYTHON=/path/to/python3.12" >&2; \
	exit 1

# Packages come before the project itself, which is then linked without asking for anything more.
$(RUNTIME): requirements.txt requirements-build.txt pyproject.toml | $(PY)
	@echo "Installing what the bot needs into $(VENV) (once; a minute or two)."
	@$(INSTALL) --require-hashes --requirement requirements.txt --requirement requirements-build.txt
	@$(INSTALL) --no-deps --no-build-isolation --editable .
	@touch $@

$(DEV): requirements-dev.txt $(RUNTIME)
	@echo "Installing what the tests need into $(VENV)."
	@$(INSTALL) --require-hashes --requirement requirements-dev.txt
	@touch $@

$(BENCH): requirements-bench.txt $(DEV)
	@echo "Installing the peers of the benchmark into $(VENV)."
	@$(INSTALL) --require-hashes --requirement requirements-bench.txt
	@touch $@
