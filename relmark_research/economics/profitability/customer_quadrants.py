"""Reinartz and Kumar's four customer quadrants, by predicted lifetime and holdout profit.

Past tenure and past profit are correlated by construction, since both grow with time. So one axis
is the *predicted* lifetime from a model fitted to a calibration period; the other is the profit in
the *holdout* after it.

    true friends   long, high        butterflies   short, high
    barnacles      long, low         strangers     short, low
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.clv.prediction._inputs import PurchaseInput, common_unit, purchase_model
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.economics.next_action.segment_models import fit_segments, unit_of
from relmark_research.economics.profitability.profit_table import profit_table
from relmark_research.errors import DataError, ParameterError, id_text, unknown_name
from relmark_research.stats.intervals import normal_quantile
from relmark_research.tables.read_table import (
    groups_by_customer,
    read_columns,
    read_ids,
    read_values,
)
from relmark_research.tables.schemas import Column
from relmark_research.units import Day, Horizon

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

QUADRANTS = ("true friends", "butterflies", "barnacles", "strangers")

_ADVICE = {
    "true friends": "delight them: be easy to reach, ask for referrals, do not mail them too much",
    "butterflies": "sell while they are there, and stop when they move on",
    "barnacles": "find out whether they buy elsewhere; if not, serve them more cheaply",
    "strangers": "spend nothing on the relationship; earn on every sale",
}


def predicted_lifetime(
    fit: PurchaseInput, customers: CustomerSummary | pd.DataFrame, *, horizon: str = "5 years"
) -> pd.Series:
    """Return the expected remaining lifetime of each customer, within a horizon.

    Parameters
    ----------
    fit
        A fit or a model of purchases.
    customers
        Customer histories, in the time unit of the fit; for a fit with covariates also the
        formulas' columns.
    horizon
        Finite horizon; some models have no mean lifetime without one.

    Returns
    -------
    Series
        P(alive) x integral over the horizon of P(alive at s | alive now), in the time unit of the
        customers.

    Raises
    ------
    ParameterError
        If the horizon is infinite, or the model does not implement `PurchaseModel.survival`.

    Examples
    --------
    >>> from relmark_research.clv.families.pareto_nbd import ParetoNBD
    >>> history = pd.DataFrame({"frequency": [26, 0], "recency": [30.86, 0.0], "T": [31.0, 31.0]})
    >>> customers = CustomerSummary(history, unit="week")
    >>> model = ParetoNBD(r=0.5534, alpha=10.5802, s=0.6061, beta=11.6562)
    >>> predicted_lifetime(model, customers, horizon="52 weeks").round(1).to_list()
    [39.9, 13.9]
    """
    summary = CustomerSummary.of(customers)
    model = purchase_model(fit, summary)
    length = summary.length(Horizon.parse(horizon), common_unit(fit, summary))
    if not np.isfinite(length):
        raise ParameterError(
            "horizon must be finite, such as '5 years'; found an infinite horizon."
        )
    x, t_x, T = summary.frequency, summary.recency, summary.T
    remaining = model.living(x, t_x, T).expected_lifetime(length)
    lifetime = model.p_alive(x, t_x, T) * remaining
    return pd.Series(lifetime, index=summary.table.index, name="lifetime")


def customer_quadrants(
    lifetime: pd.Series,
    profit: pd.Series,
    *,
    lifetime_threshold: float | None = None,
    profit_threshold: float | None = None,
) -> pd.DataFrame:
    """Classify customers as true friends, butterflies, barnacles or strangers.

    Parameters
    ----------
    lifetime
        Predicted lifetime by customer_id, from a model fitted to a calibration period.
    profit
        Profit in the holdout by customer_id (money); missing customers have a profit of 0. Profit
        from the calibration period makes the classification circular.
    lifetime_threshold, profit_threshold
        A lifetime is long from its threshold on, a profit high above its threshold; the medians if
        None.

    Returns
    -------
    DataFrame
        Index as ``lifetime``; lifetime, profit and quadrant.

    References
    ----------
    Reinartz & Kumar (2002), The mismanagement of customer loyalty, Harvard Business Review 80(7).

    Examples
    --------
    >>> lifetime = pd.Series([4.0, 3.5, 0.5, 0.2], index=["a", "b", "c", "d"])
    >>> profit = pd.Series([90.0, -4.0, 60.0], index=["a", "b", "c"])
    >>> customer_quadrants(lifetime, profit)["quadrant"].to_dict()
    {'a': 'true friends', 'b': 'barnacles', 'c': 'butterflies', 'd': 'strangers'}
    """
    lifetime = read_values(lifetime, Column("lifetime", "number", "predicted lifetime"))
    profit = read_values(profit, Column("profit", "number", "profit in the holdout"))
    if lifetime.isna().any() or profit.isna().any():
        raise DataError(
            "lifetime and profit must not have missing values; found "
            f"{int(lifetime.isna().sum())} and {int(profit.isna().sum())}."
        )
    ids, profit = read_ids(lifetime.index), profit.set_axis(read_ids(profit.index))
    if not ids.intersection(profit.index).size:
        raise DataError(
            "lifetime and profit have no customer in common: the first ids are "
            f"{id_text(lifetime.index[0])} and {id_text(profit.index[0])}. Index both by "
            "customer_id."
        )
    profit = profit.reindex(ids).fillna(0.0).set_axis(lifetime.index)
    if lifetime_threshold is None:
        lifetime_threshold = float(lifetime.median())
    if profit_threshold is None:
        profit_threshold = float(profit.median())
    long, high = (lifetime >= lifetime_threshold).to_numpy(), (profit > profit_threshold).to_numpy()
    index = np.select([long & high, ~long & high, long & ~high], [0, 1, 2], 3)
    quadrant = pd.Categorical(np.array(QUADRANTS, dtype=object)[index], list(QUADRANTS))
    return pd.DataFrame(
        {"lifetime": lifetime, "profit": profit, "quadrant": quadrant}, index=lifetime.index
    )


def quadrants_from_log(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame | None = None,
    segments: pd.Series | None = None,
    at: Day | None = None,
    horizon: str = "5 years",
    purchases: type[PurchaseModel] | PurchaseInput | None = None,
) -> pd.DataFrame:
    """Classify customers from a log: lifetimes predicted at a split, profit in the holdout.

    Parameters
    ----------
    log
        Transactions, with the cost of goods.
    contacts
        customer_id, date, cost; None for no contact costs.
    segments
        Segment by customer_id, to fit one model per segment; None fits one model to all customers.
    at
        Last day of the calibration period; two thirds of the log's length if None.
    horizon
        Horizon of the predicted lifetimes.
    purchases
        Class of the purchase model; ParetoNBD by default. Or a fit or a model, used for all.

    Returns
    -------
    DataFrame
        As `customer_quadrants`, for customers known at the split.
    """
    log.require_value("a profit")
    purchases = purchases or ParetoNBD
    split = log.split(at=at, unit=unit_of(purchases))
    known = split.calibration
    groups = pd.Series("all", known.table.index) if segments is None else segments
    if segments is not None:
        groups = groups_by_customer(segments)
    groups = groups.reindex(known.table.index)
    fits = fit_segments(known, groups, purchases=purchases).fits
    lifetimes = []
    for name in groups.unique():
        part = known.with_rows(known.table[groups == name])
        lifetimes.append(predicted_lifetime(fits[name][0], part, horizon=horizon))
    holdout = log.after(str(known.observed_until))
    costs = None
    if contacts is not None:
        costs = read_columns(contacts, {"customer_id": "id"}, name="contacts")
        costs = costs[costs["customer_id"].isin(known.table.index)]
    customers = _without_acquisition_cost(log) if costs is not None else None
    profit = profit_table(holdout, contacts=costs, customers=customers)["profit"]
    return customer_quadrants(pd.concat(lifetimes).reindex(known.table.index), profit)


def _without_acquisition_cost(log: TransactionLog) -> pd.DataFrame:
    """Return all customers with an acquisition cost of 0, since it is sunk at the split."""
    first = log.rows.group_by("customer_id").aggregate(acquisition_date=log.rows.date.min())
    return first.to_pandas().assign(acquisition_cost=0.0)


def quadrant_table(quadrants: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Summarise the four quadrants.

    Parameters
    ----------
    quadrants
        The table of `customer_quadrants`.
    level
        Probability of the intervals.

    Returns
    -------
    DataFrame
        quadrant; customers; lifetime (mean); profit (sum, money); mean, mean_low and mean_high,
        profit per customer with its interval; advice, Reinartz and Kumar's in our words.
    """
    quadrants = read_columns(
        quadrants, {"quadrant": "text", "lifetime": "number", "profit": "number"}, name="quadrants"
    )
    given = quadrants["quadrant"]
    others = given[given.notna() & ~given.isin(list(QUADRANTS))]
    if len(others):
        raise DataError(f"quadrants: {unknown_name('quadrant', others.iloc[0], QUADRANTS)}")
    named = pd.Categorical(given, list(QUADRANTS))
    grouped = quadrants.assign(quadrant=named).groupby("quadrant", observed=False)
    table = grouped.agg(
        customers=("profit", "size"), lifetime=("lifetime", "mean"), profit=("profit", "sum"),
        mean=("profit", "mean"), sd=("profit", "std"),
    )  # fmt: skip
    half_width = normal_quantile(level) * table.pop("sd").fillna(0.0)
    half_width = half_width / np.sqrt(table["customers"].clip(lower=1))
    low, high = table["mean"] - half_width, table["mean"] + half_width
    advice = [_ADVICE[str(name)] for name in table.index]
    return table.assign(mean_low=low, mean_high=high, advice=advice).reset_index()
