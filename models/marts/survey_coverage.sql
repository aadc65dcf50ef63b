-- Grain: source system x period x unit. Whose voice is in the satisfaction score: who could be asked, was asked, answered; what the
-- score would be if those who came back were heard like the others, and at least and at most if everybody had answered.
{% set zone = var('reporting_time_zone') %}
{% set in_time = "coalesce(" ~ seconds_between('surveys.asked_about_at', 'surveys.answered_at')
    ~ " <= " ~ (var('survey_answer_days') * 86400) ~ ", false)" %}
{% set counts = [
    'reported_eligible_count', 'reported_rated_count', 'reported_satisfied_count',
    'pending_count', 'eligible_count', 'sent_count', 'answered_count', 'rated_count', 'satisfied_count',
    'agent_eligible_count', 'agent_sent_count',
] %}
{% set sides = ['back', 'stayed'] %}
{% set cell = "source_system, period_type, period_start, unit_type, unit" %}

with

windows as (

    select window_days from {{ ref('windows') }}
    where is_default

),

surveys as (

    select
        *,
        coalesce(eligible_at, sent_at, answered_at) as asked_about_at
    from {{ ref('fct_survey_responses') }}

),

observed as (

    select
        source_system,
        least(observed_until, as_of) as observed_until
    from {{ ref('dim_feed_coverage') }}
    where feed = 'surveys'

),

claims as (

    select
        claims.*,
        verdicts.is_mature,
        verdicts.verdict,
        verdicts.observed_until - verdicts.window_days * interval '1' day as judged_until
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('fct_claim_verdicts') }} as verdicts
        on
            claims.claim_id = verdicts.claim_id
            and verdicts.tier_set = 'return'
            and verdicts.is_default_window

),

repeats as (

    select
        members.interaction_id,
        members.is_repeat
    from {{ ref('fct_chain_members') }} as members
    inner join windows
        on members.window_days = windows.window_days

),

invitations as (

    select
        surveys.source_system,
        cast({{ local_time('surveys.asked_about_at', zone) }} as date) as event_on,
        observed.observed_until - {{ var('survey_answer_days') }} * interval '1' day as answered_until,
        claims.judged_until,
        {%- for column in ['team_id', 'queue', 'category', 'channel', 'account_id'] %}
        coalesce(claims.{{ column }}, interactions.{{ column }}) as {{ column }},
        {%- endfor %}
        -- some tools say only of an answer that somebody was asked
        surveys.sent_at is not null or surveys.answered_at is not null as is_sent,
        surveys.sent_by = 'agent' as is_by_agent,
        {{ in_time }} as is_answered,
        surveys.csat_share is not null as is_ever_rated,
        surveys.csat_share is not null and {{ in_time }} as is_rated,
        coalesce(surveys.csat_share >= {{ var('satisfied_from') }}, false) as is_satisfied,
        coalesce(
            {{ seconds_between('surveys.asked_about_at', 'observed.observed_until') }}
            >= {{ var('survey_answer_days') * 86400 }},
            false
        ) as is_mature,
        case
            when not claims.is_mature or claims.verdict not in ('held', 'falsified') then 'unknown'
            when claims.verdict = 'falsified' or repeats.is_repeat then 'back'
            else 'stayed'
        end as came_back
    from surveys
    left join observed
        on surveys.source_system = observed.source_system
    left join claims
        on surveys.claim_id = claims.claim_id
    left join {{ ref('fct_interactions') }} as interactions
        on surveys.interaction_id = interactions.interaction_id
    left join repeats
        on surveys.interaction_id = repeats.interaction_id
    where surveys.asked_about_at is not null

),

daily as (

    select
        source_system,
        event_on,
        team_id,
        queue,
        category,
        channel,
        account_id,
        coalesce(came_back, 'unknown') as came_back,
        coalesce(channel, '(none)') as door,
        least(answered_until, coalesce(judged_until, answered_until)) as observed_until,
        count(*) as reported_eligible_count,
        {{ count_where("is_ever_rated") }} as reported_rated_count,
        {{ count_where("is_ever_rated and is_satisfied") }} as reported_satisfied_count,
        {{ count_where("not is_mature") }} as pending_count,
        {{ count_where("is_mature") }} as eligible_count,
        {{ count_where("is_mature and is_sent") }} as sent_count,
        {{ count_where("is_mature and is_answered") }} as answered_count,
        {{ count_where("is_mature and is_rated") }} as rated_count,
        {{ count_where("is_mature and is_rated and is_satisfied") }} as satisfied_count,
        {{ count_where("is_mature and is_by_agent") }} as agent_eligible_count,
        {{ count_where("is_mature and is_by_agent and is_sent") }} as agent_sent_count
    from invitations
    group by
        source_system,
        event_on,
        team_id,
        queue,
        category,
        channel,
        account_id,
        coalesce(came_back, 'unknown'),
        coalesce(channel, '(none)'),
        least(answered_until, coalesce(judged_until, answered_until))

),

-- cells of each stratum, to be weighed and added up
{{ cells_of('daily', keys=['came_back', 'door'], sums=counts) }},

pooled as (

    select
        *,
        cast(sum(eligible_count) over (partition by {{ cell }}) as bigint) as all_eligible_count,
        cast(sum(rated_count) over (partition by {{ cell }}) as bigint) as all_rated_count,
        cast(sum(satisfied_count) over (partition by {{ cell }}) as bigint) as all_satisfied_count,
        cast(sum(rated_count) over (partition by {{ cell }}, came_back) as bigint) as side_rated_count,
        cast(sum(satisfied_count) over (partition by {{ cell }}, came_back) as bigint) as side_satisfied_count
    from cells

),

-- nobody of a stratum answered: the answers of its side stand in, else all
chosen as (

    select
        *,
        case
            when rated_count > 0 then rated_count
            when side_rated_count > 0 then side_rated_count
            else all_rated_count
        end as share_rated_count,
        case
            when rated_count > 0 then satisfied_count
            when side_rated_count > 0 then side_satisfied_count
            else all_satisfied_count
        end as share_satisfied_count
    from pooled

),

weighed as (

    select
        *,
        cast(
            1000000 * eligible_count * {{ ratio('share_satisfied_count', 'share_rated_count', 6) }} as bigint
        ) as expected_millionths,
        {{ weighting_variance(
            'eligible_count', 'all_eligible_count', 'rated_count', 'all_rated_count', 'share_satisfied_count',
            'share_rated_count'
        ) }} as variance
    from chosen

),

summed as (

    select
        {{ cell }},
        min(period_end) as period_end,
        min(case when is_period_mature then 1 else 0 end) = 1 as is_period_mature,
        min(observed_until) as observed_until
        {%- for count in counts %},
        cast(sum({{ count }}) as bigint) as {{ count }}
        {%- endfor %}
        {%- for side in sides %}
        {%- for count in ['eligible_count', 'sent_count', 'rated_count', 'satisfied_count'] %},
        cast(coalesce(sum(case when came_back = '{{ side }}' then {{ count }} end), 0) as bigint)
            as {{ side }}_{{ count }}
        {%- endfor %}
        {%- endfor %},
        case when sum(rated_count) > 0 then cast(sum(expected_millionths) as bigint) end as expected_millionths,
        case
            when sum(rated_count) > 0
                then cast(sqrt(cast(sum(variance) as {{ type_double() }})) as decimal(18, 6))
        end as standard_error
    from weighed
    group by {{ cell }}

),

rated as (

    select
        *,
        back_rated_count + stayed_rated_count as judged_rated_count,
        back_satisfied_count + stayed_satisfied_count as judged_satisfied_count,
        {{ ratio('expected_millionths', '(1000000 * eligible_count)', 6) }} as weighed_csat,
        {{ ratio('satisfied_count', 'rated_count', 6) }} as plain_csat,
        {{ ratio('satisfied_count', 'eligible_count', 6) }} as least_csat,
        {{ ratio('(satisfied_count + eligible_count - rated_count)', 'eligible_count', 6) }} as most_csat
    from summed

),

final as (

    select
        -- grain
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,

        -- as reported
        period_end,
        is_period_mature,
        reported_eligible_count,
        reported_rated_count,
        reported_satisfied_count,
        cast({{ ratio('reported_satisfied_count', 'reported_rated_count') }} as decimal(9, 4)) as reported_csat,

        -- who could say something, and who did
        pending_count,
        eligible_count,
        sent_count,
        answered_count,
        rated_count,
        satisfied_count,
        agent_eligible_count,
        agent_sent_count,
        {%- for side in sides %}
        {%- for count in ['eligible_count', 'sent_count', 'rated_count', 'satisfied_count'] %}
        {{ side }}_{{ count }},
        {%- endfor %}
        {%- endfor %}
        judged_rated_count,
        judged_satisfied_count,

        -- rates: null until the whole period is mature
        {%- for name, counted in {
            'csat': ('satisfied_count', 'rated_count'),
            'csat_of_those_who_came_back': ('back_satisfied_count', 'back_rated_count'),
            'csat_of_those_who_stayed_away': ('stayed_satisfied_count', 'stayed_rated_count'),
            'judged_csat': ('judged_satisfied_count', 'judged_rated_count'),
            'send_rate': ('sent_count', 'eligible_count'),
            'response_rate': ('rated_count', 'sent_count'),
            'coverage': ('rated_count', 'eligible_count'),
            'agent_send_rate': ('agent_sent_count', 'agent_eligible_count'),
            'other_send_rate': ('(sent_count - agent_sent_count)', '(eligible_count - agent_eligible_count)'),
            'came_back_send_rate': ('back_sent_count', 'back_eligible_count'),
            'stayed_away_send_rate': ('stayed_sent_count', 'stayed_eligible_count'),
        }.items() %}
        case when is_period_mature then cast({{ ratio(counted[0], counted[1]) }} as decimal(9, 4)) end as {{ name }},
        {%- endfor %}
        {%- for side in ['low', 'high'] %}
        case when is_period_mature then {{ wilson('satisfied_count', 'rated_count', side) }} end as csat_{{ side }},
        {%- endfor %}

        -- what the score would be
        cast(expected_millionths * 0.000001 as decimal(18, 4)) as expected_satisfied_count,
        case when is_period_mature then cast(round(weighed_csat, 4) as decimal(9, 4)) end as weighed_csat,
        case when is_period_mature then cast(round(least_csat, 4) as decimal(9, 4)) end as least_csat,
        case when is_period_mature then cast(round(most_csat, 4) as decimal(9, 4)) end as most_csat,

        -- the gaps: of who is asked; of the weighed score, 95 % below and the worst case above; of those who came back, Newcombe's interval
        {%- for side in ['value', 'low', 'high'] %}
        case
            when is_period_mature
                then {{ newcombe(
                    'stayed_sent_count', 'stayed_eligible_count', 'back_sent_count', 'back_eligible_count', side
                ) }}
        end as asked_gap{{ '_' ~ side if side != 'value' }},
        {%- endfor %}
        case when is_period_mature then cast(plain_csat - weighed_csat as decimal(18, 6)) end as coverage_gap,
        case
            when is_period_mature
                then cast(plain_csat - weighed_csat - 1.959964 * standard_error as decimal(18, 6))
        end as coverage_gap_low,
        case when is_period_mature then cast(plain_csat - least_csat as decimal(18, 6)) end as coverage_gap_high,
        case
            when is_period_mature
                then cast(
                    {{ ratio('judged_satisfied_count', 'judged_rated_count', 6) }}
                    - {{ ratio('back_satisfied_count', 'back_rated_count', 6) }} as decimal(18, 6)
                )
        end as came_back_gap,
        {%- for side in ['low', 'high'] %}
        case
            when is_period_mature and stayed_rated_count > 0 and back_rated_count > 0
                then cast(
                    {{ ratio('stayed_rated_count', 'judged_rated_count', 6) }} * {{ newcombe(
                        'stayed_satisfied_count', 'stayed_rated_count', 'back_satisfied_count', 'back_rated_count', side
                    ) }} as decimal(18, 6)
                )
        end as came_back_gap_{{ side }},
        {%- endfor %}
        observed_until
    from rated

)

select * from final
