-- Mart = fact, per window: what is shown and what is withheld are all handled contacts, once in every unit type that is not
-- about people, and in every period type that does not overlap; and so are their handle times and chains.
with

contacts as (

    select
        interactions.source_system,
        cast(count(*) as bigint) as contact_count,
        {{ count_where('people.contact_agent_count < ' ~ var('minimum_agents')) }} as withheld_count,
        cast(sum(
            case
                when people.contact_agent_count < {{ var('minimum_agents') }} then 0
                else interactions.contact_handle_seconds
            end
        ) as bigint) as handle_seconds
    from {{ ref('fct_interactions') }} as interactions
    inner join {{ ref('dim_dates') }} as dates
        on cast({{ local_time('interactions.started_at', var('reporting_time_zone')) }} as date) = dates.date_day
    left join {{ ref('fct_people_cells') }} as people
        on
            interactions.source_system = people.source_system
            and dates.month_start = people.month_start
            and people.unit_type = 'total'
    where interactions.kind = 'contact' and interactions.contact_handle_seconds is not null
    group by interactions.source_system

),

mart as (

    select
        source_system,
        period_type,
        unit_type,
        window_days,
        sum(coalesce(contact_count, 0) + withheld_count) as contact_count,
        sum(withheld_count) as withheld_count,
        sum(coalesce(handle_seconds, 0)) as handle_seconds,
        sum(coalesce(quick_back_count + quick_done_count + slow_back_count + slow_done_count, 0)) as quadrant_count,
        sum(case when expected_seconds is not null then cohort_count else 0 end) as cohort_count
    from {{ ref('handle_time_in_context') }}
    where period_type <> '28_days' and unit_type in ('total', 'category', 'account')
    group by source_system, period_type, unit_type, window_days

)

select
    mart.*,
    contacts.contact_count as fact_contact_count,
    contacts.handle_seconds as fact_handle_seconds
from contacts
full outer join mart
    on contacts.source_system = mart.source_system
where
    contacts.contact_count is distinct from mart.contact_count
    or contacts.withheld_count is distinct from mart.withheld_count
    or contacts.handle_seconds is distinct from mart.handle_seconds
    or mart.quadrant_count < mart.cohort_count
