# The commands of the README. Each makes the virtual environment that it needs.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
EXAMPLE ?= starlette_app
PORT ?= 8000
# What it serves, where its pyproject.toml does not say that.
APP = $(if $(wildcard examples/$(EXAMPLE)/pyproject.toml),,main:app)

.PHONY: dev test check checked format test-all bench clean

# Serve an example through the local gateway: http://127.0.0.1:8000
dev: $(VENV)/.local
	cd examples/$(EXAMPLE) && ../../$(BIN)/adapter dev $(APP) --port $(PORT)

# Every check and test, on the wheel that users get. Meanwhile a browser is looked for, AWS's Node
# runtime built, and AWS's two CLIs installed; the tests that need these wait for them.
test:
	scripts/node-runtime > /dev/null 2>&1 & \
	scripts/chromium > /dev/null & browser=$$!; \
	$(MAKE) .venv-test/.wheel && { wait $$browser || true; }
	.venv-test/bin/python scripts/tool sam aws > /dev/null 2>&1 & \
	$(MAKE) checked BIN=.venv-test/bin
	.venv-test/bin/pytest -n 4

check: $(VENV)/.dev checked

checked:
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/mypy examples/flask_app
	$(BIN)/mypy examples/starlette_app
	$(BIN)/mypy examples/parallel_prediction
	$(BIN)/mypy --exclude tests/ examples/release_on_push

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

# The tests on every CPython from 3.11 up that is installed.
test-all:
	scripts/test-all

bench: $(VENV)/.dev
	$(BIN)/python benchmarks/imports.py
	$(BIN)/python benchmarks/adapters.py
	$(BIN)/python benchmarks/loop.py
	$(BIN)/python benchmarks/cold.py
	$(BIN)/python benchmarks/many.py
	$(BIN)/python benchmarks/local.py

clean:
	rm -rf .venv .venv-* dist node_modules

$(VENV)/bin/python:
	$(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --upgrade 'pip>=25.1'

$(VENV)/.local: $(VENV)/bin/python pyproject.toml
	@echo 'installing the local server and the examples: about a minute, the first time'
	$(BIN)/python -m pip install --quiet --editable '.[local]' \
		--requirement examples/flask_app/requirements.txt \
		--requirement examples/starlette_app/requirements.txt \
		--requirement examples/parallel_prediction/requirements.txt
	touch $@

$(VENV)/.dev: $(VENV)/bin/python pyproject.toml
	$(BIN)/python -m pip install --quiet --editable '.[all]' --group dev
	touch $@ $(VENV)/.local

# The wheel in an environment of its own, built anew when a source file has changed.
.venv-test/.wheel: pyproject.toml README.md $(shell find adapter -type f -not -name '*.pyc')
	test -x .venv-test/bin/python || $(PYTHON) -m venv .venv-test
	.venv-test/bin/python -m pip install --quiet --upgrade 'pip>=25.1'
	.venv-test/bin/python -m pip install --quiet --group dev
	rm -rf dist && .venv-test/bin/python -m build --outdir dist > /dev/null
	.venv-test/bin/python -m pip install --quiet "$$(echo dist/*.whl)[all]"
	.venv-test/bin/python -m pip install --quiet --no-deps --force-reinstall dist/*.whl
	touch $@
