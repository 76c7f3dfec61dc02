"""The text of report 07, levels of relationship: the answer, the textbook, advice."""

from typing import Any

import pandas as pd

from relmark_research.economics.levels_of_relationship.level_choice import LevelChoice
from relmark_research.economics.levels_of_relationship.level_effects import LevelEffects
from relmark_research.formats import Formatter, count, share, with_interval
from relmark_research.narrative.wording import probability_text

_CONFIDENT = 0.9  # probability from which a level is called the best without a caveat


def answer(choice: LevelChoice) -> str:
    """Return the answer: the best level of each segment, with its probability."""
    rows = choice.best.to_dict("records")
    said = [f"{row['relationship_level']} for {row['segment']} ({_percent(row)})" for row in rows]
    sure = [row["segment"] for row in rows if row["probability_best"] >= _CONFIDENT]
    doubt = (
        "None of this is sure yet: try before you move everyone."
        if not sure
        else f"Sure enough to act on: {', '.join(sure)}."
    )
    return f"Most likely to pay best, less its cost: {', '.join(said)}. {doubt}"


def _percent(row: dict[Any, Any]) -> str:
    probability = probability_text(float(row["probability_best"]))
    return f"{probability.removeprefix('a probability of ')} likely"


def retention_heading(choice: LevelChoice) -> str:
    """Return the heading about retention: the highest rate by level in the first segment."""
    table = choice.table
    part = table[table["segment"] == table["segment"].iloc[0]].dropna(subset=["retention"])
    first, top = part.iloc[0], part.loc[part["retention"].idxmax()]
    kept, before = share(float(top["retention"])), share(float(first["retention"]))
    name = str(top["relationship_level"]).capitalize()
    return f"{name} keeps {kept} of {top['segment']} a year, {first['relationship_level']} {before}"


def segment_heading(choice: LevelChoice, segment: str, money: Formatter) -> str:
    """Return the heading about one segment: the best level and its gain."""
    row = choice.best.set_index("segment").loc[segment].to_dict()
    name = f"{segment[:1].upper()}{segment[1:]}"
    if row["probability_best"] >= _CONFIDENT:
        gain = money(row["gain"])
        return f"{name}: {row['relationship_level']} pays best, worth {gain} more than today's mix"
    return f"{name}: {row['relationship_level']} may pay best, but is only {_percent(row)}"


def segment_gain(choice: LevelChoice, segment: str, money: Formatter) -> str:
    """Return the gain of the best level in a segment, and the value of perfect information."""
    row = choice.best.set_index("segment").loc[segment].to_dict()
    gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], money)
    return (
        f"Serving all {count(row['customers'])} of them at {row['relationship_level']} for good, "
        f"rather than at the levels of today, is worth {gain}. To know for certain which level is "
        f"best would be worth {money(row['value_of_information'])} more."
    )


def textbook_comparison(compared: pd.DataFrame) -> str:
    """Return the agreement of the computed levels with the textbook's."""
    differ = compared[~compared["agrees"]]
    said = [
        f"for {row['segment']} ({row['number']} customers, {row['size']} margin) it says "
        f"{row['textbook']}, the figures say {row['computed']}"
        for row in differ.to_dict("records")
    ]
    agreed = len(compared) - len(differ)
    lead = f"The textbook's grid agrees with the figures in {agreed} of {len(compared)} segments"
    return f"{lead}: {'; '.join(said)}." if said else f"{lead}."


def trust_paragraph(effects: LevelEffects, balance: tuple[float, int]) -> str:
    """Return the basis of the estimates, and whether the levels look randomised."""
    if not effects.n_account_years:
        return "Effects are **assumed**, not estimated: they are as good as those who named them."
    p, n = balance
    found = (
        f"In {count(n)} account years with a year before, the level had nothing to do with what "
        f"that year had earned (p = {p:.2f}), as it must be where levels are drawn at random."
        if p > 0.05
        else f"**Levels followed what customers had earned before** (p = {p:.3f}, {count(n)} "
        "account years): part of what is credited to levels is the customers' own. Draw levels at "
        "random."
    )
    if n < 30:
        found = "Whether levels were drawn at random cannot be checked: too few second years."
    return (
        f"Effects are estimated from {count(effects.n_account_years)} complete account years; a "
        f"level is credited with all that followed it. {found} For the values and the choice, "
        "effects are drawn towards a steady rise from level to level: single estimates are too "
        "much a matter of luck."
    )


def next_steps(choice: LevelChoice, planned: pd.DataFrame, money: Formatter) -> list[str]:
    """Return the advice for each segment, to move it or to test first, sorted by gain."""
    steps = []
    for row in choice.best.sort_values("gain", ascending=False).to_dict("records"):
        segment, level = row["segment"], row["relationship_level"]
        gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], money)
        if row["probability_best"] >= _CONFIDENT and row["gain_low"] > 0:
            steps.append(f"**Move {segment} to {level}**: expected gain {gain}.")
        else:
            steps.append(
                f"**Try {level} on half of {segment}**, drawn at random, and keep the others as "
                f"they are for a year{_sample_size(planned, row)}. For all of them the expected "
                f"gain is {gain}."
            )
    return steps


def _sample_size(planned: pd.DataFrame, row: dict[Any, Any]) -> str:
    """Return whether the segment is large enough for a test of the break-even effect."""
    key = ["segment", "relationship_level"]
    chosen = (planned[key] == [row[name] for name in key]).all(axis="columns")
    if not chosen.any() or planned.loc[chosen, "per_group"].isna().any():
        return ""
    plan = planned[chosen].iloc[0]
    points = f"{100 * float(plan['break_even']):.1f} points of retention that it must add"
    n = count(float(plan["per_group"]))
    if plan["enough"]:
        return f"; {n} in each half are enough to see the {points}"
    return f"; to see the {points} takes {n} in each half, more than there are, so join years"
