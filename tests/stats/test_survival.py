"""Survival curves against published values, statsmodels and slow loops."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import stats
from statsmodels.duration.survfunc import CumIncidenceRight, SurvfuncRight

from relmark_research.stats.survival import (
    CENSORED,
    COMPETING_EVENT,
    EVENT,
    cumulative_incidence,
    kaplan_meier,
    log_rank,
)

# Freireich et al. (1963): weeks in remission with 6-mercaptopurine and with a placebo, and the
# results in Kleinbaum and Klein (2005), Survival analysis, chapter 2; censored times are negative
DRUG = np.array(
    [6, 6, 6, 7, 10, 13, 16, 22, 23, -6, -9, -10, -11, -17, -19, -20, -25, -32, -32, -34, -35]
)
PLACEBO = np.array([1, 1, 2, 2, 3, 4, 4, 5, 5, 8, 8, 8, 8, 11, 11, 12, 12, 15, 17, 22, 23])


def test_kaplan_meier_of_the_remission_times():
    curve = kaplan_meier(abs(DRUG), DRUG > 0)
    assert curve.time.tolist() == [6, 7, 10, 13, 16, 22, 23]
    assert curve.at_risk.tolist() == [21, 17, 15, 12, 11, 7, 6]
    assert curve.survival.round(3).tolist() == [0.857, 0.807, 0.753, 0.690, 0.627, 0.538, 0.448]
    low, high = curve.interval(0.95)
    # as survfit of R, conf.type = "log-log"
    assert low[[0, -1]].round(3).tolist() == [0.620, 0.188]
    assert high[[0, -1]].round(3).tolist() == [0.952, 0.680]


def test_log_rank_of_the_remission_times():
    time = np.concatenate([abs(DRUG), PLACEBO])
    event = np.concatenate([DRUG > 0, PLACEBO > 0])
    chi2, p_value = log_rank(time, event, np.repeat(["drug", "placebo"], 21))
    assert round(chi2, 2) == 16.79
    assert p_value == pytest.approx(stats.chi2.sf(chi2, 1))


def test_log_rank_needs_two_groups_and_an_event():
    for event, group in ((np.ones(3), "aaa"), (np.zeros(3), "aab")):
        assert np.isnan(log_rank(np.arange(3.0), event, np.array(list(group)))).all()


def test_kaplan_meier_counts_rows_by_their_weight():
    time, event, weights = np.array([1, 2, 2, 5]), np.array([1, 1, 0, 1]), np.array([3, 1, 2, 4])
    found = kaplan_meier(time, event, weights)
    repeated = kaplan_meier(np.repeat(time, weights), np.repeat(event, weights))
    for name in ("time", "at_risk", "events", "survival"):
        np.testing.assert_allclose(getattr(found, name), getattr(repeated, name), atol=1e-14)
    np.testing.assert_allclose(found.interval(0.9), repeated.interval(0.9))


def test_survival_steps_down_at_the_events_only():
    curve = kaplan_meier(np.array([1, 2, 3]), np.array([1, 0, 1]))
    assert curve.at(np.array([0, 1, 2.9, 3, 9])).round(12).tolist() == [
        1, 0.666666666667, 0.666666666667, 0, 0,
    ]  # fmt: skip
    assert np.isnan(curve.interval()).tolist() == [[False, True], [False, True]]
    np.testing.assert_allclose(curve.hazard, [1 / 3, 1])


def test_without_an_event_survival_is_one():
    curve = kaplan_meier(np.array([1, 2]), np.zeros(2))
    assert curve.time.size == 0
    assert curve.at(np.array([0, 5])).tolist() == [1, 1]


rows = st.lists(st.tuples(st.integers(0, 30), st.integers(0, 2)), min_size=1, max_size=40)


@given(rows)
@settings(max_examples=60, deadline=None)
def test_aalen_johansen_against_a_loop_over_times(drawn):
    time, outcome = np.array(drawn).T
    survival, incidence, expected = 1.0, 0.0, []
    for at in sorted(set(time[outcome != CENSORED])):
        risk = (time >= at).sum()
        incidence += survival * ((time == at) & (outcome == EVENT)).sum() / risk
        survival *= 1 - ((time == at) & (outcome != CENSORED)).sum() / risk
        expected.append(incidence)
    np.testing.assert_allclose(cumulative_incidence(time, outcome).incidence, expected, atol=1e-14)


def test_aalen_johansen_against_statsmodels():
    rng = np.random.default_rng(3)
    time, outcome = rng.integers(1, 40, 400), rng.choice([CENSORED, EVENT, COMPETING_EVENT], 400)
    with np.errstate(divide="ignore", invalid="ignore"):
        theirs = CumIncidenceRight(time, outcome)
    ours = cumulative_incidence(time, outcome)
    at = np.searchsorted(theirs.times, ours.time)
    np.testing.assert_allclose(ours.incidence, theirs.cinc[0][at], rtol=1e-12)
    known = np.isfinite(theirs.cinc_se[0][at])  # none where nothing is left at risk
    assert known.sum() >= len(known) - 1
    np.testing.assert_allclose(ours.standard_error[known], theirs.cinc_se[0][at][known], rtol=1e-9)


def test_without_competing_events_incidence_is_one_minus_survival():
    rng = np.random.default_rng(4)
    time, event = rng.integers(1, 40, 400), rng.random(400) < 0.5
    found, curve = cumulative_incidence(time, event), kaplan_meier(time, event)
    np.testing.assert_allclose(1 - found.incidence, curve.survival, rtol=1e-12)
    theirs = SurvfuncRight(time, event.astype(int))
    np.testing.assert_allclose(found.standard_error, theirs.surv_prob_se, rtol=1e-9)
    low, high = curve.interval(0.9)
    _, found_low, found_high = found.at(curve.time, level=0.9)
    np.testing.assert_allclose((found_low, found_high), (1 - high, 1 - low), rtol=1e-9)


def test_without_censoring_incidence_is_the_proportion():
    found = cumulative_incidence(np.array([0, 3, 3, 9]), np.array([1, 1, 2, 2]))
    assert found.incidence[-1] == pytest.approx(0.5)
    assert found.standard_error[-1] == pytest.approx(np.sqrt(0.25 / 4))
    assert found.median == 0


def test_the_median_is_reached_late_if_other_events_come_first():
    found = cumulative_incidence(np.array([1, 2, 5, 7]), np.array([2, 2, 1, 1]))
    assert found.incidence[:2].tolist() == [0, 0]
    assert found.median == 5


@given(rows)
@settings(max_examples=60, deadline=None)
def test_incidence_rises_within_its_interval(drawn):
    time, outcome = np.array(drawn).T
    found = cumulative_incidence(time, outcome)
    assert (np.diff(found.incidence) >= -1e-12).all()
    incidence, low, high = found.final()
    assert 0 <= low <= incidence + 1e-12
    assert incidence <= high + 1e-12 <= 1 + 2e-12
    order = np.random.default_rng(0).permutation(len(time))
    again = cumulative_incidence(time[order], outcome[order])
    assert again.incidence.tolist() == found.incidence.tolist()


def test_incidence_is_missing_beyond_the_follow_up():
    found = cumulative_incidence(np.array([5, 9]), np.array([1, 0]))
    assert np.isnan(found.at(10)).all()
    assert found.longest_followup == 9


@pytest.mark.parametrize("outcome", [CENSORED, EVENT])
def test_at_the_edges_the_interval_is_the_exact_binomial_one(outcome):
    incidence, low, high = cumulative_incidence(np.ones(10), np.full(10, outcome)).final()
    exact = stats.binomtest(10 * outcome, 10).proportion_ci(0.95, method="exact")
    assert (incidence, low, high) == pytest.approx((outcome, exact.low, exact.high))


def test_a_plateau_is_a_last_quarter_without_an_event():
    time, outcome = np.array([1, 7, 10]), np.array([1, 1, 0])
    assert cumulative_incidence(time, outcome).plateaued
    assert not cumulative_incidence(time + outcome * [0, 1, 1], outcome).plateaued
    assert np.isnan(cumulative_incidence(time, 0 * outcome).median)
