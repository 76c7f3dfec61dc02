"""The binary logit of statsmodels, refused in our words where it has no best."""

from __future__ import annotations

import warnings
from typing import Any

import numpy as np
import pandas as pd

from relmark_research.errors import ConvergenceError


def fitted_logit(outcome: pd.Series, matrix: np.ndarray, groups: np.ndarray | None = None) -> Any:
    """Fit a binary logit by maximum likelihood.

    Parameters
    ----------
    outcome
        1 or 0, shape (n,).
    matrix
        Rows of the regression, the intercept included, shape (n, k).
    groups
        Clusters for the covariance, shape (n,); None takes the inverse information.

    Raises
    ------
    ConvergenceError
        If the likelihood has no maximum.
    """
    from statsmodels.discrete.discrete_model import Logit
    from statsmodels.tools.sm_exceptions import (
        ConvergenceWarning,
        PerfectSeparationError,
        PerfectSeparationWarning,
    )

    clusters: dict[str, Any] = {}
    if groups is not None:
        clusters = {"cov_type": "cluster", "cov_kwds": {"groups": groups}}
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("error", ConvergenceWarning)
            warnings.simplefilter("error", PerfectSeparationWarning)
            return Logit(outcome.to_numpy(), matrix).fit(disp=False, maxiter=100, **clusters)
    except (
        ConvergenceWarning, PerfectSeparationWarning, PerfectSeparationError, np.linalg.LinAlgError,
    ) as error:  # fmt: skip
        raise ConvergenceError(
            f"no best link between satisfaction and staying: {error}. An answer or a control may "
            "part those who stay from those who leave; drop controls or widen classes."
        ) from None
