"""From the uncertainty of parameters to that of what is computed from them (delta method).

A quantity's slopes by the log-parameters are taken by central differences; with the covariance C
of the log-parameters its variance is slope' C slope. Fits of purchases and of spend are estimated
apart, so their variances add. A covariance says nothing of parameters that the data do not
determine: `doubt` is where such a fit is refused an interval, or given one with a warning.
"""

from __future__ import annotations

import warnings
from collections.abc import Callable
from typing import TYPE_CHECKING

import numpy as np

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation.convergence import told_pairs
from relmark_research.clv.estimation.fit import Fit
from relmark_research.errors import ParameterError
from relmark_research.stats.intervals import normal_quantile

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model

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


def doubt(fit: Fit) -> Array:
    """Return the covariance of a fit's log-parameters, where intervals can be had from it.

    Raises
    ------
    ParameterError
        Where the search did not end at a maximum, or where parameters run off to a limit and the
        data do not tell their ratio either: then there is no telling how far a forecast may be off.

    Warns
    -----
    UserWarning
        Where parameters run off but the data tell their ratio, on which the interval then rests;
        and where they are hardly determined, so that an interval is rough.
    """
    if why := fit.no_interval:
        raise ParameterError(why)
    said = fit.diagnosis
    known = {name for pair in told_pairs(said, fit.model) for name in (pair.first, pair.second)}
    untold = [name for name in said.loose if name not in known]
    if said.grade == "at infinity":
        _warn(fit, f"intervals rest on {' and '.join(said.told)} alone")
    elif said.grade == "flat" and untold:
        _warn(fit, f"intervals are rough, since {' and '.join(untold)} may be far off")
    return fit.log_covariance


def level_for(level: float, *fits: Fit) -> float | None:
    """Return the level where all of these fits can give intervals, None where one cannot."""
    return None if any(fit.no_interval for fit in fits) else level


def caution(*fits: Fit | CovariateFit | Model) -> None:
    """Warn where numbers without an interval come from a fit that could not give one."""
    for fit in fits:
        if isinstance(fit, Fit) and fit.no_interval:
            model = type(fit.model).__name__
            said = (
                f"{model}'s numbers are those of customers who never leave"
                if fit.diagnosis.vanishing and not fit.diagnosis.lost
                else f"{model}'s numbers are not to be relied on"
            )
            warnings.warn(f"{said} ({fit.diagnosis}).", stacklevel=3)


def _warn(fit: Fit, consequence: str) -> None:
    name = type(fit.model).__name__
    warnings.warn(f"{name}'s {consequence} ({fit.diagnosis}).", stacklevel=3)


def variance(slope: Array, fit: Fit | CovariateFit) -> Array:
    """Return slope' C slope for each quantity, C the covariance of the log-parameters.

    Of a fit with covariates, slopes and C are those by the base's log-parameters and the effects.
    """
    covariance = fit.doubt() if isinstance(fit, CovariateFit) else doubt(fit)
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
