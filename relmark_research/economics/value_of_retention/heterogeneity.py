"""Bias of a constant retention rate when customers are heterogeneous.

Customers with a high churn probability leave first, so long-standing customers have a higher
retention rate than the average. Symbols: S(t) share of a cohort that made t renewals, n renewals
made so far, d annual discount rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.value_of_retention.retention_value import margin_multiple
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate

Array = np.ndarray

_NEGLIGIBLE = 1e-13
_MAX_YEARS = 200_000  # in the sum


class RetentionModel(Protocol):
    """A model of customer retention, such as ShiftedBetaGeometric."""

    def survival(self, t: Array) -> Array:
        """Return the share of a cohort that made ``t`` renewals."""
        ...


@short_repr
@dataclass(frozen=True, repr=False)
class ConstantRetentionBias:
    """Value of a customer base under heterogeneity and under one constant retention rate.

    Attributes
    ----------
    value, constant_value
        Residual value of the base in annual margins: with heterogeneous customers, and at the
        average retention rate.
    retention_rate
        The average rate: renewals in the last year over customers up for renewal.
    table
        One row per number of renewals made: customers, retention_rate (of the next renewal), value
        and constant_value per customer.
    """

    value: float
    constant_value: float
    retention_rate: float
    table: pd.DataFrame

    @property
    def understatement(self) -> float:
        """Share of the value that the constant rate misses."""
        return 1 - self.constant_value / self.value

    def _summary(self) -> dict[str, object]:
        return {
            "value": self.value,
            "constant value": self.constant_value,
            "understatement": self.understatement,
            "average retention rate": self.retention_rate,
        }


def constant_retention_bias(
    model: RetentionModel, customers: Sequence[float], annual_discount_rate: float
) -> ConstantRetentionBias:
    """Return the bias in customer-base value from assuming one constant retention rate.

    Parameters
    ----------
    model
        Retention model with a ``survival`` method.
    customers
        Number of customers with 0, 1, 2, ... renewals made, >= 0.
    annual_discount_rate
        In (0, 1).

    Returns
    -------
    ConstantRetentionBias
        Value per customer with n renewals, at the moment of the next renewal: sum_{t>=1} S(n + t) /
        S(n) / (1 + d)^(t-1); with a constant rate r, r (1 + d) / (1 + d - r).

    References
    ----------
    Fader & Hardie (2010), Customer-base valuation in a contractual setting: the perils of ignoring
    heterogeneity, Marketing Science 29(1), 85-93.

    Examples
    --------
    >>> class Heterogeneous:  # sBG with alpha 3.80, beta 15.20
    ...     def survival(self, t):
    ...         from scipy.special import betaln
    ...         return np.exp(betaln(3.80, 15.20 + t) - betaln(3.80, 15.20))
    >>> cohorts = 10_000 * Heterogeneous().survival(np.arange(5))
    >>> found = constant_retention_bias(Heterogeneous(), cohorts, 0.10)
    >>> found.table["value"].round(2).tolist()  # Fader and Hardie, Table 3
    [3.31, 3.45, 3.59, 3.72, 3.84]
    >>> round(found.understatement, 2)
    0.12
    """
    rate = AnnualRate(annual_discount_rate).value
    if rate == 0:
        raise ParameterError("an infinite horizon needs an annual_discount_rate above 0; found 0.")
    counts = np.asarray(customers, float)
    if counts.ndim != 1 or not (counts >= 0).all() or counts.sum() == 0:
        raise ParameterError(
            "customers must be the number of customers with 0, 1, 2, ... renewals, each 0 or more; "
            f"found {counts}."
        )
    renewals = np.arange(len(counts))
    years = min(_MAX_YEARS, int(np.log(_NEGLIGIBLE) / -np.log1p(rate)) + 1)
    future = np.arange(1, years + 1)
    survival = np.asarray(model.survival(renewals), float)
    future_survival = np.asarray(model.survival(renewals[:, None] + future), float)
    values = (future_survival / survival[:, None]) @ (1 + rate) ** (1.0 - future)
    next_rate = future_survival[:, 0] / survival
    average = float(_average_retention(counts, survival, next_rate))
    multiple = margin_multiple(average, rate, timing="just after a payment", payment="year") * (
        1 + rate
    )
    table = pd.DataFrame(
        {
            "customers": counts,
            "retention_rate": next_rate,
            "value": values,
            "constant_value": multiple,
        },
        index=pd.Index(renewals, name="renewals"),
    )
    return ConstantRetentionBias(
        value=float(counts @ values),
        constant_value=float(counts.sum() * multiple),
        retention_rate=average,
        table=table,
    )


def _average_retention(counts: Array, survival: Array, next_rate: Array) -> float:
    """Return last year's renewals over customers up for renewal; the next rate for a new base."""
    renewed = counts[1:].sum()
    if renewed == 0:
        return float(next_rate[0])
    at_risk = counts[1:] * survival[:-1] / survival[1:]  # expected number up for renewal
    return float(renewed / at_risk.sum())
