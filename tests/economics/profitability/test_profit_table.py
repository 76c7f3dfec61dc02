import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.profitability.profit_table import COSTS
from relmark_research.errors import DataError, ParameterError
from tests.economics.firm import log_of, small_firm
from tests.tables.engines import sqlite_source


@pytest.fixture
def firm() -> dict[str, pd.DataFrame]:
    return small_firm()


@pytest.fixture(scope="module")
def log():
    return log_of(small_firm()["transactions"])


def test_an_account_by_hand(firm, log) -> None:
    table = rm.profit_table(log, contacts=firm["contacts"], customers=firm["customers"])
    rows = {
        #       orders returned revenue goods returns handling service contacts acquisition profit
        "a": [2, 1, 150.0, 90.0, 11.0, 0.0, 0.0, 5.0, 12.0, 32.0],
        "b": [2, 0, 50.0, 32.0, 0.0, 0.0, 7.0, 0.0, 24.0, -13.0],
        "c": [0, 0, 0.0, 0.0, 0.0, 0.0, 0.0, 3.0, 6.0, -9.0],
    }
    expected = pd.DataFrame.from_dict(
        rows, orient="index", columns=["orders", "returned", "revenue", *COSTS, "profit"]
    )
    pd.testing.assert_frame_equal(table, expected, check_names=False, check_dtype=False)


@pytest.mark.parametrize("period", ["month", "quarter", "year"])
def test_periods_sum_to_the_total(firm, log, period) -> None:
    whole = rm.profit_table(log, contacts=firm["contacts"], customers=firm["customers"])
    parts = rm.profit_table(
        log, contacts=firm["contacts"], customers=firm["customers"], period=period
    )
    summed = parts.groupby(level="customer_id").sum()
    pd.testing.assert_frame_equal(summed, whole, check_dtype=False)


def test_a_period_is_named_by_its_first_day_in_the_log(firm, log) -> None:
    table = rm.profit_table(log, period="year")
    assert list(table.loc["b"].index) == [pd.Timestamp("2023-01-10"), pd.Timestamp("2024-01-01")]


def test_acquisition_is_amortised_by_the_day(firm, log) -> None:
    rules = rm.economics.CostRules(acquisition="12 months")
    table = rm.profit_table(log, customers=firm["customers"], rules=rules, period="year")
    share = 356 / 365  # 10 January to 31 December of the 365 days to 10 January
    assert table.loc[("a", "2023-01-10"), "acquisition"].sum() == pytest.approx(12 * share)
    assert table["acquisition"].groupby(level=0).sum()["a"] == pytest.approx(12.0)
    late = 31 / 366 + 32 / 366  # December, and January to 1 February
    assert table["acquisition"].groupby(level=0).sum()["c"] == pytest.approx(6 * late)


def test_handling_and_fees(firm, log) -> None:
    rules = rm.economics.CostRules(per_order=1.0, per_return=4.0, fee_rate=0.02)
    table = rm.profit_table(log, rules=rules)
    assert table.loc["a", "handling"] == pytest.approx(2 + 4 + 0.02 * 150)


def test_a_margin_replaces_costs(firm) -> None:
    log = rm.read_transactions(firm["transactions"].drop(columns="cost"))
    table = rm.profit_table(log, margin=0.4)
    assert table.loc["a", "profit"] == pytest.approx(0.4 * (150 - 20))


def test_dropped_returns_are_not_charged(firm) -> None:
    log = log_of(firm["transactions"], returns="drop")
    assert rm.profit_table(log).loc["a", "returns"] == 0


def test_items_sum_to_the_profit(firm, log) -> None:
    items = rm.economics.profit_items(rm.profit_table(log, contacts=firm["contacts"],
                                            customers=firm["customers"]))  # fmt: skip
    money = items.set_index("item")["money"]
    assert money["profit"] == pytest.approx(money.drop("profit").sum())
    assert items["share"].iloc[0] == 1


def test_the_sample_firm_by_plain_pandas() -> None:
    rows, contacts = rm.load_sample("transactions"), rm.load_sample("contacts")
    customers = rm.load_sample("customers")
    log = rm.read_transactions("dataset:sample", cost="cost")
    table = rm.profit_table(log, contacts=contacts, customers=customers)
    expected = (rows["value"] - rows["cost"]).groupby(rows["customer_id"]).sum()
    expected = expected.sub(contacts.groupby("customer_id")["cost"].sum(), fill_value=0)
    expected = expected.sub(customers.set_index("customer_id")["acquisition_cost"], fill_value=0)
    np.testing.assert_allclose(table["profit"], expected.reindex(table.index), atol=1e-6)
    spread = rm.economics.profit_concentration(table, draws=100)
    assert spread.loc["peak", "value"] == pytest.approx(1.143, abs=5e-4)
    assert spread.loc["losing", "value"] == pytest.approx(0.4576, abs=5e-5)


def test_costs_without_a_customer_raise(firm, log) -> None:
    contacts = firm["contacts"].copy()
    contacts.loc[0, "customer_id"] = "nobody"
    with pytest.raises(DataError, match=r"1 of 3 rows of contacts \(5\.00 of 15\.00.*'nobody'"):
        rm.profit_table(log, contacts=contacts, customers=firm["customers"])
    contacts.loc[0, "customer_id"] = None
    with pytest.raises(
        DataError, match=r"customer_id must have a value; 1 of 3 rows.* hold 5\.00 of"
    ):
        rm.profit_table(log, contacts=contacts, customers=firm["customers"])


def test_contacts_before_the_first_purchase_need_the_customers(firm, log) -> None:
    with pytest.raises(DataError, match=r"'c'.*Use customers= if they have not bought yet"):
        rm.profit_table(log, contacts=firm["contacts"])


def test_buyers_missing_from_customers_raise(firm, log) -> None:
    with pytest.raises(DataError, match=r"1 of 2 are missing, first: 'b'"):
        rm.profit_table(log, customers=firm["customers"].drop(index=1))


def test_duplicated_customers_raise(firm, log) -> None:
    twice = pd.concat([firm["customers"], firm["customers"].head(1)])
    with pytest.raises(DataError, match=r"per customer_id; found 1 repeated, first row 4 \('a'\)"):
        rm.profit_table(log, customers=twice)


@pytest.mark.parametrize("table", ["contacts", "customers"])
def test_negative_and_missing_costs_raise(firm, log, table) -> None:
    name = {"contacts": "cost", "customers": "acquisition_cost"}[table]
    given = {"contacts": firm["contacts"], "customers": firm["customers"]}
    for bad, words in ((-5.0, "must be 0 or more"), (np.nan, "must have a value")):
        given[table] = firm[table].assign(**{name: [bad, *firm[table][name].iloc[1:]]})
        with pytest.raises(DataError, match=rf"{table}: {name} {words}; 1 of 3 rows"):
            rm.profit_table(log, **given)


def test_a_log_without_costs_and_without_margin(firm) -> None:
    log = rm.read_transactions(firm["transactions"].drop(columns="cost"))
    with pytest.raises(DataError, match=r"read the log with cost='...', or set margin="):
        rm.profit_table(log)
    with pytest.raises(ParameterError, match="a log with cost needs no margin"):
        rm.profit_table(log_of(firm["transactions"]), margin=0.4)
    with pytest.raises(ParameterError, match=r"a share of value in \(0, 1\].*found 40"):
        rm.profit_table(log, margin=40)


def test_missing_costs_of_goods_raise(firm) -> None:
    rows = firm["transactions"].assign(cost=[60.0, None, -9.0, 12.0, 20.0])
    with pytest.raises(DataError, match=r"1 have none, first: a on 2023-06-10"):
        rm.profit_table(log_of(rows))


def test_invalid_period_and_rules_raise(log) -> None:
    with pytest.raises(ParameterError, match="no period 'fortnight'"):
        rm.profit_table(log, period="fortnight")
    with pytest.raises(ParameterError, match="per_order must be money, 0 or more; found -1"):
        rm.economics.CostRules(per_order=-1)
    with pytest.raises(ParameterError, match="fee_rate must be a share"):
        rm.economics.CostRules(fee_rate=2)
    with pytest.raises(ParameterError, match="'at once' or a length"):
        rm.economics.CostRules(acquisition="for ever")


def test_invalid_days_raise(firm, log) -> None:
    contacts = firm["contacts"].assign(date=["2023-03-01", "soon", "2024-01-05"])
    with pytest.raises(
        DataError, match=r"contacts: .*found 1 of 3 values that are none, first: row 2 \('soon'\)"
    ):
        rm.profit_table(log, contacts=contacts, customers=firm["customers"])


def test_the_audit_counts_costs_outside_the_log(firm, log) -> None:
    audit = rm.economics.cost_audit(log.until("2023-12-31"), contacts=firm["contacts"],
                          customers=firm["customers"]).set_index("check")  # fmt: skip
    assert audit.loc["contacts", ["rows", "money"]].tolist() == [2, 12.0]
    assert audit.loc["contacts at other times", ["rows", "money"]].tolist() == [1, 3.0]
    assert audit.loc["acquisition costs", "money"] == 42.0


@pytest.fixture(scope="module")
def sqlite(tmp_path_factory):
    source = sqlite_source(small_firm()["transactions"], tmp_path_factory.mktemp("sqlite"))
    return rm.read_transactions(source, cost="cost")


@pytest.mark.parametrize("period", [None, "month", "year"])
def test_the_account_of_a_log_in_sqlite_is_the_same(firm, log, sqlite, period) -> None:
    costs = {"contacts": firm["contacts"], "customers": firm["customers"], "period": period}
    pd.testing.assert_frame_equal(rm.profit_table(sqlite, **costs), rm.profit_table(log, **costs))


def test_a_row_in_sqlite_without_a_cost_is_shown(firm, tmp_path) -> None:
    rows = firm["transactions"]
    source = sqlite_source(rows.assign(cost=rows["cost"].where(rows.index > 0)), tmp_path)
    with pytest.raises(DataError, match=r"needs a cost of goods; 1 have none, first: "):
        rm.profit_table(rm.read_transactions(source, cost="cost"))
