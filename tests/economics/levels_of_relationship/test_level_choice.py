"""The level with the highest value: by hand, and under uncertainty."""

import numpy as np
import pytest

import relmark_research as rm
from relmark_research.economics.levels_of_relationship.level_choice import customer_value
from relmark_research.errors import ParameterError
from tests.economics.levels_of_relationship.made import BASIC, CARE, SEGMENTS


def test_value_is_the_sum_of_years() -> None:
    margin, cost, retention, d = 50.0, 8.0, 0.7, 0.1
    years = sum((retention / (1 + d)) ** t * (margin - cost) for t in range(400))
    assert customer_value(margin, cost, retention, d) == pytest.approx(years)
    with pytest.raises(ParameterError, match="with a retention of 1"):
        customer_value(1.0, 0.0, 1.0, 0.0)


def test_choice_by_hand_where_all_is_certain() -> None:
    levels = [
        BASIC,
        rm.economics.RelationshipLevel(
            "care",
            cost=20.0,
            retention=rm.economics.Effect(0.6),
            annual_margin=rm.economics.Effect(np.log(1.1)),
        ),
    ]
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, levels), annual_discount_rate=0.1, draws=50
    )
    table = choice.table.set_index(["segment", "relationship_level"])
    lifted = 1 / (1 + np.exp(-(np.log(0.6 / 0.4) + 0.6)))
    assert table.loc[("homes", "care"), "retention"] == pytest.approx(lifted)
    assert table.loc[("homes", "care"), "value"] == pytest.approx((44 - 20) * 1.1 / (1.1 - lifted))
    assert table.loc[("homes", "basic"), "value"] == pytest.approx((40 - 2) * 1.1 / 0.5)
    assert choice.best.set_index("segment")["relationship_level"].to_dict() == {
        "homes": "basic",
        "mills": "care",
    }
    assert choice.best["probability_best"].to_list() == [1, 1]
    assert choice.best["value_of_information"].to_list() == pytest.approx([0, 0])
    gain = table.loc[("mills", "care"), "value"] - table.loc[("mills", "basic"), "value"]
    assert choice.best["gain"].iloc[1] == pytest.approx(20 * gain)


def test_break_even_makes_the_value_equal() -> None:
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, [BASIC, CARE]), annual_discount_rate=0.1
    )
    for segment, part in choice.table.groupby("segment"):
        base, care = part.iloc[0], part.iloc[1]
        there = base["retention"] + care["break_even"]
        value = customer_value(base["annual_margin"], care["cost"], there, 0.1)
        assert value == pytest.approx(base["value"]), segment
        assert base["break_even"] == pytest.approx(0, abs=1e-12)


def test_a_level_above_the_margin_has_no_break_even() -> None:
    expensive = rm.economics.RelationshipLevel("visits", cost=100.0)
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, [BASIC, expensive]), annual_discount_rate=0.1
    )
    homes = choice.table[choice.table["segment"] == "homes"].iloc[1]
    assert np.isnan(homes["break_even"])
    assert np.isnan(homes["value"])
    planned = rm.economics.experiments(choice)
    assert np.isnan(planned["per_group"].iloc[0])
    assert not planned["enough"].iloc[0]


def test_unknown_effects_leave_the_value_unknown_and_the_break_even_known() -> None:
    unknown = rm.economics.RelationshipLevel("reactive", cost=4.0)
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, [BASIC, unknown, CARE]), annual_discount_rate=0.1
    )
    row = choice.table[choice.table["relationship_level"] == "reactive"]
    assert row[["value", "probability_best"]].isna().all(axis=None)
    assert (row["break_even"] > 0).all()
    assert "reactive" not in set(choice.best["relationship_level"])
    shares = choice.table.groupby("segment")["probability_best"].sum()
    np.testing.assert_allclose(shares, 1)


def test_information_has_value_under_uncertainty() -> None:
    certain = rm.economics.RelationshipLevel(
        "care",
        cost=9.0,
        retention=rm.economics.Effect(0.3, 0.01),
        annual_margin=rm.economics.Effect(0.0),
    )
    uncertain = rm.economics.RelationshipLevel(
        "care",
        cost=9.0,
        retention=rm.economics.Effect(0.3, 0.5),
        annual_margin=rm.economics.Effect(0.0),
    )
    value = [
        rm.relationship_levels(
            rm.economics.assumed_effects(SEGMENTS, [BASIC, level]), annual_discount_rate=0.1
        ).best["value_of_information"].iloc[0]
        for level in (certain, uncertain)
    ]  # fmt: skip
    assert value[1] > value[0] >= 0
