"""The tables behind the pictures of a spending position: curves, equity surface, sensitivity."""

from __future__ import annotations

import numpy as np
import pandas as pd

from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.budget.spending_position import SpendingPosition
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.response.response_curves import LogitCurve, ResponseCurve
from relmark_research.economics.value_of_retention.elasticities import log_slopes, swings
from relmark_research.economics.value_of_retention.retention_value import (
    break_even_retention,
    customer_value,
)

_POINTS = 61


def curve_tables(
    position: SpendingPosition, *, level: float = 0.95
) -> tuple[pd.DataFrame, pd.DataFrame]:
    """Return the fitted curves with their bands, and the data that they were fitted to.

    Returns
    -------
    tuple of DataFrame
        Curves: segment, purpose, spend, rate, rate_low, rate_high, and today (True in the row at
        today's spend). Data: segment, purpose, spend, rate, heads; one row per period.
    """
    curves, data = [], []
    for segment, purpose in position.index:
        fit = position.fits[segment, purpose]
        counts, now = fit.counts, fit.curve.spend
        reach = 1.05 * max(counts.spend.max(), now)
        spends = np.unique(np.append(np.linspace(0, reach, _POINTS), now))
        names = {"segment": segment, "purpose": purpose}
        curves.append(fit.band(spends, level=level).assign(**names, today=spends == now))
        rate = counts.successes / counts.trials
        points = {"spend": counts.spend, "rate": rate, "heads": counts.trials}
        data.append(pd.DataFrame(points).assign(**names))
    return pd.concat(curves, ignore_index=True), pd.concat(data, ignore_index=True)


def equity_surface(equity: CustomerEquity, *, reach: float = 1.6) -> pd.DataFrame:
    """Return customer equity per prospect over both spends.

    Parameters
    ----------
    equity
        The model of one segment.
    reach
        How far the spends go: this many times the larger of today's and the best.

    Returns
    -------
    DataFrame
        Index retention_spend, columns acquisition_spend, values money per prospect.
    """
    now, best = equity.at(), equity.optimum()
    spent = np.linspace(0, reach * max(now.acquisition_spend, best.acquisition_spend), _POINTS)
    kept = np.linspace(0, reach * max(now.retention_spend, best.retention_spend), _POINTS)
    grown = 1 + equity.annual_discount_rate
    value = (equity.margin * grown - kept) / (grown - equity.retention.rate_at(kept))
    surface = np.outer(value, equity.acquisition.rate_at(spent)) - spent
    return pd.DataFrame(
        surface,
        index=pd.Index(kept, name="retention_spend"),
        columns=pd.Index(spent, name="acquisition_spend"),
    )


def best_points(
    position: SpendingPosition, segment: str, *, draws: int = 200, seed: int = 0
) -> pd.DataFrame:
    """Return where customer equity is highest under draws of the curves and of the margin.

    Returns
    -------
    DataFrame
        Row per draw: acquisition_spend, retention_spend; their cloud is the optimum's doubt.
    """
    drawn = position.draws(draws, seed=seed)
    place, half = position.segments.index(segment), len(position.segments)
    equity, margins = position.equity(segment), _drawn_margins(position, segment, draws, seed)
    rows = []
    for row in range(draws):
        won, kept = (
            ResponseCurve.from_steepness(
                float(drawn.ceiling[row, line]),
                float(drawn.steepness[row, line]),
                spend=position.spend[line],
            )
            for line in (place, half + place)
        )
        best = CustomerEquity(won, kept, float(margins[row]), equity.annual_discount_rate).optimum()
        rows.append((best.acquisition_spend, best.retention_spend))
    return pd.DataFrame(rows, columns=["acquisition_spend", "retention_spend"])


def sensitivity_table(position: SpendingPosition, *, change: float = 0.10) -> pd.DataFrame:
    """Return how customer equity of the year moves with what it is made of.

    Parameters
    ----------
    change
        In (0, 1); 0.10 moves each driver by ten percent of itself, one at a time, all segments at
        once, without the spend that such a change would take.

    Returns
    -------
    DataFrame
        Row per driver, widest first: equity_today, equity_at_low, equity_at_high, swing (money),
        and elasticity (percent of equity per percent of the driver).
    """
    drivers = dict.fromkeys(
        ["margin", "retention rate", "share won", "cost of keeping", "cost of winning"], 1.0
    )
    drivers["discount rate"] = 1.0
    table = swings(lambda at: _equity(position, at), drivers, change)
    slopes = log_slopes(lambda at: _equity(position, at), drivers)
    today = _equity(position, drivers)
    return table.assign(elasticity=pd.Series(slopes), equity_today=today)[
        ["equity_today", "equity_at_low", "equity_at_high", "swing", "elasticity"]
    ]


def fit_table(position: SpendingPosition, *, level: float = 0.95) -> pd.DataFrame:
    """Return how well each curve is told by the data.

    Returns
    -------
    DataFrame
        Row per line: ceiling (with _low and _high), steepness, p_value (of Pearson's test of fit),
        dispersion, logit_aic (how much worse, or if negative better, an S-shaped curve fits) and
        told (what can be told, in words).
    """
    rows = []
    for line in position.index:
        fit = position.fits[line]
        counts = fit.counts
        other = LogitCurve.fit(counts.spend, counts.successes, counts.trials)
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
                "logit_aic": other.aic - fit.aic,
                "told": fit.grade,
            }
        )
    return pd.DataFrame(rows, index=position.index)


def retention_table(position: SpendingPosition, *, points: float = 0.05) -> pd.DataFrame:
    """Return what more retention is worth in each segment, and what it may cost.

    Returns
    -------
    DataFrame
        Row per segment: retention_rate, customer_value, relative_gain (of the value, by so many
        points more, at today's spend), spend_today and extra_spend (money per customer and year
        that the rise just pays for), curve_spend (what the fitted curve asks for it; missing where
        the ceiling forbids it) and pays (whether that is less).
    """
    rows = []
    for segment in position.segments:
        equity, now = position.equity(segment), position.equity(segment).at()
        room = min(points, 0.99 - now.retention_rate)
        even = break_even_retention(
            equity.margin,
            now.retention_rate,
            equity.annual_discount_rate,
            retention_spend=now.retention_spend,
            points=room,
        )
        value = customer_value(
            equity.margin,
            even.retention_rate,
            equity.annual_discount_rate,
            now.retention_spend,
        )
        ceiling, steepness = equity.retention.parameters
        share = even.retention_rate / ceiling
        whole = float(-np.log1p(-share) / steepness) if share < 1 else np.nan
        needed = whole - now.retention_spend
        rows.append(
            {
                "segment": segment,
                "retention_rate": now.retention_rate,
                "customer_value": now.customer_value,
                "relative_gain": value / now.customer_value - 1,
                "spend_today": now.retention_spend,
                "extra_spend": even.extra_spend,
                "curve_spend": needed,
                "pays": bool(needed < even.extra_spend),
            }
        )
    return pd.DataFrame(rows).set_index("segment")


def _equity(position: SpendingPosition, scales: dict[str, float]) -> float:
    """Return the year's customer equity with every driver multiplied by its scale."""
    rate = position.annual_discount_rate * scales["discount rate"]
    total = 0.0
    for segment in position.segments:
        now = position.equity(segment).at()
        margin = float(position.margins["margin"][segment]) * scales["margin"]
        kept_rate = min(now.retention_rate * scales["retention rate"], 0.999)
        keeping = now.retention_spend * scales["cost of keeping"]
        winning = now.acquisition_spend * scales["cost of winning"]
        value = customer_value(margin, kept_rate, rate, keeping)
        won = now.acquisition_rate * scales["share won"]
        prospects, customers = position.today.loc[
            segment, ["prospects_reached", "customers_at_risk"]
        ].to_numpy(float)
        total += float(prospects) * (won * value - winning)
        total += float(customers) * (kept_rate * value - keeping)
    return total


def _drawn_margins(position: SpendingPosition, segment: str, draws: int, seed: int) -> Array:
    margin, error = position.margins.loc[segment].to_numpy(float)
    spread = np.random.default_rng([seed, 1]).standard_normal(draws)
    drawn: Array = margin * np.exp(spread * error / margin - (error / margin) ** 2 / 2)
    return drawn
