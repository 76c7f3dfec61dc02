"""BG/CNBD-k and MBG/CNBD-k: published values, definitions by integration, simulation, and k."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy import special, stats

import relmark_research as rm
from relmark_research.clv.families import cnbd
from relmark_research.errors import ParameterError
from tests.clv.models import REGULAR, named
from tests.foreign.mbg_cnbd_2 import MBGCNBD2

PUBLISHED = {"r": 0.5, "alpha": 2.0, "a": 0.3, "b": 0.6, "k": 3}  # BTYDplus' unit tests


def test_published_likelihoods_and_probabilities():
    bg, mbg = rm.BGCNBD(**PUBLISHED), rm.MBGCNBD(**PUBLISHED)
    x = np.array([3.0, 4.0])
    found = bg.log_likelihood(x, 12.0, 14.0, 3.0)
    np.testing.assert_allclose(found, [-10.42500, -12.22396], atol=6e-6)
    assert bg.purchase_pmf(2, 10.0) == pytest.approx(0.05669, abs=6e-6)
    assert mbg.purchase_pmf(2, 10.0) == pytest.approx(0.04548, abs=6e-6)
    assert bg.expected_purchases(10.0) == pytest.approx(0.49382, abs=6e-6)


PLAIN = {rm.BGCNBD: rm.BGNBD, rm.MBGCNBD: rm.MBGNBD}
HISTORY = (np.array([0, 1, 2, 5, 170.0]), np.array([0, 3, 30.43, 20, 38]), np.full(5, 38.86))
CALLS = {
    "log_likelihood": lambda m: m.log_likelihood(*HISTORY),
    "score": lambda m: m.score(*HISTORY),
    "p_alive": lambda m: m.p_alive(*HISTORY),
    "expected": lambda m: m.conditional_expected_purchases(39.0, *HISTORY),
    "far": lambda m: m.conditional_expected_purchases(5000.0, *HISTORY),
    "pmf": lambda m: m.conditional_purchase_pmf(3, 39.0, *HISTORY),
    "survival": lambda m: m.living(*HISTORY).survival(52.0),
    "new": lambda m: m.expected_purchases(np.array([0.0, 1e-6, 1.0, 52.0])),
    "discounted": lambda m: m.discounted_expected_purchases(0.002, *HISTORY),
    "until": lambda m: m.discounted_expected_purchases(0.002, *HISTORY, horizon=52.0),
}


@pytest.mark.parametrize("model", PLAIN, ids=lambda model: model.__name__)
@pytest.mark.parametrize("call", CALLS)
def test_with_one_phase_it_is_the_plain_model(model, call):
    values = (0.243, 4.414, 0.793, 2.426)
    found, expected = (CALLS[call](m) for m in (model(*values, k=1), PLAIN[model](*values)))
    np.testing.assert_allclose(found, expected, rtol=1e-10, atol=1e-14)


def test_it_is_the_same_model_as_a_users_own():
    own, ours = MBGCNBD2(0.9, 3.1, 0.9, 2.2), rm.MBGCNBD(0.9, 3.1, 0.9, 2.2, 2)
    for name in CALLS.keys() - {"far", "discounted"}:
        call = CALLS[name]
        np.testing.assert_allclose(call(ours), call(own), rtol=2e-6)  # their gradient is numerical


def averaged(model, function):
    """Return the mean of a function of lambda and p over the customers of a model."""
    u, by_u = special.roots_genlaguerre(120, model.r - 1)
    y, by_y = special.roots_jacobi(120, model.b - 1, model.a - 1)
    values = function(u[:, None] / model.alpha, (y[None, :] + 1) / 2)
    return by_u @ values @ by_y / by_u.sum() / by_y.sum()


@named((rm.BGCNBD(0.9, 3.1, 0.9, 2.2, 3), rm.MBGCNBD(0.9, 3.1, 0.9, 2.2, 3)))
@pytest.mark.parametrize("times", [(), (5.0,), (3.0, 4.5, 9.0)])
def test_likelihood_is_the_definition_averaged_over_customers(model, times):
    T, gaps = 12.0, np.diff([0.0, *times])
    first = int(model.dropout_at_first)

    def definition(rate, p):
        density = np.prod([stats.gamma(model.k, scale=1 / rate).pdf(gap) for gap in gaps], axis=0)
        silent = stats.poisson(rate * (T - sum(gaps))).cdf(model.k - 1)
        chances = len(gaps) + first
        left = p * (1 - p) ** (chances - 1) if chances else 0.0
        return density * (left + (1 - p) ** chances * silent)

    logs = np.log(gaps).sum()
    found = model.log_likelihood(np.array(float(len(gaps))), sum(gaps), T, logs)
    assert np.exp(found) == pytest.approx(averaged(model, definition), rel=1e-5)


@named(REGULAR)
def test_without_the_gaps_their_times_are_averaged(model):
    """Given x and t_x the gaps divide t_x as a Dirichlet distribution does."""
    x, t_x, T = 3.0, 20.0, 30.0
    parts = np.random.default_rng(1).dirichlet(np.ones(3), 200_000)  # the gaps of a plain model
    logs = np.log(parts * t_x).sum(axis=1)
    each = np.exp(model.log_likelihood(x, t_x, T, logs))
    whole = np.exp(model.log_likelihood(x, t_x, T))
    assert abs(each.mean() - whole) < 4 * each.std() / np.sqrt(len(each))


def by_mpmath(model, x, t_x, T, logs):
    """Return the log-likelihood with forty digits."""
    with mp.workdps(40):
        r, alpha, a, b = (mp.mpf(v) for v in model.values)
        k, s, n = model.k, x + int(model.dropout_at_first), r + model.k * x
        value = (k - 1) * mp.mpf(logs) - x * mp.loggamma(k)
        value += mp.log(mp.beta(a, b + s)) - mp.log(mp.beta(a, b))
        value += mp.loggamma(n) - mp.loggamma(r) + r * mp.log(alpha) - n * mp.log(alpha + T)
        alive = sum(mp.rf(n, j) / mp.factorial(j) * ((T - t_x) / (alpha + T)) ** j
                    for j in range(k))  # fmt: skip
        left = a / (b + s - 1) * ((alpha + T) / (alpha + mp.mpf(t_x))) ** n
        return float(value + mp.log(left + alive))


@named(REGULAR)
def test_heavy_histories_keep_nine_digits(model):
    for x, t_x, T in ((170, 51.5, 52.0), (170, 20.0, 52.0), (900, 700.0, 720.0)):
        found = model.log_likelihood(float(x), t_x, T, 0.7 * x * np.log(t_x / x))
        expected = by_mpmath(model, x, t_x, T, 0.7 * x * np.log(t_x / x))
        assert found == pytest.approx(expected, rel=1e-9)


@named(REGULAR)
def test_forecasts_hold_for_simulated_customers(model):
    times = np.array(model.draw_purchase_times(np.full(20_000, 80.0), np.random.default_rng(3)))
    before, total = times <= 40, np.isfinite(times).sum(axis=0)
    x, t_x = before.sum(axis=0), np.where(before, times, 0.0).max(axis=0)
    history, later = (x, t_x, np.full(len(x), 40.0)), total - x
    expected = model.conditional_expected_purchases(40.0, *history)
    none = model.conditional_purchase_pmf(0, 40.0, *history)
    for group in (x == 0, x == 1, x > 3, 40 - t_x < 6, (40 - t_x > 15) & (x > 1)):
        error = later[group].std() / np.sqrt(group.sum())
        assert abs(expected[group].mean() - later[group].mean()) < 4 * error
        assert abs(none[group].mean() - (later[group] == 0).mean()) < 2 / np.sqrt(group.sum())


@named(REGULAR)
def test_survival_and_traits_are_those_of_simulated_customers(model):
    living = model.living(*np.array([2.0, 30.0, 40.0]))
    rng = np.random.default_rng(5)
    phase = living._draw_phase((200_000,), rng)
    rate = rng.gamma(living.r + phase) / living.alpha
    last = rng.geometric(rng.beta(living.a, living.b, 200_000))  # the purchase before dropout
    dropout = rng.gamma(model.k * last - phase) / rate
    for t in (1.0, 20.0, 200.0):
        assert living.survival(t) == pytest.approx((dropout > t).mean(), abs=4e-3)
    bought, left = living.draw_traits((200_000,), rng)
    assert np.exp(-left * 2000.0).mean() == pytest.approx(float(living.survival(2000.0)), abs=0.01)
    within = np.mean(bought * -np.expm1(-left * 2000.0) / left)
    assert within == pytest.approx(float(living.expected_purchases(2000.0)), rel=0.03)


def gaps_of(model, n, T, seed):
    """Return simulated histories with the sums of the logarithms of their gaps."""
    times = np.array(model.draw_purchase_times(np.full(n, T), np.random.default_rng(seed)))
    made = np.isfinite(times)
    gaps = np.diff(np.where(made, times, 0.0), axis=0, prepend=0.0)
    logs = np.where(made, np.log(np.where(made, gaps, 1.0)), 0.0).sum(axis=0)
    x, t_x = made.sum(axis=0).astype(float), np.where(made, times, 0.0).max(axis=0)
    return pd.DataFrame({"frequency": x, "recency": t_x, "T": T, "sum_log_gaps": logs})


@named((rm.BGCNBD(0.85, 1.45, 0.79, 2.42, 3), rm.MBGCNBD(0.85, 1.45, 0.79, 2.42, 3)))
def test_fit_recovers_parameters_and_k(model):
    """The parameters, the number of customers and the tolerance of BTYDplus' test."""
    table = gaps_of(model, 8000, 52.0, seed=1)
    fit = type(model).fit(table)
    assert fit.model.k == 3
    np.testing.assert_allclose(fit.model.values, model.values, atol=0.1 * 2.42, rtol=0.1)
    z = (np.log(fit.model.values) - np.log(model.values)) / np.sqrt(np.diag(fit.log_covariance))
    assert np.abs(z).max() < 3
    assert fit.alternatives["k = 3"] == pytest.approx(fit.log_likelihood)
    assert max(fit.alternatives.values()) == fit.alternatives["k = 3"]
    assert type(model).fit(table.drop(columns="sum_log_gaps")).model.k == 3
    assert fit.aic == pytest.approx(2 * 5 - 2 * fit.log_likelihood)


def test_equal_histories_are_counted_with_their_gaps():
    log = rm.load_cdnow().until("1997-09-30")
    every, counted = (rm.MBGCNBD.fit(each, k=2) for each in
                      (log.customer_summary(), log.distinct_histories()))  # fmt: skip
    assert len(every.likelihood.weights) == len(counted.likelihood.weights) < 2000
    assert counted.log_likelihood == pytest.approx(every.log_likelihood, rel=1e-12)
    by_row = every.model.log_likelihood(*rm.MBGCNBD.data(log.customer_summary())[0]).sum()
    assert by_row == pytest.approx(every.log_likelihood, rel=1e-12)


def test_a_change_of_the_unit_shifts_the_likelihood_by_a_constant():
    log = rm.load_cdnow().until("1997-09-30")
    weeks, days = (rm.MBGCNBD.fit(log.customer_summary(unit=unit)) for unit in ("week", "day"))
    assert weeks.model.k == days.model.k
    np.testing.assert_allclose(weeks.model.rescaled(7).values, days.model.values, rtol=1e-6)
    x = log.customer_summary().frequency.sum()
    shift = weeks.log_likelihood - x * np.log(7)
    assert days.log_likelihood == pytest.approx(shift, rel=1e-9)


def test_a_large_log_is_searched_on_a_sample_first(monkeypatch):
    monkeypatch.setattr(cnbd, "_LARGE", 2000)
    table = gaps_of(rm.MBGCNBD(0.8, 2.0, 0.6, 2.0, 4), 9000, 60.0, seed=2)
    fit = rm.MBGCNBD.fit(table)
    assert fit.model.k == 4
    assert set(fit.alternatives) == {"k = 3", "k = 4", "k = 5"}
    alone = rm.MBGCNBD.fit(table, k=4)
    np.testing.assert_allclose(fit.model.values, alone.model.values, rtol=1e-8)
    assert alone.alternatives == {}


def test_random_purchases_give_one_phase():
    assert rm.BGCNBD.fit(rm.load_cdnow().until("1997-09-30").customer_summary()).model.k == 1


@pytest.mark.parametrize("k", [0, 1.5, -2, [2, 3], "two"])
def test_k_must_be_one_whole_number(k):
    with pytest.raises((ParameterError, ValueError), match=r"k|number|convert"):
        rm.MBGCNBD(0.5, 2.0, 0.3, 0.6, k)
    with pytest.raises((ParameterError, ValueError), match=r"k|number|convert"):
        rm.MBGCNBD.fit(rm.load_cdnow().customer_summary(), k=k)


def test_a_fit_survives_json():
    fit = rm.MBGCNBD.fit(gaps_of(REGULAR[1], 800, 39.0, seed=3))
    read = rm.Fit.from_json(fit.to_json())
    assert read.model == fit.model
    assert read.alternatives == fit.alternatives
    pd.testing.assert_frame_equal(read.summary(), fit.summary())
    assert f"k {fit.model.k}" in repr(fit)
