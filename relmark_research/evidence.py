"""The evidence gate: what a report may say, given what carries it.

An analysis returns claims. A claim has a statement and the evidence for it: the design of the data,
the estimate with its interval, the verdict of the holdout, the number of rows, the assumptions.
The gate decides whether the statement is a finding, a hint or withheld, and refuses words that the
design does not carry: a causal verb needs a randomised design, an assumption stands in the sentence
whose number it moves.
"""

from __future__ import annotations

import math
import re
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from importlib import resources
from typing import Any, Literal, get_args

from relmark_research.errors import ParameterError, check_number, check_share

Design = Literal["counted", "randomised", "observational", "forecast", "assumed", "method"]
"""What carries a claim.

``counted``: read off the data. ``randomised``: an experiment. ``observational``: a comparison of
groups that chance did not form. ``forecast``: a model of what comes next. ``assumed``: a number
that somebody stated. ``method``: how something was done; nothing is claimed of customers.
"""

Verdict = Literal["finding", "hint", "withheld"]
AdviceVerdict = Literal["do", "stop", "test"]

CERTAIN = 0.95  # probability of a gain from which an action is advised, and 1 - it: advised against


@dataclass(frozen=True, kw_only=True)
class Claim:
    """A statement with its evidence.

    Attributes
    ----------
    statement
        The sentence or heading, said if the claim is a finding.
    design
        What carries it, see `Design`.
    estimate, low, high
        The number and the ends of its interval; None where the statement has none.
    level
        The probability of the interval, between 0 and 1.
    no_effect
        The value of the estimate at which the statement would be empty, such as 0 for a difference
        and 1 for a ratio; None where the statement is not a comparison.
    holdout
        Whether data kept back support the statement; None where nothing was kept back.
    rows, fewest
        How many rows, customers or answers carry it, and how many it needs.
    source
        The tables it comes from.
    assumptions
        What is assumed, in words.
    hint
        The sentence that is said if the claim is a hint; the statement itself if it is empty.
    withheld
        The sentence that is said if the claim is withheld; nothing but the reason if it is empty.

    Raises
    ------
    ParameterError
        The design is unknown; the statement or the hint has a causal verb that the design does not
        carry; an assumed statement does not say that it is assumed.

    Examples
    --------
    >>> claim = Claim(statement="The e-mail pays", hint="The e-mail is not shown to pay",
    ...               design="randomised", estimate=0.2, low=-0.1, high=0.5, no_effect=0)
    >>> claim.verdict, claim.text
    ('hint', 'The e-mail is not shown to pay')
    """

    statement: str
    design: Design
    estimate: float | None = None
    low: float | None = None
    high: float | None = None
    level: float = 0.95
    no_effect: float | None = None
    holdout: bool | None = None
    rows: int | None = None
    fewest: int = 1
    source: str = ""
    assumptions: tuple[str, ...] = ()
    hint: str = ""
    withheld: str = ""

    def __post_init__(self) -> None:
        """Check the design, the words and the level."""
        if self.design not in get_args(Design):
            known = ", ".join(get_args(Design))
            raise ParameterError(f"design: expected one of {known}; got {self.design!r}.")
        check_share("level", self.level)
        for sentence in (self.statement, self.hint):
            check_words(sentence, design=self.design)

    @property
    def reason(self) -> str:
        """Why the claim is not a finding; empty if it is one."""
        return next(_doubts(self), ("", ""))[1]

    @property
    def verdict(self) -> Verdict:
        """Whether the evidence carries the statement, a hint, or nothing."""
        doubt = next(_doubts(self), None)
        return "finding" if doubt is None else doubt[0]

    @property
    def text(self) -> str:
        """What is said: the statement, its cautious form, or why nothing is said."""
        if self.verdict == "finding":
            return self.statement
        if self.verdict == "hint":
            return self.hint or self.statement
        return self.withheld or f"No statement: {self.reason}"

    def as_record(self) -> dict[str, Any]:
        """Return the claim for the manifest of a run, without its sentences."""
        names = ("design", "level", "no_effect", "holdout", "rows", "source")
        found = {name: getattr(self, name) for name in names}
        numbers = {name: _finite(getattr(self, name)) for name in ("estimate", "low", "high")}
        said = {"verdict": self.verdict, "reason": self.reason}
        return said | found | numbers | {"assumptions": list(self.assumptions)}


def method(statement: str) -> Claim:
    """Return a claim that says how something was done, and nothing of customers.

    Examples
    --------
    >>> method("Intervals are of 95%.").verdict
    'finding'
    """
    return Claim(statement=statement, design="method")


def check_words(sentence: str, *, design: Design) -> None:
    """Raise an error if a sentence says more than its design carries.

    Parameters
    ----------
    sentence
        Plain text or Markdown.
    design
        What carries it, see `Design`.

    Raises
    ------
    ParameterError
        A causal verb without a randomised design; an assumed effect that is not marked so.

    Examples
    --------
    >>> check_words("Members buy more often", design="observational")
    >>> check_words("Membership leads to more purchases", design="observational")
    Traceback (most recent call last):
      ...
    relmark_research.errors.ParameterError: expected words that an observational design carries; \
'leads to' says that one thing brings another about. Say 'goes with', or give the claim the \
design of an experiment: 'Membership leads to more purchases'
    """
    if not sentence or design in ("randomised", "method"):
        return
    is_marked = "assum" in sentence.lower()
    if design == "assumed":
        if not is_marked:
            raise ParameterError(
                "expected the word 'assumed' in a sentence that rests on an assumption; "
                f"got {sentence!r}"
            )
        return
    found = causal_words(sentence)
    if found and not is_marked:
        article = "an" if design[0] in "aeiou" else "a"
        raise ParameterError(
            f"expected words that {article} {design} design carries; {found[0]!r} says that one "
            "thing brings another about. Say 'goes with', or give the claim the design of an "
            f"experiment: {sentence!r}"
        )


def causal_words(sentence: str) -> list[str]:
    """Return the words of a sentence that say that one thing brings another about.

    Examples
    --------
    >>> causal_words("Sales fell because of the price, which drove customers away")
    ['because of', 'drove']
    """
    return [found.group() for found in _causal_pattern().finditer(sentence)]


def advice_verdict(probability_of_gain: float) -> AdviceVerdict:
    """Return whether to act, to stop, or to test, from the probability that acting gains.

    The bar is the same for starting and for stopping: 95%.

    Examples
    --------
    >>> advice_verdict(0.97), advice_verdict(0.5), advice_verdict(0.02)
    ('do', 'test', 'stop')
    """
    check_number("probability_of_gain", probability_of_gain, low=0, high=1)
    if probability_of_gain >= CERTAIN:
        return "do"
    return "stop" if probability_of_gain <= 1 - CERTAIN + 1e-12 else "test"


def _doubts(claim: Claim) -> Iterator[tuple[Verdict, str]]:
    """Yield what speaks against a finding, the gravest first."""
    numbers = (claim.estimate, claim.low, claim.high)
    if any(number is not None and not math.isfinite(number) for number in numbers[:1]):
        yield "withheld", "the number does not exist in these data."
    if claim.rows is not None and claim.rows < claim.fewest:
        yield "withheld", f"{claim.rows:,} of the {claim.fewest:,} rows that it needs."
    if claim.holdout is False:
        yield "withheld", "the data kept back contradict it."
    if claim.design == "assumed":
        yield "hint", "it rests on an assumption."
    if claim.no_effect is not None and not _excludes(claim):
        yield "hint", f"the interval holds {claim.no_effect:g}."
    if claim.design == "forecast" and claim.holdout is None:
        yield "hint", "it was not tested on data kept back."


def _excludes(claim: Claim) -> bool:
    """Return whether the interval is known and leaves out the value without effect."""
    if claim.low is None or claim.high is None or claim.no_effect is None:
        return False
    return claim.low > claim.no_effect or claim.high < claim.no_effect


@cache
def _causal_pattern() -> re.Pattern[str]:
    text = resources.files("relmark_research").joinpath("causal_words.txt").read_text("utf-8")
    words = [line for line in text.splitlines() if line and not line.startswith("#")]
    return re.compile(rf"\b(?:{'|'.join(words)})\b", re.IGNORECASE)


def _finite(value: float | None) -> float | None:
    return None if value is None or not math.isfinite(value) else float(value)
