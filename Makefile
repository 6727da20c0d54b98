# Two commands do everything on a fresh machine with Python 3.11+: `make run` and `make test`.
PYTHON ?= python3
VENV ?= .venv
BIN := $(VENV)/bin
INSTALLED := $(VENV)/.installed

# The tests and the benchmarks start a hundred processes and more: none need compile chaoskit anew.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help install run test long reliability reliability-slice reliability-kept fuzz mutate lint types check format lock bench bench-keep bench-compare bench-page bench-policy bench-events bench-sigma bench-sandbox bench-latency bench-overhead bench-accuracy bench-throughput bench-accounts bench-fleet bench-fixture bench-startup bench-suite fleet docs fleet-actions shots axe tutorial clean

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
LONG := cut_undo.py fault_storm.py journal_failures.py machine_lost.py signals.py soak.py

# Three workers for two cores: what waits for processes and clocks waits beside what computes.
test: $(INSTALLED) ## Run the tests
	$(BIN)/python -m pytest -n 3 --dist loadfile --no-loadscope-reorder -m 'not long' \
	  --ignore tests/experiments $(addprefix --ignore tests/reliability/test_,$(LONG))

long: $(INSTALLED) ## The tests that take long: every experiment with its controls taken away, and the like
	$(BIN)/python -m pytest -n 2 --dist loadfile tests/experiments
	$(BIN)/python -m pytest -n 2 --dist loadfile -m long --ignore tests/experiments tests

reliability: $(INSTALLED) ## The proofs that nothing is left behind, in full (hours); SHARE=0.01 tries a little
	CHAOSKIT_RELIABILITY=$(or $(SHARE),full) $(BIN)/python -m pytest -n 2 --dist loadfile tests/reliability

reliability-slice: $(INSTALLED) ## Go on with one of them for MINUTES=8: PROOF=crash_matrix; what it found is kept
	CHAOSKIT_RELIABILITY=full CHAOSKIT_RELIABILITY_LEDGER=tests/reliability/kept \
	  CHAOSKIT_RELIABILITY_MINUTES=$(or $(MINUTES),8) $(BIN)/python -m pytest -n 0 tests/reliability/test_$(PROOF).py

reliability-kept: $(INSTALLED) ## What these proofs have found so far, by tests/reliability/kept
	@$(BIN)/python -m tests.reliability.ledger

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

shots: $(INSTALLED) ## Take the documentation's pictures: report, game day's page and terminal
	$(BIN)/python scripts/shots.py docs/pictures

axe: $(INSTALLED) ## Accessibility of the report of all experiments, after `make run`
	$(BIN)/python scripts/axe.py out.json

tutorial: $(INSTALLED) ## The first experiment as a new user would, with a stopwatch
	scripts/tutorial.sh

lock: ## Resolve the dependencies anew and pin them
	rm -rf $(VENV)-lock
	$(PYTHON) -m venv $(VENV)-lock
	$(VENV)-lock/bin/python -m pip install --quiet --disable-pip-version-check '.[dev]'
	( echo '# What `make install` installs; `make lock` writes this file.'; \
	  $(VENV)-lock/bin/python -m pip freeze --exclude chaoskit ) > constraints.txt
	rm -rf $(VENV)-lock

# Ten minutes on two cores that do nothing else; each writes benchmarks/last/NAME.json.
bench: bench-policy bench-events bench-sigma bench-sandbox bench-latency bench-overhead bench-accuracy bench-throughput bench-accounts bench-fleet bench-fixture bench-startup ## All figures

bench-keep: ## Keep the last figures, to compare later ones with
	$(BIN)/python -m benchmarks.compare --keep

bench-compare: ## Which of the last figures are more than 25 % worse than the kept ones?
	$(BIN)/python -m benchmarks.compare

bench-page: ## Write the kept figures into docs/performance.md
	$(BIN)/python -m benchmarks.page

bench-policy: $(INSTALLED) $(VENV)-peers/.installed ## Decisions per second of the policy engine
	$(BIN)/python -m benchmarks.policy

bench-events: $(INSTALLED) ## Events per second through the event-pattern matcher
	$(BIN)/python -m benchmarks.event_patterns

bench-sigma: $(INSTALLED) ## Events per second through 50 Sigma rules
	$(BIN)/python -m benchmarks.sigma_rules

bench-sandbox: $(INSTALLED) $(VENV)-stock/.installed $(VENV)-peers/.installed ## Start, first call, cost of a call, snapshots of the embedded sandbox
	$(BIN)/python -m benchmarks.sandbox --stock $(VENV)-stock/bin/python

bench-latency: $(INSTALLED) ## From a fault to the probe that sees it
	$(BIN)/python -m benchmarks.fault_to_probe

bench-overhead: $(INSTALLED) $(VENV)-peers/.installed ## What a run costs beside the Chaos Toolkit and the calls alone
	$(BIN)/python -m benchmarks.overhead

bench-accuracy: $(INSTALLED) $(VENV)-peers/.installed ## How exactly a detector's latency is told
	$(BIN)/python -m benchmarks.accuracy

bench-throughput: $(INSTALLED) ## Experiments per second, and whether one costs the same as all grows
	$(BIN)/python -m benchmarks.throughput

bench-fixture: $(INSTALLED) ## How long a pytest test waits for its account to be put back
	$(BIN)/python -m benchmarks.fixture

bench-startup: $(INSTALLED) ## What a command costs before it does anything
	$(BIN)/python -m benchmarks.startup

bench-suite: $(INSTALLED) ## What all experiments and tests take (half an hour); MUTATIONS=yes takes the controls away too
	$(BIN)/python -m benchmarks.suite --mutations $(or $(MUTATIONS),no)

# The peers, each in an environment of its own. moto's server as anybody installs it, in the version that chaoskit uses:
$(VENV)-stock/.installed: constraints.txt
	$(PYTHON) -m venv $(VENV)-stock
	$(VENV)-stock/bin/python -m pip install --quiet --disable-pip-version-check \
	  "moto[server]==$$(sed -n 's/^moto==//p' constraints.txt)"
	@touch $@

$(VENV)-peers/.installed: benchmarks/peers.txt
	$(PYTHON) -m venv $(VENV)-peers
	$(VENV)-peers/bin/python -m pip install --quiet --disable-pip-version-check --requirement benchmarks/peers.txt
	@touch $@

fleet: $(INSTALLED) ## A fleet for real: workers killed, the engine started again; ACCOUNTS=8 makes it short
	$(BIN)/python -m benchmarks.fleet --accounts $(or $(ACCOUNTS),200)

bench-accounts: $(INSTALLED) ## Memory and time that another account takes in one process
	$(BIN)/python -m benchmarks.accounts

bench-fleet: $(INSTALLED) ## What binds a fleet at 10,000 accounts, and what 1,000 runs cost
	$(BIN)/python -m benchmarks.fleet_model

clean: ## Remove what the other targets made
	rm -rf $(VENV) $(VENV)-stock $(VENV)-peers benchmarks/last .mypy_cache .ruff_cache .pytest_cache out.json mutation.json
