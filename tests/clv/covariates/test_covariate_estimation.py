"""What `fit_covariates` takes and refuses; its estimates are tested with the fits it returns."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates.time_varying_fit import TimeVaryingFit

pytestmark = pytest.mark.filterwarnings("ignore:the data hardly identify")  # 80 customers

LOG = [("a", "2024-01-01"), ("a", "2024-02-01"), ("a", "2024-03-05"), ("b", "2024-01-20"),
       ("b", "2024-01-29"), ("c", "2024-02-10"), ("d", "2024-03-30")]  # fmt: skip


@pytest.fixture(scope="module")
def log():
    many = [(f"{who}{k}", day) for k in range(20) for who, day in LOG]
    return rm.read_transactions(pd.DataFrame(many, columns=["customer_id", "date"]), value=None)


@pytest.fixture(scope="module")
def weeks():
    dates = pd.date_range("2024-01-01", "2024-04-01", freq="7D")
    return pd.DataFrame({"date": dates, "sale": [0.0, 1.0, 1.0, 0.0] * 3 + [0.0, 1.0]})


def test_a_date_column_makes_covariates_change_with_time(log, weeks):
    dated = rm.clv.fit_covariates(rm.BGNBD, log, rate="~ sale", covariates=weeks)
    assert isinstance(dated, TimeVaryingFit)
    again = rm.clv.fit_covariates(rm.BGNBD, log, rate="sale", covariates=weeks)
    assert dated.log_likelihood == again.log_likelihood
    table = log.customer_summary().table
    kind = table.assign(kind=[float(k % 3) for k in range(len(table))])
    fixed = rm.clv.fit_covariates(rm.BGNBD, kind, rate="~ kind")
    assert not isinstance(fixed, TimeVaryingFit)


def test_the_unit_of_time_is_that_of_the_log(log, weeks):
    by_week = rm.clv.fit_covariates(rm.BGNBD, log, rate="sale", covariates=weeks)
    by_day = rm.clv.fit_covariates(rm.BGNBD, log, rate="sale", covariates=weeks, unit="day")
    assert str(by_day.unit) == "day"
    assert by_day.coefficients == pytest.approx(by_week.coefficients, rel=1e-4)


def test_dates_need_the_log_and_a_model_with_a_known_dropout(log, weeks):
    with pytest.raises(rm.ParameterError, match=r"found CustomerSummary. Pass the log"):
        rm.clv.fit_covariates(rm.BGNBD, log.customer_summary(), rate="sale", covariates=weeks)
    with pytest.raises(rm.ParameterError, match="fit dropout with a table without dates"):
        rm.clv.fit_covariates(rm.BGNBD, log, rate="sale", dropout="sale", covariates=weeks)

    class Unknown(rm.BGNBD, registered=False):
        """A model of which it is not known when customers drop out."""

        clocks = 0

    with pytest.raises(rm.ParameterError, match="it is not known when customers of Unknown drop"):
        rm.clv.fit_covariates(Unknown, log, rate="sale", covariates=weeks)
