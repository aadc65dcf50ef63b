"""What the columns of a file look like, and what changed since the last load of the same raw table.

An export whose columns were renamed or retyped still loads. Here is said what nobody would notice otherwise: names of
columns and kinds of values, never a value.
"""

import difflib

import click

from counterweight.load.readers import quoted

EMPTY, WHOLE, NUMBERS, COMMA, TEXT = "empty", "whole numbers", "numbers", "numbers with a decimal comma", "text"
# What tools write for "nothing".
NOTHING = ("", "?", "-", "null", "none", "nan", "n/a", "#n/a", "#n/b")
# Columns that are looked at in one question; the time for one grows with their square.
COLUMNS_AT_ONCE = 50
CLOCK = r"\d{1,2}:\d{2}(:\d{2}([.,]\d+)?)?( ?[AaPp][Mm])?( ?(Z|UTC|[-+]\d{2}(:?\d{2})?))?"
DATE = r"(\d{1,2}[-/.]\d{1,2}[-/.](\d{4}|\d{2})|\d{4}[-/.]\d{1,2}[-/.]\d{1,2})"
DAY_AFTER_12 = r"(1[3-9]|2\d|3[01])[-/.]"
# The kind of one value v. Of a time it is told what a person would ask of a format: the order of its parts, where a day
# after the 12th gives it away, what stands between them, whether there is a clock, and whether that has a zone.
KIND = rf"""
    case
        when unicode(v) >= unicode('A') then if(lower(v) in ('true', 'false'), 'true or false', '{TEXT}')
        when regexp_full_match(v, '[-+]?\d+') then '{WHOLE}'
        when regexp_full_match(v, '[-+]?(\d+[.]?\d*|[.]\d+)([eE][-+]?\d+)?') then '{NUMBERS}'
        when regexp_full_match(v, '[-+]?[\d.]*,\d+') then '{COMMA}'
        when regexp_full_match(v, '{CLOCK}') then 'times like 10:00'
        when regexp_full_match(v, '{DATE}([T ]{CLOCK})?') then
            'times like '
            || replace(
                case
                    when regexp_matches(v, '^\d{{4}}') then '2024-03-01'
                    when regexp_matches(v, '^{DAY_AFTER_12}') then '31-3-2024'
                    when regexp_matches(v, '^\d+[-/.]{DAY_AFTER_12}') then '3-31-2024'
                    else '1-3-2024'
                end,
                '-', regexp_extract(v, '[-/.]')
            )
            || case when not contains(v, ':') then '' when regexp_matches(v, ':.*[ZU+-]') then ' 10:00+01:00'
                else ' 10:00' end
        else '{TEXT}'
    end
"""


def note(connection, table, source_file, loaded_at, header):
    """Write down what the columns of the file just landed look like, and say what changed since the load before."""
    before = _before(connection, table)
    kinds = _kinds(connection, table, loaded_at, header)
    connection.execute(
        "insert into raw._columns select ?, ?, ?, ?, unnest(?::integer[]), unnest(?::varchar[]), unnest(?::varchar[])",
        [
            table.system,
            table.name,
            source_file,
            loaded_at,
            list(range(1, len(kinds) + 1)),
            list(kinds),
            list(kinds.values()),
        ],
    )
    if before:
        last_file, last_kinds = before
        lines = list(differences(last_kinds, kinds))
        if lines:
            click.echo(f"       since the last load ({last_file}):")
        for line in lines:
            click.echo(f"         {line}")


def _before(connection, table):
    """(file, column -> kind) of the last load of the table; the kind is from the last load in which it had values."""
    found = connection.execute(
        f"""
        with columns as (
            select
                *,
                last_value(nullif(kind, '{EMPTY}') ignore nulls)
                    over (partition by column_name order by loaded_at) as last_kind,
                dense_rank() over (order by loaded_at desc) as loads_from_last
            from raw._columns
            where source_system = ? and raw_table = ?
        )
        select source_file, column_name, coalesce(last_kind, '{EMPTY}')
        from columns
        where loads_from_last = 1
        order by position
        """,
        [table.system, table.name],
    ).fetchall()
    return (found[0][0], {column: kind for _, column, kind in found}) if found else None


def _kinds(connection, table, loaded_at, header):
    """Column -> kind of the rows just landed. Distinct values only: that is three times as fast."""
    if len(header) > COLUMNS_AT_ONCE:
        first = _kinds(connection, table, loaded_at, header[:COLUMNS_AT_ONCE])
        return first | _kinds(connection, table, loaded_at, header[COLUMNS_AT_ONCE:])
    rows = f"raw.{quoted(table.identifier)} where _loaded_at = $loaded_at"
    nothing = ", ".join(f"'{word}'" for word in NOTHING)
    found = connection.execute(
        "select "
        + ", ".join(
            f"(select list(distinct {KIND}) from (select distinct trim({quoted(name)}) as v from {rows}) "
            f"where lower(v) not in ({nothing}))"
            for name in header
        ),
        {"loaded_at": loaded_at},
    ).fetchone()
    return {name: common_kind(kinds or []) for name, kinds in zip(header, found, strict=True)}


def common_kind(kinds):
    """What all values of a column look like, from the kinds of the single ones."""
    kinds = set(kinds)
    if not kinds:
        return EMPTY
    if kinds & {NUMBERS, COMMA}:
        kinds -= {WHOLE}
    # midnight is often written without its clock, and a day up to the 12th does not tell the order
    kinds -= {kind for kind in kinds for other in kinds if other != kind and _is_less_told(kind, other)}
    return kinds.pop() if len(kinds) == 1 else TEXT


def _is_less_told(kind, other):
    """Whether the first of two kinds of times fits the second, which says more."""
    return other in {fuller for order in _orders(kind) for fuller in (order, order + " 10:00", order + " 10:00+01:00")}


def _orders(kind):
    """The kinds with the order of day and month told that this one may be; itself among them."""
    told = {kind.replace(f"like 1{mark}3", f"like {order}") for mark in "-/." for order in (f"31{mark}3", f"3{mark}31")}
    return told | {kind}


def differences(before, after):
    """What changed, one line each, between the columns (name -> kind, in order) of two loads."""
    gone = [name for name in before if name not in after]
    new = [name for name in after if name not in before]
    renamed = _renamed(before, after, gone, new)
    if added := [name for name in new if name not in renamed.values()]:
        yield f"new columns: {', '.join(added)}"
    if lost := [name for name in gone if name not in renamed]:
        yield f"columns no longer there: {', '.join(lost)}"
    for old, name in renamed.items():
        yield f"probably renamed: {old} is now {name}"
    for old, name in [(name, name) for name in after if name in before] + list(renamed.items()):
        if not _fit(before[old], after[name]):
            yield f"{name}: was {before[old]}, is {after[name]}"


def _renamed(before, after, gone, new):
    """Old name -> new name: alike by name, else in the same place between the same neighbours and of the same kind."""
    renamed = {}
    for old in gone:
        spare = [name for name in new if name not in renamed.values()]
        if close := difflib.get_close_matches(old, spare, n=1, cutoff=0.7):
            renamed[old] = close[0]
    old_order = [renamed.get(name, name) for name in before]
    for change, start, end, new_start, new_end in difflib.SequenceMatcher(None, old_order, list(after)).get_opcodes():
        if change == "replace":
            for old, name in zip(old_order[start:end], list(after)[new_start:new_end], strict=False):
                is_free = old in gone and name in new and name not in renamed.values()
                if is_free and _fit(before[old], after[name]):
                    renamed[old] = name
    return renamed


def _fit(one, other):
    """Whether two loads may look like this without anything having changed."""
    if EMPTY in (one, other) or one == other:
        return True
    if WHOLE in (one, other):
        return bool({one, other} & {NUMBERS, COMMA})
    return bool(_orders(one) & _orders(other))
