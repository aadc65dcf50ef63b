{#- What an increment recomputes. For each model of the strategy `by_key`: the key by which its rows are replaced, and
    the rules that say which keys are touched, each a select of touched_key. Most say: the same key in the changes of a model
    that it reads. Rules that are missing leave stale rows behind; `make schedules` shows each of them to be needed.

    Rows of `changes` are old and new: a ticket that got another requester touches both customers. What another rule of the model always
    touches as well has none: moves change only where status changes do, and so do the times of episodes, which is what the end of a ticket
    reads of them; a ticket's values begin at its creation, which is what its stops read of it; what is claimed of a ticket or contact is
    claimed of an interaction of that customer; neighbours and chains have the same interactions. -#}
{% macro touch_rules() -%}
    {%- set rules = {
        'int_tickets': {'key': 'ticket_key', 'touched_by': {
            'tickets': changed_input('tickets', 'ticket_id'),
            'identities': input_where('tickets', 'ticket_id', 'requester_key', changed_values('int_identities', 'identifier_key')),
        }},
        'int_ticket_events': {'key': 'ticket_key', 'touched_by': {
            'ticket_events': changed_input('ticket_events', 'ticket_id'),
        }},
        'int_ticket_messages': {'key': 'ticket_key', 'touched_by': {
            'ticket_messages': changed_input('ticket_messages', 'ticket_id'),
        }},
        'int_ticket_status_changes': {'key': 'ticket_key', 'touched_by': {
            'events': changed('int_ticket_events', 'ticket_key'),
            'tickets': changed('int_tickets', 'ticket_key'),
            'messages': changed('int_ticket_messages', 'ticket_key'),
            'identities': stored_where('int_ticket_events', 'ticket_key', 'actor_key', changed_values('int_identities', 'identifier_key')),
        }},
        'int_resolution_moves': {'key': 'ticket_key', 'touched_by': {
            'status_changes': changed('int_ticket_status_changes', 'ticket_key'),
        }},
        'int_resolution_episodes': {'key': 'ticket_key', 'touched_by': {
            'tickets': changed('int_tickets', 'ticket_key'),
            'events': changed('int_ticket_events', 'ticket_key'),
            'messages': changed('int_ticket_messages', 'ticket_key'),
            'status_changes': changed('int_ticket_status_changes', 'ticket_key'),
            'first_messages_of_a_system': stored_where('int_tickets', 'ticket_key', 'source_system', flipped(
                changes_of('int_ticket_messages'), stored('int_ticket_messages'), 'source_system'
            )),
        }},
        'int_ticket_ends': {'key': 'ticket_key', 'touched_by': {
            'tickets': changed('int_tickets', 'ticket_key'),
            'status_changes': changed('int_ticket_status_changes', 'ticket_key'),
        }},
        'int_ticket_histories': {'key': 'ticket_key', 'touched_by': {
            'tickets': changed('int_tickets', 'ticket_key'),
            'status_changes': changed('int_ticket_status_changes', 'ticket_key'),
        }},
        'int_ticket_field_values': {'key': 'ticket_key', 'touched_by': {
            'tickets': changed('int_tickets', 'ticket_key'),
            'events': changed('int_ticket_events', 'ticket_key'),
        }},
        'int_ticket_stops': {'key': 'ticket_key', 'touched_by': {
            'field_values': changed('int_ticket_field_values', 'ticket_key'),
            'moves': changed('int_resolution_moves', 'ticket_key'),
            'messages': changed('int_ticket_messages', 'ticket_key'),
            'first_messages_of_a_system': stored_where('int_tickets', 'ticket_key', 'source_system', flipped(
                changes_of('int_ticket_messages'), stored('int_ticket_messages'), 'source_system'
            )),
        }},
        'int_ticket_calendars': {'key': 'ticket_key', 'touched_by': {
            'field_values': changed('int_ticket_field_values', 'ticket_key'),
            'policies': stored_where(
                'int_ticket_field_values', 'ticket_key', "source_system || ':' || value",
                changed_values('int_sla_policies', 'policy_key'), "field = 'sla_policy'"
            ),
        }},
        'int_ticket_clocks': {'key': 'ticket_key', 'touched_by': {
            'stops': changed('int_ticket_stops', 'ticket_key'),
            'field_values': changed('int_ticket_field_values', 'ticket_key'),
            'policies': stored_where(
                'int_ticket_stops', 'ticket_key', 'policy_key', changed_values('int_sla_policies', 'policy_key')
            ),
            'calendars': all_where('int_ticket_stops', 'ticket_key', calendars_changed()),
        }},
        'fct_ticket_clocks': {'key': 'ticket_key', 'touched_by': {
            'clocks': changed('int_ticket_clocks', 'ticket_key'),
            'still_running': all_where('int_ticket_clocks', 'ticket_key', 'stopped_at is null'),
        }},
        'fct_ticket_intervals': {'key': 'ticket_key', 'touched_by': {
            'field_values': changed('int_ticket_field_values', 'ticket_key'),
            'ticket_calendars': changed('int_ticket_calendars', 'ticket_key'),
            'calendars': all_where('int_ticket_calendars', 'ticket_key', calendars_changed()),
        }},
        'fct_ticket_messages': {'key': 'ticket_key', 'touched_by': {
            'messages': changed('int_ticket_messages', 'ticket_key'),
        }},
        'fct_resolution_episodes': {'key': 'ticket_key', 'touched_by': {
            'episodes': changed('int_resolution_episodes', 'ticket_key'),
        }},

        'int_contact_legs': {'key': 'contact_key', 'touched_by': {
            'calls': changed_input('calls', 'contact_id'),
            'identities': input_where('calls', 'contact_id', 'customer_key', changed_values('int_identities', 'identifier_key')),
            'first_answers_of_a_feed': first_answers_of_a_feed(),
            'chats_at_the_same_time': chats_beside_changed_ones(),
        }},
        'int_joined_contacts': {'key': 'contact_key', 'touched_by': {
            'legs': changed('int_contact_legs', 'contact_key'),
            'first_transfers_of_a_feed': stored_where(
                'int_contact_legs', 'contact_key', "source_system || '/' || coalesce(channel, '')", flipped(
                    changes_of('int_contact_legs'), stored('int_contact_legs'),
                    "source_system || '/' || coalesce(channel, '')", 'transfer_type is not null'
                )
            ),
        }},
        'fct_contact_legs': {'key': 'contact_key', 'touched_by': {
            'legs': changed('int_contact_legs', 'contact_key'),
        }},
        'int_same_contacts': {'key': 'ticket_key', 'touched_by': {
            'tickets': changed('int_tickets', 'ticket_key'),
            'contacts_that_name_it': changed('int_joined_contacts', 'ticket_key'),
            'contacts_of_its_customer': stored_where(
                'int_tickets', 'ticket_key', 'customer_key', changed_values('int_joined_contacts', 'customer_key')
            ),
        }},
        'int_ticket_openings': {'key': 'ticket_key', 'touched_by': {
            'tickets': changed('int_tickets', 'ticket_key'),
            'events': changed('int_ticket_events', 'ticket_key'),
            'same_contacts': changed('int_same_contacts', 'ticket_key'),
            'categories': of_changed_categories('int_ticket_openings', 'ticket_key'),
        }},
        'int_contacts': {'key': 'contact_key', 'touched_by': {
            'contacts': changed('int_joined_contacts', 'contact_key'),
            'same_contacts': changed('int_same_contacts', 'contact_key'),
            'tickets_that_it_names': stored_where(
                'int_joined_contacts', 'contact_key', 'ticket_key', changed_values('int_tickets', 'ticket_key')
            ),
            'tickets_opened_in_it': stored_where(
                'int_same_contacts', 'contact_key', 'ticket_key', changed_values('int_tickets', 'ticket_key')
            ),
            'categories': of_changed_categories('int_joined_contacts', 'contact_key'),
        }},

        'int_interactions': {'key': key_of_interaction(), 'touched_by': {
            'contacts': changed('int_contacts', "'contact/' || contact_key"),
            'openings': changed('int_ticket_openings', "'ticket/' || ticket_key"),
            'episodes': changed('int_resolution_episodes', "'ticket/' || ticket_key"),
        }},
        'int_next_contacts': {'key': 'customer_key', 'touched_by': {
            'interactions': changed('int_interactions', 'customer_key'),
            'shared_identities': changed('int_shared_identities', 'customer_key'),
        }},
        'int_chain_members': {'key': 'customer_key', 'touched_by': {
            'interactions': changed('int_interactions', 'customer_key'),
            'shared_identities': changed('int_shared_identities', 'customer_key'),
            'ticket_ends': stored_where(
                'int_interactions', 'customer_key', 'ticket_key', changed_values('int_ticket_ends', 'ticket_key')
            ),
        }},
        'fct_interactions': {'key': 'interaction_id', 'touched_by': {
            'interactions': changed('int_interactions', 'interaction_id'),
            'chains': changed('int_chain_members', 'interaction_id'),
            'next_contacts': changed('int_next_contacts', 'interaction_id'),
        }},
        'fct_issue_chains': {'key': 'customer_key', 'touched_by': {
            'chains': changed('int_chain_members', 'customer_key'),
            'interactions': changed('int_interactions', 'customer_key'),
            'agents_of_contacts': stored_where(
                'int_interactions', 'customer_key', 'contact_key', changed_values('int_contact_legs', 'contact_key')
            ),
            'agents_of_tickets': stored_where(
                'int_interactions', 'customer_key', 'ticket_key', changed_values('int_ticket_events', 'ticket_key')
            ),
            'assignees': stored_where(
                'int_interactions', 'customer_key', 'ticket_key', changed_values('int_tickets', 'ticket_key')
            ),
        }},

        'int_surveys': {'key': "source_system || ':' || survey_id", 'touched_by': {
            'surveys': changed_input('surveys', 'survey_id'),
            'agents': input_where('surveys', 'survey_id', 'sent_by', changed_values('int_agents', 'agent_key')),
        }},
        'fct_survey_responses': {'key': "source_system || ':' || survey_id", 'touched_by': {
            'surveys': changed('int_surveys', "source_system || ':' || survey_id"),
            'openings': stored_where(
                'int_surveys', "source_system || ':' || survey_id", 'ticket_key',
                changed_values('int_ticket_openings', 'ticket_key')
            ),
            'episodes': stored_where(
                'int_surveys', "source_system || ':' || survey_id", 'ticket_key',
                changed_values('int_resolution_episodes', 'ticket_key')
            ),
        }},
        'int_bot_sessions': {'key': 'session_key', 'touched_by': {
            'bot_sessions': changed_input('bot_sessions', 'session_id'),
            'identities': input_where(
                'bot_sessions', 'session_id', 'customer_key', changed_values('int_identities', 'identifier_key')
            ),
        }},
        'fct_bot_sessions': {'key': 'session_key', 'touched_by': {
            'bot_sessions': changed('int_bot_sessions', 'session_key'),
        }},

        'int_claims': {'key': key_of_claim(), 'touched_by': {
            'episodes': changed('int_resolution_episodes', "'ticket/' || ticket_key"),
            'openings': changed('int_ticket_openings', "'ticket/' || ticket_key"),
            'clocks': changed('int_ticket_clocks', "'ticket/' || ticket_key"),
            'contacts': changed('int_contacts', "'contact/' || contact_key"),
            'bot_sessions': changed('int_bot_sessions', "'session/' || session_key"),
            'problems_and_other_functions': "select 'other' as touched_key",
        }},
        'int_linked_returns': {'key': 'return_ticket_key', 'touched_by': {
            'openings': changed('int_ticket_openings', 'ticket_key'),
        }},
        'int_inferred_returns': {'key': 'customer_key', 'touched_by': {
            'claims': changed('int_claims', 'customer_key'),
            'interactions': changed('int_interactions', 'customer_key'),
            'shared_identities': changed('int_shared_identities', 'customer_key'),
            'tickets': stored_where(
                'int_interactions', 'customer_key', 'ticket_key', changed_values('int_ticket_openings', 'ticket_key')
            ),
            'calls_of_openings': stored_where(
                'int_interactions', 'customer_key', 'contact_key', changed_values('int_interactions', 'contact_key')
            ),
        }},
        'fct_claims': {'key': 'claim_id', 'touched_by': {
            'claims': changed('int_claims', 'claim_id'),
            'episodes': claims_of_tickets('int_resolution_episodes'),
            'linked_returns': claims_of_tickets('int_linked_returns'),
            'inferred_returns': changed('int_inferred_returns', 'claim_id'),
            'messages': claims_of_tickets('int_ticket_messages'),
            'contacts_that_name_it': claims_of_tickets('int_contacts'),
            'surveys_of_tickets': claims_of_tickets('int_surveys'),
            'surveys_of_contacts': stored_where(
                'int_claims', 'claim_id', 'contact_key', changed_values('int_surveys', 'contact_key')
            ),
            'chains': stored_where(
                'int_claims', 'claim_id',
                "case when contact_key is not null then 'contact/' || contact_key else 'opening/' || ticket_key end",
                changed_values('int_chain_members', 'interaction_id')
            ),
            'problem_tickets': stored_where(
                'int_claims', 'claim_id', 'claim_key',
                changed_values('int_ticket_openings', "source_system || ':' || problem_id"), "claim_type = 'problem_closed'"
            ),
            'business_outcomes': stored_where(
                'int_claims', 'claim_id', 'claim_key', changed_values('fct_business_claims', 'claim_key'),
                "business_function <> 'service'"
            ),
        }},
    } -%}
    {#- raw rows whose key is text: those of new rows, and what waits for a ticket, or lies before its creation -#}
    {%- for table, contract in canonical_contract().items()
        if has_key_of_texts(contract) and 'canonical' in source_systems() -%}
        {%- set touched_by = {'new_rows': all_where_raw('canonical', table, canonical_raw_key(table))} -%}
        {%- if table in ['ticket_events', 'ticket_messages'] -%}
            {%- do touched_by.update({'tickets': stored_where(
                'base_canonical__' ~ table, canonical_base_key(table), 'ticket_id',
                changed_values('base_canonical__tickets', 'ticket_id')
            )}) -%}
        {%- endif -%}
        {%- do rules.update({'base_canonical__' ~ table: {'key': canonical_base_key(table), 'touched_by': touched_by}}) -%}
    {%- endfor -%}
    {{ return(rules) }}
{%- endmacro %}

{#- Keys of raw rows that no build has read yet. -#}
{% macro all_where_raw(system, table, key) -%}
    {%- set rows = graph['sources']['source.' ~ project_name ~ '.' ~ system ~ '.' ~ table]['relation_name'] -%}
    {{ return(
        'select ' ~ key ~ ' as touched_key from ' ~ rows ~ ' as raw_rows where not exists ('
        ~ 'select 1 from changes.built_loads as built where built.loaded_at = raw_rows._loaded_at)'
    ) }}
{%- endmacro %}

{#- By which a row of int_interactions is replaced: its contact, or its ticket. -#}
{% macro key_of_interaction() -%}
    {{ return("case when kind = 'contact' then 'contact/' || contact_key else 'ticket/' || ticket_key end") }}
{%- endmacro %}

{#- By which a row of int_claims is replaced: what it claims something of. -#}
{% macro key_of_claim() -%}
    {{ return(
        "case when claim_type in ('ticket_resolved', 'first_contact_resolved', 'sla_met') and business_function = 'service' "
        ~ "then 'ticket/' || ticket_key when contact_key is not null then 'contact/' || contact_key "
        ~ "when claim_type = 'contained_by_bot' and business_function = 'service' then 'session/' || claim_key else 'other' end"
    ) }}
{%- endmacro %}

{#- Values of an expression in the rows of a model that changed. -#}
{% macro changed(name, key) -%}
    {{ return('select ' ~ key ~ ' as touched_key from ' ~ changes_of(name)) }}
{%- endmacro %}

{% macro changed_values(name, key) -%}
    {{ return('select distinct ' ~ key ~ ' from ' ~ changes_of(name)) }}
{%- endmacro %}

{#- Keys of a model's stored rows whose `column` is among `values`, a select. -#}
{% macro stored_where(name, key, column, values, condition='1 = 1') -%}
    {{ return(
        'select ' ~ key ~ ' as touched_key from ' ~ stored(name) ~ ' where ' ~ condition ~ ' and ' ~ column ~ ' in ('
        ~ values ~ ')'
    ) }}
{%- endmacro %}

{% macro all_where(name, key, condition) -%}
    {{ return('select ' ~ key ~ ' as touched_key from ' ~ stored(name) ~ ' where ' ~ condition) }}
{%- endmacro %}

{#- Keys, with their source system, of rows of a canonical table that changed in any system. -#}
{% macro changed_input(table, column) -%}
    {%- set parts = ['select cast(null as varchar) as touched_key'] -%}
    {%- for system, tables in source_systems().items() if table in tables -%}
        {%- set name = ('base_' if system == 'canonical' else 'stg_') ~ system ~ '__' ~ table -%}
        {%- do parts.append(changed(name, "'" ~ system ~ ":' || " ~ column)) -%}
    {%- endfor -%}
    {{ return(parts | join(' union all ')) }}
{%- endmacro %}

{#- The same of those whose `compared` is among `values`. -#}
{% macro input_where(table, column, compared, values) -%}
    {%- set parts = ['select cast(null as varchar) as touched_key'] -%}
    {%- for system, tables in source_systems().items() if table in tables -%}
        {%- do parts.append(stored_where('stg_' ~ system ~ '__' ~ table, "'" ~ system ~ ":' || " ~ column, compared, values)) -%}
    {%- endfor -%}
    {{ return(parts | join(' union all ')) }}
{%- endmacro %}

{#- Values of an expression that rows have for the first time, or no longer: what a model asks of a whole feed. -#}
{% macro flipped(changes, rows, value, condition='1 = 1', changed_condition=none) -%}
    {{ return(
        "select turned.value_of_rows from (select " ~ value ~ " as value_of_rows, "
        ~ "sum(case when is_new_row then changed_rows else 0 end) as added, "
        ~ "sum(case when is_new_row then 0 else changed_rows end) as removed "
        ~ "from " ~ changes ~ " where " ~ (changed_condition or condition) ~ " group by " ~ value ~ ") as turned "
        ~ "left join (select " ~ value ~ " as value_of_rows, count(*) as row_count from " ~ rows ~ " where " ~ condition
        ~ " group by " ~ value ~ ") as there on turned.value_of_rows = there.value_of_rows "
        ~ "where (coalesce(there.row_count, 0) > 0) <> (coalesce(there.row_count, 0) - turned.added + turned.removed > 0)"
    ) }}
{%- endmacro %}

{#- Contacts of a feed that says for the first time, or no longer, when somebody answered. -#}
{% macro first_answers_of_a_feed() -%}
    {%- set channel = "coalesce(" ~ lowered(trimmed('channel')) ~ ", '')" -%}
    {%- set parts = ['select cast(null as varchar) as touched_key'] -%}
    {%- for system, tables in source_systems().items() if 'calls' in tables -%}
        {%- set rows = stored('stg_' ~ system ~ '__calls') -%}
        {%- set is_base = system == 'canonical' -%}
        {%- do parts.append(
            "select '" ~ system ~ ":' || contact_id as touched_key from " ~ rows ~ " where " ~ channel ~ " in (" ~ flipped(
                changes_of(('base_' if is_base else 'stg_') ~ system ~ '__calls'), rows, channel, 'answered_at is not null',
                "answered_at is not null" ~ (" and fate = 'used'" if is_base else '')
            ) ~ ")"
        ) -%}
    {%- endfor -%}
    {{ return(parts | join(' union all ')) }}
{%- endmacro %}

{#- An agent's chats share time with those beside them: all that were open between the first and the last moment of the
    changed ones. -#}
{% macro chats_beside_changed_ones() -%}
    {%- set changed_legs = [] -%}
    {%- for system, tables in source_systems().items() if 'calls' in tables -%}
        {%- set name = ('base_' if system == 'canonical' else 'stg_') ~ system ~ '__calls' -%}
        {%- do changed_legs.append(
            "select agent_key, answered_at, ended_at from " ~ changes_of(name) ~ " where " ~ lowered(trimmed('channel'))
            ~ " = 'chat' and agent_key is not null and answered_at is not null"
        ) -%}
    {%- else -%}
        {{ return('select cast(null as varchar) as touched_key') }}
    {%- endfor -%}
    {{ return(
        "select legs.contact_key as touched_key from " ~ stored('int_contact_legs') ~ " as legs inner join ("
        ~ "select agent_key, min(answered_at) as open_from, "
        ~ "max(coalesce(ended_at, timestamp '9999-01-01 00:00:00')) as open_until from ("
        ~ changed_legs | join(' union all ') ~ ") as changed_legs group by agent_key) as spans "
        ~ "on legs.agent_key = spans.agent_key where legs.channel = 'chat' and legs.answered_at <= spans.open_until "
        ~ "and coalesce(legs.ended_at, timestamp '9999-01-01 00:00:00') >= spans.open_from"
    ) }}
{%- endmacro %}

{#- Keys of stored rows in a category whose description changed. -#}
{% macro of_changed_categories(name, key) -%}
    {{ return(stored_where(
        name, key, "source_system || '/' || category", changed_values('int_categories', "source_system || '/' || category")
    )) }}
{%- endmacro %}

{#- Condition: opening hours or holidays changed. -#}
{% macro calendars_changed() -%}
    {%- set parts = [] -%}
    {%- for name in ['int_calendars', 'int_calendar_hours'] -%}
        {%- do parts.append('exists (select 1 from ' ~ changes_of(name) ~ ')') -%}
    {%- endfor -%}
    {%- for system, tables in source_systems().items() if 'holidays' in tables -%}
        {%- set name = ('base_' if system == 'canonical' else 'stg_') ~ system ~ '__holidays' -%}
        {%- do parts.append('exists (select 1 from ' ~ changes_of(name) ~ ')') -%}
    {%- endfor -%}
    {{ return('(' ~ parts | join(' or ') ~ ')') }}
{%- endmacro %}

{#- Claims about tickets of which something changed. -#}
{% macro claims_of_tickets(name) -%}
    {{ return(stored_where('int_claims', 'claim_id', 'ticket_key', changed_values(name, 'ticket_key'))) }}
{%- endmacro %}
