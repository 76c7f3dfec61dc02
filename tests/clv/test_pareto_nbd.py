"""Pareto/NBD against its published closed forms, by mpmath, and at its edges."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy import special

import relmark_research as rm
from relmark_research.clv import decay
from relmark_research.clv.lifetimes import LifetimeSums

MODEL = rm.ParetoNBD(0.553, 10.578, 0.606, 11.669)
HISTORIES = [(0, 0, 39), (1, 5, 39), (4, 38.9, 39), (26, 30.86, 31), (60, 10, 30)]


def published(model, x, t_x, T):
    """Log-likelihood and P(alive) by Fader & Hardie's note 009, with 2F1, at 40 digits."""
    with mp.workdps(40):
        r, alpha, s, beta, x, t_x, T = map(mp.mpf, (*model.values, x, t_x, T))
        n, top, far = r + s + x, max(alpha, beta), abs(alpha - beta)
        c = s + 1 if alpha >= beta else r + x

        def h(t):
            return mp.hyp2f1(n, c, n + 1, far / (top + t)) / (top + t) ** n

        alive = (alpha + T) ** -(r + x) * (beta + T) ** -s
        left = s / n * (h(t_x) - h(T))
        front = mp.gamma(r + x) / mp.gamma(r) * alpha**r * beta**s
        return float(mp.log(front * (alive + left))), float(alive / (alive + left))


@pytest.mark.parametrize("history", HISTORIES)
@pytest.mark.parametrize("model", [MODEL, rm.ParetoNBD(2, 3, 4, 1.5), rm.ParetoNBD(1, 7, 1, 7)])
def test_likelihood_and_p_alive_are_the_published_ones(model, history):
    log_likelihood, alive = published(model, *history)
    assert model.log_likelihood(*history) == pytest.approx(log_likelihood, rel=1e-11)
    assert model.p_alive(*history) == pytest.approx(alive, rel=1e-10)


@pytest.mark.parametrize("s", [0.3, 0.999999, 1.0, 1.000001, 2.5])
def test_expected_purchases_are_smooth_at_s_one(s):
    t, model = 20.0, rm.ParetoNBD(0.5, 10.0, s, 12.0)
    with mp.workdps(30):
        survive = mp.quad(lambda u: (1 + u / 12) ** -mp.mpf(s), [0, t])
    assert model.expected_purchases(t) == pytest.approx(float(survive) * 0.05, rel=1e-12)


@pytest.mark.parametrize("rate", [1e-5, 0.0027, 0.1])
def test_endless_value_is_tricomis_function(rate):
    r, alpha, s, beta = MODEL.values
    exact = r / alpha * rate ** (s - 1) * beta**s * special.hyperu(s, s, rate * beta)
    assert MODEL.discounted_purchases(rate) == pytest.approx(exact, rel=1e-12)


@pytest.mark.parametrize(
    ("values", "n", "t"),
    [
        ((0.55, 10.6, 0.61, 11.7), 0, 39),
        ((0.55, 10.6, 0.61, 11.7), 7, 39),
        ((50, 0.5, 0.3, 3), 500, 30),
        ((1000, 0.01, 0.01, 1000), 50, 1000),
        ((0.05, 1000, 0.01, 0.01), 3, 1000),
    ],
)
def test_pmf_is_the_nbd_until_the_customer_leaves(values, n, t):
    with mp.workdps(30):
        r, alpha, s, beta, t = map(mp.mpf, (*values, t))

        def nbd(u):
            ways = mp.gamma(r + n) / mp.gamma(r) / mp.factorial(n)
            return ways * (alpha / (alpha + u)) ** r * (u / (alpha + u)) ** n

        def left(u):
            return s * beta**s / (beta + u) ** (s + 1) * nbd(u)

        steps = [mp.mpf(0), *(t * mp.mpf(10) ** -k for k in range(8, -1, -1))]
        exact = nbd(t) * (beta / (beta + t)) ** s + mp.quad(left, steps)
    found = rm.ParetoNBD(*values).purchase_pmf(n, float(t))
    assert float(found) == pytest.approx(float(exact), rel=1e-11)


def test_nothing_happens_in_no_time():
    np.testing.assert_array_equal(MODEL.purchase_pmf(np.array([0, 1, 2]), 0.0), [1, 0, 0])
    assert MODEL.expected_purchases(0.0) == 0
    assert MODEL.p_alive(3, 7.0, 7.0) == 1


def test_more_purchases_long_ago_mean_less_to_come():
    """The increasing-frequency paradox: who bought often is the surer gone for a long silence."""
    more = MODEL.conditional_expected_purchases(52, np.array([2, 7, 20]), 25.0, 77.86)
    assert (np.diff(more) < 0).all()


def test_sums_do_not_depend_on_how_customers_share_pairs():
    x, t_x, T = MODEL.simulate(np.linspace(5, 39, 50), seed=1)
    weights = np.arange(50.0) % 3
    together = LifetimeSums.of((x, t_x, T), weights)(MODEL.values)
    alone = [
        LifetimeSums.of(tuple(column[i : i + 1] for column in (x, t_x, T)), weights[i : i + 1])
        for i in range(50)
    ]
    apart = [sums(MODEL.values) for sums in alone]
    for k in range(3):
        total = sum(np.asarray(part[k]) for part in apart)
        np.testing.assert_allclose(together[k], total, rtol=1e-9, atol=1e-11)


def test_information_is_exact_where_a_mixture_is_nearly_a_point():
    """r and alpha a hundred million: squares of slopes would leave nothing but rounding."""
    x, t_x, T = MODEL.simulate(np.full(40, 39.0), seed=2)
    far = np.array([1e8, 1e9, 0.6, 11.0])
    _, slope, hessian = LifetimeSums.of((x, t_x, T), np.ones(40))(far)
    along = np.array([far[0], far[1], 0, 0])
    assert abs(along @ slope) < 1e-4  # the likelihood hardly changes as both grow
    assert abs(along @ hessian @ along + along @ slope) < 1e-3


def test_a_fit_without_drop_out_says_so():
    T = np.random.default_rng(0).uniform(20, 39, 3000)
    x, t_x, T = rm.ParetoNBD(0.55, 10.6, 1e-6, 1e5).simulate(T, seed=1)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    fit = rm.ParetoNBD.fit(rm.CustomerSummary(table, unit="week"))
    assert fit.diagnosis.grade == "at infinity"
    assert {"s", "beta"} & set(fit.diagnosis.loose)
    assert "rate of leaving" in fit.diagnosis.words or "beta" in fit.diagnosis.words


def test_falling_and_rising_integrals_meet_their_gamma_functions():
    s, w = decay.falling_nodes(np.array(0.5), np.array(700.0))
    assert float((w * np.exp(-2 * s)).sum()) == pytest.approx(0.5, rel=1e-13)
    for rise, rate in ((0.0, 0.5), (3.0, 1.5), (5000.0, 0.2)):
        falls = ((np.array(rise + 1 + rate), np.array(2.0)),)
        found = decay.log_hump(rise=np.array(rise), falls=falls, end=np.array(1e300))
        exact = special.betaln(rise + 1, rate) - rate * np.log(2)
        assert float(found) == pytest.approx(exact, rel=1e-11)
