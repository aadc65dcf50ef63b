{#- A base model of the system `canonical`: each raw row of the table, typed by the contract, people hashed, with its
    one fate. Names and types are those of staging (canonical_columns).

    ticket          true where a row is about a ticket that must be known: a CTE `tickets` with ticket_id and created_at
                    must stand before
    after_creation  true where the row cannot lie before that ticket's creation
    excluded        named rules that leave rows out: reason -> condition on the typed columns
    defects         further reasons to quarantine a row: reason -> condition -#}
{% macro canonical_base(table, ticket=false, after_creation=false, excluded={}, defects={}) -%}
{%- set contract = canonical_contract()[table] -%}
{%- set tool = contract.get('tool', {}) -%}
{%- set parsed = ('time', 'plan', 'date', 'integer', 'sequence', 'decimal', 'boolean') -%}
{%- set names, texts, people, reasons, happened = {}, {}, [], {}, [] -%}
{%- set raw_texts, key_texts = {}, {} -%}
{%- set sizes = {'text': {}, 'integer': {}, 'decimal': {}} -%}
{%- for column, kind in contract['columns'].items() -%}
    {%- do names.update({column: canonical_name(column, kind, tool)}) -%}
    {%- set raw = "cast(source." ~ adapter.quote(column) ~ " as varchar)" -%}
    {%- do raw_texts.update({column: "nullif(" ~ trimmed_column(raw) ~ ", '')"}) -%}
    {%- do key_texts.update({column: canonical_key_text(column, 'source.')}) -%}
    {%- do texts.update({column: 'texts.' ~ adapter.quote(column)}) -%}
    {%- if kind in ('person', 'actor', 'value') -%}
        {%- do people.append(column) -%}
    {%- endif -%}
    {%- if kind == 'time' -%}
        {%- do happened.append(names[column]) -%}
    {%- endif -%}
    {%- set size = 'text' if kind == 'value' else kind -%}
    {%- if size in sizes -%}
        {%- do sizes[size].update({column: names[column]}) -%}
    {%- endif -%}
{%- endfor -%}
{%- for column in canonical_required(contract) -%}
    {%- do reasons.update({'missing_' ~ column: 'is_' ~ column ~ '_missing'}) -%}
{%- endfor -%}
{%- for column, kind in contract['columns'].items() if kind in parsed -%}
    {%- do reasons.update({'unreadable_' ~ column: 'not is_' ~ column ~ '_missing and ' ~ names[column] ~ ' is null'}) -%}
{%- endfor -%}
{%- do reasons.update(defects_of_sizes(sizes['text'], sizes['integer'], sizes['decimal'])) -%}
{%- do reasons.update(defects_of_times(contract.get('time'), happened)) -%}
{%- if ticket -%}
    {%- do reasons.update({'no_such_ticket': 'ticket_created_at is null'}) -%}
{%- endif -%}
{%- if after_creation -%}
    {%- do reasons.update({'event_before_creation': contract['time'] ~ ' < ticket_created_at'}) -%}
{%- endif -%}
{%- do reasons.update(defects) -%}
{%- set key = [] -%}
{%- for column in contract['key'] -%}
    {%- do key.append(names[column]) -%}
{%- endfor -%}
{%- set is_repeated = has_key_of_texts(contract) -%}
source as (

    select * from {{ source('canonical', table) }}
    {%- if is_repeated %}
    where {{ is_touched(canonical_raw_key(table)) }}
    {%- endif %}

),

{% if is_repeated -%}
-- where a key occurs once, nothing can be a copy or another version
repeated as (

    select
        {%- for column in contract['key'] %}
        {{ key_texts[column] }} as {{ adapter.quote(column) }}{{ ',' if not loop.last }}
        {%- endfor %}
    from source
    group by {% for column in contract['key'] %}{{ key_texts[column] }}{{ ', ' if not loop.last }}{% endfor %}
    having count(*) > 1

),
{% endif %}
texts as {{ computed_once() }} (

    select
        {%- for column in contract['columns'] %}
        {{ raw_texts[column] }} as {{ adapter.quote(column) }},
        {%- endfor %}
        {%- if is_repeated %}
        repeated.{{ adapter.quote(contract['key'][0]) }} is not null as is_repeated,
        case
            when repeated.{{ adapter.quote(contract['key'][0]) }} is not null
                then {{ content_key(contract['columns'], 'source') }}
        end as content_key,
        {%- else %}
        {{ content_key(contract['columns'], 'source') }} as content_key,
        {%- endif %}
        source._loaded_at,
        source._source_file,
        source._row_number
    from source
    {%- if is_repeated %}
    left join repeated
        on
            {%- for column in contract['key'] %}
            {{ 'and ' if not loop.first }}{{ key_texts[column] }} = repeated.{{ adapter.quote(column) }}
            {%- endfor %}
    {%- endif %}

),
{% if people %}
salt as (

    select salt from {{ source('private', 'salt') }}

),

-- each identifier is hashed once, however many rows name it
people as (

    select
        identifiers.identifier,
        {{ person_key('identifiers.identifier', "'canonical'", 'salt.salt') }} as person_key
    from (
        {%- for column in people %}
        select{{ ' distinct' if people | length == 1 }} {{ texts[column] }} as identifier
        from texts
        {%- if contract['columns'][column] == 'value' %}
        where {{ lowered('texts.field') }} = 'assignee'
        {%- endif %}
        {{ 'union' if not loop.last }}
        {%- endfor %}
    ) as identifiers
    cross join salt

),
{% endif %}
typed as {{ computed_once() }} (

    select
        {%- for column, kind in contract['columns'].items() %}
        {%- set text = texts[column] %}
        {% if kind in ('time', 'plan') -%}
        {{ parse_timestamp(text, timestamp_formats('canonical', table, column), is_trimmed=true) }}
        {%- elif kind == 'date' -%}
        cast({{ parse_timestamp(text, timestamp_formats('canonical', table, column), is_trimmed=true) }} as date)
        {%- elif kind in ('integer', 'sequence') -%}
        {{ parse_integer(text, is_trimmed=true) }}
        {%- elif kind == 'decimal' -%}
        {{ parse_decimal(text, source_setting('source_decimal_separators', 'canonical')) }}
        {%- elif kind == 'boolean' -%}
        {{ parse_boolean(text, is_trimmed=true) }}
        {%- elif kind == 'person' -%}
        of_{{ column }}.person_key
        {%- elif kind == 'actor' -%}
        case
            when {{ lowered(text) }} in ('agent', 'requester', 'system', 'automation') then {{ lowered(text) }}
            else of_{{ column }}.person_key
        end
        {%- elif kind == 'value' -%}
        {#- values of other fields may be free text, and stay behind -#}
        case
            when {{ lowered('texts.field') }} = 'assignee' then of_{{ column }}.person_key
            when {{ lowered('texts.field') }} in ('{{ ticket_fields() | join("', '") }}') then {{ text }}
        end
        {%- else -%}
        {{ text }}
        {%- endif %} as {{ names[column] }},
        {{ text }} is null as is_{{ column }}_missing,
        {%- endfor %}
        {%- if is_repeated %}
        texts.is_repeated,
        {%- endif %}
        texts.content_key,
        texts._loaded_at,
        texts._source_file,
        texts._row_number
    from texts
    {%- for column in people %}
    left join people as of_{{ column }}
        on {{ texts[column] }} = of_{{ column }}.identifier
    {%- endfor %}

),
{% if ticket %}
with_tickets as (

    select
        typed.*,
        tickets.created_at as ticket_created_at
    from typed
    left join tickets
        on typed.ticket_id = tickets.ticket_id

),
{% endif %}
{{ row_fates(
    'with_tickets' if ticket else 'typed', key, reasons, excluded, contract.get('version'), contract.get('time'),
    'is_repeated' if is_repeated
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

        -- the contract
        {%- for name in names.values() %}
        {{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from fated

)

select * from final
{%- endmacro %}

{#- Whether the rows of a canonical table are known by texts alone, which can be compared before anything is read. -#}
{% macro has_key_of_texts(contract) -%}
    {%- for column in contract['key'] if contract['columns'][column] != 'text' -%}
        {{ return(false) }}
    {%- endfor -%}
    {{ return(true) }}
{%- endmacro %}

{#- A column of the key of a raw row as text; empty where there is none. -#}
{% macro canonical_key_text(column, rows='') -%}
    {{ return("coalesce(" ~ trimmed_column("cast(" ~ rows ~ adapter.quote(column) ~ " as varchar)") ~ ", '')") }}
{%- endmacro %}

{#- By which rows of a base model are replaced in an increment, and what it is of a raw row: its key. -#}
{% macro canonical_base_key(table) -%}
    {%- set contract, parts = canonical_contract()[table], [] -%}
    {%- for column in contract['key'] -%}
        {%- set name = canonical_name(column, contract['columns'][column], contract.get('tool', {})) -%}
        {%- do parts.append("coalesce(" ~ name ~ ", '')") -%}
    {%- endfor -%}
    {{ return(parts | join(" || '/' || ")) }}
{%- endmacro %}

{% macro canonical_raw_key(table) -%}
    {%- set parts = [] -%}
    {%- for column in canonical_contract()[table]['key'] -%}
        {%- do parts.append(canonical_key_text(column)) -%}
    {%- endfor -%}
    {{ return(parts | join(" || '/' || ")) }}
{%- endmacro %}

{#- Columns of a canonical table that must be known in each row. -#}
{% macro canonical_required(contract) -%}
    {%- set required = contract.get('required') or contract['key'] | list -%}
    {%- if not contract.get('required') and contract.get('time') and contract['time'] not in required -%}
        {%- set required = required + [contract['time']] -%}
    {%- endif -%}
    {{ return(required) }}
{%- endmacro %}

{#- Fields of a ticket whose changes are read; a change of any other field is excluded as `field_not_read`. -#}
{% macro ticket_fields() -%}
    {{ return([
        'status', 'assignee', 'team', 'priority', 'category', 'subcategory', 'ticket_type', 'sla_policy', 'sla_policy_id'
    ]) }}
{%- endmacro %}
