"""Tables for the plots of a spending position: curves, equity surface, sensitivity."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd

from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.budget.ledger_curves import logit_aic_difference
from relmark_research.economics.budget.spending_position import SpendingPosition
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.response.response_curves import ResponseCurve
from relmark_research.economics.value_of_retention.elasticities import (
    elasticities,
    one_way_sensitivity,
)
from relmark_research.economics.value_of_retention.retention_value import (
    break_even_retention,
    customer_value,
)

_POINTS = 61


def curve_tables(
    position: SpendingPosition, *, level: float = 0.95
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the fitted curves with their intervals, and the data.

    Returns
    -------
    tuple of DataFrame
        Curves: segment, purpose, spend, rate, rate_low, rate_high and today (True at current
        spend). Data: segment, purpose, spend, rate, people; one row per period.
    """
    curves, points = [], []
    for segment, purpose in position.index:
        fit = position.fits[segment, purpose]
        data, now = fit.data, fit.curve.spend
        upper = 1.05 * max(data.spend.max(), now)
        spends = np.unique(np.append(np.linspace(0, upper, _POINTS), now))
        names = {"segment": segment, "purpose": purpose}
        curves.append(fit.band(spends, level=level).assign(**names, today=spends == now))
        rate = data.successes / data.trials
        columns = {"spend": data.spend, "rate": rate, "people": data.trials}
        points.append(pd.DataFrame(columns).assign(**names))
    return pd.concat(curves, ignore_index=True), pd.concat(points, ignore_index=True)


def equity_surface(equity: CustomerEquity, *, extent: float = 1.6) -> pd.DataFrame:
    """Return customer equity per prospect on a grid of both spends.

    Parameters
    ----------
    equity
        The customer equity model of one segment.
    extent
        Upper limit of the spends, as a multiple of the larger of current and optimal spend.

    Returns
    -------
    DataFrame
        Index retention_spend, columns acquisition_spend, values money per prospect.
    """
    now, best = equity.at(), equity.optimum()
    A = np.linspace(0, extent * max(now.acquisition_spend, best.acquisition_spend), _POINTS)
    R = np.linspace(0, extent * max(now.retention_spend, best.retention_spend), _POINTS)
    value = np.array([equity.at(0.0, float(spend)).customer_value for spend in R])
    surface = np.outer(value, equity.acquisition.rate_at(A)) - A
    return pd.DataFrame(
        surface,
        index=pd.Index(R, name="retention_spend"),
        columns=pd.Index(A, name="acquisition_spend"),
    )


def optimum_draws(
    position: SpendingPosition, segment: str, *, draws: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Return the optimal spends under draws of the curves and of the margin.

    Returns
    -------
    DataFrame
        One row per draw: acquisition_spend, retention_spend.
    """
    drawn = position.draws(draws, seed=seed)
    line, half = position.segments.index(segment), len(position.segments)
    equity, margins = position.equity(segment), _drawn_margins(position, segment, draws, seed)
    rows = []
    for row in range(draws):
        acquisition, retention = (
            ResponseCurve.from_steepness(
                float(drawn.ceiling[row, i]),
                float(drawn.steepness[row, i]),
                spend=position.spend[i],
            )
            for i in (line, half + line)
        )
        best = replace(
            equity,
            acquisition=acquisition,
            retention=retention,
            annual_margin=float(margins[row]),
        ).optimum()
        rows.append((best.acquisition_spend, best.retention_spend))
    return pd.DataFrame(rows, columns=["acquisition_spend", "retention_spend"])


def sensitivity_table(position: SpendingPosition, *, change: float = 0.10) -> pd.DataFrame:
    """Return the one-way sensitivity of annual customer equity to its drivers.

    Parameters
    ----------
    change
        In (0, 1); 0.10 changes each driver by 10% of its value, in all segments at once, at
        unchanged spend.

    Returns
    -------
    DataFrame
        One row per driver, largest swing first: equity_today, equity_at_low, equity_at_high, swing
        (money), and elasticity (percent of equity per percent of the driver).
    """
    drivers = dict.fromkeys(
        ["margin", "retention rate", "share won", "cost of keeping", "cost of winning"], 1.0
    )
    drivers["discount rate"] = 1.0
    table = one_way_sensitivity(lambda at: _equity(position, at), drivers, change)
    slopes = elasticities(lambda at: _equity(position, at), drivers)
    today = _equity(position, drivers)
    return table.assign(elasticity=pd.Series(slopes), equity_today=today)[
        ["equity_today", "equity_at_low", "equity_at_high", "swing", "elasticity"]
    ]


def fit_table(position: SpendingPosition, *, level: float = 0.95) -> pd.DataFrame:
    """Return goodness of fit and identification of each curve.

    Returns
    -------
    DataFrame
        One row per line: ceiling (with _low and _high), steepness, p_value (Pearson's test of fit),
        dispersion, logit_aic_difference (AIC of the logit curve less that of this curve) and
        identification (``"identified"``, ``"ceiling not identified"`` or ``"no response"``).
    """
    rows = []
    for line in position.index:
        fit = position.fits[line]
        low, high = fit.interval(lambda ceiling, _: ceiling, level=level)
        ceiling, steepness = fit.curve.parameters
        rows.append(
            {
                "ceiling": ceiling,
                "ceiling_low": low,
                "ceiling_high": high,
                "steepness": steepness,
                "p_value": fit.p_value,
                "dispersion": fit.dispersion,
                "logit_aic_difference": logit_aic_difference(fit),
                "identification": fit.grade,
            }
        )
    return pd.DataFrame(rows, index=position.index)


def retention_table(position: SpendingPosition, *, points: float = 0.05) -> pd.DataFrame:
    """Return the value and the break-even cost of higher retention in each segment.

    Returns
    -------
    DataFrame
        One row per segment: retention_rate, customer_value, relative_gain (increase in customer
        value from the additional points, at current spend), spend_today, extra_spend (break-even
        increase in spend, money per customer and year), required_spend (the increase that the
        fitted curve requires; missing above the ceiling) and pays (whether it is below
        break-even).
    """
    rows = []
    for segment in position.segments:
        equity, now = position.equity(segment), position.equity(segment).at()
        rise = min(points, 0.99 - now.retention_rate)
        even = break_even_retention(
            equity.annual_margin,
            now.retention_rate,
            equity.annual_discount_rate,
            retention_spend=now.retention_spend,
            points=rise,
            payment=position.payment,
        )
        value = customer_value(
            equity.annual_margin,
            even.retention_rate,
            equity.annual_discount_rate,
            now.retention_spend,
            payment=position.payment,
        )
        ceiling, steepness = equity.retention.parameters
        periods = position.period.per_year
        share = even.retention_rate ** (1 / periods) / ceiling
        spend = float(-np.log1p(-share) / steepness) if share < 1 else np.nan
        required = spend * periods - now.retention_spend
        rows.append(
            {
                "segment": segment,
                "retention_rate": now.retention_rate,
                "customer_value": now.customer_value,
                "relative_gain": value / now.customer_value - 1,
                "spend_today": now.retention_spend,
                "extra_spend": even.extra_spend,
                "required_spend": required,
                "pays": bool(required < even.extra_spend),
            }
        )
    return pd.DataFrame(rows).set_index("segment")


def _equity(position: SpendingPosition, scales: dict[str, float]) -> float:
    """Return annual customer equity with every driver multiplied by its scale.

    Customers who may leave several times a year are counted once, by their mean number.
    """
    periods = position.period.per_year
    rate = position.annual_discount_rate * scales["discount rate"]
    total = 0.0
    for segment in position.segments:
        now = position.equity(segment).at()
        margin = float(position.annual_margins["annual_margin"][segment]) * scales["margin"]
        retention_rate = min(now.retention_rate * scales["retention rate"], 0.999)
        retention_spend = now.retention_spend * scales["cost of keeping"]
        acquisition_spend = now.acquisition_spend * scales["cost of winning"]
        value = customer_value(
            margin, retention_rate, rate, retention_spend, payment=position.payment
        )
        acquisition_rate = now.acquisition_rate * scales["share won"]
        prospects, customers = position.today.loc[
            segment, ["prospects_reached", "customers_at_risk"]
        ].to_numpy(float)
        total += float(prospects) * (acquisition_rate * value - acquisition_spend)
        retained = retention_rate ** (1 / periods) * value - retention_spend / periods
        total += float(customers) / periods * retained
    return total


def _drawn_margins(position: SpendingPosition, segment: str, draws: int, seed: int) -> Array:
    margin, error = position.annual_margins.loc[segment].to_numpy(float)
    normal = np.random.default_rng([seed, 1]).standard_normal(draws)
    drawn: Array = margin * np.exp(normal * error / margin - (error / margin) ** 2 / 2)
    return drawn
