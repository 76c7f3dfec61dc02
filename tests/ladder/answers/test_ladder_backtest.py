"""A backtest of the ladder."""

import numpy as np
import pytest

from relmark_research.errors import LadderError
from relmark_research.ladder.answers.ladder_backtest import backtest, describe_backtest
from tests.ladder.conftest import TRUE, as_table, estimate, walk


def test_a_backtest_of_a_true_chain_has_small_errors(history):
    rng = np.random.default_rng(8)
    table = as_table(walk(TRUE, rng.choice(3, size=3000), 9, rng))
    found = backtest(estimate(table))
    assert found["actual"].sum() == pytest.approx(found["expected"].sum()) == 3000
    assert found["actual"].between(found["low"], found["high"]).sum() >= 4
    assert "put 1% of the people" in describe_backtest(
        found, "quarter"
    ) or "put 0%" in describe_backtest(found, "q")
    cut = found.assign(departures=[0, 99, 99, 99, 99], actual=[5, 1, 1, 1, 1])
    assert "What follows on prospect had hardly been seen" in describe_backtest(cut, "quarter")
    with pytest.raises(LadderError, match="1 to 7 of 8 periods"):
        backtest(estimate(table), periods=8)
