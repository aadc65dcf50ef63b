"""`load`: land exports in schema raw, as they are. The one place that reads the clock."""

import click

from counterweight import inputs
from counterweight.errors import InputError
from counterweight.load import content, readers
from counterweight.load.declared import check_columns, check_system, declared_systems, files
from counterweight.load.forgotten import Watch
from counterweight.load.land import Export, land, now, prepare

__all__ = ["declared_systems", "load"]


def load(project, system, pairs, observed_until=(), accept_loss=False):
    """Land files in schema raw; all of them or none.

    system          the source system of what names none; None where everything does
    pairs           `[system.]table=FILE` or `system=FOLDER` texts; what they name may be a pattern; content that was
                    loaded before is skipped
    observed_until  (system or None, feed, first instant no longer observed) of feeds whose end is known
    accept_loss     go on without the files that a damaged build file lost and nobody has any more
    Lines that cannot be read as rows are kept apart, by number and reason.
    Raises InputError with nothing loaded where a file cannot be used.
    """
    project.check_target()
    systems = declared_systems(project)
    if system is not None:
        check_system(system, systems)
    wanted = [found for pair in pairs for found in files(systems, system, pair)]
    for owner in sorted({table.system for table, _ in wanted}):
        schema = project.variables.get(f"{owner}_schema")
        if schema not in (None, "raw"):
            raise InputError(
                f"'{owner}' is read where its connector keeps it (variable {owner}_schema: {schema}); what is loaded "
                "would not be read. Nothing was loaded."
            )
    ends = _ends(systems, system, {table.system for table, _ in wanted}, observed_until)
    with project.lock():
        exports = [_examine(project, table, path) for table, path in wanted]
        connection = project.connect()
        try:
            connection.execute("begin")
            prepare(connection, project)
            watch = Watch(connection, project)
            for export in inputs.in_their_order(connection, exports, accept_loss):
                land(connection, project, export, watch)
            watch.look_back()
            for owner, feed, until in ends:
                connection.execute("insert into raw._observed_until values (?, ?, ?, ?)", [owner, feed, until, now()])
                click.echo(f"load   {owner} {feed}: observed until {until} UTC")
            inputs.close(connection, accept_loss)
            connection.execute("commit")
        finally:
            connection.close()
        watch.finish()


def _ends(systems, default, loaded, observed_until):
    """The declared ends, each with its system: the one it names, the default, or the only one that is loaded."""
    if default is None and len(loaded) == 1:
        (default,) = loaded
    ends = []
    for system, feed, until in observed_until:
        if system is not None:
            check_system(system, systems)
        elif default is None:
            raise InputError(
                f"--observed-until {feed}: several systems are loaded; say which one it is of, "
                f"for example {min(loaded)}.{feed}={until.partition(' ')[0]}. Nothing was loaded."
            )
        ends.append((system or default, feed, until))
    return ends


def _examine(project, table, path):
    file = content.look_at(path)
    reader = readers.reader(file, project.scratch)
    check_columns(path, reader, table)
    return Export(file, table, reader)
