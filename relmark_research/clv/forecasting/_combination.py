"""How much each candidate counts, by the errors of its finished forecasts.

e_m(o)   ln(actual / forecast) of candidate m at origin o
w_m      in proportion to prior odds x the marginal density of m's errors (`error_scale`)

A combination forecasts exp(sum of w_m ln(forecast of m)). With few finished forecasts the weights
are near the prior odds, e^2 (about 7) to 1 for each model against each benchmark; with many they
settle on the candidate with the smallest errors, which may be a benchmark. A candidate without a
forecast at an origin is given the largest error there.

References
----------
Geweke and Amisano (2011), Optimal prediction pools, Journal of Econometrics 164(1), 130-141, on
weights by predictive densities.
"""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
from scipy import special

from relmark_research.clv.forecasting.benchmarks import BENCHMARKS
from relmark_research.clv.forecasting.gradient_boosting import GRADIENT_BOOSTING
from relmark_research.stats.forecasting.error_scale import PastErrors, ScalePrior, fit_scale

Array = np.ndarray

_MODEL_LOG_ODDS = 2.0  # of a model against a benchmark, before any forecast is finished


def is_benchmark(name: str) -> bool:
    """Return whether a candidate is a benchmark, and no model of purchases."""
    return name in BENCHMARKS or name == GRADIENT_BOOSTING


def filled_errors(errors: Array) -> Array:
    """Return errors, shape (origins, candidates), with the largest of the row where missing.

    Examples
    --------
    >>> filled_errors(np.array([[0.1, np.nan, -0.3]]))
    array([[ 0.1, -0.3, -0.3]])
    """
    known = np.where(np.isfinite(errors), errors, 0.0)
    largest = np.take_along_axis(known, np.abs(known).argmax(axis=1)[:, None], axis=1)
    result: Array = np.where(np.isfinite(errors), errors, largest)
    return result


def candidate_weights(
    names: Sequence[str], errors: Array, past: PastErrors, prior: ScalePrior
) -> Array:
    """Return the weights of candidates.

    Parameters
    ----------
    names
        The candidates' names.
    errors
        Their errors in finished forecasts, shape (forecasts, candidates), without missing values.
    past
        Horizons, variances and information of those forecasts; its errors are not used.
    prior
        Prior of the size of errors.

    Returns
    -------
    ndarray
        Shape (candidates,), summing to 1.
    """
    odds = np.array([0.0 if is_benchmark(name) else _MODEL_LOG_ODDS for name in names])
    if not len(errors):
        weights: Array = special.softmax(odds)
        return weights
    evidence = [
        fit_scale(
            PastErrors(column, past.horizons, past.variances, past.weights), prior
        ).log_evidence
        for column in errors.T
    ]
    result: Array = special.softmax(odds + np.array(evidence))
    return result


def combined(values: Array, weights: Array) -> Array:
    """Return exp(sum of weights x ln(values)), over the last axis; values are positive."""
    result: Array = np.exp(np.log(values) @ weights)
    return result
