# Everything runs in .venv, which the first target that needs it makes from the lock file.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
# One more than there are processors: tests with real processes wait for them much of the time.
WORKERS ?= $(shell echo $$(($$(getconf _NPROCESSORS_ONLN) + 1)))

.PHONY: run test check bench types chromium lock clean

$(STAMP): requirements.lock setup.cfg pyproject.toml
	$(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --disable-pip-version-check --require-hashes -r requirements.lock
	$(BIN)/pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation --editable .
	touch $@

# A working service with demo data and sandboxed providers.
run: $(STAMP)
	$(BIN)/koko-integrations demo

test: $(STAMP) chromium
	$(BIN)/pytest -q -n $(WORKERS) --dist loadscope $(ARGS)

# The browser of the client's tests, where Debian has it and we may install it.
chromium:
	@command -v chromium > /dev/null || (command -v apt-get > /dev/null \
		&& [ "$$(id -u)" = 0 ] && apt-get update -qq \
		&& DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends chromium > /dev/null) \
		|| echo "Chromium cannot be installed here: the test with a browser is skipped"

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

CLIENT := clients/typescript

$(CLIENT)/node_modules/.package-lock.json: $(CLIENT)/package-lock.json
	cd $(CLIENT) && npm ci --no-audit --no-fund

# After a change of a procedure: the TypeScript client's types, from the OpenRPC document.
types: $(STAMP) $(CLIENT)/node_modules/.package-lock.json
	$(BIN)/koko-integrations openrpc > $(CLIENT)/.openrpc.json
	node $(CLIENT)/scripts/types.mjs < $(CLIENT)/.openrpc.json > $(CLIENT)/.procedures.ts
	mv $(CLIENT)/.procedures.ts $(CLIENT)/src/procedures.ts
	rm $(CLIENT)/.openrpc.json

# After a change of the dependencies in setup.cfg.
lock: $(STAMP)
	$(BIN)/uv pip compile setup.cfg --extra dev --universal --python-version 3.11 --generate-hashes --quiet \
		--custom-compile-command "make lock" --output-file requirements.lock

clean:
	rm -rf $(VENV) build dist *.egg-info
