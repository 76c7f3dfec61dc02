"""Uncertainty of quantities that are computed from the parameters of fits (delta method).

The gradient of a quantity by the log-parameters is taken by central differences. With the
covariance C of the log-parameters its variance is gradient' C gradient. Fits of purchases and of
spend are estimated separately, so their variances add.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import Protocol, TypeVar

import numpy as np

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.likelihood import ParametricModel
from relmark_research.errors import check_level
from relmark_research.stats import delta_method
from relmark_research.stats.delta_method import gradient

Array = np.ndarray
M = TypeVar("M", bound=ParametricModel)


class HasCovariance(Protocol):
    """A fit, with covariates or without, as far as its covariance goes."""

    def checked_covariance(self) -> Array:
        """Return the covariance of the estimates, shape (k, k), or raise ParameterError."""


def supported_level(level: float, *fits: object) -> float | None:
    """Return the level if all fits have intervals, and None otherwise.

    Parameters
    ----------
    level
        Probability of an interval, in (0, 1).
    fits
        Fits that the interval depends on, with covariates or without. A model with given parameters
        has no intervals.
    """
    level = check_level(level)
    return None if any(getattr(fit, "no_interval", "no fit") for fit in fits) else level


def warn_if_unreliable(*fits: object) -> None:
    """Warn if a fit behind results without intervals could not have given any.

    Parameters
    ----------
    fits
        Fits; models and fits with covariates are passed over.
    """
    for fit in fits:
        if isinstance(fit, Fit) and fit.no_interval:
            name = type(fit.model).__name__
            without_dropout = fit.diagnosis.at_boundary and not fit.diagnosis.failed
            what = "results assume no dropout" if without_dropout else "results are unreliable"
            warnings.warn(f"{name}: {what} ({fit.diagnosis}).", stacklevel=3)


def slopes(quantity: Callable[[M], Array], model: M) -> Array:
    """Return d quantity / d log(parameter), shape (parameters, ...).

    Examples
    --------
    >>> from relmark_research.clv import GammaGamma
    >>> spend = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> slopes(lambda model: np.log(model.expected_spend()), spend).round(2)
    array([ 1.  , -1.36,  1.  ])
    """
    return gradient(lambda logs: quantity(model.with_values(np.exp(logs))), np.log(model.values))


def variance(slope: Array, fit: HasCovariance) -> Array:
    """Return slope' C slope for each quantity, C the covariance of the log-parameters.

    For a fit with covariates, C is the covariance of the baseline log-parameters and the effects.
    """
    return delta_method.variance(slope, fit.checked_covariance())
