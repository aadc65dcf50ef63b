-- P03 · Tickets closed against lasting resolutions. Every mature observable claim said "done"; the gap is the share
-- that did not hold.
select
    'P03' as pair_id,
    source_system,
    period_type,
    period_start,
    unit_type,
    team_id,
    category,
    window_days,
    is_period_mature,
    cohort_count,
    claim_count as headline_as_reported_count,
    cast(null as bigint) as headline_as_reported_base,
    cohort_count as headline_count,
    held_count as reality_count,
    falsified_count as gap_count
from {{ ref('resolution_quality') }}
where claim_type = 'ticket_resolved'
