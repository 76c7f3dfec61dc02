"""Pareto/NBD against its published closed forms, by mpmath, and at its edges."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest
from scipy import special

import relmark_research as rm
from relmark_research.clv.families.nbd import NBD
from relmark_research.clv.families.pareto_nbd import ParetoNBDLikelihood

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
    together = ParetoNBDLikelihood.from_rows((x, t_x, T), weights)(MODEL.values)
    alone = [
        ParetoNBDLikelihood.from_rows(
            tuple(column[i : i + 1] for column in (x, t_x, T)), weights[i : i + 1]
        )
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
    _, slope, hessian = ParetoNBDLikelihood.from_rows((x, t_x, T), np.ones(40))(far)
    along = np.array([far[0], far[1], 0, 0])
    assert abs(along @ slope) < 1e-4  # the likelihood hardly changes as both grow
    assert abs(along @ hessian @ along + along @ slope) < 1e-3


def test_a_fit_without_dropout_says_so():
    T = np.random.default_rng(0).uniform(20, 39, 3000)
    x, t_x, T = rm.ParetoNBD(0.55, 10.6, 1e-6, 1e5).simulate(T, seed=1)
    table = pd.DataFrame({"frequency": x, "recency": t_x, "T": T})
    fit = rm.ParetoNBD.fit(rm.CustomerSummary(table, unit="week"))
    assert fit.diagnosis.status == "at infinity"
    assert {"s", "beta"} & set(fit.diagnosis.unidentified)
    assert "dropout rate" in fit.diagnosis.message or "beta" in fit.diagnosis.message


def alike(rate, leaving, x, t_x, T, t):
    """Log-likelihood (less Gamma(r+x)/Gamma(r) r^-x), P(alive), purchases to t of the living."""
    rate, leaving, x, t_x, T, t = map(mp.mpf, (rate, leaving, x, t_x, T, t))
    both = rate + leaving
    gone = leaving / both * (mp.exp(-both * t_x) - mp.exp(-both * T))
    alive = mp.exp(-both * T)
    more = rate * (1 - mp.exp(-leaving * t)) / leaving
    return mp.log(rate**x * (alive + gone)), alive / (alive + gone), more


@pytest.mark.parametrize("size", [1e9, 1e13, 1e17, 1e40])
@pytest.mark.parametrize("history", HISTORIES)
def test_where_all_are_alike_it_is_poisson_until_an_exponential_end(size, history):
    """Parameters that diverge together leave their ratios: purchases 0.05, dropout 0.03."""
    model = rm.ParetoNBD(0.05 * size, size, 0.03 * size, size)
    x, *_ = history
    with mp.workdps(40):
        told, alive, more = map(float, alike(0.05, 0.03, *history, 26))
        r = mp.mpf(0.05 * size)
        ways = float(sum(mp.log1p(k / r) for k in range(x)))
    off = 30 * 60**2 / size + 1e-11  # what the size leaves of the difference, and rounding
    assert model.log_likelihood(*history) == pytest.approx(told + ways, rel=off, abs=off)
    assert model.p_alive(*history) == pytest.approx(alive, rel=off)
    assert model.living(*history).expected_purchases(26) == pytest.approx(more, rel=off)
    assert model.conditional_expected_purchases(26, *history) == pytest.approx(
        alive * more, rel=off
    )


@pytest.mark.parametrize("beta", [1e9, 1e13, 1e17, 1e40])
@pytest.mark.parametrize("s", [1e-20, 0.6, 1e3])
def test_with_rare_dropout_it_is_the_nbd(s, beta):
    beta = max(beta, 1e9 * s)
    model, nobody = rm.ParetoNBD(0.7, 9.4, s, beta), NBD(0.7, 9.4)
    x, t_x, T = (np.array(column, float) for column in zip(*HISTORIES, strict=True))
    # the chance of having left, had it been s / beta a week: the odds of a silence times that
    off = 1e-11 + 100 * s / beta * ((9.4 + T) / (9.4 + t_x)) ** (0.7 + x)
    told = model.log_likelihood(x, t_x, T) - nobody.log_likelihood(x, t_x, T)
    assert (np.abs(told) < off).all()
    assert (1 - model.p_alive(x, t_x, T) < off).all()
    n = np.arange(30)
    np.testing.assert_allclose(model.purchase_pmf(n, 39.0), nobody.purchase_pmf(n, 39.0), rtol=1e-4)
    for found, exact in (
        (model.expected_purchases(52.0), nobody.expected_purchases(52.0)),
        (model.discounted_purchases(0.002), nobody.discounted_purchases(0.002)),
    ):
        assert found == pytest.approx(exact, rel=1e3 * s / beta + 1e-10)


@pytest.mark.parametrize("size", [1e9, 1e13, 1e17])
def test_slopes_and_curvature_hold_their_digits_far_out(size):
    """Along log r = log alpha and log s = log beta nothing changes, as far as one can see."""
    x, t_x, T = MODEL.simulate(np.full(40, 39.0), seed=2)
    far = np.array([0.05 * size, size, 0.03 * size, size])
    _, slope, hessian = ParetoNBDLikelihood.from_rows((x, t_x, T), np.ones(40))(far)
    score = rm.ParetoNBD(*far).score(x, t_x, T)
    np.testing.assert_allclose(score.sum(axis=1) * far, slope * far, rtol=1e-8, atol=1e-8)
    for pair in ([0, 1], [2, 3]):
        along = np.where(np.isin(np.arange(4), pair), far, 0)
        assert abs(along @ slope) < 1e-4
        assert abs(along @ hessian @ along + along @ slope) < 1e-3
    step = np.array([0, 1e-4, 0, 0])
    ahead, behind = (
        ParetoNBDLikelihood.from_rows((x, t_x, T), np.ones(40))(far * np.exp(way * step))[1][1]
        * far[1]
        * np.exp(way * 1e-4)
        for way in (1, -1)
    )
    curve = far[1] ** 2 * hessian[1, 1] + far[1] * slope[1]
    assert (ahead - behind) / 2e-4 == pytest.approx(curve, rel=1e-5)


def test_a_fit_at_infinity_forecasts_as_its_limit():
    """Nearly equal customers: r and alpha, s and beta diverge; only their ratios are identified."""
    x, t_x, T = rm.BGNBD(100, 1000, 20, 80).simulate(np.full(3000, 40.0), seed=1)
    table = pd.DataFrame({"frequency": x, "recency": np.ceil(t_x * 7) / 7, "T": T})
    fit = rm.ParetoNBD.fit(rm.CustomerSummary(table, unit="week"))
    assert fit.diagnosis.status == "at infinity"
    assert fit.diagnosis.identified_ratios == ("r / alpha", "s / beta")
    r, alpha, s, beta = fit.model.values
    found = rm.forecast(fit, rm.CustomerSummary(table, unit="week"), horizon="26 weeks")
    for row in (0, 7, 2000):
        exact = alike(r / alpha, s / beta, *table.loc[row, ["frequency", "recency", "T"]], 26)
        alive, more = float(exact[1]), float(exact[2])
        assert found.loc[row, "p_alive"] == pytest.approx(alive, rel=1e-5)
        assert found.loc[row, "expected_purchases"] == pytest.approx(alive * more, rel=1e-5)
