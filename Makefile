# One line of help each: make help
PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
PHOTO ?= tests/fixtures/astronaut.png
MOTION ?=
CASES ?= 100000
export PYTHONPATH :=

.DEFAULT_GOAL := help
.PHONY: help demo test check audit fuzz api format bench faults load build deploy sbom lock clean

help: ## show this
	@grep -hE '^[a-z]+:.*## ' $(MAKEFILE_LIST) | awk -F ':.*## ' '{printf "make %-8s %s\n", $$1, $$2}'

demo: $(VENV)/local ## bring PHOTO to life on this machine, through the whole stack (PHOTO=me.jpg MOTION=gentle-smile)
	@$(BIN)/python -m infra.local demo "$(PHOTO)" $(if $(MOTION),"$(MOTION)")

test: $(VENV)/dev ## run every test
	@$(BIN)/python -m pytest

check: $(VENV)/dev $(VENV)/sam/done $(VENV)/checkov/done $(VENV)/audit/done ## lint, types, the template's validators, known vulnerabilities (needs Node.js)
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy layers/vivify/python/vivify infra/local infra/audit.py functions/animate layers/models/maker layers/models/motions layers/models/creases layers/models/training
	$(BIN)/cfn-lint template.yaml
	$(VENV)/sam/bin/sam validate --lint --template template.yaml --region eu-west-1
	$(VENV)/checkov/bin/checkov --config-file infra/checkov.yaml --file template.yaml
	npx --yes asl-validator@4.0.0 --yaml-path infra/clip.asl.yaml
	$(VENV)/audit/bin/python infra/audit.py --or-say-so

audit: $(VENV)/audit/done ## look for known vulnerabilities in all that is installed or shipped
	@$(VENV)/audit/bin/python infra/audit.py

fuzz: $(VENV)/dev ## send 100,000 hostile inputs through every door (CASES=1000 for fewer)
	@$(BIN)/python -m tests.fuzz --cases $(CASES)

api: $(VENV)/dev ## ask the running API all that its OpenAPI document allows, and what it does not
	@API_EXAMPLES=300 $(BIN)/python -m pytest tests/workflow/test_api_contract.py

format: $(VENV)/dev ## put the code in the house style
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

bench: $(VENV)/dev ## measure the engine on this machine; prints a table, writes out/bench.json
	@$(BIN)/python -m tests.bench

load: $(VENV)/dev ## 125, 250 and 500 uploads, 20 at a time, with a stand-in for the engine; what they took and cost
	@$(BIN)/python -m tests.workflow.load

faults: $(VENV)/dev ## break the stack at every stage and print how each clip ended
	@$(BIN)/python -m tests.workflow.faults

build: $(VENV)/sam/done ## build the Lambda functions and layers for AWS
	$(VENV)/sam/bin/sam build --template template.yaml

deploy: build ## deploy to AWS, asking for what it needs
	$(VENV)/sam/bin/sam deploy --guided

sbom: $(VENV)/audit/done ## write dist/sbom/: a bill of materials (CycloneDX) for the engine, each layer and the container
	@mkdir -p dist/sbom
	@for part in engine:infra/locks/engine.txt container:infra/locks/container.txt \
	  $(foreach layer,$(wildcard layers/*/requirements.txt),layer-$(notdir $(patsubst %/,%,$(dir $(layer)))):$(layer)); do \
	  PYTHONWARNINGS=ignore $(VENV)/audit/bin/cyclonedx-py requirements --pyproject pyproject.toml --output-reproducible \
	    --output-file dist/sbom/$${part%%:*}.cdx.json $${part#*:} && echo dist/sbom/$${part%%:*}.cdx.json; done

lock: ## resolve the dependencies anew (needs uv)
	for set in "engine:pyproject.toml" "local:pyproject.toml --extra local --group build" \
	  "dev:pyproject.toml --extra local --group build --group dev" "sam:--group sam" \
	  "container:pyproject.toml --extra cloud --group gpu --no-emit-package onnxruntime" \
	  "checkov:--group checkov" "audit:--group audit"; do \
	  uv pip compile --quiet --universal --python-version 3.11 --generate-hashes $${set#*:} \
	    --custom-compile-command "make lock" -o infra/locks/$${set%%:*}.txt; done

clean: ## remove everything make has made
	rm -rf $(VENV) build dist out .aws-sam

# The environments: installed from the lock, so that two installs are the same.
$(VENV)/bin/python:
	@echo "Making a virtual environment in $(VENV)"
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11) and "Vivify needs Python 3.11 or newer; name one: make PYTHON=python3.12 ...")'
	@$(PYTHON) -m venv $(VENV)

$(VENV)/local: infra/locks/local.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing the engine and the local stack (about a minute, once)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes --no-deps -r infra/locks/local.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@

$(VENV)/dev: infra/locks/dev.txt pyproject.toml | $(VENV)/bin/python
	@echo "Installing what the tests need (about a minute, once)"
	@$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --require-hashes --no-deps -r infra/locks/dev.txt
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check --no-build-isolation --no-deps --editable .
	@touch $@ $(VENV)/local

$(VENV)/%/done: infra/locks/%.txt | $(VENV)/bin/python
	@echo "Installing $*, apart: it pins what we do not"
	@$(PYTHON) -m venv $(VENV)/$*
	@$(VENV)/$*/bin/python -m pip install --quiet --disable-pip-version-check --require-hashes --no-deps -r infra/locks/$*.txt
	@touch $@
