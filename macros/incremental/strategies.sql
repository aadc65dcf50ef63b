{#- An increment begins where `counterweight build` says so; dbt by itself always builds in full. -#}
{% macro should_full_refresh() -%}
    {{ return(config.get('full_refresh') or not is_increment()) }}
{%- endmacro %}

{#- Before a model of the strategy `by_key` in an increment: the keys that it computes anew. Hook. -#}
{% macro write_touched_keys() -%}
    {%- if config.get('incremental_strategy') == 'by_key' and is_increment() -%}
        {%- set chosen = [] -%}
        {#- `make touch-rules` finds each by its name -#}
        {%- for name, keys in touch_rules()[model.name]['touched_by'].items() -%}
            {%- do chosen.append('/* rule: ' ~ name ~ ' */ ' ~ keys) -%}
        {%- endfor -%}
        drop table if exists {{ touched_keys(model.name) }};
        create table {{ touched_keys(model.name) }} as
        select distinct touched_key from (
            {{ chosen | join('\n            union all\n            ') }}
        ) as rules
        where touched_key is not null
    {%- endif -%}
{%- endmacro %}

{#- Rows of the touched keys were computed: those of each key of which something changed are replaced. -#}
{% macro get_incremental_by_key_sql(arguments) -%}
    {%- set key = touch_rules()[model.name]['key'] -%}
    {%- set is_known = '(' ~ key ~ ') in (select touched_key from ' ~ touched_keys(model.name) ~ ')' -%}
    {%- set is_changed = '(' ~ key ~ ') in (select ' ~ key ~ ' from ' ~ changes_of(model.name) ~ ')' -%}
    {{ replace_changed_rows(arguments, is_known, is_changed) }}
{%- endmacro %}

{#- All rows were computed: they are replaced where any of them changed. -#}
{% macro get_incremental_compared_sql(arguments) -%}
    {{ replace_changed_rows(arguments, '1 = 1', 'exists (select 1 from ' ~ changes_of(model.name) ~ ')') }}
{%- endmacro %}

{#- Writes what was removed and added into `changes`, and replaces rows. One aggregate finds both: a row that is in the table as
    often as among the computed ones is none; the others differ so many times (changed_rows).

    is_known    condition on rows that were computed anew, in the table as it was
    is_changed  condition on rows that are replaced: known ones -#}
{% macro replace_changed_rows(arguments, is_known, is_changed) -%}
    {%- set names = [] -%}
    {%- for column in arguments['dest_columns'] -%}
        {%- do names.append(adapter.quote(column.name)) -%}
    {%- endfor -%}
    {%- set columns = names | join(', ') -%}
    {%- set table = arguments['target_relation'] -%}
    {%- set computed = arguments['temp_relation'] -%}
    {%- set changes = changes_of(model.name) -%}
    drop table if exists {{ changes }};
    create table {{ changes }} as
    select {{ columns }}, sum(added) > 0 as is_new_row, abs(sum(added)) as changed_rows
    from (
        select {{ columns }}, -1 as added from {{ table }}
        union all
        select {{ columns }}, 1 as added from {{ computed }}
    ) as both_builds
    where {{ is_known }}
    group by {{ columns }}
    having sum(added) <> 0;
    delete from {{ table }} where {{ is_changed }};
    insert into {{ table }} ({{ columns }})
    select {{ columns }} from {{ computed }} where {{ is_changed }}
{%- endmacro %}
