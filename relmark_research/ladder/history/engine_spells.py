"""Spells in the engine: counted where the data lie.

A spell is a customer, a rung (its code), and the first and last period of an unbroken stay. The
engine returns one row per distinct pattern with a count. A stay of n periods holds n - 1 moves from
the rung to itself; the change to the next spell is one more move.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.ladder.history.memory_spells import Clusters, clusters_of_rows, expand_periods

if TYPE_CHECKING:
    import ibis.expr.types as ir

N_GROUPS = 4096  # of customers, the clusters of the bootstrap for a large base
MAX_CUSTOMERS = 50_000  # above which the bootstrap resamples groups of customers


@dataclass(frozen=True)
class EngineSpells:
    """The spells of a lazy table: customer_id, rung (int8), start, end (periods, both within).

    Parameters
    ----------
    spells
        Lazy table without gaps: a customer's next spell starts in the period after the last.
    states
        Number of states.
    column
        Name of a column of `spells` with the segment; None for none.
    """

    spells: ir.Table
    states: int
    column: str | None = None

    @cached_property
    def stored(self) -> Any:
        """The spells, computed once in the engine; dropped with this object."""
        return self.spells.cache()

    @cached_property
    def patterns(self) -> pd.DataFrame:
        """Distinct spells with what follows: rung, start, end, next, next_short, third, n."""
        import ibis

        w = ibis.window(group_by="customer_id", order_by="start")
        spells = self.stored
        placed = spells.select(
            "rung", "start", "end",
            next=spells.rung.lead(1).over(w),
            next_short=(spells.end == spells.start).lead(1).over(w),
            third=spells.rung.lead(2).over(w),
        )  # fmt: skip
        keys = ["rung", "start", "end", "next", "next_short", "third"]
        return placed.group_by(keys).aggregate(n=placed.count()).to_pandas()

    def moves(self) -> pd.DataFrame:
        """Return period (of departure), origin, destination, n."""
        return _summed(_moves_of(self.patterns), ["period", "origin", "destination"])

    def triples(self) -> pd.DataFrame:
        """Return first, second, third, n: states of three successive periods."""
        f = self.patterns
        length, n = (f["end"] - f["start"] + 1).to_numpy(), f["n"].to_numpy()
        a = f["rung"].to_numpy(int)
        b = f["next"].fillna(-1).to_numpy(int)
        c = f["third"].fillna(-1).to_numpy(int)
        short = f["next_short"].fillna(False).to_numpy(bool)
        parts = [
            (a, a, a, n * np.maximum(length - 2, 0)),
            (a, a, b, n * ((length >= 2) & (b >= 0))),
            (a, b, b, n * ((b >= 0) & ~short)),
            (a, b, c, n * (short & (c >= 0))),
        ]
        table = pd.concat(
            pd.DataFrame(dict(zip(("first", "second", "third", "n"), part, strict=True)))
            for part in parts
        )
        table = table[table["n"] > 0]
        return _summed(table, ["first", "second", "third"])

    def occupancy(self) -> pd.DataFrame:
        """Return period, state, n: people in each state at the end of each period."""
        found = self.patterns
        rows = expand_periods(found, found["start"], found["end"])
        return _summed(rows.rename(columns={"rung": "state"}), ["period", "state"])

    def customers(self) -> int:
        """Return the number of people."""
        return int(self.stored.customer_id.nunique().to_pandas())

    def clusters(self) -> Clusters:
        """Return counts of moves by person, or by group of people for a large base."""
        import ibis

        spells, people = self.stored, self.customers()
        w = ibis.window(group_by="customer_id", order_by="start")
        held = spells.select(
            "customer_id", "rung", next=spells.rung.lead(1).over(w),
            stays=(spells.end - spells.start).cast("int64"),
        )  # fmt: skip
        if people > MAX_CUSTOMERS:
            unit = (held.customer_id.hash() % N_GROUPS).abs()
            held = held.mutate(customer_id=unit)
        counted = held.group_by("customer_id", "rung", "next").aggregate(
            stays=held.stays.sum(),
            changes=held.next.notnull().sum(),  # noqa: PD004  (Ibis)
        )
        return clusters_of_rows(counted.to_pandas(), self.states)

    def cohort_moves(self) -> pd.DataFrame:
        """Return entered (first period of a person), period, origin, destination, n."""
        import ibis

        w = ibis.window(group_by="customer_id", order_by="start")
        by_customer = ibis.window(group_by="customer_id")
        spells = self.stored
        placed = spells.select(
            "rung", "start", "end",
            next=spells.rung.lead(1).over(w), entered=spells.start.min().over(by_customer),
        )  # fmt: skip
        keys = ["entered", "rung", "start", "end", "next"]
        found = placed.group_by(keys).aggregate(n=placed.count()).to_pandas()
        return _summed(_moves_of(found), ["entered", "period", "origin", "destination"])

    def first_passages(self, start: int, target: int) -> pd.DataFrame:
        """Return duration, reached, n: from the first period in ``start`` to the first in ``target``.

        People who were in the target before, or never in the start, are left out. Without an
        arrival the duration runs to the person's last period (censored).
        """  # noqa: E501
        spells = self.stored
        person = spells.group_by("customer_id").aggregate(
            entered=spells.start.min(where=spells.rung == start),
            arrived=spells.start.min(where=spells.rung == target),
            last=spells.end.max(),
        )
        valid = person.filter(  # a null is neither
            (person.entered >= 0) & ~(person.arrived <= person.entered).fill_null(False)
        )
        waited = valid.select(
            duration=valid.arrived.fill_null(valid["last"]) - valid.entered,
            reached=(valid.arrived >= 0).fill_null(False),
        )
        keys = ["duration", "reached"]
        return waited.group_by(keys).aggregate(n=waited.count()).order_by(keys).to_pandas()

    def person_periods(self) -> pd.DataFrame:
        """Return customer_id, period, state of every customer in memory, sorted."""
        found = self.stored.to_pandas()
        found["n"] = 1
        rows = expand_periods(found, found["start"], found["end"])
        rows = rows.rename(columns={"rung": "state"})[["customer_id", "period", "state"]]
        return rows.sort_values(["customer_id", "period"], ignore_index=True)

    def states_in(self, period: int) -> pd.DataFrame:
        """Return customer_id, state of everyone in one period, sorted."""
        spells = self.stored
        inside = spells.filter((spells.start <= period) & (spells.end >= period))
        rows = inside.select("customer_id", state=inside.rung).to_pandas()
        return rows.sort_values("customer_id", ignore_index=True)

    def with_column(self, customers: pd.DataFrame, column: str) -> EngineSpells:
        """Return the spells with a column of the customers."""
        engine = self.spells.get_backend()
        table = customers[["customer_id", column]].drop_duplicates("customer_id")
        import ibis

        other = engine.create_table(ibis.util.gen_name("customers"), table, temp=True)
        matched = self.stored.join(other, "customer_id", how="left")
        selected = matched.select("customer_id", "rung", "start", "end", column)
        return EngineSpells(selected, self.states, column)

    def by_segment(self, column: str) -> dict[str, EngineSpells]:
        """Return the spells of each segment; people without a segment are left out."""
        values = self.spells[column].cast("string")
        names = self.spells.select(v=values).distinct().drop_null().order_by("v").to_pandas()["v"]
        return {
            name: EngineSpells(self.spells.filter(values == name).drop(column), self.states)
            for name in names
        }


def _moves_of(patterns: pd.DataFrame) -> pd.DataFrame:
    """Return a row per move with period, origin, destination: stays, then the change after each."""
    stays = expand_periods(patterns, patterns["start"], patterns["end"] - 1)
    stays = stays.assign(destination=stays["rung"])
    changes = patterns[patterns["next"].notna()]
    changes = changes.assign(period=changes["end"], destination=changes["next"].astype(int))
    return pd.concat([stays, changes]).rename(columns={"rung": "origin"})


def _summed(rows: pd.DataFrame, keys: list[str]) -> pd.DataFrame:
    """Sum n over equal keys, sorted."""
    return rows.groupby(keys)["n"].sum().reset_index()
