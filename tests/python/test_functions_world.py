"""The business functions of a simulated world: what is planted is there, and nothing but that tells of it.

Sampling errors are binomial; 4 standard errors are allowed, so that none of the shares here fails by chance.
"""

import datetime
import functools
import math
import statistics

import duckdb
import numpy as np
import pytest

from counterweight.worlds.chance import Chance
from counterweight.worlds.functions import (
    ALL_MEASURES,
    CLAIM_TYPES,
    DAY,
    DENOMINATORS,
    MEASURES,
    OUTCOMES,
    PAIRS,
    SPREAD,
    UNITS,
    business_tables,
)
from counterweight.worlds.tables import NONE, writer


def seconds(*date):
    return int(datetime.datetime(*date, tzinfo=datetime.UTC).timestamp())


BEGIN, END, SINCE = seconds(2022, 1, 1), seconds(2024, 3, 13), seconds(2021, 1, 1)
INTENSITY = 0.8
CLAIM_PAIRS = {kind.pair: number for number, kind in enumerate(CLAIM_TYPES)}
MEASURED_PAIRS = [pair for pair in PAIRS if pair not in CLAIM_PAIRS]
NAMES = [measure.name for measure in ALL_MEASURES]
LESS_IS_BETTER = {
    "days_to_hire", "days_to_invoice", "deals_slipped", "leads_invalid", "leavers", "absence", "downtime",
    "idle_as_planned", "stops", "defects_found", "defects_escaped",
}  # fmt: skip
BETTER = {name: -1 if name in LESS_IS_BETTER else 1 for name in NAMES}


@functools.cache
def world(intensity=0.0, seed=5, begin=BEGIN, end=END, scale=300, only=None):
    """name -> table."""
    raw, truth = business_tables(Chance(seed), begin, end, scale, dict.fromkeys(only or PAIRS, intensity))
    return {table.name: table for table in raw + truth}


def columns(table, mask=slice(None)):
    return {name: table[name][mask] for name in table.columns}


def same(first, second):
    return all(np.array_equal(first[name], second[name]) for name in first)


def texts(table, column):
    return np.array(table.columns[column].values)[table[column]]


def claims_of(tables, number):
    """Claims of a type with their truth."""
    mask = tables["business_claims"]["claim_type"] == number
    return columns(tables["truth_business_claims"], mask) | columns(tables["business_claims"], mask)


def blindfolded(tables, pair):
    """Codes of the units that wear the pair's blindfold."""
    truth = tables["truth_blindfolds"]
    return truth["unit"][(texts(truth, "pair_id") == pair) & (truth["intensity"] > 0)]


def series(tables, name):
    measures = tables["business_measures"]
    return columns(measures, measures["measure"] == NAMES.index(name))


def ratio(rows, mask):
    return rows["numerator"][mask].sum() / rows["denominator"][mask].sum()


def allowed(share, count):
    return 4 * math.sqrt(share * (1 - share) / count)


def test_same_seed_same_world():
    again = world.__wrapped__(INTENSITY)
    for name, table in world(INTENSITY).items():
        assert same(columns(table), columns(again[name]))
    assert not same(columns(world()["business_claims"]), columns(world(seed=6)["business_claims"]))


def test_truth_and_raw_rows_name_the_same_claims():
    tables = world(INTENSITY)
    claims, truth, outcomes = (
        tables[name] for name in ("business_claims", "truth_business_claims", "business_outcomes")
    )
    for table in (claims, truth):
        assert len(np.unique(table["claim_id"])) == len(table) > 50_000
    claimed = dict(zip(claims["claim_id"].tolist(), claims["claim_type"].tolist(), strict=True))
    assert claimed == dict(zip(truth["claim_id"].tolist(), truth["claim_type"].tolist(), strict=True))
    for claim_id, claim_type in zip(outcomes["claim_id"].tolist(), outcomes["claim_type"].tolist(), strict=True):
        assert claimed[claim_id] == claim_type
    # the falsifiers among the outcomes are those of the truth, as far as the world has come
    falsifiers = [outcome.name for kind in CLAIM_TYPES for outcome in kind.outcomes if outcome.falsifies]
    is_falsifier = np.isin(texts(outcomes, "outcome"), falsifiers)
    seen = (truth["falsified_at"] != NONE) & (truth["falsified_at"] < END)
    assert dict(
        zip(outcomes["claim_id"][is_falsifier].tolist(), outcomes["outcome_at"][is_falsifier].tolist(), strict=True)
    ) == dict(zip(truth["claim_id"][seen].tolist(), truth["falsified_at"][seen].tolist(), strict=True))
    assert (truth["falsified_at"] >= END).sum() > 100
    measures = tables["business_measures"]
    measured = set(zip(texts(measures, "business_function"), texts(measures, "unit"), strict=True))
    blindfolds = tables["truth_blindfolds"]
    pairs_and_units = list(zip(texts(blindfolds, "pair_id"), texts(blindfolds, "unit"), strict=True))
    assert {(PAIRS[pair][0], unit) for pair, unit in pairs_and_units} == measured
    assert sorted(pairs_and_units) == sorted((pair, unit) for pair in PAIRS for unit in UNITS[PAIRS[pair][0]])


@pytest.mark.parametrize("pair", CLAIM_PAIRS)
def test_truth_is_about_the_longest_window(pair):
    kind, claims = CLAIM_TYPES[CLAIM_PAIRS[pair]], claims_of(world(INTENSITY), CLAIM_PAIRS[pair])
    is_falsified = claims["falsified_at"] != NONE
    after = claims["falsified_at"].astype(np.int64) - claims["claimed_at"]
    assert (after[is_falsified] > 0).all()
    fell = is_falsified & (after <= kind.windows[-1] * DAY)
    assert np.array_equal(claims["is_real"] == 1, ~fell)
    assert not claims["is_real"][claims["planted"] == 1].any()


@pytest.mark.parametrize("pair", CLAIM_PAIRS)
def test_outcomes_come_in_their_shares_within_each_window(pair):
    """Of an honest world's mature claims; lognormal delays: share * Phi(log(window / median) / sigma)."""
    number, tables = CLAIM_PAIRS[pair], world()
    kind, claims, outcomes = CLAIM_TYPES[number], claims_of(tables, number), tables["business_outcomes"]
    claimed_at = dict(zip(claims["claim_id"].tolist(), claims["claimed_at"].tolist(), strict=True))
    assert not claims["planted"].any()
    for window in kind.windows:
        mature = (claims["claimed_at"] + window * DAY <= END).sum()
        for outcome in (outcome for outcome in kind.outcomes if outcome.falsifies):
            rows = (outcomes["claim_type"] == number) & (outcomes["outcome"] == OUTCOMES.index(outcome.name))
            at = outcomes["outcome_at"][rows]
            of = np.array([claimed_at[claim_id] for claim_id in outcomes["claim_id"][rows].tolist()])
            found = ((at - of <= window * DAY) & (of + window * DAY <= END)).sum()
            share = outcome.share * statistics.NormalDist().cdf(math.log(window / outcome.days) / SPREAD)
            assert mature > 2000
            assert abs(found / mature - share) < allowed(share, mature)


@pytest.mark.parametrize("pair", CLAIM_PAIRS)
def test_planted_shares_are_recovered(pair):
    number = CLAIM_PAIRS[pair]
    kind, honest, blind = CLAIM_TYPES[number], claims_of(world(), number), claims_of(world(INTENSITY), number)
    exposed = (blind["claimed_at"] >= SINCE) & np.isin(blind["unit"], blindfolded(world(INTENSITY), pair))
    is_added = ~np.isin(blind["claim_id"], honest["claim_id"])
    assert not blind["planted"][~exposed].any()
    assert blind["planted"][is_added].all()
    if kind.adds:
        expected = kind.adds * INTENSITY / (1 + kind.adds * INTENSITY)
        cohort = exposed
    else:
        assert not is_added.any()
        assert np.array_equal(honest["claim_id"], blind["claim_id"])
        expected, cohort = kind.spoils * INTENSITY, exposed & (honest["is_real"] == 1)
        assert not blind["planted"][honest["is_real"] == 0].any()
    assert abs(blind["planted"][cohort].mean() - expected) < allowed(expected, cohort.sum())


@pytest.mark.parametrize("pair", CLAIM_PAIRS)
def test_a_blindfold_over_claims_betters_the_headline_alone(pair):
    number = CLAIM_PAIRS[pair]
    kind, wearers = CLAIM_TYPES[number], blindfolded(world(INTENSITY), pair)
    honest, blind = claims_of(world(), number), claims_of(world(INTENSITY), number)
    name = kind.headline.name
    reported, before = series(world(INTENSITY), name), series(world(), name)
    exposed = np.isin(reported["unit"], wearers) & (reported["period_start"] * DAY >= SINCE)
    assert 0 < len(wearers) < len(UNITS[PAIRS[pair][0]])
    change = ratio(reported, exposed) / ratio(before, exposed)
    size = kind.adds * INTENSITY or -kind.faster * INTENSITY
    assert change == pytest.approx(1 + size, abs=abs(size) / 4)
    assert (change > 1) == (BETTER[name] > 0)
    # reality: no more claims hold than without it, and of those that are made a smaller share
    real, was_real = ((claims["is_real"] == 1) & np.isin(claims["unit"], wearers) for claims in (blind, honest))
    assert real.sum() <= was_real.sum()
    worn, would_be_worn = (np.isin(claims["unit"], wearers) for claims in (blind, honest))
    share, was = real[worn].mean(), was_real[would_be_worn].mean()
    assert was - share > allowed(was, worn.sum())
    # others, and the year before: as in the honest world
    assert same({c: v[~exposed] for c, v in reported.items()}, {c: v[~exposed] for c, v in before.items()})
    masks = [(claims["claimed_at"] < SINCE) | ~np.isin(claims["unit"], wearers) for claims in (blind, honest)]
    assert same({c: v[masks[0]] for c, v in blind.items()}, {c: v[masks[1]] for c, v in honest.items()})


@pytest.mark.parametrize("pair", [pair for pair in MEASURED_PAIRS if pair != "P42"])
def test_a_blindfold_over_series_betters_the_headline_alone(pair):
    """Each ratio changes by the lift of its numerator over that of its denominator; realities stay or get worse."""
    lifts = {measure.numerator: measure.lift for measure in MEASURES if measure.pair == pair}
    for measure in (measure for measure in MEASURES if measure.pair == pair):
        blind, honest = series(world(INTENSITY), measure.name), series(world(), measure.name)
        exposed = np.isin(blind["unit"], blindfolded(world(INTENSITY), pair)) & (blind["period_start"] * DAY >= SINCE)
        assert 0 < exposed.sum() < len(exposed)
        change = ratio(blind, exposed) / ratio(honest, exposed)
        expected = (1 + measure.lift * INTENSITY) / (1 + lifts.get(measure.denominator, 0) * INTENSITY)
        assert change == pytest.approx(expected, rel=0.02)
        better = (change - 1) * BETTER[measure.name]
        assert better > 0.02 if measure.side == "headline" else better <= 0
        assert same({c: v[~exposed] for c, v in blind.items()}, {c: v[~exposed] for c, v in honest.items()})


@pytest.mark.parametrize("names", [("defects_found", "defects_escaped"), ("downtime", "idle_as_planned")])
def test_a_blindfold_moves_defects_and_downtime_and_removes_none(names):
    sums = []
    for tables in (world(), world(INTENSITY)):
        parts = [series(tables, name) for name in names]
        last = min(part["period_start"].max() for part in parts)
        sums.append(sum(part["numerator"][part["period_start"] <= last].sum() for part in parts))
    assert sums[1] == pytest.approx(sums[0], rel=0.01)


def test_a_blindfold_spends_what_is_left_in_the_last_week():
    wearers = blindfolded(world(INTENSITY), "P42")
    for tables, worn in ((world(), False), (world(INTENSITY), True)):
        months, weeks = series(tables, "budget_spent"), series(tables, "spend_on_plan")
        for unit in np.unique(months["unit"]):
            is_worn = worn and unit in wearers
            variance = ratio(
                months,
                (months["unit"] == unit)
                & (months["period_start"] * DAY >= seconds(2023, 1, 1))
                & (months["period_start"] * DAY < seconds(2024, 1, 1)),
            )
            # 31 December 2023 is a Sunday
            last = (weeks["unit"] == unit) & (weeks["period_start"] * DAY == seconds(2023, 12, 25))
            rush = weeks["denominator"][last] / weeks["denominator"][weeks["unit"] == unit].mean()
            assert rush > 3 if is_worn else rush < 2
            assert ratio(weeks, last) < 0.6 if is_worn else ratio(weeks, last) > 0.85
            if is_worn:
                was = series(world(), "budget_spent")
                honest = ratio(was, (was["unit"] == unit) & (was["period_start"] * DAY >= seconds(2023, 1, 1)))
                assert abs(1 - variance) < abs(1 - honest) / 2
    blind, honest = (series(world(intensity), "budget_spent") for intensity in (INTENSITY, 0))
    others = ~np.isin(blind["unit"], wearers)
    assert same({c: v[others] for c, v in blind.items()}, {c: v[others] for c, v in honest.items()})


def test_a_blindfold_over_one_pair_leaves_the_others_alone():
    tables, honest = world(INTENSITY, only=("P28", "P40")), world()
    for number in range(len(CLAIM_TYPES)):
        assert same(claims_of(tables, number), claims_of(honest, number)) == (CLAIM_TYPES[number].pair != "P28")
    for measure in ALL_MEASURES:
        is_same = same(series(tables, measure.name), series(honest, measure.name))
        assert is_same == (measure.pair not in ("P28", "P40"))


def test_honest_headlines_and_realities_move_together():
    """Over the months of a unit, in a long world: both get better in good times."""
    tables = world(begin=seconds(2012, 1, 1), scale=100)
    for pair in MEASURED_PAIRS:
        measures = [measure for measure in MEASURES if measure.pair == pair]
        headline, realities = measures[0], [measure for measure in measures if measure.side == "reality"]
        for reality in realities:
            first, second = (series(tables, measure.name) for measure in (headline, reality))
            if reality.moves:
                first, second = ({**rows, "value": rows["numerator"] / rows["denominator"]} for rows in (first, second))
            elif reality.denominator == headline.numerator:
                first, second = ({**rows, "value": rows["numerator"] / 1.0} for rows in (first, second))
            else:
                continue
            assert together(first, second) * BETTER[headline.name] * (BETTER[reality.name] if reality.moves else 1) > 0
    for number in range(len(CLAIM_TYPES)):
        claims = claims_of(tables, number)
        cells = claims["unit"].astype(int) * 1000 + claims["claimed_at"] // (30 * DAY)
        made, held = np.bincount(cells), np.bincount(cells, claims["is_real"])
        known = made > 0
        rows = {"unit": np.flatnonzero(known) // 1000, "period_start": np.flatnonzero(known) % 1000}
        assert together(rows | {"value": made[known] * 1.0}, rows | {"value": held[known]}) > 0


def together(first, second):
    """Correlation within units, beyond 4 standard errors; else 0."""
    values = {(u, p): v for u, p, v in zip(first["unit"], first["period_start"], first["value"], strict=True)}
    both = [
        (u, values[u, p], v) for u, p, v in zip(second["unit"], second["period_start"], second["value"], strict=True)
    ]
    unit, one, other = np.array(both).T
    for code in np.unique(unit):
        for column in (one, other):
            column[unit == code] -= column[unit == code].mean()
    correlation = np.corrcoef(one, other)[0, 1]
    return correlation if abs(correlation) > 4 / math.sqrt(len(unit)) else 0


def test_measures_reconcile():
    tables = world(INTENSITY)
    every = tables["business_measures"]
    keys = np.stack([every[column] for column in ("unit", "period_start", "measure")])
    assert len(np.unique(keys, axis=1).T) == len(every)
    assert (every["denominator"] > 0).all() and (every["numerator"] >= 0).all()
    given = {(PAIRS[measure.pair][0], measure.numerator): measure for measure in MEASURES}
    for measure in ALL_MEASURES:
        rows = series(tables, measure.name)
        if measure.is_part:
            assert (rows["numerator"] <= rows["denominator"]).all()
        source = given.get((PAIRS[measure.pair][0], measure.denominator))
        if source:
            above = series(tables, source.name)
            above = {
                (u, p): n for u, p, n in zip(above["unit"], above["period_start"], above["numerator"], strict=True)
            }
            assert all(
                above[u, p] == d
                for u, p, d in zip(rows["unit"], rows["period_start"], rows["denominator"], strict=True)
            )
        else:
            assert measure.denominator in DENOMINATORS or measure not in MEASURES or measure.pair == "P42"
    for number, kind in enumerate(CLAIM_TYPES):
        claims, rows = claims_of(tables, number), series(tables, kind.headline.name)
        counted = {"count": np.full(len(claims["unit"]), 100), "amount": claims["amount"], "days": None}[kind.by]
        month = claims["claimed_at"].astype("datetime64[s]").astype("datetime64[M]").astype("datetime64[D]").astype(int)
        for unit, start, numerator, denominator in zip(
            *(rows[column].tolist() for column in ("unit", "period_start", "numerator", "denominator")), strict=True
        ):
            of_cell = (claims["unit"] == unit) & (month == start)
            if kind.by == "days":
                assert denominator == 100 * of_cell.sum()
            else:
                # amounts are rounded to whole money
                rounding = 50.0 * of_cell.sum() if kind.by == "amount" else 0
                assert abs(numerator - counted[of_cell].sum()) <= rounding


def test_weeks_and_months_tell_of_the_same_spend():
    months, weeks = series(world(INTENSITY), "budget_spent"), series(world(INTENSITY), "spend_on_plan")
    # both are Mondays, and first of a month
    first, last = (seconds(*date) // DAY for date in ((2020, 6, 1), (2024, 1, 1)))
    for unit in np.unique(months["unit"]):
        by_month, by_week = (
            rows[column][(rows["unit"] == unit) & (rows["period_start"] >= first) & (rows["period_start"] < last)].sum()
            for rows, column in ((months, "numerator"), (weeks, "denominator"))
        )
        assert by_month == by_week > 0


def test_nothing_lies_after_the_end():
    tables = world(INTENSITY)
    assert tables["business_claims"]["claimed_at"].max() < END
    assert tables["business_outcomes"]["outcome_at"].max() < END
    assert tables["business_claims"]["claimed_at"].min() >= seconds(2020, 1, 1)
    for measure in ALL_MEASURES:
        starts = series(tables, measure.name)["period_start"]
        length = 7 if measure.name == "spend_on_plan" else 31
        assert (starts.max() + length + measure.days) * DAY <= END + 3 * DAY
        # and up to then it is there
        assert (starts.max() + 2 * length + measure.days) * DAY > END - 3 * DAY
        months = starts.astype("datetime64[D]").astype("datetime64[M]") + 1
        ends = starts + 7 if length == 7 else months.astype("datetime64[D]").astype(int)
        assert ((ends + measure.days) * DAY <= END).all()


def test_a_shorter_world_is_the_beginning_of_a_longer_one():
    end = seconds(2023, 6, 7)
    short, long = world(INTENSITY, end=end), world(INTENSITY)
    for name, column in (("business_claims", "claimed_at"), ("business_outcomes", "outcome_at")):
        # a unit may be reworked before the end and shipped after it
        made = np.isin(long[name]["claim_id"], short["business_claims"]["claim_id"])
        assert same(columns(short[name]), columns(long[name], (long[name][column] < end) & made))


def test_neither_keys_nor_order_tell_what_was_planted(tmp_path):
    chance, tables = Chance(5), world(INTENSITY)
    names = ("business_claims", "truth_business_claims")
    with writer(chance, tmp_path) as write:
        for name in names:
            write(tables[name])
    paths = [tmp_path / f"{name}.parquet" for name in names]
    with duckdb.connect() as connection:
        rows = connection.execute(
            f"select claim_type, claim_id, epoch(claimed_at), planted from (select *, row_number() over () as number "
            f"from '{paths[0]}') join '{paths[1]}' using (claim_type, claim_id) order by number"
        ).fetchall()
    types, ids, times, planted = (np.array(column) for column in zip(*rows, strict=True))
    assert len(ids) == len(tables["business_claims"]) and (ids[1:] > ids[:-1]).all()
    for name in (*np.unique(types), None):
        here = types == name if name else np.full(len(types), True)
        rank = np.arange(1, here.sum() + 1)
        yes, no = planted[here].sum(), (~planted[here]).sum()
        area = (rank[planted[here]].sum() - yes * (yes + 1) / 2) / (yes * no)
        assert yes > 100
        assert abs(area - 0.5) < 4 * math.sqrt((yes + no + 1) / (12 * yes * no))
        assert abs(np.corrcoef(rank, times[here])[0, 1]) < 4 / math.sqrt(len(rank))


def test_seasons_and_people_are_believable():
    tables = world()
    deals = claims_of(tables, CLAIM_PAIRS["P28"])
    closed = deals["claimed_at"].astype("datetime64[s]")
    month = closed.astype("datetime64[M]").astype(int) % 12
    assert np.isin(month, (2, 5, 8, 11)).mean() > 0.4
    assert np.is_busday(closed.astype("datetime64[D]")).all()
    assert statistics.median(deals["amount"].tolist()) == pytest.approx(1_800_000, rel=0.1)
    for number, kind in enumerate(CLAIM_TYPES):
        claims = claims_of(tables, number)
        repeats = len(claims["subject_id"]) / len(np.unique(claims["subject_id"]))
        assert repeats > 1.2 if kind.subject else repeats == 1
        assert 3 <= len(np.unique(claims["unit"])) <= 6


def test_settings_that_make_no_sense_are_refused():
    for blindfolds in ({"P99": 1}, {"P28": 1.5}, {"P28": -0.1}):
        with pytest.raises(ValueError, match="No pair with an intensity"):
            business_tables(Chance(1), BEGIN, END, blindfolds=blindfolds)
    with pytest.raises(ValueError, match="claims in a month"):
        business_tables(Chance(1), BEGIN, END, scale=200_000)
