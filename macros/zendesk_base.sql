{#- A base model of the system `zendesk`: each raw row of the table, typed and named by zendesk_layout, people hashed, with
    its one fate. What Zendesk or the connector deleted is left out by name.

    ticket          true where a row is about a ticket that must be known: a CTE `tickets` (zendesk_tickets) must stand
                    before. What is about a deleted one is left out.
    after_creation  true where the row cannot lie before that ticket's creation
    deleted         a condition besides _fivetran_deleted
    excluded        further rules that leave rows out: reason -> condition on the typed columns
    defects         further reasons to quarantine a row: reason -> condition -#}
{% macro zendesk_base(table, ticket=false, after_creation=false, deleted='', excluded={}, defects={}) -%}
{%- set layout = zendesk_layout()[table] -%}
{%- set formats = source_setting('source_timestamp_formats', 'zendesk') -%}
{%- set reasons, rules, happened = {}, {}, [] -%}
{%- set sizes = {'text': {}, 'integer': {}} -%}
{%- for column, (name, kind) in layout['columns'].items() -%}
    {%- if name in layout['required'] -%}
        {%- do reasons.update({'missing_' ~ column: 'is_' ~ name ~ '_missing'}) -%}
    {%- endif -%}
{%- endfor -%}
{%- for column, (name, kind) in layout['columns'].items() -%}
    {%- if kind in ('time', 'date', 'integer', 'boolean') -%}
        {%- do reasons.update({'unreadable_' ~ column: 'not is_' ~ name ~ '_missing and ' ~ name ~ ' is null'}) -%}
    {%- endif -%}
    {%- if kind == 'time' -%}
        {%- do happened.append(name) -%}
    {%- endif -%}
    {%- set size = 'text' if kind == 'value' else kind -%}
    {#- a list grows with each ticket that is merged, and is taken apart -#}
    {%- if size in sizes and name != 'merged_ticket_ids' -%}
        {%- do sizes[size].update({column: name}) -%}
    {%- endif -%}
{%- endfor -%}
{%- do reasons.update({'unreadable__fivetran_deleted': 'not is_deleted_missing and is_deleted is null'}) -%}
{%- do reasons.update(defects_of_sizes(sizes['text'], sizes['integer'])) -%}
{%- do reasons.update(defects_of_times(layout.get('time'), happened)) -%}
{%- do rules.update({
    'deleted_in_source': 'coalesce(is_deleted, false)' ~ (' or ' ~ deleted if deleted else '')
}) -%}
{%- if ticket -%}
    {%- do reasons.update({'no_such_ticket': 'ticket_created_at is null'}) -%}
    {%- do rules.update({'ticket_deleted_in_source': 'coalesce(is_ticket_deleted, false)'}) -%}
{%- endif -%}
{%- if after_creation -%}
    {%- do reasons.update({'event_before_creation': layout['time'] ~ ' < ticket_created_at'}) -%}
{%- endif -%}
{%- do reasons.update(defects) -%}
{%- do rules.update(excluded) -%}
source as (

    {{ connector_rows('zendesk', table, layout['columns'] | list + ['_fivetran_deleted', '_fivetran_synced']) }}

),

salt as (

    select salt from {{ source('private', 'salt') }}

),

typed as {{ computed_once() }} (

    select
        {%- for column, (name, kind) in layout['columns'].items() %}
        {%- set text = 'source.' ~ adapter.quote(column) %}
        {% if kind == 'time' -%}
        {{ parse_timestamp(text, timestamp_formats('zendesk', table, column)) }}
        {%- elif kind == 'date' -%}
        cast({{ parse_timestamp(text, timestamp_formats('zendesk', table, column)) }} as date)
        {%- elif kind == 'integer' -%}
        {{ parse_integer(text) }}
        {%- elif kind == 'boolean' -%}
        {{ parse_boolean(text) }}
        {%- elif kind == 'person' -%}
        {{ person_key(text, "'zendesk'", 'salt.salt') }}
        {%- elif kind == 'user' -%}
        {{ person_key("nullif(" ~ text ~ ", '-1')", "'zendesk'", 'salt.salt') }}
        {%- elif kind == 'value' -%}
        case
            when source.field_name = 'assignee_id' then {{ person_key(text, "'zendesk'", 'salt.salt') }}
            when source.field_name in ('{{ zendesk_fields() | join("', '") }}') then {{ text }}
        end
        {%- else -%}
        {{ text }}
        {%- endif %} as {{ name }},
        {%- if name in layout['required'] or kind in ('time', 'date', 'integer', 'boolean') %}
        {{ text }} is null as is_{{ name }}_missing,
        {%- endif %}
        {%- endfor %}
        {{ parse_boolean('source._fivetran_deleted') }} as is_deleted,
        source._fivetran_deleted is null as is_deleted_missing,
        {{ parse_timestamp('source._fivetran_synced', ['iso']) }} as synced_at,
        source.content_key,
        source._loaded_at,
        source._source_file,
        source._row_number
    from source
    cross join salt

),
{% if ticket %}
with_tickets as (

    select
        typed.*,
        tickets.created_at as ticket_created_at,
        tickets.is_deleted as is_ticket_deleted
    from typed
    left join tickets
        on typed.ticket_id = tickets.ticket_id

),
{% endif %}
{{ row_fates(
    'with_tickets' if ticket else 'typed', layout['key'], reasons, rules, layout.get('version', 'synced_at'),
    layout.get('time')
) }},

final as (

    select
        -- grain and fate
        _source_file,
        _loaded_at,
        _row_number,
        last_delivered_at as _last_delivered_at,
        fate,
        fate_reason,

        -- the layout
        {%- for name, kind in layout['columns'].values() %}
        {{ name }},
        {%- endfor %}
        synced_at
    from fated

)

select * from final
{%- endmacro %}

{#- Every ticket that is known, whatever became of it: `tickets` for zendesk_base. -#}
{% macro zendesk_tickets() -%}
    -- a ticket left out by as_of is known all the same
    select
        ticket_id,
        created_at,
        fate_reason is not distinct from 'deleted_in_source' as is_deleted
    from {{ ref('base_zendesk__ticket') }}
    where fate in ('used', 'excluded')
{%- endmacro %}

{#- What each group is called: its name, with its number where several groups have it. -#}
{% macro zendesk_teams() -%}
    select
        group_id,
        case
            when count(*) over (partition by group_name) = 1 then coalesce(group_name, group_id)
            else coalesce(group_name || ' (' || group_id || ')', group_id)
        end as team_id
    from {{ ref('base_zendesk__group') }}
    where fate = 'used'
{%- endmacro %}

{#- Who acted, in the contract's words: a rule, Zendesk itself (it has no key), else by the user's role; null where the user
    or the role is not known. -#}
{% macro zendesk_actor_type(actor_key, via_channel, role) -%}
    case
        when {{ lowered(via_channel) }} = 'rule' then 'automation'
        when {{ actor_key }} is null then 'system'
        when {{ lowered(role) }} = 'end-user' then 'requester'
        when {{ lowered(role) }} in ('agent', 'admin') then 'agent'
    end
{%- endmacro %}

{#- Zendesk's targets differ by priority, and the schedule is the ticket's: together they are one policy of the
    contract. -#}
{% macro zendesk_policy(policy, priority, schedule) -%}
    {{ policy }} || '/' || {{ lowered(priority) }} || coalesce('/' || {{ schedule }}, '')
{%- endmacro %}

{#- The schedule of tickets that none was applied to: the first that was made. -#}
{% macro zendesk_default_schedule() -%}
    select schedule_id
    from (
        select
            schedule_id,
            row_number() over (
                order by created_at nulls last, {{ text_order('schedule_id') }}, start_minute, end_minute
            ) as place
        from {{ ref('base_zendesk__schedule') }}
        where fate = 'used'
    ) as schedules
    where place = 1
{%- endmacro %}
