"""What can be done about a customer, and what each action gains.

With A what a customer will bring, R the value of those purchases, C what serving costs and Y the
discounted years of service (see `residual`), an action gains, against going on as now,

    grow                 lift A - cost Y
    serve more cheaply   saves C - loses A
    reprice              (1 - e p)(A + p R) - A,  price up by the share p, elasticity e
    end                  C - A

`lift`, `loses` and `e` are not known: each is drawn from a normal, one draw for all customers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

import numpy as np

from relmark_research.economics.levels_of_relationship.relationship_level import Effect
from relmark_research.economics.next_action.residual_value import Prospect
from relmark_research.errors import ParameterError, unknown_name

Array = np.ndarray

ACTIONS = ("keep", "grow", "serve more cheaply", "reprice", "end")


@dataclass(frozen=True)
class Actions:
    """What the actions cost and do: judgements, until an experiment has told.

    Parameters
    ----------
    grow_cost, grow_lift
        Money per customer and year, > 0, one number or one per segment; by what share what a
        customer brings grows.
    cheaper_saves, cheaper_loses
        Share of the cost to serve that falls away, in (0, 1]; share of what a customer brings that
        is lost by it.
    price_rise, elasticity
        Share by which the price rises, in (0, 1); percent of purchases lost per percent of price.
    certainty
        Probability of a negative residual value, whatever else is done, from which ending may be
        advised, in (0.5, 1).
    least_gain
        Money that an action must gain to be worth the trouble, >= 0.
    """

    grow_cost: float | Mapping[str, float] = 12.0
    grow_lift: Effect = Effect(0.10, 0.05)  # noqa: RUF009  (frozen)
    cheaper_saves: float = 0.5
    cheaper_loses: Effect = Effect(0.03, 0.02)  # noqa: RUF009  (frozen)
    price_rise: float = 0.05
    elasticity: Effect = Effect(2.5, 0.75)  # noqa: RUF009  (frozen)
    certainty: float = 0.9
    least_gain: float = 0.0

    def __post_init__(self) -> None:
        for name, good, rule in (
            ("cheaper_saves", 0 < self.cheaper_saves <= 1, "a share in (0, 1]"),
            ("price_rise", 0 < self.price_rise < 1, "a share in (0, 1), 0.05 for five percent"),
            ("certainty", 0.5 < self.certainty < 1, "a probability in (0.5, 1)"),
            ("least_gain", 0 <= self.least_gain < np.inf, "money, 0 or more"),
        ):
            if not good:
                raise ParameterError(f"{name} must be {rule}; found {getattr(self, name)!r}.")
        costs = self.grow_cost if isinstance(self.grow_cost, Mapping) else {"all": self.grow_cost}
        for segment, cost in costs.items():
            if not 0 < cost < np.inf:
                raise ParameterError(
                    f"grow_cost must be money above 0 (what costs nothing would always pay); found "
                    f"{cost!r} for {segment}. Count the hours that it takes."
                )

    def grow_cost_in(self, segment: str) -> float:
        """Return what growing a customer costs a year in a segment."""
        if not isinstance(self.grow_cost, Mapping):
            return float(self.grow_cost)
        if segment not in self.grow_cost:
            raise ParameterError(
                f"grow_cost: {unknown_name('segment', segment, self.grow_cost)} Give every segment "
                "its cost, or one number for all."
            )
        return float(self.grow_cost[segment])


def gains(
    future: Prospect, actions: Actions, effects: dict[str, Array], *, segment: str = "all"
) -> dict[str, Array]:
    """Return draws of what each action gains against going on as now, (customers, draws)."""
    brings, costs = future.brings, future.costs
    risen = brings + actions.price_rise * future.revenue
    kept = np.clip(1 - effects["elasticity"] * actions.price_rise, 0.0, 1.0)
    return {
        "keep": np.zeros_like(brings),
        "grow": effects["lift"] * brings - actions.grow_cost_in(segment) * future.years,
        "serve more cheaply": actions.cheaper_saves * costs - effects["loses"] * brings,
        "reprice": kept * risen - brings,
        "end": costs - brings,
    }


def drawn_effects(actions: Actions, draws: int, rng: np.random.Generator) -> dict[str, Array]:
    """Draw what is not known of the actions, shape (draws,) each, the same for every customer."""
    named = {
        "lift": actions.grow_lift,
        "loses": actions.cheaper_loses,
        "elasticity": actions.elasticity,
    }
    drawn = {
        name: effect.effect + effect.sd * rng.standard_normal(draws)
        for name, effect in named.items()
    }
    drawn["loses"] = np.clip(drawn["loses"], 0.0, 1.0)
    return drawn


def break_even(
    brings: float, revenue: float, costs: float, growing: float, actions: Actions
) -> dict[str, float]:
    """Return how large an effect may or must be for an action to gain nothing and lose nothing.

    Parameters
    ----------
    brings, revenue, costs, growing
        Of the customers concerned, discounted money: A, R, C and what growing them costs.
    actions
        How much is saved and by how much the price rises.

    Returns
    -------
    dict
        grow: the lift that it must bring; serve more cheaply: the share that it may lose; reprice:
        the elasticity that it may meet, R / (A + R p).

    Examples
    --------
    >>> at = break_even(brings=40.0, revenue=100.0, costs=8.0, growing=2.0, actions=Actions())
    >>> {name: round(value, 3) for name, value in at.items()}
    {'grow': 0.05, 'serve more cheaply': 0.1, 'reprice': 2.222}
    """
    if brings <= 0:
        return {}
    return {
        "grow": growing / brings,
        "serve more cheaply": actions.cheaper_saves * costs / brings,
        "reprice": revenue / (brings + actions.price_rise * revenue),
    }
