import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.budget.first_year_margin import first_year_margin
from relmark_research.errors import DataError
from tests.economics.firm import ROWS, log_of_rows


def test_first_year_margin_by_hand() -> None:
    found = first_year_margin(
        log_of_rows(ROWS), pd.Series({"a": "x", "b": "y", "c": "y", "d": "y"})
    )
    assert found.loc["x", "annual_margin"] == 60  # the purchase of May 2023 is in the second year
    assert found.loc["y", "annual_margin"] == pytest.approx(
        (5 + 15 + 20) / 2
    )  # d's year is not over
    assert found.loc["all", "customers"] == 3
    assert found.loc["all", "standard_error"] == pytest.approx(
        np.std([60, 20, 20], ddof=1) / np.sqrt(3)
    )
    with pytest.raises(DataError, match=r"2 of 3 have none, first: row 2 \('b'\), row 3 \('c'\)"):
        first_year_margin(log_of_rows(ROWS), pd.Series({"a": "x"}))
    with pytest.raises(DataError, match="needs the cost of goods"):
        first_year_margin(log_of_rows(ROWS, cost=None))
    with pytest.raises(DataError, match=r"complete first year by .*; found none"):
        first_year_margin(log_of_rows(ROWS[:2]))
