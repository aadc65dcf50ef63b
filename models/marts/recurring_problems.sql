-- Grain: source system x family type x account x family x look-back. What an account has again and again, whether
-- anybody keeps a problem record of it, and whether it is more than chance. A large account has every issue every week,
-- so that proves little; that the same people have it again and again does.
{% set windows = [30, 90] %}
{#- within so many days the same person's next is a return of the old case -#}
{% set return_days = 7 %}
{% set of_family = 'source_system, family_type, account_id, family_key' %}

with

incidents as (

    select * from {{ ref('fct_incidents') }}
    where is_placed

),

problems as (

    select * from {{ ref('fct_problems') }}

),

accounts as (

    select * from {{ ref('dim_accounts') }}

),

today as (

    select max(as_of) as as_of
    from {{ ref('dim_feed_coverage') }}

),

windows as (

    select window_days
    from (
        values
        {%- for window in windows %}
        ({{ window }}){{ ',' if not loop.last }}
        {%- endfor %}
    ) as listed (window_days)

),

spans as (

    select
        source_system,
        {{ integer_division(seconds_between('min(opened_at)', 'max(opened_at)'), '86400') }} + 1 as day_count
    from incidents
    group by source_system

),

people as (

    select
        source_system,
        account_id,
        count(distinct customer_key) as people_count
    from incidents
    group by source_system, account_id

),

occurrences as (

    select
        *,
        {{ seconds_between(
            'lag(opened_at, 2) over (partition by ' ~ of_family ~ ' order by opened_at, ' ~ text_order('ticket_key') ~ ')',
            'opened_at'
        ) }} as seconds_of_three
    from incidents
    where is_new_occurrence

),

clusters as (

    select
        {{ of_family }},
        min(seconds_of_three) as shortest_three_seconds
    from occurrences
    group by {{ of_family }}

),

linked as (

    select
        incidents.source_system,
        incidents.family_type,
        incidents.account_id,
        incidents.family_key,
        problems.problem_key,
        problems.root_cause_status,
        problems.opened_at,
        problems.fix_deployed_at,
        problems.closed_at,
        row_number() over (
            partition by incidents.source_system, incidents.family_type, incidents.account_id, incidents.family_key
            order by problems.opened_at desc, {{ text_order('problems.problem_key') }}
        ) as problem_number
    from incidents
    inner join problems
        on incidents.problem_key = problems.problem_key
    group by
        incidents.source_system,
        incidents.family_type,
        incidents.account_id,
        incidents.family_key,
        problems.problem_key,
        problems.root_cause_status,
        problems.opened_at,
        problems.fix_deployed_at,
        problems.closed_at

),

counted as (

    select
        incidents.source_system,
        incidents.family_type,
        incidents.account_id,
        incidents.family_key,
        windows.window_days,
        count(*) as incident_count,
        {{ count_where('incidents.resolved_at is not null') }} as resolved_incident_count,
        {{ count_where('incidents.is_new_occurrence') }} as occurrence_count,
        {{ count_where(
            "incidents.is_new_occurrence and "
            ~ seconds_between('incidents.previous_resolved_at', 'incidents.opened_at')
            ~ " <= windows.window_days * 86400"
        ) }} as account_recycled_count,
        count(distinct incidents.customer_key) as people_count,
        {{ count_where('incidents.is_new_case') }} as case_count,
        {{ count_where(
            "incidents.is_new_case and "
            ~ seconds_between('incidents.previous_own_resolved_at', 'incidents.opened_at')
            ~ " <= windows.window_days * 86400"
        ) }} as recycled_count,
        {{ count_where('incidents.problem_key is not null') }} as linked_incident_count,
        {{ count_where('incidents.measured_contact_count > 0') }} as measured_incident_count,
        cast(sum(incidents.handle_seconds) as bigint) as handle_seconds,
        min(incidents.opened_at) as first_opened_at,
        max(incidents.opened_at) as last_opened_at
    from incidents
    cross join windows
    group by
        incidents.source_system,
        incidents.family_type,
        incidents.account_id,
        incidents.family_key,
        windows.window_days

),

summed as (

    select
        *,
        cast(
            sum(occurrence_count) over (partition by source_system, family_type, window_days, account_id) as bigint
        ) as account_occurrence_count,
        cast(
            sum(occurrence_count) over (partition by source_system, family_type, window_days, family_key) as bigint
        ) as family_occurrence_count,
        cast(
            sum(occurrence_count) over (partition by source_system, family_type, window_days) as bigint
        ) as all_occurrence_count
    from counted

),

expected as (

    select
        summed.*,
        clusters.shortest_three_seconds,
        greatest(coalesce(accounts.users, 0), people.people_count) as user_count,
        -- as large a share of the account's other trouble as it is of the others' other trouble
        cast({{ ratio(
            '(summed.account_occurrence_count - summed.occurrence_count)'
            ~ ' * (summed.family_occurrence_count - summed.occurrence_count)',
            'summed.all_occurrence_count - summed.account_occurrence_count'
            ~ ' - summed.family_occurrence_count + summed.occurrence_count',
            6
        ) }} as decimal(18, 6)) as expected_occurrence_count,
        -- if each case met any one of the account's users at any time: the chance that it met the same one shortly before
        cast(round(cast(
            summed.case_count * (1 - exp(
                -cast(summed.case_count as {{ type_double() }})
                * greatest(least(summed.window_days, spans.day_count) - {{ return_days }}, 0)
                / (spans.day_count * cast(
                    greatest(coalesce(accounts.users, 0), people.people_count, 1) as {{ type_double() }}
                ))
            ))
            as decimal(28, 12)), 6) as decimal(18, 6)) as expected_recycled_count
    from summed
    inner join spans
        on summed.source_system = spans.source_system
    inner join people
        on
            summed.source_system = people.source_system
            and summed.account_id = people.account_id
    left join accounts
        on
            summed.source_system = accounts.source_system
            and summed.account_id = accounts.account_id
    left join clusters
        on
            summed.source_system = clusters.source_system
            and summed.family_type = clusters.family_type
            and summed.account_id = clusters.account_id
            and summed.family_key = clusters.family_key

),

records as (

    select
        {{ of_family }},
        count(*) as problem_count,
        max(case when problem_number = 1 then problem_key end) as problem_key,
        max(case when problem_number = 1 then root_cause_status end) as root_cause_status,
        max(case when problem_number = 1 then opened_at end) as problem_opened_at,
        max(case when problem_number = 1 then fix_deployed_at end) as fix_deployed_at,
        max(case when problem_number = 1 then closed_at end) as problem_closed_at
    from linked
    group by {{ of_family }}

),

final as (

    select
        -- grain
        expected.source_system,
        expected.family_type,
        expected.account_id,
        expected.family_key,
        cast(expected.window_days as integer) as window_days,

        -- incidents
        expected.incident_count,
        expected.resolved_incident_count,
        expected.occurrence_count,
        expected.first_opened_at,
        expected.last_opened_at,
        cast(expected.user_count as bigint) as user_count,
        expected.people_count,

        -- the same person again
        expected.case_count,
        expected.recycled_count,
        cast({{ ratio('expected.recycled_count', 'expected.case_count') }} as decimal(9, 4)) as recycled_share,
        expected.expected_recycled_count,
        cast({{ ratio(
            'expected.recycled_count * 1000000', 'cast(expected.expected_recycled_count * 1000000 as bigint)'
        ) }} as decimal(18, 4)) as recycled_oe,
        {%- for side in ['low', 'high'] %}
        {{ byar('expected.recycled_count', 'expected.expected_recycled_count', side) }} as recycled_oe_{{ side }},
        {%- endfor %}

        -- the same account again
        expected.account_recycled_count,
        expected.expected_occurrence_count,
        cast({{ ratio(
            'expected.occurrence_count * 1000000', 'cast(expected.expected_occurrence_count * 1000000 as bigint)'
        ) }} as decimal(18, 4)) as occurrence_oe,
        {%- for side in ['low', 'high'] %}
        {{ byar('expected.occurrence_count', 'expected.expected_occurrence_count', side) }} as occurrence_oe_{{ side }},
        {%- endfor %}
        coalesce(expected.shortest_three_seconds <= expected.window_days * 86400, false) as has_three_in_window,
        coalesce(expected.shortest_three_seconds <= expected.window_days * 86400, false)
        and coalesce(
            {{ byar('expected.recycled_count', 'expected.expected_recycled_count', 'low', 3) }} > 1, false
        ) as is_recurring,

        -- the problem behind it
        expected.linked_incident_count,
        coalesce(records.problem_count, 0) as problem_count,
        records.problem_key,
        records.root_cause_status,
        cast({{ integer_division(
            seconds_between('records.problem_opened_at', 'coalesce(records.problem_closed_at, today.as_of)'), '86400'
        ) }} as bigint) as problem_open_days,
        records.problem_closed_at is not null or records.fix_deployed_at is not null as is_cause_removed,

        -- what it took
        expected.measured_incident_count,
        expected.handle_seconds
    from expected
    cross join today
    left join records
        on
            expected.source_system = records.source_system
            and expected.family_type = records.family_type
            and expected.account_id = records.account_id
            and expected.family_key = records.family_key

)

select * from final
