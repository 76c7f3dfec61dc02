"""What of the tables of contacts and customers can be used with a log."""

import pandas as pd

import relmark_research as rm
from relmark_research.economics.profitability.usable_costs import cost_column, usable_costs

LOG = rm.read_transactions(
    pd.DataFrame(
        {"customer_id": ["a", "a", "b"], "date": ["2023-01-10", "2023-06-10", "2023-02-01"],
         "value": [9.0, 5.0, 4.0], "cost": [4.0, 2.0, 1.0]}
    ),
    cost="cost",
)  # fmt: skip
CONTACTS = pd.DataFrame(
    {"customer_id": ["a", "p"], "date": ["2023-03-01", "2023-03-02"], "cost": [2.0, 7.0]}
)
PEOPLE = pd.DataFrame(
    {"customer_id": ["a", "p"], "acquisition_date": ["2023-01-10", "2023-03-01"],
     "acquisition_cost": [3.0, 4.0], "Art": ["x", " "]}
)  # fmt: skip


def test_contacts_with_others_are_left_out_and_said() -> None:
    found = usable_costs(LOG, contacts=CONTACTS)
    assert found.contacts["customer_id"].tolist() == ["a"]
    assert found.notes == (
        "1 contacts costing 7.00 are of 1 people who are no known customers, and are left out",
    )
    assert rm.profit_table(LOG, contacts=found.contacts)["contacts"].sum() == 2
    assert len(usable_costs(LOG, contacts=CONTACTS, customers=PEOPLE).contacts) == 2


def test_an_unknown_acquisition_cost_is_counted_as_0_and_said() -> None:
    found = usable_costs(LOG, customers=PEOPLE)
    assert found.notes == (
        "the acquisition cost of 1 of 2 customers is not known and counted as 0",
    )
    assert rm.profit_table(LOG, customers=found.customers)["acquisition"].sum() == 7
    without = usable_costs(LOG, customers=PEOPLE.drop(columns="acquisition_cost"))
    assert (without.customers, without.notes) == (None, ())


def test_segments_have_any_name_and_come_from_any_column() -> None:
    found = usable_costs(LOG, customers=PEOPLE, segment="Art").segments
    assert found.to_dict() == {"a": "x", "b": "not known", "p": "not known"}
    assert usable_costs(LOG, customers=PEOPLE, segment="segment").segments is None
    assert usable_costs(LOG, customers=PEOPLE, segment=None).segments is None
    assert usable_costs(LOG).segments is None


def test_a_cost_is_a_column_or_an_expression_that_the_source_has() -> None:
    rows = pd.DataFrame({"customer_id": ["a"], "date": ["2023-01-01"], "paid": [9.0], "k": [0.4]})
    asked = ("paid", "paid * k", "cost", None)
    assert [cost_column(rows, cost) for cost in asked] == ["paid", "paid * k", None, None]
