"""The log-likelihood of a model over weighted rows, as a function of the log-parameters.

All parameters are positive; in their logarithms a change of the time unit is a shift by a constant.
The likelihood and what builds on it (convergence, profile, fit) need only a few things of a model.
`ParametricModel` lists them.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any, ClassVar, Literal, Protocol, Self

import numpy as np

from relmark_research.stats.newton import Point

Array = np.ndarray
Derivatives = tuple[float, Array, Array]  # value, gradient (k,) and Hessian (k, k)
SummedLikelihood = Callable[[Array], Derivatives]

_STEP = 1e-4  # of the logarithms, for a Hessian from gradients
_LIMIT = 300.0  # larger logarithms would overflow


@dataclass(frozen=True)
class MixingDistribution:
    """The two parameters of the distribution of one trait over customers.

    If customers hardly differ in the trait, both parameters diverge and the data identify only
    their ratio: first / second (a ``"rate"``) or first / (first + second) (a ``"share"``).

    Attributes
    ----------
    first, second
        Names of the parameters.
    trait
        What varies over customers, such as ``"purchase rate"``.
    kind
        Which ratio is the mean of the trait.
    zero_limit
        The model's name for a ratio of 0, such as ``"no dropout"``; empty if it has none.
    """

    first: str
    second: str
    trait: str
    kind: Literal["rate", "share"]
    zero_limit: str = ""

    @property
    def ratio(self) -> str:
        """The formula of the mean, such as ``"a / (a + b)"``."""
        first, second = self.first, self.second
        return f"{first} / ({first} + {second})" if self.kind == "share" else f"{first} / {second}"


class ParametricModel(Protocol):
    """What estimation needs of a model; `Model` is the class to derive one from."""

    mixtures: ClassVar[tuple[MixingDistribution, ...]]
    without_dropout: ClassVar[str]
    given: ClassVar[tuple[str, ...]]

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the parameters' names, in order."""

    @property
    def values(self) -> Array:
        """The parameters in order, shape (k,)."""

    @classmethod
    def from_values(cls, values: Array) -> Self:
        """Return the model with these parameters, in order."""

    def with_values(self, values: Any) -> Self:
        """Return the model with these parameters, in order, and the same given fields."""

    @classmethod
    def start(cls, *args: Any, **kwargs: Any) -> Self:
        """Return the starting values for these data and ``weights``."""

    def log_likelihood(self, *args: Any, **kwargs: Any) -> Array:
        """Return each row's log-likelihood, shape (rows,)."""

    def score(self, *args: Any, **kwargs: Any) -> Array:
        """Return the gradient of each row's log-likelihood, shape (k, rows)."""

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> SummedLikelihood:
        """Return the function that sums the log-likelihood and its derivatives over rows."""


@dataclass(frozen=True)
class Likelihood:
    """A model's log-likelihood summed over weighted rows, minus a penalty if there is one.

    Attributes
    ----------
    model
        The class of the model.
    data
        One array per column, shape (rows,).
    weights
        Customers per row, shape (rows,).
    penalty
        Weight of the squared distance of the log-parameters from ``reference``, >= 0.
    """

    model: type[ParametricModel]
    data: tuple[Array, ...] = field(repr=False)
    weights: Array = field(repr=False)
    penalty: float = 0.0

    @cached_property
    def reference(self) -> Array:
        """Logarithms of the starting values, which follow the units of time and money."""
        result: Array = np.log(self.model.start(*self.data, weights=self.weights).values)
        return result

    def __getstate__(self) -> dict[str, Any]:
        """Return what is pickled: `summed` is a function, and is made anew."""
        return {name: value for name, value in self.__dict__.items() if name != "summed"}

    @cached_property
    def summed(self) -> SummedLikelihood:
        """The model's own sums over these rows."""
        return self.model.summed(self.data, self.weights)

    @property
    def names(self) -> tuple[str, ...]:
        """Names of the model's parameters."""
        return self.model.names()

    @property
    def mixtures(self) -> tuple[MixingDistribution, ...]:
        """The distributions of the model's traits over customers."""
        return self.model.mixtures

    @property
    def n_customers(self) -> float:
        """Number of customers in the sum."""
        return float(self.weights.sum())

    def evaluate(self, logs: Array) -> Point:
        """Return value, gradient and Hessian by the log-parameters, minus the penalty."""
        values = np.exp(np.clip(logs, -_LIMIT, _LIMIT))
        with np.errstate(all="ignore"):
            value, gradient, hessian = self.summed(values)
            slope = values * gradient
            curvature = np.outer(values, values) * hessian + np.diag(slope)
        if self.penalty:
            distance = logs - self.reference
            value = value - self.penalty * float(distance @ distance)
            slope = slope - 2 * self.penalty * distance
            curvature = curvature - 2 * self.penalty * np.eye(len(logs))
        return Point(np.asarray(logs, float), float(value), slope, curvature)

    def unpenalised(self, logs: Array) -> float:
        """Return the log-likelihood without the penalty."""
        distance = logs - self.reference if self.penalty else np.zeros(1)
        return self.evaluate(logs).value + self.penalty * float(distance @ distance)

    def sample(self, size: int) -> Likelihood:
        """Return the likelihood of a systematic sample of ``size`` customers.

        Rows are sorted by their values, so that the sample is representative.
        """
        ranks = np.cumsum(self.weights)
        selected = (np.arange(size) + 0.5) * (ranks[-1] / size)
        rows, counts = np.unique(np.searchsorted(ranks, selected), return_counts=True)
        data = tuple(column[rows] for column in self.data)
        return Likelihood(self.model, data, counts.astype(float), self.penalty)


def summed_with_numerical_hessian(
    model: type[ParametricModel], data: tuple[Array, ...], weights: Array
) -> SummedLikelihood:
    """Return the sums of log-likelihood and score, with the Hessian from central differences."""

    def gradient(values: Array) -> Array:
        score = model.from_values(values).score(*data)
        return np.asarray(np.einsum("ki,i->k", score, weights))  # faster than starting BLAS threads

    def summed(values: Array) -> Derivatives:
        by_row = model.from_values(values).log_likelihood(*data)
        value = float(np.einsum("i,i->", by_row, weights))
        steps = np.eye(len(values)) * _STEP
        columns = [
            (gradient(values * np.exp(step)) - gradient(values * np.exp(-step)))
            / (2 * values[k] * np.sinh(_STEP))
            for k, step in enumerate(steps)
        ]
        hessian = np.array(columns)
        return value, gradient(values), (hessian + hessian.T) / 2

    return summed


def sum_of_products(*columns: Array) -> float:
    """Return the sum over rows of the columns' product.

    It takes one pass and one thread, since the threads of BLAS cost more than they save here.
    """
    return float(np.einsum(",".join("i" * len(columns)) + "->", *columns))
