"""The total, its parts by customer and group, its money, and its doors."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from tests.clv.forecasting.conftest import forecast


def test_the_total_is_the_weighted_geometric_mean_of_its_candidates(log, total):
    """Half a purchase is added to each, and taken off again."""
    customers = log.customer_summary()
    fit = rm.BGNBD.fit(customers)
    model = rm.clv.total_purchases(fit, customers, horizon="8 weeks").expected
    rows = log.to_pandas().drop_duplicates(["customer_id", "date"])
    first = rows.groupby("customer_id")["date"].transform("min")
    end = rows["date"].max()
    begin = end - pd.Timedelta(days=56)
    last = ((rows["date"] > begin) & (first <= begin)).sum()
    last = last * rows["customer_id"].nunique() / rows[first <= begin]["customer_id"].nunique()
    lived = (end - rows.groupby("customer_id")["date"].min()).dt.days.sum()
    repeats = len(rows) - rows["customer_id"].nunique()
    rate = repeats / lived * 56 * rows["customer_id"].nunique()
    year = rows["date"].between(end - pd.Timedelta(days=363), end - pd.Timedelta(days=308))
    then = first <= end - pd.Timedelta(days=364)
    year = (year & then).sum() * total.n_customers / rows[then]["customer_id"].nunique()
    values = {
        "BGNBD": model,
        "same as last period": last,
        "same period last year": year,
        "rate times horizon": rate,
    }
    assert sum(total.models.values()) == pytest.approx(1)
    assert set(total.models) == set(values)
    logs = sum(weight * np.log(values[name] + 0.5) for name, weight in total.models.items())
    assert total.expected == pytest.approx(np.exp(logs) - 0.5, rel=1e-6)


def test_the_facts_of_the_forecast(log, total):
    assert (total.kind, total.measure, total.level) == ("prediction", "purchases", 0.95)
    assert total.origin == log.observed_until
    assert (total.end - total.origin).days == 56
    assert total.n_customers == len(log.customer_summary())
    assert total.low < total.expected < total.high
    assert total.models == total.backtest.weights | total.models
    assert total.errors.n_origins == 5
    words = total.words
    assert f"from {total.n_customers} customers (95% range {total.low:,.0f} to" in words
    assert words.endswith(total.backtest.words)


def test_the_parts_by_customer_add_up(log, total, value):
    for found in (total, value):
        parts = found.per_customer_expected
        assert parts.sum() == pytest.approx(found.expected)
        assert set(parts.index) == set(log.customer_summary().table.index)
        assert (parts >= 0).all()


def test_customers_keep_the_proportions_of_the_model(log, total):
    customers = log.customer_summary()
    fit = rm.BGNBD.fit(customers)
    expected = rm.forecast(fit, customers, horizon="8 weeks")["expected_purchases"]
    found = total.per_customer_expected.reindex(expected.index)
    assert (found / expected).to_numpy() == pytest.approx(found.sum() / expected.sum(), rel=1e-6)


def test_margin_and_discounting_scale_the_range_too(log, value):
    scaled = forecast(log, measure="value", margin=0.3, annual_discount_rate=0.1)
    delta = np.log(1.1) * 56 / 365.2425
    factor = 0.3 * (1 - np.exp(-delta)) / delta
    for name in ("expected", "low", "high"):
        assert getattr(scaled, name) == pytest.approx(getattr(value, name) * factor)
    assert scaled.per_customer_expected.sum() == pytest.approx(scaled.expected)
    high = np.quantile(scaled.draw(draws=20_000, seed=1), 0.975)
    assert np.log(high / scaled.high) == pytest.approx(0, abs=0.1)


def test_new_customers_are_a_forecast_apart(log, total):
    found = forecast(log, new_customers=True)
    assert found.expected == total.expected
    assert found.new_customers.origin == found.origin
    assert total.new_customers is None


def test_groups_add_up_and_share_the_error(log, total):
    ids = total.per_customer_expected.index
    groups = pd.Series(np.where(np.arange(len(ids)) % 3 == 0, "a", "b"), index=ids, name="channel")
    found = total.by(groups)
    assert found.index.name == "channel"
    assert found["customers"].sum() == total.n_customers
    assert found["expected"].sum() == pytest.approx(total.expected)
    assert (found["low"] < found["expected"]).all() and (found["expected"] < found["high"]).all()
    assert found["low"].sum() <= total.low + 1 and found["high"].sum() >= total.high - 1
    pd.testing.assert_frame_equal(found, total.by(groups))
    assert (total.by(groups, level=0.5)["high"] < found["high"]).all()


def test_one_group_of_all_has_the_range_of_the_total(total):
    groups = pd.Series("all", index=total.per_customer_expected.index)
    found = total.by(groups, draws=40_000).loc["all"]
    assert found["expected"] == pytest.approx(total.expected)
    assert [found["low"], found["high"]] == pytest.approx([total.low, total.high], abs=2)


def test_customers_without_a_group_are_not_known(total):
    ids = total.per_customer_expected.index
    some = pd.Series("a", index=ids[:50])
    missing = pd.Series(["a"] * 50 + [None] * (len(ids) - 50), index=ids)
    for groups in (some, missing):
        assert total.by(groups)["customers"].to_dict() == {"a": 50, "not known": len(ids) - 50}
    strangers = pd.Series("z", index=["nobody", "else"])
    assert total.by(strangers)["customers"].to_dict() == {"not known": len(ids)}


@pytest.mark.parametrize("kind", [int, float, str, "category"])
def test_ids_of_another_type_are_the_same_customers(total, kind):
    ids = total.per_customer_expected.index
    numbers = pd.Index(ids.astype(int)).astype(kind)
    assert total.by(pd.Series("a", index=numbers))["customers"].to_dict() == {"a": len(ids)}


def test_a_customer_with_two_groups_is_refused(total):
    ids = total.per_customer_expected.index
    twice = pd.Series("a", index=[*ids, *ids[:3]])
    with pytest.raises(DataError, match="one row per customer_id; found 3 repeated, first"):
        total.by(twice)


def test_an_estimate_has_no_groups_and_no_draws(bought, cdnow):
    estimate = rm.clv.total_purchases(bought, cdnow, horizon="4 weeks")
    with pytest.raises(ParameterError, match="no parts by customer"):
        estimate.by(pd.Series(dtype=object))
    with pytest.raises(ParameterError, match="need a prediction; found an estimate"):
        estimate.draw()


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"horizon": None}, "finite horizon"),
        ({"horizon": "0 weeks"}, "longer than 0; found 0"),
        ({"level": 1.0}, "a probability such as 0.95; found 1"),
        ({"measure": "visits"}, "no measure 'visits'"),
        ({"models": ["Lapse"]}, "no model 'Lapse'"),
        ({"margin": 0.3}, "about money; found them with measure='purchases'"),
        ({"annual_discount_rate": 0.1}, "Use measure='value'"),
        ({"measure": "value", "margin": 0}, r"a share of value in \(0, 1\].*found 0"),
        ({"measure": "value", "margin": 30}, "found 30"),
        ({"measure": "value", "annual_discount_rate": -0.1}, "found -0.1"),
    ],
)
def test_a_question_without_an_answer_is_refused_in_words(log, given, words):
    with pytest.raises(ParameterError, match=words):
        forecast(log, **given)


def test_value_needs_money(rows):
    with pytest.raises(DataError, match="has no money"):
        forecast(rm.read_transactions(rows, value=None), measure="value")


def test_a_day_of_first_purchases_forecasts_nothing():
    frame = pd.DataFrame({"customer_id": range(20), "date": "2021-01-01", "value": 5.0})
    with pytest.raises(DataError, match=r"nothing can be forecast.*repeat purchases.*too short"):
        forecast(rm.read_transactions(frame), origins=3)


def test_a_short_log_has_the_range_of_other_logs_and_says_so(log):
    found = forecast(log, horizon="3 years", origins=20)
    assert found.words.endswith("the range is as wide as errors in other logs.")
    assert found.errors.n_origins == 0
    assert found.low < found.expected < found.high


def test_no_repeat_purchases_forecast_few_not_none():
    days = pd.Timestamp("2021-01-01") + pd.to_timedelta(np.arange(80) * 3, unit="D")
    frame = pd.DataFrame({"customer_id": range(80), "date": days, "value": 5.0})
    found = forecast(rm.read_transactions(frame), origins=3)
    assert found.expected == 0
    assert found.low == 0 < found.high < 6
    assert found.per_customer_expected.sum() == 0


def test_one_customer_has_a_forecast():
    frame = pd.DataFrame(
        {"customer_id": "a", "date": ["2021-01-01", "2021-02-01", "2021-08-01"], "value": 5.0}
    )
    found = forecast(rm.read_transactions(frame), origins=3)
    assert found.n_customers == 1
    assert found.low <= found.expected <= found.high


def test_the_calendar_and_what_it_changed_stand_with_the_forecast(seasonal):
    log = seasonal[0]
    origins = ["2020-08-01", "2020-12-01"]
    total = forecast(log, horizon="13 weeks", origins=origins, calendar=None)
    assert total.calendar.table().loc["Nov", "relative"] > 1.2
    assert total.calendar_weight == total.models["BGNBD, calendar"] > 0
    plain = dict(total.models)
    customers = log.customer_summary()
    fit = rm.BGNBD.fit(customers)
    model = rm.clv.total_purchases(fit, customers, horizon="13 weeks", level=None).expected
    effects = rm.CalendarEffects.fit(log)
    on_clock = log.customer_summary(calendar=effects)
    with_calendar = rm.clv.total_purchases(
        rm.BGNBD.fit(on_clock), on_clock, horizon="13 weeks", level=None
    ).expected
    ratio = ((with_calendar + 0.5) / (model + 0.5)) ** plain["BGNBD, calendar"]
    assert (total.expected + 0.5) / (total.expected_without_calendar + 0.5) == pytest.approx(
        ratio, rel=1e-5
    )


def test_without_a_calendar_nothing_is_said_of_it(total):
    assert total.calendar is None
    assert total.calendar_weight == 0
    assert total.expected_without_calendar is None


def test_margin_scales_the_total_without_a_calendar_too(seasonal):
    how = {"horizon": "13 weeks", "origins": ["2020-08-01"], "measure": "value", "calendar": None}
    whole, half = (forecast(seasonal[0], margin=margin, **how) for margin in (None, 0.5))
    assert half.expected_without_calendar == pytest.approx(whole.expected_without_calendar / 2)


def test_value_of_returns_that_are_kept_is_forecast():
    """A customer whose returns exceed their purchases has a mean spend below 0."""
    rng = np.random.default_rng(5)
    table = rm.load_cdnow().days.to_pandas()[["customer_id", "date"]].iloc[:700]
    table["value"] = np.where(rng.random(len(table)) < 0.2, -5.0, 20.0)
    log = rm.read_transactions(table, returns="keep")
    how = {"models": ["BGNBD"], "measure": "value", "calendar": False}
    total = forecast(log, horizon="13 weeks", origins=["1997-12-31"], **how)
    assert total.low < total.expected < total.high
