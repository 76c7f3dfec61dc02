"""The text of report 09 on prospects: where they are lost, how many are won, at what cost."""

import pandas as pd

from relmark_research.evidence import Claim, method
from relmark_research.formats import Formatter, listing, share
from relmark_research.formats import with_interval as ranged


def funnel_heading(won: pd.DataFrame) -> Claim:
    """Return the heading about the groups with the highest and the lowest conversion."""
    first, last = won.iloc[0], won.iloc[-1]
    stage = f"reach the stage “{first['stage']}”"
    shares = [share(row["cumulative_conversion"]) for row in (first, last)]
    if len(won) == 1:
        return _counted(f"{shares[0]} of the prospects {stage}")
    ours, theirs = (
        f"{part} of prospects from {row['group']}"
        for part, row in zip(shares, (first, last), strict=True)
    )
    said = f"{ours} {stage}, {theirs}"
    return _counted(said)


def funnel_paragraph(funnel: pd.DataFrame, words: str, *, dated: bool) -> list[Claim]:
    """Return where most prospects are lost, and how those without an end are counted."""
    leak = largest_leak(funnel)
    lost = ranged(leak["drop_off"], leak["drop_off_low"], leak["drop_off_high"], share)
    where = "" if len(set(funnel["group"])) == 1 else f" from {leak['group']}"
    how = (
        "Recent prospects count for the time they were observed, not as failures."
        if dated
        else "The counts do not say who is still undecided, so the shares are those to date."
    )
    return [
        _counted(words),
        _counted(f"Most are lost on the way to “{leak['stage']}”{where}: {lost}."),
        method(how),
    ]


def largest_leak(funnel: pd.DataFrame) -> pd.Series:
    """Return the row of the funnel with the largest drop-off."""
    return funnel.iloc[int(funnel["drop_off"].astype(float).argmax())]


def trend_heading(trend: pd.DataFrame, stage: str, within_days: int) -> Claim:
    """Return the heading about the latest prospects with enough follow-up."""
    latest = trend.dropna(subset=["share"]).iloc[-1]
    return _counted(
        f"{share(latest['share'])} of the latest prospects reach “{stage}” within "
        f"{within_days} days"
    )


def costs_paragraph(costs: pd.DataFrame, money: Formatter) -> Claim:
    """Return the acquisition cost along the funnel, by group."""
    known = costs.dropna(subset=["acquisition_cost"])
    said = [
        f"{row['group']} {ranged(row['acquisition_cost'], row['low'], row['high'], money)}"
        for row in known.to_dict("records")
    ]
    return _counted(f"The acquisition cost along the funnel is {listing(said)}." if said else
                    "No customer was won among the prospects observed long enough.")  # fmt: skip


def funnel_step(funnel: pd.DataFrame) -> Claim:
    """Return the advice on the funnel: the step to look at."""
    leak = largest_leak(funnel)
    where = "" if len(set(funnel["group"])) == 1 else f" for prospects from {leak['group']}"
    lost = share(leak["drop_off"])
    return _counted(f"**Look at the step to “{leak['stage']}”**{where}: {lost} are lost there.")


def won_label(won: pd.DataFrame) -> str:
    """Return the name of the key figure: the conversion of the best group."""
    first = won.iloc[0]
    end = f"{str(first['stage']).capitalize()}"
    return end if len(won) == 1 else f"{end}, from {first['group']}"


def trend_paragraph(words: str) -> Claim:
    """Return the trend in words."""
    return _counted(words)


def limits_paragraph() -> Claim:
    """Return what the funnel takes for granted."""
    return method("The funnel takes recent prospects to be like earlier ones.")


def _counted(statement: str) -> Claim:
    return Claim(statement=statement, design="counted")
