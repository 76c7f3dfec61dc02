"""Season and trend of spend within customers: recovered, shrunk, restated and in words."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.calendar.calendar_design import CalendarDesign
from relmark_research.clv.calendar.spend_calendar import SpendCalendar, restated
from relmark_research.errors import DataError, ParameterError
from tests.clv.calendar.simulated_spend import START, Spend, known, known_customers, spend_log

MOVING = Spend(season=0.15, trend=0.08, mix=-0.3, first=-0.2)


def fitted(truth, *, season="month", events=None, trend=True, **how):
    customers, last = known(truth, **how)
    until = last if trend else None
    design = CalendarDesign.of(season=season, events=events, trend_until=until)
    return SpendCalendar.of_known(customers, START, design, last)


def true_season(truth):
    """Return the season of each month against the mean over a year."""
    days = np.arange(1461)
    factor = np.exp(truth.log_season(days))
    month = (pd.Timestamp(START) + pd.to_timedelta(days, unit="D")).month
    return pd.Series(factor).groupby(np.asarray(month)).mean().to_numpy() / factor.mean()


@pytest.fixture(scope="module")
def moving():
    return fitted(MOVING, seed=1, customers=1000)


def test_season_trend_and_first_purchases_are_recovered_though_the_mix_drifts(moving):
    table = moving.table
    season = table[table["group"] == "month"]
    assert np.corrcoef(season["factor"], true_season(MOVING))[0, 1] > 0.95
    assert season["factor"].to_numpy() == pytest.approx(true_season(MOVING), abs=0.08)
    assert table.loc["trend", "factor"] == pytest.approx(np.exp(0.08), abs=0.03)
    assert table.loc["first purchase", "factor"] == pytest.approx(np.exp(-0.2), abs=0.08)


def test_a_drifting_mix_of_customers_is_no_trend():
    """Later customers spend 35% less per year: the mean falls, no customer's spend does."""
    customers, last = known(Spend(mix=-0.43), seed=2)
    day, value = customers.purchase_day, customers.purchase_value
    assert value[day > 730].mean() < 0.8 * value[day < 365].mean()
    design = CalendarDesign.of(season="month", trend_until=last)
    found = SpendCalendar.of_known(customers, START, design, last).table.loc["trend"]
    assert found["low"] < 1 < found["high"]
    assert abs(found["factor"] - 1) < 0.03


@pytest.mark.parametrize("seed", [3, 4, 5])
def test_without_an_effect_spend_is_nearly_flat(seed):
    calendar = fitted(Spend(mix=0.2), seed=seed)
    effects = calendar.table.drop("first purchase")
    assert np.abs(effects["factor"] - 1).max() < 0.035
    assert calendar.mean_over(calendar.until, 182) == pytest.approx(1, abs=0.02)


def test_single_large_purchases_decide_nothing():
    calendar = fitted(Spend(tail=0.01, shape=4.0), seed=6)
    assert np.abs(calendar.table["factor"] - 1).max() < 0.08
    heavy = fitted(Spend(season=0.15, trend=0.08, tail=0.01, shape=4.0), seed=6)
    assert heavy.table.loc["trend", "factor"] == pytest.approx(np.exp(0.08), abs=0.05)


def test_one_enormous_purchase_moves_no_effect_by_much():
    customers, last = known(MOVING, seed=1)
    value = customers.purchase_value.copy()
    value[len(value) // 2] *= 1e6
    changed = known_customers(
        np.repeat(np.arange(len(customers)), customers.frequency + 1),
        customers.purchase_day,
        value,
        last=customers.day,
    )
    design = CalendarDesign.of(season="month", trend_until=last)
    plain, one = (
        SpendCalendar.of_known(each, START, design, last).table["factor"]
        for each in (customers, changed)
    )
    assert one.to_numpy() == pytest.approx(plain.to_numpy(), abs=0.03)


@pytest.mark.slow
def test_intervals_hold_the_effects_in_92_to_98_percent():
    truth, held, trend = true_season(MOVING), [], []
    for seed in range(200):
        table = fitted(MOVING, seed=100 + seed, customers=700).table
        season = table[table["group"] == "month"]
        held.append((season["low"] < truth) & (truth < season["high"]))
        trend.append(table.loc["trend", "low"] < np.exp(0.08) < table.loc["trend", "high"])
    by_month = np.mean(held, axis=0)
    assert (by_month >= 0.92).all()
    assert (by_month <= 0.98).all()
    assert 0.94 <= by_month.mean() <= 0.96
    assert 0.92 <= np.mean(trend) <= 0.98


def test_g_is_one_on_average_over_a_year_after_a_flat_log():
    calendar = fitted(Spend(season=0.2), seed=7, trend=False)
    days = pd.date_range("2031-01-01", "2034-12-31")
    assert calendar.g(days).mean() == pytest.approx(1, abs=1e-9)
    assert calendar.g(days)[days.month == 12].mean() > 1.1


def test_the_trend_is_damped_to_flat(moving):
    year = moving.until + timedelta(days=365)
    assert moving.mean_over(year, 1461) == pytest.approx(
        moving.mean_over(moving.until + timedelta(days=3000), 1461), rel=0.01
    )
    ahead = moving.mean_over(year, 1461)
    slope = np.log(moving.table.loc["trend", "factor"])
    assert ahead == pytest.approx(np.exp(slope / 2), rel=0.01)  # half a year of slope is left


def test_declared_events_move_spend_on_their_days():
    customers, last = known(Spend(), seed=8)
    sale = np.isin(customers.purchase_day % 365, np.arange(100, 130))
    value = np.where(sale, 0.7, 1.0) * customers.purchase_value
    numbers = np.repeat(np.arange(len(customers)), customers.frequency + 1)
    changed = known_customers(numbers, customers.purchase_day, value, last=customers.day)
    starts = [START + timedelta(days=365 * year + 100) for year in range(4)]
    events = {"sale": [(day, day + timedelta(days=29)) for day in starts]}
    design = CalendarDesign.of(season=None, events=events, trend_until=last)
    calendar = SpendCalendar.of_known(changed, START, design, last)
    assert calendar.table.loc["sale", "factor"] == pytest.approx(0.7, abs=0.06)
    assert calendar.mean_over(starts[-1] - timedelta(days=1), 30) < 0.8  # a future one counts
    assert "sale: -" in calendar.words


def test_weights_of_the_days_count(moving):
    december = date(2031, 11, 30)
    one_day = np.zeros(62)
    one_day[10] = 2.0
    both = moving.g(pd.date_range("2031-12-01", periods=62))
    assert moving.mean_over(december, 62) == pytest.approx(both.mean())
    assert moving.mean_over(december, 62, one_day) == pytest.approx(both[10])
    assert moving.log_variance_over(december, 62) > 0


@pytest.mark.parametrize("weights", [np.ones(3), -np.ones(5), np.zeros(5)])
def test_wrong_weights_are_refused(moving, weights):
    with pytest.raises(ParameterError, match="weights are 5 numbers"):
        moving.mean_over(moving.until, 5, weights)


def test_restated_values_are_at_the_level_of_the_last_day():
    """Without noise every customer's restated purchases are alike."""
    truth = Spend(season=0.15, trend=0.08, shape=1e8)
    customers, last = known(truth, seed=9)
    design = CalendarDesign.of(season="month", trend_until=last)
    calendar = SpendCalendar.of_known(customers, START, design, last)
    found = restated(calendar, customers, START)
    first = customers.purchase_day == customers.purchase_first
    numbers = np.repeat(np.arange(len(customers)), customers.frequency + 1)
    for values, low, high in (
        (customers.purchase_value, 0.1, 1),
        (found.purchase_value, 0, 0.02),
    ):
        log_value = pd.Series(np.log(values[~first]))
        spread = log_value.groupby(numbers[~first]).std().dropna()
        assert low <= spread.mean() < high
    assert found.value == pytest.approx(np.bincount(numbers, found.purchase_value))


def test_new_customers_get_the_season_and_no_trend(moving):
    new = moving.for_new_customers()
    assert new.table.loc["trend", "factor"] == 1
    later = pd.date_range("2040-01-01", periods=1461)
    season = new.g(later) / new.g(later).mean()
    assert season == pytest.approx(moving.g(later) / moving.g(later).mean(), rel=1e-3)
    assert new.shift < 0  # restating to a higher level of today is taken back
    customers, _ = known(MOVING, seed=1, customers=1000)
    repeat = customers.purchase_day > customers.purchase_first
    paid = customers.purchase_value[repeat].mean()
    level = restated(moving, customers, START).purchase_value[repeat].mean()
    assert level * new.g(later).mean() == pytest.approx(paid, rel=0.01)


def test_a_summary_of_a_log_is_restated():
    log = spend_log(MOVING, seed=1)
    calendar = SpendCalendar.fit(log)
    plain, moved = log.customer_summary(), calendar.customer_summary(log)
    assert moved.table.index.equals(plain.table.index)
    assert (moved.table["frequency"] == plain.table["frequency"]).all()
    history = known(MOVING, seed=1)[0]
    found = restated(calendar, history, START)
    mean = (found.value - found.first_value) / np.maximum(history.frequency, 1)
    repeat = history.frequency > 0
    assert moved.monetary_value[repeat] == pytest.approx(mean[repeat], abs=0.01)
    assert moved.monetary_value[repeat].mean() > 1.05 * plain.monetary_value[repeat].mean()


def test_only_what_was_known_is_used():
    log = spend_log(MOVING, seed=1)
    until = date(2022, 12, 31)
    early, cut = SpendCalendar.fit(log, until=until), SpendCalendar.fit(log.until(until))
    assert early.table["factor"].to_numpy() == pytest.approx(cut.table["factor"].to_numpy())


def test_words_say_what_moves(moving):
    assert "highest in Dec" in moving.words
    assert "not applied to new customers" in moving.words
    flat = fitted(Spend(), seed=3)
    assert "No season of spend" in flat.words
    assert "distinguishable from chance" in flat.words
    assert fitted(Spend(), seed=3, season=None, trend=False).words.startswith(
        "Spend per purchase is"
    )


def test_a_log_without_money_is_refused():
    table = pd.DataFrame({"customer_id": [1, 1], "date": ["2024-01-01", "2024-02-01"]})
    with pytest.raises(DataError, match="needs a log with money"):
        SpendCalendar.fit(rm.read_transactions(table, value=None))


def test_customers_with_one_purchase_only_are_refused():
    customers = known_customers(np.arange(3), np.arange(3), np.ones(3), last=10)
    design = CalendarDesign.of(season="month")
    with pytest.raises(DataError, match="two purchases of a value above 0"):
        SpendCalendar.of_known(customers, START, design, START + timedelta(days=10))
