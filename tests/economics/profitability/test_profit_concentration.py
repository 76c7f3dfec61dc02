import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError

profits = st.lists(st.floats(-1e3, 1e3).map(lambda x: round(x, 2)), min_size=3, max_size=40).filter(
    lambda x: sum(x) > 1
)


def slow_gini(values: np.ndarray) -> float:
    pairs = np.abs(values[:, None] - values[None, :]).sum()
    return pairs / (2 * len(values) * np.abs(values).sum())


@settings(max_examples=25, deadline=None)
@given(profits)
def test_measures_by_slow_ways(values) -> None:
    x = np.array(values)
    found = rm.economics.profit_concentration(pd.Series(x), draws=20)["value"]
    assert found["peak"] == pytest.approx(x[x > 0].sum() / x.sum())
    assert found["destroyed"] == pytest.approx(-x[x < 0].sum() / x.sum(), abs=1e-9)
    assert found["losing"] == pytest.approx((x < 0).mean())
    assert found["gini"] == pytest.approx(slow_gini(x))
    ordered, few = np.sort(x)[::-1], 0.2 * len(x)
    whole = int(few)
    top = ordered[:whole].sum() + (few - whole) * ordered[whole]
    assert found["top_fifth"] == pytest.approx(top / x.sum())


@pytest.mark.parametrize("values", [[1.0, 1.0, 1.0], [5.0, 5.0], [2.0, 0.0, 0.0], [7.0, 7.0, 0.0]])
def test_few_or_equal_profits_have_intervals_too(values) -> None:
    found = rm.economics.profit_concentration(pd.Series(values), draws=50)
    assert (found["low"] <= found["value"] + 1e-12).all()
    assert (found["high"] >= found["value"] - 1e-12).all()
    assert found.loc["top_fifth", "high"] <= 1


def test_profits_without_losses() -> None:
    found = rm.economics.profit_concentration(pd.Series(np.arange(1.0, 101)))
    assert found.loc["peak"].tolist() == [1, 1, 1]
    assert found.loc["destroyed"].tolist() == [0, 0, 0]
    assert found.loc["gini", "value"] == pytest.approx(0.33)  # (n - 1) / (3 n)


def test_periods_are_summed_by_customer() -> None:
    index = pd.MultiIndex.from_tuples(
        [("a", 1), ("a", 2), ("b", 1)], names=["customer_id", "period"]
    )
    table = pd.DataFrame({"profit": [5.0, -3.0, 1.0]}, index=index)
    assert rm.whale_curve(table)["profit"].iloc[-1] == 3
    assert rm.economics.profit_concentration(table, draws=10).loc["losing", "value"] == 0


def test_the_same_seed_gives_the_same_interval_and_draws_do_not_bias() -> None:
    values = pd.Series(np.random.default_rng(1).standard_t(3, 400) + 1)
    one, two = (rm.economics.profit_concentration(values, seed=3) for _ in range(2))
    pd.testing.assert_frame_equal(one, two)
    assert (one["low"] < one["value"]).all()
    assert (one["value"] < one["high"]).all()


def test_invalid_profits_raise() -> None:
    with pytest.raises(DataError, match=r"3 customers have a total of -6\.00"):
        rm.whale_curve(pd.Series([-1.0, -2.0, -3.0]))
    with pytest.raises(DataError, match="at least 2 customers must be known; found 1"):
        rm.whale_curve(pd.Series([1.0]))
    with pytest.raises(DataError, match="1 of them missing"):
        rm.economics.profit_concentration(pd.Series([1.0, np.nan]))
    with pytest.raises(ParameterError, match="a level is a probability"):
        rm.economics.profit_concentration(pd.Series([1.0, 2.0]), level=95)
    with pytest.raises(DataError, match="needs a column profit"):
        rm.whale_curve(pd.DataFrame({"value": [1.0, 2.0]}))
