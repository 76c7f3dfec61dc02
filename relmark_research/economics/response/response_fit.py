"""A response curve fitted to counts by binomial maximum likelihood, with its doubt.

Doubt is read off the likelihood itself: the region in which the deviance rises by no more than a
chi-square quantile is walked round along rays from its peak. The range of a quantity over that
region is its profile likelihood interval, whatever the quantity and however bent the region; a ray
that never leaves it says that the data leave a parameter open. Draws are made along the same rays.
Where the counts scatter more than binomial ones do, Pearson's dispersion widens all of it.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import optimize, stats

from relmark_research.economics.response.binomial_data import Counts
from relmark_research.economics.response.curve_shapes import Array, Shape
from relmark_research.errors import check_count, check_level

if TYPE_CHECKING:
    from relmark_research.economics.response.response_curves import LogitCurve, ResponseCurve

_RAYS = 256
_FAR = 60.0  # standard deviations, or units of theta, at which a ray counts as endless
_HALVINGS = 32

Grade = Literal["identified", "ceiling not identified", "no response"]


@dataclass(frozen=True)
class ResponseFit:
    """A fitted response curve.

    Attributes
    ----------
    curve
        The ResponseCurve or LogitCurve of highest likelihood.
    counts
        The data.
    log_likelihood
        At the maximum, without the binomial constant: compare it between shapes of the same data.
    chi_square, degrees_of_freedom, p_value
        Pearson's test of fit: sum of (successes - expected)^2 / variance, rows less 2.
    theta, information
        Where the search ended and the expected information there, in the search's parameters.
    """

    curve: ResponseCurve | LogitCurve
    counts: Counts
    log_likelihood: float
    chi_square: float
    degrees_of_freedom: int
    p_value: float
    theta: Array
    information: Array
    shape: Shape

    @property
    def dispersion(self) -> float:
        """Scatter against that of binomial counts, chi-square / df, at least 1."""
        if self.degrees_of_freedom == 0:
            return 1.0
        return max(1.0, self.chi_square / self.degrees_of_freedom)

    @property
    def aic(self) -> float:
        """Akaike's criterion, 4 - 2 log-likelihood: smaller is better."""
        return 4 - 2 * self.log_likelihood

    def interval(
        self, quantity: Callable[[Array, Array], Array], *, level: float = 0.95
    ) -> tuple[float, float]:
        """Return the profile likelihood interval of a quantity.

        Parameters
        ----------
        quantity
            Function of the two parameters (ceiling and steepness; intercept and slope), taking
            arrays; ``inf`` is a fair value.
        level
            Probability of the interval.

        Returns
        -------
        tuple of float
            Least and greatest value over all parameters whose deviance is within the chi-square
            quantile (1 df) x dispersion of the best.
        """
        check_level(level)
        with np.errstate(over="ignore", divide="ignore"):
            values = np.asarray(quantity(*self._contour(level)), float)
        return float(values.min()), float(values.max())

    def marginal_cost(self, spend: float, *, level: float = 0.95) -> tuple[float, float, float]:
        """Return the cost of one more success at ``spend``, 1 / slope, with low and high."""
        low, high = self.interval(
            lambda a, b: self.shape.slope(a, b, np.asarray(spend)), level=level
        )
        with np.errstate(divide="ignore"):
            ends = [float(1 / np.maximum(end, 0.0)) for end in (high, low)]
        return self.curve.marginal_cost(spend), ends[0], ends[1]

    def band(self, spends: Array, *, level: float = 0.95) -> pd.DataFrame:
        """Return spend, rate, rate_low and rate_high: the curve with its pointwise interval."""
        spends = np.asarray(spends, float)
        first, second = self._contour(level)
        rates = self.shape.rate(first[:, None], second[:, None], spends)
        columns = {"rate": self.curve.rate_at(spends), "rate_low": rates.min(axis=0)}
        return pd.DataFrame({"spend": spends, **columns, "rate_high": rates.max(axis=0)})

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, low and high: both parameters, and rate and marginal cost today."""
        today = self.curve.spend
        low_high = [
            self.interval(lambda first, _: first, level=level),
            self.interval(lambda _, second: second, level=level),
            self.interval(lambda a, b: self.shape.rate(a, b, np.asarray(today)), level=level),
        ]
        cost, *ends = self.marginal_cost(today, level=level)
        names = [*self.shape.parameters, "rate today", "marginal cost today"]
        estimate = [*self.curve.parameters, self.curve.rate_at(today), cost]
        low, high = zip(*low_high, ends, strict=True)
        index = pd.Index(names, name="quantity")
        return pd.DataFrame({"estimate": estimate, "low": low, "high": high}, index=index)

    def draws(self, n: int, *, seed: int) -> pd.DataFrame:
        """Draw n pairs of parameters from the likelihood's own region.

        Directions are drawn evenly and the rise of the deviance from a chi-square with 2 df, as
        for a normal estimate, but measured on the likelihood itself.
        """
        n, rng = check_count("the number of draws", n), np.random.default_rng(seed)
        angles, rise = rng.uniform(0, 2 * np.pi, n), rng.chisquare(2, n)
        pair = self.shape.natural(self._walk(angles, rise), self._least)
        return pd.DataFrame(dict(zip(self.shape.parameters, pair, strict=True)))

    @cached_property
    def grade(self) -> Grade:
        """Whether the data tell where the curve levels off, by the region of 95%."""
        first, second = self._contour(0.95)
        if self.shape.name == "logit":
            return "no response" if second.min() <= 0 else "identified"
        if (second * self._least).max() > 15 or self.curve.parameters[1] * self._least > 15:
            return "no response"
        loose = first.max() >= 0.995 or first.max() / first.min() > 4
        return "ceiling not identified" if loose else "identified"

    @property
    def diagnosis(self) -> str:
        """What can be told from the data, in plain words."""
        low, high = (f"{100 * end:.3g}%" for end in self.interval(lambda first, _: first))
        if self.grade == "ceiling not identified":
            return (
                f"the data do not say where the curve levels off: ceilings from {low} to {high} "
                "fit them about as well. What one more unit of money brings near today's spend can "
                "be told, the effect of spending far more cannot; try a higher spend in some "
                "places, or set the ceiling by judgement"
            )
        if self.grade == "no response":
            return (
                "no rise of the rate with spend can be told from the data: every spend tried may "
                "lie beyond what has an effect, or spend was raised where customers were harder "
                "to have. Vary the spend at random, in smaller amounts too"
            )
        fit = "fits" if self.p_value >= 0.05 else "scatters more than chance would have it about"
        return f"the curve is told by the data, and {fit} them (p = {self.p_value:.2g})"

    @property
    def _least(self) -> float:
        return float(self.counts.spend[self.counts.spend > 0].min())

    def _contour(self, level: float) -> tuple[Array, Array]:
        angles = np.arange(_RAYS) * 2 * np.pi / _RAYS
        rise = np.full(_RAYS, stats.chi2.ppf(level, 1))
        return self.shape.natural(self._walk(angles, rise), self._least)

    def _walk(self, angles: Array, rise: Array) -> Array:
        """Return theta, shape (2, rays), where the deviance along each ray has so risen."""
        axes = _whitening(self.information)
        rays = axes @ np.array([np.cos(angles), np.sin(angles)])
        most = np.minimum(_FAR, _FAR / np.abs(rays).max(axis=0))
        near, far = np.zeros(len(rise)), np.minimum(np.sqrt(rise * self.dispersion), most)
        for _ in range(8):
            inside = self._rise(self.theta[:, None] + far * rays) < rise
            near = np.where(inside, far, near)
            far = np.where(inside, np.minimum(2 * far, most), far)
        for _ in range(_HALVINGS):
            middle = (near + far) / 2
            inside = self._rise(self.theta[:, None] + middle * rays) < rise
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        return self.theta[:, None] + far * rays

    def _rise(self, theta: Array) -> Array:
        pair = self.shape.natural(theta, self._least)
        rate = self.shape.rate(pair[0][:, None], pair[1][:, None], self.counts.spend)
        likelihood = self.counts.log_likelihood(np.clip(rate, 1e-300, 1 - 1e-16))
        return 2 * (self.log_likelihood - likelihood) / self.dispersion


def search(shape: Shape, counts: Counts) -> tuple[Array, Array, float]:
    """Return theta of highest likelihood, the expected information there and the likelihood."""
    spend, total = counts.spend, counts.trials.sum()

    def loss(theta: Array) -> tuple[float, Array]:
        rate = _rates(shape, theta, counts)
        score = (counts.successes / rate - (counts.trials - counts.successes) / (1 - rate)) / total
        return -counts.log_likelihood(rate) / total, -shape.jacobian(theta, spend) @ score

    starts = shape.starts(spend, counts.successes, counts.trials)
    start = min(starts, key=lambda theta: loss(theta)[0])
    found = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    theta, best = found.x, found.fun
    for _ in range(25):  # Fisher scoring, to the last digits
        information = _information(shape, theta, counts)
        step = np.linalg.lstsq(information / total, -loss(theta)[1], rcond=1e-9)[0]
        value = loss(theta + step)[0]
        if not value < best - 1e-16:
            break
        theta, best = theta + step, value
    return theta, _information(shape, theta, counts), float(-best * total)


def pearson(rate: Array, counts: Counts) -> tuple[float, int, float]:
    """Return Pearson's chi-square, its degrees of freedom and the p-value."""
    variance = counts.trials * rate * (1 - rate)
    open_ = variance > 0  # a row whose rate is 0 or 1 for certain tells nothing
    off = (counts.successes - counts.trials * rate)[open_]
    chi_square = float((off**2 / variance[open_]).sum())
    freedom = max(int(open_.sum()) - 2, 0)
    return chi_square, freedom, float(stats.chi2.sf(chi_square, freedom)) if freedom else np.nan


def _rates(shape: Shape, theta: Array, counts: Counts) -> Array:
    pair = shape.natural(theta, float(counts.spend[counts.spend > 0].min()))
    return np.clip(shape.rate(*pair, counts.spend), 1e-300, 1 - 1e-16)


def _information(shape: Shape, theta: Array, counts: Counts) -> Array:
    rate, jacobian = _rates(shape, theta, counts), shape.jacobian(theta, counts.spend)
    return (jacobian * counts.trials / (rate * (1 - rate))) @ jacobian.T


def _whitening(information: Array) -> Array:
    """Return axes with axes' information axes = identity; flat directions get a finite length."""
    sizes, axes = np.linalg.eigh(information)
    return axes / np.sqrt(np.maximum(sizes, 1e-4))
