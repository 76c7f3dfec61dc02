"""A ladder: its rungs in order, who stands on which, and what cannot happen.

rungs       the steps, lowest first
beside      where people are who have fallen off, the nearest to a return first
states      rungs and beside together, the order of every matrix
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from relmark_research.errors import LadderError, unknown_name
from relmark_research.ladder.history._rule_coverage import check_partition
from relmark_research.ladder.history.rules import Evidence, Rule, condition_words

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog
    from relmark_research.ladder.history.ladder_history import LadderHistory

PURCHASE_EVIDENCE: Mapping[str, Mapping[str, Any]] = {
    "purchases": {"count": "purchase"},
    "quiet": {"months_since": "purchase"},
}

Move = tuple[str, str]


@dataclass(frozen=True)
class LoyaltyLadder:
    """Rungs in order and the rules that say who stands where.

    Parameters
    ----------
    rungs
        Names of the rungs, lowest first; at least two states with ``beside``.
    rules
        For every state the ranges of evidence that lead there, as in
        ``{"repeat": {"purchases": "2 to 3", "quiet": "under 6"}}``. Together they must leave
        nobody out and claim nobody twice.
    beside
        States off the ladder, such as lapsed and lost, the nearest to a return first.
    evidence
        What is counted: name to ``{"count": kind}``, ``{"months_since": kind}`` or
        ``{"last": "answer"}``; None is purchases and quiet (months since the last purchase).
    impossible
        Moves that cannot happen, as pairs (from, to); ``"*"`` stands for every other state.
    name
        What a report calls the ladder.

    Raises
    ------
    LadderError
        Where a name is unknown, a state has no rule, or the rules leave a gap or overlap.

    Examples
    --------
    >>> ladder = LoyaltyLadder(
    ...     ["first-time", "repeat"], {"first-time": {"purchases": 1, "quiet": "under 12"},
    ...     "repeat": {"purchases": "2 or more", "quiet": "under 12"},
    ...     "lost": {"purchases": "1 or more", "quiet": "12 or more"}}, beside=["lost"])
    >>> print(ladder.describe())
    first-time: 1 purchase, last purchase under 12 months ago
    repeat: 2 or more purchases, last purchase under 12 months ago
    lost: 1 or more purchases, last purchase 12 months ago or more
    """

    rungs: Sequence[str]
    rules: Mapping[str, Any]
    beside: Sequence[str] = field(default=(), kw_only=True)
    evidence: Mapping[str, Any] | None = field(default=None, kw_only=True)
    impossible: Iterable[Any] = field(default=(), kw_only=True)
    name: str = field(default="the ladder", kw_only=True)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "rungs", tuple(map(str, self.rungs)))
        set_(self, "beside", tuple(map(str, self.beside)))
        _check_states(self.states)
        given = PURCHASE_EVIDENCE if self.evidence is None else self.evidence
        evidence = {
            name: one if isinstance(one, Evidence) else Evidence.parse(name, one)
            for name, one in given.items()
        }
        set_(self, "evidence", evidence)
        set_(self, "rules", _parsed_rules(self.states, self.rules, evidence))
        set_(self, "impossible", parse_moves(self.impossible, self.states))
        check_partition(self.states, self.rules, evidence)

    @classmethod
    def from_yaml(cls, path: str | Path) -> LoyaltyLadder:
        """Read a ladder from a YAML file such as those in ``relmark_research/ladder/ladders``.

        Raises
        ------
        LadderError
            Where the file is none, or its content does not make a ladder.
        """
        import yaml

        where = Path(path)
        if not where.is_file():
            raise LadderError(f"expected a YAML file of rungs and rules; there is no {where}.")
        content = yaml.safe_load(where.read_text(encoding="utf-8"))
        allowed = ("name", "rungs", "rules", "beside", "evidence", "impossible")
        if not isinstance(content, Mapping) or not {"rungs", "rules"} <= set(content):
            raise LadderError(f"{where.name}: a ladder needs the keys rungs and rules.")
        for key in content:
            if key not in allowed:
                raise LadderError(f"{where.name}: {unknown_name('key', key, allowed)}")
        try:
            others = {key: content[key] for key in content if key not in ("rungs", "rules")}
            return cls(content["rungs"], content["rules"], **others)
        except LadderError as error:
            raise LadderError(f"{where.name}: {error}") from None

    @classmethod
    def read(cls, name: str | Path) -> LoyaltyLadder:
        """Return a bundled ladder (``"loyalty"``, ``"purchases"``) or that of a YAML file."""
        text = str(name)
        return cls.from_yaml(text) if text.endswith((".yml", ".yaml")) else bundled(text)

    @property
    def states(self) -> tuple[str, ...]:
        """Rungs, then what is beside the ladder."""
        return (*self.rungs, *self.beside)

    @property
    def kinds(self) -> set[str]:
        """Kinds of event that the rules look at."""
        names = set().union(*(rule.names for rule in self.rules.values()))
        return {kind for name in names for kind in self.evidence[name].of}  # type: ignore[index]

    def describe(self) -> str:
        """Say in words, a line per state, who stands there."""
        return "\n".join(f"{state}: {self.rule_words(state)}" for state in self.states)

    def rule_words(self, state: str) -> str:
        """Say in words who stands on ``state``."""
        rule = self.rules[state]
        sets = [
            ", ".join(condition_words(self.evidence[name], span) for name, span in one.items())  # type: ignore[index]
            for one in rule.alternatives
        ]
        first = f"; {_listed(rule.unless)} come first" if rule.unless else ""
        return "; or ".join(sets) + first

    def table(self) -> pd.DataFrame:
        """Return rung, place (on or beside the ladder) and who stands there, in words."""
        place = ["on the ladder"] * len(self.rungs) + ["beside it"] * len(self.beside)
        words = [self.rule_words(state) for state in self.states]
        return pd.DataFrame({"rung": self.states, "place": place, "who": words})

    def assign(
        self,
        log: TransactionLog,
        *,
        events: Any = None,
        prospects: Any = None,
        answers: Any = None,
        period: str = "quarter",
    ) -> LadderHistory:
        """Say on which rung everybody stood at the end of every period, in the log's engine.

        Parameters
        ----------
        log
            The purchases.
        events
            customer_id, date, kind (referral, review, ...): a DataFrame, a path or an Ibis table.
        prospects
            prospect_id, first_contact and, of those won, customer_id.
        answers
            customer_id, date and score of surveys (the sample calls it nps).
        period
            ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``.

        Returns
        -------
        LadderHistory
            From the period in which a person was first seen to the last whole period of the log.
            Nobody is called lost because the data end: who is silent is so only by the rules.

        Raises
        ------
        LadderError
            Where the rules need evidence that was not given, or fewer than two whole periods are
            covered.
        DataError
            Where a table lacks a column, holds unreadable days, or names people whom neither the
            log nor the prospects know.
        """
        from relmark_research.ladder.history.assignment import assign

        tables = {"events": events, "prospects": prospects, "answers": answers}
        return assign(self, log, tables, period)


def rank(states: Sequence[str], beside: Sequence[str]) -> np.ndarray:
    """Return the height of each state: rungs 0, 1, ...; beside the ladder -1, -2, ..."""
    off = list(beside)
    on = [state for state in states if state not in off]
    return np.array([-1 - off.index(s) if s in off else on.index(s) for s in states])


def parse_moves(given: Iterable[Any], states: Sequence[str]) -> tuple[Move, ...]:
    """Read declared moves: pairs, or mappings of ``from`` and ``to`` with lists and ``"*"``."""
    found: dict[Move, None] = {}
    for one in given:
        ends = (one.get("from"), one.get("to")) if isinstance(one, Mapping) else tuple(one)
        if len(ends) != 2:
            raise LadderError(f"an impossible move is a pair (from, to); found {one!r}.")
        starts, stops = (_names(end, states) for end in ends)
        found |= {(a, b): None for a in starts for b in stops if a != b}
    return tuple(found)


def _names(end: Any, states: Sequence[str]) -> Sequence[str]:
    names = states if end == "*" else [end] if isinstance(end, str) else list(end)
    for name in names:
        if name not in states:
            raise LadderError(f"an impossible move: {unknown_name('rung', name, states)}")
    return names


def _check_states(states: Sequence[str]) -> None:
    twice = sorted({state for state in states if states.count(state) > 1})
    if len(states) < 2 or twice:
        raise LadderError(
            "a ladder has at least two states with different names; found "
            f"{len(states)}: {', '.join(states) or 'none'}."
            + (f" Twice: {', '.join(twice)}." if twice else "")
        )


def _parsed_rules(
    states: Sequence[str], given: Mapping[str, Any], evidence: Mapping[str, Evidence]
) -> dict[str, Rule]:
    for name in given:
        if name not in states:
            raise LadderError(f"a rule for an unknown rung: {unknown_name('rung', name, states)}")
    missing = [state for state in states if state not in given]
    if missing:
        raise LadderError(
            f"every rung needs a rule that says who stands there; found none for "
            f"{', '.join(missing)}. Add a rule, or take the rung out."
        )
    rules = {state: Rule.parse(state, given[state], evidence) for state in states}
    for state, rule in rules.items():
        for other in rule.unless:
            if other not in states or other == state:
                problem = unknown_name("other rung", other, [s for s in states if s != state])
                raise LadderError(f"the rule of {state!r}, unless: {problem}")
    return rules


def _listed(names: Sequence[str]) -> str:
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


@cache
def bundled(name: str) -> LoyaltyLadder:
    """Return a ladder that comes with the package: ``"loyalty"`` or ``"purchases"``."""
    folder = Path(__file__).parent / "ladders"
    known = sorted(path.stem for path in folder.glob("*.yml"))
    if name not in known:
        raise LadderError(unknown_name("bundled ladder", name, known))
    return LoyaltyLadder.from_yaml(folder / f"{name}.yml")


def __getattr__(name: str) -> LoyaltyLadder:
    """Read the bundled ladders when they are first asked for, not when the package is imported."""
    files = {"LOYALTY_LADDER": "loyalty", "PURCHASE_LADDER": "purchases"}
    if name not in files:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return bundled(files[name])
