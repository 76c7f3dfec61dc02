"""Conditional quantities of Pareto/NBD on two clocks."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.clv.covariates._exposure import Pieces
from relmark_research.clv.covariates._pareto_clocks import ParetoClocks
from relmark_research.clv.covariates._two_clock_model import TwoClockModel
from relmark_research.clv.covariates.clock_model import ClockData
from relmark_research.units import TimeUnit
from tests.clv.covariates.test_pareto_clocks import MODEL, customers


def model_at(effects, ahead=15):
    """Return the model and histories of customers observed for 20 weeks, with values for more."""
    pieces, values, _ = customers(n=30, weeks=20 + ahead, seed=4)
    end = 7 * 20 - 1
    day = pieces.purchases - pieces.purchase_owner * pieces.span
    owner, day = pieces.purchase_owner[day < end], day[day < end]
    known = np.unique(owner)
    rows = np.repeat(np.arange(len(known)), 20 + ahead)
    weeks = np.tile(7 * np.arange(20 + ahead), len(known))
    cut = Pieces.cut(
        pieces.ids[known],
        (np.searchsorted(known, owner), pieces.origin + day),
        (rows, pieces.origin + weeks),
        end=pieces.origin + end,
        covered=pieces.origin + 7 * (20 + ahead),
    )
    code, z = np.arange(len(rows)), values[: len(rows)]
    data = ClockData(cut, code[cut.row], z, TimeUnit("week"), z[:, :1])
    likelihood = ParetoClocks.of(cut, code, z, z[:, :1], 7.0)
    model = TwoClockModel(MODEL, np.asarray(effects), data, np.arange(len(known)), likelihood)
    last = np.append(cut.opened[1:], len(cut.purchases)) - 1
    t_x = (cut.purchases[last] % cut.span - cut.first) / 7
    return model, (cut.frequency, t_x, (end - cut.first) / 7)


def test_without_effects_it_is_the_plain_model():
    model, known = model_at([0.0, 0.0, 0.0])
    np.testing.assert_allclose(model.p_alive(*known), MODEL.p_alive(*known), rtol=1e-8)
    ours, plain = model.living(*known), MODEL.living(*known)
    for t in (0.5, 3.0, 14.0):
        for call in (
            lambda m, t=t: m.expected_purchases(t),
            lambda m, t=t: m.purchase_pmf(2, t),
            lambda m, t=t: m.survival(t),
            lambda m, t=t: m.discounted_purchases(0.02, t),
        ):
            np.testing.assert_allclose(call(ours), call(plain), rtol=1e-8)
    ages = np.array([[1.0], [2.5], [14.0]]) * np.ones(len(known[0]))
    found = model.expected_purchases(ages)
    np.testing.assert_allclose(found, MODEL.expected_purchases(ages), rtol=1e-9)


def test_pmf_is_one_whole_with_the_expected_mean():
    model, known = model_at([0.4, -0.3, 0.6])
    living, n = model.living(*known), np.arange(300)[:, None]
    pmf = living.purchase_pmf(n, np.full((1, len(known[0])), 12.0))
    np.testing.assert_allclose(pmf.sum(axis=0), 1.0, rtol=1e-8)
    np.testing.assert_allclose((n * pmf).sum(axis=0), living.expected_purchases(12.0), rtol=1e-6)


def test_draws_have_the_expected_mean():
    model, known = model_at([0.4, -0.3, 0.6])
    many = model.take(np.repeat(np.arange(len(known[0])), 400))
    living = many.living(*(np.repeat(column, 400) for column in known))
    T, rng = np.full(len(many.rows), 12.0), np.random.default_rng(2)
    times = np.array(living.draw_purchase_times(T, rng))
    bought = np.isfinite(times).sum(axis=0)
    assert times[np.isfinite(times)].max() <= 12.0 + 1e-6
    error = bought.std() / np.sqrt(len(bought))
    assert abs(bought.mean() - living.expected_purchases(12.0).mean()) < 4 * error


def test_p_alive_is_known_at_the_end_alone():
    model, (x, t_x, T) = model_at([0.1, 0.1, 0.1])
    with pytest.raises(rm.ParameterError, match="known at the end of the log only"):
        model.p_alive(x, t_x, T - 1)
