"""Covariates: recovered from simulated customers, the plain model at zero, never silent."""

import os
import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import optimize, stats

import relmark_research as rm

MODELS = [rm.BGNBD, rm.ParetoNBD]
PLAIN = {
    rm.BGNBD: rm.BGNBD(0.6, 6.0, 0.8, 2.5),
    rm.MBGNBD: rm.MBGNBD(0.6, 6.0, 0.8, 2.5),
    rm.ParetoNBD: rm.ParetoNBD(0.6, 6.0, 0.7, 12.0),
}
RUNS = int(os.environ.get("RELMARK_SLOW_RUNS", "300"))


def simulated(kind, *, n=3000, seed=1, rate=0.4, shop=0.9):
    """Return customers whose rate follows `size`, and whose leaving follows `channel`, as known."""
    rng = np.random.default_rng(seed)
    channel, size = rng.choice(["app", "shop"], n), rng.normal(size=n).round(1)
    z = (channel == "shop").astype(float)
    values = dict(zip(kind.names(), PLAIN[kind].values, strict=True))
    own = {name: np.full(n, value) for name, value in values.items()}
    own["alpha"] = own["alpha"] * np.exp(-rate * size)
    if "beta" in own:
        own["beta"] = own["beta"] * np.exp(-shop * z)
    else:
        own["a"], own["b"] = own["a"] * np.exp(shop / 2 * z), own["b"] * np.exp(-shop / 2 * z)
    x, t_x, T = kind(**own).simulate(rng.integers(20, 40, n).astype(float), seed=seed + 1)
    return pd.DataFrame(
        {"frequency": x, "recency": t_x, "T": T, "channel": channel, "size": size},
    )


@pytest.fixture(scope="module", params=MODELS, ids=lambda kind: kind.__name__)
def fitted(request):
    table = simulated(request.param)
    return rm.clv.fit_covariates(request.param, table, rate="size", dropout="channel"), table


@pytest.mark.parametrize("kind", [*MODELS, rm.MBGNBD], ids=lambda kind: kind.__name__)
def test_effects_of_zero_are_the_plain_model(kind):
    """A formula that moves nothing: the same likelihood, parameters and standard errors."""
    table = simulated(kind, n=400)
    plain = kind.fit(table)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        none = rm.clv.fit_covariates(kind, table.assign(same=1.0), rate="same", dropout="same")
    assert none.log_likelihood == pytest.approx(plain.log_likelihood, abs=1e-8)
    np.testing.assert_allclose(none.base.values, plain.model.values, rtol=1e-6)
    errors = none.summary()["standard_error"].to_numpy()
    np.testing.assert_allclose(errors, plain.standard_errors, rtol=1e-3)


def test_model_of_each_customer_with_zero_effects_is_the_plain_model(fitted):
    fit, table = fitted
    base = table.assign(channel="app", size=0.0)
    data = [base[name].to_numpy() for name in ("frequency", "recency", "T")]
    own, plain = fit.model_for(base), fit.base
    np.testing.assert_allclose(own.log_likelihood(*data), plain.log_likelihood(*data), rtol=1e-12)
    expected = plain.conditional_expected_purchases(26.0, *data)
    np.testing.assert_allclose(own.conditional_expected_purchases(26.0, *data), expected, rtol=1e-9)


def test_effects_are_recovered(fitted):
    fit, _ = fitted
    table = fit.effects(level=0.999)
    assert fit.diagnosis.status == "converged"
    assert table.index.to_list() == [("rate", "size"), ("dropout", "channel[T.shop]")]
    low, high = table["low"].to_numpy(), table["high"].to_numpy()
    assert (low < [0.4, 0.5]).all() and (high > [0.4, 0.5]).all()
    np.testing.assert_allclose(table["relative"], np.exp(table["estimate"]))
    np.testing.assert_allclose(
        table["p_value"], 2 * stats.norm.sf(np.abs(table["estimate"] / table["standard_error"]))
    )


def test_log_likelihood_is_that_of_each_customers_model(fitted):
    fit, table = fitted
    data = [table[name].to_numpy() for name in ("frequency", "recency", "T")]
    assert fit.model_for(table).log_likelihood(*data).sum() == pytest.approx(fit.log_likelihood)
    assert fit.aic == pytest.approx(2 * len(fit.covariance) - 2 * fit.log_likelihood)


def test_maximum_and_errors_are_those_of_a_slow_search():
    """The published form written anew, climbed by Nelder-Mead, its curvature by differences."""
    table = simulated(rm.BGNBD, n=500)
    x, t_x, T = (table[name].to_numpy() for name in ("frequency", "recency", "T"))
    z, size = (table["channel"] == "shop").to_numpy(float), table["size"].to_numpy()

    def loss(p):
        r, alpha, a, b = np.exp(p[:4])
        own = rm.BGNBD(
            np.full(500, r),
            alpha * np.exp(-p[4] * size),
            a * np.exp(p[5] * z),
            b * np.exp(p[6] * z),
        )
        return -own.log_likelihood(x, t_x, T).sum()

    fit = rm.clv.fit_covariates(rm.BGNBD, table, rate="size", dropout="channel")
    there = np.concatenate([np.log(fit.base.values), fit.coefficients])
    assert loss(there) == pytest.approx(-fit.log_likelihood)
    start = there + 0.05
    options = {"maxiter": 6000, "maxfev": 6000, "xatol": 1e-7, "fatol": 1e-10}
    found = optimize.minimize(loss, start, method="Nelder-Mead", options=options)
    assert found.fun >= loss(there) - 1e-7
    step = np.eye(7) * 1e-3
    hessian = np.array(
        [
            [
                loss(there + u + v)
                - loss(there + u - v)
                - loss(there - u + v)
                + loss(there - u - v)
                for v in step
            ]
            for u in step
        ]
    ) / (4 * 1e-6)
    errors = np.sqrt(np.diag(np.linalg.inv(hessian)))
    np.testing.assert_allclose(np.sqrt(np.diag(fit.covariance)), errors, rtol=2e-3)


def test_coding_and_scale_of_a_covariate_change_nothing_else(fitted):
    fit, table = fitted
    kind = type(fit.base)
    other = table.assign(size=10 * table["size"] + 3, channel=table["channel"].replace("app", "z"))
    again = rm.clv.fit_covariates(kind, other, rate="size", dropout="channel")
    assert again.log_likelihood == pytest.approx(fit.log_likelihood, abs=1e-6)
    first, second = fit.effects(), again.effects()
    assert second.loc[("rate", "size"), "estimate"] == pytest.approx(
        first.loc[("rate", "size"), "estimate"] / 10, rel=1e-4
    )
    assert second["estimate"].iloc[1] == pytest.approx(-first["estimate"].iloc[1], rel=1e-3)


def test_unit_of_time_changes_no_effect(fitted):
    fit, table = fitted
    days = table.assign(recency=7 * table["recency"], T=7 * table["T"])
    again = rm.clv.fit_covariates(type(fit.base), days, rate="size", dropout="channel")
    np.testing.assert_allclose(again.coefficients, fit.coefficients, rtol=1e-3, atol=1e-5)
    np.testing.assert_allclose(again.covariance, fit.covariance, rtol=1e-2, atol=1e-6)


def test_weighted_rows_are_expanded_rows():
    table = simulated(rm.BGNBD, n=300)
    n = np.random.default_rng(3).integers(1, 4, 300)
    expanded = table.loc[np.repeat(table.index, n)].reset_index(drop=True)
    weighted = rm.clv.fit_covariates(rm.BGNBD, table.assign(n_customers=n), rate="size")
    repeated = rm.clv.fit_covariates(rm.BGNBD, expanded, rate="size")
    np.testing.assert_allclose(weighted.coefficients, repeated.coefficients, rtol=1e-5)
    np.testing.assert_allclose(weighted.covariance, repeated.covariance, rtol=1e-4)


def test_one_effect_on_the_odds_is_nested_in_two_on_the_shapes():
    table = simulated(rm.BGNBD, n=800)
    two = rm.clv.fit_covariates(rm.BGNBD, table, rate="size", dropout="channel")
    one = rm.clv.fit_covariates(rm.BGNBD, table, rate="size", dropout="channel", dropout_on="odds")
    test = two.likelihood_ratio_test(one)
    assert test.degrees_of_freedom == 1
    assert test.p_value == pytest.approx(stats.chi2.sf(test.statistic, 1))
    with pytest.raises(rm.ParameterError, match="only effects of the larger fit"):
        one.likelihood_ratio_test(two)


def test_likelihood_ratio_tells_what_matters(fitted):
    fit, table = fitted
    kind = type(fit.base)
    plain = kind.fit(table)
    rate_only = rm.clv.fit_covariates(kind, table, rate="size")
    against_none = fit.likelihood_ratio_test(plain)
    assert against_none.statistic == pytest.approx(2 * (fit.log_likelihood - plain.log_likelihood))
    assert against_none.p_value < 1e-10
    assert fit.likelihood_ratio_test(rate_only).p_value < 0.01
    assert rate_only.likelihood_ratio_test(rate_only).p_value == 1


def test_only_fits_of_the_same_customers_and_model_are_nested(fitted):
    fit, table = fitted
    kind = type(fit.base)
    other = rm.ParetoNBD if kind is rm.BGNBD else rm.BGNBD
    with pytest.raises(rm.ParameterError, match="the same model"):
        fit.likelihood_ratio_test(other.fit(table))
    with pytest.raises(rm.ParameterError, match="the same customers"):
        fit.likelihood_ratio_test(kind.fit(table.iloc[:-1]))
    with pytest.raises(rm.ParameterError, match="found also dropout: size"):
        fit.likelihood_ratio_test(rm.clv.fit_covariates(kind, table, dropout="size"))


@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_unidentified_effects_are_named(kind):
    table = simulated(kind, n=600)
    table = table.assign(one=1.0, twice=2 * table["size"] + 1, odd=0.0)
    table.loc[table.index[table["frequency"] == 0][:5], "odd"] = 1.0
    with pytest.warns(UserWarning, match="do not identify") as caught:
        fit = rm.clv.fit_covariates(kind, table, rate="one + size + twice + odd")
    words = [str(one.message) for one in caught if "do not identify" in str(one.message)]
    expected = "the data do not identify the effect of rate: one: it is 1 for every customer."
    assert words[0] == expected
    assert "effect of rate: twice: it is collinear with size" in words[1]
    assert "of 5 customers with it 0 made a repeat purchase" in words[2]
    assert fit.diagnosis.status == "at infinity"
    effects = fit.effects().loc["rate"]
    assert effects.loc[["one", "twice", "odd"], "estimate"].isna().all()
    with warnings.catch_warnings():
        warnings.simplefilter("error", UserWarning)
        clean = rm.clv.fit_covariates(kind, table[table["odd"] == 0], rate="size")
    assert effects.loc["size", "estimate"] == pytest.approx(
        clean.effects()["estimate"].item(), abs=0.02
    )


def test_forecast_carries_each_customers_covariates(fitted):
    fit, table = fitted
    customers = rm.CustomerSummary(table, unit="week")
    found = rm.forecast(fit, customers, horizon="26 weeks", level=0.95)
    data = [table[name].to_numpy() for name in ("frequency", "recency", "T")]
    own = fit.model_for(table)
    expected = own.conditional_expected_purchases(26.0, *data)
    np.testing.assert_allclose(found["expected_purchases"], expected, rtol=1e-10)
    np.testing.assert_allclose(found["p_alive"], own.p_alive(*data))
    assert (found["expected_purchases_low"] < expected).all()
    faster = fit.model_for(table.assign(size=table["size"] + 1)).expected_purchases(26.0)
    ratio = faster / own.expected_purchases(26.0)
    assert ((ratio > 1) & (ratio <= np.exp(fit.effects()["estimate"].iloc[0]) + 1e-9)).all()


def test_interval_of_a_forecast_is_that_of_draws(fitted):
    fit, table = fitted
    few = rm.CustomerSummary(table.iloc[:30], unit="week")
    found = rm.forecast(fit, few, horizon="26 weeks", level=0.95)
    center = np.concatenate([np.log(fit.base.values), fit.coefficients])
    drawn = np.random.default_rng(5).multivariate_normal(center, fit.covariance, size=150)
    k, logs = len(fit.base.values), []
    for values in drawn:
        own = rm.clv.CovariateFit(
            **vars(fit) | {"base": type(fit.base)(*np.exp(values[:k])), "coefficients": values[k:]}
        )
        logs.append(np.log(rm.forecast(own, few, horizon="26 weeks")["expected_purchases"]))
    width = np.log(found["expected_purchases_high"] / found["expected_purchases_low"]) / (2 * 1.96)
    np.testing.assert_allclose(np.std(logs, axis=0), width, rtol=0.35)


def test_covariates_may_come_beside_the_customers():
    table = simulated(rm.BGNBD, n=200)
    history, beside = table[["frequency", "recency", "T"]], table[["size"]]
    joined = rm.clv.fit_covariates(rm.BGNBD, history, rate="size", covariates=beside)
    together = rm.clv.fit_covariates(rm.BGNBD, table, rate="size")
    assert joined.log_likelihood == together.log_likelihood
    with pytest.raises(rm.DataError, match="1 of 200 have none, first: row 8"):
        rm.clv.fit_covariates(rm.BGNBD, history, rate="size", covariates=beside.drop(index=7))


def test_what_a_formula_may_not_be():
    table = simulated(rm.BGNBD, n=50)

    def refused(message, error=rm.ParameterError, **formulas):
        with pytest.raises(error, match=message):
            rm.clv.fit_covariates(rm.BGNBD, table, **formulas)

    refused("expected a formula for rate, dropout or both")
    refused("no column 'chanel'.*Did you mean 'channel'", rate="chanel")
    refused("removes the intercept", rate="0 + channel")
    refused("a right side only", rate="frequency ~ channel")
    refused("as a formula on columns", rate="  ")
    refused("cannot be read", rate="channel +* size")
    refused("no value of dropout_on 'mean'", dropout="channel", dropout_on="mean")
    table.loc[3, "size"] = np.nan
    refused("1 of 50 have none, first: row 4", rm.DataError, rate="size")
    with pytest.raises(rm.ParameterError, match="no model with covariates 'BGBB'"):
        rm.clv.fit_covariates(rm.BGBB, table, rate="channel")


def test_unknown_categories_are_not_taken_for_the_base(fitted):
    fit, table = fitted
    with pytest.raises(rm.DataError, match="did not occur in the fit: 'phone'"):
        fit.model_for(table.assign(channel="phone"))


def test_everything_works_with_a_model_per_customer():
    """Each customer by the own parameters: the same as one forecast per customer."""
    table = simulated(rm.BGNBD, n=60)
    fit = rm.clv.fit_covariates(
        rm.BGNBD, simulated(rm.BGNBD, n=500), rate="size", dropout="channel"
    )
    customers = rm.CustomerSummary(table.assign(monetary_value=20.0), unit="week")
    own, spend = fit.model_for(customers), rm.GammaGamma(6.25, 3.74, 15.44)
    terms = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "52 weeks"}
    bought = np.arange(60) % 3
    holdout = pd.DataFrame({"purchases": bought, "value": 0.0}, index=table.index)
    split = rm.Split(customers, holdout, 26.0, 0, None)
    future = rm.forecast(own, customers, horizon="26 weeks")
    values = rm.lifetime_value(own, spend, customers, **terms)
    score = rm.clv.holdout_score(own, split)
    logs = []
    for row in range(60):
        alone = rm.BGNBD(*(float(np.asarray(value)[row]) for value in own.values))
        one = rm.CustomerSummary(customers.table.iloc[[row]], unit="week")
        expected = rm.forecast(alone, one, horizon="26 weeks").iloc[0]
        np.testing.assert_allclose(future.iloc[row], expected, rtol=1e-9)
        assert values["clv"].iloc[row] == pytest.approx(
            rm.lifetime_value(alone, spend, one, **terms)["clv"].item(), rel=1e-9
        )
        history = (table[name].iloc[row] for name in ("frequency", "recency", "T"))
        logs.append(np.log(alone.conditional_purchase_pmf(bought[row], 26.0, *history)))
    assert score.log_score == pytest.approx(np.mean(logs), rel=1e-10)
    assert rm.total_value(own, spend, customers, **terms, level=None).expected == pytest.approx(
        values["clv"].sum()
    )
    with pytest.raises(rm.ParameterError, match="found 60 values for 59 rows"):
        rm.forecast(own, rm.CustomerSummary(table.iloc[1:], unit="week"), horizon="26 weeks")


@pytest.mark.slow
@pytest.mark.parametrize("kind", MODELS, ids=lambda kind: kind.__name__)
def test_intervals_cover_the_effects(kind):
    """95% intervals cover the true effects in 95% of simulated data sets, give or take chance."""
    inside = np.zeros((RUNS, 2), bool)
    for run in range(RUNS):
        table = simulated(kind, n=1500, seed=1000 + 7 * run)
        table = table.assign(recency=np.ceil(7 * table["recency"]) / 7)  # whole days
        on = {"dropout_on": "odds"} if kind is rm.BGNBD else {}
        effects = rm.clv.fit_covariates(kind, table, rate="size", dropout="channel", **on).effects()
        truth = np.array([0.4, 0.9])
        inside[run] = (effects["low"] < truth) & (truth < effects["high"])
    least, most = stats.binom.ppf([0.0005, 0.9995], RUNS, 0.95) / RUNS
    print(kind.__name__, inside.mean(axis=0))
    assert (least <= inside.mean(axis=0)).all()
    assert (inside.mean(axis=0) <= most).all()


def test_missing_categories_are_not_taken_for_the_base(fitted):
    fit, table = fitted
    gap = table.assign(channel=table["channel"].where(table.index != table.index[3]))
    said = "needs channel of every customer; 1 of 3,000 have none, first: "
    for channel in (gap["channel"], gap["channel"].astype("category")):
        with pytest.raises(rm.DataError, match=said):
            rm.clv.fit_covariates(rm.BGNBD, gap.assign(channel=channel), dropout="C(channel)")
        with pytest.raises(rm.DataError, match="did not occur in the fit: nan"):
            fit.model_for(gap.assign(channel=channel))
