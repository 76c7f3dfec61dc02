"""The sentences of report 01 against the figures they are given."""

from types import SimpleNamespace

from relmark_research.formats import count
from relmark_research.narrative import report_01


def money(value: float) -> str:
    return f"EUR {value:,.0f}"


def base(**changed: object) -> SimpleNamespace:
    figures = {
        "customers": 200, "purchases": 350, "value": 9000.0, "has_value": True,
        "repeat_share": 0.4, "repeat_share_low": 0.33, "repeat_share_high": 0.47,
        "top_fifth_share": 0.5, "value_per_repeat_customer": 80.0,
        "value_per_one_time_customer": 30.0,
    }  # fmt: skip
    return SimpleNamespace(**figures | changed)


def test_the_answer_has_spend_repeat_share_and_concentration():
    said = report_01.answer(base(), money)
    assert said.startswith("200 customers spent EUR 9,000. 40% (33 to 47) of them bought again")
    assert "the best fifth brought 50.0% of the value" in said


def test_without_money_the_answer_counts_purchases_only():
    said = report_01.answer(base(has_value=False), money)
    assert said.startswith("200 customers made 350 purchases.")
    assert "EUR" not in said and "fifth" not in said


def test_customers_first_seen_are_explained_where_the_log_begins_midway():
    found = SimpleNamespace(detected=True, words=f"{count(879)} customers were first seen at once.")
    (note,) = report_01.first_seen_note(found)
    assert note.startswith("879 customers were first seen at once. Customers first seen in a log")
    assert report_01.first_seen_note(SimpleNamespace(detected=False, words="")) == []


def test_the_second_purchase_is_valued_by_the_difference_of_means():
    first, second = report_01.next_steps(base(), money)
    assert "brought EUR 50 more on average" in first
    assert "up to EUR 100;" in first  # one in a hundred of 200 customers, EUR 50 each
    assert second.startswith("2. **Know the best fifth")


def test_without_money_the_advice_has_none():
    first, second = report_01.next_steps(base(has_value=False), money)
    assert "60.0% of the customers have bought once" in first
    assert "EUR" not in first + second
    assert second.startswith("2. **Read the value of each purchase**")


def test_the_value_of_repeat_customers_is_compared_where_there_is_money():
    (note,) = report_01.repeat_value_note(base(), money)
    assert "with a second purchase is EUR 80, of the others EUR 30." in note
    assert report_01.repeat_value_note(base(has_value=False), money) == []
