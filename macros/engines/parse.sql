{#- Values from text, never an error. What is accepted is settled by one regular expression for all engines, since
    their own casts differ: DuckDB's reads 'infinity', drops '+02:00' and takes year 16 for 2016. Outer blanks do not
    matter. Only engines' own ways from the accepted text to the value are dispatched. -#}

{#- Timestamp in the first of the formats that fits; null where none does. A format is an strptime pattern of %d %m
    %Y (or %y: 69 to 99 are 19xx) %H %M %S %f and other characters; or `iso`, ISO 8601, in which a zone is converted to
    UTC. Numbers may lack their leading zero, unless another number follows at once. Digits beyond microseconds are
    cut. -#}
{% macro parse_timestamp(text, formats, is_trimmed=false) -%}
    {%- set text = text if is_trimmed else trimmed(text) -%}
    {%- set attempts = [] -%}
    {%- for format in formats -%}
        {%- for reading in _timestamp_readings(format) -%}
            {%- do attempts.append(_read_timestamp(text, reading)) -%}
        {%- endfor -%}
    {%- endfor -%}
    coalesce({{ (attempts + ['cast(null as timestamp)']) | join(', ') }})
{%- endmacro %}

{#- What a format accepts: [{pattern, parts: {year: 3, ...}, century}], the numbers being groups of the pattern. A
    pattern holds only what RE2 and PostgreSQL read alike. -#}
{% macro _timestamp_readings(format) -%}
    {%- if format == 'iso' -%}
        {{ return([{
            'pattern': '^' ~ _year_pattern() ~ '-(0[1-9]|1[0-2])-(0[1-9]|[12][0-9]|3[01])'
                ~ '(?:[T ]([01][0-9]|2[0-3]):([0-5][0-9])(?::([0-5][0-9])(?:[.]([0-9]{1,6})[0-9]{0,3})?)?'
                ~ '(?:Z|([+-])([01][0-9]|2[0-3])(?::?([0-5][0-9]))?)?)?$',
            'parts': {
                'year': 1, 'month': 2, 'day': 3, 'hour': 4, 'minute': 5, 'second': 6, 'fraction': 7,
                'zone_sign': 8, 'zone_hour': 9, 'zone_minute': 10,
            },
            'century': '',
        }]) }}
    {%- endif -%}
    {%- set tokens = {
        'd': ('day', '0[1-9]|[12][0-9]|3[01]', '[1-9]'), 'm': ('month', '0[1-9]|1[0-2]', '[1-9]'),
        'H': ('hour', '[01][0-9]|2[0-3]', '[0-9]'), 'M': ('minute', '[0-5][0-9]', '[0-9]'),
        'S': ('second', '[0-5][0-9]', '[0-9]'),
    } -%}
    {%- set found = namespace(pattern='', parts={}, short_year=false, is_token=false) -%}
    {%- for character in format -%}
        {%- if found.is_token -%}
            {%- set found.is_token = false -%}
            {%- set follower = format[loop.index:loop.index + 1] -%}
            {%- set name = {'Y': 'year', 'y': 'year', 'f': 'fraction'}.get(character) or tokens.get(character, [none])[0] -%}
            {%- if name is none or name in found.parts -%}
                {%- do exceptions.raise_compiler_error(
                    "Timestamp format '" ~ format ~ "': %" ~ character ~ " is "
                    ~ ('there twice.' if name else 'not known. Known: %d %m %Y %y %H %M %S %f, or iso.')
                ) -%}
            {%- endif -%}
            {%- do found.parts.update({name: found.parts | length + 1}) -%}
            {%- if character == 'Y' -%}
                {%- set found.pattern = found.pattern ~ _year_pattern() -%}
            {%- elif character == 'y' -%}
                {%- set found.short_year = true -%}
                {%- set found.pattern = found.pattern ~ '(<year>)' -%}
            {%- elif character == 'f' -%}
                {%- set found.pattern = found.pattern ~ '([0-9]{1,6})[0-9]{0,3}' -%}
            {%- elif follower in ['%', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9'] -%}
                {%- set found.pattern = found.pattern ~ '(' ~ tokens[character][1] ~ ')' -%}
            {%- else -%}
                {%- set found.pattern = found.pattern ~ '(' ~ tokens[character][1] ~ '|' ~ tokens[character][2] ~ ')' -%}
            {%- endif -%}
        {%- elif character == '%' -%}
            {%- set found.is_token = true -%}
        {%- elif character == ' ' -%}
            {%- set found.pattern = found.pattern ~ ' +' -%}
        {%- else -%}
            {%- set found.pattern = found.pattern ~ ('\\' if character in '.^$*+?()[]{}|\\') ~ character -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for part in ['year', 'month', 'day'] if part not in found.parts -%}
        {%- do exceptions.raise_compiler_error("Timestamp format '" ~ format ~ "' has no " ~ part ~ ".") -%}
    {%- endfor -%}
    {%- set pattern = '^' ~ found.pattern ~ '$' -%}
    {%- if not found.short_year -%}
        {{ return([{'pattern': pattern, 'parts': found.parts, 'century': ''}]) }}
    {%- endif -%}
    {{ return([
        {'pattern': pattern.replace('<year>', '69|[7-9][0-9]'), 'parts': found.parts, 'century': '19'},
        {'pattern': pattern.replace('<year>', '[0-5][0-9]|6[0-8]'), 'parts': found.parts, 'century': '20'},
    ]) }}
{%- endmacro %}

{#- Four digits, not 0000. -#}
{% macro _year_pattern() -%}
    {{ return('([1-9][0-9]{3}|0[1-9][0-9]{2}|00[1-9][0-9]|000[1-9])') }}
{%- endmacro %}

{% macro _read_timestamp(text, reading) -%}
    {{ return(adapter.dispatch('_read_timestamp', 'counterweight')(text, reading)) }}
{%- endmacro %}

{% macro duckdb___read_timestamp(text, reading) -%}
    {%- set names = reading.parts.items() | sort(attribute='1') | map(attribute='0') | list -%}
    {%- if 'zone_sign' in names %}
    {#- ISO 8601 as the engine itself would write it needs no closer look, and that takes ten times as long #}
    case
        when {{ text }} is null then null
        when
            length({{ text }}) = 19
            and cast(try_cast({{ text }} as timestamp) as varchar) = replace({{ text }}, 'T', ' ')
            then try_cast({{ text }} as timestamp)
        when length({{ text }}) = 10 and cast(try_cast({{ text }} as date) as varchar) = {{ text }}
            then cast(try_cast({{ text }} as date) as timestamp)
        else {% endif %}
    {#- a list of one, so that the text is matched once; no match gives empty parts, and they are no timestamp -#}
    list_transform(
        [regexp_extract({{ text }}, '{{ reading.pattern.replace("'", "''") }}', ['{{ names | join("', '") }}'])],
        lambda part: try_cast(
            '{{ reading.century }}' || part.year || '-' || part.month || '-' || part.day
            {%- for name, mark in {'hour': ' ', 'minute': ':', 'second': ':', 'fraction': '.'}.items() %}
            || '{{ mark }}' || {{ "coalesce(nullif(part." ~ name ~ ", ''), '0')" if name in names else "'0'" }}
            {%- endfor %} as timestamp
        )
        {%- if 'zone_sign' in names %}
        - to_minutes(coalesce(
            try_cast(part.zone_sign || '1' as integer) * (
                60 * try_cast(part.zone_hour as integer) + coalesce(try_cast(part.zone_minute as integer), 0)
            ), 0
        ))
        {%- endif %}
    )[1]
    {%- if 'zone_sign' in names %}
    end
    {%- endif %}
{%- endmacro %}

{% macro postgres___read_timestamp(text, reading) -%}
    {%- set number = {} -%}
    {%- for name in ['hour', 'minute', 'second', 'zone_hour', 'zone_minute'] -%}
        {%- do number.update({
            name: "coalesce(cast(parts[" ~ reading.parts[name] ~ "] as integer), 0)" if name in reading.parts else "0"
        }) -%}
    {%- endfor -%}
    {#- the first of the month always is; a day that the month does not have leads into the next. `offset 0` keeps the
        planner from matching the text once a part. -#}
    (
        select
            case
                when extract(month from day_start) = cast(parts[{{ reading.parts.month }}] as integer)
                    then day_start
                        + make_interval(
                            hours => {{ number.hour }}, mins => {{ number.minute }}, secs => {{ number.second }}
                        )
                        {%- if 'fraction' in reading.parts %}
                        + cast(rpad(coalesce(parts[{{ reading.parts.fraction }}], '0'), 6, '0') as integer)
                        * interval '1 microsecond'
                        {%- endif %}
                        {%- if 'zone_sign' in reading.parts %}
                        - cast(coalesce(parts[{{ reading.parts.zone_sign }}], '+') || '1' as integer)
                        * make_interval(hours => {{ number.zone_hour }}, mins => {{ number.zone_minute }})
                        {%- endif %}
            end
        from (
            select
                parts,
                make_timestamp(
                    cast('{{ reading.century }}' || parts[{{ reading.parts.year }}] as integer),
                    cast(parts[{{ reading.parts.month }}] as integer), 1, 0, 0, 0
                ) + make_interval(days => cast(parts[{{ reading.parts.day }}] as integer) - 1) as day_start
            from (
                select regexp_match({{ text }}, '{{ reading.pattern.replace("'", "''") }}') as parts
                offset 0
            ) as matched
            offset 0
        ) as dated
    )
{%- endmacro %}

{#- Whole number from text: digits with or without a sign; null where it is none, or none of 64 bits. -#}
{% macro parse_integer(text, is_trimmed=false) -%}
    {{ return(adapter.dispatch('parse_integer', 'counterweight')(text if is_trimmed else trimmed(text))) }}
{%- endmacro %}

{% macro duckdb__parse_integer(text) -%}
    case when regexp_full_match({{ text }}, '[+-]?[0-9]+') then try_cast({{ text }} as bigint) end
{%- endmacro %}

{% macro postgres__parse_integer(text) -%}
    case
        when {{ text }} ~ '^[+-]?0*[0-9]{1,18}$' then cast({{ text }} as bigint)
        when {{ text }} ~ '^[+-]?0*[0-9]{19}$'
            then
                case
                    when cast({{ text }} as numeric) between -9223372036854775808 and 9223372036854775807
                        then cast({{ text }} as bigint)
                end
    end
{%- endmacro %}

{#- Number from text, decimal(38, 10), digits beyond the tenth rounded half away from zero; null where it is none or
    too great. Where the separator is a comma, blanks and points are marks of thousands. -#}
{% macro parse_decimal(text, separator='.') -%}
    {%- if separator not in ['.', ','] -%}
        {%- do exceptions.raise_compiler_error("parse_decimal: separator '" ~ separator ~ "' is neither . nor ,") -%}
    {%- endif -%}
    {%- set plain = trimmed(text) -%}
    {%- if separator == ',' -%}
        {#- blanks that do not break a line among them -#}
        {%- set plain = "translate(" ~ plain ~ ", ',. ' || chr(160) || chr(8239), '.')" -%}
    {%- endif -%}
    {{ return(adapter.dispatch('parse_decimal', 'counterweight')(plain)) }}
{%- endmacro %}

{% macro duckdb__parse_decimal(text) -%}
    case
        when regexp_full_match({{ text }}, '{{ _decimal_pattern() }}') then try_cast({{ text }} as decimal(38, 10))
    end
{%- endmacro %}

{% macro postgres__parse_decimal(text) -%}
    case
        when {{ text }} ~ '^{{ _decimal_pattern() }}$'
            then
                case
                    when abs(round(cast({{ text }} as numeric), 10)) < 1e28 then cast({{ text }} as numeric(38, 10))
                end
    end
{%- endmacro %}

{% macro _decimal_pattern() -%}
    {{ return('[+-]?(?:[0-9]{1,100}[.]?[0-9]{0,100}|[.][0-9]{1,100})') }}
{%- endmacro %}

{#- True or false from the words that tools write for them; null for any other. -#}
{% macro parse_boolean(text, is_trimmed=false) -%}
    {%- set text = text if is_trimmed else trimmed(text) -%}
    case
        when lower({{ text }}) in ('true', 't', 'yes', 'y', '1') then true
        when lower({{ text }}) in ('false', 'f', 'no', 'n', '0') then false
    end
{%- endmacro %}

{#- Time of day from text (8:00, 08:00, 08:00:00) as seconds after midnight; 24:00 is the day's end. Null where it is
    none. -#}
{% macro parse_clock(text) -%}
    {{ return(adapter.dispatch('parse_clock', 'counterweight')(trimmed(text))) }}
{%- endmacro %}

{% macro duckdb__parse_clock(text) -%}
    case when regexp_full_match({{ text }}, '{{ _clock_pattern() }}') then {{ _clock_seconds(text) }} end
{%- endmacro %}

{% macro postgres__parse_clock(text) -%}
    case when {{ text }} ~ '^(?:{{ _clock_pattern() }})$' then {{ _clock_seconds(text) }} end
{%- endmacro %}

{% macro _clock_pattern() -%}
    {{ return('(?:[01]?[0-9]|2[0-3]):[0-5][0-9](?::[0-5][0-9])?|24:00(?::00)?') }}
{%- endmacro %}

{% macro _clock_seconds(text) -%}
    3600 * cast(split_part({{ text }}, ':', 1) as integer)
    + 60 * cast(split_part({{ text }}, ':', 2) as integer)
    + cast(coalesce(nullif(split_part({{ text }}, ':', 3), ''), '0') as integer)
{%- endmacro %}
