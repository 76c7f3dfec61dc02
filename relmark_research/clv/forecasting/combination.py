"""How much each candidate counts, by the errors of its finished forecasts.

e_m(o)   ln(actual / forecast) of candidate m at origin o
w_m      in proportion to prior odds x the marginal density of m's errors (`error_scale`)

A combination forecasts exp(sum of w_m ln(forecast of m)). With few finished forecasts the weights
are near the prior odds, e^2 (about 7) to 1 for each model against each benchmark and e to 1 for a
model on a calendar; with many they settle on the candidate with the smallest errors, which may be a
benchmark. A candidate without a forecast at an origin is given the largest error there, a model on
a calendar that of the model alone.

References
----------
Geweke and Amisano (2011), Optimal prediction pools, Journal of Econometrics 164(1), 130-141, on
weights by predictive densities.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import special

from relmark_research.clv.calendar.calendar_options import CALENDAR
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS
from relmark_research.clv.forecasting.forecast_errors import PRIORS, ForecastErrors, Measure
from relmark_research.clv.forecasting.gradient_boosting import GRADIENT_BOOSTING
from relmark_research.clv.forecasting.origin_records import DISPERSION, Record
from relmark_research.stats.forecasting.error_scale import PastErrors, ScalePrior, fit_scale
from relmark_research.stats.forecasting.rolling_origins import overlap_weights

if TYPE_CHECKING:
    from relmark_research.clv.forecasting.candidates import CandidateTotal

Array = np.ndarray

# Of a model, and of one on a calendar, against a benchmark, before any forecast is finished.
_MODEL_LOG_ODDS, _CALENDAR_LOG_ODDS = 2.0, 1.0


@dataclass(frozen=True, eq=False)
class Combination:
    """The forecast issued at an origin.

    Attributes
    ----------
    weights
        Weight of each candidate.
    expected
        The combined forecast.
    log_variance
        Variance of its logarithm from parameters.
    errors
        The errors that it may have.
    """

    weights: dict[str, float]
    expected: float
    log_variance: float
    errors: ForecastErrors

    def interval(self, horizon: int, level: float) -> tuple[float, float]:
        """Return the range of the total, for a horizon in days."""
        return self.errors.interval(
            self.expected, horizon=horizon, level=level, log_variance=self.log_variance
        )


def combination(
    totals: dict[str, CandidateTotal],
    earlier: Sequence[Record],
    *,
    horizon: int,
    measure: Measure,
    half: float,
    prior_dispersion: float,
) -> Combination:
    """Return the forecast that weighs the candidates by their finished forecasts.

    Parameters
    ----------
    totals
        The candidates' forecasts, by name.
    earlier
        Forecasts that are finished.
    half, prior_dispersion
        As in `Record`.
    """
    names = list(totals)
    prior = PRIORS[measure]
    same = [record for record in earlier if record.horizon == horizon] or list(earlier)
    dispersions = [record.dispersion for record in same if np.isfinite(record.dispersion)]
    dispersion = float(np.mean(dispersions)) if dispersions else prior_dispersion
    dispersion = max(dispersion, prior_dispersion / DISPERSION)  # not below Poisson
    errors = np.array([[record.log_error(name) for name in names] for record in same])
    errors = filled_errors(errors.reshape(len(same), len(names)))
    past = _past(same, names, dispersion)
    weights = candidate_weights(names, errors, past, prior)
    expected = np.maximum([totals[name].expected for name in names], 0.0)
    total = float(combined(expected + half, weights)) - half
    issued = PastErrors(errors @ weights, past.horizons, past.variances, past.weights)
    scale = fit_scale(issued if len(same) else None, prior)
    log_variance = float(weights @ [totals[name].log_variance for name in names])
    return Combination(
        dict(zip(names, weights.tolist(), strict=True)),
        max(total, 0.0),
        log_variance,
        ForecastErrors(measure, scale, dispersion, len(same)),
    )


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
    odds = np.array([_log_odds(name) for name in names])
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


def _log_odds(name: str) -> float:
    if is_benchmark(name):
        return 0.0
    return _CALENDAR_LOG_ODDS if name.endswith(CALENDAR) else _MODEL_LOG_ODDS


def combined(values: Array, weights: Array) -> Array:
    """Return exp(sum of weights x ln(values)), over the last axis; values are positive."""
    result: Array = np.exp(np.log(values) @ weights)
    return result


def _past(same: Sequence[Record], names: Sequence[str], dispersion: float) -> PastErrors:
    """Return horizons, known variances and information of finished forecasts."""
    if not same:
        none = np.zeros(0)
        return PastErrors(none, none, none, none)
    horizons = np.array([record.horizon for record in same], float)
    days = np.array([record.day for record in same], float)
    expected = np.array([_typical(record, names) + record.half for record in same])
    parameters = np.array([_log_variance(record, names) for record in same])
    variances = parameters + dispersion / np.maximum(expected, dispersion / 4)
    return PastErrors(np.zeros(len(same)), horizons, variances, overlap_weights(days, horizons))


def _typical(record: Record, names: Sequence[str]) -> float:
    """Return the median of the candidates' forecasts."""
    known = [record.totals[name].expected for name in names if name in record.totals]
    return float(np.median(known)) if known else record.actual


def _log_variance(record: Record, names: Sequence[str]) -> float:
    """Return the mean variance of the models' estimates."""
    known = [record.totals[name].log_variance for name in names if name in record.totals]
    known = [variance for variance in known if variance > 0]
    return float(np.mean(known)) if known else 0.0
