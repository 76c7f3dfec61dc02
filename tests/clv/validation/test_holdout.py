"""A holdout without purchases."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError

ONCE = pd.DataFrame({"customer_id": ["a", "b", "c"], "value": 1.0}).assign(
    date=pd.to_datetime(["2024-01-01", "2024-02-01", "2024-12-01"])
)
TWICE = pd.concat([ONCE, ONCE.iloc[:1].assign(date=pd.Timestamp("2024-03-01"))])


@pytest.mark.parametrize(
    "score", [rm.compare_models, lambda split: rm.clv.holdout_score(None, split)]
)
@pytest.mark.parametrize(
    ("orders", "message"),
    [
        (ONCE, "none of 2 customers bought a second time.*Check that a customer has"),
        (TWICE, "no customer bought in the holdout of .* weeks.*Split the log earlier"),
    ],
)
def test_a_holdout_without_purchases_is_refused_with_the_cause(orders, message, score):
    split = rm.read_transactions(orders).split(at="2024-06-30", unit="week")
    with pytest.raises(DataError, match=message):
        score(split)
