"""The text of report 03; the notebook also runs without intervals, dropout or a mean spend."""

import json
from dataclasses import replace
from datetime import date
from pathlib import Path
from types import SimpleNamespace

import IPython.display
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting import backtest
from relmark_research.clv.forecasting.backtest import Backtest
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS
from relmark_research.clv.forecasting.value_bias import ValueBias
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.clv.validation.interpurchase_regularity import PurchaseRegularity
from relmark_research.clv.validation.model_selection import ModelSelection
from relmark_research.errors import ParameterError
from relmark_research.formats import count, formatter
from relmark_research.narrative import report_03
from relmark_research.reporting.record.manifest import RECORD_MIME

NOTEBOOK = Path(__file__).parents[2] / "notebooks" / "03_lifetime_value.ipynb"
EURO = formatter("EUR")


@pytest.fixture(scope="module")
def staying(tmp_path_factory):
    """A log of customers who buy more regularly than at random, and never leave."""
    rng, rows = np.random.default_rng(3), []
    for customer in range(250):
        gaps = rng.gamma(3, 7 / (3 * rng.gamma(1.2, 1 / 8)), 200)
        days = rng.integers(0, 180) + np.unique(np.ceil(np.append(0, gaps.cumsum())))
        days = days[days < 364]
        spent = rng.gamma(5, 10 / rng.gamma(4, 1.0), len(days)) + 0.01
        rows += [(f"c{customer}", day, value) for day, value in zip(days, spent, strict=True)]
    log = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    log["date"] = pd.Timestamp("2023-01-02") + pd.to_timedelta(log["date"], unit="D")
    path = tmp_path_factory.mktemp("log") / "staying.csv"
    log.to_csv(path, index=False)
    return path


@pytest.fixture(scope="module")
def heavy(tmp_path_factory):
    """A log of customers who spend so unevenly that spend has no mean."""
    rng, rows = np.random.default_rng(1), []
    for customer in range(500):
        days = rng.integers(0, 180) + np.cumsum(rng.exponential(1 / rng.gamma(1.2, 1 / 60), 20))
        days = np.unique(days[: rng.geometric(0.2)].round())
        spent = rng.gamma(6, 1 / rng.gamma(0.7, 1 / 15), len(days)).round(2) + 0.01
        rows += [(customer, day, value) for day, value in zip(days, spent, strict=True)]
    log = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    log = log[log["date"] < 540]
    log["date"] = pd.Timestamp("2023-01-02") + pd.to_timedelta(log["date"], unit="D")
    path = tmp_path_factory.mktemp("log") / "heavy.csv"
    log.to_csv(path, index=False)
    return path


@pytest.fixture
def shown(monkeypatch):
    """What a notebook displays; one forecast of the past tests its forecast."""
    monkeypatch.setattr(backtest, "ORIGINS", 1)
    kept = []
    monkeypatch.setattr(IPython.display, "display", lambda data, **_: kept.append(data))
    return kept


def ran(source, shown, **parameters):
    """Run the notebook's cells; return its answer, its findings, its text and its key figures."""
    names = {}
    for cell in json.loads(NOTEBOOK.read_text())["cells"]:
        if cell["cell_type"] == "code":
            exec("".join(cell["source"]), names)
            if "parameters" in cell["metadata"].get("tags", []):
                names |= {"source": str(source), "currency": "EUR"} | parameters
    records = [data[RECORD_MIME] for data in shown if RECORD_MIME in data]
    kinds = ("answer", "key_figure", "forecast")
    said = {kind: [r for r in records if r["kind"] == kind] for kind in kinds}
    texts = [r["text"] for r in records if r["kind"] in ("say", "finding")]
    figures = sum(data.get("text/html", "").startswith("<figure") for data in shown)
    return said["answer"][0]["text"], said["key_figure"], " ".join(texts), figures


@pytest.mark.slow
def test_it_runs_without_dropout(staying, shown):
    answer, key_figures, text, figures = ran(
        staying, shown, models=["BGNBD", "MBGNBD"], horizon="13 weeks"
    )
    assert answer.startswith(
        "In the next 13 weeks our 250 customers are expected to bring a margin"
    )
    assert "if the margin is 30% of revenue, as assumed." in answer
    assert "In this log's own backtest such ranges held the actual total" in answer
    assert answer.endswith("Purchases are too regular for this model to detect dropout.")
    assert key_figures[0]["low"] < key_figures[0]["value"] < key_figures[0]["high"]
    assert "model without dropout is selected, but purchases are too regular for it" in text
    assert "counts all 250 customers as active" in text
    assert "but purchases are more regular than it assumes (k = " in text
    assert "No upper bound of dropout is given" in text
    assert "hold the uncertainty of the parameters only, given no dropout." in text
    assert "past ranges held the actual total; the mean error was" in text
    assert "No stored forecast is finished yet" in text
    assert "when the data reach 31 March 2024." in text
    assert "at risk of dropout" not in text
    assert "2. **Spend by value.**" in text
    assert figures == 5  # neither P(alive) nor its matrix, which would be all one
    assert "median)" not in answer  # spend has a mean, which is not mentioned
    assert key_figures[0]["meaning"] == (
        "margin of the next 13 weeks, discounted; 30% of revenue is assumed"
    )
    forecasts = [data[RECORD_MIME] for data in shown if data.get(RECORD_MIME, {}).get("name")]
    forecasts = [record for record in forecasts if record["kind"] == "forecast"]
    assert [(each["measure"], each["unit"]) for each in forecasts] == [
        ("purchases", ""),
        ("value", "EUR"),
    ]
    assert 0.28 < forecasts[1]["factor"] < 0.3  # the margin, discounted over a quarter
    assert "no mean" not in text


def test_it_runs_without_intervals(staying, shown, monkeypatch):
    fit = rm.GammaGamma.fit

    def lost(customers, **kept):
        found = fit(customers, **kept)
        said = replace(found.diagnosis, status="not converged", message="a slope is left")
        return replace(found, diagnosis=said)

    monkeypatch.setattr(rm.GammaGamma, "fit", lost)
    with pytest.warns(UserWarning, match="GammaGamma: results are unreliable"):
        _, key_figures, text, _ = ran(staying, shown, models=["BGNBD"], horizon="13 weeks")
    assert key_figures[0]["low"] < key_figures[0]["value"] < key_figures[0]["high"]
    assert "The values of customers have no intervals: the data do not identify them." in text
    assert "GammaGamma: not converged: a slope is left." in text
    assert "The interval beside each" not in text


@pytest.mark.slow
def test_it_runs_if_spend_has_no_mean(heavy, shown):
    with pytest.warns(UserWarning, match="^BGNBD: .*at infinity"):
        answer, key_figures, text, _ = ran(heavy, shown, models=["BGNBD"])
    assert "values of single customers use median spend, because spend is so skewed" in answer
    assert "they do not add up to the total" in answer
    assert key_figures[0]["low"] < key_figures[0]["value"] < key_figures[0]["high"]
    assert "**Mean spend is not defined here.**" in text
    assert "a mean needs more than 1" in text


def test_it_runs_without_money(tmp_path, shown):
    rng = np.random.default_rng(5)
    rows = [
        (customer, day)
        for customer in range(150)
        for day in np.unique(rng.integers(0, 300, rng.geometric(0.25)))
    ]
    log = pd.DataFrame(rows, columns=["customer_id", "date"])
    log["date"] = pd.Timestamp("2023-01-02") + pd.to_timedelta(log["date"], unit="D")
    log.to_csv(tmp_path / "visits.csv", index=False)
    answer, key_figures, text, _ = ran(
        tmp_path / "visits.csv", shown, value=None, models=["BGNBD"], horizon="8 weeks"
    )
    assert "customers are expected to make" in answer
    assert " purchases (95% range" in answer
    assert "EUR" not in answer
    assert "€" not in answer
    assert [figure["name"] for figure in key_figures] == ["purchases", "ranges_held"]
    assert "The log has no money, so the values of customers are left out." in text
    assert "Look after the most frequent buyers" in text
    assert "spend" not in text


FIRST = date(2024, 1, 31)


def total_of(table=None, *, weights=None, measure="purchases", end=date(2024, 7, 31)):
    """Return a forecast with the backtest of a table of origin, model, expected and actual."""
    tested = None
    if table is not None:
        rows = pd.DataFrame(table, columns=["origin", "model", "expected", "actual"])
        rows["origin"] = pd.to_datetime(rows["origin"])
        rows = rows.assign(
            end=rows["origin"] + pd.Timedelta(days=182),
            benchmark=rows["model"].isin(BENCHMARKS),
            weight=0.5,
            low=0.8 * rows["expected"],
            high=1.25 * rows["expected"],
            error=rows["expected"] / rows["actual"] - 1,
            crps=1.0,
            log_score=np.nan,
            mean_absolute_error=np.nan,
        )
        rows["held"] = (rows["low"] <= rows["actual"]) & (rows["actual"] <= rows["high"])
        errors = rm.clv.ForecastErrors.of_other_logs(measure)
        tested = Backtest(rows, measure, 182, 0.95, errors, {}, pd.DataFrame(), ())
    return TotalForecast(
        1166.0, 1010.0, 1390.0, 0.95, 800, kind="prediction", measure=measure, origin=FIRST,
        end=end, models=weights or {}, backtest=tested,
    )  # fmt: skip


MODEL_WINS = [
    ("2023-01-31", "BGNBD", 1000.0, 1100.0),
    ("2023-01-31", "rate times horizon", 1300.0, 1100.0),
    ("2023-01-31", "combined", 1000.0, 1100.0),
    ("2023-07-31", "BGNBD", 1000.0, 1500.0),
    ("2023-07-31", "rate times horizon", 2400.0, 1500.0),
    ("2023-07-31", "combined", 1000.0, 1500.0),
]


def test_the_first_sentence_has_the_range_and_its_probability():
    said = report_03.forecast_sentence(total_of(), horizon="26 weeks", money=EURO, margin=0.3)
    assert said == (
        "In the next 26 weeks our 800 customers are expected to make 1,200 purchases (95% range "
        "1,000 to 1,400)."
    )
    worth = total_of(measure="value")
    said = report_03.forecast_sentence(worth, horizon="2024-07-31", money=EURO, margin=0.25)
    assert said.startswith("By 31 July 2024 our 800 customers are expected to bring a margin of €")
    assert said.endswith("if the margin is 25% of revenue, as assumed.")


def test_the_record_of_the_ranges_is_counted():
    tested = total_of(MODEL_WINS).backtest
    assert report_03.record_sentence(tested).endswith("held the actual total 1 of 2 times.")
    assert report_03.backtest_heading(tested) == (
        "1 of 2 past ranges held the actual total; the mean error was 21%"
    )
    text = report_03.backtest_paragraph(tested, count)
    assert "On 31 July 2023 it was 1,000 purchases (range 800 to 1,200)" in text
    assert "the actual total was 1,500" in text
    assert "below the actual totals. If that persists, the total will be in the upper part" in text
    assert "The 2 periods overlap: together they are 2.0 times as long as one" in text
    assert report_03.last_origin(tested) == date(2023, 7, 31)
    apart = [(origin.replace("07-31", "08-31"), *rest) for origin, *rest in MODEL_WINS]
    assert "overlap" not in report_03.backtest_paragraph(total_of(apart).backtest, count)


def test_a_log_too_short_for_a_backtest_says_so():
    tested = total_of([]).backtest
    assert "too short" in report_03.record_sentence(tested)
    assert "too short" in report_03.backtest_heading(tested)
    assert report_03.last_origin(tested) is None
    assert "Weight" in report_03.errors_table(total_of([], weights={"BGNBD": 1.0}))
    heading = report_03.candidates_heading(total_of([], weights={"BGNBD": 1.0}))
    assert heading == "The forecast weighs models and benchmarks"


def test_a_benchmark_that_wins_is_named_with_its_weight():
    rows = [(o, m, e, a) for o, m, e, a in MODEL_WINS if m != "rate times horizon"]
    rows += [(o, "same as last period", 1.05 * a, a) for o, m, _, a in MODEL_WINS if m == "BGNBD"]
    won = total_of(rows, weights={"BGNBD": 0.35, "same as last period": 0.65})
    assert report_03.candidates_heading(won) == (
        "The benchmark “same as last period” had the smallest error, 5%, and has 65% of the weight"
    )
    text = report_03.candidates_paragraph(won)
    assert "same as last period 65% and BGNBD 35%" in text
    assert "same as last period alone had 5%, but that was not known in advance" in text
    assert report_03.errors_table(won).index[0] == "same as last period"


def test_a_model_that_wins_is_compared_with_the_best_benchmark():
    assert report_03.candidates_heading(total_of(MODEL_WINS)) == (
        "BGNBD had a mean error of 21%; that of the best benchmark was 1.8 times as large"
    )
    table = report_03.errors_table(total_of(MODEL_WINS, weights={"BGNBD": 0.9}))
    assert table.loc["rate times horizon", "Kind"] == "benchmark"
    assert table.loc["combined", "Kind"] == "weighted mean"
    assert table.loc["BGNBD", "Weight"] == 0.9


def test_a_benchmark_is_compared_on_the_origins_that_it_has():
    """The model's error is 50% at the first origin, where there is no benchmark, and 10% then."""
    rows = [
        ("2023-01-31", "BGNBD", 500.0, 1000.0),
        ("2023-01-31", "combined", 500.0, 1000.0),
        ("2023-07-31", "BGNBD", 1100.0, 1000.0),
        ("2023-07-31", "combined", 1100.0, 1000.0),
        ("2023-07-31", "same as last period", 1200.0, 1000.0),
    ]
    assert report_03.candidates_heading(total_of(rows)) == (
        "BGNBD had a mean error of 30%; that of the best benchmark was 2.0 times as large"
    )


def ledger_of(*rows):
    """Return scored forecasts of origin, end, expected, low, high and actual."""
    table = pd.DataFrame(rows, columns=["origin", "end", "expected", "low", "high", "actual"])
    table[["origin", "end"]] = table[["origin", "end"]].apply(pd.to_datetime)
    finished = table["actual"].notna()
    inside = table["actual"].between(table["low"], table["high"]).astype("boolean")
    return table.assign(
        issued=table["origin"] + pd.Timedelta(days=1),
        measure="purchases",
        model="BGNBD 70%",
        state=np.where(finished, "finished", "open"),
        inside=inside.where(finished),
    )


def test_a_ledger_without_finished_forecasts_says_when_the_first_will_be():
    later = ledger_of(("2023-12-31", "2024-03-31", 300.0, 200.0, 400.0, np.nan))
    assert report_03.ledger_heading(later) == "No stored forecast is finished yet"
    assert report_03.ledger_paragraph(later, total_of(), EURO) == (
        "Each run of a recipe stores its forecast. The first will be compared with the actual "
        "total when the data reach 31 March 2024."
    )
    assert "reach 31 July 2024." in report_03.ledger_paragraph(later.iloc[:0], total_of(), EURO)
    assert report_03.ledger_table(later)["Inside"].to_list() == ["not finished"]


def test_a_ledger_counts_the_last_twelve_and_quotes_the_last_three():
    rows = [("2022-01-31", "2022-02-28", 100.0, 90.0, 110.0, 200.0)]
    rows += [("2023-01-31", f"2023-03-{day}", 100.0, 90.0, 110.0, 105.0) for day in range(10, 21)]
    rows += [("2023-08-31", "2024-01-31", 1204.0, 1050.0, 1370.0, 1466.0)]
    found = ledger_of(*rows)
    heading = report_03.ledger_heading(found)
    assert heading == "Of the last 12 forecasts, 11 were inside their ranges"
    text = report_03.ledger_paragraph(found, total_of(), EURO)
    assert text.count("Issued in") == 3
    assert text.endswith(
        "Issued in September 2023 for 1 September 2023 to 31 January 2024: 1,200 purchases, range "
        "1,000 to 1,400; came: 1,466."
    )
    assert report_03.ledger_heading(found.iloc[:1]) == (
        "The first stored forecast was outside its range"
    )


def test_forecasts_of_other_data_are_counted_apart():
    found = ledger_of(("2023-12-31", "2024-01-31", 300.0, 200.0, 400.0, 250.0))
    found["state"] = "other data"
    assert report_03.ledger_heading(found) == "No stored forecast is finished yet"
    assert "Not compared: 1 of other data" in report_03.ledger_paragraph(found, total_of(), EURO)
    assert len(report_03.ledger_table(found)) == 0


def test_values_are_scaled_to_the_total():
    values = pd.DataFrame({"clv": [1.0, 3.0], "clv_low": [0.5, 2.0], "p": [0.1, 0.2]})
    mean, median = SimpleNamespace(average="mean"), SimpleNamespace(average="median")
    scaled, factor = report_03.scaled_values(values, total_of(measure="value"), mean)
    assert factor == pytest.approx(1166 / 4)
    assert scaled["clv"].sum() == pytest.approx(1166)
    assert scaled["clv_low"].to_list() == pytest.approx([0.5 * factor, 2 * factor])
    assert scaled["p"].to_list() == [0.1, 0.2]
    same, factor = report_03.scaled_values(values, total_of(measure="value"), median)
    assert factor == 1
    assert same["clv"].to_list() == [1.0, 3.0]
    assert values["clv"].to_list() == [1.0, 3.0]  # the table that was given


def test_calibration_is_told_for_extreme_groups_and_the_largest_error():
    table = pd.DataFrame(
        {"frequency": ["0", "1", "2+"], "actual": [0.2, 1.0, 3.0], "expected": [0.3, 2.0, 3.5]}
    )
    text = report_03.calibration_paragraph(table, FIRST)
    assert "until 31 January 2024. Those with 2+ then made 3 each (forecast 3.50)" in text
    assert text.endswith("The error is largest for those with 1: 1 each (forecast 2).")
    table.loc[1, "expected"] = 1.0
    assert "largest" not in report_03.calibration_paragraph(table, FIRST)


def test_a_total_per_customer_has_the_digits_of_its_range():
    sure = TotalForecast(1000.0, 900.0, 1100.0, 0.95, 10)
    open_ = TotalForecast(1000.0, None, None, None, 10)
    assert sure.per_customer == (100.0, 90.0, 110.0)
    assert open_.per_customer == (100.0, None, None)
    assert report_03.total_text(sure, EURO) == "€1,000 purchases (95% range €900 to €1,100)"
    assert report_03.value_per_customer_text(open_, EURO) == "€100.00"


@pytest.mark.parametrize(
    ("often", "finding", "advice"),
    [
        (0.03, "the sooner inactivity indicates dropout", "A reminder is worth most"),
        (0.95, "Inactivity hardly indicates dropout", "has no best time"),
    ],
)
def test_the_text_about_recency_follows_the_table(often, finding, advice):
    matrix = pd.DataFrame({2: [0.2, 0.99], 10: [often, 0.99]})
    assert finding in report_03.recency_heading(matrix)
    assert advice in report_03.recency_paragraph(matrix)


def test_no_customers_at_risk_give_no_list():
    values = pd.DataFrame({"clv": [5.0, 7.0], "clv_low": [4.0, 6.0], "clv_high": [6.0, 8.0]})
    future = pd.DataFrame({"p_alive": [1.0, 1.0]})
    assert len(report_03.at_risk_table(values, future)) == 0
    best = report_03.best_customers_table(values, future)
    assert best.columns.to_list() == ["Value", "From", "To"]
    assert best["Value"].to_list() == [7.0, 5.0]
    future["p_alive"] = [0.5, 1.0]
    assert len(report_03.at_risk_table(values, future)) == 1
    assert "Still there" in report_03.best_customers_table(values, future)


def test_the_number_of_active_customers_is_given_by_every_model():
    said = report_03.active_customers_paragraph({"BGNBD": 1234.4, "NBD": 2000.0}, [80.0, 90.0])
    assert "The estimated numbers of active customers are: BGNBD 1,234, NBD 2,000." in said
    assert "differ by only 12.5%" in said


def test_the_bound_of_dropout_is_given_for_random_purchases_only():
    chosen = ModelSelection("NBD", {})

    def said(low):
        regularity = PurchaseRegularity(low + 0.2, low, low + 0.4, 0.5, 0.5, 0.4, 0.6, 1.0, 90)
        return report_03.no_dropout_paragraph(
            chosen, 100.0, [80.0, 90.0], 0.95, n=250, regularity=regularity
        )

    bound = "At the upper bound of dropout (95%), the total of the model would be 20.0% lower."
    assert said(0.9).endswith(bound)
    assert "(k = 1.5, 1.3 to 1.7; k = 1 is random)" in said(1.3)
    assert bound not in said(1.3)


def test_the_first_screen_says_that_the_tested_periods_overlap():
    tested = SimpleNamespace(issued=range(20), held=20, independent_periods=1.3)
    assert report_03.record_sentence(tested).endswith(
        "20 of 20 times, in periods that overlap (1.3 without overlap)."
    )


def test_no_dropout_is_not_reported_where_purchases_are_regular():
    class Chosen:
        name, no_dropout = "NBD", True

    regular, random = (
        PurchaseRegularity(2.0, low, 3.0, 0.01, 0.5, 0.4, 0.6, 2.0, 100) for low in (1.5, 0.9)
    )
    assert report_03.caveats(Chosen, None, random) == " No dropout is detected."
    assert "too regular" in report_03.caveats(Chosen, None, regular)
    assert "no dropout is detected" in report_03.model_heading(Chosen, 3, random)
    assert "too regular" in report_03.model_heading(Chosen, 3, regular)


def value_bias(values, se=0.03, failures=()):
    rows = [
        (pd.Timestamp("2024-01-01"), pd.Timestamp("2024-07-01"), 100.0, 1000.0 * (1 + bias), 1000.0,
         bias, se) for bias in values
    ]  # fmt: skip
    columns = ["origin", "end", "purchases", "expected", "actual", "bias", "se"]
    failed = pd.DataFrame(failures, columns=["origin", "model", "reason"])
    return ValueBias(pd.DataFrame(rows, columns=columns), 182, failed)


def test_the_value_bias_of_the_holdout_is_told():
    small = report_03.value_bias_note(value_bias([0.01, -0.02]))
    assert "0.5% below the actual value on average over 2 origins (-2.0% to +1.0%)" in small
    assert "cannot be forecast" not in small
    assert "cannot be forecast" in report_03.value_bias_note(value_bias([-0.17, -0.12]))
    assert "cannot be forecast" not in report_03.value_bias_note(value_bias([-0.17], se=0.2))


def test_a_log_too_short_for_the_value_bias_and_origins_without_a_model_are_told():
    assert "could not be tested" in report_03.value_bias_note(value_bias([]))
    failed = value_bias([0.01], failures=[(pd.Timestamp("2024-01-01"), "GammaGamma", "no mean")])
    assert "At 1 origins spend had no model" not in report_03.value_bias_note(failed)
    assert "At 1 origin spend had no model" in report_03.value_bias_note(failed)


def test_the_table_of_the_value_bias_has_names_for_readers():
    table = report_03.value_bias_table(value_bias([0.01]))
    assert list(table) == ["Until", *report_03.VALUE_BIAS_FORMATS]
    assert table["Bias"].tolist() == [0.01]


def calendar(relative, *, events=()):
    """Return effects of months, and of events, as a calendar shows them."""
    names = [*pd.date_range("2024-01-01", periods=12, freq="MS").strftime("%b"), *events]
    table = pd.DataFrame({"relative": relative}, index=pd.Index(names, name="effect"))
    groups = ["month"] * 12 + ["event"] * len(events)
    table = table.assign(low=table["relative"] * 0.9, high=table["relative"] * 1.1, group=groups)
    return SimpleNamespace(table=lambda level: table, words="Said by the calendar.")


def seasonal_total(effects, *, expected=80.0, without=100.0):
    total = TotalForecast(
        expected, 50, 120, 0.95, 10, models={"BGNBD, calendar": 0.7, "BGNBD": 0.3}
    )
    return replace(total, calendar=effects, expected_without_calendar=without)


def test_the_heading_names_the_highest_month_or_event():
    months = [1.0] * 10 + [1.6, 1.0]
    assert report_03.calendar_heading(seasonal_total(calendar(months))) == (
        "Purchases are 1.60 times the mean of the year in Nov"
    )
    flat = seasonal_total(calendar([1.0] * 12))
    assert report_03.calendar_heading(flat) == "No month differs clearly from the mean of the year"
    event = seasonal_total(calendar([1.0] * 12 + [2.0], events=["sale"]))
    assert "On days of sale purchases are 2.00 times" in report_03.calendar_heading(event)
    low = seasonal_total(calendar([1.0, 0.4] + [1.0] * 10))
    assert report_03.calendar_heading(low).endswith("in Feb")  # the highest month is not clear
    event_only = calendar([1.0] * 13, events=["sale"]).table(0.95).loc[["sale"]]
    unclear = seasonal_total(SimpleNamespace(table=lambda level: event_only, words=""))
    assert report_03.calendar_heading(unclear) == "No declared event changes purchases clearly"
    plain = TotalForecast(80, 50, 120, 0.95, 10)
    assert report_03.calendar_heading(plain) == "No season is estimated"


def test_the_paragraph_says_what_the_calendar_changed():
    said = report_03.calendar_paragraph(seasonal_total(calendar([1.0] * 12)), count)
    assert said.startswith("Said by the calendar. Models with this calendar have 70% of the weight")
    assert "20% lower than without a calendar (80 instead of 100)" in said
    more = seasonal_total(calendar([1.0] * 12), expected=110.0)
    assert "10% higher" in report_03.calendar_paragraph(more, count)
    same = seasonal_total(calendar([1.0] * 12), expected=100.2)
    assert "less than 0.5%" in report_03.calendar_paragraph(same, count)
    plain = TotalForecast(80, 50, 120, 0.95, 10)
    assert "shorter than a year" in report_03.calendar_paragraph(plain, count)
    assert "neither a season nor events" in report_03.calendar_paragraph(
        plain, count, requested=False
    )


def test_season_and_events_of_the_parameters_are_options():
    assert report_03.calendar_options("none", {}) is False
    options = report_03.calendar_options("none", {"sale": [["2024-01-01", "2024-01-02"]]})
    assert options.season is None
    assert set(options.events) == {"sale"}
    assert report_03.calendar_options("week", {}).season == "week"
    with pytest.raises(ParameterError, match="month"):
        report_03.calendar_options("fortnight", {})
