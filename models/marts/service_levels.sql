-- Grain: metric x source system x period x unit x window. Each metric has two clocks: the desk's, as dashboards read it, and
-- the customer's, as it was lived. What stands beside the other is of the same tickets or contacts.
-- sla_resolution, sla_first_reply: clocks of the policies, in the period in which they stopped. first_reply: every ticket,
-- in the period of a person's first public reply. time_to_resolution: every ticket, in the period of its first
-- resolution. calls: in the period in which they began.
-- cost: percentiles do not add up, so each event is held in every period and unit that it lies in, one kind after the other.
{{ config(meta={'kept': ['events', 'value_events']}) }}
{% set zone = var('reporting_time_zone') %}
{% set hour = 3600 %}
{#- until when a ticket may be reopened before its time to the last resolution is read -#}
{% set reopening_days = 30 %}
{#- columns of events that are added up, as they are published -#}
{% set counts = [
    'item_count', 'judged_count', 'met_count', 'running_over_target_count', 'cohort_count', 'cohort_met_count',
    'unobservable_count', 'met_and_held_count', 'clock_cohort_count', 'clock_cohort_met_count', 'met_with_pauses_count',
    'customer_met_count', 'calendar_met_count', 'open_again_count',
    'automatic_only_count', 'templated_first_count', 'useful_first_count', 'useful_public_count', 'replied_resolved_count',
    'reply_count',
    'answered_count', 'abandoned_count', 'short_abandon_count', 'unknown_wait_count', 'known_abandoned_count',
    'tried_again_count',
] %}
{% set values = [
    'desk_seconds', 'customer_seconds', 'calendar_seconds', 'elapsed_seconds', 'paused_seconds', 'first_public_seconds',
] %}
{% set sums = [
    'timed_count', 'desk_seconds_sum', 'customer_seconds_sum', 'calendar_seconds_sum', 'elapsed_seconds_sum',
    'paused_seconds_sum',
] %}
{#- for the interval of a ratio of sums -#}
{% set squares = ['late_squares', 'last_squares', 'late_last_products'] %}
{#- which counts a metric has; elsewhere they are null -#}
{% set metrics_of = {
    'judged_count': ['sla_resolution', 'sla_first_reply', 'calls'],
    'met_count': ['sla_resolution', 'sla_first_reply', 'calls'],
    'running_over_target_count': ['sla_resolution', 'sla_first_reply'],
    'cohort_met_count': ['sla_resolution'],
    'unobservable_count': ['sla_resolution'],
    'met_and_held_count': ['sla_resolution'],
    'clock_cohort_count': ['sla_resolution'],
    'clock_cohort_met_count': ['sla_resolution'],
    'met_with_pauses_count': ['sla_resolution'],
    'customer_met_count': ['sla_resolution'],
    'calendar_met_count': ['sla_resolution'],
    'open_again_count': ['sla_resolution', 'time_to_resolution'],
    'automatic_only_count': ['first_reply'],
    'templated_first_count': ['first_reply'],
    'useful_first_count': ['first_reply'],
    'useful_public_count': ['first_reply'],
    'replied_resolved_count': ['first_reply'],
    'reply_count': ['first_reply'],
    'answered_count': ['calls'],
    'abandoned_count': ['calls'],
    'short_abandon_count': ['calls'],
    'unknown_wait_count': ['calls'],
    'known_abandoned_count': ['calls'],
    'tried_again_count': ['calls'],
} %}
{% set places = ['channel', 'queue', 'team_id', 'account_id', 'category'] %}

with

coverage as (

    select
        source_system,
        feed,
        least(observed_until, as_of) as observed_until
    from {{ ref('dim_feed_coverage') }}

),

openings as (

    select
        ticket_key,
        source_system,
        channel,
        cast(null as varchar) as queue,
        team_id,
        account_id,
        category,
        started_at as created_at
    from {{ ref('fct_interactions') }}
    where kind = 'opening'

),

-- one clock of a kind a ticket: the first of the seed
clocks as (

    select
        clocks.*,
        row_number() over (
            partition by clocks.ticket_key, clocks.stopped_by
            order by metrics.metric_rank, {{ text_order('clocks.metric') }}
        ) as clock_number
    from {{ ref('fct_ticket_clocks') }} as clocks
    inner join {{ ref('sla_metrics') }} as metrics
        on clocks.metric = metrics.metric

),

first_resolutions as (

    select claims.*
    from {{ ref('fct_claims') }} as claims
    inner join {{ ref('fct_resolution_episodes') }} as episodes
        on claims.episode_id = episodes.episode_id
    where claims.claim_type = 'ticket_resolved' and episodes.episode_number = 1

),

last_resolutions as (

    select
        ticket_key,
        max(resolved_at) as last_resolved_at,
        count(*) = count(ended_at) as is_open_again
    from {{ ref('fct_resolution_episodes') }}
    group by ticket_key

),

verdicts as (

    select * from {{ ref('fct_claim_verdicts') }}
    where claim_type in ('ticket_resolved', 'sla_met') and tier_set in ('linked', 'return')

),

-- a claim's horizon is its system's
claim_horizons as (

    select
        source_system,
        max(observed_until) as observed_until
    from verdicts
    where claim_type = 'ticket_resolved' and tier_set = 'return'
    group by source_system

),

-- the customer's clock in the opening hours of the target: pauses and the time in which the ticket counted as done included
waited as (

    select
        intervals.ticket_key,
        intervals.calendar_id,
        case
            when count(*) = count(intervals.business_seconds) then cast(sum(intervals.business_seconds) as bigint)
        end as business_seconds
    from {{ ref('fct_ticket_intervals') }} as intervals
    inner join last_resolutions
        on
            intervals.ticket_key = last_resolutions.ticket_key
            and intervals.started_at < last_resolutions.last_resolved_at
    where intervals.field = 'status'
    group by intervals.ticket_key, intervals.calendar_id

),

read_clocks as (

    select
        clocks.source_system,
        clocks.stopped_at,
        first_resolutions.channel,
        first_resolutions.queue,
        first_resolutions.team_id,
        first_resolutions.account_id,
        first_resolutions.category,
        verdicts.window_days,
        verdicts.observed_until,
        clocks.is_met,
        clocks.target_seconds,
        clocks.counted_seconds,
        clocks.elapsed_seconds,
        clocks.paused_elapsed_seconds,
        case when clocks.is_around_the_clock then clocks.elapsed_seconds else clocks.business_seconds end
            as unpaused_seconds,
        last_resolutions.is_open_again,
        verdicts.is_headline_cohort and verdicts.is_mature as is_judgeable,
        verdicts.is_observable,
        sla_verdicts.verdict = 'held' as is_held,
        {{ seconds_between('clocks.started_at', 'last_resolutions.last_resolved_at') }} as calendar_seconds,
        case
            when clocks.is_around_the_clock
                then {{ seconds_between('clocks.started_at', 'last_resolutions.last_resolved_at') }}
            when clocks.calendar_id = waited.calendar_id then waited.business_seconds
        end as waited_seconds
    from clocks
    inner join first_resolutions
        on clocks.ticket_key = first_resolutions.ticket_key
    inner join verdicts
        on
            first_resolutions.claim_id = verdicts.claim_id
            and verdicts.tier_set = 'return'
            and verdicts.is_default_window
    inner join last_resolutions
        on clocks.ticket_key = last_resolutions.ticket_key
    left join verdicts as sla_verdicts
        on
            sla_verdicts.claim_id = 'sla_met/' || clocks.ticket_key
            and sla_verdicts.tier_set = 'return'
            and sla_verdicts.is_default_window
    left join waited
        on clocks.ticket_key = waited.ticket_key
    where
        clocks.stopped_by = 'first_resolution'
        and clocks.clock_number = 1
        and clocks.stopped_at is not null
        and clocks.is_met is not null

),

stopped_clocks as (

    select
        *,
        is_judgeable and waited_seconds is not null as is_on_both_clocks
    from read_clocks

),

-- what the customer wrote next, looking back from the end
messages as (

    select
        messages.ticket_key,
        openings.source_system,
        openings.created_at,
        messages.sent_at,
        messages.template_id,
        messages.is_public_agent_reply,
        messages.author_type <> 'requester' and coalesce(messages.is_public, true) as is_public_reply,
        min(case when messages.is_from_customer then messages.sent_at end) over (
            partition by messages.ticket_key
            order by
                messages.sent_at desc,
                case when messages.is_from_customer then 1 else 0 end,
                {{ text_order('messages.message_id') }} desc
            rows between unbounded preceding and 1 preceding
        ) as customer_wrote_at,
        row_number() over (
            partition by messages.ticket_key, messages.is_public_agent_reply
            order by messages.sent_at, {{ text_order('messages.message_id') }}
        ) as message_number
    from {{ ref('fct_ticket_messages') }} as messages
    inner join openings
        on
            messages.ticket_key = openings.ticket_key
            -- what was written with the ticket is its text
            and openings.created_at < messages.sent_at

),

replies as (

    select
        messages.*,
        messages.is_public_agent_reply and messages.message_number = 1 as is_first_by_person,
        {{ seconds_between('messages.sent_at', 'coverage.observed_until') }} >= {{ hour }} as is_judgeable,
        coalesce({{ seconds_between('messages.sent_at', 'messages.customer_wrote_at') }} > {{ hour }}, true)
            as is_useful
    from messages
    inner join coverage
        on
            messages.source_system = coverage.source_system
            and coverage.feed = 'messages'

),

replied as (

    select
        replies.ticket_key,
        min(case when replies.is_public_reply then replies.sent_at end) as first_public_at,
        min(case when replies.is_public_agent_reply then replies.sent_at end) as first_by_person_at,
        min(
            case
                when replies.is_public_agent_reply and replies.is_judgeable and replies.is_useful then replies.sent_at
            end
        ) as first_useful_at,
        -- who was helped without another word was helped when somebody resolved it
        min(
            case
                when
                    replies.is_first_by_person
                    and replies.sent_at <= first_resolutions.claimed_at
                    and first_resolutions.closure_mode is distinct from 'silent_auto_close'
                    then first_resolutions.claimed_at
            end
        ) as resolved_at,
        {{ count_where('replies.is_first_by_person and replies.is_judgeable') }} > 0 as is_judgeable,
        {{ count_where('replies.is_first_by_person and replies.template_id is not null') }} > 0 as is_templated,
        {{ count_where('first_resolutions.claimed_at is not null') }} > 0 as is_resolved,
        {{ count_where('replies.is_public_agent_reply and replies.sent_at <= first_resolutions.claimed_at') }}
            as reply_count
    from replies
    left join first_resolutions
        on replies.ticket_key = first_resolutions.ticket_key
    group by replies.ticket_key

),

-- a customer's next visit about anything: who gave up said nothing
visits as (

    select
        *,
        lead(started_at) over (
            partition by customer_key order by started_at, {{ text_order('interaction_id') }}
        ) as next_visit_at
    from {{ ref('fct_interactions') }}
    where is_counted

),

-- one key and many people, or customers who ring all day as normal business
crowds as (

    select distinct
        customer_key,
        case when unobservable_reason = 'normal_business' then category end as category
    from {{ ref('fct_claim_verdicts') }}
    where
        unobservable_reason in ('shared_identity', 'normal_business')
        and tier_set = 'return'
        and is_default_window

),

calls as (

    select
        visits.*,
        case when visits.is_answered then visits.wait_seconds end as waited_seconds,
        not visits.is_answered and not coalesce(visits.is_short_abandon, false) as is_lost,
        visits.customer_key is not null and crowd.customer_key is null and usual.customer_key is null as is_known,
        coalesce({{ seconds_between('visits.ended_at', 'visits.next_visit_at') }} <= 86400, false) as is_back
    from visits
    left join crowds as crowd
        on
            visits.customer_key = crowd.customer_key
            and crowd.category is null
    left join crowds as usual
        on
            visits.customer_key = usual.customer_key
            and visits.category = usual.category
    where visits.kind = 'contact' and (visits.is_answered or visits.ended_at is not null)

),

measured as (

    select
        'sla_resolution' as metric,
        source_system,
        window_days,
        observed_until,
        stopped_at as event_at,
        {{ places | join(',\n        ') }},
        {{ event_columns({
            'desk_seconds': 'counted_seconds',
            'customer_seconds': 'case when not is_open_again then waited_seconds end',
            'calendar_seconds': 'case when not is_open_again then calendar_seconds end',
            'elapsed_seconds': 'elapsed_seconds',
            'paused_seconds': 'paused_elapsed_seconds',
        }, {
            'item_count': 'true',
            'judged_count': 'true',
            'met_count': 'is_met',
            'cohort_count': 'is_judgeable and is_observable',
            'cohort_met_count': 'is_judgeable and is_observable and is_met',
            'unobservable_count': 'is_judgeable and not is_observable',
            'met_and_held_count': 'is_judgeable and is_observable and is_met and is_held',
            'clock_cohort_count': 'is_on_both_clocks',
            'clock_cohort_met_count': 'is_on_both_clocks and is_met',
            'met_with_pauses_count': 'is_on_both_clocks and is_met and unpaused_seconds <= target_seconds',
            'customer_met_count':
                'is_on_both_clocks and is_met and not is_open_again and waited_seconds <= target_seconds',
            'calendar_met_count':
                'is_on_both_clocks and is_met and not is_open_again and calendar_seconds <= target_seconds',
            'open_again_count': 'is_on_both_clocks and is_open_again',
            'is_timed': 'is_on_both_clocks',
        }, counts + ['is_timed'], values) }}
    from stopped_clocks
    union all
    select
        'sla_first_reply' as metric,
        clocks.source_system,
        0 as window_days,
        coverage.observed_until,
        clocks.stopped_at as event_at,
        {%- for place in places %}
        openings.{{ place }},
        {%- endfor %}
        {{ event_columns({
            'desk_seconds': 'clocks.counted_seconds',
            'customer_seconds': 'clocks.elapsed_seconds',
            'elapsed_seconds': 'clocks.elapsed_seconds',
            'paused_seconds': 'clocks.paused_elapsed_seconds',
        }, {
            'item_count': 'true',
            'judged_count': 'true',
            'met_count': 'clocks.is_met',
            'cohort_count': 'true',
            'is_timed': 'true',
        }, counts + ['is_timed'], values) }}
    from clocks
    inner join openings
        on clocks.ticket_key = openings.ticket_key
    left join coverage
        on
            clocks.source_system = coverage.source_system
            and coverage.feed = 'messages'
    where
        clocks.stopped_by = 'first_reply'
        and clocks.clock_number = 1
        and clocks.stopped_at is not null
        and clocks.is_met is not null
    union all
    -- these have no stop: they count where they began
    select
        case when clocks.stopped_by = 'first_reply' then 'sla_first_reply' else 'sla_resolution' end as metric,
        clocks.source_system,
        case when clocks.stopped_by = 'first_reply' then 0 else windows.window_days end as window_days,
        case when clocks.stopped_by = 'first_reply' then coverage.observed_until else claim_horizons.observed_until end
            as observed_until,
        clocks.started_at as event_at,
        {%- for place in places %}
        openings.{{ place }},
        {%- endfor %}
        {{ event_columns({}, {'running_over_target_count': 'true'}, counts + ['is_timed'], values) }}
    from clocks
    inner join openings
        on clocks.ticket_key = openings.ticket_key
    inner join {{ ref('windows') }} as windows
        on windows.is_default
    left join coverage
        on
            clocks.source_system = coverage.source_system
            and coverage.feed = 'messages'
    left join claim_horizons
        on clocks.source_system = claim_horizons.source_system
    where
        clocks.clock_number = 1
        and clocks.stopped_at is null
        and not clocks.is_met
    union all
    select
        'first_reply' as metric,
        openings.source_system,
        0 as window_days,
        coverage.observed_until - interval '{{ hour }}' second as observed_until,
        coalesce(replied.first_by_person_at, replied.first_public_at) as event_at,
        {%- for place in places %}
        openings.{{ place }},
        {%- endfor %}
        {{ event_columns({
            'reply_count': 'case when replied.is_resolved then replied.reply_count else 0 end',
            'desk_seconds': seconds_between('openings.created_at', 'replied.first_by_person_at'),
            'customer_seconds': seconds_between('openings.created_at', 'least(replied.first_useful_at, replied.resolved_at)'),
            'first_public_seconds': seconds_between('openings.created_at', 'replied.first_public_at'),
        }, {
            'item_count': 'replied.first_by_person_at is not null',
            'cohort_count': 'replied.is_judgeable',
            'automatic_only_count': 'replied.first_by_person_at is null',
            'templated_first_count': 'replied.is_judgeable and replied.is_templated',
            'useful_first_count': 'replied.is_judgeable and replied.first_useful_at = replied.first_by_person_at',
            'useful_public_count': 'replied.is_judgeable and replied.first_useful_at = replied.first_public_at',
            'replied_resolved_count': 'replied.first_by_person_at is not null and replied.is_resolved',
            'is_timed': 'replied.is_judgeable',
        }, counts + ['is_timed'], values) }}
    from replied
    inner join openings
        on replied.ticket_key = openings.ticket_key
    inner join coverage
        on
            openings.source_system = coverage.source_system
            and coverage.feed = 'messages'
    where replied.first_public_at is not null
    union all
    select
        'time_to_resolution' as metric,
        claims.source_system,
        verdicts.window_days,
        verdicts.observed_until,
        claims.claimed_at as event_at,
        {%- for place in places %}
        claims.{{ place }},
        {%- endfor %}
        {{ event_columns({
            'desk_seconds': seconds_between('openings.created_at', 'claims.claimed_at'),
            'customer_seconds': 'case when not last_resolutions.is_open_again then '
                ~ seconds_between('openings.created_at', 'last_resolutions.last_resolved_at') ~ ' end',
        }, {
            'item_count': 'true',
            'cohort_count': 'verdicts.is_mature and not last_resolutions.is_open_again',
            'open_again_count': 'verdicts.is_mature and last_resolutions.is_open_again',
            'is_timed': 'verdicts.is_mature',
        }, counts + ['is_timed'], values) }}
    from first_resolutions as claims
    inner join openings
        on claims.ticket_key = openings.ticket_key
    inner join last_resolutions
        on claims.ticket_key = last_resolutions.ticket_key
    inner join verdicts
        on
            claims.claim_id = verdicts.claim_id
            and verdicts.tier_set = 'linked'
            and verdicts.window_days = {{ reopening_days }}
    where claims.is_headline_cohort
    union all
    select
        'calls' as metric,
        calls.source_system,
        1 as window_days,
        coverage.observed_until,
        calls.started_at as event_at,
        {%- for place in places %}
        calls.{{ place }},
        {%- endfor %}
        {{ event_columns({'desk_seconds': 'calls.waited_seconds', 'customer_seconds': 'calls.waited_seconds'}, {
            'item_count': 'calls.is_answered or calls.is_lost',
            'judged_count': 'calls.waited_seconds is not null',
            'met_count': 'calls.waited_seconds <= ' ~ var('service_level_seconds'),
            'cohort_count': 'calls.waited_seconds is not null or calls.is_lost',
            'answered_count': 'calls.is_answered',
            'abandoned_count': 'calls.is_lost',
            'short_abandon_count': 'calls.is_short_abandon',
            'unknown_wait_count': 'calls.is_answered and calls.waited_seconds is null',
            'known_abandoned_count': 'calls.is_lost and calls.is_known',
            'tried_again_count': 'calls.is_lost and calls.is_known and calls.is_back',
            'is_timed': 'calls.waited_seconds is not null or calls.is_lost',
        }, counts + ['is_timed'], values) }}
    from calls
    left join coverage
        on
            calls.source_system = coverage.source_system
            and coverage.feed = 'calls'

),

events as (

    select
        source_system,
        metric,
        window_days,
        observed_until,
        cast({{ local_time('event_at', zone) }} as date) as event_on,
        {{ places | join(',\n        ') }},
        {{ counts | join(',\n        ') }},
        is_timed = 1 as is_timed,
        {{ values | join(',\n        ') }},
        -- what is added up is of those that both clocks measured to the end
        case when is_timed = 1 and customer_seconds is not null then 1 else 0 end as timed_count,
        {%- for value in values %}
        case when is_timed = 1 and customer_seconds is not null then {{ value }} end as {{ value }}_sum,
        {%- endfor %}
        {%- for square, (a, b) in {
            'late_squares': ('customer_seconds - desk_seconds', 'customer_seconds - desk_seconds'),
            'last_squares': ('customer_seconds', 'customer_seconds'),
            'late_last_products': ('customer_seconds - desk_seconds', 'customer_seconds'),
        }.items() %}
        case
            when is_timed = 1 and metric = 'time_to_resolution'
                then cast({{ a }} as decimal(18, 0)) * cast({{ b }} as decimal(18, 0))
        end as {{ square }}{{ ',' if not loop.last }}
        {%- endfor %}
    from measured

),

{{ cells_of('events', keys=['metric', 'window_days'], sums=counts + sums, amounts=squares) }},

{{ percentiles_of('events', keys=['metric', 'window_days'], values={
    'desk_seconds': "is_timed and (metric <> 'calls' or desk_seconds is not null)",
    'customer_seconds': 'is_timed',
    'calendar_seconds': "is_timed and metric = 'sla_resolution'",
    'first_public_seconds': "is_timed and metric = 'first_reply'",
}) }},

joined as (

    select
        cells.*,
        {%- for value in ['desk_seconds', 'customer_seconds', 'calendar_seconds', 'first_public_seconds'] %}
        {%- for percent in [50, 90] %}
        percentiles.{{ value }}_p{{ percent }},
        {%- endfor %}
        {%- endfor %}
        cells.metric in ('sla_resolution', 'sla_first_reply') as is_sla,
        cells.judged_count + cells.abandoned_count as offered_count,
        {{ ratio('cells.met_count', 'cells.judged_count', 6) }} as met_share,
        {{ ratio('cells.abandoned_count', 'cells.judged_count + cells.abandoned_count', 6) }} as lost_share,
        {%- for side in ['low', 'high'] %}
        {{ wilson('cells.met_count', 'cells.judged_count', side) }} as met_share_{{ side }},
        {{ wilson('cells.abandoned_count', '(cells.judged_count + cells.abandoned_count)', side) }}
            as lost_share_{{ side }},
        {%- endfor %}
        case
            when cells.metric = 'time_to_resolution'
                then
                    {{ ratio(
                        '(cells.customer_seconds_sum - cells.desk_seconds_sum)', 'cells.customer_seconds_sum', 6
                    ) }}
        end as late_share
    from cells
    left join percentiles
        on
            cells.source_system = percentiles.source_system
            and cells.metric = percentiles.metric
            and cells.window_days = percentiles.window_days
            and cells.unit_type = percentiles.unit_type
            and cells.unit = percentiles.unit
            and cells.period_type = percentiles.period_type
            and cells.period_start = percentiles.period_start

),

final as (

    select
        -- grain
        metric,
        source_system,
        period_type,
        period_start,
        unit_type,
        unit,
        window_days,

        -- counts
        period_end,
        is_period_mature,
        {%- for count in counts %}
        {%- if count in metrics_of %}
        case
            when
                metric in (
                    {%- for metric in metrics_of[count] %}
                    '{{ metric }}'{{ ',' if not loop.last }}
                    {%- endfor %}
                )
                then {{ count }}
        end as {{ count }},
        {%- else %}
        {{ count }},
        {%- endif %}
        {%- endfor %}

        -- sums of both clocks
        timed_count,
        case when timed_count > 0 then desk_seconds_sum end as desk_seconds_sum,
        case when timed_count > 0 then customer_seconds_sum end as customer_seconds_sum,
        case when timed_count > 0 and metric = 'sla_resolution' then calendar_seconds_sum end as calendar_seconds_sum,
        case when timed_count > 0 and is_sla then elapsed_seconds_sum end as elapsed_seconds_sum,
        case when timed_count > 0 and is_sla then paused_seconds_sum end as paused_seconds_sum,

        -- rates and times: null until the whole period is mature
        case when is_period_mature and is_sla then cast({{ ratio('met_count', 'judged_count') }} as decimal(9, 4)) end
            as sla_met_rate,
        {%- for name, (numerator, denominator, metric) in {
            'cohort_met_rate': ('cohort_met_count', 'cohort_count', 'sla_resolution'),
            'met_and_held_rate': ('met_and_held_count', 'cohort_count', 'sla_resolution'),
            'desk_clock_met_rate': ('clock_cohort_met_count', 'clock_cohort_count', 'sla_resolution'),
            'customer_clock_met_rate': ('customer_met_count', 'clock_cohort_count', 'sla_resolution'),
            'unobservable_share': ('unobservable_count', 'cohort_count + unobservable_count', 'sla_resolution'),
            'useful_first_rate': ('useful_first_count', 'cohort_count', 'first_reply'),
            'abandon_rate': ('abandoned_count', 'item_count', 'calls'),
            'tried_again_rate': ('tried_again_count', 'known_abandoned_count', 'calls'),
            'unknown_abandoned_share': ('abandoned_count - known_abandoned_count', 'abandoned_count', 'calls'),
            'service_level_answered': ('met_count', 'judged_count', 'calls'),
            'service_level_offered': ('met_count', 'offered_count', 'calls'),
        }.items() %}
        case
            when is_period_mature and metric = '{{ metric }}'
                then cast({{ ratio(numerator, denominator) }} as decimal(9, 4))
        end as {{ name }},
        {%- endfor %}
        case
            when is_period_mature and is_sla
                then cast({{ ratio('paused_seconds_sum', 'elapsed_seconds_sum') }} as decimal(9, 4))
        end as pause_share,
        {%- for value in ['desk_seconds', 'customer_seconds'] %}
        case when is_period_mature then cast({{ ratio(value ~ '_sum', 'timed_count', 1) }} as decimal(18, 1)) end
            as {{ value }}_mean,
        {%- endfor %}
        {%- for value in ['desk_seconds', 'customer_seconds', 'calendar_seconds', 'first_public_seconds'] %}
        {%- for percent in [50, 90] %}
        case when is_period_mature then {{ value }}_p{{ percent }} end as {{ value }}_p{{ percent }},
        {%- endfor %}
        {%- endfor %}

        -- gaps with their intervals, for the scorecard
        case
            when is_period_mature and metric = 'calls'
                then cast(met_share - {{ ratio('met_count', 'offered_count', 6) }} as decimal(9, 6))
        end as lost_from_service_level,
        -- in time of the answered, times the share of those who gave up
        {%- for side in ['low', 'high'] %}
        case
            when is_period_mature and metric = 'calls'
                then {{ product_of_shares('met_share', 'met_share_' ~ side, 'lost_share', 'lost_share_' ~ side, side) }}
        end as lost_from_service_level_{{ side }},
        {%- endfor %}
        case when is_period_mature then cast(late_share as decimal(9, 6)) end as time_after_first_share,
        {%- for side in ['low', 'high'] %}
        case
            when is_period_mature
                then {{ share_of_sums(
                    'late_share', 'customer_seconds_sum', 'late_squares', 'last_squares', 'late_last_products',
                    'timed_count', side
                ) }}
        end as time_after_first_share_{{ side }},
        {%- endfor %}
        observed_until
    from joined

)

select * from final
