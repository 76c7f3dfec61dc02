"""Covariates that change with time: recovered, forecast with, validated, refused with reasons."""

import warnings

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates.time_varying_fit import TimeVaryingFit
from tests.clv.covariates.moving import EFFECTS, MODELS, drawn


@pytest.fixture(scope="module")
def case():
    """MBG/NBD customers of 78 weeks, the first 52 for the fit."""
    table, log = drawn(MODELS["MBGNBD"], 1500, 78, seed=1)
    split = log.split(at="2023-12-31")
    known = log.until("2023-12-31")
    fit = rm.clv.fit_covariates(rm.MBGNBD, known, rate="~ season + campaign", covariates=table)
    return table, log, split, fit


def test_effects_and_parameters_are_recovered(case):
    *_, fit = case
    assert isinstance(fit, TimeVaryingFit)
    assert fit.diagnosis.status == "converged"
    effects = fit.effects()
    z = (effects["estimate"].to_numpy() - EFFECTS) / effects["standard_error"].to_numpy()
    assert np.abs(z).max() < 3
    assert effects["affects"].eq("purchase rate").all()
    table = fit.summary()
    base = table.loc["base"]["estimate"].to_numpy()
    z = np.log(base / MODELS["MBGNBD"].values) / np.sqrt(np.diag(fit.covariance))[:4]
    assert np.abs(z).max() < 3


def test_likelihood_ratio_tests_of_nested_fits(case):
    table, _, split, fit = case
    known = case[1].until("2023-12-31")
    season = rm.clv.fit_covariates(rm.MBGNBD, known, rate="season", covariates=table)
    plain = rm.MBGNBD.fit(split.calibration)
    assert fit.plain_log_likelihood == pytest.approx(plain.log_likelihood)
    one, both = fit.likelihood_ratio_test(season), fit.likelihood_ratio_test(plain)
    assert (one.degrees_of_freedom, both.degrees_of_freedom) == (1, 2)
    assert one.p_value < 1e-6
    assert both.statistic > one.statistic > 0
    with pytest.raises(rm.ParameterError, match="only effects of the larger"):
        season.likelihood_ratio_test(fit)


def test_forecasts_follow_the_covariates_to_come(case):
    *_, split, fit = case
    score = rm.clv.holdout_score(fit, split)
    assert abs(score.expected / score.actual - 1) < 0.12
    plain = rm.clv.holdout_score(rm.MBGNBD.fit(split.calibration), split)
    assert score.log_score > plain.log_score
    ahead = rm.forecast(fit, split.calibration, horizon="13 weeks", level=0.9)
    assert (ahead["expected_purchases_low"] < ahead["expected_purchases"]).all()
    total = rm.clv.total_purchases(fit, split.calibration, horizon="13 weeks")
    assert total.low < ahead["expected_purchases"].sum() < total.high


def test_scenarios_change_the_future_alone(case):
    table, log, split, fit = case
    known, later = log.until("2023-12-31"), table["date"] > "2023-12-31"
    without = table.assign(campaign=np.where(later, 0.0, table["campaign"]))
    always = table.assign(campaign=np.where(later, 1.0, table["campaign"]))
    totals = [
        rm.clv.total_purchases(
            fit.on(known, covariates=each), split.calibration, horizon="26 weeks", level=None
        ).expected
        for each in (without, table, always)
    ]
    assert totals[0] > totals[1] > totals[2]  # the campaign has a negative effect here
    alive = [
        rm.forecast(one, split.calibration, horizon="1 week")["p_alive"]
        for one in (fit, fit.on(known, covariates=without))
    ]
    pd.testing.assert_series_equal(*alive)


def test_every_validation_takes_such_a_fit(case):
    _, log, split, fit = case
    customers = split.calibration
    assert rm.calibration(fit, split)["customers"].sum() == len(customers)
    assert rm.clv.interval_coverage(fit, split)["actual"].between(0.4, 1).all()
    assert rm.clv.pit_histogram(fit, split)["share"].sum() == pytest.approx(1)
    counts = rm.clv.frequency_fit(fit, customers)
    assert counts["expected"].sum() == pytest.approx(len(customers))
    track = rm.tracking(fit, log, at="2023-12-31", customers=customers, level=None)
    assert len(track) == 78
    last = track.iloc[-1]
    assert abs(last["cumulative_expected"] / last["cumulative_actual"] - 1) < 0.1
    own = rm.forecast(fit, customers, horizon="13 weeks", level=0.9, kind="prediction")
    assert (own["purchases_low"] <= own["expected_purchases"] + 1).all()


def test_values_have_intervals_of_both_kinds(case):
    *_, split, fit = case
    some = split.calibration.table.head(150).assign(monetary_value=20.0)
    customers = rm.CustomerSummary(some, unit="week", observed_until="2023-12-31")
    spend = rm.GammaGamma(6.25, 3.74, 15.44)
    terms = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "26 weeks"}
    value = rm.lifetime_value(fit, spend, customers, level=None, **terms)
    draws = rm.clv.PredictionDraws(400)
    drawn = rm.lifetime_value(fit, spend, customers, level=0.9, kind=draws, **terms)
    assert (drawn["clv_low"] <= drawn["clv"]).all()
    assert (drawn["clv_high"] >= 0).all()
    undiscounted = rm.forecast(fit, customers, horizon="26 weeks")["expected_purchases"]
    ratio = value["discounted_purchases"].sum() / undiscounted.sum()
    assert 0.95 < ratio < 1  # half a year at 10% a year


@pytest.mark.parametrize("name", MODELS)
@pytest.mark.every(2)
def test_without_effects_the_fit_is_the_plain_one(name):
    table, log = drawn(MODELS[name], 250, 40, seed=5)
    same = table.assign(same=1.0 + (np.arange(len(table)) == 0) * 1e-9)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        fit = rm.clv.fit_covariates(type(MODELS[name]), log, rate="campaign", covariates=same)
    plain = type(MODELS[name]).fit(log.customer_summary())
    none = fit.models_for(log.customer_summary(), np.append(np.log(plain.model.values), 0.0)[None])[
        0
    ]
    history = [log.customer_summary().table[c].to_numpy() for c in ("frequency", "recency", "T")]
    np.testing.assert_allclose(none.p_alive(*history), plain.model.p_alive(*history), rtol=1e-8)
    zero = np.zeros(len(history[0]))
    np.testing.assert_allclose(none.living(*history).expected_purchases(zero), zero, atol=1e-12)
    assert fit.log_likelihood >= plain.log_likelihood - 1e-6


def test_seasons_that_all_customers_share_need_no_ids():
    table, log = drawn(MODELS["MBGNBD"], 400, 60, seed=3)
    every = rm.clv.fit_covariates(rm.MBGNBD, log, rate="season", covariates=table)
    shared = table[table["customer_id"] == "c00000"][["date", "season"]]
    found = rm.clv.fit_covariates(rm.MBGNBD, log, rate="season", covariates=shared)
    np.testing.assert_allclose(found.estimates, every.estimates, rtol=1e-9)


def test_a_value_that_does_not_change_is_that_of_the_customer():
    """The same fit as with covariates without dates, in the columns of the summary."""
    table, log = drawn(MODELS["MBGNBD"], 400, 60, seed=4)
    kind = {f"c{k:05d}": float(k % 2) for k in range(400)}
    dated = table.assign(kind=table["customer_id"].map(kind))
    found = rm.clv.fit_covariates(rm.MBGNBD, log, rate="kind", covariates=dated)
    summary = log.customer_summary()
    static = rm.clv.fit_covariates(
        rm.MBGNBD, summary, rate="kind", covariates=pd.Series(kind, name="kind").to_frame()
    )
    assert found.log_likelihood == pytest.approx(static.log_likelihood, rel=1e-10)
    np.testing.assert_allclose(found.estimates, static.estimates, rtol=1e-5)
    ahead = [
        rm.forecast(static, rm.CustomerSummary(
            summary.table.assign(kind=summary.table.index.map(kind)), unit="week",
            observed_until=summary.observed_until), horizon="6 days"),
        rm.forecast(found.on(log, covariates=later(dated)), summary, horizon="6 days"),
    ]  # fmt: skip
    np.testing.assert_allclose(ahead[1], ahead[0], rtol=1e-4)


def later(table):
    """Return the table with a further week."""
    last = table[table["date"] == table["date"].max()]
    return pd.concat([table, last.assign(date=last["date"] + pd.Timedelta(days=7))])


def one_week(table, log, purchases):
    """Return values with a week of its own, and the log with so many purchases in that week."""
    day = pd.Timestamp("2023-07-03")
    rows = log.to_pandas()
    inside = rows["date"].between(day, day + pd.Timedelta(days=6))
    rows = pd.concat([rows[~inside], rows[inside].head(purchases)])
    return (
        table.assign(rare=(table["date"] == day).astype(float)),
        rm.read_transactions(rows[["customer_id", "date"]], value=None),
    )


def test_an_effect_that_the_data_hardly_identify_is_said():
    table, log = drawn(MODELS["MBGNBD"], 1500, 40, seed=6)
    rare, less = one_week(table, log, 1)
    with pytest.warns(UserWarning, match="the data hardly identify the effect of rate: rare"):
        rm.clv.fit_covariates(rm.MBGNBD, less, rate="rare", covariates=rare)
    with pytest.warns(UserWarning, match="do not identify the effect of rate: same: it is 1"):
        rm.clv.fit_covariates(
            rm.MBGNBD, log, rate="season + same", covariates=table.assign(same=1.0)
        )


@pytest.mark.parametrize("name", ["MBGNBD", "BGCNBD", "ParetoNBD"])
def test_an_effect_without_any_purchase_diverges_and_has_no_intervals(name):
    table, log = drawn(MODELS[name], 80, 40, seed=6)
    rare, less = one_week(table, log, 0)
    reason = "rate: rare: it diverges to minus infinity; 80 customers are observed with it, and 0"
    with pytest.warns(UserWarning, match=f"do not identify the effect of {reason} repeat"):
        fit = rm.clv.fit_covariates(type(MODELS[name]), less, rate="season + rare", covariates=rare)
    assert fit.diagnosis.status == "at infinity"
    assert list(fit.unidentified) == ["rate: rare"]
    effects = fit.effects().loc["rate"]
    assert effects.loc["rare"].drop("affects").isna().all()
    assert effects.loc["season", "standard_error"] < 0.3
    on = fit.on(less, covariates=later(rare))
    with pytest.raises(rm.ParameterError, match="do not identify the effect of rate: rare"):
        rm.clv.total_purchases(on, less.customer_summary(), horizon="6 days")
    total = rm.clv.total_purchases(on, less.customer_summary(), horizon="6 days", level=None)
    assert total.expected > 0


@pytest.mark.parametrize("name", ["BGNBD", "ParetoNBD"])
def test_an_effect_of_what_is_yet_to_come_is_not_identified(name):
    """A campaign after the end of the log: neither its effect nor a forecast with it is known."""
    table, log = drawn(MODELS[name], 80, 40, seed=6)
    known = log.until("2023-08-13")
    first = table.assign(first=(table["date"] > "2023-08-13").astype(float))
    reason = "the likelihood is flat; it does not change while the customers are observed"
    with pytest.warns(UserWarning, match=f"effect of rate: first: {reason}"):
        fit = rm.clv.fit_covariates(
            type(MODELS[name]), known, rate="season + first", covariates=first
        )
    alone = rm.clv.fit_covariates(type(MODELS[name]), known, rate="season", covariates=table)
    assert fit.log_likelihood == pytest.approx(alone.log_likelihood, rel=1e-9)
    assert fit.effects().loc[("rate", "season"), "estimate"] == pytest.approx(
        alone.coefficients[0], abs=1e-4
    )
    with pytest.raises(rm.ParameterError, match="do not identify the effect of rate: first"):
        rm.forecast(fit, known.customer_summary(), horizon="4 weeks", level=0.9)


def test_parameters_that_diverge_leave_effects_their_intervals_and_forecasts_none():
    """Customers who hardly differ in dropout: s and beta diverge, and s / beta is identified."""
    table, log = drawn(rm.ParetoNBD(0.8, 6.0, 4000.0, 100_000.0), 100, 60, seed=2)
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        fit = rm.clv.fit_covariates(rm.ParetoNBD, log, rate="season", covariates=table)
    assert fit.diagnosis.status == "at infinity"
    assert fit.diagnosis.identified_ratios == ("s / beta",)
    assert fit.summary().loc["base"].loc[["s", "beta"], "standard_error"].isna().all()
    on, customers = fit.on(log, covariates=later(table)), log.customer_summary()
    assert 0 < fit.effects()["standard_error"].iloc[0] < 0.2
    with pytest.raises(rm.ParameterError, match="customers hardly differ in their dropout rate"):
        rm.clv.total_purchases(on, customers, horizon="6 days")
    assert rm.clv.total_purchases(on, customers, horizon="6 days", level=None).expected > 0


def test_what_cannot_be_done_is_said(case):
    table, log, split, fit = case
    known = log.until("2023-12-31")
    with pytest.raises(rm.ParameterError, match=r"need the log, .* found CustomerSummary"):
        rm.clv.fit_covariates(rm.MBGNBD, split.calibration, rate="season", covariates=table)
    with pytest.raises(rm.ParameterError, match="dropout of MBGNBD happens at purchases"):
        rm.clv.fit_covariates(rm.MBGNBD, known, dropout="season", covariates=table)
    with pytest.raises(rm.ParameterError, match="NBD"):
        rm.clv.fit_covariates(rm.clv.NBD, known, rate="season", covariates=table)
    with pytest.raises(rm.DataError, match=r"the covariates end on .* are needed. Give the future"):
        rm.forecast(fit, split.calibration, horizon="52 weeks")
    with pytest.raises(rm.DataError, match=r"1 of 1 customers are not in the log"):
        stranger = pd.DataFrame({"frequency": [0], "recency": [0.0], "T": [3.0]},
                                index=pd.Index(["x"], name="customer_id"))  # fmt: skip
        rm.forecast(fit, rm.CustomerSummary(stranger, unit="week"), horizon="3 weeks")


def test_regularity_is_searched_with_the_covariates():
    """Gaps that covariates stretch make regular purchases look random."""
    table, log = drawn(MODELS["MBGCNBD"], 500, 78, seed=1010)
    known = log.until("2023-12-31")
    plain = rm.MBGCNBD.fit(known.customer_summary())
    fit = rm.clv.fit_covariates(rm.MBGCNBD, known, rate="season + campaign", covariates=table)
    assert (plain.model.k, fit.base.k) == (1, 2)
    given = rm.MBGCNBD.fit(known.customer_summary(), k=2)
    assert fit.likelihood_ratio_test(given).p_value < 1e-6
