"""The three real sources in one warehouse; known facts of the bank's call log and the service manager's excerpt."""

import csv
import gzip

import pytest

from conftest import one, rows

pytestmark = pytest.mark.real


def test_desks_that_share_nobody_do_not_touch_each_other(real, three_sources):
    """What the ServiceNow log says alone, it says beside two other desks: verdicts, shared identities, rates."""
    for table, where in (
        ("facts.fct_claims", "source_system = 'servicenow'"),
        ("facts.fct_resolution_episodes", "source_system = 'servicenow'"),
        ("facts.fct_interactions", "source_system = 'servicenow'"),
        ("facts.fct_claim_verdicts", "source_system = 'servicenow'"),
        ("marts.resolution_quality", "source_system = 'servicenow'"),
        ("marts.balanced_scorecard", "source_system = 'servicenow'"),
        ("marts.returned_claims", "source_system = 'servicenow'"),
    ):
        alone = rows(real, f"select * from {table} where {where} order by all")
        assert len(alone) > 1000
        assert rows(three_sources, f"select * from {table} where {where} order by all") == alone, table
    assert rows(three_sources, "select count(distinct desk) from intermediate.int_desks") == [(3,)]


def test_every_row_of_every_source_has_a_fate(three_sources):
    fates = rows(
        three_sources,
        "select source_system, raw_table, fate, fate_reason, sum(row_count) from facts.fct_row_fates "
        "group by all order by all",
    )
    assert fates == [
        ("bank_call_log", "calls", "excluded", "phantom_call", 240 + 278),
        ("bank_call_log", "calls", "used", None, 31599 + 33344 - 240 - 278),
        ("service_manager", "incident_activities", "used", None, 102),
        ("service_manager", "incidents", "used", None, 46),
        ("service_manager", "interactions", "used", None, 94),
        ("servicenow", "incident_event_log", "quarantined", "event_before_creation", 5),
        ("servicenow", "incident_event_log", "used", None, 141707),
    ]


def test_abandon_rates_of_the_two_months(three_sources):
    """13.7 % and 17.9 % of all contacts, call-backs among them; of those who called by themselves 13.9 % and 18.2 %."""
    months = rows(
        three_sources,
        """
        select
            month(started_at), count(*), count(*) filter (where is_abandoned),
            round(100.0 * count(*) filter (where is_abandoned) / count(*), 1),
            round(100.0 * count(*) filter (where is_abandoned and is_counted) / count(*) filter (where is_counted), 1)
        from facts.fct_interactions
        where source_system = 'bank_call_log'
        group by 1 order by 1
        """,
    )
    assert months == [(1, 31359, 4299, 13.7, 13.9), (2, 33066, 5904, 17.9, 18.2)]


def bank_rows(bank_logs):
    for path in bank_logs:
        with gzip.open(path, "rt", encoding="utf-8", newline="") as file:
            yield from csv.DictReader(file)


def test_call_backs_are_no_new_contact(three_sources, bank_logs):
    expected = sum(row["type"] == "TT" and row["outcome"] != "PHANTOM" for row in bank_rows(bank_logs))
    assert expected > 1000
    assert one(
        three_sources,
        "select count(*), count(*) filter (where is_counted or direction = 'inbound') from facts.fct_interactions "
        "where source_system = 'bank_call_log' and category = 'TT'",
    ) == (expected, 0)
    # they neither claim nor falsify
    assert one(
        three_sources,
        "select count(*) from facts.fct_claims as claims inner join facts.fct_interactions as calls "
        "on coalesce(claims.r3_contact_key, claims.contact_key) = calls.contact_key where calls.category = 'TT'",
    ) == (0,)


def test_midnight_and_negative_times(three_sources, bank_logs):
    """No call lasts longer than the longest service and waiting of the log, none ends before it starts; what goes on
    over midnight goes on."""
    over_midnight = sum(
        row["outcome"] == "AGENT" and row["ser_start"] != "00:00:00" and row["ser_exit"] < row["vru_entry"]
        for row in bank_rows(bank_logs)
    )
    negative = sum(int(row["vru_time"]) < 0 for row in bank_rows(bank_logs))
    assert (negative, over_midnight > 30) == (58, True)
    assert one(
        three_sources,
        """
        select
            count(*) filter (where ended_at < started_at),
            count(*) filter (where date_diff('second', started_at, ended_at) > 7200),
            count(*) filter (where is_answered and cast(ended_at as date) > cast(started_at as date)) >= ?,
            count(*) filter (where talk_seconds < 0)
        from facts.fct_interactions where source_system = 'bank_call_log'
        """,
        [over_midnight],
    ) == (0, 0, True, 0)


def test_unknown_customers_are_unobservable_and_their_share_stands_beside_each_rate(three_sources, bank_logs):
    answered = [row for row in bank_rows(bank_logs) if row["outcome"] == "AGENT" and row["type"] != "TT"]
    cell = one(
        three_sources,
        """
        select claim_count, mature_count, unknown_customer_count, unobservable_count, cohort_count, return_rate
        from marts.resolution_quality
        where claim_type = 'contact_handled' and period_type = 'to_date' and unit_type = 'total' and window_days = 7
        """,
    )
    assert cell[0] == len(answered)
    unknown = sum(row["customer_id"] == "0" for row in answered)
    assert one(
        three_sources,
        "select count(*) from facts.fct_claim_verdicts where claim_type = 'contact_handled' and window_days = 7 "
        "and tier_set = 'return' and unobservable_reason = 'unknown_customer'",
    ) == (unknown,)
    assert cell[1] == cell[3] + cell[4]
    # a rate without its share of unknown customers would be an illusion
    assert (
        one(
            three_sources,
            "select count(*), count(*) filter (where unknown_customer_share is null or unobservable_share is null) "
            "from marts.resolution_quality where claim_type = 'contact_handled' and return_rate is not null",
        )[1]
        == 0
    )
    assert cell[2] / cell[1] > 0.5


def test_traders_are_named_and_have_no_rate(three_sources):
    """Type NE: a further call is normal business."""
    assert one(
        three_sources,
        """
        select sum(claim_count), sum(cohort_count), count(return_rate)
        from marts.resolution_quality
        where claim_type = 'contact_handled' and period_type = 'to_date' and unit_type = 'category' and unit = 'NE'
            and window_days = 7
        """,
    ) == (3996, 0, 0)
    reasons = rows(
        three_sources,
        "select category, reason, count(*) > 100 from intermediate.int_shared_identities "
        "where reason = 'normal_business' group by all",
    )
    assert reasons == [("NE", "normal_business", True)]


def test_handled_contacts_come_back_by_the_same_customer_about_the_same_kind_of_service(three_sources, bank_logs):
    """R3 once more, in plain Python: next inbound contact of the same customer and type, more than 15 minutes later."""
    found = one(
        three_sources,
        "select count(*), count(first_r3_at) from facts.fct_claims "
        "where claim_type = 'contact_handled' and customer_key is not null and category = 'PS'",
    )
    contacts = rows(
        three_sources,
        "select customer_key, started_at, ended_at, is_answered, contact_key from facts.fct_interactions "
        "where source_system = 'bank_call_log' and direction = 'inbound' and customer_key is not null "
        "and category = 'PS' and customer_key not in "
        "(select customer_key from intermediate.int_shared_identities where category is null)",
    )
    by_customer = {}
    for contact in contacts:
        by_customer.setdefault(contact[0], []).append(contact)
    falsified = set()
    for own in by_customer.values():
        for _, started_at, *_ in own:
            earlier = [c for c in own if c[3] and c[2] < started_at]
            if earlier:
                latest = max(earlier, key=lambda c: (c[2], c[4]))
                if (started_at - latest[2]).total_seconds() > 900:
                    falsified.add(latest[4])
    assert len(falsified) > 5000
    assert found[1] == len(falsified)


def test_an_interaction_that_stays_closed_while_its_incident_reopens_is_falsified(three_sources):
    """SD0007836 and SD0007887 keep their first closing time; their incidents were reopened on the 10th and the 9th."""
    failed = rows(
        three_sources,
        """
        select ticket_id, strftime(claimed_at, '%d %H:%M'), strftime(falsified_at, '%d %H:%M:%S'), falsified_by_tier
        from marts.returned_claims
        where source_system = 'service_manager' and ticket_id like 'SD%' and window_days = 7
        order by ticket_id
        """,
    )
    assert failed == [
        ("SD0007836", "08 13:24", "10 09:38:39", "R1"),
        ("SD0007887", "08 13:51", "09 15:51:10", "R1"),
    ]
    # the tool says of both: closed, never reopened
    assert (
        rows(
            three_sources,
            "select tool_status, tool_reopen_count, reopen_count from intermediate.int_ticket_histories "
            "where ticket_id in ('SD0007836', 'SD0007887')",
        )
        == [("closed", 0, 1)] * 2
    )
