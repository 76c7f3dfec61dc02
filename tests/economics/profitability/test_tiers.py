import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError


@settings(max_examples=50, deadline=None)
@given(st.lists(st.integers(-20, 20), min_size=2, max_size=60))
def test_tiers_are_monotonic_in_value(values) -> None:
    classes = rm.profit_classes(pd.Series(values, dtype=float))
    codes = classes["tier"].cat.codes.to_numpy()
    order = np.argsort(-classes["value"].to_numpy(), kind="stable")
    assert (np.diff(codes[order]) >= 0).all()
    assert classes.groupby("value")["tier"].nunique().max() == 1


def test_shares_hold_without_ties() -> None:
    classes = rm.profit_classes(pd.Series(np.arange(200.0)))
    counts = classes["tier"].value_counts()
    assert counts.to_dict() == {"platinum": 10, "gold": 30, "iron": 60, "lead": 100}
    table = rm.economics.tier_table(classes)
    assert table["value"].sum() == pytest.approx(np.arange(200).sum())
    assert table["share"].sum() == pytest.approx(1)
    assert (table["mean_low"] < table["mean"]).all()


def test_invalid_tiers_and_missing_values_raise() -> None:
    with pytest.raises(ParameterError, match=r"sum to 1; found gold 0\.5, lead 0\.6 \(sum 1\.1\)"):
        rm.profit_classes(pd.Series([1.0, 2.0]), tiers={"gold": 0.5, "lead": 0.6})
    with pytest.raises(DataError, match=r"1 of 2 are missing, first: row 2 \('b'\)"):
        rm.profit_classes(pd.Series([1.0, np.nan], index=["a", "b"]))


def test_tiers_in_text_are_ordered_by_their_values():
    classes = pd.DataFrame({"tier": ["low", "top", "top"], "value": [1.0, 9.0, 5.0]})
    found = rm.economics.tier_table(classes)
    assert found["tier"].astype(str).tolist() == ["top", "low"]
    assert found["customers"].tolist() == [2, 1]


def test_tiers_as_categories_without_an_order_are_put_in_order():
    classes = rm.profit_classes(
        pd.Series([9.0, 1.0, -5.0, 3.0]), tiers={"silver": 0.25, "lead": 0.75}
    )
    loose = classes.assign(tier=classes["tier"].astype(str).astype("category"))
    assert not loose["tier"].dtype.ordered
    pd.testing.assert_frame_equal(
        rm.economics.tier_table(loose),
        rm.economics.tier_table(classes),
        check_categorical=False,
        check_dtype=False,
    )
    assert rm.economics.tier_table(loose)["tier"].to_list() == ["silver", "lead"]
