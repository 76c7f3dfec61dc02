"""The ledger of forecasts: carried from run to run, and compared with what came."""

import json
from dataclasses import replace
from datetime import date

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.prediction.total_forecast import TotalForecast
from relmark_research.errors import ReportError
from relmark_research.reporting.execution.runner import RunOptions, run_recipe
from relmark_research.reporting.record.forecast_ledger import (
    FINISHED,
    LEDGER_VARIABLE,
    OPEN,
    OTHER_DATA,
    earlier_forecasts,
    forecasts_of,
    read_ledger,
    scored_forecasts,
    write_forecasts,
)
from relmark_research.reporting.record.manifest import (
    IssuedForecast,
    Manifest,
    NotebookRun,
    issued_forecast,
    read_manifest,
)
from tests.reporting.books import write_notebook, write_recipe

FORECAST = IssuedForecast(
    "purchases", "purchases", "2024-01-31", "2024-02-29", 3.0, 2.0, 5.0, 0.95, 2,
    models={"BGNBD": 0.7, "same as last period": 0.25, "rate times horizon": 0.05},
    notebook="value", run="1", issued="2024-02-01T06:00:00+00:00",
)  # fmt: skip
WORTH = replace(FORECAST, name="value", measure="value", expected=9.0, low=5.0, high=20.0)


@pytest.fixture(scope="module")
def log():
    """Two customers known at the end of January, a third one from February on."""
    rows = [
        ("a", "2024-01-05", 10), ("a", "2024-02-01", 20), ("a", "2024-02-29", 30),
        ("a", "2024-03-01", 40), ("b", "2024-01-31", 50), ("b", "2024-02-10", 60),
        ("c", "2024-02-11", 70), ("c", "2024-02-12", 80),
    ]  # fmt: skip
    table = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    return rm.read_transactions(table).until("2024-03-31")


def run_of(folder, name, *forecasts, state="done", ledger=(), issued="2024-02-01"):
    """Write the manifest of a run with one notebook, and return its folder."""
    notebook = NotebookRun("value", state, forecasts=forecasts)
    run = folder / name
    run.mkdir()
    Manifest("r", "t", name, issued, notebooks=(notebook,), ledger=tuple(ledger)).write(run)
    return run


def test_the_actual_is_what_the_customers_known_at_the_origin_bought_until_the_end(log):
    (row,) = scored_forecasts(log, [FORECAST]).to_dict("records")
    assert (row["actual"], row["inside"], row["state"], row["customers"]) == (3, True, FINISHED, 2)
    assert row["model"] == "BGNBD 70%, same as last period 25%"
    assert (row["issued"], row["end"]) == (pd.Timestamp("2024-02-01"), pd.Timestamp("2024-02-29"))


def test_a_value_counts_margin_and_discount(log):
    (row,) = scored_forecasts(log, [replace(WORTH, factor=0.1)]).to_dict("records")
    assert row["actual"] == pytest.approx(0.1 * (20 + 30 + 60))
    assert row["inside"] is True
    (outside,) = scored_forecasts(log, [replace(WORTH, factor=0.2)]).to_dict("records")
    assert outside["inside"] is False


def test_a_forecast_that_ends_after_the_data_is_open(log):
    last_day = replace(FORECAST, end="2024-03-31")
    later = replace(FORECAST, end="2024-04-01")
    scored = scored_forecasts(log, [later, last_day])
    assert scored["state"].to_list() == [FINISHED, OPEN]
    assert scored["actual"].isna().to_list() == [False, True]
    assert scored["inside"].isna().to_list() == [False, True]


def test_a_forecast_from_the_last_day_or_later_is_not_shown(log):
    """It is that of this run, or of data that this run does not see."""
    forecasts = [
        replace(FORECAST, origin="2024-03-31", end="2024-04-30"),
        replace(FORECAST, origin="2024-04-30", end="2024-05-31"),
    ]
    assert len(scored_forecasts(log, forecasts)) == 0


@pytest.mark.parametrize("customers", [1, 3])
def test_other_customers_at_the_origin_are_other_data(log, customers):
    scored = scored_forecasts(log, [replace(FORECAST, customers=customers)])
    assert scored["state"].to_list() == [OTHER_DATA]
    assert scored["actual"].isna().all()


def test_a_value_cannot_be_compared_without_money(log):
    bare = rm.read_transactions(
        pd.DataFrame({"customer_id": ["a", "b"], "date": ["2024-01-05", "2024-01-31"]}), value=None
    ).until("2024-03-31")
    found = scored_forecasts(bare, [WORTH, FORECAST]).set_index("measure")
    assert found.loc["value", "state"] == OTHER_DATA
    assert found.loc["purchases", "actual"] == 0


def test_the_same_forecast_counts_once_as_first_issued(log):
    again = replace(FORECAST, expected=4.0, issued="2024-02-02", run="2")
    other = replace(again, end="2024-02-28")
    scored = scored_forecasts(log, [again, FORECAST, WORTH, other])
    assert len(scored) == 3
    same = scored[(scored["end"] == "2024-02-29") & (scored["measure"] == "purchases")]
    assert same["expected"].to_list() == [3.0]


def test_outside_of_a_run_there_are_no_earlier_forecasts(log, monkeypatch):
    monkeypatch.delenv(LEDGER_VARIABLE, raising=False)
    scored = scored_forecasts(log)
    assert len(scored) == 0
    assert str(scored["end"].dtype) == "datetime64[ns]"
    assert {"issued", "origin", "expected", "low", "high", "actual", "inside"} <= set(scored)


def test_a_kernel_reads_the_forecasts_from_a_file(log, monkeypatch, tmp_path):
    monkeypatch.setenv(LEDGER_VARIABLE, str(write_forecasts(tmp_path, [FORECAST, WORTH])))
    assert earlier_forecasts() == (FORECAST, WORTH)
    assert len(scored_forecasts(log)) == 2


def test_a_run_adds_its_own_forecasts_to_those_it_carries(tmp_path):
    first = replace(FORECAST, notebook="", run="", issued="")
    second = replace(first, end="2024-03-31")
    older = replace(FORECAST, origin="2023-12-31", end="2024-01-31", issued="2024-01-01", run="0")
    runs = [
        run_of(tmp_path, "1", first, ledger=[older], issued="2024-02-01T06:00:00+00:00"),
        run_of(tmp_path, "2", second, issued="2024-03-01"),
    ]
    assert read_ledger(runs).forecasts == (
        older,
        FORECAST,
        replace(second, notebook="value", run="2", issued="2024-03-01"),
    )


def test_the_forecasts_of_a_notebook_that_failed_do_not_count(tmp_path):
    assert read_ledger([run_of(tmp_path, "1", FORECAST, state="failed")]).forecasts == ()


@pytest.mark.parametrize("content", [b"{", b"\xff\xfe", b"", b'{"notebooks": 3}'])
def test_a_damaged_run_is_left_out_with_a_note(tmp_path, content):
    damaged = run_of(tmp_path, "1", FORECAST)
    (damaged / "manifest.json").write_bytes(content)
    found = read_ledger([damaged, run_of(tmp_path, "2", WORTH)])
    assert [each.measure for each in found.forecasts] == ["value"]
    (note,) = found.notes
    assert note.startswith("the forecasts of run 1 are left out of the ledger: ")


def test_a_manifest_of_an_earlier_version_has_no_forecasts(tmp_path):
    run = run_of(tmp_path, "1")
    record = json.loads((run / "manifest.json").read_text())
    del record["ledger"], record["notes"], record["notebooks"][0]["forecasts"]
    del record["checksum"]
    record["schema"] = 1
    (run / "manifest.json").write_text(json.dumps(record))
    assert read_ledger([run]) == read_ledger([])


def test_a_manifest_keeps_its_forecasts(tmp_path):
    run = run_of(tmp_path, "1", FORECAST, ledger=[WORTH])
    manifest = read_manifest(run)
    assert manifest.ledger == (WORTH,)
    assert manifest.notebooks[0].forecasts == (FORECAST,)


@pytest.mark.parametrize(
    "change",
    [
        {"end": "2024-01-31"},
        {"end": "soon"},
        {"origin": None},
        {"low": 6.0},
        {"expected": None},
        {"high": float("inf")},
        {"expected": float("nan")},
    ],
)
def test_a_malformed_record_is_refused(change):
    from dataclasses import asdict

    record = asdict(FORECAST)
    assert issued_forecast({**record, "kind": "forecast"}) == FORECAST
    with pytest.raises(ReportError, match=r"expected (the record of )?a forecast"):
        issued_forecast(record | change)
    del record["name"]
    with pytest.raises(ReportError, match="expected the record of a forecast"):
        issued_forecast(record)


def test_a_notebook_gets_its_own_forecasts():
    other = replace(FORECAST, notebook="other")
    assert forecasts_of([FORECAST, other], "value") == (FORECAST,)
    assert forecasts_of([FORECAST], "value", before="2024-01-31") == ()
    assert forecasts_of([FORECAST], "value", before="2024-02-01") == (FORECAST,)


def test_the_horizon_is_in_days():
    assert FORECAST.horizon == 29


ISSUES = """\
import relmark_research as rm
from datetime import timedelta
from relmark_research.reporting import story
log = rm.read_transactions(source).until(as_of)
origin = log.observed_until
rm.record_forecast("purchases", rm.clv.TotalForecast(
    2.0, 1.0, 3.0, 0.9, len(log.customer_summary()), kind="prediction", origin=origin,
    end=origin + timedelta(days=10)))
scored = rm.reporting.scored_forecasts(log)
story.say(f"Compared: {scored['actual'].to_list()}.")"""


@pytest.mark.slow
def test_runs_compare_the_forecasts_of_runs_that_were_removed(tmp_path):
    parameters = "as_of = None\nsource = 'sales.csv'"
    write_notebook(tmp_path / "notebooks", "value", ISSUES, parameters=parameters)
    recipe = write_recipe(
        tmp_path, "title: Sales\nnotebooks: [value]\ndata: {source: ../../sales.csv}\nkeep: 1\n"
    )
    days = pd.date_range("2024-01-01", periods=40)
    sales = pd.DataFrame({"customer_id": ["a", "b"] * 20, "date": days, "value": 1.0})
    sales.to_csv(tmp_path / "sales.csv", index=False)

    def page(as_of):
        run = run_recipe(recipe, RunOptions(as_of=as_of))
        return (run / "value.html").read_text(), read_manifest(run)

    first, manifest = page("2024-01-20")
    assert "Compared: []." in first
    (issued,) = manifest.notebooks[0].forecasts
    assert (issued.origin, issued.end, issued.customers) == ("2024-01-20", "2024-01-30", 2)
    _, manifest = page("2024-01-20")  # its own forecast is no reason to run it again
    assert manifest.notebooks[0].reused_from is not None
    second, manifest = page("2024-01-31")
    assert "Compared: [10.0]." in second
    assert len(manifest.ledger) == 1
    third, manifest = page("2024-02-09")  # the runs with the first forecast are removed
    assert "Compared: [10.0, nan]." in third
    store = tmp_path / "reports" / "runs" / "monthly"
    kept = {run.resolve().name for run in store.iterdir() if (run / "value.html").is_file()}
    assert kept == {manifest.run_id}
    (store / manifest.run_id / "manifest.json").write_text("{")
    fourth, manifest = page("2024-02-08")  # the only run that is left is damaged
    assert "Compared: []." in fourth
    assert "left out of the ledger" in manifest.notes[0]


def test_a_forecast_is_recorded_by_a_notebook(spoken):
    forecast = TotalForecast(
        100.0, 80.0, 130.0, 0.95, 7, kind="prediction", origin=date(2024, 1, 31),
        end=date(2024, 2, 29), models={"BGNBD": 1.0},
    )  # fmt: skip
    (data,) = spoken(lambda: rm.record_forecast("purchases", forecast))
    (record,) = [part for part in data.values() if isinstance(part, dict)]
    found = issued_forecast(record)
    assert (found.expected, found.low, found.high, found.customers) == (100.0, 80.0, 130.0, 7)
    assert (found.origin, found.end, found.factor) == ("2024-01-31", "2024-02-29", 1.0)
    assert record["kind"] == "forecast"


@pytest.mark.parametrize(
    "forecast",
    [
        TotalForecast(100.0, 80.0, 130.0, 0.95, 7),
        TotalForecast(100.0, 80.0, 130.0, 0.95, 7, kind="prediction"),
        TotalForecast(100.0, None, None, None, 7, kind="prediction"),
    ],
)
def test_an_estimate_is_no_forecast_to_record(forecast):
    with pytest.raises(ReportError, match="expected a prediction with a range"):
        rm.record_forecast("purchases", forecast)
