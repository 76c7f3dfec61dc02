"""Estimates by segment and the test of their difference."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import LadderError
from relmark_research.ladder.answers.segment_estimates import estimate_segments
from relmark_research.ladder.history.ladder_history import LadderHistory
from tests.ladder.conftest import STATES, TRUE, as_table, estimate, walk


def test_different_segments_are_detected(history):
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


def test_segments_need_a_history_with_two_of_them(chain, history):
    with pytest.raises(LadderError, match="segments by 'kind' need an estimate from a history"):
        estimate_segments(chain, "kind")
    people = pd.DataFrame({"customer_id": history["customer_id"].unique(), "kind": "one"})
    found = estimate(LadderHistory.from_table(history, rungs=STATES).with_customers(people))
    with pytest.raises(LadderError, match="at least two segments; 'kind' has 1: one"):
        estimate_segments(found, "kind")
