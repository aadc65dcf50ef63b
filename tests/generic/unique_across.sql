{#- Fails for each combination of the columns that stands in more than one row. Null counts as a value, so that a
    missing team is a key like any other. -#}
{% test unique_across(model, columns) %}

select
    {{ columns | join(', ') }},
    count(*) as row_count
from {{ model }}
group by {{ columns | join(', ') }}
having count(*) > 1

{% endtest %}
