# Two commands do everything: `make demo` and `make test`. Each sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup demo real test test-long test-engines lint clean

# Folder of the real logs; see `make real` where you do not have them.
REAL_DATA ?= ../shared/data
SERVICENOW_LOG := $(REAL_DATA)/servicenow_incident_log/incident_event_log.csv.gz
BANK_LOGS := $(REAL_DATA)/bank_call_log
SERVICE_MANAGER := $(REAL_DATA)/service_manager_excerpt
UV := .venv/bin/uv
RUN := .venv/bin/

help: ## list the targets
	@grep -E "^[a-z-]+:.*##" $(MAKEFILE_LIST) | sed -E "s/:.*## /\t/"

setup: .venv/.synced ## the Python environment in .venv, from uv.lock

.venv/.synced: uv.lock pyproject.toml
	@python=""; for name in python3.13 python3.12 python3.11 python3; do \
		if $$name -c "import sys; sys.exit(sys.version_info < (3, 11))" 2>/dev/null; then python=$$name; break; fi; \
	done; \
	if [ -z "$$python" ]; then echo "Python 3.11 or newer is needed; none was found on the PATH." >&2; exit 1; fi; \
	echo "setup: environment in .venv with $$($$python --version)"; \
	$$python -m venv .venv && .venv/bin/pip install -q --disable-pip-version-check "uv==0.13.9"
	@$(UV) sync -q --frozen --inexact --compile-bytecode
	@touch $@

demo: export COUNTERWEIGHT_WAREHOUSE := warehouse/demo/counterweight.duckdb
demo: export COUNTERWEIGHT_PUBLISHED := published/demo
demo: .venv/.synced ## the whole job on a generated service desk and contact centre
	@rm -rf warehouse/demo
	@$(RUN)counterweight simulate --months 9 --out warehouse/demo
	@$(RUN)counterweight run canonical=warehouse/demo/raw

real: export COUNTERWEIGHT_WAREHOUSE := warehouse/real/counterweight.duckdb
real: export COUNTERWEIGHT_PUBLISHED := published/real
real: .venv/.synced ## the whole job on the real logs in REAL_DATA (default ../shared/data)
	@if [ ! -f "$(SERVICENOW_LOG)" ] || [ ! -d "$(BANK_LOGS)" ] || [ ! -d "$(SERVICE_MANAGER)" ]; then \
		echo "The real logs are not in $(REAL_DATA). Wanted there:"; \
		echo "  servicenow_incident_log/incident_event_log.csv.gz: incident event log of a ServiceNow instance,"; \
		echo "    UCI Machine Learning Repository 498, doi 10.24432/C57S4H (CC BY 4.0)"; \
		echo "  bank_call_log/*.csv.gz: months of the Anonymous Bank call log of 1999 (Technion)"; \
		echo "  service_manager_excerpt/Detail_*.csv: the Rabobank log, BPI Challenge 2014,"; \
		echo "    doi 10.4121/uuid:c3e5d162-0cfd-4bb0-bd82-af5268819c35"; \
		echo "Put them into a folder and say: make real REAL_DATA=that/folder"; \
		exit 2; \
	fi >&2
	@$(RUN)counterweight run \
		servicenow.incident_event_log=$(SERVICENOW_LOG) \
		"bank_call_log.calls=$(BANK_LOGS)/*.csv.gz" \
		"service_manager.interactions=$(SERVICE_MANAGER)/Detail_Interaction*.csv" \
		"service_manager.incidents=$(SERVICE_MANAGER)/Detail_Incident_[!A]*.csv" \
		"service_manager.incident_activities=$(SERVICE_MANAGER)/Detail_Incident_Activity*.csv"

lint: .venv/.synced ## style of Python and SQL
	@$(RUN)ruff check
	@$(RUN)ruff format --check
	@DBT_TARGET_PATH=target/lint $(RUN)sqlfluff lint -q --processes 2 models tests

test: export REAL_DATA := $(REAL_DATA)
test: lint ## everything that must pass
	@$(RUN)pytest -n 2 --dist loadfile

test-long: export REAL_DATA := $(REAL_DATA)
test-long: .venv/.synced ## large worlds that show what is rare, every system on PostgreSQL, the page of inputs; some 20 minutes
	@$(UV) sync -q --frozen --inexact --group postgres
	@$(RUN)pytest -m long -n 2 --dist loadgroup

test-engines: export REAL_DATA := $(REAL_DATA)
test-engines: .venv/.synced ## build, tests and every value on PostgreSQL as well; needs its server programs
	@$(UV) sync -q --frozen --inexact --group postgres
	@$(RUN)pytest -m 'engine and not long' -n 2 --dist loadgroup

clean: ## remove what was built, not what was loaded or published
	rm -rf target logs .pytest_cache .ruff_cache
