-- Grain: one answered inbound call of 2 to 24 minutes. Marked: it ended within half a minute below the ceiling that the team seems to have over
-- all months.
with

calls as (

    select * from {{ ref('call_lengths') }}

),

-- the scan of D02c, without its names of agents and its thresholds
ceilings as (

    select
        source_system,
        unit,
        limit_seconds,
        row_number() over (
            partition by source_system, unit order by least(step_z, contrast_z + 1) desc nulls last, limit_seconds
        ) as limit_rank
    from {{ ref('calls_at_limits') }}
    where not is_declared and period_type = 'to_date' and reason is null

),

placed as (

    select
        calls.*,
        ceilings.limit_seconds
    from calls
    left join ceilings
        on
            calls.source_system = ceilings.source_system
            and calls.team_id = ceilings.unit
            and ceilings.limit_rank = 1

),

final as (

    select
        {{ case_columns(
            'D02c', 'happened_at', 'seconds > limit_seconds - 30 and seconds <= limit_seconds',
            contact_key='contact_key', agent_key='agent_key'
        ) }},
        seconds,
        limit_seconds
    from placed
    where seconds between 120 and 1440

)

select * from final
