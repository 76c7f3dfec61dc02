"""Moments moved from one time zone to another, in whole seconds since 1970.

Engines agree on what a moment is in a zone, not on which moment a local time is where the clock is
put back or forward. So only the first is asked of them. A local time that happens twice is the
first of the two; one that never happens is read with the offset before the gap (PEP 495, fold 0).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from relmark_research.customers import engines

if TYPE_CHECKING:
    import ibis.expr.types as ir

DAY = 86_400  # seconds


def local_day_number(utc: ir.Value, zone: str) -> ir.Value:
    """Return the local day of moments, as days since 1970-01-01."""
    local = utc if zone == "UTC" else engines.local_seconds(utc, zone)
    return (local.cast("float64") / DAY).floor().cast("int64")


def to_utc(table: ir.Table, name: str, zone: str) -> ir.Table:
    """Return the table with a column of local seconds turned into those of UTC.

    With o(u) the zone's offset at the moment u, the candidates are local - o(local - a day) and
    local - o(local + a day): the first that is that local time, else the first.
    """
    import ibis

    if zone == "UTC":
        return table
    local = table[name]
    offsets = table.mutate(
        relmark_before=engines.local_seconds(local - DAY, zone) - (local - DAY),
        relmark_after=engines.local_seconds(local + DAY, zone) - (local + DAY),
    )
    before, after = offsets[name] - offsets.relmark_before, offsets[name] - offsets.relmark_after
    shown = offsets.mutate(
        relmark_first=engines.local_seconds(before, zone),
        relmark_second=engines.local_seconds(after, zone),
    )
    only_after = (shown.relmark_first != shown[name]) & (shown.relmark_second == shown[name])
    offset = ibis.ifelse(only_after, shown.relmark_after, shown.relmark_before)
    helpers = ("relmark_before", "relmark_after", "relmark_first", "relmark_second")
    return shown.mutate(**{name: shown[name] - offset}).drop(*helpers)
