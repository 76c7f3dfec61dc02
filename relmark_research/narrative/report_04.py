"""What report 04 says of spending on customers: sentences and key figures from its tables."""

import math
from collections.abc import Sequence
from typing import Any

import pandas as pd

from relmark_research.economics.budget.budget_advice import Recommendation, Shift
from relmark_research.economics.budget.customer_equity import CustomerEquity
from relmark_research.economics.budget.spend_ledger import ALL
from relmark_research.economics.budget.spending_position import SpendingPosition
from relmark_research.economics.claims import Claim
from relmark_research.formats import (
    Detail,
    Formatter,
    count,
    estimate,
    formatter,
    number,
    share,
    with_interval,
)

WORDS = {"acquisition": "winning", "retention": "keeping"}


def answer(costs: pd.DataFrame, best: Recommendation, cash: Formatter) -> str:
    """Return the report's answer: the next customer's cost each way, and what to do about it."""
    won, kept = _cost(costs, "marginal_cost_won", cash), _cost(costs, "marginal_cost_kept", cash)
    gain = with_interval(best.gain, best.gain_low, best.gain_high, cash)
    if best.probability < 0.8:
        return (
            f"One more customer costs {won} to win and {kept} to keep. No other split of the "
            f"budget is surely better than today's: the best known would gain {gain}."
        )
    return (
        f"One more customer costs {won} to win and {kept} to keep. The same money, split better "
        f"{'between channels and ' if len(best.table) > 2 else ''}between winning and keeping, "
        f"would raise customer equity by {gain}."
    )


def odds(best: Recommendation) -> str:
    """Return how sure a better split is of being better."""
    return f"customer equity of a year at the same budget; better with {chance(best.probability)}"


def chance(probability: float) -> str:
    """Return a probability that came from draws, never as certainty.

    Examples
    --------
    >>> chance(1.0), chance(0.9652), chance(0.0)
    ('a probability above 99.9%', 'a probability of 97%', 'a probability below 0.1%')
    """
    if probability > 0.999:
        return "a probability above 99.9%"
    if probability < 0.001:
        return "a probability below 0.1%"
    return f"a probability of {100 * probability:.{0 if 0.01 <= probability <= 0.99 else 1}f}%"


def key_figures(costs: pd.DataFrame, shift: Shift, currency: str) -> list[dict[str, Any]]:
    """Return the arguments of `story.record`: the next customer each way, and a small shift."""
    cash = formatter(currency)
    found: list[dict[str, Any]] = []
    for name, verb in (("won", "win"), ("kept", "keep")):
        value, low, high = _ends(costs.loc[ALL], f"marginal_cost_{name}")
        average = about(float(costs[f"cost_per_{name}"][ALL]), cash)
        found.append(
            {
                "name": f"next_customer_{name}", "value": value, "low": low, "high": high,
                "unit": currency, "label": f"To {verb} one more customer",
                "meaning": f"the average one costs {average}; this is the next",
            }
        )  # fmt: skip
    found.append(
        {
            "name": "shift_probability", "value": shift.probability, "unit": "share",
            "label": f"Chance that moving {100 * shift.share:g}% to keeping pays",
            "meaning": "with the channels' shares left as they are",
        }
    )  # fmt: skip
    return found


def about(value: float, cash: Formatter) -> str:
    """Return money with three digits, for what is planned rather than booked.

    Examples
    --------
    >>> from relmark_research.formats import money
    >>> about(233991.2, money), about(1.0, money), about(12.345, money)
    ('$234,000', '$1', '$12.34')
    """
    if value == 0 or not math.isfinite(value):
        return cash(value)
    step = 10.0 ** (math.floor(math.log10(abs(value))) - 2)
    whole = value == round(value) and abs(value) < 1000
    return cash(value, detail=Detail(step=1.0 if whole else step if step >= 0.1 else 0.01))


def costs_finding(costs: pd.DataFrame, cash: Formatter) -> str:
    """Return the heading on average against marginal cost."""
    ratio, low, high = _ends(costs.loc[ALL], "marginal_ratio")
    average = float(costs["cost_ratio"][ALL])
    if low <= 1 <= high:
        return "At the margin winning and keeping cost about the same"
    dear, cheap = ("keeping", "winning") if ratio < 1 else ("winning", "keeping")
    turned = (ratio < 1) != (average < 1)
    start = f"On average {cheap} costs more, but " if turned else ""
    said = f"{start}the next customer is dearer in {dear}"
    return said[0].upper() + said[1:]


def costs_words(costs: pd.DataFrame) -> str:
    """Return what average and marginal costs say, and why they differ."""
    row = costs.loc[ALL]
    average, marginal = (
        with_interval(*_ends(row, name)) for name in ("cost_ratio", "marginal_ratio")
    )
    return (
        f"A customer won costs on average {average} times a customer kept; the next one won costs "
        f"{marginal} times the next one kept. The average counts the money that was easy to place. "
        "Where a channel already keeps nearly all whom money can keep, each further one is dear, "
        "whatever the average says; budgets should follow the next customer, not the average."
    )


def costs_table(costs: pd.DataFrame) -> pd.DataFrame:
    """Return the table of costs with its index as a column and without empty notes."""
    table = costs.reset_index()
    return table if table["note"].str.len().any() else table.drop(columns="note")


def money_columns(costs: pd.DataFrame) -> dict[str, str]:
    """Return the format of each column of costs."""
    return {
        name: "number" if "ratio" in name else "money" for name in costs.columns if name != "note"
    }


def returns_finding(returned: pd.DataFrame, cash: Formatter) -> str:
    """Return the heading on where the next unit of money brings most and least."""
    most, least = _most_and_least(returned, cash)
    return f"{about(1, cash)} more brings {most[0]} if spent on {most[1]}, {least[0]} on {least[1]}"


def returns_words(returned: pd.DataFrame, shift: Shift, cash: Formatter) -> str:
    """Return what the next unit of money brings by line, and what a small shift would do."""
    pays = int((returned["next_unit_low"] > 1).sum())
    return (
        f"Each dot is the customer value, the year's margin and all that follows, that one more "
        f"unit of money brings beyond today's spend. On {pays} of {len(returned)} lines it surely "
        "brings more than itself. Where one line brings several times what another does, money is "
        f"in the wrong place. {shift_words(shift, cash)}"
    )


def _most_and_least(returned: pd.DataFrame, cash: Formatter) -> list[tuple[str, str]]:
    ranked = returned.sort_values("next_unit", ascending=False)
    return [
        (estimate(*_ends(row, "next_unit"), cash), _line(line))
        for line, row in ranked.iloc[[0, -1]].iterrows()
    ]


def shift_words(shift: Shift, cash: Formatter) -> str:
    """Return what moving a little from acquisition to retention would do."""
    gain = with_interval(shift.gain, shift.gain_low, shift.gain_high, cash)
    return (
        f"Moving {100 * shift.share:g}% of the budget, {about(shift.amount, cash)}, from winning "
        f"to keeping, each line in proportion, would change customer equity by {gain}: it pays "
        f"with {chance(shift.probability)}."
    )


def span(values: pd.Series, formatted: Formatter) -> str:
    """Return the range of values over segments, one number where there is one."""
    low, high = formatted(values.min()), formatted(values.max())
    return low if low == high else f"{low} to {high}"


def split_finding(best: Recommendation, cash: Formatter) -> str:
    """Return the heading on what a better split gains."""
    gain = estimate(best.gain, best.gain_low, best.gain_high, cash)
    if best.probability < 0.8:
        return f"No split is surely better than today's; the best known gains {gain}"
    return f"Split better, the same budget brings {gain} more"


def split_words(best: Recommendation, cash: Formatter) -> str:
    """Return the sums by purpose, the probability, the regret and the shadow price."""
    sums = best.by_purpose()
    moved = about(float(best.table["change"].clip(lower=0).sum()), cash)
    purposes = " and ".join(
        f"{word} {about(sums['today'][purpose], cash)} to {about(sums['best'][purpose], cash)}"
        for purpose, word in WORDS.items()
    )
    return (
        f"Of the budget {moved} would change place; in all, {purposes}. Customer equity is what "
        "the customers won and kept in a year are worth, less what that costs: the split raises it "
        f"with {chance(best.probability)}. Keeping today's split gives away "
        f"{about(best.regret_today, cash)} of what could be had if the curves were known for sure, "
        f"this one {about(best.regret, cash)}. {about(1, cash)} more of budget would add "
        f"{cash(best.shadow_price)} beyond itself."
    )


def steps(best: Recommendation, fitted: pd.DataFrame, cash: Formatter) -> list[str]:
    """Return what to do, most gained first, with the money that each step moves."""
    table = best.table
    if best.probability < 0.8:
        return ["1. **Leave the split as it is** and vary the spends on purpose to learn more."]
    more = table[table["change"] > 0].sort_values("gain", ascending=False)
    less = table[table["change"] < 0].sort_values("change")
    found = [
        "**Spend more where the next customer brings most**: "
        + "; ".join(_step(line, row, cash) for line, row in more.iloc[:3].iterrows())
        + f". That brings {about(more['gain'].iloc[:3].sum(), cash)} of customer equity.",
        "**Take it from where the next one brings least**: "
        + "; ".join(_step(line, row, cash) for line, row in less.iloc[:3].iterrows())
        + f". That gives up {about(-less['gain'].iloc[:3].sum(), cash)}.",
    ]
    edge = table[table["at_bound"] & (table["change"] > 0)]
    loose = fitted[fitted["told"] != "identified"]
    if len(edge) or len(loose):
        found.append(
            f"**Try higher spends than ever on {named_lines(pd.concat([edge, loose]))}**, in a few "
            "places first: the books do not show where it stops paying."
        )
    found.append(
        "**Go half of the way first**, keep some places as they are, and run this report again "
        "with the next two quarters: the curves are told by spends that differ."
    )
    return [f"{place}. {step}" for place, step in enumerate(found, start=1)]


def _step(line: Any, row: Any, cash: Formatter) -> str:
    return f"{_line(line)} from {about(row['today'], cash)} to {about(row['best'], cash)}"


def _line(line: Any) -> str:
    return _named(*line)


def _named(segment: str, purpose: str) -> str:
    return WORDS[purpose] if segment == ALL else f"{WORDS[purpose]} in {segment}"


def named_lines(table: pd.DataFrame) -> str:
    """Return the names of a table's lines: winning in web, keeping in fair and keeping in field."""
    names = [_named(*line) for line in table.index.unique()]
    return names[0] if len(names) == 1 else f"{', '.join(names[:-1])} and {names[-1]}"


def _cost(costs: pd.DataFrame, name: str, cash: Formatter) -> str:
    return estimate(*_ends(costs.loc[ALL], name), cash)


def _ends(row: Any, name: str) -> tuple[float, float, float]:
    return float(row[name]), float(row[f"{name}_low"]), float(row[f"{name}_high"])


# What report 04 says beside its advice: one segment's map, sensitivity, claims, and the limits.

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
