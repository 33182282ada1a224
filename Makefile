# Each target makes the environment it needs, so that each works as the first command.

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin
export PYTHONDONTWRITEBYTECODE :=  # pytest keeps the tests that it has compiled
PIP := $(BIN)/python -m pip install --quiet --disable-pip-version-check --constraint constraints.txt

.PHONY: demo test lint docs bench reproduce signatures explorer clean

demo: $(VENV)/demo
	$(BIN)/autoencode demo --out demo --force
	@echo "From here: $(BIN)/autoencode explore demo/digits.ae demo/digits.npz"

test: $(VENV)/test
	$(BIN)/python -m pytest --numprocesses 2 --dist worksteal

lint: $(VENV)/lint
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy

docs: $(VENV)/docs
	$(BIN)/sphinx-build --jobs 2 --fail-on-warning -q $(SPHINXOPTS) docs docs/_build
	@echo "Open docs/_build/index.html"

# The flags of the command line, after a change of an argument or of its description
signatures: $(VENV)/demo
	$(BIN)/python -m autoencode.cli.generate

# The page of the explorer, after a change in frontend/
explorer: frontend/node_modules/.package-lock.json
	cd frontend && npm run --silent check && npm run --silent build

frontend/node_modules/.package-lock.json: frontend/package-lock.json
	cd frontend && npm ci --silent --no-audit --no-fund

bench: $(VENV)/demo
	$(BIN)/python benchmarks/run.py

# About an hour of one processor; `--full` has the papers' schedules
reproduce: $(VENV)/test
	$(BIN)/python reproduce/run.py

# torch first, by its exact version: a range would bring gigabytes of another build
$(VENV)/demo: pyproject.toml constraints.txt
	test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	$(PIP) "$$(grep '^torch==' constraints.txt)"
	$(PIP) --editable ".[audio,explore,tables]"
	touch $@

$(VENV)/test: $(VENV)/demo
	$(PIP) constriction hatchling httpx huggingface-hub hypothesis onnx onnxruntime onnxscript pandas playwright \
		polars pyarrow pytest pytest-xdist selfies soundfile soxr starlette tokenizers uvicorn zuko
	touch $@

$(VENV)/lint: $(VENV)/demo
	$(PIP) mypy ruff
	touch $@

$(VENV)/docs: $(VENV)/demo
	$(PIP) furo myst-parser sphinx sphinx-gallery
	touch $@

clean:
	rm -rf $(VENV) demo frontend/node_modules docs/_build docs/tutorials docs/gallery docs/reference
