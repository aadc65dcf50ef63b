-- Grain: one call, in canonical columns.
{{ config(
    materialized='incremental', incremental_strategy='compared', enabled='bank_call_log' in var('source_systems')
) }}

with

calls as (

    select * from {{ ref('base_bank_call_log__calls') }}
    where fate = 'used'

),

final as (

    select
        'bank_call_log' as source_system,
        leg_id,
        leg_id as contact_id,
        started_at,
        ended_at,
        -- the bank calls back on earlier work: the customer did not come again
        case when service_type = 'TT' then 'outbound' else 'inbound' end as direction,
        customer_key,
        'voice' as channel,
        agent_key,
        cast(null as timestamp) as updated_at,
        1 as leg_number,
        cast(null as varchar) as queue,
        cast(null as varchar) as team_id,
        cast(null as timestamp) as offered_at,
        answered_at,
        talk_seconds,
        cast(null as bigint) as hold_seconds,
        cast(null as bigint) as wrap_seconds,
        cast(null as varchar) as disconnected_by,
        cast(null as varchar) as transfer_type,
        cast(null as varchar) as ticket_id,
        service_type as category,
        cast(null as varchar) as subcategory,
        outcome = 'HANG' as is_abandoned,
        cast(null as varchar) as disposition,
        cast(null as boolean) as reported_resolved
    from calls

)

select * from final
