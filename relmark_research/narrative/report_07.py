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
        "None of these is certain: test before moving all customers."
        if not sure
        else f"Certain enough to act on: {', '.join(sure)}."
    )
    return f"Most likely to pay best, net of cost: {', '.join(said)}. {doubt}"


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
    return (
        f"{name} retains {kept} of {top['segment']} a year, {first['relationship_level']} {before}"
    )


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
        f"rather than at today's levels, is worth {gain}. Knowing the best level with certainty "
        f"would be worth {money(row['value_of_information'])} more."
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
        return "Effects are **assumed**, not estimated: they are only as good as the assumptions."
    p, n = balance
    found = (
        f"In {count(n)} account years with a previous year, the level was unrelated to that year's "
        f"margin (p = {p:.2f}), as expected if levels are randomised."
        if p > 0.05
        else f"**Levels followed earlier margin** (p = {p:.3f}, {count(n)} account years): part of "
        "the effect credited to levels is due to the customers themselves. Randomise levels."
    )
    if n < 30:
        found = "Randomisation of levels cannot be checked: too few second years."
    return (
        f"Effects are estimated from {count(effects.n_account_years)} complete account years; a "
        f"level is credited with all that followed it. {found} For the values and the choice, "
        "effects are shrunk towards a steady increase by level, because single estimates are too "
        "noisy."
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
                f"**Test {level} on a random half of {segment}** for a year and leave the others "
                f"unchanged{_sample_size(planned, row)}. The expected gain over all of them is "
                f"{gain}."
            )
    return steps


def _sample_size(planned: pd.DataFrame, row: dict[Any, Any]) -> str:
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
