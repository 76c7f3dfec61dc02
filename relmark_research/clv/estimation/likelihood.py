"""The likelihood of a model over weighted rows, as a function of the parameters' logarithms.

All parameters are positive; in their logarithms a change of the time unit is a mere shift.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from relmark_research.stats.newton import Point

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model

Array = np.ndarray
Summed = Callable[[Array], tuple[float, Array, Array]]

_STEP = 1e-4  # of the logarithms, for a Hessian from gradients
_LIMIT = 300.0  # logarithms beyond it would overflow


@dataclass(frozen=True)
class Likelihood:
    """A model's log-likelihood summed over weighted rows, less a penalty if there is one.

    Attributes
    ----------
    model
        The kind of model.
    data
        One array per column, shape (rows,).
    weights
        Customers per row, shape (rows,).
    penalty
        Weight of the squared distance of the log-parameters from ``reference``, >= 0.
    """

    model: type[Model]
    data: tuple[Array, ...]
    weights: Array
    penalty: float = 0.0

    @cached_property
    def reference(self) -> Array:
        """Logarithms of the model's start: it follows the units of time and money."""
        return np.log(self.model.start(*self.data, weights=self.weights).values)

    @cached_property
    def summed(self) -> Summed:
        """The model's own sums over these rows."""
        return self.model.summed(self.data, self.weights)

    @property
    def customers(self) -> float:
        """How many customers the likelihood sums over."""
        return float(self.weights.sum())

    def at(self, logs: Array) -> Point:
        """Return value, gradient and Hessian by the log-parameters, less the penalty."""
        values = np.exp(np.clip(logs, -_LIMIT, _LIMIT))
        with np.errstate(all="ignore"):
            value, gradient, hessian = self.summed(values)
            slope = values * gradient
            curvature = np.outer(values, values) * hessian + np.diag(slope)
        if self.penalty:
            off = logs - self.reference
            value = value - self.penalty * float(off @ off)
            slope = slope - 2 * self.penalty * off
            curvature = curvature - 2 * self.penalty * np.eye(len(logs))
        return Point(np.asarray(logs, float), float(value), slope, curvature)

    def without_penalty(self, logs: Array) -> float:
        """Return the log-likelihood itself."""
        off = logs - self.reference if self.penalty else np.zeros(1)
        return self.at(logs).value + self.penalty * float(off @ off)

    def sample(self, most: int) -> Likelihood:
        """Return the likelihood of every n-th customer in the rows' order, ``most`` at most.

        Rows stand in the order of their values, so that the sample is like the whole.
        """
        ranks = np.cumsum(self.weights)
        picked = (np.arange(most) + 0.5) * (ranks[-1] / most)
        rows, counts = np.unique(np.searchsorted(ranks, picked), return_counts=True)
        data = tuple(column[rows] for column in self.data)
        return Likelihood(self.model, data, counts.astype(float), self.penalty)


def differenced(model: type[Model], data: tuple[Array, ...], weights: Array) -> Summed:
    """Return the sums of log-likelihood and score, with the Hessian from central differences."""

    def slope(values: Array) -> Array:
        score = model.from_values(values).score(*data)
        return np.asarray(np.einsum("ki,i->k", score, weights))  # BLAS's threads cost more

    def summed(values: Array) -> tuple[float, Array, Array]:
        each = model.from_values(values).log_likelihood(*data)
        value = float(np.einsum("i,i->", each, weights))
        steps = np.eye(len(values)) * _STEP
        columns = [
            (slope(values * np.exp(step)) - slope(values * np.exp(-step)))
            / (2 * values[k] * np.sinh(_STEP))
            for k, step in enumerate(steps)
        ]
        hessian = np.array(columns)
        return value, slope(values), (hessian + hessian.T) / 2

    return summed
