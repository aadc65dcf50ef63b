"""Who was forgotten does not come back with the next delivery: their rows are erased as they land, and counted."""

import functools

from counterweight.forget import people, rewrite
from counterweight.forget.books import BOOKS, NAME, mark_stale
from counterweight.load.declared import declared_systems
from counterweight.published import literal, quoted

LANDING = "landing"


class Watch:
    """Looks at what is landed in one transaction, by the keyed hashes of private.forgotten."""

    def __init__(self, connection, project):
        self.connection, self.project = connection, project
        self.later = 0
        connection.execute(BOOKS)
        self.is_needed = bool(connection.execute("select count(*) from private.forgotten").fetchone()[0])
        connection.execute(
            """
            create or replace temp table gone_people (part varchar, source_system varchar, word varchar);
            create or replace temp table gone_things (source_system varchar, entity varchar, id varchar);
            create or replace temp table gone_lately (source_system varchar, entity varchar, id varchar);
            """
        )

    @functools.cached_property
    def keys(self):
        return people.Keys(self.project.root)

    def land(self, table, columns, target):
        """Append what lies in the temporary table `landing` without what is erased; returns how many rows that was."""
        rows = people.Rows(self.keys, table, LANDING, columns)
        self._know(rows)
        condition, values = "true", [quoted(column) for column in columns]
        if rows.is_of_people:
            condition = f"not ({rows.is_gone()})"
            values = [rows.value(column, "varchar") for column in columns]
        kept = self.connection.execute(
            f"insert into {target} ({', '.join(map(quoted, columns))}) "
            f"select {', '.join(values)} from {LANDING} where {condition}"
        ).fetchone()[0]
        delivered = self.connection.execute(f"select count(*) from {LANDING}").fetchone()[0]
        self._count(rows)
        self.connection.execute(f"drop table {LANDING}")
        return delivered - kept

    def _know(self, rows):
        """Fill gone_people and gone_things with what of the delivery was forgotten."""
        self.connection.execute("delete from gone_people; delete from gone_things")
        salt = "(select salt from private.salt)"
        if words := rows.words():
            hidden = self.keys.hidden([self.keys.key("word", "source_system", salt)], salt)
            self.connection.execute(
                f"""
                insert into gone_people
                select forgotten.kind, words.source_system, words.word
                from (
                    select source_system, word, {hidden} as hash from ({words}) where word is not null
                ) as words
                inner join private.forgotten on words.hash = forgotten.hash
                where forgotten.kind in ('customer', 'agent')
                """
            )
        for role in ("entity", "belongs_to"):
            for entity, key in rows.things(role).items():
                hidden = self.keys.hidden([rows.system, literal(entity), "id"], salt)
                self.connection.execute(
                    f"""
                    insert into gone_things
                    select {rows.system}, {literal(entity)}, id
                    from (select distinct {key} as id from {rows.relation})
                    where id is not null
                        and {hidden} in (select hash from private.forgotten where kind = {literal(entity)})
                    """
                )
        self.connection.execute("create or replace temp table known_things as from gone_things")
        if people.spread(self.connection, [rows]):
            self.connection.execute(
                f"""
                insert into gone_lately from gone_things except from known_things;
                insert into private.forgotten
                select distinct entity, {self.keys.hidden(["source_system", "entity", "id"], salt)} from gone_things
                except
                from private.forgotten;
                """
            )

    def _count(self, rows):
        if rows.is_of_people:
            self.connection.execute(
                f"""
                insert into raw._erasures
                select {rows.system}, {literal(rows.table.name)}, _source_file, _loaded_at, count(*), _loaded_at
                from {rows.relation} where {rows.is_gone()} group by _source_file, _loaded_at
                """
            )

    def look_back(self):
        """Erase what was landed before it was known whose it is: events that came before their ticket."""
        self.connection.execute(
            "delete from gone_people; delete from gone_things; insert into gone_things from gone_lately"
        )
        if not self.connection.execute("select count(*) from gone_things").fetchone()[0]:
            return
        columns = {}
        for table, column in self.connection.execute(
            "select table_name, column_name from duckdb_columns() "
            "where database_name = current_database() and schema_name = 'raw'"
        ).fetchall():
            columns.setdefault(table, set()).add(column)
        tables = [
            people.Rows(self.keys, table, f"raw.{quoted(table.identifier)}", columns[table.identifier])
            for tables in declared_systems(self.project).values()
            for table in tables.values()
            if table.identifier in columns
        ]
        tables = [rows for rows in tables if rows.is_of_people]
        people.spread(self.connection, tables)
        for rows in tables:
            self._count(rows)
        for rows in tables:
            self.later += self.connection.execute(f"delete from {rows.relation} where {rows.is_gone()}").fetchone()[0]

    def finish(self):
        """After the commit: the bytes of what was erased by looking back go out of the file."""
        if self.later:
            with rewrite.reading(self.project, NAME) as connection:
                rewrite.write(self.project, connection, NAME, [], lambda: mark_stale(connection))
