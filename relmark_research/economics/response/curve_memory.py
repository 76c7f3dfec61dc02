"""Whether a fitted response curve is the whole story: trend, season and carry-over beside it.

A response curve takes each period's rate to follow from its own spend alone. Here the rate may
change for other reasons as well,

    ln(rate_t) = ln(1 - exp(-k A_t)) + level_t + season_t + e_t,

with A_t the adstock of spend and the level a straight line and a random walk around it. The noise
e_t is that of counts, larger where few are won, or the same in all periods. A market that grows
while spend grows is then not counted as a response. Given the steepness k, the carry-over, the size
of the walk and the kind of noise, the rest is linear: all four are integrated over a grid, weighted
by the restricted likelihood, with a uniform prior on today's elasticity k s / (exp(k s) - 1). The
rate today is that of the last year. The curve alone and the models with any of trend, season and
carry-over are weighted by exp(-BIC / 2), so that the probability that money moved pays contains
the chance that the curve is misread: its slope, and the rate that it gives for today.

Where spend does little but follow the trend, the data hardly tell the two apart, and the interval
of the elasticity is wide.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from itertools import product

import numpy as np
import pandas as pd
from scipy import linalg

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.economics.response.response_fit import ResponseFit
from relmark_research.economics.response.response_with_memory import (
    Memory,
    adstock,
    calendar_design,
    small_sample_penalty,
)
from relmark_research.errors import check_count
from relmark_research.units import Period

_HALVINGS = 60
_PARTS = ("trend", "season", "carry_over")
_ELASTICITIES = (np.arange(80) + 0.5) / 80  # of today, the grid of the steepness
_CARRY_OVERS = np.arange(0.0, 0.91, 0.15)
_WALKS = np.array([0.0, 0.1, 0.3, 1.0])  # steps of the level over the noise
_SPARE = 4  # periods beyond the number of coefficients


@dataclass(frozen=True)
class MemoryGrid:
    """A model with a memory, over its grid of steepness, carry-over and random walk.

    Attributes
    ----------
    weight
        Of each cell; they sum to 1.
    elasticity
        Of each cell, at today's spend.
    log_rate, scale
        Mean and scale of the logarithm of today's rate in each cell.
    freedom
        Degrees of freedom of its t distribution.
    bic
        Bayesian information criterion, corrected for small samples; smaller is better.
    """

    weight: Array
    elasticity: Array
    log_rate: Array
    scale: Array
    freedom: int
    bic: float

    @property
    def means(self) -> tuple[float, float]:
        """Mean elasticity and mean rate of today."""
        return float(self.weight @ self.elasticity), float(self.weight @ np.exp(self.log_rate))

    def draws(self, n: int, *, seed: int) -> tuple[Array, Array]:
        """Return n draws of elasticity and rate of today."""
        rng = np.random.default_rng(seed)
        cell = rng.choice(len(self.weight), n, p=self.weight)
        within = (rng.random(n) - 0.5) / len(_ELASTICITIES)
        noise = rng.standard_t(self.freedom, n)
        rate = np.exp(self.log_rate[cell] + self.scale[cell] * noise)
        return self.elasticity[cell] + within, np.minimum(rate, 1.0)


@short_repr
@dataclass(frozen=True, repr=False)
class CurveMemory:
    """The evidence that a response curve needs a memory, and what that does to its slope.

    Attributes
    ----------
    models
        One row per model: trend, season, carry_over (whether it has them), bic, weight, slope
        (today's elasticity over that of the curve, 1 without a memory) and lift (the rate of the
        last year over that of the curve).
    grids
        The fitted model of each row; None for the first.
    """

    models: pd.DataFrame
    grids: tuple[MemoryGrid | None, ...]

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
        """Return n draws of today's elasticity and rate, missing in draws without a memory."""
        rng = np.random.default_rng(seed)
        chosen = rng.choice(len(self.models), check_count("draws", n), p=self.models["weight"])
        elasticity, rate = np.full((2, n), np.nan)
        for place, grid in enumerate(self.grids):
            own = chosen == place
            if grid is not None and own.any():
                elasticity[own], rate[own] = grid.draws(int(own.sum()), seed=seed + place)
        return elasticity, rate

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
        Without a memory only where there are too few periods, a gap, or periods without spend or
        success.

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
    rows: list[dict[str, object]] = [_plain(fit)]
    grids: list[MemoryGrid | None] = [None]
    rate, elasticity = _today(fit)
    for parts, grid in _grids(fit, periods):
        own = grid.means
        rows.append({
            **dict(zip(_PARTS, parts, strict=True)), "bic": grid.bic,
            "slope": own[0] / elasticity, "lift": own[1] / rate,
        })  # fmt: skip
        grids.append(grid)
    table = pd.DataFrame(rows)
    weight = np.exp(-(table["bic"] - table["bic"].min()) / 2)
    return CurveMemory(table.assign(weight=weight / weight.sum()), tuple(grids))


def _grids(
    fit: ResponseFit, periods: pd.PeriodIndex
) -> Iterator[tuple[tuple[bool, ...], MemoryGrid]]:
    """Yield the models with any of trend, season and carry-over that the data can carry."""
    data = fit.data
    consecutive = len(periods) == len(
        pd.period_range(periods.min(), periods.max(), freq=periods.freq)
    )
    if not (consecutive and (data.successes > 0).all() and (data.spend > 0).all()):
        return
    for parts in product((False, True), repeat=len(_PARTS)):
        memory = Memory(*parts)
        base = calendar_design(periods, memory)
        if any(parts) and len(periods) >= base.shape[1] + 1 + _SPARE:
            yield parts, _grid(fit, base, memory, round(Period.of(periods.freqstr).per_year))


def _grid(fit: ResponseFit, base: Array, memory: Memory, year: int) -> MemoryGrid:
    """Fit one model at every carry-over, walk and steepness."""
    data, today = fit.data, float(fit.curve.spend)
    y, n = np.log(data.successes / data.trials), len(data.spend)
    steepness = _steepness(_ELASTICITIES) / today
    last = np.r_[np.zeros(max(n - year, 0)), np.full(min(n, year), 1 / min(n, year))]
    walks = _WALKS if memory.trend else _WALKS[:1]
    noises = [(noise, _root(noise, walk)) for noise in _noises(fit) for walk in walks]
    cells = []
    for carry_over in _CARRY_OVERS if memory.carry_over else _CARRY_OVERS[:1]:
        worked = adstock(data.spend, float(carry_over), before=float(data.spend[:year].mean()))
        rest = y[:, None] - np.log(-np.expm1(-steepness * worked[:, None]))
        cells += [_cells(rest, base, root, last, noise) for noise, root in noises]
    log_weight, log_rate, scale, log_likelihood = (
        np.concatenate(part) for part in zip(*cells, strict=True)
    )
    weight = np.exp(log_weight - log_weight.max())
    elasticity = np.tile(_ELASTICITIES, len(cells))
    curve = np.log(-np.expm1(-_steepness(elasticity)))
    count = base.shape[1] + 1 + int(memory.carry_over) + int(memory.trend)
    penalty = small_sample_penalty(count, n)
    return MemoryGrid(
        weight / weight.sum(), elasticity, log_rate + curve, scale, n - base.shape[1] - 1,
        float(penalty - 2 * log_likelihood.max()),
    )  # fmt: skip


def _noises(fit: ResponseFit) -> tuple[Array, Array]:
    """Return the relative variance of a period's log rate: that of its counts, and a constant."""
    rate = fit.curve.rate_at(fit.data.spend)
    counts = (1 - np.minimum(rate, 1 - 1e-9)) / (fit.data.trials * rate)
    return counts / counts.mean(), np.ones(len(rate))


def _root(noise: Array, walk: float) -> Array:
    """Return the Cholesky factor of the variance of noise and a random walk."""
    steps = np.arange(1, len(noise) + 1)
    kernel = np.minimum(steps[:, None], steps)  # of a walk with steps of variance 1
    root: Array = linalg.cholesky(np.diag(noise) + walk**2 * kernel, lower=True)
    return root


def _cells(
    rest: Array, base: Array, root: Array, last: Array, noise: Array
) -> tuple[Array, Array, Array, Array]:
    """Return log weight, today's log level, its scale and the log-likelihood, by steepness.

    ``rest`` has a column per steepness: the log rates less the log curve. The level today is the
    mean of the last year's signal, which is known up to the noise e of relative variance D: with P
    the precision around the regression, E(e) = D P rest and Var(e) = sigma^2 (D - D P D).
    """
    n = len(base)
    columns = np.column_stack([base, noise * last, rest])
    white = linalg.solve_triangular(root, columns, lower=True)
    first, others = white[:, : base.shape[1]], white[:, base.shape[1] :]
    q, r = np.linalg.qr(first)
    free = others - q @ (q.T @ others)
    pick, errors = free[:, 0], free[:, 1:]
    squares, freedom = (errors**2).sum(axis=0), n - base.shape[1] - 1
    half_log_det = float(np.log(np.diag(root)).sum())
    restricted = -half_log_det - float(np.log(np.abs(np.diag(r))).sum())
    known = max(float(noise @ last**2 - pick @ pick), 0.0)
    return (
        restricted - 0.5 * (freedom + 1) * np.log(squares),
        last @ rest - pick @ errors,
        np.sqrt(known * squares / freedom),
        -half_log_det - 0.5 * n * np.log(squares / n),
    )


def _steepness(elasticity: Array) -> Array:
    """Return u of the elasticity u / (exp(u) - 1), by bisection."""
    low, high = np.full(np.shape(elasticity), 1e-9), np.full(np.shape(elasticity), 60.0)
    for _ in range(_HALVINGS):
        middle = (low + high) / 2
        above = middle / np.expm1(middle) > elasticity
        low, high = np.where(above, middle, low), np.where(above, high, middle)
    found: Array = (low + high) / 2
    return found


def _today(fit: ResponseFit) -> tuple[float, float]:
    """Return rate and elasticity of the curve at today's spend."""
    spend = float(fit.curve.spend)
    rate = float(fit.curve.rate_at(spend))
    return rate, float(fit.curve.slope_at(spend)) * spend / rate


def tilted(
    ceiling: Array, steepness: Array, spend: Array, elasticity: Array, rate: Array
) -> tuple[Array, Array]:
    """Return ceiling and steepness of a curve whose elasticity and rate today are other ones.

    Parameters
    ----------
    ceiling, steepness
        Of the curve; arrays of one shape.
    spend
        Today's spend, > 0.
    elasticity, rate
        Today's elasticity, in [0, 1), and rate, in (0, 1]; missing where the curve stays as it is.

    Returns
    -------
    tuple of arrays
        With u = k s and today's elasticity u / (exp(u) - 1), the curve with the elasticity and the
        rate, its elasticity at most that of the steepest curve below a ceiling of 1.

    Examples
    --------
    >>> ceiling, k = tilted(np.array(0.1), np.array(0.5), np.array(2.0), np.array(0.291),
    ...                     np.array(0.0632))
    >>> round(float(ceiling * -np.expm1(-k * 2)), 4), round(float(ceiling * k * np.exp(-k * 2)), 4)
    (0.0632, 0.0092)
    """
    same = np.isnan(elasticity) | np.isnan(rate)
    reached = np.minimum(np.where(same, 0.5, rate), 1 - 1e-9)
    wanted = np.clip(np.where(same, 0.5, elasticity), 1e-12, 1 - 1e-9)
    u = np.maximum(_steepness(wanted), -np.log1p(-reached))  # the latter with a ceiling of 1
    changed = np.minimum(reached / -np.expm1(-u), 1.0)
    return np.where(same, ceiling, changed), np.where(same, steepness, u / spend)


def _plain(fit: ResponseFit) -> dict[str, object]:
    """Return the model without a memory: the noise around the curve, one free level."""
    data = fit.data
    known = data.successes > 0
    n = int(known.sum())
    error = np.log(data.successes[known] / data.trials[known])
    error = error - np.log(fit.curve.rate_at(data.spend[known]))
    bics = []
    for noise in (each[known] for each in _noises(fit)):
        level = np.average(error, weights=1 / noise) if n else 0.0
        squares = float(((error - level) ** 2 / noise).sum()) / max(n, 1)
        bics.append(n * np.log(max(squares, 1e-300)) + np.log(noise).sum())
    bic = min(bics) + small_sample_penalty(2, max(n, 1))  # level, and what the curve estimated
    return {**dict.fromkeys(_PARTS, False), "bic": float(bic), "slope": 1.0, "lift": 1.0}
