"""Advice by customer: verdicts of probabilities, computed once per distinct probability."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.customer_tables._advice_columns import advice_columns, check_measured
from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.errors import ParameterError


@pytest.mark.parametrize(
    ("certainty", "verdict"), [(0.95, "do"), (0.949, "test"), (0.051, "test"), (0.05, "stop")]
)
def test_the_bar_is_the_same_for_starting_and_stopping(certainty, verdict):
    table = pd.DataFrame(
        {"action": ["grow"], "certainty": [certainty], "reason": ["r"]}, index=["a"]
    )
    advice = Recommendations(table, pd.DataFrame(), pd.Series(dtype=float), 0.95)
    found = advice_columns(pd.Index(["a", "b"]), advice, {"grow": "test of May"})
    assert found.loc["a", "advice_verdict"] == verdict
    assert np.array_equal(found.loc["b"].isna(), [True, True, False, True])


def test_an_unknown_action_is_refused_with_those_there_are():
    with pytest.raises(ParameterError, match="grow"):
        check_measured({"gorw": "test of May"})
