-- Grain: one ticket whose policy names a calendar, and that calendar: the one in which its intervals are counted. Of
-- several policies the last counts, of its metrics the resolution first: one calendar a ticket, so that its intervals add
-- up.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

policies as (

    select
        policy_key,
        calendar_id,
        calendar_key,
        row_number() over (
            partition by policy_key order by metric_rank nulls last, {{ text_order('metric') }}
        ) as choice
    from {{ ref('int_sla_policies') }}
    where calendar_id is not null

),

final as (

    select
        field_values.ticket_key,
        policies.calendar_id,
        policies.calendar_key
    from {{ ref('int_ticket_field_values') }} as field_values
    inner join policies
        on
            field_values.source_system || ':' || field_values.value = policies.policy_key
            and policies.choice = 1
    where
        field_values.field = 'sla_policy'
        and field_values.ended_at is null
        and {{ is_touched('field_values.ticket_key') }}

)

select * from final
