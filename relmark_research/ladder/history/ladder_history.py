"""The history of each customer on the ladder, by period: the data of every estimate."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Protocol

import numpy as np
import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import DataError, LadderError, id_text, unknown_name
from relmark_research.ladder.history._period_numbers import (
    agreed_period,
    optional_period,
    period_label,
    read_periods,
)
from relmark_research.ladder.history._states import Move, parse_moves, rank
from relmark_research.ladder.history.engine_spells import EngineSpells
from relmark_research.ladder.history.memory_spells import Clusters, FrameSpells
from relmark_research.tables.read_table import group_values, open_table
from relmark_research.tables.schemas import LADDER_HISTORY
from relmark_research.units import Period


class Spells(Protocol):
    """The counts that a history needs, from memory or from an engine."""

    def moves(self) -> pd.DataFrame: ...  # noqa: D102
    def triples(self) -> pd.DataFrame: ...  # noqa: D102
    def occupancy(self) -> pd.DataFrame: ...  # noqa: D102
    def customers(self) -> int: ...  # noqa: D102
    def clusters(self) -> Clusters: ...  # noqa: D102
    def cohort_moves(self) -> pd.DataFrame: ...  # noqa: D102
    def first_passages(self, start: int, target: int) -> pd.DataFrame: ...  # noqa: D102
    def person_periods(self) -> pd.DataFrame: ...  # noqa: D102
    def states_in(self, period: int) -> pd.DataFrame: ...  # noqa: D102
    def with_column(self, customers: pd.DataFrame, column: str) -> Any: ...  # noqa: D102


@dataclass(frozen=True)
class LadderHistory:
    """A table of customer_id, period, rung, counted where the data lie.

    Attributes
    ----------
    states
        Rungs, lowest first, then the states off the ladder.
    off_ladder
        States off the ladder.
    period
        Calendar period; None if the periods are a bare count.
    first_period, last_period
        Numbers of the first and the last period observed.
    impossible
        Moves that cannot happen.
    notes
        Notes on the data.
    customer_attributes
        Table of customers with a customer_id and their attributes; None if there is none.
    """

    states: tuple[str, ...]
    off_ladder: tuple[str, ...]
    source: Spells = field(repr=False)
    period: Period | None
    first_period: int
    last_period: int
    impossible: tuple[Move, ...] = ()
    notes: tuple[str, ...] = ()
    customer_attributes: pd.DataFrame | None = field(default=None, repr=False)

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        rungs: Sequence[str] | None = None,
        off_ladder: Sequence[str] = (),
        impossible: Iterable[Any] = (),
        period: str | Period | None = None,
    ) -> LadderHistory:
        """Read a table of customer_id, period and rung.

        Parameters
        ----------
        table
            One row per person and period: any source of `read_table`. Periods are whole numbers,
            which stay as they are, or calendar periods: pandas Periods, ISO text (2024Q1, 2024-03)
            or the first day of each, see `Period.parse`.
        rungs
            States in order, lowest first, ``off_ladder`` last; None takes the categories of a
            categorical column, else the order of first appearance.
        off_ladder
            States off the ladder.
        impossible
            Moves that cannot happen.
        period
            Calendar period, as a word, pandas' code (``"Q-JUN"``) or a `Period`; None takes it
            from calendar periods in the table.

        Raises
        ------
        LadderError
            For an unknown rung, a rung that nobody reaches, or a single period.
        DataError
            If a column is missing, a period cannot be read, or a person is on two rungs in one
            period.
        ParameterError
            If ``period`` is not the period of the table.

        Examples
        --------
        >>> rows = {"customer_id": [1, 1], "period": ["2024Q1", "2024Q2"], "rung": ["x", "y"]}
        >>> LadderHistory.from_table(pd.DataFrame(rows))
        <LadderHistory: quarters 2024Q1 to 2024Q2; rungs x, y>
        """
        given = optional_period(period)
        if isinstance(table, LadderHistory):
            agreed = agreed_period(table.period, given)
            return table if agreed == table.period else replace(table, period=agreed)
        table = _read(table)
        if len(table) == 0:
            raise DataError("a history needs people on rungs; the table has no rows.")
        states = _states(table["rung"], rungs)
        numbers, calendar = read_periods(table["period"], given)
        spells = _spells(table, numbers, states)
        first, last = int(spells.period.min()), int(spells.period.max())
        if first == last:
            raise LadderError(
                "a move needs two periods; the history has a single one "
                f"({table['period'].iloc[0]}). Use shorter periods or longer data."
            )
        notes = (f"{spells.gaps:,} gaps in people's periods, over which no move is counted",)
        return cls(
            states=states,
            off_ladder=tuple(off_ladder),
            source=spells,
            period=calendar,
            first_period=first,
            last_period=last,
            impossible=parse_moves(impossible, states),
            notes=notes if spells.gaps else (),
            customer_attributes=table.drop(columns=["period", "rung"]).drop_duplicates(
                "customer_id"
            ),
        )

    @property
    def rank(self) -> np.ndarray:
        """Rank of each state: rungs 0, 1, ...; states off the ladder -1, -2, ..."""
        return rank(self.states, self.off_ladder)

    def customers(self) -> int:
        """Return the number of people."""
        return self.source.customers()

    def occupancy(self) -> pd.DataFrame:
        """Return the number of people on each rung at the end of each period.

        Returns
        -------
        DataFrame
            Index: the period's name; a column per state.
        """
        found = self.source.occupancy()
        table = found.pivot(index="period", columns="state", values="n")
        span = range(self.first_period, self.last_period + 1)
        table = table.reindex(index=span, columns=range(len(self.states))).fillna(0).astype(int)
        table.columns = pd.Index(self.states, name="rung")
        return table.set_axis(
            pd.Index([period_label(i, self.period) for i in table.index], name="period")
        )

    def latest(self) -> pd.Series:
        """Return the number of people on each rung at the end of the last period."""
        return self.occupancy().iloc[-1].rename("customers")

    def current_rungs(self) -> pd.Series:
        """Return the rung of every person at the end of the last period, by customer_id.

        Examples
        --------
        >>> rows = {"customer_id": ["a", "a"], "period": ["2024Q1", "2024Q2"], "rung": ["x", "y"]}
        >>> LadderHistory.from_table(pd.DataFrame(rows)).current_rungs().to_dict()
        {'a': 'y'}
        """
        rows = self.source.states_in(self.last_period)
        rung = pd.Categorical.from_codes(rows["state"].to_numpy(int), pd.Index(self.states))
        return pd.Series(rung, index=pd.Index(rows["customer_id"], name="customer_id"), name="rung")

    def to_pandas(self) -> pd.DataFrame:
        """Return customer_id, period, rung of every person in memory, sorted."""
        rows = self.source.person_periods()
        rung = pd.Categorical.from_codes(rows["state"].to_numpy(int), pd.Index(self.states))
        return rows.drop(columns="state").assign(rung=rung)

    def with_customers(self, customers: Any) -> LadderHistory:
        """Return the history with a table of the customers' attributes: a source of `read_table`.

        Raises
        ------
        DataError
            If the table has no customer_id, or repeats one.
        """
        text = self._has_text_ids()
        read = open_table(customers, "customers")
        if not text and isinstance(customers, pd.DataFrame) and "customer_id" in customers:
            read = read.assign(customer_id=customers["customer_id"])
        return replace(self, customer_attributes=read)

    def split(self, column: str) -> dict[str, LadderHistory]:
        """Return the history of each segment; a blank segment is "not known".

        People who are not in the table of customers are in no segment.
        """
        if self.customer_attributes is None:
            raise LadderError(
                f"to split by {column!r} the history needs a table of customers: "
                "history.with_customers(table)."
            )
        if column not in self.customer_attributes.columns:
            raise DataError(
                f"customers: {unknown_name('column', column, self.customer_attributes.columns)}"
            )
        groups = {column: group_values(self.customer_attributes[column])}
        customers = self.customer_attributes.assign(**groups)
        parts = self.source.with_column(customers, column).by_segment(column)
        return {
            name: replace(self, source=part, customer_attributes=None)
            for name, part in parts.items()
        }

    def __repr__(self) -> str:
        return f"<LadderHistory: {self._span()}; rungs {', '.join(self.states)}>"

    def _repr_html_(self) -> str:
        return html_table(f"LadderHistory: {self._span()}", self.latest().items())

    def _has_text_ids(self) -> bool:
        """Whether customers have text ids, as those of a log are."""
        source = self.source
        if isinstance(source, FrameSpells):
            return len(source.ids) > 0 and isinstance(source.ids[0], str)
        return isinstance(source, EngineSpells)

    def _span(self) -> str:
        first, last = (period_label(i, self.period) for i in (self.first_period, self.last_period))
        return f"{self.period or 'period'}s {first} to {last}"


def _read(table: Any) -> pd.DataFrame:
    """Return a history's table; whole numbers stay ids as they are, other ids become text."""
    columns = tuple(c for c in LADDER_HISTORY.columns if not _read_as_it_is(table, c.name))
    schema = replace(LADDER_HISTORY, columns=columns, key=())
    read = open_table(table, schema)
    for column in LADDER_HISTORY.names:
        if column not in read.columns:
            raise DataError(f"history: {unknown_name('column', column, read.columns)}")
    return read


def _read_as_it_is(table: Any, name: str) -> bool:
    """Whether a column of a frame is read as it is: whole numbers as ids, categories as rungs."""
    if not isinstance(table, pd.DataFrame) or name not in table:
        return False
    kept = isinstance(table[name].dtype, pd.CategoricalDtype) and name == "rung"
    return kept or (name == "customer_id" and table[name].dtype.kind in "iu")


def _states(found: pd.Series, rungs: Sequence[str] | None) -> tuple[str, ...]:
    if found.isna().any():
        raise LadderError(
            f"every row of a history needs a rung; found {int(found.isna().sum()):,} without, "
            f"first in row {int(np.argmax(found.isna()))}."
        )
    categories = isinstance(found.dtype, pd.CategoricalDtype)
    known = [str(name) for name in (found.cat.categories if categories else found.unique())]
    if rungs is None:
        return tuple(known)
    used = [str(name) for name in found.unique()]
    for name in used:
        if name not in rungs:
            raise LadderError(unknown_name("rung", name, rungs))
    return tuple(map(str, rungs))


def _spells(table: pd.DataFrame, period: np.ndarray, states: Sequence[str]) -> FrameSpells:
    person, ids = pd.factorize(table["customer_id"].to_numpy(), sort=True)
    codes = {name: k for k, name in enumerate(states)}
    state = table["rung"].astype(str).map(codes).to_numpy(np.int64)
    order = np.lexsort((period, person))
    person, period, state = person[order], period[order], state[order]
    repeated = (person[1:] == person[:-1]) & (period[1:] == period[:-1])
    if repeated.any():
        at = int(np.argmax(repeated))
        (who,) = ids[person[at : at + 1]].tolist()
        raise DataError(
            f"a person is on one rung per period; found {int(repeated.sum()):,} repeated, first "
            f"{id_text(who)} in period {table['period'].iloc[order[at]]}."
        )
    return FrameSpells(person, period, state, len(states), np.asarray(ids))
