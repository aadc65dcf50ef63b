-- Grain: source system x period x unit. What came, and what was left at the period's end.
-- A ticket is on the list while its status is none of the resolved ones. Flows (entered, came back, left, moved) are of
-- the period; the backlog is a stock: it stands at the end and does not add up over periods. It is read ticket by
-- ticket at the ends of periods, the flows from beginnings and ends, and a test holds one against the other.
-- cost: each change of a ticket is put in order, by its status, team and category: windows over all ticket intervals.
{{ config(meta={'kept': ['lists', 'events', 'snapshots']}) }}
{% set zone = var('reporting_time_zone') %}
{% set places = ['channel', 'queue', 'team_id', 'account_id', 'category'] %}
{% set unit_types = {
    'total': "'(all)'", 'team': 'team_id', 'queue': 'queue', 'category': 'category', 'channel': 'channel',
    'account': 'account_id',
} %}
{#- waiting for longer than this, nobody works on it -#}
{% set parked_days = 5 %}
{#- how far back closed tickets are looked at -#}
{% set auto_closed_days = 28 %}
{% set percents = [50, 90] %}
{#- stands for an unknown age, which an ordered aggregate would leave out -#}
{% set never = 'cast(9007199254740991 as bigint)' %}
{% set counts = [
    'arrival_count', 'contact_count', 'opening_count', 'return_count', 'first_contact_count', 'repeat_contact_count',
    'account_arrival_count', 'entered_count', 'back_on_list_count', 'left_count', 'moved_net_count',
] %}
{% set stocks = [
    'open_count', 'new_count', 'in_progress_count', 'pending_count', 'on_hold_count', 'other_status_count', 'parked_count',
    'reopened_open_count', 'worked_on_count', 'auto_closed_count', 'auto_closed_unanswered_count',
] %}

with

openings as (

    select
        ticket_key,
        channel,
        account_id
    from {{ ref('fct_interactions') }}
    where kind = 'opening'

),

-- what was in force for no time was never on the list
changes as (

    select
        ticket_key,
        source_system,
        started_at,
        {%- for field in ['status', 'team', 'category'] %}
        max(case when field = '{{ field }}' then value end) as {{ field }},
        {{ count_where("field = '" ~ field ~ "'") }} as {{ field }}_changes{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_ticket_intervals') }}
    where field in ('status', 'team', 'category') and (ended_at is null or started_at < ended_at)
    group by ticket_key, source_system, started_at

),

numbered as (

    select
        *,
        {%- for field in ['status', 'team', 'category'] %}
        sum({{ field }}_changes) over (partition by ticket_key order by started_at) as {{ field }}_number,
        {%- endfor %}
        lead(started_at) over (partition by ticket_key order by started_at) as ended_at
    from changes

),

-- the values in force, carried on to the next change
states as (

    select
        ticket_key,
        source_system,
        started_at,
        ended_at,
        max(status) over (partition by ticket_key, status_number) as status,
        max(team) over (partition by ticket_key, team_number) as team_id,
        max(category) over (partition by ticket_key, category_number) as category,
        min(started_at) over (partition by ticket_key, status_number) as status_since,
        min(started_at) over (partition by ticket_key) as created_at
    from numbered

),

judged_states as (

    select
        *,
        coalesce(status, 'unknown') not in ('resolved', 'solved', 'closed', 'cancelled') as is_open
    from states

),

lists as (

    select
        judged.ticket_key,
        judged.source_system,
        openings.channel,
        cast(null as varchar) as queue,
        judged.team_id,
        openings.account_id,
        judged.category,
        judged.started_at,
        judged.ended_at,
        judged.status,
        judged.status_since,
        judged.created_at,
        judged.is_open,
        lag(judged.is_open) over (partition by judged.ticket_key order by judged.started_at) as was_open,
        lead(judged.is_open) over (partition by judged.ticket_key order by judged.started_at) as stays_open,
        max(case when judged.is_open then 0 else 1 end) over (
            partition by judged.ticket_key order by judged.started_at
        ) = 1 as was_resolved
    from judged_states as judged
    left join openings
        on judged.ticket_key = openings.ticket_key

),

coverage as (

    select
        source_system,
        least(min(observed_until), min(as_of)) as observed_until,
        min(as_of) as as_of
    from {{ ref('dim_feed_coverage') }}
    where feed in ('tickets_opened', 'ticket_events', 'calls')
    group by source_system

),

flows as (

    select
        source_system,
        started_at as event_at,
        {{ places | join(',\n        ') }},
        {{ event_columns({}, {
            'arrival_count': 'true',
            'contact_count': "kind = 'contact'",
            'opening_count': "kind = 'opening'",
            'return_count': "kind = 'return'",
            'first_contact_count': 'chain_position = 1',
            'repeat_contact_count': 'chain_position > 1',
            'account_arrival_count': 'account_id is not null',
        }, counts, ['no_value']) }}
    from {{ ref('fct_interactions') }}
    where is_counted
    union all
    select
        source_system,
        started_at as event_at,
        {{ places | join(',\n        ') }},
        {{ event_columns({'moved_net_count': 'case when was_open then 1 else 0 end'}, {
            'entered_count': 'was_open is null',
            'back_on_list_count': 'not was_open',
        }, counts, ['no_value']) }}
    from lists
    where is_open
    union all
    select
        source_system,
        ended_at as event_at,
        {{ places | join(',\n        ') }},
        {{ event_columns({'moved_net_count': 'case when stays_open then -1 else 0 end'}, {
            'left_count': 'not stays_open',
        }, counts, ['no_value']) }}
    from lists
    where is_open and ended_at is not null

),

events as (

    select
        flows.*,
        cast({{ local_time('flows.event_at', zone) }} as date) as event_on,
        coverage.observed_until
    from flows
    left join coverage
        on flows.source_system = coverage.source_system

),

{{ cells_of('events', sums=counts) }},

ends as (

    select distinct
        source_system,
        period_end,
        {{ utc_time('cast(period_end as timestamp)', zone) }} as ends_at
    from cells

),

-- all ends but that of `to_date` begin a week or a month
last_ends as (

    select
        source_system,
        min(ends_at) as ends_at
    from (
        select
            source_system,
            {{ utc_time('cast(period_end as timestamp)', zone) }} as ends_at
        from periods
        where period_type = 'to_date'
    ) as of_all
    group by source_system

),

-- what does not outlast a week, a month or the data stands on no list: most does not
lasting_lists as (

    select lists.*
    from lists
    inner join last_ends
        on lists.source_system = last_ends.source_system
    where
        lists.is_open
        and (
            lists.ended_at is null
            or lists.ended_at >= last_ends.ends_at
            {%- for part in ['week', 'month'] %}
            or date_trunc('{{ part }}', {{ local_time('lists.started_at', zone) }})
            < date_trunc('{{ part }}', {{ local_time('lists.ended_at', zone) }})
            {%- endfor %}
        )

),

-- closed by the tool without a word of the customer, who then came back by telephone or wrote on it: no list has it. Who
-- came back with a ticket is on the list or was called done again.
auto_closed as (

    select
        claims.source_system,
        claims.channel,
        claims.queue,
        claims.team_id,
        claims.account_id,
        claims.category,
        claims.claimed_at,
        episodes.ended_at,
        least(claims.first_r4_at, case when contacts.ticket_key is null then contacts.started_at end) as unanswered_at
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on claims.episode_id = episodes.episode_id
    left join {{ ref('fct_interactions') }} as contacts
        on contacts.interaction_id = 'contact/' || claims.r3_contact_key
    where claims.claim_type = 'ticket_resolved' and claims.closure_mode = 'silent_auto_close'

),

-- one row a ticket and end of a period: only what is on the list there, so a multiple of the backlog
snapshots as (

    select
        lists.source_system,
        ends.period_end,
        {%- for place in places %}
        lists.{{ place }},
        {%- endfor %}
        {{ seconds_between('lists.created_at', 'least(ends.ends_at, coverage.as_of)') }} as age_seconds,
        {{ event_columns({}, {
            'open_count': 'true',
            'new_count': "lists.status = 'new'",
            'in_progress_count': "lists.status = 'open'",
            'pending_count': "lists.status = 'pending'",
            'on_hold_count': "lists.status = 'on_hold'",
            'other_status_count': "coalesce(lists.status, 'unknown') not in ('new', 'open', 'pending', 'on_hold')",
            'parked_count': "lists.status in ('pending', 'on_hold') and "
                ~ seconds_between('lists.status_since', 'least(ends.ends_at, coverage.as_of)')
                ~ ' > ' ~ parked_days * 86400,
            'reopened_open_count': 'lists.was_resolved',
        }, stocks, ['no_value']) }}
    from lasting_lists as lists
    inner join ends
        on
            lists.source_system = ends.source_system
            and lists.started_at < ends.ends_at
            and (lists.ended_at is null or ends.ends_at <= lists.ended_at)
    inner join coverage
        on lists.source_system = coverage.source_system
    union all
    select
        auto_closed.source_system,
        ends.period_end,
        {%- for place in places %}
        auto_closed.{{ place }},
        {%- endfor %}
        cast(null as bigint) as age_seconds,
        {{ event_columns({}, {
            'auto_closed_count': 'true',
            'auto_closed_unanswered_count': 'auto_closed.unanswered_at < ends.ends_at',
        }, stocks, ['no_value']) }}
    from auto_closed
    inner join ends
        on
            auto_closed.source_system = ends.source_system
            and auto_closed.claimed_at < ends.ends_at
            and ends.ends_at <= auto_closed.claimed_at + interval '{{ auto_closed_days }}' day
            and (auto_closed.ended_at is null or ends.ends_at <= auto_closed.ended_at)

),

stocked as (

    {% for unit_type, unit in unit_types.items() -%}
    select
        source_system,
        period_end,
        '{{ unit_type }}' as unit_type,
        coalesce({{ unit }}, '(none)') as unit,
        {%- for stock in stocks %}
        {%- if stock == 'worked_on_count' %}
        {{ count_where('open_count = 1 and parked_count = 0 and reopened_open_count = 0') }} as worked_on_count,
        {%- elif stock == 'reopened_open_count' %}
        {{ count_where('parked_count = 0 and reopened_open_count = 1') }} as reopened_open_count,
        {%- else %}
        cast(sum({{ stock }}) as bigint) as {{ stock }},
        {%- endif %}
        {%- endfor %}
        -- nearest rank; tickets of known age stand first
        {{ values_at(
            'case when open_count = 1 then coalesce(age_seconds, ' ~ never ~ ') end', 'open_age_seconds', percents
        ) }}
    from snapshots
    {%- if unit_type == 'account' %}
    where
        period_end in (
            select cells.period_end from cells
            where cells.unit_type = 'account'
        )
    {%- endif %}
    group by source_system, period_end, coalesce({{ unit }}, '(none)')
    {{ 'union all' if not loop.last }}
    {% endfor %}

),

-- which systems have tickets, and which contacts
feeds as (

    select
        source_system,
        sum(contact_count) > 0 as has_contacts,
        sum(entered_count) > 0 as has_tickets
    from events
    group by source_system

),

-- users of the accounts under contract when the period ends
account_users as (

    select
        cells.source_system,
        cells.period_type,
        cells.period_start,
        cells.unit_type,
        cells.unit,
        cast(sum(customers.users) as bigint) as users_count
    from cells
    inner join {{ ref('dim_accounts') }} as customers
        on
            cells.source_system = customers.source_system
            and cells.unit
            = case cells.unit_type when 'total' then '(all)' when 'account' then customers.account_id end
            and (
                customers.contract_started_on is null
                or cast(customers.contract_started_on as date) < cells.period_end
            )
            and (customers.churned_on is null or cells.period_end <= cast(customers.churned_on as date))
    group by cells.source_system, cells.period_type, cells.period_start, cells.unit_type, cells.unit

),

joined as (

    select
        cells.*,
        feeds.has_contacts,
        feeds.has_tickets,
        account_users.users_count,
        {%- for stock in stocks %}
        case when feeds.has_tickets and cells.is_period_mature then coalesce(stocked.{{ stock }}, 0) end as {{ stock }},
        {%- endfor %}
        {%- for percent in percents %}
        case
            when cells.is_period_mature
                then nullif(cast({{ value_at('stocked.open_age_seconds', percents, percent) }} as bigint), {{ never }})
        end as open_age_seconds_p{{ percent }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    inner join feeds
        on cells.source_system = feeds.source_system
    left join stocked
        on
            cells.source_system = stocked.source_system
            and cells.period_end = stocked.period_end
            and cells.unit_type = stocked.unit_type
            and cells.unit = stocked.unit
    left join account_users
        on
            cells.source_system = account_users.source_system
            and cells.period_type = account_users.period_type
            and cells.period_start = account_users.period_start
            and cells.unit_type = account_users.unit_type
            and cells.unit = account_users.unit

),

final as (

    select
        -- grain
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,

        -- demand
        period_end,
        is_period_mature,
        arrival_count,
        case when has_contacts then contact_count end as contact_count,
        case when has_tickets then opening_count end as opening_count,
        case when has_tickets then return_count end as return_count,
        first_contact_count,
        repeat_contact_count,
        case when users_count is not null then account_arrival_count end as account_arrival_count,
        users_count,
        case
            when is_period_mature
                then cast({{ ratio(
                    'repeat_contact_count', 'first_contact_count + repeat_contact_count'
                ) }} as decimal(9, 4))
        end as repeat_share,
        case
            when is_period_mature
                then cast({{ ratio(
                    'arrival_count - first_contact_count - repeat_contact_count', 'arrival_count'
                ) }} as decimal(9, 4))
        end as unknown_chain_share,
        case
            when is_period_mature and users_count > 0 then {{ ratio('1000 * account_arrival_count', 'users_count', 1) }}
        end as contacts_per_1000_users,

        -- the list in the period
        {%- for count in ['entered_count', 'back_on_list_count', 'left_count', 'moved_net_count'] %}
        case when has_tickets then {{ count }} end as {{ count }},
        {%- endfor %}

        -- the list at its end
        {{ stocks | join(',\n        ') }},
        parked_count + reopened_open_count + auto_closed_unanswered_count as hidden_count,
        open_count + auto_closed_unanswered_count as whole_count,
        cast({{ ratio(
            '(parked_count + reopened_open_count + auto_closed_unanswered_count)',
            'open_count + auto_closed_unanswered_count'
        ) }} as decimal(9, 4)) as hidden_share,
        {%- for side in ['low', 'high'] %}
        {{ wilson(
            '(parked_count + reopened_open_count + auto_closed_unanswered_count)',
            '(open_count + auto_closed_unanswered_count)', side
        ) }} as hidden_share_{{ side }},
        {%- endfor %}
        open_age_seconds_p50,
        open_age_seconds_p90,
        observed_until
    from joined

)

select * from final
