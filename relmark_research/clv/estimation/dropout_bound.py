"""Where it is as likely that nobody leaves: how much leaving the data allow all the same.

A fit whose best share of leavers may be 0 is at the edge of what its model can say. There it is the
NBD, and its own parameters of leaving have no standard errors. The likelihood still says how many
may leave at most, a bound on one side. It depends on how unlike customers are in it, from a few
who leave at once to a little leaving by all; it is taken at several points from one to the other.
"""

from __future__ import annotations

import numpy as np
from scipy import special

from relmark_research.clv.estimation.convergence import ratio_name
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.estimation.profile_likelihood import Walk
from relmark_research.errors import ParameterError, check_level

Array = np.ndarray

_NONE = 35.0  # logarithms below a model's start at which leaving is as good as 0
_FAR = 60.0  # logarithms above that, at which a search for the bound ends
_SPREADS = np.linspace(-9.0, 9.0, 10)  # of the second parameter, from what the search began at


def most_leaving(fit: Fit, *, level: float = 0.95) -> list[PurchaseModel]:
    """Return models in which as many customers leave as the data allow.

    Parameters
    ----------
    fit
        A fit in which it is as likely that nobody leaves (``fit.diagnosis.vanishing``), with its
        data.
    level
        Probability with which the truth is among what the data allow; the bound being on one side,
        more leaving than that has a chance of (1 - level) / 2.

    Returns
    -------
    list
        A model for each of several ways in which customers may differ in leaving: on the edge of
        the likelihood interval, log-likelihood = maximum - chi2(1, level) / 2, given the second
        parameter of leaving and with the purchase rate's following. What a value is at worst is the
        least of what it is in them.

    Raises
    ------
    ParameterError
        Where the fit is not at that limit, or was read from a file.

    References
    ----------
    Self & Liang (1987), Asymptotic properties of maximum likelihood estimators and likelihood ratio
    tests under nonstandard conditions, Journal of the American Statistical Association 82(398).
    """
    if not fit.diagnosis.vanishing or fit.likelihood is None:
        raise ParameterError(
            "how many may leave at most is asked of a fit, with its data, in which it is as likely "
            f"that nobody leaves; found {type(fit.model).__name__} ({fit.diagnosis})."
        )
    likelihood, names = fit.likelihood, fit.model.names()
    pair = next(m for m in fit.model.mixtures if ratio_name(m) in fit.diagnosis.vanishing)
    one, other = names.index(pair.first), names.index(pair.second)
    allowed = float(special.chdtri(1, 1 - check_level(level))) / 2
    best = np.log(fit.model.values)
    gap = likelihood.reference[one] - likelihood.reference[other] - _NONE
    found = []
    for spread in _SPREADS:
        start = best.copy()
        start[other] = likelihood.reference[other] + spread
        start[one] = start[other] + gap
        walk = Walk(likelihood, start, one, held=(other,))
        end = walk.end(allowed, 1.0, _FAR)
        if end is not None:
            walk.fall(end)
            found.append(fit.model.from_values(np.exp(walk.places[end])))
    return found  # type: ignore[return-value]
