-- No KPI travels alone: each pair of the catalogue has both sides in every row of the scorecard, on one cohort, and
-- the scorecard shows no pair that the catalogue does not know.
with

measured as (

    select
        pair_id,
        count(*) as row_count,
        {{ count_where('headline_count is null or reality_count is null or gap_count is null') }} as lonely_count,
        {{ count_where('(headline_rate is null) <> (reality_rate is null)') }} as half_shown_count
    from {{ ref('balanced_scorecard') }}
    group by pair_id

)

select
    catalogue.pair_id as catalogue_pair_id,
    measured.*
from {{ ref('kpi_pairs') }} as catalogue
full outer join measured
    on catalogue.pair_id = measured.pair_id
where
    catalogue.pair_id is null
    -- a desk that never resolved anything has no cohort to show
    or (measured.pair_id is null and exists (
            select 1 from {{ ref('resolution_quality') }}
            where claim_type = 'ticket_resolved'
        ))
    or measured.lonely_count > 0
    or measured.half_shown_count > 0
