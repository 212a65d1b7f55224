# Every target prepares .venv by itself. PYTHON=python3.12 make run chooses another interpreter (3.11 or newer).
PYTHON ?= python3
BIN := .venv/bin
WORKERS ?= 2
export DO_NOT_TRACK := 1
# Set in many containers; each command of a test would compile lexon's files anew, and each pytest all tests.
unexport PYTHONDONTWRITEBYTECODE
# As variables and not as options they also reach the environment in which pip builds lexon (the first up to pip 25.2, the second later).
export PIP_CONSTRAINT := constraints.txt
export PIP_BUILD_CONSTRAINT := constraints.txt

.PHONY: run test test-cluster test-lowest test-newest test-tracking lint bench docs site gallery notebooks links wheel try-wheel image-steps lock clean

run: .venv/installed
	$(BIN)/kedro run

# One thread a worker: two workers that start two threads each spend their time waiting.
test: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -n $(WORKERS) -q -m "not cluster"

# On the HTCondor pool and the Slurm that the commands on the PATH belong to; without one its tests skip and say so.
test-cluster: .venv/installed
	OMP_NUM_THREADS=1 $(BIN)/pytest -q -m cluster tests/cluster

# The clients of MLflow and W&B, 160 MB that few changes touch, are no part of .venv until this is asked for.
test-tracking: .venv/installed-tracking
	OMP_NUM_THREADS=1 $(BIN)/pytest -q tests/tracking tests/framework/test_exports.py

# What the bounds of pyproject.toml promise, in environments of their own: all tests with the lowest versions that they allow
# (of the oldest Python), and with the newest that there are. Prints a row of docs/reference/versions.md, of failures too.
test-lowest: export PIP_CONSTRAINT := constraints-lowest.txt
test-newest: export PIP_CONSTRAINT :=
test-newest: export PIP_BUILD_CONSTRAINT :=
test-lowest test-newest: test-%:
	$(PYTHON) -m venv --clear build/$*
	build/$*/bin/pip install --quiet --disable-pip-version-check --editable '.[test]'
	OMP_NUM_THREADS=1 build/$*/bin/pytest -n $(WORKERS) -q -m "not cluster" --junit-xml=build/$*/tests.xml; code=$$?; \
		build/$*/bin/python benchmarks/versions.py $* build/$*/tests.xml; exit $$code

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
site: gallery notebooks
	$(BIN)/sphinx-build --fail-on-warning --keep-going -q -j auto docs build/site
	$(BIN)/python docs/_ext/built_links.py build/site
	@echo "build/site/index.html"

# Reports of small runs and kedro-viz's page, for the site; what is up to date stays.
gallery: .venv/installed-site
	$(BIN)/python docs/_ext/gallery.py

# All notebooks, on results of a small study.
notebooks: .venv/installed-site
	$(BIN)/python docs/_ext/notebooks.py

# Addresses elsewhere; those within the project are checked by `make site` and the tests.
links: .venv/installed-site
	$(BIN)/sphinx-build -b linkcheck -q -d build/site/.doctrees docs build/links

wheel: .venv/installed-release
	rm -rf build/dist
	$(BIN)/python -m build --outdir build/dist
	$(BIN)/twine check --strict build/dist/*

# The wheel with its dependencies in an environment of its own, and a study outside the checkout.
try-wheel: wheel
	$(PYTHON) -m venv --clear build/try
	build/try/bin/pip install --quiet --disable-pip-version-check build/dist/*.whl
	PATH="$(CURDIR)/build/try/bin:$$PATH" containers/try_study.sh

# What the images do, without a builder of images: their steps, with the files that lexon.def names, in a virtual environment.
image-steps:
	rm -rf build/image && mkdir -p build/image/src
	sed -n 's|^    \(\S*\) /src/\S*$$|\1|p' containers/lexon.def | xargs cp -rL --target-directory=build/image/src
	$(PYTHON) -m venv build/image/python
	PATH="$(CURDIR)/build/image/python/bin:$$PATH"; export PATH; \
		build/image/src/containers/install.sh build/image/src cpu && build/image/src/containers/try_study.sh

# After a change of pyproject.toml or constraints.txt: the lowest allowed versions, and the tested ones of a study with hashes.
UV := $(BIN)/uv pip compile --quiet --no-config --no-annotate --custom-compile-command 'make lock'
lock: .venv/installed-release
	$(UV) --upgrade --resolution lowest-direct --python-version 3.11 --python-platform x86_64-manylinux_2_28 --extra test \
		pyproject.toml --output-file constraints-lowest.txt
	$(UV) --generate-hashes --universal --python-version 3.11 --extra root --extra export --constraints constraints.txt \
		pyproject.toml --output-file requirements.lock

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

.venv/installed-tracking: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,tracking]'
	@touch $@

.venv/installed-release: .venv/installed
	$(BIN)/pip install --quiet --disable-pip-version-check --editable '.[dev,release]'
	@touch $@

clean:
	rm -rf .venv build .pytest_cache .mypy_cache .ruff_cache .import_linter_cache docs/reference/api docs/reference/made
