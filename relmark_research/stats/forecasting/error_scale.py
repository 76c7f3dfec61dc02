"""The size of forecast errors: how far the logarithm of a total lies from its forecast.

e(o, h)   ln(actual / forecast) of the forecast made at origin o for a horizon of h days
v         variance that is known: of the parameters and of chance
sigma     standard deviation of the rest, the misspecification, at the reference horizon
f(h)      (h / reference)^growth

e(o, h) ~ Normal(0, v + sigma^2 f(h)^2), and sigma has a log-normal prior over data sets. Its
posterior is computed on a grid, with overlapping forecasts weighted by what they add. Averaged
over it, the next error has heavier tails than a normal one, as Student's t.

A forecast of zero events has no logarithm; callers add half an event to both totals.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np
from scipy import special

from relmark_research._repr import one_line
from relmark_research.errors import ParameterError, check_number
from relmark_research.stats.intervals import tail_probabilities

Array = np.ndarray

_GRID = np.exp(np.linspace(np.log(0.003), np.log(3.0), 80))  # of sigma
_TABLE = np.sinh(np.linspace(-5.0, 5.0, 2001)) / np.sinh(5.0) * 12.0  # of errors, dense around 0
_GREATEST = float(np.finfo(float).max)


@dataclass(frozen=True)
class ScalePrior:
    """A prior of sigma, from the errors seen in other data sets: log-normal, or negligible.

    Attributes
    ----------
    median
        Median of sigma at the reference horizon, > 0.
    log_sd
        Standard deviation of ln(sigma) over data sets, > 0.
    growth
        Exponent of f(h) = (h / reference)^growth, >= 0.
    reference
        Reference horizon in days, > 0.
    negligible
        Share of data sets, in [0, 1), in which the misspecification is negligible.
    source
        The data sets that it was estimated from.
    """

    median: float
    log_sd: float
    growth: float = 0.2
    reference: float = 182.0
    negligible: float = 0.0
    source: str = ""

    def __post_init__(self) -> None:
        for name, low in (("median", 0), ("log_sd", 0), ("reference", 0)):
            value, rule = getattr(self, name), "must be finite and > 0"
            check_number(name, value, low=low, high=_GREATEST, exclusive=True, rule=rule)
        check_number("growth", self.growth, low=0, high=2, rule="must be in [0, 2]")
        rule = "must be in [0, 0.99]"
        check_number("negligible", self.negligible, low=0, high=0.99, rule=rule)

    def probability(self) -> Array:
        """Return the probabilities of sigma on the grid; negligible ones are its smallest."""
        log_density = -0.5 * ((np.log(_GRID) - np.log(self.median)) / self.log_sd) ** 2
        probability: Array = (1 - self.negligible) * special.softmax(log_density)
        probability[0] += self.negligible
        return probability

    def growth_factor(self, horizon: Array | float) -> Array:
        """Return f(h) for horizons in days."""
        result: Array = (np.asarray(horizon, float) / self.reference) ** self.growth
        return result


@dataclass(frozen=True)
class PastErrors:
    """Errors of finished forecasts.

    Attributes
    ----------
    errors
        ln(actual / forecast), shape (forecasts,).
    horizons
        Horizons in days.
    variances
        Known variances of the errors: parameters and chance.
    weights
        Information of each in (0, 1], as `rolling_origins.overlap_weights` gives it.
    """

    errors: Array
    horizons: Array
    variances: Array
    weights: Array

    @property
    def effective_count(self) -> float:
        """Sum of the weights: the number of forecasts without overlap."""
        return float(np.sum(self.weights))


@dataclass(frozen=True, repr=False)
class ErrorScale:
    """The posterior distribution of sigma, and the next error's distribution.

    Attributes
    ----------
    probability
        Posterior probabilities on the grid of sigma.
    prior
        The prior.
    effective_count
        Number of past forecasts without overlap.
    log_evidence
        Log of the marginal density of the past errors under the prior; 0 without errors.
    """

    probability: Array = field(repr=False)
    prior: ScalePrior
    effective_count: float = 0.0
    log_evidence: float = 0.0

    @property
    def sigma(self) -> float:
        """Posterior median of sigma at the reference horizon."""
        middle = np.cumsum(self.probability) - self.probability / 2
        return float(np.exp(np.interp(0.5, middle, np.log(_GRID))))

    def cdf(self, error: Array, *, horizon: float, variance: float) -> Array:
        """Return P(ln(actual / forecast) <= error)."""
        sd = np.sqrt(variance + (_GRID * self.prior.growth_factor(horizon)) ** 2)
        errors = np.asarray(error, float)
        result: Array = special.ndtr(errors[..., None] / sd) @ self.probability
        return result

    def quantile(self, probability: Array, *, horizon: float, variance: float) -> Array:
        """Return the quantiles of ln(actual / forecast), by interpolation of its distribution."""
        table = self.cdf(_TABLE, horizon=horizon, variance=variance)
        inside = np.concatenate([[True], np.diff(table) > 0])
        result: Array = np.interp(probability, table[inside], _TABLE[inside])
        return result

    def interval(self, level: float, *, horizon: float, variance: float) -> tuple[float, float]:
        """Return the central interval of ln(actual / forecast)."""
        tails = np.array(tail_probabilities(level))
        low, high = self.quantile(tails, horizon=horizon, variance=variance)
        return float(low), float(high)

    def draw(
        self, shape: int | tuple[int, ...], rng: np.random.Generator, *, horizon: float
    ) -> Array:
        """Draw misspecification errors, without the known variance."""
        sigma = rng.choice(_GRID, size=shape, p=self.probability)
        result: Array = rng.standard_normal(shape) * sigma * self.prior.growth_factor(horizon)
        return result

    def __repr__(self) -> str:
        facts = {"sigma": self.sigma, "errors without overlap": round(self.effective_count, 1)}
        return one_line("ErrorScale", facts)


def fit_scale(past: PastErrors | None, prior: ScalePrior) -> ErrorScale:
    """Return the posterior distribution of sigma, given errors of finished forecasts.

    Parameters
    ----------
    past
        Errors; None, or no error, leaves the prior.
    prior
        The prior over data sets.

    Raises
    ------
    ParameterError
        If an error or a variance is not finite, or a variance is negative.

    Examples
    --------
    >>> prior = ScalePrior(median=0.14, log_sd=0.8)
    >>> past = PastErrors(np.array([0.02, -0.01, 0.03, 0.01]), np.full(4, 182.0), np.zeros(4),
    ...                   np.ones(4))
    >>> round(fit_scale(None, prior).sigma, 2), round(fit_scale(past, prior).sigma, 3)
    (0.14, 0.033)
    """
    if past is None or not len(past.errors):
        return ErrorScale(prior.probability(), prior)
    _check(past)
    variance = past.variances[:, None] + (_GRID * prior.growth_factor(past.horizons)[:, None]) ** 2
    density = -0.5 * (np.log(2 * np.pi * variance) + past.errors[:, None] ** 2 / variance)
    log_posterior = np.log(np.maximum(prior.probability(), 1e-300)) + past.weights @ density
    evidence = float(special.logsumexp(log_posterior))
    return ErrorScale(np.exp(log_posterior - evidence), prior, past.effective_count, evidence)


def _check(past: PastErrors) -> None:
    for name, values in (("errors", past.errors), ("variances", past.variances)):
        bad = ~np.isfinite(values)
        if name == "variances":
            bad |= values < 0
        if bad.any():
            raise ParameterError(
                f"{name} must be finite{' and >= 0' * (name == 'variances')}; found "
                f"{int(bad.sum())} others, first {values[bad][0]}. Add half an event to totals of "
                "0."
            )
