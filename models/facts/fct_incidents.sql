-- Grain: one incident x family type. A family is what an account has again and again: its issue, or its configuration item.
-- Requests, tests, spam and duplicates are no incidents. One outage is one occurrence of its family, however many
-- people report it; a person who is back within 7 days was not helped yet, and is no new case (that is a return).
{% set of_family = 'source_system, account_id, family_type, family_key' %}
{% set of_person = 'source_system, account_id, family_type, family_key, customer_key' %}
{% set zone = var('reporting_time_zone') %}

with

openings as (

    select * from {{ ref('int_ticket_openings') }}
    where not is_request and not is_test and not is_spam and coalesce(ticket_type <> 'problem', true)

),

tickets as (

    select * from {{ ref('int_tickets') }}
    where not is_duplicate

),

resolutions as (

    select
        ticket_key,
        issue_key,
        category,
        claimed_at as resolved_at,
        row_number() over (partition by ticket_key order by claimed_at, {{ text_order('claim_id') }}) as claim_number
    from {{ ref('int_claims') }}
    where claim_type = 'ticket_resolved' and is_headline_cohort

),

first_openings as (

    select
        same_contact_key,
        ticket_key,
        row_number() over (
            partition by same_contact_key order by created_at, {{ text_order('ticket_key') }}
        ) as opening_number
    from {{ ref('int_ticket_openings') }}
    where same_contact_key is not null

),

-- a contact is its ticket's by name, else the first one's that was opened in it
contact_tickets as (

    select
        contact_key,
        ticket_key,
        handle_seconds
    from {{ ref('int_contacts') }}
    where ticket_key is not null
    union all
    select
        contacts.contact_key,
        first_openings.ticket_key,
        contacts.handle_seconds
    from {{ ref('int_contacts') }} as contacts
    inner join first_openings
        on
            contacts.contact_key = first_openings.same_contact_key
            and first_openings.opening_number = 1
    where contacts.ticket_key is null

),

spent as (

    select
        ticket_key,
        count(handle_seconds) as measured_contact_count,
        cast(sum(handle_seconds) as bigint) as handle_seconds
    from contact_tickets
    group by ticket_key

),

incidents as (

    select
        openings.ticket_key,
        openings.source_system,
        openings.account_id,
        openings.customer_key,
        coalesce(resolutions.category, openings.category) as category,
        coalesce(resolutions.issue_key, openings.issue_key) as issue_key,
        tickets.configuration_item,
        openings.source_system || ':' || openings.problem_id as problem_key,
        coalesce(openings.parent_ticket_key, openings.ticket_key) as outage_key,
        openings.created_at as opened_at,
        resolutions.resolved_at,
        coalesce(spent.measured_contact_count, 0) as measured_contact_count,
        spent.handle_seconds
    from openings
    inner join tickets
        on openings.ticket_key = tickets.ticket_key
    left join resolutions
        on
            openings.ticket_key = resolutions.ticket_key
            and resolutions.claim_number = 1
    left join spent
        on openings.ticket_key = spent.ticket_key

),

in_families as (

    select
        *,
        'issue' as family_type,
        issue_key as family_key
    from incidents
    union all
    select
        *,
        'configuration_item' as family_type,
        configuration_item as family_key
    from incidents
    where configuration_item is not null

),

placed as (

    select
        *,
        account_id is not null and family_key is not null as is_placed
    from in_families

),

neighbours as (

    select
        *,
        lag(opened_at) over (
            partition by {{ of_family }} order by opened_at, {{ text_order('ticket_key') }}
        ) as previous_opened_at,
        row_number() over (
            partition by {{ of_family }}, outage_key order by opened_at, {{ text_order('ticket_key') }}
        ) as outage_number,
        lag(opened_at) over (
            partition by {{ of_family }}, problem_key order by opened_at, {{ text_order('ticket_key') }}
        ) as previous_of_problem_at,
        lag(opened_at) over (
            partition by {{ of_person }} order by opened_at, {{ text_order('ticket_key') }}
        ) as previous_own_opened_at
    from placed

),

-- opening before resolution at the same instant: what is resolved then was not resolved before
timeline as (

    select
        {{ of_person }},
        opened_at as happened_at,
        0 as is_resolution,
        ticket_key
    from placed
    where is_placed
    union all
    select
        {{ of_person }},
        resolved_at as happened_at,
        1 as is_resolution,
        ticket_key
    from placed
    where is_placed and resolved_at is not null

),

looked_back as (

    select
        *,
        max(case when is_resolution = 1 then happened_at end) over (
            partition by {{ of_family }} order by happened_at, is_resolution, {{ text_order('ticket_key') }}
            rows between unbounded preceding and current row
        ) as previous_resolved_at,
        case
            when customer_key is not null
                then max(case when is_resolution = 1 then happened_at end) over (
                    partition by {{ of_person }} order by happened_at, is_resolution, {{ text_order('ticket_key') }}
                    rows between unbounded preceding and current row
                )
        end as previous_own_resolved_at
    from timeline

),

judged as (

    select
        neighbours.*,
        looked_back.previous_resolved_at,
        looked_back.previous_own_resolved_at,
        case
            when neighbours.is_placed
                then
                    neighbours.outage_number = 1
                    and coalesce(
                        cast({{ local_time('neighbours.opened_at', zone) }} as date)
                        > cast({{ local_time('neighbours.previous_opened_at', zone) }} as date),
                        true
                    )
                    and coalesce(
                        neighbours.problem_key is null
                        or {{ seconds_between('neighbours.previous_of_problem_at', 'neighbours.opened_at') }}
                        > 3 * 86400,
                        true
                    )
        end as is_new_occurrence,
        case
            when neighbours.is_placed and neighbours.customer_key is not null
                then
                    coalesce(
                        {{ seconds_between('neighbours.previous_own_opened_at', 'neighbours.opened_at') }} > 7 * 86400,
                        true
                    )
                    and coalesce(
                        {{ seconds_between('looked_back.previous_own_resolved_at', 'neighbours.opened_at') }}
                        > 7 * 86400,
                        true
                    )
        end as is_new_case
    from neighbours
    left join looked_back
        on
            neighbours.ticket_key = looked_back.ticket_key
            and neighbours.family_type = looked_back.family_type
            and looked_back.is_resolution = 0

),

final as (

    select
        -- grain
        ticket_key,
        family_type,

        -- the incident
        source_system,
        account_id,
        customer_key,
        category,
        family_key,
        problem_key,
        opened_at,
        resolved_at,
        measured_contact_count,
        handle_seconds,

        -- what was there before
        is_placed,
        is_new_occurrence,
        previous_resolved_at,
        is_new_case,
        previous_own_resolved_at
    from judged

)

select * from final
