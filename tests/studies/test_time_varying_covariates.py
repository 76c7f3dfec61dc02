"""Covariates that change with time on the apparel data (CLVTools), which are read from a folder.

Where no folder is named (`make studies DATA=DIR` sets RELMARK_DATA) the tests are skipped.
"""

import warnings

import pandas as pd
import pytest

import relmark_research as rm
from tests.studies import logs

VALUES = "apparel_covariates.csv.gz"
# Columns; effects; log-likelihood; expected purchases until 2010-12-20 (1317 were made)
ROWS = {
    "high_season": ([0.713], -5781.50, 1254),
    "gender + channel": ([0.294, 0.624], -5827.44, None),
    "high_season + gender + channel": ([0.708, 0.272, 0.632], -5761.57, 1295),
}


@pytest.fixture(scope="module")
def data():
    path = logs.folder() / VALUES
    if "apparel" not in logs.available() or not path.is_file():
        pytest.skip("the apparel data are in no folder that is named: RELMARK_DATA=DIR")
    values = pd.read_csv(path).rename(columns={"week_begins": "date"})
    return logs.available()["apparel"](), values


@pytest.mark.parametrize("formula", ROWS)
def test_effects_and_forecasts_of_the_prototype(data, formula):
    effects, log_likelihood, total = ROWS[formula]
    log, values = data[0].until("2006-12-31"), data[1]
    fit = rm.clv.fit_covariates(rm.MBGNBD, log, rate=formula, covariates=values)
    assert fit.log_likelihood == pytest.approx(log_likelihood, abs=5.1e-3)
    assert fit.coefficients == pytest.approx(effects, abs=5.1e-4)
    if total is not None:
        customers = log.customer_summary()
        found = rm.clv.total_purchases(fit, customers, horizon="2010-12-20", level=None)
        assert found.expected == pytest.approx(total, abs=0.51)


def test_a_short_holdout_is_forecast_far_better(data):
    """79 purchases expected by the plain model, 117 with the season, 122 made."""
    log, values = data
    known = log.until("2008-09-28")
    customers = known.customer_summary()
    fit = rm.clv.fit_covariates(rm.MBGNBD, known, rate="high_season", covariates=values)
    totals = [
        rm.clv.total_purchases(one, customers, horizon="13 weeks", level=None).expected
        for one in (rm.MBGNBD.fit(customers), fit)
    ]
    assert totals == pytest.approx([79, 117], abs=0.51)


@pytest.mark.slow
def test_pareto_nbd_with_effects_on_both_rates(data):
    log, values = data[0].until("2006-12-31"), data[1]
    every = "high_season + gender + channel"
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        fit = rm.clv.fit_covariates(rm.ParetoNBD, log, rate=every, dropout=every, covariates=values)
    assert fit.plain_log_likelihood == pytest.approx(-5848.0978, abs=5.1e-5)
    assert fit.log_likelihood == pytest.approx(-5752.6232, abs=5.1e-5)
    table = fit.effects().loc["rate"]
    assert table["estimate"].tolist() == pytest.approx([0.7185, 0.2582, 0.6228], abs=2e-4)
    assert table["standard_error"].iloc[0] == pytest.approx(0.059, abs=2e-3)
    assert "hardly identify the effect of dropout: high_season" in str(caught[-1].message)
