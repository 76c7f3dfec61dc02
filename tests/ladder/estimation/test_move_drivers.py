"""Odds ratios of moves: known truth, clustered standard errors, time-varying covariates."""

import numpy as np
import pandas as pd
import pytest

from relmark_research.errors import DataError, LadderError
from relmark_research.ladder.estimation.move_drivers import move_drivers, moves_table
from relmark_research.ladder.history.ladder_history import LadderHistory
from tests.ladder.conftest import departures


def test_odds_ratios_hold_the_truth_and_name_their_reference():
    found = move_drivers(departures(1), ["x", "relationship_level"], rung="repeat", level=0.999)
    table = found.table.set_index(["move", "driver"])
    base = found.reference["relationship_level"]
    sign = 1 if base == "basic" else -1
    other = "proactive" if base == "basic" else "basic"
    name = f"relationship_level: {other}"
    truth = {("climb", "x"): 0.5, ("fall", "x"): -0.3, ("climb", name): 0.4 * sign,
             ("fall", name): -0.6 * sign}  # fmt: skip
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


def test_rare_destinations_are_pooled():
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
        (
            lambda m: m.assign(move="stay"),
            ["x"],
            LadderError,
            "departures that stay and departures that move",
        ),
        (lambda m: m.assign(x=(m["move"] == "fall") * 1.0), ["x"], LadderError, "completely"),
        (lambda m: m.assign(x=m.index.astype(str)), ["x"], DataError, "needs 30 or fewer"),
    ],
)
def test_unusable_drivers_are_refused(change, drivers, error, message):
    with pytest.raises(error, match=message):
        move_drivers(change(departures(5, people=60)), drivers, rung="repeat")
    with pytest.raises(LadderError, match="no rung with departures 'client'"):
        move_drivers(departures(5, people=60), ["x"], rung="client")


def test_time_varying_covariates_are_those_of_the_departure():
    rows = [("a", p, r) for p, r in zip(range(8096, 8100), ["x", "y", "y", "x"], strict=True)]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    history = LadderHistory.from_table(table, rungs=["x", "y"], period="quarter")
    latest = pd.DataFrame({"customer_id": ["a", "a"], "date": ["2024-03-31", "2024-07-01"],
                           "relationship_level": ["basic", "proactive"]})  # fmt: skip
    moves = moves_table(history, latest)
    assert moves["relationship_level"].tolist() == ["basic", "basic", "proactive"]
    assert moves["move"].tolist() == ["climb", "stay", "fall"]
    assert moves["tenure"].tolist() == [0, 1, 2]


def test_dated_covariates_need_calendar_periods():
    table = pd.DataFrame({"customer_id": "a", "period": [0, 1], "rung": ["x", "y"]})
    history = LadderHistory.from_table(table, rungs=["x", "y"])
    dated = pd.DataFrame({"customer_id": ["a"], "date": ["2024-03-31"], "offer": ["A"]})
    with pytest.raises(LadderError, match="need a history of calendar periods"):
        moves_table(history, dated)


@pytest.mark.parametrize("missing", ["customer_id", "date"])
def test_dated_covariates_have_customers_and_dates(missing):
    rows = [("a", 8096, "x"), ("a", 8097, "y")]
    table = pd.DataFrame(rows, columns=["customer_id", "period", "rung"])
    history = LadderHistory.from_table(table, rungs=["x", "y"], period="quarter")
    dated = pd.DataFrame({"customer_id": ["a"], "date": ["2024-03-31"], "offer": ["A"]})
    with pytest.raises(DataError, match=f"time_varying: no column '{missing}'"):
        moves_table(history, dated.drop(columns=missing))


def test_rungs_without_a_climb_or_a_fall_are_left_out_and_named():
    moves = departures(5, people=150)
    top = moves.head(40).assign(origin="advocate", move="fall")
    found = move_drivers(pd.concat([moves, top]), ["x"])
    assert found.departures == len(moves)
    assert any(note.startswith("departures from advocate are left out") for note in found.notes)
