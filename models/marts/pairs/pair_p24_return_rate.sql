-- P24 · Reopen rate against return rate. The gap is the share that came back without being reopened: what the tool
-- cannot see.
select
    'P24' as pair_id,
    source_system,
    period_type,
    period_start,
    unit_type,
    team_id,
    category,
    window_days,
    is_period_mature,
    cohort_count,
    reopened_so_far_count as headline_as_reported_count,
    claim_count as headline_as_reported_base,
    reopened_count as headline_count,
    falsified_count as reality_count,
    falsified_count - reopened_count as gap_count
from {{ ref('resolution_quality') }}
where claim_type = 'ticket_resolved'
