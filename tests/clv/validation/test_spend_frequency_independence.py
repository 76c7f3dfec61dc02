"""Spend and frequency: a published value, an independent reference, and outliers."""

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
    assert f"{found.pearson:.2f} {found.trimmed:.2f}" == "0.11 0.06"
    assert found.influential["frequency"].to_list() == [21]
    assert found.n_customers == 946


def test_all_three_agree_with_scipy(cdnow):
    found = rm.clv.spend_frequency_correlation(cdnow, n_influential=3)
    repeat = cdnow.frequency > 0
    x, m = cdnow.frequency[repeat], cdnow.monetary_value[repeat]
    pearson = stats.pearsonr(x, m)
    interval = pearson.confidence_interval(0.95)
    assert found.pearson == pytest.approx(pearson.statistic)
    assert (found.pearson_low, found.pearson_high) == pytest.approx((interval.low, interval.high))
    assert found.spearman == pytest.approx(stats.spearmanr(x, m).statistic)
    left = cdnow.table[repeat].drop(index=found.influential.index)
    assert len(left) == 943
    assert found.trimmed == pytest.approx(
        np.corrcoef(left["frequency"], left["monetary_value"])[0, 1]
    )


def test_the_influential_customer_changes_the_correlation_most():
    rng = np.random.default_rng(4)
    x, m = rng.integers(1, 9, 40), rng.gamma(3, 10, 40)
    found = rm.clv.spend_frequency_correlation(customers(x, m))
    moved = [
        abs(np.corrcoef(np.delete(x, i), np.delete(m, i))[0, 1] - found.pearson) for i in range(40)
    ]
    assert found.influential.index.to_list() == [int(np.argmax(moved))]


def test_weighted_rows_are_expanded_rows():
    rng = np.random.default_rng(2)
    x, m, n = rng.integers(1, 6, 30), rng.gamma(3, 10, 30), rng.integers(1, 5, 30)
    weighted = rm.clv.spend_frequency_correlation(customers(x, m, n_customers=n), n_influential=0)
    expanded = rm.clv.spend_frequency_correlation(
        customers(np.repeat(x, n), np.repeat(m, n)), n_influential=0
    )
    assert weighted.spearman == pytest.approx(expanded.spearman)
    assert weighted.pearson == pytest.approx(expanded.pearson)
    assert weighted.spearman_low == pytest.approx(expanded.spearman_low)


def test_one_customer_may_determine_the_correlation_but_not_that_of_ranks():
    rng = np.random.default_rng(3)
    x, m = rng.integers(1, 6, 300), rng.gamma(30, 1, 300)
    found = rm.clv.spend_frequency_correlation(customers([*x, 60], [*m, 900]))
    assert found.pearson > 0.5
    assert found.words == (
        "The correlation is due to 1 of 301 customers; without that customer none is detected."
    )


def test_independent_spend():
    rng = np.random.default_rng(6)
    found = rm.clv.spend_frequency_correlation(
        customers(rng.integers(1, 6, 200), rng.gamma(30, 1, 200))
    )
    assert found.p_value > 0.05
    assert found.words == "No correlation between spend and frequency is detected."


def test_too_few_or_equal_customers_are_refused():
    with pytest.raises(rm.DataError, match="at least 4 repeat customers"):
        rm.clv.spend_frequency_correlation(customers([1, 2, 0], [3.0, 4.0, np.nan]))
    with pytest.raises(rm.ParameterError, match="leave at least 4 of 5"):
        rm.clv.spend_frequency_correlation(
            customers([1, 2, 3, 4, 5], [3, 4, 1, 2, 9]), n_influential=2
        )
