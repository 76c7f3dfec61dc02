"""From events to spells on a rung, as one expression in the log's engine.

A person's evidence changes only when something happens, when it leaves its window, or when the
silence passes a threshold. Each of these has a period: day d leaves a window of D days in the
first period that ends on d + D or later, which is the period of the day d + D. So a person's
history is a few spells, never a row per period.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from functools import reduce
from operator import and_, or_
from typing import TYPE_CHECKING, Any

from relmark_research.errors import LadderError
from relmark_research.ladder.history import events as tables
from relmark_research.ladder.history.engine_spells import EngineSpells
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.ladder.history.periods import (
    check_period,
    index_expression,
    index_of,
    last_whole,
)
from relmark_research.ladder.history.rules import Evidence, Range, Rule, days_of_months

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.ladder.history.ladder import LoyaltyLadder


def assign(
    ladder: LoyaltyLadder, log: TransactionLog, given: Mapping[str, Any], period: str
) -> LadderHistory:
    """Return the history of everybody in the log and among the prospects."""
    check_period(period)
    first, last = index_of(log.observed_from, period), last_whole(log.observed_until, period)
    if last <= first:
        raise LadderError(
            f"a ladder needs at least two whole {period}s to see a move; the log from "
            f"{log.observed_from} to {log.observed_until} has {max(0, last - first + 1)}. "
            "Take a shorter period or longer data."
        )
    happened, notes = tables.stream(ladder, log, given)
    used = [item for name, item in ladder.evidence.items()  # type: ignore[union-attr]
            if any(name in rule.names for rule in ladder.rules.values())]  # fmt: skip
    changes = _changes(happened, used, period, last)
    pieces = _pieces(_cumulated(changes, used), used, ladder.rules, period, last)
    rung = _rung(pieces, ladder, period)
    spells = pieces.select("customer_id", rung=rung, start=pieces.start, end=pieces.end)
    return LadderHistory(
        states=ladder.states,
        beside=tuple(ladder.beside),
        source=EngineSpells(spells, states=len(ladder.states)),
        period=period,
        first_period=first,
        last_period=last,
        impossible=tuple(ladder.impossible),
        notes=notes,
    )


def _changes(happened: ir.Table, used: list[Evidence], period: str, last: int) -> ir.Table:
    """One row per person and period in which something happens or leaves a window."""
    sizes = sorted({item.window_days for item in used if item.window_days})
    parts = [_arrivals(happened, used, period)]
    parts += [_departures(happened, used, period, size) for size in sizes]
    everything = reduce(lambda a, b: a.union(b), parts)
    whole = everything.filter(everything.period <= last)
    sums = {"born": whole.born.sum().cast("int32")}
    for item in used:
        column = whole[item.name]
        sums[item.name] = column.sum().cast("int32") if item.kind == "count" else column.max()
        if item.kind == "last":
            sums[f"{item.name}_value"] = whole[f"{item.name}_value"].argmax(column)
    return whole.group_by("customer_id", "period").aggregate(**sums)


def _arrivals(happened: ir.Table, used: list[Evidence], period: str) -> ir.Table:
    """What each event adds in the period of its day."""
    import ibis

    columns: dict[str, ir.Value] = {
        "customer_id": happened.customer_id,
        "period": index_expression(happened.date, period).cast("int32"),
        "born": _flag(happened.kind.isin(["purchase", "contact"])),
    }
    for item in used:
        kind = happened.kind.isin(list(item.of))
        counts = item.kind == "count"
        columns[item.name] = (
            _flag(kind) if counts else kind.ifelse(happened.date, ibis.null("date"))
        )
        if item.kind == "last":
            columns[f"{item.name}_value"] = happened.value
    return happened.select(**columns)


def _departures(happened: ir.Table, used: list[Evidence], period: str, days: int) -> ir.Table:
    """What each event takes away in the period in which it leaves a window of so many days."""
    import ibis

    leaving = {kind for item in used if item.window_days == days for kind in item.of}
    gone = happened.filter(happened.kind.isin(sorted(leaving)))
    columns: dict[str, ir.Value] = {
        "customer_id": gone.customer_id,
        "period": index_expression(gone.date + ibis.interval(days=days), period).cast("int32"),
        "born": _flag(False),
    }
    for item in used:
        mine = item.window_days == days
        counted = (-_flag(gone.kind.isin(list(item.of)))).cast("int32") if mine else _flag(False)
        columns[item.name] = counted if item.kind == "count" else ibis.null("date")
        if item.kind == "last":
            columns[f"{item.name}_value"] = ibis.null("float64")
    return gone.select(**columns)


def _flag(condition: Any) -> Any:
    import ibis

    if isinstance(condition, bool):
        return ibis.literal(int(condition), "int32")
    return condition.cast("int32")


def _cumulated(changes: ir.Table, used: list[Evidence]) -> ir.Table:
    """What is known of a person from each change to the next."""
    import ibis

    so_far = ibis.window(group_by="customer_id", order_by="period", preceding=None, following=0)
    in_turn = ibis.window(group_by="customer_id", order_by="period")
    columns: dict[str, ir.Value] = {
        "born": changes.born.sum().over(so_far),
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
    return known.filter(known.born > 0)


def _thresholds(used: list[Evidence], rules: Mapping[str, Rule]) -> Iterator[tuple[str, int]]:
    """Evidence and days at which silence itself changes what is known."""
    for item in used:
        spans = [one[item.name] for rule in rules.values() for one in rule.alternatives
                 if item.name in one]  # fmt: skip
        edges = {edge for span in spans for edge in (span.low, span.high)}
        if item.kind == "months_since":
            yield from ((item.name, days_of_months(e)) for e in sorted(edges) if 0 < e < 1e9)


def crossing(table: ir.Table, name: str, days: int, period: str) -> ir.Value:
    """The first period at whose end the latest event is so many days past."""
    import ibis

    return index_expression(table[name] + ibis.interval(days=days), period)


def _pieces(
    known: ir.Table, used: list[Evidence], rules: Mapping[str, Rule], period: str, last: int
) -> ir.Table:
    """Cut what is known where a silence passes a threshold: start and end of each piece."""
    import ibis

    known = known.mutate(until=known.until.fill_null(last + 1))
    cuts = {
        f"cut_{k}": crossing(known, name, days, period)
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


def _rung(pieces: ir.Table, ladder: LoyaltyLadder, period: str) -> ir.Value:
    import ibis

    def own(rule: Rule) -> ir.Value:
        fits = [
            reduce(and_, [_holds(pieces, ladder.evidence[name], span, period)  # type: ignore[index]
                          for name, span in one.items()])
            for one in rule.alternatives
        ]  # fmt: skip
        return reduce(or_, fits)

    cases = []
    for code, state in enumerate(ladder.states):
        rule = ladder.rules[state]
        other = [~own(ladder.rules[name]) for name in rule.unless]
        cases.append((reduce(and_, other, own(rule)), ibis.literal(code, "int8")))
    return ibis.cases(*cases)


def _holds(pieces: ir.Table, item: Evidence, span: Range, period: str) -> ir.Value:
    """Whether the evidence lies in a range, never null."""
    import ibis

    if item.kind == "months_since":
        known = pieces[item.name].notnull()
        low, high = (days_of_months(e) if 0 < e < 1e9 else None for e in (span.low, span.high))
        parts = [known]
        if low is not None:
            parts.append(crossing(pieces, item.name, low, period) <= pieces.start)
        if high is not None:
            parts.append(crossing(pieces, item.name, high, period) > pieces.start)
    else:
        column = pieces[item.name if item.kind == "count" else f"{item.name}_value"]
        known = column.notnull()
        parts = [known, column >= ibis.literal(span.low)]
        if span.high < 1e9:
            parts.append(column < ibis.literal(span.high))
    if span.low != span.low:  # only the unknown
        return ~known
    inside = reduce(and_, parts).fill_null(False)
    return inside | ~known if span.unknown else inside
