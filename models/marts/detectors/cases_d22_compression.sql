-- Grain: one answered inbound call that took at least half of a limit of handle time, in force or to come, and was not passed on. Marked:
-- it took between 80 and 90 % of the limit that was in force. Nearer to the limit end calls that are cut, too.
with

{{ limited_calls() }},

final as (

    select
        {{ case_columns(
            'D22', 'handled_from',
            'is_in_force and 10 * leg_handle_seconds >= 8 * limit_seconds and 10 * leg_handle_seconds < 9 * limit_seconds',
            contact_key='contact_key', agent_key='case when is_in_force then agent_key end',
        ) }},
        coalesce(category, '') as category,
        begun_at as limit_begun_at,
        is_in_force,
        10 * leg_handle_seconds >= 8 * limit_seconds and 10 * leg_handle_seconds < 9 * limit_seconds as is_steered,
        10 * leg_handle_seconds >= 6 * limit_seconds and 10 * leg_handle_seconds < 12 * limit_seconds as is_near
    from limited_calls
    where transfer_type is null and 2 * leg_handle_seconds >= limit_seconds

)

select * from final
