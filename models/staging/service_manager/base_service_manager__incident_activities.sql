-- Grain: one raw row, with its fate. The activities tell what the incident's record forgets: each closing and reopening.
{{ config(materialized='table', enabled='service_manager' in var('source_systems')) }}

{%- set zone = source_setting('source_time_zones', 'service_manager') %}
{#- all columns that the sources file declares; a test compares the two lists -#}
{%- set content = [
    'incident id', 'datestamp', 'incidentactivity_number', 'incidentactivity_type', 'assignment group',
    'km number', 'interaction id',
] %}
{%- set defects = {
    'missing_activity_number': 'activity_id is null',
    'missing_incident_id': 'ticket_id is null',
    'unreadable_time': 'happened_at is null',
} %}
{%- do defects.update(defects_of_sizes({
    'activity_number': 'activity_id', 'incident_id': 'ticket_id', 'activity_type': 'activity_type',
    'assignment_group': 'team_id',
})) %}
{%- do defects.update(defects_of_times('happened_at', ['happened_at'])) %}

with

source as (

    select
        *,
        {{ content_key(content) }} as content_key
    from {{ source('service_manager', 'incident_activities') }}

),

renamed as {{ computed_once() }} (

    select
        {{ missing_to_null('source.incidentactivity_number') }} as activity_id,
        {{ missing_to_null('source."incident id"') }} as ticket_id,
        {{ lowered(missing_to_null('source.incidentactivity_type')) }} as activity_type,
        {{ missing_to_null('source."assignment group"') }} as team_id,
        {{ parse_timestamp(
            'source.datestamp', timestamp_formats('service_manager', 'incident_activities', 'datestamp')
        ) }} as happened_local,
        source.content_key,
        source._loaded_at,
        source._source_file,
        source._row_number
    from source

),

timed as {{ computed_once() }} (

    select
        *,
        {{ utc_from_clock('happened_local', zone) }} as happened_at
    from renamed

),

{{ row_fates('timed', ['activity_id'], defects, time='happened_at') }},

final as (

    select
        -- grain and fate
        _source_file,
        _loaded_at,
        _row_number,
        last_delivered_at as _last_delivered_at,
        fate,
        fate_reason,

        activity_id,
        ticket_id,
        activity_type,
        team_id,
        happened_at
    from fated

)

select * from final
