"""Ids are normalised alike by the fast test and by the slow one."""

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.tables import column_mapping

IDS = [
    "007",
    " 007",
    "007\t",
    "a b",
    "\u00a0x",
    "",
    " ",
    "NaN",
    " none",
    "nulls",
    "Ælf\x0b",
    "\x0cz",
]


@pytest.mark.parametrize(
    "known", [["007", "a b"], ["007", "Ælf", "nan1", "顧客"], *[[one] for one in IDS]]
)
def test_ids_that_are_taken_as_they_stand_are_those_that_reading_leaves_alone(known):
    """`needs_normalising` is another way to ask what `identifier` does, and faster."""
    frame = pd.DataFrame({"customer_id": [*known, "last"], "date": "2024-01-01", "value": 1.0})
    table = ibis.memtable(frame)
    read = table.select(
        raw=table.customer_id,
        tidied=column_mapping.identifier(table, "customer_id"),
        untidy=column_mapping.needs_normalising(table, "customer_id"),
    ).to_pandas()
    changed = read["tidied"].isna() | (read["tidied"] != read["raw"])
    assert (read["untidy"] | ~changed).all()
    log = rm.read_transactions(frame)
    assert (log.counts.clean_ids == "customer_id") == (not changed.any())
    assert set(log.to_pandas()["customer_id"]) == set(read["tidied"].dropna())
