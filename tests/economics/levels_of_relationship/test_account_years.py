"""Account years by hand, and bad tables."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.account_years import (
    checked_segments,
    level_recipients,
    purchase_years,
    without_thin_segments,
    years_by_level,
)
from relmark_research.economics.profitability.usable_costs import usable_costs
from relmark_research.errors import DataError
from tests.economics.firm import log_of, small_firm
from tests.economics.levels_of_relationship.made import drawn_years


def test_account_years_by_hand() -> None:
    firm = small_firm()
    contacts = pd.DataFrame(
        [
            ("a", "2023-01-10", 1.0, "basic"),
            ("a", "2023-05-01", 4.0, "basic"),
            ("a", "2024-01-10", 1.0, "proactive"),
            ("b", "2023-02-01", 1.0, "basic"),
        ],
        columns=["customer_id", "date", "cost", "relationship_level"],
    )
    log = log_of(firm["transactions"])  # until 2024-02-01
    years = rm.economics.account_years(log, contacts=contacts, customers=firm["customers"])
    rows = years[
        [
            "customer_id",
            "year",
            "relationship_level",
            "complete",
            "retained",
            "annual_margin",
            "cost",
        ]
    ]
    assert rows.to_dict("split")["data"][0] == ["a", 0, "basic", True, 1.0, 9.0, 5.0]
    assert rows.loc[1, "relationship_level"] == "proactive"
    assert not rows.loc[1, "complete"]
    assert np.isnan(rows.loc[1, "retained"])
    # the first day's order opens the account; b's second falls on the first day of the next year
    assert rows.to_dict("split")["data"][2] == ["b", 0, "basic", True, 0.0, 0.0, 1.0]
    table = rm.economics.segment_years(years)
    assert table.loc[0, ["segment", "customers", "retention", "annual_margin"]].tolist() == [
        "homes", 1, 0.5, 4.5,
    ]  # fmt: skip


def test_bad_account_years() -> None:
    firm = small_firm()
    log = log_of(firm["transactions"])
    people = firm["customers"].assign(segment=["homes", None, "mills"])
    years = rm.economics.account_years(log, contacts=firm["contacts"], customers=people)
    assert set(years["segment"]) <= {"homes", "not known", "mills"}
    with pytest.raises(DataError, match="every contact must have a relationship_level; 1 of 3"):
        rm.economics.account_years(
            log, contacts=firm["contacts"].assign(relationship_level=[None, "basic", "basic"]),
            customers=firm["customers"],
        )  # fmt: skip
    early = firm["contacts"].assign(date=["2022-03-01", "2023-03-02", "2024-01-05"])
    with pytest.raises(
        DataError, match=r"1 contacts are earlier, first on 2022-03-01: row 1 \('a'\)"
    ):
        rm.economics.account_years(log, contacts=early, customers=firm["customers"])


PURCHASES = pd.DataFrame(
    [("a", "2021-01-01", 9.0), ("a", "2021-06-01", 5.0), ("a", "2022-03-01", 7.0),
     ("b", "2021-02-01", 4.0), ("b", "2023-02-10", 3.0), ("b", "2024-06-01", 1.0)],
    columns=["customer_id", "date", "value"],
).assign(cost=1.0)  # fmt: skip


def test_purchase_years_by_hand() -> None:
    log = rm.read_transactions(PURCHASES, cost="cost")
    years = purchase_years(log, segments=pd.Series({"a": "homes", "b": "mills"}))
    rows = years[["customer_id", "year", "complete", "retained", "annual_margin", "segment"]]
    assert rows.fillna(-1).values.tolist() == [
        ["a", 0, True, 1.0, 4.0, "homes"],
        ["a", 1, True, 0.0, 6.0, "homes"],
        ["b", 0, True, 0.0, 0.0, "mills"],
        ["b", 2, False, -1.0, 2.0, "mills"],
        ["b", 3, False, -1.0, 0.0, "mills"],
    ]
    assert checked_segments(years).set_index("segment")["retention"].to_dict() == {
        "homes": 0.5, "mills": 0.0
    }  # fmt: skip
    with pytest.raises(DataError, match="needs a log of two years; none of 2 account years"):
        checked_segments(purchase_years(log.until("2021-08-01")))


def test_levels_are_read_from_any_column_with_any_customers_table() -> None:
    log = rm.read_transactions(PURCHASES, cost="cost")
    contacts = pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "date": ["2021-01-02", "2022-01-05", "2020-12-20"],
         "cost": 1.0, "Stufe": ["hoch", "tief", "tief"], "relationship_level": "other"}
    )  # fmt: skip
    costs = usable_costs(log, contacts=contacts)
    years = years_by_level(log, costs, column="Stufe")
    assert years["relationship_level"].tolist() == ["hoch", "tief", "tief"]
    assert years["segment"].unique().tolist() == ["all"]
    first = years.drop_duplicates("customer_id").set_index("customer_id")["start"]
    assert first.dt.strftime("%Y-%m-%d").to_dict() == {"a": "2021-01-01", "b": "2020-12-20"}
    with pytest.raises(DataError, match="there is no column Level"):
        years_by_level(log, costs, column="Level")
    with pytest.raises(DataError, match="there is no table"):
        years_by_level(log, usable_costs(log), column="Stufe")


def test_segments_without_renewals_or_margin_are_left_out_and_said() -> None:
    years = drawn_years(200, seed=1)
    lost = years.assign(segment="ruins", annual_margin=-1.0)
    left, notes = without_thin_segments(pd.concat([years, lost]))
    assert set(left["segment"]) == {"homes", "mills"}
    assert notes[0].startswith("segment ruins is left out of the effects:")
    assert without_thin_segments(years)[1] == ()


def test_who_was_served_at_each_level() -> None:
    first = drawn_years(60, seed=1).assign(annual_margin=10.0)
    second = first.assign(year=1, annual_margin=30.0)
    found = level_recipients(pd.concat([first, second]))
    assert found["account_years"].sum() == 120
    assert (found["with_previous"] * 2 == found["account_years"]).all()
    assert (found["previous_margin"] == 10).all()
