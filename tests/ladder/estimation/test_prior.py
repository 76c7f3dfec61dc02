import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError, LadderError, ParameterError
from relmark_research.ladder.estimation.prior import (
    check_moves,
    dirichlet_weights,
    probability_matrix,
    read_counts,
)

STATES = ("first", "repeat", "lost")
POSSIBLE = np.array([[True, True, True], [False, True, True], [True, False, True]])


def square(values, names=STATES) -> pd.DataFrame:
    return pd.DataFrame(np.asarray(values, float), list(names), list(names))


class Source:
    def occupancy(self) -> pd.DataFrame:
        return pd.DataFrame({"period": [1, 1], "state": [2, 0], "n": [5, 5]})


class History:
    source = Source()


def test_counts_are_read_in_the_order_of_their_rows():
    table = pd.DataFrame([[5, 1], [2, 8]], ["b", "a"], ["a", "b"])
    states, counts = read_counts(table, None)
    assert states == ("b", "a")
    assert counts.tolist() == [[1, 5], [8, 2]]


def test_counts_are_read_in_the_order_of_the_rungs_and_missing_ones_are_0():
    table = pd.DataFrame([[5, np.nan], [2, 8]], [1, 2], [1, 2])
    states, counts = read_counts(table, [2, 3, 1])
    assert states == ("2", "3", "1")
    assert counts.tolist() == [[8, 0, 2], [0, 0, 0], [0, 0, 5]]


@pytest.mark.parametrize(
    "table",
    [
        pd.DataFrame([[1, 2]], ["a"], ["a", "b"]),
        pd.DataFrame([[1, 2], [1, 2]], ["a", "b"], ["a", "c"]),
        pd.DataFrame([[1]], ["a"], ["a"]),
    ],
)
def test_a_table_that_is_not_square_is_refused(table):
    with pytest.raises(DataError, match=r"a square table of counts .*; found the rows \['a'"):
        read_counts(table, None)


def test_a_rung_that_is_not_declared_is_refused():
    with pytest.raises(LadderError, match="no rung 'lost'; there are: first, repeat"):
        read_counts(square(np.ones((3, 3))), ["first", "repeat"])


@pytest.mark.parametrize(("wrong", "shown"), [(-2, "-2"), (np.inf, "inf")])
def test_counts_below_0_and_endless_ones_are_refused(wrong, shown):
    table = square([[1, 2, 3], [4, 0, wrong], [1, wrong, 1]])
    with pytest.raises(DataError, match=f"must be 0 or more; found {shown} from repeat to lost"):
        read_counts(table, None)


def test_no_prior_has_no_weight():
    assert dirichlet_weights(None, POSSIBLE, STATES).tolist() == np.zeros((3, 3)).tolist()


def test_a_number_is_the_weight_of_every_possible_move():
    assert dirichlet_weights(0.5, POSSIBLE, STATES).tolist() == (0.5 * POSSIBLE).tolist()
    assert dirichlet_weights(np.int64(2), POSSIBLE, STATES).sum() == 14


@pytest.mark.parametrize("prior", [0, -1.0, np.nan, np.inf, "half"])
def test_a_number_must_be_above_0(prior):
    with pytest.raises(ParameterError, match=r"weight per cell > 0.*; found"):
        dirichlet_weights(prior, POSSIBLE, STATES)


def test_a_matrix_of_weights_is_taken_in_the_order_of_the_states():
    weights = np.arange(1.0, 10).reshape(3, 3) * POSSIBLE
    given = square(weights).loc[list(STATES[::-1]), list(STATES[::-1])]
    assert dirichlet_weights(given, POSSIBLE, STATES).tolist() == weights.tolist()
    assert dirichlet_weights(weights.tolist(), POSSIBLE, STATES).tolist() == weights.tolist()


def test_weights_below_0_and_on_impossible_moves_are_counted_and_refused():
    wrong = np.array([[-1.0, 1, -0.5], [2, 0, 1], [1, 0, 1]])
    with pytest.raises(ParameterError, match=r"found 2 below 0 and 1 on impossible moves"):
        dirichlet_weights(wrong, POSSIBLE, STATES)
    with pytest.raises(ParameterError, match=r"found 1 below 0 and 0 on impossible moves"):
        dirichlet_weights(np.diag([-1.0, 1, 1]), POSSIBLE, STATES)
    with pytest.raises(ParameterError, match=r"found 0 below 0 and 2 on impossible moves"):
        dirichlet_weights(np.ones((3, 3)), POSSIBLE, STATES)


def test_probabilities_are_scaled_to_sum_to_1_exactly():
    given = np.array([[0.5, 0.25, 0.2500004], [0.0, 1.0, 0.0], [0.1, 0.2, 0.7]])
    found = probability_matrix(given, STATES, "known")
    assert found.sum(axis=1).tolist() == [1, 1, 1]
    assert found[0] == pytest.approx(given[0] / 1.0000004, rel=1e-12)


@pytest.mark.parametrize(
    ("rows", "words"),
    [
        ([[1, 0, 0], [0.5, 0.4, 0], [0, 0, 1]], "the row of repeat sums to 0.9, the smallest entry "
         "is 0"),
        ([[1, 0, 0], [0.5, 0.7, 0], [0, 0, 1.1]], "the row of repeat sums to 1.2"),
        ([[1.5, -0.5, 0], [0, 1, 0], [0, 0, 1]], "sums to 1, the smallest entry is -0.5"),
        ([[1, 0.00001, 0], [0, 1, 0], [0, 0, 1]], "the row of first sums to 1.00001"),
    ],
)  # fmt: skip
def test_what_are_no_probabilities_is_refused(rows, words):
    with pytest.raises(ParameterError, match=f"the known matrix must hold probabilities.*{words}"):
        probability_matrix(rows, STATES, "known")


def test_a_matrix_by_name_may_leave_cells_out():
    given = pd.DataFrame([[1.0, 0.0], [0.0, 1.0], [0.3, 0.7]], ["first", "repeat", "lost"],
                         ["lost", "repeat"])  # fmt: skip
    assert probability_matrix(given, STATES, "known").tolist() == [[0, 0, 1], [0, 1, 0],
                                                                   [0, 0.7, 0.3]]  # fmt: skip


@pytest.mark.parametrize("axis", ["index", "columns"])
def test_a_matrix_of_other_rungs_is_refused(axis):
    with pytest.raises(LadderError, match=r"known matrix: no rung 'lots'.*Did you mean 'lost'"):
        probability_matrix(square(np.eye(3)).rename({"lost": "lots"}, axis=axis), STATES, "known")


def test_a_matrix_of_another_size_is_refused():
    with pytest.raises(ParameterError, match=r"the known matrix must be 3 by 3.*; found 2 by 3"):
        probability_matrix(np.ones((2, 3)), STATES, "known")


def test_impossible_moves_that_were_observed_are_named():
    moves = np.array([[5.0, 1, 1], [1, 3, 1], [1, 4, 1]])
    with pytest.raises(
        LadderError, match=r"declared impossible: repeat to first \(1\), lost to repeat \(4\)\. "
    ):
        check_moves(moves, POSSIBLE, np.zeros((3, 3)), STATES, None)
    with pytest.raises(LadderError, match=r"first to repeat \(1\), first to lost \(1\)\. Correct"):
        check_moves(moves, np.zeros((3, 3), bool), np.eye(3), STATES, None)  # the first three
    check_moves(moves * POSSIBLE, POSSIBLE, np.zeros((3, 3)), STATES, None)


def test_a_rung_without_anyone_needs_a_prior():
    moves, nothing = np.diag([4.0, 0, 0]), np.zeros((3, 3))
    with pytest.raises(LadderError, match=r"observed on repeat, lost, so .*prior=0\.5"):
        check_moves(moves, POSSIBLE, nothing, STATES, None)
    check_moves(moves, POSSIBLE, 0.5 * POSSIBLE, STATES, None)
    with pytest.raises(LadderError, match="no customer was observed on repeat, so"):
        check_moves(moves, POSSIBLE, nothing, STATES, History())


@pytest.mark.parametrize("cell", [(0, 2), (2, 0)])
def test_a_rung_that_was_only_reached_or_only_left_is_known(cell):
    moves = np.diag([4.0, 2, 0])
    moves[cell] = 1
    check_moves(moves, POSSIBLE, np.zeros((3, 3)), STATES, None)


def test_a_history_without_any_move_is_refused():
    nothing = np.zeros((3, 3))
    with pytest.raises(LadderError, match="no customer was observed in two successive periods"):
        check_moves(nothing, POSSIBLE, np.eye(3), STATES, History())


def test_a_matrix_is_no_text():
    with pytest.raises(ParameterError, match="must be a DataFrame or an array; found 'flat'"):
        probability_matrix("flat", ("x", "y"), "known")
