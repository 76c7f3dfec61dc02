"""What report 04 says beside its advice: one segment's map, sensitivity, claims, and the limits."""

from collections.abc import Sequence

import pandas as pd

from relmark_research.economics.books import ALL
from relmark_research.economics.claims import Claim
from relmark_research.economics.equity import CustomerEquity
from relmark_research.economics.position import SpendingPosition
from relmark_research.economics.recommendation import Recommendation
from relmark_research.reporting.advice import about, named_lines, span
from relmark_research.reporting.numbers import Formatter, count, number, share

RETURNS_FORMATS = {
    "spend": "money", "heads": "count", "spend_per_head": "money", "rate": "share",
    "marginal_cost": "money", "worth": "money", "next_unit": "money", "next_unit_low": "money",
    "next_unit_high": "money",
}  # fmt: skip
WORTH_FORMATS = {
    "margin": "money", "retention_rate": "share", "customer_value": "money",
    "customer_value_low": "money", "customer_value_high": "money", "acquisition_cost": "money",
    "value_to_cost": "number", "value_to_marginal_cost": "number", "payback_months": "count",
}  # fmt: skip
SPLIT_FORMATS = {
    "heads": "count", "today": "money", "best": "money", "best_low": "money", "best_high": "money",
    "change": "money", "gain": "money", "spend_per_head_today": "money", "spend_per_head": "money",
}  # fmt: skip
SENSITIVITY_FORMATS = {
    "equity_today": "money", "equity_at_low": "money", "equity_at_high": "money", "swing": "money",
    "elasticity": "number",
}  # fmt: skip
RETENTION_FORMATS = {
    "retention_rate": "share", "customer_value": "money", "relative_gain": "share",
    "spend_today": "money", "extra_spend": "money", "curve_spend": "money",
}  # fmt: skip
FIT_FORMATS = {
    "ceiling": "share", "ceiling_low": "share", "ceiling_high": "share", "steepness": "number",
    "p_value": "number", "dispersion": "number", "logit_aic": "number",
}  # fmt: skip


def payback_finding(worth: pd.DataFrame) -> str:
    """Return the heading on how soon customers pay for having been won."""
    months = worth["payback_months"]
    never = months[months == float("inf")]
    if len(never):
        return f"In {' and '.join(map(str, never.index))} a customer never pays back what it cost"
    if months.min() == months.max():
        return f"A customer has paid for being won within {count(months.max())} months"
    return (
        f"A customer has paid for being won within {count(months.min())} to {count(months.max())} "
        "months"
    )


def payback_words(worth: pd.DataFrame, cash: Formatter) -> str:
    """Return the range of LTV : CAC, on average and at the margin."""
    ratio, next_ratio = worth["value_to_cost"], worth["value_to_marginal_cost"]
    return (
        f"A customer's value is {span(ratio, number)} times what winning one costs on average, and "
        f"{span(next_ratio, number)} times what the next one costs. Payback counts churn "
        "and discount; value is the first year's margin and what follows if all goes on as today."
    )


def curves_finding(fitted: pd.DataFrame) -> str:
    """Return the heading on how many curves the books tell."""
    told = int((fitted["told"] == "identified").sum())
    if told == len(fitted):
        return f"The books tell all {told} curves, and how they level off"
    return f"The books tell {told} of {len(fitted)} curves; the others are a matter of judgement"


def curves_words(fitted: pd.DataFrame) -> str:
    """Return which curves fit badly, or cannot be told."""
    poor = fitted[fitted["p_value"] < 0.01]
    open_ = fitted[fitted["told"] != "identified"]
    said = ["Each curve rises steeply at first and then flattens: that is why the next is dearer."]
    if len(poor):
        said.append(
            f"The counts of {named_lines(poor)} scatter more than chance would have it; their "
            "intervals are widened for it."
        )
    if len(open_):
        said.append(
            f"For {named_lines(open_)} the books do not say where the curve levels off: vary the "
            "spend more, above all upwards."
        )
    return " ".join(said)


def focus(best: Recommendation) -> str:
    """Return the segment in which most money would change place."""
    moved = best.table["change"].abs().groupby("segment").sum()
    return str(moved.idxmax())


def points(equity: CustomerEquity) -> pd.DataFrame:
    """Return today and the best without a limit, as `plots.economics.equity_surface` draws them."""
    named = {"today": equity.at(), "best": equity.optimum()}
    columns = ["acquisition_spend", "retention_spend", "customer_equity"]
    rows = [[name, *(getattr(at, column) for column in columns)] for name, at in named.items()]
    return pd.DataFrame(rows, columns=["label", *columns])


def surface_finding(segment: str, marked: pd.DataFrame, cash: Formatter) -> str:
    """Return the heading on one segment's equity."""
    today, best = marked["customer_equity"]
    who = "A prospect" if segment == ALL else f"In {segment} a prospect"
    return (
        f"{who} is worth {about(today, cash)} today, and would be worth {about(best, cash)} were "
        "money no object"
    )


def surface_words(marked: pd.DataFrame, cash: Formatter) -> str:
    """Return what the map's shape means for the order of doing things."""
    won, kept = (
        [about(float(spend), cash) for spend in marked[f"{purpose}_spend"]]
        for purpose in ("acquisition", "retention")
    )
    return (
        f"Today {won[0]} is spent per prospect and {kept[0]} per customer and year; without a "
        f"limit {won[1]} and {kept[1]} would be best, which may be far beyond what was ever tried. "
        "There the next customer won and the next one kept cost the "
        "same: what a customer is worth. Near the top the map is flat, so that little is lost by a "
        "spend somewhat off it."
    )


def sensitivity_finding(depends: pd.DataFrame) -> str:
    """Return the heading on the driver that matters most."""
    first = depends.iloc[0]
    change = abs(first["equity_at_high"] / first["equity_today"] - 1)
    return (
        f"Customer equity depends most on the {depends.index[0]}: ten percent more of it "
        f"{'adds' if first['equity_at_high'] > first['equity_today'] else 'takes'} {share(change)}"
    )


def retention_words(kept: pd.DataFrame) -> str:
    """Return what five points of retention are worth, and where they pay."""
    gained = span(kept["relative_gain"], share)
    pays = [str(segment) for segment in kept.index[kept["pays"]]]
    where = f"By the curves they pay in {', '.join(pays)}"
    if len(pays) in (0, len(kept)):
        where = f"By the curves they pay {'everywhere' if pays else 'nowhere'}"
    rest = [str(segment) for segment in kept.index[~kept["pays"]]]
    others = f" and not in {', '.join(rest)}" if pays and rest else ""
    return (
        f"Five points more retention would make a customer worth {gained} more, "
        f"if they were free. {where}{others}."
    )


def claims_finding(claims: Sequence[Claim]) -> str:
    """Return the heading on how many of the claims hold."""
    held = sum(claim.verdict == "holds" for claim in claims)
    return f"Of {len(claims)} claims that textbooks make, {held} hold here"


def trust_words(
    position: SpendingPosition, fitted: pd.DataFrame, margins: pd.DataFrame | object
) -> str:
    """Return how the curves were tested and what the margins rest on."""
    worse = int((fitted["logit_aic"] > 2).sum())
    fine = int((fitted["p_value"] >= 0.05).sum())
    said = (
        f"{fine} of {len(fitted)} curves pass a test of fit at 5%, and {worse} fit better than an "
        "S-shaped alternative that keeps customers without any spend. "
    )
    if isinstance(margins, pd.DataFrame):
        used = margins.loc[position.segments, "customers"].astype(float)
        said += (
            f"Margins are those of {count(used.sum())} customers' first years, between "
            f"{count(used.min())} and {count(used.max())} to a segment; their doubt is in every "
            "interval here. "
        )
    return said + (
        "No spend is advised that the books have not seen: where the split stops at the lowest or "
        "highest spend tried (at_bound in its table), the true best may lie beyond."
    )


def limits_words(annual_discount_rate: float) -> str:
    """Return what the model cannot know."""
    return (
        f"The model takes a discount rate of {share(annual_discount_rate)}, one margin and one "
        "retention rate per segment for all years, and customers who are as good however much was "
        "spent on winning them. It takes spends to have been varied without regard to the "
        "quarter's prospects; where more was spent because better ones were met, the curves are "
        "too steep. One rate for customers who differ undervalues those who have stayed long."
    )
