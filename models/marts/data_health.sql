-- Grain: source system x subject x item x measure. What became of the rows, how far each feed reaches, and how often a
-- key is missing on which a figure rests. Counts beside their base: no thresholds here, those are the audit's.
{% set fates = {
    'used': 'Rows that are in the figures.',
    'exact_duplicate': 'Rows delivered again with the same content.',
    'superseded': 'Older versions of a row.',
    'excluded': 'Rows left out by a named rule.',
    'quarantined': 'Rows and lines that nobody can use.',
    'erased': 'Rows erased on request: they are no more.',
} %}
{#- subject -> the fact, its rows, and what may be missing: condition, meaning -#}
{% set gaps = {
    'ticket_claims': ('fct_claims', "claim_type = 'ticket_resolved'", {
        'without_customer': ('customer_key is null', 'Resolutions of which nobody can tell whether the customer came back.'),
        'without_category': ('category is null', 'Resolutions without a category: a return about the same issue cannot be seen.'),
        'without_team': ('team_id is null', 'Resolutions that no team held.'),
        'without_account': ('account_id is null', 'Resolutions of no named customer firm.'),
        'by_an_unknown_actor': ("claimed_by = 'unknown'", 'Resolutions of which the source does not say who made them: taken for a person.'),
        'in_no_rate': ('not is_headline_cohort', 'Resolutions as test, spam or duplicate: in no rate.'),
        'reopened_by_an_unknown_actor': ("r1_reopened_by = 'unknown'", 'Reopenings of which the source does not say who made them: taken for a person.'),
    }),
    'tickets': ('fct_interactions', "kind = 'opening'", {
        'without_customer': ('customer_key is null', 'Tickets whose requester nobody knows.'),
        'without_category': ('category is null', 'Tickets without a category when they were opened.'),
    }),
    'contacts': ('fct_interactions', "kind = 'contact' and direction = 'inbound'", {
        'without_customer': ('customer_key is null', 'Contacts of which nobody knows who came.'),
        'without_category': ('category is null', 'Contacts of which nobody knows what about.'),
        'without_queue': ('queue is null', 'Contacts of no queue.'),
        'without_ticket': ('ticket_key is null', 'Contacts that name no ticket.'),
        'without_end': ('ended_at is null', 'Contacts that have not ended.'),
        'answered_without_handle_time': ('is_answered and contact_handle_seconds is null', 'Answered contacts whose talk time is not recorded.'),
    }),
    'legs': ('fct_contact_legs', 'is_answered', {
        'without_agent': ('agent_key is null', 'Answered legs of which nobody knows who answered.'),
        'without_wrap_up': ('wrap_seconds is null', 'Answered legs without recorded wrap-up: their handle time is too short.'),
    }),
    'agent_days': ('fct_agent_days', 'answered_leg_count > 0', {
        'without_paid_time': ('paid_seconds is null', 'Days with contacts of which no shift says how long they were paid.'),
    }),
    'surveys': ('fct_survey_responses', 'true', {
        'answered_off_the_scale': ('is_answered and csat is not null and csat_share is null', 'Answers whose satisfaction cannot be read on its scale.'),
        'about_nothing': ('ticket_key is null and contact_key is null', 'Surveys about no ticket and no contact.'),
    }),
    'costs': ('fct_costs', 'not is_price', {
        'without_amount': ('amount is null', 'Bookings without an amount.'),
        'without_currency': ('currency is null', 'Bookings without a currency.'),
        'without_team': ('team_id is null', 'Bookings of no team: in no price of a ticket.'),
    }),
} %}

with

loaded as (

    select
        source_system,
        raw_table,
        sum(row_count) as row_count,
        max(loaded_at) as loaded_at
    from {{ ref('fct_row_fates') }}
    group by source_system, raw_table

),

fates as (

    select
        source_system,
        raw_table,
        fate,
        sum(row_count) as row_count
    from {{ ref('fct_row_fates') }}
    group by source_system, raw_table, fate

),

reasons as (

    select
        source_system,
        raw_table,
        fate,
        fate_reason,
        sum(row_count) as row_count
    from {{ ref('fct_row_fates') }}
    where fate_reason is not null
    group by source_system, raw_table, fate, fate_reason

),

-- unlike their fate, which stays with their load, it ends when they are mended
unmended as (

    select
        source_system,
        raw_table,
        count(*) as row_count
    from {{ ref('fct_quarantined_rows') }}
    where is_corrected is not true
    group by source_system, raw_table

),

coverage as (

    select * from {{ ref('dim_feed_coverage') }}

),

{% for subject, (fact, rows, missing) in gaps.items() -%}
{{ subject }} as (

    select
        source_system,
        count(*) as base_count,
        {%- for measure, (condition, meaning) in missing.items() %}
        {{ count_where(condition) }} as {{ measure }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref(fact) }}
    where {{ rows }}
    group by source_system

),

{% endfor -%}
unobservable as (

    select
        source_system,
        claim_type,
        count(*) as base_count,
        {%- for reason in ['unknown_customer', 'shared_identity', 'normal_business'] %}
        {{ count_where("verdict = 'unobservable' and unobservable_reason = '" ~ reason ~ "'") }}
            as {{ reason }}{{ ',' if not loop.last }}
        {%- endfor %}
    from {{ ref('fct_claim_verdicts') }}
    where
        is_default_window
        and tier_set = 'return'
        and is_mature
        and is_headline_cohort
        and business_function = 'service'
    group by source_system, claim_type

),

-- a ticket whose history has one value of each field: nothing was recorded after its creation
recorded as (

    select
        source_system,
        count(*) as base_count,
        {{ count_where('interval_count = 1') }} as without_changes
    from (
        select
            source_system,
            ticket_key,
            max(interval_number) as interval_count
        from {{ ref('fct_ticket_intervals') }}
        group by source_system, ticket_key
    ) as histories
    group by source_system

),

measures as (

    select
        source_system,
        'rows' as subject,
        raw_table as item,
        'loaded' as measure,
        row_count as value_count,
        cast(null as bigint) as base_count,
        loaded_at as value_at,
        'Rows and lines loaded; value_at is the last load.' as meaning
    from loaded
    {% for fate, meaning in fates.items() -%}
    union all
    select
        loaded.source_system,
        'rows' as subject,
        loaded.raw_table as item,
        '{{ fate }}' as measure,
        coalesce(fates.row_count, 0) as value_count,
        loaded.row_count as base_count,
        cast(null as timestamp) as value_at,
        '{{ meaning }}' as meaning
    from loaded
    left join fates
        on
            loaded.source_system = fates.source_system
            and loaded.raw_table = fates.raw_table
            and fates.fate = '{{ fate }}'
    {% endfor -%}
    union all
    select
        loaded.source_system,
        'rows' as subject,
        loaded.raw_table as item,
        'still_missing' as measure,
        coalesce(unmended.row_count, 0) as value_count,
        loaded.row_count as base_count,
        cast(null as timestamp) as value_at,
        'Of the quarantined, those that nothing usable is known to have replaced: work to do.' as meaning
    from loaded
    left join unmended
        on
            loaded.source_system = unmended.source_system
            and loaded.raw_table = unmended.raw_table
    union all
    select
        reasons.source_system,
        'rows' as subject,
        reasons.raw_table as item,
        reasons.fate || ': ' || reasons.fate_reason as measure,
        reasons.row_count as value_count,
        loaded.row_count as base_count,
        cast(null as timestamp) as value_at,
        'Of these, for this reason.' as meaning
    from reasons
    inner join loaded
        on
            reasons.source_system = loaded.source_system
            and reasons.raw_table = loaded.raw_table
    union all
    select
        source_system,
        'feed' as subject,
        feed as item,
        'records' as measure,
        record_count as value_count,
        cast(null as bigint) as base_count,
        last_record_at as value_at,
        'Records of the feed; value_at is the last one.' as meaning
    from coverage
    union all
    select
        source_system,
        'feed' as subject,
        feed as item,
        'days_behind' as measure,
        {{ integer_division('greatest(0, ' ~ seconds_between('observed_until', 'as_of') ~ ')', '86400') }}
            as value_count,
        cast(null as bigint) as base_count,
        observed_until as value_at,
        'Whole days from the end of what was observed (value_at) to as_of: windows of claims wait.' as meaning
    from coverage
    union all
    select
        source_system,
        'tickets' as subject,
        '(all)' as item,
        'without_changes' as measure,
        without_changes as value_count,
        base_count,
        cast(null as timestamp) as value_at,
        'Tickets of which nothing was recorded after their creation.' as meaning
    from recorded
    {% for subject, (fact, rows, missing) in gaps.items() -%}
    {% for measure, (condition, meaning) in missing.items() -%}
    union all
    select
        source_system,
        '{{ subject }}' as subject,
        '(all)' as item,
        '{{ measure }}' as measure,
        {{ measure }} as value_count,
        base_count,
        cast(null as timestamp) as value_at,
        '{{ meaning }}' as meaning
    from {{ subject }}
    {% endfor -%}
    {% endfor -%}
    {% for reason, meaning in {
        'unknown_customer': 'Mature claims in no rate: nobody knows the customer.',
        'shared_identity': 'Mature claims in no rate: many people behind one key.',
        'normal_business': 'Mature claims in no rate: everybody comes again for this.',
    }.items() -%}
    union all
    select
        source_system,
        'claims' as subject,
        claim_type as item,
        'unobservable: {{ reason }}' as measure,
        {{ reason }} as value_count,
        base_count,
        cast(null as timestamp) as value_at,
        '{{ meaning }}' as meaning
    from unobservable
    {% endfor %}
),

final as (

    select
        -- grain
        source_system,
        subject,
        item,
        measure,

        -- the measure
        cast(value_count as bigint) as value_count,
        cast(base_count as bigint) as base_count,
        cast({{ ratio('value_count', 'cast(base_count as bigint)') }} as decimal(9, 4)) as value_share,
        value_at,
        meaning
    from measures

)

select * from final
