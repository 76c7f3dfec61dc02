"""Lifetime value: discounted purchases to come x spend per purchase x margin.

The value is of the future only: what a customer has already paid is not in it, nor what was spent
to win the customer. Money is taken when a purchase is made; the discount runs continuously.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from relmark_research.clv import forecast, sensitivity
from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.fitting import Fit
from relmark_research.clv.gamma_gamma import GammaGamma
from relmark_research.customers.summary import CustomerSummary
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate, Horizon

if TYPE_CHECKING:
    from relmark_research.clv.base import Model

Array = np.ndarray
Margin = float | pd.Series


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


@dataclass(frozen=True)
class _Valuation:
    """Everything that a value is computed from, checked."""

    purchases: PurchaseModel
    spend: GammaGamma
    customers: CustomerSummary
    outlook: forecast.Outlook
    future: forecast.Future
    margin: Array

    def discounted(self) -> Array:
        """Return discounted purchases per distinct history."""
        outlook = self.outlook
        return outlook.p_alive(self.purchases) * outlook.living(self.purchases, self.future)

    def spent(self, spend: Model) -> Array:
        """Return expected spend per purchase, shape (customers,)."""
        x, m = self.customers.frequency, self.customers.monetary_value
        return spend.conditional_expected_spend(x, m)  # type: ignore[attr-defined,no-any-return]


def lifetime_value(
    purchases: Fit | PurchaseModel,
    spend: Fit | GammaGamma,
    customers: CustomerSummary | pd.DataFrame,
    *,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None = None,
    level: float | None = None,
) -> pd.DataFrame:
    """Value each customer's purchases to come.

    Parameters
    ----------
    purchases, spend
        Fits (needed for intervals) or models of purchases and of spend per purchase.
    customers
        Histories with monetary_value, in the fit's unit of time.
    margin
        Share of value that is left after the cost of goods, in (0, 1]; one number, or a Series by
        customer_id.
    annual_discount_rate
        Effective rate per year, in [0, 1): 0.10 for ten percent.
    horizon
        ``"12 months"``, a last day, or None for the whole residual life.
    level
        Probability of the intervals of the estimates; they carry the uncertainty of the purchase
        and of the spend parameters.

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
    inverse = valued.outlook.histories.inverse
    discounted = valued.discounted()[inverse]
    spent = valued.spent(valued.spend)
    clv = valued.margin * spent * discounted
    columns = {"discounted_purchases": discounted, "expected_spend": spent, "clv": clv}
    if level is not None:
        bought, paid = _fitted_pair(purchases, spend)
        slope = forecast.log_slopes(valued.outlook, valued.future, bought.model)
        spread = sensitivity.variance(slope, bought)[inverse]
        spread = spread + sensitivity.variance(_log_spend_slopes(valued, paid), paid)
        columns["clv_low"], columns["clv_high"] = sensitivity.positive_interval(clv, spread, level)
    return pd.DataFrame(columns, index=valued.customers.table.index)


def total_value(
    purchases: Fit | PurchaseModel,
    spend: Fit | GammaGamma,
    customers: CustomerSummary | pd.DataFrame,
    *,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None = None,
    level: float | None = 0.95,
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
    per_purchase = weights * valued.margin * valued.spent(valued.spend)
    discounted = valued.discounted()
    value = float(per_purchase @ discounted[inverse])
    low = high = None
    if level is not None:
        bought, paid = _fitted_pair(purchases, spend)
        by_history = np.bincount(inverse, weights=per_purchase, minlength=len(discounted))
        slope = forecast.log_slopes(valued.outlook, valued.future, bought.model)
        shares = by_history * discounted / value
        log_variance = sensitivity.variance(slope @ shares, bought)
        by_customer = per_purchase * discounted[inverse] / value
        slope = _log_spend_slopes(valued, paid) @ by_customer
        log_variance = log_variance + sensitivity.variance(slope, paid)
        low, high = map(float, sensitivity.positive_interval(value, log_variance, level))
    return TotalValue(value, low, high, level, int(weights.sum()))


def _valuation(
    purchases: Fit | PurchaseModel,
    spend: Fit | GammaGamma,
    customers: CustomerSummary | pd.DataFrame,
    margin: Margin,
    annual_discount_rate: float,
    horizon: str | date | Horizon | None,
) -> _Valuation:
    summary = CustomerSummary.of(customers)
    unit = forecast.common_unit(purchases, summary)
    delta = AnnualRate(annual_discount_rate).continuous(unit)
    length = Horizon.parse(horizon).length(unit, summary.observed_until)
    if delta == 0 and np.isinf(length):
        raise ParameterError(
            "a value for ever needs a discount rate > 0; found 0. Give a horizon or a rate."
        )
    return _Valuation(
        purchases=purchases.model if isinstance(purchases, Fit) else purchases,  # type: ignore[arg-type]
        spend=spend.model if isinstance(spend, Fit) else spend,  # type: ignore[arg-type]
        customers=summary,
        outlook=forecast.Outlook.of(summary),
        future=forecast.discounted_purchases_by(length, delta),
        margin=_margins(margin, summary),
    )


def _margins(margin: Margin, customers: CustomerSummary) -> Array:
    if isinstance(margin, pd.Series):
        missing = customers.table.index.difference(margin.index)
        if len(missing):
            raise ParameterError(
                f"a Series of margins must have every customer; {len(missing):,} are missing, "
                f"first: {', '.join(map(repr, missing[:3]))}."
            )
        margin = margin.reindex(customers.table.index).to_numpy(float)
    shares = np.broadcast_to(np.asarray(margin, float), len(customers))
    wrong = ~((shares > 0) & (shares <= 1))
    if wrong.any():
        raise ParameterError(
            "a margin is a share of value in (0, 1], 0.3 for thirty percent; found "
            f"{shares[wrong][0]:g} ({wrong.sum():,} of {len(shares):,} values)."
        )
    return shares


def _log_spend_slopes(valued: _Valuation, paid: Fit) -> Array:
    return sensitivity.slopes(lambda model: np.log(valued.spent(model)), paid.model)


def _fitted_pair(purchases: Fit | PurchaseModel, spend: Fit | GammaGamma) -> tuple[Fit, Fit]:
    if not (isinstance(purchases, Fit) and isinstance(spend, Fit)):
        raise ParameterError(
            "an interval needs fits of purchases and of spend, since models with given parameters "
            "are certain. Fit them, or ask for level=None."
        )
    return purchases, spend
