"""Berger and Nasr's five cases of customer lifetime value with regular sales and promotion.

Symbols: GC gross contribution per sales cycle, M promotion cost per customer and year, r retention
rate per cycle, d annual discount rate, n years. Sales occur at the ends of cycles and the first
sale is certain and now; promotion is paid in the middle of each year for retained customers.

References
----------
Berger & Nasr (1998), Customer lifetime value: marketing models and applications, Journal of
Interactive Marketing 12(1), 17-30.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence

import numpy as np

from relmark_research.economics.value_of_retention.retention_value import check_retention
from relmark_research.errors import ParameterError
from relmark_research.units import AnnualRate


def yearly_sales(
    contribution: float, promotion: float, retention_rate: float, rate: float, *, years: int
) -> float:
    """Return customer value with one sale a year (case 1).

    Parameters
    ----------
    contribution, promotion
        GC and M, money per customer and year.
    retention_rate
        r, probability of being retained for another year, in [0, 1).
    rate
        Annual discount rate, in [0, 1).
    years
        n, years after the first sale, >= 1.

    Returns
    -------
    float
        GC sum_{i=0}^{n} (r / (1 + d))^i - M sum_{i=1}^{n} r^(i-1) / (1 + d)^(i-1/2).

    Examples
    --------
    >>> round(yearly_sales(260, 50, 0.75, 0.20, years=10), 2)  # the paper's example
    568.78
    """
    return frequent_sales(contribution, promotion, retention_rate, rate, years=years, cycles=1)


def frequent_sales(
    contribution: float,
    promotion: float,
    retention_rate: float,
    rate: float,
    *,
    years: int,
    cycles: int,
) -> float:
    """Return customer value with several sales cycles a year (case 2a).

    Parameters
    ----------
    contribution, retention_rate
        Per sales cycle.
    cycles
        p, sales cycles a year, >= 1. The others as for `yearly_sales`.

    Returns
    -------
    float
        GC sum_{i=0}^{pn} r^i / (1 + d)^(i/p) - M sum_{i=1}^{n} r^(p(i-1)) / (1 + d)^(i-1/2).

    Examples
    --------
    >>> round(frequent_sales(25, 15, 0.95, 0.10, years=3, cycles=4), 2)
    182.62
    """
    d = _checked(retention_rate, rate, years=years, cycles=cycles)
    sale, year = np.arange(cycles * years + 1), np.arange(1, years + 1)
    sales = (retention_rate**sale * (1 + d) ** (-sale / cycles)).sum()
    alive = retention_rate ** (cycles * (year - 1.0))
    return float(contribution * sales - promotion * (alive * (1 + d) ** (0.5 - year)).sum())


def rare_sales(
    contribution: float,
    promotion: float,
    retention_rate: float,
    rate: float,
    *,
    years: int,
    years_per_cycle: int,
) -> float:
    """Return customer value with sales cycles of several years (case 2b).

    Parameters
    ----------
    contribution, retention_rate
        Per sales cycle.
    years_per_cycle
        q; years must be a multiple of it. The others as for `yearly_sales`.

    Returns
    -------
    float
        GC sum_{i=0}^{n/q} r^i / (1 + d)^(iq) - M sum_{i=1}^{n} r^((i-1)/q) / (1 + d)^(i-1/2).

    Examples
    --------
    >>> round(rare_sales(4000, 100, 0.6, 0.10, years=12, years_per_cycle=4), 2)
    6142.15
    """
    d = _checked(retention_rate, rate, years=years, cycles=years_per_cycle)
    if years % years_per_cycle:
        raise ParameterError(
            f"years must be a multiple of years_per_cycle; found {years} and {years_per_cycle}."
        )
    sale, year = np.arange(years // years_per_cycle + 1), np.arange(1, years + 1)
    sales = ((retention_rate / (1 + d) ** years_per_cycle) ** sale).sum()
    alive = retention_rate ** ((year - 1.0) / years_per_cycle)
    return float(contribution * sales - promotion * (alive * (1 + d) ** (0.5 - year)).sum())


def changing_profit(
    profit: Callable[[int], float], retention_rate: float, rate: float, *, years: int
) -> float:
    """Return customer value with an annual profit that changes over time (case 3).

    Parameters
    ----------
    profit
        Profit per customer, after promotion, t years after the first sale, t = 0, 1, ..., years.

    Returns
    -------
    float
        sum_{t=0}^{n} profit(t) (r / (1 + d))^t.

    Examples
    --------
    >>> round(changing_profit(lambda t: 110 + 1.5 * t**2, 0.8, 0.12, years=10), 2)
    429.48
    """
    d = _checked(retention_rate, rate, years=years)
    return float(sum(profit(t) * (retention_rate / (1 + d)) ** t for t in range(years + 1)))


def continuous_profit(
    profit: Callable[[float], float], retention_rate: float, rate: float, *, years: float
) -> float:
    """Return customer value with a continuous profit flow (case 4).

    Parameters
    ----------
    profit
        Annual profit per customer at time t in years, a continuous function.

    Returns
    -------
    float
        Integral from 0 to n of profit(t) (r / (1 + d))^t dt.

    Examples
    --------
    >>> round(continuous_profit(lambda t: 100.0, 0.8, 0.10, years=90), 3)  # 100 / ln(1.1 / 0.8)
    314.017
    """
    from scipy import integrate

    d = _checked(retention_rate, rate, years=years)
    hazard = np.log((1 + d) / retention_rate) if retention_rate else np.inf  # with discounting
    if np.isinf(hazard):
        return 0.0
    return float(
        integrate.quad(
            lambda t: profit(t) * np.exp(-hazard * t), 0, years, epsabs=1e-10, epsrel=1e-10
        )[0]
    )


def migrating_customers(
    contribution: float,
    promotion: float,
    purchase_probabilities: Sequence[float],
    rate: float,
    *,
    years: int,
) -> float:
    """Return customer value in the migration model: customers may pause and return (case 5).

    Parameters
    ----------
    contribution
        GC per purchase.
    promotion
        M per year and customer who may still return, paid in the middle of the year.
    purchase_probabilities
        Probability of a purchase in a year, by years since the last purchase (1, 2, ...), in
        [0, 1). Customers with a longer pause have churned.
    years
        n, years after the first purchase.

    Returns
    -------
    float
        GC (1 + sum_{t=1}^{n} C_t / (1 + d)^t) - M sum_{t=1}^{n} N_t / (1 + d)^(t-1/2), C_t the
        probability of a purchase in year t, N_t that of receiving promotion in year t.

    Examples
    --------
    >>> p = [0.3, 0.2, 0.15, 0.05]  # Pfeifer and Carraway (2000), mailing at the start of a year
    >>> sales = migrating_customers(40, 0, p, 0.20, years=4)
    >>> mailings = -migrating_customers(0, 4, p, 0.20, years=5)
    >>> round(sales - mailings * 1.20**0.5, 3)
    50.115
    """
    probabilities = np.asarray(purchase_probabilities, float)
    if probabilities.size == 0 or not ((probabilities >= 0) & (probabilities < 1)).all():
        raise ParameterError(
            "purchase_probabilities must be in [0, 1), one per year since the last purchase; found "
            f"{probabilities}."
        )
    d = _checked(0.0, rate, years=years)
    active = np.zeros(len(probabilities))  # shares by years since the last purchase
    active[0] = 1.0
    value = contribution
    for year in range(1, years + 1):
        buying = float(active @ probabilities)
        value += contribution * buying / (1 + d) ** year
        value -= promotion * active.sum() / (1 + d) ** (year - 0.5)
        active = np.r_[buying, (active * (1 - probabilities))[:-1]]
    return float(value)


def _checked(retention_rate: float, rate: float, *, years: float, cycles: int = 1) -> float:
    check_retention(retention_rate)
    if not years > 0 or cycles < 1:
        raise ParameterError(f"years and cycles must be above 0; found {years} and {cycles}.")
    return AnnualRate(rate).value
