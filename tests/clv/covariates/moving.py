"""Customers whose purchases follow covariates that change by week, simulated day by day."""

import numpy as np
import pandas as pd

import relmark_research as rm

MODELS = {
    "BGNBD": rm.BGNBD(0.8, 6.0, 0.8, 2.5),
    "MBGNBD": rm.MBGNBD(0.8, 6.0, 0.8, 2.5),
    "BGCNBD": rm.BGCNBD(0.8, 3.0, 0.8, 2.5, 2),
    "MBGCNBD": rm.MBGCNBD(0.8, 3.0, 0.8, 2.5, 2),
    "ParetoNBD": rm.ParetoNBD(0.8, 6.0, 0.8, 20.0),
}
START = pd.Timestamp("2023-01-02")
EFFECTS = np.array([0.8, -0.5])


def start(step=7):
    """Return the first day: earlier for longer steps, so that 78 of them end in the past."""
    return START - pd.Timedelta(days=78 * (step - 7))


def drawn(model, n, weeks, seed, step=7):
    """Return covariates and the log of simulated customers, observed for some weeks.

    ``step`` is the number of days per "week" of the model.
    """
    table = panel(n, weeks, seed, step)
    source = model if hasattr(model, "gap_power") and model.given else Random(model)
    dropout = 0.0 if model.clocks == 2 else None
    rows = purchases(source, table, step * weeks, seed=seed + 1, dropout=dropout, step=step)
    last = pd.DataFrame(
        {"customer_id": ["c00000"], "date": [start(step) + pd.Timedelta(days=step * weeks - 1)]}
    )
    log = rm.read_transactions(pd.concat([rows, last]).drop_duplicates(), value=None)
    return table, log


class Random:
    """A memoryless model, with the times of its purchases: uniform before the last."""

    def __init__(self, model):
        self.model = model
        self.__dict__.update({name: getattr(model, name) for name in model.names()})

    def draw_purchase_times(self, T, rng):
        n, last, _ = self.model.simulate(T, seed=int(rng.integers(1 << 60)))
        times = np.full((int(n.max()), len(T)), np.inf)
        for i, count in enumerate(n.astype(int)):
            if count:
                times[:count, i] = np.sort(np.append(rng.random(count - 1) * last[i], last[i]))
        return list(times)


def panel(n, weeks, seed, step=7):
    """Return weekly values per customer: a season that all share, and a campaign at random."""
    rng = np.random.default_rng(seed)
    season = np.round(np.sin(2 * np.pi * np.arange(weeks) / 26), 1)
    campaign = rng.random((n, weeks)) < 0.3
    dates = start(step) + pd.to_timedelta(step * np.arange(weeks), unit="D")
    return pd.DataFrame(
        {
            "customer_id": np.repeat([f"c{k:05d}" for k in range(n)], weeks),
            "date": np.tile(dates, n),
            "season": np.tile(season, n),
            "campaign": campaign.astype(float).ravel(),
        }
    )


def purchases(model, table, days, *, effects=EFFECTS, seed=0, dropout=None, step=7):
    """Return purchase-days of customers first seen in the first quarter of some days.

    Each purchase is the first of its day; a day's exposure is exp(z'b) of its week.
    """
    rng = np.random.default_rng(seed)
    n, weeks = table["customer_id"].nunique(), table["date"].nunique()
    z = table[["season", "campaign"]].to_numpy().reshape(n, weeks, 2)
    speed = (
        np.repeat(np.exp(z @ effects), step, axis=1)[:, :days] / step
    )  # weeks of the clock per day
    first = rng.integers(0, days // 4, n)
    clock = np.concatenate([np.zeros((n, 1)), np.cumsum(speed, axis=1)], axis=1)
    started = clock[np.arange(n), first]
    length = clock[:, -1] - started
    if dropout is None:
        times = model.draw_purchase_times(length, rng)
    else:
        times = pareto_times(model, table, first, clock, (dropout, step), rng)
    rows = [pd.DataFrame({"customer": np.arange(n), "day": first})]
    for each in times:
        made = np.flatnonzero(np.isfinite(each))
        passed = started[made] + each[made]
        day = [np.searchsorted(clock[i], a, side="right") - 1
               for i, a in zip(made, passed, strict=True)]  # fmt: skip
        rows.append(pd.DataFrame({"customer": made, "day": day}))
    found = pd.concat(rows).drop_duplicates()
    found = found[found["day"] < days]
    return pd.DataFrame(
        {
            "customer_id": [f"c{k:05d}" for k in found["customer"]],
            "date": start(step) + pd.to_timedelta(found["day"], unit="D"),
        }
    ).reset_index(drop=True)


def pareto_times(model, table, first, clock, leaving, rng):
    """Return purchase times on the clock until dropout at a rate that follows the campaign."""
    n, weeks = len(first), table["date"].nunique()
    campaign = table["campaign"].to_numpy().reshape(n, weeks)
    effect, step = leaving
    speed = np.repeat(np.exp(effect * campaign), step, axis=1)[:, : clock.shape[1] - 1] / step
    leaving = np.concatenate([np.zeros((n, 1)), np.cumsum(speed, axis=1)], axis=1)
    mu, rate = rng.gamma(model.s, 1 / model.beta, n), rng.gamma(model.r, 1 / model.alpha, n)
    target = leaving[np.arange(n), first] + rng.standard_exponential(n) / mu
    end = np.array([np.searchsorted(row, t) for row, t in zip(leaving, target, strict=True)])
    end = np.minimum(end, clock.shape[1] - 1)
    length = clock[np.arange(n), end] - clock[np.arange(n), first]
    now, times = np.zeros(n), []
    while True:
        now = now + rng.standard_exponential(n) / rate
        if not (now < length).any():
            return times
        times.append(np.where(now < length, now, np.inf))
