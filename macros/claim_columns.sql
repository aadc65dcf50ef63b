{#- The columns of int_claims that its kinds of claims have in different measure, always in one order: those in `known`
    from the SQL there, the others null. -#}
{% macro claim_columns(known) -%}
    {%- for column, type in {
        'claim_key': 'varchar', 'episode_id': 'varchar', 'contact_key': 'varchar', 'ticket_key': 'varchar',
        'ticket_id': 'varchar', 'customer_key': 'varchar', 'claimed_at': 'timestamp', 'claimed_by': 'varchar',
        'channel': 'varchar', 'queue': 'varchar', 'team_id': 'varchar', 'account_id': 'varchar', 'category': 'varchar',
        'subcategory': 'varchar', 'closure_mode': 'varchar', 'closed_at': 'timestamp',
    }.items() %}
        {{ known.get(column, 'cast(null as ' ~ type ~ ')') }} as {{ column }}{{ ',' if not loop.last }}
    {%- endfor %}
{%- endmacro %}
