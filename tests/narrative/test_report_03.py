"""The text of report 03; the notebook also runs without intervals, dropout or a mean spend."""

import json
from dataclasses import replace
from pathlib import Path

import IPython.display
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.formats import formatter
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
    """What a notebook displays."""
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
    said = {kind: [r for r in records if r["kind"] == kind] for kind in ("answer", "key_figure")}
    texts = [r["text"] for r in records if r["kind"] in ("say", "finding")]
    figures = sum(data.get("text/html", "").startswith("<figure") for data in shown)
    return said["answer"][0]["text"], said["key_figure"], " ".join(texts), figures


def test_it_runs_without_dropout(staying, shown):
    answer, key_figures, text, figures = ran(staying, shown)
    assert answer.endswith("No dropout is detected; the interval assumes that there is none.")
    assert key_figures[0]["low"] < key_figures[0]["value"] < key_figures[0]["high"]
    assert "The model without dropout is selected: no dropout is detected" in text
    assert "counts all 250 customers as active" in text
    assert "At the upper bound of dropout (95%), their value would be" in text
    assert "given no dropout; the uncertainty about dropout is not included" in text
    assert "at risk of dropout" not in text
    assert "2. **Spend by value.**" in text
    assert figures == 5  # neither P(alive) nor its matrix, which would be all one
    assert "median)" not in answer  # spend has a mean, which is not mentioned
    assert key_figures[0]["meaning"] == "discounted margin of the next 52 weeks"
    assert "no mean" not in text


def test_it_runs_without_intervals(staying, shown, monkeypatch):
    fit = rm.GammaGamma.fit

    def lost(customers, **kept):
        found = fit(customers, **kept)
        said = replace(found.diagnosis, status="not converged", message="a slope is left")
        return replace(found, diagnosis=said)

    monkeypatch.setattr(rm.GammaGamma, "fit", lost)
    with pytest.warns(UserWarning, match="GammaGamma: results are unreliable"):
        answer, key_figures, text, _ = ran(staying, shown, models=["BGNBD"])
    assert "No interval is available: the data do not identify it." in answer
    assert key_figures[0]["value"] > 0
    assert key_figures[0]["low"] is key_figures[0]["high"] is None
    assert "The figures have no intervals" in text
    assert "GammaGamma: not converged: a slope is left." in text
    assert "The interval beside each" not in text


def test_it_runs_if_spend_has_no_mean(heavy, shown):
    with pytest.warns(UserWarning, match="^BGNBD: .*at infinity"):
        answer, key_figures, text, _ = ran(heavy, shown, models=["BGNBD"])
    assert "The values use median spend, because spend is so skewed" in answer
    assert key_figures[0]["meaning"].endswith("of the next 52 weeks, at the median of spend")
    assert key_figures[0]["low"] < key_figures[0]["value"] < key_figures[0]["high"]
    assert "**Mean spend is not defined here.**" in text
    assert "a mean needs more than 1" in text


def test_a_value_without_an_interval():
    sure = TotalForecast(1000.0, 900.0, 1100.0, 0.95, 10)
    open_ = TotalForecast(1000.0, None, None, None, 10)
    assert sure.per_customer == (100.0, 90.0, 110.0)
    assert open_.per_customer == (100.0, None, None)
    assert report_03.total_value_text(sure, EURO) == "€1,000 (900 to 1,100)"
    assert report_03.total_value_text(open_, EURO) == "€1,000"
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
