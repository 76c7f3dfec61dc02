"""Values of rungs, steps and transition sensitivities."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from relmark_research.ladder.answers.rung_value import (
    margins_by_state,
    period_discount_factor,
    sensitivities,
)
from relmark_research.ladder.estimation import markov
from tests.ladder.conftest import STATES, TRUE

RECENCY = np.array([[.3, .7, 0, 0, 0], [.2, 0, .8, 0, 0], [.15, 0, 0, .85, 0],
                    [.05, 0, 0, 0, .95], [0, 0, 0, 0, 1]])  # fmt: skip


def test_published_values_by_the_public_call():
    counts = pd.DataFrame(RECENCY * 1000, *[["1", "2", "3", "4", "lost"]] * 2)
    found = rm.estimate_transitions(counts, period="year").value(
        {"1": 36, "2": -4, "3": -4, "4": -4, "lost": 0}, 0.2
    )
    np.testing.assert_allclose(found.table["value"], [52.320, 5.554, 1.251, -1.820, 0], atol=5e-4)


def test_sensitivities_are_derivatives_of_the_value(chain):
    margin, discount = np.array([0, 10, 25, 60, 0.0]), 0.97
    V = markov.discounted_values(TRUE, margin, discount)
    gain, stays = sensitivities(TRUE, V, discount)
    for i, j in ((1, 2), (2, 3), (3, 3), (4, 1)):
        step = 1e-6
        moved = TRUE.copy()
        moved[i] *= 1 - step / (1 - TRUE[i, j])
        moved[i, j] = TRUE[i, j] + step
        slope = (markov.discounted_values(moved, margin, discount) - V) / step * 0.01
        np.testing.assert_allclose(stays[:, i] * gain[i, j], slope, rtol=1e-3, atol=1e-6)


@pytest.mark.parametrize("period", ["month", "quarter", "Q-JUN", "week"])
def test_annual_margins_are_converted_to_the_period(period):
    counts = pd.DataFrame(TRUE * 500, list(STATES), list(STATES))
    estimate = rm.estimate_transitions(counts, off_ladder=["lost"], period=period)
    margin = np.array([0, 40, 100, 240, 0.0])
    found = estimate.value(dict(zip(STATES, margin, strict=True)), 0.1)
    years = {"month": 1 / 12, "week": 7 / 365.2425}.get(period, 0.25)
    expected = markov.discounted_values(TRUE, margin * years, 1.1**-years)
    np.testing.assert_allclose(found.table["value"], expected)
    np.testing.assert_allclose(found.table["annual_margin"], margin)


def test_annual_margins_need_a_calendar_period():
    counts = pd.DataFrame(TRUE * 500, list(STATES), list(STATES))
    with pytest.raises(ParameterError, match=r"annual margins.*Give period="):
        rm.estimate_transitions(counts).value(dict.fromkeys(STATES, 1.0), 0.1)


def test_values_steps_and_sensitivities_are_consistent(chain):
    margin = {"prospect": 0, "first-time": 40, "repeat": 100, "advocate": 240, "lost": 0}
    found = chain.value(margin, 0.1)
    value = found.table["value"]
    assert found.discount_factor == pytest.approx(1.1**-0.25)
    for row in found.steps.itertuples():
        assert row.gain == pytest.approx(value[row.destination] - value[row.origin])
    assert list(found.steps["origin"]) == ["prospect", "first-time", "repeat"]
    assert found.transition_sensitivities["total"].is_monotonic_decreasing
    assert found.transition_sensitivities["probability_best"].sum() == pytest.approx(1)
    assert (found.table["low"] < value)[:4].all() and (value < found.table["high"])[:4].all()


def test_margins_are_given_for_each_rung():
    given = {"x": 1, "y": 0}
    assert margins_by_state(("y", "x"), given).tolist() == [0, 1]
    assert margins_by_state(("y", "x"), pd.Series(given)).tolist() == [0, 1]
    with pytest.raises(rm.LadderError, match="annual_margin_by_rung: no rung 'z'"):
        margins_by_state(("x", "y"), given | {"z": 1})
    with pytest.raises(ParameterError, match="found none for y"):
        margins_by_state(("x", "y"), {"x": 1, "y": np.nan})


def test_an_infinite_horizon_needs_a_discount_rate():
    year = rm.Period("year")
    assert period_discount_factor(year, 0.25) == pytest.approx(0.8)
    with pytest.raises(ParameterError, match="a discount rate above 0; found 0"):
        period_discount_factor(year, 0.0)
