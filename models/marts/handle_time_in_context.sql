-- Grain: source system x period x unit x window. Handle time of answered inbound contacts, beside what the mix of work lets
-- expect, how many customers came back, and what whole issues took. Fast is good where people do not come back.
-- People rules: teams, queues and channels by month only, and none of too few agents (fct_people_cells).
{{ config(meta={'kept': ['events', 'value_events']}) }}
{% set zone = var('reporting_time_zone') %}
{#- whose expectation leaves whom out; the rest is measured by the whole desk's base -#}
{% set kinds = {'whole': '', 'team': '_without_team', 'queue': '_without_queue', 'account': '_without_account'} %}
{% set expectations = [
    'expected_milliseconds', 'variance_square_seconds', 'base_milliseconds',
    'cohort_expected_milliseconds', 'cohort_variance_square_seconds', 'expected_repeat_millionths',
] %}
{% set contact_sums = [
    'contact_count', 'talk_seconds', 'hold_seconds', 'wrap_seconds', 'handle_seconds',
    'mature_count', 'cohort_count', 'repeat_count', 'cohort_handle_seconds',
    'quick_back_count', 'quick_done_count', 'slow_back_count', 'slow_done_count',
    'passed_on_count', 'sender_seconds', 'passed_on_handle_seconds',
    'squared_sender_seconds', 'squared_passed_on_seconds', 'sender_times_passed_on_seconds',
    'targeted_count', 'over_target_count', 'misfit_count',
] %}
{% set chain_sums = [
    'chain_count', 'first_contact_seconds', 'chain_handle_seconds', 'chain_agent_count',
    'squared_first_seconds', 'squared_chain_seconds', 'first_times_chain_seconds',
] %}
{% set sums = contact_sums + chain_sums + ['withheld_count'] %}
{% for kind in kinds %}
{% for expectation in expectations %}
{% do sums.append(kind ~ '_' ~ expectation) %}
{% endfor %}
{% endfor %}

with

windows as (

    select window_days from {{ ref('windows') }}
    where makes_chains

),

verdicts as (

    select
        contact_key,
        window_days,
        is_mature,
        is_observable,
        observed_until
    from {{ ref('fct_claim_verdicts') }}
    where claim_type = 'contact_handled' and tier_set = 'return'

),

observed as (

    select
        source_system,
        min(observed_until) as observed_until
    from {{ ref('fct_claim_verdicts') }}
    where claim_type = 'contact_handled' and tier_set = 'return' and is_default_window
    group by source_system

),

-- a desk of too few people in a month is in no figure: a week or a year would show what the month hides
withheld_months as (

    select
        source_system,
        month_start
    from {{ ref('fct_people_cells') }}
    where unit_type = 'total' and contact_agent_count < {{ var('minimum_agents') }}

),

first_legs as (

    select
        contact_key,
        leg_handle_seconds,
        row_number() over (
            partition by contact_key
            order by leg_position, {{ text_order('leg_id') }}
        ) as answer_number
    from {{ ref('fct_contact_legs') }}
    where is_answered

),

-- what holds for all of the desk
targets as (

    select
        source_system,
        target,
        used_for,
        valid_from,
        valid_to
    from {{ ref('dim_targets') }}
    where
        {{ lowered(trimmed('metric')) }} in ('handle_time', 'aht', 'average_handle_time')
        and coalesce({{ lowered(trimmed('scope')) }}, 'all') in ('all', '')
        and coalesce(operator, '<=') = '<='
        and target is not null

),

handled as (

    select
        interactions.source_system,
        interactions.contact_key,
        interactions.interaction_id,
        dates.date_day as event_on,
        interactions.team_id,
        interactions.queue,
        interactions.category,
        interactions.channel,
        interactions.account_id,
        coalesce(interactions.category, '(none)') as work_type,
        coalesce(interactions.team_id, '(none)') as team_unit,
        coalesce(interactions.queue, '(none)') as queue_unit,
        coalesce(interactions.account_id, '(none)') as account_unit,
        interactions.chain_id,
        interactions.transfer_count,
        interactions.seconds_to_next,
        interactions.talk_seconds,
        interactions.hold_seconds,
        interactions.wrap_seconds,
        interactions.contact_handle_seconds,
        first_legs.leg_handle_seconds as sender_seconds,
        targets.target,
        withheld_months.month_start is not null as is_withheld
        {%- for suffix in kinds.values() %},
        expectations.expected_milliseconds{{ suffix }},
        expectations.variance_square_seconds{{ suffix }},
        expectations.base_milliseconds{{ suffix }}
        {%- endfor %}
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('fct_contact_expectations') }} as expectations
        on interactions.contact_key = expectations.contact_key
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('interactions.started_at', zone) }} as date) = dates.date_day
    left join withheld_months
        on
            interactions.source_system = withheld_months.source_system
            and dates.month_start = withheld_months.month_start
    left join first_legs
        on
            interactions.contact_key = first_legs.contact_key
            and first_legs.answer_number = 1
    left join targets
        on
            interactions.source_system = targets.source_system
            and (targets.valid_from is null or targets.valid_from <= interactions.started_at)
            and (targets.valid_to is null or interactions.started_at < targets.valid_to)
    where interactions.kind = 'contact'

),

shown as (

    select * from handled
    where not is_withheld

),

works as (

    select
        source_system,
        work_type,
        contact_handle_seconds,
        row_number() over (
            partition by source_system, work_type
            order by contact_handle_seconds, {{ text_order('contact_key') }}
        ) as handle_rank,
        count(*) over (partition by source_system, work_type) as work_count
    from shown

),

-- nearest rank: the middle contact of each category, of two the lower
medians_of_work as (

    select
        source_system,
        work_type,
        contact_handle_seconds as median_seconds
    from works
    where handle_rank = {{ integer_division('work_count + 1', '2') }}

),

judged as (

    select
        shown.*,
        windows.window_days,
        verdicts.observed_until,
        coalesce(verdicts.is_mature, false) as is_mature,
        coalesce(verdicts.is_mature and verdicts.is_observable, false) and shown.chain_id is not null as is_judged,
        coalesce(shown.seconds_to_next between 901 and windows.window_days * 86400, false) as is_back,
        1000 * shown.contact_handle_seconds < shown.expected_milliseconds as is_quick,
        coalesce(medians_of_work.median_seconds > shown.target, false) as is_misfit
    from shown
    cross join windows
    left join verdicts
        on
            shown.contact_key = verdicts.contact_key
            and windows.window_days = verdicts.window_days
    left join medians_of_work
        on
            shown.source_system = medians_of_work.source_system
            and shown.work_type = medians_of_work.work_type

),

-- how many come back after work of a category, over all that could be judged so far
returns as (

    {% for kind in kinds -%}
    select
        source_system,
        window_days,
        '{{ kind }}' as left_out_type,
        {{ "''" if kind == 'whole' else kind ~ '_unit' }} as unit,
        work_type,
        count(*) as judged_count,
        {{ count_where('is_back') }} as back_count
    from judged
    where is_judged
    group by source_system, window_days, {{ "work_type" if kind == 'whole' else kind ~ '_unit, work_type' }}
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

return_totals as (

    select
        *,
        {%- for measure in ['judged_count', 'back_count'] %}
        -- of all units, of one kind: each kind counts every contact once
        cast(sum({{ measure }}) over (partition by source_system, window_days, left_out_type, work_type) as bigint)
        - case when left_out_type = 'whole' then 0 else {{ measure }} end as work_{{ measure }},
        cast(sum({{ measure }}) over (partition by source_system, window_days, left_out_type) as bigint)
        - case
            when left_out_type = 'whole' then 0
            else cast(
                sum({{ measure }}) over (partition by source_system, window_days, left_out_type, unit) as bigint
            )
        end as all_{{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from returns

),

expected_returns as (

    select
        source_system,
        window_days,
        left_out_type,
        unit,
        work_type,
        case
            {%- for level in ['work', 'all'] %}
            when {{ level }}_judged_count >= 30
                then {{ integer_division(
                    '2000000 * ' ~ level ~ '_back_count + ' ~ level ~ '_judged_count', '2 * ' ~ level ~ '_judged_count'
                ) }}
            {%- endfor %}
        end as repeat_millionths
    from return_totals

),

contact_events as (

    select
        judged.source_system,
        judged.event_on,
        judged.observed_until,
        judged.team_id,
        judged.queue,
        judged.category,
        judged.channel,
        judged.account_id,
        judged.window_days,
        1 as contact_count,
        coalesce(judged.talk_seconds, 0) as talk_seconds,
        coalesce(judged.hold_seconds, 0) as hold_seconds,
        coalesce(judged.wrap_seconds, 0) as wrap_seconds,
        judged.contact_handle_seconds as handle_seconds,
        case when judged.is_mature then 1 else 0 end as mature_count,
        case when judged.is_judged then 1 else 0 end as cohort_count,
        case when judged.is_judged and judged.is_back then 1 else 0 end as repeat_count,
        case when judged.is_judged then judged.contact_handle_seconds else 0 end as cohort_handle_seconds,
        {%- for speed, quick in {'quick': 'judged.is_quick', 'slow': 'not judged.is_quick'}.items() %}
        {%- for end, back in {'back': 'judged.is_back', 'done': 'not judged.is_back'}.items() %}
        case when judged.is_judged and {{ quick }} and {{ back }} then 1 else 0 end as {{ speed }}_{{ end }}_count,
        {%- endfor %}
        {%- endfor %}
        {%- set passed_on = 'judged.transfer_count > 0 and judged.sender_seconds is not null' %}
        case when {{ passed_on }} then 1 else 0 end as passed_on_count,
        case when {{ passed_on }} then judged.sender_seconds else 0 end as sender_seconds,
        case when {{ passed_on }} then judged.contact_handle_seconds else 0 end as passed_on_handle_seconds,
        case when {{ passed_on }} then judged.sender_seconds * judged.sender_seconds else 0 end
            as squared_sender_seconds,
        case when {{ passed_on }} then judged.contact_handle_seconds * judged.contact_handle_seconds else 0 end
            as squared_passed_on_seconds,
        case when {{ passed_on }} then judged.sender_seconds * judged.contact_handle_seconds else 0 end
            as sender_times_passed_on_seconds,
        case when judged.target is not null then 1 else 0 end as targeted_count,
        case when judged.contact_handle_seconds > judged.target then 1 else 0 end as over_target_count,
        case when judged.is_misfit then 1 else 0 end as misfit_count,
        {%- for sum in chain_sums %}
        0 as {{ sum }},
        {%- endfor %}
        0 as withheld_count
        {%- for kind, suffix in kinds.items() %},
        coalesce(judged.expected_milliseconds{{ suffix }}, 0) as {{ kind }}_expected_milliseconds,
        coalesce(judged.variance_square_seconds{{ suffix }}, 0) as {{ kind }}_variance_square_seconds,
        coalesce(judged.base_milliseconds{{ suffix }}, 0) as {{ kind }}_base_milliseconds,
        case when judged.is_judged then coalesce(judged.expected_milliseconds{{ suffix }}, 0) else 0 end
            as {{ kind }}_cohort_expected_milliseconds,
        case when judged.is_judged then coalesce(judged.variance_square_seconds{{ suffix }}, 0) else 0 end
            as {{ kind }}_cohort_variance_square_seconds,
        case when judged.is_judged then coalesce({{ kind }}_returns.repeat_millionths, 0) else 0 end
            as {{ kind }}_expected_repeat_millionths
        {%- endfor %}
    from judged
    {%- for kind in kinds %}
    left join expected_returns as {{ kind }}_returns
        on
            judged.source_system = {{ kind }}_returns.source_system
            and judged.window_days = {{ kind }}_returns.window_days
            and {{ kind }}_returns.left_out_type = '{{ kind }}'
            {%- if kind != 'whole' %}
            and judged.{{ kind }}_unit = {{ kind }}_returns.unit
            {%- endif %}
            and judged.work_type = {{ kind }}_returns.work_type
    {%- endfor %}

),

-- an issue that began with one of these contacts, and to which nothing can be added any more
chains as (

    select
        shown.source_system,
        shown.event_on,
        observed.observed_until,
        shown.team_id,
        shown.queue,
        shown.category,
        shown.channel,
        shown.account_id,
        chains.window_days,
        shown.contact_handle_seconds as first_seconds,
        chains.chain_handle_seconds,
        chains.agent_count
    from {{ ref('fct_issue_chains') }} as chains
    inner join shown
        on chains.first_interaction_id = shown.interaction_id
    inner join observed
        on shown.source_system = observed.source_system
    where {{ seconds_between('chains.ended_at', 'observed.observed_until') }} >= chains.window_days * 86400

),

events as (

    select * from contact_events
    union all
    select
        source_system,
        event_on,
        observed_until,
        team_id,
        queue,
        category,
        channel,
        account_id,
        window_days,
        {%- for sum in contact_sums %}
        0 as {{ sum }},
        {%- endfor %}
        1 as chain_count,
        first_seconds as first_contact_seconds,
        chain_handle_seconds,
        agent_count as chain_agent_count,
        first_seconds * first_seconds as squared_first_seconds,
        chain_handle_seconds * chain_handle_seconds as squared_chain_seconds,
        first_seconds * chain_handle_seconds as first_times_chain_seconds,
        0 as withheld_count
        {%- for kind in kinds %}
        {%- for expectation in expectations %},
        0 as {{ kind }}_{{ expectation }}
        {%- endfor %}
        {%- endfor %}
    from chains
    union all
    select
        handled.source_system,
        handled.event_on,
        observed.observed_until,
        handled.team_id,
        handled.queue,
        handled.category,
        handled.channel,
        handled.account_id,
        windows.window_days,
        {%- for sum in contact_sums + chain_sums %}
        0 as {{ sum }},
        {%- endfor %}
        1 as withheld_count
        {%- for kind in kinds %}
        {%- for expectation in expectations %},
        0 as {{ kind }}_{{ expectation }}
        {%- endfor %}
        {%- endfor %}
    from handled
    cross join windows
    left join observed
        on handled.source_system = observed.source_system
    where handled.is_withheld

),

{{ cells_of('events', keys=['window_days'], sums=sums) }},

handle_times as (

    select
        source_system,
        event_on,
        team_unit as team_id,
        queue_unit as queue,
        work_type as category,
        channel,
        account_unit as account_id,
        contact_handle_seconds
    from shown

),

{{ percentiles_of(
    'handle_times', {'contact_handle_seconds': 'true'}, percents=[50, 75], months_only=['team', 'queue', 'channel']
) }},

-- a category or channel is compared with itself in the base period, everything else with the whole desk
work_bases as (

    select
        source_system,
        'category' as unit_type,
        category as unit,
        contact_count,
        handle_seconds
    from {{ ref('dim_expected_handle_time') }}
    where cell_level = 'category'
    union all
    select
        source_system,
        'channel' as unit_type,
        channel as unit,
        cast(sum(contact_count) as bigint) as contact_count,
        cast(sum(handle_seconds) as bigint) as handle_seconds
    from {{ ref('dim_expected_handle_time') }}
    where cell_level = 'category_channel'
    group by source_system, channel

),

-- whose expectation is the unit's
owned as (

    select
        cells.source_system,
        cells.period_type,
        cells.period_start,
        cells.period_end,
        cells.unit_type,
        cells.unit,
        cells.window_days,
        cells.is_period_mature,
        coalesce(people.is_suppressed, false) or (cells.contact_count = 0 and cells.withheld_count > 0)
            as is_suppressed,
        percentiles.contact_handle_seconds_p50 as median_handle_seconds,
        percentiles.contact_handle_seconds_p75 as p75_handle_seconds,
        targets.target as target_seconds,
        targets.used_for as target_used_for,
        work_bases.contact_count as work_base_count,
        work_bases.handle_seconds as work_base_seconds,
        {%- for sum in contact_sums + chain_sums %}
        cells.{{ sum }},
        {%- endfor %}
        cells.withheld_count
        {%- for expectation in expectations %},
        nullif(
            case cells.unit_type
                {%- for kind in kinds if kind != 'whole' %}
                when '{{ kind }}' then cells.{{ kind }}_{{ expectation }}
                {%- endfor %}
                else cells.whole_{{ expectation }}
            end,
            {{ '-1' if 'variance' in expectation else '0' }}
        ) as {{ expectation }}
        {%- endfor %}
    from cells
    left join {{ ref('fct_people_cells') }} as people
        on
            cells.source_system = people.source_system
            and cells.period_start = people.month_start
            and cells.unit_type = people.unit_type
            and cells.unit = people.unit
            and people.unit_type in ('team', 'queue', 'channel')
    left join percentiles
        on
            cells.source_system = percentiles.source_system
            and cells.period_type = percentiles.period_type
            and cells.period_start = percentiles.period_start
            and cells.unit_type = percentiles.unit_type
            and cells.unit = percentiles.unit
    left join work_bases
        on
            cells.source_system = work_bases.source_system
            and cells.unit_type = work_bases.unit_type
            and cells.unit = work_bases.unit
    left join targets
        on
            cells.source_system = targets.source_system
            and (targets.valid_from is null or targets.valid_from < cells.period_end)
            and (targets.valid_to is null or cells.period_end <= targets.valid_to)
    where cells.unit_type in ('total', 'category', 'account') or cells.period_type = 'month'

),

measured as (

    select
        *,
        cast({{ ratio('handle_seconds', 'contact_count', 1) }} as decimal(18, 1)) as aht_seconds,
        cast({{ ratio('expected_milliseconds', '1000 * contact_count', 1) }} as decimal(18, 1)) as expected_aht_seconds,
        cast(
            case
                when unit_type in ('category', 'channel') then {{ ratio('work_base_seconds', 'work_base_count', 1) }}
                else {{ ratio('base_milliseconds', '1000 * contact_count', 1) }}
            end as decimal(18, 1)
        ) as base_aht_seconds,
        cast({{ ratio('1000 * handle_seconds', 'expected_milliseconds') }} as decimal(18, 4)) as handle_ratio,
        cast({{ ratio('1000 * cohort_handle_seconds', 'cohort_expected_milliseconds') }} as decimal(18, 4))
            as cohort_handle_ratio,
        cast({{ ratio('1000000 * repeat_count', 'expected_repeat_millionths') }} as decimal(18, 4)) as repeat_ratio,
        {%- for side in ['low', 'high'] %}
        {%- for sigmas in [2, 3] %}
        {{ funnel_limit_of_variance('1000000 * variance_square_seconds', 'expected_milliseconds', sigmas, side) }}
            as funnel_{{ sigmas }}_{{ side }},
        {%- endfor %}
        {{ funnel_limit_of_variance(
            '1000000 * cohort_variance_square_seconds', 'cohort_expected_milliseconds', 2, side
        ) }}
            as cohort_funnel_{{ side }},
        cast(
            {{ wilson('repeat_count', 'cohort_count', side) }}
            * cast({{ ratio('1000000 * cohort_count', 'expected_repeat_millionths', 6) }} as decimal(18, 6))
            as decimal(18, 4)
        ) as repeat_ratio_{{ side }},
        {{ newcombe(
            'quick_back_count', 'quick_back_count + quick_done_count',
            'slow_back_count', 'slow_back_count + slow_done_count', side
        ) }} as back_difference_{{ side }},
        {%- endfor %}
        {%- for side, other in {'low': 'high', 'high': 'low'}.items() %}
        1 - {{ ratio_of_sums_bound(
            'chain_count', 'first_contact_seconds', 'chain_handle_seconds',
            'squared_first_seconds', 'squared_chain_seconds', 'first_times_chain_seconds', other
        ) }} as later_contacts_share_{{ side }},
        1 - {{ ratio_of_sums_bound(
            'passed_on_count', 'sender_seconds', 'passed_on_handle_seconds',
            'squared_sender_seconds', 'squared_passed_on_seconds', 'sender_times_passed_on_seconds', other
        ) }} as later_legs_share_{{ side }}{{ ',' if not loop.last }}
        {%- endfor %}
    from owned

),

{%- set mature = 'is_period_mature and not is_suppressed' %}

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
        is_period_mature,
        is_suppressed,
        withheld_count,

        -- handle time
        {%- for sum in ['contact_count', 'talk_seconds', 'hold_seconds', 'wrap_seconds', 'handle_seconds'] %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        {%- for name in ['aht_seconds', 'median_handle_seconds', 'p75_handle_seconds'] %}
        case when {{ mature }} then {{ name }} end as {{ name }},
        {%- endfor %}

        -- for the same work
        case when not is_suppressed then cast(expected_milliseconds * 0.001 as decimal(18, 3)) end as expected_seconds,
        case when {{ mature }} then handle_ratio end as handle_ratio,
        {%- for sigmas in [2, 3] %}
        {%- for side in ['low', 'high'] %}
        case when {{ mature }} then funnel_{{ sigmas }}_{{ side }} end as funnel_{{ sigmas }}_{{ side }},
        {%- endfor %}
        {%- endfor %}
        case when {{ mature }} then base_aht_seconds end as base_aht_seconds,
        case when {{ mature }} then cast(aht_seconds - base_aht_seconds as decimal(18, 1)) end
            as raw_change_seconds,
        case when {{ mature }} then cast(expected_aht_seconds - base_aht_seconds as decimal(18, 1)) end
            as mix_effect_seconds,
        case when {{ mature }} then cast(aht_seconds - expected_aht_seconds as decimal(18, 1)) end
            as within_effect_seconds,
        case
            when {{ mature }} and expected_milliseconds is not null
                then
                    (aht_seconds > base_aht_seconds and handle_ratio < funnel_2_low)
                    or (aht_seconds < base_aht_seconds and handle_ratio > funnel_2_high)
        end as is_simpson,

        -- who came back
        {%- for sum in ['mature_count', 'cohort_count', 'repeat_count'] %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case
            when {{ mature }}
                then cast({{ ratio('mature_count - cohort_count', 'mature_count') }} as decimal(9, 4))
        end as unobservable_share,
        case when {{ mature }} then cast({{ ratio('repeat_count', 'cohort_count') }} as decimal(9, 4)) end
            as repeat_rate,
        {%- for side in ['low', 'high'] %}
        case when {{ mature }} then {{ wilson('repeat_count', 'cohort_count', side) }} end as repeat_rate_{{ side }},
        {%- endfor %}
        case when not is_suppressed then cast(expected_repeat_millionths * 0.000001 as decimal(18, 6)) end
            as expected_repeats,
        {%- for name in ['repeat_ratio', 'repeat_ratio_low', 'repeat_ratio_high'] %}
        case when {{ mature }} then {{ name }} end as {{ name }},
        {%- endfor %}

        -- fast, and done?
        case when not is_suppressed then cohort_handle_seconds end as cohort_handle_seconds,
        case when not is_suppressed then cast(cohort_expected_milliseconds * 0.001 as decimal(18, 3)) end
            as cohort_expected_seconds,
        case when {{ mature }} then cohort_handle_ratio end as cohort_handle_ratio,
        {%- for side in ['low', 'high'] %}
        case when {{ mature }} then cohort_funnel_{{ side }} end as cohort_funnel_{{ side }},
        {%- endfor %}
        case
            when not ({{ mature }}) then null
            when cohort_handle_ratio < cohort_funnel_low and repeat_ratio_low > 1 then 'fast_but_back'
            when cohort_handle_ratio < cohort_funnel_low and repeat_ratio_high < 1 then 'fast_and_done'
            when cohort_handle_ratio > cohort_funnel_high and repeat_ratio_low > 1 then 'slow_and_back'
            when cohort_handle_ratio > cohort_funnel_high and repeat_ratio_high < 1 then 'slow_but_done'
        end as quadrant,
        {%- for sum in ['quick_back_count', 'quick_done_count', 'slow_back_count', 'slow_done_count'] %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case
            when {{ mature }} and quick_back_count + quick_done_count > 0 and slow_back_count + slow_done_count > 0
                then
                    cast(
                        {{ ratio('quick_back_count', 'quick_back_count + quick_done_count', 6) }}
                        - {{ ratio('slow_back_count', 'slow_back_count + slow_done_count', 6) }} as decimal(9, 6)
                    )
        end as back_difference,
        {%- for side in ['low', 'high'] %}
        case when {{ mature }} then back_difference_{{ side }} end as back_difference_{{ side }},
        {%- endfor %}

        -- one issue
        {%- for sum in ['chain_count', 'first_contact_seconds', 'chain_handle_seconds', 'chain_agent_count'] %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case when {{ mature }} then cast({{ ratio('first_contact_seconds', 'chain_count', 1) }} as decimal(18, 1)) end
            as seconds_per_first_contact,
        case when {{ mature }} then cast({{ ratio('chain_handle_seconds', 'chain_count', 1) }} as decimal(18, 1)) end
            as seconds_per_issue,
        case
            when {{ mature }}
                then cast(1 - {{ ratio('first_contact_seconds', 'chain_handle_seconds', 6) }} as decimal(9, 6))
        end as later_contacts_share,
        {%- for side in ['low', 'high'] %}
        case when {{ mature }} then cast(later_contacts_share_{{ side }} as decimal(9, 6)) end
            as later_contacts_share_{{ side }},
        {%- endfor %}
        case when {{ mature }} then cast({{ ratio('chain_agent_count', 'chain_count', 2) }} as decimal(9, 2)) end
            as agents_per_issue,

        -- passed on
        {%- for sum in ['passed_on_count', 'sender_seconds', 'passed_on_handle_seconds'] %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case when {{ mature }} then cast({{ ratio('passed_on_count', 'contact_count') }} as decimal(9, 4)) end
            as passed_on_rate,
        case
            when {{ mature }}
                then cast(1 - {{ ratio('sender_seconds', 'passed_on_handle_seconds', 6) }} as decimal(9, 6))
        end as later_legs_share,
        {%- for side in ['low', 'high'] %}
        case when {{ mature }} then cast(later_legs_share_{{ side }} as decimal(9, 6)) end
            as later_legs_share_{{ side }},
        {%- endfor %}

        -- one target for all work
        target_seconds,
        target_used_for,
        {%- for sum in ['targeted_count', 'over_target_count', 'misfit_count'] %}
        case when not is_suppressed then {{ sum }} end as {{ sum }},
        {%- endfor %}
        case when {{ mature }} then cast({{ ratio('misfit_count', 'targeted_count') }} as decimal(9, 4)) end
            as misfit_share
    from measured

)

select * from final
