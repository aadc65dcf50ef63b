"""The other functions' pairs on a world in which half of the units of each have its illusion, and the others do not.

The truth names the units and since when. What the warehouse reads is compared within the world: a unit that was
blindfolded with those that were not, its year with the year before.
"""

import contextlib
import dataclasses
import math
import statistics

import duckdb
import pytest

from conftest import ROOT, TABLES
from counterweight.build import run_dbt
from counterweight.load import load
from counterweight.project import Project
from counterweight.worlds import settings
from counterweight.worlds.chance import Chance
from counterweight.worlds.functions import CLAIM_TYPES, PAIRS, business_tables
from counterweight.worlds.tables import writer

pytestmark = pytest.mark.long

Z = 1.959963984540054
SCALE = 300
# from 2024-01-01, so that 2022 is honest and 2023 is not; long enough for a year's window to pass over all of 2023
BEGIN, END = 1_704_067_200, 1_738_368_000
CLAIM_PAIRS = sorted(kind.pair for kind in CLAIM_TYPES)
MEASURED_PAIRS = sorted(set(PAIRS) - set(CLAIM_PAIRS))
# A pair whose honest year is what the others are compared with has no gap in it.
CHANGES = ("P29", "P30", "P37", "P39")
# Some hundred hires a year are too few to be sure of each unit; some fifty leavers even of an order among the units.
TOO_FEW, FEWEST = ("P34", "P35"), ("P37",)
MODELS = ("+pairs_of_business_claims", "+pairs_of_business_measures")


def built(folder, blindfolds, scale=SCALE):
    """A warehouse with nothing but a world's business tables, built as far as their pairs. Its truth lies beside it."""
    chance = Chance(11)
    raw, truth = business_tables(chance, BEGIN, END, scale, blindfolds)
    for name, tables in {"raw": raw, "truth": truth}.items():
        with writer(chance, folder / name) as write:
            for table in tables:
                write(table)
    project = Project(root=ROOT, warehouse=folder / "counterweight.duckdb", published=folder / "published")
    load(project, None, [f"canonical={folder}/raw"])
    results = run_dbt(project, ["build", *TABLES, "--select", *MODELS], {})
    assert [result.node.name for result in results if result.status != "success"] == []
    return project


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    folder = tmp_path_factory.mktemp("blindfolds")
    built(folder, settings.find("blindfolds").blindfolds)
    return folder


@dataclasses.dataclass(frozen=True)
class Cell:
    gap: float
    low: float
    high: float
    gap_count: int | None
    cohort: int
    tolerance: float


def wilson(count, n):
    share = count / n
    centre, half = share + Z * Z / (2 * n), Z * math.sqrt((share * (1 - share) + Z * Z / (4 * n)) / n)
    return (centre - half) / (1 + Z * Z / n), (centre + half) / (1 + Z * Z / n)


def cells(warehouse, truth):
    """{(pair, unit): {"planted": bool, year: (gap, low, high, tolerance)}} at the catalogue's window."""
    found = {}
    with contextlib.closing(duckdb.connect(str(warehouse), read_only=True)) as connection:
        rows = connection.execute(
            f"""
            select parts.pair_id, parts.unit, year(parts.period_start), parts.gap, parts.gap_low, parts.gap_high,
                parts.gap_count, parts.cohort_count, catalogue.tolerance, planted.since is not null
            from (
                select * from intermediate.pairs_of_business_claims
                union all select * from intermediate.pairs_of_business_measures
            ) as parts
            inner join reference.kpi_pairs as catalogue
                on parts.pair_id = catalogue.pair_id and parts.window_days is not distinct from catalogue.window_days
            inner join '{truth}/truth_blindfolds.parquet' as planted
                on parts.pair_id = planted.pair_id and parts.unit = planted.unit
            where parts.period_type = 'fiscal_year' and parts.unit_type = 'unit' and parts.is_period_mature
                and year(parts.period_start) in (2022, 2023)
            """
        ).fetchall()
    for pair, unit, year, gap, low, high, gap_count, cohort, tolerance, planted in rows:
        cell = found.setdefault((pair, unit), {"planted": planted})
        if gap_count is not None:
            gap, (low, high) = gap_count / cohort, wilson(gap_count, cohort)
        if gap is not None:
            cell[year] = Cell(float(gap), float(low), float(high), gap_count, cohort, float(tolerance))
    return found


@pytest.fixture(scope="module")
def world(folder):
    return cells(folder / "counterweight.duckdb", folder / "truth")


def of_units(world, pair, planted, year=2023):
    return [cell[year] for (name, _), cell in sorted(world.items()) if name == pair and cell["planted"] == planted]


def check(world, pair):
    """What must hold of a pair; AssertionError where the illusion is not seen, or seen where there is none."""
    blind, honest = of_units(world, pair, True), of_units(world, pair, False)
    assert statistics.mean(cell.gap for cell in blind) > statistics.mean(cell.gap for cell in honest)
    if pair not in FEWEST:
        # every unit with the illusion reads worse than every unit without it
        assert min(cell.gap for cell in blind) > max(cell.gap for cell in honest)
    if pair not in CHANGES:
        # and than itself before
        before = of_units(world, pair, True, 2022)
        assert all(now.gap > then.gap for now, then in zip(blind, before, strict=True))
        honest = honest + before + of_units(world, pair, False, 2022)
    assert all(cell.low <= cell.tolerance for cell in honest), "an honest unit reads as a blindfold"
    if blind[0].gap_count is not None:
        low, _ = wilson(sum(cell.gap_count for cell in blind), sum(cell.cohort for cell in blind))
        assert low > blind[0].tolerance, "the blindfold is not seen in all its units together"
    if pair not in TOO_FEW + FEWEST:
        assert all(cell.low > cell.tolerance for cell in blind), "a blindfold is not seen"


def test_the_world_has_every_pair(world):
    assert {pair for pair, _ in world} == set(PAIRS)


@pytest.mark.parametrize("pair", [*CLAIM_PAIRS, *MEASURED_PAIRS])
def test_units_with_the_illusion_read_worse_and_honest_ones_do_not(world, pair):
    check(world, pair)


@pytest.mark.parametrize("pair", [*CLAIM_PAIRS, *MEASURED_PAIRS])
def test_the_check_fails_where_others_are_said_to_have_the_illusion(world, pair):
    swapped = {key: cell | {"planted": not cell["planted"]} for key, cell in world.items()}
    with pytest.raises(AssertionError):
        check(swapped, pair)
