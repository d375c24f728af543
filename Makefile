# Everything a newcomer needs: `make run`, `make test`. `make help` lists the rest.
# Needs Python 3.11 or newer, pip and make. Packages go to .venv/, data and logs to var/; nothing else is touched.

VENV := .venv
BIN := $(VENV)/bin
SETUP_LOG := var/log/setup.log
PYTHONS := python3 python3.14 python3.13 python3.12 python3.11

# Production as `manage.py check --deploy` should see it. Nothing listens on these addresses and nothing is sent there.
DEPLOYED := env -u CONSILIUM_EMBEDDED -u DEBUG -u HTTPS ALLOWED_HOSTS=consilium.example ARTIFACT_ROOT=var/artifacts \
	DATABASE_URL=postgres://consilium@127.0.0.1/consilium REDIS_URL=redis://127.0.0.1/0 \
	ARTIFACT_KEY="$$($(BIN)/python -c 'import base64, os; print(base64.urlsafe_b64encode(os.urandom(32)).decode())')" \
	SECRET_KEY="$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(48))')"

.PHONY: help run test test-all check bench fix
.NOTPARALLEL:
.DEFAULT_GOAL := help

help:
	@echo "make run                 set up and serve the site on http://127.0.0.1:8000 (PORT=8001 for another port)"
	@echo "make test                set up what the tests need, Chromium too, and run them (ARGS='tests/unit -x' for some)"
	@echo "make test-all            these and the long ones: each person at three sizes, by keyboard and by touch; each loss by itself"
	@echo "make check               formatting, lint, types, import walls, migrations, deployment, templates, compose, Dockerfile"
	@echo "make bench               measure the figures that this project promises (ONLY=name for one)"
	@echo "make fix                 format and put right what can be put right automatically"
	@echo
	@echo "On Linux without a GPU, PIP_EXTRA_INDEX_URL may name PyTorch's index of CPU builds: a far smaller download."
	@echo "DATABASE_URL and REDIS_URL, set both, make it use your own Postgres 18 and Redis or Valkey."

run: $(VENV)/.web
	@exec $(BIN)/python -m config.embedded --stop-with-parent

# Two processes on two cores: threads of numpy and torch inside each would only wait for each other.
test test-all: export OMP_NUM_THREADS = 1
test test-all: export OPENBLAS_NUM_THREADS = 1

test: $(VENV)/.test
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal -m "not walks" $(ARGS)

test-all: $(VENV)/.test
	@$(BIN)/python -m tests.browser.chromium
	@$(BIN)/python -m pytest --numprocesses 2 --dist worksteal $(ARGS)

check: $(VENV)/.check
	$(BIN)/ruff format --check .
	$(BIN)/ruff check .
	@$(DEPLOYED) $(BIN)/mypy config annotation saeserve bench
	$(BIN)/lint-imports
	@$(BIN)/python -m config.embedded.temporary $(BIN)/python manage.py makemigrations --check --dry-run
	@$(DEPLOYED) $(BIN)/python -W error manage.py check --deploy --fail-level WARNING
	$(BIN)/djlint --lint --quiet templates
	$(BIN)/check-jsonschema --builtin-schema vendor.compose-spec docker-compose.yml
	$(BIN)/hadolint Dockerfile

bench: $(VENV)/.test
	@$(BIN)/python -m bench $(ONLY)

fix: $(VENV)/.check
	$(BIN)/ruff format .
	$(BIN)/ruff check --fix .

# Set-up: each step leaves a stamp and is repeated when pyproject.toml changes. The site needs the first only; the
# supervisor has the second made while the site is up already.
$(VENV)/.web: what := the site's packages
$(VENV)/.web: extras := web,embedded
$(VENV)/.web: $(VENV)/.made pyproject.toml
	@$(install)

$(VENV)/.gpu: what := the inference packages
$(VENV)/.gpu: extras := gpu
$(VENV)/.gpu: $(VENV)/.web
	@$(install)

$(VENV)/.test: what := the test packages
$(VENV)/.test: extras := test
$(VENV)/.test: $(VENV)/.gpu
	@$(install)

$(VENV)/.check: what := the checkers
$(VENV)/.check: extras := check
$(VENV)/.check: $(VENV)/.gpu
	@$(install)

# Compiling what is never imported takes longer than compiling on import.
define install
mkdir -p $(dir $(SETUP_LOG)); \
echo "Installing $(what) (once; log: $(SETUP_LOG))"; \
$(BIN)/python -m pip install --disable-pip-version-check --progress-bar off --no-compile --editable '.[$(extras)]' \
	>>$(SETUP_LOG) 2>&1 </dev/null \
|| { tail -n 5 $(SETUP_LOG); \
	echo "Installing $(what) failed. The lines above say why, all of it is in $(SETUP_LOG). Run the same command again."; \
	exit 1; }; \
touch $@
endef

$(VENV)/.made:
	@if $(BIN)/python -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then touch $@; exit 0; fi; \
	for python in $(PYTHON) $(PYTHONS); do \
		if "$$python" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; then \
			"$$python" -m venv --clear $(VENV) && touch $@ && exit 0; \
			echo "$$python could not make $(VENV). On Debian and Ubuntu install the package python3-venv."; exit 1; \
		fi; \
	done; \
	echo "No Python 3.11 or newer was found. Install one, or name it: make PYTHON=/path/to/python3.11 run"; exit 1
