"""Wheat & Morrison's regularity: from simulated purchases, by an independent slow reference."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import relmark_research as rm


def log_of(times):
    """Return a log of customers' purchase times, in whole days."""
    rows = [
        (f"c{who}", date(2024, 1, 1) + timedelta(days=int(moment)))
        for who, moments in enumerate(times)
        for moment in moments
    ]
    table = pd.DataFrame(rows, columns=["customer_id", "date"]).assign(value=1.0)
    return rm.read_transactions(table)


def buyers(k, n=1500, mean=9.0, seed=5):
    """Return purchase times with Gamma(k) intervals and a rate per customer."""
    rng = np.random.default_rng(seed)
    scale = mean * rng.gamma(3, 1 / 3, (n, 1)) / k
    moments = np.cumsum(rng.gamma(k, scale, (n, 60)), axis=1)
    return [own[own < 300] for own in moments]


@pytest.mark.parametrize("k", [0.6, 1.0, 2.0])
def test_shape_is_recovered_from_whole_days(k):
    found = rm.clv.purchase_regularity(log_of(buyers(k)))
    assert found.low < k * (1 + 0.1 * (k != 1)) and found.high > k * (1 - 0.1 * (k != 1))
    assert found.mean_share_low < 0.5 < found.mean_share_high


def test_moment_estimate_from_whole_days_is_biased_upwards():
    found = rm.clv.purchase_regularity(log_of(buyers(1.0, mean=4.0)))
    assert found.low < 1 < found.high
    assert found.p_value > 0.01
    assert found.moment_k > found.high


def test_moment_estimate_is_that_of_the_paper():
    """(1 - 4 var M) / (8 var M), M the last interval's share of the last two."""
    times = buyers(1.5, n=200)
    days = [np.unique(own.astype(int)) for own in times]
    last = np.array([np.diff(own)[-2:] for own in days if len(own) > 2])
    variance = np.var(last[:, 1] / last.sum(axis=1), ddof=1)
    found = rm.clv.purchase_regularity(log_of(times))
    assert found.moment_k == pytest.approx((1 - 4 * variance) / (8 * variance))
    assert found.n_customers == len(last)


def test_shape_is_the_maximum_of_a_slow_likelihood():
    times = buyers(1.3, n=150)
    days = [np.unique(own.astype(int)) for own in times]
    pairs = [tuple(np.diff(own)[-2:]) for own in days if len(own) > 2]

    def loss(k):
        total = 0.0
        for earlier, later in pairs:
            weights = [(d * (earlier + later - d)) ** (k - 1) for d in range(1, earlier + later)]
            total += np.log((earlier * later) ** (k - 1) / sum(weights))
        return -total

    best = optimize.minimize_scalar(loss, bounds=(0.2, 5), method="bounded").x
    found = rm.clv.purchase_regularity(log_of(times))
    assert found.k == pytest.approx(best, rel=1e-4)
    assert found.p_value == pytest.approx(stats.chi2.sf(2 * (loss(1.0) - loss(best)), 1), rel=1e-4)


def test_equal_intervals_end_at_the_largest_shape():
    found = rm.clv.purchase_regularity(log_of([np.arange(0, 90, 10)] * 20))
    assert found.k == 1000
    assert found.words.startswith("Purchases are more regular")


def test_too_few_customers_are_refused():
    with pytest.raises(
        rm.DataError, match="needs 10 customers with at least three purchase days; found 3"
    ):
        rm.clv.purchase_regularity(log_of([[0, 5, 9]] * 3 + [[0, 4]] * 20))


def test_intervals_of_one_day_are_refused():
    with pytest.raises(rm.DataError, match="two intervals of one day"):
        rm.clv.purchase_regularity(log_of([[0, 1, 2]] * 12))
