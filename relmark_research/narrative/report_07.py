"""The text of report 07, levels of relationship: effects, break-evens, advice."""

import math
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any, Literal

import pandas as pd

from relmark_research.economics.levels_of_relationship.level_choice import LevelChoice
from relmark_research.economics.levels_of_relationship.level_effects import LevelEffects
from relmark_research.economics.levels_of_relationship.relationship_level import (
    RelationshipLevel,
    level_names,
)
from relmark_research.evidence import Claim, advice_verdict, method
from relmark_research.formats import Formatter, count, number, share, with_interval
from relmark_research.narrative.wording import probability_text
from relmark_research.stats.intervals import normal_quantile

Basis = Literal["randomised", "observational", "assumed", "none"]
"""What is known of effects: an experiment, contacts, costs that somebody stated, or nothing."""

_UNBALANCED = 0.01  # p-value below which levels do not look as if they were assigned at random
_FEWEST_PAIRS = 30  # account years with a previous one, to check that
_SOURCE = "contacts, transactions"


def basis_of(
    effects: LevelEffects | None, *, measured: bool, randomised: bool, p_value: float
) -> Basis:
    """Return what carries statements about levels.

    Parameters
    ----------
    effects
        Measured or assumed effects; None without.
    measured
        Whether they were estimated from account years.
    randomised
        Whether levels are declared to have been assigned at random.
    p_value
        Of the test of random assignment; a small one contradicts the declaration.
    """
    if effects is None:
        return "none"
    if not measured:
        return "assumed"
    return "randomised" if randomised and not p_value < _UNBALANCED else "observational"


def answer(
    choice: LevelChoice | None, points: pd.DataFrame | None, money: Formatter, *, basis: Basis,
    heading: Claim | None = None,
) -> list[Claim]:  # fmt: skip
    """Return the answer: the verdict on each segment, or what a level must add to pay.

    Parameters
    ----------
    choice
        Values and the best level of each segment; None where they are not known.
    points
        The result of `points_of_retention`, or None.
    money
        Format of money.
    basis
        What carries effects.
    heading
        The result of `retention_heading`, for a log without cost; None without levels.
    """
    if choice is None:
        if heading is not None:
            said = f"{heading.statement}."
            return [
                replace(heading, statement=said, hint=f"{heading.hint}."),
                method(
                    "Which level pays is not known, because the transactions have no cost of goods."
                ),
            ]
        lead = method("What a closer relationship adds is not known: no level was recorded.")
        return [lead, *point_claims(points, money)[:1]]
    if basis == "randomised":
        return [_segment_claim(row, money) for row in choice.best.to_dict("records")]
    if basis == "observational":
        lead = method("What levels add is not known, because they were not assigned at random.")
    else:
        lead = method("What levels add was not measured, so none is advised.")
    return [lead, break_even_claim(choice)]


def _segment_claim(row: Mapping[Any, Any], money: Formatter) -> Claim:
    """Return the verdict on the best level of a segment, from an experiment."""
    level, segment = row["relationship_level"], row["segment"]
    gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], money)
    cautious = (
        f"For {segment} no change of level is shown to pay; {level} may be best, with "
        f"{probability_text(float(row['probability_best']))}."
    )
    said = f"Serving all {segment} at {level} pays: it gains {gain} against today's levels."
    sure = advice_verdict(float(row["probability_gain"])) == "do"
    return Claim(
        statement=said if sure else cautious, hint=cautious, design="randomised",
        estimate=float(row["gain"]), low=float(row["gain_low"]), high=float(row["gain_high"]),
        no_effect=None if sure else 0.0, rows=int(row["customers"]), source=_SOURCE,
    )  # fmt: skip


def break_even_claim(choice: LevelChoice) -> Claim:
    """Return the retention that levels must add to pay for themselves, as a range."""
    table = _above_first(choice.table)
    known = table.dropna(subset=["break_even"])
    if known.empty:
        said = "At the assumed or recorded costs no retention could pay for a level."
        return Claim(statement=said, design="assumed", assumptions=("costs", "discount rate"))
    low, high = float(known["break_even"].min()), float(known["break_even"].max())
    first = choice.table["relationship_level"].iloc[0]
    span = f"{100 * low:.1f}" if low == high else f"{100 * low:.1f} to {100 * high:.1f}"
    said = (
        f"To pay for itself, a level above {first} must add {span} percentage points of yearly "
        "retention, by level and segment, under the assumed discount rate."
    )
    return Claim(statement=said, design="assumed", estimate=low, source=_SOURCE,
                 assumptions=("discount rate", "constant retention"))  # fmt: skip


def _above_first(table: pd.DataFrame) -> pd.DataFrame:
    first = table["relationship_level"].iloc[0]
    return table[table["relationship_level"] != first]


def retention_heading(effects: LevelEffects, found: pd.DataFrame, *, basis: Basis) -> Claim:
    """Return the heading about retention: the level with the largest effect against the first.

    Parameters
    ----------
    effects
        The effects.
    found
        Their table: log-odds of renewal against the first level, with intervals.
    basis
        What carries them.
    """
    top = int(found["retention"].to_numpy(float).argmax())
    row: dict[Any, Any] = found.iloc[top].to_dict()
    name, first = str(found.index[top]), effects.levels[0]
    wider = normal_quantile(1 - 0.05 / len(found)) / normal_quantile(0.95)
    value = float(row["retention"])
    low = value - wider * (value - float(row["retention_low"]))
    high = value + wider * (float(row["retention_high"]) - value)
    ratio = f"{number(math.exp(value))} times the odds of renewal at {first}"
    if basis == "randomised":
        said = f"{_capital(name)} raises renewal: {ratio}"
    else:
        said = f"{_capital(name)} goes with more renewals: {ratio}"
    return Claim(
        statement=said, hint=f"No level is shown to go with more renewals than {first}",
        design="randomised" if basis == "randomised" else "observational",
        estimate=value, low=low, high=high, level=1 - 0.05 / len(found), no_effect=0.0,
        rows=effects.n_account_years, source=_SOURCE,
    )  # fmt: skip


def _capital(name: str) -> str:
    return name[:1].upper() + name[1:]


def effects_paragraph(words: str, effects: LevelEffects, *, basis: Basis) -> list[Claim]:
    """Return the description of a figure of effects, and how to read it."""
    design: Any = "randomised" if basis == "randomised" else "observational"
    said = words if basis == "randomised" else words.replace("Effect on", "Difference of", 1)
    return [
        Claim(statement=said, design=design, rows=effects.n_account_years, source=_SOURCE),
        method("An interval that reaches across 0 does not tell more from less."),
    ]


def recipients_paragraph(p_value: float, n: int, *, randomised: bool) -> list[Claim]:
    """Return who gets which level: whether levels followed the margin of the year before."""
    if not math.isfinite(p_value) or n < _FEWEST_PAIRS:
        return [method(
            f"Whether levels followed earlier margins cannot be checked: {count(n)} account years "
            f"follow another, {count(_FEWEST_PAIRS)} are needed."
        )]  # fmt: skip
    p = "p below 0.001" if p_value < 0.001 else f"p = {number(p_value)}"
    if p_value < _UNBALANCED:
        said = (
            f"**Levels followed earlier margins** ({p}, {count(n)} account years): customers at "
            "different levels differed before, and the differences above hold that too."
        )
    else:
        said = (
            f"In {count(n)} account years with a previous year, the level was unrelated to that "
            f"year's margin ({p}), as expected where levels are assigned at random."
        )
    claims = [Claim(statement=said, design="counted", rows=n, source=_SOURCE)]
    if not randomised:
        claims.append(method(
            "This report was not told that levels were assigned at random (`randomised: true`), "
            "so it takes differences between levels as hints."
        ))  # fmt: skip
    return claims


def segment_heading(choice: LevelChoice, segment: str, money: Formatter) -> Claim:
    """Return the heading about one segment of an experiment: the verdict on its best level."""
    row = _best_row(choice, segment)
    name, level = _capital(segment), row["relationship_level"]
    verdict = advice_verdict(float(row["probability_gain"]))
    chance = probability_text(float(row["probability_best"])).removeprefix("a probability of ")
    cautious = f"{name}: {level} may pay best, but is only {chance} likely"
    gain = money(row["gain"])
    said = f"{name}: {level} pays, worth {gain} more than today's mix"
    return Claim(
        statement=said if verdict == "do" else cautious, hint=cautious, design="randomised",
        estimate=float(row["gain"]), low=float(row["gain_low"]), high=float(row["gain_high"]),
        no_effect=None if verdict == "do" else 0.0, source=_SOURCE,
    )  # fmt: skip


def segment_paragraph(
    words: str, choice: LevelChoice, segment: str, money: Formatter
) -> list[Claim]:
    """Return the values of levels in a segment, the gain, and the value of information."""
    row = _best_row(choice, segment)
    gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], money)
    return [
        Claim(statement=words, design="randomised", source=_SOURCE),
        Claim(
            statement=f"Serving all {count(row['customers'])} of them at "
            f"{row['relationship_level']} for good, rather than at today's levels, is worth "
            f"{gain}, under the assumed discount rate. Knowing the best level with certainty "
            f"would be worth {money(row['value_of_information'])} more.",
            design="randomised", source=_SOURCE, assumptions=("discount rate",),
            estimate=float(row["gain"]), low=float(row["gain_low"]), high=float(row["gain_high"]),
        ),
    ]  # fmt: skip


def _best_row(choice: LevelChoice, segment: str) -> dict[Any, Any]:
    rows: dict[Any, dict[Any, Any]] = choice.best.set_index("segment").to_dict("index")
    return rows[segment]


def textbook_claims(compared: pd.DataFrame) -> tuple[Claim, list[Claim]]:
    """Return heading and paragraph about the textbook's grid beside the computed levels."""
    agreed, n = int(compared["agrees"].sum()), len(compared)
    differ = compared[~compared["agrees"]]
    said = [
        f"for {row['segment']} ({row['number']} customers, {row['size']} margin) it says "
        f"{row['textbook']}, the figures say {row['computed']}"
        for row in differ.to_dict("records")
    ]
    lead = f"The textbook's grid agrees with the figures in {agreed} of {n} segments"
    heading = Claim(statement=f"The textbook agrees in {agreed} of {n} segments",
                    design="randomised", source=_SOURCE)  # fmt: skip
    return heading, [
        Claim(statement=f"{lead}: {'; '.join(said)}." if said else f"{lead}.",
              design="randomised", source=_SOURCE),
        method(
            "The textbook looks at how many customers there are and what each brings; it does not "
            "know what a level costs here, nor what it adds."
        ),
    ]  # fmt: skip


def break_even_paragraph(choice: LevelChoice) -> list[Claim]:
    """Return what a level must add, and how an experiment's size depends on it."""
    return [
        break_even_claim(choice),
        method(
            "The smaller the points, the sooner a level pays, and the more customers an "
            "experiment needs to detect them."
        ),
    ]


def break_even_heading() -> Claim:
    """Return the heading of break-evens and experiments."""
    return method("What a level must add to pay, and the experiment that would detect it")


def points_of_retention(segments: pd.DataFrame, annual_discount_rate: float) -> pd.DataFrame:
    """Return what a level may cost for each point of retention that it adds.

    Parameters
    ----------
    segments
        segment, customers, retention (rate a year) and annual_margin (money per customer).
    annual_discount_rate
        d, a share.

    Returns
    -------
    DataFrame
        The segments with cost_of_a_point, money per customer and year: a level that adds one
        point of retention r and nothing else pays up to the cost m 0.01 / (1 + d - r); missing
        where the margin is not above 0.

    Examples
    --------
    >>> segments = pd.DataFrame({"segment": ["homes"], "customers": [900], "retention": [0.6],
    ...                          "annual_margin": [40.0]})
    >>> points_of_retention(segments, 0.1)["cost_of_a_point"].round(2).to_list()
    [0.8]
    """
    left = 1 + annual_discount_rate - segments["retention"]
    paid = 0.01 * segments["annual_margin"] / left.where(left > 0)
    return segments.assign(cost_of_a_point=paid.where(segments["annual_margin"] > 0))


def point_claims(points: pd.DataFrame | None, money: Formatter) -> list[Claim]:
    """Return what a level may cost per point of retention, by segment."""
    if points is None:
        return []
    known = points.dropna(subset=["cost_of_a_point"])
    if known.empty:
        said = "No segment has a margin that could pay for a closer relationship."
        return [Claim(statement=said, design="counted", source="transactions")]
    parts = [
        f"{money(row['cost_of_a_point'])} in {row['segment']}"
        if len(known) > 1 else money(row["cost_of_a_point"])
        for row in known.to_dict("records")
    ]  # fmt: skip
    said = (
        "A level of relationship that adds one percentage point of yearly retention may cost "
        f"up to {', '.join(parts)} per customer and year, under the assumed discount rate."
    )
    return [
        Claim(statement=said, design="assumed", source="transactions",
              assumptions=("discount rate", "constant retention")),
        method(
            "Retention is counted from purchases here: a customer is retained who buys in the "
            "year after a year with a purchase."
        ),
    ]  # fmt: skip


def points_heading(points: pd.DataFrame) -> Claim:
    """Return the heading of what a point of retention is worth: the share that buys again."""
    n = points["customers"].clip(lower=1)
    rate = float((points["retention"] * n).sum() / n.sum())
    said = f"{share(rate)} of customers who buy in a year buy in the next one too"
    return Claim(statement=said, design="counted", estimate=rate, source="transactions")


def trust_paragraph(effects: LevelEffects | None, *, basis: Basis) -> list[Claim]:
    """Return the basis of the estimates."""
    if basis == "none" or effects is None:
        return [method(
            "Nothing is known of what levels add. Record the level of each contact, assign it at "
            "random within segments, and run this report again."
        )]  # fmt: skip
    if basis == "assumed":
        return [method(
            "Costs of levels are **assumed**. Their effects were not measured, so this report "
            "gives what they must add, and advises none."
        )]  # fmt: skip
    return [
        method(
            f"Estimates are from {count(effects.n_account_years)} complete account years. For the "
            "values and the choice they are shrunk towards a steady increase by level, because "
            "single estimates are too noisy."
        ),
        method(
            "Values take a customer to be served at one level for good, at an unchanging "
            "retention rate and margin. The level with the highest estimate is also the luckiest: "
            "go by its probability, not by its value."
        ),
    ]


def next_steps(
    choice: LevelChoice | None, planned: pd.DataFrame | None, money: Formatter, *, basis: Basis
) -> list[Claim]:
    """Return the advice: moves and stops of an experiment's levels, otherwise a test."""
    if choice is None or planned is None:
        return [method(
            "**Record the level of relationship of each contact**, and assign it at random within "
            "segments for a year."
        )]  # fmt: skip
    if basis != "randomised":
        return _tests(planned)
    steps = []
    for row in choice.best.sort_values("gain", ascending=False).to_dict("records"):
        steps += _segment_steps(row, choice, planned, money)
    return steps


def _segment_steps(
    row: dict[Any, Any], choice: LevelChoice, planned: pd.DataFrame, money: Formatter
) -> list[Claim]:
    """Return the steps for one segment: to move it, or to stop levels and test the best."""
    segment, level = row["segment"], row["relationship_level"]
    gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], money)
    value, low, high = (float(row[f"gain{end}"]) for end in ("", "_low", "_high"))
    known = Claim(
        statement="", design="randomised", estimate=value, low=low, high=high, source=_SOURCE
    )
    if advice_verdict(float(row["probability_gain"])) == "do":
        said = (
            f"**Move {segment} to {level}**: expected gain {gain}, with "
            f"{probability_text(float(row['probability_gain']))} of a gain."
        )
        return [replace(known, statement=said)]
    chance = probability_text(1 - float(row["probability_gain"]))
    said = (
        f"**Test {level} on a random half of {segment}** for a year and leave the others "
        f"unchanged{_sample_size(planned, row)}. The expected gain over all of them is {gain}, "
        f"with {chance} of a loss."
    )
    return [*_stops(choice, segment), replace(known, statement=said, hint=said, no_effect=0.0)]


def _stops(choice: LevelChoice, segment: str) -> list[Claim]:
    """Return the levels in use whose value is surely below that of the first level."""
    table = choice.table[choice.table["segment"] == segment]
    if "current_customers" not in table:
        return []
    first = table["relationship_level"].iloc[0]
    stops = []
    for row in table.iloc[1:].to_dict("records"):
        p = float(row["probability_above_first"])
        if row["current_customers"] > 0 and p == p and advice_verdict(p) == "stop":
            said = (
                f"**Stop {row['relationship_level']} in {segment}**: it is worth more than "
                f"{first} with {probability_text(p)} only."
            )
            stops.append(Claim(statement=said, design="randomised", estimate=p, source=_SOURCE))
    return stops


def _tests(planned: pd.DataFrame) -> list[Claim]:
    """Return the test for each segment: of the smallest break-even that it can detect."""
    steps = []
    known = planned.dropna(subset=["per_group"])
    for segment, part in known.groupby("segment", sort=False):
        enough = part[part["enough"].astype(bool)]
        by, among = ("break_even", enough) if len(enough) else ("per_group", part)
        row: dict[Any, Any] = among.sort_values(by).to_dict("records")[0]
        said = (
            f"**Test {row['relationship_level']} on a random part of {segment}** for a year, if "
            f"any level{_sample_size(planned, row)}."
        )
        steps.append(method(said))
    return steps or [method(
        "**Test no level** at these costs: no retention could pay for it."
    )]  # fmt: skip


def _sample_size(planned: pd.DataFrame, row: Mapping[Any, Any]) -> str:
    """Return whether the segment is large enough for a test of the break-even effect."""
    key = ["segment", "relationship_level"]
    chosen = (planned[key] == [row[name] for name in key]).all(axis="columns")
    if not chosen.any() or planned.loc[chosen, "per_group"].isna().any():
        return ""
    plan = planned[chosen].iloc[0]
    points = (
        f"{100 * float(plan['break_even']):.1f} percentage points of retention that it must add"
    )
    n = count(float(plan["per_group"]))
    if plan["enough"]:
        return f"; {n} per group are enough to detect the {points}"
    return f"; to detect the {points} takes {n} per group, more than there are, so pool years"


def notes_paragraph(notes: tuple[str, ...]) -> Claim:
    """Return what was left out of the tables, and what is counted as 0."""
    return method(f"What was decided on the way: {'; '.join(notes)}.")


def no_choice(*, has_cost: bool) -> str:
    """Return why no level can be valued, as a reason without a full stop."""
    if not has_cost:
        return "the transactions have no cost of goods"
    return "nothing is known of what levels add and cost"


def in_textbook(effects: LevelEffects) -> bool:
    """Return whether the levels are the textbook's five, so that its grid can be compared."""
    return set(effects.levels) <= set(level_names())


def without_effects(levels: Sequence[RelationshipLevel]) -> list[RelationshipLevel]:
    """Return levels with their costs alone: effects that somebody assumed carry no advice."""
    return [replace(each, retention=None, annual_margin=None) for each in levels]


def numbered(steps: list[Claim]) -> list[Claim]:
    """Return steps with their numbers."""
    return [
        replace(step, statement=f"{place}. {step.statement}",
                hint=f"{place}. {step.hint}" if step.hint else "")
        for place, step in enumerate(steps, start=1)
    ]  # fmt: skip
