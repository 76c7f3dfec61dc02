"""Intervals of functions that take no level are at 95%."""

import re

import numpy as np
from scipy import stats

import relmark_research as rm
from tests.laws import made
from tests.laws.own import wilson

Z = stats.norm.ppf(0.975)


def test_the_share_of_repeat_customers():
    found = rm.customers.customer_base(made.small_log())
    repeat = made.small_log().customer_summary().frequency > 0
    expected = wilson(repeat.sum(), len(repeat), Z)
    assert np.allclose([found.repeat_share_low, found.repeat_share_high], expected)


def test_the_share_of_a_segment_that_bought_in_the_holdout():
    split = made.split()
    scores = rm.rfm_scores(made.small_log().until(made.CUT))
    segments = rm.rfm_segments(scores)
    found = rm.customers.segment_behaviour(segments, split).iloc[0]
    own = segments.index[segments["segment"] == found["segment"]]
    bought = (split.holdout.loc[own, "purchases"] > 0).sum()
    ends = [found["bought_low"], found["bought_high"]]
    assert np.allclose(ends, wilson(bought, len(own), Z))


def test_the_shares_of_a_cohort_that_climb_and_fall():
    found = rm.ladder.cohort_moves(made.history())
    n = found["departures"]
    for name in ("climb", "fall"):
        ends = found[[f"{name}_low", f"{name}_high"]]
        assert np.allclose(ends, np.transpose(wilson(found[name] * n, n, Z)), atol=1e-12)


def test_the_line_that_a_fit_prints():
    fit = made.small_bg()
    low, high = re.search(r"r [\d.]+ \(95% interval ([\d.]+) to ([\d.]+)\)", repr(fit)).groups()
    error = fit.standard_errors[0] / fit.model.r
    expected = fit.model.r * np.exp(np.array([-1, 1]) * Z * error)
    assert np.allclose([float(low), float(high)], expected, rtol=1e-3)
