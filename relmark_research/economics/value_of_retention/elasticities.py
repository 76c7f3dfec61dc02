"""Sensitivity of customer value to its drivers: elasticities and one-way sensitivity analysis."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pandas as pd

from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.economics.value_of_retention.retention_value import (
    Payment,
    Timing,
    margin_multiple,
)
from relmark_research.errors import ParameterError, check_share


def value_elasticities(
    retention_rate: float,
    annual_discount_rate: float,
    *,
    timing: Timing,
    cost_share: float = 0.0,
    payment: Payment = "month",
) -> pd.Series:
    """Return the elasticities of customer value: percent per percent of each driver.

    Parameters
    ----------
    retention_rate, annual_discount_rate, timing, payment
        As for `margin_multiple`, with an infinite horizon and no growth.
    cost_share
        Acquisition cost as a share of customer value, in [0, 1). The elasticities are those of
        value less acquisition cost.

    Returns
    -------
    Series
        retention_rate, annual_margin, annual_discount_rate and acquisition_cost. For the value
        m r / (1 + d - r) of annual payments they are (1 + d) / (1 + d - r), 1, -d / (1 + d - r)
        and 0.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18.

    Examples
    --------
    >>> value_elasticities(0.8, 0.12, timing="just after a payment", payment="year").round(
    ...     3).drop("acquisition_cost").to_dict()
    {'retention_rate': 3.5, 'annual_margin': 1.0, 'annual_discount_rate': -0.375}
    """
    terms = PaymentTerms.of(payment)
    margin_multiple(retention_rate, annual_discount_rate, timing=timing, payment=terms)  # checks
    if not 0 <= cost_share < 1:
        raise ParameterError(
            f"cost_share must be in [0, 1); found {cost_share!r}. Elasticities do not exist if the "
            "acquisition cost reaches the customer value."
        )
    rate, k = annual_discount_rate, terms.renewals_per_year
    q = (retention_rate / (1 + rate)) ** (1 / k)
    later = q / (1 - q)
    retention_elasticity = (later + (timing == "just after a payment")) / k
    waiting = (later + (timing != "first margin now")) / k + _mean_wait(terms, rate)
    discount_elasticity = -rate / (1 + rate) * waiting
    net = 1 / (1 - cost_share)
    return pd.Series(
        {
            "retention_rate": retention_elasticity * net,
            "annual_margin": net,
            "annual_discount_rate": discount_elasticity * net,
            "acquisition_cost": -cost_share * net,
        },
        name="elasticity",
    )


def _mean_wait(terms: PaymentTerms, rate: float) -> float:
    """Return the mean time from a renewal to a payment before the next, discounted, in years."""
    n = terms.payments_per_year
    years = np.arange(round(n / terms.renewals_per_year)) / n
    return float(np.average(years, weights=(1 + rate) ** -years))


def one_way_sensitivity(
    quantity: Callable[[dict[str, float]], float],
    drivers: dict[str, float],
    change: float,
    *,
    rates: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return a quantity with one driver at a time decreased and increased by a share of itself.

    ``rates`` names the drivers that must stay below 1.
    """
    check_share("change", change)
    rows = []
    for name, today in drivers.items():
        low, high = today * (1 - change), today * (1 + change)
        if name in rates and high >= 1:
            raise ParameterError(
                f"{name} is {today:.3g}; an increase of {change:.0%} gives {high:.3g}, above 1. "
                f"Use a change below {1 / today - 1:.2g}."
            )
        values = [quantity({**drivers, name: value}) for value in (low, high)]
        rows.append((name, today, low, high, *values, abs(values[1] - values[0])))
    columns = ["driver", "today", "low", "high", "equity_at_low", "equity_at_high", "swing"]
    table = pd.DataFrame(rows, columns=columns).set_index("driver")
    return table.sort_values("swing", ascending=False, kind="stable")


def elasticities(
    quantity: Callable[[dict[str, float]], float], drivers: dict[str, float]
) -> dict[str, float]:
    """Return d ln(quantity) / d ln(driver) by central differences; 0 if the driver is 0."""
    step = 1e-5
    found = {}
    for name, today in drivers.items():
        low, high = (quantity({**drivers, name: today * (1 + side)}) for side in (-step, step))
        found[name] = (high - low) / (2 * step) / quantity(drivers)
    return found
