"""Expectations: what an analyst reads about data and reality, one suite a table, judged by Great Expectations."""

import contextlib
import dataclasses
import logging
import re
import shutil
import warnings

import click
import yaml

from counterweight import data_docs
from counterweight.errors import InputError

# What a failed expectation means. A defect: our own tables are wrong. A finding: the source or the service is.
KINDS = ("defect", "finding")
# Where a suite looks, by the schema of its table: rows as they were delivered, facts, or marts as they are read.
BORDERS = {
    "staging": "raw",
    "intermediate": "raw",
    "reference": "raw",
    "dimensions": "facts",
    "facts": "facts",
    "marts": "marts",
}
# Types that count. Others (the greatest, the most frequent) would write values of the data into results and pages.
COUNTING = re.compile(r"unexpected_rows_expectation|expect_column_values_\w+|expect_compound_columns_to_be_unique")
# {limit known_customers_share of systems.source_system}: the limit that holds for that source system
LIMIT = re.compile(r"\{limit (\w+) of ([\w.']+)\}")
JOIN = re.compile(r"\bjoin\b", re.IGNORECASE)
LIMIT_QUERY = (
    "coalesce((select own.limit_value from reference.expectation_limits as own where own.limit_id = '{name}' "
    "and own.source_system = {system}), (select general.limit_value from reference.expectation_limits as general "
    "where general.limit_id = '{name}' and general.source_system = '*'))"
)
NOT_COMPUTED = "could not be computed"
OF_A_DEFECT = (
    "Our own tables are wrong: readers keep the last build. Run the suite's query on the build file, find the model."
)


@dataclasses.dataclass(frozen=True)
class Check:
    """Outcome of one expectation: numbers only, never a value of the data."""

    suite: str
    expectation_id: str
    kind: str
    question: str
    success: bool
    observed: str  # what was measured: a share where the limit is one, else how many failed
    failed_count: int
    table_name: str = ""
    border: str = ""
    looked_at_count: int | None = None  # 0: there was nothing to look at, so that success says nothing
    limits: str = ""  # those of the seed that decided
    what_to_do: str = ""


def read_suites(project):
    """The suites of expectations/, one a table: {name, table, border, expectations: [{id, kind, question, ...}]}."""
    suites = []
    # what begins with an underscore is about the suites, and none
    for path in sorted((project.root / "expectations").glob("[!_]*.yml")):
        suite = yaml.safe_load(path.read_text(encoding="utf-8"))
        border = BORDERS.get(str(suite.get("table")).partition(".")[0])
        if not border:
            raise InputError(
                f"{path}: table {suite.get('table')} is in none of the schemas {', '.join(BORDERS)}. "
                "Name a table as <schema>.<table>."
            )
        for expectation in suite["expectations"]:
            _check_text(path, expectation)
            expectation.setdefault("what_to_do", OF_A_DEFECT)
        suites.append({"name": path.stem, "border": border, **suite})
    if not suites:
        raise InputError(f"No suites in {project.root / 'expectations'}: an audit without expectations proves nothing.")
    return suites


def _check_text(path, expectation):
    named = expectation.get("id", "?")
    missing = [key for key in ("id", "kind", "question", "type") if not expectation.get(key)]
    if missing or expectation["kind"] not in KINDS:
        raise InputError(f"{path}: expectation {named} needs id, type, question and a kind, one of {', '.join(KINDS)}.")
    if expectation["kind"] == "finding" and not expectation.get("what_to_do"):
        raise InputError(f"{path}: the finding {named} needs what_to_do: whoever reads it must know what it asks for.")
    query = expectation.get("kwargs", {}).get("unexpected_rows_query", "")
    if re.search(r"\{batch\}(?!\s+as\s)", query):
        raise InputError(
            f"{path}: write {{batch}} as <a name> in {named}; one engine needs the name, another takes it."
        )
    if not COUNTING.fullmatch(expectation["type"]):
        raise InputError(
            f"{path}: {named} is of type {expectation['type']}, whose result is a value of the data and would be "
            "published. Write it as an unexpected_rows_expectation, which counts."
        )


def run_expectations(suites, connection_string, run_name, pages):
    """The outcome of every expectation of the suites on the warehouse at that address; pages go to that folder."""
    from counterweight import gx_duckdb

    with _silence():
        import great_expectations as gx

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
                # what was found; a page of what was asked says no more
                "site_section_builders": {"expectations": "None", "profiling": "None"},
                "show_how_to_buttons": False,
                "store_backend": {
                    "class_name": "TupleFilesystemStoreBackend",
                    "base_directory": str(pages),
                },
            },
        )
        warehouse = context.data_sources.add_sql("warehouse", connection_string=connection_string)
        try:
            definitions = [_definition(gx, context, warehouse, suite) for suite in suites]
            click.echo(f"audit  {len(definitions)} suites of expectations")
            result = context.checkpoints.add(
                gx.Checkpoint(
                    name="audit",
                    validation_definitions=definitions,
                    # counts only: neither the pages nor the results may carry values from the data
                    result_format={"result_format": "SUMMARY", "partial_unexpected_count": 0},
                )
            ).run(run_id=gx.RunIdentifier(run_name=run_name))
            with data_docs.templates_kept():
                context.build_data_docs(build_index=False)
            outcomes = {
                (suite_result.suite_name, outcome.expectation_config.meta["id"]): outcome
                for suite_result in result.run_results.values()
                for outcome in suite_result.results
            }
            with warehouse.get_engine().connect() as connection:
                ask = _asker(connection)
                limits = _limits(ask)
                checks = [
                    _check(suite, expectation, outcomes[suite["name"], expectation["id"]], ask, limits)
                    for suite in suites
                    for expectation in suite["expectations"]
                ]
        finally:
            # its open connections would keep us from writing the results, and from mending the file
            warehouse.get_execution_engine().close()
            warehouse.get_engine().dispose()
    data_docs.settle(pages, checks, run_name)
    return checks


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


def with_limits(text):
    """SQL in which each {limit <name> of <source system>} is looked up in the seed expectation_limits."""
    return LIMIT.sub(lambda found: LIMIT_QUERY.format(name=found[1], system=found[2]), text)


def _filled(kwargs):
    """The arguments for Great Expectations, which gives `{batch}` an alias of its own where it finds no join."""
    return {
        key: with_limits(value if JOIN.search(value) else value.replace("{batch}", "(select * from {batch})"))
        if isinstance(value, str)
        else value
        for key, value in kwargs.items()
    }


def _definition(gx, context, warehouse, suite):
    expectations = [
        {
            "type": expectation["type"],
            "kwargs": _filled(expectation.get("kwargs", {})),
            "description": f"{expectation['id']}: {expectation['question']}",
            "severity": "critical" if expectation["kind"] == "defect" else "warning",
            "meta": {key: expectation[key] for key in ("id", "kind", "question", "what_to_do")},
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


def _asker(connection):
    """A function that gives the rows of a query, or none where it cannot be answered."""

    def ask(query):
        try:
            return connection.exec_driver_sql(query).fetchall()
        except Exception:  # whatever the engine raises: the expectation itself says that it could not be computed
            connection.rollback()
            return []

    return ask


def _limits(ask):
    """{limit: what the seed says of it}: `0.9, of bank_call_log 0.4`."""
    found = {}
    for name, system, value in ask(
        "select limit_id, source_system, limit_value from reference.expectation_limits order by limit_id, source_system"
    ):
        if value is not None:
            text = _number(value) if system == "*" else f"of {system} {_number(value)}"
            found[name] = f"{found[name]}, {text}" if name in found else text
    return found


def _check(suite, expectation, outcome, ask, limits):
    table = suite["table"]
    queries = [text for text in expectation.get("kwargs", {}).values() if isinstance(text, str)]
    used = sorted({name for text in queries for name, _ in LIMIT.findall(text)})

    def measured(key, otherwise=None):
        query = expectation.get(key, otherwise)
        rows = ask(with_limits(query).replace("{batch}", table)) if query else []
        return rows[0][0] if rows else None

    looked_at = measured("of", "select count(*) from {batch}")
    common = {
        "suite": suite["name"],
        "expectation_id": expectation["id"],
        "question": expectation["question"],
        "table_name": table,
        "border": suite["border"],
        "looked_at_count": None if looked_at is None else int(looked_at),
        "limits": "; ".join(f"{name} {limits[name]}" for name in used if name in limits),
        "what_to_do": expectation["what_to_do"],
    }
    error = _error(outcome)
    if error is not None:
        # an expectation that could not be computed proves nothing
        return Check(**common, kind="defect", success=False, observed=f"{NOT_COMPUTED}: {error}", failed_count=1)
    details = outcome.result or {}
    failed = details.get("unexpected_count")
    if failed is None:
        # "272 unexpected rows"
        number = str(details.get("observed_value")).partition(" ")[0]
        failed = int(number) if number.isdigit() else int(not outcome.success)
    observed = measured("measure")
    return Check(
        **common,
        kind=expectation["kind"],
        success=bool(outcome.success),
        observed=_number(failed if observed is None else observed),
        failed_count=int(failed),
    )


def _error(outcome):
    """Why an expectation could not be computed, in a line; None where it could."""
    info = outcome.exception_info or {}
    for part in (info, *(value for value in info.values() if isinstance(value, dict))):
        if part.get("raised_exception"):
            return str(part.get("exception_message") or "no reason given").strip().splitlines()[0][:300]
    return None


def _number(value):
    """A number as text: whole where it is, else four digits."""
    return f"{float(value):.4f}".rstrip("0").rstrip(".")
