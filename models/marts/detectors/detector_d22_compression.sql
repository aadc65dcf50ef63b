-- D22 · Compression. Do more calls take just that long that they are well below the limit, than the same categories took before
-- the limit was set, and than they take in other teams now? A script that makes calls of a category alike does so in all teams. The lesser
-- of the two counts. In some teams others steer, too: the comparison is with the half of the teams that has the fewest such calls. Where
-- no calls from before are known, all other teams are compared with, and only calls of about that length: some teams are quicker.
with

{{ call_limits() }},

cases as (

    select * from {{ ref('cases_d22_compression') }}

),

{{ detector_cells('cases', keys=['category'], sums={
    'call_count': 'case when is_in_force then 1 else 0 end',
    'near_count': 'case when is_in_force and is_near then 1 else 0 end',
}) }},

before as (

    select
        source_system,
        team_id,
        limit_begun_at,
        category,
        count(*) as call_count,
        {{ count_where('is_steered') }} as marked_count
    from cases
    where not is_in_force
    group by source_system, team_id, limit_begun_at, category

),

strata as (

    select
        cells.*,
        limits.limit_seconds,
        limits.used_for,
        limits.valid_from,
        limits.begun_at,
        coalesce(before.call_count, 0) as before_call_count,
        coalesce(before.marked_count, 0) as before_marked_count,
        {%- for name in ['call_count', 'near_count', 'marked_count'] %}
        sum(cells.{{ name }}) over (
            partition by cells.source_system, cells.period_type, cells.period_start, cells.category
        ) as all_{{ name }}{{ ',' if not loop.last }}
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
            and cells.category = before.category
            and limits.begun_at = before.limit_begun_at

),

teams as (

    select
        source_system,
        unit,
        period_type,
        period_start,
        {{ quotient(
            'sum(marked_count)',
            'sum(' ~ quotient('call_count * all_marked_count', 'all_call_count') ~ ')',
        ) }} as to_all
    from strata
    group by source_system, unit, period_type, period_start

),

ranked as (

    select
        *,
        2 * row_number() over (
            partition by source_system, period_type, period_start order by to_all, {{ text_order('unit') }}
        ) <= 1 + count(to_all) over (partition by source_system, period_type, period_start) as is_low
    from teams
    where to_all is not null

),

with_others as (

    select
        strata.*,
        strata.all_near_count - strata.near_count as others_call_count,
        strata.all_marked_count - strata.marked_count as others_marked_count,
        {%- for name in ['call_count', 'marked_count'] %}
        sum(case when ranked.is_low then strata.{{ name }} else 0 end) over (
            partition by strata.source_system, strata.period_type, strata.period_start, strata.category
        ) - case when ranked.is_low then strata.{{ name }} else 0 end as low_{{ name }}{{ ',' if not loop.last }}
        {%- endfor %}
    from strata
    inner join ranked
        on
            strata.source_system = ranked.source_system
            and strata.unit = ranked.unit
            and strata.period_type = ranked.period_type
            and strata.period_start is not distinct from ranked.period_start

),

-- category by category, as many as there would be if both shares were one (alike), and if the team's were the other's (usual)
summed as (

    select
        source_system,
        unit,
        period_type,
        period_start,
        -- in the category that most of them work in
        max(agent_count) as agent_count,
        cast(sum(call_count) as bigint) as call_count,
        cast(sum(marked_count) as bigint) as marked_count,
        max(limit_seconds) as limit_seconds,
        max(used_for) as used_for,
        max(valid_from) as valid_from
        {%- for side, n in [('before', 'call_count'), ('others', 'near_count'), ('low', 'call_count')] %}
        {%- set n0, k0 = 'cast(' ~ side ~ '_call_count as ' ~ type_double() ~ ')', side ~ '_marked_count' %}
        {%- set both = n ~ ' > 0 and ' ~ side ~ '_call_count > 0' %},
        coalesce(sum({{ side }}_call_count), 0) as {{ side }}_call_count,
        coalesce(sum(case when {{ both }} then {{ n }} end), 0) as {{ side }}_compared_count,
        sum(case when {{ both }} then marked_count end) as {{ side }}_seen,
        sum(case when {{ both }} then {{ n }} * {{ k0 }} / {{ n0 }} end) as {{ side }}_usual,
        sum(
            case when {{ both }} then {{ n }} * (marked_count + {{ k0 }}) / ({{ n0 }} + {{ n }}) end
        ) as {{ side }}_alike,
        sum(
            case
                when {{ both }}
                    then
                        {{ n }} * {{ n0 }} * (marked_count + {{ k0 }}) * ({{ n0 }} + {{ n }} - marked_count - {{ k0 }})
                        / (({{ n0 }} + {{ n }}) * ({{ n0 }} + {{ n }}) * ({{ n0 }} + {{ n }} - 1))
            end
        ) as {{ side }}_variance
        {%- endfor %}
    from with_others
    group by source_system, unit, period_type, period_start

),

tested as (

    select
        *,
        before_compared_count >= 100 and before_call_count >= 100 as is_before_known,
        low_compared_count >= 100 and low_call_count >= 100 as is_low_known
        {%- for side in ['before', 'others', 'low'] %},
        {{ quotient(side ~ '_seen', side ~ '_usual') }} - 1 as {{ side }}_effect,
        {{ quotient(side ~ '_seen - ' ~ side ~ '_alike', 'sqrt(greatest(0, ' ~ side ~ '_variance))') }} as {{ side }}_z
        {%- endfor %}
    from summed

),

-- less than the others is no sign of anything: it may be the others who steer
final as (

    select
        {{ detector_columns(
            'D22',
            cases='call_count',
            marked='marked_count',
            expected=quotient('case when is_before_known and is_low_known then greatest(before_usual, low_usual) else others_usual end', '1'),
            effect='case when is_before_known and is_low_known then least(before_effect, low_effect) else others_effect end',
            z='case when is_before_known and is_low_known then least(before_z, greatest(low_z, -1)) else greatest(others_z, -1) end',
            reason="case
                when not is_before_known and (others_compared_count < 100 or others_call_count < 100)
                    then 'too few calls of the same categories before the limit began, and of other teams'
            end",
            target=["'handle_time'", 'limit_seconds', 'used_for', 'valid_from'],
        ) }}
    from tested

)

select * from final
