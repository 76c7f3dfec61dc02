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
        "value_per_one_time_customer": 30.0, "returning_share": 0.7,
    }  # fmt: skip
    return SimpleNamespace(**figures | changed)


def text(claims) -> str:
    return " ".join(each.text for each in claims)


def test_the_answer_has_spend_repeat_share_and_concentration():
    said = text(report_01.answer(base(), money))
    assert said.startswith("200 customers spent EUR 9,000. 40% (33 to 47) of them bought again")
    assert "the best fifth account for 50.0% of the value" in said


def test_without_money_the_answer_counts_purchases_only():
    said = text(report_01.answer(base(has_value=False), money))
    assert said.startswith("200 customers made 350 purchases.")
    assert "EUR" not in said and "fifth" not in said


def test_of_few_customers_no_share_of_value_is_said():
    assert "fifth" not in text(report_01.answer(base(customers=19), money))
    assert report_01.best_fifth(base(customers=19)).verdict == "withheld"
    assert report_01.best_fifth(base(customers=20)).verdict == "finding"
    assert report_01.no_value(True, base(customers=19)) == (
        "the transactions have 19 of the 20 customers that it needs"
    )
    assert report_01.no_value(False, base()) == "the transactions have no column value"


def test_customers_first_seen_are_explained_where_the_log_begins_midway():
    months = range(12)
    found = SimpleNamespace(detected=True, words=f"{count(879)} customers were first seen at once.")
    bars, note = report_01.growth(months, found, "Bars.")
    assert bars.text == "Bars."
    assert note.text.startswith("879 customers were first seen at once. Customers first seen in a")
    assert len(report_01.growth(months, SimpleNamespace(detected=False, words=""), "Bars.")) == 1


def test_the_second_purchase_is_valued_by_the_difference_of_means():
    (once, more, bound, trial), second = report_01.next_steps(base(), money)
    assert "60.0% of the customers have bought once" in once.text
    assert "spent EUR 50 more on average" in more.text
    assert "at most EUR 100" in bound.text  # one in a hundred of 200 customers, EUR 50 each
    assert (bound.design, bound.verdict) == ("assumed", "hint")
    assert "random half" in trial.text
    assert text(second).startswith("2. **List the best fifth")


def test_where_repeat_customers_spend_less_a_second_purchase_has_no_value():
    first, _ = report_01.next_steps(base(value_per_repeat_customer=20.0), money)
    assert "EUR" not in text(first)


def test_without_money_the_advice_has_none():
    first, second = report_01.next_steps(base(has_value=False), money)
    assert "60.0% of the customers have bought once" in text(first)
    assert "EUR" not in text(first + second)
    assert text(second).startswith("2. **Read the value of each purchase**")


def test_the_value_of_repeat_customers_is_compared_where_there_is_money():
    (note,) = report_01.repeat_value(base(), money)
    assert "with a second purchase is EUR 80, of the others EUR 30." in note.text
    assert report_01.repeat_value(base(has_value=False), money) == []
    assert report_01.repeat_value(base(repeat_share=0.0), money) == []
