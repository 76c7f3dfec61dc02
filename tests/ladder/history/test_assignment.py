"""The engine's assignment against a slow one by the definitions, for each customer and period."""

import math
from datetime import date, timedelta

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, LadderError, ParameterError
from relmark_research.ladder.history.rules import days_of_months
from relmark_research.units import Period
from tests.ladder.conftest import invented


def slowly(ladder: rm.LoyaltyLadder, data: dict, until: pd.Timestamp, period: Period) -> dict:
    """(person, period) to rung, by the definitions, one at a time."""
    person = data["prospects"]["customer_id"].fillna(data["prospects"]["prospect_id"])
    rows = pd.concat(
        [
            data["bought"].drop_duplicates(["customer_id", "date"]).assign(kind="purchase"),
            data["events"],
            data["answers"].assign(kind="answer", value=data["answers"]["score"]),
            pd.DataFrame({"customer_id": person, "date": data["prospects"]["first_contact"],
                          "kind": "contact"}),
        ]
    )  # fmt: skip
    found = {}
    for name, own in rows.groupby("customer_id"):
        mine = sorted(zip(own["date"].dt.date, own["kind"], own["value"], strict=True),
                      key=lambda event: event[0])  # fmt: skip
        born = min(day for day, kind, _ in mine if kind in ("purchase", "contact"))
        for at in range(period.number(born), period.last_complete(until.date()) + 1):
            end = period.start(at + 1).date() - timedelta(days=1)
            known = {item.name: _number(item, mine, end) for item in ladder.evidence.values()}
            fits = [s for s in ladder.states if _fits(ladder, s, known)]
            assert len(fits) == 1, (name, end, known, fits)
            found[name, at] = fits[0]
    return found


def _number(item, events: list, end: date) -> float:
    mine = [(day, value) for day, kind, value in events if kind in item.events and day <= end]
    if item.kind == "count":
        if item.window_days is not None:
            mine = [event for event in mine if event[0] + timedelta(days=item.window_days) > end]
        return len(mine)
    if not mine:
        return math.nan
    return (end - mine[-1][0]).days if item.kind == "months_since" else mine[-1][1]


def _fits(ladder, state: str, known: dict) -> bool:
    rule = ladder.rules[state]
    return _own(ladder, rule, known) and not any(
        _own(ladder, ladder.rules[other], known) for other in rule.unless
    )


def _own(ladder, rule, known: dict) -> bool:
    return any(
        all(_inside(ladder.evidence[name], span, known[name]) for name, span in one.items())
        for one in rule.alternatives
    )


def _inside(item, span, number: float) -> bool:
    if math.isnan(number):
        return span.unknown
    low, high = span.low, span.high
    if item.kind == "months_since":
        low, high = (days_of_months(e) if math.isfinite(e) else e for e in (low, high))
    return low <= number < high


@pytest.mark.parametrize(
    ("seed", "period"),
    [(1, "quarter"), (2, "month"), (3, "week"), (4, "year"), (1, "Q-JUN"), (4, "Y-MAR")],
)
@pytest.mark.every(3)
def test_the_engine_assigns_rungs_by_the_definitions(seed, period):
    data = invented(seed, people=12 if period == "week" else 25)
    log = rm.read_transactions(data["bought"])
    tables = {name: data[name] for name in ("events", "prospects", "answers")}
    history = rm.LOYALTY_LADDER.assign(log, **tables, period=period)
    until = pd.Timestamp(log.observed_until)
    wanted = slowly(rm.LOYALTY_LADDER, data, until, Period.of(period))
    rows = history.to_pandas()
    found = dict(
        zip(zip(rows["customer_id"], rows["period"], strict=True), rows["rung"], strict=True)
    )
    assert found == wanted
    assert len(set(wanted.values())) >= 7


def test_the_end_of_the_data_is_not_a_loss():
    days = pd.date_range("2023-01-15", "2023-12-31", freq="30D")
    bought = pd.DataFrame({"customer_id": "a", "date": days, "value": 1.0})
    other = pd.DataFrame({"customer_id": ["b"], "date": ["2023-12-31"], "value": [1.0]})
    log = rm.read_transactions(pd.concat([bought.astype({"date": "str"}), other]))
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    assert history.occupancy()[["lapsed", "lost"]].to_numpy().sum() == 0
    assert history.period.label(history.last_period) == "2023-12"
    # b was seen in the last period only: no move of theirs is counted
    assert history.source.moves()["n"].sum() == len(history.to_pandas()) - 2


def test_an_unfinished_period_is_left_out():
    log = rm.read_transactions(invented(8)["bought"]).until("2023-11-20")
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    assert history.period.label(history.last_period) == "2023-10"


def test_a_fiscal_calendar_has_the_periods_of_pandas():
    log = rm.read_transactions(invented(8)["bought"]).until("2023-11-20")
    history = rm.PURCHASE_LADDER.assign(log, period=Period("quarter", first_month=7))
    first = pd.Period(log.observed_from, "Q-JUN")
    span = pd.period_range(first, pd.Period("2023-11-20", "Q-JUN") - 1, freq="Q-JUN")
    assert history.occupancy().index.tolist() == span.astype(str).tolist()
    assert (history.first_period, history.last_period) == (
        history.period.number(log.observed_from),
        history.period.last_complete(log.observed_until),
    )
    rows = history.to_pandas()
    bought = log.to_pandas().groupby("customer_id")["date"].min()
    entered = rows.groupby("customer_id")["period"].min().map(history.period.label)
    expected = pd.DatetimeIndex(bought[entered.index]).to_period("Q-JUN").astype(str)
    assert entered.tolist() == expected.tolist()
    assert repr(history).startswith("<LadderHistory: fiscal quarters 2021Q3 to 2024Q1; rungs")
    estimate = rm.estimate_transitions(history)
    assert estimate.period == history.period
    assert estimate.project(periods=2).wide().index[-1] == "2024Q3"
    assert "fiscal quarter to fiscal quarter" in repr(estimate)


def test_order_of_rows_changes_nothing():
    data = invented(9)
    first = rm.PURCHASE_LADDER.assign(rm.read_transactions(data["bought"]), period="quarter")
    mixed = data["bought"].sample(frac=1, random_state=1)
    again = rm.PURCHASE_LADDER.assign(rm.read_transactions(mixed), period="quarter")
    pd.testing.assert_frame_equal(first.to_pandas(), again.to_pandas())


def test_bad_input_is_refused():
    data = invented(10)
    log = rm.read_transactions(data["bought"])
    with pytest.raises(LadderError, match=r"no customer can reach.*Pass events="):
        rm.LOYALTY_LADDER.assign(log)
    with pytest.raises(LadderError, match="no rung for people who have not bought"):
        rm.PURCHASE_LADDER.assign(log, prospects=data["prospects"])
    with pytest.raises(LadderError, match=r"at least two whole years.*has 1"):
        rm.PURCHASE_LADDER.assign(log.until("2022-03-01"), period="year")
    with pytest.raises(ParameterError, match="no period 'fortnight'"):
        rm.PURCHASE_LADDER.assign(log, period="fortnight")
    strange = data["events"].assign(customer_id="nobody")
    with pytest.raises(DataError, match=r"130 rows belong to people .* first 'nobody'"):
        rm.LOYALTY_LADDER.assign(log, events=strange)
    with pytest.raises(DataError, match=r"events: no column 'kind'.*Did you mean 'kinds'"):
        rm.LOYALTY_LADDER.assign(log, events=data["events"].rename(columns={"kind": "kinds"}))
    unread = data["events"].assign(date="31.12.2022")
    with pytest.raises(DataError, match=r"found 180 of 180.*%d\.%m\.%Y"):
        rm.LOYALTY_LADDER.assign(log, events=unread)


def test_prospects_won_before_their_first_contact_are_refused():
    data = invented(11)
    won = data["prospects"].assign(won=data["prospects"]["first_contact"] - timedelta(days=3))
    with pytest.raises(DataError, match=r"expected won on or after first_contact; found 40"):
        rm.LOYALTY_LADDER.assign(
            rm.read_transactions(data["bought"]), events=data["events"], prospects=won
        )
