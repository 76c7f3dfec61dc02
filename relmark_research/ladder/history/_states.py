"""The states of a ladder: their order, and the moves between them that cannot happen."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

import numpy as np

from relmark_research.errors import LadderError, unknown_name

Move = tuple[str, str]  # origin, destination


def rank(states: Sequence[str], off_ladder: Sequence[str]) -> np.ndarray:
    """Return the rank of each state: rungs 0, 1, ...; states off the ladder -1, -2, ...

    Examples
    --------
    >>> rank(["first", "repeat", "lapsed", "lost"], off_ladder=["lapsed", "lost"]).tolist()
    [0, 1, -1, -2]
    """
    off = list(off_ladder)
    on = [state for state in states if state not in off]
    return np.array([-1 - off.index(s) if s in off else on.index(s) for s in states])


def parse_moves(moves: Iterable[Any], states: Sequence[str]) -> tuple[Move, ...]:
    """Read declared moves: pairs, or mappings of ``from`` and ``to`` with lists and ``"*"``.

    Examples
    --------
    >>> parse_moves([{"from": "*", "to": "first"}], ["first", "repeat", "lost"])
    (('repeat', 'first'), ('lost', 'first'))
    """
    found: dict[Move, None] = {}
    for move in moves:
        pair = (move.get("from"), move.get("to")) if isinstance(move, Mapping) else tuple(move)
        if len(pair) != 2:
            raise LadderError(f"an impossible move is a pair (from, to); found {move!r}.")
        origins, destinations = (_named_states(name, states) for name in pair)
        found |= {(a, b): None for a in origins for b in destinations if a != b}
    return tuple(found)


def _named_states(name: Any, states: Sequence[str]) -> Sequence[str]:
    names = states if name == "*" else [name] if isinstance(name, str) else list(name)
    for each in names:
        if each not in states:
            raise LadderError(f"an impossible move: {unknown_name('rung', each, states)}")
    return names
