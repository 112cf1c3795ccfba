# The commands of this repository. `make` alone lists them.
PYTHON ?= python3
PORT ?= 8080
T ?=
URL ?=
ONLY ?=
ROUNDS ?= 5
VENV := .venv/bin
export PYTHONPATH := services/common:services/auth:services/todo:services/chat

.DEFAULT_GOAL := help
.PHONY: help upgrade backup restore dev reset watch images k8s test test-compose faults soak bench k8s-smoke lint format gen lock lock-check check-deploy python node

help: ## this list
	@awk 'BEGIN { FS = ":.*## " } \
	  /^##@ / { printf "\n\033[1m%s\033[0m\n", substr($$0, 5) } \
	  /^[a-z0-9-]+:.*## / { printf "  make %-13s %s\n", $$1, $$2 }' $(MAKEFILE_LIST)

##@ Run
dev: ## everything on http://127.0.0.1:8080, with reload and demo data (PORT= changes the port)
	@$(PYTHON) -m tools.dev --port $(PORT)

reset: ## forget the data of `make dev`
	@$(PYTHON) -m tools.dev reset

watch: ## the containers of docker-compose.yml, with reload of Python and Vue as you save
	@docker compose -f docker-compose.yml -f compose.watch.yml up --build --watch --remove-orphans

k8s: ## the same on your minikube or kind cluster: build, load, apply, wait (TAG=: images that are there)
	@$(PYTHON) -m tools.k8s

images: ## the five images, with one tag from the state of git (TAG= instead of it)
	@$(PYTHON) -m tools.images

upgrade: ## build, then replace the running containers without losing a request (PROJECT= names another compose project)
	@$(if $(PROJECT),COMPOSE_PROJECT_NAME=$(PROJECT)) $(PYTHON) -m tools.upgrade

backup: ## all data of the running containers, as one file in backups/PROJECT/ (PROJECT= names another compose project)
	@$(if $(PROJECT),COMPOSE_PROJECT_NAME=$(PROJECT)) $(PYTHON) -m tools.backup create

restore: ## put a backup in the place of all data (FILE=backups/PROJECT/….sql.gz; YES=1 does not ask; PROJECT=)
	@$(if $(PROJECT),COMPOSE_PROJECT_NAME=$(PROJECT)) $(PYTHON) -m tools.backup restore $(FILE) $(if $(YES),--yes)

##@ Check
test: ## all tests, from nothing, on servers of their own (T=path for a part)
	@$(PYTHON) -m tools.test $(T)

test-compose: ## tests of the containers, on projects of their own (T=path for a part, KEEP=1 leaves one running)
	@$(PYTHON) -m tools.compose $(T)

faults: python ## two replicas of everything killed, stopped and cut off under load (MINUTES=30, else 90 s; SEED= repeats; ONLY=hostile)
	@$(PYTHON) -m tools.prepare servers
	@$(VENV)/python -m tests.faults $(ONLY) $(if $(MINUTES),--minutes=$(MINUTES)) $(if $(SEED),--seed=$(SEED))

soak: python ## the same load for long, without faults: what the processes hold must stay flat (MINUTES=30, else 90 s)
	@$(PYTHON) -m tools.prepare servers
	@$(VENV)/python -m tests.faults soak $(if $(MINUTES),--minutes=$(MINUTES)) $(if $(SEED),--seed=$(SEED))

bench: python ## measure against peers and limits, and write docs/performance.md (ONLY=page,fanout ROUNDS=5 SHORT=1)
	@$(VENV)/python -m bench --only=$(ONLY) --rounds=$(ROUNDS) $(if $(SHORT),--short)

k8s-smoke: ## the main job by HTTP against any system that runs (URL=http://host:port)
	@$(PYTHON) -m tools.smoke $(URL)

lint: python node ## ruff, mypy, import-linter, vue-tsc, eslint, generated files
	@$(VENV)/python -m tools.lint

check-deploy: ## whether Dockerfiles, compose file and manifests are sound; known vulnerabilities (STRICT=1)
	@$(PYTHON) -m tools.check_deploy $(if $(STRICT),--strict)

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
