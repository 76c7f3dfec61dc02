import uuid

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError

DAYS = pd.to_datetime(["2024-01-01", "2024-02-01"])
BASE = pd.DataFrame({"customer_id": ["a", "b"], "date": DAYS, "value": [1.0, 2.0]})
UUIDS = [uuid.UUID(int=7), uuid.UUID(int=9)]


def _customers(frame: pd.DataFrame) -> list[str]:
    return rm.read_transactions(frame).customer_summary(unit="week").table.index.to_list()


@pytest.mark.parametrize(
    ("frame", "ids"),
    [
        (BASE.assign(customer_id=UUIDS), [str(each) for each in UUIDS]),
        (BASE.assign(customer_id=pd.Series([1, "a"], dtype=object)), ["1", "a"]),
        (BASE.assign(date=BASE["date"].dt.to_period("M")), ["a", "b"]),
        (BASE.set_index("customer_id"), ["a", "b"]),
        (BASE.set_index(["customer_id", "date"]), ["a", "b"]),
        (BASE.convert_dtypes(), ["a", "b"]),
        (BASE.assign(note=[None, None]), ["a", "b"]),
    ],
)
def test_odd_but_clear_tables_are_read(frame, ids) -> None:
    before = frame.copy()
    assert _customers(frame) == ids
    pd.testing.assert_frame_equal(frame, before)


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.concat([BASE, BASE[["value"]]], axis=1), "'value' more than once"),
        (pd.concat({"x": BASE}, axis=1), r"one level; found 2, first \('x', 'customer_id'\)"),
        (pd.DataFrame(index=[0, 1]), "found no column at all"),
        (BASE.assign(value=[1j, 2j]), "column 'value' holds complex numbers"),
    ],
)
def test_tables_that_cannot_be_read_are_refused_in_words(frame, message) -> None:
    with pytest.raises(DataError, match=message):
        rm.read_transactions(frame)


def test_customers_with_missing_values_of_pandas_own_kind() -> None:
    customers = rm.load_cdnow().customer_summary(unit="week").table
    spend = customers["monetary_value"].where(customers["frequency"] > 0)
    nullable = customers.assign(monetary_value=spend).convert_dtypes()
    assert nullable["monetary_value"].isna().any()
    assert rm.BGNBD.fit(nullable).model == rm.BGNBD.fit(customers).model
    assert rm.GammaGamma.fit(nullable).model == rm.GammaGamma.fit(customers).model


def test_scores_are_asked_for_in_words() -> None:
    with pytest.raises(rm.ParameterError, match=r"found TransactionLog. Score first"):
        rm.rfm_segments(rm.load_cdnow())
    with pytest.raises(rm.ParameterError, match="from 2 to 9; found '5'"):
        rm.rfm_scores(rm.load_cdnow(), bins="5")
