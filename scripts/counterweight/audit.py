"""`audit`: dbt's data tests, then the expectations. A defect stops the way to the readers, a finding does not."""

import contextlib
import dataclasses
import logging
import shutil
import warnings

import click
import yaml

from counterweight.build import fingerprint_inputs, last_build, record, run_dbt
from counterweight.errors import AuditError, CounterweightError, InputError
from counterweight.health_history import keep_health

# What a failed expectation means. A defect: our own tables are wrong. A finding: the source or the service is.
KINDS = ("defect", "finding")


@dataclasses.dataclass(frozen=True)
class Check:
    """Outcome of one expectation."""

    suite: str
    expectation_id: str
    kind: str
    question: str
    success: bool
    observed: str
    failed_count: int


def read_suites(project):
    """The suites of expectations/, one a table: {table, expectations: [{id, kind, question, type, kwargs}]}."""
    suites = []
    for path in sorted((project.root / "expectations").glob("*.yml")):
        suite = yaml.safe_load(path.read_text(encoding="utf-8"))
        for expectation in suite["expectations"]:
            missing = [key for key in ("id", "kind", "question", "type") if not expectation.get(key)]
            if missing or expectation["kind"] not in KINDS:
                raise InputError(
                    f"{path}: expectation {expectation.get('id', '?')} needs id, type, question and a kind, "
                    f"one of {', '.join(KINDS)}."
                )
        suites.append({"name": path.stem, **suite})
    if not suites:
        raise InputError(f"No suites in {project.root / 'expectations'}: an audit without expectations proves nothing.")
    return suites


def audit(project):
    """Test the last build. Raises AuditError where a defect was found; findings are stored and shown."""
    with project.lock():
        build_id, status, values = last_build(project)
        if status not in ("built", "audited", "audit failed"):
            raise CounterweightError(
                f"Build {build_id} is not finished (status: {status}). Run 'counterweight build' first."
            )
        _check_inputs(project, build_id)
        record(project, build_id, "audit failed")  # until proven otherwise, also if this process is killed
        failures = _run_dbt_tests(project, build_id, values)
        checks = run_expectations(
            suites_of(project, build_id),
            f"duckdb:///{project.warehouse}?access_mode=read_only",
            run_name=build_id,
            pages=project.data_docs,
        )
        _store(project, build_id, checks)
        defects = [check for check in checks if check.kind == "defect" and not check.success]
        findings = [check for check in checks if check.kind == "finding" and not check.success]
        for check in findings:
            click.echo(f"audit  finding {check.expectation_id} ({check.failed_count:,}): {check.question}")
        if failures or defects:
            lines = [f"  test {name}: {count} rows" for name, count in failures]
            lines += [
                f"  expectation {c.expectation_id} on {c.suite}: {c.failed_count} ({c.question})" for c in defects
            ]
            raise AuditError(
                f"Build {build_id} will not be published. Defects: {len(lines)}\n" + "\n".join(lines) + "\n"
                "What was published before stays. Failing rows of a test lie in schema test_failures of "
                f"{project.warehouse}; the pages are in {project.data_docs}."
            )
        keep_health(project, build_id)
        record(project, build_id, "audited")
    click.echo(f"audit  {build_id}: {len(checks)} expectations, findings: {len(findings)}, defects: 0")
    return build_id


def _check_inputs(project, build_id):
    with contextlib.closing(project.connect(read_only=True)) as connection:
        built_from = connection.execute(
            "select input_fingerprint from audit.builds where build_id = ?", [build_id]
        ).fetchone()[0]
        if built_from != fingerprint_inputs(connection):
            raise CounterweightError(
                f"Files were loaded after build {build_id}. Run 'counterweight build' again, then the audit."
            )


def _run_dbt_tests(project, build_id, values):
    results = run_dbt(project, ["test", "--exclude-resource-type", "unit_test"], values)
    if not results:
        raise AuditError("dbt ran no data test: nothing was proven.")
    click.echo(f"audit  {len(results)} data tests")
    rows = [(build_id, result.node.name, str(result.status), result.failures) for result in results]
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "create table if not exists audit.test_results "
            "(build_id varchar, test varchar, status varchar, failures bigint)"
        )
        connection.execute("delete from audit.test_results where build_id = ?", [build_id])
        connection.executemany("insert into audit.test_results values (?, ?, ?, ?)", rows)
    return [(name, failures) for _, name, status, failures in rows if status not in ("pass", "warn")]


def run_expectations(suites, connection_string, run_name, pages):
    """The outcome of every expectation of the suites on the warehouse at that address; pages go to that folder."""
    from counterweight import gx_duckdb

    with _silence():
        import great_expectations as gx
        from great_expectations.checkpoint import UpdateDataDocsAction

        gx_duckdb.register()
        shutil.rmtree(pages, ignore_errors=True)
        context = gx.get_context(mode="ephemeral")
        context.variables.progress_bars = {"globally": False, "metric_calculations": False}
        for site in list(context.get_site_names()):
            context.delete_data_docs_site(site)
        context.add_data_docs_site(
            site_name="counterweight",
            site_config={
                "class_name": "SiteBuilder",
                "site_index_builder": {"class_name": "DefaultSiteIndexBuilder"},
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(pages),
                },
            },
        )
        warehouse = context.data_sources.add_sql("warehouse", connection_string=connection_string)
        definitions = [_definition(gx, context, warehouse, suite) for suite in suites]
        click.echo(f"audit  {len(definitions)} suites of expectations")
        result = context.checkpoints.add(
            gx.Checkpoint(
                name="audit",
                validation_definitions=definitions,
                actions=[UpdateDataDocsAction(name="pages")],
                # counts only: neither the pages nor the results may carry values from the data
                result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0},
            )
        ).run(run_id=gx.RunIdentifier(run_name=run_name))
        # its open connections would keep us from writing the results
        warehouse.get_execution_engine().close()
        warehouse.get_engine().dispose()
    return [
        _check(suite_result.suite_name, outcome)
        for suite_result in result.run_results.values()
        for outcome in suite_result.results
    ]


def suites_of(project, build_id):
    """The suites of what was built: a source system that is left out has no staging to look at."""
    with contextlib.closing(project.connect(read_only=True)) as connection:
        built = {
            f"{schema}.{table}"
            for schema, table in connection.execute(
                "select schema_name, relation_name from audit.relations where build_id = ?", [build_id]
            ).fetchall()
        }
    return [
        suite for suite in read_suites(project) if suite["table"] in built or not suite["table"].startswith("staging.")
    ]


@contextlib.contextmanager
def _silence():
    """Great Expectations tells at length how it sets itself up; what it finds comes back as results."""
    logging.disable(logging.WARNING)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("ignore")
            yield
    finally:
        logging.disable(logging.NOTSET)


def _definition(gx, context, warehouse, suite):
    expectations = [
        {
            "type": expectation["type"],
            "kwargs": expectation.get("kwargs", {}),
            "description": f"{expectation['id']}: {expectation['question']}",
            "severity": "critical" if expectation["kind"] == "defect" else "warning",
            "meta": {key: expectation[key] for key in ("id", "kind", "question")},
        }
        for expectation in suite["expectations"]
    ]
    # a query, not a table: Great Expectations finds a table's columns in DuckDB's first schema only
    asset = warehouse.add_query_asset(suite["name"], query=f"select * from {suite['table']}")
    return context.validation_definitions.add(
        gx.ValidationDefinition(
            name=suite["name"],
            data=asset.add_batch_definition_whole_table("whole table"),
            suite=context.suites.add(gx.ExpectationSuite(name=suite["name"], expectations=expectations)),
        )
    )


def _check(suite, outcome):
    meta = outcome.expectation_config.meta
    details = outcome.result or {}
    if (outcome.exception_info or {}).get("raised_exception") or any(
        isinstance(info, dict) and info.get("raised_exception") for info in (outcome.exception_info or {}).values()
    ):
        # an expectation that could not be computed proves nothing
        return Check(suite, meta["id"], "defect", meta["question"], False, "could not be computed", 1)
    observed = details.get("observed_value")
    failed = details.get("unexpected_count")
    if failed is None and not outcome.success:
        # "272 unexpected rows"
        number = str(observed).partition(" ")[0]
        failed = int(number) if number.isdigit() else 1
    return Check(
        suite, meta["id"], meta["kind"], meta["question"], bool(outcome.success), str(observed), int(failed or 0)
    )


def _store(project, build_id, checks):
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "create table if not exists audit.expectation_results (build_id varchar, suite varchar, "
            "expectation_id varchar, kind varchar, question varchar, success boolean, observed varchar, "
            "failed_count bigint)"
        )
        connection.execute("delete from audit.expectation_results where build_id = ?", [build_id])
        connection.executemany(
            "insert into audit.expectation_results values (?, ?, ?, ?, ?, ?, ?, ?)",
            [(build_id, *dataclasses.astuple(check)) for check in checks],
        )
