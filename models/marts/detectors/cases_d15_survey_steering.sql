-- Grain: one customer who could be asked how it went, once it is known whether they came back within a week. Marked: an agent
-- could ask and did not, and the customer is likely displeased: came back, or had to come twice before.
with

surveys as (

    select
        source_system,
        source_system || ':' || survey_id as survey_key,
        survey_id,
        ticket_key,
        contact_key,
        claim_id,
        interaction_id,
        coalesce(eligible_at, sent_at) as eligible_at,
        sent_at,
        sent_by
    from {{ ref('fct_survey_responses') }}
    where sent_by in ('agent', 'system') and coalesce(eligible_at, sent_at) is not null

),

-- nine in ten surveys have gone by then: who is back sooner need not be asked, and honestly so
delays as (

    select
        source_system,
        sent_by,
        {{ seconds_between('eligible_at', 'sent_at') }} as delay_seconds,
        row_number() over (
            partition by source_system, sent_by
            order by {{ seconds_between('eligible_at', 'sent_at') }}, {{ text_order('survey_key') }}
        ) as delay_rank,
        count(*) over (partition by source_system, sent_by) as delay_count
    from surveys
    where sent_at >= eligible_at

),

usual_delays as (

    select
        source_system,
        sent_by,
        min(delay_seconds) as delay_seconds
    from delays
    where 10 * delay_rank >= 9 * delay_count
    group by source_system, sent_by

),

-- who only says thanks reopens a ticket as well
thanks as (

    select 'ticket_resolved/' || episode_id as claim_id
    from {{ ref('fct_resolution_episodes') }}
    where reopen_kind = 'acknowledgement'

),

verdicts as (

    select
        verdicts.claim_id,
        verdicts.customer_key,
        verdicts.team_id,
        verdicts.claimed_at,
        case
            when thanks.claim_id is null or verdicts.falsified_by_tier <> 'R1' then verdicts.falsified_at
        end as back_at,
        verdicts.is_mature
    from {{ ref('fct_claim_verdicts') }} as verdicts
    left join thanks
        on verdicts.claim_id = thanks.claim_id
    where
        verdicts.tier_set = 'return'
        and verdicts.window_days = 7
        and verdicts.is_observable
        and verdicts.claim_type in ('ticket_resolved', 'contact_handled')

),

interactions as (

    select
        interaction_id,
        chain_position
    from {{ ref('fct_interactions') }}

),

known as (

    select
        surveys.*,
        verdicts.customer_key,
        verdicts.team_id,
        verdicts.claimed_at,
        verdicts.is_mature,
        verdicts.back_at is not null as is_back,
        greatest(coalesce(interactions.chain_position, 1) - 1, 0) as earlier_count
    from surveys
    inner join verdicts
        on surveys.claim_id = verdicts.claim_id
    left join interactions
        on surveys.interaction_id = interactions.interaction_id
    left join usual_delays
        on
            surveys.source_system = usual_delays.source_system
            and surveys.sent_by = usual_delays.sent_by
    where
        verdicts.customer_key is not null
        and verdicts.team_id is not null
        and (
            verdicts.back_at is null
            or {{ seconds_between('surveys.eligible_at', 'verdicts.back_at') }}
            > coalesce(usual_delays.delay_seconds, 0)
        )

),

-- one line of time per customer: when they were asked, about anything and by whomever, and when they could be
moments as (

    select
        claims.customer_key,
        surveys.survey_key,
        surveys.sent_at as happened_at,
        surveys.sent_at,
        0 as is_eligible
    from surveys
    inner join {{ ref('fct_claims') }} as claims
        on surveys.claim_id = claims.claim_id
    where surveys.sent_at is not null and claims.customer_key is not null
    union all
    select
        customer_key,
        survey_key,
        eligible_at as happened_at,
        cast(null as timestamp) as sent_at,
        1 as is_eligible
    from known

),

asked as (

    select
        survey_key,
        is_eligible,
        happened_at,
        max(sent_at) over (
            partition by customer_key
            order by happened_at, is_eligible desc, {{ text_order('survey_key') }}
            rows between unbounded preceding and current row
        ) as last_asked_at
    from moments

),

-- the last leg that somebody answered
answered as (

    select
        contact_key,
        agent_key,
        row_number() over (
            partition by contact_key
            order by leg_position desc, {{ text_order('leg_id') }}
        ) as legs_from_last
    from {{ ref('fct_contact_legs') }}
    where is_answered and agent_key is not null

),

holders as (

    select
        known.survey_key,
        max(intervals.assignee_key) as agent_key
    from known
    inner join {{ ref('fct_ticket_intervals') }} as intervals
        on
            known.ticket_key = intervals.ticket_key
            and intervals.field = 'assignee'
            and intervals.started_at < known.claimed_at
            and (intervals.ended_at is null or intervals.ended_at >= known.claimed_at)
    where known.contact_key is null
    group by known.survey_key

),

judged as (

    select
        known.*,
        coalesce(answered.agent_key, holders.agent_key) as agent_key,
        known.sent_at is not null as is_sent,
        coalesce(asked.last_asked_at >= known.eligible_at - interval '30' day, false) as is_asked_lately,
        -- in their answers a return weighs as much as three contacts before
        case when known.is_back then 3 else 0 end + least(known.earlier_count, 3) as displeasure
    from known
    inner join asked
        on
            known.survey_key = asked.survey_key
            and asked.is_eligible = 1
    left join answered
        on
            known.contact_key = answered.contact_key
            and answered.legs_from_last = 1
    left join holders
        on known.survey_key = holders.survey_key

),

final as (

    select
        {{ case_columns(
            'D15',
            'eligible_at',
            "sent_by = 'agent' and not is_sent and is_mature and displeasure >= 2",
            contact_key='contact_key',
            ticket_key='ticket_key',
            survey_id='survey_id',
            agent_key='agent_key',
        ) }},
        sent_by,
        is_sent,
        is_mature,
        is_back,
        is_asked_lately,
        case when contact_key is null then 'ticket' else 'contact' end as subject,
        displeasure
    from judged

)

select * from final
