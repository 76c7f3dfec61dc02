"""Whether a fitted response curve is the whole story: trend, season and carry-over beside it.

A response curve takes each period's rate to follow from its own spend alone. Here the fitted curve
f is one regressor among others,

    ln(rate_t) = a + phi ln f(A_t) + level_t + season_t + e_t,

with A_t the adstock of spend. phi is 1 where the curve is the whole story; it is smaller where
spend and rates merely rose together. Where the others matter, f is fitted again without them, so
that its curvature is not theirs. The model without the others (phi = 1) and those with any of
them are weighted by exp(-BIC / 2), so that the probability that money moved pays contains the
chance that the curve is misread: its slope, and the rate that it gives for today.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.response.response_curves import ResponseCurve
from relmark_research.economics.response.response_fit import ResponseFit
from relmark_research.economics.response.response_with_memory import (
    Memory,
    ResponseWithMemory,
    adstock,
    response_with_memory,
    small_sample_penalty,
)
from relmark_research.errors import DataError, ParameterError, check_count
from relmark_research.units import Period

_HALVINGS = 60
_REFITS = 1
_PARTS = ("trend", "season", "carry_over")


@short_repr
@dataclass(frozen=True, repr=False)
class CurveMemory:
    """The evidence that a response curve needs a memory, and what that does to its slope.

    Attributes
    ----------
    models
        One row per model: trend, season, carry_over (whether it has them), bic, weight, slope
        (today's elasticity over that of the curve, 1 without a memory) and lift (the rate expected
        today over that of the curve).
    fits
        The fitted model of each row; None for the first.
    ratio
        Elasticity today of the curve fitted without level and season, over that of the curve.
    """

    models: pd.DataFrame
    fits: tuple[ResponseWithMemory | None, ...]
    ratio: float = 1.0

    @property
    def probability(self) -> float:
        """Probability that trend, season or carry-over matter beside the curve."""
        return 1 - float(self.models["weight"].iloc[0])

    @property
    def slope(self) -> float:
        """Mean factor of the curve's elasticity."""
        return float(np.average(self.models["slope"], weights=self.models["weight"]))

    @property
    def lift(self) -> float:
        """Mean factor of the curve's rate today."""
        return float(np.average(self.models["lift"], weights=self.models["weight"]))

    def draws(self, n: int, *, seed: int) -> tuple[Array, Array]:
        """Return n draws of both factors, slope and lift: 1 in the draws without a memory."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.models), check_count("draws", n), p=self.models["weight"])
        drawn = np.ones(n)
        for place, fit in enumerate(self.fits):
            own = chosen == place
            if fit is not None and own.any():
                drawn[own] = fit.draws(int(own.sum()), seed=seed + place) * self.ratio
        return np.maximum(drawn, 0.0), self.models["lift"].to_numpy(float)[chosen]

    def _summary(self) -> dict[str, object]:
        return {"probability of a memory": self.probability, "slope": self.slope}


def curve_memory(fit: ResponseFit, periods: pd.PeriodIndex) -> CurveMemory:
    """Weigh a fitted response curve against models with trend, season and carry-over.

    Parameters
    ----------
    fit
        The fitted curve, of data in the order of ``periods``.
    periods
        Consecutive periods of the data.

    Returns
    -------
    CurveMemory
        Without a memory only where there are too few periods, a gap, or periods without success.

    Examples
    --------
    >>> from relmark_research.economics.response.response_curves import ResponseCurve
    >>> rng = np.random.default_rng(4)
    >>> spend = rng.permutation(np.resize([0.5, 1, 2, 4], 24))
    >>> won = rng.binomial(10_000, 0.1 * -np.expm1(-0.5 * spend))
    >>> fit = ResponseCurve.fit(spend, won, [10_000] * 24)
    >>> found = curve_memory(fit, pd.period_range("2019Q1", periods=24, freq="Q"))
    >>> round(found.slope, 1)
    1.0
    """
    shape, found = fit, _weighed(fit, fit, periods)
    for _ in range(_REFITS):
        again = _without_memory(shape, found, periods) if found.probability > 0.5 else None
        if again is None:
            break
        shape, found = again, _weighed(fit, again, periods)
    return found


def _weighed(fit: ResponseFit, shape: ResponseFit, periods: pd.PeriodIndex) -> CurveMemory:
    """Weigh the curve against models with a memory that have the curvature of ``shape``."""
    data = fit.data
    rows: list[dict[str, object]] = [_plain(fit)]
    fits: list[ResponseWithMemory | None] = [None]
    rate, spend = pd.Series(data.successes / data.trials, periods), pd.Series(data.spend, periods)
    ratio = _elasticity(shape, fit.curve.spend) / _elasticity(fit, fit.curve.spend)
    for parts in product((False, True), repeat=len(_PARTS)):
        if not any(parts):
            continue
        memory = Memory(parts[0], parts[1], parts[2], coarse=True)
        try:
            found = response_with_memory(rate, spend, memory=memory, shape=_log_curve(shape))
        except DataError:
            continue
        rows.append({
            **dict(zip(_PARTS, parts, strict=True)), "bic": found.bic,
            "slope": max(found.elasticity, 0.0) * ratio, "lift": _lift(fit, found),
        })  # fmt: skip
        fits.append(found)
    table = pd.DataFrame(rows)
    weight = np.exp(-(table["bic"] - table["bic"].min()) / 2)
    return CurveMemory(table.assign(weight=weight / weight.sum()), tuple(fits), ratio)


def _lift(fit: ResponseFit, found: ResponseWithMemory) -> float:
    """Return the rate that is expected in the last year over that of the curve."""
    last = found.table.iloc[-round(Period.of(pd.PeriodIndex(found.table.index).freqstr).per_year) :]
    curve = fit.curve.rate_at(last["spend"].to_numpy(float))
    return float((last["expected"].to_numpy(float) / curve).mean())


def _without_memory(
    fit: ResponseFit, found: CurveMemory, periods: pd.PeriodIndex
) -> ResponseFit | None:
    """Refit the curve to counts from which the best memory's level and season are taken out."""
    best = found.fits[int(found.models["weight"].argmax())]
    if best is None:
        return None
    data = fit.data
    worked = adstock(data.spend, best.carry_over)
    log_curve = _log_curve(fit)(worked)
    path = np.log(best.table["expected"].to_numpy(float)) - best.elasticity * log_curve
    today = path[-round(Period.of(periods.freqstr).per_year) :].mean()
    trials = np.maximum(data.trials * np.exp(path - today), data.successes)
    try:
        return ResponseCurve.fit(worked, data.successes, trials, today=fit.curve.spend)
    except (DataError, ParameterError):
        return None


def _elasticity(fit: ResponseFit, spend: float) -> float:
    return float(fit.curve.slope_at(spend) * spend / fit.curve.rate_at(spend))


def tilted(
    ceiling: Array, steepness: Array, spend: Array, slope: Array, lift: Array
) -> tuple[Array, Array]:
    """Return ceiling and steepness of a curve whose elasticity and rate today are other ones.

    Parameters
    ----------
    ceiling, steepness
        Of the curve; arrays of one shape.
    spend
        Today's spend, > 0.
    slope, lift
        Factors of today's elasticity, >= 0, and rate, > 0; 1 and 1 leave the curve as it is.

    Returns
    -------
    tuple of arrays
        With u = k s and today's elasticity e = u / (exp(u) - 1), the curve with the elasticity
        slope x e, at most that of the steepest curve below a ceiling of 1.

    Examples
    --------
    >>> ceiling, k = tilted(np.array(0.1), np.array(0.5), np.array(2.0), np.array(0.5),
    ...                     np.array(1.0))
    >>> round(float(ceiling * -np.expm1(-k * 2)), 4), round(float(ceiling * k * np.exp(-k * 2)), 4)
    (0.0632, 0.0092)
    """
    u = steepness * spend
    rate = np.minimum(ceiling * -np.expm1(-u) * lift, 1 - 1e-9)
    wanted = np.clip(slope * u / np.expm1(u), 1e-12, 1 - 1e-9)
    low, high = np.full(np.shape(wanted), 1e-9), np.full(np.shape(wanted), 60.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = middle / np.expm1(middle) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    most = -np.log1p(-np.minimum(rate, 1 - 1e-12))  # with a ceiling of 1
    u = np.maximum((low + high) / 2, most)
    same = (slope == 1) & (lift == 1)
    changed = np.minimum(rate / -np.expm1(-u), 1.0)
    return np.where(same, ceiling, changed), np.where(same, steepness, u / spend)


def _log_curve(fit: ResponseFit) -> Callable[[Array], Array]:
    """Return ln f of the fitted curve."""

    def log_rate(spend: Array) -> Array:
        found: Array = np.log(np.maximum(fit.curve.rate_at(spend), 1e-300))
        return found

    return log_rate


def _plain(fit: ResponseFit) -> dict[str, object]:
    """Return the model without a memory: the noise around the curve, one free level."""
    data = fit.data
    with np.errstate(divide="ignore"):
        error = np.log(data.successes / data.trials) - _log_curve(fit)(data.spend)
    error = error[np.isfinite(error)]
    squares = float(((error - error.mean()) ** 2).mean()) if len(error) else 0.0
    penalty = small_sample_penalty(2, max(len(error), 1))  # level, and what the curve estimated
    bic = len(error) * np.log(max(squares, 1e-300)) + penalty
    return {**dict.fromkeys(_PARTS, False), "bic": float(bic), "slope": 1.0, "lift": 1.0}
