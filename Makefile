# make demo    install the core, fine-tune on the bundled poems, write a poem
# make test    install everything, check style and types, run the tests
# make slow    the long tests
# make clean   remove what these have made, but not runs/

PYTHON ?= python3
VENV := .venv
BIN := $(VENV)/bin

.PHONY: demo test slow clean

demo: $(VENV)/core-is-installed
	$(BIN)/python train.py --corpus poetry
	$(BIN)/python generate.py --sampler top_p --prompt 春眠不觉晓

test: $(VENV)/all-is-installed
	$(BIN)/ruff check
	$(BIN)/ruff format --check
	$(BIN)/basedpyright --pythonpath $(BIN)/python
	$(BIN)/python -m pytest -n 2 --dist worksteal

slow: $(VENV)/all-is-installed
	$(BIN)/python -m pytest -n 2 --dist worksteal -m slow

clean:
	rm -rf $(VENV) build dist .pytest_cache .ruff_cache .hypothesis
	find keras_gpt2 tests -name __pycache__ -exec rm -rf {} +

# The stamps say what the environment holds, so that a second run installs nothing.
$(VENV)/core-is-installed: pyproject.toml requirements.txt | $(BIN)/python
	@echo "installing the core: 2.5 GB on disk, some minutes, once"
	$(BIN)/pip install -q -c requirements.txt -e .
	@touch $@

$(VENV)/all-is-installed: pyproject.toml requirements.txt | $(BIN)/python
	@echo "installing everything: 5 GB on disk, some minutes, once"
	$(BIN)/pip install -q -r requirements.txt -e .
	@touch $@ $(VENV)/core-is-installed

$(BIN)/python:
	@$(PYTHON) -c 'import sys; sys.exit(not (3, 11) <= sys.version_info < (3, 14))' || \
	{ echo "error: Python 3.11 to 3.13 is needed. Name one: make PYTHON=python3.12" >&2; exit 2; }
	$(PYTHON) -m venv $(VENV)
