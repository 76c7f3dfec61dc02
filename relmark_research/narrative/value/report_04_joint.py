"""The text of report 04 about prospects: acquisition effort and how long customers stay."""

import pandas as pd

from relmark_research.economics.response.acquisition_and_retention import JointResponse
from relmark_research.evidence import Claim
from relmark_research.formats import Formatter, count, share, with_interval
from relmark_research.narrative.wording import rounded_money

PROSPECTS = "acquired prospects"


def joint_heading(joint: JointResponse) -> Claim:
    """Return the heading about what acquisition effort does to retention."""
    effect = joint.effect_of_effort()[["relative_change", "low", "high"]].to_numpy(float)
    won = with_interval(effect[0, 0], effect[0, 1], effect[0, 2], share)
    stay, low, high = (float(each) for each in effect[1])
    said = f"10% more acquisition spend goes with {won} more customers"
    if low <= 0 <= high:
        return _seen(f"{said}, who stay about as long ({share(low)} to {share(high)})")
    ends = sorted((abs(low), abs(high)))
    change = with_interval(abs(stay), ends[0], ends[1], share)
    return _seen(f"{said}, who stay {change} {'shorter' if stay < 0 else 'longer'}")


def joint_paragraph(
    joint: JointResponse, annual_margin: float, annual_discount_rate: float, cash: Formatter
) -> Claim:
    """Return the correlation, the balance of the budget, and what separate regressions would do."""
    low, high = joint.correlation_interval()
    best, separate = (
        joint.best_spends(
            annual_margin=annual_margin, annual_discount_rate=annual_discount_rate, separate=apart
        )
        for apart in (False, True)
    )
    today = joint.profit(annual_margin=annual_margin, annual_discount_rate=annual_discount_rate)
    lost = max(0.0, float(best["joint_profit"] - separate["joint_profit"]))
    said = (
        f"Of {count(joint.prospects)} prospects {count(joint.acquired)} were acquired. The "
        "unobserved parts of acquisition and of duration have a correlation of "
        f"{with_interval(joint.correlation, low, high)}"
    )
    if low <= 0 <= high:
        said += ", which may be chance: two separate regressions may do as well. "
    else:
        said += ", so a regression of duration on acquired customers alone is biased. "
    separately = (
        f"The spends advised by the two separate regressions would earn {cash(lost)} less per "
        "prospect."
        if lost > 0.005 * abs(float(best["joint_profit"]))
        else "The two separate regressions advise about the same spends."
    )
    return _seen(
        said + f"At a margin of {rounded_money(annual_margin, cash)} a year, profit per prospect "
        f"is {cash(today)} today. By the model it is highest, {cash(float(best['joint_profit']))}, "
        f"with {cash(float(best['acquisition_spend']))} per prospect and "
        f"{cash(float(best['retention_spend']))} per customer and year, which gives acquisition "
        f"{share(float(best['acquisition_share']))} of the budget (searched between a third and "
        f"three times today's spends). {separately} Spend was not assigned at random: these "
        "differences go with spend and are not shown to be its effect."
    )


def joint_table(joint: JointResponse, *, level: float) -> pd.DataFrame:
    """Return the coefficients of both models with intervals, for the page."""
    return joint.summary(level).reset_index()


def _seen(statement: str) -> Claim:
    """Return a claim that the prospects carry; spend on them was not assigned at random."""
    return Claim(statement=statement, design="observational", source=PROSPECTS)
