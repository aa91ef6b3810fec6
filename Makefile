# Two commands do everything on a fresh machine: `make demo` and `make test`.
PYTHON ?= python3
VENV   ?= .venv
BIN    := $(VENV)/bin
# Most tests wait for a run to go by, so one process more than there are cores; who is done takes over from who is not.
TESTERS ?= $(shell echo $$(( $$(nproc 2>/dev/null || echo 2) + 1 )))

.DEFAULT_GOAL := help
.PHONY: help demo test test-together test-alone test-again fuzz differential lint format schemas bench clean

help:  ## show this list
	@grep -hE '^[a-z-]+:.*##' $(MAKEFILE_LIST) | sed -E 's/:.*## /\t/' | sort

$(VENV)/.run: pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable .
	@touch $@

$(VENV)/.test: $(VENV)/.run
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --editable '.[all,test]'
	@touch $@

demo: $(VENV)/.run  ## install, then run scenarios/quickstart.yaml for 15 s against the embedded target
	@mkdir -p reports
	$(BIN)/loadkit run scenarios/quickstart.yaml --output reports/quickstart.json

test: test-together test-alone  ## install the test extra, then run all tests

# Only a run that came to its end (exit code 1) knows all that failed; after another `test-again` finds nothing, which fails.
ENDED = { code=$$?; [ $$code = 1 ] || rm -rf .pytest_cache/v/cache/lastfailed; exit $$code; }

test-together: $(VENV)/.test
	$(BIN)/python -m pytest --numprocesses=$(TESTERS) --dist=worksteal -m "not alone" || $(ENDED)

test-alone: $(VENV)/.test
	$(BIN)/python -m pytest -m alone || $(ENDED)

test-again: $(VENV)/.test  ## what failed last, by itself
	$(BIN)/python -m pytest --last-failed --last-failed-no-failures=none --exitfirst

fuzz: export LOADKIT_FUZZ_INPUTS ?= 200000
fuzz: export LOADKIT_FUZZ_SEED ?= $(shell date +%s)
fuzz: export HYPOTHESIS_PROFILE ?= search
fuzz: $(VENV)/.test  ## look for crashes and hangs: 200,000 new inputs for each parser and decoder, some tens of minutes
	$(BIN)/python -m pytest --numprocesses=auto tests/fuzz

differential: $(VENV)/.test  ## run the scripts of tests/differential with the real Artillery (from npm), and write down what comes of it
	$(BIN)/python -m tests.differential.record

lint: $(VENV)/.test  ## ruff check, ruff format, mypy --strict
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy --strict loadkit/

format: $(VENV)/.test  ## bring the code into the house style
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

schemas: $(VENV)/.run  ## write schemas/*.json and the generated reference anew
	$(BIN)/loadkit schema --output schemas
	$(BIN)/python -m docs.generate

bench: $(VENV)/.run  ## compare with other tools (install them first: python -m bench install)
	$(BIN)/python -m bench

clean:  ## remove what the other commands leave
	rm -rf $(VENV) reports .loadkit .pytest_cache .mypy_cache .ruff_cache .hypothesis build dist
	find . -name __pycache__ -type d -prune -exec rm -rf {} +
