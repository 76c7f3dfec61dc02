"""Customers' future by a model, computed where customers differ: once per distinct history.

P(alive) depends on the whole history; what a *living* customer brings depends on x and T only, and
is smooth in T. It is hence computed at a few points of T for each x and interpolated between them
(Chebyshev points in ln(T + c), to a relative 1e-10), wherever that is less work.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple, dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.customers.log.distinct_histories import Distinct, coded, distinct
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.customers.log.customer_summary import CustomerSummary

Array = np.ndarray
Future = Callable[[PurchaseModel], Array]

_POINTS = (10, 16, 28, 48)
_EXACT, _ROUGH = 1e-10, 1e-6  # relative error of a value, and of its slopes by the parameters
_STEP = 1e-4  # of the log-parameters


def purchases_by(length: float) -> Future:
    """Return the future "expected purchases within ``length``" of a living customer."""
    return lambda living: living.expected_purchases(np.asarray(length))


def discounted_purchases_by(length: float, delta: float) -> Future:
    """Return the future "discounted purchases within ``length``" of a living customer."""
    return lambda living: living.discounted_purchases(delta, length)


@dataclass(frozen=True)
class Outlook:
    """Customers' distinct histories, and the x and T that occur in them.

    Attributes
    ----------
    histories
        The distinct (x, t_x, T).
    x, T
        Their distinct values, sorted.
    x_code, T_code
        Which of them each history has.
    each
        Whether every customer stands alone, as a model with parameters of each one needs.
    """

    histories: Distinct
    x: Array
    T: Array
    x_code: Array
    T_code: Array
    each: bool = False

    @classmethod
    def of(cls, customers: CustomerSummary, model: Model | None = None) -> Outlook:
        """Find the distinct histories of customers; all of them for a model per customer."""
        history = customers.frequency, customers.recency, customers.T
        each = _per_customer(model)
        if each:
            rows = np.arange(len(customers))
            found = Distinct(history, customers.weights, codes=rows, places=rows)
        else:
            found = distinct(*history, weights=customers.weights)
        (x_code, x), (T_code, T) = coded(found.columns[0]), coded(found.columns[2])
        return cls(found, x, T, x_code, T_code, each)

    @cached_property
    def pairs(self) -> Distinct:
        """The distinct (x, T) among the histories; every one where each stands alone."""
        x, _, T = self.histories.columns
        if self.each:
            rows = np.arange(len(x))
            return Distinct((x, T), self.histories.weights, codes=rows, places=rows)
        return distinct(x, T)

    def p_alive(self, model: PurchaseModel) -> Array:
        """Return P(alive) per distinct history."""
        self._check(model)
        return model.p_alive(*self.histories.columns)

    def living(self, model: PurchaseModel, future: Future) -> Array:
        """Return a living customer's future per distinct history."""
        self._check(model)
        if self.each:
            x, _, T = self.histories.columns
            return future(model.living(x, T))
        return self._points(model, future, _EXACT).at(model, future)

    def _check(self, model: PurchaseModel) -> None:
        """Refuse to take one customer's parameters for another's."""
        sizes = {np.size(value) for value in astuple(model) if np.ndim(value)}
        rows = len(self.histories.weights) if self.each else None
        if sizes - {rows}:
            raise ParameterError(
                "a model with parameters of each customer goes with just these customers, one "
                f"value per row; found {sizes.pop():,} values for {len(self.histories.inverse):,} "
                "rows. Make it by model_for(customers), and hand in the same customers."
            )

    def logit_alive_slopes(self, model: PurchaseModel) -> Array:
        """Return d logit P(alive) / d log(parameter) per distinct history, 0 where it is 1."""

        def logit(at: PurchaseModel) -> Array:
            alive = np.clip(self.p_alive(at), 1e-300, 1 - 1e-16)
            return np.log(alive) - np.log1p(-alive)

        return _slopes(logit, model)

    def log_living_slopes(self, model: PurchaseModel, future: Future) -> Array:
        """Return d ln(future of the living) / d log(parameter) per distinct history."""
        if self.each:
            return _slopes(lambda at: np.log(np.maximum(self.living(at, future), 1e-300)), model)
        points = self._points(model, future, _ROUGH)
        middle = points.table(model, future)
        safe = np.where(middle > 0, middle, 1.0)
        by_point = _slopes(lambda at: points.table(at, future) / safe, model)
        return np.stack([points.spread(slope) for slope in by_point])

    def _points(self, model: PurchaseModel, future: Future, error: float) -> _Points | _Pairs:
        """Return the fewest points of T that are enough at the least, middle and largest x."""
        pairs = _Pairs(self)
        if len(self.T) < 2 * _POINTS[0]:
            return pairs
        some = self.x[[0, len(self.x) // 2, -1]]
        probes = np.quantile(self.T, [0.003, 0.05, 0.2, 0.42, 0.61, 0.83, 0.96, 0.998])
        exact = future(model.living(some[:, None], probes[None, :]))
        for count in _POINTS:
            if count * len(self.x) > 0.7 * len(self.pairs.weights):
                break
            points = _Points.of(self, count)
            known = future(model.living(some[:, None], points.nodes[None, :]))
            found = known @ points.weights(probes).T
            if np.all(np.abs(found - exact) <= error * np.abs(exact)):
                return points
        return pairs


@dataclass(frozen=True)
class _Pairs:
    """Futures computed for every distinct (x, T)."""

    outlook: Outlook

    def table(self, model: PurchaseModel, future: Future) -> Array:
        return future(model.living(*self.outlook.pairs.columns))

    def spread(self, table: Array) -> Array:
        return table[self.outlook.pairs.inverse]

    def at(self, model: PurchaseModel, future: Future) -> Array:
        return self.spread(self.table(model, future))


@dataclass(frozen=True)
class _Points:
    """Futures computed at some T for every x, and interpolated to the histories."""

    outlook: Outlook
    nodes: Array
    shift: float
    matrix: Array  # from the nodes to the outlook's T, shape (T, nodes)

    @classmethod
    def of(cls, outlook: Outlook, count: int) -> _Points:
        low, high = outlook.T[0], outlook.T[-1]
        shift = 0.1 * high
        ends = np.log(np.array([low, high]) + shift)
        place = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        nodes = np.exp(ends.mean() + np.ptp(ends) / 2 * place) - shift
        points = cls(outlook, np.maximum(nodes, 0.0), shift, np.empty((0, count)))
        return cls(outlook, points.nodes, shift, points.weights(outlook.T))

    def weights(self, T: Array) -> Array:
        """Return each node's part in the interpolated value at T (barycentric formula)."""
        count = len(self.nodes)
        angle = np.pi * (np.arange(count) + 0.5) / count
        share = np.sin(angle) * np.where(np.arange(count) % 2, -1.0, 1.0)
        off = np.log(T + self.shift)[:, None] - np.log(self.nodes + self.shift)
        hit = off == 0
        part = share / np.where(hit, 1.0, off)
        part = np.where(hit.any(axis=1, keepdims=True), hit, part)
        return part / part.sum(axis=1, keepdims=True)

    def table(self, model: PurchaseModel, future: Future) -> Array:
        return future(model.living(self.outlook.x[:, None], self.nodes[None, :]))

    def spread(self, table: Array) -> Array:
        return (table @ self.matrix.T)[self.outlook.x_code, self.outlook.T_code]

    def at(self, model: PurchaseModel, future: Future) -> Array:
        return self.spread(self.table(model, future))


def _per_customer(model: Model | None) -> bool:
    return model is not None and any(np.ndim(value) for value in astuple(model))


def _slopes(quantity: Callable[[PurchaseModel], Array], model: PurchaseModel) -> Array:
    logs, kind = np.log(np.stack(np.broadcast_arrays(*astuple(model)))), type(model)
    steps = np.eye(len(logs)).reshape(len(logs), -1, *(1,) * (logs.ndim - 1)) * _STEP
    moved = [quantity(kind(*np.exp(logs + u))) - quantity(kind(*np.exp(logs - u))) for u in steps]
    return np.array(moved) / (2 * _STEP)
