"""A response curve fitted by binomial maximum likelihood, with profile likelihood intervals.

The likelihood region, in which the deviance exceeds its minimum by at most a chi-square quantile,
is traced along rays from the maximum. The range of a quantity over the region is its profile
likelihood interval, for any quantity and any shape of the region. A ray that never leaves the
region means that a parameter is not identified. Parameter draws are made along the same rays. If
the counts are overdispersed, Pearson's dispersion widens the region.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import Literal

import numpy as np
import pandas as pd
from scipy import optimize, stats

from relmark_research._repr import short_repr
from relmark_research.economics.response.binomial_data import BinomialData
from relmark_research.economics.response.curve_shapes import Array, Curve, Shape, smallest_spend
from relmark_research.errors import check_count, check_level

_RAYS = 256
_MAX_DISTANCE = 60.0  # standard deviations, or units of theta, at which a ray is cut off
_BISECTIONS = 32
_DOUBLINGS = 8
_MAX_SCORING_STEPS = 25

Grade = Literal["identified", "ceiling not identified", "no response"]


@short_repr
@dataclass(frozen=True, repr=False)
class ResponseFit:
    """A fitted response curve.

    Attributes
    ----------
    curve
        The maximum likelihood ResponseCurve or LogitCurve.
    data
        Spend per head, successes and trials.
    log_likelihood
        At the maximum, without the binomial constant; comparable between forms on the same data.
    chi_square, degrees_of_freedom, p_value
        Pearson's test of fit: sum of (successes - expected)^2 / variance, rows less 2.
    theta, information
        The maximum likelihood estimate and the expected information, in the parameters theta.
    """

    curve: Curve
    data: BinomialData
    log_likelihood: float
    chi_square: float
    degrees_of_freedom: int
    p_value: float
    theta: Array
    information: Array
    shape: Shape

    def _summary(self) -> dict[str, object]:
        first, second = zip(self.shape.parameters, self.curve.parameters, strict=True)
        return {
            "form": self.shape.name,
            first[0]: first[1],
            second[0]: second[1],
            "log-likelihood": self.log_likelihood,
            "goodness of fit p": self.p_value,
            "identification": self.grade,
        }

    @property
    def dispersion(self) -> float:
        """Pearson dispersion relative to binomial counts, chi-square / df, at least 1."""
        if self.degrees_of_freedom == 0:
            return 1.0
        return max(1.0, self.chi_square / self.degrees_of_freedom)

    @property
    def aic(self) -> float:
        """Akaike information criterion, 4 - 2 log-likelihood; smaller is better."""
        return 4 - 2 * self.log_likelihood

    def interval(
        self, quantity: Callable[[Array, Array], Array], *, level: float = 0.95
    ) -> tuple[float, float]:
        """Return the profile likelihood interval of a quantity.

        Parameters
        ----------
        quantity
            Vectorised function of the two parameters (ceiling and steepness, or intercept and
            slope); may return ``inf``.
        level
            Probability of the interval.

        Returns
        -------
        tuple of float
            Minimum and maximum over all parameters whose deviance exceeds its minimum by at most
            the chi-square quantile (1 df) x dispersion.
        """
        check_level(level)
        with np.errstate(over="ignore", divide="ignore"):
            values = np.asarray(quantity(*self._region_boundary(level)), float)
        return float(values.min()), float(values.max())

    def marginal_cost(self, spend: float, *, level: float = 0.95) -> tuple[float, float, float]:
        """Return the cost of one additional success at ``spend``, 1 / slope, with its interval."""
        low, high = self.interval(
            lambda a, b: self.shape.slope(a, b, np.asarray(spend)), level=level
        )
        with np.errstate(divide="ignore"):
            ends = [float(1 / np.maximum(end, 0.0)) for end in (high, low)]
        return self.curve.marginal_cost(spend), ends[0], ends[1]

    def band(self, spends: Array, *, level: float = 0.95) -> pd.DataFrame:
        """Return the curve with pointwise intervals: spend, rate, rate_low and rate_high."""
        spends = np.asarray(spends, float)
        first, second = self._region_boundary(check_level(level))
        rates = self.shape.rate(first[:, None], second[:, None], spends)
        columns = {"rate": self.curve.rate_at(spends), "rate_low": rates.min(axis=0)}
        return pd.DataFrame({"spend": spends, **columns, "rate_high": rates.max(axis=0)})

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return estimate, low and high of both parameters, current rate and marginal cost."""
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
        """Draw n pairs of parameters from the likelihood.

        Directions are uniform and the increase in deviance is chi-square with 2 df, as for a
        normal estimate, but measured on the likelihood itself.
        """
        n, rng = check_count("the number of draws", n), np.random.default_rng(seed)
        angles, increase = rng.uniform(0, 2 * np.pi, n), rng.chisquare(2, n)
        pair = self.shape.natural(self._boundary(angles, increase), self._min_spend)
        return pd.DataFrame(dict(zip(self.shape.parameters, pair, strict=True)))

    @cached_property
    def grade(self) -> Grade:
        """Whether the data identify the ceiling, from the 95% likelihood region."""
        first, second = self._region_boundary(0.95)
        if self.shape.name == "logit":
            return "no response" if second.min() <= 0 else "identified"
        if (second * self._min_spend).max() > 15 or self.curve.parameters[1] * self._min_spend > 15:
            return "no response"
        unidentified = first.max() >= 0.995 or first.max() / first.min() > 4
        return "ceiling not identified" if unidentified else "identified"

    @property
    def diagnosis(self) -> str:
        """What the data identify, as a sentence."""
        low, high = (f"{100 * end:.3g}%" for end in self.interval(lambda first, _: first))
        if self.grade == "ceiling not identified":
            return (
                f"the data do not identify the ceiling: ceilings from {low} to {high} fit about "
                "equally well. The marginal return near current spend is identified, the effect of "
                "a much higher spend is not. Try a higher spend in some regions, or set the "
                "ceiling by judgement"
            )
        if self.grade == "no response":
            return (
                "the data show no increase in the rate with spend: all spends may be above the "
                "saturation point, or spend was raised where customers were harder to win. Vary "
                "the spend at random, and include smaller amounts"
            )
        fit = "fits" if self.p_value >= 0.05 else "does not fit, the counts are overdispersed"
        return f"the data identify the curve; goodness of fit: {fit} (p = {self.p_value:.2g})"

    @property
    def _min_spend(self) -> float:
        return smallest_spend(self.data.spend)

    def _region_boundary(self, level: float) -> tuple[Array, Array]:
        angles = np.arange(_RAYS) * 2 * np.pi / _RAYS
        increase = np.full(_RAYS, stats.chi2.ppf(level, 1))
        return self.shape.natural(self._boundary(angles, increase), self._min_spend)

    def _boundary(self, angles: Array, increase: Array) -> Array:
        """Return theta, shape (2, rays), where the deviance along each ray has so increased."""
        axes = _whitening(self.information)
        rays = axes @ np.array([np.cos(angles), np.sin(angles)])
        limit = np.minimum(_MAX_DISTANCE, _MAX_DISTANCE / np.abs(rays).max(axis=0))
        near, far = np.zeros(len(increase)), np.minimum(np.sqrt(increase * self.dispersion), limit)
        for _ in range(_DOUBLINGS):
            inside = self._deviance_increase(self.theta[:, None] + far * rays) < increase
            near = np.where(inside, far, near)
            far = np.where(inside, np.minimum(2 * far, limit), far)
        for _ in range(_BISECTIONS):
            middle = (near + far) / 2
            inside = self._deviance_increase(self.theta[:, None] + middle * rays) < increase
            near, far = np.where(inside, middle, near), np.where(inside, far, middle)
        return self.theta[:, None] + far * rays

    def _deviance_increase(self, theta: Array) -> Array:
        pair = self.shape.natural(theta, self._min_spend)
        rate = self.shape.rate(pair[0][:, None], pair[1][:, None], self.data.spend)
        likelihood = self.data.log_likelihood(np.clip(rate, 1e-300, 1 - 1e-16))
        return 2 * (self.log_likelihood - likelihood) / self.dispersion


def maximum_likelihood(shape: Shape, data: BinomialData) -> tuple[Array, Array, float]:
    """Return the maximum likelihood theta, the expected information and the log-likelihood."""
    spend, total = data.spend, data.trials.sum()

    def loss(theta: Array) -> tuple[float, Array]:
        rate = _rates(shape, theta, data)
        score = (data.successes / rate - (data.trials - data.successes) / (1 - rate)) / total
        return -data.log_likelihood(rate) / total, -shape.jacobian(theta, spend) @ score

    starts = shape.starts(spend, data.successes, data.trials)
    start = min(starts, key=lambda theta: loss(theta)[0])
    found = optimize.minimize(loss, start, jac=True, method="BFGS", options={"gtol": 1e-9})
    theta, best = found.x, found.fun
    for _ in range(_MAX_SCORING_STEPS):  # Fisher scoring, to full precision
        information = _information(shape, theta, data)
        step = np.linalg.lstsq(information / total, -loss(theta)[1], rcond=1e-9)[0]
        value = loss(theta + step)[0]
        if not value < best - 1e-16:
            break
        theta, best = theta + step, value
    return theta, _information(shape, theta, data), float(-best * total)


def pearson_test(rate: Array, data: BinomialData) -> tuple[float, int, float]:
    """Return Pearson's chi-square, its degrees of freedom and the p-value."""
    variance = data.trials * rate * (1 - rate)
    informative = variance > 0  # not rows with a rate of exactly 0 or 1
    residual = (data.successes - data.trials * rate)[informative]
    chi_square = float((residual**2 / variance[informative]).sum())
    freedom = max(int(informative.sum()) - 2, 0)
    return chi_square, freedom, float(stats.chi2.sf(chi_square, freedom)) if freedom else np.nan


def _rates(shape: Shape, theta: Array, data: BinomialData) -> Array:
    pair = shape.natural(theta, smallest_spend(data.spend))
    return np.clip(shape.rate(*pair, data.spend), 1e-300, 1 - 1e-16)


def _information(shape: Shape, theta: Array, data: BinomialData) -> Array:
    rate, jacobian = _rates(shape, theta, data), shape.jacobian(theta, data.spend)
    return (jacobian * data.trials / (rate * (1 - rate))) @ jacobian.T


def _whitening(information: Array) -> Array:
    """Return axes A with A' information A = identity; flat directions get a finite length."""
    sizes, axes = np.linalg.eigh(information)
    return axes / np.sqrt(np.maximum(sizes, 1e-4))
