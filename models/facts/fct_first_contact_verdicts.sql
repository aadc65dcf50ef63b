-- Grain: definition of first contact resolution x what it counts: a contact, a ticket, a survey or a review. What the
-- definition says, and when the customer came back. A view: what was seen until when is not the thing's own doing.
-- Definitions are in the seed fcr_definitions; what a system's tables don't show, it has no rows of.
{{ config(materialized='view') }}
{% set about_either = "coalesce(
            visits.happened_at, resolutions.happened_at, " %}
{% set known_of_either = {
    'has_outcome': 'coalesce(visits.has_outcome, resolutions.has_outcome, false)',
    'is_observable': 'coalesce(visits.is_observable, resolutions.is_observable, false)',
    'observed_until': 'coalesce(visits.observed_until, resolutions.observed_until, horizons.observed_until)',
} %}

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
        *,
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

-- of a subcategory in full, whatever makes an issue; of a coarser key the subcategory is not known
specific_rules as (

    select
        source_system,
        replace(category, '/', '//') || ' / ' || replace(subcategory, '/', '//') as issue_key,
        first_contact_eligible,
        valid_from,
        valid_to
    from {{ ref('dim_categories') }}
    where subcategory is not null

),

general_rules as (

    select
        source_system,
        category,
        first_contact_eligible,
        valid_from,
        valid_to
    from {{ ref('dim_categories') }}
    where subcategory is null

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
    {%- for level, key in {'specific': 'issue_key', 'general': 'category'}.items() %}
    left join {{ level }}_rules as {{ level }}
        on
            ahead.source_system = {{ level }}.source_system
            and ahead.{{ key }} = {{ level }}.{{ key }}
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

flagging_systems as (

    select distinct source_system from visits
    where agent_says is not null

),

transferring_systems as (

    select distinct source_system from visits
    where transfer_count > 0

),

writing_systems as (

    select distinct source_system from messages

),

ruling_systems as (

    select distinct source_system from {{ ref('dim_categories') }}
    where first_contact_eligible is not null

),

answered_contacts as (

    select * from visits
    where kind = 'contact' and is_answered and ended_at is not null

),

first_visits as (

    select * from numbered
    where visit_number = 1

),

first_resolutions as (

    select * from resolutions
    where episode_number = 1

),

reviews as (

    select * from {{ ref('fct_qa_reviews') }}

),

reviewed_resolutions as (

    select
        reviews.review_id,
        first_resolutions.*
    from reviews
    inner join first_resolutions
        on reviews.ticket_key = first_resolutions.ticket_key
    where reviews.contact_key is null

),

asked as (

    select
        *,
        coalesce(eligible_at, sent_at, answered_at) as asked_at
    from surveys
    where resolved_answer is not null

),

things as (

    -- F1: flagged by agent or tool, the first visit of an issue
    select
        {{ first_contact_columns(
            "'F1'", 'interaction_id', 'coalesce(agent_says, tool_says)', none, csat_share='csat_share'
        ) }}
    from first_visits
    where coalesce(agent_says, tool_says) is not null
    union all
    -- F1a: each contact of which its agent says so or not
    select
        {{ first_contact_columns("'F1a'", 'interaction_id', 'agent_says', none) }}
    from visits
    where agent_says is not null
    union all
    -- F1b: each resolved ticket of which the tool says so or not
    select
        {{ first_contact_columns("'F1b'", 'claim_id', 'tool_says', none) }}
    from first_resolutions
    where tool_says is not null
    union all
    -- F2: the customer's yes or no, about a contact or a ticket
    select
        {{ first_contact_columns(
            "'F2'", "asked.source_system || ':' || asked.survey_id", "asked.resolved_answer = 'yes'",
            ['visits', 'resolutions'],
            known=dict(known_of_either, source_system='asked.source_system', happened_at=about_either ~ 'asked.asked_at)')
        ) }}
    from asked
    left join visits
        on asked.claim_id = 'contact_handled/' || visits.contact_key
    left join resolutions
        on asked.claim_id = resolutions.claim_id
    left join horizons
        on asked.source_system = horizons.source_system
    where {{ about_either }}asked.asked_at) is not null
    union all
    -- F3: nobody came about anything in 30 days
    select
        {{ first_contact_columns(
            "'F3'", 'interaction_id', 'coalesce(seconds_to_next_about_anything > 30 * 86400, true)', none,
            definition_days=30
        ) }}
    from visits
    where customer_key is not null and ended_at is not null and (kind <> 'contact' or is_answered)
    union all
    -- F4: nobody came back about the same issue: what really happened
    select
        {{ first_contact_columns(
            "'F4'", 'interaction_id', 'null', none, seconds_to_noticed='seconds_to_return',
            csat_share='csat_share'
        ) }}
    from first_visits
    union all
    -- F5: no call of the same type on the same day
    select
        {{ first_contact_columns(
            "'F5'", 'interaction_id', 'not coalesce(is_called_again_today, false)', none, definition_days=1
        ) }}
    from answered_contacts
    where customer_key is not null
    union all
    -- F6: one public reply, and solved; without messages nobody could count
    select
        {{ first_contact_columns("'F6'", 'claim_id', 'reply_count = 1 and is_still_resolved', 'first_resolutions') }}
    from first_resolutions
    inner join writing_systems
        on first_resolutions.source_system = writing_systems.source_system
    union all
    -- F7: the customer never wrote again; without messages everybody would have been silent
    select
        {{ first_contact_columns("'F7'", 'claim_id', 'customer_reply_count = 0', 'first_resolutions') }}
    from first_resolutions
    inner join writing_systems
        on first_resolutions.source_system = writing_systems.source_system
    union all
    -- F8a: not passed on; where none is recorded, nobody knows of any
    select
        {{ first_contact_columns("'F8a'", 'interaction_id', 'transfer_count = 0', 'answered_contacts') }}
    from answered_contacts
    inner join transferring_systems
        on answered_contacts.source_system = transferring_systems.source_system
    where answered_contacts.transfer_count is not null
    union all
    -- F8b: resolved by the team that had it first
    select
        {{ first_contact_columns("'F8b'", 'claim_id', 'team_count = 1', none) }}
    from first_resolutions
    where team_count >= 1
    union all
    -- F9a, gross: flagged over all contacts
    select
        {{ first_contact_columns("'F9a'", 'interaction_id', 'coalesce(agent_says, false)', 'answered_contacts') }}
    from answered_contacts
    inner join flagging_systems
        on answered_contacts.source_system = flagging_systems.source_system
    union all
    -- F9b, net: over those whose category could be solved at first contact
    select
        {{ first_contact_columns("'F9b'", 'interaction_id', 'coalesce(agent_says, false)', 'answered_contacts') }}
    from answered_contacts
    inner join flagging_systems
        on answered_contacts.source_system = flagging_systems.source_system
    inner join ruling_systems
        on answered_contacts.source_system = ruling_systems.source_system
    where answered_contacts.is_eligible
    union all
    -- F10: issues over contacts: every visit counts, and the first of an issue is its issue
    select
        {{ first_contact_columns("'F10'", 'interaction_id', 'coalesce(visit_number = 1, false)', none) }}
    from numbered
    where chain_id is not null
    union all
    -- F11: the reviewer's pass
    select
        {{ first_contact_columns(
            "'F11'", "reviews.source_system || ':' || reviews.review_id", 'reviews.passed',
            ['visits', 'resolutions'],
            known=dict(
                known_of_either, source_system='reviews.source_system', happened_at=about_either ~ 'reviews.reviewed_at)'
            )
        ) }}
    from reviews
    left join visits
        on
            reviews.contact_key = visits.contact_key
            and visits.kind = 'contact'
    left join reviewed_resolutions as resolutions
        on
            reviews.source_system = resolutions.source_system
            and reviews.review_id = resolutions.review_id
    left join horizons
        on reviews.source_system = horizons.source_system
    where reviews.passed is not null
    union all
    -- F12: nobody came back on this channel
    select
        {{ first_contact_columns(
            "'F12'", 'interaction_id', 'null', none, seconds_to_noticed='seconds_to_next_on_channel',
            csat_share='csat_share'
        ) }}
    from first_visits

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
        things.seconds_to_noticed,
        things.definition_days,
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
