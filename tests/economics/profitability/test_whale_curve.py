import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.economics.profitability.whale_curve import positive_total, sorted_profits

profits = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 2)), min_size=3, max_size=40).filter(
    lambda x: sum(x) > 1
)


@settings(max_examples=25, deadline=None)
@given(profits)
def test_the_curve_is_concave_and_ends_at_one(values) -> None:
    curve = rm.whale_curve(pd.Series(values), points=50)
    x, y = curve["customers_share"].to_numpy(), curve["profit_share"].to_numpy()
    assert (x[0], y[0]) == (0, 0)
    assert (x[-1], y[-1]) == (1, pytest.approx(1))
    slopes = np.diff(y) / np.diff(x)
    assert (np.diff(slopes) <= 1e-6 * max(1, np.abs(slopes).max())).all()
    gains = sum(value for value in values if value > 0)
    assert y.max() == pytest.approx(gains / sum(values))


def test_profits_are_summed_by_customer_and_must_be_known() -> None:
    table = pd.DataFrame(
        {"profit": [1.0, 2.0, 5.0]}, index=pd.Index(["a", "a", "b"], name="customer_id")
    )
    assert sorted_profits(table).tolist() == [5, 3]
    assert sorted_profits(table.reset_index(drop=True)).tolist() == [5, 2, 1]
    with pytest.raises(rm.DataError, match="needs a column profit; make it with profit_table"):
        sorted_profits(table.rename(columns={"profit": "gain"}))
    with pytest.raises(rm.DataError, match="at least 2 customers must be known; found 1, 0 of"):
        sorted_profits(pd.Series([1.0]))
    with pytest.raises(rm.DataError, match="found 2, 1 of them missing"):
        sorted_profits(pd.Series([1.0, np.nan]))
    assert positive_total(np.array([1.0, 2.0])) == 3
    with pytest.raises(rm.DataError, match="2 customers have a total of 0"):
        positive_total(np.array([1.0, -1.0]))
