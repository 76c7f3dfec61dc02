"""A small ladder with its true matrix, and people who move by it."""

import numpy as np
import pandas as pd
import pytest

import relmark_research as rm

STATES = ("prospect", "first-time", "repeat", "advocate", "lost")
TRUE = np.array(
    [
        [0.60, 0.30, 0.00, 0.00, 0.10],
        [0.00, 0.40, 0.35, 0.05, 0.20],
        [0.00, 0.10, 0.60, 0.20, 0.10],
        [0.00, 0.05, 0.15, 0.70, 0.10],
        [0.00, 0.05, 0.00, 0.00, 0.95],
    ]
)
IMPOSSIBLE = tuple((a, "prospect") for a in STATES[1:])


def walk(P: np.ndarray, start: np.ndarray, periods: int, rng: np.random.Generator) -> np.ndarray:
    """States of so many people over periods, shape (people, periods); P may differ by person."""
    edges = np.cumsum(P, axis=-1)
    path = np.empty((len(start), periods), int)
    path[:, 0] = start
    for t in range(1, periods):
        before = path[:, t - 1]
        rows = edges[before] if P.ndim == 2 else edges[np.arange(len(start)), before]
        path[:, t] = (rng.random(len(start))[:, None] > rows).sum(axis=1).clip(max=P.shape[-1] - 1)
    return path


def as_table(path: np.ndarray, last: np.ndarray | None = None) -> pd.DataFrame:
    """A history of customer_id, period, rung; each person's ends with their period `last`."""
    periods = path.shape[1]
    person, period = np.divmod(np.arange(path.size), periods)
    keep = np.ones(path.size, bool) if last is None else period <= last[person]
    names = np.array(STATES, object)[path.ravel()]
    table = pd.DataFrame({"customer_id": person, "period": period, "rung": names})
    return table[keep].reset_index(drop=True)


@pytest.fixture(scope="session")
def history() -> pd.DataFrame:
    rng = np.random.default_rng(7)
    path = walk(TRUE, rng.choice(3, size=600), 9, rng)
    return as_table(path, rng.integers(3, 9, size=600))


def estimate(table: pd.DataFrame, **given) -> rm.ladder.TransitionEstimate:
    given = {"rungs": STATES, "off_ladder": ["lost"], "impossible": IMPOSSIBLE} | given
    return rm.estimate_transitions(table, **given)


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


def departures(seed: int, people: int = 500, each: int = 4) -> pd.DataFrame:
    """Moves by odds of a known driver and level; each customer's departures resemble each other."""
    rng = np.random.default_rng(seed)
    n = people * each
    who = np.repeat(np.arange(people), each)
    x = np.repeat(rng.normal(size=people), each)
    level = rng.choice(["basic", "proactive"], n)
    up = -1.0 + 0.5 * x + 0.4 * (level == "proactive")
    down = -0.5 - 0.3 * x - 0.6 * (level == "proactive")
    odds = np.exp(np.stack([np.zeros(n), up, down], axis=1))
    chance = np.cumsum(odds / odds.sum(axis=1, keepdims=True), axis=1)
    pick = (rng.random(n)[:, None] > chance).sum(axis=1)
    move = np.array(["stay", "climb", "fall"], object)[pick]
    columns = {"customer_id": who, "period": np.tile(np.arange(each), people), "move": move,
               "origin": "repeat", "destination": move, "x": x}  # fmt: skip
    return pd.DataFrame(columns).assign(relationship_level=level)


def true_chain() -> rm.ladder.TransitionEstimate:
    """An estimate with the true matrix, from counts."""
    counts = pd.DataFrame(np.round(TRUE * 500), list(STATES), list(STATES))
    return rm.estimate_transitions(
        counts, off_ladder=["lost"], impossible=IMPOSSIBLE, period="quarter"
    )


@pytest.fixture(scope="session")
def chain() -> rm.ladder.TransitionEstimate:
    return true_chain()
