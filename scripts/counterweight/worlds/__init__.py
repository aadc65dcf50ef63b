"""`simulate`: complete raw worlds with known truth, of any size."""

import dataclasses
import datetime
import shutil
from pathlib import Path

import click
import yaml

from counterweight.errors import InputError
from counterweight.worlds import settings
from counterweight.worlds.chance import Chance
from counterweight.worlds.defects import soil
from counterweight.worlds.deliveries import split, stop_feeds
from counterweight.worlds.functions import business_tables
from counterweight.worlds.parquet import as_csv
from counterweight.worlds.service import Service
from counterweight.worlds.tables import writer

__all__ = ["simulate"]

MOST_MONTHS = 30
MOST_CONTACTS = 30_000_000
NOTE = "world.yml"


def simulate(
    out, world="honest", tickets=4000, calls=8000, months=6, seed=7, file_format="parquet", batches=1, intensity=None
):
    """Make a world in the folder `out`; same arguments, same bytes.

    world        a name, or a YAML file of one's own
    tickets      about how many tickets there are in all; calls: about how many inbound calls and chats
    months       length, from 1 January 2024
    file_format  parquet or csv, of the raw tables
    batches      number of loads that the raw tables are delivered in
    intensity    replaces that of every behaviour in the world
    Raw tables are written to out/raw (or out/raw/batch_01 …), the truth to out/truth, what was asked for to
    out/world.yml. Returns {raw table: rows}, before they are split into batches. InputError where something cannot be
    made, or `out` has a folder raw or truth of somebody else.
    """
    arguments = {
        "tickets": tickets, "calls": calls, "months": months, "seed": seed, "format": file_format, "batches": batches,
        "intensity": intensity,
    }  # fmt: skip
    made = _checked(settings.find(world), tickets, calls, months, batches, intensity)
    out = Path(out)
    raw, truth = out / "raw", out / "truth"
    _check_folder(out, raw, truth)
    for folder in (raw, truth):
        shutil.rmtree(folder, ignore_errors=True)
    whole = raw / ".whole" if batches > 1 else raw
    whole.mkdir(parents=True)
    # before anything else lies there, so that a run that was stopped can be made again
    note = {"world": made.name, "summary": made.summary, "arguments": arguments}
    _note(out, note | {"rows": "unfinished"})
    chance = Chance(seed)
    service = Service(made, chance, calls, tickets, months)
    place = service.place
    with click.progressbar(length=place.last_day - place.first_day + 1, label=f"simulate {made.name}: days") as bar:
        service.run(bar.update)
    functions, their_truth = business_tables(chance, place.begin, place.end, blindfolds=made.blindfolds)
    counts = _write("raw tables", [*service.scene.raw.tables(), *functions], chance, whole)
    _write("truth", [*service.scene.truth.tables(), *their_truth], chance, truth)
    stops = {feed: _instant(place.moment(share)) for feed, share in made.stops.items()}
    stop_feeds(whole, stops)
    if made.defects or made.clocks:
        soil(whole, made.defects, seed, made.clocks)
    if batches > 1:
        click.echo(f"simulate {made.name}: {batches} loads")
        split(whole, raw, batches, made.lags, seed)
        shutil.rmtree(whole)
    if file_format == "csv":
        as_csv(raw)
    ends = {"from": place.begin_day, "until": place.end_day, "feeds_stopped_at": stops}
    _note(out, note | ends | {"rows": counts})
    return counts


def _check_folder(out, raw, truth):
    """InputError where something lies there that no world has made."""
    if not str(out).strip(". "):
        raise InputError("--out wants a folder of its own, for example --out warehouse/trial.")
    others = [
        path
        for folder in (raw, truth)
        for path in sorted(folder.rglob("*"))
        if path.is_file() and path.suffix not in (".parquet", ".csv")
    ]
    if (raw.exists() or truth.exists()) and not _is_world(out / NOTE):
        raise InputError(f"{out} has a folder raw or truth that is no world's. Name another folder.")
    if others:
        raise InputError(f"{others[0]} is no part of a world, and would be lost. Move it, or name another folder.")


def _is_world(note):
    try:
        found = yaml.safe_load(note.read_text(encoding="utf-8"))
    except (OSError, yaml.YAMLError, UnicodeDecodeError):
        return False
    return isinstance(found, dict) and {"world", "arguments"} <= found.keys()


def _note(out, note):
    (out / NOTE).write_text(yaml.safe_dump(note, sort_keys=False, allow_unicode=True), encoding="utf-8")


def _checked(world, tickets, calls, months, batches, intensity):
    if tickets < 0 or calls < 0 or tickets + calls < 1:
        raise InputError("--tickets and --calls must be 0 or more, and one of them more than 0.")
    if tickets + calls > MOST_CONTACTS:
        raise InputError(f"--tickets and --calls are more than {MOST_CONTACTS:,}; a million takes half a GB of memory.")
    if not 1 <= months <= MOST_MONTHS:
        raise InputError(f"--months must be between 1 and {MOST_MONTHS}: a world begins on 1 January 2024.")
    if not 1 <= batches <= 28 * months:
        raise InputError(f"--batches must be between 1 and {28 * months}: each is a day at least.")
    if batches > 1 and (world.defects or world.clocks):
        raise InputError(f"World {world.name} has soiled rows, which cannot be split. Leave out --batches.")
    if batches == 1 and world.lags:
        raise InputError(
            f"In world {world.name} feeds come late, which one load cannot show. Say --batches 4, or more."
        )
    if intensity is None:
        return world
    if not 0 <= intensity <= 1:
        raise InputError("--intensity is a share between 0 and 1.")
    if not world.habits:
        raise InputError(f"World {world.name} has no behaviour that --intensity could change.")
    habits = (dataclasses.replace(habit, intensity=intensity) for habit in world.habits)
    return dataclasses.replace(world, habits=tuple(habits))


def _write(label, tables, chance, folder):
    counts = {}
    show = {"show_eta": False, "item_show_func": lambda table: table.name if table else None}
    with writer(chance, folder) as write, click.progressbar(tables, label=f"write {label}", **show) as bar:
        for table in bar:
            counts[table.name] = len(table)
            write(table)
            table.free()
    return counts


def _instant(seconds):
    return datetime.datetime.fromtimestamp(seconds, datetime.UTC).replace(tzinfo=None)
