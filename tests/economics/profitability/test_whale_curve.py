import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm

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
