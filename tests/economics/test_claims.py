import numpy as np
import pandas as pd
import pytest

from relmark_research.customers.log.transactions import read_transactions
from relmark_research.economics.budget.first_year_margin import first_year_margin
from relmark_research.economics.claims import (
    before_and_after,
    claims_table,
    few_bring_most,
    loyal_are_more_profitable,
    retaining_is_cheaper,
)
from relmark_research.errors import DataError, ParameterError
from relmark_research.stats.concentration import kept_share, top_share


def history(customers=4000, *, pull=0.0, seed=1) -> pd.DataFrame:
    """Customers whose profit after the split depends on tenure by ``pull`` only."""
    rng = np.random.default_rng(seed)
    tenure = rng.uniform(0, 2, customers)
    after = rng.gamma(1, 100, customers) + pull * tenure
    return pd.DataFrame(
        {
            "cohort": rng.choice(["2022Q1", "2022Q2"], customers),
            "tenure": tenure,
            "before": 100 * tenure,
            "after": after,
            "active_after": rng.random(customers) < 0.7,
        }
    )


def log_of(rows, **columns):
    table = pd.DataFrame(rows, columns=["customer", "date", "value", "cost"])
    return read_transactions(
        table, customer="customer", date="date", value="value", **{"cost": "cost", **columns}
    )


ROWS = [
    ("a", "2022-01-01", 100.0, 60.0),
    ("a", "2022-06-01", 50.0, 30.0),
    ("a", "2023-05-01", 80.0, 40.0),
    ("b", "2022-02-01", 10.0, 5.0),
    ("b", "2023-01-15", 20.0, 5.0),
    ("c", "2022-12-20", 30.0, 10.0),
    ("d", "2023-12-31", 30.0, 10.0),
]


def test_before_and_after_by_hand() -> None:
    found = before_and_after(log_of(ROWS), at="2022-12-31")
    assert list(found.index) == ["a", "b"]  # c came 11 days before the split, d after it
    assert found.loc["a", "tenure"] == pytest.approx(151 / 365.2425)
    assert found.loc["a", "before"] == pytest.approx(60 / (365 / 365.2425))
    assert found.loc["a", "after"] == pytest.approx(40 / (365 / 365.2425))
    assert found["active_after"].tolist() == [True, True]
    contacts = pd.DataFrame(
        {"customer_id": ["b", "b"], "date": ["2022-05-01", "2023-05-01"], "cost": [1.0, 15.0]}
    )
    served = before_and_after(log_of(ROWS), at="2022-12-31", contacts=contacts)
    assert served.loc["b", "after"] == pytest.approx(0)
    assert served.loc["a", "after"] == pytest.approx(found.loc["a", "after"])
    with pytest.raises(DataError, match="contacts: no column 'cost'"):
        before_and_after(log_of(ROWS), at="2022-12-31", contacts=contacts.drop(columns="cost"))


def test_what_cannot_be_split_is_refused() -> None:
    plain = log_of(ROWS, cost=None)
    with pytest.raises(DataError, match="profit needs the cost"):
        before_and_after(plain)
    with pytest.raises(ParameterError, match="margin is a share"):
        before_and_after(plain, margin=30)
    with pytest.raises(DataError, match=r"must lie within the log \(2022-01-01 to 2023-12-31\)"):
        before_and_after(plain, margin=0.3, at="2024-05-01")
    with pytest.raises(DataError, match="nobody was seen 91 days before"):
        before_and_after(plain, margin=0.3, at="2022-01-20")
    assert before_and_after(plain, margin=0.5, at="2022-12-31")["after"]["a"] == pytest.approx(
        40 / (365 / 365.2425)
    )


def test_first_year_margin_by_hand() -> None:
    found = first_year_margin(log_of(ROWS), pd.Series({"a": "x", "b": "y", "c": "y", "d": "y"}))
    assert found.loc["x", "margin"] == 60  # the purchase of May 2023 is in the second year
    assert found.loc["y", "margin"] == pytest.approx((5 + 15 + 20) / 2)  # d's year is not over
    assert found.loc["all", "customers"] == 3
    assert found.loc["all", "standard_error"] == pytest.approx(
        np.std([60, 20, 20], ddof=1) / np.sqrt(3)
    )
    with pytest.raises(DataError, match=r"2 of 3 have none, first: b, c"):
        first_year_margin(log_of(ROWS), pd.Series({"a": "x"}))
    with pytest.raises(DataError, match="needs the cost"):
        first_year_margin(log_of(ROWS, cost=None))
    with pytest.raises(DataError, match="no customer for whom it is"):
        first_year_margin(log_of(ROWS[:2]))


def test_the_circle_is_broken() -> None:
    """Tenure makes the profit of the same days, and nothing of what comes after."""
    claim = loyal_are_more_profitable(history())
    assert claim.table.loc["before, circular", "low"] > 50
    assert claim.verdict == "cannot be told"
    assert claim.low < 0 < claim.high
    assert "about as much" in claim.sentence and "no difference can be told" in claim.sentence


@pytest.mark.parametrize(("pull", "verdict"), [(50, "holds"), (-50, "does not hold")])
def test_a_true_pull_of_loyalty_is_found(pull, verdict) -> None:
    claim = loyal_are_more_profitable(history(pull=pull))
    assert claim.verdict == verdict
    assert claim.low < pull * 1.0 < claim.high  # halves of a uniform on 0 to 2 differ by 1


def test_coverage_of_the_difference() -> None:
    covered = sum(
        (claim := loyal_are_more_profitable(history(300, seed=seed))).low < 0 < claim.high
        for seed in range(80)
    )
    assert 69 <= covered <= 80  # one in 500 of a binomial with 95% lies lower


def test_few_bring_most_and_regression_to_the_mean() -> None:
    rng = np.random.default_rng(2)
    table = pd.DataFrame({"before": rng.pareto(1.5, 3000), "after": rng.gamma(1, 1, 3000)})
    claim = few_bring_most(table)
    assert claim.table.loc["before, circular", "share"] > 0.5
    assert claim.verdict == "does not hold"
    assert claim.low < 0.2 < claim.high
    same = few_bring_most(table.assign(after=table["before"]))
    assert same.estimate == pytest.approx(same.table.loc["before, circular", "share"])


def test_share_intervals_agree_with_the_bootstrap() -> None:
    rng = np.random.default_rng(3)
    before = rng.gamma(0.5, 10, 1500)
    after = before * rng.gamma(2, 0.5, 1500)
    picks = rng.integers(0, 1500, (600, 1500))
    for found, drawn in (
        (top_share(before, 0.2), [top_share(before[pick], 0.2)[0] for pick in picks]),
        (
            kept_share(before, after, 0.2),
            [kept_share(before[pick], after[pick], 0.2)[0] for pick in picks],
        ),
    ):
        assert (found[2] - found[1]) / 3.92 == pytest.approx(np.std(drawn), rel=0.12)


def test_unusable_histories_are_refused() -> None:
    with pytest.raises(DataError, match=r"no column 'tenure'.*before_and_after"):
        loyal_are_more_profitable(history().drop(columns="tenure"))
    with pytest.raises(DataError, match="at least 30 customers"):
        few_bring_most(history(10))
    with pytest.raises(DataError, match="customers of both kinds"):
        loyal_are_more_profitable(history().assign(tenure=0.0))
    with pytest.raises(DataError, match="profit above 0 in all"):
        few_bring_most(history().assign(after=-1.0))
    with pytest.raises(ParameterError, match="few is a share"):
        few_bring_most(history(), few=20)


def test_claims_stand_in_one_table() -> None:
    claims = [loyal_are_more_profitable(history()), few_bring_most(history())]
    assert claims_table(claims)["verdict"].tolist() == [claim.verdict for claim in claims]


def test_unknown_segment_of_costs_is_named() -> None:
    with pytest.raises(ParameterError, match="no segment 'web'"):
        retaining_is_cheaper(pd.DataFrame(index=["all"]), segment="web")


def test_contacts_are_not_dropped_unseen() -> None:
    log = log_of([("a", "2023-01-05", 10, 4), ("a", "2024-06-05", 10, 4)])
    contact = {"customer_id": "a", "date": "2023-02-01", "cost": 1.0}
    at = "2023-12-31"
    for change, words in (
        ({"customer_id": "b"}, "customers who are not known, first: 'b'"),
        ({"cost": None}, "cost in contacts must be known"),
        ({"cost": -1.0}, "must be 0 or more"),
        ({"date": "31/31/2023"}, "need a day in date"),
    ):
        with pytest.raises(DataError, match=words):
            before_and_after(log, at=at, contacts=pd.DataFrame([contact | change]))


def test_claims_refuse_gaps() -> None:
    table = history(100)
    table.loc[4, "after"] = np.nan
    for claim in (loyal_are_more_profitable, few_bring_most):
        with pytest.raises(
            DataError, match="after of every customer; 1 of 100 have none, first: 4"
        ):
            claim(table)
