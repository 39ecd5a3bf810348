# Purser. `make demo` runs it, `make test` tests it; both set up everything they need.
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
STAMP := $(VENV)/.installed
FOREIGN := .venv-foreign/.installed
ASSETS := purser/portal/static/portal/.built
export PIP_DISABLE_PIP_VERSION_CHECK = 1

.PHONY: setup demo test screens sweeps check bench guessing soak lock clean tools

setup: $(STAMP) $(ASSETS)

$(STAMP): requirements/dev.txt pyproject.toml
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(BIN)/pip install --quiet --require-hashes -r requirements/dev.txt
	$(BIN)/pip install --quiet --no-deps --no-build-isolation --editable .
	touch $@

$(ASSETS): $(STAMP) $(shell find purser/portal/assets -type f -not -path '*/node_modules/*' 2>/dev/null)
	$(BIN)/python -m purser.portal.build
	touch $@

demo: setup
	@exec $(BIN)/purser demo

# The tests need a Chromium and an LDAP server: Debian's are installed where that is allowed, else the tests say what is missing.
tools: $(FOREIGN)
	@command -v chromium-headless-shell chromium >/dev/null 2>&1 || { $(call debian,chromium-headless-shell); } || \
	  echo "No Chromium: install Debian's package chromium-headless-shell; the browser tests will fail without it."
	@test -x /usr/sbin/slapd || { $(call debian,slapd); } || \
	  echo "No slapd: install Debian's package slapd; the tests against a real LDAP server are skipped without it."

debian = [ "$$(id -u)" = 0 ] && command -v apt-get >/dev/null && apt-get update -qq && \
	  DEBIAN_FRONTEND=noninteractive apt-get install -y -qq --no-install-recommends $(1) >/dev/null

# The payment provider once more, by others: in an environment of its own.
$(FOREIGN): requirements/foreign.txt
	test -x .venv-foreign/bin/python || $(PYTHON) -m venv .venv-foreign
	.venv-foreign/bin/pip install --quiet --require-hashes -r requirements/foreign.txt
	touch $@

test: setup tools
	$(BIN)/python -m pytest -n 3 --dist worksteal

# Every page that a test opens in Chromium, in each theme at each size.
screens: setup tools
	PURSER_SCREENS=all $(BIN)/python -m pytest -m browser

# Every address as everybody, by every method, with and without each wall.
sweeps: setup
	PURSER_SWEEPS=all $(BIN)/python -m pytest -n 3 --dist worksteal tests/tenancy tests/api/test_schema.py

check: $(STAMP)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports
	$(BIN)/djlint purser/portal/templates --lint --quiet

bench: setup
	$(BIN)/python -m bench

# A minute of guessed passwords against a running portal. Needs a machine with nothing else to do.
guessing: setup
	$(BIN)/python -m bench guessing

soak: setup
	$(BIN)/python -m tests.flows.soak --days 30 --resources 1000

# Write the lock files anew from requirements/*.in.
lock:
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements/run.in -o requirements/run.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements/dev.in -o requirements/dev.txt
	$(BIN)/uv pip compile -q --generate-hashes --no-header --no-emit-index-url --no-emit-find-links requirements/foreign.in -o requirements/foreign.txt

clean:
	rm -rf $(VENV) .venv-foreign .purser purser/portal/static/portal purser/portal/assets/node_modules
