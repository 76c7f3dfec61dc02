"""Everything that happened to anybody, from up to four tables, as one stream in the log's engine.

The stream has customer_id, date, kind and value. Prospects who were won go under their customer's
id, so that a person is one person.
"""

from __future__ import annotations

from collections.abc import Mapping
from functools import reduce
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research.customers.log import datasets
from relmark_research.errors import DataError, LadderError, unknown_name
from relmark_research.tables.sources import open_source

if TYPE_CHECKING:
    import ibis.expr.types as ir

    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.ladder.history.ladder import LoyaltyLadder

COLUMNS = {
    "events": ("customer_id", "date", "kind"),
    "prospects": ("prospect_id", "first_contact"),
    "answers": ("customer_id", "date", "score"),
}
SAMPLE = "sample:"  # a table of the bundled firm is named "sample:events"


def read_table(source: Any) -> pd.DataFrame:
    """Return a small table in memory: a DataFrame, a CSV or Parquet file, or ``"sample:name"``."""
    if isinstance(source, pd.DataFrame):
        return source
    if str(source).startswith(SAMPLE):
        return datasets.load_sample(str(source).removeprefix(SAMPLE))
    return open_source.open_source(source, separator=None).to_pandas()


def stream(
    ladder: LoyaltyLadder, log: TransactionLog, given: Mapping[str, Any]
) -> tuple[ir.Table, tuple[str, ...]]:
    """Return customer_id, date, kind, value of all that the ladder looks at, and notes."""
    _check_given(ladder, given)
    engine = log.rows.get_backend()
    found = {name: _open(name, source, engine) for name, source in given.items()
             if source is not None}  # fmt: skip
    parts = [_row(log.days, "purchase")]
    if "prospects" in found and "contact" in ladder.kinds:
        parts.append(_contacts(found["prospects"]))
    known = [part.select("customer_id") for part in parts[1:]]
    people = reduce(lambda a, b: a.union(b), known, log.rows.select("customer_id"))
    if "events" in found:
        rows = found["events"]
        rows = rows.filter(rows.kind.isin(sorted(ladder.kinds)))
        parts.append(_known(_row(rows, rows.kind), people, "events"))
    if "answers" in found:
        rows = found["answers"]
        answered = _row(rows, "answer", rows.score)
        parts.append(_known(answered, people, "answers"))
    everything = reduce(lambda a, b: a.union(b), parts)
    return everything, (*_notes(ladder, given), *_returned(log))


def _check_given(ladder: LoyaltyLadder, given: Mapping[str, Any]) -> None:
    homes = {"purchase": "", "contact": "prospects", "answer": "answers"}
    for kind in sorted(ladder.kinds):
        table = homes.get(kind, "events")
        optional = kind in ("contact", "answer")  # nobody was met, nobody asked: still a ladder
        if table and given.get(table) is None and not optional:
            rungs = [
                state for state in ladder.states
                if any(kind in ladder.evidence[name].of for name in ladder.rules[state].names)  # type: ignore[index]
            ]  # fmt: skip
            raise LadderError(
                f"nobody can reach {', '.join(rungs)}: the rules need events of kind {kind!r}, but "
                f"no {table} were given. Hand in {table}=..., or climb with "
                "relmark_research.PURCHASE_LADDER, which needs purchases only."
            )
    if given.get("prospects") is not None and "contact" not in ladder.kinds:
        raise LadderError(
            "prospects were given, but no rule of this ladder speaks of contacts, so that there is "
            "no rung for who has not bought. Leave prospects out, or take LOYALTY_LADDER."
        )


def _open(name: str, source: Any, engine: Any) -> ir.Table:
    import ibis

    if isinstance(source, str) and source.startswith(SAMPLE):
        source = datasets.load_sample(source.removeprefix(SAMPLE))
    table = open_source.open_source(source, separator=None, engine=engine)
    if name == "answers" and "score" not in table.columns and "nps" in table.columns:
        table = table.rename(score="nps")
    for column in COLUMNS[name]:
        if column not in table.columns:
            raise DataError(f"{name}: {unknown_name('column', column, table.columns)}")
    days = [c for c in ("date", "first_contact", "won") if c in table.columns]
    ids = [c for c in ("customer_id", "prospect_id") if c in table.columns]
    made: dict[str, Any] = {c: table[c].cast("string") for c in ids}
    made |= {c: _day(table[c]) for c in days}
    if name == "answers":
        made["score"] = table.score.cast("float64")
    read = table.mutate(**made)
    if isinstance(source, ibis.expr.types.Table) and source.get_backend() is not engine:
        read = engine.create_table(ibis.util.gen_name(name), read.to_pyarrow(), temp=True)
    _check_days(name, read, COLUMNS[name][1])
    return read


def _day(column: ir.Column) -> ir.Value:
    return column.try_cast("date") if column.type().is_string() else column.cast("date")


def _check_days(name: str, rows: ir.Table, day: str) -> None:
    unread = rows.filter(rows[day].isnull() | rows[COLUMNS[name][0]].isnull())
    found = int(unread.count().to_pandas())
    if found:
        first = unread.limit(3).to_pandas()[COLUMNS[name][0]].tolist()
        raise DataError(
            f"{name}: expected an id and a day such as 2024-03-31 in {day!r} of every row; found "
            f"{found:,} without, first for {first}."
        )
    if name == "prospects" and "won" in rows.columns:
        back = rows.filter(rows.won < rows.first_contact)
        found = int(back.count().to_pandas())
        if found:
            first = back.limit(3).to_pandas()["prospect_id"].tolist()
            raise DataError(
                f"prospects: time runs backwards for {found:,}: won before the first contact, "
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
    met = prospects.select(customer_id=person, date=prospects.first_contact)
    return _row(met, "contact")


def _known(rows: ir.Table, people: ir.Table, name: str) -> ir.Table:
    """The rows, if they are of people whom the log or the prospects know."""
    strange = rows.anti_join(people, "customer_id")
    found = int(strange.count().to_pandas())
    if found:
        first = strange.select("customer_id").distinct().order_by("customer_id").limit(3)
        shown = first.to_pandas()["customer_id"].tolist()
        raise DataError(
            f"{name}: {found:,} rows are of people who are neither in the log nor among the "
            f"prospects, first {shown}. Check the ids, or leave these rows out."
        )
    return rows


def _notes(ladder: LoyaltyLadder, given: Mapping[str, Any]) -> tuple[str, ...]:
    """What a reader must know of what was not given."""
    notes = []
    if "contact" in ladder.kinds and given.get("prospects") is None:
        notes.append("no prospects were given: people are seen from their first purchase on")
    if "answer" in ladder.kinds and given.get("answers") is None:
        notes.append("no answers were given: satisfaction counts as unknown")
    return tuple(notes)


def _returned(log: TransactionLog) -> tuple[str, ...]:
    """Say how many customers have returned all that they bought: no rule sees them."""
    if not log.checks.negative:
        return ()
    nobody = log.rows.anti_join(log.days, "customer_id").customer_id.nunique()
    found = int(nobody.to_pandas())
    words = f"{found:,} customers returned all that they bought and stand on no rung of buyers"
    return (words,) if found else ()
