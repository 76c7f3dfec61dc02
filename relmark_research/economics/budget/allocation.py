"""Optimal allocation of a budget across budget lines, with its shadow price.

A budget line is a purpose (acquisition or retention) in a segment: n people, each with a success
probability c (1 - exp(-k x)) at a spend x per head; a success has the customer value v. Customer
equity of a year's budget is

    E(x) = sum over lines of n (v c (1 - exp(-k x)) - x).

E is concave, so at its maximum under a budget constraint the marginal return is equal on all lines
that are not at a bound: v c k exp(-k x) = 1 + l. Spend falls as l rises, so bisection on l gives
the optimum, for many draws of the curves at once. l is the shadow price: the increase in equity per
additional unit of budget.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relmark_research._repr import short_repr
from relmark_research.economics.response.curve_shapes import (
    Array,
    exponential_rate,
    exponential_slope,
)
from relmark_research.errors import ParameterError

_BISECTIONS = 100


@short_repr
@dataclass(frozen=True, repr=False)
class Allocation:
    """An allocation of the budget.

    Attributes
    ----------
    spend
        Money per head on each line, shape (lines,) or (draws, lines).
    shadow_price
        Equity per additional unit of budget, shape () or (draws,).
    """

    spend: Array
    shadow_price: Array

    def _summary(self) -> dict[str, object]:
        rows = {"lines": self.spend.shape[-1], "draws": self.spend[..., 0].size}
        return {**rows, "mean shadow price": self.shadow_price.mean()}


@short_repr
@dataclass(frozen=True, repr=False)
class BudgetLines:
    """The lines of a budget: arrays of shape (lines,), or (draws, lines) under uncertainty.

    Parameters
    ----------
    ceiling, steepness
        c and k of each line's response curve; c in (0, 1], k per unit of money per head.
    people
        Prospects reached, or customers at risk, in the year; > 0.
    customer_value
        Money per success.
    min_spend, max_spend
        Bounds of the spend per head, such as the observed range.
    """

    ceiling: Array
    steepness: Array
    people: Array
    customer_value: Array
    min_spend: Array | float = 0.0
    max_spend: Array | float = np.inf

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, np.asarray(value, float))
        self._require("ceiling", "in (0, 1]", (self.ceiling > 0) & (self.ceiling <= 1))
        self._require("steepness", "above 0", self.steepness > 0)
        self._require("people", "above 0", self.people > 0)
        low = np.asarray(self.min_spend)
        self._require("min_spend", "between 0 and max_spend", (low >= 0) & (low <= self.max_spend))

    def equity(self, spend: Array) -> Array:
        """Return E at spends per head, summed over lines."""
        total: Array = self.equity_by_line(spend).sum(axis=-1)
        return total

    def equity_by_line(self, spend: Array) -> Array:
        """Return the contribution of each line to E at spends per head."""
        value = self.customer_value * exponential_rate(self.ceiling, self.steepness, spend)
        equity: Array = self.people * (value - spend)
        return equity

    def marginal_returns(self, spend: Array) -> Array:
        """Return customer value per additional unit of spend on each line, v c k exp(-k x)."""
        return self.customer_value * exponential_slope(self.ceiling, self.steepness, spend)

    def optimum(self, budget: float | None = None) -> Allocation:
        """Return the allocation that maximises equity under a budget constraint.

        Parameters
        ----------
        budget
            Money for all lines in the year, > 0; None for no constraint.

        Raises
        ------
        ParameterError
            If the budget is below the sum of the minimum spends.

        Examples
        --------
        >>> lines = BudgetLines(ceiling=np.array([0.10, 0.80]), steepness=np.array([0.5, 0.1]),
        ...     people=np.array([1000, 100]), customer_value=np.array([100.0, 100.0]))
        >>> allocation = lines.optimum(budget=2000)
        >>> allocation.spend.round(2), round(float(allocation.shadow_price), 2)
        (array([1.02, 9.8 ]), 2.0)
        """
        value = np.maximum(self.customer_value, 1e-300)
        log_return = np.log(self.ceiling * self.steepness * value)  # marginal return at zero spend
        log_price = np.zeros(log_return.shape[:-1])
        spend = self._spend_at(log_return, log_price)
        if budget is None:
            return Allocation(spend, log_price)
        bound = np.broadcast_to(self.min_spend, log_return.shape)
        needed = float((self.people * bound).sum(axis=-1).max())
        if not (budget > 0 and budget >= needed * (1 - 1e-12)):
            raise ParameterError(
                f"budget must be above 0 and at least the sum of the minimum spends "
                f"({needed:,.4g}); found {budget!r}."
            )
        low, high = log_price, np.maximum(0.0, log_return.max(axis=-1))
        for _ in range(_BISECTIONS):
            middle = (low + high) / 2
            over = (self.people * self._spend_at(log_return, middle)).sum(axis=-1) > budget
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        slack = (self.people * spend).sum(axis=-1) <= budget
        log_price = np.where(slack, 0.0, high)
        return Allocation(self._spend_at(log_return, log_price), np.expm1(log_price))

    def _spend_at(self, log_return: Array, log_price: Array) -> Array:
        """Return the spends with a marginal return of exp(log_price), within the bounds."""
        spend = (log_return - log_price[..., None]) / self.steepness
        return np.clip(spend, self.min_spend, self.max_spend)

    def _summary(self) -> dict[str, object]:
        shape = np.broadcast_shapes(self.ceiling.shape, self.customer_value.shape)
        return {"lines": shape[-1], "draws": int(np.prod(shape[:-1]))}

    def _require(self, name: str, rule: str, valid: Array) -> None:
        if not np.all(valid):
            values = np.broadcast_to(getattr(self, name), np.shape(valid))
            raise ParameterError(
                f"{name} of each budget line must be {rule}; found {values[~valid].flat[0]:g} "
                f"({(~valid).sum()} of {values.size})."
            )
