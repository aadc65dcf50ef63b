-- Grain: one feed of one source system. Until when was it observed? A stopped or fading feed must not make claims
-- look held, so the feed ends with its last dense day unless it was declared: by the var, or else at a load.
-- Dense depends on the dense days before, hence the recursion, one step a day.
{% set declared = [] %}
{% for system, feeds in var('observed_until').items() %}
    {% for feed, until in feeds.items() %}
        {% if feed not in ['tickets_opened', 'ticket_events', 'messages', 'calls', 'surveys', 'bot_sessions', 'business_outcomes'] %}
            {% do exceptions.raise_compiler_error(
                "observed_until of " ~ system ~ ": there is no feed '" ~ feed
                ~ "'. Known: tickets_opened, ticket_events, messages, calls, surveys, bot_sessions, business_outcomes."
            ) %}
        {% endif %}
        {% do declared.append((system, feed, until)) %}
    {% endfor %}
{% endfor %}

with recursive

records as (

    select * from {{ ref('int_feed_records') }}
    where recorded_at is not null

),

spans as (

    select
        source_system,
        feed,
        min(recorded_at) as first_record_at,
        max(recorded_at) as last_record_at,
        max(last_event_at) as last_event_at,
        count(*) as record_count
    from records
    group by source_system, feed

),

daily as (

    select
        source_system,
        feed,
        cast(recorded_at as date) as recorded_on,
        count(*) as volume
    from records
    group by source_system, feed, cast(recorded_at as date)

),

calendar as (

    -- days without a record are days of volume 0
    select
        spans.source_system,
        spans.feed,
        cast(row_number() over (
            partition by spans.source_system, spans.feed order by dates.date_day
        ) as bigint) as day_number,
        dates.date_day,
        coalesce(daily.volume, 0) as volume,
        cast(sum(coalesce(daily.volume, 0)) over (
            partition by spans.source_system, spans.feed
            order by dates.date_day
            rows between 6 preceding and current row
        ) as bigint) as volume_7_days
    from spans
    inner join {{ ref('dim_dates') }} as dates
        on dates.date_day between cast(spans.first_record_at as date) and cast(spans.last_record_at as date)
    left join daily
        on
            spans.source_system = daily.source_system
            and spans.feed = daily.feed
            and dates.date_day = daily.recorded_on

),

-- the lists hold one element a day: its figure where the day is dense, null where not
walked as (

    select
        source_system,
        feed,
        day_number,
        date_day,
        true as is_dense,
        {{ list_of('volume') }} as dense_volumes,
        {{ list_of('volume_7_days') }} as dense_sums
    from calendar
    where day_number = 1

    union all

    select
        compared.source_system,
        compared.feed,
        compared.day_number,
        compared.date_day,
        compared.is_dense,
        {{ list_with('compared.dense_volumes', 'case when compared.is_dense then compared.volume end') }},
        {{ list_with('compared.dense_sums', 'case when compared.is_dense then compared.volume_7_days end') }}
    from (
        select
            calendar.source_system,
            calendar.feed,
            calendar.day_number,
            calendar.date_day,
            calendar.volume,
            calendar.volume_7_days,
            walked.dense_volumes,
            walked.dense_sums,
            -- no dense day to compare with yet: any record makes the day dense
            calendar.volume > 0
            and coalesce(
                10 * calendar.volume >= {{ median_of_last('walked.dense_volumes', 'calendar.day_number', 7, 4) }}, true
            )
            and coalesce(
                10 * calendar.volume_7_days
                >= {{ median_of_last('walked.dense_sums', 'calendar.day_number', 1, 28) }}, true
            ) as is_dense
        from walked
        inner join calendar
            on
                walked.source_system = calendar.source_system
                and walked.feed = calendar.feed
                and walked.day_number + 1 = calendar.day_number
    ) as compared

),

dense as (

    select
        source_system,
        feed,
        max(date_day) as last_dense_day
    from walked
    where is_dense
    group by source_system, feed

),

left_out as (

    select coalesce(sum(row_count), 0) as row_count
    from {{ ref('fct_row_fates') }}
    where fate_reason = 'after_as_of'

),

declared as (

    {% for system, feed, until in declared -%}
    select
        '{{ system }}' as source_system,
        '{{ feed }}' as feed,
        cast('{{ until }}' as timestamp) as declared_until
    {{ 'union all' if not loop.last }}
    {% else -%}
    select
        cast(null as varchar) as source_system,
        cast(null as varchar) as feed,
        cast(null as timestamp) as declared_until
    where 1 = 0
    {% endfor %}

),

at_load as (

    select * from {{ ref('stg_load__observed_until') }}

),

-- a feed whose end was declared was looked at, even if nothing came through it; of a system that was not loaded, no feed
-- says anything
feeds as (

    select
        source_system,
        feed
    from spans
    union
    select
        source_system,
        feed
    from declared
    where source_system in (select source_system from spans)
    union
    select
        source_system,
        feed
    from at_load
    where source_system in (select source_system from spans)

),

reach as (

    select max(last_event_at) as last_event_at
    from spans

),

final as (

    select
        feeds.source_system,
        feeds.feed,
        coalesce(spans.record_count, 0) as record_count,
        spans.first_record_at,
        spans.last_record_at,
        dense.last_dense_day,
        coalesce(declared.declared_until, at_load.observed_until) is not null as is_declared,
        -- the day was seen to its end
        coalesce(
            declared.declared_until,
            at_load.observed_until,
            cast(dense.last_dense_day + interval '1' day as timestamp)
        ) as observed_until,
        {% if var('as_of') is not none -%}
        -- pinned, but never later than what the data reach: nothing was left out, so there is nothing after it
        case
            when left_out.row_count > 0 then cast('{{ var("as_of") }}' as timestamp)
            else least(cast('{{ var("as_of") }}' as timestamp), reach.last_event_at)
        end as as_of
        {%- else -%}
        reach.last_event_at as as_of
        {%- endif %}
    from feeds
    cross join left_out
    cross join reach
    left join spans
        on
            feeds.source_system = spans.source_system
            and feeds.feed = spans.feed
    left join dense
        on
            feeds.source_system = dense.source_system
            and feeds.feed = dense.feed
    left join declared
        on
            feeds.source_system = declared.source_system
            and feeds.feed = declared.feed
    left join at_load
        on
            feeds.source_system = at_load.source_system
            and feeds.feed = at_load.feed

)

select * from final
