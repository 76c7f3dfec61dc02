"""A small simulated log and its backtest, made once."""

import pandas as pd
import pytest

import relmark_research as rm
from tests.clv.forecasting.simulated import Truth, purchases

HORIZON = "8 weeks"
ORIGINS = ["2021-04-26", "2021-06-28", "2021-08-30", "2021-11-01", "2021-12-06"]


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return purchases(Truth(), customers=80, days=400, seed=3)


@pytest.fixture(scope="session")
def log(rows):
    return rm.read_transactions(rows)


@pytest.fixture(scope="session")
def tested(log):
    return rm.backtest(log, horizon=HORIZON, models=["BGNBD"], origins=ORIGINS)


@pytest.fixture(scope="session")
def total(log):
    return rm.forecast_total(log, horizon=HORIZON, models=["BGNBD"], origins=ORIGINS)


@pytest.fixture(scope="session")
def value(log):
    return rm.forecast_total(
        log, horizon=HORIZON, measure="value", models=["BGNBD"], origins=ORIGINS
    )
