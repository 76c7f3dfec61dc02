"""The text of report 06, profitability: the answer, assumptions, advice."""

import math
from collections.abc import Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from relmark_research.economics.next_action.actions import Actions
from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.economics.profitability.usable_costs import UsableCosts
from relmark_research.evidence import Claim, advice_verdict, method
from relmark_research.formats import Formatter, count, listing, number, share, with_interval
from relmark_research.narrative.wording import probability_text
from relmark_research.stats.intervals import normal_quantile, wilson_interval
from relmark_research.units import Horizon, TimeUnit

_FEWEST = 30  # customers who are divided by lifetime and profit
_POWER = 0.8  # of a test
_YEAR = 365.25  # days
_EFFECTS = ("effects of the actions", "costs of the actions")
_STEPS = {
    "grow": "**Invest more in {n} customers** whose margin covers the cost",
    "reprice": "**Raise prices for {n} customers** with too low a margin",
    "serve more cheaply": "**Serve {n} customers more cheaply**",
}


def not_counted(costs: UsableCosts) -> str:
    """Return the costs that are not known, as the end of a sentence; empty if all are."""
    missing = [
        name
        for name, table in (("contacts", costs.contacts), ("acquisition", costs.customers))
        if table is None
    ]
    return f" before the costs of {' and '.join(missing)}, which are not known" if missing else ""


def answer(
    account: pd.DataFrame, costs: UsableCosts, advice: Recommendations | None, money: Formatter,
    *, has_cost: bool,
) -> list[Claim]:  # fmt: skip
    """Return the answer: profit and losses so far, and what the advice is expected to gain.

    Parameters
    ----------
    account
        The profit table; of a log without cost its profit is revenue.
    costs
        What is known of costs.
    advice
        The recommendations; None without.
    money
        Format of money.
    has_cost
        Whether the log has the cost of goods.
    """
    profit = account["profit"]
    total, n = float(profit.sum()), len(profit)
    if not has_cost:
        said = (
            f"{count(n)} customers brought a revenue of {money(total)}. Who is profitable is not "
            "known, because the transactions have no cost of goods."
        )
        return [Claim(statement=said, design="counted", estimate=total, rows=n,
                      source="transactions")]  # fmt: skip
    lost, losing = float(-profit.clip(upper=0).sum()), int((profit < 0).sum())
    low, high = map(float, wilson_interval(losing, n))
    earned = "earned" if total >= 0 else "lost"
    unprofitable = (
        f"{with_interval(losing / n, low, high, share)} of our customers have been unprofitable "
        f"so far, {money(lost)} in all."
        if losing
        else f"None of our {count(n)} customers has been unprofitable so far."
    )
    claims = [
        Claim(
            statement=f"We {earned} {money(abs(total))}{not_counted(costs)}. {unprofitable}",
            design="counted", estimate=losing / n, low=low, high=high, rows=n,
            source="transactions, contacts, customers",
        )
    ]  # fmt: skip
    return claims if advice is None else [*claims, expected_gain(advice, money)]


def expected_gain(advice: Recommendations, money: Formatter) -> Claim:
    """Return the expected gain of all actions, under their assumed effects."""
    value, low, high = (float(end) for end in advice.total)
    if not _advised(advice):
        said = "Under the assumed effects no action is expected to gain more than it costs."
        return Claim(statement=said, design="assumed", assumptions=_EFFECTS)
    said = (
        "Under the assumed effects of the actions listed below, acting is expected to gain "
        f"{with_interval(value, low, high, money)}."
    )
    return Claim(statement=said, design="assumed", estimate=value, low=low, high=high,
                 level=advice.level, no_effect=0.0, assumptions=_EFFECTS)  # fmt: skip


def losses_heading(spread: pd.DataFrame, *, has_cost: bool) -> Claim:
    """Return the heading about concentration: losses, or the share of the best fifth."""
    measures: dict[Any, dict[Any, Any]] = spread.to_dict("index")
    row = measures["losing"]
    if has_cost and row["value"] > 0:
        destroyed = measures["destroyed"]
        return Claim(
            statement=f"{share(row['value'])} of the customers take {share(destroyed['value'])} "
            "of the profit away",
            design="counted", estimate=float(row["value"]), low=float(row["low"]),
            high=float(row["high"]), source="transactions, contacts, customers",
        )  # fmt: skip
    top = measures["top_fifth"]
    what = "profit" if has_cost else "revenue"
    value, low, high = (float(top[end]) for end in ("value", "low", "high"))
    return Claim(
        statement=f"The best fifth of the customers bring {share(value)} of the {what}",
        design="counted", estimate=value, low=low, high=high, source="transactions",
    )  # fmt: skip


def losses_paragraph(words: str, spread: pd.DataFrame, *, has_cost: bool) -> list[Claim]:
    """Return the description of the curve, and why a loss so far is no reason to end."""
    if not has_cost:
        words = words.replace("profitable", "valuable").replace("profit", "revenue")
    claims = [Claim(statement=words, design="counted", source="transactions")]
    if has_cost and float(spread["value"]["losing"]) > 0:
        claims.append(method(
            "The cost of acquiring a customer is charged at once, and what a young customer will "
            "bring is still to come. A loss so far is no reason to end a relationship."
        ))  # fmt: skip
    return claims


def items_heading(items: pd.DataFrame) -> Claim:
    """Return the heading about the account: what acquisition and service take of revenue."""
    taken = items.set_index("item")["share"].abs()
    parts = []
    if taken["acquisition"] > 0:
        parts.append(f"Acquiring customers takes {share(taken['acquisition'])} of revenue")
    served = float(taken["contacts"] + taken["service"])
    if served > 0:
        verb = "serving them" if parts else "Serving customers takes"
        parts.append(f"{verb} {share(served)}" + ("" if len(parts) else " of revenue"))
    said = ", ".join(parts) or f"The goods take {share(taken['goods'])} of revenue"
    return Claim(statement=said, design="counted", source="transactions, contacts, customers")


def tiers_heading(tiers: pd.DataFrame, *, has_cost: bool) -> Claim:
    """Return the heading about tiers: what the best customers bring."""
    row, what = tiers.iloc[0], "profit" if has_cost else "revenue"
    size, part = count(row["customers"]), row["share"]
    said = f"The top {size} customers bring {share(part)} of the {what}"
    if float(tiers["value"].sum()) <= 0:
        said = f"All customers together brought no {what}"
    return Claim(statement=said, design="counted", source="transactions")


def tiers_paragraph(words: str) -> Claim:
    """Return the description of the tiers."""
    return Claim(statement=words, design="counted", source="transactions, contacts, customers")


def quadrants_heading(four: pd.DataFrame) -> Claim:
    """Return the heading about predicted lifetime and profit."""
    sizes = four.set_index("quadrant")["customers"]
    stay, go = count(sizes["barnacles"]), count(sizes["butterflies"])
    said = f"{stay} customers are expected to stay with a low profit, {go} to leave with a high one"
    if sizes.max() == sizes.sum():
        said = "The customers do not differ in predicted lifetime and profit"
    return Claim(
        statement=said, design="forecast", rows=int(sizes.sum()), fewest=_FEWEST,
        withheld="Too few customers to divide them by lifetime and profit", source="transactions",
    )  # fmt: skip


def quadrants_paragraph(words: str) -> list[Claim]:
    """Return the description of the quadrants, and how they are formed."""
    return [
        Claim(statement=words, design="forecast", source="transactions"),
        method(
            "Lifetimes are predicted from the first two thirds of the log; profit is that of the "
            "last third, the holdout. Long and high are above the median."
        ),
    ]


def gain_heading(advice: Recommendations, money: Formatter) -> Claim:
    """Return the heading about the advice."""
    claim = expected_gain(advice, money)
    return replace(claim, statement=claim.statement.rstrip("."))


def gains_paragraph(words: str) -> Claim:
    """Return the description of the gains by action, which rest on assumed effects."""
    said = f"{words} All gains rest on the assumed effects and costs of the actions."
    return Claim(statement=said, design="assumed", assumptions=_EFFECTS)


def ending(
    advice: Recommendations, checked: pd.DataFrame | None, costs: UsableCosts, money: Formatter
) -> Claim:
    """Return whether relationships should end: customers who surely cost more than they bring.

    Advice given earlier, which nobody acted on, supports it where the customers concerned made a
    loss since, and contradicts it where they made a profit.
    """
    row = _end_row(advice)
    n = int(row["customers"])
    if not n:
        without = "" if costs.contacts is not None else " Costs of service are not known."
        said = (
            "No customer surely costs more than they bring, so no relationship should end."
            + without
        )
        return Claim(statement=said, design="forecast", rows=len(advice.table),
                     source="transactions, contacts")  # fmt: skip
    gain = with_interval(row["expected_gain"], row["gain_low"], row["gain_high"], money)
    who = f"{count(n)} customers cost more than they bring"
    return Claim(
        statement=f"{who}: without them we expect to save {gain}.",
        hint=f"{who}, by the forecast alone: without them we expect to save {gain}.",
        withheld="No relationship should end: customers of whom the same was forecast earlier "
        "brought more than they cost since.",
        design="forecast", estimate=float(row["expected_gain"]), low=float(row["gain_low"]),
        high=float(row["gain_high"]), level=advice.level, no_effect=0.0,
        holdout=_earlier_ends(checked), rows=n, source="transactions, contacts",
    )  # fmt: skip


def _end_row(advice: Recommendations) -> dict[Any, Any]:
    rows: dict[Any, dict[Any, Any]] = advice.summary.set_index("action").to_dict("index")
    return rows["end"]


def _earlier_ends(checked: pd.DataFrame | None) -> bool | None:
    """Return whether earlier advice to end proved right; None where that is not known."""
    if checked is None or not len(checked):
        return None
    rows = checked[checked["action"] == "end"]
    if rows.empty or int(rows["customers"].iloc[0]) < 2:
        return None
    if rows["actual_high"].iloc[0] < 0:
        return True
    return False if rows["actual_low"].iloc[0] > 0 else None


def assumptions_paragraph(advice: Recommendations, actions: Actions) -> list[Claim]:
    """Return the assumed effect of each advised action, and its break-even value.

    An action is advised only for customers for whom it pays, so the assumption lies on the
    profitable side of the break-even value; the distance between the two is what matters.
    """
    break_even = advice.summary.set_index("action")["break_even"]
    said = []
    if break_even.notna()["grow"]:
        said.append(
            f"Growing is assumed to raise what a customer brings by "
            f"{share(actions.grow_lift.effect)} at an assumed cost of "
            f"{_grow_cost(actions.grow_cost)} a year; for those advised it pays from "
            f"{share(break_even['grow'])} on."
        )
    if break_even.notna()["serve more cheaply"]:
        said.append(
            f"Serving more cheaply is assumed to save {share(actions.service_saving)} of the cost "
            f"and to lose {share(actions.service_loss.effect)} of what customers bring; it pays "
            f"unless {share(break_even['serve more cheaply'])} is lost."
        )
    if break_even.notna()["reprice"]:
        said.append(
            f"A price increase of {share(actions.price_increase)} assumes a price elasticity "
            f"of {number(actions.price_elasticity.effect)}; it pays up to "
            f"{number(break_even['reprice'])}."
        )
    if not said:
        return [method("No action is advised, so nothing is assumed.")]
    return [Claim(statement=each, design="assumed", assumptions=_EFFECTS) for each in said]


def _grow_cost(cost: float | Mapping[str, float]) -> str:
    if not isinstance(cost, Mapping):
        return number(cost)
    if set(cost) == {"all"}:
        return number(cost["all"])
    return listing([f"{number(value)} ({name})" for name, value in cost.items()])


def check_paragraph(words: str) -> list[Claim]:
    """Return the comparison of earlier predictions with what came."""
    return [
        method(
            "Advice given two thirds of the way through the log, on which nobody acted, can be "
            "checked."
        ),
        Claim(statement=words, design="counted", holdout=True, source="transactions, contacts"),
    ]


def trust_paragraph(*, advised: bool, has_cost: bool = True) -> list[Claim]:
    """Return what is counted, estimated and assumed."""
    what = "Profits" if has_cost else "Revenues"
    claims = [
        method(
            f"{what} so far are counted; their intervals say what another sample of customers "
            "acquired in the same way would show."
        )
    ]
    if advised:
        claims.append(method(
            "What customers will bring is estimated. What an action does is **assumed**, in the "
            "parameters of this report: try it on a random part of the customers first, and leave "
            "the others as they are."
        ))  # fmt: skip
    return claims


def costs_paragraph(costs: UsableCosts, notes: tuple[str, ...]) -> Claim:
    """Return the costs that are counted, and the decisions on the way."""
    known = [*costs.notes, *notes]
    said = "Costs are those that end with a customer." + (
        f" What was decided on the way: {'; '.join(known)}." if known else ""
    )
    return method(said)


def next_steps(
    advice: Recommendations | None, account: pd.DataFrame, ends: Claim | None, money: Formatter,
    *, days: float, horizon: str, has_cost: bool = True,
) -> list[Claim]:  # fmt: skip
    """Return the advice by expected gain, each action with its verdict: to do it, or to test it.

    Parameters
    ----------
    advice
        The recommendations; None without.
    account
        The profit table, for the spread of profit among the customers of an action.
    ends
        The result of `ending`; None without advice.
    money
        Format of money.
    days
        Length of the log.
    horizon
        Time over which gains are counted, such as ``"5 years"``.
    has_cost
        Whether the log has the cost of goods.
    """
    if not has_cost:
        return [method(
            "**Give the cost of goods** of each transaction (`data: cost`): profit, and advice on "
            "single customers, need it."
        )]  # fmt: skip
    if advice is None or ends is None:
        return [method("**Collect more purchases.** They do not carry advice on customers yet.")]
    ahead = Horizon.parse(horizon).length(TimeUnit("day")) / _YEAR
    steps = [
        _step(
            row, _spread(account, advice, str(row["action"])) * _YEAR / max(days, 1), money, ahead
        )
        for row in _advised(advice)
    ]
    return [*steps, *_end_step(advice, ends, money)] or [expected_gain(advice, money)]


def _advised(advice: Recommendations) -> list[dict[Any, Any]]:
    """Return the actions that are advised for anyone, by expected gain; ending is apart."""
    table = advice.summary
    chosen = table[(table["customers"] > 0) & table["action"].isin(list(_STEPS))]
    return chosen.sort_values("expected_gain", ascending=False).to_dict("records")


def _spread(account: pd.DataFrame, advice: Recommendations, action: str) -> float:
    """Return the standard deviation of profit among the customers of an action."""
    ids = advice.table.index[advice.table["action"] == action]
    return float(account["profit"].reindex(ids).std(ddof=1)) if len(ids) > 1 else float("nan")


def _step(row: Mapping[Any, Any], sd: float, money: Formatter, horizon_years: float) -> Claim:
    """Return the step of an action: to do it, or to test it on a random half first."""
    n, p = int(row["customers"]), float(row["probability_gain"])
    gain = with_interval(row["expected_gain"], row["gain_low"], row["gain_high"], money)
    what = _STEPS[str(row["action"])].format(n=count(n))
    verdict = advice_verdict(p)
    if verdict == "do":
        said = (
            f"{what}: under the assumed effect the expected gain is {gain}, with "
            f"{probability_text(p)} of a gain. Check that effect on a random half first."
        )
    elif verdict == "stop":
        said = f"**Leave it**: {what.strip('*')} is, under the assumed effect, no gain ({gain})."
    else:
        each = float(row["expected_gain"]) / n / max(horizon_years, 1e-9)
        said = (
            f"{what.replace('**', '**Test: ', 1)}: under the assumed effect the expected gain is "
            f"{gain}, with {probability_text(1 - p)} of a loss. Start with a random half of "
            f"them.{_size(each, sd)}"
        )
    return Claim(
        statement=said, design="assumed", estimate=float(row["expected_gain"]),
        low=float(row["gain_low"]), high=float(row["gain_high"]), no_effect=0.0, rows=n,
        assumptions=_EFFECTS,
    )  # fmt: skip


def _size(gain: float, sd: float) -> str:
    """Return the customers per group that would detect a gain per customer and year."""
    if not (math.isfinite(sd) and sd > 0 and gain > 0):
        return ""
    z = normal_quantile(0.95) + normal_quantile(2 * _POWER - 1)
    n = math.ceil(2 * (z * sd / gain) ** 2)
    return f" A year with {count(n)} customers per group would detect that gain."


def _end_step(advice: Recommendations, ends: Claim, money: Formatter) -> list[Claim]:
    """Return the step to end relationships, where that is a finding or, as a test, a hint."""
    row = _end_row(advice)
    n = int(row["customers"])
    if not n or ends.verdict == "withheld":
        return []
    gain = with_interval(row["expected_gain"], row["gain_low"], row["gain_high"], money)
    chance = probability_text(float(row["probability_gain"]))
    stops = advice_verdict(float(row["probability_gain"])) == "do"
    said = (
        f"**Stop serving {count(n)} customers** who are unprofitable under every action: expected "
        f"gain {gain}, with {chance} of a gain."
    )
    cautious = (
        f"**Stop the service of a random half of {count(n)} customers** who are expected to be "
        f"unprofitable under every action (expected gain {gain}), and compare."
    )
    sure = stops and ends.verdict == "finding"
    return [replace(ends, statement=said if sure else cautious, hint=cautious)]


def numbered(steps: list[Claim]) -> list[Claim]:
    """Return steps with their numbers."""
    return [
        replace(step, statement=f"{place}. {step.statement}",
                hint=f"{place}. {step.hint}" if step.hint else "")
        for place, step in enumerate(steps, start=1)
    ]  # fmt: skip
