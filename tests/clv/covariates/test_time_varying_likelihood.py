"""The likelihood on clocks: published values, the plain model, derivatives, heavy histories."""

from itertools import pairwise

import mpmath as mp
import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates._exposure import Pieces
from relmark_research.clv.covariates._time_varying_likelihood import TimeVaryingLikelihood

DAY0 = np.datetime64("2024-01-01")
# Log-likelihoods by quadrature over lambda and p from first principles: purchases at 1.3, 4.2 and
# 4.9, end at 9.4, ten steps of the covariate, effect 0.7, (r, alpha, a, b) = (.8, 3, .9, 2.4).
STEPS = np.array([0, 1, 1, 0, 0.5, 0, 2, 1, 0, 1])
DIRECT = {
    ("BGCNBD", 1): -7.1465035621,
    ("MBGCNBD", 1): -7.4374372407,
    ("BGCNBD", 2): -7.5884178824,
    ("MBGCNBD", 2): -7.8983169613,
    ("BGCNBD", 3): -8.5922759063,
    ("MBGCNBD", 3): -8.9176909614,
}
VALUES = (0.8, 3.0, 0.9, 2.4)


def one_customer(model, bought, end, steps, per=10.0):
    """Return the likelihood of a customer with a step of the covariate every ``per`` days."""
    given = np.zeros(len(steps), int), DAY0 + int(per) * np.arange(len(steps))
    pieces = Pieces.cut(
        pd.Index(["a"]),
        (np.zeros(len(bought), int), DAY0 + np.asarray(bought)),
        given,
        end=DAY0 + end,
        covered=DAY0 + int(per) * len(steps),
    )
    values = np.asarray(steps, float)[:, None]
    return TimeVaryingLikelihood.of(model, pieces, np.arange(len(steps)), values, per)


@pytest.mark.parametrize(("name", "k"), DIRECT)
def test_it_is_the_likelihood_by_direct_quadrature(name, k):
    model = rm.clv.MODELS[name](*VALUES, k)
    found = one_customer(model, [0, 13, 42, 49], 94, STEPS).evaluate(
        np.append(np.log(model.values), 0.7)
    )
    assert found.value == pytest.approx(DIRECT[name, k], abs=6e-11)
    if k == 1:
        plain = rm.clv.MODELS[name.replace("CNBD", "NBD")](*VALUES)
        same = one_customer(plain, [0, 13, 42, 49], 94, STEPS)
        value = same.evaluate(np.append(np.log(model.values), 0.7)).value
        assert value == pytest.approx(DIRECT[name, k], abs=6e-11)


MODELS = (
    rm.BGNBD(*VALUES),
    rm.MBGNBD(*VALUES),
    rm.BGCNBD(*VALUES, 2),
    rm.MBGCNBD(*VALUES, 3),
)


def several(model, n=80, seed=1):
    """Return the likelihood of customers with two covariates that change every week."""
    rng = np.random.default_rng(seed)
    who, when = [], []
    for customer in range(n):
        first = rng.integers(0, 40)
        days = np.unique([first, *(first + rng.integers(1, 60, rng.integers(0, 6)))])
        days = days[days <= 90]  # some buy on the last day
        who += [customer] * len(days)
        when += list(days)
    given = np.repeat(np.arange(n), 15), DAY0 + np.tile(7 * np.arange(15), n)
    z = np.column_stack([rng.normal(size=n * 15), rng.integers(0, 2, n * 15)])
    pieces = Pieces.cut(
        pd.RangeIndex(n).astype(str),
        (np.array(who), DAY0 + np.array(when)),
        given,
        end=DAY0 + 90,
        covered=DAY0 + 105,
    )
    return TimeVaryingLikelihood.of(model, pieces, np.arange(n * 15), z, 7.0), who, when


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_derivatives_are_those_of_the_value(model):
    likelihood = several(model)[0].scaled(np.array([0.1, 0.5]), np.array([1.1, 0.5]))
    at = np.append(np.log(model.values), [0.3, -0.2])
    steps, found = np.eye(6) * 1e-5, likelihood.evaluate(at)
    sides = [(likelihood.evaluate(at + h), likelihood.evaluate(at - h)) for h in steps]
    slope = [(up.value - down.value) / 2e-5 for up, down in sides]
    curve = [(up.gradient - down.gradient) / 2e-5 for up, down in sides]
    np.testing.assert_allclose(found.gradient, slope, atol=1e-6)
    np.testing.assert_allclose(found.hessian, curve, atol=1e-6)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_without_effects_it_is_the_plain_likelihood(model):
    likelihood, who, when = several(model)
    table = pd.DataFrame({"customer_id": who, "date": DAY0 + np.array(when)})
    end = pd.DataFrame({"customer_id": [999], "date": [DAY0 + 90]})
    log = rm.read_transactions(pd.concat([table, end]), value=None)
    summary = log.customer_summary().table.drop(index="999")
    columns = ["frequency", "recency", "T", *(["sum_log_gaps"] if model.given else [])]
    plain = model.log_likelihood(*summary[columns].to_numpy().T).sum()
    found = likelihood.evaluate(np.append(np.log(model.values), [0.0, 0.0]))
    assert found.value == pytest.approx(plain, rel=1e-12)


@pytest.mark.parametrize("model", MODELS, ids=lambda m: type(m).__name__)
def test_a_heavy_history_keeps_nine_digits(model):
    rng = np.random.default_rng(2)
    bought = np.unique([0, *rng.integers(1, 690, 200)])[:171]  # x = 170
    steps = rng.normal(size=100).round(2)
    at = np.append(np.log(model.values), 0.6)
    found = one_customer(model, bought, 697, steps, per=7.0).evaluate(at).value
    assert found == pytest.approx(by_mpmath(model, bought, 697, steps, 0.6), rel=1e-9)


def by_mpmath(model, bought, end, steps, effect):
    """Return the log-likelihood with forty digits."""
    k, first = getattr(model, "k", 1), int(model.p_alive(0.0, 0.0, 1.0) < 1)
    with mp.workdps(40):
        r, alpha, a, b = (mp.mpf(v) for v in model.values)
        speed = [mp.exp(mp.mpf(effect) * mp.mpf(float(steps[day // 7]))) for day in range(end)]
        clock = [mp.mpf(0)]
        for each in speed:
            clock.append(clock[-1] + each / 7)
        x, s = len(bought) - 1, len(bought) - 1 + first
        last, stop, n = clock[bought[-1]], clock[end], r + k * (len(bought) - 1)
        value = sum(mp.mpf(effect) * mp.mpf(float(steps[day // 7])) for day in bought[1:])
        for early, late in pairwise(bought):
            value += (k - 1) * mp.log(clock[late] - clock[early]) - mp.loggamma(k)
        value += mp.log(mp.beta(a, b + s)) - mp.log(mp.beta(a, b))
        value += mp.loggamma(n) - mp.loggamma(r) + r * mp.log(alpha) - n * mp.log(alpha + stop)
        u = (stop - last) / (alpha + stop)
        alive = sum(mp.rf(n, j) / mp.factorial(j) * u**j for j in range(k))
        left = a / (b + s - 1) * ((alpha + stop) / (alpha + last)) ** n
        assert x == 170
        return float(value + mp.log(left + alive))
