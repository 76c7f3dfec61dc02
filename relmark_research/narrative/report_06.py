"""What report 06 says of actions: what they assume, and what to do next."""

import pandas as pd

from relmark_research.economics.next_action.actions import Actions
from relmark_research.economics.next_action.next_best_action import Recommendations
from relmark_research.formats import Formatter, count, number, share, with_interval

_DOUBT = " It may also lose: begin with half of them, drawn at random."
_DO = {
    "grow": "**Put more care into {n} customers** who bring enough to pay for it",
    "reprice": "**Raise prices for {n} customers** of whose price too little is left",
    "serve more cheaply": "**Serve {n} customers more cheaply**",
    "end": "**Stop serving {n} customers** who cost more than they bring, whatever is done",
}


def answer(
    spread: pd.DataFrame, account: pd.DataFrame, advice: Recommendations, money: Formatter
) -> str:
    """Return the report's answer: profit, who takes it away, what acting would gain."""
    losses = float(-account["profit"].clip(upper=0).sum())
    value, low, high = (float(end) for end in advice.total)
    losing = share(float(spread["value"]["losing"]))
    return (
        f"We earned {money(account['profit'].sum())}. {losing} of our customers have cost more "
        f"than they brought so far, {money(losses)} in all. The actions listed below are expected "
        f"to be worth {with_interval(value, low, high, money)}."
    )


def assumptions(advice: Recommendations, actions: Actions) -> str:
    """Return what each advised action is assumed to do, and how wrong that may be.

    An action's customers were chosen because it pays for them, so that its break-even lies on the
    good side; how far away it lies is what counts.
    """
    even = advice.summary.set_index("action")["break_even"]
    said = []
    if even.notna()["grow"]:
        said.append(
            f"Growing is taken to raise what a customer brings by "
            f"{share(actions.grow_lift.effect)}; for those advised it pays from "
            f"{share(even['grow'])} on."
        )
    if even.notna()["serve more cheaply"]:
        said.append(
            f"Serving more cheaply is taken to save {share(actions.cheaper_saves)} of the cost and "
            f"to lose {share(actions.cheaper_loses.effect)} of what customers bring; it pays "
            f"unless {share(even['serve more cheaply'])} is lost."
        )
    if even.notna()["reprice"]:
        said.append(
            f"A rise of prices by {share(actions.price_rise)} is taken to meet an elasticity of "
            f"{number(actions.elasticity.effect)}; it pays up to {number(even['reprice'])}."
        )
    return " ".join(said) or "No action is advised, so nothing is assumed."


def next_steps(advice: Recommendations, money: Formatter) -> list[str]:
    """Return what to do, the action with the highest expected gain first."""
    table = advice.summary[(advice.summary["customers"] > 0) & (advice.summary["action"] != "keep")]
    steps = []
    for row in table.sort_values("expected_gain", ascending=False).to_dict("records"):
        gain = with_interval(row["expected_gain"], row["gain_low"], row["gain_high"], money)
        doubt = (
            ""
            if row["gain_low"] > 0
            else " It may also lose: begin with half of them, drawn at random."
        )
        done = _DO[row["action"]].format(n=count(row["customers"]))
        steps.append(f"{done}: expected gain {gain}.{doubt}")
    return steps
