"""Cohorts: the share of customers acquired in the same period who buy k periods later."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.customers.log import aggregation
from relmark_research.customers.log.transactions import TransactionLog, refuse_without_purchases
from relmark_research.tables.given_tables import frame_in_memory
from relmark_research.tables.read_table import read_columns, read_values
from relmark_research.tables.schemas import Column
from relmark_research.units import Period

_SHARE = Column("share", "number", "share of a cohort that buys")


def cohort_table(log: TransactionLog, *, period: str | Period = "month") -> pd.DataFrame:
    """Return the share of each cohort that buys in each later period.

    Parameters
    ----------
    period
        Length of a cohort and of a period: ``"week"``, ``"month"``, ``"quarter"``, ``"year"``, or
        a `Period` of a fiscal calendar.

    Returns
    -------
    DataFrame
        Row per cohort (its period, as text such as ``"1997-01"``), column per age 0, 1, 2, ... in
        periods; share of the cohort with a purchase in that period, 1 at age 0, missing where the
        log does not cover the whole period. Column ``customers`` is the cohort's size. Where the
        log begins in the middle of the business (`TransactionLog.left_truncation`), a column
        ``truncated`` marks the first cohorts: many of their customers had bought before the log.
    """
    calendar = Period.of(period)
    counted = aggregation.by_cohort(log.days, calendar)
    refuse_without_purchases(log, counted)
    code = calendar.frequency
    cohort = counted["cohort"].dt.to_period(code)
    when = counted["period"].dt.to_period(code)
    age = when.astype("int64") - cohort.astype("int64")
    wide = counted.assign(cohort=cohort, age=age).pivot(
        index="cohort", columns="age", values="customers"
    )
    wide = wide.reindex(columns=range(int(age.max()) + 1)).fillna(0)
    shares = wide.div(wide[0], axis=0).where(_covered(wide, log, code))
    shares[0] = 1.0
    shares.insert(0, "customers", wide[0].astype("int64"))
    if log.left_truncation.detected:
        until = pd.Period(log.left_truncation.until, freq=code)
        shares.insert(1, "truncated", shares.index <= until)
    shares.index = shares.index.astype(str)
    shares.columns.name = None
    return shares


def cohort_averages(table: pd.DataFrame) -> pd.Series:
    """Return the mean share that buys at each age, over the cohorts observed at that age.

    Parameters
    ----------
    table
        The result of `cohort_table`.

    Returns
    -------
    Series
        Index age in periods; shares weighted by the cohorts' customers. Truncated cohorts are left
        out, as their customers' age is not known, unless there are no others.
    """
    table = read_columns(
        table, {"customers": "number"}, name="cohorts", optional={"truncated": "flag"}
    )
    if "truncated" in table and not table["truncated"].all():
        table = table[~table["truncated"].astype(bool)]
    shares = cohort_shares(table).dropna(axis="columns", how="all")
    customers = shares.notna().mul(table["customers"], axis=0)
    means = (shares * customers).sum() / customers.sum()
    return means.rename("share").rename_axis("age")


def cohort_shares(table: pd.DataFrame) -> pd.DataFrame:
    """Return the shares of a `cohort_table` alone: row per cohort, column per age."""
    table = frame_in_memory(table, "a table of cohorts")
    shares = table.drop(columns=["customers", "truncated"], errors="ignore")
    return shares.apply(lambda values: read_values(values, _SHARE))


def _covered(wide: pd.DataFrame, log: TransactionLog, code: str) -> np.ndarray:
    """Return which periods the log covers to their last day, shape (cohorts, ages)."""
    last = pd.Period(log.observed_until, freq=code)
    if last.end_time.date() > log.observed_until:
        last = last - 1
    start = pd.PeriodIndex(wide.index).astype("int64").to_numpy()
    return start[:, None] + wide.columns.to_numpy()[None, :] <= last.ordinal
