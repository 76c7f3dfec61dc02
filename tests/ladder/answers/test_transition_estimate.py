"""Counting, estimating, and intervals of a transition matrix."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, LadderError, ParameterError
from tests.ladder.conftest import IMPOSSIBLE, STATES, estimate


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
    again = rm.estimate_transitions(found.counts, off_ladder=["lost"], impossible=IMPOSSIBLE)
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


def test_goodmans_simultaneous_intervals():
    counts = pd.DataFrame([[23, 12, 44], [1, 1, 1], [1, 1, 1]], list("abc"), list("abc"))
    table = rm.estimate_transitions(counts).intervals(simultaneous=True)
    low, high = [0.186276, 0.079173, 0.423861], [0.424257, 0.271715, 0.682358]
    np.testing.assert_allclose(table["low"][:3], low, atol=5e-7)
    np.testing.assert_allclose(table["high"][:3], high, atol=5e-7)
    np.testing.assert_allclose(table["probability"][:3], [0.291139, 0.151899, 0.556962], atol=5e-7)


def test_intervals_of_a_row_hold_their_estimate(history):
    for given in ({}, {"simultaneous": True}, {"basis": "moves"}):
        table = estimate(history).intervals(0.9, **given)
        assert (
            (table["low"] <= table["probability"]) & (table["probability"] <= table["high"])
        ).all()
        assert len(table) == 21
    wide, narrow = (estimate(history).intervals(level) for level in (0.99, 0.8))
    assert (wide["high"] - wide["low"] >= narrow["high"] - narrow["low"]).all()


def test_an_absorbing_rung_is_named():
    rows = [(1, 0, "repeat"), (1, 1, "repeat"), (1, 2, "lost"), (1, 3, "lost"), (2, 0, "repeat")]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    found = rm.estimate_transitions(table, rungs=["repeat", "lost"], off_ladder=["lost"])
    assert found.absorbing_states == ("lost",)
    assert "no departure from lost was observed" in found.notes[0]
    assert found.time_to("lost").table.loc["repeat", "mean"] == 2


def test_a_rung_reached_in_the_last_period_only_is_unobserved():
    rows = [(1, 0, "repeat"), (1, 1, "repeat"), (1, 2, "lost")]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    found = rm.estimate_transitions(table)
    assert found.unobserved == ("lost",)
    assert "no transition from lost was observed" in found.notes[0]
    with pytest.raises(LadderError, match=r"observed from lost.*prior=0\.5"):
        found.time_to("lost")
    rm.estimate_transitions(table, prior=0.5).time_to("lost")


@pytest.mark.parametrize(
    ("change", "given", "error", "message"),
    [
        (lambda t: t, {"rungs": STATES[:4]}, LadderError, "no rung 'lost'"),
        (lambda t: t, {"rungs": [*STATES, "partner"]}, LadderError, "observed on partner"),
        (lambda t: t[t["period"] == 2], {}, LadderError, "a single one"),
        (lambda t: t.drop(columns="period"), {}, DataError, "no column 'period'"),
        (lambda t: pd.concat([t, t.head(2)]), {}, DataError, "per period; found 2 repeated"),
        (lambda t: t.assign(rung=t["rung"].where(t["period"] > 0)), {}, DataError, "rung must"),
        (lambda t: t.assign(period=t["period"] + 0.5), {}, DataError, "found fractions"),
        (lambda t: t[t["period"] % 2 == 0], {}, LadderError, "no customer was observed in two"),
        (lambda t: t, {"impossible": [("first-time", "lost")]}, LadderError,
         r"declared impossible: first-time to lost \(\d+\)"),
        (lambda t: t, {"prior": -1}, ParameterError, "a prior must be a weight"),
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


HISTORY = pd.DataFrame(
    {"customer_id": [1, 1, 2, 2], "period": [1, 2, 1, 2], "rung": ["x", "y", "y", "x"]}
)


@pytest.mark.parametrize("prior", ["x", "0.5"])
def test_a_prior_in_quotes_is_refused(prior):
    with pytest.raises(ParameterError, match=f"a weight per cell > 0.*found '{prior}'"):
        rm.estimate_transitions(HISTORY, prior=prior)


@pytest.mark.parametrize(
    ("ask", "error", "message"),
    [
        (lambda c: c.time_to("advocat"), LadderError, "no rung 'advocat'.*Did you mean 'advocate'"),
        (lambda c: c.probability_of_reaching("lost", -1), ParameterError, "number of periods"),
        (lambda c: c.probability_of_reaching("lost", "for ever"), ParameterError, "must end"),
        (lambda c: c.project({"first": 3}, 2), LadderError, "start: no rung 'first'"),
        (lambda c: c.project({"repeat": -3}, 2), ParameterError, "0 or more; found -3"),
        (lambda c: c.project({"repeat": 3}, 0), ParameterError, "at least 1"),
        (lambda c: c.project(None, 2), ParameterError, "start must give"),
        (lambda c: c.value({"repeat": 3}, 0.1), ParameterError, "found none for prospect"),
        (lambda c: c.value(dict.fromkeys(STATES, 1) | {"x": 2}, 0.1), LadderError, "no rung 'x'"),
        (lambda c: c.value(dict.fromkeys(STATES, 1), 0), ParameterError, "rate above 0"),
        (lambda c: c.intervals(95), ParameterError, "a level is a probability"),
        (lambda c: c.intervals("0.95"), ParameterError, "found the text '0.95'"),
    ],
)
def test_impossible_questions_are_refused(chain, ask, error, message):
    with pytest.raises(error, match=message):
        ask(chain)


def test_intervals_are_by_customer_where_the_customers_are_known(history):
    found = estimate(history)
    pd.testing.assert_frame_equal(found.intervals(), found.intervals(basis="customers"))
    counted = rm.estimate_transitions(found.counts, off_ladder=["lost"], impossible=IMPOSSIBLE)
    pd.testing.assert_frame_equal(counted.intervals(), found.intervals(basis="moves"))


def test_each_test_of_the_chain_names_its_hypothesis(history):
    found = estimate(history)
    constant, (first, second) = found.test_homogeneity(), found.test_order()
    assert constant.hypothesis == "the transition probabilities are constant over time"
    assert first.p_value < 1e-6 < second.p_value  # the history is a chain of order 1
    own = found.test_against(found.probabilities)
    assert (own.statistic, own.p_value) == (pytest.approx(0, abs=1e-9), 1)
    steady = found.steady_state(None)
    np.testing.assert_allclose(steady["expected"] @ found.probabilities, steady["expected"])
