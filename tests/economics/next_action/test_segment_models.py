"""Which segments have their own models, and what the others use instead."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.economics.next_action import segment_models
from relmark_research.economics.next_action.segment_models import (
    SegmentFits,
    fit_segments,
    identified,
    unit_of,
)
from relmark_research.errors import ConvergenceError, DataError, ParameterError
from relmark_research.units import TimeUnit

TRUE = rm.BGNBD(r=0.8, alpha=6.0, a=0.8, b=2.5)
SPEND = rm.GammaGamma(p=6.0, q=4.0, v=15.0)


def customers_of(n: int, seed: int, money: float = 1.0) -> pd.DataFrame:
    """Return a year of customers who leave after a purchase by chance, with spends of their own."""
    rng, rows = np.random.default_rng(seed), []
    for _ in range(n):
        rate, leaving = rng.gamma(1.5, 1 / 8.0), rng.beta(0.8, 2.5)
        bought, now = [], rng.exponential(1 / rate)
        while now < 52:
            bought.append(now)
            now += np.inf if rng.random() < leaving else rng.exponential(1 / rate)
        x, mean = len(bought), money * 6.0 * 15.0 / rng.gamma(4.0)
        value = mean * rng.gamma(6.0 * x) / (6.0 * x) if x else np.nan
        rows.append((x, bought[-1] if x else 0.0, 52.0, value))
    return pd.DataFrame(rows, columns=["frequency", "recency", "T", "monetary_value"])


@pytest.fixture(scope="module")
def table() -> pd.DataFrame:
    rows = pd.concat([customers_of(250, 1), customers_of(30, 2, money=3.0)], ignore_index=True)
    rows.index = pd.Index([f"C{k:03d}" for k in range(280)], name="customer_id")
    return rows


@pytest.fixture(scope="module")
def customers(table) -> CustomerSummary:
    return CustomerSummary(table, unit="week", observed_until="2023-12-31")


@pytest.fixture(scope="module")
def segments(table) -> pd.Series:
    names = pd.Series(["big"] * 250 + ["small"] * 30, index=table.index)
    return names.iloc[::-1]  # in another order than the customers


@pytest.fixture(scope="module")
def overall(customers):
    return rm.BGNBD.fit(customers), rm.GammaGamma.fit(customers)


@pytest.fixture(scope="module")
def found(customers, segments) -> SegmentFits:
    return fit_segments(customers, segments, purchases=rm.BGNBD)


def mean_spend(table: pd.DataFrame) -> float:
    paid = table[table["frequency"] > 0]
    return float(np.average(paid["monetary_value"], weights=paid["frequency"]))


def test_a_segment_with_enough_customers_has_its_own_models(found, table):
    own = CustomerSummary(table.iloc[:250], unit="week", observed_until="2023-12-31")
    purchases, spend = found.fits["big"]
    assert purchases.model == rm.BGNBD.fit(own).model
    assert spend.model == rm.GammaGamma.fit(own).model
    assert purchases.unit == TimeUnit("week")
    assert purchases.n_customers == 250


def test_a_small_segment_has_the_purchases_of_all_and_their_spend_rescaled(found, overall, table):
    purchases, spend = found.fits["small"]
    assert purchases.model == overall[0].model
    scale = mean_spend(table.iloc[250:]) / mean_spend(table)
    assert 1.5 < scale < 4
    assert spend.model.expected_spend() == pytest.approx(
        scale * overall[1].model.expected_spend(), rel=1e-9
    )
    factor = spend.model.values / overall[1].model.values
    assert factor.tolist() == pytest.approx([1, 1, scale])
    expected = overall[1].covariance * np.outer(factor, factor)
    np.testing.assert_allclose(spend.covariance, expected)


def test_every_fallback_is_noted(found, table):
    scale = mean_spend(table.iloc[250:]) / mean_spend(table)
    assert found.notes == (
        "small has too few customers for its own purchase model, so the model of all customers is "
        "used",
        "small has too few customers for its own spend model, so the model of all customers is "
        f"used, multiplied by {scale:.2g}",
    )
    assert repr(found) == "<SegmentFits: segments 2, notes 2>"


def test_fits_and_models_that_are_given_are_used_everywhere(customers, segments, overall):
    for given in (overall, (TRUE, SPEND)):
        found = fit_segments(customers, segments, purchases=given[0], spend=given[1])
        assert set(found.fits) == {"big", "small"}
        assert all(pair == given for pair in found.fits.values())
        assert found.notes == ()


def test_a_given_model_of_purchases_does_not_stop_spend_by_segment(customers, segments):
    found = fit_segments(customers, segments, purchases=TRUE)
    assert found.fits["big"][0] is found.fits["small"][0] is TRUE
    assert found.fits["big"][1].model != found.fits["small"][1].model
    assert len(found.notes) == 1


def test_what_cannot_be_used_for_segments_is_refused(customers, segments, overall):
    with pytest.raises(ParameterError, match="a fit or a model of purchases"):
        fit_segments(customers, segments, purchases=SPEND)
    with pytest.raises(ParameterError, match="a fit or a model of spend"):
        fit_segments(customers, segments, purchases=TRUE, spend=TRUE)
    each = rm.BGNBD(r=np.full(280, 0.8), alpha=6.0, a=0.8, b=2.5)
    with pytest.raises(ParameterError, match="per customer; the customers are summarised from"):
        fit_segments(customers, segments, purchases=each)
    days = CustomerSummary(customers.table, unit="day")
    with pytest.raises(ParameterError, match="fitted on times in weeks"):
        fit_segments(days, segments, purchases=overall[0], spend=SPEND)


def test_the_unit_is_that_of_the_fit_or_else_the_week(customers, overall):
    assert unit_of(overall[0]) == TimeUnit("week")
    days = CustomerSummary(customers.table, unit="day")
    assert unit_of(rm.BGNBD.fit(days)) == TimeUnit("day")
    assert unit_of(rm.BGNBD) == unit_of(TRUE) == TimeUnit("week")


def stub(**given: object) -> SimpleNamespace:
    values = {"no_interval": "", "covariance": np.eye(2), "log_covariance": np.diag([1.0, 3.99])}
    return SimpleNamespace(**values | given)


def test_parameters_are_identified_up_to_a_standard_error_of_two_logs():
    assert identified(stub()) is True
    assert identified(stub(log_covariance=np.diag([1.0, 4.0]))) is False
    assert identified(stub(log_covariance=np.array([[1.0, 9.0], [9.0, 1.0]]))) is True
    assert identified(stub(no_interval="the search ended at a boundary")) is False
    assert identified(stub(covariance=np.array([[1.0, 0], [0, np.nan]]))) is False


class Failing:
    error: type[Exception] = DataError

    @classmethod
    def fit(cls, part):
        raise cls.error("no")


@pytest.mark.parametrize("error", [DataError, ConvergenceError])
def test_a_model_that_does_not_fit_a_segment_is_none(customers, monkeypatch, error):
    monkeypatch.setattr(Failing, "error", error)
    assert segment_models._own_fit(Failing, customers) is None


def test_other_errors_are_not_hidden(customers, monkeypatch):
    monkeypatch.setattr(Failing, "error", ZeroDivisionError)
    with pytest.raises(ZeroDivisionError):
        segment_models._own_fit(Failing, customers)


@pytest.mark.parametrize(("repeat", "tried"), [(50, True), (49, False)])
def test_fifty_repeat_customers_are_enough(monkeypatch, repeat, tried):
    part = CustomerSummary(
        pd.DataFrame({"frequency": [1] * repeat + [0] * 30, "recency": 1.0, "T": 9.0}).assign(
            recency=[1.0] * repeat + [0.0] * 30
        )
    )
    monkeypatch.setattr(Failing, "fit", classmethod(lambda cls, part: "fitted"))
    assert (segment_models._own_fit(Failing, part) == "fitted") == tried


def own_fit(monkeypatch, status: str, *, has_mean: bool = True, **given: object):
    """Let every segment have a fit whose search ended so."""
    fit = stub(diagnosis=SimpleNamespace(status=status),
               model=SimpleNamespace(has_mean=has_mean), **given)  # fmt: skip
    monkeypatch.setattr(segment_models, "_own_fit", lambda model, part: fit)
    return fit


@pytest.mark.parametrize("status", ["converged", "at boundary"])
def test_an_identified_fit_of_purchases_is_used_without_a_note(
    customers, overall, monkeypatch, status
):
    fit, notes = own_fit(monkeypatch, status), []
    assert segment_models._purchase_fit("mills", customers, overall[0], notes) is fit
    assert notes == []


def test_a_poorly_identified_fit_is_used_with_a_note(customers, overall, monkeypatch):
    fit, notes = own_fit(monkeypatch, "at boundary", no_interval="boundary"), []
    assert segment_models._purchase_fit("mills", customers, overall[0], notes) is fit
    assert notes == [
        "the dropout rate of mills is poorly identified, so the point estimate is used without its "
        "uncertainty"
    ]


def test_a_fit_that_did_not_converge_is_not_used(customers, overall, monkeypatch):
    own_fit(monkeypatch, "not converged")
    notes: list[str] = []
    assert segment_models._purchase_fit("mills", customers, overall[0], notes) is overall[0]
    assert notes[0].startswith("mills has too few customers for its own purchase model")


@pytest.mark.parametrize(
    ("status", "has_mean", "used"),
    [("converged", True, True), ("converged", False, False), ("at boundary", True, False)],
)
def test_a_spend_model_is_used_where_it_converged_and_has_a_mean(
    customers, overall, monkeypatch, status, has_mean, used
):
    fit = own_fit(monkeypatch, status, has_mean=has_mean)
    found = segment_models._spend_fit("mills", customers, customers, overall[1], [])
    assert (found is fit) == used


def test_without_repeat_purchases_the_spend_of_all_is_used_as_it_is(customers, overall):
    nobody = CustomerSummary(
        customers.table.assign(frequency=0, recency=0.0, monetary_value=np.nan)
    )
    notes: list[str] = []
    assert segment_models._spend_fit("mills", nobody, customers, overall[1], notes) is overall[1]
    assert notes[0].endswith("so the model of all customers is used, multiplied by nan")


def test_mean_spend_is_weighted_by_purchases_and_leaves_out_what_was_free():
    part = CustomerSummary(
        pd.DataFrame(
            {"frequency": [1, 3, 5, 0], "recency": [1.0, 2.0, 3.0, 0.0], "T": 9.0,
             "monetary_value": [10.0, 0.6, 0.0, 0.0]}
        )
    )  # fmt: skip
    assert segment_models._mean_spend(part) == pytest.approx(11.8 / 4)
