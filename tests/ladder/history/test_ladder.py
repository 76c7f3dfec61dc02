"""Ladders: bundled, given and read from YAML."""

import pytest

from relmark_research.errors import LadderError
from relmark_research.ladder.history.ladder import LOYALTY_LADDER, PURCHASE_LADDER, LoyaltyLadder

BOUGHT = {"first": {"purchases": 1, "quiet": "under 12"},
          "repeat": {"purchases": "2 or more", "quiet": "under 12"},
          "lost": {"purchases": "1 or more", "quiet": "12 or more"}}  # fmt: skip


def test_bundled_ladders_are_complete_and_described():
    assert LOYALTY_LADDER.rungs == (
        "prospect", "first-time", "repeat", "client", "supporter", "advocate", "partner"
    )  # fmt: skip
    assert LOYALTY_LADDER.off_ladder == PURCHASE_LADDER.off_ladder == ("lapsed", "lost")
    for ladder in (LOYALTY_LADDER, PURCHASE_LADDER):
        words = ladder.describe().splitlines()
        assert [line.split(":")[0] for line in words] == list(ladder.states)
        assert list(ladder.table()["rung"]) == list(ladder.states)
    assert ("repeat", "first-time") in LOYALTY_LADDER.impossible


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"repeats": {"purchases": 1}}, "no rung 'repeats'.*Did you mean 'repeat'"),
        ({"repeat": {"purchase": "2 or more"}}, "no evidence 'purchase'.*Did you mean"),
        ({"repeat": {}}, "has no condition"),
        ({"repeat": 3}, "must map evidence to ranges"),
        ({"repeat": {"purchases": 2, "unless": ["gone"]}}, "no other rung 'gone'"),
    ],
)
def test_rules_with_unknown_names_are_refused(change, message):
    with pytest.raises(LadderError, match=message):
        LoyaltyLadder(["first", "repeat"], BOUGHT | change, off_ladder=["lost"])


def test_missing_rules_and_repeated_rungs_are_refused():
    with pytest.raises(LadderError, match="found none for client"):
        LoyaltyLadder(["first", "repeat", "client"], BOUGHT, off_ladder=["lost"])
    with pytest.raises(LadderError, match="Repeated: first"):
        LoyaltyLadder(["first", "first"], BOUGHT)


def test_impossible_moves_are_read_and_checked():
    ladder = LoyaltyLadder(
        ["first", "repeat"],
        BOUGHT,
        off_ladder=["lost"],
        impossible=[{"from": "*", "to": "first"}, ("first", "lost")],
    )
    assert set(ladder.impossible) == {("repeat", "first"), ("lost", "first"), ("first", "lost")}
    with pytest.raises(LadderError, match="no rung 'fist'"):
        LoyaltyLadder(
            ["first", "repeat"], BOUGHT, off_ladder=["lost"], impossible=[("fist", "lost")]
        )


def test_yaml_is_read_and_its_errors_name_the_file(tmp_path):
    path = tmp_path / "mine.yml"
    path.write_text(
        "rungs: [first, repeat]\noff_ladder: [lost]\nrules:\n"
        "  first: {purchases: 1, quiet: under 12}\n"
        "  repeat: {purchases: 2 or more, quiet: under 12}\n"
        "  lost: {purchases: 1 or more, quiet: 12 or more}\n"
    )
    assert LoyaltyLadder.read(path).states == ("first", "repeat", "lost")
    path.write_text(path.read_text().replace("2 or more", "3 or more"))
    with pytest.raises(LadderError, match=r"mine\.yml: every customer must"):
        LoyaltyLadder.read(path)
    path.write_text("rungs: [a, b]\nrule: {}")
    with pytest.raises(LadderError, match="needs the keys rungs and rules"):
        LoyaltyLadder.read(path)
    with pytest.raises(LadderError, match=r"there is no .*none\.yml"):
        LoyaltyLadder.read(tmp_path / "none.yml")
    with pytest.raises(LadderError, match=r"no bundled ladder 'loyalti'.*Did you mean 'loyalty'"):
        LoyaltyLadder.read("loyalti")


def test_a_ladder_shows_itself_in_one_line():
    assert repr(PURCHASE_LADDER) == (
        "<LoyaltyLadder: the ladder of purchases; first-time < repeat < regular < client; "
        "off the ladder: lapsed, lost>"
    )
    assert "8 or more purchases" in PURCHASE_LADDER._repr_html_()


def test_a_ladder_uses_the_events_of_its_rules_and_no_other_keys(tmp_path):
    rules = {"x": {"purchases": "0 to 1"}, "y": {"purchases": "2 or more"}}
    assert LoyaltyLadder(["x", "y"], rules).event_kinds == {"purchase"}
    path = tmp_path / "own.yml"
    path.write_text("rungs: [x]\nrules: {x: {purchases: 1}}\nrung: y\n")
    with pytest.raises(LadderError, match=r"own\.yml: no key 'rung'"):
        LoyaltyLadder.from_yaml(path)
