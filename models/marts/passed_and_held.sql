-- Grain: gate x source system x period x unit x window. A gate is somebody's word that all is well: the bot kept the
-- session (`bot`), the review passed (`quality_review`), the first line resolved the ticket (`first_line`). Of what
-- passed, how much held? Tier set `return`.
-- cost: the cells of accounts, quiet periods included, four windows each: the rows to write are the work.
{% set zone = var('reporting_time_zone') %}
{% set counts = [
    'offered_count', 'passed_count', 'mature_count', 'cohort_count', 'held_count', 'failed_count', 'unobservable_count',
    'came_back_count', 'other_line_count',
] %}
{% set places = ['channel', 'queue', 'team_id', 'account_id', 'category'] %}

with

windows as (

    select window_days from {{ ref('windows') }}
    where is_for_service

),

verdicts as (

    select * from {{ ref('fct_claim_verdicts') }}
    where
        tier_set = 'return'
        and claim_type in ('contained_by_bot', 'contact_handled', 'ticket_resolved')

),

claim_horizons as (

    select
        source_system,
        claim_type,
        max(observed_until) as observed_until
    from verdicts
    group by source_system, claim_type

),

reviews as (

    select
        source_system,
        review_id,
        reviewed_at,
        passed,
        case when contact_key is not null then 'contact_handled' else 'ticket_resolved' end as claim_type,
        coalesce(contact_key, ticket_key) as reviewed_key
    from {{ ref('fct_qa_reviews') }}
    where passed is not null

),

reviewable_claims as (

    select
        *,
        case claim_type when 'contact_handled' then contact_key else ticket_key end as reviewed_key
    from {{ ref('fct_claims') }}
    where claim_type in ('contact_handled', 'ticket_resolved')

),

-- a review of a ticket speaks of its latest resolution before the review
review_claims as (

    select
        reviews.source_system,
        reviews.review_id,
        reviews.reviewed_at,
        reviews.passed,
        claims.claim_id,
        claims.channel,
        claims.queue,
        claims.team_id,
        claims.account_id,
        claims.category,
        row_number() over (
            partition by reviews.source_system, reviews.review_id
            order by claims.claimed_at desc nulls last, {{ text_order('claims.claim_id') }}
        ) as claim_number
    from reviews
    left join reviewable_claims as claims
        on
            reviews.claim_type = claims.claim_type
            and reviews.reviewed_key = claims.reviewed_key
            and claims.claimed_at <= reviews.reviewed_at

),

tiers as (

    select
        source_system,
        team_id,
        {{ lowered(trimmed('tier')) }} in (
            {%- for tier in var('first_line_tiers') %}
            '{{ tier }}'{{ ',' if not loop.last }}
            {%- endfor %}
        ) as is_first_line
    from {{ ref('dim_teams') }}
    where tier is not null

),

other_lines as (

    select
        intervals.ticket_key,
        min(intervals.started_at) as other_line_at
    from {{ ref('fct_ticket_intervals') }} as intervals
    inner join tiers
        on
            intervals.source_system = tiers.source_system
            and intervals.value = tiers.team_id
            and not tiers.is_first_line
    where intervals.field = 'team'
    group by intervals.ticket_key

),

gated as (

    select
        'bot' as gate,
        sessions.source_system,
        'contained_by_bot' as claim_type,
        'contained_by_bot/' || sessions.session_key as claim_id,
        sessions.ended_at as event_at,
        'bot' as channel,
        cast(null as varchar) as queue,
        cast(null as varchar) as team_id,
        cast(null as varchar) as account_id,
        sessions.intent as category,
        sessions.is_contained as is_passed,
        cast(null as timestamp) as other_line_at
    from {{ ref('fct_bot_sessions') }} as sessions
    where sessions.is_contained is not null and sessions.ended_at is not null
    union all
    select
        'quality_review' as gate,
        source_system,
        case when claim_id like 'ticket_resolved/%' then 'ticket_resolved' else 'contact_handled' end as claim_type,
        claim_id,
        reviewed_at as event_at,
        {{ places | join(',\n        ') }},
        passed as is_passed,
        cast(null as timestamp) as other_line_at
    from review_claims
    where claim_number = 1
    union all
    -- the first resolution of each ticket that a team of a known line resolved
    select
        'first_line' as gate,
        claims.source_system,
        'ticket_resolved' as claim_type,
        claims.claim_id,
        claims.claimed_at as event_at,
        {%- for place in places %}
        claims.{{ place }},
        {%- endfor %}
        tiers.is_first_line as is_passed,
        other_lines.other_line_at
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on
            claims.episode_id = episodes.episode_id
            and episodes.episode_number = 1
    inner join tiers
        on
            claims.source_system = tiers.source_system
            and claims.team_id = tiers.team_id
    left join other_lines
        on claims.ticket_key = other_lines.ticket_key
    where claims.claim_type = 'ticket_resolved' and claims.is_headline_cohort

),

judged as (

    select
        gated.gate,
        gated.source_system,
        windows.window_days,
        cast({{ local_time('gated.event_at', zone) }} as date) as event_on,
        claim_horizons.observed_until,
        {%- for place in places %}
        gated.{{ place }},
        {%- endfor %}
        gated.is_passed,
        gated.is_passed and coalesce(verdicts.is_mature and verdicts.is_headline_cohort, false) as is_judgeable,
        verdicts.is_observable,
        verdicts.verdict = 'falsified' as came_back,
        coalesce(
            {{ seconds_between('verdicts.claimed_at', 'gated.other_line_at') }} <= windows.window_days * 86400, false
        ) as was_on_other_line
    from gated
    cross join windows
    left join verdicts
        on
            gated.claim_id = verdicts.claim_id
            and windows.window_days = verdicts.window_days
    left join claim_horizons
        on
            gated.source_system = claim_horizons.source_system
            and gated.claim_type = claim_horizons.claim_type

),

events as (

    select
        gate,
        source_system,
        window_days,
        event_on,
        observed_until,
        {{ places | join(',\n        ') }},
        {{ event_columns({}, {
            'offered_count': 'true',
            'passed_count': 'is_passed',
            'mature_count': 'is_judgeable',
            'cohort_count': 'is_judgeable and is_observable',
            'held_count': 'is_judgeable and is_observable and not came_back and not was_on_other_line',
            'failed_count': 'is_judgeable and is_observable and (came_back or was_on_other_line)',
            'unobservable_count': 'is_judgeable and not is_observable',
            'came_back_count': 'is_judgeable and is_observable and came_back',
            'other_line_count': 'is_judgeable and is_observable and was_on_other_line',
        }, counts, ['no_value']) }}
    from judged

),

{{ cells_of('events', keys=['gate', 'window_days'], sums=counts) }},

final as (

    select
        -- grain
        gate,
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        window_days,

        -- counts
        period_end,
        is_period_mature,
        {%- for count in counts if count != 'other_line_count' %}
        {{ count }},
        {%- endfor %}
        case when gate = 'first_line' then other_line_count end as other_line_count,

        -- rates
        cast({{ ratio('passed_count', 'offered_count') }} as decimal(9, 4)) as passed_rate,
        case when is_period_mature then cast({{ ratio('held_count', 'cohort_count') }} as decimal(9, 4)) end
            as lasting_rate,
        {%- for side in ['low', 'high'] %}
        case when is_period_mature then {{ wilson('held_count', 'cohort_count', side) }} end as lasting_rate_{{ side }},
        {%- endfor %}
        case
            when is_period_mature then cast({{ ratio('unobservable_count', 'mature_count') }} as decimal(9, 4))
        end as unobservable_share,
        observed_until
    from cells

)

select * from final
