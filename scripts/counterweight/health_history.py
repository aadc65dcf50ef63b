"""What `data_health` said in each build that passed its audit: the book behind `marts.data_health_over_time`."""

import contextlib


def keep_health(project, build_id):
    """Note the state of the data in this build; audited again, it replaces what was noted of it."""
    with contextlib.closing(project.connect()) as connection:
        connection.execute(
            "create table if not exists audit.data_health_history (build_number bigint, build_id varchar, "
            "loaded_at timestamp, source_system varchar, subject varchar, item varchar, measure varchar, "
            "value_count bigint, base_count bigint, value_at timestamp)"
        )
        connection.execute("begin")
        connection.execute("delete from audit.data_health_history where build_id = ?", [build_id])
        connection.execute(
            """
            insert into audit.data_health_history by name
            select
                builds.build_number,
                builds.build_id,
                (select max(loaded_at) from facts.fct_row_fates) as loaded_at,
                health.source_system,
                health.subject,
                health.item,
                health.measure,
                health.value_count,
                health.base_count,
                health.value_at
            from marts.data_health as health
            cross join audit.builds as builds
            where builds.build_id = ?
            """,
            [build_id],
        )
        connection.execute("commit")
