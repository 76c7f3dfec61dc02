"""Lifetime values and their totals, their intervals, and what is refused."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError

TERMS = {"margin": 0.3, "annual_discount_rate": 0.1}


def summed(table):
    return rm.CustomerSummary(table, unit="week", observed_until="1997-09-30")


@pytest.fixture(scope="module")
def values(bought, paid, cdnow):
    return rm.lifetime_value(bought, paid, cdnow, horizon="12 months", level=0.95, **TERMS)


def test_value_is_margin_times_spend_times_purchases(values, bought, paid, cdnow):
    history = cdnow.frequency, cdnow.recency, cdnow.T
    delta = np.log(1.1) * 7 / 365.2425
    discounted = bought.model.discounted_expected_purchases(delta, *history, horizon=365 / 7)
    spent = paid.model.conditional_expected_spend(cdnow.frequency, cdnow.monetary_value)
    np.testing.assert_allclose(values["discounted_purchases"], discounted, rtol=1e-9)
    np.testing.assert_allclose(values["clv"], 0.3 * spent * discounted, rtol=1e-9)
    assert (values["clv_low"] < values["clv"]).all()
    assert (values["clv"] < values["clv_high"]).all()


def test_discounted_purchases_are_simulated_ones(bought, cdnow):
    """Each purchase of simulated living customers, discounted at its moment."""
    model, delta, horizon = bought.model.living(3, 20, 30), 0.01, 60.0
    rng = np.random.default_rng(8)
    rate = rng.gamma(model.r, 1 / model.alpha, 60_000)
    dropout = rng.beta(model.a, model.b, 60_000)
    value, now, alive = np.zeros(60_000), np.zeros(60_000), np.ones(60_000, bool)
    while alive.any():
        now = now + rng.standard_exponential(60_000) / rate
        alive &= now <= horizon
        value += alive * np.exp(-delta * now)
        alive &= rng.random(60_000) >= dropout
    exact = model.discounted_purchases(delta, horizon)
    assert abs(value.mean() - exact) < 4 * value.std() / np.sqrt(60_000)


def test_customers_without_repeats_spend_the_population_mean(values, paid, cdnow):
    once = values[cdnow.frequency == 0]
    np.testing.assert_allclose(once["expected_spend"], paid.model.expected_spend(), rtol=1e-12)


def test_interval_holds_the_uncertainty_of_both_fits(values, bought, paid, cdnow):
    certain_spend = rm.Fit(paid.model, paid.covariance * 1e-12, paid.log_likelihood, 946,
                           paid.diagnosis)  # fmt: skip
    certain_purchases = rm.Fit(bought.model, bought.covariance * 1e-12, bought.log_likelihood,
                               2357, bought.diagnosis)  # fmt: skip
    terms = {"horizon": "12 months", "level": 0.95, **TERMS}
    by_purchases = rm.lifetime_value(bought, certain_spend, cdnow, **terms)
    by_spend = rm.lifetime_value(certain_purchases, paid, cdnow, **terms)
    widths = [np.log(v["clv_high"] / v["clv_low"]) for v in (values, by_purchases, by_spend)]
    np.testing.assert_allclose(widths[0] ** 2, widths[1] ** 2 + widths[2] ** 2, rtol=1e-6)
    assert (widths[2] > 0).all()


def test_interval_agrees_with_draws_of_the_parameters(values, bought, paid, cdnow):
    rows = np.arange(0, len(cdnow), 120)
    some = summed(cdnow.table.iloc[rows])
    pairs = zip(bought.draws(250, seed=1), paid.draws(250, seed=2), strict=True)
    drawn = [rm.lifetime_value(*pair, some, horizon="12 months", **TERMS)["clv"] for pair in pairs]
    low, high = np.quantile(np.array(drawn), [0.025, 0.975], axis=0)
    interval = values.iloc[rows]
    assert np.median(np.abs(interval["clv_low"] - low) / (high - low)) < 0.15
    assert np.median(np.abs(interval["clv_high"] - high) / (high - low)) < 0.15


def test_total_is_the_sum_with_its_own_interval(values, bought, paid, cdnow):
    total = rm.total_value(bought, paid, cdnow, horizon="12 months", **TERMS)
    assert total.expected == pytest.approx(values["clv"].sum(), rel=1e-12)
    drawn = [
        rm.total_value(*pair, cdnow, horizon="12 months", level=None, **TERMS).expected
        for pair in zip(bought.draws(120, seed=3), paid.draws(120, seed=4), strict=True)
    ]
    deviation = np.log(total.high / total.low) / (2 * 1.959964)
    assert np.std(np.log(drawn)) == pytest.approx(deviation, rel=0.25)
    assert np.mean(np.log(drawn)) == pytest.approx(np.log(total.expected), abs=0.5 * deviation)
    assert total.low > values["clv_low"].sum()


def test_margin_may_be_a_number_a_column_or_a_series(bought, paid, cdnow):
    each = pd.Series(np.linspace(0.1, 0.9, len(cdnow)), index=cdnow.table.index)
    table = cdnow.table.assign(share=each)
    mixed = each.sample(frac=1, random_state=1)
    terms = {"annual_discount_rate": 0.1, "horizon": "12 months"}
    one = rm.lifetime_value(bought, paid, cdnow, margin=1.0, **terms)["clv"]
    by_column = rm.lifetime_value(bought, paid, summed(table), margin="share", **terms)["clv"]
    by_series = rm.lifetime_value(bought, paid, cdnow, margin=mixed, **terms)["clv"]
    np.testing.assert_allclose(by_column, one * each, rtol=1e-12)
    np.testing.assert_allclose(by_series, one * each, rtol=1e-12)


def test_unsorted_ids_keep_their_spend(bought, paid, cdnow, values):
    mixed = summed(cdnow.table.sample(frac=1, random_state=2))
    found = rm.lifetime_value(bought, paid, mixed, horizon="12 months", **TERMS)
    np.testing.assert_allclose(found["clv"].loc[values.index], values["clv"], rtol=1e-9)


def test_weighted_rows_are_repeated_rows(bought, paid, cdnow):
    rows = cdnow.table.iloc[:300]
    weights = np.arange(300) % 3 + 1
    weighted = summed(rows.assign(n_customers=weights))
    repeated = summed(rows.loc[rows.index.repeat(weights)].reset_index(drop=True))
    one, other = (
        rm.total_value(bought, paid, table, horizon="12 months", **TERMS)
        for table in (weighted, repeated)
    )
    assert one.n_customers == other.n_customers == weights.sum()
    assert one.expected == pytest.approx(other.expected, rel=1e-9)
    assert (one.low, one.high) == pytest.approx((other.low, other.high), rel=1e-6)


def test_twelve_months_are_not_360_days(bought, paid, cdnow):
    days = [
        rm.total_value(bought, paid, cdnow, horizon=horizon, level=None, **TERMS).expected
        for horizon in ("360 days", "12 months", "1998-09-30", "365 days")
    ]
    assert days[0] < days[1] == days[2] == days[3]


def test_infinite_horizon_is_the_limit_of_long_horizons(bought, paid, cdnow):
    whole = rm.total_value(bought, paid, cdnow, level=None, **TERMS).expected
    parts = [
        rm.total_value(bought, paid, cdnow, horizon=f"{n} years", level=None, **TERMS).expected
        for n in (1, 10, 50, 300)
    ]
    assert (np.diff([*parts[:3], whole]) > 0).all()
    assert parts[3] == pytest.approx(whole, rel=1e-8)


def test_prediction_interval_covers_simulated_values(bought, paid):
    """Histories and values simulated from the models exceed the ends as often as they should."""
    model, spend = bought.model, paid.model
    rng = np.random.default_rng(11)
    n = 3000
    rate, dropout = rng.gamma(model.r, 1 / model.alpha, n), rng.beta(model.a, model.b, n)
    nu = rng.gamma(spend.q, 1 / spend.v, n)
    history, later, now, alive = np.zeros((2, n)), np.zeros(n), np.zeros(n), np.ones(n, bool)
    total = np.zeros(n)
    while alive.any():
        now = now + rng.standard_exponential(n) / rate
        alive &= now <= 39 + 26
        paid_now = rng.gamma(spend.p, 1 / nu)
        early = alive & (now <= 39)
        history += np.where(early, 1, 0) * np.array([[1], [0]])
        history[1] = np.where(early, now, history[1])
        total += np.where(early, paid_now, 0)
        later += np.where(alive & ~early, paid_now * np.exp(-0.002 * (now - 39)), 0)
        alive &= rng.random(n) >= dropout
    x, t_x = history
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": 39.0,
                          "monetary_value": total / np.where(x > 0, x, np.nan)})  # fmt: skip
    found = rm.lifetime_value(
        model, spend, rm.CustomerSummary(table, unit="week"), margin=1.0, level=0.8,
        annual_discount_rate=np.expm1(0.002 * 365.2425 / 7), horizon="26 weeks",
        kind=rm.clv.PredictionDraws(draws=400, seed=1),
    )  # fmt: skip
    assert abs((later > found["clv_high"] + 1e-9).mean() - 0.1) < 4 * np.sqrt(0.09 / n) + 0.01
    mean = found["clv"].mean()
    assert abs(later.mean() - mean) < 4 * later.std() / np.sqrt(n)
    again = rm.lifetime_value(
        model, spend, rm.CustomerSummary(table, unit="week"), margin=1.0, level=0.8,
        annual_discount_rate=np.expm1(0.002 * 365.2425 / 7), horizon="26 weeks",
        kind=rm.clv.PredictionDraws(draws=400, seed=1),
    )  # fmt: skip
    pd.testing.assert_frame_equal(found, again)


def test_prediction_interval_of_the_total_holds_randomness_and_uncertainty(bought, paid, cdnow):
    estimate = rm.total_value(bought, paid, cdnow, horizon="12 months", level=0.9, **TERMS)
    both = rm.total_value(
        bought,
        paid,
        cdnow,
        horizon="12 months",
        level=0.9,
        kind=rm.clv.PredictionDraws(200, seed=2),
        **TERMS,
    )
    randomness = rm.total_value(
        bought.model, paid.model, cdnow, horizon="12 months", level=0.9,
        kind=rm.clv.PredictionDraws(200, seed=2), **TERMS,
    )  # fmt: skip
    assert randomness.low < both.expected < randomness.high
    assert both.high - both.low > estimate.high - estimate.low
    assert both.high - both.low > randomness.high - randomness.low


def test_invalid_terms_are_refused(bought, paid, cdnow):
    def value(**changed):
        terms = {"horizon": "12 months", **TERMS, **changed}
        return rm.lifetime_value(bought, paid, cdnow, **terms)

    for text, call in {
        r"margin is a share of value in \(0, 1\]": lambda: value(margin=30),
        "no column 'shar'": lambda: value(margin="shar"),
        "2,356 are missing": lambda: value(margin=pd.Series([0.2], index=cdnow.table.index[:1])),
        "Did you mean 0.1": lambda: value(annual_discount_rate=10),
        "infinite horizon needs a discount rate": lambda: value(
            annual_discount_rate=0, horizon=None
        ),
        "at least 2 draws": lambda: value(level=0.9, kind=rm.clv.PredictionDraws(draws=1)),
        "needs fits of purchases and of spend": lambda: rm.lifetime_value(
            bought.model, paid, cdnow, level=0.9, **TERMS
        ),
    }.items():
        with pytest.raises(ParameterError, match=text):
            call()


def test_level_of_a_predicted_total_is_a_probability(bought, paid, cdnow):
    for level in (0, 1, 95):
        with pytest.raises(rm.ParameterError, match="a level is a probability"):
            rm.total_value(
                bought, paid, cdnow, horizon="4 weeks", kind="prediction", level=level, **TERMS
            )


def test_prediction_for_ever_is_refused(bought, paid, cdnow):
    with pytest.raises(rm.ParameterError, match="needs a finite horizon; found an infinite one"):
        rm.total_value(bought, paid, cdnow, kind="prediction", **TERMS)


def test_prediction_is_as_wide_as_the_errors_given(bought, paid, cdnow):
    def total(errors):
        kind = rm.clv.PredictionDraws(100, seed=2, errors=errors)
        return rm.total_value(bought, paid, cdnow, horizon="12 months", kind=kind, **TERMS)

    chance, wide = total(rm.clv.ForecastErrors.none("value")), total(None)
    assert wide.high - wide.low > 2 * (chance.high - chance.low)
    with pytest.raises(rm.ParameterError, match="errors of value are needed; found those of purch"):
        total(rm.clv.ForecastErrors.none("purchases"))


@pytest.mark.parametrize("horizon", [None, "3640 days"])
def test_after_the_weekly_steps_a_calendar_with_another_level_and_a_season_is_discounted(horizon):
    """Against the definition: the sum over four weeks each of exp(-delta t) dE[X(A(t))]."""
    log, days = rm.load_cdnow(), pd.date_range("1996-01-01", "2060-12-31")
    season = np.where(days.month == 1, 4.0, 0.7) * np.where(days < "1998-07-01", 1.0, 0.6)
    calendar = rm.CalendarEffects.of_index(pd.Series(season, index=days), until="1998-06-30")
    customers = log.customer_summary(calendar=calendar)
    fit, spend = rm.BGNBD.fit(customers), rm.GammaGamma.fit(customers)
    customers = customers.with_rows(customers.table.iloc[:60])
    found = rm.lifetime_value(
        fit, spend, customers, margin=1, annual_discount_rate=0.1, horizon=horizon
    )["discounted_purchases"].sum()
    length = 3640 if horizon else 60 * 364
    clock = np.cumsum(calendar.relative_rates("1998-07-01", days[-1].date()))[:length] / 7
    few = customers.distinct_histories()
    x, t_x, T = few.frequency, few.recency, few.T
    alive, living = fit.model.p_alive(x, t_x, T), fit.model.living(x, t_x, T)
    ends = np.arange(28, length + 1, 28)
    totals = [few.weights @ (alive * living.expected_purchases(clock[end - 1])) for end in ends]
    factors = 1.1 ** (-(ends - 14) / 365.2425)
    assert found == pytest.approx(factors @ np.diff(totals, prepend=0), rel=1.5e-3)
