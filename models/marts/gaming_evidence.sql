{% set ticket_id_of_key = 'substr(ticket_key, length(source_system) + 2)' -%}
-- Grain: signal x one of up to 20 of its marked cases, drawn by a seeded hash: look before you believe. Who did it is not here.
{% set parts = [
    'cases_d07_status_parking',
    'cases_d01_calls_near_limits',
    'cases_d02b_calls_since_limits',
    'cases_d02c_unofficial_ceilings',
    'cases_d03_calls_above_limits',
    'cases_d04_hang_ups',
    'cases_d06_passing_on',
    'cases_d22_compression',
    'cases_d02_deadline_bunching',
    'cases_d09_auto_close_harvesting',
    'cases_d12_period_end',
    'cases_d15_survey_steering',
    'cases_d17_category_recoding',
    'cases_d23_divergence',
    'cases_d08_premature_closing',
    'cases_d10_reopen_avoidance',
    'cases_d11_ticket_splitting',
] %}

with

cases as (

    {% for part in var('case_parts', none) or parts -%}
    select
        detector,
        source_system,
        team_id,
        happened_at,
        happened_on,
        contact_key,
        ticket_key,
        survey_id
    from {{ ref(part) }}
    where is_marked and team_id is not null
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

signals as (

    select
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        detector,
        detector_name,
        marked_count
    from {{ ref('gaming_signals') }}
    where status = 'signal'

),

drawn as (

    select
        signals.*,
        cases.happened_at,
        cases.contact_key,
        cases.ticket_key,
        cases.survey_id,
        row_number() over (
            partition by
                signals.source_system, signals.period_type, signals.period_start, signals.unit, signals.detector
            order by
                {{ sha256_hex(
                    "'" ~ var('evidence_seed') ~ "' || cases.detector || coalesce(cases.contact_key, '') || '/' || "
                    ~ "coalesce(cases.ticket_key, '') || '/' || coalesce(cases.survey_id, '') || '/' || "
                    ~ "cast(cases.happened_at as varchar)"
                ) }}
        ) as evidence_number
    from signals
    inner join {{ ref('dim_dates') }} as dates
        on signals.period_type = 'to_date' or signals.period_start = dates.month_start
    inner join cases
        on
            signals.source_system = cases.source_system
            and signals.unit = cases.team_id
            and signals.detector = cases.detector
            and dates.date_day = cases.happened_on

),

final as (

    select
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        detector,
        evidence_number,
        detector_name,
        marked_count as of_count,
        happened_at,
        contact_key,
        ticket_key,
        survey_id,
        {{ ticket_link('source_system', ticket_id_of_key) }} as ticket_link
    from drawn
    where evidence_number <= 20

)

select * from final
