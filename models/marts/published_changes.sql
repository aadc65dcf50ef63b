-- Grain: build x cell of the scorecard. What was published and is no longer so. A view: `publish` fills what is behind it, once
-- the new figures are there beside the old ones. Figures that are published for the first time are no change.
select
    -- grain
    build_id,
    source_system,
    period_type,
    period_start,
    unit_type,
    unit,
    pair_id,
    window_days,

    -- the pair
    pair_name,
    value_unit,
    from_build_id,

    -- from and to
    headline_from,
    headline_to,
    reality_from,
    reality_to,
    cohort_count_from,
    cohort_count_to,
    reading_from,
    reading_to,

    -- why
    cause,
    late_row_count,
    corrected_row_count,
    gone_row_count,
    explanation
from {{ ref('stg_audit__published_changes') }}
