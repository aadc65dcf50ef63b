"""Which published figures changed: the last published build beside the one that is about to be, cell by cell, and why.

A figure is headline or reality of a pair in a cell of the scorecard whose period was over and mature when it was
published: nothing should move it any more. Where something did, the rows of facts behind it say what.
"""

import dataclasses
import json

from counterweight.history import columns_of, current
from counterweight.published import literal, quoted

# What identifies a figure.
CELL = ("source_system", "period_type", "period_start", "unit_type", "unit", "pair_id", "window_days")
# What is compared of it.
FIGURES = ("headline", "reality", "cohort_count", "reading")


@dataclasses.dataclass(frozen=True)
class Rows:
    """A fact whose rows tell why a figure moved.

    key     its grain
    at      when a row happened: the first of these that is known
    said    what the source says of it once and for all
    became  what its history makes of it, which one more event may change
    units   unit type of the scorecard -> the column of it
    """

    key: tuple
    at: tuple
    said: tuple
    became: tuple = ()
    units: dict = dataclasses.field(default_factory=dict)


UNITS = {it: it for it in ("queue", "category", "channel")} | {"team": "team_id", "account": "account_id"}
WITHOUT_QUEUE = {it: column for it, column in UNITS.items() if it != "queue"}
EVIDENCE = {
    "fct_claims": Rows(
        key=("claim_id",),
        at=("claimed_at",),
        said=("customer_key", "category", "issue_key", "channel", "account_id", "closure_mode", "is_headline_cohort"),
        became=("claimed_at", "claimed_by", "team_id", "queue", "closed_at", "first_r1_at", "first_r2_at",
                "first_r3_at", "first_r4_at", "first_r5_at"),
        units=UNITS,
    ),
    "fct_interactions": Rows(
        key=("interaction_id",),
        at=("started_at",),
        said=("kind", "direction", "channel", "customer_key", "account_id", "category", "team_id", "queue",
              "started_at", "ended_at", "is_answered", "is_abandoned", "reported_resolved", "wait_seconds",
              "talk_seconds", "hold_seconds", "wrap_seconds", "transfer_count"),
        units=UNITS,
    ),
    "fct_survey_responses": Rows(
        key=("source_system", "survey_id"),
        at=("answered_at", "sent_at", "eligible_at"),
        said=("ticket_key", "contact_key", "sent_at", "sent_by", "answered_at", "csat", "csat_scale_max", "effort",
              "resolved_answer", "lost_minutes"),
    ),
    "fct_ticket_clocks": Rows(
        key=("clock_id",),
        at=("stopped_at", "started_at"),
        said=("started_at", "stopped_at", "target_seconds", "counted_seconds", "is_met"),
    ),
    "fct_ticket_messages": Rows(
        key=("source_system", "message_id"),
        at=("sent_at",),
        said=("ticket_key", "sent_at", "author_type", "is_public", "is_automatic"),
    ),
    "fct_costs": Rows(
        key=("source_system", "month", "team_id", "currency", "kind"),
        at=("month",),
        said=("amount",),
        units={"team": "team_id"},
    ),
    "fct_bot_sessions": Rows(
        key=("session_key",),
        at=("started_at",),
        said=("started_at", "ended_at", "intent", "is_contained", "handed_off_to"),
    ),
    "fct_qa_reviews": Rows(
        key=("source_system", "review_id"), at=("reviewed_at",), said=("contact_key", "ticket_key", "score", "passed")
    ),
    "fct_problems": Rows(
        key=("problem_key",),
        at=("closed_at", "fix_deployed_at", "opened_at"),
        said=("opened_at", "root_cause_status", "fix_deployed_at", "closed_at"),
    ),
    "fct_access_events": Rows(
        key=("source_system", "account_id", "day_on"),
        at=("day_on",),
        said=("users", "lockouts", "failed_logins", "self_service_resets"),
        units={"account": "account_id"},
    ),
    "fct_business_claims": Rows(
        key=("claim_key",),
        at=("claimed_at",),
        said=("business_function", "unit", "claimed_at", "amount"),
        became=("falsified_at", "falsified_by", "falsified_amount"),
        units={"unit": "unit"},
    ),
    "fct_business_measures": Rows(
        key=("source_system", "business_function", "unit", "period_start", "measure"),
        at=("period_start",),
        said=("numerator", "denominator"),
        units={"unit": "unit"},
    ),
}  # fmt: skip


def write_changes(connection, build_id, has_published, zone):
    """Fill audit.published_changes of the build file: what was noted before, and what `build_id` changes. Returns how
    many figures it changes.

    What readers see now is attached as `published`, where there is something (has_published). The notes live on in it:
    neither a publish that is killed nor a warehouse that is begun anew loses any.
    zone  in which days begin
    """
    connection.execute(f"create or replace table audit.{TABLE} ({DEFINITION})")
    if not has_published:
        return 0
    _keep(connection)
    return _compare(connection, build_id, zone)


TABLE = "published_changes"
DEFINITION = """
    build_id varchar, from_build_id varchar, source_system varchar, period_type varchar, period_start date,
    unit_type varchar, unit varchar, pair_id varchar, window_days integer, pair_name varchar, value_unit varchar,
    headline_from decimal(18, 4), headline_to decimal(18, 4), reality_from decimal(18, 4), reality_to decimal(18, 4),
    cohort_count_from bigint, cohort_count_to bigint, reading_from varchar, reading_to varchar, cause varchar,
    late_row_count bigint, corrected_row_count bigint, gone_row_count bigint, explanation varchar
"""


def _keep(connection):
    """What is noted in what readers see. An older file may lack columns, or all of it."""
    ours = columns_of(connection, current(connection), "audit", TABLE)
    kept = [name for name in columns_of(connection, "published", "marts", TABLE) if name in ours]
    if kept:
        names = ", ".join(map(quoted, kept))
        connection.execute(f"insert into audit.{TABLE} ({names}) select {names} from published.marts.{TABLE}")


def _compare(connection, build_id, zone):
    previous, what = _difference_of_builds(connection, build_id)
    if previous in (None, build_id):
        return 0
    here = current(connection)
    if not {*CELL, *FIGURES} <= set(columns_of(connection, "published", "marts", "balanced_scorecard")):
        return 0
    # to date means another time in each build, unless both end at the same one
    periods = "true" if what["same_end"] else "before.period_type <> 'to_date'"
    same_cell = " and ".join(f"before.{name} is not distinct from after.{name}" for name in CELL)
    differs = " or ".join(f"before.{name} is distinct from after.{name}" for name in FIGURES)
    connection.execute(
        f"""
        create or replace temp table changed as
        select
            row_number() over (order by {", ".join(f"before.{name}" for name in CELL)}) as cell,
            {", ".join(f"before.{name}" for name in CELL)},
            before.pair_name,
            before.value_unit,
            {", ".join(f"before.{name} as {name}_from, after.{name} as {name}_to" for name in FIGURES)},
            case before.period_type
                when 'week' then before.period_start + interval 7 day
                when '28_days' then before.period_start + interval 28 day
                when 'month' then before.period_start + interval 1 month
                when 'fiscal_year' then before.period_start + interval 1 year
                else date '9999-01-01'
            end as period_end
        from published.marts.balanced_scorecard as before
        left join {quoted(here)}.marts.balanced_scorecard as after on {same_cell}
        where before.is_period_mature and before.headline is not null and ({differs}) and {periods}
        """
    )
    count = connection.execute("select count(*) from changed").fetchone()[0]
    if count:
        _find_moved_rows(connection, here, zone)
        _write_down(connection, build_id, previous, what)
    return count


def _difference_of_builds(connection, build_id):
    """(id of the build that readers see, what differs between the two besides rows)."""
    columns = columns_of(connection, "published", "audit", "builds")
    wanted = ("build_id", "code_fingerprint", "input_fingerprint", "vars", "as_of", "git_commit")
    before, after = (
        connection.execute(
            "select " + ", ".join(name if name in columns else "null" for name in wanted) + f" from {builds}"
        ).fetchone()
        for builds in (
            "published.audit.builds",
            f"audit.builds where build_id = {literal(build_id)}",
        )
    )
    if before is None:
        return None, {}
    before, after = (dict(zip(wanted, row, strict=True)) for row in (before, after))
    settings = [{k: v for k, v in json.loads(it["vars"]).items() if k != "as_of"} for it in (before, after)]
    names = sorted(name for name in settings[0] | settings[1] if settings[0].get(name) != settings[1].get(name))
    definitions = []
    if before["code_fingerprint"] != after["code_fingerprint"]:
        known = before["git_commit"] and after["git_commit"] and before["git_commit"] != after["git_commit"]
        definitions.append(
            "the code" + (f" ({before['git_commit'][:9]} to {after['git_commit'][:9]})" if known else "")
        )
    definitions += [f"the variable {name}" for name in names]
    _find_replaced_rows(connection)
    return before["build_id"], {
        "definitions": definitions,
        "same_rows": before["input_fingerprint"] == after["input_fingerprint"],
        "same_end": before["as_of"] is not None and before["as_of"] == after["as_of"],
        "files": _new_files(connection, build_id),
    }


def _find_replaced_rows(connection):
    """Temp table replaced: by system, how rows changed that were loaded before the build that readers see.

    is_known         false where loads cannot be compared: a connector's tables change in place
    any_count        rows in the figures then and not now, for newer ones stand for them: else nothing was corrected
    more_count       by how many rows in the figures there are more: else nothing came late
    of_events_count  such rows but for tickets', of which new versions come as long as they live
    erased_count     rows erased on request since
    words            which tables, how many rows
    """
    connection.execute(
        """
        create or replace temp table replaced as
        with before as (
            select
                source_system, raw_table, source_file, loaded_at,
                sum(row_count) filter (fate = 'used') as used, sum(row_count) filter (fate = 'erased') as erased
            from published.facts.fct_row_fates
            group by all
        ),
        after as (
            select
                source_system, raw_table, source_file, loaded_at,
                sum(row_count) filter (fate = 'used') as used, sum(row_count) filter (fate = 'erased') as erased
            from facts.fct_row_fates
            group by all
        ),
        tables as (
            select
                source_system,
                raw_table,
                count(after.loaded_at) as load_count,
                sum(
                    greatest(
                        0,
                        coalesce(before.used, 0) - coalesce(after.used, 0)
                        - (coalesce(after.erased, 0) - coalesce(before.erased, 0))
                    )
                ) filter (after.loaded_at is not null) as row_count,
                sum(greatest(0, coalesce(after.erased, 0) - coalesce(before.erased, 0))) as erased_count
            from before
            left join after using (source_system, raw_table, source_file, loaded_at)
            group by all
        ),
        totals as (
            select
                source_system,
                sum(coalesce(after.used, 0) - coalesce(before.used, 0)
                    + coalesce(after.erased, 0) - coalesce(before.erased, 0)) as more_count
            from before
            full join after using (source_system, raw_table, source_file, loaded_at)
            group by source_system
        )
        select
            source_system,
            sum(load_count) > 0 as is_known,
            coalesce(sum(row_count), 0) as any_count,
            any_value(more_count) as more_count,
            coalesce(sum(row_count) filter (raw_table <> 'tickets'), 0) as of_events_count,
            coalesce(sum(erased_count), 0) as erased_count,
            string_agg(format('{} {:,}', raw_table, row_count), ', ' order by raw_table) filter (row_count > 0) as words
        from tables
        inner join totals using (source_system)
        group by source_system
        """
    )


def _new_files(connection, build_id):
    """[(source system, file, rows)] that the build has and what readers see has not."""
    if not columns_of(connection, "published", "audit", "build_inputs"):
        return []
    return connection.execute(
        """
        select source_system, source_file, row_count
        from audit.build_inputs
        where
            build_id = $build_id
            and (source_system, raw_table, content_sha256) not in (
                select (source_system, raw_table, content_sha256) from published.audit.build_inputs
            )
        order by load_number
        """,
        {"build_id": build_id},
    ).fetchall()


def _find_moved_rows(connection, here, zone):
    """Temp table moved: each row of the facts that is new, gone, filled in or changed, with its day and its units."""
    connection.execute(
        """
        create or replace temp table moved (
            fact varchar, row_key varchar, kind varchar, source_system varchar, happened_on date,
            units map(varchar, varchar)
        )
        """
    )
    for fact, rows in EVIDENCE.items():
        present = [set(columns_of(connection, database, "facts", fact)) for database in ("published", here)]
        if not all({*rows.key, "source_system"} <= columns for columns in present):
            continue
        said, became, at = (
            [name for name in names if name in present[0] & present[1]] for names in (rows.said, rows.became, rows.at)
        )
        units = {unit: name for unit, name in rows.units.items() if name in present[0] & present[1]}
        same_row = " and ".join(f"before.{name} is not distinct from after.{name}" for name in rows.key)
        changed, became_otherwise = (
            " or ".join(f"before.{name} is not null and before.{name} is distinct from after.{name}" for name in names)
            or "false"
            for names in (said, became)
        )
        differs = " or ".join(f"before.{name} is distinct from after.{name}" for name in (*said, *became))
        key = ", ".join(f"coalesce(before.{name}, after.{name})" for name in rows.key)

        def day(side, at=at):
            # a date has no zone
            first = f"coalesce({', '.join(f'{side}.{name}' for name in at)})"
            return (
                f"case when typeof({first}) = 'DATE' then cast({first} as date) "
                f"else cast(cast({first} as timestamp) at time zone 'UTC' at time zone {literal(zone)} as date) end"
            )

        def placed(side, units=units):
            pairs = ", ".join(
                f"{literal(unit)}: coalesce(cast({side}.{name} as varchar), '(none)')" for unit, name in units.items()
            )
            return (
                f"cast(map {{{pairs}}} as map(varchar, varchar))" if units else "cast(map {} as map(varchar, varchar))"
            )

        # a row that changed its day or unit concerns both cells
        connection.execute(
            f"""
            insert into moved
            with pairs as (
                select
                    coalesce(before.source_system, after.source_system) as source_system,
                    concat_ws('|', {key}) as row_key,
                    case
                        when before.source_system is null then 'new'
                        when after.source_system is null then 'gone'
                        when {changed} then 'changed'
                        when {became_otherwise} then 'moved'
                        else 'completed'
                    end as kind,
                    {day("before")} as day_before,
                    {day("after")} as day_after,
                    {placed("before")} as units_before,
                    {placed("after")} as units_after
                from published.facts.{fact} as before
                full join {quoted(here)}.facts.{fact} as after on {same_row}
                where before.source_system is null or after.source_system is null or {differs}
            )
            select '{fact}', row_key, kind, source_system, day_before, units_before from pairs where kind <> 'new'
            union
            select '{fact}', row_key, kind, source_system, day_after, units_after from pairs where kind <> 'gone'
            """
        )


def _write_down(connection, build_id, previous, what):
    """A line for each changed figure, with what moved in its period and unit, or else anywhere in its system."""
    connection.execute(
        """
        create or replace temp table evidence as
        with near as (
            select changed.cell, moved.fact, moved.kind, count(distinct moved.row_key) as row_count
            from changed
            inner join moved
                on changed.source_system = moved.source_system
                and moved.happened_on >= coalesce(changed.period_start, date '0001-01-01')
                and moved.happened_on < changed.period_end
                and (
                    changed.unit_type = 'total'
                    or not map_contains(moved.units, changed.unit_type)
                    or moved.units[changed.unit_type] = changed.unit
                )
            group by all
        ),
        anywhere as (
            select source_system, fact, kind, count(distinct row_key) as row_count from moved group by all
        )
        select cell, fact, kind, row_count, true as is_near from near
        union all
        select changed.cell, fact, kind, row_count, false
        from changed
        inner join anywhere using (source_system)
        where not exists (from near where near.cell = changed.cell)
        """
    )
    files = {}
    for system, file, rows in what["files"]:
        files.setdefault(system, []).append(f"{file} ({rows:,} rows)")
    named = {
        system: "; ".join(names[:3]) + (f"; and {len(names) - 3:,} more" if len(names) > 3 else "")
        for system, names in files.items()
    }
    connection.execute(
        f"""
        insert into audit.{TABLE} by name
        with told as (
            select
                evidence.*,
                case
                    when kind = 'gone' and erased_count > 0 then 'erased'
                    when is_known and any_count = 0 then 'late'
                    when is_known and more_count <= 0 then 'corrected'
                    when kind in ('new', 'completed') then 'late'
                    when kind = 'changed' then 'corrected'
                    when kind = 'moved' and of_events_count > 0 then 'corrected'
                    when kind = 'gone' and (of_events_count > 0 or not is_known) then 'corrected'
                    else 'late'
                end as became
            from evidence
            inner join changed using (cell)
            left join replaced on changed.source_system = replaced.source_system
        ),
        counted as (
            select
                cell,
                sum(row_count) filter (became = 'late') as late_row_count,
                sum(row_count) filter (became = 'corrected') as corrected_row_count,
                sum(row_count) filter (became = 'erased') as erased_row_count,
                sum(row_count) filter (kind = 'gone') as gone_row_count,
                bool_and(is_near) as is_near,
                string_agg(
                    format(
                        '{{}} {{:,}} {{}}', fact, row_count, if(kind = 'moved', 'with another history', kind)
                    ),
                    ', ' order by fact, kind
                ) as rows_said
            from told
            group by cell
        ),
        judged as (
            select
                changed.*,
                coalesce(late_row_count, 0) as late_row_count,
                coalesce(corrected_row_count, 0) as corrected_row_count,
                coalesce(gone_row_count, 0) as gone_row_count,
                is_near,
                rows_said,
                replaced.words as replaced_words,
                list_filter(
                    [
                        if($defined, 'definition', null),
                        if(not $same_rows and erased_row_count > 0, 'erasure', null),
                        if(not $same_rows and corrected_row_count > 0, 'correction', null),
                        if(not $same_rows and late_row_count > 0, 'late_data', null)
                    ],
                    lambda it: it is not null
                ) as found
            from changed
            left join counted using (cell)
            left join replaced on changed.source_system = replaced.source_system
        )
        select
            $build_id as build_id,
            $previous as from_build_id,
            {", ".join(CELL)},
            pair_name,
            value_unit,
            {", ".join(f"{name}_from, {name}_to" for name in FIGURES)},
            case len(found) when 0 then 'reassessment' when 1 then found[1] else 'several' end as cause,
            late_row_count,
            corrected_row_count,
            gone_row_count,
            concat_ws(
                ' ',
                if(
                    len(found) > 1,
                    'Several causes: ' || replace(array_to_string(found, ', '), '_', ' ') || '.',
                    null
                ),
                if($defined, 'Other definitions: ' || $definitions || '.', null),
                case
                    when rows_said is null and not $defined
                        then 'No row of it changed; what all rows decide did (shared identities, chains, expectations).'
                    when $same_rows then 'Read otherwise: ' || rows_said || '.'
                    when is_near then 'Of this period and unit: ' || rows_said || '.'
                    else 'Of other periods or units: ' || rows_said || '.'
                end,
                if(
                    not $same_rows and list_contains($systems, source_system),
                    'Loaded since: ' || $files[list_position($systems, source_system)] || '.',
                    null
                ),
                if(
                    not $same_rows and corrected_row_count > 0 and replaced_words is not null,
                    'Of what was loaded before, rows were replaced: ' || replaced_words || '.',
                    null
                ),
                if(len(found) > 1 and $defined, '`counterweight diff` shows what the definitions alone do.', null)
            ) as explanation
        from judged
        """,
        {
            "build_id": build_id,
            "previous": previous,
            "defined": bool(what["definitions"]),
            "definitions": ", ".join(what["definitions"]),
            "same_rows": what["same_rows"],
            "systems": list(named),
            "files": list(named.values()),
        },
    )
