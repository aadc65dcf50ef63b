"""What may be loaded: the raw tables that the sources files declare, and the files a person names for them."""

import dataclasses
import glob
import types
from pathlib import Path

import jinja2
import yaml

from counterweight.errors import InputError, near_matches
from counterweight.words import CONTROL, plain

# No export has more; an object that is keyed by ticket, or a table on its side, has.
COLUMN_LIMIT = 2000
META_COLUMNS = {
    "_loaded_at": "timestamp",
    "_source_file": "varchar",
    "_row_number": "bigint",
    "source_system": "varchar",
}


# PyYAML's own, in C where it was built so: the sources files are long, and each load reads them.
LOADER = getattr(yaml, "CSafeLoader", yaml.SafeLoader)


@dataclasses.dataclass(frozen=True)
class RawTable:
    """A raw table as its dbt source declares it. `meta`: what it says of each column."""

    system: str
    name: str
    identifier: str
    columns: tuple
    required: tuple
    meta: dict = dataclasses.field(default_factory=dict, compare=False)


def declared_systems(project):
    """Source systems and their raw tables, from the sources files of models/staging."""
    systems = {}
    # load always lands in raw, whatever is read where a connector keeps it
    variables = {name: "raw" if name.endswith("_schema") else value for name, value in project.variables.items()}
    for path in sorted((project.root / "models" / "staging").glob("*/*sources.yml")):
        for source in yaml.load(_rendered(path, variables), Loader=LOADER).get("sources", []):
            is_ours = (source.get("config") or {}).get("meta", {}).get("kept_by_load")
            if source["schema"] != "raw" or is_ours:
                continue
            tables = {}
            for table in source["tables"]:
                columns = {
                    column["name"]: (column.get("config") or {}).get("meta") or {}
                    for column in table["columns"]
                    if column["name"] not in META_COLUMNS
                }
                tables[table["name"]] = RawTable(
                    system=source["name"],
                    name=table["name"],
                    identifier=table.get("identifier", table["name"]),
                    columns=tuple(columns),
                    required=tuple(name for name, meta in columns.items() if meta.get("required")),
                    meta=columns,
                )
            systems[source["name"]] = tables
    return systems


def _rendered(path, variables):
    """The text of a sources file with dbt's variables put in."""
    target = types.SimpleNamespace(database=None)
    return jinja2.Template(path.read_text(encoding="utf-8")).render(var=variables.get, target=target)


def check_system(system, systems):
    if system not in systems:
        raise InputError(
            f"No source system '{system}'.{near_matches(system, systems)} Known: {', '.join(sorted(systems))}. "
            "Nothing was loaded."
        )


def files(systems, default, pair):
    """The files of a `[system.]table=FILE` or `SYSTEM=FOLDER` text, each with its raw table.

    A name without a dot is a table of the default system, or else a system, whose files say their tables by name.
    """
    target, separator, file = pair.partition("=")
    if not separator or not target or not file:
        raise InputError(
            f"'{pair}' is not of the form [SYSTEM.]TABLE=FILE, for example {_example(systems)}=export.csv.gz, "
            f"or SYSTEM=FOLDER, for example {min(systems)}=exports."
        )
    prefix, _, name = target.rpartition(".")
    if target in systems and target not in systems.get(default, {}):
        return [found for path in _named(file) for found in _told_by_name(target, systems[target], path)]
    system = prefix or default
    if system is None:
        owners = [owner for owner, tables in systems.items() if name in tables]
        raise InputError(
            f"'{pair}' names no source system.{near_matches(name, systems)} "
            f"Write {f'{owners[0]}.{name}' if owners else _example(systems)}={file}, "
            f"or give --system for all files that name none. Known: {', '.join(sorted(systems))}."
        )
    check_system(system, systems)
    tables = systems[system]
    if name not in tables:
        raise InputError(
            f"System '{system}' has no table '{name}'.{near_matches(name, tables)} Known: {', '.join(sorted(tables))}."
        )
    return [(tables[name], path) for path in _named(file)]


def _named(file):
    """What a name or pattern names. A file of that very name goes before a pattern: browsers write export[1].csv."""
    path = Path(file).expanduser()
    matches = [str(path)] if path.exists() else sorted(glob.glob(str(path)))
    _check_names(path.parent, matches)
    if not matches:
        siblings = [other.name for other in path.parent.iterdir()] if path.parent.is_dir() else []
        raise InputError(f"{path}: no such file.{near_matches(path.name, siblings)} Nothing was loaded.")
    return [Path(match) for match in matches]


def _check_names(folder, paths):
    """A file's name stands in tables, on the screen and in logs, and must be one line there."""
    for path in paths:
        if CONTROL.search(Path(path).name):
            raise InputError(
                f"{plain(folder)}: the name of the file {plain(Path(path).name)} has a control character in it (a "
                "line's end, a colour, a change of direction). Rename it. Nothing was loaded."
            )


def _told_by_name(system, tables, path):
    """The files of a folder, hidden ones aside, or one file: each with the raw table that its name says."""
    paths = sorted(file for file in path.iterdir() if not file.name.startswith(".")) if path.is_dir() else [path]
    _check_names(path, paths)
    if not paths:
        raise InputError(f"{path}: the folder is empty. Name one with the files in it. Nothing was loaded.")
    strange = [file for file in paths if _stem(file) not in tables]
    if strange:
        lines = [f"  '{file.name}' is none.{near_matches(_stem(file), tables)}" for file in strange[:5]]
        if len(strange) > len(lines):
            lines.append(f"  and {len(strange) - len(lines):,} more")
        raise InputError(
            f"{path}: what is loaded as '{system}' has the name of a table, like {min(tables)}.csv:\n"
            + "\n".join(lines)
            + f"\nRename it or take it out, or name what you mean: {system}.TABLE=FILE, {system}=FOLDER, or a pattern "
            f"of either. Known: {', '.join(sorted(tables))}. Nothing was loaded."
        )
    return [(tables[_stem(file)], file) for file in paths]


def _stem(path):
    return path.name.partition(".")[0].lower()


def _example(systems):
    return next(f"{system}.{table}" for system, tables in systems.items() for table in tables)


def check_columns(path, reader, table):
    """InputError where the columns of a file cannot be landed in the table."""
    header = reader.header
    if len(header) > COLUMN_LIMIT:
        raise InputError(
            f"{path}: it has {len(header):,} columns, and at most {COLUMN_LIMIT:,} can be loaded. A table that is "
            "turned on its side has a column for each row; else export fewer of them. Nothing was loaded."
        )
    repeated = sorted({name for name in header if header.count(name) > 1})
    if repeated:
        raise InputError(
            f"{path}: column '{repeated[0]}' stands twice, capitals aside. Rename one of the two. Nothing was loaded."
        )
    reserved = [name for name in header if name in META_COLUMNS]
    if reserved:
        raise InputError(f"{path}: column '{reserved[0]}' is reserved for load. Rename it. Nothing was loaded.")
    for number, name in enumerate(header, start=1):
        if CONTROL.search(name):
            raise InputError(
                f"{path}: the name of column {number}, '{plain(name)}', has a control character in it (a line's end, a "
                "zero byte, a colour, a change of direction). Rename it. Nothing was loaded."
            )
    if "" in header:
        raise InputError(f"{path}: column {header.index('') + 1} of the header has no name. Nothing was loaded.")
    missing = [name for name in table.required if name not in header]
    if missing and len(header) == 1 and reader.is_separated:
        raise InputError(
            f"{path}: the header is one column, so the file is not separated by commas, semicolons, tabs or bars. "
            "Export it as comma-separated text. Nothing was loaded."
        )
    if missing:
        count = f"{len(missing)} column{'s' if len(missing) > 1 else ''}"
        spare = [name for name in header if name not in table.columns]
        lines = [f"  '{name}' is missing.{near_matches(name, spare)}" for name in missing]
        raise InputError(
            f"{path}: {table.name} needs {count} more:\n"
            + "\n".join(lines)
            + f"\nColumns of the file: {len(header)}. Rename or export the column and load again. "
            "Nothing was loaded."
        )
