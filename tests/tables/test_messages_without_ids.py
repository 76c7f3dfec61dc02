"""No door shows a customer's id in a message, unless the user is interactive.

Each door is given a table in which something is wrong with the row of one customer. An interactive
user sees the id; a log, a mail and a page see the number of the row.
"""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import RelmarkError, values_hidden

CANARY = "QX7-CANARY"
DAYS = ["2023-01-02", "2023-06-01", "2023-11-20"]


@pytest.fixture(scope="module")
def log():
    rows = [(name, day, 10.0, 4.0) for name in ("a", "b", CANARY) for day in DAYS]
    frame = pd.DataFrame(rows, columns=["customer_id", "date", "value", "cost"])
    return rm.read_transactions(frame, cost="cost")


def people(*ids):
    return pd.DataFrame(
        {"customer_id": ids, "acquisition_date": "2023-01-01", "acquisition_cost": 5.0}
    )


def contacts(who, day="2023-02-01"):
    return pd.DataFrame({"customer_id": [who], "date": [day], "kind": "visit", "cost": [2.0]})


def segments(log):
    return pd.Series("one", index=["a", "b"])


DOORS = {
    "customers twice": lambda log: rm.profit_table(log, customers=people("a", "b", CANARY, CANARY)),
    "customers missing": lambda log: rm.profit_table(log, customers=people("a", "b")),
    "contacts of strangers": lambda log: rm.profit_table(log, contacts=contacts(f"{CANARY}-2")),
    "contacts without a day": lambda log: rm.profit_table(log, contacts=contacts(CANARY, "soon")),
    "summary twice": lambda log: rm.CustomerSummary(
        pd.DataFrame(
            {"frequency": 1, "recency": 1.0, "T": 2.0},
            index=pd.Index([CANARY] * 2, name="customer_id"),
        ),
        unit="week",
    ),
    "summary impossible": lambda log: rm.BGNBD.fit(
        pd.DataFrame(
            {"frequency": [1], "recency": [3.0], "T": [2.0]},
            index=pd.Index([CANARY], name="customer_id"),
        )
    ),
    "tiers": lambda log: rm.profit_classes(pd.Series([1.0, None], index=["a", CANARY])),
    "segments": lambda log: rm.economics.first_year_margin(log, segments(log)),
    "quadrants": lambda log: rm.economics.customer_quadrants(
        pd.Series([1.0], index=["z"]), pd.Series([1.0], index=[CANARY])
    ),
    "no such customer": lambda log: rm.clv.customer_history(
        rm.BGNBD(0.5, 5.0, 1.0, 2.0), log, customer_id=f"{CANARY}-3", unit="week"
    ),
    "ladder": lambda log: rm.LOYALTY_LADDER.assign(
        log,
        events=pd.DataFrame(
            {"customer_id": [f"{CANARY}-4"], "date": ["2023-03-01"], "kind": ["referral"]}
        ),
    ),
    "history twice": lambda log: rm.estimate_transitions(
        pd.DataFrame({"customer_id": [CANARY] * 2, "period": [1, 1], "rung": ["x", "y"]})
    ),
    "partners": lambda log: rm.read_table(
        pd.DataFrame({"partner_id": [CANARY, CANARY]}), schema="partners"
    ),
    "uplift": lambda log: rm.relationships.campaign_uplift(
        pd.DataFrame(
            {
                "customer_id": [CANARY, CANARY, "b", "c"],
                "campaign_id": "m",
                "arm": ["mail", "mail", "control", "control"],
                "bought": [1, 1, 0, 1],
                "value": 1.0,
            }
        ),
        margin=0.3,
    ),
}


@pytest.mark.parametrize("door", DOORS)
@pytest.mark.every(2)
def test_an_id_stays_out_of_a_message(log, door):
    with values_hidden(), pytest.raises(RelmarkError) as refused:
        DOORS[door](log)
    words = f"{refused.value} {refused.value!r} {refused.value.args}"
    assert CANARY not in words


@pytest.mark.parametrize("door", ["customers twice", "contacts of strangers", "summary twice"])
def test_an_interactive_user_sees_it_beside_the_row(log, door):
    with pytest.raises(RelmarkError, match=rf"row \d+ \('{CANARY}"):
        DOORS[door](log)
    with values_hidden(), pytest.raises(RelmarkError, match=r"row \d+"):
        DOORS[door](log)
