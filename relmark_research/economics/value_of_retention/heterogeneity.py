"""What is lost by taking one retention rate for all customers.

Customers differ: those likely to leave do so first, so a base of old customers stays longer than
the average rate says. Symbols: S(t) share of a cohort that made t renewals, n renewals made so far,
d annual discount rate.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Protocol

import numpy as np
import pandas as pd

from relmark_research.economics.value_of_retention.retention_value import margin_multiple
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate

Array = np.ndarray

_NEGLIGIBLE = 1e-13
_LONGEST = 200_000  # years summed over


class RetentionModel(Protocol):
    """A model of how long customers stay, such as ShiftedBetaGeometric."""

    def survival(self, t: Array) -> Array:
        """Return the share of a cohort that made ``t`` renewals."""
        ...


@dataclass(frozen=True)
class ConstantRetentionBias:
    """What a base is worth, and what one retention rate for all would have it.

    Attributes
    ----------
    value, constant_value
        Discounted yearly margins still to come from the base, in margins: of customers who differ,
        and at the base's average retention rate.
    retention_rate
        That rate: renewals in the last year over those who were up for renewal.
    table
        Row per number of renewals made: customers, retention_rate (the next), value and
        constant_value per customer.
    """

    value: float
    constant_value: float
    retention_rate: float
    table: pd.DataFrame = field(repr=False)

    @property
    def understated(self) -> float:
        """Share of the value that one rate for all leaves out."""
        return 1 - self.constant_value / self.value


def constant_retention_bias(
    model: RetentionModel, customers: Sequence[float], annual_discount_rate: float
) -> ConstantRetentionBias:
    """Return by how much one retention rate for all undervalues a base of customers.

    Parameters
    ----------
    model
        How long customers stay.
    customers
        How many there are with 0, 1, 2, ... renewals made, >= 0.
    annual_discount_rate
        In (0, 1).

    Returns
    -------
    ConstantRetentionBias
        Value per customer with n renewals, at the moment of the next renewal: sum_{t>=1} S(n + t) /
        S(n) / (1 + d)^(t-1); with one rate r for all, r (1 + d) / (1 + d - r).

    References
    ----------
    Fader & Hardie (2010), Customer-base valuation in a contractual setting: the perils of ignoring
    heterogeneity, Marketing Science 29(1), 85-93.

    Examples
    --------
    >>> class Differing:  # sBG with alpha 3.80, beta 15.20
    ...     def survival(self, t):
    ...         from scipy.special import betaln
    ...         return np.exp(betaln(3.80, 15.20 + t) - betaln(3.80, 15.20))
    >>> cohorts = 10_000 * Differing().survival(np.arange(5))
    >>> found = constant_retention_bias(Differing(), cohorts, 0.10)
    >>> found.table["value"].round(2).tolist()  # Fader and Hardie, Table 3
    [3.31, 3.45, 3.59, 3.72, 3.84]
    >>> round(found.understated, 2)
    0.12
    """
    rate = AnnualRate(annual_discount_rate).value
    if rate == 0:
        raise ParameterError("a value for ever needs a discount rate above 0; found 0.")
    counts = np.asarray(customers, float)
    if counts.ndim != 1 or not (counts >= 0).all() or counts.sum() == 0:
        raise ParameterError(
            "customers is how many have 0, 1, 2, ... renewals made, 0 or more each; found "
            f"{counts}. Count the customers by renewals."
        )
    renewals = np.arange(len(counts))
    years = min(_LONGEST, int(np.log(_NEGLIGIBLE) / -np.log1p(rate)) + 1)
    ahead = np.arange(1, years + 1)
    here = np.asarray(model.survival(renewals), float)
    later = np.asarray(model.survival(renewals[:, None] + ahead), float)
    values = (later / here[:, None]) @ (1 + rate) ** (1.0 - ahead)
    next_rate = later[:, 0] / here
    average = float(_last_year(counts, here, next_rate))
    multiple = margin_multiple(average, rate, timing="just after a payment") * (1 + rate)
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


def _last_year(counts: Array, survival: Array, next_rate: Array) -> float:
    """Return renewals made last year over those up for it; with newcomers only, the next rate."""
    renewed = counts[1:].sum()
    if renewed == 0:
        return float(next_rate[0])
    was = counts[1:] * survival[:-1] / survival[1:]  # expected to have been up for renewal
    return float(renewed / was.sum())
