"""Rules as data: which evidence is measured, and which range of it leads to a state.

A piece of evidence is a number per customer and period end: a count of events so far or in the
last months, the months since the latest event, or the latest answer. A rule is a set of ranges of
such numbers, or several alternative sets.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from relmark_research.errors import LadderError, unknown_name
from relmark_research.formats import listing
from relmark_research.units import DAYS_PER_YEAR

Kind = Literal["count", "months_since", "last"]
KINDS: tuple[Kind, ...] = ("count", "months_since", "last")

_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS = (
    (re.compile(rf"{_NUMBER} or more"), lambda a: (a, math.inf)),
    (re.compile(rf"under {_NUMBER}"), lambda a: (0.0, a)),
    (re.compile(rf"{_NUMBER} to under {_NUMBER}"), lambda a, b: (a, b)),
)
_COUNT = re.compile(r"(\d+)(?: to (\d+))?")


@dataclass(frozen=True)
class Evidence:
    """A number that is measured for each customer at the end of a period.

    Parameters
    ----------
    name
        Its name in the rules.
    kind
        ``"count"`` of events, ``"months_since"`` the latest event, or the value of the ``"last"``
        answer.
    events
        Kinds of event that count. ``"purchase"``, ``"contact"`` and ``"answer"`` come from the log,
        the prospects and the answers; all other kinds come from the table of events.
    within_months
        For a count: only events of the last so many months, > 0; None counts all events so far.
    """

    name: str
    kind: Kind
    events: tuple[str, ...]
    within_months: float | None = None

    @classmethod
    def parse(cls, name: str, given: Mapping[str, Any]) -> Evidence:
        """Read ``{count: referral, within_months: 12}`` and the like."""
        kinds = [kind for kind in KINDS if kind in given]
        extra = sorted(set(given) - {*KINDS, "within_months"})
        if len(kinds) != 1 or extra:
            raise LadderError(
                f"evidence {name!r} must have one of {', '.join(KINDS)} (and within_months with "
                f"count); found {', '.join(map(str, given)) or 'nothing'}."
            )
        events = given[kinds[0]]
        several = isinstance(events, Sequence) and not isinstance(events, str)
        within = given.get("within_months")
        if within is not None and (kinds[0] != "count" or not float(within) > 0):
            raise LadderError(
                f"evidence {name!r}: within_months belongs to a count and must be more than 0; "
                f"found {within!r} with {kinds[0]}."
            )
        names = tuple(events) if several else (str(events),)
        return cls(name, kinds[0], names, None if within is None else float(within))

    @property
    def may_be_unknown(self) -> bool:
        """Whether the number can be missing: no event yet, or no answer."""
        return self.kind != "count"

    @property
    def window_days(self) -> int | None:
        """The window of a count in whole days; None where all events count."""
        return None if self.within_months is None else days_of_months(self.within_months)


@dataclass(frozen=True)
class Range:
    """The numbers from ``low`` to below ``high``, with or without the unknown.

    Examples
    --------
    >>> Range.parse("12 to under 24"), Range.parse("7 or more or unknown").unknown
    (Range(low=12.0, high=24.0, unknown=False), True)
    """

    low: float
    high: float
    unknown: bool = False

    @classmethod
    def parse(cls, given: Any, *, count: bool = False, where: str = "range") -> Range:
        """Read 0, "2 to 4", "3 or more", "under 12", "12 to under 24", "unknown", "... or unknown".

        Parameters
        ----------
        given
            The range as it is written.
        count
            Whether the numbers are counts; only counts allow "2" and "2 to 4".
        where
            How an error message begins.
        """
        text = " ".join(str(given).lower().split())
        if text == "unknown":
            return cls(math.nan, math.nan, True)
        bare = text.removesuffix(" or unknown")
        low, high = cls._bounds(bare, count) or (math.nan, math.nan)
        if not low < high:
            hint = "" if count or not _COUNT.fullmatch(bare) else " Write 'to under' here."
            raise LadderError(
                f"{where}: a range is written 0, '2 to 4' (of counts), '3 or more', 'under 12', "
                f"'12 to under 24' or 'unknown'; found {given!r}.{hint}"
            )
        return cls(low, high, bare != text)

    @staticmethod
    def _bounds(text: str, count: bool) -> tuple[float, float] | None:
        for pattern, bounds in _FORMS:
            if match := pattern.fullmatch(text):
                return bounds(*map(float, match.groups()))
        if count and (match := _COUNT.fullmatch(text)):
            return float(match[1]), float(match[2] or match[1]) + 1
        return None

    def describe(self, *, count: bool = False) -> str:
        """Return the range as it is written in a rule."""
        if math.isnan(self.low):
            return "unknown"
        if math.isinf(self.high):
            text = f"{self.low:g} or more"
        elif count:
            last = self.high - 1
            text = f"{self.low:g}" if last == self.low else f"{self.low:g} to {last:g}"
        else:
            text = f"{self.low:g} to under {self.high:g}" if self.low else f"under {self.high:g}"
        return f"{text} or unknown" if self.unknown else text


@dataclass(frozen=True)
class Rule:
    """The condition of one state: any of several sets of ranges, unless another state fits.

    Attributes
    ----------
    alternatives
        Each maps names of evidence to ranges, all of which must hold.
    unless
        States that take precedence where a customer fits them too.
    """

    alternatives: tuple[Mapping[str, Range], ...]
    unless: tuple[str, ...] = ()

    @classmethod
    def parse(cls, rung: str, given: Any, evidence: Mapping[str, Evidence]) -> Rule:
        """Read a rule: ranges by evidence, ``unless``, or a list of such under ``any``."""
        if isinstance(given, Rule):
            return given
        if not isinstance(given, Mapping):
            raise LadderError(
                f"the rule of {rung!r} must map evidence to ranges, as in {{purchases: 1}}; "
                f"found {given!r}."
            )
        unless = given.get("unless", ())
        sets = given.get("any", [{k: v for k, v in given.items() if k not in ("unless", "any")}])
        if not sets or not all(sets):
            raise LadderError(
                f"the rule of {rung!r} has no condition, so it fits every customer. "
                "Name at least one piece of evidence with its range."
            )
        parsed = tuple(_ranges(rung, one, evidence) for one in sets)
        return cls(parsed, (unless,) if isinstance(unless, str) else tuple(unless))

    @property
    def names(self) -> set[str]:
        """Names of the evidence that the rule uses."""
        return {name for one in self.alternatives for name in one}


@dataclass(frozen=True)
class RuleSet:
    """The rules of all states, and the evidence that they use.

    Attributes
    ----------
    states
        Rungs, lowest first, then the states off the ladder.
    rules
        State to rule.
    evidence
        Name to evidence.
    """

    states: tuple[str, ...]
    rules: Mapping[str, Rule]
    evidence: Mapping[str, Evidence]

    @classmethod
    def parse(
        cls, states: tuple[str, ...], rules: Mapping[str, Any], evidence: Mapping[str, Any]
    ) -> RuleSet:
        """Read rules and evidence, and check that each state has a rule.

        Raises
        ------
        LadderError
            If a name is unknown or a state has no rule.
        """
        known = {
            name: one if isinstance(one, Evidence) else Evidence.parse(name, one)
            for name, one in evidence.items()
        }
        for name in rules:
            if name not in states:
                problem = unknown_name("rung", name, states)
                raise LadderError(f"a rule for an unknown rung: {problem}")
        missing = [state for state in states if state not in rules]
        if missing:
            raise LadderError(
                f"every rung needs a rule; found none for {', '.join(missing)}. Add a rule, or "
                "remove the rung."
            )
        parsed = {state: Rule.parse(state, rules[state], known) for state in states}
        for state, rule in parsed.items():
            _check_precedence(state, rule, states)
        return cls(states, parsed, known)

    @property
    def used_evidence(self) -> list[Evidence]:
        """The evidence that at least one rule uses."""
        names = set().union(*(rule.names for rule in self.rules.values()))
        return [item for name, item in self.evidence.items() if name in names]

    @property
    def event_kinds(self) -> set[str]:
        """Kinds of event that the rules use."""
        return {kind for item in self.used_evidence for kind in item.events}

    def describe(self, state: str) -> str:
        """Return the rule of a state in words."""
        rule = self.rules[state]
        sets = [
            ", ".join(describe_condition(self.evidence[name], span) for name, span in one.items())
            for one in rule.alternatives
        ]
        first = f"; {listing(rule.unless)} come first" if rule.unless else ""
        return "; or ".join(sets) + first


def days_of_months(months: float) -> int:
    """Return months in whole days, at 30.436875 days each.

    Examples
    --------
    >>> days_of_months(12), days_of_months(6)
    (365, 183)
    """
    return round(months * DAYS_PER_YEAR / 12)


def describe_condition(item: Evidence, span: Range) -> str:
    """Return a condition in words.

    Examples
    --------
    >>> describe_condition(Evidence("quiet", "months_since", ("purchase",)), Range(12, 24))
    'last purchase 12 to under 24 months ago'
    """
    names = [name.replace("_", " ") for name in item.events]
    one, many = " or ".join(names), " or ".join(f"{name}s" for name in names)
    text = span.describe(count=item.kind == "count")
    if item.kind == "months_since":
        ago = text.replace(" or more", " months ago or more").replace(" or unknown", "")
        ago = ago if "months" in ago else f"{ago} months ago"
        return f"no {one}" if text == "unknown" else f"last {one} {ago}"
    if item.kind == "last":
        return f"latest {one} {text}"
    within = f" in the last {item.within_months:g} months" if item.within_months else ""
    if (span.low, span.high) == (0, 1):
        return f"no {one}{within}"
    return f"{text} {one if (span.low, span.high) == (1, 2) else many}{within}"


def _ranges(
    rung: str, given: Mapping[str, Any], evidence: Mapping[str, Evidence]
) -> Mapping[str, Range]:
    for name in given:
        if name not in evidence:
            problem = unknown_name("evidence", name, evidence)
            raise LadderError(f"the rule of {rung!r}: {problem}")
    return {
        name: Range.parse(
            text, count=evidence[name].kind == "count", where=f"the rule of {rung!r}, {name}"
        )
        for name, text in given.items()
    }


def _check_precedence(state: str, rule: Rule, states: Sequence[str]) -> None:
    for other in rule.unless:
        if other not in states or other == state:
            problem = unknown_name("other rung", other, [s for s in states if s != state])
            raise LadderError(f"the rule of {state!r}, unless: {problem}")
