"""How long past builds stay: the newest few, and the last one of each of the newest months."""

import json
import os
import shutil

import click

# A fortnight of nightly builds, and the ends of the months of a year and of the one before it.
BUILDS, MONTHS = 14, 13
MANIFEST = "manifest.json"
# Of a folder that is on its way out; the next publish removes what a killed one left.
LEAVING = ".draft-leaving-"


def prune(project, builds=BUILDS, months=MONTHS):
    """Remove published builds that are neither among the newest `builds` nor the newest of one of the newest `months`
    months (of their as_of). What readers see stays, and who has a file open reads on. Returns the names removed."""
    kept = keep(_published(project), builds, months) | {project.current.resolve().name}
    return remove(project, [name for _, name, _ in _published(project) if name not in kept])


def keep(published, builds, months):
    """Names to keep of (order, name, month) of published builds. A build that does not know its month is of none."""
    newest_first = sorted(published, reverse=True)
    last_of_month = {}
    for _, name, month in newest_first:
        if month:
            last_of_month.setdefault(month, name)
    newest_months = sorted(last_of_month, reverse=True)[:months]
    return {name for _, name, _ in newest_first[:builds]} | {last_of_month[month] for month in newest_months}


def remove(project, names):
    """Remove published builds, with the restricted files that belong to them."""
    for name in names:
        discard(project.published / name)
        (project.restricted / f"{name}.duckdb").unlink(missing_ok=True)
    if names:
        click.echo(f"publish past builds removed: {len(names)} ({', '.join(names[:3])}{', ...' if names[3:] else ''})")
    return names


def discard(path):
    """Remove the folder of a build, or a file. It goes out of sight first: half a folder must not look like a build."""
    if path.is_dir():
        leaving = path.with_name(f"{LEAVING}{path.name}")
        os.replace(path, leaving)
        shutil.rmtree(leaving)
    else:
        path.unlink(missing_ok=True)


def next_order(project):
    """Place of the next publish behind all that are there."""
    return max((order for order, _, _ in _published(project)), default=0) + 1


def _published(project):
    """(order, name, month as 2024-03 or None) of each published build."""
    found = []
    for path in project.published.glob(f"*/{MANIFEST}"):
        if path.parent.is_symlink() or path.parent.name.startswith("."):
            continue
        manifest = json.loads(path.read_text(encoding="utf-8"))
        found.append((manifest.get("publish_number", 0), path.parent.name, (manifest.get("as_of") or "")[:7] or None))
    return found
