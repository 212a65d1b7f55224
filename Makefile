# Every target prepares .venv by itself. PYTHON=python3.12 make run chooses another interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
export DO_NOT_TRACK := 1
# As variables and not as options they also reach the environment in which pip builds lexon (the first up to pip 25.2, the second later).
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt

.PHONY: run test test-cluster lint bench docs site wheel clean

run: .venv/installed
	$(BIN)/kedro run

# One thread a worker: two workers that start two threads each spend their time waiting.
test: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -n 2 -q -m "not cluster"

# On the HTCondor pool and the Slurm that the commands on the PATH belong to; without one its tests skip and say so.
test-cluster: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -m cluster tests/cluster

lint: .venv/installed
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

bench: .venv/installed-bench
	$(BIN)/python benchmarks/training_loop.py
	$(BIN)/python benchmarks/tokens.py

docs: .venv/installed
	$(BIN)/kedro run --pipelines validate_simulation
	cp data/08_reporting/validate_simulation/main/figures/classes.png docs/figures/simulation_classes.png
	cp data/08_reporting/validate_simulation/main/figures/means.png docs/figures/simulation_means.png

# A warning is an error: a broken link, a public name without a docstring, a parameter without a reason.
site: .venv/installed-site
	$(BIN)/sphinx-build --fail-on-warning --keep-going -q -j auto docs build/site
	@echo "build/site/index.html"

wheel: .venv/installed-release
	rm -rf build/dist
	$(BIN)/python -m build --outdir build/dist
	$(BIN)/twine check --strict build/dist/*

.venv/installed: pyproject.toml constraints.txt
	@$(PYTHON) -c 'import sys; sys.exit(0 if sys.version_info >= (3, 11) else "lexon needs Python 3.11 or newer: make PYTHON=python3.11")'
	$(PYTHON) -m venv .venv
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev]'
	@touch $@

.venv/installed-bench: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,bench]'
	@touch $@

.venv/installed-site: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,site]'
	@touch $@

.venv/installed-release: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,release]'
	@touch $@

clean:
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache docs/reference/api docs/reference/made
