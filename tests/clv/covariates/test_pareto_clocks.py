"""Pareto/NBD on two clocks: the plain model, derivatives, and an independent integral."""

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates._exposure import Pieces
from relmark_research.clv.covariates._pareto_clocks import ParetoClocks

DAY0 = np.datetime64("2024-01-01")
MODEL = rm.ParetoNBD(0.8, 6.0, 0.7, 20.0)


def customers(n=50, weeks=20, seed=1, most=8):
    """Return pieces, values by row, and the log of customers with values by week."""
    rng, days = np.random.default_rng(seed), 7 * weeks
    who, when = [], []
    for customer in range(n):
        first = rng.integers(0, days // 2)
        bought = np.unique([first, *rng.integers(first + 1, days, rng.integers(most // 2, most))])
        who, when = who + [customer] * len(bought), when + list(bought)
    who, when = np.append(who, n), np.append(when, days - 1)  # who buys on the last day only
    given = np.repeat(np.arange(n + 1), weeks), DAY0 + np.tile(7 * np.arange(weeks), n + 1)
    ids = pd.Index([f"{k:03d}" for k in range(n + 1)])
    end = DAY0 + days - 1
    pieces = Pieces.cut(ids, (who, DAY0 + when), given, end=end, covered=end + 1)
    values = rng.normal(size=(weeks * (n + 1), 2)).round(2)
    frame = pd.DataFrame({"customer_id": ids[who], "date": DAY0 + when})
    return pieces, values, rm.read_transactions(frame, value=None).customer_summary()


@pytest.fixture(scope="module")
def case():
    pieces, values, summary = customers()
    code = np.arange(len(values))
    return ParetoClocks.of(pieces, code, values, values[:, :1], 7.0), summary


def history(summary):
    return summary.frequency, summary.recency, summary.T


def test_without_effects_it_is_the_plain_model(case):
    likelihood, summary = case
    at = np.append(np.log(MODEL.values), np.zeros(3))
    value, _ = likelihood.by_customer(at)
    np.testing.assert_allclose(value, MODEL.log_likelihood(*history(summary)), rtol=1e-9)
    alive = 1 / (1 + np.exp(-likelihood.log_odds_alive(at)))
    np.testing.assert_allclose(alive, MODEL.p_alive(*history(summary)), rtol=1e-8)


def test_derivatives_are_those_of_the_value(case):
    likelihood = case[0].scaled(np.array([0.1, -0.1, 0.2]), np.array([1.1, 0.9, 1.0]))
    at = np.append(np.log(MODEL.values), [0.3, -0.2, 0.4])
    steps = np.eye(7) * 1e-5
    numerical = [
        (likelihood.summed(at + h)[0] - likelihood.summed(at - h)[0]) / 2e-5 for h in steps
    ]
    np.testing.assert_allclose(likelihood.summed(at)[1], numerical, atol=1e-6)
    assert likelihood.evaluate(at).value == likelihood.searched(at).value
    np.testing.assert_allclose(likelihood.evaluate(at).gradient, numerical, atol=1e-6)


@pytest.mark.parametrize("scale", [1e8, 1e14, 1e20])
def test_customers_who_hardly_differ_have_one_limit(case, scale):
    """With s / beta fixed the value tends to a limit, where neither s nor beta has a slope."""
    likelihood, _ = case
    effects = [0.3, -0.2, 0.4]
    near, far = (
        likelihood.by_customer(np.append(np.log([0.8, 6.0, size * 0.03, size]), effects))
        for size in (1e7, scale)
    )
    np.testing.assert_allclose(far[0], near[0], atol=1e-6)
    np.testing.assert_allclose(far[1][2], -far[1][3], atol=1e-6)
    np.testing.assert_allclose(far[1], near[1], atol=1e-5)


@pytest.mark.parametrize("most", [8, 300])
def test_it_is_an_independent_integral(most):
    """Also for customers with over 100 purchases, whose integral underflows."""
    pieces, values, summary = customers(n=4, weeks=40, seed=3, most=most)
    likelihood = ParetoClocks.of(pieces, np.arange(len(values)), values, values[:, :1], 7.0)
    effects = [0.4, -0.3, 0.5]
    found, _ = likelihood.by_customer(np.append(np.log(MODEL.values), effects))
    assert summary.frequency.max() > (100 if most > 100 else 1)
    for row in range(4):
        assert found[row] == pytest.approx(by_mpmath(pieces, values, row, effects), rel=1e-9)


def by_mpmath(pieces, values, row, effects):
    """Return the log-likelihood of a customer with thirty digits, integrated day by day."""
    weeks, first = len(values) // len(pieces.ids), int(pieces.first[row])
    with mp.workdps(30):
        r, alpha, s, beta = (mp.mpf(v) for v in MODEL.values)
        z = values[weeks * row :][:weeks]
        rate = [mp.exp(mp.mpf(float(v @ effects[:2]))) for v in z]
        drop = [mp.exp(mp.mpf(float(v[0] * effects[2]))) for v in z]
        own = pieces.purchases[pieces.purchase_owner == row]
        bought = [int(key - row * pieces.span) for key in own]
        x, A, C, total = len(bought) - 1, mp.mpf(0), mp.mpf(0), mp.mpf(0)
        for day in range(first, pieces.end):
            a, c = rate[day // 7], drop[day // 7]
            if day >= bought[-1]:
                total += mp.quad(
                    lambda u, A=A, C=C, a=a, c=c: (
                        c * (alpha + A + a * u) ** (-(r + x)) * (beta + C + c * u) ** (-(s + 1))
                    ),
                    [0, mp.mpf(1) / 7],
                )
            A, C = A + a / 7, C + c / 7
        log_speed = sum(mp.log(rate[day // 7]) for day in bought[1:])
        alive = (alpha + A) ** (-(r + x)) * (beta + C) ** (-s)
        front = mp.loggamma(r + x) - mp.loggamma(r) + r * mp.log(alpha) + s * mp.log(beta)
        return float(front + log_speed + mp.log(alive + s * total))
