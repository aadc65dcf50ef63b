{#- Run when dbt starts: people are hashed with a secret. Production (var production_targets) is refused without a salt
    of its own; elsewhere a missing one is the public development salt. The salt is compared by its hash, so that it
    stands in no SQL text. -#}
{% macro assert_salt() -%}
    {%- if execute -%}
        {%- set development = 'counterweight-development-salt' -%}
        {%- set row = run_query(
            "select count(*), coalesce(sum(case when " ~ sha256_hex('salt') ~ " = " ~ sha256_hex("'" ~ development ~ "'")
            ~ " then 1 else 0 end), 0) from private.salt where coalesce(salt, '') <> ''"
        )[0] -%}
        {%- if target.name in var('production_targets') and (row[0] == 0 or row[1] > 0) -%}
            {%- do exceptions.raise_compiler_error(
                "Target '" ~ target.name ~ "' is a production target and has no salt of its own: everybody could undo the "
                ~ "hashes of people. Set COUNTERWEIGHT_SALT before the first load of this warehouse (README, Privacy)."
            ) -%}
        {%- endif -%}
        {%- if row[0] > 1 -%}
            {%- do exceptions.raise_compiler_error("private.salt has " ~ row[0] ~ " rows; it must have one.") -%}
        {%- endif -%}
        {%- if row[0] == 0 -%}
            {%- do run_query("insert into private.salt values ('" ~ development ~ "')") -%}
            {{- committed() -}}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}
