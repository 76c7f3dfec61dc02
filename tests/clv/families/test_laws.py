"""Laws that hold for every model with any parameters: one test per law, over all models."""

from dataclasses import replace
from math import comb

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import integrate

import relmark_research as rm
from relmark_research.clv import MODELS
from relmark_research.clv.estimation.likelihood import Likelihood, summed_with_numerical_hessian
from relmark_research.clv.estimation.model import Model, PurchaseModel
from relmark_research.stats.newton import maximise
from tests.clv.models import (
    CONTINUOUS,
    CONTRACTS,
    DISCRETE,
    EVERY_CONTINUOUS,
    EVERY_PURCHASES,
    EVERY_SPEND,
    FOREIGN,
    MEMORYLESS,
    counts,
    customers,
    family,
    fitted,
    named,
    span,
)

many = pytest.mark.parametrize("n", [5_000, pytest.param(20_000, marks=pytest.mark.slow)])

# 1. The pmf sums to 1, and its mean is the expectation


@named(EVERY_PURCHASES)
def test_pmf_is_one_whole_with_the_expected_mean(model):
    t = span(model)[0]
    n = counts(model, t)
    pmf = model.purchase_pmf(n, t)
    assert (pmf >= 0).all()
    assert pmf.sum() == pytest.approx(1, rel=1e-10)
    assert n @ pmf == pytest.approx(model.expected_purchases(t), rel=1e-8)


@named(EVERY_PURCHASES)
@pytest.mark.parametrize("history", [(0, 0), (2, 3), (3, 6)])
def test_conditional_pmf_is_one_whole_with_the_expected_mean(model, history):
    (x, t_x), (T, t) = history, span(model)
    n = counts(model, t)
    pmf = model.conditional_purchase_pmf(n, t, x, t_x, T)
    expected = model.conditional_expected_purchases(t, x, t_x, T)
    assert pmf.sum() == pytest.approx(1, rel=1e-10)
    assert n @ pmf == pytest.approx(expected, rel=1e-8)


# The likelihood and the pmf tell of the same model


@named(EVERY_CONTINUOUS)
@pytest.mark.parametrize("x", [1, 2, 7])
def test_likelihood_summed_over_the_last_purchase_is_the_pmf(model, x):
    """x - 1 purchases fall anywhere before the last: t_x^(x-1) / (x-1)! orders of moments."""
    T = span(model)[0]
    points, weights = np.polynomial.legendre.leggauss(80)
    t_x = T * (points + 1) / 2
    density = np.exp(model.log_likelihood(np.full(80, x), t_x, np.full(80, T)))
    orders = t_x ** (x - 1) / np.prod(np.arange(1, x))
    total = weights @ (density * orders) * T / 2
    assert total == pytest.approx(model.purchase_pmf(x, T), rel=1e-8)


@named(EVERY_CONTINUOUS)
def test_likelihood_of_no_purchase_is_the_pmf(model):
    T = span(model)[0]
    assert np.exp(model.log_likelihood(0, 0, T)) == pytest.approx(model.purchase_pmf(0, T), 1e-10)


def test_likelihood_of_all_histories_of_opportunities_sums_to_one():
    histories = [(0, 0, 1)] + [
        (x, t, comb(t - 1, x - 1)) for t in range(1, 7) for x in range(1, t + 1)
    ]
    x, t_x, ways = np.array(histories, float).T
    assert ways @ np.exp(DISCRETE.log_likelihood(x, t_x, 6)) == pytest.approx(1, rel=1e-12)


@named(EVERY_PURCHASES)
@pytest.mark.parametrize("history", [(0, 0), (2, 3), (3, 6)])
def test_silence_is_as_likely_by_the_likelihood_as_by_the_forecast(model, history):
    (x, t_x), (T, t) = history, span(model)
    silent = np.exp(model.log_likelihood(x, t_x, T + t) - model.log_likelihood(x, t_x, T))
    assert model.conditional_purchase_pmf(0, t, x, t_x, T) == pytest.approx(silent, rel=1e-9)


@named(CONTRACTS)
def test_contract_outcomes_sum_to_one(model):
    t = np.arange(1, 13)
    left = np.exp(model.log_likelihood(t, np.ones(12)))
    assert left.sum() + model.survival(12) == pytest.approx(1, rel=1e-12)
    np.testing.assert_allclose(np.cumprod(model.retention_rate(t)), model.survival(t), rtol=1e-12)


# 2. Averaged over histories, what is expected of customers is what is expected of newcomers


@many
@named(EVERY_PURCHASES)
def test_conditional_expectation_averages_to_the_unconditional(model, n):
    T, t = span(model)
    history = model.simulate(np.full(n, T), seed=5)
    ahead = model.conditional_expected_purchases(t, *history)
    truth = model.expected_purchases(T + t) - model.expected_purchases(T)
    for drawn, exact in ((ahead, truth), (history[0], model.expected_purchases(T))):
        assert abs(drawn.mean() - exact) < 4 * drawn.std() / np.sqrt(len(drawn))


# 5. Discounting less and looking further tend to what they should


@named(EVERY_PURCHASES)
@pytest.mark.parametrize("history", [(0, 0), (2, 3), (3, 6)])
def test_value_to_a_horizon_tends_to_its_limits(model, history):
    (x, t_x), (T, t) = history, span(model)
    value = model.discounted_expected_purchases
    expected = model.conditional_expected_purchases(t, x, t_x, T)
    assert value(0.0, x, t_x, T, horizon=t) == pytest.approx(expected, rel=1e-8)
    assert value(1e-9, x, t_x, T, horizon=t) == pytest.approx(expected, rel=1e-6)
    whole = value(0.01, x, t_x, T)
    growing = [value(0.01, x, t_x, T, horizon=h) for h in (10, 100, 1000, 5000)]
    assert (np.diff(growing) > 0).all() or growing[-1] == pytest.approx(growing[-2], rel=1e-12)
    assert growing[-1] == pytest.approx(whole, rel=1e-8)
    assert growing[0] < whole


@named(CONTRACTS)
def test_residual_lifetime_tends_to_its_limits(model):
    n, terms = np.arange(1, 6), {"annual_discount_rate": 0.1}
    whole = model.expected_residual_lifetime(n, **terms)
    far = model.expected_residual_lifetime(n, horizon=1000, **terms)
    np.testing.assert_allclose(far, whole, rtol=1e-9)
    free = model.expected_residual_lifetime(n, annual_discount_rate=0.0, horizon=5)
    ahead = model.survival(n[:, None] + np.arange(5)) / model.survival(n - 1)[:, None]
    np.testing.assert_allclose(free, ahead.sum(axis=1), rtol=1e-12)
    renewed = model.expected_residual_lifetime(n, renewed=True, **terms)
    np.testing.assert_allclose(model.retention_rate(n) * renewed, whole, rtol=1e-12)


# The score is the slope of the likelihood, and the sums are the sums


def scaled(model, factors):
    return model.with_values(model.values * np.array(factors[: len(model.values)]))


def assert_score_is_slope(model, data):
    step = 1e-5
    for k, score in enumerate(model.score(*data)):
        moved = np.exp(step * np.eye(len(model.values))[k])
        up, down = (model.with_values(model.values * m) for m in (moved, 1 / moved))
        slope = (up.log_likelihood(*data) - down.log_likelihood(*data)) / (2 * step)
        size = 1 + np.abs(model.log_likelihood(*data))
        assert (np.abs(model.values[k] * score - slope) < 1e-8 * size + 1e-5 * np.abs(slope)).all()


FACTORS = st.lists(st.floats(0.2, 5.0), min_size=4, max_size=4)


@named(EVERY_PURCHASES)
@settings(max_examples=15, deadline=None)
@given(factors=FACTORS, seed=st.integers(0, 1000))
def test_score_is_the_slope_of_the_likelihood(model, factors, seed):
    history = model.simulate(np.full(30, span(model)[0]), seed=seed)
    assert_score_is_slope(scaled(model, factors), history)


@named((*CONTRACTS, *EVERY_SPEND))
@settings(max_examples=15, deadline=None)
@given(factors=FACTORS)
def test_score_is_the_slope_of_the_likelihood_elsewhere(model, factors):
    n = np.arange(1.0, 9.0)
    other = 20 + n if model in EVERY_SPEND else n % 2
    assert_score_is_slope(scaled(model, factors), (n, other))


@named((*EVERY_PURCHASES, *CONTRACTS, *EVERY_SPEND))
def test_summed_likelihood_is_the_sum_of_rows(model):
    if model in CONTRACTS:
        data = tuple(np.asarray(c, float) for c in model.simulate(np.full(60, 8.0), seed=1))
    elif model in EVERY_SPEND:
        x = np.arange(60.0) % 4 + 1
        data = (x, model.simulate(x, seed=1))
    else:
        data = tuple(customers(model, n=60).to_numpy().T)
    weights = np.arange(60.0) % 3 + 1
    values = model.values * 1.2
    own = family(model).summed(data, weights)(values)
    numerical = summed_with_numerical_hessian(family(model), data, weights)(values)
    assert own[0] == pytest.approx(numerical[0], rel=1e-10)
    np.testing.assert_allclose(own[1], numerical[1], rtol=1e-8, atol=1e-9 * abs(numerical[0]))
    scale = np.sqrt(np.outer(*2 * [np.abs(np.diag(numerical[2]))]))
    np.testing.assert_allclose(own[2] / scale, numerical[2] / scale, atol=1e-6)


# A model of arrays is one model per customer


@named(EVERY_PURCHASES)
def test_arrays_of_parameters_are_one_model_per_row(model):
    T, t = span(model)
    history = model.simulate(np.full(6, T), seed=8)
    each = model.values[:, None] * np.linspace(0.8, 1.25, 6)
    together, alone = model.with_values(each), [model.with_values(column) for column in each.T]
    for call in (
        lambda m, *h: m.log_likelihood(*h),
        lambda m, *h: m.score(*h),
        lambda m, *h: m.p_alive(*h),
        lambda m, *h: m.conditional_expected_purchases(t, *h),
        lambda m, *h: m.conditional_purchase_pmf(2, t, *h),
        lambda m, *h: m.discounted_expected_purchases(0.01, *h),
        lambda m, *h: m.discounted_expected_purchases(0.01, *h, horizon=t),
    ):
        single = [call(m, *(column[i] for column in history)) for i, m in enumerate(alone)]
        np.testing.assert_allclose(call(together, *history), np.array(single).T, rtol=1e-9)


# Dropout is the same in the survival curve, in P(alive) and in the traits of single customers


def assert_mean(drawn, exact):
    assert abs(drawn.mean() - exact) < 4 * drawn.std() / np.sqrt(len(drawn)) + 1e-12


@many
@named(EVERY_PURCHASES)
def test_p_alive_averages_to_the_survival_curve(model, n):
    T, t = span(model)
    history = model.simulate(np.full(n, T), seed=5)
    alive, living = model.p_alive(*history), model.living(*history)
    now = 1.0 if isinstance(model, rm.BGBB) else 0.0  # BG/BB: alive at the next opportunity
    assert_mean(alive, model.survival(T + now))
    assert_mean(alive * living.survival(t), model.survival(T + t))


@named(EVERY_PURCHASES)
def test_survival_falls_and_its_integral_is_the_lifetime(model):
    t = np.arange(0.0, span(model)[0] + 1)
    curve = model.survival(t)
    assert (np.diff(curve) <= 0).all()
    assert ((curve >= 0) & (curve <= 1)).all()
    if isinstance(model, rm.BGBB):
        assert model.expected_lifetime(t[-1]) == pytest.approx(curve[1:].sum(), rel=1e-12)
    else:
        exact = integrate.quad(model.survival, 0, t[-1], epsabs=1e-10)[0]
        assert model.expected_lifetime(t[-1]) == pytest.approx(exact, rel=1e-6)


@named((*MEMORYLESS, DISCRETE, FOREIGN[1]))
def test_traits_have_the_survival_and_the_purchases_of_the_model(model):
    rate, dropout = model.draw_traits((400_000,), np.random.default_rng(6))
    for t in span(model):
        assert_mean(np.exp(-dropout * t), model.survival(t))
        with np.errstate(invalid="ignore", divide="ignore"):
            purchases = np.where(dropout > 0, rate * -np.expm1(-dropout * t) / dropout, rate * t)
        assert_mean(purchases, model.expected_purchases(t))


@named(EVERY_PURCHASES)
def test_only_a_memoryless_model_ignores_the_last_purchase(model):
    T, t = span(model)
    early, late = (model.living(np.array(2.0), np.array(t_x), np.array(T)) for t_x in (2.0, T))
    same = early.expected_purchases(t) == late.expected_purchases(t)
    assert same == model.memoryless


@named(EVERY_CONTINUOUS)
def test_discounted_draws_average_to_the_discounted_purchases(model):
    T, living = np.full(60_000, 26.0), model.living(*np.array([2.0, 20.0, 39.0]))
    n, discount = living.draw_discounted_purchases(T, 0.02, seed=9)
    assert_mean(n * discount, living.discounted_purchases(0.02, 26.0))
    assert_mean(n, living.expected_purchases(26.0))
    assert (discount[n == 0] == 0).all()


# What a model does better by itself, the defaults do as well


@named(CONTINUOUS)
def test_default_score_and_integral_agree_with_the_models_own(model):
    history = model.simulate(np.full(40, 39.0), seed=3)
    own, default = model.score(*history), Model.score(model, *history)
    np.testing.assert_allclose(default, own, rtol=1e-6, atol=1e-7 * np.abs(own).max())
    for delta, horizon in ((0.01, 26.0), (0.002, np.inf), (0.0, 26.0)):
        own = model.discounted_purchases(delta, horizon)
        default = PurchaseModel.discounted_purchases(model, delta, horizon)
        assert default == pytest.approx(own, rel=1e-9)


@named((*CONTINUOUS, DISCRETE))
def test_default_starting_values_lead_to_the_same_maximum(model):
    table = customers(model, n=800)
    best = fitted(model, table)
    data, weights, _ = type(model).data(rm.CustomerSummary(table, unit="week"))
    start = np.log(Model.start.__func__(family(model), *data, weights=weights).values)
    found = maximise(Likelihood(family(model), data, weights).evaluate, start)
    np.testing.assert_allclose(np.exp(found.point.at), best.model.values, rtol=1e-4)


def test_every_model_of_the_package_is_held_to_the_laws():
    held = {type(model).__name__ for model in (*EVERY_PURCHASES, *CONTRACTS, *EVERY_SPEND)}
    ours = {name for name, model in MODELS.items() if model.__module__.startswith("relmark")}
    assert ours <= held
    assert all(isinstance(model, PurchaseModel) for model in EVERY_PURCHASES)


@named(EVERY_CONTINUOUS)
def test_history_derivatives_are_those_of_the_likelihood(model):
    """By the parameters as `score`; by t_x and T as differences, one side at t_x = T."""
    x, t_x = np.array([0, 1, 3, 7.0]), np.array([0, 5, 20.0, 30])
    T = np.array([39.0, 39, 25, 30])
    value, slope, curve = model.history_derivatives(x, t_x, T)
    assert value == pytest.approx(model.log_likelihood(x, t_x, T), rel=1e-12)
    assert slope[:-2] == pytest.approx(model.score(x, t_x, T), rel=1e-5, abs=1e-7)
    h = 1e-5
    ahead = model.log_likelihood(x, t_x, T + h), model.log_likelihood(x, t_x, T + 2 * h)
    by_end = (4 * ahead[0] - 3 * value - ahead[1]) / (2 * h)
    assert slope[-1] == pytest.approx(by_end, rel=1e-4, abs=1e-5)
    earlier = np.where(x > 0, t_x - h, 0), np.where(x > 0, t_x - 2 * h, 0)
    back = [model.log_likelihood(x, last, T) for last in earlier]
    by_last = (3 * value - 4 * back[0] + back[1]) / (2 * h)
    assert slope[-2][x > 0] == pytest.approx(by_last[x > 0], rel=1e-4, abs=1e-6)
    assert np.allclose(curve, curve.transpose(1, 0, 2))


# An effect of a covariate multiplies the quantity that its link names


LINKED = [model for model in CONTINUOUS if model.covariate_links]


def _shifted(model, weights, effect):
    return replace(
        model, **{name: getattr(model, name) * np.exp(effect * w) for name, w in weights.items()}
    )


@named(LINKED)
def test_an_effect_on_the_rate_multiplies_every_customers_rate(model):
    (weights,) = model.covariate_links["rate"].weights
    rates = [
        each.draw_traits((2000,), np.random.default_rng(2))[0]
        for each in (model, _shifted(model, weights, 0.3))
    ]
    np.testing.assert_allclose(rates[1] / rates[0], np.exp(0.3), rtol=1e-9)


@named(LINKED)
def test_an_effect_on_dropout_has_its_sign_in_the_survival_curve(model):
    link = model.covariate_links["dropout"]
    links = [link, model.covariate_links.get("dropout odds", link)]
    t = np.array([span(model)[0]])
    for each in links:
        for weights in each.weights:
            later = _shifted(model, weights, 0.3).survival(t) - model.survival(t)
            assert np.sign(later) == -np.sign(each.sign(weights))
    assert sum(abs(links[1].sign(weights)) for weights in links[1].weights) == 1
    assert sum(weight for weight in link.exponents.values()) == 0  # a ratio


@named(LINKED)
def test_the_quantity_of_a_link_is_a_ratio_that_one_effect_moves_by_one(model):
    for link in model.covariate_links.values():
        assert sorted(link.exponents.values()) == [-1, 1]
        before, after = (
            np.prod([getattr(one, name) ** power for name, power in link.exponents.items()])
            for one in (model, _shifted(model, link.weights[0], 0.3))
        )
        assert after / before == pytest.approx(np.exp(0.3))
