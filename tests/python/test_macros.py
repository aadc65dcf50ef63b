"""Macros against arithmetic that needs no database: what must hold for every number."""

import math
from decimal import Decimal
from fractions import Fraction
from statistics import NormalDist

import duckdb
import numpy as np
import pytest
from dbt.adapters.duckdb.connections import DuckDBConnectionManager
from dbt.cli.main import dbtRunner
from hypothesis import given, settings
from hypothesis import strategies as st

COUNTS = st.lists(st.tuples(st.integers(0, 10**7), st.integers(0, 10**7)), min_size=1, max_size=50)
Z = 1.959963984540054
QUIETLY = ["--target", "lint", "--log-level", "none"]


@pytest.fixture(scope="module")
def compiled():
    """A function that gives the SQL of a macro call. The project is read once: that takes a quarter of a minute."""
    read = dbtRunner().invoke(["parse", *QUIETLY]).result
    # models that are switched off: a run without data cannot copy them
    read.disabled.clear()

    def compile_inline(text):
        outcome = dbtRunner(manifest=read).invoke(["compile", "--inline", text, "--no-introspect", *QUIETLY])
        DuckDBConnectionManager.close_all_connections()
        assert outcome.success, outcome.exception
        return outcome.result.results[0].node.compiled_code

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


@pytest.fixture(scope="module")
def rate_ratio(compiled):
    return {
        side: compiled(f"{{{{ rate_ratio('a', '10', 'b', '20', '{side}') }}}}") for side in ("value", "low", "high")
    }


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


def wilson(k, n):
    share = k / n
    centre, half = share + Z * Z / (2 * n), Z * math.sqrt((share * (1 - share) + Z * Z / (4 * n)) / n)
    return max(0, (centre - half) / (1 + Z * Z / n)), min(1, (centre + half) / (1 + Z * Z / n))


def test_newcombe_interval_of_two_shares(compiled):
    """56 of 70 against 48 of 80 is the example of Newcombe's paper (1998): 0.2, from 0.0524 to 0.3339."""
    found = {
        side: evaluate(compiled(f"{{{{ newcombe('a', '70', 'b', '80', '{side}') }}}}"), [(56, 48), (0, 0), (70, 0)])
        for side in ("value", "low", "high")
    }
    assert [float(found[side][0]) for side in ("value", "low", "high")] == pytest.approx(
        [0.2, 0.0524, 0.3339], abs=5e-5
    )
    for n, (a, b) in enumerate([(56, 48), (0, 0), (70, 0)]):
        (low_a, high_a), (low_b, high_b) = wilson(a, 70), wilson(b, 80)
        low = a / 70 - b / 80 - math.hypot(a / 70 - low_a, high_b - b / 80)
        high = a / 70 - b / 80 + math.hypot(high_a - a / 70, b / 80 - low_b)
        assert [float(found[side][n]) for side in ("low", "high")] == pytest.approx([low, high], abs=4e-6)
    assert evaluate(compiled("{{ newcombe('a', 'b', 'a', '5', 'low') }}"), [(0, 0)]) == [None]


@settings(deadline=None, max_examples=30)
@given(pairs=COUNTS)
def test_rate_ratio_is_symmetric_on_the_logarithm(rate_ratio, pairs):
    """a events in 10 against b in 20."""
    rows = zip(pairs, *(evaluate(rate_ratio[side], pairs) for side in ("value", "low", "high")), strict=True)
    for (a, b), value, low, high in rows:
        if not a or not b:
            assert (value, low, high) == (None, None, None)
            continue
        reach = Z * math.sqrt(1 / a + 1 / b)
        for found, log in ((value, 0), (low, -reach), (high, reach)):
            # beyond that it is cut
            wanted = min(50_000, math.exp(max(-11, min(11, math.log(2 * a / b) + log))))
            assert float(found) == pytest.approx(wanted, rel=1e-6, abs=2e-6)


def test_rate_ratio_by_hand(rate_ratio):
    """30 in 10 against 40 in 20 is 1.5; ln 1.5 = 0.405465, 1.959964 x sqrt(1/30 + 1/40) = 0.473376."""
    found = [evaluate(rate_ratio[side], [(30, 40)])[0] for side in ("value", "low", "high")]
    assert [str(value) for value in found] == ["1.500000", "0.934343", "2.408108"]


def test_variance_and_quotient_by_hand(compiled):
    """2, 4 and 9: sum 15, of squares 101, so (101 - 75) / 2 = 13. One number does not vary."""
    assert evaluate(compiled("{{ sample_variance('3', 'a', 'b') }}"), [(15, 101)]) == [13.0]
    assert evaluate(compiled("{{ sample_variance('1', 'a', 'b') }}"), [(5, 25)]) == [None]
    assert [str(value) for value in evaluate(compiled("{{ quotient('a', 'b') }}"), [(2, 3), (1, 0)])] == [
        "0.666667", "None",
    ]  # fmt: skip


def test_a_stratum_adds_what_it_counts_more_times_the_variance_of_its_share(compiled):
    """A third of the whole, two thirds of the answers; 3 of 4: (1/3)^2 x 4/6 x 2/6 / 4. Null without answers."""
    variance = compiled("{{ weighting_variance('a', 12, 8, 12, 'b', 4) }}")
    assert [f"{value:.12f}" for value in evaluate(variance, [(4, 3), (8, 3)])] == ["0.006172839506", "0.000000000000"]
    assert evaluate(compiled("{{ weighting_variance('a', 12, 0, 0, 'b', 4) }}"), [(4, 3)]) == [None]


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


def evaluate_rows(expression, rows):
    """The expression for each row of whole numbers; their names are the keys of the rows."""
    with duckdb.connect() as connection:
        connection.execute(f"create table numbers (id integer, {', '.join(f'{name} bigint' for name in rows[0])})")
        connection.executemany(
            f"insert into numbers values (?{', ?' * len(rows[0])})",
            [(n, *row.values()) for n, row in enumerate(rows)],
        )
        return [row[0] for row in connection.execute(f"select {expression} from numbers order by id").fetchall()]


def bills(seed, worlds, customers):
    """Each world's seconds of work that came back, by customer: some come back often, and some issues are long."""
    chance = np.random.default_rng(seed)
    for _ in range(worlds):
        ease = chance.lognormal(0, 0.5, chance.poisson(customers))
        repeats = chance.geometric(0.55, len(ease))
        yield [round(chance.lognormal(6, 0.8, n).sum() * own) for n, own in zip(repeats, ease, strict=True)]


@pytest.mark.parametrize(("customers", "least"), [(60, 0.925), (300, 0.935)])
def test_interval_of_a_bill_holds_the_truth_95_times_of_100(compiled, customers, least):
    rows = [{"total": sum(bill), "squares": sum(seconds**2 for seconds in bill)} for bill in bills(1, 2000, customers)]
    low, high = (compiled(f"{{{{ total_interval('total', 'squares', '{side}') }}}}") for side in ("low", "high"))
    truth = customers * (1 / 0.55) * math.exp(6 + 0.8**2 / 2) * math.exp(0.5**2 / 2)
    held = [a <= truth <= b for a, b in zip(evaluate_rows(low, rows), evaluate_rows(high, rows), strict=True)]
    assert least < sum(held) / len(held) < 0.965


def test_interval_of_a_total_by_hand(compiled):
    """600 and 1,200: 1,800 * exp(-1.96 * sqrt(1,800,000) / 1,800) = 417.66. A total of nothing has none."""
    rows = [{"total": 1800, "squares": 600**2 + 1200**2}, {"total": 0, "squares": 0}]
    low, high = (compiled(f"{{{{ total_interval('total', 'squares', '{side}') }}}}") for side in ("low", "high"))
    assert [str(value) for value in evaluate_rows(low, rows)] == ["417.66", "None"]
    assert [str(value) for value in evaluate_rows(high, rows)] == ["7757.48", "None"]


def test_interval_of_a_ratio_of_customers_sums_holds_the_truth(compiled):
    """Customers with one to five tickets of whom each has two thirds that last: tickets of one customer go together."""
    chance = np.random.default_rng(2)
    rows = []
    for _ in range(2000):
        n = chance.integers(1, 6, 120)
        d = chance.binomial(n, chance.beta(2, 1, 120))
        rows.append({"n": n.sum(), "d": d.sum(), "nn": (n * n).sum(), "nd": (n * d).sum(), "dd": (d * d).sum()})
    rows = [{name: int(value) for name, value in row.items()} for row in rows]
    low, high = (
        compiled(f"{{{{ clustered_ratio('n', 'd', 'nn', 'nd', 'dd', '{side}') }}}}") for side in ("low", "high")
    )
    held = [a <= 1.5 <= b for a, b in zip(evaluate_rows(low, rows), evaluate_rows(high, rows), strict=True)]
    assert 0.935 < sum(held) / len(held) < 0.965


def test_ratio_of_counts_matches_the_formula_and_survives_zeros(compiled):
    rows = [{"a": 10, "b": 4, "c": 1, "d": 10}, {"a": 10, "b": 4, "c": 0, "d": 10}, {"a": None, "b": 1, "c": 1, "d": 1}]
    found = {
        side: evaluate_rows(compiled(f"{{{{ count_ratio(['a', 'b'], ['c', 'd'], {side!r}) }}}}"), rows)
        for side in ("low", "high", "")
    }
    for number, (ups, downs) in enumerate([((10, 4), (1, 10)), ((10.5, 4.5), (0.5, 10.5))]):
        value = math.prod(ups) / math.prod(downs)
        half = Z * math.sqrt(sum(1 / count for count in ups + downs))
        assert float(found[""][number]) == pytest.approx(value, abs=1e-6)
        assert float(found["low"][number]) == pytest.approx(value * math.exp(-half), abs=1e-6)
        assert float(found["high"][number]) == pytest.approx(value * math.exp(half), abs=1e-6)
    assert found[""][2] is None


def test_two_rates_by_their_likelihood(compiled):
    """6 where one was expected against 0 where one was: the root of 2 x 6 x ln 2. As many for what was expected is no
    surprise; the other way round it is as far below. Where nothing can be expected nobody knows."""
    rows = [
        {"a": 6, "b": 1, "c": 0, "d": 1},
        {"a": 0, "b": 1, "c": 6, "d": 1},
        {"a": 2, "b": 10, "c": 3, "d": 15},
        {"a": 0, "b": 1, "c": 0, "d": 1},
        {"a": 2, "b": 0, "c": 3, "d": 15},
    ]
    found = evaluate_rows(compiled("{{ two_rates_z('a', 'b', 'c', 'd') }}"), rows)
    far = Decimal("2.884054")
    assert found == [far, -far, 0, 0, None]


def value_of(compiled, call):
    with duckdb.connect() as connection:
        return connection.execute(f"select {compiled('{{ ' + call + ' }}')}").fetchone()[0]


def test_the_difference_of_two_shares_has_newcombes_interval(compiled):
    """The example of Newcombe's paper of 1998: 56 of 70 against 48 of 80. Without trials there is no interval."""
    low, high = (value_of(compiled, f"newcombe('56', '70', '48', '80', '{side}')") for side in ("low", "high"))
    assert (round(low, 4), round(high, 4)) == (Decimal("0.0524"), Decimal("0.3339"))
    assert value_of(compiled, "newcombe('0', '0', '48', '80', 'low')") is None


def test_a_ratio_of_sums_has_the_interval_of_the_delta_method(compiled):
    """Of the pairs 1 of 2, 2 of 4 and 3 of 4: 6 / 10; residuals -0.2, -0.4 and 0.6, squared 0.56, and by 3 / 2 0.84. So
    0.6 less and plus 1.96 x 0.9165 / 10. Of one pair nobody knows how much pairs vary."""
    low, high = (
        value_of(compiled, f"ratio_of_sums_bound('3', '6', '10', '14', '36', '22', '{side}')")
        for side in ("low", "high")
    )
    assert (low, high) == (Decimal("0.420366"), Decimal("0.779634"))
    assert value_of(compiled, "ratio_of_sums_bound('1', '6', '10', '14', '36', '22', 'low')") is None


def test_funnel_limits_are_standard_errors_around_one(compiled):
    """Variances of 20,000 s2 in all, 1,200 s expected: a standard error of 141.42 / 1,200 = 0.11785."""
    assert value_of(compiled, "funnel_limit_of_variance('20000', '1200', 2, 'low')") == Decimal("0.764298")
    assert value_of(compiled, "funnel_limit_of_variance('20000', '1200', 3, 'high')") == Decimal("1.353553")
    assert value_of(compiled, "funnel_limit_of_variance('20000', '100', 3, 'low')") == 0
    assert value_of(compiled, "funnel_limit_of_variance('20000', '0', 3, 'low')") is None


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


def test_normal_tail_far_out(compiled):
    """Against the complementary error function, from 8 below to 8 above."""
    steps = [(n, 100) for n in range(-800, 801, 7)]
    found = evaluate(compiled("{{ normal_tail('cast(a as decimal(18, 6)) / b') }}"), [*steps, (None, 1)])
    assert found.pop() is None
    for (a, b), tail in zip(steps, found, strict=True):
        assert float(tail) == pytest.approx(math.erfc(a / b / math.sqrt(2)) / 2, rel=2e-7, abs=1e-12)


@settings(deadline=None, max_examples=30)
@given(pairs=st.lists(st.tuples(st.integers(0, 400), st.integers(0, 90)), min_size=1, max_size=50))
def test_two_shares_z_is_the_signed_root_of_the_likelihood_ratio(two_shares, pairs):
    """a of 400 against b of 90."""

    def root(k1, n1, k0, n0):
        def part(k, n):
            return sum(c * math.log(c / n) for c in (k, n - k) if c)

        ratio = 2 * (part(k1, n1) + part(k0, n0) - part(k1 + k0, n1 + n0))
        return math.copysign(math.sqrt(max(0, ratio)), k1 / n1 - k0 / n0)

    for (a, b), z in zip(pairs, evaluate(two_shares, pairs), strict=True):
        assert float(z) == pytest.approx(root(a, 400, b, 90), abs=2e-6)


@pytest.fixture(scope="module")
def two_shares(compiled):
    return compiled("{{ two_shares_z('a', '400', 'b', '90') }}")


def test_two_shares_z_by_hand(compiled):
    """26 of 38 against 24 of 87: 2 (26 ln(26/15.2) + 12 ln(12/22.8) + 24 ln(24/34.8) + 63 ln(63/52.2)) = 18.3687."""
    expression = compiled("{{ two_shares_z('a', '38', 'b', '87') }}")
    assert evaluate(expression, [(26, 24)])[0] == pytest.approx(Decimal("4.285872"), abs=Decimal("0.000002"))
    assert evaluate(compiled("{{ two_shares_z('a', 'b', 'a', '5') }}"), [(0, 0)]) == [None]


def test_poisson_z_has_the_chance_of_that_many_or_more(compiled):
    """Against exact sums: at most 1.2 % more surprised, and hardly less down to one chance in ten thousand."""
    pairs = [(o, e) for e in (1, 5, 20, 100) for o in range(e + 1, e + 12 * max(1, math.isqrt(e)))]
    found = evaluate(compiled("{{ poisson_z('a', 'b') }}"), pairs)
    for (observed, expected), z in zip(pairs, found, strict=True):
        exact = math.fsum(
            math.exp(k * math.log(expected) - expected - math.lgamma(k + 1)) for k in range(observed, observed + 400)
        )
        if exact > 1e-9:
            share = math.erfc(float(z) / math.sqrt(2)) / 2 / exact
            assert 0.988 < share < (1.6 if exact > 1e-4 else 4), (observed, expected)
    assert evaluate(compiled("{{ poisson_z('a', 'b') }}"), [(3, 0)]) == [None]
    assert evaluate(compiled("{{ poisson_z('a', 'b') }}"), [(0, 9)])[0] < -3


def test_the_curve_around_a_limit_is_a_least_squares_fit(compiled):
    """The constants are those of the cubic that numpy fits, the variance is the fit's; a lognormal lies on it."""
    edges = [
        (40, 48),
        (48, 56),
        (56, 64),
        (64, 72),
        (72, 80),
        (140, 150),
        (150, 165),
        (165, 180),
        (180, 200),
        (200, 220),
    ]
    middles = np.log([math.sqrt(low * high) / 100 for low, high in edges])
    powers = np.vander(middles, 4, increasing=True)
    weights = np.linalg.lstsq(powers, np.eye(10), rcond=None)[0]
    counts = [410, 460, 505, 530, 540, 470, 610, 490, 480, 350]
    logs = [math.log(count) for count in counts]

    def found(expression):
        (value,) = evaluate(compiled("{{ " + expression + " }}"), [(0, 0)])
        return float(value)

    texts = [f"cast({float(log)!r} as double)" for log in logs]
    for x in (-0.06, 0.0, 0.3):
        at = np.array([1, x, x * x, x**3])
        assert found(f"limit_curve({texts}, '({x})')") == pytest.approx(at @ weights @ logs, abs=1e-6)
        expected = ((at @ weights) ** 2 / counts).sum()
        assert found(f"limit_curve_variance({[str(count) for count in counts]}, '({x})')") == pytest.approx(
            expected, rel=1e-6
        )
        less = (((at - [1, 0.2, 0.04, 0.008]) @ weights) ** 2 / counts).sum()
        text = f"limit_curve_variance({[str(count) for count in counts]}, '({x})', '0.2')"
        assert found(text) == pytest.approx(less, rel=1e-6)
    # of a lognormal with median 400 s at a limit of 360 s
    lognormal = [-math.log(360 * math.exp(m)) - (m + math.log(360 / 400)) ** 2 / (2 * 0.6**2) for m in middles]
    texts = [f"cast({float(log)!r} as double)" for log in lognormal]
    here = -math.log(345) - math.log(345 / 400) ** 2 / (2 * 0.6**2)
    assert found(f"limit_curve({texts}, 'ln(cast(345 as double) / 360)')") == pytest.approx(here, abs=1e-6)


def test_a_binomial_z_has_the_chance_of_the_exact_tail(compiled):
    """Half a count is taken off, so that 8 of 8 where 2 are expected (1 in 65,536) are no more surprising than that."""
    sql = compiled("{{ binomial_z('a', 'b', 'cast(b as decimal(18, 6)) / 4') }}")
    pairs = [(8, 8), (12, 20), (30, 60), (3, 60), (0, 20), (5, 20)]
    for (k, n), found in zip(pairs, evaluate(sql, pairs), strict=True):
        above, below = (
            sum(math.comb(n, j) * 0.25**j * 0.75 ** (n - j) for j in js) for js in (range(k, n + 1), range(k + 1))
        )
        exact = 0 if 4 * k == n else -NormalDist().inv_cdf(above) if 4 * k > n else NormalDist().inv_cdf(below)
        assert float(found) == pytest.approx(exact, abs=0.25)
    assert evaluate(compiled("{{ binomial_z('a', 'b', 'b') }}"), [(3, 3), (0, 0)]) == [None, None]


def test_two_ratios_of_rates_are_told_apart(compiled):
    """40 of 100 against 20 of 200 is four times; 10 of 100 against 20 of 200 once: ln(40.5 / 10.5) over the root of
    1 / 40.5 + 1 / 20.5 + 1 / 10.5 + 1 / 20.5. Turned around it is the same with the other sign."""
    found = value_of(compiled, "rate_ratios_z('40', '100', '20', '200', '10', '100', '20', '200')")
    assert found == Decimal("2.894610")
    assert value_of(compiled, "rate_ratios_z('10', '100', '20', '200', '40', '100', '20', '200')") == -found
    assert value_of(compiled, "rate_ratios_z('1', '100', '1', '0', '1', '100', '1', '100')") is None


def test_a_count_of_yeses_is_as_wide_as_its_variance(compiled):
    """3 where six cases with a chance of 1 in 4 give 1.5: Byar's 3 x √3 x (1 - 1/27 - ∛0.5), times √(1.5 ÷ 1.125)."""
    byar = round(3 * math.sqrt(3) * (1 - 1 / 27 - 0.5 ** (1 / 3)), 6)
    assert float(value_of(compiled, "counted_of_z('3', '1.5', '1.125')")) == pytest.approx(
        byar * math.sqrt(1.5 / 1.125), abs=1e-6
    )
    # with a variance above the mean: days differ by more than chance
    assert float(value_of(compiled, "counted_of_z('3', '1.5', '6.0')")) == pytest.approx(byar / 2, abs=1e-6)
    assert value_of(compiled, "counted_of_z('0', '0.0', '0.0')") is None
    assert value_of(compiled, "counted_of_z('0', '1.5', '0.0')") is None


def test_of_two_surprises_neither_may_lag_behind(compiled):
    assert float(value_of(compiled, "both_z('3.0', '4.0')")) == 4.0
    assert float(value_of(compiled, "both_z('3.0', '3.5')")) == 4.0
    assert float(value_of(compiled, "both_z('2.0', '2.0')")) == pytest.approx(2.828427)
    assert float(value_of(compiled, "both_z('9.0', '-1.0')")) == 0.0
    assert float(value_of(compiled, "both_z('-2.0', '9.0')")) == -1.0
    assert value_of(compiled, "both_z('cast(null as decimal(9, 4))', '9.0')") is None
