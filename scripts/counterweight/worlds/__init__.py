"""`simulate`: complete raw worlds with known truth, of any size."""

import dataclasses
import shutil
from pathlib import Path

import click

from counterweight.errors import InputError
from counterweight.worlds import settings
from counterweight.worlds.chance import Chance
from counterweight.worlds.service import Service
from counterweight.worlds.tables import write

__all__ = ["simulate"]

MOST_MONTHS = 30


def simulate(out, world="honest", tickets=4000, calls=8000, months=6, seed=7, file_format="parquet", intensity=None):
    """Make a world; see `counterweight simulate --help`. Returns {table: rows} of the raw tables.

    Raw tables go to out/raw, the truth to out/truth. Same arguments, same bytes.
    """
    if tickets < 0 or calls < 0 or tickets + calls < 1:
        raise InputError("--tickets and --calls must be 0 or more, and one of them more than 0.")
    if not 1 <= months <= MOST_MONTHS:
        raise InputError(f"--months must be between 1 and {MOST_MONTHS}: worlds begin on 1 January 2024.")
    made = settings.find(world)
    if intensity is not None:
        made = dataclasses.replace(
            made, habits=tuple(dataclasses.replace(habit, intensity=intensity) for habit in made.habits)
        )
    out = Path(out)
    raw, truth = out / "raw", out / "truth"
    raw.mkdir(parents=True, exist_ok=True)
    chance = Chance(seed)
    service = Service(made, chance, calls, tickets, months)
    days = service.place.last_day - service.place.first_day + 1
    with click.progressbar(length=days, label=f"simulate {made.name}") as bar:
        service.run(bar.update)
    counts = {}
    for folder, tables in ((raw, service.scene.raw.tables()), (truth, service.scene.truth.tables())):
        shutil.rmtree(folder, ignore_errors=True)
        with click.progressbar(
            tables, label=f"write {folder.name}", item_show_func=lambda table: table and table.name
        ) as bar:
            for table in bar:
                if folder is raw:
                    counts[table.name] = len(table)
                write(table, chance, folder, file_format if folder is raw else "parquet")
                table.free()
    return counts
