# Everything runs in .venv, which the first target that needs it makes from the lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed

.PHONY: run test check bench lock clean

$(STAMP): requirements.lock setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# A working service with demo data and sandboxed providers.
run: $(STAMP)
	$(BIN)/koko-integrations demo

test: $(STAMP)
	$(BIN)/pytest -q -n auto --dist loadscope $(ARGS)

# Lint, types, import contracts.
check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Ratios of one run against peers that it builds itself: needs Node 20+, wrk and rclone. ARGS names some: rpc refresh
# sync schedule files deliveries metrics transforms triggers.
bench: $(STAMP)
	$(BIN)/python -u -m benchmarks $(ARGS)

# After a change of the dependencies in setup.cfg.
lock: $(STAMP)
	$(BIN)/uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --generate-hashes --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
