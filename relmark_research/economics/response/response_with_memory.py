"""The response of customers won or lost to spend over time: trend, season, carry-over, price.

Of a firm that knows its spend and its customers by period only. With A_t the spend that works in
period t (adstock), y_t customers won (or the hazard of losing one) and p_t the price level,

    A_t = (1 - theta) s_t + theta A_(t-1),
    ln y_t = level_t + season_t + beta ln A_t + gamma ln p_t + e_t,

where the level follows a straight line and a random walk around it, so that other causes of growth
are not counted as a response. beta is the long-run elasticity: spend raised by 1% for good raises
y by beta%. Hence the marginal cost of a customer is the average cost over beta.

The carry-over theta and the size of the random walk are not estimated and then taken as known: both
are integrated over a grid, weighted by the restricted likelihood. beta given both is Student t.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal

import numpy as np
import pandas as pd
from numpy.typing import ArrayLike
from scipy import linalg

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import Array
from relmark_research.errors import (
    DataError,
    ParameterError,
    check_count,
    check_level,
    check_number,
    check_share,
)
from relmark_research.stats.intervals import normal_quantile
from relmark_research.units import Period

_CARRY_OVERS = np.arange(0.0, 0.91, 0.05)
_WALKS = np.array([0.0, 0.05, 0.1, 0.2, 0.4, 0.8, 1.6])  # steps of the level over the noise
_SPARE = 4  # periods beyond the number of coefficients
_HARMONICS = 2  # of the season of monthly books

Grade = Literal["identified", "not identified"]


@dataclass(frozen=True)
class Memory:
    """What besides today's spend may move customers won or lost.

    Parameters
    ----------
    trend
        A straight line and a random walk around it.
    season
        Quarters, or two waves a year for months.
    carry_over
        Spend of earlier periods.
    """

    trend: bool = True
    season: bool = True
    carry_over: bool = True


@short_repr
@dataclass(frozen=True, repr=False)
class ResponseWithMemory:
    """A fitted response over time.

    Attributes
    ----------
    table
        One row per period: spend, customers (or hazard), expected.
    average_cost
        Spend over customers of the last year, money per customer.
    cells
        The grid: carry_over, walk, weight, elasticity (given both) and its scale and degrees of
        freedom.
    effects
        Rows for the trend (per year), price elasticity and the seasons: estimate, standard_error.
    spend_variation
        Share of the variance of log spend that trend, season and price do not explain, in [0, 1].
    residual
        Standard deviation of the noise of a period, as a share.
    bic
        Bayesian information criterion, corrected for small samples; smaller is better.
    """

    table: pd.DataFrame
    average_cost: float
    cells: pd.DataFrame
    effects: pd.DataFrame
    spend_variation: float
    residual: float
    bic: float

    @property
    def elasticity(self) -> float:
        """Long-run elasticity: percent more customers per percent more spend, for good."""
        return float(np.average(self.cells["elasticity"], weights=self.cells["weight"]))

    @property
    def carry_over(self) -> float:
        """Share of the effect that comes in later periods than the spend, in [0, 1)."""
        return float(np.average(self.cells["carry_over"], weights=self.cells["weight"]))

    @property
    def grade(self) -> Grade:
        """Whether the 95% interval of the elasticity is above 0 and within a factor of 6."""
        low, high = self.elasticity_interval()
        return "identified" if low > 0 and high < 6 * low else "not identified"

    def draws(self, n: int = 4000, *, seed: int = 0) -> Array:
        """Return n draws of the elasticity, over the whole grid, shape (n,)."""
        rng = np.random.default_rng(seed)
        cell = rng.choice(len(self.cells), check_count("draws", n), p=self.cells["weight"])
        chosen = self.cells.iloc[cell]
        noise = rng.standard_t(chosen["degrees_of_freedom"].to_numpy())
        drawn: Array = chosen["elasticity"].to_numpy() + chosen["scale"].to_numpy() * noise
        return drawn

    def elasticity_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the elasticity."""
        check_level(level)
        low, high = np.quantile(self.draws(), [(1 - level) / 2, (1 + level) / 2])
        return float(low), float(high)

    def carry_over_interval(self, level: float = 0.95) -> tuple[float, float]:
        """Return the interval of the carry-over, on the grid."""
        check_level(level)
        weight = self.cells.groupby("carry_over")["weight"].sum()
        below = weight.cumsum()
        low = below.index[int(np.searchsorted(below, (1 - level) / 2))]
        high = below.index[min(int(np.searchsorted(below, (1 + level) / 2)), len(below) - 1)]
        return float(low), float(high)

    def marginal_cost(self, level: float = 0.95) -> tuple[float, float, float]:
        """Return the marginal cost, average cost / elasticity, with its interval.

        The upper end is ``inf`` where the data do not exclude that spend has no effect.
        """
        low, high = self.elasticity_interval(level)
        ends = [self.average_cost / end if end > 0 else np.inf for end in (high, low)]
        middle = self.elasticity
        return self.average_cost / middle if middle > 0 else np.inf, ends[0], ends[1]

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return elasticity, carry-over, marginal cost, trend, price and seasons with intervals."""
        half_width = normal_quantile(level) * self.effects["standard_error"]
        others = pd.DataFrame(
            {
                "estimate": self.effects["estimate"],
                "low": self.effects["estimate"] - half_width,
                "high": self.effects["estimate"] + half_width,
            }
        )
        rows = {
            "elasticity": (self.elasticity, *self.elasticity_interval(level)),
            "carry-over": (self.carry_over, *self.carry_over_interval(level)),
            "marginal cost": self.marginal_cost(level),
        }
        first = pd.DataFrame.from_dict(rows, orient="index", columns=["estimate", "low", "high"])
        return pd.concat([first, others]).rename_axis("quantity")

    def _summary(self) -> dict[str, object]:
        return {
            "periods": len(self.table),
            "elasticity": self.elasticity,
            "carry-over": self.carry_over,
            "marginal cost": self.marginal_cost()[0],
            "identification": self.grade,
        }


def adstock(spend: ArrayLike, carry_over: float, *, before: float | None = None) -> Array:
    """Return the spend that works in each period, A_t = (1 - theta) s_t + theta A_(t-1).

    Parameters
    ----------
    spend
        Spend by period, >= 0, shape (periods,).
    carry_over
        theta, in [0, 1).
    before
        The adstock before the first period; the first spend if None.

    Examples
    --------
    >>> adstock([100, 0, 0], 0.5, before=0).tolist()
    [50.0, 25.0, 12.5]
    """
    spends = np.asarray(spend, float)
    if not 0 <= carry_over < 1:
        raise ParameterError(f"carry_over must be in [0, 1); found {carry_over!r}.")
    level = float(spends[0]) if before is None else before
    worked = np.empty(len(spends))
    for t, now in enumerate(spends):
        level = (1 - carry_over) * now + carry_over * level
        worked[t] = level
    return worked


def response_with_memory(
    customers: pd.Series,
    spend: pd.Series,
    *,
    price: pd.Series | None = None,
    memory: Memory | None = None,
    response: Literal["more", "fewer"] = "more",
) -> ResponseWithMemory:
    """Fit the response of customers won (or of the hazard of losing one) to spend over time.

    Parameters
    ----------
    customers
        Customers won in each period, above 0, with an index of consecutive pandas Periods; or, with
        ``response="fewer"``, the hazard of losing one.
    spend
        Spend of the period, above 0, money; the same index.
    price
        Price level of the period, above 0; None if not known.
    memory
        What else may move customers; None for trend, season and carry-over.
    response
        ``"more"`` customers won, or ``"fewer"`` lost: the elasticity then is that of the decrease.

    Raises
    ------
    DataError
        If periods are missing or too few, a value is not above 0, or spend does not vary.

    References
    ----------
    Broadbent (1979), One way TV advertisements work, Journal of the Market Research Society 21(3)
    (adstock); Hanssens, Parsons & Schultz (2001), Market response models, 2nd ed.

    Examples
    --------
    >>> rng = np.random.default_rng(1)
    >>> quarters = pd.period_range("2014Q1", periods=40, freq="Q")
    >>> spend = pd.Series(1000 * np.exp(0.4 * rng.standard_normal(40)), quarters)
    >>> worked = adstock(spend, 0.5)
    >>> won = pd.Series(5 * worked**0.4 * np.exp(0.05 * rng.standard_normal(40)), quarters)
    >>> fit = response_with_memory(won, spend)
    >>> fit.grade, round(fit.elasticity, 1), round(fit.carry_over, 1)
    ('identified', 0.4, 0.5)
    """
    frame = _checked(customers, spend, price)
    memory = memory or Memory()
    periods = pd.PeriodIndex(frame.index)
    base = calendar_design(periods, memory)
    if "price" in frame:
        base = np.column_stack([base, np.log(frame["price"].to_numpy(float))])
    if len(frame) < base.shape[1] + 1 + _SPARE:
        raise DataError(
            f"the response needs at least {base.shape[1] + 1 + _SPARE} periods for its trend, "
            f"season and price; found {len(frame)}. Add earlier periods."
        )
    y = np.log(frame["customers"].to_numpy(float)) * (1 if response == "more" else -1)
    spends, lag = frame["spend"].to_numpy(float), _lag(periods)
    grid = _fit_grid(y, spends, base, memory, before=lag)
    return _result(frame, grid, base, memory, response)


@dataclass(frozen=True)
class _Cell:
    """The fit at one carry-over and one size of the random walk."""

    carry_over: float
    walk: float
    log_weight: float
    log_likelihood: float
    coefficients: Array  # of the base design, the last that of ln A
    covariance: Array
    sigma: float
    freedom: int
    expected: Array


def _fit_grid(
    y: Array,
    spend: Array,
    base: Array,
    memory: Memory,
    *,
    before: int,
) -> list[_Cell]:
    """Fit every cell; the adstock before the first period is the mean of the first ``before``."""
    carry_overs = _CARRY_OVERS if memory.carry_over else np.zeros(1)
    walks = _WALKS if memory.trend else np.zeros(1)
    start = float(spend[:before].mean())
    steps = np.arange(1, len(y) + 1)
    kernel = np.minimum(steps[:, None], steps)  # of a random walk with steps of variance 1
    roots = [linalg.cholesky(np.eye(len(y)) + walk**2 * kernel, lower=True) for walk in walks]
    cells = []
    for carry_over in carry_overs:
        x = np.log(adstock(spend, float(carry_over), before=start))
        design = np.column_stack([base, x])
        for walk, root in zip(walks, roots, strict=True):
            cells.append(_fit_cell(y, design, root, float(carry_over), float(walk)))
    return cells


def _fit_cell(y: Array, design: Array, root: Array, carry_over: float, walk: float) -> _Cell:
    """Generalised least squares, with the restricted likelihood of carry-over and walk."""
    white = linalg.solve_triangular(root, np.column_stack([design, y]), lower=True)
    X, z = white[:, :-1], white[:, -1]
    normal = X.T @ X
    inverse = np.linalg.pinv(normal)
    b = inverse @ X.T @ z
    freedom = len(y) - design.shape[1]
    squares = float(((z - X @ b) ** 2).sum())
    half_log_det = float(np.log(np.diag(root)).sum())
    restricted = -half_log_det - 0.5 * float(np.linalg.slogdet(normal)[1])
    return _Cell(
        carry_over=carry_over,
        walk=walk,
        log_weight=restricted - 0.5 * freedom * np.log(squares),
        log_likelihood=-half_log_det - 0.5 * len(y) * np.log(squares / len(y)),
        coefficients=b,
        covariance=inverse * squares / freedom,
        sigma=float(np.sqrt(squares / freedom)),
        freedom=freedom,
        expected=_smoothed(y, design @ b, root),
    )


def _smoothed(y: Array, mean: Array, root: Array) -> Array:
    """Return the mean with the random walk's expected path: y less the noise given the data."""
    noise = linalg.cho_solve((root, True), y - mean)
    smoothed: Array = y - noise
    return smoothed


def _result(
    frame: pd.DataFrame, grid: list[_Cell], base: Array, memory: Memory, response: str
) -> ResponseWithMemory:
    logs = np.array([cell.log_weight for cell in grid])
    weights = np.exp(logs - logs.max())
    weights /= weights.sum()
    cells = pd.DataFrame(
        {
            "carry_over": [cell.carry_over for cell in grid],
            "walk": [cell.walk for cell in grid],
            "weight": weights,
            "elasticity": [cell.coefficients[-1] for cell in grid],
            "scale": [np.sqrt(cell.covariance[-1, -1]) for cell in grid],
            "degrees_of_freedom": [cell.freedom for cell in grid],
        }
    )
    best = max(grid, key=lambda cell: cell.log_likelihood)
    expected = weights @ np.array([cell.expected for cell in grid])
    sign = 1 if response == "more" else -1
    periods = pd.PeriodIndex(frame.index)
    last = frame.iloc[-_lag(periods) :]
    count = best.coefficients.size + int(memory.carry_over) + int(memory.trend)
    return ResponseWithMemory(
        table=frame.assign(expected=np.exp(sign * expected)),
        average_cost=float(last["spend"].sum() / last["customers"].sum()),
        cells=cells,
        effects=_effects(grid, weights, _names(frame, memory), sign, periods),
        spend_variation=_unexplained(np.log(frame["spend"].to_numpy(float)), base),
        residual=float(weights @ np.array([cell.sigma for cell in grid])),
        bic=float(-2 * best.log_likelihood + small_sample_penalty(count, len(frame))),
    )


def _effects(
    grid: list[_Cell], weights: Array, names: list[str], sign: int, index: pd.PeriodIndex
) -> pd.DataFrame:
    """Return the mean and the standard deviation of the other coefficients over the grid."""
    means = np.array([cell.coefficients[:-1] for cell in grid])
    variances = np.array([np.diag(cell.covariance)[:-1] for cell in grid])
    mean = weights @ means
    variance = weights @ variances + weights @ (means - mean) ** 2
    table = pd.DataFrame(
        {"estimate": sign * mean, "standard_error": np.sqrt(variance)},
        index=pd.Index(names, name="effect"),
    )
    table.loc[table.index == "trend a year"] *= Period.of(index.freqstr).per_year
    return table.drop(index="level")


def calendar_design(periods: pd.PeriodIndex, memory: Memory) -> Array:
    """Return the columns of level, trend and seasons, shape (periods, columns)."""
    columns: list[Array] = [np.ones(len(periods))]
    if memory.trend:
        columns.append(np.arange(len(periods)) - (len(periods) - 1) / 2)
    if memory.season:
        columns += list(_season(periods).T)
    return np.column_stack(columns)


def _names(frame: pd.DataFrame, memory: Memory) -> list[str]:
    """Return the names of the columns of the design."""
    seasons = _season(pd.PeriodIndex(frame.index)).shape[1] if memory.season else 0
    names = ["level"] + ["trend a year"] * memory.trend
    names += [f"season {place}" for place in range(1, seasons + 1)]
    return names + ["price"] * ("price" in frame)


def _season(index: pd.PeriodIndex) -> Array:
    """Return contrasts of the quarters, waves of the year for months, nothing for years."""
    per_year = round(Period.of(index.freqstr).per_year)
    place = np.array([period.quarter if per_year == 4 else period.month for period in index])
    if per_year == 4:
        return np.column_stack([(place == q) - (place == 4) * 1.0 for q in (1, 2, 3)])
    if per_year == 12:
        angle = 2 * np.pi * place[:, None] * np.arange(1, _HARMONICS + 1) / 12
        return np.column_stack([np.sin(angle), np.cos(angle)])
    return np.zeros((len(index), 0))


def _lag(index: pd.PeriodIndex) -> int:
    """Return the number of periods in a year."""
    return round(Period.of(index.freqstr).per_year)


def _unexplained(x: Array, base: Array) -> float:
    rest = x - base @ np.linalg.lstsq(base, x, rcond=None)[0]
    total = float(((x - x.mean()) ** 2).sum())
    return float((rest**2).sum() / total) if total else 0.0


def small_sample_penalty(coefficients: int, periods: int) -> float:
    """Return the penalty of the Bayesian information criterion, corrected for small samples.

    k ln(n) n / (n - k - 2): McQuarrie (1999), A small-sample correction for the Schwarz SIC model
    selection criterion, Statistics & Probability Letters 44, 79-86.
    """
    freedom = max(periods - coefficients - 2, 0.5)
    return coefficients * np.log(periods) * periods / freedom


def _checked(customers: pd.Series, spend: pd.Series, price: pd.Series | None) -> pd.DataFrame:
    columns = {"customers": customers, "spend": spend}
    columns |= {} if price is None else {"price": price}
    for name, column in columns.items():
        if not isinstance(getattr(column, "index", None), pd.PeriodIndex):
            raise DataError(
                f"{name} must be a Series with an index of periods, as SpendLedger.firm() gives; "
                f"found {type(column).__name__}."
            )
    frame = pd.DataFrame(columns).sort_index().astype(float)
    known = pd.PeriodIndex(frame.dropna().index)
    expected = pd.period_range(frame.index.min(), frame.index.max(), freq=known.freq)
    gaps = expected.difference(known)
    if len(gaps):
        raise DataError(
            f"the response needs every period; {len(gaps)} of {len(expected)} are missing or "
            f"blank, first {gaps[0]}. Begin after the gap."
        )
    for name in frame.columns:
        column = frame[name]
        if not (column > 0).all():
            raise DataError(
                f"{name} must be above 0 in every period; found {column.min():g} in "
                f"{column.idxmin()}. Leave these periods out, or use longer ones."
            )
    if np.ptp(np.log(frame["spend"])) < 1e-9:
        raise DataError(
            f"the response to spend needs spend that varies; found "
            f"{frame['spend'].iloc[0]:,.6g} in all {len(frame)} periods. Vary the spend."
        )
    return frame


def experiment_periods(
    fit: ResponseWithMemory, *, change: float = 0.2, precision: float = 0.25, level: float = 0.95
) -> int:
    """Return how many region-periods of randomised spend would settle the marginal cost.

    Parameters
    ----------
    fit
        The response fitted to the books.
    change
        Share by which spend is raised or lowered at random, in (0, 1).
    precision
        Half-width of the interval of the marginal cost, as a share of it, in (0, 1).
    level
        Probability of the interval.

    Returns
    -------
    int
        (z residual / (precision elasticity sd))^2, with sd the standard deviation of ln(1 + change)
        and ln(1 - change), and an elasticity of at least 0.05; at least 8.

    Examples
    --------
    >>> quarters = pd.period_range("2014Q1", periods=40, freq="Q")
    >>> rng = np.random.default_rng(1)
    >>> spend = pd.Series(1000 * np.exp(0.4 * rng.standard_normal(40)), quarters)
    >>> won = 5 * spend**0.4 * np.exp(0.05 * rng.standard_normal(40))
    >>> experiment_periods(response_with_memory(won, spend))
    11
    """
    for name, value in (("change", change), ("precision", precision)):
        check_share(name, value)
    check_number("level", check_level(level))
    spread = (np.log1p(change) - np.log1p(-change)) / 2
    reach = normal_quantile(level) * fit.residual
    periods = (reach / (precision * max(fit.elasticity, 0.05) * spread)) ** 2
    return max(8, int(np.ceil(periods)))
