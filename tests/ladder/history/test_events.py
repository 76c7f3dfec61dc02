"""The stream of events of a few people, whatever tables it comes from."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, LadderError
from relmark_research.ladder.history._events import event_stream
from relmark_research.ladder.history.rules import RuleSet

PURCHASES = pd.DataFrame(
    {
        "customer_id": ["a", "a", "b", "c", "c"], "value": [10.0, 20.0, 5.0, 8.0, -8.0],
        "date": ["2023-01-01", "2023-03-01", "2023-02-01", "2023-02-02", "2023-02-03"],
    }
)  # fmt: skip
EVENTS = pd.DataFrame(
    {"customer_id": ["a", "b", "b"], "date": ["2023-04-01", "2023-04-02", "2023-04-03"],
     "kind": ["referral", "referral", "complaint"]}
)  # fmt: skip
ANSWERS = pd.DataFrame({"customer_id": ["b"], "date": ["2023-05-01"], "score": [9]})
PROSPECTS = pd.DataFrame(
    {"prospect_id": ["p1", "p2"], "customer_id": ["a", None],
     "first_contact": ["2022-12-01", "2022-12-02"]}
)  # fmt: skip
EVIDENCE = {
    "bought": {"count": "purchase"}, "met": {"count": "contact"},
    "referrals": {"count": "referral"}, "score": {"last": "answer"},
    "reviews": {"count": "review"},
}  # fmt: skip


def rules(**rungs: dict) -> RuleSet:
    return RuleSet.parse(tuple(rungs), rungs, EVIDENCE)


BUYERS = rules(low={"bought": "0 to 1"}, high={"bought": "2 or more"})
ALL = rules(
    prospect={"met": "1 or more", "bought": 0}, buyer={"bought": "1 or more"},
    fan={"score": "9 or more"}, advocate={"referrals": "1 or more"},
)  # fmt: skip


@pytest.fixture(scope="module")
def log() -> rm.TransactionLog:
    return rm.read_transactions(PURCHASES)


def stream(rule_set: RuleSet, log: rm.TransactionLog, **tables: object) -> list[tuple]:
    """Return the events, sorted; a missing value as None."""
    events, _ = event_stream(rule_set, log, tables)
    table = events.to_pandas()
    assert list(table) == ["customer_id", "date", "kind", "value"]
    table["date"] = pd.to_datetime(table["date"]).dt.strftime("%Y-%m-%d")
    rows = table.astype(object).where(table.notna(), None)
    return sorted(rows.itertuples(index=False, name=None), key=lambda row: row[:3])


BOUGHT = [
    ("a", "2023-01-01", "purchase", None), ("a", "2023-03-01", "purchase", None),
    ("b", "2023-02-01", "purchase", None),
]  # fmt: skip


def test_purchase_days_are_events_and_returned_purchases_are_not(log):
    assert stream(BUYERS, log) == BOUGHT


def test_all_tables_make_one_stream_of_the_kinds_that_the_rules_use(log):
    found = stream(ALL, log, events=EVENTS, answers=ANSWERS, prospects=PROSPECTS)
    assert found == sorted(
        [
            *BOUGHT,
            ("a", "2022-12-01", "contact", None), ("p2", "2022-12-02", "contact", None),
            ("a", "2023-04-01", "referral", None), ("b", "2023-04-02", "referral", None),
            ("b", "2023-05-01", "answer", 9.0),
        ],
        key=lambda row: row[:3],
    )  # fmt: skip


def test_prospects_without_a_column_of_customers_keep_their_id(log):
    bare = PROSPECTS.drop(columns="customer_id").assign(prospect_id=[71, 72])
    found = stream(ALL, log, events=EVENTS, prospects=bare)
    assert [row[0] for row in found if row[2] == "contact"] == ["71", "72"]


def test_prospects_may_have_events_before_they_buy(log):
    met = EVENTS.assign(customer_id=["p2", "b", "b"])
    assert ("p2", "2023-04-01", "referral", None) in stream(
        ALL, log, events=met, prospects=PROSPECTS
    )


def test_answers_may_be_in_a_column_nps(log):
    renamed = ANSWERS.rename(columns={"score": "nps"})
    found = stream(ALL, log, events=EVENTS, answers=renamed)
    assert ("b", "2023-05-01", "answer", 9.0) in found
    both = ANSWERS.assign(nps=1)
    assert ("b", "2023-05-01", "answer", 9.0) in stream(ALL, log, events=EVENTS, answers=both)


def test_answers_need_a_score(log):
    with pytest.raises(DataError, match=r"^answers: no column 'score'"):
        event_stream(ALL, log, {"events": EVENTS, "answers": ANSWERS.drop(columns="score")})


@pytest.mark.parametrize(
    ("name", "table"),
    [("events", pd.concat([EVENTS.iloc[:1].assign(customer_id=who) for who in "zxayw"])),
     ("answers", pd.concat([ANSWERS.assign(customer_id=who) for who in "zxyw"]))],
)  # fmt: skip
def test_strangers_are_counted_and_named_in_order(log, name, table):
    tables = {"events": EVENTS, "prospects": PROSPECTS} | {name: table}
    with pytest.raises(
        DataError,
        match=rf"^{name}: 4 rows belong to people who .* first 'w', 'x', 'y'\. Check",
    ):
        event_stream(ALL, log, tables)


def test_events_that_no_rule_uses_may_be_of_strangers(log):
    others = EVENTS.assign(kind=["referral", "referral", "complaint"], customer_id=["a", "b", "z"])
    assert len(stream(ALL, log, events=others)) == 5


def test_a_prospect_is_won_after_the_first_contact(log):
    won = PROSPECTS.assign(won=["2022-12-01", "2022-11-30"])
    with pytest.raises(DataError, match=r"first_contact; found 1 before it, first 'p2'"):
        event_stream(ALL, log, {"events": EVENTS, "prospects": won})


def test_a_rung_that_needs_a_missing_table_is_named(log):
    with pytest.raises(
        LadderError,
        match=r"^no customer can reach advocate: .* kind 'referral', but no events were given",
    ):
        event_stream(ALL, log, {})
    two = rules(buyer={"bought": "1 or more"}, critic={"reviews": 1}, fan={"reviews": "2 or more"})
    with pytest.raises(LadderError, match=r"^no customer can reach critic, fan: .* 'review'"):
        event_stream(two, log, {"events": None})


def test_prospects_need_a_rung(log):
    with pytest.raises(LadderError, match="no rule of this ladder uses contacts"):
        event_stream(BUYERS, log, {"prospects": PROSPECTS})


def test_tables_that_may_be_missing_are_noted(log):
    returned = "1 customers returned all their purchases and are on no buyer rung"
    _, notes = event_stream(ALL, log, {"events": EVENTS})
    assert notes == (
        "no prospects were given: people are observed from their first purchase",
        "no answers were given: satisfaction is treated as unknown",
        returned,
    )
    given = {"events": EVENTS, "prospects": PROSPECTS, "answers": ANSWERS}
    assert event_stream(ALL, log, given)[1] == (returned,)
    assert event_stream(BUYERS, log, {})[1] == (returned,)


def test_without_full_returns_there_is_no_note():
    assert event_stream(BUYERS, rm.read_transactions(PURCHASES.iloc[:4]), {})[1] == ()
    part = PURCHASES.assign(value=[10.0, 20.0, 5.0, 8.0, -3.0])
    assert event_stream(BUYERS, rm.read_transactions(part), {})[1] == ()
