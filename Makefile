# `make report` and `make test` need nothing but Python 3.11 or newer; the environment is made when it is missing or stale.
PYTHON ?= python3
PY := .venv/bin/python
LOCK := requirements.lock
ARGS ?=

.PHONY: setup report test test-hydra-next lint format ui bench lock

setup: .venv/made

.venv/made: $(LOCK) requirements-uv.lock pyproject.toml
	rm -rf .venv
	$(PYTHON) -m venv .venv
	$(PY) -m pip install --quiet --disable-pip-version-check --require-hashes -r requirements-uv.lock
	$(PY) -m uv pip install --quiet --python $(PY) --require-hashes --compile-bytecode -r $(LOCK)
	$(PY) -m uv pip install --quiet --python $(PY) --no-deps --no-build-isolation --editable .
	touch $@

report: setup
	$(if $(FULL),GDLAB_PROBLEM_DATA=mnist) $(PY) experiments/everything.py $(if $(FULL),--full)
	$(PY) analysis/report.py

test: setup
	$(PY) -m pytest $(ARGS)

# The tests of the command line on the next version of Hydra, and with Optuna's sweeper; the environment is kept.
NEXT := .venv-hydra-next
test-hydra-next: $(NEXT)/made
	$(NEXT)/bin/python -m pytest tests/command_line $(ARGS)

$(NEXT)/made: .venv/made
	rm -rf $(NEXT)
	$(PYTHON) -m venv $(NEXT)
	$(PY) -m uv pip install --quiet --python $(NEXT) --require-hashes --compile-bytecode -r $(LOCK)
	$(PY) -m uv pip install --quiet --python $(NEXT) --prerelease allow 'hydra-core>=1.4.0rc3' 'hydra-optuna-sweeper>=1.4.0rc3'
	$(PY) -m uv pip install --quiet --python $(NEXT) --no-deps --no-build-isolation --editable .
	touch $@

lint: setup
	$(PY) -m ruff check .
	$(PY) -m ruff format --check .
	$(PY) -m mypy
	.venv/bin/lint-imports

format: setup
	$(PY) -m ruff check --fix .
	$(PY) -m ruff format .

ui: setup
	.venv/bin/mlflow ui --backend-store-uri sqlite:///mlflow.db

bench: setup
	$(PY) benchmarks/steps.py $(ARGS)
	$(PY) benchmarks/sweep.py

# Hashes for every platform and Python version, no index addresses.
lock: setup
	$(PY) -m uv pip compile --quiet --universal --extra dev --generate-hashes --no-annotate --no-header pyproject.toml -o $(LOCK)
	printf 'uv\n' | $(PY) -m uv pip compile --quiet --universal --generate-hashes --no-annotate --no-header - -o requirements-uv.lock
