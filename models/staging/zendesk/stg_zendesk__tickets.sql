-- Grain: one ticket that was not deleted, in canonical columns. A user, group, policy or ticket that it names and nobody
-- knows leaves the ticket where it is.
{{ config(materialized='incremental', incremental_strategy='compared', enabled='zendesk' in source_systems()) }}

with

tickets as (

    select * from {{ ref('base_zendesk__ticket') }}
    where fate = 'used'

),

users as (

    select * from {{ ref('base_zendesk__user') }}
    where fate = 'used'

),

teams as (

    {{ zendesk_teams() }}

),

-- told by the ticket that took the others in
listed as (

    select
        ticket_id as merged_into,
        {{ listed_words("translate(merged_ticket_ids, '[]\" ', '')") }} as ticket_id
    from tickets

),

taken_in as (

    select
        ticket_id,
        min({{ text_order('merged_into') }}) as merged_into
    from listed
    where ticket_id <> '' and ticket_id <> merged_into
    group by ticket_id

),

applied_policies as (

    select
        *,
        row_number() over (
            partition by ticket_id order by applied_at desc, {{ text_order('policy_id') }} desc
        ) as policies_from_last
    from {{ ref('base_zendesk__ticket_sla_policy') }}
    where fate = 'used'

),

applied_schedules as (

    select
        *,
        row_number() over (partition by ticket_id order by applied_at desc) as schedules_from_last
    from {{ ref('base_zendesk__ticket_schedule') }}
    where fate = 'used'

),

default_schedule as (

    {{ zendesk_default_schedule() }}

),

final as (

    select
        'zendesk' as source_system,
        tickets.ticket_id,
        tickets.created_at,
        tickets.requester_key,
        case
            when {{ lowered('tickets.via_channel') }} in ('voice', 'phone') then 'phone'
            when
                {{ lowered('tickets.via_channel') }} in (
                    'chat', 'native_messaging', 'whatsapp', 'line', 'wechat', 'telegram', 'facebook',
                    'instagram_dm', 'twitter_dm', 'sms'
                )
                then 'chat'
            when {{ lowered('tickets.via_channel') }} in ('web', 'web_form', 'help_center', 'mobile', 'mobile_sdk')
                then 'portal'
            else {{ lowered('tickets.via_channel') }}
        end as channel,
        tickets.category,
        tickets.status,
        tickets.updated_at,
        tickets.organization_id as account_id,
        cast(null as varchar) as requested_for_key,
        -- a task is something to be done, asked for again without anything having failed; a question is no request
        case
            when {{ lowered('tickets.ticket_type') }} = 'task' then 'request'
            else tickets.ticket_type
        end as ticket_type,
        tickets.subcategory,
        cast(null as varchar) as category_at_open,
        tickets.priority,
        tickets.assignee_key,
        coalesce(teams.team_id, tickets.group_id) as team_id,
        -- the layout tells times of solving by transitions only
        cast(null as timestamp) as tool_resolved_at,
        cast(null as timestamp) as tool_closed_at,
        cast(null as varchar) as resolution_code,
        case
            when tickets.submitter_key is not null
                then {{ zendesk_actor_type('tickets.submitter_key', 'tickets.via_channel', 'submitters.role') }}
        end as created_by_actor_type,
        cast(null as varchar) as closed_by_actor_type,
        cast(null as varchar) as configuration_item,
        tickets.problem_id,
        cast(null as varchar) as parent_ticket_id,
        cast(null as varchar) as duplicate_of,
        taken_in.merged_into,
        coalesce(
            tickets.via_followup_source_id,
            case when {{ lowered('tickets.via_source_rel') }} = 'follow_up' then tickets.via_source_from_id end
        ) as follow_up_of,
        case when {{ lowered('tickets.via_channel') }} like 'sample%' then true end as is_test,
        cast(null as boolean) as reported_first_contact_resolution,
        {{ zendesk_policy(
            'applied_policies.policy_id', 'tickets.priority',
            'coalesce(applied_schedules.schedule_id, default_schedule.schedule_id)'
        ) }} as sla_policy_id,
        cast(null as bigint) as tool_reopen_count
    from tickets
    left join users as submitters
        on tickets.submitter_key = submitters.user_key
    left join teams
        on tickets.group_id = teams.group_id
    left join taken_in
        on tickets.ticket_id = taken_in.ticket_id
    left join applied_policies
        on
            tickets.ticket_id = applied_policies.ticket_id
            and applied_policies.policies_from_last = 1
    left join applied_schedules
        on
            tickets.ticket_id = applied_schedules.ticket_id
            and applied_schedules.schedules_from_last = 1
    left join default_schedule
        on true

)

select * from final
