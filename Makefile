# Two commands do everything on a fresh machine with Python 3.11+: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# The tests and the benchmarks start a hundred processes and more: none need compile chaoskit anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test experiments reliability fuzz mutate lint types check format lock bench bench-policy bench-events bench-sigma bench-sandbox bench-latency bench-startup bench-accounts bench-fleet fleet docs fleet-actions shots tutorial clean

help: ## Show what there is
	@grep -E '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | expand -t 16

install: $(INSTALLED) ## Create the virtual environment and install, as locked

$(INSTALLED): pyproject.toml constraints.txt
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt --editable '.[dev]'
	$(BIN)/python -m compileall -q chaoskit
	@touch $@

run: $(INSTALLED) ## Run all experiments against the embedded sandbox
	$(BIN)/chaoskit run experiments --json out.json

# Proofs of which even a little takes long.
LONG := fault_storm.py journal_failures.py machine_lost.py signals.py soak.py

# Three workers for two cores: what waits for processes and clocks waits beside what computes.
test: $(INSTALLED) ## Run the tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder --ignore tests/experiments $(addprefix --ignore tests/reliability/test_,$(LONG))

experiments: $(INSTALLED) ## Every experiment with its controls taken away (about ten minutes)
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/experiments

# CHAOSKIT_RELIABILITY_LEDGER=FOLDER and CHAOSKIT_RELIABILITY_MINUTES=8 make them in slices: tests/reliability/ledger.py
reliability: $(INSTALLED) ## The proofs that nothing is left behind, in full (hours); SHARE=0.01 tries a little
	CHAOSKIT_RELIABILITY=$(or $(SHARE),full) $(BIN)/python -m pytest -n 2 --dist loadfile tests/reliability

fuzz: $(INSTALLED) ## Every property on all its examples, of which `make test` tries a quarter
	CHAOSKIT_EXAMPLES=full $(BIN)/python -m pytest -n 2 --dist loadfile \
	  $$(grep -rl 'from tests.examples import' tests --include='test_*.py')

mutate: $(INSTALLED) ## Every control taken away: which does no experiment miss? (half an hour)
	$(BIN)/chaoskit mutate experiments -j 2 --json mutation.json

lint: $(INSTALLED) ## Check style
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(INSTALLED) ## Check types
	$(BIN)/mypy

check: lint types test ## All that CI checks

format: $(INSTALLED) ## Bring the code into the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

docs: $(INSTALLED) ## Write the pages that are made of the code
	$(BIN)/chaoskit catalog --markdown docs/catalog.md
	$(BIN)/python -m chaoskit.cli.reference > docs/cli.md

fleet-actions: $(INSTALLED) ## Derive anew what the fleet's roles must be allowed (a minute)
	$(BIN)/python scripts/fleet_actions.py > $(VENV)/fleet-actions.json
	mv $(VENV)/fleet-actions.json chaoskit/fleet/actions.json

shots: $(INSTALLED) ## Take the documentation's pictures, in Chromium
	$(BIN)/python scripts/shots.py docs/pictures

tutorial: $(INSTALLED) ## The first experiment as a new user would, with a stopwatch
	scripts/tutorial.sh

lock: ## Resolve the dependencies anew and pin them
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	( echo '# What `make install` installs; `make lock` writes this file.'; \
	  $(VENV)-lock/bin/python -m pip freeze --exclude chaoskit ) > constraints.txt
	rm -rf $(VENV)-lock

bench: bench-policy bench-events bench-sigma bench-sandbox bench-latency bench-startup bench-accounts bench-fleet ## All figures

bench-policy: $(INSTALLED) ## Decisions per second of the policy engine
	$(BIN)/python benchmarks/policy.py

bench-events: $(INSTALLED) ## Events per second through the event-pattern matcher
	$(BIN)/python benchmarks/event_patterns.py

bench-sigma: $(INSTALLED) ## Events per second through 50 Sigma rules
	$(BIN)/python benchmarks/sigma_rules.py

bench-sandbox: $(INSTALLED) $(VENV)-stock/.installed ## Start, first call, deployment and overhead of the embedded sandbox
	$(BIN)/python benchmarks/sandbox.py 300 $(VENV)-stock/bin/python

# The peer, in an environment of its own: moto's server as anybody installs it, in the version that chaoskit uses.
$(VENV)-stock/.installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-stock
	$(VENV)-stock/bin/python -m pip install --quiet --disable-pip-version-check \
	  "moto[server]==$$(sed -n 's/^moto==//p' constraints.txt)"
	@touch $@

bench-latency: $(INSTALLED) ## From a fault to the probe that sees it
	$(BIN)/python benchmarks/fault_to_probe.py

bench-startup: $(INSTALLED) ## What a command costs before it does anything
	$(BIN)/python -m benchmarks.startup

fleet: $(INSTALLED) ## A fleet for real: workers killed, the engine started again; ACCOUNTS=8 makes it short
	$(BIN)/python -m benchmarks.fleet --accounts $(or $(ACCOUNTS),200)

bench-accounts: $(INSTALLED) ## Memory and time that another account takes in one process
	$(BIN)/python benchmarks/accounts.py

bench-fleet: $(INSTALLED) ## What binds a fleet at 10,000 accounts, and what 1,000 runs cost
	$(BIN)/python benchmarks/fleet_model.py

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(VENV)-stock .mypy_cache .ruff_cache .pytest_cache out.json mutation.json
