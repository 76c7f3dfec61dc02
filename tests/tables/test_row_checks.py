"""Policies for rows, the exclude filter, currencies, and what the audit says of them."""

from datetime import date, timedelta

import ibis
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, ParameterError
from relmark_research.tables.values.filters import filter_condition


@pytest.fixture
def frame():
    return pd.DataFrame(
        {
            "customer_id": ["007", "007", "8", "test-1"],
            "date": ["2024-01-01", "2024-02-01", "2024-01-15", "2024-01-20"],
            "value": [10.0, 20.0, 5.0, 99.0],
            "order": ["A", "A", "B", "C"],
            "email": ["j@x.org", "j@x.org", "m@x.org", "qa@example.com"],
        }
    )


def lines(log):
    return log.audit.set_index("check")["rows"].to_dict()


class TestPolicies:
    def test_test_accounts_are_excluded_and_told(self, frame):
        options = rm.ReadOptions(exclude="endswith(email, '@example.com')")
        log = rm.read_transactions(frame, options=options)
        assert lines(log)["excluded by the filter"] == 1
        assert "test-1" not in log.customer_summary().table.index

    @pytest.mark.parametrize(
        ("sentence", "left"),
        [
            ("customer_id == '8'", ["007", "test-1"]),
            ("value >= 20 and not startswith(customer_id, 'test')", ["007", "8", "test-1"]),
            ("customer_id in ('8', '007')", ["test-1"]),
            ("contains(email, 'x.org') or blank(order)", ["test-1"]),
            ("value != 99 and customer_id not in ('8',)", ["8", "test-1"]),
        ],
    )
    @pytest.mark.every(2)
    def test_filters(self, frame, sentence, left):
        log = rm.read_transactions(frame, options=rm.ReadOptions(exclude=sentence))
        assert sorted(set(log.to_pandas()["customer_id"])) == left

    @pytest.mark.parametrize(
        "sentence",
        ["email", "__import__('os')", "value > ", "lower(email) == 'a'", "1 < 3"],
    )
    def test_filters_obey_nothing_else(self, frame, sentence):
        with pytest.raises(ParameterError, match="a filter compares columns with values"):
            filter_condition(ibis.memtable(frame), sentence)

    def test_a_missing_value_meets_no_filter(self, frame):
        table = frame.assign(email=None)
        options = rm.ReadOptions(exclude="email != 'a'")
        assert lines(rm.read_transactions(table, options=options))["rows used"] == 4
        options = rm.ReadOptions(exclude="blank(email)")
        with pytest.raises(DataError, match="4 with excluded by the filter"):
            rm.read_transactions(table, options=options)

    def test_rows_of_an_order_are_one_purchase_on_its_first_day(self, frame):
        log = rm.read_transactions(frame, options=rm.ReadOptions(order_column="order"))
        assert lines(log)["rows of an order begun earlier"] == 1
        assert log.customer_summary().table["frequency"].to_dict() == {
            "007": 0,
            "8": 0,
            "test-1": 0,
        }
        assert log.days.filter(log.days.customer_id == "007").parts.sum().execute() == 300_000

    def test_several_currencies_are_refused_unless_there_is_a_rate(self, frame):
        table = frame.assign(Currency=["EUR", "USD", "EUR", None], rate=[1.0, 0.5, 1.0, 2.0])
        for options in (None, rm.ReadOptions(currency_column="Currency")):
            with pytest.raises(DataError, match="found 3: EUR in 2 rows") as refused:
                rm.read_transactions(table, options=options)
            assert "rate_column" in str(refused.value)
        log = rm.read_transactions(table, options=rm.ReadOptions(rate_column="rate"))
        assert sorted(log.to_pandas()["value"]) == [5.0, 10.0, 10.0, 198.0]

    def test_a_missing_rate_is_a_problem_of_its_row(self, frame):
        table = frame.assign(rate=[1.0, None, 1.0, 0.0])
        with pytest.raises(DataError, match="in 2 of 4 rows the exchange rate is not a number"):
            rm.read_transactions(table, options=rm.ReadOptions(rate_column="rate"))

    def test_future_dates(self, frame):
        later = (date.today() + timedelta(days=3)).isoformat()
        table = frame.assign(date=[*frame["date"].head(3), later])
        with pytest.raises(DataError, match="is after today"):
            rm.read_transactions(table)
        kept, left_out = (
            rm.read_transactions(table, options=rm.ReadOptions(future_dates=policy))
            for policy in ("keep", "leave out")
        )
        assert kept.observed_until.isoformat() == later
        assert lines(left_out)["date in the future"] == 1

    def test_zero_values(self, frame):
        table = frame.assign(value=[0.0, 1.0, 2.0, 3.0])
        assert lines(rm.read_transactions(table))["zero value"] == 1
        options = rm.ReadOptions(zero_values="drop")
        assert lines(rm.read_transactions(table, options=options))["zero value dropped"] == 1
        with pytest.raises(DataError, match="value is 0"):
            rm.read_transactions(table, options=rm.ReadOptions(zero_values="refuse"))

    def test_values_no_engine_can_add_up_exactly(self, frame):
        for value, said in ((1e12, "exceeds 900 billion"), (float("inf"), "is not a number")):
            with pytest.raises(DataError, match=said):
                rm.read_transactions(frame.assign(value=[value, 1, 1, 1]))

    @pytest.mark.parametrize(
        ("returns", "duplicates"), [("net", "drop"), ("drop", "keep"), ("drop", "drop")]
    )
    @pytest.mark.every(3)
    def test_the_audit_accounts_for_every_row_under_every_policy(self, frame, returns, duplicates):
        table = pd.concat([frame, frame.head(2), frame.tail(1).assign(value=-99.0)])
        table = pd.concat([table, table.tail(1), frame.head(1).assign(customer_id=None)])
        options = rm.ReadOptions(duplicates=duplicates)
        log = rm.read_transactions(table, returns=returns, options=options).until("2024-01-31")
        audit = log.audit
        out = audit.loc[audit["action"] == "left out", "rows"].sum()
        told = audit.set_index("check")["rows"]
        assert told["rows read"] == len(table) == out + told["rows used"]

    def test_ids_in_the_audit_are_pseudonyms_unless_asked_for(self, frame):
        table = frame.assign(value=[0.0, 1.0, 2.0, 3.0])
        hidden = rm.read_transactions(table).audit["examples"].str.cat()
        assert "007" not in hidden
        assert rm.customers.pseudonyms(["007"])[0] in hidden
        clear = rm.read_transactions(table, options=rm.ReadOptions(clear_ids=True))
        assert "'007'" in clear.audit["examples"].str.cat()


def test_texts_that_are_no_numbers_come_with_advice():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "date": "2024-01-01", "value": ["EUR 5", "3"]})
    with pytest.raises(DataError, match=r"Give digits without currency, unit, .* Or leave such"):
        rm.read_transactions(frame)
    with pytest.raises(DataError, match="value 'EUR 5'"):
        rm.read_transactions(frame)


def test_costs_are_read_and_checked_as_values_are():
    frame = pd.DataFrame({"customer_id": ["a", "b"], "date": "2024-01-01", "value": [5.0, 3.0]})
    log = rm.read_transactions(frame.assign(cogs=["2", "1.5"]), cost="cogs")
    assert sorted(log.to_pandas()["cost"]) == [1.5, 2]
    with pytest.raises(DataError, match="in 1 of 2 rows the cost is not a number"):
        rm.read_transactions(frame.assign(cogs=["2", "x"]), cost="cogs")


class TestMessagesWithoutValues:
    """What a log, a mail or a page may hold of a row: its number, its day, its amount."""

    @pytest.fixture(autouse=True)
    def _as_in_a_script(self, monkeypatch):
        monkeypatch.setenv("RELMARK_SHOW_VALUES", "0")

    @pytest.mark.parametrize(
        ("change", "stays"),
        [
            ({"date": ["2024-01-01", "2024-13-01"]}, "'2024-13-01'"),
            ({"date": ["2024-01-01", "bob@example.com"]}, "row 2"),
            ({"date": ["2024-01-01", "QX7-CANARY"]}, "row 2"),
            ({"value": ["1", "bob@example.com"]}, "row 2"),
            ({"value": ["1", "QX7-CANARY"]}, "row 2"),
            ({"value": ["1", "EUR 5"]}, "row 2"),
            ({"currency": ["EUR", "QX7-CANARY"]}, "EUR in 1 rows"),
            ({"customer_id": ["QX7-CANARY", "QX7-CANARY"], "value": ["1", "x"]}, "row 2"),
        ],
    )
    @pytest.mark.every(2)
    def test_a_row_is_named_by_its_number(self, change, stays):
        frame = pd.DataFrame(
            {"customer_id": ["bob@example.com", "QX7-CANARY"], "date": "2024-01-01", "value": "1"}
        )
        with pytest.raises(DataError) as refused:
            rm.read_transactions(frame.assign(**change))
        assert stays in str(refused.value)
        assert "bob" not in str(refused.value)
        assert "CANARY" not in str(refused.value)

    def test_the_audit_has_pseudonyms_and_without_a_key_no_ids(self, monkeypatch, tmp_path):
        frame = pd.DataFrame({"customer_id": ["bob", "eve"], "date": "2024-01-01", "value": 0.0})
        audit = rm.read_transactions(frame).audit
        assert rm.customers.pseudonyms(["bob"])[0] in audit["examples"].str.cat()
        monkeypatch.delenv("RELMARK_ID_KEY")
        monkeypatch.chdir(tmp_path)
        examples = rm.read_transactions(frame).audit["examples"].str.cat()
        assert "row 1 (customer_id not shown, date '2024-01-01', value '0.0')" in examples

    def test_a_file_without_a_header_does_not_list_its_first_row(self, tmp_path):
        path = tmp_path / "sales.csv"
        path.write_text("bob@example.com,2024-01-01,5\neve@example.com,2024-01-02,5\n")
        with pytest.raises(DataError) as refused:
            rm.read_transactions(path)
        assert "3 columns, whose names look like data" in str(refused.value)
        assert "bob" not in str(refused.value)
