"""Retention curves: survival of contracts, and time to the second purchase without contracts.

With contracts, churn is observed. S(t) is the Kaplan-Meier estimate of the share of customers who
stay longer than t, with Greenwood's variance and intervals symmetric in log(-log S), which lie
within 0 and 1. The retention rate of a period is the share of the customers at risk who stay in it;
the churn rate is 1 minus the retention rate.

Without contracts, churn is not observed, but the next purchase is. The event is then the second
purchase, and a customer without one is censored at the end of their follow-up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research._repr import html_table, one_line
from relmark_research.customers.log import aggregation
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import (
    DataError,
    ParameterError,
    check_level,
    first_ids,
    first_rows,
    unknown_name,
)
from relmark_research.stats.survival import kaplan_meier, log_rank
from relmark_research.tables.given_tables import frame_of_source
from relmark_research.tables.read_table import group_values, groups_by_customer, read_columns
from relmark_research.tables.schemas import NOT_KNOWN
from relmark_research.units import Horizon, TimeUnit

EVERYONE = "everyone"


@dataclass(frozen=True, repr=False)
class RetentionCurve:
    """Kaplan-Meier estimates by group.

    Attributes
    ----------
    table
        Row per group and time of an event: group, time, at_risk (customers followed until then),
        events (customers who churned, or for a log bought again), survival (share without the event
        until then), survival_low, survival_high, retention_rate (1 - events / at_risk), churn_rate
        (events / at_risk), followup (longest follow-up of the group). A group without an event has
        one row without events, at the end of its follow-up.
    unit
        The unit of time.
    level
        Probability of the intervals.
    chi2, p_value
        Log-rank test of equal curves in all groups; NaN for one group.
    """

    table: pd.DataFrame
    unit: str
    level: float
    chi2: float
    p_value: float

    def at(self, time: float) -> pd.DataFrame:
        """Return per group the survival at a time, with its interval.

        Parameters
        ----------
        time
            In the curve's unit, >= 0.

        Returns
        -------
        DataFrame
            group, customers, survival, survival_low, survival_high; missing where the group's
            follow-up is shorter than ``time``.
        """
        rows = []
        for group, own in self.table.groupby("group", sort=False):
            known = own[own["time"] <= time]
            names = ["survival", "survival_low", "survival_high"]
            values: dict[str, float] = dict.fromkeys(names, np.nan)
            if own["followup"].iloc[0] >= time:  # before the first event all are there
                values["survival"] = 1.0
                values |= {name: float(known.iloc[-1][name]) for name in names if len(known)}
            rows.append({"group": group, "customers": int(own["at_risk"].iloc[0]), **values})
        return pd.DataFrame(rows)

    def bought_again(self, time: float) -> pd.DataFrame:
        """Return per group the share of a log's customers who bought again within a time, 1 - S.

        Returns
        -------
        DataFrame
            group, customers, share, low, high.
        """
        known = self.at(time)
        return pd.DataFrame(
            {
                "group": known["group"],
                "customers": known["customers"],
                "share": 1 - known["survival"],
                "low": 1 - known["survival_high"],
                "high": 1 - known["survival_low"],
            }
        )

    def __repr__(self) -> str:
        return one_line("RetentionCurve", self._facts())

    def _repr_html_(self) -> str:
        return html_table("Retention curve", self._facts())

    def _facts(self) -> dict[str, object]:
        first = self.table.drop_duplicates("group")
        return {
            "groups": len(first),
            "customers": int(first["at_risk"].sum()),
            "events": int(self.table["events"].sum()),
            f"longest follow-up ({self.unit}s)": float(self.table["followup"].max()),
            "log-rank p": self.p_value,
        }


def retention_curve(
    customers: TransactionLog | pd.DataFrame,
    *,
    by: str | pd.Series | None = None,
    unit: str | TimeUnit = "month",
    within: str | Horizon | None = None,
    level: float = 0.95,
) -> RetentionCurve:
    """Estimate the survival of contracts, or for a log the time to the second purchase.

    Parameters
    ----------
    customers
        With contracts: one row per customer with tenure (follow-up, > 0, in ``unit``) and churned
        (true where it ended in churn, false where the contract continues). Without contracts: a
        log; the time is then that from the first to the second purchase, in days.
    by
        A column of the table; for a log ``"cohort"`` (month of the first purchase) or a Series by
        customer_id, such as channels or segments. None puts all customers into one group.
    unit
        The unit of tenure; a log is always in days.
    within
        For a log: the longest follow-up of a customer, such as ``"90 days"``; None is the end of
        the log.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    RetentionCurve
        S(t) = product over times u <= t of (1 - events(u) / at_risk(u)), by group, with the
        log-rank test between groups.

    Raises
    ------
    DataError
        Where a column is missing, a tenure is not above 0, or no customer has a follow-up.

    References
    ----------
    Kaplan and Meier 1958, Journal of the American Statistical Association 53.

    Examples
    --------
    >>> members = pd.DataFrame({"tenure": [1, 2, 2, 3, 3], "churned": [1, 1, 0, 1, 0]})
    >>> retention_curve(members).table["survival"].round(4).to_list()
    [0.8, 0.6, 0.3]
    """
    check_level(level)
    if isinstance(customers, TransactionLog):
        followups, name = _times_to_second_purchase(customers, by, within), "day"
    else:
        followups, name = _tenures(customers, by), TimeUnit.of(unit).name
    table = pd.concat(
        [_survival_table(own, str(group), level) for group, own in followups.groupby("group")],
        ignore_index=True,
    )
    columns = (followups[column].to_numpy() for column in ("time", "event", "group"))
    chi2, p_value = log_rank(*columns)
    return RetentionCurve(table, name, level, chi2, p_value)


def _tenures(source: Any, by: str | pd.Series | None) -> pd.DataFrame:
    table = frame_of_source(source, "customers")
    for name in ("tenure", "churned", *((by,) if isinstance(by, str) else ())):
        if name not in table.columns:
            raise DataError(unknown_name("column", name, table.columns))
    if not isinstance(source, pd.DataFrame):  # whose numbers may be text
        table = read_columns(table, {"tenure": "number", "churned": "flag"}, name="customers")
    tenure = _numbers(table["tenure"], "a time > 0")
    wrong = ~(np.isfinite(tenure) & (tenure > 0))
    if wrong.any() or len(table) == 0:
        shown = first_rows(wrong, table["tenure"])
        raise DataError(
            f"tenure must be a time > 0; in {int(wrong.sum()):,} of {len(table):,} rows it is not, "
            f"first: {shown or 'no rows'}. Count the period of joining as one."
        )
    group: Any = EVERYONE
    if by is not None:
        group = group_values(table[by]) if isinstance(by, str) else _aligned(by, table.index)
    churned = _numbers(table["churned"], "true or false (1 or 0)")
    neither = ~np.isin(churned, (0, 1))
    if neither.any():
        raise DataError(
            f"churned must be true or false (1 or 0); in {int(neither.sum()):,} of {len(table):,} "
            f"rows it is not, first: {first_rows(neither, table['churned'])}."
        )
    return pd.DataFrame({"time": tenure, "event": churned.astype(bool), "group": group})


def _aligned(groups: pd.Series, index: pd.Index) -> pd.Series:
    """Return the group of each row of a table; "not known" where there is none."""
    return group_values(groups).reindex(index).fillna(NOT_KNOWN)


def _numbers(column: pd.Series, kind: str) -> np.ndarray:
    """Return a column's numbers; numbers written as text raise DataError."""
    text = column.map(lambda value: isinstance(value, str)).to_numpy(bool)
    if text.any():
        raise DataError(
            f"{column.name} must be {kind}; in {int(text.sum()):,} of {len(column):,} rows it is "
            f"text, first: {first_rows(text, column)}. Convert it first: pd.to_numeric(...)."
        )
    return pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)


def _times_to_second_purchase(
    log: TransactionLog, by: str | pd.Series | None, within: str | Horizon | None
) -> pd.DataFrame:
    """Return per customer the days from the first purchase to the second or to censoring."""
    first = aggregation.first_two_purchases(log.days)
    last = pd.Timestamp(log.observed_until)
    again = first["second"].notna()
    days = (first["second"].fillna(last) - first["first"]).dt.days.to_numpy(float)
    longest = _length(within)
    followups = pd.DataFrame(
        {
            "time": np.minimum(days, longest),
            "event": (again & (days <= longest)).to_numpy(),
            "group": _groups(first, by),
        }
    )
    followups = followups[followups["time"] > 0]  # first purchase on the last day: no follow-up
    if followups.empty:
        raise DataError(
            "expected a customer with a follow-up of at least one day after the first purchase; "
            f"found none: the log ends on {log.observed_until}. Use a longer log."
        )
    return followups


def _groups(first: pd.DataFrame, by: str | pd.Series | None) -> Any:
    if by is None:
        return EVERYONE
    if isinstance(by, pd.Series):
        found = groups_by_customer(by).reindex(first["customer_id"])
        unmatched = int(found.isna().sum())
        if unmatched > len(found) / 2:
            raise DataError(
                f"expected a group for most customers of the log; {unmatched:,} of {len(found):,} "
                f"have none, first: {first_ids(found.index[found.isna()])}. Check that both tables "
                "write the ids alike."
            )
        return found.fillna(NOT_KNOWN).to_numpy()
    if by != "cohort":
        raise ParameterError(
            f"by must be 'cohort', a Series by customer_id, or None for a log; found {by!r}."
        )
    return first["first"].dt.to_period("M").astype(str).to_numpy()


def _length(within: str | Horizon | None) -> float:
    return Horizon.parse(within).length(TimeUnit("day"))


def _survival_table(own: pd.DataFrame, group: str, level: float) -> pd.DataFrame:
    counted = own.groupby(["time", "event"]).size()
    time, event = (counted.index.get_level_values(name).to_numpy() for name in ("time", "event"))
    curve = kaplan_meier(time, event, counted.to_numpy())
    low, high = curve.interval(level)
    followup = float(own["time"].max())
    if not len(curve.time):
        return _without_events(group, len(own), followup)
    return pd.DataFrame(
        {
            "group": group,
            "time": curve.time,
            "at_risk": curve.at_risk.astype("int64"),
            "events": curve.events.astype("int64"),
            "survival": curve.survival,
            "survival_low": low,
            "survival_high": high,
            "retention_rate": 1 - curve.hazard,
            "churn_rate": curve.hazard,
            "followup": followup,
        }
    )


def _without_events(group: str, customers: int, followup: float) -> pd.DataFrame:
    """Return the row of a group without an event: all are there until the end of the follow-up."""
    return pd.DataFrame(
        {
            "group": [group], "time": [followup], "at_risk": [customers], "events": [0],
            "survival": [1.0], "survival_low": [np.nan], "survival_high": [np.nan],
            "retention_rate": [1.0], "churn_rate": [0.0], "followup": [followup],
        }
    )  # fmt: skip
