# Every target works on a fresh machine that has python3 (>= 3.11), pip and make: it makes its own environment first.
#   make demo [ARGS="--headless --for 20s"]   the demo hospital, with one sign-in link
#   make test                                 all tests
#   make check                                lint, types, contracts
#   make bench [ROWS="apply nearest"]         writes benchmarks/table.md
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
UV := .boot/bin/uv
PACKAGES := twin assets inventory rfid_gateway scheduling simulation interop dash_app server

.PHONY: demo test check bench lock system-packages texts openapi clean

demo: $(VENV)/.runtime
	$(BIN)/hospital-twin demo $(ARGS)

# The browser's driver keeps an event loop of its own, so its tests run in a process of their own. One that waited in vain
# for the browser is tried once more, and named at the end: a machine that is busy for ten seconds is no defect.
test: $(VENV)/.dev system-packages
	$(BIN)/pytest -n 2 --dist loadgroup --ignore=tests/browser -rR $(ARGS)
	$(BIN)/pytest tests/browser --reruns 1 --only-rerun TimeoutError -rR

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports --no-cache

bench: $(VENV)/.dev
	$(BIN)/python -m benchmarks.run $(ROWS)

# The lock files carry hashes and name no host.
lock: $(UV)
	$(UV) pip compile --quiet --group boot --universal --generate-hashes --no-emit-index-url --no-annotate --no-header \
	  --python-version 3.11 -o requirements-boot.lock
	$(UV) pip compile --quiet pyproject.toml --group build --universal --generate-hashes --no-emit-index-url --no-annotate \
	  --no-header --python-version 3.11 -o requirements.lock
	$(UV) pip compile --quiet pyproject.toml --group build --group dev --extra cluster -c requirements.lock --universal \
	  --generate-hashes --no-emit-index-url --no-annotate --no-header --python-version 3.11 -o requirements-dev.lock

# Chromium, Mosquitto and a Chinese font for the tests: installed when root on Debian, else the tests that need them say so.
system-packages:
	@sh .ci/system-packages

texts: $(VENV)/.dev
	$(BIN)/python -m dash_app.texts

$(UV): requirements-boot.lock
	$(PYTHON) -m venv --without-pip .boot
	$(PYTHON) -m pip --quiet --disable-pip-version-check --python .boot/bin/python install --require-hashes -r requirements-boot.lock
	@touch $@

# Asked for its help once: that compiles all that a start imports, also where Python may not do so later by itself.
$(VENV)/.runtime: $(UV) requirements.lock pyproject.toml
	test -x $(BIN)/python || $(UV) venv --quiet --python $(PYTHON) $(VENV)
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements.lock
	$(UV) pip install --quiet --python $(BIN)/python --no-deps --no-build-isolation -e .
	@PYTHONDONTWRITEBYTECODE= $(BIN)/hospital-twin --help > /dev/null
	@touch $@

$(VENV)/.dev: $(VENV)/.runtime requirements-dev.lock
	$(UV) pip install --quiet --python $(BIN)/python --require-hashes -r requirements-dev.lock
	@touch $@

clean:
	rm -rf .boot $(VENV) .mypy_cache .ruff_cache .pytest_cache .hypothesis hospital-twin-data
