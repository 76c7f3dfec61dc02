"""The joint likelihood is that of the process in calendar time, and its derivatives are right."""

import numpy as np
import pytest
from scipy import special

import relmark_research as rm
from relmark_research.clv.calendar._calendar_likelihood import CalendarLikelihood, DatedHistories
from relmark_research.clv.calendar.calendar_design import CalendarDesign

DAYS = 60
DESIGN = CalendarDesign.of(season="month", events={"sale": [("2024-02-10", "2024-02-12")]})
Z = DESIGN.matrix(738886 + np.arange(DAYS))  # from 2024-01-01
BETA = np.where(np.array(DESIGN.groups) == "event", 0.7, np.linspace(-0.5, 0.6, len(DESIGN)))
RATES = np.exp(Z @ BETA)


def by_definition(model, purchases):
    """Integrate the density of purchase-days over lambda and p, day by day.

    ``purchases`` are the customer's days. Alive and with rate lambda, the customer buys on day d
    with density lambda s(d), and not with probability exp(-lambda s(d)).
    """
    nodes, mass = special.roots_genlaguerre(120, model.r - 1)
    rate, mass = nodes[:, None] / model.alpha, mass[:, None] / special.gamma(model.r)
    points, weights = special.roots_jacobi(40, model.b - 1, model.a - 1)
    p, weights = (points + 1) / 2, weights / weights.sum()
    return float((mass * weights * _given(rate, p, purchases, isinstance(model, rm.MBGNBD))).sum())


def _given(rate, p, purchases, dropout_at_first):
    repeats = purchases[1:]
    alive = np.ones_like(rate * p) * ((1 - p) if dropout_at_first else 1.0)
    gone = p * np.ones_like(rate) if dropout_at_first and not repeats else 0.0
    for before, day in zip(purchases, repeats, strict=False):
        for quiet in range(before + 1, day + 1):
            alive = alive * np.exp(-rate * RATES[quiet] / 7)
        alive = alive * rate * RATES[day]
        if day == purchases[-1]:
            gone = alive * p
        alive = alive * (1 - p)
    for quiet in range(purchases[-1] + 1, DAYS):
        alive = alive * np.exp(-rate * RATES[quiet] / 7)
    return gone + alive


@pytest.mark.parametrize("model", [rm.BGNBD(1.2, 2.0, 1.5, 2.5), rm.MBGNBD(1.2, 2.0, 1.5, 2.5)])
@pytest.mark.parametrize("days", [(3,), (0, 42), (5, 20, 41, 44)])
def test_small_histories_are_integrals_of_the_process(model, days):
    counts = np.bincount(days[1:], minlength=DAYS).astype(float)
    one = [np.array([value]) for value in (float(len(days) - 1), days[0], days[-1], 1.0)]
    likelihood = CalendarLikelihood(type(model), DatedHistories(*one, counts), Z, np.zeros(DAYS))
    found = likelihood.evaluate(np.concatenate([np.log(model.values), BETA])).value
    assert found == pytest.approx(np.log(by_definition(model, days)), abs=1e-10)


@pytest.fixture(scope="module")
def histories():
    rng = np.random.default_rng(2)
    first = rng.integers(0, 30, 200)
    x = rng.poisson(1.5, 200)
    last = np.where(x > 0, np.minimum(first + x + rng.integers(0, 40, 200), DAYS - 1), first)
    counts = np.bincount(rng.integers(1, DAYS, x.sum()), minlength=DAYS).astype(float)
    return DatedHistories(
        x.astype(float), first, last, rng.integers(1, 4, 200).astype(float), counts
    )


@pytest.mark.parametrize("model", [rm.BGNBD, rm.MBGNBD, rm.ParetoNBD])
def test_derivatives_agree_with_differences(histories, model):
    likelihood = CalendarLikelihood(model, histories, Z, np.full(DAYS, 0.1))
    at = np.concatenate([np.log([0.7, 4.0, 0.9, 2.5]), BETA])
    point, steps = likelihood.evaluate(at), 1e-5 * np.eye(len(at))
    ends = [(likelihood.evaluate(at + step), likelihood.evaluate(at - step)) for step in steps]
    by_value = np.array([(up.value - down.value) / 2e-5 for up, down in ends])
    by_gradient = np.array([(up.gradient - down.gradient) / 2e-5 for up, down in ends])
    assert point.gradient == pytest.approx(by_value, abs=2e-5)
    assert point.hessian == pytest.approx(by_gradient, abs=1e-3, rel=1e-3)


@pytest.mark.parametrize("model", [rm.BGNBD, rm.MBGNBD])
def test_without_effects_it_is_the_plain_likelihood(histories, model):
    likelihood = CalendarLikelihood(model, histories, Z, np.zeros(DAYS))
    logs = np.log([0.7, 4.0, 0.9, 2.5])
    t_x = (histories.last - histories.first) / 7
    T = (DAYS - 1 - histories.first) / 7
    plain = model.from_values(np.exp(logs)).log_likelihood(histories.x, t_x, T)
    found = likelihood.evaluate(np.concatenate([logs, np.zeros(len(DESIGN))])).value
    assert found == pytest.approx(plain @ histories.weights, abs=1e-10, rel=1e-13)
