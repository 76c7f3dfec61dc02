"""Scorecards of partners."""

import pytest

import relmark_research as rm


def test_a_scorecard_compares_a_partner_with_its_peers(data, costs):
    cards = rm.relationships.scorecards(data, costs)
    top = cards.scores["quality"].table["quality"].idxmax()
    page = cards.card(top)
    assert page.loc["quality", "standing"] == "strong"
    assert page.loc["quality", "percentile_rank"] == 1
    assert list(cards.table.index) == list(costs.table.index)
    with pytest.raises(rm.DataError, match="no partner 'B999'"):
        cards.card("B999")
