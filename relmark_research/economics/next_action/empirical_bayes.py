"""What is peculiar to one customer: his margin and his cost to serve, drawn towards his segment's.

One customer's figures are few and noisy. Empirical Bayes weighs them against the segment's by how
much customers truly differ (a variance, estimated from all) and how noisy each one's figures are:

    margin share    kappa_i | data ~ Normal(w m_i + (1 - w) mean, w sigma^2 / n_i),
                    w = tau^2 / (tau^2 + sigma^2 / n_i)
    yearly cost     c_i | data ~ Gamma(shape k + C_i / phi, rate k / mean + t_i / phi)

m_i is a customer's own margin share over n_i orders; C_i his cost in t_i years of being served, phi
the dispersion of a sum of single contacts, sum(cost^2) / sum(cost); tau^2 and k say how customers
differ in what lasts.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.economics.profitability import cost_rules
from relmark_research.errors import DataError

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

_PAIRS = 50  # customers served for two years, from which it can be told whether costs last
_ALIKE = 1e6  # shape of a Gamma that hardly spreads


def customer_margins(log: TransactionLog, segments: pd.Series) -> pd.DataFrame:
    """Estimate each customer's margin share, returns included.

    Parameters
    ----------
    log
        With costs.
    segments
        Segment by customer_id, for everyone of interest.

    Returns
    -------
    DataFrame
        Index customer_id as ``segments``; margin (share of value after returns) and margin_sd. Who
        has not bought gets the segment's mean and spread.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> segment = rm.load_sample("customers").set_index("customer_id")["segment"]
    >>> customer_margins(log, segment).groupby(segment)["margin"].mean().round(2).to_dict()
    {'key account': 0.24, 'private': 0.45, 'small business': 0.36}
    """
    sums = _order_sums(log).reindex(segments.index)
    parts = [_margins_of(sums[segments == name]) for name in segments.unique()]
    return pd.concat(parts).reindex(segments.index)


def _order_sums(log: TransactionLog) -> pd.DataFrame:
    """Return per customer what margins are estimated from; `share` is of one order."""
    if not log.has_cost:
        raise DataError(
            "customers' margins are estimated from the cost of goods; read the log with cost='...'."
        )
    rows = log.rows if log.returns != "drop" else log.rows.filter(log.rows.value >= 0)
    sold, back = rows.value > 0, rows.value < 0
    share = sold.ifelse(1 - rows.cost / rows.value.nullif(0), 0.0)
    summed = rows.group_by("customer_id").aggregate(
        orders=sold.sum().cast("int64"),
        share=share.sum().cast("float64"),
        squares=(share * share).sum().cast("float64"),
        value=sold.ifelse(rows.value, 0.0).sum().cast("float64"),
        goods=back.ifelse(0.0, rows.cost).sum().cast("float64"),
        left=(rows.value - rows.cost).sum().cast("float64"),
        net=rows.value.sum().cast("float64"),
    )
    return summed.to_pandas().set_index("customer_id").sort_index()


def _margins_of(sums: pd.DataFrame) -> pd.DataFrame:
    """Return margin and margin_sd of the customers of one segment."""
    bought = sums[sums["orders"].fillna(0) > 0]
    if bought.empty:
        raise DataError(
            f"a segment of {len(sums):,} customers has bought nothing, so its margin is not known; "
            f"first: {', '.join(map(repr, sums.index[:3]))}. Join it to another."
        )
    n = bought["orders"].to_numpy(float)
    own = bought["share"].to_numpy(float) / n
    inside = (bought["squares"].to_numpy(float) - n * own**2).sum() / max((n - 1).sum(), 1)
    mean = float(np.average(own, weights=n / (n + 1)))
    between = (
        max(float(np.var(own, ddof=1)) - inside * float(np.mean(1 / n)), 0.0) if len(n) > 1 else 0.0
    )
    n = sums["orders"].fillna(0).to_numpy(float)
    own = np.where(n > 0, sums["share"].fillna(0).to_numpy(float) / np.maximum(n, 1), mean)
    weight = between / (between + inside / np.maximum(n, 1e-9)) if between > 0 else np.zeros(len(n))
    spread = np.sqrt(np.where(n > 0, weight * inside / np.maximum(n, 1e-9), between))
    lost = (
        1
        - bought["goods"].sum() / bought["value"].sum()
        - bought["left"].sum() / bought["net"].sum()
    )
    margin = weight * own + (1 - weight) * mean - lost
    return pd.DataFrame({"margin": margin, "margin_sd": spread}, index=sums.index)


def customer_costs(
    contacts: pd.DataFrame, segments: pd.Series, served: pd.DataFrame
) -> pd.DataFrame:
    """Estimate what serving each customer costs in a year to come.

    Parameters
    ----------
    contacts
        customer_id, date, cost (money, >= 0); all of them are avoidable.
    segments
        Segment by customer_id, for everyone of interest.
    served
        Index customer_id: first (day of the first purchase) and years (time served so far, > 0).

    Returns
    -------
    DataFrame
        Index customer_id as ``segments``; shape and rate of the Gamma of the yearly cost (its mean,
        shape / rate, is money per year), and cost_last_year (money in the 365 days up to the last
        contact of anyone).

    Raises
    ------
    DataError
        Where contacts are of nobody known, negative or missing.
    """
    table = cost_rules.checked_contacts(contacts)
    if table.empty:
        return pd.DataFrame({"shape": 0.0, "rate": 1.0, "cost_last_year": 0.0}, segments.index)
    cost_rules.refuse_strangers(
        table, segments.index, money="cost", table="contacts",
        advice="Find whose they are, or take them out and call them overheads.",
    )  # fmt: skip
    last = table["date"].max()
    recent = table[table["date"] > last - pd.Timedelta(days=365)]
    parts = []
    for name in segments.unique():
        who = segments.index[segments == name]
        parts.append(_costs_of(table[table["customer_id"].isin(who)], served.loc[who]))
    found = pd.concat(parts).reindex(segments.index)
    spent = recent.groupby("customer_id")["cost"].sum().reindex(segments.index)
    return found.assign(cost_last_year=spent.fillna(0.0))


def _costs_of(contacts: pd.DataFrame, served: pd.DataFrame) -> pd.DataFrame:
    """Return shape and rate of yearly cost of the customers of one segment."""
    spent = contacts.groupby("customer_id")["cost"].sum().reindex(served.index).fillna(0.0)
    total, years = float(spent.sum()), served["years"]
    if total == 0:
        return pd.DataFrame({"shape": 0.0, "rate": 1.0}, index=served.index)
    mean = total / float(years.sum())
    dispersion = float((contacts["cost"] ** 2).sum()) / total
    lasting = _lasting_variance(contacts, served, mean, dispersion)
    k = min(mean**2 / lasting, _ALIKE) if lasting > 0 else _ALIKE
    return pd.DataFrame({"shape": k + spent / dispersion, "rate": k / mean + years / dispersion})


def _lasting_variance(
    contacts: pd.DataFrame, served: pd.DataFrame, mean: float, dispersion: float
) -> float:
    """Return the variance between customers of what serving costs year after year.

    It is the covariance of the first and second year's cost of those served for two years; where
    they are few, all that single contacts do not explain is taken to last.
    """
    long = served[served["years"] >= 2].index
    day = (contacts["date"] - contacts["customer_id"].map(served["first"])).dt.days
    if len(long) >= _PAIRS:
        pair = [
            contacts[(day >= 365 * year) & (day < 365 * (year + 1))]
            .groupby("customer_id")["cost"].sum().reindex(long).fillna(0.0)
            for year in (0, 1)
        ]  # fmt: skip
        return max(float(np.cov(pair[0], pair[1])[0, 1]), 0.0)
    years = served["years"].to_numpy(float)
    spent = contacts.groupby("customer_id")["cost"].sum().reindex(served.index).fillna(0.0)
    off = (spent.to_numpy() - mean * years) ** 2 - dispersion * mean * years
    return max(float(off.sum() / (years**2).sum()), 0.0)
