"""sBG, and what every model of contracts does with its table, against sums term by term."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError

HIGH_END = [1000, 869, 743, 653, 593, 551, 517, 491]
MODEL = rm.ShiftedBetaGeometric(0.668, 3.806)
BASE = rm.ShiftedBetaGeometric(3.80, 15.20)


def test_shares_leaving_follow_the_published_recursion():
    """P(T = t) = P(T = t - 1) (beta + t - 2) / (alpha + beta + t - 1)."""
    share = MODEL.alpha / (MODEL.alpha + MODEL.beta)
    for t in range(1, 30):
        if t > 1:
            share *= (MODEL.beta + t - 2) / (MODEL.alpha + MODEL.beta + t - 1)
        assert np.exp(MODEL.log_likelihood(t, 1)) == pytest.approx(share, rel=1e-12)


def test_retention_rises_though_nobody_changes():
    rates = MODEL.retention_rate(np.arange(1, 20))
    exact = (MODEL.beta + np.arange(19)) / (MODEL.alpha + MODEL.beta + np.arange(19))
    np.testing.assert_allclose(rates, exact, rtol=1e-13)
    assert (np.diff(rates) > 0).all()


@pytest.mark.parametrize("n", [1, 2, 7, 40])
@pytest.mark.parametrize(("d", "period"), [(0.1, "year"), (0.02, "year"), (0.15, "month")])
def test_residual_lifetime_is_gausss_function(n, d, period):
    rate = np.log1p(d) / {"year": 1, "month": 12}[period]
    alpha, beta = BASE.values
    z = mp.exp(-mp.mpf(rate))
    later = mp.hyp2f1(1, beta + n, alpha + beta + n, z)
    pending = (beta + n - 1) / (alpha + beta + n - 1) * later
    terms = {"annual_discount_rate": d, "period": period}
    found = BASE.expected_residual_lifetime(n, **terms)
    assert float(found) == pytest.approx(float(pending), rel=1e-12)
    renewed = BASE.expected_residual_lifetime(n, renewed=True, **terms)
    assert float(renewed) == pytest.approx(float(later), rel=1e-12)


def test_new_customers_lifetime_starts_with_a_payment():
    t = np.arange(3000)
    exact = (BASE.survival(t) / 1.1**t).sum()
    found = BASE.expected_residual_lifetime(0, annual_discount_rate=0.1, renewed=True)
    assert found == pytest.approx(exact, rel=1e-12)


def test_one_retention_rate_for_all_undervalues_the_base():
    """Fader & Hardie 2010: by 12 percent for chances to leave like these."""
    cohorts = np.arange(1, 6)
    base = 10_000 * BASE.survival(np.arange(4, -1, -1))[::-1]  # under contract n = 1 to 5
    value = base @ BASE.expected_residual_lifetime(cohorts, annual_discount_rate=0.1)
    rate = base[1:].sum() / base[:-1].sum()
    naive = base.sum() * rate * 1.1 / (1.1 - rate)
    assert naive < 0.95 * value


def test_several_cohorts_count_each_to_its_own_horizon():
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
        kept = alive.dropna().to_numpy(float)
        curve = fit.model.survival(np.arange(len(kept)))
        exact += -np.diff(kept) @ np.log(-np.diff(curve)) + kept[-1] * np.log(curve[-1])
    assert fit.log_likelihood == pytest.approx(exact, rel=1e-12)
    assert fit.n_customers == 2700


def test_rows_per_customer_and_triangle_give_the_same_fit():
    rows = rm.clv.contract_tenures(pd.Series(HIGH_END))
    single = rows.loc[rows.index.repeat(rows["n_customers"].astype(int)), ["tenure", "churned"]]
    one, many = (rm.ShiftedBetaGeometric.fit(table) for table in (rows, single))
    np.testing.assert_allclose(many.model.values, one.model.values, rtol=1e-8)
    again = rm.Fit.from_json(one.to_json())
    assert again.model == one.model


def test_equal_customers_are_told_from_a_precise_spread():
    tenure, churned = rm.ShiftedBetaGeometric(2000, 8000).simulate(np.full(5000, 8.0), seed=3)
    fit = rm.ShiftedBetaGeometric.fit(pd.DataFrame({"tenure": tenure, "churned": churned}))
    assert fit.diagnosis.grade in {"flat", "at infinity"}
    assert "alpha" in fit.diagnosis.words


@pytest.mark.parametrize(
    ("table", "words"),
    [
        ({"tenure": [1, 2]}, r"no column 'churned'"),
        ({"tenure": [1, 0], "churned": [True, False]}, r"whole number of renewals.*1 of 2 rows"),
        ({"tenure": [1, 2], "churned": [True, 3]}, r"churned must be True or False"),
        ({"tenure": [1, 1], "churned": [True, True]}, r"found 0 renewals and 2 who left"),
        ({"tenure": [1, 2], "churned": [False, False]}, r"found 3 renewals and 0 who left"),
    ],
)
def test_tables_that_cannot_be_fitted_are_refused(table, words):
    with pytest.raises(rm.DataError, match=words):
        rm.ShiftedBetaGeometric.fit(pd.DataFrame(table))


@pytest.mark.parametrize(
    ("survivors", "words"),
    [
        ([1000, 900, 950], r"survivors can only fall; found 900 then 950"),
        ([1000], r"at least two"),
        ([1000, None, 800], r"from period 0 to its last"),
    ],
)
def test_triangles_that_are_none_are_refused(survivors, words):
    with pytest.raises(rm.DataError, match=words):
        rm.clv.contract_tenures(pd.Series(survivors))


def test_lifetimes_that_do_not_exist_are_refused():
    with pytest.raises(rm.ParameterError, match="1 for the first"):
        BASE.expected_residual_lifetime(0, annual_discount_rate=0.1)
    with pytest.raises(rm.ParameterError, match="only if discounted"):
        BASE.expected_residual_lifetime(1, annual_discount_rate=0.0)
    with pytest.raises(rm.ParameterError, match="alpha must be finite and > 0"):
        rm.ShiftedBetaGeometric(0, 1)


def test_renewals_that_cannot_be_are_refused():
    model = rm.ShiftedBetaGeometric(alpha=0.668, beta=3.806)
    with pytest.raises(ParameterError, match="renewals is 0 or more; found -1"):
        model.survival(-1)
    with pytest.raises(ParameterError, match="renewals is 1 or more; found 0"):
        model.retention_rate(np.arange(3))
