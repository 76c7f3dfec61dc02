"""Margins by rung add up to the margin of the log."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from relmark_research.ladder.answers.rung_margins import rung_margins
from relmark_research.ladder.history.ladder_history import LadderHistory
from tests.ladder.conftest import invented


def test_margins_by_rung_add_up_to_the_money_of_the_log():
    data = invented(12)
    log = rm.read_transactions(data["bought"]).until("2023-12-31")
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    table = rung_margins(log, history, margin=0.25)
    person_years = table["person_periods"] / 12
    assert (table["annual_value"] * person_years).sum() == pytest.approx(
        log.to_pandas()["value"].sum()
    )
    assert table["annual_margin"].to_numpy() == pytest.approx(0.25 * table["annual_value"])
    assert (table.loc[["lapsed", "lost"], "annual_value"] == 0).all()
    with pytest.raises(ParameterError, match=r"margin=0\.3"):
        rung_margins(log, history)


def test_intervals_take_customers_as_clusters():
    """Against the residuals of the ratio, customer by customer in memory."""
    log = rm.read_transactions(invented(13)["bought"]).until("2023-12-31")
    history = rm.PURCHASE_LADDER.assign(log, period="quarter")
    table = rung_margins(log, history, margin=0.4, level=0.9)
    rows = history.to_pandas()
    bought = log.to_pandas()
    bought["period"] = [history.period.number(day) for day in bought["date"]]
    spent = 0.4 * bought.groupby(["customer_id", "period"])["value"].sum()
    keys = pd.MultiIndex.from_frame(rows[["customer_id", "period"]])
    rows["y"] = spent.reindex(keys).fillna(0).to_numpy()
    for rung in ("first-time", "repeat"):
        own = rows[rows["rung"] == rung].groupby("customer_id")["y"].agg(["sum", "size"])
        ratio = own["sum"].sum() / own["size"].sum()
        residual = own["sum"] - ratio * own["size"]
        n = len(own)
        error = np.sqrt(n / (n - 1) * (residual**2).sum()) / own["size"].sum()
        low, high = 4 * (ratio - 1.6448536 * error), 4 * (ratio + 1.6448536 * error)
        assert table.loc[rung, "annual_margin"] == pytest.approx(4 * ratio)
        assert table.loc[rung, "annual_margin_low"] == pytest.approx(low, rel=1e-6)
        assert table.loc[rung, "annual_margin_high"] == pytest.approx(high, rel=1e-6)


@pytest.mark.parametrize("margin", [0.0, -0.1, 1.01])
def test_a_margin_is_a_share_of_value(margin):
    log = rm.read_transactions(invented(1)["bought"])
    history = LadderHistory.from_table(
        pd.DataFrame({"customer_id": ["a", "a"], "period": [0, 1], "rung": ["x", "y"]})
    )
    with pytest.raises(ParameterError, match=f"in \\(0, 1\\]; found {margin}"):
        rung_margins(log, history, margin=margin)
    with pytest.raises(rm.LadderError, match="need a history that was assigned from the log"):
        rung_margins(log, history, margin=1.0)
