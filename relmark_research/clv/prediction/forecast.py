"""What each customer will buy: alive or gone, and how many purchases by when.

Two kinds of interval answer two questions: how sure is the mean of customers like this one (the
estimate), and what may this one customer do (the prediction)?
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date

import numpy as np
import pandas as pd

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation import uncertainty
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._conditional import (
    Future,
    Outlook,
    discounted_purchases_by,
    purchases_by,
)
from relmark_research.clv.prediction._inputs import purchase_model
from relmark_research.clv.prediction.predictive_intervals import (
    Kind,
    prediction_of,
    purchase_range,
    sigma_models,
)
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.units import Horizon, TimeUnit

__all__ = [
    "Outlook",
    "TotalPurchases",
    "common_unit",
    "discounted_purchases_by",
    "forecast",
    "purchases_by",
    "total_purchases",
]

Array = np.ndarray

_COLUMNS = [
    f"{quantity}{end}"
    for quantity in ("p_alive", "expected_purchases", "purchases")
    for end in ("", "_low", "_high")
]


def forecast(
    fit: Fit | CovariateFit | PurchaseModel,
    customers: CustomerSummary | pd.DataFrame,
    *,
    horizon: str | date | Horizon,
    level: float | None = None,
    kind: Kind = "estimate",
) -> pd.DataFrame:
    """Forecast each customer's purchases.

    Parameters
    ----------
    fit
        A fit (needed for intervals) or a model of purchases.
    customers
        Their histories, in the fit's unit of time; with covariates the formulas' columns too.
    horizon
        How far after the end of observation: ``"52 weeks"``, ``"12 months"`` or a last day.
    level
        Probability of the intervals, such as 0.95; None for none.
    kind
        ``"estimate"``: intervals of the means, from the uncertainty of the model's parameters.
        ``"prediction"``: the range of the customer's own purchases, chance included.

    Returns
    -------
    DataFrame
        Row per customer, in the customers' order: p_alive and expected_purchases = P(alive) E[X(t)
        of the living]; with a level p_alive_low, ..., expected_purchases_high, or, of a
        prediction, purchases_low and purchases_high (whole numbers).

    Raises
    ------
    ParameterError
        Where the horizon's or the customers' unit is not known or not the fit's.

    Warns
    -----
    UserWarning
        Where no level is asked of a fit that could give no interval, with the reason.

    Examples
    --------
    >>> import relmark_research as rm
    >>> history = pd.DataFrame({"frequency": [2], "recency": [30.43], "T": [38.86]})
    >>> customers = rm.CustomerSummary(history, unit="week")
    >>> model = rm.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)
    >>> rm.forecast(model, customers, horizon="39 weeks").round(3)
       p_alive  expected_purchases
    0    0.727               1.226
    """
    summary = CustomerSummary.of(customers)
    model, length = purchase_model(fit, summary), _finite_length(fit, summary, horizon)
    outlook, future = Outlook.of(summary, model), purchases_by(length)
    alive = outlook.p_alive(model)
    columns = {"p_alive": alive, "expected_purchases": alive * outlook.living(model, future)}
    predict = prediction_of(kind)
    if level is None:
        uncertainty.caution(fit)
    if level is not None and predict is not None:
        ends = purchase_range(sigma_models(fit, summary), outlook, length, level)
        columns |= {"purchases_low": ends[0], "purchases_high": ends[1]}
    elif level is not None:
        columns |= _intervals(_fitted(fit), summary, outlook, future, level) | columns
    inverse = outlook.histories.inverse
    ordered = {name: columns[name][inverse] for name in _COLUMNS if name in columns}
    return pd.DataFrame(ordered, index=summary.table.index)


@dataclass(frozen=True)
class TotalPurchases:
    """The purchases expected of all customers together.

    Attributes
    ----------
    value, low, high
        In purchases; low and high are None where no level was asked for.
    level
        Probability of the interval.
    customers
        How many the sum is over.
    """

    value: float
    low: float | None
    high: float | None
    level: float | None
    customers: int


def total_purchases(
    fit: Fit | CovariateFit | PurchaseModel,
    customers: CustomerSummary | pd.DataFrame,
    *,
    horizon: str | date | Horizon,
    level: float | None = 0.95,
) -> TotalPurchases:
    """Forecast the purchases of all customers together, with the interval of the sum.

    Customers' estimates err together, since they share the parameters: the interval of the sum is
    not the sum of intervals. Arguments as in `forecast`.

    Returns
    -------
    TotalPurchases
        value = sum of expected purchases over customers; low and high from the delta method on
        its logarithm.
    """
    summary = CustomerSummary.of(customers)
    model = purchase_model(fit, summary)
    future = purchases_by(_finite_length(fit, summary, horizon))
    outlook = Outlook.of(summary, model)
    each = outlook.histories.weights * outlook.p_alive(model) * outlook.living(model, future)
    value, n = float(each.sum()), summary.n_customers
    if level is None:
        uncertainty.caution(fit)
        return TotalPurchases(value, None, None, None, n)
    slopes = by_estimates(fit, log_slopes(outlook, future, model), summary)
    variance = uncertainty.variance(np.einsum("ki,i->k", slopes, each / value), _fitted(fit))
    low, high = uncertainty.positive_interval(np.asarray(value), variance, level)
    return TotalPurchases(value, float(low), float(high), level, n)


def common_unit(fit: Fit | CovariateFit | PurchaseModel, customers: CustomerSummary) -> TimeUnit:
    """Return the unit of the customers' times, refusing one that is not the fit's."""
    fitted = fit.unit if isinstance(fit, Fit | CovariateFit) else None
    if customers.unit is None and fitted is None:
        raise ParameterError(
            "the unit of recency and T is not known, so a horizon cannot be converted to it. Say "
            "it once: CustomerSummary(table, unit='week')."
        )
    if None not in (customers.unit, fitted) and customers.unit != fitted:
        raise ParameterError(
            f"the model was fitted on times in {fitted}s, the customers' are in {customers.unit}s. "
            "Summarise the customers in the fit's unit."
        )
    unit = customers.unit or fitted
    return TimeUnit.of(unit)  # type: ignore[arg-type]


def log_slopes(outlook: Outlook, future: Future, model: PurchaseModel) -> Array:
    """Return d ln(p_alive x living) / d log(parameter) per distinct history."""
    gone = 1 - outlook.p_alive(model)
    return gone * outlook.logit_alive_slopes(model) + outlook.log_living_slopes(model, future)


def by_estimates(
    fit: Fit | CovariateFit | PurchaseModel, slopes: Array, customers: CustomerSummary
) -> Array:
    """Return slopes by all that was estimated, from those by each history's log-parameters."""
    return fit.by_effects(slopes, customers) if isinstance(fit, CovariateFit) else slopes


def _intervals(
    fit: Fit | CovariateFit,
    customers: CustomerSummary,
    outlook: Outlook,
    future: Future,
    level: float,
) -> dict[str, Array]:
    model = purchase_model(fit, customers)
    p_alive, by_alive = outlook.p_alive(model), outlook.logit_alive_slopes(model)
    by_log = (1 - p_alive) * by_alive + outlook.log_living_slopes(model, future)
    alive, bought = (
        uncertainty.variance(by_estimates(fit, slopes, customers), fit)
        for slopes in (by_alive, by_log)
    )
    low, high = uncertainty.share_interval(p_alive, alive, level)
    expected = p_alive * outlook.living(model, future)
    fewest, most = uncertainty.positive_interval(expected, bought, level)
    return {
        "p_alive_low": low,
        "p_alive_high": high,
        "expected_purchases_low": fewest,
        "expected_purchases_high": most,
    }


def _finite_length(
    fit: Fit | CovariateFit | PurchaseModel,
    customers: CustomerSummary,
    horizon: str | date | Horizon,
) -> float:
    """Return the horizon in the data's unit, refusing an endless one."""
    unit = common_unit(fit, customers)
    length = Horizon.parse(horizon).length(unit, customers.observed_until)
    if np.isinf(length):
        raise ParameterError(
            "expected purchases need a finite horizon such as '52 weeks'; found for ever. "
            "What a whole residual life is worth is told by lifetime_value(..., horizon=None)."
        )
    return length


def _fitted(fit: Fit | CovariateFit | PurchaseModel) -> Fit | CovariateFit:
    if not isinstance(fit, Fit | CovariateFit):
        raise ParameterError(
            f"an interval needs a fit, since {type(fit).__name__} with given parameters is "
            "certain. Fit it, or ask for level=None."
        )
    return fit
