"""What drives the moves: odds ratios against a known truth, errors by customer, levels."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.economics.levels_of_relationship.ladder_level_effects import (
    assumed_levels,
    known_levels,
    level_costs,
    level_effects_on_moves,
)
from relmark_research.errors import DataError, LadderError
from relmark_research.ladder.estimation.move_drivers import move_drivers, moves_table
from relmark_research.ladder.history.ladder_history import LadderHistory


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
               "origin": "repeat", "destination": move, "x": x, "level": level}  # fmt: skip
    return pd.DataFrame(columns)


def test_odds_ratios_hold_the_truth_and_name_their_reference():
    found = move_drivers(departures(1), ["x", "level"], rung="repeat", level=0.999)
    table = found.table.set_index(["move", "driver"])
    base = found.reference["level"]
    sign = 1 if base == "basic" else -1
    other = "proactive" if base == "basic" else "basic"
    truth = {("climb", "x"): 0.5, ("fall", "x"): -0.3, ("climb", f"level: {other}"): 0.4 * sign,
             ("fall", f"level: {other}"): -0.6 * sign}  # fmt: skip
    for key, value in truth.items():
        assert table.loc[key, "low"] < np.exp(value) < table.loc[key, "high"]
    assert (found.departures, found.customers) == (2000, 500)
    assert found.reference["move"] == "stay"


def test_standard_errors_are_the_sandwich_over_customers():
    from statsmodels.discrete.discrete_model import MNLogit

    moves = departures(2, people=120)
    moves = pd.concat([moves, moves.assign(period=moves["period"] + 10)])  # everything twice
    found = move_drivers(moves, ["x"], rung="repeat")
    y = moves["move"].map({"stay": 0, "climb": 1, "fall": 2}).to_numpy()
    X = np.column_stack([np.ones(len(moves)), moves["x"]])
    plain = MNLogit(y, X).fit(disp=False)
    residual = (y[:, None] == [1, 2]) - plain.predict()[:, 1:]
    scores = (residual[:, :, None] * X[:, None, :]).reshape(len(y), 4)
    groups = pd.DataFrame(scores).groupby(moves["customer_id"].to_numpy()).sum().to_numpy()
    bread = np.linalg.inv(-plain.model.hessian(plain.params))
    count, n = len(groups), len(y)
    factor = count / (count - 1) * (n - 1) / (n - 4)
    se = np.sqrt(np.diag(bread @ groups.T @ groups @ bread) * factor)
    np.testing.assert_allclose(found.table["standard_error"], se[[1, 3]], rtol=0.01)
    naive = np.sqrt(np.diag(bread))[[1, 3]]
    assert (found.table["standard_error"] > 1.2 * naive).all()  # twice the rows are not twice known


def test_levels_are_estimated_with_their_costs():
    moves = departures(3, people=900)
    effects, fitted = level_effects_on_moves(
        moves, controls=["x"], costs={"basic": 0, "proactive": 4}
    )
    basic, proactive = effects
    assert (basic.name, basic.climb, basic.cost) == ("basic", 1.0, 0)
    assert abs(np.log(proactive.climb) - 0.4) < 4 * proactive.climb_sd
    assert abs(np.log(proactive.fall) + 0.6) < 4 * proactive.fall_sd
    assert proactive.cost == 4
    assert fitted.departures == len(moves)
    contacts = pd.DataFrame({"cost": [10.0, 30.0], "level": ["basic", "proactive"]})
    costs = level_costs(moves, contacts)
    assert costs["proactive"] == pytest.approx(30 / (moves["level"] == "proactive").sum())


def test_departures_know_what_was_true_then():
    rows = [("a", p, r) for p, r in zip(range(8096, 8100), ["x", "y", "y", "x"], strict=True)]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    history = LadderHistory.of(table, rungs=["x", "y"], period="quarter")
    latest = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2024-03-31", "2024-07-01"],
                           "level": ["basic", "proactive"]})  # fmt: skip
    moves = moves_table(history, latest)
    assert moves["level"].tolist() == ["basic", "basic", "proactive"]
    assert moves["move"].tolist() == ["climb", "stay", "fall"]
    assert moves["tenure"].tolist() == [0, 1, 2]
    assumed = {"basic": [0, 1, 1], "reactive": [1, 1.1, 0.9]}
    levels, fitted = known_levels(history, contacts=None, assumed=assumed)
    assert (levels, fitted) == (assumed_levels(assumed), None)


def test_rare_destinations_are_put_together_and_said():
    moves = departures(4)
    rare = moves.index[moves["move"] == "climb"][:3]
    moves.loc[rare, "destination"] = "partner"
    found = move_drivers(moves, ["x"], rung="repeat", outcome="destination")
    assert set(found.table["move"]) == {"climb", "fall", "other climb"}
    assert "under 10 moves" in found.notes[0]


@pytest.mark.parametrize(
    ("change", "drivers", "error", "message"),
    [
        (lambda m: m, ["y"], DataError, "no column 'y'"),
        (lambda m: m.assign(x=1.0), ["x"], DataError, "a driver must vary; x does not"),
        (lambda m: m.assign(x=np.nan), ["x"], DataError, "no departure has all of the drivers"),
        (lambda m: m.assign(move="stay"), ["x"], LadderError, "some must stay and some must go"),
        (lambda m: m.assign(x=(m["move"] == "fall") * 1.0), ["x"], LadderError, "completely"),
        (lambda m: m.assign(x=m.index.astype(str)), ["x"], DataError, "needs 30 or fewer"),
    ],
)
def test_drivers_that_explain_nothing_are_refused(change, drivers, error, message):
    with pytest.raises(error, match=message):
        move_drivers(change(departures(5, people=60)), drivers, rung="repeat")
    with pytest.raises(LadderError, match="no rung with departures 'client'"):
        move_drivers(departures(5, people=60), ["x"], rung="client")
