"""Empirical Bayes estimates of each customer's margin and annual cost to serve.

A customer's own data are few and noisy. Empirical Bayes shrinks them towards the segment mean, by
the variance between customers (estimated from all) and the sampling variance of each customer:

    margin          kappa_i | data ~ Normal(w m_i + (1 - w) mean, w sigma^2 / n_i),
                    w = tau^2 / (tau^2 + sigma^2 / n_i)
    annual cost     c_i | data ~ Gamma(shape k + C_i / phi, rate k / mean + t_i / phi)

m_i is the mean margin over the customer's n_i orders; C_i the cost in t_i years of service; phi the
dispersion of a sum of contact costs, sum(cost^2) / sum(cost); tau^2 and k describe the persistent
differences between customers.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.customers.log.returns import exact_sum
from relmark_research.economics.profitability import cost_rules
from relmark_research.errors import DataError, first_ids

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

_MIN_PAIRS = 50  # customers with two years of service, to estimate the persistent variance
_MAX_SHAPE = 1e6  # of the Gamma distribution: customers do not differ


def customer_margins(log: TransactionLog, segments: pd.Series) -> pd.DataFrame:
    """Estimate each customer's margin, net of returns.

    Parameters
    ----------
    log
        Transactions with costs.
    segments
        Segment by customer_id, for all customers of interest.

    Returns
    -------
    DataFrame
        Index customer_id as ``segments``; margin (share of value after returns) and margin_sd.
        Customers without orders have the mean and standard deviation of their segment.

    Examples
    --------
    >>> import relmark_research as rm
    >>> log = rm.read_transactions("dataset:sample", cost="cost")
    >>> segment = rm.load_sample("customers").set_index("customer_id")["segment"]
    >>> customer_margins(log, segment).groupby(segment)["margin"].mean().round(2).to_dict()
    {'key account': 0.24, 'private': 0.45, 'small business': 0.36}
    """
    sums = _order_sums(log).reindex(segments.index)
    parts = [_segment_margins(sums[segments == name]) for name in segments.unique()]
    return pd.concat(parts).reindex(segments.index)


def _order_sums(log: TransactionLog) -> pd.DataFrame:
    """Return sums per customer for the margin estimates; `share` is the margin of an order."""
    log.require_value("a customer's margin")
    if not log.has_cost:
        raise DataError("customer margins need the cost of goods; read the log with cost='...'.")
    rows = log.rows if log.returns != "drop" else log.rows.filter(log.rows.value >= 0)
    sold, returned = rows.value > 0, rows.value < 0
    share = sold.ifelse(1 - rows.cost / rows.value.nullif(0), 0.0)
    summed = rows.group_by("customer_id").aggregate(
        orders=sold.sum().cast("int64"),
        share=share.sum().cast("float64"),
        squares=(share * share).sum().cast("float64"),
        value=exact_sum(sold.ifelse(rows.value, 0.0)),
        goods=exact_sum(returned.ifelse(0.0, rows.cost)),
        profit=exact_sum(rows.value - rows.cost),
        net=exact_sum(rows.value),
    )
    return summed.to_pandas().set_index("customer_id").sort_index()


def _segment_margins(sums: pd.DataFrame) -> pd.DataFrame:
    """Return margin and margin_sd of the customers of one segment."""
    bought = sums[sums["orders"].fillna(0) > 0]
    if bought.empty:
        raise DataError(
            f"every segment needs orders to estimate its margin; a segment of {len(sums):,} "
            f"customers has none, first: {first_ids(sums.index)}. Merge it with "
            "another segment."
        )
    n = bought["orders"].to_numpy(float)
    own = bought["share"].to_numpy(float) / n
    spread = (bought["squares"].to_numpy(float) - n * own**2).sum()
    within = max(spread, 0.0) / max((n - 1).sum(), 1)  # rounding may take equal margins below 0
    mean = float(np.average(own, weights=n / (n + 1)))
    between = (
        max(float(np.var(own, ddof=1)) - within * float(np.mean(1 / n)), 0.0) if len(n) > 1 else 0.0
    )
    n = sums["orders"].fillna(0).to_numpy(float)
    own = np.where(n > 0, sums["share"].fillna(0).to_numpy(float) / np.maximum(n, 1), mean)
    weight = between / (between + within / np.maximum(n, 1e-9)) if between > 0 else np.zeros(len(n))
    sd = np.sqrt(np.where(n > 0, weight * within / np.maximum(n, 1e-9), between))
    returns = (  # loss of margin through returns
        1
        - bought["goods"].sum() / bought["value"].sum()
        - bought["profit"].sum() / bought["net"].sum()
    )
    margin = weight * own + (1 - weight) * mean - returns
    return pd.DataFrame({"margin": margin, "margin_sd": sd}, index=sums.index)


def customer_costs(
    contacts: pd.DataFrame, segments: pd.Series, service: pd.DataFrame
) -> pd.DataFrame:
    """Estimate the future annual cost to serve of each customer.

    Parameters
    ----------
    contacts
        customer_id, date, cost (money, >= 0); avoidable costs only.
    segments
        Segment by customer_id, for all customers of interest.
    service
        Index customer_id: first (day of the first purchase) and years (of service so far, > 0).

    Returns
    -------
    DataFrame
        Index customer_id as ``segments``; shape and rate of the Gamma distribution of annual cost
        (mean shape / rate, money per year), and cost_last_year (money in the 365 days up to the
        last contact in the table).

    Raises
    ------
    DataError
        If contacts belong to unknown customers, or costs are negative or missing.
    """
    table = cost_rules.checked_contacts(contacts)
    if table.empty:
        return pd.DataFrame({"shape": 0.0, "rate": 1.0, "cost_last_year": 0.0}, segments.index)
    cost_rules.check_known_customers(
        table, segments.index, money="cost", table="contacts",
        advice="Correct the ids, or remove these rows and treat them as overheads.",
    )  # fmt: skip
    last = table["date"].max()
    recent = table[table["date"] > last - pd.Timedelta(days=365)]
    parts = []
    for name in segments.unique():
        ids = segments.index[segments == name]
        parts.append(_segment_costs(table[table["customer_id"].isin(ids)], service.loc[ids]))
    found = pd.concat(parts).reindex(segments.index)
    spent = recent.groupby("customer_id")["cost"].sum().reindex(segments.index)
    return found.assign(cost_last_year=spent.fillna(0.0))


def _segment_costs(contacts: pd.DataFrame, service: pd.DataFrame) -> pd.DataFrame:
    """Return shape and rate of annual cost of the customers of one segment."""
    cost = contacts.groupby("customer_id")["cost"].sum().reindex(service.index).fillna(0.0)
    total, years = float(cost.sum()), service["years"]
    if total == 0:
        return pd.DataFrame({"shape": 0.0, "rate": 1.0}, index=service.index)
    mean = total / float(years.sum())
    dispersion = float((contacts["cost"] ** 2).sum()) / total
    variance = _persistent_variance(contacts, service, mean, dispersion)
    k = min(mean**2 / variance, _MAX_SHAPE) if variance > 0 else _MAX_SHAPE
    return pd.DataFrame({"shape": k + cost / dispersion, "rate": k / mean + years / dispersion})


def _persistent_variance(
    contacts: pd.DataFrame, service: pd.DataFrame, mean: float, dispersion: float
) -> float:
    """Return the persistent variance of annual cost between customers.

    This is the covariance of first-year and second-year cost among customers with two years of
    service; if there are few, the variance in excess of the sampling variance of contacts.
    """
    long = service[service["years"] >= 2].index
    day = (contacts["date"] - contacts["customer_id"].map(service["first"])).dt.days
    if len(long) >= _MIN_PAIRS:
        pair = [
            contacts[(day >= 365 * year) & (day < 365 * (year + 1))]
            .groupby("customer_id")["cost"].sum().reindex(long).fillna(0.0)
            for year in (0, 1)
        ]  # fmt: skip
        return max(float(np.cov(pair[0], pair[1])[0, 1]), 0.0)
    years = service["years"].to_numpy(float)
    cost = contacts.groupby("customer_id")["cost"].sum().reindex(service.index).fillna(0.0)
    excess = (cost.to_numpy() - mean * years) ** 2 - dispersion * mean * years
    return max(float(excess.sum() / (years**2).sum()), 0.0)
