"""From the uncertainty of parameters to that of what is computed from them (delta method).

A quantity's slopes by the log-parameters are taken by central differences; with the covariance C
of the log-parameters its variance is slope' C slope. Fits of purchases and of spend are estimated
apart, so their variances add.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from relmark_research.clv.fitting import Fit, normal_quantile
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    from relmark_research.clv.base import Model

Array = np.ndarray

_STEP = 1e-4


def slopes(quantity: Callable[[Model], Array], model: Model) -> Array:
    """Return d quantity / d log(parameter), shape (parameters, ...).

    Examples
    --------
    >>> from relmark_research.clv import GammaGamma
    >>> spend = GammaGamma(p=6.25, q=3.74, v=15.44)
    >>> slopes(lambda model: np.log(model.expected_spend()), spend).round(2)
    array([ 1.  , -1.36,  1.  ])
    """
    logs = np.log(model.values)
    moved = [
        (quantity(model.from_values(np.exp(logs + step))))
        - (quantity(model.from_values(np.exp(logs - step))))
        for step in np.eye(len(logs)) * _STEP
    ]
    return np.array(moved) / (2 * _STEP)


def variance(slope: Array, fit: Fit) -> Array:
    """Return slope' C slope for each quantity, C the covariance of the log-parameters."""
    covariance = fit.log_covariance
    if not np.isfinite(covariance).all():
        raise ParameterError(
            f"there is no interval: the parameters are not determined ({fit.diagnosis}). "
            "Ask for level=None, or use a model with fewer parameters."
        )
    turned = np.einsum("ij,j...->i...", covariance, slope)
    return np.einsum("i...,i...->...", slope, turned)


def positive_interval(value: Array, log_variance: Array, level: float) -> tuple[Array, Array]:
    """Return low and high of a positive quantity: value x exp(-+ z sd of its logarithm)."""
    spread = np.exp(normal_quantile(level) * np.sqrt(log_variance))
    return value / spread, value * spread


def share_interval(share: Array, logit_variance: Array, level: float) -> tuple[Array, Array]:
    """Return low and high of a share in (0, 1), symmetric in its logit; 0 and 1 stay."""
    reach = normal_quantile(level) * np.sqrt(logit_variance)
    inside = (share > 0) & (share < 1)
    safe = np.where(inside, share, 0.5)
    odds = safe / (1 - safe)
    low, high = odds / (odds + np.exp(reach)), odds / (odds + np.exp(-reach))
    return np.where(inside, low, share), np.where(inside, high, share)
