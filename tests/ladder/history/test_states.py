import pytest

from relmark_research.errors import LadderError
from relmark_research.ladder.history._states import parse_moves, rank

STATES = ["first", "repeat", "client", "lapsed", "lost"]


def test_rungs_are_ranked_from_0_and_states_off_the_ladder_from_minus_1():
    assert rank(STATES, ["lapsed", "lost"]).tolist() == [0, 1, 2, -1, -2]
    assert rank(["lost", "first", "lapsed", "repeat"], ["lapsed", "lost"]).tolist() == [
        -2,
        0,
        -1,
        1,
    ]
    assert rank(STATES, []).tolist() == [0, 1, 2, 3, 4]


def test_moves_may_be_pairs_or_mappings():
    moves = [("repeat", "first"), ["lost", "client"], {"from": "client", "to": "first"}]
    assert parse_moves(moves, STATES) == (
        ("repeat", "first"), ("lost", "client"), ("client", "first"),
    )  # fmt: skip


def test_a_star_means_every_state_and_lists_every_combination():
    assert parse_moves([{"from": "*", "to": "first"}], STATES) == (
        ("repeat", "first"), ("client", "first"), ("lapsed", "first"), ("lost", "first"),
    )  # fmt: skip
    assert parse_moves([(["lapsed", "lost"], ("repeat", "client"))], STATES) == (
        ("lapsed", "repeat"), ("lapsed", "client"), ("lost", "repeat"), ("lost", "client"),
    )  # fmt: skip


def test_staying_is_no_move_and_a_move_is_kept_once():
    given = [("first", "first"), ("repeat", "first"), (["repeat", "first"], "first")]
    assert parse_moves(given, STATES) == (("repeat", "first"),)
    assert parse_moves([], STATES) == ()


@pytest.mark.parametrize("move", [("first",), ("first", "repeat", "client")])
def test_a_move_has_two_ends(move):
    with pytest.raises(LadderError, match=r"is a pair \(from, to\); found \('first'"):
        parse_moves([move], STATES)


@pytest.mark.parametrize("move", [("frist", "repeat"), {"from": "first", "to": ["frist"]}])
def test_unknown_rungs_are_named_with_the_nearest(move):
    with pytest.raises(LadderError, match=r"an impossible move: no rung 'frist'.*mean 'first'"):
        parse_moves([move], STATES)
