"""Expected value of a purchase at an origin: with what was known, and what could not be fitted."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.calendar.calendar_options import CalendarOptions
from relmark_research.clv.forecasting.candidates import Origin, purchase_models
from relmark_research.clv.forecasting.expected_spend import SPEND, SPEND_CALENDAR, expected_spend
from relmark_research.customers.log.purchase_history import PurchaseHistory
from relmark_research.units import TimeUnit
from tests.clv.calendar.simulated_spend import START, Spend, spend_log

WEEK = TimeUnit("week")
ORIGIN = START + timedelta(days=730)


def at(log, day=ORIGIN, *, options=None):
    history = PurchaseHistory.of(log)
    known = history.known_at(day)
    return known, history, expected_spend(history, known, day, None, options)


@pytest.fixture(scope="module")
def rising():
    """Spend rises by 65% a year, for every customer."""
    return spend_log(Spend(trend=0.5), customers=600, seed=1)


def test_without_a_calendar_it_is_the_model_of_spend(rising):
    known, history, found = at(rising)
    summary = history.summary(known, ORIGIN, WEEK)
    model = rm.GammaGamma.fit(summary).model
    own = np.where(summary.frequency > 0, summary.monetary_value, 0)
    expected = model.conditional_expected_spend(summary.frequency, own)
    assert found.within(91) == pytest.approx(expected)
    assert found.log_variance(91) == 0
    assert not found.failures


def test_the_bias_of_moving_spend_is_gone_with_a_calendar(rising):
    bias = []
    for options in (None, CalendarOptions()):
        known, history, found = at(rising, options=options)
        purchases, value = history.after(ORIGIN, 182, known)
        bias.append(float(purchases @ found.within(182) / value.sum() - 1))
    assert bias[0] < -0.2
    assert abs(bias[1]) < 0.1


def test_only_purchases_until_the_origin_count(rising):
    _, _, found = at(rising, options=CalendarOptions())
    cut = at(rising.until(ORIGIN), options=CalendarOptions())[2]
    assert found.within(91) == pytest.approx(cut.within(91))
    assert found.calendar.until == ORIGIN


def test_weights_say_when_purchases_are_expected(rising):
    _, _, found = at(rising, options=CalendarOptions())
    december = np.zeros(365)
    december[330:360] = 1.0
    g = found.calendar.g(pd.date_range(ORIGIN + timedelta(days=331), periods=30))
    assert found.within(365, december) == pytest.approx(found.per_purchase * g.mean())


def heavy_tails():
    """Spend without a mean: Gamma-Gamma with q = 0.7."""
    rng = np.random.default_rng(5)
    count = rng.integers(2, 12, 800)
    rate = rng.gamma(0.7, 1 / 15, 800)
    customer = np.repeat(np.arange(800), count)
    day = pd.Timestamp(START) + pd.to_timedelta(rng.integers(0, 700, len(customer)), unit="D")
    value = np.maximum(rng.gamma(4.0, 1 / rate[customer]), 0.01).round(2)
    return rm.read_transactions(
        pd.DataFrame({"customer_id": customer, "date": day, "value": value})
    )


def test_where_the_mean_does_not_exist_the_reason_is_noted():
    known, _, found = at(heavy_tails())
    assert "the mean spend does not exist (q = 0." in found.failures[SPEND]
    assert "mean value of all purchases is used" in found.failures[SPEND]
    assert found.within(91) == pytest.approx(np.full(len(known), known.purchase_value.mean()))


def test_the_note_is_in_the_failures_of_the_origin():
    log = heavy_tails()
    history = PurchaseHistory.of(log)
    models = purchase_models(["BGNBD"])
    origin = Origin.fitted(history, date(2022, 6, 1), models, measure="value", horizon=91)
    assert "does not exist" in origin.failures[SPEND]
    origin = Origin.fitted(history, date(2022, 6, 1), models, measure="purchases", horizon=91)
    assert SPEND not in origin.failures


def test_too_few_repeat_customers_are_noted():
    table = pd.DataFrame({
        "customer_id": [1, 2, 3, 4], "date": ["2021-01-05"] * 4, "value": [10.0, 20.0, 30.0, 40.0],
    })  # fmt: skip
    _, _, found = at(rm.read_transactions(table), date(2021, 1, 5), options=CalendarOptions())
    assert set(found.failures) == {SPEND, SPEND_CALENDAR}
    assert found.within(91) == pytest.approx(np.full(4, 25.0))
