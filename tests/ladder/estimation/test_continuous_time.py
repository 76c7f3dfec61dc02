"""Rates in continuous time: the likelihood, its slopes, and recovery from irregular panels."""

import numpy as np
import pandas as pd
import pytest
from scipy.linalg import expm

from relmark_research.errors import ConvergenceError, DataError, LadderError
from relmark_research.ladder.estimation.continuous_time import (
    ObservationPairs,
    fit_generator,
    likelihood_and_slopes,
    log_likelihood,
    read_panel,
)

STATES = ("first", "repeat", "client", "lost")
Q = np.array([[-.6, .4, 0, .2], [.2, -.7, .4, .1], [0, .3, -.35, .05], [0, 0, 0, 0]])  # fmt: skip
CELLS = [tuple(cell) for cell in np.argwhere(Q > 0)]
EXCLUDED = [("first", "client"), ("client", "first"), {"from": "lost", "to": "*"}]


def observed(seed: int, people: int = 400) -> pd.DataFrame:
    """Customers observed five times in six years; a loss is dated."""
    rng = np.random.default_rng(seed)
    rows = []
    for person in range(people):
        time, state, path = 0.0, int(rng.integers(2)), []
        while time < 6 and state != 3:
            path.append((time, state))
            time += rng.exponential(-1 / Q[state, state])
            rates = np.maximum(Q[state], 0)
            state = int(rng.choice(4, p=rates / rates.sum()))
        end = time if state == 3 else np.inf
        for at in np.r_[0.0, np.sort(rng.uniform(0.1, 6, 4))]:
            if at >= end:
                break
            rows.append((person, at, STATES[[s for t, s in path if t <= at][-1]]))
        if end < 6:
            rows.append((person, end, "lost"))
    return pd.DataFrame(rows, columns=["customer_id", "time", "rung"])


def test_the_likelihood_is_the_product_of_matrix_exponentials():
    panel = observed(1, people=60)
    _, pairs, _ = read_panel(panel, STATES, ("lost",))
    total = 0.0
    for _, own in panel.groupby("customer_id"):
        for (_, a), (_, b) in zip(own[:-1].iterrows(), own[1:].iterrows(), strict=True):
            P = expm(Q * (b["time"] - a["time"]))[STATES.index(a["rung"])]
            if b["rung"] == "lost":
                total += np.log(sum(P[s] * Q[s, 3] for s in range(3)))
            else:
                total += np.log(P[STATES.index(b["rung"])])
    assert log_likelihood(Q, pairs) == pytest.approx(total, rel=1e-7)


@pytest.mark.parametrize("rates", [Q, np.array([[-1, 1, 0, 0], [0, -1, 1, 0], [0, 0, -1, 1],
                                                [0, 0, 0, 0.0]])])  # fmt: skip
def test_slopes_agree_with_differences_also_for_a_defective_matrix(rates):
    kinds = np.array([[0, 0, 1, 0], [1, 1, 2, 0], [2, 2, 3, 1], [0, 0, 0, 0], [2, 0, 3, 1]]).T
    pairs = ObservationPairs(np.array([0.4, 1.0, 2.5]), kinds[0], kinds[1], kinds[2], kinds[3] == 1,
                  np.array([3.0, 2, 2, 5, 1]))  # fmt: skip
    cells = [tuple(cell) for cell in np.argwhere(rates > 0)]
    _, slopes = likelihood_and_slopes(rates, pairs, cells)
    for (i, j), slope in zip(cells, slopes, strict=True):
        ends = []
        for step in (1e-6, -1e-6):
            moved = rates.copy()
            moved[i, j] += step
            moved[i, i] -= step
            ends.append(log_likelihood(moved, pairs))
        assert slope == pytest.approx((ends[0] - ends[1]) / 2e-6, rel=1e-4, abs=1e-5)


def test_rates_are_recovered_and_rows_sum_to_zero():
    found = fit_generator(observed(2), rungs=STATES, impossible=EXCLUDED, exact=["lost"])
    np.testing.assert_allclose(found.generator.sum(axis=1), 0, atol=1e-12)
    table = found.intervals(0.999)
    truth = np.array([Q[STATES.index(a), STATES.index(b)] for a, b in found.moves])
    assert ((table["low"] < truth) & (truth < table["high"])).all()
    np.testing.assert_allclose(found.matrix(2.0), expm(2 * found.rates))
    assert found.sojourn["lost"] == np.inf
    times = found.time_to("lost")
    np.testing.assert_allclose(times[:3], np.linalg.solve(-found.rates[:3, :3], np.ones(3)))
    assert np.isinf(found.time_to("client")["first"])  # some are lost on the way


def test_with_frequent_observations_the_rate_is_moves_over_time():
    rng, rows, clock, state = np.random.default_rng(4), [], 0.0, 0
    moves = 0
    for stay in rng.exponential(2.0, 150):
        looks = np.arange(np.ceil(clock / 0.05), np.ceil((clock + stay) / 0.05)) * 0.05
        rows += [(0, look, "ab"[state]) for look in looks]
        clock, state, moves = clock + stay, 1 - state, moves + 1
    found = fit_generator(pd.DataFrame(rows, columns=["customer_id", "time", "rung"]))
    assert -np.diag(found.rates).mean() == pytest.approx(moves / clock, rel=0.1)


def test_unbounded_rates_are_refused():
    """Every move between two observations a moment apart: no finite rate fits."""
    rows = []
    for move in range(40):
        rung = "ab"[move % 2]
        rows += [(0, 2.0 * move, rung), (0, 2.0 * move + 1.999, rung)]
    with pytest.raises(ConvergenceError, match="without bound"):
        fit_generator(pd.DataFrame(rows, columns=["customer_id", "time", "rung"]))


def test_days_are_years():
    panel = observed(3, people=80)
    days = pd.Timestamp("2020-01-01") + pd.to_timedelta(
        (panel["time"] * 365.2425 * 24).round(), "h"
    )
    a = fit_generator(panel, rungs=STATES, impossible=EXCLUDED, exact=["lost"])
    b = fit_generator(panel.assign(time=days), rungs=STATES, impossible=EXCLUDED, exact=["lost"])
    np.testing.assert_allclose(a.rates, b.rates, rtol=2e-2, atol=2e-3)


@pytest.mark.parametrize(
    ("rows", "error", "message"),
    [
        (
            [(1, 2.0, "first"), (1, 1.0, "repeat")],
            DataError,
            "time runs backwards .* customer 1: 2",
        ),
        ([(1, 2.0, "first"), (1, 2.0, "repeat")], DataError, "stands still in 1 rows"),
        ([(1, 0.0, "first"), (2, 1.0, "repeat")], LadderError, "every customer was observed once"),
        ([(1, 0.0, "first"), (1, 1.0, "firts")], LadderError, "no rung 'firts'"),
        ([(1, 0.0, "first"), (1, None, "repeat")], DataError, "some are empty"),
        ([(1, 0.0, "first"), (1, 1.0, "first")], LadderError, "no customer moved between"),
    ],
)
def test_bad_panels_are_refused(rows, error, message):
    panel = pd.DataFrame(rows, columns=["customer_id", "time", "rung"])
    with pytest.raises(error, match=message):
        fit_generator(panel, rungs=STATES)


@pytest.mark.parametrize("column", ["customer_id", "time", "rung"])
def test_a_panel_has_its_columns(column):
    panel = pd.DataFrame({"customer_id": [1, 1], "time": [0.0, 1.0], "rung": ["x", "y"]})
    with pytest.raises(DataError, match=f"panel: no column '{column}'"):
        read_panel(panel.drop(columns=column), None, ())


def test_times_are_years_whether_numbers_text_or_moments():
    panel = pd.DataFrame({"customer_id": [1, 1], "rung": ["x", "y"]})
    for times in ([1.0, 2.5], ["1", "2.5"], ["2020-01-01", "2021-07-01T21:51:18"]):
        _, pairs, _ = read_panel(panel.assign(time=times), None, ())
        np.testing.assert_allclose(pairs.times, [1.5], atol=2e-4)


def test_an_impossible_move_that_is_dated_is_refused():
    panel = pd.DataFrame({"customer_id": [1, 1, 1], "time": [0, 1, 2], "rung": ["x", "y", "x"]})
    with pytest.raises(LadderError, match="the move y to x is declared impossible, but was"):
        fit_generator(panel, impossible=[("y", "x")])
