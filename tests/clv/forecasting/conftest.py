"""A small simulated log and its backtest, made once."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.forecasting import backtest
from tests.clv.calendar.simulated import seasonal_log
from tests.clv.forecasting.simulated import Truth, purchases

HORIZON = "8 weeks"
ORIGINS = ["2021-04-26", "2021-06-28", "2021-08-30", "2021-11-01", "2021-12-06"]


def forecast(log, *, origins=ORIGINS, **how):
    """Return `forecast_total` with the origins of these tests: 20 take a second."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(backtest, "ORIGINS", origins)
        return rm.forecast_total(
            log, **{"horizon": HORIZON, "models": ["BGNBD"], "calendar": False, **how}
        )


@pytest.fixture(scope="session")
def rows() -> pd.DataFrame:
    return purchases(Truth(), customers=80, days=400, seed=3)


@pytest.fixture(scope="session")
def log(rows):
    return rm.read_transactions(rows)


@pytest.fixture(scope="session")
def seasonal():
    """A log of 900 days with a season, and its backtest on a calendar."""
    log = seasonal_log(days=900, customers=250, acquired=400)
    origins = ["2019-09-01", "2020-04-01", "2020-08-01", "2020-12-01", "2021-02-01"]
    return log, rm.backtest(log, horizon="13 weeks", models=["BGNBD"], origins=origins)


@pytest.fixture(scope="session")
def tested(log):
    return rm.backtest(log, horizon=HORIZON, models=["BGNBD"], origins=ORIGINS)


@pytest.fixture(scope="session")
def total(log):
    return forecast(log)


@pytest.fixture(scope="session")
def value(log):
    return forecast(log, measure="value")
