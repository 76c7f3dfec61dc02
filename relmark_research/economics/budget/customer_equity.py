"""Customer equity: what a prospect is worth once acquisition and retention are paid, and its best.

Symbols: A acquisition spend per prospect, R retention spend per customer and year, a(A) and r(R)
the shares won and kept, c_r and k_r the retention curve's ceiling and steepness, m margin per
customer and year, d annual discount rate. The first margin comes on being won; R is spent at the
end of each year on those who are customers then, and those kept pay again. Hence

    V(R) = (m (1 + d) - R) / (1 + d - r(R)),   customer equity per prospect = a(A) V(R) - A.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special

from relmark_research.economics.response.response_curves import Curve, ResponseCurve, check_spend
from relmark_research.economics.value_of_retention.elasticities import log_slopes, swings
from relmark_research.economics.value_of_retention.retention_value import check_margin
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate

# Where a quantity is highest, in closed form or by a search.

_GRID = 401  # points that are looked at before the best of them is refined


def lambert_of_exp(log_x: float) -> float:
    """Return W0(exp(log_x)), also where exp(log_x) is too large for a float.

    Examples
    --------
    >>> y = lambert_of_exp(5000.0)
    >>> round(y + math.log(y), 9)
    5000.0
    """
    if log_x < 500:
        return float(special.lambertw(math.exp(log_x)).real)
    y = log_x - math.log(log_x)
    for _ in range(8):  # Newton on y + ln y = log_x
        y -= (y + math.log(y) - log_x) / (1 + 1 / y)
    return y


def highest(
    quantity: Callable[[float], float],
    most: float,
    slope: Callable[[float], float] | None = None,
) -> float:
    """Return where on [0, most] a smooth quantity is highest: a grid first, then its best cell."""
    grid = np.linspace(0, most, _GRID)
    values = [quantity(float(at)) for at in grid]
    place = int(np.argmax(values))
    low, high = float(grid[max(place - 1, 0)]), float(grid[min(place + 1, _GRID - 1)])
    if slope is not None and slope(low) > 0 > slope(high):
        return float(optimize.brentq(slope, low, high, xtol=1e-14, rtol=1e-14))
    found = optimize.minimize_scalar(
        lambda at: -quantity(float(at)), bounds=(low, high), method="bounded",
        options={"xatol": 1e-11 * max(most, 1e-9)},
    )  # fmt: skip
    candidates = [float(found.x), float(grid[place])]
    return max(candidates, key=quantity)


@dataclass(frozen=True)
class EquityPoint:
    """Customer equity at one pair of spends.

    Attributes
    ----------
    acquisition_spend, retention_spend
        A, money per prospect; R, money per customer and year.
    acquisition_rate, retention_rate
        Shares won and kept, a(A) and r(R).
    customer_value
        V(R), money per customer on the day of being won.
    customer_equity
        a V - A, money per prospect.
    acquisition_marginal_cost, retention_marginal_cost
        What one more customer won, and one more kept, costs: 1 / a'(A) and 1 / r'(R).
    shadow_price
        Customer equity that one more unit of budget would bring; 0 where it does not bind.
    """

    acquisition_spend: float
    retention_spend: float
    acquisition_rate: float
    retention_rate: float
    customer_value: float
    customer_equity: float
    acquisition_marginal_cost: float
    retention_marginal_cost: float
    shadow_price: float = 0.0


@dataclass(frozen=True)
class CustomerEquity:
    """Blattberg and Deighton's customer equity of one prospect.

    Parameters
    ----------
    acquisition
        Share of prospects won by spend per prospect.
    retention
        Share of customers kept by spend per customer and year.
    margin
        m, money per customer and year before retention spend, > 0.
    annual_discount_rate
        d, in [0, 1).

    References
    ----------
    Blattberg & Deighton (1996), Harvard Business Review 74(4), 136-144; Pfeifer (2005), The optimal
    ratio of acquisition and retention costs, Journal of Targeting 13(2), 179-188 (at the optimum
    the marginal costs are equal, not the average ones).

    Examples
    --------
    >>> equity = CustomerEquity(
    ...     acquisition=ResponseCurve(ceiling=0.10, rate=0.04, spend=1),
    ...     retention=ResponseCurve(ceiling=0.80, rate=0.60, spend=8),
    ...     margin=50,
    ...     annual_discount_rate=0.10,
    ... )
    >>> round(equity.at().customer_equity, 2), round(equity.at().customer_value, 1)
    (2.76, 94.0)
    >>> best = equity.optimum()
    >>> round(best.acquisition_spend, 4), round(best.retention_spend, 4)
    (3.4046, 15.7976)
    >>> round(best.customer_equity, 4)
    5.7816
    """

    acquisition: Curve
    retention: Curve
    margin: float
    annual_discount_rate: float

    def __post_init__(self) -> None:
        for name in ("acquisition", "retention"):
            curve = getattr(self, name)
            if not isinstance(curve, Curve):
                raise ParameterError(
                    f"{name} is a ResponseCurve or a LogitCurve; found {type(curve).__name__}. "
                    "Make one from today's rate and a ceiling, or take the .curve of a fit."
                )
        check_margin(self.margin)
        AnnualRate(self.annual_discount_rate)

    def at(
        self, acquisition_spend: float | None = None, retention_spend: float | None = None
    ) -> EquityPoint:
        """Return customer equity at these spends; where one is missing, at today's."""
        spent = self.acquisition.spend if acquisition_spend is None else acquisition_spend
        kept = self.retention.spend if retention_spend is None else retention_spend
        check_spend(spent, "acquisition_spend")
        check_spend(kept, "retention_spend")
        return self._point(spent, kept)

    def optimum(self, budget: float | None = None) -> EquityPoint:
        """Return the spends of highest customer equity.

        Parameters
        ----------
        budget
            Most that may be spent per prospect on winning customers and on keeping those won once,
            A + a(A) R, money per prospect, > 0; None sets no limit.

        Returns
        -------
        EquityPoint
            In closed form for the exponential curves: R* = ln(y / C) / k_r, y = W0(C exp(K)), C =
            (1 + d - c_r) / c_r, K = k_r m (1 + d) - 1, or 0 where k_r c_r m <= 1; A* = ln(k_a c_a
            V*) / k_a, at least 0. Unless a spend is 0, 1 / a'(A) = 1 / r'(R) = V. Under a budget
            that binds, a'(A) (V - l R) = 1 + l and V'(R) = l, with l the shadow price.

        Examples
        --------
        >>> winning, keeping = ResponseCurve(0.10, 0.04, 1), ResponseCurve(0.80, 0.60, 8)
        >>> equity = CustomerEquity(winning, keeping, margin=50, annual_discount_rate=0.10)
        >>> held = equity.optimum(budget=2)
        >>> round(held.acquisition_spend + held.acquisition_rate * held.retention_spend, 9)
        2.0
        """
        kept = self._best_retention()
        value = self._value(kept)
        spent = self._best_acquisition(value)
        if budget is None:
            return self._point(spent, kept)
        check_spend(budget, "a budget", above_zero=True)
        if spent + float(self.acquisition.rate_at(spent)) * kept <= budget:
            return self._point(spent, kept)
        return self._within(budget, kept)

    def elasticities(self) -> pd.DataFrame:
        """Return by how many percent value and equity rise where a driver of today rises by one.

        Returns
        -------
        DataFrame
            Row per driver (retention_rate, margin, acquisition_rate, acquisition_spend,
            retention_spend, annual_discount_rate), columns today, customer_value and
            customer_equity. A rate is moved without its spend and a spend without its rate.

        Raises
        ------
        ParameterError
            Where today's equity is not above 0: a loss has no percentages; see `tornado`.
        """
        now = self.at()
        if now.customer_equity <= 0 or now.customer_value <= 0:
            raise ParameterError(
                f"customer equity today is {now.customer_equity:.4g} per prospect: a loss has no "
                "elasticities. Look at tornado() or optimum() instead."
            )
        drivers = self._drivers(now)
        value = log_slopes(lambda at: self._from(at)[0], drivers)
        equity = log_slopes(lambda at: self._from(at)[1], drivers)
        table = {"today": drivers, "customer_value": value, "customer_equity": equity}
        return pd.DataFrame(table).rename_axis("driver")

    def tornado(self, change: float = 0.10) -> pd.DataFrame:
        """Return customer equity where one driver at a time is lower and higher by a share.

        Parameters
        ----------
        change
            In (0, 1); 0.10 moves each driver by ten percent of itself.

        Returns
        -------
        DataFrame
            Row per driver, widest first: today, low and high (the driver's values), equity_at_low,
            equity_at_high and swing (their distance), money per prospect.
        """
        now = self.at()
        return swings(
            lambda at: self._from(at)[1], self._drivers(now), change, best=("retention_rate",)
        )

    def _drivers(self, now: EquityPoint) -> dict[str, float]:
        return {
            "retention_rate": now.retention_rate,
            "margin": self.margin,
            "acquisition_rate": now.acquisition_rate,
            "acquisition_spend": now.acquisition_spend,
            "retention_spend": now.retention_spend,
            "annual_discount_rate": self.annual_discount_rate,
        }

    @staticmethod
    def _from(drivers: dict[str, float]) -> tuple[float, float]:
        """Return V and customer equity from the drivers alone."""
        grown = 1 + drivers["annual_discount_rate"]
        paid = drivers["margin"] * grown - drivers["retention_spend"]
        value = paid / (grown - drivers["retention_rate"])
        return value, drivers["acquisition_rate"] * value - drivers["acquisition_spend"]

    def _value(self, kept: float) -> float:
        grown = 1 + self.annual_discount_rate
        return (self.margin * grown - kept) / (grown - float(self.retention.rate_at(kept)))

    def _value_slope(self, kept: float) -> float:
        """Return V'(R) = (r'(R) V - 1) / (1 + d - r)."""
        grown = 1 + self.annual_discount_rate
        slope = float(self.retention.slope_at(kept)) * self._value(kept) - 1
        return slope / (grown - float(self.retention.rate_at(kept)))

    def _point(self, spent: float, kept: float, shadow_price: float = 0.0) -> EquityPoint:
        value, rate = self._value(kept), float(self.acquisition.rate_at(spent))
        return EquityPoint(
            acquisition_spend=spent,
            retention_spend=kept,
            acquisition_rate=rate,
            retention_rate=float(self.retention.rate_at(kept)),
            customer_value=value,
            customer_equity=rate * value - spent,
            acquisition_marginal_cost=self.acquisition.marginal_cost(spent),
            retention_marginal_cost=self.retention.marginal_cost(kept),
            shadow_price=shadow_price,
        )

    def _best_retention(self) -> float:
        paid = self.margin * (1 + self.annual_discount_rate)  # beyond it V is negative
        if not isinstance(self.retention, ResponseCurve):
            return highest(self._value, paid)
        ceiling, k = self.retention.parameters
        if k * ceiling * self.margin <= 1:
            return 0.0
        lost = (1 + self.annual_discount_rate - ceiling) / ceiling
        if lost == 0:
            return paid - 1 / k
        y = lambert_of_exp(math.log(lost) + k * paid - 1)
        return max(0.0, math.log(y / lost) / k)

    def _best_acquisition(self, value: float) -> float:
        if not isinstance(self.acquisition, ResponseCurve):
            return highest(
                lambda spent: float(self.acquisition.rate_at(spent)) * value - spent, value
            )
        return self.acquisition.spend_for_slope(1 / value)

    def _within(self, budget: float, most_kept: float) -> EquityPoint:
        """Search along the budget: what acquisition leaves of it goes to retention."""

        def left(spent: float) -> float:
            rate = float(self.acquisition.rate_at(spent))
            return min(most_kept, (budget - spent) / rate) if rate > 0 else most_kept

        def equity(spent: float) -> float:
            return float(self.acquisition.rate_at(spent)) * self._value(left(spent)) - spent

        def slope(spent: float) -> float:
            kept = left(spent)
            price, gain = self._value_slope(kept), float(self.acquisition.slope_at(spent))
            return gain * (self._value(kept) - price * kept) - 1 - price

        spent = highest(equity, budget, slope)
        kept = left(spent)
        if kept > 0:
            return self._point(spent, kept, max(0.0, self._value_slope(kept)))
        price = float(self.acquisition.slope_at(spent)) * self._value(0.0) - 1
        return self._point(spent, 0.0, max(0.0, price))
