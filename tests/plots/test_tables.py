import pandas as pd
import pytest

from relmark_research.errors import DataError
from relmark_research.plots import tables


def test_all_missing_columns_are_named_at_once() -> None:
    with pytest.raises(DataError) as caught:
        tables.checked(pd.DataFrame({"Low": [1]}), "a_plot", numbers=["low", "high"])
    assert str(caught.value) == (
        "a_plot draws the columns low, high; no column 'low'; there are: Low. Did you mean 'Low'?; "
        "no column 'high'; there are: Low. Rename the table's columns, or give the table that "
        "this plot is made for."
    )


def test_text_where_numbers_belong_is_shown() -> None:
    with pytest.raises(DataError, match=r"numbers in the column 'low'; found .*\['a', 'b'\]"):
        tables.checked(pd.DataFrame({"low": ["a", "b"]}), "a_plot", numbers=["low"])


def test_a_column_of_nothing_is_refused() -> None:
    table = pd.DataFrame({"low": [float("nan")] * 3})
    with pytest.raises(DataError, match="found 3 missing values and nothing else"):
        tables.checked(table, "a_plot", numbers=["low"])


def test_wide_tables_need_numbers_as_names() -> None:
    table = pd.DataFrame([[1, 2]], columns=["first", "second"])
    with pytest.raises(DataError, match="column names are numbers; found 'first', 'second'"):
        tables.check_matrix(table, "a_plot")
    assert tables.check_matrix(pd.DataFrame([[1]], columns=["3"]), "a_plot").columns[0] == 3


def test_bounds_need_both_sides() -> None:
    assert tables.bounds(pd.DataFrame({"value_low": [1]}), "value") is None
    low, high = tables.bounds(pd.DataFrame({"value_low": [1], "value_high": [2]}), "value")
    assert (low[0], high[0]) == (1, 2)


def test_text_of_numbers_has_no_idle_decimals() -> None:
    assert tables.text_of(pd.Series([0.0, 1.0, 2.5])) == ["0", "1", "2.5"]
    assert tables.text_of(pd.Series(["0", "7+"])) == ["0", "7+"]


def test_a_table_is_returned_as_it_is_and_has_rows() -> None:
    table = pd.DataFrame({"low": [1.0, float("nan")], "name": ["a", "b"]})
    assert tables.checked(table, "a_plot", numbers=["low"], others=["name"]) is table
    with pytest.raises(DataError, match="a pandas DataFrame with the columns low; found list"):
        tables.check_rows([1], "a_plot", ["low"])
    with pytest.raises(DataError, match="at least one row; found 0 rows and 2 columns"):
        tables.check_rows(table.head(0), "a_plot")
    wide = pd.DataFrame({1: [float("nan")], 2: [0.5]})
    assert tables.check_matrix(wide, "a_plot").columns.tolist() == [1, 2]


@pytest.mark.parametrize("share", [-0.1, 1.01])
def test_cumulative_shares_are_sorted_and_lie_between_0_and_1(share) -> None:
    table = pd.DataFrame({"customers_share": [1.0, 0.0, 0.5], "value_share": [1.0, 0.0, 0.8]})
    customers, value = tables.checked_cumulative(table, "a_plot", "value_share")
    assert (customers.tolist(), value.tolist()) == ([0, 0.5, 1], [0, 0.8, 1])
    table.loc[1, "customers_share"] = share
    with pytest.raises(DataError, match=f"from 0 to 1; found 1 rows outside, first {share}"):
        tables.checked_cumulative(table, "a_plot", "value_share")
