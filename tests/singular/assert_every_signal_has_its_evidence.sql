-- A signal without cases to look at would have to be believed; one with others' cases would mislead. Up to 20 of its marked cases.
with

drawn as (

    select
        source_system,
        period_type,
        period_start,
        unit,
        detector,
        count(*) as drawn_count,
        max(evidence_number) as last_number
    from {{ ref('gaming_evidence') }}
    group by source_system, period_type, period_start, unit, detector

),

signals as (

    select * from {{ ref('gaming_signals') }}
    where status = 'signal'

)

select
    signals.source_system,
    signals.period_type,
    signals.period_start,
    signals.unit,
    signals.detector,
    signals.marked_count,
    drawn.drawn_count
from signals
full outer join drawn
    on
        signals.source_system = drawn.source_system
        and signals.period_type = drawn.period_type
        and signals.unit = drawn.unit
        and signals.detector = drawn.detector
        and coalesce(signals.period_start, date '1900-01-01') = coalesce(drawn.period_start, date '1900-01-01')
where
    drawn.drawn_count is null
    or signals.detector is null
    or drawn.drawn_count <> least(20, signals.marked_count)
    or drawn.last_number <> drawn.drawn_count
