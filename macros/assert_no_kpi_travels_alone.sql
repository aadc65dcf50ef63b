{#- The rule, before anything is built: whoever shows a headline shows its reality, from the same mart, grain and cohort. Stops
    the run and names all that is wrong at once. `dbt run-operation assert_no_kpi_travels_alone` asks alone. docs/own_pair.md
    says how things are declared. -#}
{% macro assert_no_kpi_travels_alone() -%}
    {%- if execute -%}
        {%- set problems = kpi_problems() -%}
        {%- if problems -%}
            {%- do exceptions.raise_compiler_error(
                "No KPI travels alone: " ~ problems | join("\n") ~ "\n" ~ problems | length
                ~ " to mend; docs/own_pair.md says how."
            ) -%}
        {%- endif -%}
    {%- endif -%}
{%- endmacro %}

{#- Sentences, one for each thing to mend. -#}
{% macro kpi_problems() -%}
    {%- set problems = [] -%}
    {%- set seed = rows_of_seed('kpi_pairs', ['pair_id', 'headline_on_cohort', 'reality']) -%}
    {%- set catalogue = {} -%}
    {%- for row in seed.rows -%}
        {%- do catalogue.update({row.pair_id: row}) -%}
    {%- endfor -%}

    {#- what is declared, model by model -#}
    {%- set shown = {} -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' -%}
        {%- set declared = kpi_columns(node, problems) -%}
        {%- do shown.update({node.name: declared}) -%}
        {%- if is_read_by_people(node) -%}
            {%- do problems.extend(numbers_without_a_role(node, declared)) -%}
        {%- elif node.config.schema in ('dimensions', 'facts') -%}
            {%- do problems.extend(statistics_among_events(node, declared)) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- for metric in graph.metrics.values() -%}
        {%- do shown.update({'metric ' ~ metric.name: kpi_metric(metric, problems)}) -%}
    {%- endfor -%}
    {%- set everything = [] -%}
    {%- for sides in shown.values() -%}
        {%- do everything.extend(sides) -%}
    {%- endfor -%}

    {#- each headline has its reality there -#}
    {%- for side in everything if side.side != 'none' -%}
        {%- for pair in side.pairs -%}
            {%- if pair != '*' and seed.is_current and pair not in catalogue -%}
                {%- do problems.append(
                    side.name ~ " is declared with the pair " ~ pair ~ ", which the catalogue does not know."
                    ~ near_pairs(pair, catalogue) ~ " Add its row to seeds/kpi_pairs.csv, or mend the id."
                ) -%}
            {%- endif -%}
            {%- if pair == '*' and side.is_metric -%}
                {%- do problems.append(side.name ~ ": a metric is of one pair; '*' is for a column whose row says of which.") -%}
            {%- elif pair == '*' and not side.has_pair_id -%}
                {%- do problems.append(
                    side.name ~ ": '*' is for a table with the column pair_id, whose rows say of which pair they are."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {%- for side in everything if side.side == 'headline' -%}
        {%- for pair in side.pairs if pair != '*' or side.has_pair_id -%}
            {%- set near = {'there': false, 'other_cohort': [], 'elsewhere': []} -%}
            {%- for other in everything if other.side == 'reality' and pair in other.pairs -%}
                {%- if other.place != side.place -%}
                    {%- do near.elsewhere.append(other.name) -%}
                {%- elif other.cohort != side.cohort -%}
                    {%- do near.other_cohort.append(other.name ~ " (" ~ (other.cohort or 'the default cohort') ~ ")") -%}
                {%- else -%}
                    {%- do near.update({'there': true}) -%}
                {%- endif -%}
            {%- endfor -%}
            {%- if not near.there -%}
                {%- do problems.append(
                    side.name ~ " exposes the headline of pair " ~ pair ~ quoted_words(catalogue, pair, 'headline_on_cohort')
                    ~ " without its reality" ~ quoted_words(catalogue, pair, 'reality') ~ "."
                    ~ (" It is there, but of another cohort than " ~ (side.cohort or 'the default one') ~ ": "
                       ~ near.other_cohort | join(", ") ~ "." if near.other_cohort)
                    ~ (" There is one elsewhere, " ~ near.elsewhere | join(", ")
                       ~ ", but both must come from one mart, grain and cohort." if near.elsewhere and not near.other_cohort)
                    ~ " Add the reality beside it" ~ (" and of its cohort" if near.other_cohort) ~ " with config: {meta: {kpi_pair: " ~ pair
                    ~ ", kpi_side: reality}}, or take the headline out."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}

    {%- do problems.extend(lonely_exposures(shown, catalogue)) -%}
    {%- do problems.extend(lonely_saved_queries(shown, catalogue)) -%}
    {%- do problems.extend(parts_off_the_scorecard(seed.is_current, catalogue)) -%}
    {{ return(problems) }}
{%- endmacro %}

{#- ": 'words of the catalogue'", where they are known. -#}
{% macro quoted_words(catalogue, pair, column) -%}
    {{ return(" ('" ~ catalogue[pair][column] ~ "')" if pair in catalogue else "") }}
{%- endmacro %}

{% macro near_pairs(pair, catalogue) -%}
    {%- set near = [] -%}
    {%- for known in catalogue if known | upper | replace('P0', 'P') == pair | string | upper | trim | replace('P0', 'P') -%}
        {%- do near.append(known) -%}
    {%- endfor -%}
    {{ return(" Did you mean " ~ near[0] ~ "?" if near else "") }}
{%- endmacro %}

{#- A model that people read: whatever is not on the way to one, wherever its file lies. -#}
{% macro is_read_by_people(node) -%}
    {{ return(node.config.schema not in ('staging', 'intermediate', 'dimensions', 'facts') and not node.config.meta.get('restricted')) }}
{%- endmacro %}

{#- A declaration, looked at: {side, pairs, cohort, reason}, or none where nothing is declared. -#}
{% macro kpi_declaration(name, meta, problems) -%}
    {%- set known = ['kpi_pair', 'kpi_side', 'kpi_cohort', 'kpi_reason', 'kpi_none', 'kpi_shows'] -%}
    {%- for key in meta if key.startswith('kpi_') and key not in known -%}
        {%- do problems.append(name ~ ": there is no " ~ key ~ ". Known: " ~ known | join(', ') ~ ".") -%}
    {%- endfor -%}
    {%- set side = meta.get('kpi_side') -%}
    {%- set pairs = meta.get('kpi_pair') -%}
    {%- set pairs = [] if pairs is none else ([pairs] if pairs is string or pairs is not iterable else pairs) -%}
    {%- if side is none and pairs -%}
        {%- do problems.append(name ~ " has a kpi_pair and no kpi_side. Say which side it is: headline or reality.") -%}
    {%- elif side is none -%}
        {{ return(none) }}
    {%- elif side not in ('headline', 'reality', 'none') -%}
        {%- do problems.append(name ~ ": kpi_side is '" ~ side ~ "'; it must be headline, reality or none.") -%}
    {%- elif side == 'none' and (meta.get('kpi_reason') or '') | wordcount < 3 -%}
        {%- do problems.append(
            name ~ ": kpi_side none needs a sentence that says why it is no headline. Add it as kpi_reason."
        ) -%}
    {%- elif side != 'none' and not pairs -%}
        {%- do problems.append(name ~ " is a " ~ side ~ " of no pair. Add kpi_pair, an id of seeds/kpi_pairs.csv.") -%}
    {%- endif -%}
    {{ return({'side': side or 'none', 'pairs': pairs if side in ('headline', 'reality') else [], 'cohort': meta.get('kpi_cohort')}) }}
{%- endmacro %}

{#- The declared columns of a model. -#}
{% macro kpi_columns(node, problems) -%}
    {%- set declared = [] -%}
    {%- for column in node.columns.values() -%}
        {%- set name = node.name ~ '.' ~ column.name -%}
        {%- set meta = (column.config or {}).get('meta') or column.meta or {} -%}
        {%- set found = kpi_declaration(name, meta, problems) if meta else none -%}
        {%- if found -%}
            {%- if found.cohort and found.cohort not in node.columns -%}
                {%- do problems.append(
                    name ~ ": kpi_cohort must be the column that counts the cohort, and there is no '" ~ found.cohort ~ "' here."
                ) -%}
            {%- endif -%}
            {%- do found.update({
                'name': name, 'column': column.name, 'place': node.name, 'is_metric': false,
                'has_pair_id': 'pair_id' in node.columns,
            }) -%}
            {%- do declared.append(found) -%}
        {%- endif -%}
    {%- endfor -%}
    {#- said once for many: reason -> columns -#}
    {%- for reason, columns in (node.config.meta.get('kpi_none') or {}).items() -%}
        {%- if reason | wordcount < 3 -%}
            {%- do problems.append(node.name ~ ": kpi_none is said for a reason, in a sentence; '" ~ reason ~ "' is none.") -%}
        {%- endif -%}
        {%- for column in columns -%}
            {%- if column not in node.columns -%}
                {%- do problems.append(node.name ~ ": kpi_none names '" ~ column ~ "', which is no column of it.") -%}
            {%- elif declared | selectattr('column', 'equalto', column) | list -%}
                {%- do problems.append(node.name ~ "." ~ column ~ " is declared twice: in kpi_none and at the column.") -%}
            {%- else -%}
                {%- do declared.append({
                    'name': node.name ~ '.' ~ column, 'column': column, 'place': node.name, 'side': 'none', 'pairs': [],
                    'cohort': none, 'is_metric': false, 'has_pair_id': false,
                }) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(declared) }}
{%- endmacro %}

{#- Each number of a mart says what it is. It need not where that is plain: a column of the grain, a bound or a part of another column
    (which says it), the share that nobody could see, and a count of what nobody is praised for. -#}
{% macro numbers_without_a_role(node, declared) -%}
    {%- set said = declared | map(attribute='column') | list -%}
    {%- set grain = modules.re.findall('\\w+', node.config.meta.get('grain') or '') -%}
    {%- set headlines = [] -%}
    {%- set numbers = [] -%}
    {%- for column in node.columns.values() if column.name not in said and column.name not in grain -%}
        {%- set name = column.name | lower -%}
        {%- set kind = kind_of_column(name, column.data_type | default('', true) | lower) -%}
        {%- set stem = modules.re.sub('_(low|high|lower|upper|numerator|denominator)$', '', name) -%}
        {%- set idea = looks_like_a_headline(name, {'text': 'statistic', 'count': 'count'}.get(kind, 'any')) -%}
        {%- if kind == 'time' or modules.re.match('(unobservable|unknown|unmeasured|pending)_(\\w+_)?(share|count)$', name) -%}
        {%- elif stem != name and stem in node.columns -%}
        {%- elif idea -%}
            {%- do headlines.append(name ~ " (" ~ idea ~ ")") -%}
        {%- elif kind == 'number' -%}
            {%- do numbers.append(name) -%}
        {%- endif -%}
    {%- endfor -%}
    {%- set problems = [] -%}
    {%- if not node.contract.enforced -%}
        {%- do problems.append(
            node.name ~ " is a mart without an enforced contract, so nobody can say what its columns are. Add contract: {enforced: true}."
        ) -%}
    {%- endif -%}
    {%- if headlines -%}
        {%- do problems.append(
            node.name ~ " has columns that look like headlines and are not declared: " ~ headlines | join(", ")
            ~ ". Declare each with its pair, config: {meta: {kpi_pair: ..., kpi_side: headline}}, beside its reality; or say that it is "
            ~ "none, {kpi_side: none, kpi_reason: ...}, or kpi_none of the model for many."
        ) -%}
    {%- endif -%}
    {%- if numbers -%}
        {%- do problems.append(
            node.name ~ " has numbers that do not say what they are: " ~ numbers | join(", ")
            ~ ". Declare headlines and realities with their pair; list the others in the model's config.meta, kpi_none: "
            ~ "{<why they are no headline>: [" ~ numbers | join(", ") ~ "]}."
        ) -%}
    {%- endif -%}
    {{ return(problems) }}
{%- endmacro %}

{#- time, text (true or false among it), count (a whole number called so) or number. -#}
{% macro kind_of_column(name, type) -%}
    {%- if modules.re.match('(date|time)', type) -%}
        {{ return('time') }}
    {%- elif modules.re.match('(varchar|text|char|string|bool|uuid)', type) -%}
        {#- what is so or not is so of one thing, and a key names one -#}
        {{ return('time' if modules.re.search('^(is|has)_|_(key|id)$', name) else 'text') }}
    {%- elif name.endswith('_count') and modules.re.match('(big|small|tiny|huge)?int', type) -%}
        {{ return('count') }}
    {%- endif -%}
    {{ return('number') }}
{%- endmacro %}

{#- Facts and dimensions hold events and things, and their columns are no KPIs; but a statistic among them would be one, and so
    would a count that is praised. -#}
{% macro statistics_among_events(node, declared) -%}
    {%- set said = declared | map(attribute='column') | list -%}
    {%- set headlines = [] -%}
    {%- for column in node.columns.values() if column.name not in said -%}
        {%- set name = column.name | lower -%}
        {%- set kind = kind_of_column(name, column.data_type | default('', true) | lower) -%}
        {%- set idea = kind != 'time' and looks_like_a_headline(name, 'statistic' if kind == 'text' else 'count') -%}
        {%- if idea -%}
            {%- do headlines.append(name ~ " (" ~ idea ~ ")") -%}
        {%- endif -%}
    {%- endfor -%}
    {%- if headlines and not node.config.meta.get('restricted') -%}
        {{ return([
            node.name ~ " has columns that look like headlines and are not declared: " ~ headlines | join(", ")
            ~ ". KPIs stand in marts, beside their reality; or say that it is none, config: {meta: {kpi_side: none, kpi_reason: ...}}."
        ]) }}
    {%- endif -%}
    {{ return([]) }}
{%- endmacro %}

{#- A metric of the semantic layer: always a number, so it always says what it is. Its place is the models that it is made of, its
    cohort what kpi_cohort says, else its filter. -#}
{% macro kpi_metric(metric, problems) -%}
    {%- set name = 'metric ' ~ metric.name -%}
    {%- set meta = (metric.config or {}).get('meta') or metric.meta or {} -%}
    {%- set found = kpi_declaration(name, meta, problems) -%}
    {%- if not found -%}
        {%- set idea = looks_like_a_headline(metric.name) -%}
        {%- do problems.append(
            name ~ (" looks like a headline (" ~ idea ~ ") and" if idea else "") ~ " is not declared. Add config: {meta: {kpi_pair: ..., "
            ~ "kpi_side: headline or reality}}, or {kpi_side: none, kpi_reason: ...}."
        ) -%}
        {{ return([]) }}
    {%- endif -%}
    {%- set filters = [] -%}
    {%- for filter in (metric.filter or {}).get('where_filters') or [] -%}
        {%- do filters.append(filter.where_sql_template) -%}
    {%- endfor -%}
    {%- do found.update({
        'name': name, 'column': metric.name, 'place': 'metrics of ' ~ models_of_metric(metric.unique_id) | unique | sort | join(', '),
        'is_metric': true, 'has_pair_id': false, 'cohort': found.cohort or filters | sort | join(' and ') or none,
    }) -%}
    {{ return([found]) }}
{%- endmacro %}

{#- Names of the models that a metric or a semantic model is made of. -#}
{% macro models_of_metric(unique_id) -%}
    {%- set names = [] -%}
    {%- set node = graph.metrics.get(unique_id) or graph.semantic_models.get(unique_id) -%}
    {%- for parent in node.depends_on.nodes -%}
        {%- if parent in graph.metrics or parent in graph.semantic_models -%}
            {%- do names.extend(models_of_metric(parent)) -%}
        {%- elif parent in graph.nodes -%}
            {%- do names.append(graph.nodes[parent].name) -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return(names) }}
{%- endmacro %}

{#- A report says what it shows, in kpi_shows: a model (all of it), a model's column, or a metric. What it shows is looked at as a
    mart is: a headline needs its reality of the same model and cohort in the same report. -#}
{% macro lonely_exposures(shown, catalogue) -%}
    {%- set problems = [] -%}
    {%- for exposure in graph.exposures.values() -%}
        {%- set name = 'exposure ' ~ exposure.name -%}
        {%- set meta = (exposure.config or {}).get('meta') or exposure.meta or {} -%}
        {%- set own = kpi_declaration(name, meta, problems) -%}
        {%- set things = meta.get('kpi_shows') -%}
        {%- set reads = [] -%}
        {%- for parent in exposure.depends_on.nodes -%}
            {%- if parent in graph.nodes and graph.nodes[parent].name in shown -%}
                {%- do reads.append(graph.nodes[parent].name) -%}
            {%- elif parent in graph.metrics -%}
                {%- do reads.append('metric ' ~ graph.metrics[parent].name) -%}
            {%- endif -%}
        {%- endfor -%}
        {%- set seen = [] -%}
        {%- for thing in things or [] -%}
            {%- set place = thing.split('.')[0] if thing.split('.')[0] in reads else 'metric ' ~ thing -%}
            {%- set columns = [] -%}
            {%- for side in shown.get(place, []) if '.' not in thing or side.name == thing -%}
                {%- do columns.append(side) -%}
            {%- endfor -%}
            {%- if place not in reads -%}
                {%- do problems.append(
                    name ~ ": kpi_shows names '" ~ thing ~ "', which is not of what it depends on: " ~ reads | join(', ') ~ "."
                ) -%}
            {%- elif not columns and '.' in thing and not is_column(thing) -%}
                {%- do problems.append(name ~ ": kpi_shows names '" ~ thing ~ "', and there is no such column.") -%}
            {%- endif -%}
            {%- do seen.extend(columns) -%}
        {%- endfor -%}
        {%- set headlines = [] -%}
        {%- for place in reads -%}
            {%- do headlines.extend(shown[place] | selectattr('side', 'equalto', 'headline') | map(attribute='name') | list) -%}
        {%- endfor -%}
        {%- if things is none and own is none and headlines -%}
            {%- do problems.append(
                name ~ " reads headlines (" ~ headlines | join(', ') ~ ") and does not say what it shows. Add config: {meta: {kpi_shows: "
                ~ "[<model>, <model>.<column> or <metric>, ...]}}, the realities among them."
            ) -%}
        {%- elif things is none and own is none and looks_like_a_headline(exposure.name) -%}
            {%- do problems.append(
                name ~ " looks like a headline (" ~ looks_like_a_headline(exposure.name) ~ ") and is not declared. Show the pair from a mart, "
                ~ "with kpi_shows; or say that it is none, config: {meta: {kpi_side: none, kpi_reason: ...}}."
            ) -%}
        {%- endif -%}
        {%- if own and own.side == 'headline' -%}
            {%- for pair in own.pairs if pair not in (seen | selectattr('side', 'equalto', 'reality') | sum(attribute='pairs', start=[])) -%}
                {%- do problems.append(
                    name ~ " exposes the headline of pair " ~ pair ~ quoted_words(catalogue, pair, 'headline_on_cohort')
                    ~ " without its reality" ~ quoted_words(catalogue, pair, 'reality') ~ ". Show it as well and name its column in kpi_shows."
                ) -%}
            {%- endfor -%}
        {%- endif -%}
        {%- do problems.extend(lonely_among(name, seen, catalogue, 'kpi_shows')) -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{#- A saved query is a report, too: what it shows are its metrics. -#}
{% macro lonely_saved_queries(shown, catalogue) -%}
    {%- set problems = [] -%}
    {%- for query in (graph.saved_queries or {}).values() -%}
        {%- set seen = [] -%}
        {%- for metric in query.query_params.metrics -%}
            {%- do seen.extend(shown.get('metric ' ~ metric, [])) -%}
        {%- endfor -%}
        {%- do problems.extend(lonely_among('saved query ' ~ query.name, seen, catalogue, 'metrics')) -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{#- Headlines among what a report shows whose reality it does not show. -#}
{% macro lonely_among(name, seen, catalogue, where) -%}
    {%- set problems = [] -%}
    {%- for side in seen if side.side == 'headline' -%}
        {%- for pair in side.pairs -%}
            {%- set there = [] -%}
            {%- for other in seen if other.side == 'reality' and pair in other.pairs and other.place == side.place and other.cohort == side.cohort -%}
                {%- do there.append(other.name) -%}
            {%- endfor -%}
            {%- if not there -%}
                {%- do problems.append(
                    name ~ " shows " ~ side.name ~ ", the headline of pair " ~ pair ~ quoted_words(catalogue, pair, 'headline_on_cohort')
                    ~ ", without its reality" ~ quoted_words(catalogue, pair, 'reality') ~ " from " ~ side.place
                    ~ ". Show it as well and name it in " ~ where ~ ", or take the headline out."
                ) -%}
            {%- endif -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}

{% macro is_column(thing) -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and node.name == thing.split('.')[0] -%}
        {{ return(thing.split('.')[1] in node.columns) }}
    {%- endfor -%}
    {{ return(false) }}
{%- endmacro %}

{#- A part that the scorecard does not unite would be a pair that nobody reads; one without a row in the catalogue has no name,
    no tolerance and no reading. -#}
{% macro parts_off_the_scorecard(is_current, catalogue) -%}
    {%- set problems = [] -%}
    {%- set united = graph.nodes['model.' ~ project_name ~ '.balanced_scorecard'].depends_on.nodes -%}
    {%- for node in graph.nodes.values() if node.resource_type == 'model' and 'marts/pairs/' in node.original_file_path | replace('\\', '/') -%}
        {%- if node.unique_id not in united -%}
            {%- do problems.append(
                node.name ~ " is no part of the scorecard: nobody would see the pair. Add its name to the variable own_pairs of dbt_project.yml."
            ) -%}
        {%- endif -%}
        {%- for pair in modules.re.findall('pair_columns\\(\\s*(?:pair_id\\s*=\\s*)?[\'"]([^\'"]+)', node.raw_code) if is_current and pair not in catalogue -%}
            {%- do problems.append(
                node.name ~ " is of the pair " ~ pair ~ ", which the catalogue does not know." ~ near_pairs(pair, catalogue)
                ~ " Add its row to seeds/kpi_pairs.csv, or mend the id."
            ) -%}
        {%- endfor -%}
    {%- endfor -%}
    {{ return(problems) }}
{%- endmacro %}
