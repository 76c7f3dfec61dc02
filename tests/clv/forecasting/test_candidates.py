"""Candidates: each model's forecast is that of its own fit, each benchmark's that of its rule."""

from datetime import date

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting import candidates
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS, benchmark_total
from relmark_research.clv.forecasting.candidates import Origin, purchase_models
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.errors import ParameterError

DAY = date(2021, 11, 1)


@pytest.fixture(scope="module")
def history(log):
    return PurchaseHistory.of(log)


def fitted(history, measure="purchases", models=("BGNBD",), day=DAY):
    return Origin.fitted(history, day, purchase_models(models), measure=measure, horizon=56)


@pytest.fixture(scope="module")
def origin(history):
    return fitted(history)


def by_name(origin, history, measure="purchases"):
    return {each.name: each for each in origin.totals(history, 56, measure=measure)}


def test_a_models_total_is_the_sum_of_its_forecasts_per_customer(origin, history, log):
    found = by_name(origin, history)["BGNBD"]
    customers = log.until(DAY).customer_summary()
    fit = rm.BGNBD.fit(customers)
    expected = rm.forecast(fit, customers, horizon="8 weeks")["expected_purchases"]
    assert found.per_customer == pytest.approx(expected.to_numpy(), rel=1e-6)
    assert found.expected == pytest.approx(expected.sum(), rel=1e-6)


@pytest.mark.filterwarnings("ignore:BGNBD. intervals depend")
def test_its_variance_is_that_of_the_interval_of_the_estimate(origin, history, log):
    found = by_name(origin, history)["BGNBD"]
    customers = log.until(DAY).customer_summary()
    total = rm.clv.total_purchases(
        rm.BGNBD.fit(customers), customers, horizon="8 weeks", level=0.95
    )
    width = np.log(total.high / total.low) / (2 * 1.959964)
    assert np.sqrt(found.log_variance) == pytest.approx(width, rel=0.01)


def test_value_is_purchases_times_each_customers_spend(history, log):
    value = fitted(history, "value")
    found = by_name(value, history, "value")["BGNBD"]
    customers = log.until(DAY).customer_summary()
    spend = rm.GammaGamma.fit(customers).model.conditional_expected_spend(
        customers.frequency, np.where(customers.frequency > 0, customers.monetary_value, 0.0)
    )
    purchases = by_name(value, history)["BGNBD"].per_customer
    assert found.per_customer == pytest.approx(purchases * spend, rel=1e-6)


def test_benchmarks_have_no_parts_and_no_variance(origin, history):
    found = by_name(origin, history)
    for name in BENCHMARKS:
        expected = benchmark_total(name, origin.known, 56)
        assert (name in found) == (expected is not None)
        if expected is not None:
            assert found[name].expected == expected.purchases
            assert (found[name].log_variance, found[name].per_customer) == (0, None)


def test_a_model_that_fails_is_left_out_with_its_reason(history):
    early = fitted(history, day=history.days.first)
    assert not early.fits
    assert "at least 2; found 1" in early.failures["BGNBD"]


def test_a_large_log_is_fitted_to_a_sample(history, monkeypatch):
    monkeypatch.setattr(candidates, "SAMPLE", 40)
    sampled, again = fitted(history), fitted(history)
    assert sampled.fits["BGNBD"].n_customers == 40
    assert sampled.fits["BGNBD"].model == again.fits["BGNBD"].model
    assert len(by_name(sampled, history)["BGNBD"].per_customer) == len(sampled.known) > 40


def test_models_are_given_by_name_or_class():
    assert purchase_models(["BGNBD", rm.ParetoNBD]) == [rm.BGNBD, rm.ParetoNBD]
    assert purchase_models("MBGNBD") == [rm.MBGNBD]
    assert [model.__name__ for model in purchase_models(None)] == list(candidates.DEFAULT_MODELS)


@pytest.mark.parametrize(
    ("models", "words"),
    [
        (["Lapse"], "no model 'Lapse'; there are"),
        ([rm.GammaGamma], "models of purchases; found"),
        ([int], "models of purchases; found <class 'int'>"),
        ([], "found none"),
    ],
)
def test_other_models_are_refused(models, words):
    with pytest.raises(ParameterError, match=words):
        purchase_models(models)
