"""Examples: the statistics that all intervals are made of."""

from typing import Any

import numpy as np

from relmark_research.stats import bootstrap, delta_method, intervals, survival
from relmark_research.stats.forecasting.error_scale import PastErrors, ScalePrior, fit_scale
from tests.laws.registry import case

DRAWS = np.random.default_rng(1).gamma(2.0, size=(301, 3))
TIME = np.array([1, 2, 2, 3, 3, 5, 8, 8, 9, 12])
EVENT = np.array([1, 1, 0, 1, 0, 0, 1, 0, 1, 0])
ERRORS = fit_scale(
    PastErrors(np.array([0.1, -0.2]), np.full(2, 91.0), np.full(2, 0.002), np.ones(2)),
    ScalePrior(0.2, 0.6, negligible=0.3),
)
OUTCOME = np.array([1, 2, 0, 1, 0, 2, 1, 0, 1, 0])


@case("tail_probabilities")
def tail_probabilities(level: float) -> Any:
    return (0.5, *intervals.tail_probabilities(level))


@case("normal_quantile")
def normal_quantile(level: float) -> Any:
    z = intervals.normal_quantile(level)
    return 0.0, -z, z


@case("t_quantile")
def t_quantile(level: float) -> Any:
    t = intervals.t_quantile(level, np.array([2.0, 30.0]))
    return np.zeros(2), -t, t


@case("normal_interval")
def normal_interval(level: float) -> Any:
    return (np.array([1.0, -3.0]), *intervals.normal_interval(np.array([1.0, -3.0]), 2.0, level))


@case("percentile_interval", kinds="draws")
def percentile_interval(level: float) -> Any:
    return (DRAWS.mean(axis=0), *intervals.percentile_interval(DRAWS, level))


@case("wilson_interval")
def wilson_interval(level: float) -> Any:
    x, n = np.array([81, 15, 3]), np.array([263, 148, 30])
    return (x / n, *intervals.wilson_interval(x, n, level))


@case("goodman_intervals", simultaneous=("*",))
def goodman_intervals(level: float) -> Any:
    counts = np.array([23, 12, 44])
    return (counts / 79, *intervals.goodman_intervals(counts, 79, level, categories=3))


@case("dirichlet_intervals", kinds="shifted")
def dirichlet_intervals(level: float) -> Any:
    weights = np.array([3.0, 1.0, 6.5])
    return (weights / weights.sum(), *intervals.dirichlet_intervals(weights, level))


@case("bootstrap_t_interval", kinds="draws")
def bootstrap_t_interval(level: float) -> Any:
    draws = DRAWS[:, 0], 0.3 + 0.1 * DRAWS[:, 1]
    return (1.7, *bootstrap.bootstrap_t_interval((1.7, 0.4), draws, level))


@case("positive_interval")
def positive_interval(level: float) -> Any:
    value = np.array([100.0, 2.0])
    return (value, *delta_method.positive_interval(value, np.array([0.01, 0.3]), level))


@case("share_interval")
def share_interval(level: float) -> Any:
    share = np.array([0.8, 0.1])
    return (share, *delta_method.share_interval(share, np.array([0.25, 0.04]), level))


@case("ErrorScale.interval")
def error_scale_interval(level: float) -> Any:
    return (0.0, *ERRORS.interval(level, horizon=91, variance=0.002))


@case("SurvivalCurve.interval")
def survival_interval(level: float) -> Any:
    curve = survival.kaplan_meier(TIME, EVENT)
    return (curve.survival, *curve.interval(level))


@case("CumulativeIncidence.at")
def incidence_at(level: float) -> Any:
    return survival.cumulative_incidence(TIME, OUTCOME).at(np.array([1.0, 4.0, 9.0]), level=level)


@case("CumulativeIncidence.final")
def incidence_final(level: float) -> Any:
    return survival.cumulative_incidence(TIME, OUTCOME).final(level=level)
