"""The spend ledger: a firm's books by period, with whatever columns it has.

One row per period, and per segment or channel if there are several; rows of the segment ``all``
hold what is known of the firm only. Cells may be blank and periods missing. `SpendLedger` checks
the ledger once; `book_flow`, `books_value`, `unit_costs` and `spending_position` use it.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import Any, Literal

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.response.binomial_data import BinomialData
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.read_table import group_values, open_table, read_table
from relmark_research.tables.schemas import BOOKS, Column
from relmark_research.units import Day, Period, as_date

Purpose = Literal["acquisition", "retention"]
PURPOSES: tuple[Purpose, Purpose] = ("acquisition", "retention")

COLUMNS: dict[Purpose, tuple[str, str, str]] = {
    "acquisition": ("acquisition_spend", "prospects_reached", "customers_won"),
    "retention": ("retention_spend", "customers_at_risk", "customers_kept"),
}
"""Spend (money of the period), number of people it was spent on, and successes, by purpose."""

SPLIT = tuple(name for names in COLUMNS.values() for name in names)
"""The columns of a firm that knows both spends and everyone they were spent on."""
STOCKS = ("opening_customers", "closing_customers")
LEVELS = ("price",)
NUMBERS = tuple(column.name for column in BOOKS.columns if column.type == "number")
"""Every column of numbers that a ledger may have."""
_USEFUL = ("customers_won", "customers_lost", "closing_customers", "customers_kept")
_COUNTS = (
    "prospects_reached", "customers_won", "customers_at_risk", "customers_kept", "customers_lost",
    *STOCKS, "active_customers",
)  # fmt: skip
_TOTALS = ("all", "total", "sum", "firm", "company")
_CLOSE = 0.85  # similarity of names from which a column is taken to be misspelt
_MANY = 100  # customers in one column, beside which numbers below 1 are shares
ALL = "all"


@short_repr
@dataclass(frozen=True, repr=False)
class SpendLedger:
    """A checked spend ledger.

    Attributes
    ----------
    table
        period, segment and the columns of numbers that the source has, sorted by segment and
        period; missing where not known.
    period
        Period of the books.
    restated
        Number of rows that a later publication replaced.
    misspelt
        Columns of the source that were not read, each with the column whose name it nearly has.
    """

    table: pd.DataFrame
    period: Period
    restated: int = 0
    misspelt: tuple[tuple[str, str], ...] = ()

    @classmethod
    def from_table(
        cls,
        table: Any,
        *,
        by: str | None = None,
        period: str = "quarter",
        names: Mapping[str, str] | None = None,
    ) -> SpendLedger:
        """Check a table and return it as a spend ledger.

        Parameters
        ----------
        table
            Any of the columns of the schema ``books``, at least customers_won, customers_lost,
            customers_kept or closing_customers; what each is needed for is in the schema (``relmark
            tables books``). Or the path of a CSV or Parquet file, ``"sample:books"``, or a mapping
            of source, columns and options as in a recipe.
        by
            Column of the segment or channel; None if there is none, ``""`` for ``channel`` if the
            table has it. Rows named ``all`` hold columns that are known of the firm only.
        period
            Column of the period: ``2024Q1``, ``2024-03``, ``2024``, or the first day of each,
            as ISO text; pandas Periods for a fiscal calendar (``Q-JUN``).
        names
            Mapping of our column names to the table's own, for columns with other names.

        Raises
        ------
        DataError
            If no column counts customers, a period is duplicated without a date of publication, a
            number is negative, successes exceed the number of people, all periods are one longer
            period apart, or a segment is the sum of the others.

        Examples
        --------
        >>> books = pd.DataFrame({"quarter": ["2024Q1", "2024Q2"], "customers_won": [70, 90],
        ...                       "customers_lost": [40, 50], "closing_customers": [1030, 1070]})
        >>> ledger = SpendLedger.from_table(books)
        >>> ledger.period.name, ledger.has("customers_lost"), ledger.has("marketing_spend")
        ('quarter', True, False)
        """
        if isinstance(table, SpendLedger):
            return table
        schema = BOOKS.with_columns(_period_and_segment(period, by))
        if isinstance(table, Mapping):
            renamed = open_table(table, schema)
        else:
            renamed = read_table(table, schema=schema, columns=names).frame
        if len(renamed) == 0:
            raise DataError("the spend ledger must have at least one period; found no rows.")
        if by == "":
            by = "channel" if "channel" in renamed else None
        plain = _plain(renamed, period, by)
        plain, restated = _latest(plain)
        _check_counts(plain)
        _check_shares(plain)
        _check_periods(plain, "channel" if by is None and "channel" in renamed else None)
        _check_firm_rows(plain)
        _check_sums(plain)
        unit = _period_of(plain["period"])
        _check_spacing(plain, unit)
        return cls(plain, unit, restated, _misspelt(renamed.columns, plain, {period, by}))

    @property
    def periods_per_year(self) -> int:
        """Number of periods in a year."""
        return round(self.period.per_year)

    def has(self, *columns: str) -> bool:
        """Return whether each of the columns has a value in at least one period."""
        return all(name in self.table and self.table[name].notna().any() for name in columns)

    def require(self, *columns: str, purpose: str) -> None:
        """Raise DataError where a column is missing, with what it is needed for."""
        missing = [name for name in columns if not self.has(name)]
        if missing:
            found = [name for name in NUMBERS if self.has(name)]
            raise DataError(
                f"{purpose} needs {', '.join(missing)}; the books have {', '.join(found)}. Add "
                "the columns, or use books_value, which works without them."
            )

    @property
    def missing_periods(self) -> list[str]:
        """Periods between the first and the last in which no segment has a row."""
        periods = pd.PeriodIndex(self.table["period"])
        expected = pd.period_range(periods.min(), periods.max())
        return [str(period) for period in expected.difference(periods)]

    def firm(self) -> pd.DataFrame:
        """Return one row per period: sums over the segments; the rows of ``all`` where given.

        A sum is missing where a segment that has the column in other periods is blank. The price
        level is the mean.
        """
        held = [name for name in NUMBERS if self.has(name)]
        columns = {}
        for name in held:
            known = self.table[self.table["segment"].isin(self._with(name))]
            groups = known.groupby("period")[name]
            whole = groups.count() == known["segment"].nunique()
            total: pd.Series = groups.mean() if name in LEVELS else groups.sum()
            columns[name] = total.where(whole)
        return pd.DataFrame(columns).sort_index().rename_axis("period")

    def _with(self, name: str) -> list[str]:
        """Segments that have a column."""
        rows = self.table[self.table[name].notna()]
        return list(rows["segment"].unique())

    @property
    def segments(self) -> list[str]:
        """Names of the segments, in order; without the firm's own rows beside them."""
        names = list(self.table["segment"].unique())
        return [name for name in names if name != ALL] or names

    def until(self, day: Day | None) -> SpendLedger:
        """Return the periods completed by ``day``; None returns all."""
        if day is None:
            return self
        last = pd.Timestamp(as_date(day, name="until"))
        complete = self.table["period"].dt.end_time.dt.normalize() <= last
        if not complete.any():
            raise DataError(
                f"no period of the ledger is complete by {last:%Y-%m-%d}; the first period is "
                f"{self.table['period'].min()}. Use a later day."
            )
        return replace(self, table=self.table[complete].reset_index(drop=True))

    def recent(self, periods: int | None) -> SpendLedger:
        """Return the most recent periods, this many; None returns all."""
        last = self.table["period"].drop_duplicates().sort_values()
        if periods is None:
            return self
        if periods not in range(1, len(last) + 1):
            raise ParameterError(
                f"recent must be a number of periods from 1 to the {len(last)} of the ledger; "
                f"found {periods!r}."
            )
        return self.at(pd.Index(last.iloc[-int(periods) :]))

    def at(self, periods: pd.Index) -> SpendLedger:
        """Return these periods of the ledger."""
        chosen = self.table["period"].isin(periods)
        return replace(self, table=self.table[chosen].reset_index(drop=True))

    def totals(self) -> pd.DataFrame:
        """Return the sums over all periods by segment, with the total as the last row.

        Numbers of customers at the start and the end of a period, and prices, have no sum.
        """
        names = [n for n in NUMBERS if n in self.table and n not in STOCKS + LEVELS]
        groups = self.table.groupby("segment", sort=False)[names]
        sums = groups.sum(min_count=1).reindex(self.segments)
        if list(sums.index) == [ALL]:
            return sums
        total = self.table[names].sum(min_count=1)
        return pd.concat([sums, total.to_frame(ALL).T.rename_axis("segment")])

    def binomial_data(self, segment: str, purpose: Purpose) -> BinomialData:
        """Return spend per head, successes and trials of one segment, for periods that have all."""
        spend, people, successes = COLUMNS[purpose]
        rows = self._rows_of(segment, purpose)
        per_head = rows[spend] / rows[people]
        return BinomialData(per_head, rows[successes], rows[people])  # type: ignore[arg-type]

    def periods_of(self, segment: str, purpose: Purpose) -> pd.PeriodIndex:
        """Return the periods of `binomial_data`."""
        return pd.PeriodIndex(self._rows_of(segment, purpose)["period"])

    def _rows_of(self, segment: str, purpose: Purpose) -> pd.DataFrame:
        _, people, _ = columns = COLUMNS[purpose]
        rows = self.table[(self.table["segment"] == segment) & (self.table[people] > 0)]
        return rows.dropna(subset=list(columns))

    def _summary(self) -> dict[str, object]:
        period = self.table["period"]
        money = [name for name in NUMBERS if name.endswith("_spend") and self.has(name)]
        return {
            "segments": len(self.segments),
            "periods": period.nunique(),
            "first": str(period.min()),
            "last": str(period.max()),
            **{name.replace("_", " "): self.table[name].sum() for name in money},
        }


def _period_and_segment(period: str, by: str | None) -> list[Column]:
    """Return the columns of the period and of the segment under the user's names."""
    columns = [Column(period, "period", "the period", required=True)]
    return columns + ([Column(by, "choice", "channel or segment", required=True)] if by else [])


def _plain(frame: pd.DataFrame, period: str, by: str | None) -> pd.DataFrame:
    """Return period, segment, date of publication and the known numbers, sorted."""
    segment = group_values(frame[by]).astype(str) if by else pd.Series(ALL, index=frame.index)
    plain = pd.DataFrame({"period": Period.parse(frame[period]), "segment": segment.to_numpy()})
    for name in NUMBERS:
        if name in frame:
            plain[name] = frame[name].astype(float).to_numpy()
    if not any(name in plain and plain[name].notna().any() for name in _USEFUL):
        raise DataError(
            f"the books must count customers: at least one of {', '.join(_USEFUL)}; found "
            f"{', '.join(map(str, frame.columns))}. Name the columns that do: columns={{ours: "
            f"theirs}}.{_suggestions(_misspelt(frame.columns, plain, {period, by}))}"
        )
    if "published" in frame:
        plain["published"] = pd.to_datetime(frame["published"]).to_numpy()
    return plain.sort_values(["segment", "period"], ignore_index=True)


def _latest(table: pd.DataFrame) -> tuple[pd.DataFrame, int]:
    """Return the last publication of each row, and how many rows it replaced."""
    if "published" not in table:
        return table, 0
    order = table.sort_values("published", kind="stable", na_position="first")
    key = ["segment", "period"]
    same = order.duplicated([*key, "published"], keep=False)
    _refuse(order, same, "each period must be published once a day", [])
    latest = order.drop_duplicates(key, keep="last").drop(columns="published")
    latest = latest.sort_values(key, ignore_index=True)
    return latest, len(table) - len(latest)


def _period_of(periods: pd.Series) -> Period:
    """Return the period of the books, refusing weeks and days."""
    frequency = pd.PeriodIndex(periods).freqstr
    if frequency[0] not in "MQY":
        raise DataError(f"periods must be months, quarters or years; found {periods.dtype}.")
    return Period.of(frequency)


def _check_counts(table: pd.DataFrame) -> None:
    for name in NUMBERS:
        if name in table:
            _refuse(table, table[name] < 0, f"{name} must be 0 or more", [name])
    for spend, people, successes in COLUMNS.values():
        if people in table and successes in table:
            over = table[successes] > table[people]
            _refuse(table, over, f"{successes} must not exceed {people}", [successes, people])
        if people in table and spend in table:
            idle = (table[people] == 0) & (table[spend] > 0)
            _refuse(table, idle, f"{spend} needs {people} above 0", [spend, people])
    if {"active_customers", "customers_won"} <= set(table):
        over = table["customers_won"] > table["active_customers"]
        shown = ["customers_won", "active_customers"]
        _refuse(table, over, "customers_won must not exceed active_customers", shown)


def _check_shares(table: pd.DataFrame) -> None:
    """Refuse a column of customers that holds rates, such as a churn rate for customers lost."""
    counts = table[[name for name in _COUNTS if name in table]]
    if not counts.max().max() >= _MANY:
        return
    for name in counts:
        known = counts[name][counts[name] > 0]
        if len(known) and known.max() < 1:
            rule = f"{name} must count customers, in the unit of the other columns, not be a rate"
            _refuse(table, table[name] > 0, rule, [str(name)])


def _misspelt(
    columns: pd.Index, plain: pd.DataFrame, named: set[str | None]
) -> tuple[tuple[str, str], ...]:
    """Return columns that are not read, with the one of ours that each is close to."""
    known = [name for name in (*NUMBERS, "published") if name not in plain]
    found = []
    for column in map(str, columns):
        if column in plain or column in named or column in (*NUMBERS, "published"):
            continue
        plainly = "_".join(column.lower().replace("-", " ").split())
        near = get_close_matches(plainly, known, n=1, cutoff=_CLOSE)
        found += [(column, name) for name in near]
    return tuple(found)


def _suggestions(misspelt: tuple[tuple[str, str], ...]) -> str:
    """Return the columns that may be meant, as a sentence."""
    meant = ", ".join(f"{ours!r} by {theirs!r}" for theirs, ours in misspelt)
    return f" Did you mean {meant}?" if meant else ""


def _check_spacing(table: pd.DataFrame, unit: Period) -> None:
    """Refuse periods that are all one longer period apart: quarters that stand for years."""
    periods = pd.PeriodIndex(table["period"].drop_duplicates().sort_values())
    gaps = set(np.diff(periods.astype("int64").to_numpy()).tolist())
    longer = {unit.per_year / Period(name).per_year: name for name in ("quarter", "year")}
    name = longer.get(gaps.pop()) if len(gaps) == 1 else None
    if name is not None and name != unit.name:
        raise DataError(
            f"the periods are {unit.name}s that are all a {name} apart; found "
            f"{', '.join(map(str, periods[:3]))}. If each row is a {name}, write the {name}s "
            f"({'2024' if name == 'year' else '2024Q1'}); if it is a {unit.name}, add rows for the "
            "others, with blank cells where nothing is known."
        )


def _check_sums(table: pd.DataFrame) -> None:
    """Refuse a segment that is the sum of the others, which would count every customer twice."""
    names = [name for name in NUMBERS if name in table and name not in LEVELS]
    segments = list(table["segment"].unique())
    if len(segments) < 2 or ALL in segments:
        return
    wide = table.pivot(index="period", columns="segment", values=names)
    for segment in segments:
        own = wide.xs(segment, axis=1, level="segment")
        rest = wide.drop(columns=segment, level="segment").T.groupby(level=0).sum(min_count=1).T
        known = own.notna() & rest[own.columns].notna()
        is_sum = np.isclose(own, rest[own.columns], rtol=1e-9, atol=0) | ~known
        has_numbers = (own.where(known) > 0).to_numpy().any()
        if is_sum.to_numpy().all() and has_numbers and _is_total(str(segment), segments):
            raise DataError(
                f"segments must not contain each other; found {segment!r}, whose numbers are the "
                "sum of the others in every period. Leave its rows out."
            )


def _is_total(segment: str, segments: list[str]) -> bool:
    """Two segments may be equal by chance; one of them is a total only by its name."""
    return len(segments) > 2 or segment.strip().lower() in _TOTALS


def _check_periods(table: pd.DataFrame, by: str | None) -> None:
    twice = table.duplicated(["segment", "period"], keep=False)
    rule = "each period must occur once per segment (or have the column published)"
    if by is not None:
        rule += f". The table has a column {by}: name it with by={by!r}"
    _refuse(table, twice, rule, [])


def _check_firm_rows(table: pd.DataFrame) -> None:
    """Refuse a column that the firm's own rows and those of its segments both have."""
    firm = table["segment"] == ALL
    if firm.all() or not firm.any():
        return
    for name in NUMBERS:
        if name in table and table.loc[firm, name].notna().any():
            double = ~firm & table[name].notna()
            rule = f"{name} must be given for the firm ({ALL!r}) or by segment, not both"
            _refuse(table, double, rule, [name])


def _refuse(table: pd.DataFrame, wrong: pd.Series, rule: str, shown: list[str]) -> None:
    """Raise DataError with the first wrong row."""
    if wrong.any():
        first = table[wrong].iloc[0]
        numbers = ", ".join(f"{name} {first[name]:,.10g}" for name in shown)
        where = str(first["period"]) + ("" if first["segment"] == ALL else f", {first['segment']}")
        raise DataError(
            f"{rule}; {int(wrong.sum())} of {len(table)} rows break this, first: {where}"
            f"{': ' + numbers if numbers else ''}. Correct the ledger."
        )
