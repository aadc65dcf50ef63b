-- Grain: one raw row, with its fate. The desk's interaction: closed once, and left closed when its incident reopens.
{{ config(materialized='table', enabled='service_manager' in var('source_systems')) }}

{%- set zone = source_setting('source_time_zones', 'service_manager') %}
{#- all columns that the sources file declares; a test compares the two lists -#}
{%- set content = [
    'interaction id', 'status', 'category', 'open time (first touch)', 'close time', 'related incident',
    'first call resolution', 'closure code', 'handle time (secs)', 'ci name (aff)', 'ci type (aff)',
    'ci subtype (aff)', 'service comp wbs (aff)', 'impact', 'urgency', 'priority', 'km number',
] %}
{%- set defects = {
    'missing_interaction_id': 'ticket_id is null',
    'unreadable_open_time': 'created_at is null',
    'unreadable_close_time': 'is_closed and closed_at is null',
} %}
{%- do defects.update(defects_of_sizes({
    'interaction_id': 'ticket_id', 'category': 'kind', 'status': 'status', 'priority': 'priority',
    'ci_subtype': 'category', 'ci_name': 'configuration_item', 'closure_code': 'resolution_code',
    'related_incident': 'incident_id',
})) %}
{%- do defects.update(defects_of_times('created_at', ['created_at', 'closed_at'])) %}

with

source as (

    select
        *,
        {{ content_key(content) }} as content_key
    from {{ source('service_manager', 'interactions') }}

),

renamed as {{ computed_once() }} (

    select
        {{ missing_to_null('source."interaction id"') }} as ticket_id,
        {{ missing_to_null('source.category') }} as kind,
        {{ missing_to_null('source.status') }} as status,
        {{ missing_to_null('source.priority') }} as priority,
        {{ missing_to_null('source."ci subtype (aff)"') }} as category,
        {{ missing_to_null('source."ci name (aff)"') }} as configuration_item,
        {{ missing_to_null('source."closure code"') }} as resolution_code,
        {{ missing_to_null('source."related incident"', '#MULTIVALUE') }} as incident_id,
        {{ parse_boolean('source."first call resolution"') }} as is_first_call_resolution,
        {{ missing_to_null('source."close time"') }} is not null as is_closed,
        {{ parse_timestamp(
            'source."open time (first touch)"',
            timestamp_formats('service_manager', 'interactions', 'open time (first touch)')
        ) }} as created_local,
        {{ parse_timestamp(
            'source."close time"', timestamp_formats('service_manager', 'interactions', 'close time')
        ) }} as closed_local,
        source.content_key,
        source._loaded_at,
        source._source_file,
        source._row_number
    from source

),

timed as {{ computed_once() }} (

    select
        *,
        {{ utc_from_clock('created_local', zone) }} as created_at,
        {{ utc_from_clock('closed_local', zone) }} as closed_at
    from renamed

),

{{ row_fates('timed', ['ticket_id'], defects, time='created_at') }},

final as (

    select
        -- grain and fate
        _source_file,
        _loaded_at,
        _row_number,
        last_delivered_at as _last_delivered_at,
        fate,
        fate_reason,

        ticket_id,
        kind,
        status,
        priority,
        category,
        configuration_item,
        resolution_code,
        incident_id,
        is_first_call_resolution,
        created_at,
        closed_at
    from fated

)

select * from final
