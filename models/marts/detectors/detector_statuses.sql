-- Grain: source system x team x month, or the team to date, x detector. Every team, month and detector has a row: what could
-- not be evaluated says why. gaming_signals puts the pair's reality beside it. Each detector is a part of its own in this folder.
{% set parts = [
    'detector_d07_status_parking',
    'detector_d01_calls_near_limits',
    'detector_d02b_calls_since_limits',
    'detector_d02c_unofficial_ceilings',
    'detector_d03_calls_above_limits',
    'detector_d04_hang_ups',
    'detector_d06_passing_on',
    'detector_d22_compression',
    'detector_d02_deadline_bunching',
    'detector_d09_auto_close_harvesting',
    'detector_d12_period_end',
    'detector_d15_survey_steering',
    'detector_d17_category_recoding',
    'detector_d23_divergence',
    'detector_d08_premature_closing',
    'detector_d10_reopen_avoidance',
    'detector_d11_ticket_splitting',
] %}
{% set minimum_agents = var('detector_minimum_agents') %}

with

found as (

    {% for part in var('detector_parts', none) or parts -%}
    select * from {{ ref(part) }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

catalogue as (

    select * from {{ ref('detectors') }}
    where is_computed

),

inputs as (

    select * from {{ ref('dim_inputs') }}

),

{{ missing_inputs('detector') }},

-- teams at work: who resolved or answered something in the month
at_work as (

    select
        claims.source_system,
        claims.team_id as unit,
        dates.month_start
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('claims.claimed_at', var('reporting_time_zone')) }} as date) = dates.date_day
    where claims.team_id is not null and claims.claim_type in ('ticket_resolved', 'contact_handled')
    group by claims.source_system, claims.team_id, dates.month_start

),

units as (

    select
        source_system,
        unit,
        'month' as period_type,
        month_start as period_start
    from at_work
    union all
    select distinct
        source_system,
        unit,
        'to_date' as period_type,
        cast(null as date) as period_start
    from at_work
    union
    select
        source_system,
        unit,
        period_type,
        period_start
    from found

),

evaluated as (

    select
        units.source_system,
        units.unit,
        units.period_type,
        units.period_start,
        catalogue.detector,
        found.agent_count,
        coalesce(found.case_count, 0) as case_count,
        found.marked_count,
        found.expected_count,
        found.effect,
        found.z,
        case
            when missing.missing_inputs is not null then 'needs ' || missing.missing_inputs
            when found.detector is null then 'nothing to look at'
            when found.case_count < catalogue.min_n then 'too few cases'
            when found.agent_count < {{ minimum_agents }} then 'too few people: a lone person is never judged'
            when found.reason is not null then found.reason
            when found.z is null then 'nothing to compare with'
        end as reason,
        found.target_metric,
        found.target,
        found.target_used_for,
        found.target_valid_from
    from units
    cross join catalogue
    left join found
        on
            units.source_system = found.source_system
            and units.unit = found.unit
            and units.period_type = found.period_type
            and units.period_start is not distinct from found.period_start
            and catalogue.detector = found.detector
    left join missing
        on
            units.source_system = missing.source_system
            and catalogue.detector = missing.detector

),

-- Where honest cells differ by more than chance, z is wider than a normal. Gaming moves cells up, so that the lower ones tell
-- how wide: between the tenth and the thirtieth of a hundred a normal has 0.757. Of few cells that is no sure measure: what chance
-- may add to it is taken off, a standard error of about 2 in the root of their number.
ranked as (

    select
        source_system,
        detector,
        z,
        row_number() over (
            partition by source_system, detector order by z, {{ text_order('unit') }}, period_start
        ) as z_rank,
        count(*) over (partition by source_system, detector) as z_count
    from evaluated
    where period_type = 'month' and reason is null

),

noises as (

    select
        source_system,
        detector,
        cast(
            greatest(
                1,
                (
                    max(case when 10 * z_rank <= 3 * z_count then z end)
                    - max(case when 10 * z_rank <= z_count then z end)
                ) / 0.757 / (1 + 2 / sqrt(cast(max(z_count) as {{ type_double() }})))
            ) as decimal(18, 4)
        ) as noise
    from ranked
    where z_count >= 40
    group by source_system, detector

),

tested as (

    select
        evaluated.*,
        coalesce(noises.noise, cast(1 as decimal(18, 4))) as noise,
        cast(evaluated.z / coalesce(noises.noise, 1) as decimal(18, 6)) as adjusted_z,
        case
            when evaluated.reason is null
                then {{ normal_tail('evaluated.z / coalesce(noises.noise, 1)') }}
        end as p
    from evaluated
    left join noises
        on
            evaluated.source_system = noises.source_system
            and evaluated.detector = noises.detector

),

numbered as (

    select
        *,
        row_number() over (
            partition by source_system, detector, period_type, period_start
            order by p nulls last, {{ text_order('unit') }}
        ) as p_rank,
        count(p) over (partition by source_system, detector, period_type, period_start) as p_count
    from tested

),

-- Benjamini and Hochberg: the share of false ones among all that are at least as surprising, within a detector and month
corrected as (

    select
        *,
        case
            when p is not null
                then cast(least(1, min(p * p_count / p_rank) over (
                    partition by source_system, detector, period_type, period_start
                    order by p_rank desc
                    rows between unbounded preceding and current row
                )) as decimal(18, 6))
        end as q
    from numbered

),

final as (

    select
        corrected.source_system,
        corrected.period_type,
        corrected.period_start,
        corrected.unit,
        corrected.detector,
        case
            when corrected.reason is not null then 'not_evaluable'
            when
                corrected.q < 0.05
                and corrected.adjusted_z >= catalogue.least_z
                and corrected.effect >= catalogue.least_effect
                then 'signal'
            else 'quiet'
        end as status,
        corrected.reason as not_evaluable_reason,
        corrected.agent_count,
        corrected.case_count,
        corrected.marked_count,
        corrected.expected_count,
        corrected.effect,
        corrected.adjusted_z as z,
        corrected.noise,
        cast(corrected.p as decimal(18, 6)) as p,
        corrected.q,
        corrected.target_metric,
        corrected.target,
        corrected.target_used_for,
        corrected.target_valid_from
    from corrected
    inner join catalogue
        on corrected.detector = catalogue.detector

)

select * from final
