"""The engine's assignment against a slow one that looks at every person in every period."""

import math
from datetime import date, timedelta

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import DataError, LadderError, ParameterError
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.ladder.history.periods import index_of, label_of, last_whole, start_of
from relmark_research.ladder.history.rules import days_of_months


def invented(seed: int, people: int = 60) -> dict[str, pd.DataFrame]:
    """Purchases, events, answers and prospects at random over three years."""
    rng = np.random.default_rng(seed)
    first = pd.Timestamp("2021-02-10")

    def days(n: int) -> pd.Series:
        return pd.Series(first + pd.to_timedelta(rng.integers(0, 1100, n), unit="D"))

    who = [f"C{k:03d}" for k in rng.integers(0, people, 5 * people)]
    bought = pd.DataFrame({"customer_id": who, "date": days(len(who)), "value": 10.0})
    buyers = sorted(set(who))
    n = 3 * people
    events = pd.DataFrame({"customer_id": rng.choice(buyers, n), "date": days(n)})
    events["kind"] = rng.choice(
        ["referral", "review", "membership", "partner_agreement", "complaint"], n,
        p=[0.2, 0.25, 0.2, 0.05, 0.3],
    )  # fmt: skip
    answers = pd.DataFrame(
        {"customer_id": rng.choice(buyers, n), "date": days(n), "score": rng.integers(0, 11, n)}
    ).drop_duplicates(["customer_id", "date"])
    met = pd.DataFrame({"prospect_id": [f"P{k}" for k in range(40)], "first_contact": days(40)})
    met["customer_id"] = [buyers[k] if k < 12 else None for k in range(40)]
    return {"bought": bought, "events": events, "answers": answers, "prospects": met}


def slowly(ladder: rm.LoyaltyLadder, data: dict, until: pd.Timestamp, period: str) -> dict:
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
        for at in range(index_of(born, period), last_whole(until.date(), period) + 1):
            end = start_of(at + 1, period).date() - timedelta(days=1)
            known = {item.name: _number(item, mine, end) for item in ladder.evidence.values()}
            fits = [s for s in ladder.states if _fits(ladder, s, known)]
            assert len(fits) == 1, (name, end, known, fits)
            found[name, at] = fits[0]
    return found


def _number(item, events: list, end: date) -> float:
    mine = [(day, value) for day, kind, value in events if kind in item.of and day <= end]
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
    ("seed", "period"), [(1, "quarter"), (2, "month"), (3, "week"), (4, "year")]
)
def test_the_engine_places_everybody_as_the_definitions_do(seed, period):
    data = invented(seed, people=12 if period == "week" else 25)
    log = rm.read_transactions(data["bought"])
    tables = {name: data[name] for name in ("events", "prospects", "answers")}
    history = rm.LOYALTY_LADDER.assign(log, **tables, period=period)
    until = pd.Timestamp(log.observed_until)
    wanted = slowly(rm.LOYALTY_LADDER, data, until, period)
    rows = history.to_pandas()
    found = dict(
        zip(zip(rows["customer_id"], rows["period"], strict=True), rows["rung"], strict=True)
    )
    assert found == wanted
    assert len(set(wanted.values())) >= 7


def test_counts_in_the_engine_equal_counts_in_memory():
    data = invented(5)
    log = rm.read_transactions(data["bought"])
    engine = rm.PURCHASE_LADDER.assign(log, period="month")
    memory = LadderHistory.of(engine.to_pandas(), rungs=engine.states, beside=engine.beside)
    for name in ("moves", "triples", "occupancy", "entries"):
        a, b = (getattr(one.source, name)().astype(int) for one in (engine, memory))
        pd.testing.assert_frame_equal(a, b)
    pd.testing.assert_frame_equal(
        engine.source.firsts(0, 2).astype(int), memory.source.firsts(0, 2).astype(int)
    )
    a, b = (one.source.clusters() for one in (engine, memory))
    np.testing.assert_allclose(*(np.tensordot(c.people, c.counts, 1) for c in (a, b)))
    assert a.people.sum() == b.people.sum()
    assert engine.customers() == memory.customers()


def test_large_bases_are_gathered_in_groups_that_keep_every_move(monkeypatch):
    from relmark_research.ladder.history import engine_spells

    log = rm.read_transactions(invented(6)["bought"])
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    total = np.tensordot((one := history.source.clusters()).people, one.counts, 1)
    monkeypatch.setattr(engine_spells, "FEW", 10)
    monkeypatch.setattr(engine_spells, "GROUPS", 16)
    grouped = rm.PURCHASE_LADDER.assign(log, period="month").source.clusters()
    assert grouped.people.sum() <= 16
    np.testing.assert_allclose(np.tensordot(grouped.people, grouped.counts, 1), total)


def test_the_end_of_the_data_is_not_a_loss():
    days = pd.date_range("2023-01-15", "2023-12-31", freq="30D")
    bought = pd.DataFrame({"customer_id": "a", "date": days, "value": 1.0})
    other = pd.DataFrame({"customer_id": ["b"], "date": ["2023-12-31"], "value": [1.0]})
    log = rm.read_transactions(pd.concat([bought.astype({"date": "str"}), other]))
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    assert history.occupancy()[["lapsed", "lost"]].to_numpy().sum() == 0
    assert label_of(history.last_period, "month") == "2023-12"
    # b was seen in the last period only: no move of theirs is counted
    assert history.source.moves()["n"].sum() == len(history.to_pandas()) - 2


def test_an_unfinished_period_is_left_out():
    log = rm.read_transactions(invented(8)["bought"]).until("2023-11-20")
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    assert label_of(history.last_period, "month") == "2023-10"


def test_order_of_rows_changes_nothing():
    data = invented(9)
    first = rm.PURCHASE_LADDER.assign(rm.read_transactions(data["bought"]), period="quarter")
    mixed = data["bought"].sample(frac=1, random_state=1)
    again = rm.PURCHASE_LADDER.assign(rm.read_transactions(mixed), period="quarter")
    pd.testing.assert_frame_equal(first.to_pandas(), again.to_pandas())


def test_bad_input_is_refused_with_what_was_found():
    data = invented(10)
    log = rm.read_transactions(data["bought"])
    with pytest.raises(LadderError, match=r"nobody can reach.*Hand in events="):
        rm.LOYALTY_LADDER.assign(log)
    with pytest.raises(LadderError, match="no rung for who has not bought"):
        rm.PURCHASE_LADDER.assign(log, prospects=data["prospects"])
    with pytest.raises(LadderError, match=r"at least two whole years.*has 1"):
        rm.PURCHASE_LADDER.assign(log.until("2022-03-01"), period="year")
    with pytest.raises(ParameterError, match="no period 'fortnight'"):
        rm.PURCHASE_LADDER.assign(log, period="fortnight")
    strange = data["events"].assign(customer_id="nobody")
    with pytest.raises(DataError, match=r"130 rows are of people .* first \['nobody'\]"):
        rm.LOYALTY_LADDER.assign(log, events=strange)
    with pytest.raises(DataError, match=r"events: no column 'kind'.*Did you mean 'kinds'"):
        rm.LOYALTY_LADDER.assign(log, events=data["events"].rename(columns={"kind": "kinds"}))
    unread = data["events"].assign(date="31.12.2022")
    with pytest.raises(DataError, match="found 180 without"):
        rm.LOYALTY_LADDER.assign(log, events=unread)


def test_prospects_for_whom_time_runs_backwards_are_refused():
    data = invented(11)
    won = data["prospects"].assign(won=data["prospects"]["first_contact"] - timedelta(days=3))
    with pytest.raises(DataError, match=r"time runs backwards for 40: won before"):
        rm.LOYALTY_LADDER.assign(
            rm.read_transactions(data["bought"]), events=data["events"], prospects=won
        )


def test_margins_by_rung_add_up_to_the_money_of_the_log():
    from relmark_research.ladder.answers.rung_margins import rung_margins

    data = invented(12)
    log = rm.read_transactions(data["bought"]).until("2023-12-31")
    history = rm.PURCHASE_LADDER.assign(log, period="month")
    table = rung_margins(log, history, margin=0.25)
    assert (table["value"] * table["person_periods"]).sum() == pytest.approx(
        log.to_pandas()["value"].sum()
    )
    assert (table["margin"] == 0.25 * table["value"]).all()
    assert (table.loc[["lapsed", "lost"], "value"] == 0).all()
    with pytest.raises(ParameterError, match=r"margin=0\.3"):
        rung_margins(log, history)
