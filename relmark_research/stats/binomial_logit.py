"""Binary logistic regression by maximum likelihood, with standard errors that allow for clusters.

y_i      outcome, 0 or 1         x_i      row of the design, the intercept included
beta     coefficients            logit P(y_i = 1) = x_i' beta

The estimates are those of statsmodels; a likelihood without a finite maximum (separation,
collinear columns) raises an error in place of a warning.
"""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np

from relmark_research.errors import ConvergenceError

Array = np.ndarray


def fit_logit(outcome: Array, design: Array, clusters: Array | None = None) -> Any:
    """Fit a logistic regression.

    Parameters
    ----------
    outcome
        1 or 0, shape (n,).
    design
        Explanatory variables, the intercept included, shape (n, k).
    clusters
        Cluster of each row for the covariance, shape (n,); None takes the inverse information.

    Returns
    -------
    statsmodels.discrete.discrete_model.BinaryResultsWrapper
        ``params`` and ``bse`` of shape (k,), ``cov_params()``, ``llf``.

    Raises
    ------
    ConvergenceError
        If the likelihood has no finite maximum.

    References
    ----------
    McCullagh and Nelder (1989), Generalized linear models, chapter 4. Liang and Zeger (1986),
    Longitudinal data analysis using generalized linear models, Biometrika 73(1), 13-22 (clusters).

    Examples
    --------
    >>> outcome = np.repeat([1, 0, 1, 0], [30, 10, 20, 40])
    >>> design = np.column_stack([np.ones(100), np.repeat([1, 0], [40, 60])])
    >>> fit_logit(outcome, design).params.round(4)  # ln(20/40), ln((30/10) / (20/40))
    array([-0.6931,  1.7918])
    """
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import (
        ConvergenceWarning,
        PerfectSeparationError,
        PerfectSeparationWarning,
    )

    covariance: dict[str, Any] = {}
    if clusters is not None:
        covariance = {"cov_type": "cluster", "cov_kwds": {"groups": clusters}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            warnings.simplefilter("error", PerfectSeparationWarning)
            model = Logit(np.asarray(outcome), np.asarray(design))
            return model.fit(disp=False, maxiter=100, **covariance)
    except (
        ConvergenceWarning, PerfectSeparationWarning, PerfectSeparationError, np.linalg.LinAlgError,
    ) as error:  # fmt: skip
        raise ConvergenceError(
            f"the logistic regression has no finite estimate: {error}. An explanatory variable may "
            "separate the outcomes, or be a combination of others; drop it, or pool its classes."
        ) from None
