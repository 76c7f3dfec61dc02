"""Margins and costs to serve against the formulas, one customer at a time."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.economics.next_action._empirical_bayes import (
    customer_costs,
    customer_margins,
)
from relmark_research.errors import DataError
from tests.economics.firm import log_of

ROWS = [  # customer, day, value, cost
    ("a", "2023-01-01", 100.0, 60.0), ("a", "2023-02-01", 50.0, 20.0),
    ("a", "2023-03-01", 80.0, 40.0),
    ("a", "2023-03-09", -30.0, -12.0),
    ("b", "2023-01-05", 10.0, 9.0), ("b", "2023-04-01", 20.0, 19.0),
    ("c", "2023-02-02", 60.0, 30.0), ("c", "2023-05-01", -60.0, -30.0),
    ("c", "2023-06-01", 40.0, 8.0),
    ("d", "2023-03-03", 200.0, 150.0),
    ("e", "2023-03-04", 40.0, 30.0), ("e", "2023-03-20", 44.0, 33.0),
    ("f", "2023-03-05", 80.0, 60.0),
]  # fmt: skip
SEGMENTS = pd.Series(
    {"n": "homes", "f": "mills", "a": "homes", "d": "solo", "b": "homes", "c": "homes",
     "e": "mills", "m": "mills", "o": "solo"}
)  # fmt: skip
TABLE = pd.DataFrame(ROWS, columns=["customer_id", "date", "value", "cost"])


@pytest.fixture(scope="module")
def log() -> rm.TransactionLog:
    return log_of(TABLE)


def shrunk(rows: pd.DataFrame, members: list[str]) -> dict[str, tuple[float, float]]:
    """Return margin and its standard deviation of each member of a segment, by the formulas."""
    mine = rows[rows["customer_id"].isin(members)]
    shares = {
        who: [1 - c / v for v, c in own[["value", "cost"]].to_numpy() if v > 0]
        for who, own in mine.groupby("customer_id")
    }
    means = {who: np.mean(own) for who, own in shares.items()}
    freedom = max(sum(len(own) - 1 for own in shares.values()), 1)
    sigma2 = sum(((np.array(own) - means[w]) ** 2).sum() for w, own in shares.items()) / freedom
    weights = [len(shares[who]) / (len(shares[who]) + 1) for who in means]
    mean = np.average(list(means.values()), weights=weights)
    tau2 = 0.0
    if len(means) > 1:
        sampling = sigma2 * np.mean([1 / len(own) for own in shares.values()])
        tau2 = max(np.var(list(means.values()), ddof=1) - sampling, 0)
    sold = mine[mine["value"] > 0]
    kept = 1 - mine["cost"].sum() / mine["value"].sum()
    loss = (1 - sold["cost"].sum() / sold["value"].sum()) - kept
    found = {}
    for who in members:
        n = len(shares.get(who, []))
        if not n:
            found[who] = (mean - loss, np.sqrt(tau2))
            continue
        w = tau2 / (tau2 + sigma2 / n) if tau2 else 0.0
        found[who] = (w * means[who] + (1 - w) * mean - loss, np.sqrt(w * sigma2 / n))
    return found


@pytest.mark.parametrize("returns", ["net", "drop"])
def test_margins_are_shrunk_towards_the_segment(log, returns):
    read = log if returns == "net" else log_of(TABLE, returns=returns)
    found = customer_margins(read, SEGMENTS)
    rows = TABLE if returns == "net" else TABLE.query("value > 0")
    assert found.index.tolist() == SEGMENTS.index.tolist()
    for name in SEGMENTS.unique():
        members = SEGMENTS.index[name == SEGMENTS].tolist()
        for who, expected in shrunk(rows, members).items():
            assert found.loc[who].tolist() == pytest.approx(expected, abs=1e-9), who


def test_where_customers_differ_their_own_orders_count(log):
    found = customer_margins(log, SEGMENTS)
    assert found.loc["b", "margin"] < found.loc["n", "margin"] < found.loc["a", "margin"]
    assert 0 < found.loc["a", "margin_sd"] < found.loc["b", "margin_sd"] < found.loc["n"].iloc[1]


def test_where_customers_do_not_differ_all_have_the_mean(log):
    """The margin of every order in mills is 0.25; solo has a single customer."""
    found = customer_margins(log, SEGMENTS)
    assert found.loc[["e", "f", "m"], "margin"].tolist() == pytest.approx([0.25] * 3)
    assert found.loc[["e", "f", "m", "d", "o"], "margin_sd"].tolist() == [0] * 5
    assert found.loc[["d", "o"], "margin"].tolist() == pytest.approx([0.25] * 2)


def test_a_row_of_no_value_is_no_order(log):
    """Its cost is of goods, and lowers the margin of the segment's profit too."""
    free = pd.DataFrame([("e", "2023-04-20", 0.0, 10.0)], columns=list(TABLE))
    plain = customer_margins(log, SEGMENTS)
    more = customer_margins(log_of(pd.concat([TABLE, free])), SEGMENTS)
    assert more.loc["e", "margin_sd"] == plain.loc["e", "margin_sd"]
    assert more.loc[["a", "b"]].equals(plain.loc[["a", "b"]])


def test_margins_need_costs_and_orders_in_every_segment(log):
    with pytest.raises(DataError, match="need the cost of goods; read the log with cost="):
        customer_margins(rm.read_transactions(TABLE), SEGMENTS)
    with pytest.raises(DataError, match="this log has no money, and a customer's margin needs"):
        customer_margins(rm.read_transactions(TABLE, value=None), SEGMENTS)
    empty = pd.Series({**SEGMENTS, "x1": "farms", "x2": "farms", "x3": "farms", "x4": "farms"})
    with pytest.raises(
        DataError, match="a segment of 4 customers has none, first: 'x1', 'x2', 'x3"
    ):
        customer_margins(log, empty)


FIRST = pd.Timestamp("2021-01-01")


def contacts_of(rows: list[tuple[str, int, float]]) -> pd.DataFrame:
    """Return contacts from customer, day of service and cost."""
    table = pd.DataFrame(rows, columns=["customer_id", "day", "cost"])
    table["date"] = FIRST + pd.to_timedelta(table.pop("day"), unit="D")
    return table


def service_of(years: dict[str, float]) -> pd.DataFrame:
    return pd.DataFrame({"first": FIRST, "years": pd.Series(years)})


CONTACTS = contacts_of(
    [("a", 3, 10.0), ("a", 400, 30.0), ("b", 30, 2.0), ("c", 35, 4.0), ("c", 405, 6.0),
     ("z", 30, 9.0), ("y", 770, 1.0)]
)  # fmt: skip
YEARS = {"c": 2.0, "d": 0.5, "a": 3.0, "b": 1.0, "y": 2.5, "z": 1.0, "q": 1.0}
KINDS = pd.Series({"a": "homes", "q": "quiet", "b": "homes", "y": "mills", "c": "homes",
                   "z": "mills", "d": "homes"})  # fmt: skip


def test_costs_are_gamma_with_the_variance_in_excess_of_sampling():
    """Homes: 52 in 6.5 years, so 8 a year; the dispersion is sum(cost^2) / sum(cost)."""
    found = customer_costs(CONTACTS, KINDS, service_of(YEARS))
    assert found.index.tolist() == KINDS.index.tolist()
    phi, mean = (100 + 900 + 4 + 16 + 36) / 52, 8.0
    excess = {"a": (40, 3.0), "b": (2, 1.0), "c": (10, 2.0), "d": (0, 0.5)}
    variance = sum((c - mean * t) ** 2 - phi * mean * t for c, t in excess.values())
    variance = variance / sum(t**2 for _, t in excess.values())
    assert variance < 0  # so all customers have the rate of the segment
    assert found.loc["a", ["shape", "rate"]].tolist() == pytest.approx(
        [1e6 + 40 / phi, 1e6 / mean + 3 / phi]
    )


def test_costs_that_vary_more_than_contacts_differ_between_customers():
    many = pd.concat([contacts_of([("a", day, 1.0) for day in range(0, 900, 9)]), CONTACTS])
    found = customer_costs(many, KINDS, service_of(YEARS))
    own = {"a": (140, 3.0), "b": (2, 1.0), "c": (10, 2.0), "d": (0, 0.5)}
    total, years = 152.0, 6.5
    phi, mean = (100 + 1056) / total, total / years
    excess = sum((c - mean * t) ** 2 - phi * mean * t for c, t in own.values())
    k = mean**2 / (excess / sum(t**2 for _, t in own.values()))
    assert 0 < k < 10
    for who, (cost, time) in own.items():
        assert found.loc[who, ["shape", "rate"]].tolist() == pytest.approx(
            [k + cost / phi, k / mean + time / phi]
        )


def test_the_cost_of_the_last_year_is_of_365_days():
    """Up to the last contact, on day 770: after day 405."""
    found = customer_costs(CONTACTS, KINDS, service_of(YEARS))["cost_last_year"]
    assert found.to_dict() == {"a": 0, "q": 0, "b": 0, "y": 1, "c": 0, "z": 0, "d": 0}
    later = CONTACTS.assign(date=CONTACTS["date"] + pd.to_timedelta([0, 6, 0, 0, 1, 0, 0], "D"))
    found = customer_costs(later, KINDS, service_of(YEARS))["cost_last_year"]
    assert (found["a"], found["c"], found["y"]) == (30, 6, 1)


def test_without_contacts_nothing_is_spent():
    quiet = {"shape": 0.0, "rate": 1.0, "cost_last_year": 0.0}
    found = customer_costs(CONTACTS, KINDS, service_of(YEARS))
    assert found.loc["q"].to_dict() == quiet
    none = customer_costs(CONTACTS.iloc[:0], KINDS, service_of(YEARS))
    assert none.index.tolist() == KINDS.index.tolist()
    assert none.drop_duplicates().iloc[0].to_dict() == quiet
    assert len(none.drop_duplicates()) == 1


@pytest.mark.parametrize(("customers", "pairs"), [(50, True), (49, False)])
def test_with_fifty_pairs_of_years_the_variance_is_their_covariance(customers, pairs):
    """Years are of 365 days from the first purchase; the contact of day 730 is in neither."""
    rows, firsts, seconds = [], [], []
    for k in range(customers):
        first, second = 10.0 + k % 7, 12.0 + (k % 7) * 0.5 + k % 3
        rows += [(f"c{k}", 0, first - 4), (f"c{k}", 364, 4.0), (f"c{k}", 365, second - 3),
                 (f"c{k}", 729, 3.0), (f"c{k}", 730, 5.0)]  # fmt: skip
        firsts.append(first)
        seconds.append(second)
    ids = [f"c{k}" for k in range(customers)]
    rows.append(("short", 10, 90.0))
    years = service_of({**dict.fromkeys(ids, 2.0), "short": 1.9})
    kinds = pd.Series("all", index=[*ids, "short"])
    contacts = contacts_of(rows)
    found = customer_costs(contacts, kinds, years)
    total = contacts["cost"].sum()
    phi, mean = (contacts["cost"] ** 2).sum() / total, total / (2 * customers + 1.9)
    variance = np.cov(firsts, seconds)[0, 1]
    k = mean**2 / variance
    shape = found.loc["short", "shape"] - 90 / phi
    assert variance > 0
    assert (shape == pytest.approx(k)) == pairs
    if pairs:
        assert found.loc["short", "rate"] == pytest.approx(k / mean + 1.9 / phi)


def test_customers_without_contacts_in_a_year_count_with_0():
    ids = [f"c{k}" for k in range(60)]
    rows = [(who, 10, 6.0) for who in ids[:30]] + [(who, 400, 8.0) for who in ids[:30]]
    found = customer_costs(contacts_of(rows), pd.Series("all", index=ids),
                           service_of(dict.fromkeys(ids, 2.0)))  # fmt: skip
    variance = np.cov([6.0] * 30 + [0] * 30, [8.0] * 30 + [0] * 30)[0, 1]
    assert found.loc["c59", "shape"] == pytest.approx(3.5**2 / variance)


def test_costs_of_unknown_customers_are_refused():
    stranger = contacts_of([("s", 1, 4.0)])
    with pytest.raises(
        DataError, match=r"1 of 8 rows of contacts \(4\.00 of 66\.00 in money\).*Correct the ids"
    ):
        customer_costs(pd.concat([CONTACTS, stranger]), KINDS, service_of(YEARS))


def test_equal_margins_have_no_error_below_0() -> None:
    """Rounding takes the variance of equal margins below 0."""
    rng = np.random.default_rng(2)
    rows = [(f"c{i}", f"2023-0{m}-01", v) for i in range(40) for m, v in enumerate(
        rng.gamma(2, 10, 6).round(2), start=1)]  # fmt: skip
    table = pd.DataFrame(rows, columns=["customer_id", "date", "value"])
    log = rm.read_transactions(table.assign(cost=table["value"] * 1.3), cost="cost")
    found = customer_margins(log, pd.Series("all", index=[f"c{i}" for i in range(40)]))
    assert np.isfinite(found["margin_sd"]).all()
    assert found["margin"].to_numpy() == pytest.approx(-0.3)
