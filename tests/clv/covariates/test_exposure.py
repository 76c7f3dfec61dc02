"""Pieces of time and clocks, counted by hand."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.clv.covariates._exposure import Clock, Pieces

DAY0 = np.datetime64("2024-01-01")


@pytest.fixture
def pieces():
    """Customer a buys on days 2, 7 and 12, b on day 9; values begin on days 0, 7 and 14."""
    who, when = np.array([0, 0, 0, 1]), DAY0 + np.array([2, 7, 12, 9])
    given = np.repeat([0, 1], 3), DAY0 + np.tile([0, 7, 14], 2)
    return Pieces.cut(pd.Index(["a", "b"]), (who, when), given, end=DAY0 + 16, covered=DAY0 + 21)


def spent(pieces, customer):
    """Return (first day, days, row) of the pieces that have time."""
    owner = pieces.starts // pieces.span
    own = (owner == customer) & (pieces.lengths > 0)
    day = pieces.starts[own] - customer * pieces.span
    columns = day, pieces.lengths[own], pieces.row[own], pieces.is_observed[own]
    return [tuple(int(v) for v in row) for row in zip(*columns, strict=True)]


def test_time_is_cut_at_values_purchases_and_the_end(pieces):
    """A day is exposed from its beginning, with the value of the day."""
    assert spent(pieces, 0) == [(2, 5, 0, 1), (7, 5, 1, 1), (12, 2, 1, 1), (14, 2, 2, 1),
                                (16, 5, 2, 0)]  # fmt: skip
    assert spent(pieces, 1) == [(9, 5, 4, 1), (14, 2, 5, 1), (16, 5, 5, 0)]
    assert pieces.frequency.tolist() == [2, 0]
    assert pieces.purchase_row.tolist() == [0, 1, 1, 4]  # on day 7 the value of day 7
    assert pieces.is_repeat.tolist() == [False, True, True, False]


def test_a_clock_runs_at_the_speed_of_the_piece(pieces):
    speeds = np.array([1.0, 2.0, 4.0, 1.0, 3.0, 5.0])[pieces.row]
    clock = Clock.running(pieces, speeds)
    a, b = np.zeros(3, int), np.ones(2, int)
    passed = clock.between(a, np.array([2, 2, 10.5]), np.array([7, 12, 16]))
    assert passed.tolist() == [5.0, 15.0, 3.5 * 2 + 2 * 4]
    assert clock.between(b, np.array([9, 9]), np.array([14, 21])).tolist() == [15.0, 50.0]
    back = clock.day_after(a, np.array([2, 2, 10.5]), passed)
    np.testing.assert_allclose(back, [7, 12, 16])


def test_days_without_values_are_refused(pieces):
    clock = Clock.running(pieces, np.ones(len(pieces.starts)))
    with pytest.raises(rm.DataError, match=r"end on 2024-01-21, but values until 2024-01-23"):
        clock.at(np.zeros(1, int), np.array([23.0]))


def test_values_must_begin_by_the_first_purchase():
    late = np.zeros(2, int), DAY0 + np.array([3, 10])
    with pytest.raises(rm.DataError, match=r"1 of 1 customers have none on that day, first 'a'"):
        Pieces.cut(pd.Index(["a"]), (np.zeros(1, int), DAY0 + np.array([2])), late,
                   end=DAY0 + 9, covered=DAY0 + 17)  # fmt: skip
