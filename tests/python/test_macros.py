"""Macros against arithmetic that needs no database: what must hold for every number."""

import math
from fractions import Fraction

import duckdb
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from hypothesis import given, settings
from hypothesis import strategies as st

COUNTS = st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=50)
Z = 1.959963984540054


@pytest.fixture(scope="module")
def compiled(demo):
    """A function that gives the SQL of a macro call."""

    def compile_inline(text):
        outcome = dbtRunner().invoke(
            ["compile", "--inline", text, "--target", "lint", "--log-level", "none", "--no-introspect"]
        )
        DuckDBConnectionManager.close_all_connections()
        assert outcome.success, outcome.exception
        return outcome.result.results[0].node.compiled_code

    del demo  # its build wrote the parse cache
    return compile_inline


def evaluate(expression, pairs):
    with duckdb.connect() as connection:
        connection.execute("create table pairs (id integer, a bigint, b bigint)")
        connection.executemany("insert into pairs values (?, ?, ?)", [(n, *pair) for n, pair in enumerate(pairs)])
        return [row[0] for row in connection.execute(f"select {expression} from pairs order by id").fetchall()]


@pytest.fixture(scope="module")
def ratio(compiled):
    return compiled("{{ ratio('a', 'b') }}")


@pytest.fixture(scope="module")
def bounds(compiled):
    return compiled("{{ wilson('a', 'b', 'low') }}"), compiled("{{ wilson('a', 'b', 'high') }}")


@settings(deadline=None, max_examples=30)
@given(pairs=COUNTS)
def test_ratio_is_rounded_half_up_from_whole_numbers(ratio, pairs):
    for (a, b), found in zip(pairs, evaluate(ratio, pairs), strict=True):
        if b == 0:
            assert found is None
        else:
            assert Fraction(found) == Fraction(math.floor(Fraction(a, b) * 10000 + Fraction(1, 2)), 10000)


def test_ratio_of_an_exact_tie_goes_up(ratio):
    """57/800 = 0.07125: floats and decimals make it 0.0712 on one engine and 0.0713 on another."""
    assert [str(value) for value in evaluate(ratio, [(57, 800), (1, 8), (0, 3), (5, 0)])] == [
        "0.0713", "0.1250", "0.0000", "None",
    ]  # fmt: skip


@settings(deadline=None, max_examples=30)
@given(pairs=COUNTS.map(lambda pairs: [(min(pair), max(pair)) for pair in pairs]))
def test_wilson_interval_holds_the_share_and_matches_the_formula(bounds, pairs):
    lows, highs = (evaluate(bound, pairs) for bound in bounds)
    for (k, n), low, high in zip(pairs, lows, highs, strict=True):
        if n == 0:
            assert low is None
            assert high is None
            continue
        share = k / n
        centre = share + Z * Z / (2 * n)
        half = Z * math.sqrt((share * (1 - share) + Z * Z / (4 * n)) / n)
        assert float(low) == pytest.approx(max(0, (centre - half) / (1 + Z * Z / n)), abs=2e-6)
        assert float(high) == pytest.approx(min(1, (centre + half) / (1 + Z * Z / n)), abs=2e-6)
        assert 0 <= low <= high <= 1
        assert float(low) - 1e-6 <= share <= float(high) + 1e-6


def test_bounds_of_a_product_and_of_a_ratio_of_sums(compiled):
    """1 of 2 times 4 of 6, from Wilson bounds; 0 and 2,000 of 600 and 3,000 s by the delta method; of one case none."""
    product = [
        compiled(f"{{{{ product_of_shares('0.5', '{p}', '0.666667', '{q}', '{side}') }}}}")
        for p, q, side in [(0.094531, 0.299993, "low"), (0.905469, 0.903229, "high")]
    ]
    sums = [
        compiled(f"{{{{ share_of_sums('0.555556', '3600', '4000000', '9360000', '6000000', '{n}', '{side}') }}}}")
        for n, side in [(2, "low"), (2, "high"), (1, "low")]
    ]
    found = [evaluate(expression, [(1, 1)])[0] for expression in product + sums]
    assert [str(value) for value in found] == ["0.006712", "0.628392", "0.192600", "0.918512", "None"]


def test_person_keys_depend_on_the_salt_and_the_system_only_on_case_and_blanks_not(compiled):
    def key(identifier, system, salt):
        sql = compiled("{{ person_key('i', 's', 'x') }}")
        with duckdb.connect() as connection:
            query = f"select {sql} from (select ? as i, ? as s, ? as x)"
            return connection.execute(query, [identifier, system, salt]).fetchone()[0]

    keys = [
        key(*arguments)
        for arguments in [
            ("Ann", "desk", "pepper"), (" ann ", "desk", "pepper"), ("Ann", "phone", "pepper"), ("Ann", "desk", "salt"),
            ("Bob", "desk", "pepper"), (None, "desk", "pepper"),
        ]
    ]  # fmt: skip
    assert keys[0] == keys[1]
    assert len(set(keys)) == 5
    assert len(keys[0]) == 32
    assert keys[5] is None


def test_content_keys_tell_null_from_empty_and_parts_from_each_other(compiled):
    sql = compiled("{{ content_key(['a', 'b']) }}")
    with duckdb.connect() as connection:
        keys = [
            connection.execute(f"select {sql} from (select ? as a, ? as b)", pair).fetchone()[0]
            for pair in [(None, "x"), ("", "x"), ("a|b", ""), ("a", "b"), ("1:a", None), ("1", ":a")]
        ]
    assert len(set(keys)) == 6
    assert None not in keys
