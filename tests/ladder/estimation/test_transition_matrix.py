"""Draws of a matrix by moves and by customers."""

import numpy as np

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
