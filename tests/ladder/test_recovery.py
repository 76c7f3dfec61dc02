"""Do intervals hold the truth as often as they say? Histories simulated from a known matrix.

RELMARK_SLOW_RUNS sets how many; 400 if it is not set. People are censored at random, and cells with
30 departures or more are judged. The cells and answers are studied on five times as many sets, so
that 93% to 97% can be told from chance for each of them; with fewer runs the bounds are those that
a true 95% keeps 999 times in 1,000.
"""

import os

import numpy as np
import pandas as pd
import pytest
from scipy import stats

import relmark_research as rm
from relmark_research.ladder.estimation import markov
from tests.ladder.conftest import IMPOSSIBLE, STATES, TRUE, as_table, walk

RUNS = 5 * int(os.environ.get("RELMARK_SLOW_RUNS", "400"))
MARGIN = dict(zip(STATES, (0, 40, 100, 240, 0), strict=True))  # a year
YEARS = 0.25  # of a period
DISCOUNT = 1.1**-YEARS
PEOPLE, PERIODS = 500, 10


def estimated(rng: np.random.Generator, P: np.ndarray) -> rm.ladder.TransitionEstimate:
    path = walk(P, rng.choice(5, size=PEOPLE, p=[0.4, 0.3, 0.15, 0.1, 0.05]), PERIODS, rng)
    table = as_table(path, rng.integers(2, PERIODS, size=PEOPLE))
    return rm.estimate_transitions(
        table, rungs=STATES, off_ladder=["lost"], impossible=IMPOSSIBLE, period="quarter"
    )


def held(truth: np.ndarray, low: pd.Series, high: pd.Series) -> np.ndarray:
    return (low.to_numpy() <= truth) & (truth <= high.to_numpy())


def judged(shares: pd.Series, counted: pd.Series | int) -> None:
    """Every share within 93% to 97%, or, on fewer runs, within what chance allows."""
    n = np.broadcast_to(counted, len(shares))
    low, high = stats.binom.ppf([[0.0005], [0.9995]], n, 0.95) / n
    if RUNS >= 2000:
        low, high = np.where(n >= 1000, 0.93, low), np.where(n >= 1000, 0.97, high)
    print(f"\n{RUNS} sets\n{pd.DataFrame({'share': shares, 'judged': n}).to_string()}")
    assert ((low <= shares) & (shares <= high)).all()


def answers(found: rm.ladder.TransitionEstimate) -> pd.DataFrame:
    """Low and high of the mean times to loss and to advocate, and of the values."""
    loss, up = found.time_to("lost").table[:4], found.time_to("advocate").table.drop("advocate")
    value = found.value(MARGIN, 0.1).table
    parts = [
        loss[["mean_low", "mean_high"]].set_axis([f"to lost from {s}" for s in loss.index]),
        up[["mean_low", "mean_high"]].set_axis([f"to advocate from {s}" for s in up.index]),
        value[["low", "high"]].set_axis([f"value of {s}" for s in value.index]),
    ]
    return pd.concat([part.set_axis(["low", "high"], axis=1) for part in parts])


def true_answers(P: np.ndarray) -> np.ndarray:
    loss, up = (
        markov.first_passage_times(P, 4)[1][:4],
        np.delete(markov.first_passage_times(P, 3)[1], 3),
    )
    margin = np.array(list(MARGIN.values())) * YEARS
    return np.r_[loss, up, markov.discounted_values(P, margin, DISCOUNT)]


@pytest.mark.slow
def test_cells_with_30_departures_are_covered():
    rng, hits, seen = np.random.default_rng(101), 0.0, 0.0
    for _ in range(RUNS):
        table = estimated(rng, TRUE).intervals(0.95)
        i, j = (table[side].map(STATES.index) for side in ("origin", "destination"))
        enough = (table["departures"] >= 30).to_numpy()
        hits = hits + enough * held(TRUE[i, j], table["low"], table["high"])
        seen = seen + enough
    name = table["origin"] + " to " + table["destination"]
    possible = TRUE[i, j] > 0  # a probability of zero is always inside
    judged(pd.Series(hits / seen, name)[possible], seen[possible].astype(int))


@pytest.mark.slow
def test_times_and_values_are_covered():
    rng, truth, hits = np.random.default_rng(102), true_answers(TRUE), 0.0
    for _ in range(RUNS):
        found = answers(estimated(rng, TRUE))
        hits = hits + held(truth, found["low"], found["high"])
    judged(pd.Series(hits / RUNS, found.index), RUNS)


def own_matrices(rng: np.random.Generator, people: int) -> np.ndarray:
    """People who differ for good: each draws a matrix around the true one."""
    weights = rng.standard_gamma(np.broadcast_to(6 * TRUE + 1e-12, (people, 5, 5)))
    return weights / weights.sum(axis=2, keepdims=True)


def pooled_truth() -> np.ndarray:
    """What the estimate tends to when people differ: pooled moves over pooled departures."""
    rng, counts = np.random.default_rng(5), np.zeros((5, 5))
    for _ in range(40):
        n = 20_000
        start = rng.choice(5, size=n, p=[0.4, 0.3, 0.15, 0.1, 0.05])
        path = walk(own_matrices(rng, n), start, PERIODS, rng)
        last = rng.integers(2, PERIODS, size=n)
        for t in range(PERIODS - 1):
            going = last > t
            np.add.at(counts, (path[going, t], path[going, t + 1]), 1)
    return counts / counts.sum(axis=1, keepdims=True)


@pytest.mark.slow
def test_with_dependent_moves_the_customer_bootstrap_still_covers():
    rng, P = np.random.default_rng(103), pooled_truth()
    truth, hits, cell_hits, naive = true_answers(P), 0.0, 0.0, 0.0
    for _ in range(RUNS):
        found = estimated(rng, own_matrices(rng, PEOPLE))
        given = answers(found)
        hits = hits + held(truth, given["low"], given["high"])
        for basis in ("customers", "moves"):
            table = found.intervals(0.95, basis=basis)
            i, j = (table[side].map(STATES.index) for side in ("origin", "destination"))
            inside = held(P[i, j], table["low"], table["high"])
            if basis == "customers":
                cell_hits = cell_hits + inside
            else:
                naive = naive + inside
    possible = (P[i, j] > 1e-9).tolist()
    name = table["origin"] + " to " + table["destination"]
    judged(pd.Series(hits / RUNS, given.index), RUNS)
    judged(pd.Series(cell_hits / RUNS, name)[possible], RUNS)
    print(f"moves alone cover {np.min((naive / RUNS)[possible]):.3f} at worst")
    assert (naive / RUNS)[possible].min() < 0.93  # what the bootstrap is for
