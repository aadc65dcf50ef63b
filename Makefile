# Two commands do everything: `make demo` and `make test`. Each sets up what it needs.
.DEFAULT_GOAL := help
.PHONY: help setup demo real check parse bench properties contracts unit-tests bouncer docs lint state slim diff test test-long test-engines restated-week kills secrets audit-dependencies dirty-ledger raw-properties schedules touch-rules clean

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

# ---- a change, validated: the cheapest first. None of it needs data; docs, CONTRIBUTING and the workflow name them.
CHECK := target/check
DBT_CHECK := COUNTERWEIGHT_WAREHOUSE=$(CHECK)/counterweight.duckdb DBT_TARGET_PATH=$(CHECK) $(RUN)dbt
# read and built once, until one of these changes
CODE := dbt_project.yml profiles.yml $(shell find models macros seeds tests/singular tests/generic -type f)

check: parse properties contracts unit-tests bouncer lint ## all that needs no data, the cheapest first: some six minutes

parse: $(CHECK)/.parsed ## dbt reads the project; whatever it warns of is an error

$(CHECK)/.parsed: .venv/.synced $(CODE)
	@mkdir -p $(CHECK)
	@$(DBT_CHECK) --quiet parse --no-partial-parse --warn-error-options '{"error": "all"}'
	@touch $@

properties: .venv/.synced ## every key of the properties files means something
	@$(RUN)python -m counterweight.dev.properties

contracts: $(CHECK)/.built ## every model runs and keeps its contract, on empty tables

$(CHECK)/.built: $(CHECK)/.parsed
	@rm -f $(CHECK)/counterweight.duckdb
	@$(DBT_CHECK) --quiet build --empty --exclude-resource-type test unit_test
	@touch $@

unit-tests: contracts ## every rule has the answer computed by hand
	@$(DBT_CHECK) --quiet test --select test_type:unit

docs: contracts ## dbt's pages of every table and column, one file that opens offline: published/docs/index.html
	@$(DBT_CHECK) --quiet docs generate --static
	@mkdir -p published/docs && sed 's|$(CURDIR)|.|g' $(CHECK)/static_index.html > published/docs/index.html
	@echo "docs   published/docs/index.html"

bouncer: docs ## rules of form for models, on what dbt wrote down: .ci/dbt-bouncer.yml
	@$(RUN)dbt-bouncer run --config-file .ci/dbt-bouncer.yml

lint: .venv/.synced ## style of Python and SQL
	@$(RUN)ruff check
	@$(RUN)ruff format --check
	@DBT_TARGET_PATH=target/lint $(RUN)python -m counterweight.dev.lint lint -q --processes 2 models tests

# Asks a database of advisories over the network (osv.dev), and nothing else does: no part of `make test`.
audit-dependencies: .venv/.synced ## known vulnerabilities of what uv.lock pins
	@$(UV) audit --frozen --preview-features audit-command

# A base to compare with: its build file, its manifest.json and its dbt_project.yml. The file stands for --defer, since what is not
# built anew lies in it. dbt does not see that a variable changed, so another dbt_project.yml builds everything.
STATE ?= target/state
BASE ?= origin/main
DBT_STATE := COUNTERWEIGHT_WAREHOUSE=$(STATE)/counterweight.duckdb DBT_TARGET_PATH=$(STATE)

state: .venv/.synced ## a small world, built: the base that `make slim` compares with
	@rm -rf $(STATE) && mkdir -p $(STATE) && cp dbt_project.yml $(STATE)/dbt_project.yml
	@$(RUN)counterweight simulate --tickets 600 --calls 1200 --months 4 --out $(STATE)/world
	@$(DBT_STATE) $(RUN)counterweight load canonical=$(STATE)/world/raw
	@$(DBT_STATE) $(RUN)counterweight build

slim: .venv/.synced ## build and test what differs from the base in STATE, and what reads it
	@mkdir -p target/slim && cp $(STATE)/counterweight.duckdb target/slim/counterweight.duckdb
	@changed=""; cmp -s dbt_project.yml $(STATE)/dbt_project.yml && changed="--select state:modified+ --state $(STATE)"; \
		COUNTERWEIGHT_WAREHOUSE=target/slim/counterweight.duckdb DBT_TARGET_PATH=target/slim $(RUN)dbt --quiet build \
		$$changed --warn-error-options '{"error": ["Deprecations"]}'

diff: .venv/.synced ## what the working tree does to the numbers, against BASE (origin/main): target/diff.md
	@$(RUN)counterweight diff --base $(BASE) --out target/diff.md

# ---- what must hold when something goes wrong, each shown by one command on data of its own
kills: .venv/.synced ## a run is killed 200 times at random moments: readers and the next run see nothing of it; an hour
	@$(RUN)python -m counterweight.dev.kills

dirty-ledger: .venv/.synced ## every kind of dirt of the simulator, delivered: 100 % must end as its ledger says; some three minutes
	@$(RUN)python -m counterweight.dev.dirty_ledger

raw-properties: .venv/.synced ## what must hold for any raw rows, on 200 worlds that hypothesis makes; EXAMPLES=20 for a look
	@$(RUN)python -m counterweight.dev.raw_properties --examples $(or $(EXAMPLES),200)

schedules: .venv/.synced ## increments against full builds, on a thousand random schedules of loads; some forty minutes; SEED=17 EXAMPLES=1 for one
	@$(RUN)python -m counterweight.dev.schedules --examples $(or $(EXAMPLES),1000) --seed $(or $(SEED),0)

touch-rules: .venv/.synced ## each touch rule left out in turn: the schedules must see it
	@$(RUN)python -m counterweight.dev.schedules --each-rule --desks 2 --examples $(or $(EXAMPLES),200)

secrets: .venv/.synced ## planted names, telephones, addresses and the salt: hunted wherever a reader or a log could show them
	@$(RUN)python -m counterweight.dev.secrets

restated-week: .venv/.synced ## a published week changes three times, and each change is explained; some four minutes
	@$(RUN)python -m counterweight.dev.restated_week

bench: .venv/.synced ## what a build costs at 1, 3 and 10 million interactions, beside others: docs/performance.md; hours
	@$(RUN)counterweight bench --page

test: export REAL_DATA := $(REAL_DATA)
test: lint ## everything that must pass
	@$(RUN)pytest -n 2 --dist loadfile --no-loadscope-reorder

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
