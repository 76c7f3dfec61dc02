"""Each kind of interval of a cell, against the formula or the draws that it is made from."""

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.errors import LadderError, ParameterError
from relmark_research.ladder.answers._cell_intervals import cell_intervals
from tests.ladder.conftest import IMPOSSIBLE, STATES, TRUE, as_table, walk

COUNTS = pd.DataFrame([[23, 12, 44], [3, 9, 0], [0, 0, 10]], list("abc"), list("abc"))
DECLARED = [("b", "c"), ("c", "a")]


def wilson(x: float, n: float, z2: float) -> tuple[float, float]:
    p = x / n
    half = np.sqrt(z2 * p * (1 - p) / n + z2**2 / (4 * n**2))
    return (p + z2 / (2 * n) - half) / (1 + z2 / n), (p + z2 / (2 * n) + half) / (1 + z2 / n)


@pytest.fixture(scope="module")
def counted():
    return rm.estimate_transitions(COUNTS, impossible=DECLARED)


@pytest.fixture(scope="module")
def followed():
    rng = np.random.default_rng(7)
    path = walk(TRUE, rng.choice(3, size=120), 5, rng)
    return rm.estimate_transitions(
        as_table(path), rungs=STATES, off_ladder=["lost"], impossible=IMPOSSIBLE
    )


def intervals(estimate, level=0.9, *, simultaneous=False, basis="moves") -> pd.DataFrame:
    return cell_intervals(estimate, level, simultaneous=simultaneous, basis=basis)


def test_a_row_for_each_possible_move(counted):
    table = intervals(counted)
    assert list(zip(table["origin"], table["destination"], strict=True)) == [
        ("a", "a"), ("a", "b"), ("a", "c"), ("b", "a"), ("b", "b"), ("c", "b"), ("c", "c"),
    ]  # fmt: skip
    assert table["moves"].tolist() == [23, 12, 44, 3, 9, 0, 10]
    assert table["departures"].tolist() == [79] * 3 + [12] * 2 + [10] * 2
    assert table["probability"].tolist() == pytest.approx(
        [23 / 79, 12 / 79, 44 / 79, 0.25, 0.75, 0, 1]
    )


def test_single_intervals_by_moves_are_wilsons(counted):
    table, z2 = intervals(counted), stats.norm.ppf(0.95) ** 2
    for row in table.to_dict("records"):
        ends = wilson(row["moves"], row["departures"], z2)
        assert (row["low"], row["high"]) == pytest.approx(ends, abs=1e-12)


def test_simultaneous_intervals_by_moves_are_goodmans_in_each_row(counted):
    """The quantile is of (1 - level) / categories, with as many categories as possible moves."""
    table = intervals(counted, simultaneous=True)
    for row in table.to_dict("records"):
        categories = 3 if row["origin"] == "a" else 2
        z2 = stats.chi2.isf(0.1 / categories, 1)
        ends = wilson(row["moves"], row["departures"], z2)
        assert (row["low"], row["high"]) == pytest.approx(ends, abs=1e-12)


@pytest.mark.parametrize(("simultaneous", "tail"), [(False, 0.05), (True, 0.1 / 3 / 2)])
def test_with_a_prior_intervals_by_moves_are_of_the_dirichlet(simultaneous, tail):
    """Each cell is a Beta; simultaneously by Bonferroni over the longest row."""
    estimate = rm.estimate_transitions(COUNTS, impossible=DECLARED, prior=0.5)
    table = intervals(estimate, simultaneous=simultaneous)
    for row in table.to_dict("records"):
        total = row["departures"] + 0.5 * (3 if row["origin"] == "a" else 2)
        beta = stats.beta(row["moves"] + 0.5, total - row["moves"] - 0.5)
        assert (row["low"], row["high"]) == pytest.approx((beta.ppf(tail), beta.isf(tail)))


@pytest.mark.parametrize(("simultaneous", "tail"), [(False, 0.05), (True, 0.1 / 5 / 2)])
def test_intervals_by_customers_are_percentiles_of_four_times_the_draws(
    followed, simultaneous, tail
):
    table = intervals(followed, simultaneous=simultaneous, basis="customers")
    draws = followed.draws(4 * followed.n_draws, seed=followed.draws_seed, basis="customers")
    low, high = np.quantile(draws, [tail, 1 - tail], axis=0)
    inner = table[(table["moves"] > 0) & (table["moves"] < table["departures"])]
    assert len(inner) > 8
    for row in inner.to_dict("records"):
        at = STATES.index(row["origin"]), STATES.index(row["destination"])
        assert (row["low"], row["high"]) == pytest.approx((low[at], high[at]))


def test_where_every_draw_is_the_same_the_interval_is_wilsons(followed):
    table = intervals(followed, basis="customers")
    by_moves = intervals(followed)
    bound = table["moves"] == 0
    assert bound.any()
    assert table["high"][bound].tolist() == by_moves["high"][bound].tolist()
    assert (table["low"][bound] == 0).all()
    rows = pd.DataFrame({"customer_id": [1, 1, 2, 2], "period": [0, 1, 0, 1], "rung": list("abab")})
    certain = intervals(rm.estimate_transitions(rows, rungs=["a", "b"]), basis="customers")
    assert certain["low"][1] == pytest.approx(wilson(2, 2, stats.norm.ppf(0.95) ** 2)[0])
    assert certain["high"][1] == 1


def test_levels_and_bases_are_checked(counted):
    with pytest.raises(ParameterError, match="level is a probability"):
        intervals(counted, 95)
    with pytest.raises(ParameterError, match="no basis 'people'"):
        intervals(counted, basis="people")
    with pytest.raises(LadderError, match="basis='moves'"):
        intervals(counted, basis="customers")
