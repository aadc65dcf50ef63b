{#- The raw tables of each source system; the base model of each gives its rows their fates. -#}
{% macro raw_tables() -%}
    {{ return({
        'canonical': canonical_contract().keys() | list,
        'servicenow': ['incident_event_log'],
        'bank_call_log': ['calls'],
        'service_manager': ['interactions', 'incidents', 'incident_activities'],
        'zendesk': zendesk_layout().keys() | list,
    }) }}
{%- endmacro %}
