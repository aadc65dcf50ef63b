"""`audit`: dbt's data tests, then the expectations. A defect stops the way to the readers, a finding does not."""

import contextlib
import dataclasses

import click

from counterweight import inputs
from counterweight.build import last_build, record, run_dbt
from counterweight.errors import AuditError, CounterweightError, DamagedError, is_damage, is_lack_of_space
from counterweight.expectations import NOT_COMPUTED, Check, read_suites, run_expectations
from counterweight.health_history import keep_health

# Columns of audit.expectation_results, by the fields of a check.
COLUMN_TYPES = {
    "suite": "varchar",
    "expectation_id": "varchar",
    "kind": "varchar",
    "question": "varchar",
    "success": "boolean",
    "observed": "varchar",
    "failed_count": "bigint",
    "table_name": "varchar",
    "border": "varchar",
    "looked_at_count": "bigint",
    "limits": "varchar",
    "what_to_do": "varchar",
}


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
            click.echo(f"audit  finding {check.expectation_id} ({_cases(check)}): {check.question}")
            click.echo(f"         {check.what_to_do}")
        if failures or defects:
            lines = [f"  test {name}: {count} rows" for name, count in failures]
            lines += [_defect(check) for check in defects]
            raise AuditError(
                f"Build {build_id} will not be published. Defects: {len(lines)}\n" + "\n".join(lines) + "\n"
                "What was published before stays. Failing rows of a test lie in schema test_failures of "
                f"{project.warehouse}; the pages are in {project.data_docs}."
            )
        keep_health(project, build_id)
        record(project, build_id, "audited")
    click.echo(f"audit  {build_id}: {len(checks)} expectations, findings: {len(findings)}, defects: 0")
    return build_id


def _defect(check):
    said = check.observed if check.observed.startswith(NOT_COMPUTED) else check.question
    return f"  expectation {check.expectation_id} on {check.suite}: {check.failed_count} ({said}) {check.what_to_do}"


def _cases(check):
    """`12 of 24,930`; `1 of 3, observed 0.4065, limit known_customers_share 0.9`."""
    text = f"{check.failed_count:,}"
    if check.looked_at_count is not None:
        text += f" of {check.looked_at_count:,}"
    if check.observed != str(check.failed_count):
        text += f", observed {check.observed}"
    return text + (f", limit {check.limits}" if check.limits else "")


def _check_inputs(project, build_id):
    with contextlib.closing(project.connect(read_only=True)) as connection:
        built_from = connection.execute(
            "select input_fingerprint from audit.builds where build_id = ?", [build_id]
        ).fetchone()[0]
        if built_from != inputs.fingerprint(connection):
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
    broken = [str(result.message) for result in results if str(result.status) == "error"]
    for message in broken:
        # a test that the disk kept from its answer found no defect in our tables
        if is_damage(message):
            raise DamagedError(project.warehouse, message.splitlines()[-1])
        if is_lack_of_space(message):
            raise CounterweightError(f"Build {build_id} was not audited: {message.splitlines()[-1].strip()}")
    return [(name, failures) for _, name, status, failures in rows if status not in ("pass", "warn")]


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


def _store(project, build_id, checks):
    """The outcomes of this build, beside those of earlier ones, which may know less."""
    columns = {"build_id": "varchar"} | {field.name: COLUMN_TYPES[field.name] for field in dataclasses.fields(Check)}
    with contextlib.closing(project.connect()) as connection:
        declared = ", ".join(f"{name} {kind}" for name, kind in columns.items())
        connection.execute(f"create table if not exists audit.expectation_results ({declared})")
        for name, kind in columns.items():
            connection.execute(f"alter table audit.expectation_results add column if not exists {name} {kind}")
        connection.execute("delete from audit.expectation_results where build_id = ?", [build_id])
        connection.executemany(
            f"insert into audit.expectation_results ({', '.join(columns)}) values ({', '.join('?' for _ in columns)})",
            [(build_id, *dataclasses.astuple(check)) for check in checks],
        )
