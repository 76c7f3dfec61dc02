"""Effects of levels on moves, against a known truth."""

import pandas as pd
import pytest

from relmark_research.economics.levels_of_relationship.level_effects_on_moves import (
    assumed_levels,
    known_levels,
    level_costs,
    level_effects_on_moves,
)
from relmark_research.errors import DataError, LadderError
from relmark_research.ladder.history.ladder_history import LadderHistory
from tests.ladder.conftest import departures


def test_levels_are_estimated_with_their_costs():
    moves = departures(3, people=900)
    effects, fitted = level_effects_on_moves(
        moves, controls=["x"], costs={"basic": 0, "proactive": 4}
    )
    basic, proactive = effects
    assert (basic.name, basic.climb, basic.cost) == ("basic", None, 0)
    assert abs(proactive.climb.effect - 0.4) < 4 * proactive.climb.sd
    assert abs(proactive.fall.effect + 0.6) < 4 * proactive.fall.sd
    assert proactive.cost == 4
    assert fitted.departures == len(moves)
    contacts = pd.DataFrame({"cost": [10.0, 30.0], "relationship_level": ["basic", "proactive"]})
    costs = level_costs(moves, contacts, period="quarter")
    person_years = (moves["relationship_level"] == "proactive").sum() / 4
    assert costs["proactive"] == pytest.approx(30 / person_years)


def test_without_contacts_levels_are_assumed():
    rows = pd.DataFrame({"customer_id": [1, 1], "period": [0, 1], "rung": ["x", "y"]})
    known = LadderHistory.from_table(rows)
    assumed = {"basic": [0, 1, 1], "reactive": [1, 1.1, 0.9]}
    levels, fitted = known_levels(known, contacts=None, assumed=assumed)
    assert (levels, fitted) == (assumed_levels(assumed), None)


def test_levels_need_a_column_a_base_and_costs():
    moves = departures(3, people=40)
    with pytest.raises(DataError, match="moves: no column 'relationship_level'"):
        level_effects_on_moves(moves.drop(columns="relationship_level"))
    with pytest.raises(DataError, match="no level 'reactive'"):
        level_effects_on_moves(moves, base="reactive")
    with pytest.raises(DataError, match="every level needs its cost; found none for proactive"):
        level_effects_on_moves(moves, costs={"basic": 0})
    contacts = pd.DataFrame({"relationship_level": ["basic"]})
    with pytest.raises(DataError, match="contacts: no column 'cost'"):
        level_costs(moves, contacts, period="quarter")
    with pytest.raises(DataError, match=r"level 'a' needs \[cost, climb, fall\]; found \[0, 1\]"):
        assumed_levels({"a": [0, 1]})
    rows = pd.DataFrame({"customer_id": [1, 1], "period": [0, 1], "rung": ["x", "y"]})
    with pytest.raises(LadderError, match="needs a history of calendar periods"):
        known_levels(LadderHistory.from_table(rows), contacts=contacts, assumed={})
