"""All events of all customers, from up to four tables, as one stream in the log's engine.

The stream has customer_id, date, kind and value. Prospects who became customers appear under their
customer_id, so that each person appears once.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.errors import DataError, LadderError, first_ids, unknown_name
from relmark_research.ladder.history.rules import RuleSet
from relmark_research.tables.read_table import Table, open_table, read_table
from relmark_research.tables.schemas import ANSWERS, EVENTS, PROSPECTS, Column
from relmark_research.tables.sources import databases

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.transactions import TransactionLog

_STAGE = ("customer_id", "prospect_id", "first_contact", "won")
_SCHEMAS = {
    "events": EVENTS,
    "prospects": replace(
        PROSPECTS, columns=tuple(c for c in PROSPECTS.columns if c.name in _STAGE), money=None
    ).requiring("prospect_id"),
    "answers": replace(
        ANSWERS,
        columns=(
            *(c for c in ANSWERS.columns if c.name in ("customer_id", "date", "nps")),
            Column("score", "number", "the answer"),
        ),
    ),
}


def event_stream(
    rule_set: RuleSet, log: TransactionLog, tables: Mapping[str, Any]
) -> tuple[ir.Table, tuple[str, ...]]:
    """Return customer_id, date, kind, value of all events that the rules use, and notes."""
    _check_tables(rule_set, tables)
    engine, kinds = log.rows.get_backend(), rule_set.event_kinds
    found = {name: _open(name, source, engine) for name, source in tables.items()
             if source is not None}  # fmt: skip
    parts = [_row(log.days, "purchase")]
    if "prospects" in found and "contact" in kinds:
        parts.append(_contacts(found["prospects"]))
    known = [part.select("customer_id") for part in parts[1:]]
    people = reduce(lambda a, b: a.union(b), known, log.rows.select("customer_id"))
    if "events" in found:
        rows = found["events"]
        rows = rows.filter(rows.kind.isin(sorted(kinds)))
        parts.append(_of_known_people(_row(rows, rows.kind), people, "events"))
    if "answers" in found:
        rows = found["answers"]
        answered = _row(rows, "answer", rows.score.cast("float64"))
        parts.append(_of_known_people(answered, people, "answers"))
    everything = reduce(lambda a, b: a.union(b), parts)
    return everything, (*_notes(kinds, tables), *_returned(log))


def _check_tables(rule_set: RuleSet, tables: Mapping[str, Any]) -> None:
    sources = {"purchase": "", "contact": "prospects", "answer": "answers"}
    for kind in sorted(rule_set.event_kinds):
        table = sources.get(kind, "events")
        optional = kind in ("contact", "answer")  # without prospects or a survey: still a ladder
        if table and tables.get(table) is None and not optional:
            rungs = [
                state for state in rule_set.states
                if any(kind in rule_set.evidence[name].events
                       for name in rule_set.rules[state].names)
            ]  # fmt: skip
            raise LadderError(
                f"no customer can reach {', '.join(rungs)}: the rules need events of kind "
                f"{kind!r}, but no {table} were given. Pass {table}=..., or use "
                "rm.PURCHASE_LADDER, which needs purchases only."
            )
    if tables.get("prospects") is not None and "contact" not in rule_set.event_kinds:
        raise LadderError(
            "prospects were given, but no rule of this ladder uses contacts, so it has no rung for "
            "people who have not bought. Leave prospects out, or use LOYALTY_LADDER."
        )


def _open(name: str, source: Any, engine: Any) -> ir.Table:
    schema = _SCHEMAS[name]
    if isinstance(source, Mapping):
        source = open_table(source, schema.relaxed())
    table = read_table(source, schema=schema, engine=_engine_for(source, engine))
    rows = table.rows(engine)
    if name == "answers":
        if "score" not in rows.columns and "nps" in rows.columns:
            rows = rows.rename(score="nps")
        if "score" not in rows.columns:
            raise DataError(f"answers: {unknown_name('column', 'score', rows.columns)}")
    days = [c for c in ("date", "first_contact", "won") if c in rows.columns]
    rows = rows.mutate(**{day: rows[day].cast("date") for day in days})
    _check_order(name, rows)
    return rows


def _engine_for(source: Any, engine: Any) -> Any:
    """Return the log's engine for files, which it may read itself; other sources have their own."""
    import ibis

    frame = isinstance(source, pd.DataFrame | Table | ibis.expr.types.Table)
    own = frame or databases.parse_source(source) is not None
    return None if own or engine.name not in ("duckdb", "pyspark") else engine


def _check_order(name: str, rows: ir.Table) -> None:
    if name == "prospects" and "won" in rows.columns:
        reversed_ = rows.filter(rows.won < rows.first_contact)
        found = int(reversed_.count().to_pandas())
        if found:
            first = first_ids(reversed_.limit(3).to_pandas()["prospect_id"].tolist())
            raise DataError(
                f"prospects: expected won on or after first_contact; found {found:,} before it, "
                f"first {first}. Check which column holds which day."
            )


def _row(table: ir.Table, kind: Any, value: Any = None) -> ir.Table:
    import ibis

    return table.select(
        "customer_id",
        "date",
        kind=ibis.literal(kind) if isinstance(kind, str) else kind.cast("string"),
        value=ibis.null("float64") if value is None else value,
    )


def _contacts(prospects: ir.Table) -> ir.Table:
    person = prospects.prospect_id
    if "customer_id" in prospects.columns:
        person = prospects.customer_id.fill_null(person)
    contacts = prospects.select(customer_id=person, date=prospects.first_contact)
    return _row(contacts, "contact")


def _of_known_people(rows: ir.Table, people: ir.Table, name: str) -> ir.Table:
    """Return the rows, refusing people who are neither in the log nor among the prospects."""
    unknown = rows.anti_join(people, "customer_id")
    found = int(unknown.count().to_pandas())
    if found:
        first = unknown.select("customer_id").distinct().order_by("customer_id").limit(3)
        shown = first_ids(first.to_pandas()["customer_id"].tolist())
        raise DataError(
            f"{name}: {found:,} rows belong to people who are neither in the log nor among "
            f"the prospects, first {shown}. Check the ids, or leave these rows out."
        )
    return rows


def _notes(kinds: set[str], tables: Mapping[str, Any]) -> tuple[str, ...]:
    """Notes on the tables that were not given."""
    notes = []
    if "contact" in kinds and tables.get("prospects") is None:
        notes.append("no prospects were given: people are observed from their first purchase")
    if "answer" in kinds and tables.get("answers") is None:
        notes.append("no answers were given: satisfaction is treated as unknown")
    return tuple(notes)


def _returned(log: TransactionLog) -> tuple[str, ...]:
    """Note how many customers returned all their purchases; they have no event for the rules."""
    if not log.counts.negative:
        return ()
    without_purchase = log.rows.anti_join(log.days, "customer_id").customer_id.nunique()
    found = int(without_purchase.to_pandas())
    words = f"{found:,} customers returned all their purchases and are on no buyer rung"
    return (words,) if found else ()
