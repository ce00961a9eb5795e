# Each target sets up what it needs in .venv, from a lock file: the demo what the program needs, the others all tools.
#   make demo      sketch the product film: no key, no network, no money
#   make test      lint, types and all tests
#   make coverage  which lines the tests run; before Python 3.12 it is apart from make test, since tracing is slow
#   make mutate    how many small faults in core and runner their own tests notice; half an hour
#   make bench     the figures of docs/performance.md, measured on this machine
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
DRAWING := $(VENV)/.drawing
INSTALLED := $(VENV)/.installed
READY := $(VENV)/.ready
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check
PACKAGES = $$(sed -n 's/^\([a-z].*\)==.*/\1/p' requirements/$(1).lock | sort -u | wc -l | tr -d ' ') packages
FILM := manifests/product-film.yaml

.PHONY: demo test lint types pytest coverage mutate bench lock clean help

help:
	@sed -n 's/^#   //p' Makefile

# What a sketch loads comes first, so that the first clip of the demo does not wait for the rest. The locks name every
# package that is needed, with its hashes, so pip need not work out what needs what.
$(DRAWING): requirements/sketch.lock
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hailuo-batch needs Python 3.11 or newer; name one: make PYTHON=python3.12"; exit 1; }
	@echo "Installing $(call PACKAGES,sketch), all that a sketch needs, into $(VENV)/; this takes a few seconds."
	@$(PYTHON) -m venv $(VENV)
	@$(PIP) --no-deps --require-hashes -r requirements/sketch.lock
	@touch $@

$(INSTALLED): requirements/run.lock pyproject.toml $(DRAWING)
	@echo "Installing $(call PACKAGES,run) into $(VENV)/; this takes about half a minute."
	@$(PIP) --no-deps --require-hashes -r requirements/run.lock
	@$(PIP) --no-deps --no-build-isolation -e .
	@touch $@

$(READY): requirements/dev.lock $(INSTALLED)
	@echo "Installing all tools, $(call PACKAGES,dev), into $(VENV)/; this takes a minute or two."
	@$(PIP) --require-hashes -r requirements/dev.lock
	@touch $@

# One small shot first, from this folder: it is there a second after what it needs. The rest is installed after it.
demo: $(DRAWING)
	@printf 'Sketching one shot of %s: no key, no network, free.\n' '$(FILM)'
	@PYTHONPATH='$(CURDIR)' $(BIN)/python -m hailuo_batch.cli.main run --sketch --only dew --progress none $(FILM)
	@printf 'The first clip: %s\n\n' "$$(ls renders/*_dew_*_sketch.mp4 manifests/renders/*_dew_*_sketch.mp4 2>/dev/null)"
	@$(MAKE) --no-print-directory $(INSTALLED)
	@printf 'Sketching the other shots of the film.\n'
	@$(BIN)/hailuo-batch run --sketch $(FILM)
	@printf '\n'
	@$(BIN)/hailuo-batch report --sketch $(FILM) | tail -n 1
	@printf 'Open the page in a browser. Then try:\n'
	@printf '    %s\n' '$(BIN)/hailuo-batch plan $(FILM)' '$(BIN)/hailuo-batch explain mist --sketch $(FILM)' \
	  '$(BIN)/hailuo-batch init /tmp/my-film'

lint: $(READY)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .

types: $(READY)
	$(BIN)/mypy

# From 3.12 on, Python itself tells of each new line. Measured on the tests of the pure rooms, that costs 5 % of their
# processor time, and tracing, the only way before, 85 %. So `make test` measures from 3.12 on; `make coverage` always does.
SYSMON = $(shell $(BIN)/python -c 'import sys; print("sysmon" if sys.version_info >= (3, 12) else "")' 2>/dev/null)
REPORT = printf '\nLeast covered files (processes that tests start are not measured):\n'; \
  $(BIN)/coverage report --sort=cover | sed -n '1,12p;$$p'

pytest coverage: export COVERAGE_CORE = $(or $(SYSMON),ctrace)
pytest: export PYTEST_ADDOPTS = $(if $(SYSMON),--cov --cov-report=)
pytest: $(READY)
	$(BIN)/python -m pytest -n auto --dist worksteal
	@$(if $(SYSMON),$(REPORT),echo 'Coverage: make coverage, or make test with Python 3.12 or newer')

test: lint types pytest

coverage: $(READY)
	$(BIN)/python -m pytest -q -n auto --dist worksteal --cov --cov-report=
	@$(REPORT)

mutate: $(READY)
	$(BIN)/python tools/mutate.py

bench: $(READY)
	$(BIN)/python benchmarks/run.py

lock: $(READY)
	$(BIN)/python -m pip install --quiet uv
	$(BIN)/uv pip compile --quiet pyproject.toml --group dev --group bench --universal --python-version 3.11 --generate-hashes \
	  --no-header --upgrade -o requirements/dev.lock
	$(BIN)/uv pip compile --quiet pyproject.toml --group install --universal --python-version 3.11 --generate-hashes \
	  --no-header --constraint requirements/dev.lock -o requirements/run.lock
	$(BIN)/uv pip compile --quiet --group sketch --universal --python-version 3.11 --generate-hashes \
	  --no-header --constraint requirements/dev.lock -o requirements/sketch.lock

clean:
	rm -rf $(VENV) .coverage .mypy_cache .ruff_cache .pytest_cache .hypothesis dist build
