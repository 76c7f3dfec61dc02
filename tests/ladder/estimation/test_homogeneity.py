"""Likelihood-ratio tests of the chain: published, by hand, and on simulated chains."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.ladder.estimation import homogeneity
from tests.ladder.conftest import STATES, as_table, estimate, walk

KULLBACK = np.array([[51, 11, 8], [12, 31, 9], [6, 11, 10]])


def test_a_known_matrix_is_tested_by_row_totals():
    counts = pd.DataFrame(KULLBACK, list("abc"), list("abc"))
    result = rm.estimate_transitions(counts).test_against(
        np.array([[5, 2, 1], [2, 4, 2], [2, 3, 3]]) / 8
    )
    assert result.statistic == pytest.approx(6.518384096, abs=5e-10)
    assert result.df == 6
    assert result.p_value == pytest.approx(0.3676, abs=5e-4)


def test_zero_order_without_impossible_moves_is_the_test_of_independence():
    from scipy.stats import chi2_contingency

    found = homogeneity.zero_order(KULLBACK.astype(float), np.ones((3, 3), bool))
    other = chi2_contingency(KULLBACK, lambda_="log-likelihood", correction=False)
    assert found.statistic == pytest.approx(other.statistic)
    assert (found.df, found.p_value) == (4, pytest.approx(other.pvalue))


def test_homogeneity_and_order_by_hand(history):
    found = estimate(history)
    moves = found.history.source.moves()
    total = 0.0
    for row in moves.itertuples():
        of_period = moves[(moves["period"] == row.period) & (moves["origin"] == row.origin)]
        expected = of_period["n"].sum() * found.probabilities[row.origin, row.destination]
        total += 2 * row.n * np.log(row.n / expected)
    result = found.test_homogeneity()
    assert result.statistic == pytest.approx(total)
    departures = moves.groupby("origin")["period"].nunique()
    choices = found.possible.sum(axis=1)
    assert result.df == sum((n - 1) * (choices[i] - 1) for i, n in departures.items())
    first, second = found.test_order()
    assert first.p_value < 1e-6
    assert second.df > 0
    assert "even if no customer changes" in second.interpretation


def test_tests_of_a_true_chain_reject_at_their_level():
    """Under a true first-order chain the two tests reject about as often as they say."""
    rng, p = np.random.default_rng(4), []
    P = np.array([[0.5, 0.3, 0.2], [0.2, 0.5, 0.3], [0.3, 0.2, 0.5]])
    for _ in range(100):
        path = walk(P, rng.choice(3, size=300), 7, rng)
        found = rm.estimate_transitions(as_table(path), rungs=STATES[:3])
        p.append([found.test_homogeneity().p_value, found.test_order()[1].p_value])
    rejected = (np.array(p) < 0.05).mean(axis=0)
    assert (rejected < 0.1).all(), rejected
    assert (np.array(p).mean(axis=0) > 0.4).all()


def test_heterogeneous_customers_look_like_a_second_order_chain():
    rng = np.random.default_rng(5)
    stayers = np.array([[0.95, 0.05], [0.05, 0.95]])
    P = np.where((rng.random(400) < 0.5)[:, None, None], stayers, 1 - stayers)
    table = as_table(walk(P, np.zeros(400, int), 8, rng))
    found = rm.estimate_transitions(table, rungs=STATES[:2])
    assert found.test_order()[1].p_value < 1e-9
    assert found.test_order()[1].effect > 0.1


def test_moves_that_the_hypothesis_excludes_are_named():
    counts, known = np.array([[3.0, 2.0], [0.0, 4.0]]), np.array([[1.0, 0.0], [0.0, 1.0]])
    with pytest.raises(rm.LadderError, match="from state 1 to state 2, 2 times"):
        homogeneity.goodness_of_fit(counts, known)
    with pytest.raises(rm.LadderError, match="a test that nothing differs needs at least two"):
        homogeneity.equal_matrices(counts[None], np.ones((2, 2), bool), "nothing differs")
