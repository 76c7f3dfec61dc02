"""The calendar of a log: estimated, given, on its clock and in words."""

import pickle
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.calendar.calendar_options import CalendarOptions
from relmark_research.errors import DataError, ParameterError
from tests.clv.calendar.simulated import MONTHS, seasonal_log
from tests.foreign.mbg_cnbd_2 import MBGCNBD2


@pytest.fixture(scope="module")
def log():
    return seasonal_log()


@pytest.fixture(scope="module")
def effects(log):
    return rm.CalendarEffects.fit(log)


@pytest.fixture(scope="module")
def flat(log):
    ones = pd.Series(1.0, index=pd.date_range(log.observed_from, periods=1500))
    return rm.CalendarEffects.of_index(ones, until=log.observed_until)


def test_a_season_is_found(effects):
    table = effects.table()
    assert np.corrcoef(table["relative"], MONTHS)[0, 1] > 0.9
    truth = MONTHS / (MONTHS @ [31, 28, 31, 30, 31, 30, 31, 31, 30, 31, 30, 31] / 365)
    held = (table["low"] < truth) & (truth < table["high"])
    assert held.sum() >= 9
    assert effects.log_likelihood > effects.plain_log_likelihood + 10
    assert "Nov" in effects.words


def test_the_mean_over_the_last_year_is_one(log, effects):
    last = log.observed_until
    assert effects.relative_rates(last.replace(year=last.year - 1), last)[1:].mean() == (
        pytest.approx(1)
    )


def test_seasons_repeat_after_the_log(effects):
    first, last = date(2031, 1, 1), date(2031, 12, 31)
    month = pd.date_range(first, last).month
    found = pd.Series(effects.relative_rates(first, last)).groupby(month).agg(["min", "max"])
    assert (found["min"] == found["max"]).all()
    assert found["max"].idxmax() == 11


def test_the_parameters_are_those_of_the_model_on_the_clock(log, effects):
    fit = rm.BGNBD.fit(log.distinct_histories(calendar=effects))
    assert effects.purchase_fit.model.values == pytest.approx(fit.model.values, rel=2e-2)
    assert (effects.purchase_fit.standard_errors >= 0.9 * fit.standard_errors).all()


def test_a_log_without_a_season_gives_a_nearly_flat_calendar():
    log = seasonal_log(customers=300, months=np.ones(12))
    assert rm.CalendarEffects.fit(log).table()["relative"].between(0.85, 1.18).all()


def test_months_that_a_short_log_has_not_seen_are_average():
    effects = rm.CalendarEffects.fit(seasonal_log(days=250, customers=200, acquired=120))
    relative = effects.table()["relative"]
    assert relative["Nov"] == pytest.approx(relative["Dec"])
    assert "less than a year" in effects.words
    assert (
        "year"
        not in rm.CalendarEffects.fit(
            seasonal_log(days=250, customers=200, acquired=120), season="day_of_week"
        ).words
    )


def test_events_are_told_apart_from_the_season():
    events = [("2019-06-10", "2019-06-30", 2.0), ("2020-03-01", "2020-03-20", 2.0),
              ("2021-04-01", "2021-04-20", 2.0)]  # fmt: skip
    log = seasonal_log(events=events)
    declared = {"sale": [event[:2] for event in events] + [("2022-07-01", "2022-07-31")]}
    effects = rm.CalendarEffects.fit(log, events=declared)
    row = effects.table().loc["sale"]
    assert row["low"] < 2.0 < row["high"]
    assert row["low"] > 1.2
    july, sale = effects.by_day(date(2023, 7, 1), date(2023, 7, 1)), "sale"
    during = effects.by_day(date(2022, 7, 1), date(2022, 7, 1))
    assert during["rate"][0] / july["rate"][0] == pytest.approx(row["relative"])
    assert (during["events"][0], july["events"][0]) == (sale, "")
    assert "On days of sale" in effects.words


def test_with_one_cohort_the_words_say_that_trend_and_dropout_cannot_be_distinguished():
    log = seasonal_log(days=800, customers=150, acquired=30)
    words = rm.CalendarEffects.fit(log, trend=True).words
    assert "trend and their dropout cannot be distinguished" in words
    assert "dropout" not in rm.CalendarEffects.fit(log).words


def test_a_trend_is_damped_to_flat(log):
    effects = rm.CalendarEffects.fit(log, season=None, trend=True)
    ahead = [effects.relative_rates(date(year, 1, 1), date(year, 1, 1))[0] for year in (2030, 2040)]
    assert ahead[0] == pytest.approx(ahead[1], rel=1e-6)
    assert "trend" in effects.table().index


def test_a_given_index_is_used_as_it_is(log):
    index = pd.Series(MONTHS, index=pd.date_range("2019-01-01", periods=12, freq="MS"))
    given = rm.CalendarEffects.of_index(index, until=log.observed_until)
    year = given.relative_rates(date(2025, 1, 1), date(2025, 12, 31))
    by_month = pd.Series(year).groupby(pd.date_range("2025-01-01", "2025-12-31").month).median()
    assert (by_month / by_month.mean()).to_numpy() == pytest.approx(MONTHS / MONTHS.mean())
    assert year.mean() == pytest.approx(1, abs=0.01)
    fitted = rm.CalendarEffects.fit(log, season=None, index=index)
    assert fitted.relative_rates(date(2025, 1, 1), date(2025, 12, 31)) == pytest.approx(year)


@pytest.mark.parametrize(
    ("index", "words"),
    [
        (pd.Series([1.0, 0.0], index=pd.to_datetime(["2019-01-01", "2019-02-01"])), "> 0"),
        (pd.Series([1.0, 1.0], index=pd.to_datetime(["2019-01-01"] * 2)), "once"),
        (pd.Series([1.0, 2.0], index=pd.to_datetime(["2019-01-01", "2019-02-01"])), "whole year"),
        ([1.0], "Series"),
    ],
)
def test_an_index_that_cannot_be_used_is_refused(log, index, words):
    with pytest.raises(DataError, match=words):
        rm.CalendarEffects.fit(log, season=None, index=index)


def test_a_class_that_is_no_model_is_refused(log):
    with pytest.raises(ParameterError, match="model of purchases"):
        rm.CalendarEffects.fit(log, model=rm.GammaGamma)


def test_a_model_of_regular_purchases_is_refused(log):
    with pytest.raises(ParameterError, match="Estimate it with BGNBD"):
        rm.CalendarEffects.fit(log, model=MBGCNBD2)


def test_pareto_nbd_states_its_assumption():
    log = seasonal_log(days=500, customers=60, acquired=200)
    assert "on the clock of purchases" in rm.CalendarEffects.fit(log, model=rm.ParetoNBD).words


def test_the_engine_gives_the_same_calendar_as_the_rows_in_memory(log, effects):
    from relmark_research.clv.calendar.calendar_effects import of_known
    from relmark_research.customers.log.purchase_history import PurchaseHistory

    history = PurchaseHistory.of(log)
    known = history.known_at(log.observed_until)
    other = of_known(known, history.rows.first_day, options=CalendarOptions(), model=rm.BGNBD)
    assert other.effects == pytest.approx(effects.effects, abs=1e-6)


def test_effects_show_themselves(effects):
    assert "month standard deviation" in repr(effects)
    assert "<table" in effects._repr_html_()


def test_s_of_one_is_the_plain_model(log, flat):
    """Every result on a flat calendar equals that in plain time to 1e-10."""
    plain, on_clock = log.customer_summary(), log.customer_summary(calendar=flat)
    table = plain.table.drop(columns="sum_log_gaps")  # the gaps of plain time
    pd.testing.assert_frame_equal(table, on_clock.table, rtol=1e-12, atol=0)
    fits = [rm.BGNBD.fit(each) for each in (plain, on_clock)]
    spend = rm.GammaGamma(6.25, 3.74, 15.44)
    terms = {"margin": 0.3, "annual_discount_rate": 0.1}
    results = [
        (
            rm.forecast(fit, each, horizon="26 weeks", level=0.9),
            rm.lifetime_value(fit, spend, each, horizon="12 months", **terms),
            rm.lifetime_value(fit, spend, each, **terms),
            rm.tracking(fit, log)[["expected", "cumulative_expected"]],
            rm.clv.customer_history(fit, log, customer_id="3")[["p_alive"]],
        )
        for fit, each in zip(fits, (plain, on_clock), strict=True)
    ]
    for one, other in zip(*results, strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=1e-10, atol=1e-12)


def test_horizons_follow_the_calendar(log, effects):
    customers = log.customer_summary(calendar=effects)
    fit = rm.BGNBD.fit(customers)
    last = log.observed_until
    rates = effects.relative_rates(last + timedelta(days=1), date(2022, 5, 14))
    total = rm.clv.total_purchases(fit, customers, horizon="2022-05-14", level=None)
    model, table = fit.model, customers.table
    expected = model.conditional_expected_purchases(
        rates.sum() / 7, table["frequency"], table["recency"], table["T"]
    )
    assert total.expected == pytest.approx(expected.sum(), rel=1e-9)


def test_values_are_discounted_by_the_calendar(log, effects):
    """Against the sum over days of exp(-delta t) dE[X(A(t))]."""
    customers = log.customer_summary(calendar=effects)
    fit, spend = rm.BGNBD.fit(customers), rm.GammaGamma(6.25, 3.74, 15.44)
    found = rm.lifetime_value(
        fit, spend, customers, margin=1.0, annual_discount_rate=0.4, horizon="40 weeks"
    )["discounted_purchases"]
    x, t_x, T = (customers.table[name].to_numpy()[:20] for name in ("frequency", "recency", "T"))
    first = date.fromordinal(log.observed_until.toordinal() + 1)
    clock = np.cumsum(effects.relative_rates(first, date.fromordinal(first.toordinal() + 279))) / 7
    until = np.array([fit.model.conditional_expected_purchases(end, x, t_x, T) for end in clock])
    by_day = np.diff(until, axis=0, prepend=0)
    discount = np.exp(-np.log(1.4) * (np.arange(280) + 0.5) / 365.2425)
    assert found.to_numpy()[:20] == pytest.approx(discount @ by_day, rel=3e-5)


def test_tracking_on_the_calendar_sums_expectations_by_customer(log, effects):
    customers = log.customer_summary(calendar=effects)
    fit = rm.BGNBD.fit(customers)
    found = rm.tracking(fit, log)["cumulative_expected"].iloc[-1]
    ages = customers.T
    end = log.observed_from.toordinal() + 7 * len(rm.tracking(fit, log)) - 1
    rest = log.observed_until.toordinal() - end
    if rest:
        after = effects.relative_rates(date.fromordinal(end + 1), log.observed_until).sum() / 7
        ages = np.maximum(ages - after, 0)
    assert found == pytest.approx(fit.model.expected_purchases(ages).sum(), rel=1e-7)


def test_fits_and_customers_on_different_clocks_are_refused(log, effects):
    plain, on_clock = log.customer_summary(), log.customer_summary(calendar=effects)
    for fitted, given in ((plain, on_clock), (on_clock, plain)):
        with pytest.raises(ParameterError, match=r"plain time"):
            rm.forecast(rm.BGNBD.fit(fitted), given, horizon="4 weeks")


def test_a_fit_on_a_calendar_is_not_written(effects):
    with pytest.raises(ParameterError, match="calendar"):
        rm.BGNBD.fit(seasonal_log(customers=50).customer_summary(calendar=effects)).to_json()


def test_months_have_no_operational_time(log, effects):
    with pytest.raises(ParameterError, match="week"):
        log.until("2022-03-31").customer_summary(unit="month", calendar=effects)


def test_compare_models_takes_the_same_split_on_a_calendar(log):
    at = "2021-09-30"
    effects = rm.CalendarEffects.fit(log.until(at))
    plain, on_clock = log.split(at=at), log.split(at=at, calendar=effects)
    compared = rm.compare_models(plain, models=["BGNBD"], on_calendar=on_clock)
    assert {"BGNBD", "BGNBD, calendar"} <= set(compared.table.index)
    scores = compared.table["log_score"]
    assert scores["BGNBD, calendar"] > scores["BGNBD"] - 0.05
    assert compared.refit(log.customer_summary()).fit.calendar is None
    with pytest.raises(ParameterError, match="on a calendar"):
        rm.compare_models(plain, models=["BGNBD"], on_calendar=plain)


def test_an_event_without_a_day_in_the_log_is_said_to_be_unknown(log):
    effects = rm.CalendarEffects.fit(log, season=None, events={"sale": ["2031-03-01"]})
    assert "No day of sale is in the log" in effects.words
    assert "On days of sale" not in effects.words


def test_a_season_that_chance_explains_is_said_to_be_none():
    log = seasonal_log(customers=300, months=np.ones(12))
    assert "No season by month is distinguishable from chance." in rm.CalendarEffects.fit(log).words


def test_a_calendar_and_its_fit_survive_pickling(log):
    effects = rm.CalendarEffects.fit(log)
    fit = effects.purchase_fit
    again = pickle.loads(pickle.dumps(fit))
    days = "2021-01-01", "2021-12-31"
    assert (again.calendar.relative_rates(*days) == effects.relative_rates(*days)).all()
    assert again.likelihood.evaluate(np.log(fit.model.values)).value == pytest.approx(
        fit.log_likelihood
    )


def test_days_may_be_text():
    index = pd.Series(1.0, index=pd.date_range("2021-01-01", periods=400))
    effects = rm.CalendarEffects.of_index(index, until="2022-01-31")
    assert effects.relative_rates("2022-01-01", "2022-01-02").tolist() == [1, 1]
    assert effects.by_day("2022-01-01", "2022-01-02")["rate"].tolist() == [1, 1]
    with pytest.raises(ParameterError, match="until"):
        rm.CalendarEffects.of_index(index, until=None)


@pytest.mark.parametrize("factor", [1e-300, 1e300])
def test_only_the_ratios_of_an_index_count(factor):
    log = seasonal_log(customers=150, days=800)
    index = pd.Series(np.tile([0.5, 1.5], 600), index=pd.date_range("2018-06-01", periods=1200))
    plain, scaled = (rm.CalendarEffects.fit(log, index=index * f) for f in (1.0, factor))
    assert scaled.log_likelihood == pytest.approx(plain.log_likelihood, rel=1e-8)
    assert scaled.notes == plain.notes
