# Two commands do everything: `make run` starts the whole monitor, `make test` passes the tests.
# Both need only Debian's python3, python3-venv, make and git.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
ARGS ?=

.PHONY: run test packages lint types bench lock clean

run: $(VENV)/.server
	@$(BIN)/campus up --demo $(ARGS)

test: packages $(VENV)/.dev lint types
	$(BIN)/pytest $(ARGS)

lint: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/lint-imports

types: $(VENV)/.dev
	$(BIN)/mypy

packages:
	.ci/packages

bench: packages $(VENV)/.dev
	$(BIN)/python benchmarks/all.py $(ARGS)

lock:
	requirements/lock

clean:
	rm -rf $(VENV) build *.egg-info

# A lock file carries every package with its hashes; the project itself is linked, not copied.
$(VENV)/.%: requirements/%.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes -r $<
	$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@
