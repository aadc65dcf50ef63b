"""What the macros make of a text or a number, on DuckDB against plain Python, and on PostgreSQL against DuckDB."""

import contextlib
import datetime
import re
import string
from decimal import ROUND_HALF_UP, Decimal, localcontext
from fractions import Fraction

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from hypothesis import given, settings
from hypothesis import strategies as st

from conftest import ROOT

DAY_FIRST = ("%d/%m/%Y %H:%M", "%d/%m/%Y %H:%M:%S")
EVERY_TOKEN = ("%d.%m.%y", "%Y%m%d%H%M%S", "%m|%d|%Y at %H h %M, %S.%f", "iso")
EXPRESSIONS = {
    "day first": f"{{{{ parse_timestamp('t', {list(DAY_FIRST)}) }}}}",
    "every token": f"{{{{ parse_timestamp('t', {list(EVERY_TOKEN)}) }}}}",
    "iso": "{{ parse_timestamp('t', ['iso']) }}",
    "month first": "{{ parse_timestamp('t', ['%m/%d/%Y %H:%M', '%d/%m/%Y %H:%M']) }}",
    "integer": "{{ parse_integer('t') }}",
    "decimal": "{{ parse_decimal('t') }}",
    "decimal comma": "{{ parse_decimal('t', ',') }}",
    "boolean": "{{ parse_boolean('t') }}",
    "clock": "{{ parse_clock('t') }}",
    "zone": "t in ({{ known_time_zones() }})",
    "words": "(select count(*) from (select {{ listed_words('t') }} as word) as listed)",
    "lowered": "{{ lowered('t') }}",
    "trimmed": "{{ trimmed('t') }}",
    "person key": """{{ person_key('t', "'desk'", "'pepper'") }}""",
    "content key": "{{ content_key(['t']) }}",
    "issue key": "{{ issue_key('t', 't') }}",
    "ratio": "{{ ratio('a', 'b') }}",
    "wilson low": "{{ wilson('a', 'b', 'low') }}",
    "wilson high": "{{ wilson('a', 'b', 'high') }}",
    "weighting variance": "{{ weighting_variance('a', 'b', 'b - a', '2 * b', 'a', 'b') }}",
    # of a of a + b, and of b of a + 2 b
    **{
        f"newcombe {side}": f"{{{{ newcombe('a', '(a + b)', 'b', '(a + 2 * b)', '{side}') }}}}"
        for side in ("value", "low", "high")
    },
    **{
        f"rate ratio {side}": f"{{{{ rate_ratio('a', 'b', 'b', '(a + b)', '{side}') }}}}"
        for side in ("value", "low", "high")
    },
    "rate ratio by a variance": (
        "{{ rate_ratio('a', 'b', 'b', 'a', 'high', variance=sample_variance('b', 'a', 'a * b'), quantile='2') }}"
    ),
    "quotient": "{{ quotient('a', 'b') }}",
    "count of yeses": "{{ counted_of_z('a', 'b', 'cast(b as decimal(18, 6)) * 0.8') }}",
    "both": "{{ both_z('cast(a as decimal(18, 6)) / 10', 'cast(b - a as decimal(18, 6)) / 10') }}",
    "total low": "{{ total_interval('a', 'b', 'low') }}",
    "total high": "{{ total_interval('a', 'b', 'high') }}",
    "clustered low": "{{ clustered_ratio('a', 'b', 'a * a', 'a', 'b * b', 'low') }}",
    "clustered high": "{{ clustered_ratio('a', 'b', 'a * a', 'a', 'b * b', 'high') }}",
    "count ratio": "{{ count_ratio(['a', 'b'], ['b + 1', 'a + 2']) }}",
    "count ratio low": "{{ count_ratio(['a', 'b'], ['b + 1', 'a + 2'], 'low') }}",
    "count ratio high": "{{ count_ratio(['a', 'b'], ['b + 1', 'a + 2'], 'high') }}",
    "product of shares": """{{ product_of_shares(
        ratio('a', 'b', 6), wilson('a', 'b', 'low'), ratio('a', 'b', 6), wilson('a', 'b', 'low'), 'low'
    ) }}""",
    "binomial z": "{{ binomial_z('a', '(a + b)', 'b') }}",
    "rate ratios z": "{{ rate_ratios_z('a', '(a + b)', 'b', 'b', 'b', 'a', 'a', '(a + b)') }}",
    "share of sums": "{{ share_of_sums(ratio('a', 'b', 6), 'b', 'a * a', 'b * b', 'a * b', '2', 'high') }}",
    # those of detectors: of a of b against b of a + b, and of a where b are expected
    "two shares": "{{ two_shares_z('a', 'b', 'b', 'a + b') }}",
    "poisson": "{{ poisson_z('a', 'b') }}",
    "normal tail": "{{ normal_tail('cast(b - a as decimal(18, 6)) / 10') }}",
    **{
        f"limit curve {what}": (
            f"cast(round(cast({{{{ limit_curve{what}({text}) }}}} as decimal(28, 12)), 6) as decimal(18, 6))"
        )
        for what, text in {
            "": "['ln(a + 0.5)', 'ln(b + 0.5)'] * 5, '-0.1'",
            "_variance": "['(a + 0.5)', '(b + 0.5)'] * 5, '-0.1', '0.2'",
        }.items()
    },
    "two rates": "{{ two_rates_z('a', 'b + 1', 'b', 'a + 2') }}",
    "utc": "{{ utc_from_clock('m', 'Europe/Vienna') }}",
    "repeated hour": "{{ is_repeated_hour('m', 'Europe/Vienna') }}",
    "nonexistent hour": "{{ is_nonexistent_hour('m', 'Europe/Vienna') }}",
    "local": "{{ local_time('m', 'America/New_York') }}",
    "utc in": """{{ utc_from_clock_in('m', "'Australia/Lord_Howe'") }}""",
    "local in": """{{ local_time_in('m', "'Australia/' || 'Lord_Howe'") }}""",
    "weekday": "{{ iso_weekday_of('m') }}",
    "seconds": """{{ seconds_between("timestamp '1999-12-31 23:59:59.5'", 'm') }}""",
}
# whose arguments are not any two counts
OF_SUMS = ("total", "clustered", "count ratio")
ENGINES = {"duckdb": "lint", "postgres": "postgres"}
TEXT_TYPE = {"t": "text", "a": "bigint", "b": "bigint", "m": "timestamp"}


def moment(*parts):
    return datetime.datetime(*parts)


TOUGH = [
    ("day first", "1/3/2016 5:07", moment(2016, 3, 1, 5, 7)),
    ("day first", "01/03/2016   05:07:09", moment(2016, 3, 1, 5, 7, 9)),
    ("day first", " \t29/02/2016 00:00\u00a0\r\n", moment(2016, 2, 29)),
    ("day first", "29/02/2000 00:00", moment(2000, 2, 29)),
    ("day first", "29/02/1900 00:00", None),
    ("day first", "31/02/2016 10:00", None),
    ("day first", "31/04/2016 10:00", None),
    ("day first", "01/13/2016 10:00", None),
    ("day first", "00/01/2016 10:00", None),
    ("day first", "01/01/0000 10:00", None),
    ("day first", "01/01/0001 10:00", moment(1, 1, 1, 10)),
    ("day first", "01/01/16 10:00", None),
    ("day first", "01/01/02016 10:00", None),
    ("day first", "01/01/2016 24:00", None),
    ("day first", "01/01/2016 23:60", None),
    ("day first", "01/01/2016 23:59:60", None),
    ("day first", "01/01/2016 23:59:59x", None),
    ("day first", "01/01/2016", None),
    ("day first", "\u0661/3/2016 10:00", None),
    ("day first", "01/01/2016 10:00\n01/01/2016 10:00", None),
    ("day first", "infinity", None),
    ("day first", "epoch", None),
    ("day first", "", None),
    ("day first", "  ", None),
    ("day first", "?", None),
    ("day first", None, None),
    ("month first", "13/12/2016 10:00", moment(2016, 12, 13, 10)),
    ("month first", "11/12/2016 10:00", moment(2016, 11, 12, 10)),
    ("month first", "02/30/2016 10:00", None),
    ("every token", "1.3.69", moment(1969, 3, 1)),
    ("every token", "01.03.68", moment(2068, 3, 1)),
    ("every token", "1.3.00", moment(2000, 3, 1)),
    ("every token", "1.3.7", None),
    ("every token", "20160301050709", moment(2016, 3, 1, 5, 7, 9)),
    ("every token", "2016030105079", moment(2016, 3, 1, 5, 7, 9)),
    ("every token", "201631", None),
    ("every token", "3|1|2016 at 5 h 7, 9.1234567", moment(2016, 3, 1, 5, 7, 9, 123456)),
    ("every token", "3|1|2016 at 5 h 7, 9.05", moment(2016, 3, 1, 5, 7, 9, 50000)),
    ("every token", "3|1|2016 AT 5 h 7, 9.05", None),
    ("every token", "2016-03-01", moment(2016, 3, 1)),
    ("iso", "2016-03-01", moment(2016, 3, 1)),
    ("iso", "2016-03-01 10:00", moment(2016, 3, 1, 10)),
    ("iso", "2016-03-01T10:00:09", moment(2016, 3, 1, 10, 0, 9)),
    ("iso", "2016-03-01T10:00:09.9999999", moment(2016, 3, 1, 10, 0, 9, 999999)),
    ("iso", "2016-03-01T10:00:09.123456789Z", moment(2016, 3, 1, 10, 0, 9, 123456)),
    ("iso", "2016-03-01T10:00:09.1234567890Z", None),
    ("iso", "2016-03-01T10:00+02", moment(2016, 3, 1, 8)),
    ("iso", "2016-03-01T01:00:00+0230", moment(2016, 2, 29, 22, 30)),
    ("iso", "2016-03-01 10:00:00.5-02:00", moment(2016, 3, 1, 12, 0, 0, 500000)),
    ("iso", "2016-12-31T23:30:00-00:45", moment(2017, 1, 1, 0, 15)),
    ("iso", "2016-03-01T10:00:00+24:00", None),
    ("iso", "2016-03-01T10:00:00+02:60", None),
    ("iso", "2016-03-01T10:00:00 +02:00", None),
    ("iso", "2016-03-01+02:00", None),
    ("iso", "2016-03-01T10", None),
    ("iso", "2016-3-1", None),
    ("iso", "2016-02-30", None),
    ("iso", "2016-13-01", None),
    ("iso", "2016-01-01T24:00:00", None),
    ("iso", "2016-03-01t10:00:00z", None),
    ("iso", "2016-03-01T10:00:00.", None),
    ("integer", "+5", 5),
    ("integer", " -0005 ", -5),
    ("integer", "9223372036854775807", 2**63 - 1),
    ("integer", "-9223372036854775808", -(2**63)),
    ("integer", "9223372036854775808", None),
    ("integer", "0000000000000000000000000000012", 12),
    ("integer", "99999999999999999999999", None),
    *[("integer", text, None) for text in ("3.0", "1e3", "1_000", "0x10", "--1", "+", "- 1", "\u0661", "", None)],
    ("decimal", "1.50", Decimal("1.5")),
    ("decimal", "+.5", Decimal("0.5")),
    ("decimal", "-5.", Decimal(-5)),
    ("decimal", "0.00000000005", Decimal("0.0000000001")),
    ("decimal", "-0.00000000005", Decimal("-0.0000000001")),
    ("decimal", "0.000000000049999", Decimal(0)),
    ("decimal", "9" * 28 + ".9999999999", Decimal("9" * 28 + ".9999999999")),
    ("decimal", "9" * 28 + ".99999999995", None),
    ("decimal", "-" + "9" * 29, None),
    ("decimal", "0" * 50 + "1.5", Decimal("1.5")),
    *[("decimal", text, None) for text in ("1e3", "NaN", "inf", ".", "", "1,5", "1.5.0", "1 000", "$5", None)],
    ("decimal comma", "1.234,56", Decimal("1234.56")),
    ("decimal comma", "-1\u202f234\u00a0567,5", Decimal("-1234567.5")),
    ("decimal comma", "12", Decimal(12)),
    ("decimal comma", "1,2,3", None),
    *[("boolean", text, True) for text in ("true", " TRUE", "t", "Yes", "y\t", "1")],
    *[("boolean", text, False) for text in ("false", "F", "no", "N", "0")],
    *[("boolean", text, None) for text in ("on", "ja", "", "2", "-1", None)],
    *[("clock", text, 28800) for text in ("8:00", " 08:00", "08:00:00", "8:00:00 ")],
    ("clock", "00:00", 0),
    ("clock", "23:59:59", 86399),
    *[("clock", text, 86400) for text in ("24:00", "24:00:00")],
    *[("clock", text, None) for text in ("24:01", "24:00:01", "25:00", "8:60", "8:0", "8", "8h00", "-8:00", "+8:00")],
    *[("clock", text, None) for text in ("8:00 pm", "08:00:00.5", "08:00:", "008:00", "\u0668:00", "", None)],
    *[("zone", text, True) for text in ("Europe/Vienna", "America/Argentina/Salta", "UTC", "Etc/GMT+5", "EST5EDT")],
    *[("zone", text, False) for text in ("Europe/Wien", "europe/vienna", "PST", "BST", "+01:00", "SystemV/EST5", "")],
    *[("zone", text, False) for text in ("posix/Europe/Vienna", "posixrules", "localtime", "CEST")],
    ("zone", None, None),
    ("words", "a, b;c", 3),
    ("words", "a", 1),
    ("words", None, 0),
    ("lowered", "ÄÉŁΑΣ İI ẞ", "äéłασ ii ß"),
    ("trimmed", "\u00a0 a\tb \r\n", "a\tb"),
    ("trimmed", "\u2003a", "\u2003a"),
    ("words", "1967,,19", 3),
    ("words", "", 0),
]


@pytest.fixture(scope="session")
def compiled(tmp_path_factory):
    """A function that gives the SQL of each expression for an engine."""
    known = {}

    def compile_all(engine):
        if engine not in known:
            with contextlib.chdir(ROOT):
                outcome = dbtRunner().invoke([
                    "compile", "--inline", "\n;;;\n".join(EXPRESSIONS.values()), "--target", ENGINES[engine],
                    "--log-level", "none", "--no-introspect", "--target-path", str(tmp_path_factory.mktemp(engine)),
                ])  # fmt: skip
            DuckDBConnectionManager.close_all_connections()
            assert outcome.success, outcome.exception
            code = outcome.result.results[0].node.compiled_code.split(";;;")
            known[engine] = dict(zip(EXPRESSIONS, code, strict=True))
        return known[engine]

    return compile_all


@pytest.fixture(scope="session")
def on_duckdb(compiled):
    """A function that gives an expression's value for each of several inputs: {column: values}."""
    with duckdb.connect() as connection:
        connection.execute("set TimeZone = 'America/New_York'")

        def evaluate(expression, **columns):
            lists = ", ".join(
                f"unnest(cast(${name} as {TEXT_TYPE[name]}[])) as {name}, "
                f"generate_subscripts(cast(${name} as {TEXT_TYPE[name]}[]), 1) as n"
                for name in list(columns)[:1]
            ) + "".join(f", unnest(cast(${name} as {TEXT_TYPE[name]}[])) as {name}" for name in list(columns)[1:])
            query = f"select {compiled('duckdb')[expression]} from (select {lists}) order by n"
            return [row[0] for row in connection.execute(query, columns).fetchall()]

        yield evaluate


@pytest.fixture(scope="session")
def on_postgres(compiled, postgres):
    """The same on PostgreSQL."""
    from psycopg2.extensions import adapt

    postgres.create_database("macros")
    with pytest.MonkeyPatch.context() as patch:
        for name, value in postgres.environment("macros").items():
            patch.setenv(name, value)
        compiled("postgres")
    with contextlib.closing(postgres.connect("macros")) as connection:
        connection.autocommit = True
        connection.set_client_encoding("UTF8")

        def literal(name, values):
            adapted = adapt(list(values))
            adapted.prepare(connection)
            return f"cast({adapted.getquoted().decode()} as {TEXT_TYPE[name]}[])"

        def evaluate(expression, **columns):
            lists = ", ".join(literal(name, values) for name, values in columns.items())
            cursor = connection.cursor()
            cursor.execute(
                f"select {compiled('postgres')[expression]} from unnest({lists}) "
                f"with ordinality as listed ({', '.join(columns)}, n) order by n"
            )
            return [row[0] for row in cursor.fetchall()]

        yield evaluate


def shaped(*parts):
    return st.from_regex(re.compile("".join(parts), re.ASCII), fullmatch=True)


# Dates, numbers and words with something wrong here and there.
TEXTS = st.lists(
    st.one_of(
        st.none(),
        st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"), max_size=12),
        st.text("0123456789 .,:+-/TZe\t", max_size=24),
        shaped(r"[0-3]?[0-9]/[01]?[0-9]/20[0-9]{2} {1,2}[0-2]?[0-9]:[0-6]?[0-9](:[0-6]?[0-9])?"),
        shaped(
            r"(19|20)[0-9]{2}-[01][0-9]-[0-3][0-9]([T ][0-2][0-9]:[0-6][0-9](:[0-6][0-9](\.[0-9]{1,10})?)?",
            r"(Z|[+-][0-2][0-9](:?[0-6][0-9])?)?)?",
        ),
        shaped(r"(19|20)[0-9]{2}[01][0-9][0-3][0-9][0-2]?[0-9][0-6]?[0-9][0-6]?[0-9]"),
        shaped(r"[0-3]?[0-9]\.[01]?[0-9]\.[0-9]{2}"),
        shaped(r" ?[+-]?[0-9]{0,30}([.,][0-9]{0,40})?"),
        st.sampled_from([text for _, text, _ in TOUGH]),
    ),
    min_size=1,
    max_size=60,
)


def iso_in_python(text):
    """The reading that `iso` promises, by another way."""
    text = (text or "").strip(" \t\n\r\u00a0")
    if not re.fullmatch(r"\d{4}-\d\d-\d\d([T ]\d\d:\d\d(:\d\d(\.\d{1,9})?)?(Z|[+-]\d\d(:?\d\d)?)?)?", text, re.ASCII):
        return None
    if re.search(r"[+-]\d\d:?[6-9]\d$", text[16:]):
        return None
    try:
        found = datetime.datetime.fromisoformat(text)
    except ValueError:
        return None
    return found if found.tzinfo is None else found.astimezone(datetime.UTC).replace(tzinfo=None)


def day_first_in_python(text):
    text = re.sub(" +", " ", (text or "").strip(" \t\n\r\u00a0"))
    for form in DAY_FIRST:
        if re.fullmatch(r"\d{1,2}/\d{1,2}/\d{4} \d{1,2}:\d{1,2}(:[0-5]?\d)?", text, re.ASCII):
            with contextlib.suppress(ValueError):
                return datetime.datetime.strptime(text, form)
    return None


def decimal_in_python(text):
    text = (text or "").strip(" \t\n\r\u00a0")
    if not re.fullmatch(r"[+-]?(\d+\.?\d*|\.\d+)", text, re.ASCII):
        return None
    with localcontext(prec=200):
        value = Decimal(text).quantize(Decimal("1e-10"), ROUND_HALF_UP)
    # abs() would round to the context's 28 digits
    return value if value.copy_abs() < 10**28 else None


def test_tough_texts_on_duckdb(on_duckdb):
    for name in dict.fromkeys(name for name, _, _ in TOUGH):
        cases = [(text, expected) for case, text, expected in TOUGH if case == name]
        found = on_duckdb(name, t=[text for text, _ in cases])
        assert list(zip([text for text, _ in cases], found, strict=True)) == cases, name


@settings(deadline=None, max_examples=150)
@given(texts=TEXTS)
def test_any_text_on_duckdb(on_duckdb, texts):
    assert on_duckdb("iso", t=texts) == [iso_in_python(text) for text in texts]
    assert on_duckdb("day first", t=texts) == [day_first_in_python(text) for text in texts]
    assert on_duckdb("decimal", t=texts) == [decimal_in_python(text) for text in texts]


@pytest.mark.engine
@pytest.mark.xdist_group("macros")
def test_tough_texts_on_postgres(on_duckdb, on_postgres):
    for name in (name for name, expression in EXPRESSIONS.items() if "'t'" in expression):
        texts = [text for _, text, _ in TOUGH]
        assert on_postgres(name, t=texts) == on_duckdb(name, t=texts), name


@pytest.mark.engine
@pytest.mark.xdist_group("macros")
@settings(deadline=None, max_examples=300)
@given(texts=TEXTS)
def test_any_text_on_postgres(on_duckdb, on_postgres, texts):
    for name in (name for name, expression in EXPRESSIONS.items() if "'t'" in expression):
        assert on_postgres(name, t=texts) == on_duckdb(name, t=texts), name


@pytest.mark.engine
@pytest.mark.xdist_group("macros")
def test_every_letter_is_lowered_alike(on_duckdb, on_postgres):
    letters = [chr(code) for code in range(1, 0x110000) if not 0xD800 <= code < 0xE000]
    letters += ["ΑΣ", "ΑΣ ΣΑ", string.ascii_uppercase]
    assert on_postgres("lowered", t=letters) == on_duckdb("lowered", t=letters)


@pytest.mark.engine
@pytest.mark.xdist_group("macros")
def test_rates_and_bounds_agree_at_every_tie(on_duckdb, on_postgres):
    pairs = [(k, n) for n in range(201) for k in range(n + 1)] + [(57, 800), (1, 20000), (10**7, 10**7), (3, 10**9)]
    columns = {"a": [k for k, _ in pairs], "b": [n for _, n in pairs]}
    of_counts = [name for name, text in EXPRESSIONS.items() if "'a'" in text and not name.startswith(OF_SUMS)]
    assert len(of_counts) > 10
    for name in of_counts:
        here, there = on_duckdb(name, **columns), on_postgres(name, **columns)
        assert list(zip(pairs, there, strict=True)) == list(zip(pairs, here, strict=True)), name
    ratios = dict(zip(pairs, on_postgres("ratio", **columns), strict=True))
    assert str(ratios[57, 800]) == "0.0713"
    ties = [(k, n) for k, n in pairs if n and Fraction(k, n) * 20000 % 2 == 1]
    assert len(ties) > 100
    assert all(ratios[k, n] * 10000 == Fraction(k, n) * 10000 + Fraction(1, 2) for k, n in ties)


@pytest.mark.engine
@pytest.mark.xdist_group("macros")
def test_bounds_of_totals_and_ratios_agree(on_duckdb, on_postgres):
    pairs = [(a, b) for a in (0, 1, 7, 600, 12345) for b in (0, 1, 3, 999, 10**7)]
    columns = {"a": [a for a, _ in pairs], "b": [b for _, b in pairs]}
    for name in (name for name in EXPRESSIONS if name.startswith(OF_SUMS)):
        here, there = on_duckdb(name, **columns), on_postgres(name, **columns)
        assert list(zip(pairs, there, strict=True)) == list(zip(pairs, here, strict=True)), name


@pytest.mark.engine
def test_every_hour_of_two_years_is_the_same_time(on_duckdb, on_postgres):
    start = datetime.datetime(2024, 1, 1, 0, 59, 59, 999999)
    moments = [start + datetime.timedelta(minutes=30 * step) for step in range(2 * 366 * 48)]
    moments += [datetime.datetime(1969, 12, 31, 23, 59, 59, 1), datetime.datetime(1995, 3, 26, 2, 30)]
    for name in (name for name, expression in EXPRESSIONS.items() if "'m'" in expression):
        assert on_postgres(name, m=moments) == on_duckdb(name, m=moments), name
