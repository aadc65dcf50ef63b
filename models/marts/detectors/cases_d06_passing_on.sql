-- Grain: one answered inbound call that lasted until three minutes before a limit of handle time, in force or to come. Marked: passed on in the last
-- minute before the limit that was in force.
with

{{ limited_calls() }},

near as (

    select
        *,
        spoken_seconds - limit_seconds as seconds_past,
        transfer_type is not null as is_passed_on
    from limited_calls
    where limit_seconds >= 240 and spoken_seconds >= limit_seconds - 180

),

final as (

    select
        {{ case_columns(
            'D06', 'handled_from', 'is_in_force and is_passed_on and seconds_past >= -60 and seconds_past < 0',
            contact_key='contact_key', agent_key='case when is_in_force then agent_key end',
        ) }},
        begun_at as limit_begun_at,
        is_in_force,
        -- in the last minute: who was still speaking when it began, and who was passed on in it
        seconds_past >= -60 as is_last_minute,
        is_passed_on and seconds_past >= -60 and seconds_past < 0 as is_passed_on_in_last_minute,
        -- in the two minutes before and the minute after
        case when seconds_past >= 0 then 3 when seconds_past >= -120 then 2 else 1 end as minutes_around,
        is_passed_on and (seconds_past < -60 or (seconds_past >= 0 and seconds_past < 60)) as is_passed_on_around
    from near

)

select * from final
