"""A calendar makes forecasts of seasonal logs better and those of others not worse."""

import pytest

from tests.clv.calendar.simulated import seasonal_log
from tests.studies import calendar_forecasts, logs

ORIGINS = ["2020-06-30", "2020-09-30", "2020-12-31", "2021-04-30", "2021-08-31", "2021-12-31"]
SEASONAL = ("apparel",)  # logs of more than a year in which months differ


@pytest.mark.slow
def test_the_error_falls_on_a_simulated_season():
    log = seasonal_log(customers=2500)
    table = calendar_forecasts.issued(log, horizons=(8,), origins=ORIGINS)
    found = calendar_forecasts.summary(table.assign(log="simulated")).loc["simulated"]
    assert found["size", "after"] < 0.8 * found["size", "before"]
    assert found["half", "after"] < found["half", "before"]


@pytest.mark.slow
def test_errors_fall_where_there_is_a_season_and_grow_nowhere():
    """The whole study, by `make studies DATA=DIR`."""
    if not logs.folder().is_dir():
        pytest.skip("no folder of data is named: make studies DATA=DIR")
    sources = {name: read() for name, read in logs.available().items()}
    table = calendar_forecasts.study(sources, horizons=calendar_forecasts.HORIZONS, origins=8)
    found = calendar_forecasts.summary(table)
    print(found.round(4).to_string())
    print(f"not there: {', '.join(logs.missing()) or 'none'}")
    assert (found["change of error"] <= 0.02).all()
    for name in set(SEASONAL) & set(sources):
        assert found.loc[name, ("change of error", "")] < -0.1
        assert found.loc[name, ("half", "after")] < found.loc[name, ("half", "before")]
    assert found["held", "after"].mean() >= 0.9


@pytest.mark.slow
def test_high_season_quarters_of_the_apparel_log():
    path = logs.folder() / "apparel_covariates.csv.gz"
    if "apparel" not in logs.available() or not path.is_file():
        pytest.skip("the apparel log or its covariates are not there: make studies DATA=DIR")
    share = calendar_forecasts.high_season(str(path))
    quarters = calendar_forecasts.apparel_quarters(logs.available()["apparel"](), share)
    high = quarters[quarters["share"] > 0.5]
    print(quarters.round(2).to_string())
    assert len(high) == 4
    assert high["BGNBD, calendar"].abs().mean() < 0.15
    assert high["combined"].abs().mean() < 0.15
