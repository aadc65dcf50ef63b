"""The report's sections, in the order of the page.

A section is a module with NAME, TITLE, INTRO (what a reader must know first), QUERIES ({name: SQL on one published
mart, whose columns keep their names; $system is the source system}) and `figures(desk)`, a list of Figure. A section
without a figure says so on the page: what cannot be seen is never left out.
"""

from counterweight.report.sections import (
    changes,
    cost,
    first_contact,
    functions,
    gaming,
    handle_time,
    health,
    overview,
    pairs,
    recurring,
    resolution,
    satisfaction,
    service_levels,
    team,
)

FIRST = overview
SECTIONS = (
    pairs,
    resolution,
    handle_time,
    first_contact,
    service_levels,
    satisfaction,
    cost,
    recurring,
    gaming,
    team,
    functions,
    health,
    changes,
)
