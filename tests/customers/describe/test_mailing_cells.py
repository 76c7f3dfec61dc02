import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError


def test_hughes_mailing_breaks_even():
    """A piece of 55 cents, 40 dollars a response: 1.375% (Hughes 1994)."""
    level = rm.customers.break_even_response(cost_per_contact=0.55, contribution_per_response=40)
    assert level == pytest.approx(0.01375, abs=1e-12)


@pytest.mark.parametrize("amount", [0, -1, float("nan"), float("inf")])
def test_amounts_are_money(amount):
    with pytest.raises(ParameterError, match=r"cost_per_contact must be .* > 0"):
        rm.customers.break_even_response(cost_per_contact=amount, contribution_per_response=40)


def test_cells_are_judged_by_what_breaks_even():
    cells = pd.DataFrame(
        {"cell": np.repeat(["a", "b", "c"], 1000), "responded": np.arange(3000) % 1000 < 0}
    )
    cells.loc[:79, "responded"] = True
    cells.loc[1000:1019, "responded"] = True
    cells.loc[2000:2002, "responded"] = True
    table = rm.customers.mailing_cells(cells, cost_per_contact=1, contribution_per_response=40)
    assert table["cell"].to_list() == ["a", "b", "c"]
    assert table["responses"].to_list() == [80, 20, 3]
    assert table["pays"].to_list() == [True, False, False]
    first = table.iloc[0]
    assert first["index"] == pytest.approx((first["expected_rate"] / 0.025 - 1) * 100)
    assert first["profit"] == pytest.approx(1000 * (40 * first["expected_rate"] - 1))


def test_columns_are_named():
    with pytest.raises(DataError, match="no column 'responded'"):
        rm.customers.mailing_cells(
            pd.DataFrame({"cell": []}), cost_per_contact=1, contribution_per_response=2
        )
