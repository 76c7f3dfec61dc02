"""Spend against frequency: print, an independent reference, and what outliers do."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm


def customers(x, m, **columns):
    x = np.asarray(x, float)
    recency = np.where(x > 0, 1.0, 0.0)
    table = {"frequency": x, "recency": recency, "T": 5.0, "monetary_value": m}
    return pd.DataFrame(table | columns)


@pytest.fixture(scope="module")
def cdnow():
    return rm.load_cdnow().split(at="1997-09-30").calibration


def test_correlation_of_cdnow_with_and_without_one_customer(cdnow):
    """Note 025 prints .11; Fader, Hardie & Lee (2005b) .06 without one customer."""
    found = rm.clv.spend_frequency_correlation(cdnow)
    assert f"{found.value:.2f} {found.trimmed:.2f}" == "0.11 0.06"
    assert found.left_out["frequency"].to_list() == [21]
    assert found.n_customers == 946


def test_all_three_agree_with_scipy(cdnow):
    found = rm.clv.spend_frequency_correlation(cdnow, leave_out=3)
    repeat = cdnow.frequency > 0
    x, m = cdnow.frequency[repeat], cdnow.monetary_value[repeat]
    pearson = stats.pearsonr(x, m)
    interval = pearson.confidence_interval(0.95)
    assert found.value == pytest.approx(pearson.statistic)
    assert (found.low, found.high) == pytest.approx((interval.low, interval.high))
    assert found.rank == pytest.approx(stats.spearmanr(x, m).statistic)
    left = cdnow.table[repeat].drop(index=found.left_out.index)
    assert len(left) == 943
    assert found.trimmed == pytest.approx(
        np.corrcoef(left["frequency"], left["monetary_value"])[0, 1]
    )


def test_the_one_left_out_moves_the_correlation_most():
    rng = np.random.default_rng(4)
    x, m = rng.integers(1, 9, 40), rng.gamma(3, 10, 40)
    found = rm.clv.spend_frequency_correlation(customers(x, m))
    moved = [
        abs(np.corrcoef(np.delete(x, i), np.delete(m, i))[0, 1] - found.value) for i in range(40)
    ]
    assert found.left_out.index.to_list() == [int(np.argmax(moved))]


def test_weighted_rows_are_expanded_rows():
    rng = np.random.default_rng(2)
    x, m, n = rng.integers(1, 6, 30), rng.gamma(3, 10, 30), rng.integers(1, 5, 30)
    weighted = rm.clv.spend_frequency_correlation(customers(x, m, n_customers=n), leave_out=0)
    expanded = rm.clv.spend_frequency_correlation(
        customers(np.repeat(x, n), np.repeat(m, n)), leave_out=0
    )
    assert weighted.rank == pytest.approx(expanded.rank)
    assert weighted.value == pytest.approx(expanded.value)
    assert weighted.rank_low == pytest.approx(expanded.rank_low)


def test_one_customer_makes_a_correlation_that_ranks_do_not_see():
    rng = np.random.default_rng(3)
    x, m = rng.integers(1, 6, 300), rng.gamma(30, 1, 300)
    found = rm.clv.spend_frequency_correlation(customers([*x, 60], [*m, 900]))
    assert found.value > 0.5
    assert found.words == (
        "What dependence there is comes from 1 of 301 customers; without that one none can be seen."
    )


def test_independent_spend_is_called_so():
    rng = np.random.default_rng(6)
    found = rm.clv.spend_frequency_correlation(
        customers(rng.integers(1, 6, 200), rng.gamma(30, 1, 200))
    )
    assert found.p_value > 0.05
    assert found.words == "No dependence of spend on frequency can be seen."


def test_too_few_or_equal_customers_are_refused():
    with pytest.raises(rm.DataError, match="at least 4 repeat customers"):
        rm.clv.spend_frequency_correlation(customers([1, 2, 0], [3.0, 4.0, np.nan]))
    with pytest.raises(rm.ParameterError, match="leave at least 4 of 5"):
        rm.clv.spend_frequency_correlation(customers([1, 2, 3, 4, 5], [3, 4, 1, 2, 9]), leave_out=2)
