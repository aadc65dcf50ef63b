{#- What a name seems to measure ('handle time'), or '' where it seems to measure none of what desks are praised for. A
    name is its words (`pct_first_time_fix`: pct, first, time, fix), and a KPI is an idea with many names: so each idea is
    a few sets of words that must all be there, and a word is there by its beginning (`resolv` for resolved, resolving), or
    as it is where it ends with a full stop (`met.` is not `method`).

    how: what a name must say besides. 'any': nothing. 'count': a count that is praised (tickets closed). 'statistic': a
    statistic is named (`avg_`, `_pct`, ...), as it must be of an event's own column: one call's handle time is no KPI. -#}
{% macro looks_like_a_headline(name, how='any') -%}
    {%- set words = modules.re.findall('[a-z]+|[0-9]+', name | lower) | join(' ') -%}
    {#- asked of each column that is declared: the patterns are put together once a run -#}
    {%- if '_kpi_patterns' not in graph -%}
        {%- do graph.update({'_kpi_patterns': kpi_patterns()}) -%}
    {%- endif -%}
    {%- set search = modules.re.search -%}
    {%- set kpis = graph['_kpi_patterns'] -%}
    {%- set is_statistic = search(kpis.statistics, words) -%}
    {%- for idea in kpis.ideas -%}
        {%- if idea.letters and search(idea.letters, words) -%}
            {{ return(idea.name) }}
        {%- endif -%}
        {%- if how == 'any' or is_statistic or (how == 'count' and idea.is_counted) -%}
            {%- for patterns in idea.parts -%}
                {%- set missing = [] -%}
                {%- for pattern in patterns if not missing and not search(pattern, words) -%}
                    {%- do missing.append(pattern) -%}
                {%- endfor -%}
                {%- if not missing -%}
                    {{ return(idea.name) }}
                {%- endif -%}
            {%- endfor -%}
        {%- endif -%}
    {%- endfor -%}
    {{ return('') }}
{%- endmacro %}

{#- The ideas, with a pattern in place of each set of words. -#}
{% macro kpi_patterns() -%}
    {%- set kpis = kpi_words() -%}
    {%- do kpis.update({'statistics': pattern_of_words(kpis.statistics)}) -%}
    {%- for idea in kpis.ideas -%}
        {%- set parts = [] -%}
        {%- for sets in idea.parts -%}
            {%- set patterns = [] -%}
            {%- for beginnings in sets -%}
                {%- do patterns.append(pattern_of_words(beginnings)) -%}
            {%- endfor -%}
            {%- do parts.append(patterns) -%}
        {%- endfor -%}
        {%- do idea.update({'parts': parts, 'letters': pattern_of_words(idea.letters) if idea.letters else none}) -%}
    {%- endfor -%}
    {{ return(kpis) }}
{%- endmacro %}

{#- A word has one of the beginnings; `met.` is the word itself. -#}
{% macro pattern_of_words(beginnings) -%}
    {{ return('\\b(' ~ beginnings | replace('.', '\\b') | replace(' ', '|') ~ ')') }}
{%- endmacro %}

{#- The ideas. `letters` are short names that mean nothing else; `is_counted`: its count alone is praised as well. -#}
{% macro kpi_words() -%}
    {%- set time = 'time. times. second sec. secs. minute min. mins. hour hrs. day. days. duration length speed' -%}
    {{ return({
        'statistics': 'avg average mean. median p50. p90. p95. percent pct perc. share ratio rate. rates. index quota '
            ~ 'proportion fraction per. typical score',
        'ideas': [
            {
                'name': 'first contact resolution', 'letters': 'fcr ftf. ftfr flr. fpy. ftr. rft. ocr.',
                'is_counted': true,
                'parts': [[
                    'first single one. once. zero 1. 1st initial',
                    'contact call. calls. time. touch visit line. level tier attempt pass. interaction go. shot chat.',
                    'fix resol solv right. done complet clos success yield settled cured answered percent pct perc. rate. share ratio',
                ]],
            },
            {
                'name': 'service level', 'letters': 'asa. tsf. gos.',
                'is_counted': true,
                'parts': [
                    ['sla. slas. slo. ola.'],
                    ['service. grade', 'level. levels. of.', 'service. level. levels.'],
                    [
                        'within met. meet on. in. under hit. hits. achiev attain complian complied adher breach miss kept honour honor',
                        'target time. deadline due. goal threshold agreement objective promise commitment limit standard',
                    ],
                    ['met. breach punctual timely ontime overdue compliance compliant'],
                    ['answer', 'within speed quick fast in. under rate. rates. pct percent share ratio'],
                ],
            },
            {
                'name': 'handle time', 'letters': 'aht acw. att. acht. asht. tma.',
                'parts': [
                    ['handl talk wrap hold. held. aftercall conversation work. call. calls. contact. chat. interaction touch processing occupied', time],
                ],
            },
            {
                'name': 'time to resolution', 'letters': 'mttr mtta mtbf mttf ttr. ttc. frt. ttfr trt.',
                'parts': [
                    [
                        'resol solv respon repl. reply fix. repair restor clos answer acknow react complet turnaround lead. cycle first '
                        ~ 'fulfil recover invoice hire fill. filled deliver wait queue ring latency elapsed age aging ageing',
                        time,
                    ],
                    ['turnaround tat. latency wait. waiting'],
                    ['ticket case. cases. issue incident request queue', 'age. ages. aging ageing'],
                ],
            },
            {
                'name': 'work called done', 'letters': 'throughput', 'is_counted': true,
                'parts': [
                    [
                        'clos resol solv complet finish fulfil done. dispatched settled finaliz finalis handled processed cleared '
                        ~ 'served deliver cured sorted fixed fix. fixes. accomplish concluded dispos treated helped assisted attended actioned '
                        ~ 'rescued remed mended repaired rectified',
                    ],
                    ['output productiv efficien volume. workload'],
                    [
                        'ticket case. cases. call. calls. contact incident request task issue chat email work. unit',
                        'per.', 'agent advisor rep. head. fte. hour day. shift person employee consultant operator staff',
                    ],
                ],
            },
            {
                'name': 'satisfaction', 'letters': 'nps. enps csi.',
                'is_counted': true,
                'parts': [['csat dsat osat ces. rating satisf happy happi promoter delight sentiment star. stars. smiley thumb recommend positive loyal content. pleased effort']],
            },
            {
                'name': 'utilisation', 'letters': 'utiliz utilis occup',
                'parts': [['adheren shrinkage busy idle productive staffed billable utiliz utilis occup']],
            },
            {
                'name': 'cost', 'letters': 'cpc. cpt. cpr. tco. roi. cpi.',
                'parts': [['cost spend spent expense price. dollar usd. eur. euro cents opex saving saved savings budget']],
            },
            {
                'name': 'backlog', 'letters': 'backlog wip.', 'is_counted': true,
                'parts': [['unresolv unsolv outstanding open. unclosed unfinished undone queued aged overdue inventory']],
            },
            {'name': 'reopenings', 'is_counted': true, 'parts': [['reopen', 'reopen'], ['re.', 'open. opened. opens.']]},
            {
                'name': 'transfers', 'is_counted': true,
                'parts': [['transfer escalat handoff handover handback rerout misrout reassign hop. hops. warmpass']],
            },
            {
                'name': 'containment', 'is_counted': true,
                'parts': [
                    ['contain deflect selfserv selfsolv selfhelp automat bot. bots. ivr. virtual'],
                    ['self.', 'serv solv help resol'],
                ],
            },
            {'name': 'abandonment', 'parts': [['abandon hangup lost. dropped gaveup walkaway missed unanswered']]},
            {
                'name': 'quality score', 'is_counted': true,
                'parts': [['qa. qm. qc. quality passed pass. audit. scorecard evaluation defect reject conform yield scrap rework']],
            },
            {'name': 'password resets', 'is_counted': true, 'parts': [['reset', 'reset']]},
            {
                'name': 'sales and marketing', 'letters': 'mql sql. arr. mrr. acv. gmv. ctr. cac. ltv. clv.',
                'is_counted': true,
                'parts': [[
                    'deal won. win. wins. sale. sales. sold booking pipeline quota lead. leads. impression likes. like. follower click '
                    ~ 'conver engag revenue upsell retention renew activit demo. demos. opportunit reach. views. subscriber signup',
                ]],
            },
            {
                'name': 'people', 'is_counted': true,
                'parts': [['hire hires. hired headcount attrition turnover tenure offers. accepted moves. promotion vacanc recruit absence absent leaver']],
            },
            {
                'name': 'operations and finance', 'letters': 'oee. dso. dpo. ebit', 'is_counted': true,
                'parts': [['produced downtime uptime availability shipped invoice stops. outage failure success margin profit']],
            },
        ],
    }) }}
{%- endmacro %}
