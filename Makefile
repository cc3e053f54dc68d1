# Two commands: `make run` shows the product, `make test` proves it. `make help` lists the rest.
SHELL := /bin/bash
PYTHON ?= python3
BIN := .venv/bin
INSTALLED := .venv/.installed
TESTED := .venv/.test-installed
TOOLED := var/tools/.installed
PIP = $(BIN)/pip install --quiet --disable-pip-version-check
# A file of tests stays in one process, with what it has built. One process more than there are cores, for tests wait: for a
# browser, a server, another program.
PROCESSES = $(shell $(BIN)/python -c 'import os; print(min(os.cpu_count() + 1, 8))')
PYTEST = env -u PYTHONDONTWRITEBYTECODE $(BIN)/pytest --numprocesses $(PROCESSES) --dist loadfile --no-loadscope-reorder
LINT = $(BIN)/ruff check . && $(BIN)/ruff format --check . && $(BIN)/mypy && $(BIN)/lint-imports
OTHERS := browser or client or dask or gdal or postgis

.DEFAULT_GOAL := help

help: ## list what can be made
	@awk -F':.*## ' '/^[a-z-]+:.*## / { printf "make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

run: install ## build the database when it is stale and serve it on HOST:PORT (127.0.0.1:8000)
	@$(BIN)/service-map build
	@exec $(BIN)/service-map serve

install: $(INSTALLED) ## make .venv with the pinned packages and the program .venv/bin/service-map

# Lint fills the time in which tests wait for other programs; what it says stands at the end. A line that names MAKE would be
# run by `make --dry-run` too.
test: $(TESTED) ## install what the tests need, then lint, types, house rules and every test
	@tests/system-packages.sh
	@mkdir -p var
	@{ $(LINT); } > var/lint.txt 2>&1 & lint=$$!; \
	$(PYTEST); tests=$$?; \
	wait $$lint; linted=$$?; cat var/lint.txt; exit $$((tests || linted))

test-fast: $(TESTED) ## the tests without browser, PostGIS, GDAL's programs, Dask, and those of tests/slow.txt
	$(PYTEST) --ignore=tests/clients --ignore=tests/national -m "not (slow or $(OTHERS))"

test-clients: $(TESTED) ## the other tests: browser, PostGIS, GDAL, QGIS, Dask
	@tests/system-packages.sh
	$(PYTEST) -m "$(OTHERS)"

lint: $(TESTED) ## ruff, mypy --strict and the order of the rooms
	$(LINT)

bench: $(TESTED) ## the headline figures beside their peers, in one run
	@for script in benchmarks/*.py; do echo "== $$script"; $(BIN)/python "$$script" || exit 1; done

docs: $(TESTED) ## the documents and the reference of the Python rooms as a site: var/site/index.html
	$(BIN)/python -m sphinx --quiet --fail-on-warning --keep-going -b html docs var/site

screenshots: $(TESTED) ## make docs/*.png with a real browser
	$(BIN)/python docs/screenshots.py

audit: $(TESTED) $(TOOLED) ## licences, age and advisories of the locked packages; does the lock install on each Python
	$(BIN)/python tools/audit.py

bundle: $(TOOLED) ## one archive for machines without a network, for this machine's PYTHON: var/bundle/*.tar
	var/tools/bin/python tools/bundle.py --python $(PYTHON)

bundle-test: $(TESTED) bundle ## install, upgrade and take back the whole archive
	BUNDLE=$$(ls -t var/bundle/*.tar | head -1) $(BIN)/pytest tests/tools/test_bundle.py

lock: ## pin every package with its hashes again
	$(PYTHON) -m venv var/lock && var/lock/bin/pip install --quiet uv
	var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	    --no-emit-find-links --no-annotate pyproject.toml -o requirements.lock
	var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	    --no-emit-find-links --no-annotate --constraint requirements.lock --all-extras pyproject.toml -o requirements-test.lock
	var/lock/bin/uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-emit-index-url \
	    --no-emit-find-links --no-annotate --constraint requirements-test.lock --group tools -o requirements-tools.lock

clean: ## remove what was made: .venv and var
	rm -rf .venv var

# What is never imported is never compiled; the second command compiles, once, what starts load.
define install_from
	$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Python 3.11 or newer is needed, this is " + sys.version)'
	test -x $(BIN)/python || $(PYTHON) -m venv .venv
	@echo '正在安装程序包，头一次约两分钟 installing packages; the first time takes about two minutes'
	$(PIP) --no-compile --require-hashes -r $(1)
	$(PIP) --no-deps -e .
	@env -u PYTHONDONTWRITEBYTECODE $(BIN)/python -c 'import service_map.analysis.commands, service_map.cli, service_map.web, geopandas'
	@touch $(2)
endef

$(INSTALLED): requirements.lock pyproject.toml
	$(call install_from,requirements.lock,$@)

# This lock holds all of the other, as it stands there.
$(TESTED): requirements-test.lock requirements.lock pyproject.toml
	$(call install_from,requirements-test.lock,$(INSTALLED) $@)

$(TOOLED): requirements-tools.lock
	test -x var/tools/bin/python || $(PYTHON) -m venv var/tools
	var/tools/bin/pip install --quiet --disable-pip-version-check --require-hashes -r requirements-tools.lock
	@touch $@

.PHONY: help run install test test-fast test-clients lint bench docs screenshots audit bundle bundle-test lock clean
