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

{#- What identifies a row of a raw table, so that a corrected one is found again. `known`: columns of its base model that a row
    must have; `others`: those that may be empty; `raw`: the same, as the reasons of quarantined rows call them. -#}
{% macro raw_key(system, table) -%}
    {%- set own = {
        'servicenow.incident_event_log': ['ticket_id', 'event_sequence'],
        'bank_call_log.calls': ['leg_id'],
        'service_manager.interactions': ['ticket_id'],
        'service_manager.incidents': ['ticket_id'],
        'service_manager.incident_activities': ['activity_id'],
    } -%}
    {%- set known, others, raw = [], [], [] -%}
    {%- if system == 'canonical' -%}
        {%- set contract = canonical_contract()[table] -%}
        {%- for column in contract['key'] -%}
            {%- set name = canonical_name(column, contract['columns'][column], contract.get('tool', {})) -%}
            {%- do (known if column in canonical_required(contract) else others).append(name) -%}
            {%- do raw.append(column) -%}
        {%- endfor -%}
    {%- elif system == 'zendesk' -%}
        {%- set layout = zendesk_layout()[table] -%}
        {%- for column, (name, kind) in layout['columns'].items() if name in layout['key'] -%}
            {%- do (known if name in layout['required'] else others).append(name) -%}
            {%- do raw.append(column) -%}
        {%- endfor -%}
    {%- else -%}
        {%- do known.extend(own[system ~ '.' ~ table]) -%}
    {%- endif -%}
    {{ return({'known': known, 'others': others, 'raw': raw}) }}
{%- endmacro %}
