-- Grain: as cases_d01_calls_near_limits. Marked: ended within the half minute above the limit, of which there are few.
with

final as (

    select
        {{ case_columns(
            'D03', 'happened_at', 'seconds > target and seconds <= target + 30',
            contact_key='contact_key', agent_key='agent_key',
        ) }},
        seconds,
        target
    from {{ ref('cases_d01_calls_near_limits') }}

)

select * from final
