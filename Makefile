# The commands of this repository. `make` alone lists them.
PYTHON ?= python3
PORT ?= 8080
T ?=
VENV := .venv/bin
export PYTHONPATH := services/common:services/auth:services/todo:services/chat

.DEFAULT_GOAL := help
.PHONY: help dev reset test lint format gen lock lock-check python node

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
	  /^[a-z-]+:.*## / { printf "  make %-12s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run
dev: ## everything on http://127.0.0.1:8080, with reload and demo data (PORT= changes the port)
	@$(PYTHON) -m tools.dev --port $(PORT)

reset: ## forget the data of `make dev`
	@$(PYTHON) -m tools.dev reset

##@ Check
test: ## all tests, from nothing, on servers of their own (T=path for a part)
	@$(PYTHON) -m tools.test $(T)

lint: python node ## ruff, mypy, import-linter, vue-tsc, eslint, generated files
	@$(VENV)/python -m tools.lint

lock-check: python ## whether the requirement files are up to date
	@$(VENV)/python -m tools.lock --check

##@ Change
format: python ## put Python code into its one form
	@$(VENV)/ruff check --quiet --fix-only . && $(VENV)/ruff format .

gen: python node ## the front end's API client and frame types, from the services
	@$(VENV)/python -m tools.gen
	@npm --prefix frontend run --silent gen

lock: python ## the hashed requirement files, from the pyproject.toml files (UPGRADE=1: newest versions)
	@$(VENV)/python -m tools.lock $(if $(UPGRADE),--upgrade)

python node:
	@$(PYTHON) -m tools.prepare $@
