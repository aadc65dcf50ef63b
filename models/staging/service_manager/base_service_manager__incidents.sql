-- Grain: one raw row, with its fate. The record holds the last of each time only: of several reopenings, one.
{{ config(materialized='table', enabled='service_manager' in var('source_systems')) }}

{%- set zone = source_setting('source_time_zones', 'service_manager') %}
{#- all columns that the sources file declares; a test compares the two lists -#}
{%- set content = [
    'incident id', 'status', 'category', 'open time', 'reopen time', 'resolved time', 'close time',
    'related interaction', 'closure code', 'ci name (aff)', 'ci type (aff)', 'ci subtype (aff)',
    'service component wbs (aff)', 'impact', 'urgency', 'priority', 'km number', 'alert status',
    '# reassignments', 'handle time (hours)', '# related interactions', '# related incidents',
    '# related changes', 'related change', 'ci name (cby)', 'ci type (cby)', 'ci subtype (cby)',
    'servicecomp wbs (cby)',
] %}
{%- set defects = {
    'missing_incident_id': 'ticket_id is null',
    'unreadable_open_time': 'created_at is null',
    'unreadable_reopen_time': 'is_reopened and reopened_at is null',
    'unreadable_resolved_time': 'is_resolved and resolved_at is null',
    'unreadable_close_time': 'is_closed and closed_at is null',
} %}
{%- do defects.update(defects_of_sizes({
    'incident_id': 'ticket_id', 'category': 'kind', 'status': 'status', 'priority': 'priority',
    'ci_subtype': 'category', 'ci_name': 'configuration_item', 'closure_code': 'resolution_code',
    'related_interaction': 'interaction_id',
})) %}
{%- do defects.update(defects_of_times('created_at', ['created_at', 'reopened_at', 'resolved_at', 'closed_at'])) %}

with

source as (

    select
        *,
        {{ content_key(content) }} as content_key
    from {{ source('service_manager', 'incidents') }}

),

renamed as {{ computed_once() }} (

    select
        {{ missing_to_null('source."incident id"') }} as ticket_id,
        {{ missing_to_null('source.category') }} as kind,
        {{ missing_to_null('source.status') }} as status,
        {{ missing_to_null('source.priority') }} as priority,
        {{ missing_to_null('source."ci subtype (aff)"') }} as category,
        {{ missing_to_null('source."ci name (aff)"') }} as configuration_item,
        {{ missing_to_null('source."closure code"') }} as resolution_code,
        {{ missing_to_null('source."related interaction"', '#MULTIVALUE') }} as interaction_id,
        {%- for moment in ['reopen', 'resolved', 'close'] %}
        {{ missing_to_null('source."' ~ moment ~ ' time"') }} is not null
            as is_{{ {'reopen': 'reopened', 'close': 'closed'}.get(moment, moment) }},
        {%- endfor %}
        {%- for moment in ['open', 'reopen', 'resolved', 'close'] %}
        {{ parse_timestamp(
            'source."' ~ moment ~ ' time"', timestamp_formats('service_manager', 'incidents', moment ~ ' time')
        ) }} as {{ {'open': 'created', 'reopen': 'reopened', 'close': 'closed'}.get(moment, moment) }}_local,
        {%- endfor %}
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
        {{ utc_from_clock('reopened_local', zone) }} as reopened_at,
        {{ utc_from_clock('resolved_local', zone) }} as resolved_at,
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
        interaction_id,
        created_at,
        reopened_at,
        resolved_at,
        closed_at
    from fated

)

select * from final
