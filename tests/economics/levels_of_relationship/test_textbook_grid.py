"""The textbook's grid and its agreement with the computed levels."""

import pandas as pd
import pytest

import relmark_research as rm
from relmark_research.errors import ParameterError
from tests.economics.levels_of_relationship.made import BASIC, CARE, SEGMENTS


def test_the_textbooks_grid() -> None:
    customers, margin = (5000, 500, 50), (2000.0, 500.0, 50.0)
    grid = pd.DataFrame(
        [
            {"segment": f"{n}-{m}", "customers": n, "annual_margin": m}
            for n in customers
            for m in margin
        ]
    )
    cuts = rm.economics.GridCuts(many=1000, few=100, high=1000, low=100)
    assert rm.economics.textbook_levels(grid, cuts=cuts)["textbook"].to_list() == [
        "accountable", "reactive", "basic or reactive",
        "proactive", "accountable", "reactive",
        "partnership", "proactive", "accountable",
    ]  # fmt: skip
    with pytest.raises(ParameterError, match="cuts must rise"):
        rm.economics.GridCuts(many=10, few=100)


def test_agreement_with_the_textbook() -> None:
    levels = [BASIC, CARE]
    choice = rm.relationship_levels(
        rm.economics.assumed_effects(SEGMENTS, levels), annual_discount_rate=0.1
    )
    both = rm.economics.compare_with_textbook(choice, rm.economics.textbook_levels(SEGMENTS))
    assert both["textbook"].to_list() == ["reactive", "partnership"]
    assert both["computed"].to_list() == choice.best["relationship_level"].to_list()
    assert not both["agrees"].any()
    cuts = rm.economics.GridCuts(
        many=2000, few=30, high=5000, low=10
    )  # medium and few, both medium
    again = rm.economics.compare_with_textbook(
        choice, rm.economics.textbook_levels(SEGMENTS, cuts=cuts)
    )
    assert again.set_index("segment").loc["mills", "textbook"] == "proactive"
    assert bool(again.set_index("segment").loc["mills", "agrees"])


def test_cuts_belong_to_the_higher_class() -> None:
    cuts = rm.economics.GridCuts(many=1000, few=100, high=1000, low=100)
    assert cuts.classify(1000, 1000) == ("many", "high")
    assert cuts.classify(999, 999) == ("medium", "medium")
    assert cuts.classify(100, 100) == ("medium", "medium")
    assert cuts.classify(99, 99) == ("few", "low")
    assert rm.economics.GridCuts(many=5, few=5, high=7, low=7).many == 5
    for wrong in ({"few": 0}, {"few": 6, "many": 5}, {"low": 8.0, "high": 7.0}):
        with pytest.raises(ParameterError, match="cuts must rise"):
            rm.economics.GridCuts(**wrong)
    assert (rm.economics.GridCuts().few, rm.economics.GridCuts().many) == (100, 1000)
