"""One budget shared by many lines: how much each should get, and what the last unit brings.

A line is a purpose in a segment: so many heads, each of which succeeds with the chance
c (1 - exp(-k x)) where x is spent on it, and a success is worth w. Customer equity of a year's
budget is

    E(x) = sum over lines of heads x (w c (1 - exp(-k x)) - x).

It is concave, so its highest point under a budget is where the last unit of money returns the same
on every line that is not at a bound: w c k exp(-k x) = 1 + l. What is spent falls as l rises, so
one search for l finds it, for many draws of the curves at once. l is the shadow price: what one
more unit of budget would add to equity.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from relmark_research.economics.response.curve_shapes import (
    Array,
    exponential_rate,
    exponential_slope,
)
from relmark_research.errors import ParameterError

_HALVINGS = 100


@dataclass(frozen=True)
class Split:
    """A split of the budget: spend per head of each line, and the budget's shadow price."""

    spend: Array
    shadow_price: Array


@dataclass(frozen=True)
class Lines:
    """The lines of a budget: arrays of shape (lines,), or (draws, lines) where they are uncertain.

    Parameters
    ----------
    ceiling, steepness
        c and k of each line's curve; k per unit of money per head.
    heads
        Prospects to be reached, or customers at risk, in the year.
    worth
        Money that one success is worth.
    least, most
        Bounds of the spend per head, such as the range that was ever tried.
    """

    ceiling: Array
    steepness: Array
    heads: Array
    worth: Array
    least: Array | float = 0.0
    most: Array | float = np.inf

    def __post_init__(self) -> None:
        for name, value in vars(self).items():
            object.__setattr__(self, name, np.asarray(value, float))
        self._refuse("ceiling", "in (0, 1]", (self.ceiling > 0) & (self.ceiling <= 1))
        self._refuse("steepness", "above 0", self.steepness > 0)
        self._refuse("heads", "above 0", self.heads > 0)
        bounds = (np.asarray(self.least) >= 0) & (np.asarray(self.least) <= self.most)
        self._refuse("least", "between 0 and most", bounds)

    def equity(self, spend: Array) -> Array:
        """Return E, summed over lines, at spends per head."""
        total: Array = self.by_line(spend).sum(axis=-1)
        return total

    def by_line(self, spend: Array) -> Array:
        """Return what each line adds to E at spends per head."""
        won = self.worth * exponential_rate(self.ceiling, self.steepness, spend)
        found: Array = self.heads * (won - spend)
        return found

    def returns(self, spend: Array) -> Array:
        """Return what the next unit of money brings on each line, w c k exp(-k x)."""
        return self.worth * exponential_slope(self.ceiling, self.steepness, spend)

    def best(self, budget: float | None = None) -> Split:
        """Return the split of highest equity that costs no more than the budget.

        Parameters
        ----------
        budget
            Money for all lines in the year, > 0; None sets no limit.

        Raises
        ------
        ParameterError
            Where the budget does not pay for the least spends.

        Examples
        --------
        >>> lines = Lines(np.array([0.10, 0.80]), np.array([0.5, 0.1]), np.array([1000, 100]),
        ...               np.array([100.0, 100.0]))
        >>> split = lines.best(budget=2000)
        >>> split.spend.round(2), round(float(split.shadow_price), 2)
        (array([1.02, 9.8 ]), 2.0)
        """
        first = np.log(self.ceiling * self.steepness * np.maximum(self.worth, 1e-300))
        price = np.zeros(first.shape[:-1])
        spend = self._spend_at(first, price)
        if budget is None:
            return Split(spend, price)
        needed = float((self.heads * np.broadcast_to(self.least, first.shape)).sum(axis=-1).max())
        if not (budget > 0 and budget >= needed * (1 - 1e-12)):
            raise ParameterError(
                f"the budget must be above 0 and pay for the least spends of all lines "
                f"({needed:,.4g}); found {budget!r}."
            )
        low, high = price, np.maximum(0.0, first.max(axis=-1))
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            over = (self.heads * self._spend_at(first, middle)).sum(axis=-1) > budget
            low, high = np.where(over, middle, low), np.where(over, high, middle)
        within = (self.heads * spend).sum(axis=-1) <= budget
        price = np.where(within, 0.0, high)
        return Split(self._spend_at(first, price), np.expm1(price))

    def _spend_at(self, first: Array, log_price: Array) -> Array:
        """Return the spends at which the last unit returns exp(log_price), within the bounds."""
        return np.clip((first - log_price[..., None]) / self.steepness, self.least, self.most)

    def _refuse(self, name: str, rule: str, fine: Array) -> None:
        if not np.all(fine):
            values = np.broadcast_to(getattr(self, name), np.shape(fine))
            raise ParameterError(
                f"each line's {name} must be {rule}; found {values[~fine].flat[0]:g} "
                f"({(~fine).sum()} of {values.size})."
            )
