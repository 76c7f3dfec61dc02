"""Tables of contracts, and what every model of contracts does with them."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
BASE = rm.ShiftedBetaGeometric(3.80, 15.20)


def test_cohorts_may_be_observed_for_different_lengths():
    survivors = pd.DataFrame(
        [[1000, 869, 743, 653], [900, 780, 670, None], [800, 700, None, None]],
        index=["2021", "2022", "2023"],
    )
    rows = rm.clv.contract_tenures(survivors)
    assert rows["n_customers"].sum() == 2700
    assert rows.query("cohort == '2023'")["tenure"].max() == 1
    fit = rm.ShiftedBetaGeometric.fit(rows)
    exact = 0.0
    for _, alive in survivors.iterrows():
        observed = alive.dropna().to_numpy(float)
        curve = fit.model.survival(np.arange(len(observed)))
        exact += -np.diff(observed) @ np.log(-np.diff(curve)) + observed[-1] * np.log(curve[-1])
    assert fit.log_likelihood == pytest.approx(exact, rel=1e-12)
    assert fit.n_customers == 2700


def test_rows_per_customer_and_triangle_give_the_same_fit():
    rows = rm.clv.contract_tenures(pd.Series(HIGH_END))
    single = rows.loc[rows.index.repeat(rows["n_customers"].astype(int)), ["tenure", "churned"]]
    one, many = (rm.ShiftedBetaGeometric.fit(table) for table in (rows, single))
    np.testing.assert_allclose(many.model.values, one.model.values, rtol=1e-8)
    again = rm.Fit.from_json(one.to_json())
    assert again.model == one.model


@pytest.mark.parametrize(
    ("table", "message"),
    [
        ({"tenure": [1, 2]}, r"no column 'churned'"),
        ({"tenure": [1, 0], "churned": [True, False]}, r"whole number of renewals.*1 of 2 rows"),
        ({"tenure": [1, 2], "churned": [True, 3]}, r"churned must be True or False"),
        ({"tenure": [1, 1], "churned": [True, True]}, r"found 0 renewals and 2 churned"),
        ({"tenure": [1, 2], "churned": [False, False]}, r"found 3 renewals and 0 churned"),
    ],
)
def test_invalid_tables_are_rejected(table, message):
    with pytest.raises(rm.DataError, match=message):
        rm.ShiftedBetaGeometric.fit(pd.DataFrame(table))


@pytest.mark.parametrize(
    ("survivors", "message"),
    [
        ([1000, 900, 950], r"cannot increase; found 900 then 950"),
        ([1000], r"at least two"),
        ([1000, None, 800], r"from period 0 to its last"),
    ],
)
def test_invalid_triangles_are_rejected(survivors, message):
    with pytest.raises(rm.DataError, match=message):
        rm.clv.contract_tenures(pd.Series(survivors))


def test_undefined_lifetimes_are_rejected():
    with pytest.raises(rm.ParameterError, match="1 for the first"):
        BASE.expected_residual_lifetime(0, annual_discount_rate=0.1)
    with pytest.raises(rm.ParameterError, match="needs a discount rate"):
        BASE.expected_residual_lifetime(1, annual_discount_rate=0.0)
    with pytest.raises(rm.ParameterError, match="alpha must be finite and > 0"):
        rm.ShiftedBetaGeometric(0, 1)


def test_invalid_renewals_are_rejected():
    model = rm.ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    with pytest.raises(ParameterError, match="renewals must be 0 or more; found -1"):
        model.survival(-1)
    with pytest.raises(ParameterError, match="renewals must be 1 or more; found 0"):
        model.retention_rate(np.arange(3))


def test_anything_but_a_table_of_contracts_is_rejected(cdnow):
    with pytest.raises(rm.DataError, match=r"churned.*found CustomerSummary.*contract_ten"):
        rm.ShiftedBetaGeometric.fit(cdnow)


@pytest.mark.parametrize("weight", [0.0, 5.0])
def test_a_row_stands_for_any_number_of_contracts_from_0_on(weight):
    rows = pd.DataFrame(
        {"tenure": [1, 2, 4, 4], "churned": [1, 1, 1, 0], "n_customers": [30.0, 20.0, 10.0, 40.0]}
    )
    more = pd.DataFrame({"tenure": [3], "churned": [True], "n_customers": [weight]})
    fit = rm.ShiftedBetaGeometric.fit(pd.concat([rows, more.astype(float)]))
    assert fit.n_customers == 100 + weight
    plain = rm.ShiftedBetaGeometric.fit(rows)
    same = np.allclose(fit.model.values, plain.model.values, rtol=1e-9)
    assert same is (weight == 0)
    with pytest.raises(rm.DataError, match="n_customers 0 or more; found 1 of 5 rows"):
        rm.ShiftedBetaGeometric.fit(pd.concat([rows, more.assign(n_customers=-0.5).astype(float)]))
