# `make up` is all that is needed; `make help` lists the rest.
.DEFAULT_GOAL := help
BIN := .venv/bin
# Warnings of a first import must not depend on the shell that calls make.
export PYTHONUTF8 := 1
# Nor may it tell Python to keep no bytecode, as images for containers do: each of a system's processes would compile
# all that it imports, and take three times as long to start.
unexport PYTHONDONTWRITEBYTECODE
# Two processes that take files in their order, lest one wait for the other at the end: those that take longest come first.
TWO := $(BIN)/pytest -n 2 --no-loadscope-reorder
# A file's tests stay together, and so do the things that they share.
PYTEST := $(TWO) --dist loadfile
LOCK := uv pip compile pyproject.toml --universal --python-version 3.11 --generate-hashes \
	--no-emit-index-url --no-header --no-annotate

# The last takes longest, and all but its memory can be had without it.
BENCHMARKS := $(addprefix benchmark-,serving events etl models history dashboard upload start large)

.PHONY: help run-env dev-env object-store up sample test zoo test-fast check audit sbom chaos benchmark $(BENCHMARKS) screenshots lock clean-state

help: ## list these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "  make %-20s %s\n", $$1, $$2 }' Makefile

run-env:
	@sh scripts/bootstrap.sh run

dev-env: ## install what tests and checks need
	@sh scripts/bootstrap.sh dev

up: run-env ## start the whole system; Ctrl-C stops it
	@exec $(BIN)/ventas up

# Not the bytes that the first start has uploaded already: those would be judged no second time.
sample: run-env ## write ventas.csv, a made-up sales file, into this folder
	@$(BIN)/ventas sample --days 730 --force

object-store: dev-env ## build MinIO where there is none
	@$(BIN)/python -m ventas.launcher.object_store

# MinIO is built before pytest starts, lest its minutes count as a test's. The pipeline tests come alone, for some
# measure how quickly the running system answers: one process has the tests of the shared system, the other has those
# that start systems of their own.
test: dev-env object-store ## all tests: unit, browser, pipeline on real processes
	$(PYTEST) tests/browser tests/unit
	$(TWO) tests/pipeline

zoo: dev-env object-store ## every bad file of the tests through the real pipeline
	ZOO=whole $(BIN)/pytest tests/pipeline/test_zoo.py

test-fast: dev-env ## unit tests alone
	$(PYTEST) tests/unit

check: dev-env ## format, lint, types, import rules, bandit, known vulnerabilities where advisories can be had
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/bandit -q -r -ll ventas api dashboard webhooks workers
	$(BIN)/python scripts/audit.py

# Here a package that could not be looked up is no package that is well.
audit: dev-env ## known vulnerabilities of the locked packages (needs PyPI's advisories)
	$(BIN)/python scripts/audit.py --strict

sbom: dev-env ## write sbom.json, the locked packages as CycloneDX
	$(BIN)/cyclonedx-py requirements requirements.lock --output-format JSON --output-file sbom.json

chaos: dev-env object-store ## kill the parts of a real system in turn; CHAOS_UPLOADS=20 is the short way
	$(BIN)/python -m chaos

benchmark: dev-env ## all of them, in turn, then their goals with what was seen, into RESULTS.md too
	rm -rf build/benchmarks
	for one in $(BENCHMARKS); do $(MAKE) --no-print-directory $$one || echo "$$one failed; the others go on" >&2; done
	$(BIN)/python -m benchmarks.goals --write

benchmark-serving: dev-env ## predictions under load, beside MLflow's server and a bare Flask endpoint (needs wrk)
	GOMP_SPINCOUNT=1000 $(BIN)/python -m benchmarks.serving

benchmark-events: dev-env ## events under load, beside a bare Flask endpoint that commits a row (needs wrk)
	$(BIN)/python -m benchmarks.events

benchmark-etl: dev-env ## the cleaning of up to five million rows, beside pandas reading and writing a clean copy
	$(BIN)/python -m benchmarks.etl

benchmark-large: dev-env ## a file of 5 GB cleaned in bounded memory (needs 25 GB of disk)
	$(BIN)/python -m benchmarks.large

benchmark-models: dev-env ## how good the models are, beside tables, the seed's grid and the noise floor
	$(BIN)/python -m benchmarks.models

benchmark-history: dev-env ## a history of a million predictions, beside the same SQL
	$(BIN)/python -m benchmarks.history

benchmark-dashboard: dev-env object-store ## how soon a page can be used, beside MLflow's own
	$(BIN)/python -m benchmarks.dashboard

benchmark-upload: dev-env object-store ## one upload until it is served, beside the bare search and fit
	GOMP_SPINCOUNT=1000 $(BIN)/python -m benchmarks.upload

benchmark-start: dev-env object-store ## how long a start takes, and how much memory all processes hold
	$(BIN)/python -m benchmarks.start

screenshots: dev-env object-store ## pictures of every page for the README, from a real system
	PYTHONPATH=. $(BIN)/python tests/browser/screenshots.py

lock: ## write both lock files anew (needs uv)
	@command -v uv >/dev/null || { echo "uv is missing. Run: pip install uv" >&2; exit 1; }
	$(LOCK) --output-file requirements.lock
	$(LOCK) --extra dev --constraints requirements.lock --output-file requirements-dev.lock

clean-state: ## empty the state folder: uploads, models, history, logs
	@test -x $(BIN)/ventas || { echo "Nothing to clean: the system was never started here." >&2; exit 0; }; \
	$(BIN)/ventas clean-state
