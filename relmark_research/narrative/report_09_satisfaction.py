"""The text of report 09 on satisfaction: retention by answer, the value of a point, drivers."""

from collections.abc import Mapping

import pandas as pd

from relmark_research.evidence import Claim, method
from relmark_research.formats import Formatter, count, number, share
from relmark_research.formats import with_interval as ranged
from relmark_research.relationships.satisfaction.net_promoter_score import NetPromoterScore
from relmark_research.relationships.satisfaction.value_of_a_point import PointValue


def retention_heading(gap: Mapping[str, float], slopes: pd.DataFrame, knot: float) -> Claim:
    """Return the heading about retention by answer, below and above the knot."""
    if gap["low"] <= 0:
        both = slopes.loc[["below", "above"]]
        row = both.iloc[int((both["estimate"] / both["standard_error"]).abs().argmax())]
        way = "higher" if row["estimate"] > 0 else "lower"
        return Claim(
            statement=f"Retention is {way} for customers with higher answers",
            hint="Retention is not shown to differ by the answer",
            design="observational",
            estimate=float(row["estimate"]),
            low=float(row["low"]),
            high=float(row["high"]),
            no_effect=0,
        )
    return Claim(
        statement=f"Retention falls faster with each point below {knot:g} than it rises above",
        design="observational",
        estimate=gap["difference"],
        low=gap["low"],
        high=gap["high"],
        no_effect=0,
    )


def retention_paragraph(
    slopes: pd.DataFrame, knot: float, lack_of_fit: float, words: str
) -> list[Claim]:
    """Return the odds ratios of a point, and whether a straight line fits."""
    odds = [number(float(slopes["odds_ratio"][name])) for name in ("below", "above")]
    fits = "fits no better" if lack_of_fit > 0.05 else "fits better: trust the dots, not the line"
    return [
        _observed(words),
        _observed(
            f"Each point goes with odds of retention {odds[0]} times as high below {knot:g}, and "
            f"{odds[1]} times above. A step for each answer {fits} (p = {lack_of_fit:.2f})."
        ),
    ]


def point_heading(point_value: PointValue, money: Formatter) -> Claim:
    """Return the heading about the value of one point more."""
    value = point_value.table.to_dict("index")["lifetime"]
    found = ranged(value["value"], value["low"], value["high"], money)
    return Claim(
        statement=f"One point more goes with {found} per customer, over the time they stay",
        hint=f"One point more goes with no certain difference in value: {found} per customer",
        design="observational",
        estimate=float(value["value"]),
        low=float(value["low"]),
        high=float(value["high"]),
        no_effect=0,
    )


def point_paragraph(
    point_value: PointValue, words: str, money: Formatter, rate: float
) -> list[Claim]:
    """Return what one point more brings if retention follows the answer, which is assumed."""
    rows = point_value.table.to_dict("index")
    gained, year, life = (rows[name] for name in ("retention", "next year", "lifetime"))
    said = [
        ranged(row["value"], row["low"], row["high"], form)
        for row, form in ((gained, share), (year, money))
    ]
    return [
        _observed(words),
        _observed(
            f"On average a point goes with {said[0]} of retention and {said[1]} in the next year."
        ),
        Claim(
            statement="This is the value of raising the answer only if retention follows it, which "
            f"is assumed, as is the discount rate of {share(rate)} a year.",
            design="assumed",
        ),
        _observed(
            f"Of the variance, {share(life['link_variance_share'])} comes from the link between "
            f"answer and retention, {share(life['margin_variance_share'])} from the margins."
        ),
    ]


def drivers_heading(drivers: pd.DataFrame) -> Claim:
    """Return the heading about the item with the largest slope."""
    top = drivers.iloc[0]
    return Claim(
        statement=f"The answer goes most with satisfaction with {_plain(top['item'])}",
        hint="No item goes with the answer beyond chance",
        design="observational",
        estimate=float(top["slope"]),
        low=float(top["low"]),
        high=float(top["high"]),
        no_effect=0,
    )


def nps_heading(score: NetPromoterScore, level: float) -> Claim:
    """Return the heading about the Net Promoter Score."""
    low, high = score.interval(level)
    return Claim(
        design="counted",
        statement=f"The Net Promoter Score is {ranged(score.score, low, high, number)} "
        f"({count(score.answers)} answers)",
    )


def satisfaction_step(
    point_value: PointValue, drivers: pd.DataFrame | None, money: Formatter
) -> Claim:
    """Return the advice on satisfaction: a test, because nothing was tried on customers."""
    top = point_value.by_score.iloc[int(point_value.by_score["value"].argmax())]
    about = "" if drivers is None else f" about {_plain(drivers['item'].iloc[0])}"
    found = ranged(top["value"], top["low"], top["high"], money)
    if not top["low"] > 0:
        return _observed(
            "**Keep asking, and do not act on the answers yet**: no answer is shown at which a "
            f"point more goes with more value. The largest difference is {found} per customer."
        )
    return _observed(
        f"**Test calling customers who answer {top['score']:.0f}**{about}, a random half of them: "
        f"a point there goes with {found} per customer."
    )


def described(words: str) -> Claim:
    """Return a description of a comparison of customers as a claim."""
    return _observed(words)


def nps_paragraph(words: str) -> list[Claim]:
    """Return the score by quarter, and how to read a change."""
    return [
        Claim(statement=words, design="counted"),
        method("Where the intervals of two quarters overlap widely, no change is shown."),
    ]


def limits_paragraph() -> list[Claim]:
    """Return what answers cannot show."""
    return [
        method("That satisfied customers stay was observed, not tried in an experiment."),
        method("They may differ in other ways, and only those who answered are known."),
    ]


def _observed(statement: str) -> Claim:
    return Claim(statement=statement, design="observational")


def _plain(name: object) -> str:
    return str(name).replace("_", " ")
