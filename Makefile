# Needs Python 3.11 or later and make, nothing else. `make help` lists the targets.
PYTHON  ?= python3
OVERLAY ?= infra/clusters/prod
VENV    := .venv
BIN     := $(VENV)/bin
# Its settings ask no question about news on opening; in a container, where everybody is root, it starts all the same.
LAB     ?= --LabApp.app_settings_dir=tools/jupyterlab $(if $(filter 0,$(shell id -u)),--allow-root)
# Tests and committed notebooks judge expiry by this day.
AS_OF   ?= 2026-11-22

.DEFAULT_GOAL := help
.PHONY: help site notebooks test test-postgis test-cluster lint lint-workflows docs nbval lock bench clean payloads

help: ## this list
	@grep -hE '^[a-z-]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "  make %-14s %s\n", $$1, $$2}'

$(VENV)/site.stamp: requirements/site.txt pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit("kfm-checks needs Python 3.11 or later; this is " + sys.version.split()[0] + " (make PYTHON=python3.12 ...)") if sys.version_info < (3, 11) else None'
	@echo "== creating the environment in $(VENV) (a few minutes the first time)"
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/site.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-deps --no-build-isolation -e .
	@$(BIN)/python -m compileall -q kfm_checks
	@touch $@

$(VENV)/dev.stamp: $(VENV)/site.stamp requirements/dev.txt
	@echo "== adding the tools that test"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r requirements/dev.txt
	@touch $@

site: $(VENV)/site.stamp ## the living README of OVERLAY, in build/site
	@echo "== judging $(OVERLAY), running the notebooks, building the site"
	@$(BIN)/kfm-checks site $(OVERLAY) -o build/site

notebooks: $(VENV)/site.stamp ## open the notebooks on OVERLAY in JupyterLab
	@echo "== running the notebooks on $(OVERLAY) (copies, in build/notebooks)"
	@KFM_CHECKS_OVERLAY= KFM_OVERLAY=$(abspath $(OVERLAY)) $(BIN)/python -m kfm_checks.notebook -o build/notebooks
	@KFM_CHECKS_OVERLAY= KFM_OVERLAY=$(abspath $(OVERLAY)) $(BIN)/jupyter lab $(LAB) build/notebooks/00-start-here.ipynb

test: $(VENV)/dev.stamp lint ## the tests, the notebooks under nbval, and the docs build
	$(BIN)/python -m pytest -n 2 --dist worksteal
	$(MAKE) --no-print-directory nbval docs

lint: $(VENV)/dev.stamp ## style, types, layers
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

lint-workflows: ## the workflows by actionlint, built from the Go module proxy where there is Go
	@tools/actionlint.sh

payloads: ## GitHub's published webhook payloads, for the tests, where there is npm
	@tools/payloads.sh

nbval: $(VENV)/dev.stamp ## the notebooks against their committed outputs
	KFM_CHECKS_AS_OF=$(AS_OF) KFM_CHECKS_GATE=1 $(BIN)/python -m pytest -p no:cacheprovider --nbval notebooks -n 2

docs: $(VENV)/dev.stamp ## this repository's site by Sphinx itself, every warning an error
	$(BIN)/sphinx-build -W -n --keep-going -q -b html . build/docs

lock: ## write the hashed requirements anew (needs uv)
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra site --extra notebooks pyproject.toml requirements/build.in -o requirements/site.txt
	uv pip compile --quiet --universal --python-version 3.11 --generate-hashes --no-header --no-annotate --extra site --extra notebooks --extra live --extra data --extra change --group dev -c requirements/site.txt pyproject.toml requirements/build.in -o requirements/dev.txt

test-postgis: $(VENV)/dev.stamp ## the PostGIS loader against a real server (tools/ci_postgis.sh installs one)
	tools/ci_postgis.sh
	$(BIN)/python -m pytest -p no:cacheprovider -m postgis tests/data

test-cluster: $(VENV)/dev.stamp ## the live checks against a real control plane (Go builds one, the first time in a quarter of an hour)
	@$(BIN)/python -m tests.cluster.programs; status=$$?; \
	if [ $$status -eq 3 ]; then exit 0; elif [ $$status -ne 0 ]; then exit $$status; fi; \
	tools/ci_cluster.sh && \
	KFM_CLUSTER=1 $(BIN)/python -m pytest -p no:cacheprovider -m cluster tests/cluster

bench: $(VENV)/dev.stamp ## what a run costs beside the bare render
	$(BIN)/python -m benchmarks
	$(BIN)/python -m benchmarks.diff

clean: ## take away what was built
	rm -rf build $(VENV)
