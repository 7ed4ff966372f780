# `make report` and `make test` need nothing but Python 3.11 or newer; the environment is made when it is missing or stale.
PYTHON ?= python3
PY := .venv/bin/python
LOCK := requirements.lock
PORT ?= 5000
ARGS ?=
override FULL := $(filter-out 0 no false off,$(FULL))

.DEFAULT_GOAL := help
.PHONY: help setup report test tests test-hydra-next lint format notebook readme ui server bench lock

help: ## list the targets
	@awk -F ':.*## ' '/^[a-z -]+:.*## / { split($$1, names, " "); printf "make %-15s %s\n", names[1], $$2 }' $(MAKEFILE_LIST)

setup: .venv/made ## make the environment, .venv, from the lock

.venv/made: $(LOCK) requirements-uv.lock pyproject.toml
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(PY) -m uv pip install --quiet --python $(PY) --require-hashes --compile-bytecode -r $(LOCK)
	$(PY) -m uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	touch $@

report: setup ## run small versions of all studies and write reports/index.html; FULL=1: the whole studies, and docs/results.md
	$(if $(FULL),GDLAB_PROBLEM_DATA=mnist) $(PY) experiments/everything.py $(if $(FULL),--full)
	$(PY) analysis/report.py $(if $(FULL),--results docs/results.md)

test tests: setup ## run the tests; ARGS='-k wheel': pytest's arguments
	$(PY) -m pytest $(ARGS)

# The tests of the command line on the next version of Hydra, and with Optuna's sweeper; the environment is kept.
NEXT := .venv-hydra-next
test-hydra-next: $(NEXT)/made ## run the command line's tests on the next version of Hydra
	$(NEXT)/bin/python -m pytest tests/command_line $(ARGS)

$(NEXT)/made: .venv/made
	rm -rf $(NEXT)
	$(PYTHON) -m venv $(NEXT)
	$(PY) -m uv pip install --quiet --python $(NEXT) --require-hashes --compile-bytecode -r $(LOCK)
	$(PY) -m uv pip install --quiet --python $(NEXT) --prerelease allow 'hydra-core>=1.4.0rc3' 'hydra-optuna-sweeper>=1.4.0rc3'
	$(PY) -m uv pip install --quiet --python $(NEXT) --no-deps --no-build-isolation --editable .
	touch $@

lint: setup ## check style, types and the direction of imports
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

format: setup ## format the code, and fix what the linter can
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

notebook: setup ## run docs/quickstart.ipynb and keep its output
	$(PY) docs/execute.py

readme: setup ## write README's table of studies from the studies
	$(PY) docs/studies_table.py

ui: setup ## open the MLflow UI on mlflow.db; PORT=5001: on another port
	.venv/bin/mlflow ui --backend-store-uri sqlite:///mlflow.db --port $(PORT)

server: setup ## start an MLflow server on PostgreSQL, in server/; PORT=5001: on another port
	$(PY) experiments/serve.py --port $(PORT) $(ARGS)

bench: setup ## time gdlab; ARGS='--peers PATH/peers.py': beside other libraries
	$(PY) benchmarks/steps.py $(ARGS)
	$(PY) benchmarks/sweep.py

# Hashes for every platform and Python version, no index addresses.
lock: setup ## update the lock after a change in pyproject.toml; ARGS=--upgrade: to the newest versions
	$(PY) -m uv pip compile $(ARGS) --quiet --universal --extra dev --generate-hashes --no-annotate --no-header pyproject.toml -o $(LOCK)
	printf 'uv\n' | $(PY) -m uv pip compile $(ARGS) --quiet --universal --generate-hashes --no-annotate --no-header - -o requirements-uv.lock
