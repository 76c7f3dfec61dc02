"""Forecasts at rolling origins with what came: where origins lie, and what is refused."""

from datetime import timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.families.bg_nbd import BGNBD
from relmark_research.clv.forecasting.benchmarks import BENCHMARKS
from relmark_research.clv.forecasting.origin_records import (
    DISPERSION,
    chance_dispersion,
    half_event,
    records,
)
from relmark_research.errors import DataError
from tests.clv.forecasting.conftest import HORIZON, ORIGINS
from tests.clv.forecasting.test_backtest import DAYS, run, small


@pytest.fixture(scope="module")
def made(log):
    return records(log, DAYS, "purchases", [BGNBD], BENCHMARKS, ORIGINS)


def test_half_of_the_horizon_is_recorded_too_once_it_is_finished(made):
    lengths = [record.horizon for record in made.records]
    assert lengths.count(DAYS) == len(ORIGINS)
    assert lengths.count(DAYS // 2) == len(ORIGINS)


def test_an_error_is_the_log_of_actual_over_forecast_with_half_a_purchase_added(made):
    record = made.records[0]
    expected = record.totals["BGNBD"].expected
    assert record.log_error("BGNBD") == pytest.approx(
        np.log((record.actual + 0.5) / (expected + 0.5)), rel=1e-12
    )
    assert np.isnan(record.log_error("no such candidate"))


class Bought:
    """An origin's purchases, by their values."""

    def __init__(self, *values):
        self.known = type("Known", (), {"purchase_value": np.array(values)})


def test_half_an_event_is_half_the_mean_value_of_a_purchase():
    assert half_event(Bought(10.0, 30.0), "purchases") == 0.5
    assert half_event(Bought(10.0, 30.0), "value") == 10.0


def test_chance_of_value_is_that_of_a_sum_of_values():
    assert chance_dispersion(Bought(10.0, 30.0), "purchases") == DISPERSION
    assert chance_dispersion(Bought(10.0, 30.0), "value") == DISPERSION * 1000 / 40


def test_origins_are_spread_over_the_log(log):
    found = run(log, origins=3).issued["origin"]
    assert len(found) == 3
    assert found.iloc[-1] == pd.Timestamp(log.observed_until - timedelta(days=DAYS))
    assert run(log, origins=np.int64(3)).issued["origin"].tolist() == found.tolist()


def test_value_needs_money(rows):
    with pytest.raises(DataError, match="this log has no money, and a forecast of value needs"):
        run(rm.read_transactions(rows, value=None), measure="value")


@pytest.mark.parametrize(("worth", "found"), [(0.0, "found 0.00"), (-1.0, "found -")])
def test_value_needs_a_total_above_zero(rows, worth, found):
    log = rm.read_transactions(rows.assign(value=worth), returns="keep")
    with pytest.raises(DataError, match=f"add up to more than 0; {found}"):
        run(log, measure="value")


def test_origins_without_any_forecast_are_left_out():
    once = small([(f"c{i}", pd.Timestamp("2021-01-01") + pd.Timedelta(3 * i, "D"), 5.0)
                  for i in range(80)])  # fmt: skip
    found = run(once, origins=3, benchmarks=())
    assert len(found.table) == 0
    assert len(found.failures) == 3


def test_origins_begin_with_the_first_purchase(rows):
    log = rm.read_transactions(rows).window(observed_from="2021-01-20", earlier="leave out")
    first = rows.groupby("customer_id")["date"].min()
    first = first[first >= "2021-01-20"].min()
    assert (run(log, origins=4).issued["origin"] >= first).all()
    with pytest.raises(DataError, match="found 1 outside"):
        rm.backtest(log, horizon=HORIZON, models=["BGNBD"], origins=["2021-01-04"])
