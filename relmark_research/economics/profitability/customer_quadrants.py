"""Reinartz and Kumar's four kinds of customers, without the circle.

A long past and a high past profit go together whatever customers are like, since both grow with
time. So one axis is how long a customer is *predicted* to stay, by a model fitted until a day; the
other is the profit *after* that day, which the model has not seen.

    true friends   long, high        butterflies   short, high
    barnacles      long, low         strangers     short, low
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.families.pareto_nbd import ParetoNBD
from relmark_research.clv.prediction.forecast import common_unit
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.economics.next_action.segment_models import fit_segments
from relmark_research.economics.profitability.profit_table import profit_table
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import Day, Horizon

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

Array = np.ndarray

KINDS = ("true friends", "butterflies", "barnacles", "strangers")

_NODES = 24


def predicted_lifetime(
    fit: Fit | PurchaseModel, customers: CustomerSummary | pd.DataFrame, *, horizon: str = "5 years"
) -> pd.Series:
    """Predict how much longer each customer stays one, within a horizon.

    Parameters
    ----------
    fit
        ParetoNBD, BGNBD or MBGNBD, fitted or with given parameters.
    customers
        Histories, in the fit's unit of time.
    horizon
        How far to look; some models have no mean lifetime without an end.

    Returns
    -------
    Series
        P(alive) x integral over the horizon of P(still alive at s | alive now), in the customers'
        unit of time.

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
    model: PurchaseModel = fit.model if isinstance(fit, Fit) else fit  # type: ignore[assignment]
    length = Horizon.parse(horizon).length(common_unit(fit, summary), summary.observed_until)
    if not np.isfinite(length):
        raise ParameterError(
            "a lifetime is predicted within a horizon such as '5 years'; found for ever."
        )
    x, t_x, T = summary.frequency, summary.recency, summary.T
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    s = length * (nodes + 1) / 2
    stays = survival(model.living(x, T), s[None, :])
    years = model.p_alive(x, t_x, T) * (stays @ (weights * length / 2))
    return pd.Series(years, index=summary.table.index, name="lifetime")


def survival(living: PurchaseModel, s: Array) -> Array:
    """Return P(still alive at s) of living customers, shape (customers, times).

    Pareto/NBD: (beta / (beta + s))^s. BG/NBD: leaving at rate lambda p, so the mean of
    (1 + p s / alpha)^-r over p ~ Beta(a, b), a Gauss hypergeometric function.
    """
    of = {name: np.asarray(getattr(living, name), float)[..., None] for name in living.names()}
    if "beta" in of:
        return (of["beta"] / (of["beta"] + s)) ** of["s"]
    if "b" in of:
        z = s / (of["alpha"] + s)
        front = (of["alpha"] / (of["alpha"] + s)) ** of["r"]
        return front * special.hyp2f1(of["r"], of["b"], of["a"] + of["b"], z)
    if "alpha" in of:
        return np.ones(np.broadcast_shapes(of["alpha"].shape, np.shape(s)))
    raise ParameterError(
        "lifetimes are predicted by models in continuous time, such as ParetoNBD or BGNBD; found "
        f"{type(living).__name__}."
    )


def customer_kinds(
    lifetime: pd.Series,
    profit: pd.Series,
    *,
    long: float | None = None,
    high: float | None = None,
) -> pd.DataFrame:
    """Sort customers into true friends, butterflies, barnacles and strangers.

    Parameters
    ----------
    lifetime
        Predicted lifetime by customer_id, from a model fitted until a day.
    profit
        Profit after that day by customer_id (money); who did nothing afterwards earned 0 and may be
        missing. Profit from the days that the model was fitted on makes the classes circular.
    long, high
        From which lifetime and above which profit on; the medians where None.

    Returns
    -------
    DataFrame
        Index as ``lifetime``; lifetime, profit and kind.

    References
    ----------
    Reinartz & Kumar (2002), The mismanagement of customer loyalty, Harvard Business Review 80(7).

    Examples
    --------
    >>> lifetime = pd.Series([4.0, 3.5, 0.5, 0.2], index=["a", "b", "c", "d"])
    >>> profit = pd.Series([90.0, -4.0, 60.0], index=["a", "b", "c"])
    >>> customer_kinds(lifetime, profit)["kind"].to_dict()
    {'a': 'true friends', 'b': 'barnacles', 'c': 'butterflies', 'd': 'strangers'}
    """
    if lifetime.isna().any() or profit.isna().any():
        raise DataError(
            "kinds need known lifetimes and profits; found "
            f"{int(lifetime.isna().sum())} and {int(profit.isna().sum())} unknown."
        )
    if not lifetime.index.intersection(profit.index).size:
        raise DataError(
            "lifetimes and profits have no customer in common: the first ids are "
            f"{lifetime.index[0]!r} and {profit.index[0]!r}. Index both by customer_id."
        )
    earned = profit.reindex(lifetime.index).fillna(0.0)
    long = float(lifetime.median()) if long is None else long
    high = float(earned.median()) if high is None else high
    stays, pays = (lifetime >= long).to_numpy(), (earned > high).to_numpy()
    place = np.select([stays & pays, ~stays & pays, stays & ~pays], [0, 1, 2], 3)
    kind = pd.Categorical(np.array(KINDS, dtype=object)[place], list(KINDS))
    return pd.DataFrame(
        {"lifetime": lifetime, "profit": earned, "kind": kind}, index=lifetime.index
    )


def kinds_since(
    log: TransactionLog,
    *,
    contacts: pd.DataFrame | None = None,
    segments: pd.Series | None = None,
    at: Day | None = None,
    horizon: str = "5 years",
    purchases: type[PurchaseModel] | None = None,
) -> pd.DataFrame:
    """Sort customers into kinds from a log: lifetimes predicted at a day, profit seen after it.

    Parameters
    ----------
    log
        Purchases, with the cost of goods.
    contacts
        customer_id, date, cost; None leaves them out of profit.
    segments
        Segment by customer_id, for models of their own; None fits one model to all.
    at
        Last day that the models see; None takes the day two thirds of the way.
    horizon
        How far lifetimes are predicted.
    purchases
        Class of the model of purchases; ParetoNBD by default.

    Returns
    -------
    DataFrame
        As `customer_kinds`, of the customers known by the day.
    """
    split = log.split(at=at)
    known = split.calibration
    groups = pd.Series("all", known.table.index) if segments is None else segments
    groups = groups.reindex(known.table.index)
    fits = fit_segments(known, groups, purchases=purchases or ParetoNBD).fits
    parts = []
    for name in groups.unique():
        part = CustomerSummary(
            known.table[groups == name], unit=known.unit, observed_until=known.observed_until
        )
        parts.append(predicted_lifetime(fits[name][0], part, horizon=horizon))
    later = log.after(str(known.observed_until))
    own = None if contacts is None else contacts[contacts["customer_id"].isin(known.table.index)]
    people = _everyone(log) if own is not None else None
    profit = profit_table(later, contacts=own, customers=people)["profit"]
    return customer_kinds(pd.concat(parts).reindex(known.table.index), profit)


def _everyone(log: TransactionLog) -> pd.DataFrame:
    """Return all customers at no cost of acquisition: that is spent whatever kind they are."""
    first = log.rows.group_by("customer_id").aggregate(acquisition_date=log.rows.date.min())
    return first.to_pandas().assign(acquisition_cost=0.0)


_ADVICE = {
    "true friends": "delight them: be easy to reach, ask for referrals, do not mail them too much",
    "butterflies": "sell while they are there, and stop when they move on",
    "barnacles": "find out whether they buy elsewhere; if not, serve them more cheaply",
    "strangers": "spend nothing on the relationship; earn on every sale",
}


def kind_table(kinds: pd.DataFrame, *, level: float = 0.95) -> pd.DataFrame:
    """Sum up the four kinds.

    Returns
    -------
    DataFrame
        kind; customers; lifetime, the mean; profit, the sum (money); mean with mean_low and
        mean_high, profit per customer with the interval of a mean; advice, Reinartz and Kumar's, in
        our words.
    """
    grouped = kinds.groupby("kind", observed=False)
    table = grouped.agg(
        customers=("profit", "size"), lifetime=("lifetime", "mean"), profit=("profit", "sum"),
        mean=("profit", "mean"), sd=("profit", "std"),
    )  # fmt: skip
    reach = normal_quantile(level) * table.pop("sd").fillna(0.0)
    reach = reach / np.sqrt(table["customers"].clip(lower=1))
    table = table.assign(mean_low=table["mean"] - reach, mean_high=table["mean"] + reach)
    return table.assign(advice=[_ADVICE[str(kind)] for kind in table.index]).reset_index()
