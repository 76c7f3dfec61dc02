"""Estimates by segment and the test of their difference."""

import numpy as np
import pandas as pd

from tests.ladder.conftest import TRUE, as_table, estimate, walk


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
