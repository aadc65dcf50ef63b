-- Grain: definition of first contact resolution x what it counts: a contact, a ticket, a survey or a review. What the
-- definition says, and when the customer came back. A view: what was seen until when is not the thing's own doing.
-- Definitions are in the seed fcr_definitions; what a system's tables don't show, it has no rows of.
{{ config(materialized='view') }}
{#- what every definition has, from the thing that it counts -#}
{% set columns = [
    'source_system', 'happened_at', 'team_id', 'queue', 'category', 'channel', 'account_id', 'has_outcome',
    'is_observable', 'seconds_to_return', 'observed_until',
] %}

with

definitions as (

    select definition_id from {{ ref('fcr_definitions') }}
    where is_computed

),

interactions as (

    select * from {{ ref('fct_interactions') }}
    where is_counted

),

surveys as (

    select * from {{ ref('fct_survey_responses') }}

),

horizons as (

    {{ desk_horizons() }}

),

-- the tool's flag stands on the ticket, which a contact may have opened
ticket_flags as (

    select
        ticket_key,
        coalesce('contact/' || contact_key, interaction_id) as interaction_id,
        started_at as opened_at,
        reported_first_contact_resolution as is_flagged
    from {{ ref('fct_interactions') }}
    where kind = 'opening'

),

flags_of_interactions as (

    select
        interaction_id,
        max(case when is_flagged then 1 else 0 end) = 1 as is_flagged
    from ticket_flags
    where is_flagged is not null
    group by interaction_id

),

-- the first who answered
ratings as (

    select
        interaction_id,
        csat_share,
        row_number() over (
            partition by interaction_id order by answered_at, {{ text_order('survey_id') }}
        ) as rating_number
    from surveys
    where csat_share is not null and interaction_id is not null

),

ahead as (

    select
        interactions.*,
        lead(started_at) over (
            partition by
                chain_id is null, customer_key, issue_key,
                case
                    when {{ lowered(trimmed('channel')) }} in ('phone', 'telephone', 'call') then 'voice'
                    else {{ lowered(trimmed('channel')) }}
                end
            order by started_at, {{ text_order('interaction_id') }}
        ) as next_on_channel_at,
        lead(started_at) over (
            partition by customer_key order by started_at, {{ text_order('interaction_id') }}
        ) as next_about_anything_at,
        lead(started_at) over (
            partition by customer_key, category, kind order by started_at, {{ text_order('interaction_id') }}
        ) as next_of_kind_at
    from interactions

),

-- one row a visit: what a contact, an opening or a return is to every definition
visits as (

    select
        ahead.*,
        coalesce(ahead.ended_at, ahead.started_at) as happened_at,
        -- given up, or passed on: the next one has the outcome
        case when ahead.kind = 'contact' then ahead.is_answered else true end
        and ahead.ended_at is not null
        and not coalesce(ahead.is_forwarded, false) as has_outcome,
        ahead.chain_id is not null as is_observable,
        case when ahead.seconds_to_next > 900 then ahead.seconds_to_next end as seconds_to_return,
        {{ seconds_between('ahead.ended_at', 'ahead.next_on_channel_at') }} as seconds_to_next_on_channel,
        {{ seconds_between('ahead.ended_at', 'ahead.next_about_anything_at') }} as seconds_to_next_about_anything,
        cast({{ local_time('ahead.started_at', var('reporting_time_zone')) }} as date)
        = cast({{ local_time('ahead.next_of_kind_at', var('reporting_time_zone')) }} as date) as is_called_again_today,
        case when ahead.kind = 'contact' and ahead.is_answered then ahead.reported_resolved end as agent_says,
        flags_of_interactions.is_flagged as tool_says,
        ratings.csat_share,
        coalesce(specific.first_contact_eligible, general.first_contact_eligible, true) as is_eligible,
        horizons.observed_until
    from ahead
    left join flags_of_interactions
        on ahead.interaction_id = flags_of_interactions.interaction_id
    left join ratings
        on
            ahead.interaction_id = ratings.interaction_id
            and ratings.rating_number = 1
    {%- for level in ['specific', 'general'] %}
    left join {{ ref('dim_categories') }} as {{ level }}
        on
            ahead.source_system = {{ level }}.source_system
            and {{ 'ahead.issue_key = specific.issue_key' if level == 'specific' else 'ahead.category = general.category' }}
            and {{ level }}.subcategory is {{ 'not ' if level == 'specific' }}null
            and ({{ level }}.valid_from is null or {{ level }}.valid_from <= ahead.started_at)
            and ({{ level }}.valid_to is null or ahead.started_at < {{ level }}.valid_to)
    {%- endfor %}
    left join horizons
        on ahead.source_system = horizons.source_system

),

-- the first visit of an issue is the first with an outcome
numbered as (

    select
        *,
        case
            when has_outcome and is_observable
                then row_number() over (
                    partition by chain_id, has_outcome order by started_at, {{ text_order('interaction_id') }}
                )
        end as visit_number
    from visits

),

episodes as (

    select * from {{ ref('fct_resolution_episodes') }}

),

messages as (

    select
        messages.source_system,
        messages.ticket_key,
        {{ count_where("messages.is_public_agent_reply") }} as reply_count,
        {{ count_where("messages.is_from_customer and messages.sent_at > ticket_flags.opened_at") }}
            as customer_reply_count
    from {{ ref('fct_ticket_messages') }} as messages
    inner join ticket_flags
        on messages.ticket_key = ticket_flags.ticket_key
    group by messages.source_system, messages.ticket_key

),

teams as (

    select
        intervals.ticket_key,
        count(distinct intervals.value) as team_count
    from {{ ref('fct_ticket_intervals') }} as intervals
    inner join episodes
        on
            intervals.ticket_key = episodes.ticket_key
            and episodes.episode_number = 1
            and intervals.started_at <= episodes.resolved_at
    where intervals.field = 'team'
    group by intervals.ticket_key

),

standing as (

    select distinct ticket_key from episodes
    where ended_at is null

),

-- one row a resolution
resolutions as (

    select
        claims.claim_id,
        claims.ticket_key,
        claims.source_system,
        claims.claimed_at as happened_at,
        claims.team_id,
        claims.queue,
        claims.category,
        claims.channel,
        claims.account_id,
        episodes.episode_number,
        true as has_outcome,
        verdicts.is_observable,
        {{ seconds_between(
            'claims.claimed_at', 'least(claims.first_r1_at, claims.first_r2_at, claims.first_r3_at)'
        ) }} as seconds_to_return,
        verdicts.observed_until,
        ticket_flags.is_flagged as tool_says,
        coalesce(messages.reply_count, 0) as reply_count,
        coalesce(messages.customer_reply_count, 0) as customer_reply_count,
        teams.team_count,
        standing.ticket_key is not null as is_still_resolved
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('fct_claim_verdicts') }} as verdicts
        on
            claims.claim_id = verdicts.claim_id
            and verdicts.tier_set = 'return'
            and verdicts.is_default_window
    inner join episodes
        on claims.episode_id = episodes.episode_id
    left join ticket_flags
        on claims.ticket_key = ticket_flags.ticket_key
    left join messages
        on claims.ticket_key = messages.ticket_key
    left join teams
        on claims.ticket_key = teams.ticket_key
    left join standing
        on claims.ticket_key = standing.ticket_key
    where claims.claim_type = 'ticket_resolved' and claims.is_headline_cohort

),

things as (

    -- F1: flagged by agent or tool, the first visit of an issue
    select
        'F1' as definition_id,
        interaction_id as thing_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        coalesce(agent_says, tool_says) as is_called_resolved,
        cast(null as bigint) as seconds_to_noticed,
        cast(null as integer) as definition_days,
        csat_share
    from numbered
    where visit_number = 1 and coalesce(agent_says, tool_says) is not null
    union all
    -- F1a: each contact of which its agent says so or not
    select
        'F1a',
        interaction_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        agent_says,
        null, null, null
    from visits
    where agent_says is not null
    union all
    -- F1b: each resolved ticket of which the tool says so or not
    select
        'F1b',
        claim_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        tool_says,
        null, null, null
    from resolutions
    where episode_number = 1 and tool_says is not null
    union all
    -- F2: the customer's yes or no, about a contact or a ticket
    select
        'F2',
        surveys.source_system || ':' || surveys.survey_id,
        surveys.source_system,
        coalesce(
            visits.happened_at, resolutions.happened_at, surveys.eligible_at, surveys.sent_at, surveys.answered_at
        ),
        {%- for column in ['team_id', 'queue', 'category', 'channel', 'account_id'] %}
        coalesce(visits.{{ column }}, resolutions.{{ column }}),
        {%- endfor %}
        coalesce(visits.has_outcome, resolutions.has_outcome, false),
        coalesce(visits.is_observable, resolutions.is_observable, false),
        coalesce(visits.seconds_to_return, resolutions.seconds_to_return),
        coalesce(visits.observed_until, resolutions.observed_until, horizons.observed_until),
        surveys.resolved_answer = 'yes',
        null, null, null
    from surveys
    left join visits
        on surveys.claim_id = 'contact_handled/' || visits.contact_key
    left join resolutions
        on surveys.claim_id = resolutions.claim_id
    left join horizons
        on surveys.source_system = horizons.source_system
    where
        surveys.resolved_answer is not null
        and coalesce(
            visits.happened_at, resolutions.happened_at, surveys.eligible_at, surveys.sent_at, surveys.answered_at
        ) is not null
    union all
    -- F3: nobody came about anything in 30 days
    select
        'F3',
        interaction_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        coalesce(seconds_to_next_about_anything > 30 * 86400, true),
        null, 30, null
    from visits
    where customer_key is not null and ended_at is not null and (kind <> 'contact' or is_answered)
    union all
    -- F4: nobody came back about the same issue: what really happened
    select
        'F4',
        interaction_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        null,
        seconds_to_return,
        null,
        csat_share
    from numbered
    where visit_number = 1
    union all
    -- F5: no call of the same type on the same day
    select
        'F5',
        interaction_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        not coalesce(is_called_again_today, false),
        null, 1, null
    from visits
    where kind = 'contact' and customer_key is not null and is_answered and ended_at is not null
    union all
    -- F6: one public reply and solved. F7: the customer never wrote again
    select
        definitions.definition_id,
        resolutions.claim_id,
        {%- for column in columns %}
        resolutions.{{ column }},
        {%- endfor %}
        case definitions.definition_id
            when 'F6' then resolutions.reply_count = 1 and resolutions.is_still_resolved
            else resolutions.customer_reply_count = 0
        end,
        null, null, null
    from resolutions
    inner join definitions
        on definitions.definition_id in ('F6', 'F7')
    where
        resolutions.episode_number = 1
        -- without messages everybody would have been silent
        and resolutions.source_system in (select messages.source_system from messages)
    union all
    -- F8a: not passed on
    select
        'F8a',
        interaction_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        transfer_count = 0,
        null, null, null
    from visits
    where
        kind = 'contact'
        and is_answered
        and ended_at is not null
        and transfer_count is not null
        -- where none is recorded, nobody knows of any
        and source_system in (select passed_on.source_system from visits as passed_on where passed_on.transfer_count > 0)
    union all
    -- F8b: resolved by the team that had it first
    select
        'F8b',
        claim_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        team_count = 1,
        null, null, null
    from resolutions
    where episode_number = 1 and team_count >= 1
    union all
    -- F9: flagged over all contacts; net, over those whose category could be solved at first contact
    select
        definitions.definition_id,
        visits.interaction_id,
        {%- for column in columns %}
        visits.{{ column }},
        {%- endfor %}
        coalesce(visits.agent_says, false),
        null, null, null
    from visits
    inner join definitions
        on
            definitions.definition_id = 'F9a'
            or (
                definitions.definition_id = 'F9b'
                and visits.is_eligible
                and visits.source_system in (
                    select categories.source_system
                    from {{ ref('dim_categories') }} as categories
                    where categories.first_contact_eligible is not null
                )
            )
    where
        visits.kind = 'contact'
        and visits.is_answered
        and visits.ended_at is not null
        and visits.source_system in (select flagged.source_system from visits as flagged where flagged.agent_says is not null)
    union all
    -- F10: issues over contacts: every visit counts, the first of an issue is its issue
    select
        'F10',
        interaction_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        coalesce(visit_number = 1, false),
        null, null, null
    from numbered
    where chain_id is not null
    union all
    -- F11: the reviewer's pass
    select
        'F11',
        reviews.source_system || ':' || reviews.review_id,
        reviews.source_system,
        coalesce(visits.happened_at, resolutions.happened_at, reviews.reviewed_at),
        {%- for column in ['team_id', 'queue', 'category', 'channel', 'account_id'] %}
        coalesce(visits.{{ column }}, resolutions.{{ column }}),
        {%- endfor %}
        coalesce(visits.has_outcome, resolutions.has_outcome, false),
        coalesce(visits.is_observable, resolutions.is_observable, false),
        coalesce(visits.seconds_to_return, resolutions.seconds_to_return),
        coalesce(visits.observed_until, resolutions.observed_until, horizons.observed_until),
        reviews.passed,
        null, null, null
    from {{ ref('fct_qa_reviews') }} as reviews
    left join visits
        on
            reviews.contact_key = visits.contact_key
            and visits.kind = 'contact'
    left join resolutions
        on
            reviews.contact_key is null
            and reviews.ticket_key = resolutions.ticket_key
            and resolutions.episode_number = 1
    left join horizons
        on reviews.source_system = horizons.source_system
    where reviews.passed is not null
    union all
    -- F12: nobody came back on this channel
    select
        'F12',
        interaction_id,
        {%- for column in columns %}
        {{ column }},
        {%- endfor %}
        null,
        seconds_to_next_on_channel,
        null,
        csat_share
    from numbered
    where visit_number = 1

),

final as (

    select
        things.definition_id,
        things.thing_id,
        things.source_system,
        things.happened_at,
        things.team_id,
        things.queue,
        things.category,
        things.channel,
        things.account_id,
        things.is_called_resolved,
        cast(things.seconds_to_noticed as bigint) as seconds_to_noticed,
        cast(things.definition_days as integer) as definition_days,
        things.has_outcome,
        things.is_observable,
        things.seconds_to_return,
        things.observed_until,
        things.csat_share
    from things
    inner join definitions
        on things.definition_id = definitions.definition_id

)

select * from final
