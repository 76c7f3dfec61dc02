"""Changes between two tables of customers: the parts add up, moves are counted."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.customer_tables import customer_changes
from relmark_research.customer_tables.table_changes import NOT_IN_TABLE, NOT_KNOWN, PARTS
from relmark_research.errors import DataError


def table(ids, purchases, values, segments=None, rungs=None):
    return pd.DataFrame(
        {
            "customer_id": ids,
            "segment": segments or ["s"] * len(ids),
            "rung": rungs or ["r"] * len(ids),
            "expected_purchases": purchases,
            "expected_value": values,
        }
    )


def test_the_parts_of_a_change_add_up_to_it():
    rng = np.random.default_rng(1)
    ids = np.array([f"c{i}" for i in range(500)])
    first, second = (rng.choice(ids, 400, replace=False) for _ in range(2))
    tables = [
        table(list(names), e := rng.gamma(1, 2, 400), e * rng.gamma(3, 10, 400))
        for names in (first, second)
    ]
    totals = customer_changes(*tables).totals
    assert np.allclose(totals[list(PARTS)].sum(axis=1), totals["change"], rtol=1e-12, atol=1e-9)
    assert (totals["change"] == totals["after"] - totals["before"]).all()
    assert np.isclose(totals.loc["expected_value", "after"], tables[1]["expected_value"].sum())


def test_each_part_is_what_its_name_says():
    before = table(["a", "b"], [2.0, 4.0], [20.0, 40.0])
    busier = table(["a", "b"], [3.0, 4.0], [30.0, 40.0])
    totals = customer_changes(before, busier).totals.loc["expected_value"]
    assert (totals["activity"], totals["value"]) == (10.0, 0.0)
    dearer = table(["a", "b"], [2.0, 4.0], [30.0, 40.0])
    totals = customer_changes(before, dearer).totals.loc["expected_value"]
    assert (totals["activity"], totals["value"]) == (0.0, 10.0)
    other = table(["a", "c"], [2.0, 1.0], [20.0, 7.0])
    totals = customer_changes(before, other).totals.loc["expected_value"]
    assert (totals["new customers"], totals["left"]) == (7.0, -40.0)
    assert customer_changes(before, other).totals.loc["customers", "change"] == 0


def test_who_moved_between_segments_and_rungs():
    before = table(list("abc"), [1.0] * 3, [1.0] * 3, ["x", "x", None], ["low"] * 3)
    after = table(list("abd"), [1.0] * 3, [2.0] * 3, ["y", "x", "y"], ["low", "high", "low"])
    found = customer_changes(before, after)
    moves = found.moves.set_index(["column", "before", "after"])["customers"].to_dict()
    assert moves == {
        ("segment", "x", "y"): 1, ("segment", "x", "x"): 1, ("segment", NOT_KNOWN, NOT_IN_TABLE): 1,
        ("segment", NOT_IN_TABLE, "y"): 1, ("rung", "low", "low"): 1, ("rung", "low", "high"): 1,
        ("rung", "low", NOT_IN_TABLE): 1, ("rung", NOT_IN_TABLE, "low"): 1,
    }  # fmt: skip
    assert found.customers.index.to_list() == list("abcd")
    assert repr(found) == (
        "<CustomerChanges: before 3, after 3, changed segment 1, changed rung 1>"
    )


def test_a_table_without_values_still_explains_purchases():
    before = table(["a"], [1.0], [np.nan])
    totals = customer_changes(before, table(["a"], [3.0], [np.nan])).totals
    assert totals.loc["expected_purchases", "activity"] == 2.0
    assert totals.loc["expected_value"].isna().all()


def test_tables_that_cannot_be_compared_are_refused():
    good = table(["a"], [1.0], [1.0])
    with pytest.raises(DataError, match="none of 1 and 1"):
        customer_changes(good, table(["b"], [1.0], [1.0]))
    with pytest.raises(DataError, match="one row per customer"):
        customer_changes(table(["a", "a"], [1.0, 1.0], [1.0, 1.0]), good)
    with pytest.raises(DataError, match="expected_value"):
        customer_changes(good.drop(columns="expected_value"), good)
    with pytest.raises(DataError, match="expected_purchases of every row"):
        customer_changes(good, table(["a"], [np.nan], [1.0]))
