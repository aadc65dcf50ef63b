-- Grain: source system x team x month, or the team to date, x detector. Every team, month and detector has a row: what could not be
-- evaluated is never green. A signal says that work responds to a target, not that it harms, and never who: so the reality of
-- the detector's pair stands beside it.
with

statuses as (

    select * from {{ ref('detector_statuses') }}

),

catalogue as (

    select * from {{ ref('detectors') }}

),

pairs as (

    select * from {{ ref('kpi_pairs') }}

),

realities as (

    select * from {{ ref('balanced_scorecard') }}
    where unit_type = 'team' and period_type in ('month', 'to_date')

),

final as (

    select
        -- grain
        statuses.source_system,
        statuses.period_type,
        statuses.period_start,
        'team' as unit_type,
        statuses.unit,
        statuses.detector,

        -- what was looked at
        catalogue.name as detector_name,
        statuses.status,
        statuses.not_evaluable_reason,
        statuses.agent_count,
        statuses.case_count,
        statuses.marked_count,
        statuses.expected_count,

        -- how much and how surely
        statuses.effect,
        catalogue.effect_unit,
        statuses.z,
        statuses.noise,
        statuses.p,
        statuses.q,

        -- the target in force
        statuses.target_metric,
        statuses.target,
        statuses.target_used_for,
        statuses.target_valid_from,

        -- the reality beside it
        catalogue.pair_id,
        pairs.window_days as pair_window_days,
        realities.headline,
        realities.reality,
        realities.reading
    from statuses
    inner join catalogue
        on statuses.detector = catalogue.detector
    inner join pairs
        on catalogue.pair_id = pairs.pair_id
    left join realities
        on
            statuses.source_system = realities.source_system
            and statuses.period_type = realities.period_type
            and (statuses.period_type = 'to_date' or statuses.period_start = realities.period_start)
            and statuses.unit = realities.unit
            and catalogue.pair_id = realities.pair_id
            and (pairs.window_days = realities.window_days or pairs.window_days is null)

)

select * from final
