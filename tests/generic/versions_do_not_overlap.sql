{#- Fails for each version of a thing that begins before the version before it has ended. Versions are half-open, a null
    is an open end. A version that ends before it begins never holds, and overlaps nothing. -#}
{% test versions_do_not_overlap(model, columns) %}

with

following as (

    select
        {{ columns | join(', ') }},
        valid_from,
        row_number() over (
            partition by {{ columns | join(', ') }} order by valid_from nulls first, valid_to nulls last
        ) as version_number,
        lag(valid_to) over (
            partition by {{ columns | join(', ') }} order by valid_from nulls first, valid_to nulls last
        ) as valid_to_before
    from {{ model }}
    where coalesce(valid_from < valid_to, true)

)

select *
from following
where
    version_number > 1
    and (valid_to_before is null or valid_from is null or valid_from < valid_to_before)

{% endtest %}
