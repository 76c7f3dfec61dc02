"""Account years by hand, and bad tables."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError
from tests.economics.firm import log_of, small_firm


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
