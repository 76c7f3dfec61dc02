"""The text of report 06, profitability: the answer, assumptions, advice."""

import pandas as pd

from relmark_research.economics.next_action.actions import Actions
from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.formats import Formatter, count, number, share, with_interval

_CAVEAT = " A loss is possible: start with a random half of them."
_STEPS = {
    "grow": "**Invest more in {n} customers** whose margin covers the cost",
    "reprice": "**Raise prices for {n} customers** with too low a margin",
    "serve more cheaply": "**Serve {n} customers more cheaply**",
    "end": "**Stop serving {n} customers** who are unprofitable under every action",
}


def answer(
    spread: pd.DataFrame, account: pd.DataFrame, advice: Recommendations, money: Formatter
) -> str:
    """Return the answer: profit, losses, and the expected gain of the advice."""
    losses = float(-account["profit"].clip(upper=0).sum())
    value, low, high = (float(end) for end in advice.total)
    losing = share(float(spread["value"]["losing"]))
    return (
        f"We earned {money(account['profit'].sum())}. {losing} of our customers have been "
        f"unprofitable so far, {money(losses)} in all. The actions listed below are expected "
        f"to gain {with_interval(value, low, high, money)}."
    )


def assumptions_paragraph(advice: Recommendations, actions: Actions) -> str:
    """Return the assumed effect of each advised action, and its break-even value.

    An action is advised only for customers for whom it pays, so the assumption lies on the
    profitable side of the break-even value; the distance between the two is what matters.
    """
    break_even = advice.summary.set_index("action")["break_even"]
    said = []
    if break_even.notna()["grow"]:
        said.append(
            f"Growing is assumed to raise what a customer brings by "
            f"{share(actions.grow_lift.effect)}; for those advised it pays from "
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
    return " ".join(said) or "No action is advised, so nothing is assumed."


def next_steps(advice: Recommendations, money: Formatter) -> list[str]:
    """Return the advice, sorted by expected gain."""
    table = advice.summary[(advice.summary["customers"] > 0) & (advice.summary["action"] != "keep")]
    steps = []
    for row in table.sort_values("expected_gain", ascending=False).to_dict("records"):
        gain = with_interval(row["expected_gain"], row["gain_low"], row["gain_high"], money)
        caveat = "" if row["gain_low"] > 0 else _CAVEAT
        step = _STEPS[row["action"]].format(n=count(row["customers"]))
        steps.append(f"{step}: expected gain {gain}.{caveat}")
    return steps
