import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import LadderError
from relmark_research.ladder.answers.ladder_plot_tables import (
    cohort_moves,
    flow_table,
    rung_table,
    sort_by_rung,
)
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.stats.intervals import wilson_interval

ROWS = {  # rungs of each person, from the quarter given
    "a": ("2023Q1", ["first", "repeat", "repeat", "lost"]),
    "b": ("2023Q1", ["first", "repeat", "first", "first"]),
    "c": ("2023Q2", ["first", "first", "repeat"]),
    "d": ("2023Q4", ["lost"]),
}


@pytest.fixture(scope="module")
def history() -> LadderHistory:
    rows = [
        (who, pd.Period(start, "Q") + step, rung)
        for who, (start, path) in ROWS.items()
        for step, rung in enumerate(path)
    ]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    return LadderHistory.from_table(table, rungs=["first", "repeat", "lost"], off_ladder=["lost"])


@pytest.fixture(scope="module")
def estimate(history):
    return rm.estimate_transitions(history, prior=1.0)


def test_the_highest_rung_comes_first_with_its_people_and_chances(estimate):
    """With a weight of 1 for each move: (2 + 1) / (5 + 3) stay on first, and so on."""
    table = rung_table(estimate)
    assert list(table) == ["rung", "rank", "people", "stay", "climb", "fall"]
    assert table["rung"].tolist() == ["repeat", "first", "lost"]
    assert table.index.tolist() == [0, 1, 2]
    assert table["rank"].tolist() == [1, 0, -1]
    assert table["people"].tolist() == [1, 1, 2]
    assert table["stay"].tolist() == pytest.approx([2 / 6, 3 / 8, 1 / 3])
    assert table["climb"].tolist() == pytest.approx([0, 4 / 8, 2 / 3])
    assert table["fall"].tolist() == pytest.approx([4 / 6, 1 / 8, 0])
    assert table[["stay", "climb", "fall"]].sum(axis=1).tolist() == pytest.approx([1, 1, 1])


def test_the_number_of_people_needs_a_history(estimate):
    counts = rm.estimate_transitions(estimate.counts, off_ladder=["lost"], prior=1.0)
    with pytest.raises(LadderError, match="the number of people on each rung needs"):
        rung_table(counts)


def test_observed_moves_are_sorted_with_their_direction_and_rate(estimate):
    table = flow_table(estimate)
    assert list(table.itertuples(index=False, name=None)) == [
        ("first", "repeat", "climb", 3, 1, pytest.approx(4 / 8)),
        ("first", "first", "stay", 2, pytest.approx(2 / 3), pytest.approx(3 / 8)),
        ("repeat", "first", "fall", 1, pytest.approx(1 / 3), pytest.approx(2 / 6)),
        ("repeat", "repeat", "stay", 1, pytest.approx(1 / 3), pytest.approx(2 / 6)),
        ("repeat", "lost", "fall", 1, pytest.approx(1 / 3), pytest.approx(2 / 6)),
    ]
    assert list(table) == [
        "origin", "destination", "direction", "moves", "per_period", "probability",
    ]  # fmt: skip


def test_moves_of_counts_are_of_one_period(estimate):
    counts = rm.estimate_transitions(estimate.counts, off_ladder=["lost"], prior=1.0)
    table = flow_table(counts)
    assert table["per_period"].tolist() == table["moves"].tolist() == [3, 2, 1, 1, 1]


def test_cohorts_are_followed_by_their_age(history):
    table = cohort_moves(history)
    assert list(table) == [
        "cohort", "age", "departures", "climb", "fall", "climb_low", "climb_high", "fall_low",
        "fall_high",
    ]  # fmt: skip
    shares = table[["cohort", "age", "departures", "climb", "fall"]]
    assert list(shares.itertuples(index=False, name=None)) == [
        ("2023Q1", 0, 2, 1.0, 0.0), ("2023Q1", 1, 2, 0.0, 0.5), ("2023Q1", 2, 2, 0.0, 0.5),
        ("2023Q2", 0, 1, 0.0, 0.0), ("2023Q2", 1, 1, 1.0, 0.0),
    ]  # fmt: skip
    climb, fall = (map(float, wilson_interval(x, 2, 0.95)) for x in (2, 0))
    assert table.loc[0, ["climb_low", "climb_high"]].tolist() == pytest.approx(list(climb))
    assert table.loc[0, ["fall_low", "fall_high"]].tolist() == pytest.approx(list(fall))


def test_a_table_is_sorted_by_rung_with_states_off_the_ladder_first(estimate):
    table = pd.DataFrame({"value": [1, 2, 3]}, index=["repeat", "lost", "first"])
    assert sort_by_rung(table, estimate)["value"].tolist() == [2, 3, 1]
