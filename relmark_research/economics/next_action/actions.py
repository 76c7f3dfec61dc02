"""Actions for individual customers, and their expected gains.

With A the future contribution, R the value of future purchases, C the cost to serve and Y the
discounted years of service (see `residual_value`), the gain of an action over no action is

    grow                 lift A - cost Y
    serve more cheaply   saving C - loss A
    reprice              (1 - e p)(A + p R) - A,  with a price increase p and elasticity e
    end                  C - A

`lift`, `loss` and `e` are uncertain: each has a normal distribution, with one draw for all
customers.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import numpy as np

from relmark_research._repr import html_table
from relmark_research.economics.levels_of_relationship.relationship_level import Effect
from relmark_research.economics.next_action.residual_value import ResidualDraws
from relmark_research.errors import ParameterError, unknown_name

Array = np.ndarray

ALL = "all"
"""Key of the cost in every segment that is not named."""
ACTIONS = ("keep", "grow", "serve more cheaply", "reprice", "end")


@dataclass(frozen=True)
class Actions:
    """Costs and effects of the actions: assumptions, unless an experiment has measured them.

    Parameters
    ----------
    grow_cost, grow_lift
        Cost, money per customer and year, > 0, one number or one per segment, where ``"all"`` is
        the cost in every segment that is not named; relative increase in a customer's contribution.
    service_saving, service_loss
        Share of the cost to serve that is saved, in (0, 1]; share of a customer's contribution that
        is lost as a result.
    price_increase, price_elasticity
        Relative price increase, in (0, 1); percent of purchases lost per percent of price.
    end_certainty
        Minimum probability of a negative residual value under every other action for advice to end
        a relationship, in (0.5, 1).
    min_gain
        Minimum expected gain of an advised action, money, >= 0.
    """

    grow_cost: float | Mapping[str, float] = 12.0
    grow_lift: Effect = Effect(0.10, 0.05)  # noqa: RUF009  (frozen)
    service_saving: float = 0.5
    service_loss: Effect = Effect(0.03, 0.02)  # noqa: RUF009  (frozen)
    price_increase: float = 0.05
    price_elasticity: Effect = Effect(2.5, 0.75)  # noqa: RUF009  (frozen)
    end_certainty: float = 0.9
    min_gain: float = 0.0

    def __post_init__(self) -> None:
        for name, valid, rule in (
            ("service_saving", 0 < self.service_saving <= 1, "a share in (0, 1]"),
            ("price_increase", 0 < self.price_increase < 1, "a share in (0, 1), e.g. 0.05 for 5%"),
            ("end_certainty", 0.5 < self.end_certainty < 1, "a probability in (0.5, 1)"),
            ("min_gain", 0 <= self.min_gain < np.inf, "money, 0 or more"),
        ):
            if not valid:
                raise ParameterError(f"{name} must be {rule}; found {getattr(self, name)!r}.")
        costs = self.grow_cost if isinstance(self.grow_cost, Mapping) else {"all": self.grow_cost}
        for segment, cost in costs.items():
            if not 0 < cost < np.inf:
                raise ParameterError(
                    f"grow_cost must be money above 0; found {cost!r} for {segment}. Include the "
                    "cost of working time."
                )

    def grow_cost_in(self, segment: str) -> float:
        """Return the annual cost of growing a customer in a segment."""
        if not isinstance(self.grow_cost, Mapping):
            return float(self.grow_cost)
        if segment not in self.grow_cost and ALL not in self.grow_cost:
            raise ParameterError(
                f"grow_cost: {unknown_name('segment', segment, self.grow_cost)} Set a cost for "
                "every segment, or one number for all."
            )
        return float(self.grow_cost.get(segment, self.grow_cost.get(ALL, np.nan)))

    def _repr_html_(self) -> str:
        return html_table("Actions", vars(self))


def check_grow_cost(grow_cost: float | Mapping[str, float], segments: Iterable[str]) -> None:
    """Raise an error where a cost is named for a segment that does not exist.

    Raises
    ------
    ParameterError
        The message lists the segments that there are.

    Examples
    --------
    >>> check_grow_cost({"all": 12.0, "homes": 20.0}, ["homes", "mills"])
    >>> check_grow_cost({"all": 12.0, "house": 20.0}, ["homes", "mills"])
    Traceback (most recent call last):
      ...
    relmark_research.errors.ParameterError: grow_cost: no segment 'house'; there are: homes, \
mills. Did you mean 'homes'? Name the segments of the table, or set a cost for all: {"all": 12.0}.
    """
    if not isinstance(grow_cost, Mapping):
        return
    known = sorted({str(name) for name in segments})
    for name in grow_cost:
        if name != ALL and name not in known:
            raise ParameterError(
                f"grow_cost: {unknown_name('segment', name, known)} Name the segments of the "
                'table, or set a cost for all: {"all": 12.0}.'
            )


def action_gains(
    future: ResidualDraws, actions: Actions, effects: dict[str, Array], *, segment: str = "all"
) -> dict[str, Array]:
    """Return draws of the gain of each action over no action, shape (customers, draws)."""
    contribution, cost = future.contribution, future.cost
    repriced = contribution + actions.price_increase * future.revenue
    demand = np.clip(1 - effects["elasticity"] * actions.price_increase, 0.0, 1.0)
    return {
        "keep": np.zeros_like(contribution),
        "grow": effects["lift"] * contribution - actions.grow_cost_in(segment) * future.years,
        "serve more cheaply": actions.service_saving * cost - effects["loss"] * contribution,
        "reprice": demand * repriced - contribution,
        "end": cost - contribution,
    }


def draw_effects(actions: Actions, draws: int, rng: np.random.Generator) -> dict[str, Array]:
    """Draw the uncertain effects of the actions, shape (draws,) each, common to all customers."""
    named = {
        "lift": actions.grow_lift,
        "loss": actions.service_loss,
        "elasticity": actions.price_elasticity,
    }
    drawn = {
        name: effect.effect + effect.sd * rng.standard_normal(draws)
        for name, effect in named.items()
    }
    drawn["loss"] = np.clip(drawn["loss"], 0.0, 1.0)
    return drawn


def break_even_effects(
    contribution: float, revenue: float, cost: float, grow_cost: float, actions: Actions
) -> dict[str, float]:
    """Return the effect of each action at which its gain is 0.

    Parameters
    ----------
    contribution, revenue, cost, grow_cost
        Totals of the customers concerned, discounted money: A, R, C and the cost of growing them.
    actions
        The service saving and the price increase.

    Returns
    -------
    dict
        grow: minimum lift; serve more cheaply: maximum loss; reprice: maximum elasticity,
        R / (A + R p). Empty unless the contribution is above 0.

    Examples
    --------
    >>> effects = break_even_effects(40.0, 100.0, cost=8.0, grow_cost=2.0, actions=Actions())
    >>> {name: round(value, 3) for name, value in effects.items()}
    {'grow': 0.05, 'serve more cheaply': 0.1, 'reprice': 2.222}
    """
    if contribution <= 0:
        return {}
    return {
        "grow": grow_cost / contribution,
        "serve more cheaply": actions.service_saving * cost / contribution,
        "reprice": revenue / (contribution + actions.price_increase * revenue),
    }
