# Every target sets up what it needs: see scripts/setup and scripts/system-packages.

VENV ?= .venv
DATA ?=
PYTEST ?= --durations=5
JOBS ?= 3
export VENV DATA
# What is installed is compiled as it is first imported, and has to be kept for the next process.
unexport PYTHONDONTWRITEBYTECODE

.DEFAULT_GOAL := help
.PHONY: help demo test test-qt test-lowest test-dacapo coverage bench check lock format docs screenshots setup clean

help: ## List these targets
	@awk -F ':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

demo: setup ## Open napari with the sample volume and the plugin docked (DATA=path: your own ground truth)
	@scripts/system-packages qt screen
	@scripts/demo

test: check ## Run the checks and every test (PYTEST="-k name": only some; JOBS=n: so many at a time)
	@scripts/system-packages qt screen
	scripts/with-screen --fresh-settings $(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile $(PYTEST)

test-qt: export VENV := .venv-pyside6
test-qt: export QT = pyside6
test-qt: export QT_API = pyside6
test-qt: ## Run the window tests with PySide6 and the newest napari, in an environment of their own
	@scripts/setup
	@scripts/system-packages qt screen
	scripts/with-screen --fresh-settings $(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile -o qt_api=pyside6 $(PYTEST) tests/plugin

test-lowest: export VENV := .venv-lowest
test-lowest: export LOWEST = 1
test-lowest: ## Run the core's and the data's tests with the lowest versions, beside gunpowder, in an environment of their own
	@scripts/setup
	$(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile -o addopts=--import-mode=importlib -o filterwarnings=ignore \
		--ignore tests/data/test_independent_reader.py --ignore tests/data/test_layers.py $(PYTEST) tests/core tests/data tests/test_gunpowder.py

test-dacapo: setup ## Compare networks with those that dacapo-ml's own code builds, in an environment of their own
	test -x .venv-dacapo/bin/python || $(VENV)/bin/python -m venv .venv-dacapo
	.venv-dacapo/bin/python -m pip install -qq -c constraints.txt torch funlib.geometry numpy pyyaml pytest
	.venv-dacapo/bin/python -m pip install -qq --no-deps dacapo-ml==0.3.5
	PYTHONPATH=src .venv-dacapo/bin/python -m pytest -c /dev/null --rootdir . --noconftest --import-mode=importlib tests/dacapo

coverage: setup ## Run every test and list the lines that none of them reaches (PYTEST="tests/core": only some)
	@scripts/system-packages qt screen
	scripts/with-screen --fresh-settings $(VENV)/bin/python -m pytest -n $(JOBS) --dist loadfile --cov --cov-report=term $(PYTEST)

bench: setup ## Measure speed and memory beside others, into docs/benchmarks.md (DATA=path: real labels too; BENCH=--quick)
	@scripts/system-packages qt screen
	$(VENV)/bin/python -m benchmarks $(if $(DATA),--data "$(DATA)") $(BENCH)

check: setup ## Check style, types, the layers of the house, spelling, Markdown and the scripts
	$(VENV)/bin/ruff check
	$(VENV)/bin/ruff format --check
	$(VENV)/bin/mypy
	$(VENV)/bin/lint-imports --no-logo
	$(VENV)/bin/codespell
	$(VENV)/bin/rumdl check --quiet
	$(VENV)/bin/shellcheck $(filter-out %.py,$(wildcard scripts/*)) .ci/run

lock: setup ## Pin what is new in pyproject.toml in constraints.txt (LOCK="-P ruff": renew one, LOCK=--upgrade: renew all)
	$(VENV)/bin/uv pip compile pyproject.toml --all-extras --group dev --universal --python-version 3.11.5 --fork-strategy fewest \
		--no-annotate --custom-compile-command "make lock" --quiet $(LOCK) -o constraints.txt

format: setup ## Put the code into the form that check asks for
	$(VENV)/bin/ruff check --fix
	$(VENV)/bin/ruff format

docs: export NO_MKDOCS_2_WARNING = 1 # an advertisement of another project
docs: setup ## Build the documentation into site/
	$(VENV)/bin/mkdocs build --strict

screenshots: setup ## Take the documentation's pictures anew
	@scripts/system-packages qt screen
	scripts/with-screen --fresh-settings $(VENV)/bin/python scripts/screenshots.py
	scripts/with-screen --fresh-settings $(VENV)/bin/python scripts/recording.py

setup: ## Make the virtual environment in .venv (VENV=path: elsewhere)
	@scripts/setup

clean: ## Remove what the other targets made, .venv too
	rm -rf .venv .venv-dacapo .venv-lowest .venv-pyside6 build dist site demo.png .coverage .hypothesis .import_linter_cache .mypy_cache .pytest_cache .ruff_cache .rumdl_cache
	find src tests docs scripts -name __pycache__ -type d -prune -exec rm -rf {} + 2>/dev/null || true
