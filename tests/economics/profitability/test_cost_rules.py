"""Rules and tables of costs, by hand."""

from datetime import date

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.profitability.cost_rules import (
    CostRules,
    amortised_acquisition,
    check_days_in_log,
    check_known_customers,
    checked_contacts,
    checked_customers,
    cost_audit,
    days_read,
    period_bounds,
    rows_in_log,
)
from relmark_research.errors import DataError, ParameterError
from relmark_research.units import Period
from tests.economics.firm import log_of, small_firm

DAY = pd.Timestamp


@pytest.fixture(scope="module")
def log() -> rm.TransactionLog:
    return log_of(small_firm()["transactions"])  # 10 January 2023 to 1 February 2024


@pytest.fixture
def contacts() -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": [7, 8, 9], "date": ["2023-03-01 14:30", "2023-03-02", "2024-01-05"],
         "cost": [5.0, 0.0, 3.0], "kind": ["call", "support", 4]},
        index=[30, 20, 10],
    )  # fmt: skip


@pytest.fixture
def customers() -> pd.DataFrame:
    return pd.DataFrame(
        {"customer_id": ["a", "b", "c"], "acquisition_cost": [12.0, 24.0, 6.0],
         "acquisition_date": ["2023-01-10", "2023-02-01", "2023-12-01"]}
    )  # fmt: skip


def test_rules_charge_nothing_unless_said():
    rules = CostRules()
    assert (rules.per_order, rules.per_return, rules.fee_rate) == (0.0, 0.0, 0.0)
    assert (rules.service, rules.acquisition) == (("support",), "at once")
    assert rules.max_outside_log == 0.5
    assert CostRules(service=["call", "chat"]).service == ("call", "chat")


@pytest.mark.parametrize(
    ("given", "words"),
    [
        ({"per_order": -0.01}, "per_order must be money, 0 or more; found -0.01"),
        ({"per_order": np.inf}, "per_order must be money, 0 or more; found inf"),
        ({"per_return": np.nan}, "per_return must be money, 0 or more; found nan"),
        ({"fee_rate": 1.0}, r"share of revenue in \[0, 1\).*; found 1.0"),
        ({"fee_rate": -0.1}, r"share of revenue in \[0, 1\).*; found -0.1"),
        ({"max_outside_log": 1.01}, "max_outside_log"),
        ({"max_outside_log": -0.01}, "max_outside_log"),
        (
            {"acquisition": "for ever"},
            "'at once' or a length such as '24 months'; found 'for ever'",
        ),
    ],
)
def test_rules_out_of_range_are_refused(given, words):
    with pytest.raises(ParameterError, match=words):
        CostRules(**given)


def test_rules_show_themselves():
    shown = CostRules(service=("call", "chat"), acquisition="12 months")._repr_html_()
    assert "Cost rules" in shown and "call, chat" in shown and "12 months" in shown


def test_contacts_are_read_as_text_and_days_in_their_order(contacts):
    table = checked_contacts(contacts)
    assert table["customer_id"].tolist() == ["7", "8", "9"]
    assert table["date"].tolist() == [DAY("2023-03-01"), DAY("2023-03-02"), DAY("2024-01-05")]
    assert table["kind"].tolist() == ["call", "support", "4"]
    assert table.index.tolist() == [0, 1, 2]
    plain = checked_contacts(contacts.drop(columns="kind"))
    assert plain["kind"].tolist() == ["contact"] * 3


def test_customers_are_read_as_text_and_days(customers):
    table = checked_customers(customers.assign(customer_id=[1, 2, 3]))
    assert table["customer_id"].tolist() == ["1", "2", "3"]
    assert table["acquisition_date"].iloc[0] == DAY("2023-01-10")


@pytest.mark.parametrize("column", ["customer_id", "date", "cost"])
def test_missing_columns_of_contacts_are_named(contacts, column):
    with pytest.raises(DataError, match=f"contacts: no column '{column}'"):
        checked_contacts(contacts.drop(columns=column))


@pytest.mark.parametrize("column", ["customer_id", "acquisition_date", "acquisition_cost"])
def test_missing_columns_of_customers_are_named(customers, column):
    with pytest.raises(DataError, match=f"customers: no column '{column}'"):
        checked_customers(customers.drop(columns=column))


@pytest.mark.parametrize(
    ("change", "words"),
    [({"customer_id": ["7", None, "9"]}, "customer_id"), ({"date": "soon"}, "date"),
     ({"cost": [1.0, np.nan, 2.0]}, "cost must have a value; 1 of 3 rows"),
     ({"cost": [-1.0, 0.0, -2.5]}, "cost must be 0 or more; 2 of 3 rows")],
)  # fmt: skip
@pytest.mark.every(2)
def test_contacts_that_cannot_be_charged_are_refused(contacts, change, words):
    with pytest.raises(DataError, match=f"^contacts: .*{words}"):
        checked_contacts(contacts.assign(**change))


def test_customers_stand_once_and_their_costs_are_known(customers):
    with pytest.raises(DataError, match=r"^customers: expected one row per customer_id; found 2"):
        checked_customers(pd.concat([customers, customers.iloc[[2, 0]]]))
    with pytest.raises(DataError, match=r"^customers: acquisition_cost must be 0 or more; 3 of 3"):
        checked_customers(customers.assign(acquisition_cost=-1.0))


def test_too_many_costs_outside_the_log_are_refused(log):
    days = ["2023-01-09", "2023-01-10", "2024-02-01", "2024-02-02", "2022-01-01"]
    costs = pd.DataFrame({"when": pd.to_datetime(days)})
    check_days_in_log(costs, "when", log, what="visits", most=0.6)
    with pytest.raises(
        DataError,
        match=r"^3 of 5 visits outside the log's days \(2023-01-10 to 2024-02-01\), first: "
        "2023-01-09, 2024-02-02, 2022-01-01. Check",
    ):
        check_days_in_log(costs, "when", log, what="visits", most=0.59)
    check_days_in_log(costs.iloc[:0], "when", log, what="visits", most=0)
    check_days_in_log(costs.iloc[1:3], "when", log, what="visits", most=0)


def test_the_days_read_are_those_of_the_log_before_any_window(log):
    whole = (date(2023, 1, 10), date(2024, 2, 1))
    assert days_read(log) == days_read(log.until("2023-03-31")) == whole


def test_costs_of_unknown_customers_are_counted_in_rows_and_money(contacts):
    table = contacts.astype({"customer_id": str})
    with pytest.raises(
        DataError,
        match=r"2 of 3 rows of visits \(8\.00 of 8\.00 in money\) .*row 1 .'7'., row 3 .'9'.. Do",
    ):
        check_known_customers(table, pd.Index(["8"]), money="cost", table="visits", advice="Do.")
    known = pd.Index(["7", "8", "9"])
    check_known_customers(table, known, money="cost", table="visits", advice="Do.")


def test_the_first_and_the_last_day_belong_to_the_log(log):
    days = ["2023-01-09", "2023-01-10", "2024-02-01", "2024-02-02"]
    table = pd.DataFrame({"when": pd.to_datetime(days)})
    assert rows_in_log(table, "when", log).index.tolist() == [1, 2]


def dated(customers: pd.DataFrame) -> pd.DataFrame:
    return customers.assign(acquisition_date=pd.to_datetime(customers["acquisition_date"]))


def test_acquisition_is_charged_at_once_on_its_day(customers):
    periods = [(DAY("2023-01-10"), DAY("2023-01-31")), (DAY("2023-02-01"), DAY("2023-12-01"))]
    table = amortised_acquisition(dated(customers), CostRules(), periods)
    assert list(table) == ["customer_id", "period", "acquisition"]
    assert list(table.itertuples(index=False, name=None)) == [
        ("a", DAY("2023-01-10"), 12.0), ("b", DAY("2023-02-01"), 24.0),
        ("c", DAY("2023-02-01"), 6.0),
    ]  # fmt: skip
    assert table.index.tolist() == [0, 1, 2]


def test_acquisition_is_amortised_by_days_from_the_day_on(customers):
    """Two months of a from 10 January: 22 days of January, 28, and 9 days of March: 59 days."""
    periods = [(DAY(f"2023-0{month}-01"), DAY(f"2023-0{month}-{last}"))
               for month, last in ((1, 31), (2, 28), (3, 31))]  # fmt: skip
    rules = CostRules(acquisition="2 months")
    table = amortised_acquisition(dated(customers), rules, periods)
    own = table[table["customer_id"] == "a"].set_index("period")["acquisition"]
    assert own.tolist() == pytest.approx([12 * 22 / 59, 12 * 28 / 59, 12 * 9 / 59])
    other = table[table["customer_id"] == "b"].set_index("period")["acquisition"]
    assert other.tolist() == pytest.approx([24 * 28 / 59, 24 * 31 / 59])  # 1 February to 1 April
    assert "c" not in set(table["customer_id"])


def test_the_audit_separates_what_is_counted_from_other_times(log, contacts, customers):
    late = contacts.assign(date=["2023-03-01", "2025-01-01", "2022-01-01"], cost=[5.0, 7.0, 3.0])
    early = customers.assign(acquisition_date=["2022-01-10", "2023-02-01", "2023-12-01"])
    table = cost_audit(log, contacts=late, customers=early)
    assert list(table.itertuples(index=False, name=None)) == [
        ("contacts", 1, 5.0, "counted"),
        ("contacts at other times", 2, 10.0, "left out: outside the days of the log"),
        ("acquisition costs", 2, 30.0, "counted"),
        ("acquisition costs at other times", 1, 12.0, "left out: outside the days of the log"),
    ]
    assert list(table) == ["check", "rows", "money", "action"]
    assert cost_audit(log, customers=early)["check"].tolist() == table["check"].tolist()[2:]
    assert cost_audit(log).empty


def test_periods_are_cut_to_the_days_of_the_log(log):
    assert period_bounds(log, None) == [(DAY("2023-01-10"), DAY("2024-02-01"))]
    quarters = period_bounds(log, Period.of("quarter"))
    assert quarters[0] == (DAY("2023-01-10"), DAY("2023-03-31"))
    assert quarters[1] == (DAY("2023-04-01"), DAY("2023-06-30"))
    assert quarters[-1] == (DAY("2024-01-01"), DAY("2024-02-01"))
    assert len(quarters) == 5
