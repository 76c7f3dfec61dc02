"""Covariates that change with time, as a user gives them: values per customer and date."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from relmark_research.clv.covariates.formula import plain_columns
from relmark_research.errors import DataError, first_ids
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_ids

Array = np.ndarray

DATE = "date"
_FEW = 64  # distinct values that are always worth numbering
_MANY = 1 << 40  # combinations of values, from which those that occur are numbered


@dataclass(frozen=True, eq=False)
class DatedTable:
    """Values from a date until the next, sorted by customer and date.

    Attributes
    ----------
    customer
        Position of each row's customer, shape (rows,).
    day
        The date, datetime64 of days.
    code
        Row of ``values`` that each row has.
    values
        The other columns, distinct rows.
    covered
        The day after the last with values.
    """

    customer: Array = field(repr=False)
    day: Array = field(repr=False)
    code: Array = field(repr=False)
    values: pd.DataFrame = field(repr=False)
    covered: np.datetime64

    @classmethod
    def read(cls, table: pd.DataFrame, ids: pd.Index, needed: np.datetime64) -> DatedTable:
        """Read the values of customers.

        Parameters
        ----------
        table
            Columns date, further values and, unless the values are the same for all customers,
            customer_id (or an index of that name).
        ids
            The customers.
        needed
            The last day for which there must be values.

        Raises
        ------
        DataError
            If a customer or a date is missing or repeated, or the values end too early.
        """
        frame = frame_in_memory(table, "covariates")
        if frame.index.name == "customer_id":
            frame = frame.reset_index()
        day = _days(frame)
        covered = _covered(day, needed)
        code, values = _distinct(frame.drop(columns=["customer_id", DATE], errors="ignore"))
        if "customer_id" in frame:
            customer = _positions(frame["customer_id"], ids)
        else:
            customer, size = np.repeat(np.arange(len(ids)), len(frame)), len(ids)
            day, code = np.tile(day, size), np.tile(code, size)
        columns: tuple[Array, ...] = (customer, day, code)
        key = customer * np.int64(1 << 32) + day.astype(np.int64)
        if (np.diff(key) < 0).any():
            order = np.argsort(key, kind="stable")
            key, columns = key[order], tuple(column[order] for column in columns)
        if (customer < 0).any():
            known = columns[0] >= 0
            key, columns = key[known], tuple(column[known] for column in columns)
        customer, day, code = columns
        _refuse_repeated(key, customer, day, ids)
        return cls(customer, day, code, plain_columns(values), covered)


def is_dated(table: object) -> bool:
    """Return whether covariates have dates."""
    frame = getattr(table, "frame", table)
    return DATE in set(getattr(frame, "columns", ()))


def _days(frame: pd.DataFrame) -> Array:
    """Return the dates as days."""
    if frame[DATE].dtype.kind != "M" or getattr(frame[DATE].dtype, "tz", None) is not None:
        frame = read_columns(frame[[DATE]], {DATE: "date"}, name="covariates")
    dates = pd.to_datetime(frame[DATE])
    missing = np.flatnonzero(dates.isna())
    if len(missing):
        raise DataError(
            f"covariates need a date in every row; {len(missing):,} of {len(frame):,} have none, "
            f"first row {missing[0] + 1:,}. Remove these rows, or fill in the dates."
        )
    return dates.to_numpy().astype("datetime64[D]")


def _distinct(values: pd.DataFrame) -> tuple[Array, pd.DataFrame]:
    """Return the code of each row and the distinct rows; all rows where most are distinct."""
    code, size = np.zeros(len(values), np.int64), 1
    for name in values.columns:
        own, known = pd.factorize(values[name], use_na_sentinel=False)
        code, size = code * len(known) + own, size * max(len(known), 1)
        if size > _MANY:
            code, found = pd.factorize(code)
            size = len(found)
        if size > max(len(values) / 4, _FEW):
            return np.arange(len(values)), values.reset_index(drop=True)
    code, found = pd.factorize(code)
    first = np.full(len(found), len(code))
    first[code[::-1]] = np.arange(len(code))[::-1]
    return code, values.iloc[first].reset_index(drop=True)


def _covered(day: Array, needed: np.datetime64) -> np.datetime64:
    """Return the day after the last with values: one step of the dates after the last date."""
    dates = np.unique(pd.unique(day.astype(np.int64))).astype("datetime64[D]")
    if len(dates) == 0:
        raise DataError("expected covariates with dates; the table has no rows.")
    if len(dates) == 1:
        return np.datetime64(max(dates[0], needed) + np.timedelta64(1, "D"), "D")
    covered = np.datetime64(dates[-1] + np.diff(dates).max(), "D")
    if covered <= needed:
        raise DataError(
            f"the covariates end on {covered - np.timedelta64(1, 'D')} (the last date is "
            f"{dates[-1]}, and a value holds for {np.diff(dates).max().astype(int)} days at most), "
            f"but the log is observed until {needed}. Add the later values."
        )
    return covered


def _positions(column: pd.Series, ids: pd.Index) -> Array:
    """Return each row's customer among the ids, -1 for others."""
    codes, known = pd.factorize(column)
    place = ids.get_indexer(read_ids(pd.Index(known, name="customer_id")))
    result: Array = np.append(place, -1)[codes].astype(np.int64)
    return result


def _refuse_repeated(key: Array, customer: Array, day: Array, ids: pd.Index) -> None:
    twice = np.flatnonzero(np.diff(key) == 0)
    if len(twice):
        raise DataError(
            "covariates must have one row per customer and date; found "
            f"{len(twice):,} repeated, first on {day[twice[0]]}, of customer "
            f"{first_ids(ids[customer[twice[:1]]])}. Keep one of them."
        )
