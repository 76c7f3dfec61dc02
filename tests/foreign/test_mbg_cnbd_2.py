"""A user's model whose purchases are not random: its formulas, and all that the package does."""

import ast
from pathlib import Path

import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import relmark_research as rm
from relmark_research.errors import MissingMethodError
from tests.clv.models import customers, fitted
from tests.foreign import mbg_cnbd_2
from tests.foreign.log_normal_spend import LogNormalSpend
from tests.foreign.mbg_cnbd_2 import MBGCNBD2

MODEL = MBGCNBD2(0.9, 3.1, 0.9, 2.2)
TERMS = {"margin": 0.3, "annual_discount_rate": 0.1, "horizon": "26 weeks"}


def test_it_takes_sixty_lines_of_code():
    source = Path(mbg_cnbd_2.__file__).read_text()
    documented = (ast.Module, ast.ClassDef, ast.FunctionDef)
    nodes = list(ast.walk(ast.parse(source)))
    docs = [n.body[0] for n in nodes if isinstance(n, documented) and ast.get_docstring(n)]
    doc_lines = {k for n in docs for k in range(n.lineno, n.end_lineno + 1)}
    code = {k for n in nodes if isinstance(n, ast.stmt) for k in range(n.lineno, n.end_lineno + 1)}
    filled = {k for k, line in enumerate(source.splitlines(), 1) if line.strip()}
    assert len((code & filled) - doc_lines) <= 60


def averaged(function):
    """Return the mean of a function of lambda and p over the customers of MODEL (Gauss's rules)."""
    u, by_u = special.roots_genlaguerre(120, MODEL.r - 1)
    y, by_y = special.roots_jacobi(120, MODEL.b - 1, MODEL.a - 1)
    values = function(u[:, None] / MODEL.alpha, (y[None, :] + 1) / 2)
    return by_u @ values @ by_y / by_u.sum() / by_y.sum()


@pytest.mark.parametrize("history", [(0, 0.0, 12.0), (2, 7.0, 12.0), (3, 12.0, 12.0)])
def test_likelihood_is_the_definition_averaged_over_customers(history):
    """The density of the last purchase is that of 2 x phases, if the customer stayed."""
    x, t_x, T = history

    def definition(rate, p):
        last = stats.gamma(2 * x, scale=1 / rate).pdf(t_x) if x else 1.0
        silent = stats.poisson(rate * (T - t_x)).cdf(1)
        return (1 - p) ** x * last * (p + (1 - p) * silent)

    order = t_x ** (x - 1) / np.prod(np.arange(1.0, x)) if x else 1.0
    likelihood = np.exp(MODEL.log_likelihood(np.array(x), t_x, T)) * order
    assert likelihood == pytest.approx(averaged(definition), rel=1e-5)


def test_expected_purchases_are_those_of_the_two_phases():
    """Given p and lambda, purchases are the second phases of a Markov chain with exit."""

    def definition(rate, p):
        q = np.sqrt(1 - p)
        near, far = (-np.expm1(-rate * c * 20.0) / c for c in (p / (1 + q), 1 + q))
        return (1 - p) * (near - far) / (2 * q)

    assert MODEL.expected_purchases(20.0) == pytest.approx(averaged(definition), rel=1e-5)


@pytest.fixture(scope="module")
def future():
    """Histories of simulated customers until 20, and their purchases in the 20 weeks after."""
    times = np.array(MODEL.draw_purchase_times(np.full(16_000, 40.0), np.random.default_rng(3)))
    before = times <= 20
    x = before.sum(axis=0)
    t_x = np.where(before, times, 0.0).max(axis=0)
    return (x, t_x, np.full(len(x), 20.0)), np.isfinite(times).sum(axis=0) - x


def test_forecasts_hold_for_simulated_customers(future):
    history, later = future
    expected = MODEL.conditional_expected_purchases(20.0, *history)
    none = MODEL.conditional_purchase_pmf(0, 20.0, *history)
    x, t_x, T = history
    for group in (x == 0, x == 1, x > 3, T - t_x < 3, (T - t_x > 9) & (x > 1)):
        n = group.sum()
        error = later[group].std() / np.sqrt(n)
        assert abs(expected[group].mean() - later[group].mean()) < 4 * error
        assert abs(none[group].mean() - (later[group] == 0).mean()) < 2 / np.sqrt(n)


def test_survival_is_that_of_simulated_customers():
    living = MODEL.living(np.array(2.0), np.array(15.0), np.array(20.0))
    rng = np.random.default_rng(5)
    second = rng.random(200_000) < living.second / (1 + living.second)
    rate = rng.gamma(living.r + second) / living.alpha
    last = rng.geometric(rng.beta(living.a, living.b, 200_000))  # the purchase before dropout
    dropout = rng.gamma(2.0 * last - second) / rate
    for t in (1.0, 10.0, 60.0):
        assert living.survival(t) == pytest.approx((dropout > t).mean(), abs=4e-3)


def test_a_prediction_covers_simulated_customers(future):
    (x, t_x, T), later = future
    table = pd.DataFrame({"frequency": x, "recency": np.ceil(4 * t_x) / 4, "T": T}).iloc[:4000]
    known = rm.CustomerSummary(table, unit="week")
    found = rm.forecast(MODEL, known, horizon="20 weeks", level=0.9, kind="prediction")
    low, high = found["purchases_low"], found["purchases_high"]
    assert 0.89 < ((low <= later[:4000]) & (later[:4000] <= high)).mean() < 0.99


@pytest.mark.every(3)
def test_forecast_and_value_have_intervals_of_both_kinds(regular, spend, some):
    assert regular.diagnosis.status == spend.diagnosis.status == "converged"
    mean = rm.forecast(regular, some, horizon="26 weeks", level=0.9)
    own = rm.forecast(regular, some, horizon="26 weeks", level=0.9, kind="prediction")
    assert (mean["expected_purchases_low"] < mean["expected_purchases"]).all()
    assert (own["purchases_low"] <= mean["expected_purchases"]).all()
    draws = rm.clv.PredictionDraws(200)
    for kind in ("estimate", draws):
        values = rm.lifetime_value(regular, spend, some, level=0.9, kind=kind, **TERMS)
        assert (values["clv_low"] <= values["clv"]).all()
        total = rm.total_value(regular, spend, some, level=0.9, kind=kind, **TERMS)
        assert total.low < total.expected < total.high
        assert total.expected == pytest.approx(values["clv"].sum())
    assert total.high / total.low > 1.2  # chance, of 120 customers


@pytest.mark.every(3)
def test_mean_of_simulated_values_is_the_value(regular, spend, some):
    from relmark_research.clv.prediction.predictive_intervals import DiscountedSpendSimulation

    history = some.frequency, some.recency, some.T, some.monetary_value
    delta = np.log(1.1) * 7 / 365.25
    simulation = DiscountedSpendSimulation.pair_models(
        [regular.model], [spend.model], history, 26.0, delta
    )
    drawn = simulation.draw(slice(0, 120), 4000, np.random.default_rng(1)).sum(axis=0)
    value = rm.total_value(regular, spend, some, level=None, **TERMS | {"margin": 1.0})
    assert abs(drawn.mean() - value.expected) < 4 * drawn.std() / np.sqrt(4000)


@pytest.mark.every(3)
def test_it_is_validated_like_any_model(regular, split, log):
    score = rm.clv.holdout_score(regular, split)
    assert score.expected == pytest.approx(rm.calibration(regular, split).pipe(
        lambda t: t["expected"] @ t["customers"]))  # fmt: skip
    assert score.log_score > -1.2
    assert len(rm.tracking(regular, log, at="1997-09-30", level=0.9)) == 78
    assert rm.clv.interval_coverage(regular, split)["actual"].between(0.4, 1).all()
    histogram = rm.clv.pit_histogram(regular, split)
    assert histogram["share"].sum() == pytest.approx(1)
    counts = rm.clv.frequency_fit(regular, split.calibration)
    assert counts["expected"].sum() == pytest.approx(2357)


def test_it_wins_where_purchases_are_regular():
    x, t_x, T = MODEL.simulate(np.full(3000, 30.0), seed=4)
    t_x = np.ceil(t_x)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "monetary_value": 20.0})
    table["monetary_value"] = LogNormalSpend(20.0, 0.5, 0.5).simulate(x, seed=6)
    alive = np.random.default_rng(7).random(len(x)) < MODEL.p_alive(x, t_x, T)
    bought = alive * MODEL.living(x, t_x, T).simulate(np.full(len(x), 20.0), seed=5)[0]
    value = bought * LogNormalSpend(20.0, 0.5, 0.5).expected_spend()
    holdout = pd.DataFrame({"purchases": bought, "value": value}, index=table.index)
    split = rm.Split(rm.CustomerSummary(table, unit="week"), holdout, 20.0, 0, None)
    models = [MBGCNBD2, "MBGNBD"]
    compared = rm.compare_models(split, models=models, spend=LogNormalSpend)
    assert compared.best == compared.selected == "MBGCNBD2"
    assert compared.table.loc["MBGNBD", "log_score_gap_low"] > 0
    assert abs(compared.table.loc["MBGCNBD2", "value_bias"]) < 0.2
    assert compared.refit(split.calibration).name == "MBGCNBD2"
    assert rm.compare_models(split, models=["MBGCNBD2"]).best == "MBGCNBD2"  # by name, too


@pytest.mark.slow
def test_at_the_boundary_without_dropout_it_is_not_taken_for_nbd():
    fit = fitted(MODEL, customers(MBGCNBD2(1.2, 6.0, 0.01, 900.0), n=1500))
    assert fit.diagnosis.at_boundary == ("a / (a + b)",)
    assert "NBD" not in fit.no_interval.partition("MBGCNBD2")[2]


def test_a_result_without_its_method_names_the_method(own_regular, some, log, split):
    regular = own_regular
    lifetime = rm.economics.predicted_lifetime(regular, some, horizon="52 weeks")
    assert lifetime.between(0, 52).all()
    terms = rm.economics.FutureTerms(draws=100)
    firm = rm.read_transactions("dataset:sample", cost="cost").until("2022-12-31")
    with pytest.raises(MissingMethodError, match=r"Living does not .* method draw_traits\(shape"):
        rm.recommend(firm, purchases=regular.model, terms=terms)
    with pytest.raises(rm.ParameterError, match=r"no model with covariates 'MBGCNBD2'.*your own"):
        rm.clv.fit_covariates(MBGCNBD2, some, rate="kind")


def test_a_fit_survives_json(regular, spend):
    for fit in (regular, spend):
        read = rm.Fit.from_json(fit.to_json())
        assert read.model == fit.model
        pd.testing.assert_frame_equal(read.summary(), fit.summary())
