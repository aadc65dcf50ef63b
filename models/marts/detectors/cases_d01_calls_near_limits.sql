-- Grain: one answered inbound call while a limit of handle time was in force, long enough to say something about it (0.4 to 2.2 times the
-- limit). Marked: it ended within the last half minute below. Where two limits hold, the nearer one counts.
with

calls as (

    select * from {{ ref('call_lengths') }}

),

targets as (

    select * from {{ ref('dim_targets') }}
    where metric = 'handle_time' and target between 60 and 7200 and coalesce(operator, '<=') in ('<=', '<')

),

limited as (

    select
        calls.*,
        targets.target,
        row_number() over (
            partition by calls.source_system, calls.leg_id order by abs(calls.seconds - targets.target), targets.target
        ) as limit_rank
    from calls
    inner join targets
        on
            calls.source_system = targets.source_system
            and coalesce(targets.scope, 'all') in ('all', calls.team_id)
            and (targets.valid_from is null or calls.happened_at >= targets.valid_from)
            and (targets.valid_to is null or calls.happened_at < targets.valid_to)

),

final as (

    select
        {{ case_columns(
            'D01', 'happened_at', 'seconds > target - 30 and seconds <= target',
            contact_key='contact_key', agent_key='agent_key',
        ) }},
        seconds,
        target
    from limited
    where limit_rank = 1 and 100 * seconds > 40 * target and 100 * seconds <= 220 * target

)

select * from final
