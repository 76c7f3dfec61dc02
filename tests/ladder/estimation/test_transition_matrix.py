"""Draws of a matrix by moves and by customers."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import LadderError
from tests.ladder.conftest import TRUE, as_table, estimate, walk


def test_dirichlet_and_customer_draws_agree_where_each_customer_moves_once():
    rng = np.random.default_rng(2)
    table = as_table(walk(TRUE, rng.choice(5, size=500), 2, rng))
    found = estimate(table)
    a, b = (found.draws(4000, seed=1, basis=basis) for basis in ("moves", "customers"))
    np.testing.assert_allclose(a.mean(axis=0), found.probabilities, atol=4e-3)
    np.testing.assert_allclose(b.mean(axis=0), found.probabilities, atol=4e-3)
    np.testing.assert_allclose(a.std(axis=0), b.std(axis=0), atol=3e-3)


def test_a_matrix_shows_itself_in_one_line(history):
    found = estimate(history)
    moves = int(found.moves.sum())
    assert repr(found).startswith(f"<TransitionEstimate: 5 states, {moves:,} moves; rungs prospect")
    assert found._repr_html_().count("<tr>") == 6


SMALL = pd.DataFrame([[6, 1, 1], [0, 4, 0], [0, 0, 0]], list("xyz"), list("xyz"))


def test_a_matrix_from_counts_answers_by_its_rungs():
    found = rm.estimate_transitions(SMALL, off_ladder=["z"])
    assert found.matrix.loc["x"].tolist() == [0.75, 0.125, 0.125]
    assert found.matrix.index.name == "origin"
    assert found.counts.loc["x"].tolist() == [6, 1, 1]
    assert found.counts.dtypes.eq("int64").all()
    assert found.departures.to_dict() == {"x": 8, "y": 4, "z": 0}
    assert found.rank.tolist() == [0, 1, -1]
    assert (found.unobserved, found.absorbing_states) == (("z",), ("y",))
    assert found.basis == "moves"
    assert found.state_index("y") == 1
    no_departure, unknown = found.notes
    assert no_departure.startswith("no departure from y was observed in 4 periods")
    assert unknown.startswith("no transition from z was observed")
    halves = rm.estimate_transitions(SMALL / 2, off_ladder=["z"])
    assert halves.counts.loc["x"].tolist() == [3, 0.5, 0.5]


def test_what_counts_do_not_give_is_refused():
    found = rm.estimate_transitions(SMALL, off_ladder=["z"])
    with pytest.raises(LadderError, match="no rung 'w'"):
        found.state_index("w")
    with pytest.raises(LadderError, match=r"a forecast needs .* no move was observed from z"):
        found.complete_matrix("a forecast")
    with pytest.raises(LadderError, match="a test needs the moves by customer and period"):
        found.required_history("a test")
    with pytest.raises(LadderError, match="intervals by customer need to know the customer"):
        found.draws(3, seed=1, basis="customers")
    with pytest.raises(rm.ParameterError, match="basis"):
        found.draws(3, seed=1, basis="people")


def test_draws_for_intervals_have_no_gaps_and_are_those_of_the_seed(history):
    found = replace(rm.estimate_transitions(SMALL, off_ladder=["z"]), n_draws=20)
    drawn = found.probability_draws
    assert drawn.shape == (20, 3, 3)
    assert (drawn[:, 2] == 0).all()
    np.testing.assert_allclose(drawn[:, :2].sum(axis=2), 1)
    np.testing.assert_array_equal(
        drawn, np.nan_to_num(found.draws(20, seed=found.draws_seed, basis="moves"))
    )
    with_history = estimate(history)
    assert with_history.basis == "customers"
    assert with_history.required_history("a test") is with_history.history
    assert with_history.complete_matrix("a test") is with_history.probabilities
