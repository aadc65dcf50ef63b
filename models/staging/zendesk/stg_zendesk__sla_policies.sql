-- Grain: one policy, priority, schedule and metric. The targets are today's: the contract has no validity for them.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

targets as (

    select * from {{ ref('base_zendesk__sla_policy_metric_history') }}
    where fate = 'used'

),

schedules as (

    select distinct schedule_id
    from {{ ref('base_zendesk__schedule') }}
    where fate = 'used'

),

final as (

    select
        'zendesk' as source_system,
        {{ zendesk_policy('targets.policy_id', 'targets.priority', 'schedules.schedule_id') }} as policy_id,
        targets.metric,
        targets.target_minutes,
        case when targets.is_in_business_hours then schedules.schedule_id end as calendar_id,
        -- as Zendesk defines its metrics; of others it is not known
        case {{ lowered('targets.metric') }}
            when 'requester_wait_time' then 'pending'
            when 'pausable_update_time' then 'pending'
            when 'agent_work_time' then 'pending;on_hold'
        end as pausing_statuses
    from targets
    left join schedules
        on true

)

select * from final
