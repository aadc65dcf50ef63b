-- D06 · Passing on when the limit comes near. Of the calls that still last, how many are passed on in the last minute before the limit,
-- against the minutes around it? And is that more than in the team's own calls before the limit was set, or else in other teams'? A rule
-- that sends calls on after so many minutes is older than the limit, and holds for all. The lesser of the two counts.
with

{{ call_limits() }},

cases as (

    select * from {{ ref('cases_d06_passing_on') }}

),

{{ detector_cells('cases', sums={
    'last_minute_count': 'case when is_in_force and is_last_minute then 1 else 0 end',
    'minutes_around': 'case when is_in_force then minutes_around end',
    'around_count': 'case when is_in_force and is_passed_on_around then 1 else 0 end',
}) }},

before as (

    select
        source_system,
        team_id,
        limit_begun_at,
        {{ count_where('is_last_minute') }} as last_minute_count,
        {{ count_where('is_passed_on_in_last_minute') }} as marked_count,
        sum(minutes_around) as minutes_around,
        {{ count_where('is_passed_on_around') }} as around_count
    from cases
    where not is_in_force
    group by source_system, team_id, limit_begun_at

),

compared as (

    select
        cells.*,
        limits.limit_seconds,
        limits.used_for,
        limits.valid_from,
        {%- for name in ['last_minute_count', 'marked_count', 'minutes_around', 'around_count'] %}
        coalesce(before.{{ name }}, 0) as before_{{ name }},
        sum(cells.{{ name }}) over (
            partition by cells.source_system, cells.period_type, cells.period_start
        ) - cells.{{ name }} as others_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from cells
    left join limits
        on
            cells.source_system = limits.source_system
            and cells.last_at >= limits.begun_at
            and cells.last_at < limits.ended_at
    left join before
        on
            cells.source_system = before.source_system
            and cells.unit = before.team_id
            and limits.begun_at = before.limit_begun_at

),

-- the team before the limit began, or else the others now; halves, so that none is no infinite ratio
references_of as (

    select
        *,
        before_last_minute_count >= 100 as is_before_known,
        {%- for name in ['last_minute_count', 'marked_count', 'minutes_around', 'around_count'] %}
        case
            when before_last_minute_count >= 100 then before_{{ name }}
            else others_{{ name }}
        end as reference_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from compared

),

expected as (

    select
        *,
        {{ quotient('cast(last_minute_count as decimal(18, 6)) * around_count', 'minutes_around') }} as usual_count,
        {{ quotient(
            'cast(last_minute_count as decimal(18, 6)) * (around_count + 0.5) * (reference_marked_count + 0.5) * reference_minutes_around',
            'cast(minutes_around as decimal(18, 6)) * (reference_around_count + 0.5) * reference_last_minute_count'
        ) }} as reference_count,
        {{ two_shares_z('marked_count', 'last_minute_count', 'around_count', 'minutes_around') }} as z_of_minutes,
        {{ rate_ratios_z(
            'marked_count', 'last_minute_count', 'around_count', 'minutes_around',
            'reference_marked_count', 'reference_last_minute_count', 'reference_around_count', 'reference_minutes_around',
        ) }} as z_of_reference
    from references_of

),

-- less than the others is no sign of anything: it may be the others who pass calls on
final as (

    select
        {{ detector_columns(
            'D06',
            cases='last_minute_count',
            marked='marked_count',
            expected='greatest(usual_count, reference_count)',
            effect=quotient('marked_count', 'greatest(usual_count, reference_count) + 0.5') ~ ' - 1',
            z="case
                when is_before_known then least(z_of_minutes, z_of_reference)
                when z_of_reference is not null then least(z_of_minutes, greatest(z_of_reference, -1))
            end",
            reason="case
                when reference_last_minute_count < 100 then 'too few calls before the limit began, and of other teams'
            end",
            target=["'handle_time'", 'limit_seconds', 'used_for', 'valid_from'],
        ) }}
    from expected

)

select * from final
