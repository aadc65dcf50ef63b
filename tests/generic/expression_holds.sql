{#- Fails for each row where the expression is false or null. Use config.where for rows the rule is not about. -#}
{% test expression_holds(model, expression) %}

select *
from {{ model }}
where ({{ expression }}) is not true

{% endtest %}
