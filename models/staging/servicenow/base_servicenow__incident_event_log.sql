-- Grain: one raw row, with its fate. Typed and renamed; people are keyed hashes from here on.
-- The log has no time stamp of its own versions: where the same change is delivered twice with different content,
-- the later arrival is current.
{{ config(materialized='table') }}

{%- set formats = ['%d/%m/%Y %H:%M', '%d/%m/%Y %H:%M:%S', '%Y-%m-%d %H:%M:%S', '%Y-%m-%dT%H:%M:%S'] %}
{%- set zone = var('source_time_zones')['servicenow'] %}
{%- set content = [
    'number', 'incident_state', 'active', 'reassignment_count', 'reopen_count', 'sys_mod_count', 'made_sla',
    'caller_id', 'opened_by', 'opened_at', 'sys_created_by', 'sys_created_at', 'sys_updated_by', 'sys_updated_at',
    'contact_type', 'location', 'category', 'subcategory', 'u_symptom', 'cmdb_ci', 'impact', 'urgency', 'priority',
    'assignment_group', 'assigned_to', 'knowledge', 'u_priority_confirmation', 'notify', 'problem_id', 'rfc',
    'vendor', 'caused_by', 'parent_incident', 'closed_code', 'resolved_by', 'resolved_at', 'closed_at',
] %}

with

source as (

    select
        *,
        {{ content_key(content) }} as content_key
    from {{ source('servicenow', 'incident_event_log') }}

),

salt as (

    select salt from {{ source('private', 'salt') }}

),

renamed as (

    select
        -- ids
        {{ missing_to_null('source.number') }} as ticket_id,
        {{ parse_integer('source.sys_mod_count') }} as event_sequence,
        {{ person_key(missing_to_null('source.caller_id'), "'servicenow'", 'salt.salt') }} as requester_key,
        {{ person_key(missing_to_null('source.sys_updated_by'), "'servicenow'", 'salt.salt') }} as actor_key,
        {{ person_key(missing_to_null('source.assigned_to'), "'servicenow'", 'salt.salt') }} as assignee_key,
        {{ missing_to_null('source.assignment_group') }} as team_id,
        {{ missing_to_null('source.problem_id') }} as problem_id,
        {{ missing_to_null('source.parent_incident') }} as parent_ticket_id,
        {{ missing_to_null('source.cmdb_ci') }} as configuration_item,

        -- attributes after the change
        {{ missing_to_null('source.contact_type') }} as channel,
        {{ missing_to_null('source.category') }} as category,
        {{ missing_to_null('source.subcategory') }} as subcategory,
        {{ missing_to_null('source.priority') }} as priority,
        {{ missing_to_null('source.incident_state') }} as status,
        {{ missing_to_null('source.closed_code') }} as resolution_code,

        -- times (UTC)
        {{ utc_time(parse_timestamp('source.opened_at', formats), zone) }} as created_at,
        {{ utc_time(parse_timestamp('source.sys_updated_at', formats), zone) }} as event_at,

        -- the tool's own account, final values copied onto every row: compared with, never used
        {{ parse_integer('source.reopen_count') }} as tool_reopen_count,
        {{ utc_time(parse_timestamp('source.resolved_at', formats), zone) }} as tool_resolved_at,
        {{ utc_time(parse_timestamp('source.closed_at', formats), zone) }} as tool_closed_at,

        -- provenance
        source.content_key,
        source._loaded_at,
        source._source_file,
        source._row_number
    from source
    cross join salt

),

copies as (

    select
        *,
        row_number() over (
            partition by content_key order by _loaded_at, _source_file, _row_number
        ) as copy_number,
        max(_loaded_at) over (partition by content_key) as last_delivered_at
    from renamed

),

graded as (

    select
        *,
        case
            when ticket_id is null then 'missing_ticket_id'
            when created_at is null then 'unreadable_creation_time'
            when event_at is null then 'unreadable_event_time'
            when event_at < created_at then 'event_before_creation'
            when {{ seconds_between('_loaded_at', 'event_at') }} > 86400 then 'event_after_load'
        end as defect
    from copies

),

versions as (

    select
        *,
        -- a row that was quarantined must not supersede a good one
        row_number() over (
            partition by ticket_id, event_sequence, event_at, copy_number = 1 and defect is null
            order by last_delivered_at desc, content_key desc
        ) as version_number
    from graded

),

final as (

    select
        *,
        case
            when copy_number > 1 then 'exact_duplicate'
            when defect is not null then 'quarantined'
            when version_number > 1 then 'superseded'
            {%- if var('as_of') is not none %}
            when event_at > cast('{{ var("as_of") }}' as timestamp) then 'excluded'
            {%- endif %}
            else 'used'
        end as fate,
        case
            when copy_number > 1 then null
            when defect is not null then defect
            {%- if var('as_of') is not none %}
            when version_number = 1 and event_at > cast('{{ var("as_of") }}' as timestamp) then 'after_as_of'
            {%- endif %}
        end as fate_reason
    from versions

)

select * from final
