-- No KPI travels alone: each pair of the catalogue is on the scorecard of each system, with both sides or neither, and the
-- scorecard shows no pair that the catalogue does not know.
with

systems as (

    select distinct source_system from {{ ref('dim_inputs') }}

),

wanted as (

    select
        systems.source_system,
        catalogue.pair_id
    from systems
    cross join {{ ref('kpi_pairs') }} as catalogue

),

shown as (

    select
        source_system,
        pair_id,
        {{ count_where('(headline is null) <> (reality is null)') }} as half_shown_count,
        {{ count_where('(headline_numerator is null) <> (reality_numerator is null)') }} as lonely_count
    from {{ ref('balanced_scorecard') }}
    group by source_system, pair_id

)

select
    wanted.source_system as wanted_system,
    wanted.pair_id as wanted_pair,
    shown.*
from wanted
full outer join shown
    on
        wanted.source_system = shown.source_system
        and wanted.pair_id = shown.pair_id
where
    wanted.pair_id is null
    or shown.pair_id is null
    or shown.half_shown_count > 0
    or shown.lonely_count > 0
