"""Gradient boosting as a benchmark, where scikit-learn is installed."""

import sys
from datetime import timedelta
from importlib.util import find_spec
from types import SimpleNamespace

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting import gradient_boosting
from relmark_research.clv.forecasting.gradient_boosting import GRADIENT_BOOSTING, boosted_total
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import ParameterError
from tests.clv.forecasting.simulated import Truth, simulated_log


def test_without_scikit_learn_it_says_what_to_install(log, monkeypatch):
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", None)
    with pytest.raises(ParameterError, match=r"needs scikit-learn.*pip install scikit-learn"):
        rm.backtest(log, horizon="8 weeks", benchmarks=[GRADIENT_BOOSTING], origins=2)


@pytest.mark.slow
@pytest.mark.skipif(find_spec("sklearn") is None, reason="scikit-learn is not installed")
def test_it_learns_from_the_period_before_the_origin():
    log = simulated_log(Truth(), customers=800, days=500, seed=4)
    history, day = PurchaseHistory.of(log), log.observed_until
    known = history.known_at(day)
    found = boosted_total(history, day, known, 91, "purchases")
    fit = rm.BGNBD.fit(log.customer_summary())
    expected = rm.clv.total_purchases(fit, log.customer_summary(), horizon="13 weeks").expected
    assert np.log(found / expected) == pytest.approx(0, abs=0.4)
    few = PurchaseHistory.of(simulated_log(Truth(), customers=20, days=500, seed=4))
    assert boosted_total(few, day, few.known_at(day), 91, "purchases") is None


class Trees:
    """A stand-in for scikit-learn's trees: it predicts the mean, and keeps what it was given."""

    made: list = []  # noqa: RUF012

    def __init__(self, **options):
        self.options = options
        self.made.append(self)

    def fit(self, features, target):
        self.features, self.target = features, target
        return self

    def predict(self, features):
        self.asked = features
        return np.full(len(features), self.target.mean())


@pytest.fixture
def trees(monkeypatch):
    monkeypatch.setattr(Trees, "made", [])
    stand_in = SimpleNamespace(HistGradientBoostingRegressor=Trees)
    monkeypatch.setitem(sys.modules, "sklearn.ensemble", stand_in)
    return Trees.made


@pytest.mark.parametrize("measure", ["purchases", "value"])
def test_it_is_trained_on_what_came_after_the_day_a_horizon_ago(log, trees, measure):
    history, day = PurchaseHistory.of(log), log.observed_until
    known = history.known_at(day)
    total = boosted_total(history, day, known, 56, measure)
    (model,) = trees
    then_day = day - timedelta(days=56)
    then = history.known_at(then_day)
    came = history.after(then_day, 56, then)[measure == "value"]
    assert model.target.tolist() == np.maximum(came, 0).tolist()
    assert total == pytest.approx(len(known) * np.maximum(came, 0).mean())
    for features, at, of in ((model.features, then_day, then), (model.asked, day, known)):
        age, since, purchases, rate, spend = features.T
        table = log.until(at).customer_summary(unit="day").table
        assert sorted(age) == sorted(table["T"])
        assert sorted(since) == sorted(table["T"] - table["recency"])
        assert sorted(purchases) == sorted(table["frequency"] + 1)
        np.testing.assert_allclose(rate * (age + 30), purchases)
        np.testing.assert_allclose(spend * purchases, of.value)
    again = boosted_total(history, day, known, 56, measure)
    assert trees[0].options == trees[1].options == {
        "loss": "poisson", "random_state": trees[0].options["random_state"], "max_iter": 100,
    }  # fmt: skip
    assert again == total


def test_a_sample_of_many_customers_is_enough_and_too_few_or_no_purchase_are_none(
    log, trees, monkeypatch
):
    history, day = PurchaseHistory.of(log), log.observed_until
    known = history.known_at(day)
    n = len(history.known_at(day - timedelta(days=56)))
    for limit, used in ((n, n), (n - 1, n - 1)):
        monkeypatch.setattr(gradient_boosting, "_SAMPLE", limit)
        boosted_total(history, day, known, 56, "purchases")
        assert len(trees[-1].target) == used
    for fewest, found in ((n, True), (n + 1, False)):
        monkeypatch.setattr(gradient_boosting, "_FEWEST", fewest)
        assert (boosted_total(history, day, known, 56, "purchases") is not None) is found
    monkeypatch.setattr(gradient_boosting, "_FEWEST", 1)
    assert boosted_total(history, day + timedelta(days=900), known, 56, "purchases") is None
