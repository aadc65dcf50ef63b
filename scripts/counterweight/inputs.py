"""What was loaded, in its order; and what has to be loaded again where a build file was lost."""

import hashlib
import json

from counterweight.errors import InputError

# Filled by recovery.mend, emptied by the load that brings all of it back. What is awaited is what the build that
# readers see was made from, or what is known to have lain in a raw table that cannot be read any more.
AWAITED = "audit.awaited_inputs"


def fingerprint(connection):
    """Of what was loaded and declared, in its order: where a row is delivered twice, the later arrival decides. And of
    what was erased of it."""
    return fingerprint_of(*in_order(connection), _erasures(connection))


def _erasures(connection):
    if not connection.execute(
        "select count(*) from information_schema.tables where table_schema = 'raw' and table_name = '_erasures'"
    ).fetchone()[0]:
        return []
    return connection.execute("select * from raw._erasures order by all").fetchall()


def in_order(connection):
    """(content of each load, declared ends), as they came."""
    return (
        connection.execute("select content_sha256 from raw._loads order by loaded_at, content_sha256").fetchall(),
        connection.execute("select * exclude (declared_at) from raw._observed_until order by declared_at").fetchall(),
    )


def fingerprint_of(loads, ends, erasures=()):
    # nothing where nobody was forgotten
    return hashlib.sha256(json.dumps([loads, ends, *erasures], default=str).encode()).hexdigest()[:16]


def await_loads(connection, loads, build_id=None, build_fingerprint=None):
    """Write down what must be loaded again: (system, raw table, file, content) in their order. With the fingerprint of
    the build that was made from them, where nothing else is left; `loads` is None where no list is left either."""
    connection.execute("create schema if not exists audit")
    connection.execute(
        f"create or replace table {AWAITED} (load_number bigint, source_system varchar, raw_table varchar, "
        "source_file varchar, content_sha256 varchar, build_id varchar, input_fingerprint varchar)"
    )
    for number, load in enumerate(loads if loads is not None else [(None, None, None, None)], start=1):
        connection.execute(f"insert into {AWAITED} values (?, ?, ?, ?, ?, ?, ?)",
                           [number, *load, build_id, build_fingerprint])  # fmt: skip


def check(connection):
    """InputError where something is awaited: what were built now would lack what readers have."""
    awaited = _awaited(connection)
    if awaited:
        raise InputError(_sentence(_lost(connection, awaited), "Nothing was built."))


def in_their_order(connection, exports, accept_loss=False):
    """The exports as they must land: what is awaited first, in its old order, since later arrivals decide.

    InputError where not all of it is among them: landed after newer files, an older one would overrule them.
    """
    awaited = _awaited(connection)
    if not awaited:
        return exports
    named = {_identity(export) for export in exports}
    lost = [load for load in _lost(connection, awaited) if load[:2] + load[3:] not in named]
    if lost and not accept_loss:
        raise InputError(_sentence(lost, "Nothing was loaded."))
    places = {load[:2] + load[3:4]: place for place, load in enumerate(awaited)}
    return sorted(exports, key=lambda export: places.get(_identity(export), len(places)))


def close(connection, accept_loss=False):
    """After the landing, before it counts: nothing is awaited any more. InputError where what readers see was made
    from something else than what has come back."""
    awaited = _awaited(connection)
    if not awaited:
        return
    wanted = awaited[0][-1]
    if wanted and not accept_loss and not _came_back(connection, wanted, awaited):
        build_id = connection.execute(f"select min(build_id) from {AWAITED}").fetchone()[0]
        raise InputError(
            f"Build {build_id}, which readers see, was made from these files and something else. "
            + (
                "Say again when its feeds ended (--observed-until), as you said then. Whoever was forgotten "
                "(fate `erased` in fct_row_fates of what is published) must be forgotten again before you publish."
                if awaited[0][3]
                else "Which, nobody wrote down: name all files that were loaded, the oldest first, and say again when "
                "feeds ended (--observed-until)."
            )
            + " To go on with what there is, say --accept-loss. Nothing was loaded."
        )
    connection.execute(f"drop table {AWAITED}")


def is_awaited(connection):
    return bool(
        connection.execute(
            "select count(*) from information_schema.tables "
            "where table_schema = 'audit' and table_name = 'awaited_inputs'"
        ).fetchone()[0]
    )


def _awaited(connection):
    """[(system, raw table, file, content, fingerprint of the build)] in their order."""
    if not is_awaited(connection):
        return []
    return connection.execute(
        "select source_system, raw_table, source_file, content_sha256, input_fingerprint "
        f"from {AWAITED} order by load_number"
    ).fetchall()


def _lost(connection, awaited):
    loaded = set(connection.execute("select source_system, raw_table, content_sha256 from raw._loads").fetchall())
    return [load[:4] for load in awaited if load[3] and load[:2] + load[3:4] not in loaded]


def _came_back(connection, wanted, awaited):
    """Whether the build was made from the first loads and the first ends that are there now. Without a list, from how
    many loads is not known either."""
    loads, ends = in_order(connection)
    counts = [len(awaited)] if awaited[0][3] else range(1, len(loads) + 1)
    return any(
        fingerprint_of(loads[:count], ends[:count_ends]) == wanted
        for count in counts
        for count_ends in range(len(ends) + 1)
    )


def _identity(export):
    return export.table.system, export.table.name, export.file.sha256


def _sentence(lost, outcome):
    if not lost:
        return (
            "The build file was damaged, and which files were loaded nobody wrote down. Name all of them in one "
            f"'counterweight run', the oldest first. Readers keep what they have. {outcome}"
        )
    lines = [f"  {system}.{table}: {file}" for system, table, file, _ in lost]
    return (
        f"The build file was damaged, and {len(lost):,} of the files that were loaded have to be loaded again:\n"
        + "\n".join(lines)
        + "\nName them in one 'counterweight run', together with what is new; their order does not matter. Where some "
        f"are gone for good, say --accept-loss as well. Readers keep what they have. {outcome}"
    )
