"""Counts of a few people that can be checked by eye, and against loops."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.ladder.history.memory_spells import (
    Clusters,
    FrameSpells,
    clusters_of_cells,
    clusters_of_rows,
    count_rows,
    expand_periods,
)

ROWS = [  # person, period, state; person 1 has a gap, person 3 a single period
    (0, 4, 0), (0, 5, 1), (0, 6, 1), (0, 7, 2),
    (1, 4, 0), (1, 6, 1), (1, 7, 2),
    (2, 5, 0), (2, 6, 1), (2, 7, 1), (2, 8, 2),
    (3, 8, 1),
]  # fmt: skip
IDS = np.array(["a", "b", "c", "d"], object)


@pytest.fixture
def spells() -> FrameSpells:
    person, period, state = np.array(ROWS).T
    return FrameSpells(person, period, state, 3, IDS)


def rows_of(table: pd.DataFrame) -> list[tuple]:
    return list(table.itertuples(index=False, name=None))


def test_moves_are_of_one_person_in_successive_periods(spells):
    table = spells.moves()
    assert list(table) == ["period", "origin", "destination", "n"]
    assert rows_of(table) == [(4, 0, 1, 1), (5, 0, 1, 1), (5, 1, 1, 1), (6, 1, 1, 1), (6, 1, 2, 2),
                              (7, 1, 2, 1)]  # fmt: skip


def test_gaps_are_counted_within_people(spells):
    assert spells.gaps == 1
    wide = FrameSpells(np.array([0, 0, 0]), np.array([1, 3, 9]), np.zeros(3, int), 1, IDS[:1])
    assert wide.gaps == 2


def test_triples_need_three_successive_periods(spells):
    table = spells.triples()
    assert list(table) == ["first", "second", "third", "n"]
    assert rows_of(table) == [(0, 1, 1, 2), (1, 1, 2, 2)]


def test_occupancy_counts_people_by_period_and_state(spells):
    table = spells.occupancy()
    assert list(table) == ["period", "state", "n"]
    assert rows_of(table) == [(4, 0, 2), (5, 0, 1), (5, 1, 1), (6, 1, 3), (7, 1, 1), (7, 2, 2),
                              (8, 1, 1), (8, 2, 1)]  # fmt: skip
    assert spells.customers() == 4


def test_people_with_the_same_moves_are_one_cluster(spells):
    clusters = spells.clusters()
    found = {counts.astype(int).tobytes(): people
             for counts, people in zip(clusters.counts, clusters.people, strict=True)}  # fmt: skip
    stepwise = np.array([[0, 1, 0], [0, 1, 1], [0, 0, 0]])  # persons 0 and 2
    late = np.array([[0, 0, 0], [0, 0, 1], [0, 0, 0]])  # person 1
    assert found == {stepwise.tobytes(): 2, late.tobytes(): 1}
    assert clusters.people.dtype == float


def test_moves_of_a_cohort_know_the_first_period_of_their_people(spells):
    table = spells.cohort_moves()
    assert list(table) == ["entered", "period", "origin", "destination", "n"]
    assert rows_of(table) == [
        (4, 4, 0, 1, 1), (4, 5, 1, 1, 1), (4, 6, 1, 2, 2),
        (5, 5, 0, 1, 1), (5, 6, 1, 1, 1), (5, 7, 1, 2, 1),
    ]  # fmt: skip


def test_first_passages_run_from_the_first_period_in_the_start(spells):
    table = spells.first_passages(0, 2)
    assert list(table) == ["duration", "reached", "n"]
    assert rows_of(table) == [(3, True, 3)]
    assert rows_of(spells.first_passages(1, 2)) == [(0, False, 1), (1, True, 1), (2, True, 2)]


def test_people_who_were_in_the_target_before_are_left_out(spells):
    assert rows_of(spells.first_passages(2, 1)) == []
    assert rows_of(spells.first_passages(1, 0)) == [(0, False, 1)]  # only d never stood on 0


def test_people_are_shown_by_their_id(spells):
    table = spells.person_periods()
    assert list(table) == ["customer_id", "period", "state"]
    assert table["customer_id"].tolist() == ["a"] * 4 + ["b"] * 3 + ["c"] * 4 + ["d"]
    assert table["state"].tolist() == [row[2] for row in ROWS]


def test_segments_come_from_the_first_row_of_each_customer(spells):
    customers = pd.DataFrame({"customer_id": ["c", "a", "a", "d"], "size": ["big", 2, "x", None]})
    parts = spells.with_column(customers, "size").by_segment("size")
    assert list(parts) == ["2", "big"]
    assert parts["2"].person.tolist() == [0] * 4
    assert parts["2"].state.tolist() == [0, 1, 1, 2]
    assert parts["big"].period.tolist() == [5, 6, 7, 8]
    assert (parts["big"].states, parts["big"].ids.tolist()) == (3, IDS.tolist())


def test_equal_rows_are_counted_and_sorted():
    columns = {"a": np.array([5, -2, 5, -2, 0]), "b": np.array([7, 3, 7, 9, 3])}
    table = count_rows(columns)
    assert list(table) == ["a", "b", "n"]
    assert rows_of(table) == [(-2, 3, 1), (-2, 9, 1), (0, 3, 1), (5, 7, 2)]


def test_no_rows_are_an_empty_table():
    table = count_rows({"a": np.zeros(0, int), "b": np.zeros(0, int)})
    assert list(table) == ["a", "b", "n"]
    assert table.empty


def test_rows_are_repeated_for_each_of_their_periods():
    rows = pd.DataFrame({"rung": ["x", "y", "z"]}, index=[10, 20, 30])
    first = pd.Series([3, 5, 8], index=rows.index)
    last = pd.Series([5, 4, 8], index=rows.index)  # y has no period
    table = expand_periods(rows, first, last)
    assert rows_of(table) == [("x", 3), ("x", 4), ("x", 5), ("z", 8)]
    assert table.index.tolist() == [10, 10, 10, 30]
    backwards = expand_periods(rows.iloc[:1], first.iloc[:1], pd.Series([1], index=[10]))
    assert backwards.empty


def test_spells_of_the_engine_are_gathered_by_person():
    """Each row: so many stays on a rung, then so many changes to the next, if there is one."""
    rows = pd.DataFrame(
        {
            "customer_id": ["b", "b", "a", "a", "c"], "rung": [0, 1, 0, 1, 1],
            "next": [1, None, 1, None, 0], "stays": [2, 1, 2, 1, 0], "changes": [1, 0, 1, 0, 1],
        }
    )  # fmt: skip
    clusters = clusters_of_rows(rows, 2)
    found = {tuple(counts.ravel()): people
             for counts, people in zip(clusters.counts, clusters.people, strict=True)}  # fmt: skip
    assert found == {(2, 1, 0, 1): 2, (0, 0, 1, 0): 1}


def test_sums_by_person_and_cell_agree_with_a_loop():
    rng = np.random.default_rng(4)
    person, cell = rng.integers(0, 6, 80) * 10, rng.integers(0, 9, 80)
    n = rng.integers(1, 4, 80).astype(float)
    slow: dict[int, np.ndarray] = {}
    for who, where, many in zip(person, cell, n, strict=True):
        slow.setdefault(who, np.zeros(9))[where] += many
    found = clusters_of_cells(person, cell, n, 3)
    assert found.counts.shape == (6, 3, 3)
    assert sorted(map(tuple, found.counts.reshape(-1, 9))) == sorted(map(tuple, slow.values()))
    assert found.people.tolist() == [1.0] * 6


def test_without_moves_there_is_no_cluster():
    nothing = np.zeros(0, int)
    clusters = clusters_of_cells(nothing, nothing, np.zeros(0), 3)
    assert isinstance(clusters, Clusters)
    assert clusters.counts.shape == (0, 3, 3)
    assert clusters.people.shape == (0,)
