"""Tables of the customers' estimates."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.prediction.customer_summaries import _aligned
from relmark_research.plots import clv as plots

MODEL = rm.BGNBD(r=0.243, alpha=4.414, a=0.793, b=2.426)


@pytest.fixture(scope="module")
def log():
    return rm.load_cdnow()


@pytest.fixture(scope="module")
def fit(log):
    return rm.BGNBD.fit(log.customer_summary())


def values(*clv, index=None):
    return pd.DataFrame({"clv": np.array(clv, float)}, index=index)


def test_history_of_one_customer_ends_at_the_forecast(log, fit):
    path = rm.clv.customer_history(fit, log, customer_id="00004")
    now = rm.forecast(fit, log.customer_summary(), horizon="1 week").loc["00004", "p_alive"]
    assert path["p_alive"].iloc[-1] == pytest.approx(now)
    assert path["time"].iloc[[0, -1]].dt.date.astype(str).to_list() == ["1997-01-01", "1998-06-30"]
    assert path["purchase"].sum() == 4


def test_history_agrees_with_the_summary_at_each_day(log, fit):
    path = rm.clv.customer_history(fit, log, customer_id="00004").set_index("time")
    for day in ("1997-01-17", "1997-01-18", "1997-08-02", "1998-01-01"):
        own = log.until(day).customer_summary().table.loc["00004"]
        expected = fit.model.p_alive(own["frequency"], own["recency"], own["T"])
        assert path.loc[day, "p_alive"] == pytest.approx(float(expected))


def test_p_alive_rises_with_a_purchase_and_falls_between(log, fit):
    path = rm.clv.customer_history(fit, log, customer_id="00004")
    steps = np.diff(path["p_alive"])[20:]  # after the second purchase
    bought = path["purchase"].to_numpy()[21:]
    assert (steps[~bought] < 0).all()
    assert (steps[bought] > 0).all()


def test_unknown_customer_and_unit_are_refused(log, fit):
    with pytest.raises(rm.DataError, match=r"no customer '4'.*leading zeros"):
        rm.clv.customer_history(fit, log, customer_id="4")
    with pytest.raises(rm.ParameterError, match="unit='week'"):
        rm.clv.customer_history(MODEL, log, customer_id="00004")


def test_p_alive_matrix_agrees_with_the_model():
    table = rm.clv.p_alive_matrix(MODEL, T=40, max_frequency=5, steps=8)
    assert table.shape == (8, 5)
    assert table.loc[20.0, 3] == pytest.approx(float(MODEL.p_alive(3, 20.0, 40.0)))
    assert table.index[-1] == 40


def test_histogram_of_p_alive_counts_all_customers():
    table = rm.clv.alive_distribution(pd.DataFrame({"p_alive": [0.0, 0.04, 0.5, 1.0]}), bins=20)
    assert table["customers"].sum() == 4
    assert table["customers"].iloc[[0, 10, 19]].to_list() == [2, 1, 1]


def test_histogram_of_value_has_round_edges_and_counts_all_customers():
    clv = np.random.default_rng(1).lognormal(1, 2, 5000)
    table = rm.clv.value_distribution(values(*clv))
    assert table["customers"].sum() == 5000
    np.testing.assert_allclose(table["low"].iloc[1:], table["high"].iloc[:-1])
    shares = table["low"].iloc[1:] / 10.0 ** np.floor(np.log10(table["low"].iloc[1:]) + 1e-9)
    assert set(shares.round(9)) <= {1, 1.5, 2, 3, 5, 7}
    for low, high, count in table.itertuples(index=False):
        assert count == ((clv >= low) & (clv < high)).sum()


def test_equal_values_share_one_bin():
    assert rm.clv.value_distribution(values(3.3, 3.3))["customers"].to_list()[-1] == 2


def test_no_positive_value_is_refused():
    with pytest.raises(rm.DataError, match="no customer has a value above 0"):
        rm.clv.value_distribution(values(0, 0))


def test_deciles_are_sorted_and_complete():
    clv = np.arange(1, 26.0)
    table = rm.clv.value_by_decile(values(*clv))
    assert table["customers"].sum() == 25
    assert table["customers"].max() - table["customers"].min() <= 1
    assert table["value"].sum() == clv.sum()
    assert table["share"].sum() == pytest.approx(1)
    assert table["value"].iloc[0] == 25 + 24 + 23


def test_at_risk_customers_are_neither_surely_alive_nor_surely_inactive():
    forecast = pd.DataFrame({"p_alive": [1.0, 1e-9, 0.5, 0.9]}, index=list("abcd"))
    table = rm.clv.at_risk_customers(values(1000, 1e-6, 40, 50, index=list("abcd")), forecast, n=2)
    assert table.index.to_list() == ["c", "d"]
    assert table.loc["c"].to_list() == [0.5, 40, 80, 20]


def test_missing_column_is_named():
    with pytest.raises(rm.DataError, match="no column 'clv'"):
        rm.clv.value_by_decile(pd.DataFrame({"value": [1.0]}))


def test_plots_accept_the_tables(log, fit):
    path = rm.clv.customer_history(fit, log, customer_id="00004")
    for draw, describe, table in (
        (plots.p_alive_matrix, plots.describe_p_alive_matrix, rm.clv.p_alive_matrix(fit, T=39)),
        (plots.customer_history, plots.describe_customer_history, path),
    ):
        draw(table).figure.clear()
        assert describe(table).endswith(".")


def test_a_model_per_customer_is_refused_with_the_reason(log):
    customers = log.customer_summary()
    table = customers.table.assign(kind=["a", "b", "c"] * 785 + ["a", "b"])
    fit = rm.clv.fit_covariates(rm.BGNBD, rm.CustomerSummary(table, unit="week"), rate="kind")
    with pytest.raises(rm.ParameterError, match=r"covariates has .* about a customer with any"):
        rm.clv.p_alive_matrix(fit, T=39)
    with pytest.raises(rm.ParameterError, match=r"the log does not have .*loc\[\[customer_id\]\]"):
        rm.clv.customer_history(fit, log, customer_id="00004")
    one = fit.model_for(table.loc[["00004"]])
    path = rm.clv.customer_history(one, log, customer_id="00004", unit="week")
    known = rm.CustomerSummary(table, unit="week")
    now = rm.forecast(fit, known, horizon="1 week").loc["00004", "p_alive"]
    assert path["p_alive"].iloc[-1] == pytest.approx(now)
    assert rm.clv.p_alive_matrix(one, T=39.0).shape == (40, 20)


def test_rows_of_the_same_customers_are_put_in_one_order():
    table = pd.DataFrame({"x": [1, 2]}, index=["a", "b"])
    assert _aligned(table, table.index) is table
    assert _aligned(table, pd.Index(["b", "a"]))["x"].tolist() == [2, 1]
    with pytest.raises(rm.DataError, match="1 of 2 in values only, first 'c'"):
        _aligned(table, pd.Index(["b", "c"]))
    for other in (["a"], ["a", "a"]):
        with pytest.raises(rm.DataError, match="the same customers, each in one row"):
            _aligned(table, pd.Index(other))
