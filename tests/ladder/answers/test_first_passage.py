"""First passage: times and probabilities against simulated customers."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import LadderError
from relmark_research.ladder.answers.first_passage import first_passage_table, periods_within
from relmark_research.ladder.estimation import markov
from tests.ladder.conftest import STATES, TRUE, estimate, walk


def test_a_loss_before_the_target_counts_as_never(chain):
    passage = chain.time_to("advocate", before="lost").table
    Q = TRUE[:3, :3]
    expected = np.linalg.solve(np.eye(3) - Q, TRUE[:3, 3])
    np.testing.assert_allclose(passage["probability"][:3], expected)
    assert np.isnan(passage.loc["lost", "mean"])
    assert (passage["probability_low"] <= passage["probability"]).all()


@pytest.fixture(scope="module")
def paths():
    """The states of 60,000 customers over 60 periods, from the second state on."""
    return walk(TRUE, np.full(60_000, 1), 60, np.random.default_rng(11))


@pytest.mark.parametrize("target", ["advocate", "lost"])
def test_first_passage_matches_60000_simulated_customers(chain, paths, target):
    n, periods, at = 60_000, 60, STATES.index(target)
    there = paths == at
    first = np.where(there.any(axis=1), there.argmax(axis=1), np.inf)
    soon = chain.probability_of_reaching(target, 12).loc["first-time", "probability"]
    assert abs((first <= 12).mean() - soon) < 4 * np.sqrt(soon * (1 - soon) / n)
    result = chain.time_to(target)
    cut = result.distribution["first-time"].iloc[-1]
    whole = markov.first_passage_distribution(TRUE, at, periods - 1)[:, 1]
    mean = (np.arange(1, periods) * np.diff(whole)).sum() / whole[-1]
    seen = first[np.isfinite(first)]
    assert abs(seen.mean() - mean) < 4 * seen.std() / np.sqrt(len(seen))
    assert cut == pytest.approx(1, abs=2e-3)
    assert result.table.loc["first-time", "median"] == np.median(first)


def test_mean_and_sd_match_a_complete_simulation(chain):
    """Followed until everybody is lost, no cut at all: 200,000 customers."""
    rng = np.random.default_rng(12)
    P = markov.make_absorbing(TRUE, 4)
    state, time = np.full(200_000, 2), np.zeros(200_000)
    edges = np.cumsum(P, axis=1)
    while (moving := state != 4).any():
        time[moving] += 1
        draw = rng.random(moving.sum())[:, None]
        state[moving] = (draw > edges[state[moving]]).sum(axis=1)
    row = chain.time_to("lost").table.loc["repeat"]
    assert abs(time.mean() - row["mean"]) < 4 * time.std() / np.sqrt(200_000)
    assert time.std() == pytest.approx(row["sd"], rel=0.02)
    assert np.median(time) == row["median"]


def test_lengths_of_time_become_whole_periods(chain):
    year, four = (chain.probability_of_reaching("advocate", n) for n in ("12 months", 4))
    pd.testing.assert_frame_equal(year, four)


def test_observed_first_passage_holds_the_matrix(history):
    found = estimate(history)
    table = rm.ladder.first_passage_table(found, "first-time", "advocate")
    assert table["at_risk"].is_monotonic_decreasing
    assert (table["observed_low"] <= table["observed"]).all()
    assert table["expected"].between(table["observed_low"], table["observed_high"]).mean() > 0.8
    assert "first-time" in repr(found.time_to("advocate"))
    with pytest.raises(LadderError, match="start and target must be two rungs"):
        rm.ladder.first_passage_table(found, "repeat", "repeat")


@pytest.mark.parametrize(
    ("within", "period", "said"),
    [
        (-1, None, "0 or more; found -1"),
        (2.5, None, "whole number of periods.*found 2.5"),
        ("12 months", None, "needs the calendar length of a period"),
        ("for ever", rm.Period("quarter"), "within must end"),
    ],
)
def test_a_length_of_time_is_a_whole_number_of_periods(within, period, said):
    with pytest.raises(rm.ParameterError, match=said):
        periods_within(within, period)


def test_lengths_of_time_are_rounded_down_to_periods():
    quarter = rm.Period("quarter")
    assert [periods_within(each, quarter) for each in (0, "2 months", "3 months", "1 year")] == [
        0, 0, 1, 4,
    ]  # fmt: skip


def test_an_observed_time_needs_two_rungs_and_people_on_the_first(history):
    found = estimate(history)
    with pytest.raises(LadderError, match="must be two rungs; both are repeat"):
        first_passage_table(found, "repeat", "repeat")
    without = estimate(history[history["rung"] != "advocate"], prior=0.5)
    with pytest.raises(LadderError, match="no rung with people at risk 'advocate'"):
        first_passage_table(without, "advocate", "repeat")
