"""Figures of a section, and what is said where one cannot be made."""

import weakref

from counterweight.report.desk import Figure

_MADE = weakref.WeakKeyDictionary()


def _made(desk, makers):
    made = _MADE.setdefault(desk, {})
    if makers not in made:
        made[makers] = [maker(desk) for maker in makers]
    return made[makers]


def figures(desk, makers):
    """What the makers can make of this desk. A maker gives a Figure, or (title, why there is none)."""
    return [it for it in _made(desk, makers) if isinstance(it, Figure)]


def silent(desk, makers):
    """(why, titles) of the figures that this desk does not allow: said, never left out."""
    reasons = {}
    for it in _made(desk, makers):
        if not isinstance(it, Figure):
            title, why = it
            reasons.setdefault(why, []).append(title.rstrip("?"))
    return list(reasons.items())
