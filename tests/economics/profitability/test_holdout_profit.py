import pandas as pd
import pytest

from relmark_research.economics.profitability.holdout_profit import holdout_profit
from relmark_research.errors import DataError, ParameterError
from tests.economics.firm import ROWS, log_of_rows


def test_holdout_profit_by_hand() -> None:
    found = holdout_profit(log_of_rows(ROWS), at="2022-12-31")
    assert list(found.index) == ["a", "b"]  # c came 11 days before the split, d after it
    assert found.loc["a", "tenure"] == pytest.approx(151 / 365.2425)
    assert found.loc["a", "calibration_profit"] == pytest.approx(60 / (365 / 365.2425))
    assert found.loc["a", "holdout_profit"] == pytest.approx(40 / (365 / 365.2425))
    assert found["active_in_holdout"].tolist() == [True, True]
    contacts = pd.DataFrame(
        {"customer_id": ["b", "b"], "date": ["2022-05-01", "2023-05-01"], "cost": [1.0, 15.0]}
    )
    served = holdout_profit(log_of_rows(ROWS), at="2022-12-31", contacts=contacts)
    assert served.loc["b", "holdout_profit"] == pytest.approx(0)
    assert served.loc["a", "holdout_profit"] == pytest.approx(found.loc["a", "holdout_profit"])
    with pytest.raises(DataError, match="contacts: no column 'cost'"):
        holdout_profit(log_of_rows(ROWS), at="2022-12-31", contacts=contacts.drop(columns="cost"))


def test_invalid_splits_raise() -> None:
    plain = log_of_rows(ROWS, cost=None)
    with pytest.raises(DataError, match="profit needs the cost"):
        holdout_profit(plain)
    with pytest.raises(ParameterError, match="margin must be a share"):
        holdout_profit(plain, margin=30)
    with pytest.raises(DataError, match=r"must be inside the log \(2022-01-01 to 2023-12-31\)"):
        holdout_profit(plain, margin=0.3, at="2024-05-01")
    with pytest.raises(DataError, match="at least 91 days after some first purchases; found none"):
        holdout_profit(plain, margin=0.3, at="2022-01-20")
    assert holdout_profit(plain, margin=0.5, at="2022-12-31")["holdout_profit"][
        "a"
    ] == pytest.approx(40 / (365 / 365.2425))


def test_invalid_contacts_raise() -> None:
    log = log_of_rows([("a", "2023-01-05", 10, 4), ("a", "2024-06-05", 10, 4)])
    contact = {"customer_id": "a", "date": "2023-02-01", "cost": 1.0}
    at = "2023-12-31"
    for change, words in (
        ({"customer_id": "b"}, r"an unknown customer_id, first: row 1 \('b'\)"),
        ({"cost": None}, "contacts: cost must have a value; 1 of 1 rows"),
        ({"cost": -1.0}, "must be 0 or more"),
        ({"date": "31/31/2023"}, "contacts: expected dates in column 'date'; found 1 of 1"),
    ):
        with pytest.raises(DataError, match=words):
            holdout_profit(log, at=at, contacts=pd.DataFrame([contact | change]))
