# Two commands matter: `make run` and `make test`. Nothing is needed beyond Python 3.11, make and git.
# `make quick` is the suite without browser and servers.
PYTHON ?= python3
BIN := .venv/bin
export DJANGO_SETTINGS_MODULE := clinic.settings

.PHONY: run test quick check bench clean

run: .venv/runs
	@STARTED_BY=$$PPID exec $(BIN)/python manage.py serve

test: .venv/tests
	@$(BIN)/python -m tests.chromium || true
	$(BIN)/pytest -q -n 2 --dist loadgroup $(ARGS)

quick: .venv/tests
	$(BIN)/pytest -q -n 2 -m "not browser and not processes" $(ARGS)

check: .venv/tests
	$(BIN)/ruff check .
	$(BIN)/ruff format --check .
	$(BIN)/mypy clinic patients planner tests manage.py
	$(BIN)/djlint templates --lint --quiet
	$(BIN)/lint-imports
	$(BIN)/python manage.py makemigrations --check --dry-run
	SECRET_KEY=$$($(BIN)/python -c 'import secrets; print(secrets.token_urlsafe(60))') ALLOWED_HOSTS=clinic.example \
	  $(BIN)/python manage.py check --deploy --fail-level WARNING

bench: .venv/tests
	$(BIN)/python -m tests.benchmarks.bench_planner
	$(BIN)/python -m tests.benchmarks.bench_service
	$(BIN)/python -m tests.benchmarks.bench_search
	$(BIN)/python -m tests.benchmarks.bench_pages

clean:
	rm -rf .venv .data static-collected test-artifacts

.venv/bin/python:
	@$(PYTHON) -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null || \
	  { echo "Python 3.11 or newer is needed; '$(PYTHON)' is not. Try: make $(MAKECMDGOALS) PYTHON=python3.11" >&2; exit 1; }
	@$(PYTHON) -m venv .venv

.venv/runs: requirements.txt | .venv/bin/python
	@echo "Installing packages, once …"
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements.txt
	@touch $@

.venv/tests: requirements-dev.txt .venv/runs
	@$(BIN)/python -m pip install --quiet --disable-pip-version-check -r requirements-dev.txt
	@touch $@
