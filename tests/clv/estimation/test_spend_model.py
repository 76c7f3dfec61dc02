"""Defaults of spend models against what Gamma-Gamma does by itself."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.estimation.spend_model import SpendModel

MODEL = rm.GammaGamma(6.25, 3.74, 15.44)
X, M = np.array([0.0, 1.0, 2.0, 9.0, 2.0]), np.array([np.nan, 10.0, 30.0, 80.0, 31.0])


def test_default_slopes_are_gamma_gammas():
    for name in ("log_spend_slopes", "log_median_slopes"):
        own, default = getattr(MODEL, name)(X, M), getattr(SpendModel, name)(MODEL, X, M)
        np.testing.assert_allclose(default, own, rtol=1e-6, atol=1e-8)


@pytest.mark.parametrize("average", ["mean", "median"])
def test_default_variance_is_gamma_gammas(average):
    root = np.array([[0.1, 0, 0], [0.05, 0.2, 0], [-0.1, 0.1, 0.3]])
    own = MODEL.log_variance(root @ root.T, X, M, average=average)
    default = SpendModel.log_variance(MODEL, root @ root.T, X, M, average=average)
    np.testing.assert_allclose(default, own, rtol=1e-12)
    by_name = {"mean": MODEL.log_spend_slopes, "median": MODEL.log_median_slopes}
    assert own[2] == pytest.approx(np.sum((root.T @ by_name[average](X, M)[:, 2]) ** 2))


def test_draws_have_the_mean_of_gamma_gamma():
    x, m = np.full(300_000, 2.0), np.full(300_000, 30.0)
    rng = np.random.default_rng(1)
    expected = MODEL.conditional_expected_spend(2.0, 30.0)
    assert MODEL.draw_mean_spend(x, m, rng).mean() == pytest.approx(expected, rel=5e-3)
    total = MODEL.draw_total_spend(np.full(len(x), 3.0), x, m, rng)
    assert total.mean() == pytest.approx(3 * expected, rel=5e-3)
    assert MODEL.draw_total_spend(np.zeros(3), X[:3], M[:3], rng).tolist() == [0, 0, 0]
    drawn = SpendModel.simulate(MODEL, np.full(300_000, 4.0), seed=2)
    assert np.median(drawn) == pytest.approx(np.median(MODEL.simulate(x + 2, seed=3)), rel=1e-2)


def test_the_reason_for_no_mean_names_the_estimate():
    assert not rm.GammaGamma(6.25, 0.9, 15.44).has_mean
    condition = rm.GammaGamma(6.25, 0.9, 15.44).mean_condition
    assert condition == "q = 0.900; a mean needs more than 1"


class Bare(SpendModel, registered=False):
    """A model that implements nothing."""


def test_a_method_that_a_model_of_spend_lacks_is_named():
    rng, zero = np.random.default_rng(1), np.zeros(1)
    for name, given in {
        "conditional_expected_spend": (zero, zero),
        "conditional_median_spend": (zero, zero),
        "draw_mean_spend": (zero, zero, rng),
        "draw_total_spend": (zero, zero, zero, rng),
    }.items():
        with pytest.raises(rm.RelmarkError, match=rf"Bare does not implement it.*{name}"):
            getattr(Bare(), name)(*given)
    assert Bare().has_mean
    assert Bare().mean_condition == ""


def test_repeat_customers_without_spend_are_left_out_and_named():
    table = pd.DataFrame({
        "frequency": [2.0, 1.0, 0.0], "recency": [3.0, 2.0, 0.0], "T": [9.0, 9.0, 9.0],
        "monetary_value": [12.0, 0.0, 0.0], "customer_id": ["a", "b", "c"],
    })  # fmt: skip
    (x, m), weights, note = SpendModel.data(rm.CustomerSummary(table, unit="week"))
    assert (x.tolist(), m.tolist(), weights.tolist()) == ([2], [12], [1])
    assert note == "1 repeat customers with a spend of 0 are left out: row 2 ('b')"
    free = rm.CustomerSummary(table.assign(monetary_value=0.0), unit="week")
    with pytest.raises(rm.DataError, match="all 2 of them have a monetary_value of 0"):
        SpendModel.data(free)
