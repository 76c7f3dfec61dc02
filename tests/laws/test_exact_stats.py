"""One value of each statistic behind the intervals, computed in another way."""

import numpy as np
import pytest
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight

from relmark_research.stats import bootstrap, delta_method, intervals, survival
from tests.laws import cases_stats as made
from tests.laws.own import LEVEL, TAIL, Z, exact_value_of, kaplan_meier, percentiles, wilson


@exact_value_of("tail_probabilities", "normal_quantile", "t_quantile", "normal_interval")
def test_quantiles_are_equal_tailed():
    assert intervals.tail_probabilities(LEVEL) == pytest.approx((TAIL, 1 - TAIL))
    assert stats.norm.cdf(intervals.normal_quantile(LEVEL)) == pytest.approx(1 - TAIL)
    assert stats.t(7).cdf(intervals.t_quantile(LEVEL, 7)) == pytest.approx(1 - TAIL)
    assert intervals.normal_interval(10.0, 2.0, LEVEL) == pytest.approx((10 - 2 * Z, 10 + 2 * Z))


@exact_value_of("percentile_interval")
def test_percentiles_are_read_off_the_sorted_draws():
    found = intervals.percentile_interval(made.DRAWS, LEVEL)
    assert np.allclose(found, percentiles(made.DRAWS))
    below = [(made.DRAWS - end < 0).mean(axis=0) for end in found]
    assert np.allclose(below, [[TAIL] * 3, [1 - TAIL] * 3], atol=1 / len(made.DRAWS))


@exact_value_of("wilson_interval")
def test_wilson_inverts_the_score_test():
    assert np.allclose(intervals.wilson_interval(15, 148, LEVEL), wilson(15, 148), rtol=1e-12)


@exact_value_of("goodman_intervals")
def test_goodman_divides_the_error_over_the_categories():
    z = stats.norm.ppf(1 - (1 - LEVEL) / 3 / 2)
    found = intervals.goodman_intervals(np.array([23, 12, 44]), 79, LEVEL, categories=3)
    assert np.allclose(found, wilson(np.array([23, 12, 44]), 79, z), rtol=1e-12)


@exact_value_of("dirichlet_intervals")
def test_a_share_of_a_dirichlet_is_beta():
    low, high = intervals.dirichlet_intervals(np.array([3.0, 1.0, 6.5]), LEVEL)
    assert (low[0], high[0]) == pytest.approx(stats.beta(3, 7.5).interval(LEVEL))


@exact_value_of("bootstrap_t_interval")
def test_the_studentised_bootstrap_swaps_the_quantiles():
    value, error, draws = 1.7, 0.4, (made.DRAWS[:, 0], 0.3 + 0.1 * made.DRAWS[:, 1])
    t = (np.log(draws[0]) - np.log(value)) / (draws[1] / draws[0])
    first, last = percentiles(t)
    expected = [np.exp(np.log(value) - end * error / value) for end in (last, first)]
    found = bootstrap.bootstrap_t_interval((value, error), draws, LEVEL)
    assert found == pytest.approx(expected, rel=1e-12)


@exact_value_of("positive_interval", "share_interval")
def test_the_delta_method_is_symmetric_in_the_logarithm_and_the_logit():
    low, high = delta_method.positive_interval(100.0, 0.01, LEVEL)
    assert np.allclose(np.log([low, high]), np.log(100) + 0.1 * Z * np.array([-1, 1]))
    low, high = delta_method.share_interval(0.8, 0.25, LEVEL)
    odds = np.array([low / (1 - low), high / (1 - high)])
    assert np.allclose(np.log(odds), np.log(4) + 0.5 * Z * np.array([-1, 1]))


@exact_value_of("SurvivalCurve.interval")
def test_greenwood_by_a_loop():
    _, survivors, low, high = kaplan_meier(made.TIME, made.EVENT)
    curve = survival.kaplan_meier(made.TIME, made.EVENT)
    assert np.allclose(curve.survival, survivors)
    assert np.allclose(curve.interval(LEVEL), (low, high))


@exact_value_of("CumulativeIncidence.at", "CumulativeIncidence.final")
def test_the_incidence_of_statsmodels_on_the_log_log_scale():
    reference = CumIncidenceRight(made.TIME, made.OUTCOME)
    F, error = reference.cinc[0][-1], reference.cinc_se[0][-1]
    centre, slope = np.log(-np.log(1 - F)), 1 / ((1 - F) * -np.log(1 - F))
    expected = [1 - np.exp(-np.exp(centre + sign * Z * slope * error)) for sign in (-1, 1)]
    found = survival.cumulative_incidence(made.TIME, made.OUTCOME)
    assert found.final(level=LEVEL) == pytest.approx((F, *expected))
    assert np.allclose(found.at(11.0, level=LEVEL), (F, *expected))


def test_the_incidence_without_an_event_is_clopper_and_pearson():
    none = survival.cumulative_incidence(np.arange(1, 21), np.zeros(20))
    high = stats.beta(1, 20).ppf(1 - TAIL)
    assert none.at(5.0, level=LEVEL)[2] == pytest.approx(high)


@exact_value_of("ErrorScale.interval")
def test_an_error_has_the_quantiles_of_its_mixture_over_sigma():
    """By quadrature of the posterior over ln(sigma), on other points than the package's."""
    growth = (91 / 182) ** 0.2
    sigma = np.concatenate([[0.003], np.exp(np.linspace(np.log(0.003), np.log(3.0), 4001))])
    prior = stats.norm.pdf(np.log(sigma), np.log(0.2), 0.6)
    prior = np.append(0.3, 0.7 * prior[1:] / prior[1:].sum())
    sd = np.sqrt(0.002 + (sigma * growth) ** 2)
    weight = prior * stats.norm.pdf(0.1, 0, sd) * stats.norm.pdf(-0.2, 0, sd)
    weight /= weight.sum()
    found = made.ERRORS.interval(LEVEL, horizon=91, variance=0.002)
    assert found[1] == pytest.approx(-found[0], rel=1e-6)
    assert stats.norm.cdf(found[1] / sd) @ weight == pytest.approx(1 - TAIL, abs=2e-3)
