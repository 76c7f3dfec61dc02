"""Upper confidence bound on dropout if the estimate is at the boundary of no dropout.

At that boundary the model is the NBD, and its dropout parameters have no standard errors. The
likelihood still gives a one-sided upper bound on dropout. The bound depends on the heterogeneity of
dropout, from a few customers with immediate dropout to the same low dropout rate for all, so it is
computed at several values between these extremes.
"""

from __future__ import annotations

from typing import Any

import numpy as np
from scipy import special

from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.profile_likelihood import ProfilePath
from relmark_research.errors import ParameterError, check_level

_ZERO = 35.0  # logarithms below the starting value at which dropout is numerically 0
_FAR = 60.0  # logarithms above that, at which the search for the bound ends
_SECOND = np.linspace(-9.0, 9.0, 10)  # logarithms of the second parameter, from its starting value


def dropout_upper_bound(fit: Fit[Any], *, level: float = 0.95) -> list[Any]:
    """Return models with as much dropout as the data allow.

    Parameters
    ----------
    fit
        A fit, with its data, in which a model without dropout is as likely
        (``fit.diagnosis.at_boundary``).
    level
        Probability of the likelihood interval. The bound is one-sided: the probability of more
        dropout is (1 - level) / 2.

    Returns
    -------
    list of PurchaseModel
        One model for each of several degrees of heterogeneity in dropout, on the edge of the
        likelihood interval: log-likelihood = maximum - chi2(1, level) / 2, given the second dropout
        parameter and maximised over the purchase parameters. The worst case of a quantity is its
        minimum over these models.

    Raises
    ------
    ParameterError
        If the fit is not at the boundary, or was read from a file.

    References
    ----------
    Self & Liang (1987), Asymptotic properties of maximum likelihood estimators and likelihood ratio
    tests under nonstandard conditions, Journal of the American Statistical Association 82(398).

    Examples
    --------
    >>> import relmark_research as rm
    >>> fit = rm.BGNBD.fit(rm.load_cdnow().split(at="1997-09-30").calibration)
    >>> dropout_upper_bound(fit)
    Traceback (most recent call last):
        ...
    relmark_research.errors.ParameterError: an upper bound on dropout needs a fit, with its data,
    at the boundary of no dropout; found BGNBD (converged: ...
    """
    if not isinstance(fit, Fit):
        raise ParameterError(
            "an upper bound on dropout needs a fit without covariates; found "
            f"{type(fit).__name__}. Fit the model: model.fit(customers)."
        )
    if not fit.diagnosis.at_boundary or fit.likelihood is None:
        raise ParameterError(
            "an upper bound on dropout needs a fit, with its data, at the boundary of no dropout; "
            f"found {type(fit.model).__name__} ({fit.diagnosis}). Use fit.interval() elsewhere; "
            "fit again if the fit was read from a file."
        )
    likelihood, names = fit.likelihood, fit.model.names()
    mixture = next(m for m in fit.model.mixtures if m.ratio in fit.diagnosis.at_boundary)
    first, second = names.index(mixture.first), names.index(mixture.second)
    allowed = float(special.chdtri(1, 1 - check_level(level))) / 2
    best = np.log(fit.model.values)
    zero_gap = likelihood.reference[first] - likelihood.reference[second] - _ZERO
    bounds = []
    for shift in _SECOND:
        start = best.copy()
        start[second] = likelihood.reference[second] + shift
        start[first] = start[second] + zero_gap
        path = ProfilePath(likelihood, start, first, fixed=(second,))
        end = path.end(allowed, 1.0, _FAR)
        if end is not None:
            path.loss(end)
            bounds.append(fit.model.with_values(np.exp(path.places[end])))
    return bounds
