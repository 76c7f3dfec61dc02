"""The loyalty ladder: rungs in order, the rules of each, and the moves that cannot happen.

rungs         the steps, lowest first
off_ladder    states of customers who have left the ladder, the nearest to a return first
states        rungs and states off the ladder together, the order of every matrix
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pandas as pd

from relmark_research._repr import html_table
from relmark_research.errors import LadderError, unknown_name
from relmark_research.ladder.history._assignment import assign_spells
from relmark_research.ladder.history._rule_coverage import check_partition
from relmark_research.ladder.history._states import parse_moves
from relmark_research.ladder.history.ladder_history import LadderHistory
from relmark_research.ladder.history.rules import RuleSet
from relmark_research.units import Period

if TYPE_CHECKING:
    from relmark_research.customers.log.transactions import TransactionLog

PURCHASE_EVIDENCE: Mapping[str, Mapping[str, Any]] = {
    "purchases": {"count": "purchase"},
    "quiet": {"months_since": "purchase"},
}
_YAML_KEYS = ("name", "rungs", "rules", "off_ladder", "evidence", "impossible")


@dataclass(frozen=True)
class LoyaltyLadder:
    """Rungs in order, and the rules that assign customers to them.

    Parameters
    ----------
    rungs
        Names of the rungs, lowest first; at least two states including ``off_ladder``.
    rules
        For every state the ranges of evidence that lead there, as in
        ``{"repeat": {"purchases": "2 to 3", "quiet": "under 6"}}``. Together they must assign every
        customer to exactly one state.
    off_ladder
        States off the ladder, such as lapsed and lost, the nearest to a return first.
    evidence
        Name to ``{"count": kind}``, ``{"months_since": kind}`` or ``{"last": "answer"}``; None is
        purchases and quiet (months since the last purchase).
    impossible
        Moves that cannot happen, as pairs (from, to); ``"*"`` stands for every other state.
    name
        Name of the ladder in reports.

    Raises
    ------
    LadderError
        If a name is unknown, a state has no rule, or the rules leave a gap or overlap.

    Examples
    --------
    >>> ladder = LoyaltyLadder(
    ...     ["first-time", "repeat"], {"first-time": {"purchases": 1, "quiet": "under 12"},
    ...     "repeat": {"purchases": "2 or more", "quiet": "under 12"},
    ...     "lost": {"purchases": "1 or more", "quiet": "12 or more"}}, off_ladder=["lost"])
    >>> print(ladder.describe())
    first-time: 1 purchase, last purchase under 12 months ago
    repeat: 2 or more purchases, last purchase under 12 months ago
    lost: 1 or more purchases, last purchase 12 months ago or more
    >>> ladder
    <LoyaltyLadder: the ladder; first-time < repeat; off the ladder: lost>
    """

    rungs: Sequence[str]
    rules: Mapping[str, Any]
    off_ladder: Sequence[str] = field(default=(), kw_only=True)
    evidence: Mapping[str, Any] | None = field(default=None, kw_only=True)
    impossible: Iterable[Any] = field(default=(), kw_only=True)
    name: str = field(default="the ladder", kw_only=True)

    def __post_init__(self) -> None:
        set_ = object.__setattr__
        set_(self, "rungs", tuple(map(str, self.rungs)))
        set_(self, "off_ladder", tuple(map(str, self.off_ladder)))
        _check_states(self.states)
        evidence = PURCHASE_EVIDENCE if self.evidence is None else self.evidence
        parsed = RuleSet.parse(self.states, self.rules, evidence)
        set_(self, "evidence", parsed.evidence)
        set_(self, "rules", parsed.rules)
        set_(self, "impossible", parse_moves(self.impossible, self.states))
        check_partition(parsed)

    @classmethod
    def from_yaml(cls, path: str | Path) -> LoyaltyLadder:
        """Read a ladder from a YAML file with the keys rungs and rules.

        The bundled files in ``relmark_research/ladder/history/ladders`` are examples.

        Raises
        ------
        LadderError
            If the file does not exist or does not describe a ladder.
        """
        from relmark_research.tables.yaml_files import read_yaml

        where = Path(path)
        if not where.is_file():
            raise LadderError(f"expected a YAML file of rungs and rules; there is no {where}.")
        content = read_yaml(where, error=LadderError)
        if not isinstance(content, Mapping) or not {"rungs", "rules"} <= set(content):
            raise LadderError(f"{where.name}: a ladder needs the keys rungs and rules.")
        for key in content:
            if key not in _YAML_KEYS:
                raise LadderError(f"{where.name}: {unknown_name('key', key, _YAML_KEYS)}")
        try:
            others = {key: content[key] for key in content if key not in ("rungs", "rules")}
            return cls(content["rungs"], content["rules"], **others)
        except LadderError as error:
            raise LadderError(f"{where.name}: {error}") from None

    @classmethod
    def read(cls, name: str | Path) -> LoyaltyLadder:
        """Return a bundled ladder (``"loyalty"``, ``"purchases"``) or the ladder of a YAML file."""
        text = str(name)
        return cls.from_yaml(text) if text.endswith((".yml", ".yaml")) else bundled(text)

    @property
    def states(self) -> tuple[str, ...]:
        """Rungs, then the states off the ladder."""
        return (*self.rungs, *self.off_ladder)

    @property
    def rule_set(self) -> RuleSet:
        """The parsed rules with their evidence."""
        return RuleSet(self.states, self.rules, self.evidence or {})

    @property
    def event_kinds(self) -> set[str]:
        """Kinds of event that the rules use."""
        return self.rule_set.event_kinds

    def describe(self) -> str:
        """Return the rules in words, a line per state."""
        return "\n".join(f"{state}: {self.describe_rule(state)}" for state in self.states)

    def describe_rule(self, state: str) -> str:
        """Return the rule of ``state`` in words."""
        return self.rule_set.describe(state)

    def table(self) -> pd.DataFrame:
        """Return rung, position (on or off the ladder) and rule (in words)."""
        position = ["on the ladder"] * len(self.rungs) + ["off the ladder"] * len(self.off_ladder)
        rules = [self.describe_rule(state) for state in self.states]
        return pd.DataFrame({"rung": self.states, "position": position, "rule": rules})

    def assign(
        self,
        log: TransactionLog,
        *,
        events: Any = None,
        prospects: Any = None,
        answers: Any = None,
        period: str | Period = "quarter",
    ) -> LadderHistory:
        """Assign every customer to a rung at the end of every period, in the log's engine.

        Parameters
        ----------
        log
            The purchases.
        events
            customer_id, date, kind (referral, review, ...): a DataFrame, a path or an Ibis table.
        prospects
            prospect_id, first_contact and, for prospects who became customers, customer_id.
        answers
            customer_id, date and score of surveys (the sample calls it nps).
        period
            ``"week"``, ``"month"``, ``"quarter"`` or ``"year"``; pandas' code of a fiscal calendar
            (``"Q-JUN"``); or a `Period`.

        Returns
        -------
        LadderHistory
            From the period in which a customer was first seen to the last whole period of the log.
            The end of the data is not a loss: a silent customer leaves a rung only by the rules.

        Raises
        ------
        LadderError
            If the rules need evidence that was not given, or the log covers fewer than two whole
            periods.
        DataError
            If a table lacks a column, has unreadable days, or contains people who are neither in
            the log nor among the prospects.
        """
        tables = {"events": events, "prospects": prospects, "answers": answers}
        calendar = Period.of(period)
        assigned = assign_spells(self.rule_set, log, tables, calendar)
        return LadderHistory(
            states=self.states,
            off_ladder=tuple(self.off_ladder),
            source=assigned.spells,
            period=calendar,
            first_period=assigned.first_period,
            last_period=assigned.last_period,
            impossible=tuple(self.impossible),
            notes=assigned.notes,
        )

    def __repr__(self) -> str:
        off = f"; off the ladder: {', '.join(self.off_ladder)}" if self.off_ladder else ""
        return f"<LoyaltyLadder: {self.name}; {' < '.join(self.rungs)}{off}>"

    def _repr_html_(self) -> str:
        return html_table(
            f"LoyaltyLadder: {self.name}",
            {state: self.describe_rule(state) for state in self.states},
        )


@cache
def bundled(name: str) -> LoyaltyLadder:
    """Return a ladder of the package: ``"loyalty"`` or ``"purchases"``."""
    folder = Path(__file__).parent / "ladders"
    known = sorted(path.stem for path in folder.glob("*.yml"))
    if name not in known:
        raise LadderError(unknown_name("bundled ladder", name, known))
    return LoyaltyLadder.from_yaml(folder / f"{name}.yml")


def __getattr__(name: str) -> LoyaltyLadder:
    """Read a bundled ladder at its first use, not when the package is imported."""
    files = {"LOYALTY_LADDER": "loyalty", "PURCHASE_LADDER": "purchases"}
    if name not in files:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return bundled(files[name])


def _check_states(states: Sequence[str]) -> None:
    repeated = sorted({state for state in states if states.count(state) > 1})
    if len(states) < 2 or repeated:
        raise LadderError(
            "a ladder has at least two states with different names; found "
            f"{len(states)}: {', '.join(states) or 'none'}."
            + (f" Repeated: {', '.join(repeated)}." if repeated else "")
        )
