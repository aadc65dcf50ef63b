-- Grain: one problem record.
with

problems as (

    select * from {{ ref('int_problems') }}

),

tickets as (

    select
        source_system || ':' || problem_id as problem_key,
        count(*) as ticket_count,
        min(created_at) as first_ticket_at,
        max(created_at) as last_ticket_at
    from {{ ref('int_tickets') }}
    where problem_id is not null
    group by source_system || ':' || problem_id

),

final as (

    select
        problems.problem_key,
        problems.source_system,
        problems.problem_id,
        problems.opened_at,
        problems.root_cause_status,
        problems.fix_deployed_at,
        problems.closed_at,
        coalesce(tickets.ticket_count, 0) as ticket_count,
        tickets.first_ticket_at,
        tickets.last_ticket_at
    from problems
    left join tickets
        on problems.problem_key = tickets.problem_key

)

select * from final
