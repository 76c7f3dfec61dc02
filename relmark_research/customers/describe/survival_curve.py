"""Loyalty over time: the share that is kept, with contracts and without.

With contracts a loss is seen. S(t) is Kaplan and Meier's estimate of the share kept for longer than
t, with Greenwood's variance and intervals on the scale of log(-log S), so that they stay within 0
and 1. The retention rate of a period is the share of those kept so far who are kept in it, the
churn rate what is missing to 1.

Without contracts nobody is seen to leave. What can be seen is whether a customer buys again; a
customer whose window is not over yet counts for as long as it was watched (censored), not as lost.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.customers.log import aggregation
from relmark_research.customers.log.transactions import TransactionLog
from relmark_research.errors import DataError, ParameterError, check_level, unknown_name
from relmark_research.units import Horizon, TimeUnit

EVERYONE = "everyone"


@dataclass(frozen=True)
class RetentionCurve:
    """How many are kept for how long, by group.

    Attributes
    ----------
    table
        Row per group and time: group, time, at_risk (customers watched until then), lost, kept
        (share kept for longer than that time), kept_low, kept_high, retention_rate, churn_rate. For
        a log, "lost" are those who bought again and "kept" the share who have not yet; see
        `bought_again`.
    unit
        The unit of time.
    level
        Probability of the intervals.
    chi2, p_value
        Log-rank test that the groups do not differ; NaN for one group.
    """

    table: pd.DataFrame
    unit: str
    level: float
    chi2: float
    p_value: float

    def at(self, time: float) -> pd.DataFrame:
        """Return what is known at a time: group, customers, kept, kept_low, kept_high.

        A group that was not watched for so long has missing values.
        """
        rows = []
        for group, own in self.table.groupby("group", sort=False):
            known = own[own["time"] <= time]
            row = known.iloc[-1] if len(known) and own["watched"].iloc[0] >= time else None
            names = ["kept", "kept_low", "kept_high"]
            shown: dict[str, float] = dict.fromkeys(names, np.nan)
            shown |= {} if row is None else {name: float(row[name]) for name in names}
            rows.append({"group": group, "customers": int(own["at_risk"].iloc[0]), **shown})
        return pd.DataFrame(rows)

    def bought_again(self, time: float) -> pd.DataFrame:
        """Return per group the share who bought again within a time: group, customers, share,
        low, high.
        """
        kept = self.at(time)
        return pd.DataFrame(
            {
                "group": kept["group"],
                "customers": kept["customers"],
                "share": 1 - kept["kept"],
                "low": 1 - kept["kept_high"],
                "high": 1 - kept["kept_low"],
            }
        )


def retention_curve(
    customers: TransactionLog | pd.DataFrame,
    *,
    by: str | pd.Series | None = None,
    unit: str | TimeUnit = "month",
    within: str | Horizon | None = None,
    level: float = 0.95,
) -> RetentionCurve:
    """Estimate the share kept over time, or for a log the share that buys again.

    Parameters
    ----------
    customers
        With contracts: one row per customer with tenure (time watched, > 0, in ``unit``) and lost
        (true where it ended in a loss, false where it goes on). Without: a log; then the time is
        that from the first purchase to the second, in days.
    by
        A column of the table; for a log ``"cohort"`` (month of the first purchase) or a Series by
        customer_id, such as channels or segments. None is everyone together.
    unit
        The unit of tenure; a log is always in days.
    within
        For a log: the window in which a purchase is looked for, such as ``"90 days"``; None as long
        as the log goes.
    level
        Probability of the intervals, in (0, 1).

    Returns
    -------
    RetentionCurve
        S(t) = product over times u <= t of (1 - lost(u) / at_risk(u)), by group, with the log-rank
        test between groups.

    Raises
    ------
    DataError
        Where a column is missing, a tenure is not above 0, or nobody is left.

    References
    ----------
    Kaplan and Meier 1958, Journal of the American Statistical Association 53.

    Examples
    --------
    >>> members = pd.DataFrame({"tenure": [1, 2, 2, 3, 3], "lost": [1, 1, 0, 1, 0]})
    >>> retention_curve(members).table["kept"].round(4).to_list()
    [0.8, 0.6, 0.3]
    """
    check_level(level)
    if isinstance(customers, TransactionLog):
        watched, name = _repeat_times(customers, by, within), "day"
    else:
        watched, name = _tenures(customers, by), TimeUnit.of(unit).name
    table = pd.concat(
        [_kaplan_meier(own, str(group), level) for group, own in watched.groupby("group")],
        ignore_index=True,
    )
    chi2, p_value = _log_rank(watched)
    return RetentionCurve(table, name, level, chi2, p_value)


def _tenures(table: pd.DataFrame, by: str | pd.Series | None) -> pd.DataFrame:
    for name in ("tenure", "lost", *((by,) if isinstance(by, str) else ())):
        if name not in table.columns:
            raise DataError(unknown_name("column", name, table.columns))
    tenure = _numbers(table["tenure"], "a time > 0")
    wrong = ~(np.isfinite(tenure) & (tenure > 0))
    if wrong.any() or len(table) == 0:
        shown = ", ".join(map(repr, table["tenure"][wrong].head(3)))
        raise DataError(
            f"tenure must be a time > 0; in {int(wrong.sum()):,} of {len(table):,} rows it is not, "
            f"first: {shown or 'no rows'}. Count the period of joining as watched."
        )
    group: Any = EVERYONE if by is None else table[by] if isinstance(by, str) else by
    lost = _numbers(table["lost"], "true or false (1 or 0)")
    neither = ~np.isin(lost, (0, 1))
    if neither.any():
        raise DataError(
            f"lost must be true or false (1 or 0); in {int(neither.sum()):,} of {len(table):,} "
            f"rows it is not, first: {', '.join(map(repr, table['lost'][neither].head(3)))}."
        )
    return pd.DataFrame({"time": tenure, "lost": lost.astype(bool), "group": group})


def _numbers(column: pd.Series, kind: str) -> np.ndarray:
    """Return a column's numbers, refusing numbers written as text rather than guessing them."""
    text = column.map(lambda value: isinstance(value, str)).to_numpy(bool)
    if text.any():
        raise DataError(
            f"{column.name} must be {kind}; in {int(text.sum()):,} of {len(column):,} rows it is "
            f"text, first: {column[text].iloc[0]!r}. Convert it first: pd.to_numeric(...)."
        )
    return pd.to_numeric(column, errors="coerce").to_numpy(float, na_value=np.nan)


def _repeat_times(
    log: TransactionLog, by: str | pd.Series | None, within: str | Horizon | None
) -> pd.DataFrame:
    """Return per customer the days from the first to the second purchase, or watched without."""
    first = aggregation.first_two(log.days)
    last = pd.Timestamp(log.observed_until)
    again = first["second"].notna()
    days = (first["second"].fillna(last) - first["first"]).dt.days.to_numpy(float)
    longest = _length(within)
    watched = pd.DataFrame(
        {
            "time": np.minimum(days, longest),
            "lost": (again & (days <= longest)).to_numpy(),
            "group": _groups(first, by),
        }
    )
    watched = watched[watched["time"] > 0]  # who came on the last day was not watched at all
    if watched.empty:
        raise DataError(
            "no customer was watched for a day after the first purchase; the log ends on "
            f"{log.observed_until}. Take a longer log."
        )
    return watched


def _groups(first: pd.DataFrame, by: str | pd.Series | None) -> Any:
    if by is None:
        return EVERYONE
    if isinstance(by, pd.Series):
        known = by[~by.index.duplicated()]
        return known.reindex(first["customer_id"]).astype(object).fillna("unknown").to_numpy()
    if by != "cohort":
        raise ParameterError(
            f"by is 'cohort', a Series by customer_id, or None for a log; found {by!r}."
        )
    return first["first"].dt.to_period("M").astype(str).to_numpy()


def _length(within: str | Horizon | None) -> float:
    return Horizon.parse(within).length(TimeUnit("day"))


def _kaplan_meier(own: pd.DataFrame, group: str, level: float) -> pd.DataFrame:
    from scipy.stats import norm
    from statsmodels.duration.survfunc import SurvfuncRight

    counted = own.groupby(["time", "lost"]).size().reset_index(name="customers")
    found = SurvfuncRight(
        counted["time"], counted["lost"].astype(int), freq_weights=counted["customers"]
    )
    kept = np.asarray(found.surv_prob)
    lost, at_risk = np.asarray(found.n_events, float), np.asarray(found.n_risk, float)
    with np.errstate(divide="ignore", invalid="ignore"):
        # Greenwood: statsmodels has another variance where rows are weighted
        error = np.sqrt(np.cumsum(lost / (at_risk * (at_risk - lost))))
        spread = norm.ppf((1 + level) / 2) * error / np.log(kept)
        low, high = kept ** np.exp(-spread), kept ** np.exp(spread)
    ended = (kept <= 0) | (kept >= 1)
    return pd.DataFrame(
        {
            "group": group,
            "time": np.asarray(found.surv_times, float),
            "at_risk": at_risk.astype("int64"),
            "lost": lost.astype("int64"),
            "kept": kept,
            "kept_low": np.where(ended, np.nan, np.minimum(low, high)),
            "kept_high": np.where(ended, np.nan, np.maximum(low, high)),
            "retention_rate": 1 - lost / at_risk,
            "churn_rate": lost / at_risk,
            "watched": float(own["time"].max()),
        }
    )


def _log_rank(watched: pd.DataFrame) -> tuple[float, float]:
    from statsmodels.duration.survfunc import survdiff

    if watched["group"].nunique() < 2 or not watched["lost"].any():
        return float("nan"), float("nan")
    groups = pd.factorize(watched["group"])[0]
    chi2, p_value = survdiff(watched["time"], watched["lost"].astype(int), groups)
    return float(chi2), float(p_value)
