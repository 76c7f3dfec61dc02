"""The two shapes that a response to spend may have, as formulas on arrays.

Symbols: s spend per head; c ceiling, k steepness (exponential); b0 intercept, b1 slope (logit).
Each shape is searched in parameters theta in which its likelihood is nearly a parabola, also where
the data leave one of them open, whatever the unit of money: (ln(c k), logit c) and (b0, b1 x the
smallest spend).
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from scipy import special

Array = np.ndarray

_CEILING_LOGIT = 13.0  # a ceiling of 1 - 2e-6 stands for 1
_SATURATED = 30.0  # k x smallest spend: beyond, every spend gives the ceiling


@dataclass(frozen=True)
class Shape:
    """What a fit needs to know of a curve.

    Attributes
    ----------
    name, parameters
        In words; the two natural parameters' names.
    rate, slope
        Of the two natural parameters and spend: the rate, and d rate / d spend.
    natural
        From theta, shape (2, ...), to the two natural parameters; the second argument is the
        smallest spend of the data.
    jacobian
        d rate / d theta, shape (2, points), at theta and spends.
    starts
        Thetas to start from, shape (starts, 2), from spends, successes and trials.
    """

    name: str
    parameters: tuple[str, str]
    rate: Callable[[Array, Array, Array], Array]
    slope: Callable[[Array, Array, Array], Array]
    natural: Callable[[Array, float], tuple[Array, Array]]
    jacobian: Callable[[Array, Array], Array]
    starts: Callable[[Array, Array, Array], Array]


def smallest(spend: Array) -> float:
    """Return the smallest spend above 0."""
    return float(spend[spend > 0].min())


def exponential_rate(ceiling: Array, steepness: Array, spend: Array) -> Array:
    """Return c (1 - exp(-k s))."""
    return ceiling * -np.expm1(-steepness * spend)


def exponential_slope(ceiling: Array, steepness: Array, spend: Array) -> Array:
    """Return c k exp(-k s)."""
    return ceiling * steepness * np.exp(-steepness * spend)


def logit_rate(intercept: Array, slope: Array, spend: Array) -> Array:
    """Return 1 / (1 + exp(-b0 - b1 s))."""
    return special.expit(intercept + slope * spend)


def logit_slope(intercept: Array, slope: Array, spend: Array) -> Array:
    """Return b1 p (1 - p)."""
    rate = special.expit(intercept + slope * spend)
    return slope * rate * (1 - rate)


def _exponential_natural(theta: Array, least: float) -> tuple[Array, Array]:
    ceiling = special.expit(np.clip(theta[1], -700, _CEILING_LOGIT))
    with np.errstate(over="ignore"):
        steepness = np.exp(np.clip(theta[0], -700, 700)) / ceiling
    return ceiling, np.minimum(steepness, _SATURATED / least)


def _exponential_jacobian(theta: Array, spend: Array) -> Array:
    ceiling, steepness = _exponential_natural(theta, smallest(spend))
    through = steepness * spend * np.exp(-steepness * spend)
    by_ceiling = -np.expm1(-steepness * spend) - through
    return np.array([ceiling * through, by_ceiling * ceiling * (1 - ceiling)])


def _exponential_starts(spend: Array, successes: Array, trials: Array) -> Array:
    overall = successes.sum() / trials.sum()
    mean = (spend * trials).sum() / trials.sum()
    ceilings = overall + (1 - overall) * np.array([0.02, 0.1, 0.3, 0.6, 0.95])
    ceilings = np.r_[np.minimum(overall * np.array([1.05, 1.5, 3.0]), 0.99), ceilings]
    initial = np.log(ceilings * -np.log1p(-overall / ceilings) / mean)
    return np.column_stack([initial, special.logit(ceilings)])


def _logit_natural(theta: Array, least: float) -> tuple[Array, Array]:
    return theta[0], theta[1] / least


def _logit_jacobian(theta: Array, spend: Array) -> Array:
    times = spend / smallest(spend)
    rate = special.expit(theta[0] + theta[1] * times)
    return np.array([rate * (1 - rate), times * rate * (1 - rate)])


def _logit_starts(spend: Array, successes: Array, trials: Array) -> Array:
    overall = np.clip(successes.sum() / trials.sum(), 1e-6, 1 - 1e-6)
    return np.array([[special.logit(overall), 0.0]])


EXPONENTIAL = Shape(
    name="exponential",
    parameters=("ceiling", "steepness"),
    rate=exponential_rate,
    slope=exponential_slope,
    natural=_exponential_natural,
    jacobian=_exponential_jacobian,
    starts=_exponential_starts,
)

LOGIT = Shape(
    name="logit",
    parameters=("intercept", "slope"),
    rate=logit_rate,
    slope=logit_slope,
    natural=_logit_natural,
    jacobian=_logit_jacobian,
    starts=_logit_starts,
)
