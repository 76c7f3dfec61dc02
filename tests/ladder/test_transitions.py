"""Counting, estimating, intervals and tests of an estimated matrix."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, LadderError, ParameterError
from relmark_research.ladder.estimation import homogeneity
from relmark_research.ladder.history.ladder_history import LadderHistory
from tests.ladder.conftest import IMPOSSIBLE, STATES, TRUE, as_table, walk

KULLBACK = np.array([[51, 11, 8], [12, 31, 9], [6, 11, 10]])


def estimate(table: pd.DataFrame, **given) -> rm.ladder.TransitionEstimate:
    given = {"rungs": STATES, "beside": ["lost"], "impossible": IMPOSSIBLE} | given
    return rm.estimate_transitions(table, **given)


def slow_counts(table: pd.DataFrame) -> pd.DataFrame:
    """One customer, one pair of successive periods at a time."""
    counts = pd.DataFrame(0, index=list(STATES), columns=list(STATES))
    for _, own in table.groupby("customer_id"):
        stood = dict(zip(own["period"], own["rung"], strict=True))
        for period, rung in stood.items():
            if period + 1 in stood:
                counts.loc[rung, stood[period + 1]] += 1
    return counts


def test_counts_are_within_each_customer_and_rows_sum_to_one(history):
    found = estimate(history)
    assert (found.counts.to_numpy() == slow_counts(history).to_numpy()).all()
    np.testing.assert_allclose(found.matrix.sum(axis=1), 1)
    expected = found.counts.div(found.counts.sum(axis=1), axis=0)
    np.testing.assert_allclose(found.matrix, expected)


def test_a_gap_in_the_periods_is_no_move(history):
    gap = history[history["period"] != 3]
    assert (estimate(gap).counts.to_numpy() == slow_counts(gap).to_numpy()).all()
    assert "gaps in people's periods" in estimate(gap).notes[0]


def test_counts_of_two_groups_add(history):
    even = history["customer_id"] % 2 == 0
    both = estimate(history[even]).moves + estimate(history[~even]).moves
    assert (both == estimate(history).moves).all()


def test_two_steps_are_the_matrix_squared(history):
    found = estimate(history)
    start = dict.fromkeys(STATES, 100.0)
    ahead = found.project(start, 2).wide().iloc[-1].to_numpy()
    P = found.probabilities
    np.testing.assert_allclose(ahead, np.full(5, 100.0) @ np.linalg.matrix_power(P, 2))


def test_order_and_names_of_customers_do_not_matter(history):
    renamed = history.sample(frac=1, random_state=3).assign(
        customer_id=lambda t: "c" + (7919 * t["customer_id"] % 1009).astype(str)
    )
    assert (estimate(renamed).moves == estimate(history).moves).all()


def test_periods_may_be_days_or_pandas_periods(history):
    start = pd.Period("2020Q1", "Q")
    stamped = history.assign(period=[start + int(k) for k in history["period"]])
    dated = history.assign(period=[(start + int(k)).start_time for k in history["period"]])
    for table in (stamped, dated):
        assert (estimate(table).moves == estimate(history).moves).all()


def test_a_table_of_counts_is_taken_as_well(history):
    found = estimate(history)
    again = rm.estimate_transitions(found.counts, beside=["lost"], impossible=IMPOSSIBLE)
    pd.testing.assert_frame_equal(again.matrix, found.matrix)
    assert again.basis == "moves"
    for ask in (again.test_homogeneity, again.test_order, lambda: again.by("x")):
        with pytest.raises(LadderError, match="history"):
            ask()
    with pytest.raises(LadderError, match="basis='moves'"):
        again.intervals(basis="customers")


def test_a_prior_is_added_where_moves_are_possible(history):
    found = estimate(history, prior=0.5)
    weights = found.moves + 0.5 * found.possible
    np.testing.assert_allclose(found.probabilities, weights / weights.sum(axis=1, keepdims=True))
    assert found.matrix.loc["repeat", "prospect"] == 0
    matrix = estimate(history, prior=found.prior)
    pd.testing.assert_frame_equal(matrix.matrix, found.matrix)


def test_goodmans_intervals_hold_all_at_once():
    counts = pd.DataFrame([[23, 12, 44], [1, 1, 1], [1, 1, 1]], list("abc"), list("abc"))
    table = rm.estimate_transitions(counts).intervals(simultaneous=True)
    low, high = [0.186276, 0.079173, 0.423861], [0.424257, 0.271715, 0.682358]
    np.testing.assert_allclose(table["low"][:3], low, atol=5e-7)
    np.testing.assert_allclose(table["high"][:3], high, atol=5e-7)
    np.testing.assert_allclose(table["probability"][:3], [0.291139, 0.151899, 0.556962], atol=5e-7)


def test_intervals_of_a_row_hold_their_estimate(history):
    for given in ({}, {"simultaneous": True}, {"basis": "customers"}):
        table = estimate(history).intervals(0.9, **given)
        assert (
            (table["low"] <= table["probability"]) & (table["probability"] <= table["high"])
        ).all()
        assert len(table) == 21
    wide, narrow = (estimate(history).intervals(level) for level in (0.99, 0.8))
    assert (wide["high"] - wide["low"] >= narrow["high"] - narrow["low"]).all()


def test_dirichlet_and_customer_draws_agree_where_each_customer_moves_once():
    rng = np.random.default_rng(2)
    table = as_table(walk(TRUE, rng.choice(5, size=500), 2, rng))
    found = estimate(table)
    a, b = (found.draws(4000, seed=1, basis=basis) for basis in ("moves", "customers"))
    np.testing.assert_allclose(a.mean(axis=0), found.probabilities, atol=4e-3)
    np.testing.assert_allclose(b.mean(axis=0), found.probabilities, atol=4e-3)
    np.testing.assert_allclose(a.std(axis=0), b.std(axis=0), atol=3e-3)


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
    assert "Customers who differ for good" in second.words


def test_what_does_not_change_is_not_called_change():
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


def test_people_who_differ_for_good_look_like_a_memory():
    rng = np.random.default_rng(5)
    stayers = np.array([[0.95, 0.05], [0.05, 0.95]])
    P = np.where((rng.random(400) < 0.5)[:, None, None], stayers, 1 - stayers)
    table = as_table(walk(P, np.zeros(400, int), 8, rng))
    found = rm.estimate_transitions(table, rungs=STATES[:2])
    assert found.test_order()[1].p_value < 1e-9
    assert found.test_order()[1].effect > 0.1


def test_segments_are_told_apart(history):
    rng = np.random.default_rng(6)
    other = TRUE.copy()
    other[1] = [0, 0.7, 0.1, 0.0, 0.2]
    path = walk(other, rng.choice(3, size=300), 6, rng)
    table = pd.concat(
        [history, as_table(path).assign(customer_id=lambda t: t["customer_id"] + 9000)]
    )
    table["kind"] = np.where(table["customer_id"] >= 9000, "slow", "quick")
    apart = estimate(table).by("kind")
    assert apart.test.p_value < 1e-6
    assert apart.estimates["slow"].moves.sum() == 300 * 5
    summed = sum(one.moves for one in apart.estimates.values())
    assert (summed == estimate(table).moves).all()
    assert apart.summary().loc["quick", "climb"] > apart.summary().loc["slow", "climb"]
    random = table.assign(kind=np.where(table["customer_id"] % 2, "odd", "even"))
    assert estimate(random[random["customer_id"] < 9000]).by("kind").test.p_value > 0.001


def test_a_rung_never_left_is_named_and_explained():
    rows = [(1, 0, "repeat"), (1, 1, "repeat"), (1, 2, "lost"), (1, 3, "lost"), (2, 0, "repeat")]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    found = rm.estimate_transitions(table, rungs=["repeat", "lost"], beside=["lost"])
    assert found.never_left == ("lost",)
    assert "nobody was ever seen to leave lost" in found.notes[0]
    assert found.time_to("lost").table.loc["repeat", "mean"] == 2


def test_a_rung_reached_in_the_last_period_only_is_named_when_it_is_needed():
    rows = [(1, 0, "repeat"), (1, 1, "repeat"), (1, 2, "lost")]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    found = rm.estimate_transitions(table)
    assert found.unobserved == ("lost",)
    assert "was never seen" in found.notes[0]
    with pytest.raises(LadderError, match=r"standing on lost.*prior=0\.5"):
        found.time_to("lost")
    rm.estimate_transitions(table, prior=0.5).time_to("lost")


@pytest.mark.parametrize(
    ("change", "given", "error", "message"),
    [
        (lambda t: t, {"rungs": STATES[:4]}, LadderError, "no rung 'lost'"),
        (lambda t: t, {"rungs": [*STATES, "partner"]}, LadderError, "nobody ever stands on p"),
        (lambda t: t[t["period"] == 2], {}, LadderError, "a single one"),
        (lambda t: t.drop(columns="period"), {}, DataError, "no column 'period'"),
        (lambda t: pd.concat([t, t.head(2)]), {}, DataError, "per period; found 2 repeated"),
        (lambda t: t.assign(rung=t["rung"].where(t["period"] > 0)), {}, LadderError, "a rung"),
        (lambda t: t.assign(period=t["period"] + 0.5), {}, DataError, "found fractions"),
        (lambda t: t[t["period"] % 2 == 0], {}, LadderError, "no customer was seen in two succ"),
        (lambda t: t, {"impossible": [("first-time", "lost")]}, LadderError,
         r"declared impossible: first-time to lost \(\d+\)"),
        (lambda t: t, {"prior": -1}, ParameterError, "a prior is a weight"),
        (lambda t: t, {"prior": np.ones((2, 2))}, ParameterError, "must be 5 by 5"),
        (lambda t: t, {"prior": np.ones((5, 5))}, ParameterError, "on impossible moves"),
    ],
)  # fmt: skip
def test_bad_histories_are_refused(history, change, given, error, message):
    with pytest.raises(error, match=message):
        estimate(change(history), **given)


def test_bad_tables_of_counts_are_refused():
    counts = pd.DataFrame([[1, 2], [3, -4]], index=["a", "b"], columns=["a", "b"])
    with pytest.raises(DataError, match="found -4 from b to b"):
        rm.estimate_transitions(counts)
    with pytest.raises(DataError, match="a square table of counts"):
        rm.estimate_transitions(counts[["a"]])


def test_bare_numbers_may_be_quarters_long(history):
    found = estimate(history, period="quarter")
    assert found.history.occupancy().index.tolist() == [str(k) for k in range(9)]
    assert found.project(periods=1).table["period"].unique().tolist() == ["8", "9"]
    assert found.value(dict.fromkeys(STATES, 1.0), 0.1).discount == pytest.approx(1.1**-0.25)


def test_customers_are_checked_before_they_tell_segments(history):
    held = LadderHistory.of(history)
    with pytest.raises(DataError, match="found 1 repeated"):
        held.with_customers(pd.DataFrame({"customer_id": [1, 1], "x": [1, 2]}))
    with pytest.raises(DataError, match="no column 'segment'"):
        rm.estimate_transitions(history, rungs=STATES).by("segment")


def test_a_rehearsal_foresees_what_a_steady_ladder_does(history):
    from relmark_research.ladder.answers.ladder_backtest import rehearse, rehearsed

    rng = np.random.default_rng(8)
    table = as_table(walk(TRUE, rng.choice(3, size=3000), 9, rng))
    found = rehearse(estimate(table))
    assert found["actual"].sum() == pytest.approx(found["expected"].sum()) == 3000
    assert found["actual"].between(found["low"], found["high"]).sum() >= 4
    assert "put 1% of the people" in rehearsed(found, "quarter") or "put 0%" in rehearsed(
        found, "q"
    )
    cut = found.assign(seen=[0, 99, 99, 99, 99], actual=[5, 1, 1, 1, 1])
    assert "What follows on prospect had hardly been seen" in rehearsed(cut, "quarter")
    with pytest.raises(LadderError, match="1 to 7 of 8 periods"):
        rehearse(estimate(table), periods=8)
