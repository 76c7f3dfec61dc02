"""How much a value depends on what it is made of: elasticities and the bars of a tornado."""

from __future__ import annotations

from collections.abc import Callable

import pandas as pd

from relmark_research.economics.value_of_retention.retention_value import Timing, margin_multiple
from relmark_research.errors import ParameterError


def value_elasticities(
    retention_rate: float,
    annual_discount_rate: float,
    *,
    timing: Timing,
    cost_share: float = 0.0,
) -> pd.Series:
    """Return by how many percent a customer's value rises where a driver rises by one percent.

    Parameters
    ----------
    retention_rate, annual_discount_rate, timing
        As for `margin_multiple`, for ever and without growth.
    cost_share
        Acquisition cost as a share of the customer's value, in [0, 1): the elasticities are then
        those of value less acquisition cost.

    Returns
    -------
    Series
        retention_rate, margin, annual_discount_rate and acquisition_cost: of m r / (1 + d - r)
        they are (1 + d) / (1 + d - r), 1, -d / (1 + d - r) and 0.

    References
    ----------
    Gupta, Lehmann & Stuart (2004), Valuing customers, Journal of Marketing Research 41(1), 7-18.

    Examples
    --------
    >>> value_elasticities(0.8, 0.12, timing="just after a payment").round(3).to_dict()
    {'retention_rate': 3.5, 'margin': 1.0, 'annual_discount_rate': -0.375, 'acquisition_cost': -0.0}
    """
    margin_multiple(retention_rate, annual_discount_rate, timing=timing)  # refuses what is wrong
    if not 0 <= cost_share < 1:
        raise ParameterError(
            f"the cost's share of the value lies in [0, 1); found {cost_share!r}. "
            "Where a customer costs more to win than the value, no driver has an elasticity."
        )
    rate, q = annual_discount_rate, retention_rate / (1 + annual_discount_rate)
    of_retention = q / (1 - q) + (timing == "just after a payment")
    of_rate = -rate / (1 + rate) * (q / (1 - q) + (timing != "first margin now"))
    net = 1 / (1 - cost_share)
    return pd.Series(
        {
            "retention_rate": of_retention * net,
            "margin": net,
            "annual_discount_rate": of_rate * net,
            "acquisition_cost": -cost_share * net,
        },
        name="elasticity",
    )


def swings(
    quantity: Callable[[dict[str, float]], float],
    drivers: dict[str, float],
    change: float,
    *,
    best: tuple[str, ...] = (),
) -> pd.DataFrame:
    """Return a quantity where one driver at a time is lower and higher by a share of itself.

    ``best`` names the drivers that are rates and must stay below 1.
    """
    if not 0 < change < 1:
        raise ParameterError(f"a change is a share in (0, 1), 0.1 for ten percent; found {change}.")
    rows = []
    for name, today in drivers.items():
        low, high = today * (1 - change), today * (1 + change)
        if name in best and high >= 1:
            raise ParameterError(
                f"{name} is {today:.3g}: {change:.0%} more would be {high:.3g}, above 1. "
                f"Ask for a change below {1 / today - 1:.2g}."
            )
        ends = [quantity({**drivers, name: end}) for end in (low, high)]
        rows.append((name, today, low, high, *ends, abs(ends[1] - ends[0])))
    columns = ["driver", "today", "low", "high", "equity_at_low", "equity_at_high", "swing"]
    table = pd.DataFrame(rows, columns=columns).set_index("driver")
    return table.sort_values("swing", ascending=False, kind="stable")


def log_slopes(
    quantity: Callable[[dict[str, float]], float], drivers: dict[str, float]
) -> dict[str, float]:
    """Return d ln(quantity) / d ln(driver) by central differences; 0 for a driver of 0."""
    step = 1e-5
    found = {}
    for name, today in drivers.items():
        ends = [quantity({**drivers, name: today * (1 + side)}) for side in (-step, step)]
        found[name] = (ends[1] - ends[0]) / (2 * step) / quantity(drivers)
    return found
