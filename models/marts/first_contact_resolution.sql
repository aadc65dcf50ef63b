-- Grain: definition x source system x period x unit x window. Each definition of first contact resolution on its own terms,
-- and beside it, of the same things as far as they can be judged: of those it calls resolved, how many never came back?
-- cost: every definition judges every visit in up to four windows, and the cells of accounts of each are to be written.
{% set zone = var('reporting_time_zone') %}
{% set counts = [
    'reported_count', 'reported_resolved_count', 'no_outcome_count', 'pending_count', 'mature_count',
    'unobservable_count', 'cohort_count', 'called_resolved_count', 'came_back_count', 'stayed_away_count',
    'missed_count', 'rated_count', 'rated_resolved_count', 'rated_dissatisfied_count',
] %}

with

dated as (

    select
        *,
        cast({{ local_time('happened_at', zone) }} as date) as event_on
    from {{ ref('fct_first_contact_verdicts') }}

),

verdicts as (

    select
        verdicts.*,
        windows.window_days,
        coalesce(
            verdicts.is_called_resolved,
            not coalesce(verdicts.seconds_to_noticed <= windows.window_days * 86400, false)
        ) as is_resolved,
        coalesce(verdicts.seconds_to_return <= windows.window_days * 86400, false) as is_back,
        -- a definition that looks further ahead than the window waits for itself
        greatest(windows.window_days, coalesce(verdicts.definition_days, 0)) as days_needed
    from dated as verdicts
    inner join {{ ref('fcr_definitions') }} as definitions
        on verdicts.definition_id = definitions.definition_id
    inner join {{ ref('windows') }} as windows
        on
            windows.is_for_service
            and (
                windows.is_default
                or definitions.is_judged_by_every_window
                or windows.window_days = verdicts.definition_days
            )

),

judged as (

    select
        *,
        coalesce({{ seconds_between('happened_at', 'observed_until') }} >= days_needed * 86400, false) as is_mature
    from verdicts

),

states as (

    select
        *,
        is_mature and has_outcome and is_observable as is_judged
    from judged

),

events as (

    select
        definition_id,
        window_days,
        source_system,
        event_on,
        team_id,
        queue,
        category,
        channel,
        account_id,
        observed_until - (days_needed - window_days) * interval '1' day as observed_until,
        {{ event_columns({}, {
            'reported_count': 'true',
            'reported_resolved_count': 'is_resolved',
            'no_outcome_count': 'not has_outcome',
            'pending_count': 'has_outcome and not is_mature',
            'mature_count': 'has_outcome and is_mature',
            'unobservable_count': 'has_outcome and is_mature and not is_observable',
            'cohort_count': 'is_judged',
            'called_resolved_count': 'is_judged and is_resolved',
            'came_back_count': 'is_judged and is_resolved and is_back',
            'stayed_away_count': 'is_judged and is_resolved and not is_back',
            'missed_count': 'is_judged and not is_resolved and not is_back',
            'rated_count': 'is_judged and csat_share is not null',
            'rated_resolved_count': 'is_judged and csat_share is not null and is_resolved',
            'rated_dissatisfied_count': 'is_judged and is_resolved and csat_share <= ' ~ var('dissatisfied_to'),
        }, counts, ['no_value']) }}
    from states

),

{{ cells_of('events', keys=['definition_id', 'window_days'], sums=counts) }},

of_first_visits as (

    select
        *,
        definition_id in ('F1', 'F4', 'F12') as has_ratings
    from cells

),

final as (

    select
        -- grain
        definition_id,
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        window_days,

        -- on its own terms
        period_end,
        is_period_mature,
        reported_count,
        reported_resolved_count,
        cast({{ ratio('reported_resolved_count', 'reported_count') }} as decimal(9, 4)) as reported_rate,
        {%- for side in ['low', 'high'] %}
        {{ wilson('reported_resolved_count', 'reported_count', side) }} as reported_rate_{{ side }},
        {%- endfor %}

        -- of these, what can be judged
        no_outcome_count,
        pending_count,
        mature_count,
        unobservable_count,
        cohort_count,
        called_resolved_count,
        came_back_count,
        stayed_away_count,
        missed_count,

        -- rates: null until the whole period is mature
        {%- for name, counted in {
            'called_resolved_rate': ('called_resolved_count', 'cohort_count'),
            'lasting_rate': ('stayed_away_count', 'cohort_count'),
            'one_contact_rate': ('(stayed_away_count + missed_count)', 'cohort_count'),
            'came_back_share': ('came_back_count', 'called_resolved_count'),
        }.items() %}
        case when is_period_mature then cast({{ ratio(counted[0], counted[1]) }} as decimal(9, 4)) end as {{ name }},
        {%- for side in ['low', 'high'] if name in ['lasting_rate', 'came_back_share'] %}
        case when is_period_mature then {{ wilson(counted[0], counted[1], side) }} end as {{ name }}_{{ side }},
        {%- endfor %}
        {%- endfor %}
        case
            when is_period_mature then cast({{ ratio('unobservable_count', 'mature_count') }} as decimal(9, 4))
        end as unobservable_share,

        -- what those say who were asked
        {%- for count in ['rated_count', 'rated_resolved_count', 'rated_dissatisfied_count'] %}
        case when has_ratings then {{ count }} end as {{ count }},
        {%- endfor %}
        case
            when is_period_mature and has_ratings
                then cast({{ ratio('rated_resolved_count', 'rated_count') }} as decimal(9, 4))
        end as rated_resolved_rate,
        case
            when is_period_mature and has_ratings
                then cast(
                    {{ ratio('(rated_resolved_count - rated_dissatisfied_count)', 'rated_count') }} as decimal(9, 4)
                )
        end as rated_content_rate,
        observed_until
    from of_first_visits

)

select * from final
