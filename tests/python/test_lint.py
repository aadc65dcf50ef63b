"""What stands for the linter where a macro wrote something long."""

import pytest

from counterweight.dev.lint import stand_in

CASE = """case
        when failed_count > 0
            then cast(greatest(0, least(1, failed_count / (all_count, 2))) as decimal(9, 6))
    end"""
CTES = """-- each event once
placed as (

    select events.a, max(b) as b
    from events
    inner join "raw"."main"."days" as days on events.a = days.a
    group by events.a

),

cells as (

    select * from placed where a in (select a from events)

)"""
EVERYTHING = 'select * from "raw"."main"."days" cross join events'


@pytest.mark.parametrize(
    ("arguments", "text", "wanted"),
    [
        # its arguments are read by whoever asks for columns; what decides how it is written is none of them
        (["failed_count", "all_count", "low", 6], CASE, "bound(failed_count, all_count)"),
        (["a"], "a in ('x, y', 'z as b') and a > 0", "bound(a)"),
        # tables of the model are still read, and what the macro calls its own is there
        (["events"], CTES, f"placed as (\n\n    {EVERYTHING}\n\n),\n\ncells as (\n\n    {EVERYTHING}\n\n)"),
        (["events"], "select a, b from events where a > 0", "select * from events"),
        # columns, and half a query, stay as they are
        (["a"], "a,\n    max(b) as b", "a,\n    max(b) as b"),
        (["a"], "from events\ngroup by a", "from events\ngroup by a"),
    ],
)
def test_something_short_of_the_same_kind_stands_there(arguments, text, wanted):
    assert stand_in("bound", arguments, text) == wanted
