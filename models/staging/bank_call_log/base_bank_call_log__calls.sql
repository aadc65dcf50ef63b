-- Grain: one raw row, with its fate. Typed and renamed; people are keyed hashes from here on.
-- A row is one call with one agent at most, so it is leg and contact at once. Its clocks show the time of day only: a
-- reading more than twelve hours before the call began is of the next day.
{{ config(materialized='table', enabled='bank_call_log' in var('source_systems')) }}

{%- set formats = source_setting('source_timestamp_formats', 'bank_call_log') %}
{%- set zone = source_setting('source_time_zones', 'bank_call_log') %}
{#- all columns that the sources file declares; a test compares the two lists -#}
{%- set content = [
    'vru+line', 'call_id', 'customer_id', 'priority', 'type', 'date', 'vru_entry', 'vru_exit', 'vru_time',
    'q_start', 'q_exit', 'q_time', 'outcome', 'ser_start', 'ser_exit', 'ser_time', 'server',
] %}
{%- set defects = {
    'missing_call_id': 'leg_id is null',
    'unreadable_start_time': 'started_at is null',
    'unknown_outcome': "coalesce(outcome, '') not in ('AGENT', 'HANG', 'PHANTOM')",
} %}
{%- do defects.update(defects_of_sizes({'call_id': 'leg_id', 'type': 'service_type'}, {'ser_time': 'service_seconds'})) %}
{%- do defects.update(defects_of_times('started_at', ['started_at'])) %}
{%- set clocks = ['vru_exit', 'q_start', 'q_exit', 'ser_start', 'ser_exit'] %}

with

source as (

    select
        *,
        {{ content_key(content) }} as content_key
    from {{ source('bank_call_log', 'calls') }}

),

salt as (

    select salt from {{ source('private', 'salt') }}

),

renamed as {{ computed_once() }} (

    select
        {{ missing_to_null('source."vru+line"') }} || '/' || {{ missing_to_null('source.call_id') }} as leg_id,
        {{ person_key(missing_to_null('source.customer_id', '0'), "'bank_call_log'", 'salt.salt') }} as customer_key,
        {{ person_key(missing_to_null('source.server', 'NO_SERVER'), "'bank_call_log'", 'salt.salt') }} as agent_key,
        upper({{ missing_to_null('source.type') }}) as service_type,
        upper({{ missing_to_null('source.outcome') }}) as outcome,
        {{ parse_integer('source.ser_time') }} as service_seconds,
        {{ parse_timestamp('source.date || \' \' || source.vru_entry', formats) }} as started_local,
        {%- for clock in clocks %}
        {{ parse_timestamp("source.date || ' ' || source." ~ clock, formats) }} as {{ clock }}_local,
        {%- endfor %}
        -- midnight at both ends of a stage: the call did not go through it
        source.q_start = '00:00:00' and source.q_exit = '00:00:00' as is_without_queue,
        source.ser_start = '00:00:00' and source.ser_exit = '00:00:00' as is_without_service,
        source.content_key,
        source._loaded_at,
        source._source_file,
        source._row_number
    from source
    cross join salt

),

dated as {{ computed_once() }} (

    select
        *,
        {%- for clock in clocks %}
        case
            when {{ clock }}_local < started_local - interval '12' hour then {{ clock }}_local + interval '1' day
            else {{ clock }}_local
        end as {{ clock }}_on_its_day{{ ',' if not loop.last }}
        {%- endfor %}
    from renamed

),

staged as {{ computed_once() }} (

    select
        *,
        case when not is_without_queue then q_exit_on_its_day end as queue_left_local,
        case when not is_without_service then ser_start_on_its_day end as service_began_local,
        case when not is_without_service then ser_exit_on_its_day end as service_ended_local
    from dated

),

-- the clocks of the voice unit and of the agents' system differ by seconds: nothing ends before the call began
timed as {{ computed_once() }} (

    select
        *,
        {{ utc_from_clock('started_local', zone) }} as started_at,
        case
            when outcome = 'AGENT'
                then {{ utc_from_clock(
                    'greatest(started_local, coalesce(service_began_local, queue_left_local, vru_exit_on_its_day, started_local))',
                    zone
                ) }}
        end as answered_at,
        {{ utc_from_clock(
            "greatest(started_local, vru_exit_on_its_day, queue_left_local, "
            ~ "case when outcome = 'AGENT' then greatest(service_began_local, service_ended_local) end)",
            zone
        ) }} as ended_at
    from staged

),

{{ row_fates('timed', ['leg_id'], defects, {'phantom_call': "outcome = 'PHANTOM'"}, time='started_at') }},

final as (

    select
        -- grain and fate
        _source_file,
        _loaded_at,
        _row_number,
        last_delivered_at as _last_delivered_at,
        fate,
        fate_reason,

        -- ids
        leg_id,
        customer_key,
        agent_key,
        service_type,
        outcome,

        -- times (UTC)
        started_at,
        answered_at,
        ended_at,
        case when outcome = 'AGENT' then greatest(service_seconds, 0) end as talk_seconds
    from fated

)

select * from final
