"""Customer equity of a prospect, net of acquisition and retention spend, and its optimum.

Symbols: A acquisition spend per prospect, R retention spend per customer and year, a(A) and r(R)
acquisition and annual retention rate, c_r and k_r ceiling and steepness of the retention curve, m
annual margin per customer, d annual discount rate. The first margin is received on acquisition; R
is spent at the end of each payment period on current customers, and retained customers pay again.
With annual payments

    V(R) = (m (1 + d) - R) / (1 + d - r(R)),   customer equity per prospect = a(A) V(R) - A.

With other payments V is that of `PaymentTerms`. A retention curve whose rate is per month or
quarter gives the annual rate r(R) = curve(R / periods)^periods.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import pandas as pd
from scipy import optimize, special

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import Curve
from relmark_research.economics.response.response_curves import (
    LogitCurve,
    ResponseCurve,
    check_spend,
)
from relmark_research.economics.value_of_retention.elasticities import (
    elasticities,
    one_way_sensitivity,
)
from relmark_research.economics.value_of_retention.payment_terms import PaymentTerms
from relmark_research.economics.value_of_retention.retention_value import (
    Payment,
    check_annual_margin,
)
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate, Period

_GRID = 401  # points of the grid search before refinement


@short_repr
@dataclass(frozen=True, repr=False)
class EquityPoint:
    """Customer equity at a given acquisition and retention spend.

    Attributes
    ----------
    acquisition_spend, retention_spend
        A, money per prospect; R, money per customer and year.
    acquisition_rate, retention_rate
        a(A), share of prospects; r(R), share of customers a year, whatever the curve's period.
    customer_value
        V(R), money per customer on the day of acquisition.
    customer_equity
        a V - A, money per prospect.
    marginal_acquisition_cost, marginal_retention_cost
        Money per additional customer acquired, 1 / a'(A), and retained for one more period of the
        retention curve, 1 / r'.
    shadow_price
        Customer equity per additional unit of budget; 0 if the constraint does not bind.
    """

    acquisition_spend: float
    retention_spend: float
    acquisition_rate: float
    retention_rate: float
    customer_value: float
    customer_equity: float
    marginal_acquisition_cost: float
    marginal_retention_cost: float
    shadow_price: float = 0.0


@short_repr
@dataclass(frozen=True, repr=False)
class CustomerEquity:
    """Blattberg and Deighton's model of customer equity per prospect.

    Parameters
    ----------
    acquisition
        Response curve of the acquisition rate to spend per prospect.
    retention
        Response curve of the retention rate of a ``period`` to spend per customer and ``period``.
    annual_margin
        m, money per customer and year before retention spend, > 0.
    annual_discount_rate
        d, in [0, 1).
    payment
        Time between two payments, ``"month"`` by default, or `PaymentTerms`.
    period
        Period of the retention curve: ``"year"``, or ``"month"`` or ``"quarter"`` for a curve
        fitted to books by month or quarter in which every customer may leave in every period.

    References
    ----------
    Blattberg & Deighton (1996), Harvard Business Review 74(4), 136-144; Pfeifer (2005), The optimal
    ratio of acquisition and retention costs, Journal of Targeting 13(2), 179-188 (marginal, not
    average, costs are equal at the optimum).

    Examples
    --------
    >>> equity = CustomerEquity(
    ...     acquisition=ResponseCurve(ceiling=0.10, rate=0.04, spend=1),
    ...     retention=ResponseCurve(ceiling=0.80, rate=0.60, spend=8),
    ...     annual_margin=50,
    ...     annual_discount_rate=0.10,
    ...     payment="year",
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
    annual_margin: float
    annual_discount_rate: float
    payment: Payment = "month"
    period: str | Period = "year"

    def __post_init__(self) -> None:
        object.__setattr__(self, "payment", PaymentTerms.of(self.payment))
        object.__setattr__(self, "period", Period.of(self.period))
        for name in ("acquisition", "retention"):
            curve = getattr(self, name)
            if not isinstance(curve, ResponseCurve | LogitCurve):
                raise ParameterError(
                    f"{name} must be a ResponseCurve or LogitCurve; found {type(curve).__name__}. "
                    "Make one from the current rate and a ceiling, or use the .curve of a fit."
                )
        check_annual_margin(self.annual_margin)
        AnnualRate(self.annual_discount_rate)

    def at(
        self, acquisition_spend: float | None = None, retention_spend: float | None = None
    ) -> EquityPoint:
        """Return customer equity at these spends; None takes the current spend of the curve.

        ``retention_spend`` is annual, whatever the period of the curve.
        """
        A = self.acquisition.spend if acquisition_spend is None else acquisition_spend
        now = self.retention.spend * self._per_year
        R = now if retention_spend is None else retention_spend
        check_spend(A, "acquisition_spend")
        check_spend(R, "retention_spend")
        return self._point(A, R)

    def optimum(self, budget: float | None = None) -> EquityPoint:
        """Return the spends that maximise customer equity.

        Parameters
        ----------
        budget
            Upper limit of A + a(A) R, acquisition spend plus one year's retention spend, money per
            prospect, > 0; None for no constraint.

        Returns
        -------
        EquityPoint
            In closed form for exponential curves whose period is that of the renewals, here for
            annual ones: R* = ln(y / C) / k_r, y = W0(C exp(K)), C =
            (1 + d - c_r) / c_r, K = k_r m (1 + d) - 1, or 0 where k_r c_r m <= 1; A* = ln(k_a c_a
            V*) / k_a, at least 0. Unless a spend is 0, 1 / a'(A) = 1 / r'(R) = V. With a binding
            budget a'(A) (V - l R) = 1 + l and V'(R) = l, with l the shadow price.

        Examples
        --------
        >>> acquisition, retention = ResponseCurve(0.10, 0.04, 1), ResponseCurve(0.80, 0.60, 8)
        >>> equity = CustomerEquity(
        ...     acquisition, retention, 50, annual_discount_rate=0.10, payment="year")
        >>> best = equity.optimum(budget=2)
        >>> round(best.acquisition_spend + best.acquisition_rate * best.retention_spend, 9)
        2.0
        """
        R = self._optimal_retention_spend()
        A = self._optimal_acquisition_spend(self._value(R))
        if budget is None:
            return self._point(A, R)
        check_spend(budget, "budget", above_zero=True)
        if A + float(self.acquisition.rate_at(A)) * R <= budget:
            return self._point(A, R)
        return self._constrained_optimum(budget, R)

    def elasticities(self) -> pd.DataFrame:
        """Return the elasticities of customer value and customer equity at current spends.

        Returns
        -------
        DataFrame
            One row per driver (retention_rate, annual_margin, acquisition_rate, acquisition_spend,
            retention_spend, annual_discount_rate); columns today (the driver's value),
            customer_value and customer_equity (percent per percent). Rates change without their
            spend and spends without their rate.

        Raises
        ------
        ParameterError
            If current customer equity is not above 0; see `tornado`.
        """
        now = self.at()
        if now.customer_equity <= 0 or now.customer_value <= 0:
            raise ParameterError(
                f"elasticities need customer equity above 0; found {now.customer_equity:.4g} per "
                "prospect at current spends. Use tornado() or optimum() instead."
            )
        drivers = self._drivers(now)
        value = elasticities(lambda at: self._value_and_equity(at)[0], drivers)
        equity = elasticities(lambda at: self._value_and_equity(at)[1], drivers)
        table = {"today": drivers, "customer_value": value, "customer_equity": equity}
        return pd.DataFrame(table).rename_axis("driver")

    def tornado(self, change: float = 0.10) -> pd.DataFrame:
        """Return the one-way sensitivity of customer equity to each driver.

        Parameters
        ----------
        change
            In (0, 1); 0.10 changes each driver by 10% of its value.

        Returns
        -------
        DataFrame
            One row per driver, largest swing first: today, low and high (values of the driver),
            equity_at_low, equity_at_high and swing (their distance), money per prospect.
        """
        return one_way_sensitivity(
            lambda at: self._value_and_equity(at)[1],
            self._drivers(self.at()),
            change,
            rates=("retention_rate",),
        )

    def _summary(self) -> dict[str, object]:
        now = self.at()
        return {
            "acquisition": self.acquisition,
            "retention": self.retention,
            "annual margin": self.annual_margin,
            "annual discount rate": self.annual_discount_rate,
            "payment": self.payment,
            "customer value": now.customer_value,
            "customer equity": now.customer_equity,
        }

    def _drivers(self, now: EquityPoint) -> dict[str, float]:
        return {
            "retention_rate": now.retention_rate,
            "annual_margin": self.annual_margin,
            "acquisition_rate": now.acquisition_rate,
            "acquisition_spend": now.acquisition_spend,
            "retention_spend": now.retention_spend,
            "annual_discount_rate": self.annual_discount_rate,
        }

    def _value_and_equity(self, drivers: dict[str, float]) -> tuple[float, float]:
        """Return V and customer equity from the drivers alone."""
        value = self._terms.value(
            drivers["annual_margin"],
            drivers["retention_rate"],
            drivers["annual_discount_rate"],
            retention_spend=drivers["retention_spend"],
        )
        return value, drivers["acquisition_rate"] * value - drivers["acquisition_spend"]

    @property
    def _terms(self) -> PaymentTerms:
        return PaymentTerms.of(self.payment)

    @property
    def _per_year(self) -> float:
        """Periods of the retention curve in a year."""
        return Period.of(self.period).per_year

    def _annual_rate(self, R: float) -> float:
        return float(self.retention.rate_at(R / self._per_year)) ** self._per_year

    def _value(self, R: float) -> float:
        rate, discount = self._annual_rate(R), self.annual_discount_rate
        return self._terms.value(self.annual_margin, rate, discount, retention_spend=R)

    def _value_slope(self, R: float) -> float:
        """Return V'(R) = (rho' V - 1/k) / (D - rho), with rho = r^(1/k)."""
        k, rate = self._terms.renewals_per_year, float(self.retention.rate_at(R / self._per_year))
        power = self._per_year / k
        retained = rate**power
        slope = power * rate ** (power - 1) if rate or power >= 1 else math.inf
        gain = slope * float(self.retention.slope_at(R / self._per_year)) / self._per_year
        growth = (1 + self.annual_discount_rate) ** (1 / k)
        return (gain * self._value(R) - 1 / k) / (growth - retained)

    def _point(self, A: float, R: float, shadow_price: float = 0.0) -> EquityPoint:
        value, rate = self._value(R), float(self.acquisition.rate_at(A))
        return EquityPoint(
            acquisition_spend=A,
            retention_spend=R,
            acquisition_rate=rate,
            retention_rate=self._annual_rate(R),
            customer_value=value,
            customer_equity=rate * value - A,
            marginal_acquisition_cost=self.acquisition.marginal_cost(A),
            marginal_retention_cost=self.retention.marginal_cost(R / self._per_year),
            shadow_price=shadow_price,
        )

    def _optimal_retention_spend(self) -> float:
        renewals = self._terms.renewals_per_year
        growth = (1 + self.annual_discount_rate) ** (1 / renewals)
        margin = self.annual_margin * self._terms.annuity(self.annual_discount_rate) / renewals
        limit = margin * growth  # V < 0 above it
        if not isinstance(self.retention, ResponseCurve) or renewals != self._per_year:
            return maximise(self._value, limit * renewals)
        ceiling, k = self.retention.parameters
        if k * ceiling * margin <= 1:
            return 0.0
        C = (growth - ceiling) / ceiling
        if C == 0:
            return (limit - 1 / k) * renewals
        y = special.wrightomega(math.log(C) + k * limit - 1)  # W0(C exp(k limit - 1))
        return max(0.0, math.log(y / C) / k) * renewals

    def _optimal_acquisition_spend(self, value: float) -> float:
        if not isinstance(self.acquisition, ResponseCurve):
            return maximise(lambda A: float(self.acquisition.rate_at(A)) * value - A, value)
        return self.acquisition.spend_for_slope(1 / value)

    def _constrained_optimum(self, budget: float, max_R: float) -> EquityPoint:
        """Maximise over A, with the rest of the budget as retention spend."""

        def retention_spend(A: float) -> float:
            rate = float(self.acquisition.rate_at(A))
            return min(max_R, (budget - A) / rate) if rate > 0 else max_R

        def equity(A: float) -> float:
            return float(self.acquisition.rate_at(A)) * self._value(retention_spend(A)) - A

        def slope(A: float) -> float:
            R = retention_spend(A)
            price, gain = self._value_slope(R), float(self.acquisition.slope_at(A))
            return gain * (self._value(R) - price * R) - 1 - price

        A = maximise(equity, budget, slope)
        R = retention_spend(A)
        if R > 0:
            return self._point(A, R, max(0.0, self._value_slope(R)))
        price = float(self.acquisition.slope_at(A)) * self._value(0.0) - 1
        return self._point(A, 0.0, max(0.0, price))


def maximise(
    function: Callable[[float], float],
    upper: float,
    slope: Callable[[float], float] | None = None,
) -> float:
    """Return the maximiser of a smooth function on [0, upper]: grid search, then refinement."""
    grid = np.linspace(0, upper, _GRID)
    values = [function(float(x)) for x in grid]
    best = int(np.argmax(values))
    low, high = float(grid[max(best - 1, 0)]), float(grid[min(best + 1, _GRID - 1)])
    if slope is not None and slope(low) > 0 > slope(high):
        return float(optimize.brentq(slope, low, high, xtol=1e-14, rtol=1e-14))
    refined = optimize.minimize_scalar(
        lambda x: -function(float(x)), bounds=(low, high), method="bounded",
        options={"xatol": 1e-11 * max(upper, 1e-9)},
    )  # fmt: skip
    return max(float(refined.x), float(grid[best]), key=function)
