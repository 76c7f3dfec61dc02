"""Whether a fitted response curve is the whole story: trend, season and carry-over beside it.

A response curve takes each period's rate to follow from its own spend alone. Here the fitted curve
f is one regressor among others,

    ln(rate_t) = a + phi ln f(A_t) + level_t + season_t + e_t,

with A_t the adstock of spend. phi is 1 where the curve is the whole story; it is smaller where
spend and rates merely rose together. The model without the others (phi = 1) and those with any of
them are weighted by exp(-BIC / 2), so that the probability that money moved pays contains the
chance that the curve is misread.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.response.response_fit import ResponseFit
from relmark_research.economics.response.response_with_memory import (
    Memory,
    ResponseWithMemory,
    response_with_memory,
    small_sample_penalty,
)
from relmark_research.errors import DataError, check_count

_HALVINGS = 60
_PARTS = ("trend", "season", "carry_over")


@short_repr
@dataclass(frozen=True, repr=False)
class CurveMemory:
    """The evidence that a response curve needs a memory, and what that does to its slope.

    Attributes
    ----------
    models
        One row per model: trend, season, carry_over (whether it has them), bic, weight and slope
        (phi, 1 without a memory).
    fits
        The fitted models with a memory, in the order of the rows with one.
    """

    models: pd.DataFrame
    fits: tuple[ResponseWithMemory | None, ...]

    @property
    def probability(self) -> float:
        """Probability that trend, season or carry-over matter beside the curve."""
        return 1 - float(self.models["weight"].iloc[0])

    @property
    def slope(self) -> float:
        """Mean of phi, by which the marginal return of the curve is multiplied."""
        return float(self.models["weight"] @ self.models["slope"])

    def draws(self, n: int, *, seed: int) -> Array:
        """Return n draws of phi, at least 0: 1 in the share of draws without a memory."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.models), check_count("draws", n), p=self.models["weight"])
        drawn = np.ones(n)
        for place, fit in enumerate(self.fits):
            own = chosen == place
            if fit is not None and own.any():
                drawn[own] = fit.draws(int(own.sum()), seed=seed + place)
        positive: Array = np.maximum(drawn, 0.0)
        return positive

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
    >>> found.probability < 0.2
    True
    """
    data = fit.data
    rows: list[dict[str, object]] = [_plain(fit)]
    fits: list[ResponseWithMemory | None] = [None]
    rate = pd.Series(data.successes / data.trials, periods)
    spend = pd.Series(data.spend, periods)
    for parts in product((False, True), repeat=len(_PARTS)):
        if not any(parts):
            continue
        memory = Memory(*parts, coarse=True)
        try:
            found = response_with_memory(rate, spend, memory=memory, shape=_log_curve(fit))
        except DataError:
            continue
        rows.append({**dict(zip(_PARTS, parts, strict=True)), "bic": found.bic,
                     "slope": max(found.elasticity, 0.0)})  # fmt: skip
        fits.append(found)
    table = pd.DataFrame(rows)
    weight = np.exp(-(table["bic"] - table["bic"].min()) / 2)
    return CurveMemory(table.assign(weight=weight / weight.sum()), tuple(fits))


def tilted(
    ceiling: Array, steepness: Array, spend: Array, slope: Array
) -> tuple[Array, Array]:
    """Return ceiling and steepness of the curve through today's rate whose slope is phi times.

    Parameters
    ----------
    ceiling, steepness
        Of the curve; arrays of one shape.
    spend
        Today's spend, > 0.
    slope
        phi, >= 0; 1 leaves the curve as it is.

    Returns
    -------
    tuple of arrays
        With u = k s and today's elasticity e = u / (exp(u) - 1), the curve with elasticity phi e,
        at most that of the steepest curve below a ceiling of 1.

    Examples
    --------
    >>> ceiling, k = tilted(np.array(0.1), np.array(0.5), np.array(2.0), np.array(0.5))
    >>> round(float(ceiling * -np.expm1(-k * 2)), 4), round(float(ceiling * k * np.exp(-k * 2)), 4)
    (0.0632, 0.0092)
    """
    u = steepness * spend
    rate = ceiling * -np.expm1(-u)
    wanted = np.clip(slope * u / np.expm1(u), 1e-12, 1 - 1e-9)
    low, high = np.full(np.shape(wanted), 1e-9), np.full(np.shape(wanted), 60.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = middle / np.expm1(middle) > wanted
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    most = -np.log1p(-np.minimum(rate, 1 - 1e-12))  # with a ceiling of 1
    u = np.maximum((low + high) / 2, most)
    same = slope == 1
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
    return {**dict.fromkeys(_PARTS, False), "bic": float(bic), "slope": 1.0}
