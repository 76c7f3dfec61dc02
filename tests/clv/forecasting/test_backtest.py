"""Backtests: nothing that came after an origin is used, and the doors answer in words."""

from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting.backtest import COMBINED
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS, LAST_PERIOD
from relmark_research.clv.forecasting.forecast_errors import PRIORS
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.forecasting.error_scale import fit_scale
from relmark_research.stats.intervals import t_quantile
from tests.clv.forecasting.conftest import HORIZON, ORIGINS, forecast
from tests.clv.forecasting.simulated import Truth, purchases

ISSUED = ["model", "benchmark", "weight", "expected", "low", "high"]  # known at the origin
DAYS = 56


def run(log, **how):
    given = {"horizon": HORIZON, "models": ["BGNBD"], "origins": ORIGINS, **how}
    return rm.backtest(log, **given)


def small(rows, **how):
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    return rm.read_transactions(frame, **how)


def later_purchases_removed(rows, day):
    return rows[rows["date"] <= day]


def more_purchases_later(rows, day):
    """All later purchases are worth more, and each customer buys once more in the next days."""
    later = rows["date"] > day
    more = rows.drop_duplicates("customer_id").assign(date=day + pd.Timedelta(days=9))
    return pd.concat([rows.assign(value=rows["value"].where(~later, 7 * rows["value"])), more])


def later_purchases_of_others(rows, day):
    """All later purchases are made by new customers instead."""
    later = rows["date"] > day
    ids = rows["customer_id"].astype(int)
    return rows.assign(customer_id=ids.where(~later, ids + 10_000))


CHANGES = [more_purchases_later, later_purchases_of_others, later_purchases_removed]


@pytest.fixture(scope="module")
def tested_value(log):
    return run(log, measure="value")


FEW = [
    (CHANGES[0], 1, "purchases"),
    (CHANGES[1], 3, "purchases"),
    (CHANGES[2], 3, "value"),
]
MORE = [(CHANGES[0], 3, "value"), (CHANGES[1], 1, "value"), (CHANGES[2], 3, "purchases")]


@pytest.mark.parametrize(
    ("change", "place", "measure"),
    [*FEW, *(pytest.param(*each, marks=pytest.mark.slow) for each in MORE)],
)
def test_a_forecast_uses_nothing_that_came_later(
    rows, tested, tested_value, change, place, measure
):
    """Bit for bit, whatever happens after the origin; the end of the log stays where it was."""
    expected = tested if measure == "purchases" else tested_value
    assert_unchanged(rows, expected, change, ORIGINS[: place + 1])


@pytest.mark.slow
@pytest.mark.parametrize("measure", ["purchases", "value"])
@pytest.mark.parametrize("seed", range(3))
def test_no_log_has_a_forecast_that_uses_what_came_later(seed, measure):
    truth = Truth(season=0.3 * (seed % 2), drift=0.2 * seed, k=1 + seed % 3)
    rows = purchases(truth, customers=40 + 30 * seed, days=400, seed=50 + seed)
    every = run(rm.read_transactions(rows), measure=measure)
    for place in (1, 3):
        for change in CHANGES:
            assert_unchanged(rows, every, change, ORIGINS[: place + 1])


def assert_unchanged(rows, expected, change, origins):
    """Compare the rows of the last origin with those of the log whose later rows are changed."""
    day = pd.Timestamp(origins[-1])
    end = pd.DataFrame({"customer_id": [99_999], "date": [rows["date"].max()], "value": [1.0]})
    log = rm.read_transactions(pd.concat([change(rows, day), end]))
    tables = (run(log, measure=expected.measure, origins=origins).table, expected.table)
    found, own = (table[table["origin"] == day][ISSUED].reset_index(drop=True) for table in tables)
    assert len(found) >= 3
    pd.testing.assert_frame_equal(found, own, check_exact=True)


def test_later_purchases_do_change_what_is_measured(rows, tested):
    """The test above would notice: the actual totals differ."""
    changed = more_purchases_later(rows, pd.Timestamp(ORIGINS[1]))
    found = run(rm.read_transactions(changed)).issued
    assert (found["actual"] != tested.issued["actual"]).any()
    assert not np.allclose(found["expected"], tested.issued["expected"])


def test_a_row_is_the_forecast_that_would_have_been_issued(log, tested):
    """`forecast_total` of the log until the origin, with the origins finished by then."""
    day = date.fromisoformat(ORIGINS[4])
    until = [each for each in ORIGINS if date.fromisoformat(each) + timedelta(DAYS) <= day]
    assert len(until) == 3
    issued = forecast(log.until(day), origins=until)
    row = tested.issued.iloc[4]
    assert row["origin"] == pd.Timestamp(day)
    assert (issued.expected, issued.low, issued.high) == (row["expected"], row["low"], row["high"])
    rows = tested.table[(tested.table["origin"] == row["origin"])]
    weights = rows[rows["model"] != COMBINED].set_index("model")["weight"]
    assert issued.models == weights.to_dict()


def test_the_actual_total_is_what_the_known_customers_bought(rows, log, tested):
    for row in tested.issued.itertuples():
        assert row.end == row.origin + pd.Timedelta(days=DAYS)
        known = rows[rows["date"] <= row.origin]["customer_id"].unique()
        within = rows[(rows["date"] > row.origin) & (rows["date"] <= row.end)]
        within = within[within["customer_id"].isin(known)]
        assert row.actual == len(within.drop_duplicates(["customer_id", "date"]))


def test_the_table_has_a_row_per_origin_and_forecast(tested):
    assert set(tested.table["model"]) <= {COMBINED, "BGNBD", *BENCHMARKS}
    assert not tested.table.duplicated(["origin", "model"]).any()
    table = tested.table[tested.table["model"] != COMBINED]
    assert table.groupby("origin")["weight"].sum().to_numpy() == pytest.approx(np.ones(5))
    assert table["benchmark"].tolist() == [name in BENCHMARKS for name in table["model"]]
    held = (tested.issued["low"] <= tested.issued["actual"]) & (
        tested.issued["actual"] <= tested.issued["high"]
    )
    assert tested.issued["held"].tolist() == held.tolist()
    assert tested.held == held.sum()


def test_a_benchmarks_range_is_t_times_its_past_errors(tested):
    table = tested.table[tested.table["model"] == LAST_PERIOD].set_index("origin")
    row = table.loc[pd.Timestamp(ORIGINS[4])]
    done = table[table["end"] <= row.name]
    errors = np.log((done["actual"] + 0.5) / (done["expected"] + 0.5))
    assert len(errors) == 3
    size = float(t_quantile(0.95, len(errors))) * np.sqrt(np.mean(errors**2))
    assert (row["low"], row["high"]) == pytest.approx(
        (row["expected"] * np.exp(-size), row["expected"] * np.exp(size)), rel=1e-9
    )
    assert row["held"] == (row["low"] <= row["actual"] <= row["high"])
    first = table.loc[pd.Timestamp(ORIGINS[0])]
    assert np.isnan(first["low"]) and first["held"] is pd.NA  # no range, so none that missed


def test_another_level_leaves_the_forecasts(tested):
    wider = tested.at_level(0.99).issued
    assert wider["expected"].tolist() == tested.issued["expected"].tolist()
    assert (wider["high"] > tested.issued["high"]).all()
    assert (wider["low"] <= tested.issued["low"]).all()


def test_the_summary_is_of_the_table(tested):
    summary, issued = tested.summary(), tested.issued
    row = summary.loc[COMBINED]
    assert row["error"] == pytest.approx(issued["error"].abs().mean())
    assert row["bias"] == pytest.approx(issued["expected"].sum() / issued["actual"].sum() - 1)
    assert row["coverage"] == issued["held"].mean()
    assert row["width"] == pytest.approx(
        ((issued["high"] - issued["low"]) / issued["actual"]).mean()
    )
    assert summary["error"].is_monotonic_increasing
    assert np.isfinite(
        summary.loc["BGNBD", ["log_score", "mean_absolute_error"]].astype(float)
    ).all()


def test_words_and_representations_say_how_often_ranges_held(tested):
    assert f"the 95% range held the actual total {tested.held} times" in tested.words
    assert repr(tested) == (
        "<Backtest: measure purchases, horizon (days) 56, origins 5, level 0.95, held "
        f"{tested.held}>"
    )
    assert "BGNBD" in tested._repr_html_()


def test_a_log_without_money_has_the_same_purchases(rows, tested):
    found = run(rm.read_transactions(rows, value=None))
    pd.testing.assert_frame_equal(found.table, tested.table)


@pytest.mark.parametrize(
    ("given", "error", "words"),
    [
        ({"horizon": None}, ParameterError, "finite horizon such as '52 weeks'; found an infinite"),
        ({"horizon": "0 weeks"}, ParameterError, "longer than 0; found 0"),
        ({"horizon": "0.01 weeks"}, ParameterError, "must end after the data do"),
        ({"horizon": "2020-01-01"}, ParameterError, "found until 2020-01-01"),
        ({"level": 0}, ParameterError, "a probability such as 0.95; found 0"),
        ({"level": 95}, ParameterError, "a probability such as 0.95; found 95"),
        ({"measure": "visits"}, ParameterError, "no measure 'visits'; there are: purchases, value"),
        ({"models": ["Lapse"]}, ParameterError, "no model 'Lapse'; there are: .*BGNBD"),
        ({"models": ["GammaGamma"]}, ParameterError, "must be models of purchases; found"),
        ({"models": []}, ParameterError, "at least one model of purchases; found none"),
        ({"benchmarks": ["luck"]}, ParameterError, "no benchmark 'luck'; there are: same as last"),
        ({"benchmarks": "luck"}, ParameterError, "no benchmark 'luck'"),
        ({"origins": 0}, ParameterError, "origins must be a whole number, 1 or more; found 0"),
        ({"origins": 2.5}, ParameterError, "origins must be a whole number, 1 or more; found 2.5"),
        ({"origins": []}, ParameterError, "found none"),
        ({"origins": ["soon"]}, ParameterError, "such as '1997-09-30'; found 'soon'"),
        ({"origins": ORIGINS[:1] * 2}, ParameterError, "each origin may come once; found 2"),
        ({"origins": ["2019-01-01"]}, DataError, "found 1 outside, first 2019-01-01"),
        ({"origins": ["2022-01-31"]}, DataError, "2021-12-13 or earlier; found 1 later"),
    ],
)
def test_a_question_without_an_answer_is_refused_in_words(log, given, error, words):
    with pytest.raises(error, match=words):
        run(log, **given)


def test_a_short_log_has_an_empty_backtest_and_says_so(log):
    found = run(log, horizon="3 years", origins=20)
    assert len(found.table) == len(found.summary()) == found.held == 0
    assert found.words == (
        "The log is too short to test a forecast over this horizon; the range is as wide as errors "
        "in other logs."
    )
    assert found.errors.n_origins == 0
    assert found.errors.sigma == pytest.approx(fit_scale(None, PRIORS["purchases"]).sigma)
    assert found.at_level(0.8).errors.n_origins == 0


def test_errors_over_half_the_horizon_are_used_where_none_are_over_all_of_it(log):
    found = run(log, horizon="50 weeks", origins=4)
    assert len(found.issued) == 0
    assert found.errors.n_origins == 4
    assert "errors over half of it and in other logs" in found.words


def test_a_model_that_cannot_be_fitted_is_listed_and_benchmarks_stand_in():
    once = small([(f"c{i}", pd.Timestamp("2021-01-01") + pd.Timedelta(3 * i, "D"), 5.0)
                  for i in range(80)])  # fmt: skip
    found = run(once, origins=3)
    assert set(found.failures["model"]) == {"BGNBD"}
    assert "none of" in found.failures["reason"].iloc[0]
    assert COMBINED in found.summary().index
    assert found.words.endswith("The actual total was 0 each time.")
    assert found.held == 3
    assert (found.issued["high"] > 0).all()  # no total is certain to be 0


def test_a_holdout_without_purchases_has_no_share_of_nothing(rows):
    quiet = rows[rows["date"] < "2021-07-01"]
    end = pd.DataFrame({"customer_id": [9999], "date": [rows["date"].max()], "value": [3.0]})
    found = run(rm.read_transactions(pd.concat([quiet, end])), origins=5)
    assert (found.issued["actual"].iloc[-2:] == 0).all()
    assert found.issued["error"].iloc[-2:].isna().all()
    summary = found.summary().loc[COMBINED]
    assert summary[["width", "interval_score", "crps"]].astype(float).max() < 100
    assert "nan" not in found.words


def test_a_day_of_net_returns_is_a_total_of_zero_not_a_perfect_forecast(rows):
    """With returns kept a holdout's value may be negative: its error is large, not missing."""
    late = rows["date"] > "2021-11-01"
    log = rm.read_transactions(
        rows.assign(value=rows["value"].where(~late, -rows["value"])), returns="keep"
    )
    found = run(log, measure="value")
    assert found.issued["actual"].iloc[-1] < 0
    assert found.errors.sigma > 0.3
    assert (
        found.table[["expected", "low", "high"]][found.table["model"] == COMBINED]
        .notna()
        .all(axis=None)
    )


@pytest.mark.parametrize(
    "bought",
    [
        [("a", "2021-01-01", 5.0), ("a", "2021-02-01", 5.0), ("a", "2021-08-01", 7.0)],
        [(f"c{i}", "2021-01-01", 5.0) for i in range(20)],
    ],
    ids=["one customer", "all on one day"],
)
def test_tiny_logs_have_a_backtest(bought):
    found = run(small(bought), origins=3)
    assert found.words
    assert found.summary() is not None


@pytest.mark.parametrize("measure", ["purchases", "value"])
def test_five_customers_have_a_backtest(rows, measure):
    few = rows[rows["customer_id"] < 5]
    issued = run(rm.read_transactions(few), origins=3, measure=measure).issued
    assert np.isfinite(issued[["expected", "low", "high"]]).all(axis=None)
    assert (issued["low"] <= issued["expected"]).all()


def test_a_calendar_is_tested_where_a_year_was_known(seasonal):
    table = seasonal[1].table
    origins = table.loc[table["model"] == "BGNBD, calendar", "origin"]
    assert origins.min() == pd.Timestamp("2020-04-01")  # the first was after 8 months
    assert len(origins) == 4


def test_before_there_is_a_calendar_its_model_counts_instead(seasonal):
    tested = seasonal[1]
    both = tested.comparable.set_index(["origin", "model"])["expected"]
    first = pd.Timestamp("2019-09-01")
    assert both[first, "BGNBD, calendar"] == both[first, "BGNBD"]
    assert tested.summary().loc["BGNBD, calendar", "forecasts"] == 5
    record = next(one for one in tested.records if str(one.origin) == "2019-09-01")
    assert record.log_error("BGNBD, calendar") == record.log_error("BGNBD")


def test_the_forecast_on_a_calendar_is_that_of_its_model_on_the_clock(seasonal):
    log, tested = seasonal
    known = log.until("2020-08-01")
    effects = rm.CalendarEffects.fit(known)
    customers = known.customer_summary(calendar=effects)
    fit = rm.BGNBD.fit(customers)
    total = rm.clv.total_purchases(fit, customers, horizon="13 weeks", level=None)
    table = tested.table.set_index(["origin", "model"])["expected"]
    found = table[pd.Timestamp("2020-08-01"), "BGNBD, calendar"]
    assert found == pytest.approx(total.expected, rel=1e-5)


def test_without_a_calendar_there_are_only_plain_models(seasonal):
    tested = rm.backtest(
        seasonal[0], horizon="13 weeks", models=["BGNBD"], origins=["2020-08-01"], calendar=False
    )
    assert not tested.table["model"].str.endswith("calendar").any()


def test_declared_events_need_no_year(seasonal):
    options = rm.clv.CalendarOptions(season=None, events={"sale": [("2019-06-01", "2019-06-20")]})
    tested = rm.backtest(
        seasonal[0], horizon="8 weeks", models=["BGNBD"], origins=["2019-09-01"], calendar=options
    )
    assert "BGNBD, calendar" in set(tested.table["model"])
