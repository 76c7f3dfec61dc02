"""What a history and a prior are refused for."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError

HISTORY = pd.DataFrame(
    {"customer_id": [1, 1, 2, 2], "period": [1, 2, 1, 2], "rung": ["x", "y", "y", "x"]}
)


def test_no_rows_are_refused():
    with pytest.raises(DataError, match="a history needs people on rungs; the table has no rows"):
        rm.estimate_transitions(HISTORY.iloc[:0])


@pytest.mark.parametrize("prior", ["x", "0.5"])
def test_a_prior_in_quotes_is_refused(prior):
    with pytest.raises(ParameterError, match=f"a weight per cell, > 0.*found '{prior}'"):
        rm.estimate_transitions(HISTORY, prior=prior)
