"""What report 07 says of levels of relationship: the answer, the textbook, the next experiment."""

from typing import Any

import pandas as pd

from relmark_research.economics.levels_of_relationship.level_choice import LevelChoice
from relmark_research.economics.levels_of_relationship.level_effects import LevelEffects
from relmark_research.formats import Formatter, count, share, with_interval
from relmark_research.narrative.report_04 import chance

_SURE = 0.9  # probability from which a level is called the best without a but


def answer(choice: LevelChoice) -> str:
    """Return the report's answer: the best level of each segment, and how sure that is."""
    rows = choice.best.to_dict("records")
    said = [f"{row['level']} for {row['segment']} ({_percent(row)})" for row in rows]
    sure = [row["segment"] for row in rows if row["probability_best"] >= _SURE]
    doubt = (
        "None of this is sure yet: try before you move everyone."
        if not sure
        else f"Sure enough to act on: {', '.join(sure)}."
    )
    return f"Most likely to pay best, less its cost: {', '.join(said)}. {doubt}"


def _percent(row: dict[Any, Any]) -> str:
    return f"{chance(float(row['probability_best'])).removeprefix('a probability of ')} likely"


def keeps(choice: LevelChoice) -> str:
    """Return the finding about retention: what the best keeping level keeps, where it matters."""
    table = choice.table
    part = table[table["segment"] == table["segment"].iloc[0]].dropna(subset=["retention"])
    first, top = part.iloc[0], part.loc[part["retention"].idxmax()]
    kept, before = share(float(top["retention"])), share(float(first["retention"]))
    name = str(top["level"]).capitalize()
    return f"{name} keeps {kept} of {top['segment']} a year, {first['level']} {before}"


def of_segment(choice: LevelChoice, segment: str, money: Formatter) -> str:
    """Return the finding about one segment: the best level and what moving everyone there gains."""
    row = choice.best.set_index("segment").loc[segment].to_dict()
    name = f"{segment[:1].upper()}{segment[1:]}"
    if row["probability_best"] >= _SURE:
        return f"{name}: {row['level']} pays best, worth {money(row['gain'])} more than today's mix"
    return f"{name}: {row['level']} may pay best, but is only {_percent(row)}"


def gain_of(choice: LevelChoice, segment: str, money: Formatter) -> str:
    """Return what moving a segment to its best level gains, and what certainty would be worth."""
    row = choice.best.set_index("segment").loc[segment].to_dict()
    gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], money)
    return (
        f"Serving all {count(row['customers'])} of them at {row['level']} for good, rather than at "
        f"the levels of today, is worth {gain}. To know for certain which level is best would be "
        f"worth {money(row['worth_knowing'])} more."
    )


def textbook(compared: pd.DataFrame) -> str:
    """Return how the computed levels stand to the textbook's."""
    differ = compared[~compared["agrees"]]
    said = [
        f"for {row['segment']} ({row['number']} customers, {row['size']} margin) it says "
        f"{row['textbook']}, the figures say {row['computed']}"
        for row in differ.to_dict("records")
    ]
    agreed = len(compared) - len(differ)
    lead = f"The textbook's grid agrees with the figures in {agreed} of {len(compared)} segments"
    return f"{lead}: {'; '.join(said)}." if said else f"{lead}."


def trust(effects: LevelEffects, balance: tuple[float, int]) -> str:
    """Return what the estimates rest on, and whether levels look drawn at random."""
    if not effects.years:
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
        f"Effects are estimated from {count(effects.years)} complete account years; a level is "
        f"credited with all that followed it. {found} For the values and the choice, effects are "
        "drawn towards a steady rise from level to level: single estimates are too much a matter "
        "of luck."
    )


def next_steps(choice: LevelChoice, planned: pd.DataFrame, money: Formatter) -> list[str]:
    """Return what to do for each segment: move it, or find out first, the largest gain first."""
    steps = []
    for row in choice.best.sort_values("gain", ascending=False).to_dict("records"):
        segment, level = row["segment"], row["level"]
        gain = with_interval(row["gain"], row["gain_low"], row["gain_high"], money)
        if row["probability_best"] >= _SURE and row["gain_low"] > 0:
            steps.append(f"**Move {segment} to {level}**: expected gain {gain}.")
        else:
            steps.append(
                f"**Try {level} on half of {segment}**, drawn at random, and keep the others as "
                f"they are for a year{_size(planned, row)}. For all of them the expected gain is "
                f"{gain}."
            )
    return steps


def _size(planned: pd.DataFrame, row: dict[Any, Any]) -> str:
    """Return whether so many customers would do to see the level's break-even effect."""
    chosen = (planned["segment"] == row["segment"]) & (planned["level"] == row["level"])
    if not chosen.any() or planned.loc[chosen, "per_arm"].isna().any():
        return ""
    plan = planned[chosen].iloc[0]
    points = f"{100 * float(plan['break_even']):.1f} points of retention that it must add"
    n = count(float(plan["per_arm"]))
    if plan["enough"]:
        return f"; {n} in each half are enough to see the {points}"
    return f"; to see the {points} takes {n} in each half, more than there are, so join years"
