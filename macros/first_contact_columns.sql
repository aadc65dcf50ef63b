{#- The select list of a part of fct_first_contact_verdicts, always in one order.

    definition, thing_id, is_called_resolved: SQL. seconds_to_noticed, definition_days, csat_share: of some definitions only.
    rows: the relation of visits or resolutions that has the other columns; a list of two: whichever has them; none: the only one. known: columns that come
    from elsewhere, as SQL. -#}
{% macro first_contact_columns(
    definition, thing_id, is_called_resolved, rows, seconds_to_noticed='null', definition_days='null', csat_share='null',
    known={}
) -%}
    {{ definition }} as definition_id,
        {{ thing_id }} as thing_id,
        {%- for column in [
            'source_system', 'happened_at', 'team_id', 'queue', 'category', 'channel', 'account_id', 'has_outcome',
            'is_observable', 'seconds_to_return', 'observed_until',
        ] %}
        {%- if column in known %}
        {{ known[column] }} as {{ column }},
        {%- elif rows is none %}
        {{ column }},
        {%- elif rows is string %}
        {{ rows }}.{{ column }},
        {%- else %}
        coalesce({{ rows[0] }}.{{ column }}, {{ rows[1] }}.{{ column }}) as {{ column }},
        {%- endif %}
        {%- endfor %}
        {{ is_called_resolved }} as is_called_resolved,
        cast({{ seconds_to_noticed }} as bigint) as seconds_to_noticed,
        cast({{ definition_days }} as integer) as definition_days,
        cast({{ csat_share }} as decimal(18, 4)) as csat_share
{%- endmacro %}
