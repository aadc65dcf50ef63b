-- Grain: source system x month x unit (team, total) x window. What a full day does to people, beside how full it is. Months
-- only: periods that overlap would give small teams away. No team of too few agents (fct_people_cells), no agent at all.
{% set zone = var('reporting_time_zone') %}
{% set minimum = var('minimum_agents') %}
{#- an agent's month is compared with others' from this many contacts on -#}
{% set compared_contacts = 30 %}
{% set sums = [
    'agent_day_count', 'paid_day_count', 'paid_seconds', 'handle_on_paid_seconds', 'logged_in_day_count',
    'logged_in_seconds', 'handle_on_logged_in_seconds', 'strained_day_count',
    'followed_leg_count', 'back_to_back_count', 'long_streak_count',
    'expected_milliseconds',
    'resolved_count', 'cohort_count', 'held_count', 'lasting_permille', 'squared_lasting_permille',
] %}
{% set day_sums = sums[:8] %}
{% set leg_sums = sums[8:11] %}
{% set claim_sums = sums[12:] %}

with

windows as (

    select window_days from {{ ref('windows') }}
    where is_default

),

verdicts as (

    select
        *,
        cast({{ local_time('claimed_at', zone) }} as date) as event_on
    from {{ ref('fct_claim_verdicts') }}
    where tier_set = 'return' and is_default_window and claim_type in ('ticket_resolved', 'contact_handled')

),

-- until when a return could have been seen
observed as (

    select
        source_system,
        min(observed_until) as observed_until
    from verdicts
    group by source_system

),

people as (

    select * from {{ ref('fct_people_cells') }}

),

-- a month of too few people on the whole desk is in no figure
withheld_months as (

    select
        source_system,
        month_start
    from people
    where unit_type = 'total' and (contact_agent_count < {{ minimum }} or day_agent_count < {{ minimum }})

),

agent_days as (

    select
        duty_days.*,
        agents.team_id
    from {{ ref('fct_agent_days') }} as duty_days
    left join {{ ref('dim_agents') }} as agents
        on
            duty_days.source_system = agents.source_system
            and duty_days.agent_key = agents.agent_key
            and coalesce(cast(agents.valid_from as date), date '0001-01-01') <= duty_days.day_on
            and duty_days.day_on < coalesce(cast(agents.valid_to as date), date '9999-01-01')

),

-- from the end of a call's wrap-up until the same agent's next call of the day
calls as (

    select
        legs.source_system,
        legs.agent_key,
        legs.leg_id,
        legs.contact_key,
        cast({{ local_time('legs.started_at', zone) }} as date) as event_on,
        legs.started_at,
        {{ seconds_between('legs.ended_at', 'lead(legs.started_at) over (
            partition by legs.source_system, legs.agent_key
            order by legs.started_at, ' ~ text_order('legs.leg_id') ~ '
        )') }} - coalesce(legs.wrap_seconds, 0) as gap_seconds,
        lead(cast({{ local_time('legs.started_at', zone) }} as date)) over (
            partition by legs.source_system, legs.agent_key
            order by legs.started_at, {{ text_order('legs.leg_id') }}
        ) as next_on
    from {{ ref('fct_contact_legs') }} as legs
    where legs.is_answered and legs.agent_key is not null and {{ lowered('legs.channel') }} = 'voice'

),

paced as (

    select
        *,
        event_on = next_on as is_followed,
        coalesce(event_on = next_on and gap_seconds < 10, false) as is_back_to_back
    from calls

),

-- a streak ends with the first call that leaves time to breathe
streaks as (

    select
        *,
        sum(case when is_back_to_back then 0 else 1 end) over (
            partition by source_system, agent_key
            order by started_at desc, {{ text_order('leg_id') }} desc
            rows between unbounded preceding and current row
        ) as streak_number
    from paced

),

streak_calls as (

    select
        *,
        count(*) over (partition by source_system, agent_key, streak_number) as streak_length
    from streaks

),

expectations as (

    select
        interactions.source_system,
        interactions.contact_key,
        interactions.chain_id,
        interactions.seconds_to_next,
        interactions.team_id,
        coalesce(interactions.category, '(none)') as work_type,
        cast({{ local_time('interactions.started_at', zone) }} as date) as event_on,
        expectations.contact_handle_seconds,
        expectations.expected_milliseconds
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('fct_contact_expectations') }} as expectations
        on interactions.contact_key = expectations.contact_key
    where interactions.kind = 'contact'

),

-- what a ticket of a category weighs: the handle time of a contact about it
weights as (

    select
        source_system,
        cell_level,
        category,
        {{ integer_division('1000 * handle_seconds', 'contact_count') }} as milliseconds
    from {{ ref('dim_expected_handle_time') }}
    where cell_level in ('category', 'all')

),

claims as (

    select
        verdicts.source_system,
        verdicts.event_on,
        verdicts.team_id,
        verdicts.verdict,
        verdicts.is_mature and verdicts.verdict in ('held', 'falsified') as is_judged,
        coalesce(of_category.milliseconds, of_all.milliseconds) as milliseconds
    from verdicts
    left join weights as of_category
        on
            verdicts.source_system = of_category.source_system
            and of_category.cell_level = 'category'
            and coalesce(verdicts.category, '(none)') = of_category.category
    left join weights as of_all
        on
            verdicts.source_system = of_all.source_system
            and of_all.cell_level = 'all'
    where verdicts.claim_type = 'ticket_resolved' and verdicts.is_headline_cohort

),

-- in thousandths of the desk's mean ticket, so that over the whole desk and all months weights are 1
mean_weights as (

    select
        source_system,
        cast(sum(milliseconds) as bigint) as milliseconds,
        count(*) as claim_count
    from claims
    where is_judged and milliseconds is not null
    group by source_system

),

weighed as (

    select
        claims.*,
        {{ integer_division(
            '2000 * claims.milliseconds * mean_weights.claim_count + mean_weights.milliseconds',
            'nullif(2 * mean_weights.milliseconds, 0)'
        ) }} as permille
    from claims
    left join mean_weights
        on claims.source_system = mean_weights.source_system

),

events as (

    select
        source_system,
        day_on as event_on,
        team_id,
        1 as agent_day_count,
        case when paid_seconds is not null then 1 else 0 end as paid_day_count,
        coalesce(paid_seconds, 0) as paid_seconds,
        case when paid_seconds is not null then coalesce(handle_seconds, 0) else 0 end as handle_on_paid_seconds,
        case when logged_in_seconds > 0 then 1 else 0 end as logged_in_day_count,
        coalesce(logged_in_seconds, 0) as logged_in_seconds,
        case when logged_in_seconds > 0 then coalesce(handle_seconds, 0) else 0 end as handle_on_logged_in_seconds,
        case
            when
                logged_in_seconds > 0
                and 100 * coalesce(handle_seconds, 0)
                > {{ var('sustainable_occupancy_percent') }} * logged_in_seconds
                then 1
            else 0
        end as strained_day_count,
        {%- for sum in sums[8:] %}
        0 as {{ sum }}{{ ',' if not loop.last }}
        {%- endfor %}
    from agent_days
    union all
    select
        calls.source_system,
        calls.event_on,
        agent_days.team_id,
        {%- for sum in day_sums %}
        0 as {{ sum }},
        {%- endfor %}
        case when calls.is_followed then 1 else 0 end as followed_leg_count,
        case when calls.is_back_to_back then 1 else 0 end as back_to_back_count,
        -- counted at its last call
        case when not calls.is_back_to_back and calls.streak_length >= 5 then 1 else 0 end as long_streak_count,
        {%- for sum in sums[11:] %}
        0 as {{ sum }}{{ ',' if not loop.last }}
        {%- endfor %}
    from streak_calls as calls
    inner join agent_days
        on
            calls.source_system = agent_days.source_system
            and calls.agent_key = agent_days.agent_key
            and calls.event_on = agent_days.day_on
    union all
    select
        source_system,
        event_on,
        team_id,
        {%- for sum in day_sums + leg_sums %}
        0 as {{ sum }},
        {%- endfor %}
        coalesce(expected_milliseconds, 0) as expected_milliseconds,
        {%- for sum in claim_sums %}
        0 as {{ sum }}{{ ',' if not loop.last }}
        {%- endfor %}
    from expectations
    union all
    select
        source_system,
        event_on,
        team_id,
        {%- for sum in day_sums + leg_sums %}
        0 as {{ sum }},
        {%- endfor %}
        0 as expected_milliseconds,
        1 as resolved_count,
        case when is_judged then 1 else 0 end as cohort_count,
        case when is_judged and verdict = 'held' then 1 else 0 end as held_count,
        case when is_judged and verdict = 'held' then coalesce(permille, 0) else 0 end as lasting_permille,
        case when is_judged and verdict = 'held' then coalesce(permille * permille, 0) else 0 end
            as squared_lasting_permille
    from weighed

),

placed as (

    select
        events.*,
        observed.observed_until,
        cast(null as varchar) as queue,
        cast(null as varchar) as category,
        cast(null as varchar) as channel,
        cast(null as varchar) as account_id
    from events
    left join observed
        on events.source_system = observed.source_system

),

{{ cells_of('placed', sums=sums, unit_types=['total', 'team'], period_types=['month']) }},

-- how many agents the average handle time puts into the slowest quarter, and which of them are slow for their work; the
-- agents themselves end here
agents as (

    select
        legs.contact_key,
        legs.agent_key,
        row_number() over (
            partition by legs.contact_key
            order by legs.leg_position, {{ text_order('legs.leg_id') }}
        ) as answer_number
    from {{ ref('fct_contact_legs') }} as legs
    where legs.is_answered

),

agent_contacts as (

    select
        expectations.*,
        agents.agent_key,
        dates.month_start,
        coalesce(verdicts.is_mature and verdicts.is_observable, false) and expectations.chain_id is not null
            as is_judged,
        coalesce(expectations.seconds_to_next between 901 and windows.window_days * 86400, false) as is_back
    from expectations
    cross join windows
    inner join {{ ref('dim_dates') }} as dates
        on expectations.event_on = dates.date_day
    inner join agents
        on
            expectations.contact_key = agents.contact_key
            and agents.answer_number = 1
            and agents.agent_key is not null
    left join verdicts
        on
            expectations.contact_key = verdicts.contact_key
            and verdicts.claim_type = 'contact_handled'

),

returns as (

    select
        source_system,
        work_type,
        {{ integer_division('1000000 * ' ~ count_where('is_back'), 'count(*)') }} as millionths
    from agent_contacts
    where is_judged
    group by source_system, work_type

),

agent_months as (

    select
        contacts.source_system,
        contacts.month_start,
        contacts.agent_key,
        count(*) as contact_count,
        cast(sum(contacts.contact_handle_seconds) as bigint) as handle_seconds,
        cast(sum(contacts.expected_milliseconds) as bigint) as expected_milliseconds,
        {{ count_where('contacts.is_judged and contacts.is_back') }} as back_count,
        cast(sum(case when contacts.is_judged then returns.millionths else 0 end) as bigint) as expected_millionths
    from agent_contacts as contacts
    left join returns
        on
            contacts.source_system = returns.source_system
            and contacts.work_type = returns.work_type
    group by contacts.source_system, contacts.month_start, contacts.agent_key
    having count(*) >= {{ compared_contacts }} and count(*) = count(contacts.expected_milliseconds)

),

ordered as (

    select
        *,
        row_number() over (
            partition by source_system, month_start
            -- average handle time, compared as whole numbers of thousandths
            order by
                {{ integer_division('1000 * handle_seconds', 'contact_count') }} desc,
                {{ text_order('agent_key') }}
        ) as slowness,
        count(*) over (partition by source_system, month_start) as agent_count
    from agent_months

),

slowest as (

    select
        source_system,
        month_start,
        max(agent_count) as compared_agent_count,
        count(*) as slowest_agent_count,
        {{ count_where(
            '1000 * handle_seconds <= expected_milliseconds and 1000000 * back_count <= expected_millionths'
        ) }} as slow_by_work_count
    from ordered
    -- a quarter, rounded up
    where 4 * (slowness - 1) < agent_count
    group by source_system, month_start

),

team_months as (

    select
        source_system,
        'team' as unit_type,
        team_id as unit,
        month,
        headcount,
        leavers,
        case when absence_rate is not null then headcount end as absence_headcount,
        absence_rate * headcount as absent_headcount,
        respondents,
        mean_satisfaction * respondents as satisfaction
    from {{ ref('fct_team_months') }}

),

-- of a pulse teams are shown all or none: of all but one the total would tell the last
pulses as (

    select
        source_system,
        month,
        min(respondents) >= {{ minimum }} as is_shown_by_team
    from team_months
    where respondents is not null
    group by source_system, month

),

surroundings as (

    select
        months.source_system,
        months.unit_type,
        months.unit,
        months.month,
        months.headcount,
        months.leavers,
        months.absence_headcount,
        months.absent_headcount,
        case when pulses.is_shown_by_team then months.respondents end as respondents,
        case when pulses.is_shown_by_team then months.satisfaction end as satisfaction
    from team_months as months
    left join pulses
        on
            months.source_system = pulses.source_system
            and months.month = pulses.month
    union all
    select
        source_system,
        'total' as unit_type,
        '(all)' as unit,
        month,
        sum(headcount) as headcount,
        sum(leavers) as leavers,
        sum(absence_headcount) as absence_headcount,
        sum(absent_headcount) as absent_headcount,
        case when sum(respondents) >= {{ minimum }} then sum(respondents) end as respondents,
        case when sum(respondents) >= {{ minimum }} then sum(satisfaction) end as satisfaction
    from team_months
    group by source_system, month

),

joined as (

    select
        cells.*,
        windows.window_days,
        -- a unit of which nobody is known is not shown either
        withheld_months.month_start is not null
        or (
            cells.unit_type = 'team'
            and coalesce(people.is_suppressed, cells.agent_day_count + cells.resolved_count > 0)
        )
            as is_suppressed,
        coalesce(
            {{ seconds_between(
                utc_time('cast(cells.period_end as timestamp)', zone), 'cells.observed_until'
            ) }} >= windows.window_days * 86400,
            false
        ) as is_month_mature,
        people.day_agent_count,
        case when cells.unit_type = 'total' then slowest.compared_agent_count end as compared_agent_count,
        -- a quarter of too few agents would name them
        case
            when cells.unit_type = 'total' and slowest.slowest_agent_count >= {{ minimum }}
                then slowest.slowest_agent_count
        end as slowest_agent_count,
        case
            when cells.unit_type = 'total' and slowest.slowest_agent_count >= {{ minimum }}
                then slowest.slow_by_work_count
        end as slow_by_work_count,
        surroundings.headcount,
        surroundings.leavers,
        surroundings.absence_headcount,
        surroundings.absent_headcount,
        surroundings.respondents,
        surroundings.satisfaction
    from cells
    cross join windows
    left join people
        on
            cells.source_system = people.source_system
            and cells.period_start = people.month_start
            and cells.unit_type = people.unit_type
            and cells.unit = people.unit
    left join withheld_months
        on
            cells.source_system = withheld_months.source_system
            and cells.period_start = withheld_months.month_start
    left join slowest
        on
            cells.source_system = slowest.source_system
            and cells.period_start = slowest.month_start
    left join surroundings
        on
            cells.source_system = surroundings.source_system
            and cells.period_start = surroundings.month
            and cells.unit_type = surroundings.unit_type
            and cells.unit = surroundings.unit

),

{%- set mature = 'is_month_mature and not is_suppressed' %}

final as (

    select
        -- grain
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        window_days,

        -- what may be read
        period_end,
        is_month_mature as is_period_mature,
        is_suppressed,
        case when not is_suppressed then day_agent_count end as agent_count,

        -- how full the day is
        {%- for sum in day_sums %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case when {{ mature }} then cast({{ ratio('handle_on_paid_seconds', 'paid_seconds') }} as decimal(9, 4)) end
            as utilisation_of_paid_time,
        case
            when {{ mature }}
                then cast({{ ratio('handle_on_logged_in_seconds', 'logged_in_seconds') }} as decimal(9, 4))
        end as occupancy_of_logged_in_time,

        -- what it does to people
        case when {{ mature }} then cast({{ ratio('strained_day_count', 'logged_in_day_count') }} as decimal(9, 4)) end
            as strained_day_share,
        {%- for sum in leg_sums %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case when {{ mature }} then cast({{ ratio('back_to_back_count', 'followed_leg_count') }} as decimal(9, 4)) end
            as back_to_back_share,
        case when not is_suppressed then cast(headcount as bigint) end as headcount,
        case when not is_suppressed then cast(leavers as bigint) end as leavers,
        case
            when {{ mature }} and absence_headcount > 0
                then cast({{ ratio(
                    'cast(10000 * absent_headcount as bigint)', 'cast(10000 * absence_headcount as bigint)'
                ) }} as decimal(9, 4))
        end as absence_rate,
        case when not is_suppressed then cast(respondents as bigint) end as respondents,
        case
            when {{ mature }} and respondents > 0
                then cast({{ ratio('cast(10000 * satisfaction as bigint)', 'cast(10000 * respondents as bigint)') }}
                as decimal(9, 4))
        end as mean_satisfaction,

        -- much work, or much easy work?
        {%- for sum in ['resolved_count', 'cohort_count', 'held_count'] %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case when not is_suppressed then cast(lasting_permille * 0.001 as decimal(18, 3)) end as lasting_work,
        case when {{ mature }} then cast({{ ratio('resolved_count', 'paid_day_count') }} as decimal(9, 4)) end
            as resolutions_per_agent_day,
        case when {{ mature }} then cast({{ ratio('lasting_permille', '1000 * paid_day_count') }} as decimal(9, 4)) end
            as lasting_work_per_agent_day,
        case
            when {{ mature }} and cohort_count > 0
                then cast(1 - {{ ratio('lasting_permille', '1000 * cohort_count', 6) }} as decimal(9, 6))
        end as work_gap,
        {%- for side, other in {'low': 'high', 'high': 'low'}.items() %}
        case
            when {{ mature }}
                then cast(1 - {{ ratio_of_sums_bound(
                    'cohort_count', 'lasting_permille', '(1000 * cohort_count)',
                    'squared_lasting_permille', '(1000000 * cohort_count)', '(1000 * lasting_permille)', other
                ) }} as decimal(9, 6))
        end as work_gap_{{ side }},
        {%- endfor %}
        case when not is_suppressed then cast(expected_milliseconds * 0.001 as decimal(18, 3)) end as expected_seconds,
        case
            when {{ mature }}
                then cast({{ ratio('60 * expected_milliseconds', '1000 * paid_seconds', 2) }} as decimal(9, 2))
        end as expected_minutes_per_paid_hour,

        -- who looks slow
        case when not is_suppressed then cast(compared_agent_count as bigint) end as compared_agent_count,
        case when not is_suppressed then cast(slowest_agent_count as bigint) end as slowest_agent_count,
        case when not is_suppressed then cast(slow_by_work_count as bigint) end as slow_by_work_count,
        case when {{ mature }} then cast({{ ratio('slow_by_work_count', 'slowest_agent_count') }} as decimal(9, 4)) end
            as slow_by_work_share
    from joined

)

select * from final
