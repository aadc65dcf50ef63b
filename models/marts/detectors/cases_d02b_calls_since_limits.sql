-- Grain: as cases_d01_calls_near_limits. Marked: ended within the last half minute below the limit.
with

final as (

    select
        {{ case_columns('D02b', 'happened_at', 'is_marked', contact_key='contact_key', agent_key='agent_key') }},
        seconds,
        target
    from {{ ref('cases_d01_calls_near_limits') }}

)

select * from final
