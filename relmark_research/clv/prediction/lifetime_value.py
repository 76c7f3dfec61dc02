"""Lifetime value: discounted purchases to come x spend per purchase x margin.

The value is of the future only: what a customer has already paid is not in it, nor what was spent
to win the customer. Money is taken when a purchase is made; the discount runs continuously.
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
from relmark_research.clv.families.gamma_gamma import GammaGamma
from relmark_research.clv.prediction import _inputs, forecast, predictive_intervals
from relmark_research.clv.prediction._conditional import Future, Outlook, discounted_purchases_by
from relmark_research.clv.prediction._inputs import Margin
from relmark_research.clv.prediction.predictive_intervals import Futures, Kind, Prediction
from relmark_research.clv.prediction.spend_average import SpendAverage
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate, Horizon

Array = np.ndarray


@dataclass(frozen=True)
class TotalValue:
    """The value of all customers together.

    Attributes
    ----------
    value, low, high
        In money; low and high are None where no level was asked for.
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

    @property
    def each(self) -> tuple[float, float | None, float | None]:
        """Value, low and high per customer."""
        low, high = (None if end is None else end / self.customers for end in (self.low, self.high))
        return self.value / self.customers, low, high


@dataclass(frozen=True)
class _Valuation:
    """Everything that a value is computed from, checked."""

    purchases: Fit | CovariateFit | PurchaseModel
    spend: Fit | GammaGamma
    customers: CustomerSummary
    model: PurchaseModel
    outlook: Outlook
    length: float
    delta: float
    margin: Array
    average: SpendAverage

    @property
    def future(self) -> Future:
        """Discounted purchases of a living customer."""
        return discounted_purchases_by(self.length, self.delta)

    def discounted(self) -> Array:
        """Return discounted purchases per distinct history."""
        return self.outlook.p_alive(self.model) * self.outlook.living(self.model, self.future)

    def slopes(self) -> Array:
        """Return d ln(discounted purchases) / d (what was estimated of purchases) per history."""
        slopes = forecast.log_slopes(self.outlook, self.future, self.model)
        return forecast.by_estimates(self.purchases, slopes, self.customers)

    def spent(self) -> Array:
        """Return expected spend per purchase, shape (customers,)."""
        return self.average.of(self.customers.frequency, self.customers.monetary_value)

    def spend_slopes(self) -> Array:
        """Return d ln(spend per purchase) / d log(parameter of spend) per customer."""
        return self.average.log_slopes(self.customers.frequency, self.customers.monetary_value)

    def fits(self) -> tuple[Fit | CovariateFit, Fit]:
        """Return the fits, refusing models that are certain."""
        bought = isinstance(self.purchases, Fit | CovariateFit)
        if not (bought and isinstance(self.spend, Fit)):
            raise ParameterError(
                "an interval needs fits of purchases and of spend, since models with given "
                "parameters are certain. Fit them, ask for level=None, or for a prediction."
            )
        return self.purchases, self.spend  # type: ignore[return-value]

    def futures(self) -> Futures:
        """Return what draws of the customers' futures take."""
        of = self.customers
        history = of.frequency, of.recency, of.T, of.monetary_value
        bought = predictive_intervals.sigma_models(self.purchases, of)
        paid = predictive_intervals.sigma_models(self.spend)
        return Futures.of(bought, paid, history, self.length, self.delta)


def lifetime_value(
    purchases: Fit | CovariateFit | PurchaseModel,
    spend: Fit | GammaGamma | SpendAverage,
    customers: CustomerSummary | pd.DataFrame,
    *,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None = None,
    level: float | None = None,
    kind: Kind = "estimate",
) -> pd.DataFrame:
    """Value each customer's purchases to come.

    Parameters
    ----------
    purchases, spend
        Fits (needed for intervals) or models of purchases and of spend per purchase; where the mean
        spend does not exist (q <= 1), `SpendAverage(spend, "median")` values by the median.
    customers
        Histories with monetary_value, in the fit's unit of time; of a fit with covariates, with
        the formulas' columns too.
    margin
        Share of value that is left after the cost of goods, in (0, 1]; one number, the name of a
        column of the customers, a Series by customer_id, or a list in the customers' order.
    annual_discount_rate
        Effective rate per year, in [0, 1): 0.10 for ten percent.
    horizon
        ``"12 months"``, a last day, or None for the whole residual life.
    level
        Probability of the intervals, such as 0.95; None for none.
    kind
        ``"estimate"``: intervals of the means, from the uncertainty of the purchase and of the
        spend parameters. ``"prediction"``: the range of what the customer will bring, chance
        included, from draws (``Prediction(draws=1000, seed=0)`` says how many).

    Returns
    -------
    DataFrame
        Row per customer, in the customers' order: discounted_purchases, expected_spend and clv =
        margin x expected_spend x discounted_purchases (and with a level clv_low, clv_high).

    Raises
    ------
    ParameterError
        Where margin or rate are outside their domain, the mean spend does not exist (q <= 1), or
        an endless horizon is not discounted.

    References
    ----------
    Fader, Hardie & Lee (2005), RFM and CLV, Journal of Marketing Research 42(4), 415-430.

    Examples
    --------
    >>> import relmark_research as rm
    >>> calibration = rm.load_cdnow().split(at="1997-09-30").calibration
    >>> purchases, spend = rm.BGNBD.fit(calibration), rm.GammaGamma.fit(calibration)
    >>> values = rm.lifetime_value(purchases, spend, calibration, margin=0.3,
    ...                            annual_discount_rate=0.10, horizon="12 months", level=0.95)
    >>> values.columns.to_list()
    ['discounted_purchases', 'expected_spend', 'clv', 'clv_low', 'clv_high']
    """
    valued = _valuation(purchases, spend, customers, margin, annual_discount_rate, horizon)
    discounted = valued.discounted()[valued.outlook.histories.inverse]
    spent = valued.spent()
    clv = valued.margin * spent * discounted
    columns = {"discounted_purchases": discounted, "expected_spend": spent, "clv": clv}
    predict = predictive_intervals.prediction_of(kind)
    if level is None:
        uncertainty.caution(purchases, valued.spend)
    else:
        if predict:
            ends = predictive_intervals.value_range(valued.futures(), valued.margin, level, predict)
        else:
            ends = _intervals(valued, clv, spent, level)
        columns["clv_low"], columns["clv_high"] = ends
    return pd.DataFrame(columns, index=valued.customers.table.index, copy=False)


def total_value(
    purchases: Fit | CovariateFit | PurchaseModel,
    spend: Fit | GammaGamma | SpendAverage,
    customers: CustomerSummary | pd.DataFrame,
    *,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None = None,
    level: float | None = 0.95,
    kind: Kind = "estimate",
) -> TotalValue:
    """Value all customers together, with the interval of the sum.

    Customers' estimates err together, since they share the parameters: the interval of the sum is
    not the sum of intervals. Arguments as in `lifetime_value`.

    Returns
    -------
    TotalValue
        value = sum of clv over customers; low and high from the delta method on its logarithm.
    """
    valued = _valuation(purchases, spend, customers, margin, annual_discount_rate, horizon)
    inverse, weights = valued.outlook.histories.inverse, valued.customers.weights
    per_purchase = weights * valued.margin * valued.spent()
    discounted = valued.discounted()
    by_customer = per_purchase * discounted[inverse]
    value, customers_in_all = float(by_customer.sum()), int(weights.sum())
    predict = predictive_intervals.prediction_of(kind)
    if level is None:
        uncertainty.caution(purchases, valued.spend)
        return TotalValue(value, None, None, None, customers_in_all)
    if predict:
        ends = _total_range(valued, weights, level, predict)
        return TotalValue(value, *ends, level, customers_in_all)
    bought, paid = valued.fits()
    by_history = np.bincount(inverse, by_customer, len(discounted)) / value
    slope = np.einsum("ki,i->k", valued.slopes(), by_history)
    log_variance = uncertainty.variance(slope, bought)
    slope = np.einsum("ki,i->k", valued.spend_slopes(), by_customer / value)
    log_variance = log_variance + uncertainty.variance(slope, paid)
    low, high = map(float, uncertainty.positive_interval(np.asarray(value), log_variance, level))
    return TotalValue(value, low, high, level, customers_in_all)


def _valuation(
    purchases: Fit | CovariateFit | PurchaseModel,
    spend: Fit | GammaGamma | SpendAverage,
    customers: CustomerSummary | pd.DataFrame,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None,
) -> _Valuation:
    summary = CustomerSummary.of(customers)
    model = _inputs.purchase_model(purchases, summary)
    average = spend if isinstance(spend, SpendAverage) else SpendAverage(spend)
    _inputs.spend_model(average.spend)
    unit = forecast.common_unit(purchases, summary)
    delta = AnnualRate(annual_discount_rate).continuous(unit)
    length = Horizon.parse(horizon).length(unit, summary.observed_until)
    if delta == 0 and np.isinf(length):
        raise ParameterError(
            "a value for ever needs a discount rate > 0; found 0. Give a horizon or a rate."
        )
    return _Valuation(
        purchases=purchases,
        spend=average.spend,
        customers=summary,
        model=model,
        outlook=Outlook.of(summary, model),
        length=length,
        delta=delta,
        margin=_inputs.margins(margin, summary),
        average=average,
    )


def _intervals(valued: _Valuation, clv: Array, spent: Array, level: float) -> tuple[Array, Array]:
    """Return low and high of each customer's value, from the doubt about both models."""
    bought, paid = valued.fits()
    variance = uncertainty.variance(valued.slopes(), bought)
    spread = valued.average.add_doubt(paid, variance, valued.outlook.histories, spent)
    return uncertainty.positive_interval(clv, spread, level)


def _total_range(
    valued: _Valuation, weights: Array, level: float, predict: Prediction
) -> tuple[float, float]:
    """Return low and high of what all customers will bring, each of a row's drawn by itself."""
    rows = np.repeat(np.arange(len(weights)), weights.astype(int))
    each = valued.futures().at(rows)
    return predictive_intervals.total_range(each, valued.margin[rows], level, predict)
