-- Grain: one ticket of any source system. as_of replays event times: a ticket opened later is not there yet, but of one
-- that is, the current version's attributes are taken, as they are known today.
{{ config(materialized='incremental', incremental_strategy='by_key') }}

with

unioned as (

    {{ union_systems('tickets', touched='ticket_id') }}

),

statuses as (

    select * from {{ ref('ticket_statuses') }}

),

identities as (

    select * from {{ ref('int_identities') }}

),

final as (

    select
        unioned.source_system || ':' || unioned.ticket_id as ticket_key,
        unioned.source_system,
        unioned.ticket_id,
        unioned.created_at,
        unioned.updated_at,
        {{ resolved_customer('unioned.requester_key') }} as customer_key,
        unioned.account_id,
        unioned.channel,
        {{ lowered('unioned.ticket_type') }} as ticket_type,
        unioned.category,
        unioned.subcategory,
        unioned.category_at_open,
        coalesce(statuses.status, {{ lowered(trimmed('unioned.status')) }}) as status,
        unioned.team_id,
        unioned.assignee_key,
        unioned.priority,
        unioned.sla_policy_id,
        {{ lowered('unioned.created_by_actor_type') }} in ('system', 'automation') as is_machine_made,
        case
            when
                {{ lowered(trimmed('unioned.created_by_actor_type')) }}
                in ('agent', 'requester', 'system', 'automation')
                then {{ lowered(trimmed('unioned.created_by_actor_type')) }}
            when unioned.created_by_actor_type is not null then 'unknown'
        end as opened_by,
        unioned.configuration_item,
        unioned.problem_id,
        unioned.source_system || ':' || unioned.parent_ticket_id as parent_ticket_key,
        unioned.source_system || ':' || unioned.duplicate_of as duplicate_of_key,
        unioned.source_system || ':' || unioned.follow_up_of as follow_up_of_key,
        coalesce(unioned.is_test, false) as is_test,
        coalesce({{ lowered(trimmed('unioned.resolution_code')) }} = 'spam', false) as is_spam,
        coalesce({{ lowered(trimmed('unioned.resolution_code')) }} = 'duplicate', false)
        or unioned.duplicate_of is not null
        or unioned.merged_into is not null as is_duplicate,
        unioned.reported_first_contact_resolution,
        unioned.tool_resolved_at,
        unioned.tool_closed_at,
        unioned.tool_reopen_count
    from unioned
    left join statuses
        on
            unioned.source_system = statuses.source_system
            and {{ lowered(trimmed('unioned.status')) }} = statuses.source_status
    left join identities
        on unioned.requester_key = identities.identifier_key

)

select * from final
