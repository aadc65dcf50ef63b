-- Grain: one raw row, with its fate. Typed and renamed; people are keyed hashes from here on.
-- The log has no time stamp of its own versions: where the same change is delivered twice with different content,
-- the later arrival is current.
{{ config(materialized='table') }}

{%- set formats = source_setting('source_timestamp_formats', 'servicenow') %}
{%- set zone = source_setting('source_time_zones', 'servicenow') %}
{#- all columns that the sources file declares; a test compares the two lists -#}
{%- set content = [
    'number', 'incident_state', 'active', 'reassignment_count', 'reopen_count', 'sys_mod_count', 'made_sla',
    'caller_id', 'opened_by', 'opened_at', 'sys_created_by', 'sys_created_at', 'sys_updated_by', 'sys_updated_at',
    'contact_type', 'location', 'category', 'subcategory', 'u_symptom', 'cmdb_ci', 'impact', 'urgency', 'priority',
    'assignment_group', 'assigned_to', 'knowledge', 'u_priority_confirmation', 'notify', 'problem_id', 'rfc',
    'vendor', 'caused_by', 'parent_incident', 'closed_code', 'resolved_by', 'resolved_at', 'closed_at',
] %}
{#- without a number, changes of one minute are different changes -#}
{%- set key = [
    'ticket_id', 'event_sequence', 'event_at', 'case when event_sequence is null then content_key end',
] %}
{%- set defects = {
    'missing_ticket_id': 'ticket_id is null',
    'unreadable_creation_time': 'created_at is null',
    'unreadable_event_time': 'event_at is null',
} %}
{%- do defects.update(defects_of_sizes({
    'number': 'ticket_id', 'assignment_group': 'team_id', 'problem_id': 'problem_id',
    'parent_incident': 'parent_ticket_id', 'cmdb_ci': 'configuration_item', 'contact_type': 'channel',
    'category': 'category', 'subcategory': 'subcategory', 'priority': 'priority', 'incident_state': 'status',
    'closed_code': 'resolution_code',
})) %}
{%- do defects.update(defects_of_times('created_at', ['event_at'])) %}
{#- the second showing of an hour that the clock shows twice is not before the opening -#}
{%- do defects.update({
    'event_before_creation': "event_at < ticket_created_at "
        ~ "and not (is_repeated_hour and event_at + interval '1' hour >= ticket_created_at)"
}) %}

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

renamed as {{ computed_once() }} (

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

        -- readings of the system's own clock
        {{ parse_timestamp('source.opened_at', formats) }} as created_local,
        {{ parse_timestamp('source.sys_updated_at', formats) }} as event_local,

        -- the tool's own account, final values copied onto every row: compared with, never used
        {{ parse_integer('source.reopen_count') }} as tool_reopen_count,
        {{ parse_timestamp('source.resolved_at', formats) }} as tool_resolved_local,
        {{ parse_timestamp('source.closed_at', formats) }} as tool_closed_local,

        -- provenance
        source.content_key,
        source._loaded_at,
        source._source_file,
        source._row_number
    from source
    cross join salt

),

in_utc as {{ computed_once() }} (

    select
        *,
        {%- for moment in ['created', 'event', 'tool_resolved', 'tool_closed'] %}
        {{ utc_from_clock(moment ~ '_local', zone) }} as {{ moment }}_at,
        {%- endfor %}
        coalesce({{ is_nonexistent_hour('event_local', zone) }}, false) as is_nonexistent_hour
    from renamed

),

-- an edit of the opening time later on must not push a ticket's own changes before it
opened as (

    select
        *,
        coalesce({{ is_repeated_hour('event_at', zone) }}, false) as is_repeated_hour,
        min(
            case when created_at >= cast('{{ var("earliest_plausible_time") }}' as timestamp) then created_at end
        ) over (partition by ticket_id) as ticket_created_at
    from in_utc

),

{{ row_fates('opened', key, defects, time='event_at') }},

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
        ticket_id,
        -- it orders a ticket's changes only where each of them has one
        case
            when
                count(*) over (partition by ticket_id, fate) = count(event_sequence) over (partition by ticket_id, fate)
                then event_sequence
        end as event_sequence,
        content_key,
        requester_key,
        actor_key,
        assignee_key,
        team_id,
        problem_id,
        parent_ticket_id,
        configuration_item,

        -- attributes after the change
        channel,
        category,
        subcategory,
        priority,
        status,
        resolution_code,

        -- times (UTC)
        ticket_created_at as created_at,
        case
            when is_repeated_hour and event_at < ticket_created_at then event_at + interval '1' hour
            else event_at
        end as event_at,
        is_repeated_hour,
        is_nonexistent_hour,

        -- the tool's own account
        tool_reopen_count,
        tool_resolved_at,
        tool_closed_at
    from fated

)

select * from final
