# VerteNetSlicer: `make help` lists what can be made.
#
# Every target that needs Python calls tools/environment.py first.  It makes
# .venv, or repairs it, and returns at once where nothing is to be done.

PYTHON ?= $(shell for p in python3 python3.12 python3.11 python3.10; do \
    $$p -c 'import sys; sys.exit(sys.version_info < (3, 10))' 2>/dev/null && echo $$p && break; done)
BIN := .venv/bin
WORKERS ?= 2
OUT ?= demo-output
SLICER ?= https://github.com/Slicer/Slicer

.DEFAULT_GOAL := help
.PHONY: help demo test test-slicer-versions test-slicer-sources lint format bench sources \
    environment clean distclean

help:  ## list the targets
	@grep -hE '^[a-z-]+: .*##' $(MAKEFILE_LIST) | sed -E 's/^([a-z-]+):.*## /\1\t/' | expand -t 22

demo: environment  ## find, grade and frame the vertebrae of the bundled scan
	@$(BIN)/python tools/demo.py $(OUT)

test: environment lint  ## check the style and the types, then run every test
	OMP_NUM_THREADS=1 MKL_NUM_THREADS=1 $(BIN)/python -m pytest -q -n $(WORKERS) --dist loadgroup $(ARGS)

test-slicer-versions: environment  ## the Slicer module's tests on other versions of slicer-core
	OMP_NUM_THREADS=1 $(BIN)/python tools/slicer_versions.py $(ARGS)

test-slicer-sources: environment  ## the same under Slicer's own base classes: SLICER=checkout or address
	OMP_NUM_THREADS=1 $(BIN)/python tools/slicer_sources.py $(SLICER) $(ARGS)

lint: environment  ## ruff, and mypy --strict on the core
	@$(BIN)/ruff check .
	@$(BIN)/mypy

format: environment  ## let ruff lay the code out
	@$(BIN)/ruff check --fix .
	@$(BIN)/ruff format .

bench: environment  ## time the detection beside the published architecture, and a dragged point
	@$(BIN)/python Testing/bench/bench.py $(ARGS)
	@$(BIN)/python Testing/bench/redraw.py

sources:  ## write the module's files into its CMake lists
	@$(PYTHON) tools/list_sources.py

environment:
	@if [ -z "$(PYTHON)" ]; then \
	    echo "Python 3.10 or newer is needed: apt-get install -y python3 python3-venv"; exit 1; fi
	@$(PYTHON) tools/environment.py

clean:  ## remove what was built, but not .venv
	rm -rf build dist demo-output .pytest_cache .mypy_cache .ruff_cache .hypothesis
	rm -rf VerteNetSlicer/*.egg-info
	find . -path ./.venv -prune -o -name __pycache__ -type d -print0 | xargs -0 rm -rf

distclean: clean  ## remove .venv too
	rm -rf .venv
