"""The two functional forms of a response curve, as formulas on arrays.

Symbols: s spend per head; c ceiling, k steepness (exponential); b0 intercept, b1 slope (logit).
The likelihood is maximised over parameters theta in which it is approximately quadratic, even if
one parameter is weakly identified, and which do not depend on the unit of money: (ln(c k), logit c)
and (b0, b1 x the smallest spend).
"""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Protocol

import numpy as np
from numpy.typing import ArrayLike
from scipy import special

Array = np.ndarray

_CEILING_LOGIT = 13.0  # a ceiling of 1 - 2e-6 represents 1
_SATURATED = 30.0  # k x smallest spend; above it every spend reaches the ceiling


class Curve(Protocol):
    """A response curve: the share of successes as a function of spend per head."""

    @property
    def spend(self) -> float:
        """Current spend, money per head."""

    @property
    def rate(self) -> float:
        """The rate at current spend."""

    @property
    def parameters(self) -> tuple[float, float]:
        """The two parameters of the functional form."""

    def rate_at(self, spend: ArrayLike) -> Array:
        """Return the rate at a spend per head."""

    def slope_at(self, spend: ArrayLike) -> Array:
        """Return d rate / d spend."""

    def marginal_cost(self, spend: float) -> float:
        """Return the cost of one additional success."""


@dataclass(frozen=True)
class Shape:
    """The functional form of a response curve, as needed for estimation.

    Attributes
    ----------
    name, parameters
        Name of the form and of its two natural parameters.
    rate, slope
        The rate and d rate / d spend, functions of the two natural parameters and spend.
    natural
        Map from theta, shape (2, ...), to the two natural parameters; its second argument is the
        smallest spend in the data.
    jacobian
        d rate / d theta, shape (2, points), at theta and spends.
    starts
        Starting values of theta, shape (starts, 2), from spends, successes and trials.
    """

    name: str
    parameters: tuple[str, str]
    rate: Callable[[Array, Array, Array], Array]
    slope: Callable[[Array, Array, Array], Array]
    natural: Callable[[Array, float], tuple[Array, Array]]
    jacobian: Callable[[Array, Array], Array]
    starts: Callable[[Array, Array, Array], Array]


def smallest_spend(spend: Array) -> float:
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


def _exponential_natural(theta: Array, min_spend: float) -> tuple[Array, Array]:
    ceiling = special.expit(np.clip(theta[1], -700, _CEILING_LOGIT))
    with np.errstate(over="ignore"):
        steepness = np.exp(np.clip(theta[0], -700, 700)) / ceiling
    return ceiling, np.minimum(steepness, _SATURATED / min_spend)


def _exponential_jacobian(theta: Array, spend: Array) -> Array:
    ceiling, steepness = _exponential_natural(theta, smallest_spend(spend))
    decay = steepness * spend * np.exp(-steepness * spend)
    ceiling_effect = -np.expm1(-steepness * spend) - decay
    return np.array([ceiling * decay, ceiling_effect * ceiling * (1 - ceiling)])


def _exponential_starts(spend: Array, successes: Array, trials: Array) -> Array:
    overall = successes.sum() / trials.sum()
    mean = (spend * trials).sum() / trials.sum()
    ceilings = overall + (1 - overall) * np.array([0.02, 0.1, 0.3, 0.6, 0.95])
    ceilings = np.r_[np.minimum(overall * np.array([1.05, 1.5, 3.0]), 0.99), ceilings]
    initial = np.log(ceilings * -np.log1p(-overall / ceilings) / mean)
    return np.column_stack([initial, special.logit(ceilings)])


def _logit_natural(theta: Array, min_spend: float) -> tuple[Array, Array]:
    return theta[0], theta[1] / min_spend


def _logit_jacobian(theta: Array, spend: Array) -> Array:
    relative = spend / smallest_spend(spend)
    rate = special.expit(theta[0] + theta[1] * relative)
    return np.array([rate * (1 - rate), relative * rate * (1 - rate)])


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
