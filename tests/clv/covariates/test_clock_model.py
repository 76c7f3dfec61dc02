"""Models on clocks: at the plain speed they are the plain model; times are mapped back."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.covariates.clock_model import ClockData, ClockModel
from relmark_research.units import TimeUnit
from tests.clv.covariates.test_pareto_clocks import customers

PLAIN = (rm.MBGNBD(0.8, 6.0, 0.8, 2.5), rm.BGCNBD(0.8, 3.0, 0.8, 2.5, 2))


def model_at(plain, effects):
    """Return the model of customers who came early, with values for 30 weeks ahead."""
    pieces, values, _ = customers(n=40, weeks=40, seed=2)
    data = ClockData(pieces, np.arange(len(values))[pieces.row], values, TimeUnit("week"))
    return ClockModel(plain, np.asarray(effects), data, np.flatnonzero(pieces.first < 70))


@pytest.mark.parametrize("plain", PLAIN, ids=lambda m: type(m).__name__)
def test_without_effects_it_is_the_plain_model(plain):
    model = model_at(plain, [0.0, 0.0])
    n = len(model.rows)
    history = np.full(n, 2.0), np.full(n, 5.0), np.full(n, 8.0)
    for call in (
        lambda m: m.p_alive(*history),
        lambda m: m.conditional_expected_purchases(12.0, *history),
        lambda m: m.conditional_purchase_pmf(1, 12.0, *history),
        lambda m: m.living(*history).survival(12.0),
        lambda m: m.expected_purchases(np.full(n, 9.0)),
        lambda m: m.purchase_pmf(1, np.full(n, 9.0)),
        lambda m: m.survival(np.full(n, 9.0)),
    ):
        np.testing.assert_allclose(call(model), call(plain), rtol=1e-9)
    ours, exact = (m.living(*history).discounted_purchases(0.01, 12.0) for m in (model, plain))
    np.testing.assert_allclose(ours, exact, rtol=1e-4)
    assert np.ptp(model.living(*history).expected_purchases(np.zeros(n))) == 0


@pytest.mark.parametrize("plain", PLAIN, ids=lambda m: type(m).__name__)
def test_draws_have_the_expected_number_of_purchases(plain):
    model = model_at(plain, [0.5, -0.4])
    many = model.take(np.repeat(np.arange(len(model.rows)), 500))
    T = np.full(len(many.rows), 20.0)
    times = np.array(many.draw_purchase_times(T, np.random.default_rng(1)))
    made = np.isfinite(times)
    assert times[made].max() <= 20.0 + 1e-9
    assert (np.diff(np.where(made, times, 1e9), axis=0)[made[1:]] > 0).all()
    bought, expected = made.sum(axis=0), many.expected_purchases(T)
    assert abs(bought.mean() - expected.mean()) < 4 * bought.std() / np.sqrt(len(bought))


def test_parameters_are_replaced_for_all_customers():
    model = model_at(PLAIN[0], [0.5, -0.4])
    stacked = model.stacked()
    assert stacked.shape == (6, len(model.rows))
    again = model.with_values(stacked)
    np.testing.assert_allclose(again.effects, [0.5, -0.4])
    np.testing.assert_allclose(again.plain.values, PLAIN[0].values)
    assert model.row_counts == {len(model.rows)}
