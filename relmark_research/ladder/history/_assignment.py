"""From events to spells on a rung, as one expression in the log's engine.

A customer's evidence changes only when an event happens, when an event leaves its window, or when
the time since the last event passes a threshold. Each of these has a period: day d leaves a window
of D days in the first period that ends on d + D or later, which is the period of the day d + D. So
a customer's history is a few spells, not a row per period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from relmark_research.errors import LadderError
from relmark_research.ladder.history._events import event_stream
from relmark_research.ladder.history.engine_spells import EngineSpells
from relmark_research.ladder.history.rules import Evidence, Range, Rule, RuleSet, days_of_months
from relmark_research.tables.sql_dialects import period_number

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.units import Period

_NEVER = 1e9  # a bound of a range at or above this is no bound


@dataclass(frozen=True)
class Assigned:
    """Spells of every customer, the first and last period observed, and notes on the data."""

    spells: EngineSpells
    first_period: int
    last_period: int
    notes: tuple[str, ...]


def assign_spells(
    rule_set: RuleSet, log: TransactionLog, tables: Mapping[str, Any], period: Period
) -> Assigned:
    """Return the spells of every customer in the log and among the prospects."""
    first, last = period.number(log.observed_from), period.last_complete(log.observed_until)
    if last <= first:
        raise LadderError(
            f"a ladder needs at least two whole {period}s to observe a move; the log from "
            f"{log.observed_from} to {log.observed_until} has {max(0, last - first + 1)}. "
            "Take a shorter period or longer data."
        )
    events, notes = event_stream(rule_set, log, tables)
    used = rule_set.used_evidence
    changes = _changes(events, used, period, last)
    pieces = _pieces(_cumulated(changes, used), used, rule_set.rules, period, last)
    rung = _rung(pieces, rule_set, period)
    spells = pieces.select("customer_id", rung=rung, start=pieces.start, end=pieces.end)
    return Assigned(EngineSpells(spells, states=len(rule_set.states)), first, last, notes)


def _changes(events: ir.Table, used: list[Evidence], period: Period, last: int) -> ir.Table:
    """One row per customer and period in which an event happens or leaves a window."""
    sizes = sorted({item.window_days for item in used if item.window_days})
    parts = [_additions(events, used, period)]
    parts += [_expiries(events, used, period, size) for size in sizes]
    everything = reduce(lambda a, b: a.union(b), parts)
    observed = everything.filter(everything.period <= last)
    sums = {"entered": observed.entered.sum().cast("int32")}
    for item in used:
        column = observed[item.name]
        sums[item.name] = column.sum().cast("int32") if item.kind == "count" else column.max()
        if item.kind == "last":
            sums[f"{item.name}_value"] = observed[f"{item.name}_value"].argmax(column)
    return observed.group_by("customer_id", "period").aggregate(**sums)


def _additions(events: ir.Table, used: list[Evidence], period: Period) -> ir.Table:
    """What each event adds in the period of its day."""
    import ibis

    columns: dict[str, ir.Value] = {
        "customer_id": events.customer_id,
        "period": period_number(events.date, period).cast("int32"),
        "entered": _flag(events.kind.isin(["purchase", "contact"])),
    }
    for item in used:
        kind = events.kind.isin(list(item.events))
        counts = item.kind == "count"
        columns[item.name] = _flag(kind) if counts else kind.ifelse(events.date, ibis.null("date"))
        if item.kind == "last":
            columns[f"{item.name}_value"] = events.value
    return events.select(**columns)


def _expiries(events: ir.Table, used: list[Evidence], period: Period, days: int) -> ir.Table:
    """What each event subtracts in the period in which it leaves a window of ``days`` days."""
    import ibis

    leaving = {kind for item in used if item.window_days == days for kind in item.events}
    expired = events.filter(events.kind.isin(sorted(leaving)))
    columns: dict[str, ir.Value] = {
        "customer_id": expired.customer_id,
        "period": period_number(expired.date + ibis.interval(days=days), period).cast("int32"),
        "entered": _flag(False),
    }
    for item in used:
        own = item.window_days == days
        counted = (
            (-_flag(expired.kind.isin(list(item.events)))).cast("int32") if own else _flag(False)
        )
        columns[item.name] = counted if item.kind == "count" else ibis.null("date")
        if item.kind == "last":
            columns[f"{item.name}_value"] = ibis.null("float64")
    return expired.select(**columns)


def _flag(condition: Any) -> Any:
    import ibis

    if isinstance(condition, bool):
        return ibis.literal(int(condition), "int32")
    return condition.cast("int32")


def _cumulated(changes: ir.Table, used: list[Evidence]) -> ir.Table:
    """The evidence on a customer from each change to the next."""
    import ibis

    so_far = ibis.window(group_by="customer_id", order_by="period", preceding=None, following=0)
    in_turn = ibis.window(group_by="customer_id", order_by="period")
    columns: dict[str, ir.Value] = {
        "entered": changes.entered.sum().over(so_far),
        "until": changes.period.lead(1).over(in_turn),
    }
    for item in used:
        column = changes[item.name]
        best = column.sum() if item.kind == "count" else column.max()
        columns[item.name] = best.over(so_far)
        if item.kind == "last":
            value = changes[f"{item.name}_value"]
            columns[f"{item.name}_value"] = value.argmax(column).over(so_far)
    known = changes.select("customer_id", "period", **columns)
    return known.filter(known.entered > 0)


def _thresholds(used: list[Evidence], rules: Mapping[str, Rule]) -> Iterator[tuple[str, int]]:
    """Evidence and days since the last event at which the evidence changes by itself."""
    for item in used:
        spans = [one[item.name] for rule in rules.values() for one in rule.alternatives
                 if item.name in one]  # fmt: skip
        edges = {edge for span in spans for edge in (span.low, span.high)}
        if item.kind == "months_since":
            yield from ((item.name, days_of_months(e)) for e in sorted(edges) if 0 < e < _NEVER)


def _crossing(table: ir.Table, name: str, days: int, period: Period) -> ir.Value:
    """The first period at whose end the latest event is ``days`` days ago."""
    import ibis

    return period_number(table[name] + ibis.interval(days=days), period)


def _pieces(
    known: ir.Table, used: list[Evidence], rules: Mapping[str, Rule], period: Period, last: int
) -> ir.Table:
    """Split where the time since an event passes a threshold: start and end of each piece."""
    import ibis

    known = known.mutate(until=known.until.fill_null(last + 1))
    cuts = {
        f"cut_{k}": _crossing(known, name, days, period)
        for k, (name, days) in enumerate(_thresholds(used, rules))
    }
    known = known.mutate(**cuts)
    starts = [known.period]
    for k, name in enumerate(cuts):
        inside = (known[name] > known.period) & (known[name] < known.until)
        earlier = [(known[name] != known[other]).fill_null(True) for other in list(cuts)[:k]]
        new = reduce(and_, earlier, inside)
        starts.append(new.fill_null(False).ifelse(known[name], ibis.null("int32")))
    pieces = known.mutate(start=ibis.array([s.cast("int32") for s in starts]).unnest())
    pieces = pieces.filter(pieces.start.notnull())
    ends = [pieces.until] + [
        (pieces[name] > pieces.start).fill_null(False).ifelse(pieces[name], pieces.until)
        for name in cuts
    ]
    end = ibis.least(*ends) if len(ends) > 1 else ends[0]
    return pieces.mutate(end=(end - 1).cast("int32"))


def _rung(pieces: ir.Table, rule_set: RuleSet, period: Period) -> ir.Value:
    import ibis

    def own_condition(rule: Rule) -> ir.Value:
        fits = [
            reduce(and_, [_holds(pieces, rule_set.evidence[name], span, period)
                          for name, span in one.items()])
            for one in rule.alternatives
        ]  # fmt: skip
        return reduce(or_, fits)

    cases = []
    for code, state in enumerate(rule_set.states):
        rule = rule_set.rules[state]
        others = [~own_condition(rule_set.rules[name]) for name in rule.unless]
        cases.append((reduce(and_, others, own_condition(rule)), ibis.literal(code, "int8")))
    return ibis.cases(*cases)


def _holds(pieces: ir.Table, item: Evidence, span: Range, period: Period) -> ir.Value:
    """Whether the evidence lies in a range, never null."""
    import ibis

    if item.kind == "months_since":
        known = pieces[item.name].notnull()
        low, high = (days_of_months(e) if 0 < e < _NEVER else None for e in (span.low, span.high))
        parts = [known]
        if low is not None:
            parts.append(_crossing(pieces, item.name, low, period) <= pieces.start)
        if high is not None:
            parts.append(_crossing(pieces, item.name, high, period) > pieces.start)
    else:
        column = pieces[item.name if item.kind == "count" else f"{item.name}_value"]
        known = column.notnull()
        parts = [known, column >= ibis.literal(span.low)]
        if span.high < _NEVER:
            parts.append(column < ibis.literal(span.high))
    if span.low != span.low:  # NaN: only the unknown
        return ~known
    inside = reduce(and_, parts).fill_null(False)
    return inside | ~known if span.unknown else inside
