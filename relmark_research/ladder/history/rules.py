"""Rules as data: what is counted, which range of it belongs to a rung, and how both are said.

A piece of evidence is a number per person and period end: a count of events so far or within so
many months, the months since the latest of them, or the latest answer. A rule is a set of ranges
of such numbers, or several sets of which any will do.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from relmark_research.errors import LadderError, unknown_name
from relmark_research.units import DAYS_PER_YEAR

Kind = Literal["count", "months_since", "last"]
KINDS: tuple[Kind, ...] = ("count", "months_since", "last")

_NUMBER = r"(\d+(?:\.\d+)?)"
_FORMS = (
    (re.compile(rf"{_NUMBER} or more"), lambda a: (a, math.inf)),
    (re.compile(rf"under {_NUMBER}"), lambda a: (0.0, a)),
    (re.compile(rf"{_NUMBER} to under {_NUMBER}"), lambda a, b: (a, b)),
)
_WHOLE = re.compile(r"(\d+)(?: to (\d+))?")


@dataclass(frozen=True)
class Evidence:
    """One number that is known of a person at the end of a period.

    Parameters
    ----------
    name
        What the rules call it.
    kind
        ``"count"`` of events, ``"months_since"`` the latest, or the ``"last"`` answer's value.
    of
        Kinds of event that are meant; ``"purchase"``, ``"contact"`` and ``"answer"`` come from the
        log, the prospects and the answers, all other kinds from the table of events.
    within_months
        For a count: only events of the last so many months, > 0; None counts all so far.
    """

    name: str
    kind: Kind
    of: tuple[str, ...]
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
        of = given[kinds[0]]
        names = tuple(of) if isinstance(of, Sequence) and not isinstance(of, str) else (str(of),)
        within = given.get("within_months")
        if within is not None and (kinds[0] != "count" or not float(within) > 0):
            raise LadderError(
                f"evidence {name!r}: within_months belongs to a count and must be more than 0; "
                f"found {within!r} with {kinds[0]}."
            )
        return cls(name, kinds[0], names, None if within is None else float(within))

    @property
    def may_be_unknown(self) -> bool:
        """Whether there may be no such number: nothing has happened, nobody has answered."""
        return self.kind != "count"

    @property
    def window_days(self) -> int | None:
        """The window of a count in whole days, None where all events count."""
        return None if self.within_months is None else days_of_months(self.within_months)


@dataclass(frozen=True)
class Range:
    """The numbers from ``low`` to below ``high``, and perhaps the unknown.

    Examples
    --------
    >>> Range.parse("12 to under 24"), Range.parse("7 or more or unknown").unknown
    (Range(low=12.0, high=24.0, unknown=False), True)
    """

    low: float
    high: float
    unknown: bool = False

    @classmethod
    def parse(cls, given: Any, *, whole: bool = False, place: str = "range") -> Range:
        """Read 0, "2 to 4", "3 or more", "under 12", "12 to under 24", "unknown", and "... or unknown".

        ``whole`` says that the numbers are counts: only then "2" and "2 to 4" mean something exact.
        """  # noqa: E501
        text = " ".join(str(given).lower().split())
        if text == "unknown":
            return cls(math.nan, math.nan, True)
        bare = text.removesuffix(" or unknown")
        low, high = cls._bounds(bare, whole) or (math.nan, math.nan)
        if not low < high:
            hint = "" if whole or not _WHOLE.fullmatch(bare) else " Write 'to under' here."
            raise LadderError(
                f"{place}: a range is written 0, '2 to 4' (of counts), '3 or more', 'under 12', "
                f"'12 to under 24' or 'unknown'; found {given!r}.{hint}"
            )
        return cls(low, high, bare != text)

    @staticmethod
    def _bounds(text: str, whole: bool) -> tuple[float, float] | None:
        for pattern, bounds in _FORMS:
            if match := pattern.fullmatch(text):
                return bounds(*map(float, match.groups()))
        if whole and (match := _WHOLE.fullmatch(text)):
            return float(match[1]), float(match[2] or match[1]) + 1
        return None

    def words(self, *, whole: bool = False) -> str:
        """Say the range as it is written."""
        if math.isnan(self.low):
            return "unknown"
        if math.isinf(self.high):
            text = f"{self.low:g} or more"
        elif whole:
            last = self.high - 1
            text = f"{self.low:g}" if last == self.low else f"{self.low:g} to {last:g}"
        else:
            text = f"{self.low:g} to under {self.high:g}" if self.low else f"under {self.high:g}"
        return f"{text} or unknown" if self.unknown else text


@dataclass(frozen=True)
class Rule:
    """Who stands on a rung: any of several sets of ranges, unless a rung of ``unless`` fits.

    Attributes
    ----------
    alternatives
        Each maps names of evidence to ranges, all of which must hold.
    unless
        Rungs that come first where a person fits them too.
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
                f"the rule of {rung!r} has no condition: everybody would stand there. "
                "Name at least one piece of evidence with its range."
            )
        parsed = tuple(_ranges(rung, one, evidence) for one in sets)
        return cls(parsed, (unless,) if isinstance(unless, str) else tuple(unless))

    @property
    def names(self) -> set[str]:
        """The evidence that the rule looks at."""
        return {name for one in self.alternatives for name in one}


def _ranges(
    rung: str, given: Mapping[str, Any], evidence: Mapping[str, Evidence]
) -> Mapping[str, Range]:
    for name in given:
        if name not in evidence:
            problem = unknown_name("evidence", name, evidence)
            raise LadderError(f"the rule of {rung!r}: {problem}")
    return {
        name: Range.parse(
            text, whole=evidence[name].kind == "count", place=f"the rule of {rung!r}, {name}"
        )
        for name, text in given.items()
    }


def days_of_months(months: float) -> int:
    """Return months in whole days, at 30.436875 days each.

    Examples
    --------
    >>> days_of_months(12), days_of_months(6)
    (365, 183)
    """
    return round(months * DAYS_PER_YEAR / 12)


def condition_words(item: Evidence, span: Range) -> str:
    """Say a condition as one would to a colleague.

    Examples
    --------
    >>> condition_words(Evidence("quiet", "months_since", ("purchase",)), Range(12, 24))
    'last purchase 12 to under 24 months ago'
    """
    names = [name.replace("_", " ") for name in item.of]
    what, many = " or ".join(names), " or ".join(f"{name}s" for name in names)
    text = span.words(whole=item.kind == "count")
    if item.kind == "months_since":
        ago = text.replace(" or more", " months ago or more").replace(" or unknown", "")
        ago = ago if "months" in ago else f"{ago} months ago"
        return f"no {what}" if text == "unknown" else f"last {what} {ago}"
    if item.kind == "last":
        return f"latest {what} {text}"
    within = f" in the last {item.within_months:g} months" if item.within_months else ""
    if (span.low, span.high) == (0, 1):
        return f"no {what}{within}"
    return f"{text} {what if (span.low, span.high) == (1, 2) else many}{within}"
