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


def poisson_limit(count, share):
    """Mean at which as many as `count` or more (few: or fewer) have the probability `share`: exact, by bisection."""

    def at_most(k, mean):
        return sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(k + 1))

    low, high = 1e-9, 4 * count + 40
    for _ in range(200):
        middle = (low + high) / 2
        if at_most(count, middle) > share:
            low = middle
        else:
            high = middle
    return low


def test_byar_is_near_the_exact_poisson_limits(compiled):
    low, high = (compiled("{{ byar('a', 'b', '" + side + "') }}") for side in ("low", "high"))
    pairs = [(count, 10) for count in (1, 2, 5, 10, 30, 200)]
    for (count, _), found in zip(pairs, evaluate(low, pairs), strict=True):
        assert 10 * float(found) == pytest.approx(poisson_limit(count - 1, 0.975), abs=0.06)
    for (count, _), found in zip(pairs, evaluate(high, pairs), strict=True):
        assert 10 * float(found) == pytest.approx(poisson_limit(count, 0.025), abs=0.06)
    assert [str(value) for value in evaluate(low, [(0, 10), (3, 0)])] == ["0.000000", "None"]
    # none seen where 10 were expected: at most 3.69
    assert float(evaluate(high, [(0, 10)])[0]) == pytest.approx(0.369, abs=0.01)


def test_funnel_limits_leave_out_what_chance_hardly_does(compiled):
    """Above the upper limit of 3 standard deviations lies less than 1 in 200, at every size; in large ones 1 in 740."""
    low, high = (compiled("{{ funnel_limit('a', 3, '" + side + "') }}") for side in ("low", "high"))
    expected = [(mean, 0) for mean in (1, 2, 5, 10, 50, 400)]

    def at_most(k, mean):
        return sum(math.exp(-mean + n * math.log(mean) - math.lgamma(n + 1)) for n in range(k + 1))

    for (mean, _), limit in zip(expected, evaluate(high, expected), strict=True):
        assert 0.0002 < 1 - at_most(math.floor(mean * float(limit)), mean) < 0.005
    for (mean, _), limit in zip(expected, evaluate(low, expected), strict=True):
        below = math.ceil(mean * float(limit)) - 1
        assert below < 0 or at_most(below, mean) < 0.005
    # none at all is remarkable from about 7 expected on, not before
    assert [float(value) > 0 for value in evaluate(low, [(1, 0), (5, 0), (7, 0)])] == [False, False, True]


def test_a_rate_ratio_has_the_odds_of_wilsons_bounds(compiled, bounds):
    pairs = [(1, 6), (5, 20), (0, 4), (12, 3), (40, 40)]
    for side, bound in zip(("low", "high"), bounds, strict=True):
        found = evaluate(compiled("{{ rate_ratio_bound('a', 'b', '" + side + "') }}"), pairs)
        shares = evaluate(bound, [(after, after + before) for after, before in pairs])
        for ratio_found, share in zip(found, shares, strict=True):
            assert float(ratio_found) == pytest.approx(float(share) / (1 - float(share)), rel=1e-4, abs=2e-6)
    assert evaluate(compiled("{{ rate_ratio_bound('a', 'b', 'low') }}"), [(3, 0)]) == [None]


def test_a_design_effect_is_the_variance_between_clusters_over_that_of_strangers(compiled):
    """Seven who came back twice, 36 who had one claim each that held: 1.76; all single and many: 1."""

    def effect(clusters):
        n, k = (sum(column) for column in zip(*clusters, strict=True))
        p = k / n
        spread = sum((back - p * size) ** 2 for size, back in clusters) * len(clusters) / (len(clusters) - 1)
        return spread / (n * p * (1 - p))

    for clusters in ([(2, 2)] * 7 + [(1, 0)] * 36, [(1, 1)] * 100 + [(1, 0)] * 300, [(3, 1), (1, 1), (5, 0)]):
        size = sum(n for n, _ in clusters)
        back = sum(k for _, k in clusters)
        sums = [sum(n * n for n, _ in clusters), sum(n * k for n, k in clusters), sum(k * k for _, k in clusters)]
        arguments = ", ".join(f"'{number}'" for number in (len(clusters), size, back, *sums))
        (found,) = evaluate(compiled("{{ design_effect(" + arguments + ") }}"), [(0, 0)])
        assert float(found) == pytest.approx(effect(clusters), abs=1e-6)
