"""Expectations of customers given their histories, computed once per distinct history.

P(alive) depends on the whole history (x, t_x, T). What a customer does if alive depends on x and T
only for a memoryless model, and is smooth in T. It is then computed on a grid of T for each x and
interpolated (Chebyshev points in ln(T + c), relative error 1e-10), unless computing every distinct
(x, T) takes less work. For other models it is computed for every distinct history.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.customers.log.distinct_histories import DistinctRows, distinct_rows, encode
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.customers.log.customer_summary import CustomerSummary

Array = np.ndarray
Quantity = Callable[[PurchaseModel], Array]
"""What is computed of a customer who is alive, such as the expected purchases."""

_GRID_SIZES = (10, 16, 28, 48)
_GRID_SHARE = 0.7  # of the distinct (x, T): a grid with more points does not pay
_PROBES = (0.003, 0.05, 0.2, 0.42, 0.61, 0.83, 0.96, 0.998)  # quantiles of T that test a grid
_VALUE_ERROR, _GRADIENT_ERROR = 1e-10, 1e-6  # relative errors that a grid may have
_STEP = 1e-4  # of the log-parameters, in central differences
_SMALLEST = 1e-300  # kept above 0 in logarithms


def expected_purchases_within(length: float) -> Quantity:
    """Return the quantity "expected purchases within ``length``"."""
    return lambda alive: alive.expected_purchases(np.asarray(length))


def discounted_purchases_within(length: float, delta: float) -> Quantity:
    """Return the quantity "discounted expected purchases within ``length``"."""
    return lambda alive: alive.discounted_purchases(delta, length)


def discounted_purchases_on_calendar(
    times: Array,
    clock: Array,
    length: float,
    delta: float,
    *,
    later: tuple[float, float] = (1.0, 0.0),
) -> Quantity:
    """Return the quantity "discounted expected purchases" on the clock of a calendar.

    Parameters
    ----------
    times, clock
        Ends of the next steps, weeks for example, in plain and in operational time.
    length
        Operational time to the horizon; infinite for the whole residual lifetime.
    delta
        Continuous discount rate per unit of plain time.
    later
        After the last step: operational time per unit of plain time, > 0, and how much later than
        at this constant rate purchases are made on average, in plain time.

    Returns
    -------
    function
        sum over steps of exp(-delta t) dE[X(A(t))], t in the middle of a step. It is computed as
        the plain formula on the clock, plus the differences of the discount factors times the
        purchases of each step; after the last step operational time runs at a constant rate, with
        a delay.
    """
    middle, on_clock = ((ends + np.concatenate([[0.0], ends[:-1]])) / 2 for ends in (times, clock))
    change = np.exp(-delta * middle) - np.exp(-delta * on_clock)
    last = float(clock[-1])
    rate, delay = later
    slower = delta / rate  # discount rate per unit of operational time, after the last step
    factor = np.exp(slower * last - delta * (times[-1] + delay))

    def quantity(alive: PurchaseModel) -> Array:
        total = alive.discounted_purchases(delta, min(length, last))
        before: Array | float = 0.0
        for end, weight in zip(clock, change, strict=True):
            until = alive.expected_purchases(np.asarray(end))
            total, before = total + weight * (until - before), until
        if length > last:
            rest = alive.discounted_purchases(slower, length)
            total = total + factor * (rest - alive.discounted_purchases(slower, last))
        return total

    return quantity


@dataclass(frozen=True)
class ConditionalExpectations:
    """P(alive) and expectations if alive, given customers' histories.

    Attributes
    ----------
    histories
        The distinct (x, t_x, T).
    x, T
        Their distinct values, sorted.
    x_code, T_code
        Index of each history's value in ``x`` and ``T``.
    per_customer
        Whether the model has parameters per customer, so that no histories are collapsed.
    """

    histories: DistinctRows
    x: Array
    T: Array
    x_code: Array
    T_code: Array
    per_customer: bool = False

    @classmethod
    def from_customers(
        cls, customers: CustomerSummary, model: Model | None = None
    ) -> ConditionalExpectations:
        """Find the distinct histories of customers; all of them for a model per customer."""
        history = customers.frequency, customers.recency, customers.T
        per_customer = model is not None and bool(model.row_counts)
        histories = (
            _uncollapsed(history, customers.weights)
            if per_customer
            else distinct_rows(*history, weights=customers.weights)
        )
        (x_code, x), (T_code, T) = encode(histories.columns[0]), encode(histories.columns[2])
        return cls(histories, x, T, x_code, T_code, per_customer)

    def take(self, rows: Array) -> ConditionalExpectations:
        """Return the expectations of some distinct histories, given by their positions."""
        columns = tuple(column[rows] for column in self.histories.columns)
        histories = _uncollapsed(columns, self.histories.weights[rows])
        (x_code, x), (T_code, T) = encode(columns[0]), encode(columns[2])
        return ConditionalExpectations(histories, x, T, x_code, T_code, self.per_customer)

    @cached_property
    def pairs(self) -> DistinctRows:
        """The distinct (x, T) among the histories."""
        x, _, T = self.histories.columns
        return distinct_rows(x, T)

    def states(self, model: PurchaseModel) -> DistinctRows:
        """Return the distinct x, t_x, T that a customer's future depends on if alive.

        A memoryless model does not use t_x, which is set to 0 and collapsed.
        """
        if self.per_customer or not model.memoryless:
            return _uncollapsed(self.histories.columns, self.histories.weights)
        (x, T), pairs = self.pairs.columns, self.pairs
        columns = x, np.zeros_like(T), T
        return DistinctRows(columns, pairs.weights, codes=pairs.codes, positions=pairs.positions)

    def p_alive(self, model: PurchaseModel) -> Array:
        """Return P(alive) per distinct history."""
        self.check_rows(model)
        return model.p_alive(*self.histories.columns)

    def if_alive(self, model: PurchaseModel, quantity: Quantity) -> Array:
        """Return the quantity of a customer who is alive, per distinct history."""
        self.check_rows(model)
        if self.per_customer:
            found = quantity(model.living(*self.histories.columns))
            return np.broadcast_to(found, self.histories.weights.shape)
        return self._evaluation(model, quantity, _VALUE_ERROR).values(model, quantity)

    def expected(self, model: PurchaseModel, quantity: Quantity) -> Array:
        """Return P(alive) x the quantity if alive, per distinct history."""
        result: Array = self.p_alive(model) * self.if_alive(model, quantity)
        return result

    def logit_p_alive_gradient(self, model: PurchaseModel) -> Array:
        """Return d logit P(alive) / d log(parameter) per distinct history, 0 where P is 1."""

        def logit(at: PurchaseModel) -> Array:
            alive = np.clip(self.p_alive(at), _SMALLEST, 1 - 1e-16)
            result: Array = np.log(alive) - np.log1p(-alive)
            return result

        return _gradient(logit, model)

    def log_if_alive_gradient(self, model: PurchaseModel, quantity: Quantity) -> Array:
        """Return d ln(quantity if alive) / d log(parameter) per distinct history."""
        if self.per_customer:
            return _gradient(
                lambda at: np.log(np.maximum(self.if_alive(at, quantity), _SMALLEST)), model
            )
        evaluation = self._evaluation(model, quantity, _GRADIENT_ERROR)
        center = evaluation.table(model, quantity)
        divisor = np.where(center > 0, center, 1.0)
        by_point = _gradient(lambda at: evaluation.table(at, quantity) / divisor, model)
        return np.stack([evaluation.to_histories(slope) for slope in by_point])

    def log_expected_gradient(self, model: PurchaseModel, quantity: Quantity) -> Array:
        """Return d ln(P(alive) x quantity) / d log(parameter) per distinct history."""
        by_alive = (1 - self.p_alive(model)) * self.logit_p_alive_gradient(model)
        result: Array = by_alive + self.log_if_alive_gradient(model, quantity)
        return result

    def check_rows(self, model: PurchaseModel) -> None:
        """Raise ParameterError for a model whose parameters are those of other customers."""
        sizes = model.row_counts
        expected = len(self.histories.weights) if self.per_customer else None
        if sizes - {expected}:
            raise ParameterError(
                "a model with parameters per customer needs one value per row of these customers; "
                f"found {sizes.pop():,} values for {len(self.histories.inverse):,} rows. Make the "
                "model with model_for(customers) and pass the same customers."
            )

    def _evaluation(
        self, model: PurchaseModel, quantity: Quantity, error: float
    ) -> _Grid | _EveryState:
        """Return the smallest grid that is accurate at the least, middle and largest x."""
        every_state = _EveryState(self.states(model))
        if not model.memoryless or len(self.T) < 2 * _GRID_SIZES[0]:
            return every_state
        x = self.x[[0, len(self.x) // 2, -1]]
        probes = np.quantile(self.T, _PROBES)
        exact = np.broadcast_to(quantity(_living_at(model, x, probes)), (3, len(probes)))
        for count in _GRID_SIZES:
            if count * len(self.x) > _GRID_SHARE * len(self.pairs.weights):
                break
            grid = _Grid.chebyshev(self, count)
            at_nodes = np.broadcast_to(quantity(_living_at(model, x, grid.nodes)), (3, count))
            found = at_nodes @ grid.interpolation(probes).T
            if np.all(np.abs(found - exact) <= error * np.abs(exact)):
                return grid
        return every_state


@dataclass(frozen=True)
class _EveryState:
    """A quantity computed at every distinct state of a customer who is alive."""

    states: DistinctRows

    def table(self, model: PurchaseModel, quantity: Quantity) -> Array:
        found = quantity(model.living(*self.states.columns))
        return np.broadcast_to(found, self.states.weights.shape)

    def to_histories(self, table: Array) -> Array:
        result: Array = table[self.states.inverse]
        return result

    def values(self, model: PurchaseModel, quantity: Quantity) -> Array:
        return self.to_histories(self.table(model, quantity))


@dataclass(frozen=True)
class _Grid:
    """A quantity computed at some T for every x, and interpolated to the histories."""

    expectations: ConditionalExpectations
    nodes: Array
    shift: float
    matrix: Array  # from the nodes to the distinct T, shape (T, nodes)

    @classmethod
    def chebyshev(cls, expectations: ConditionalExpectations, count: int) -> _Grid:
        """Return the grid of Chebyshev points in ln(T + shift)."""
        low, high = expectations.T[0], expectations.T[-1]
        shift = 0.1 * high
        ends = np.log(np.array([low, high]) + shift)
        points = np.cos(np.pi * (np.arange(count) + 0.5) / count)
        nodes = np.exp(ends.mean() + np.ptp(ends) / 2 * points) - shift
        grid = cls(expectations, np.maximum(nodes, 0.0), shift, np.empty((0, count)))
        return cls(expectations, grid.nodes, shift, grid.interpolation(expectations.T))

    def interpolation(self, T: Array) -> Array:
        """Return each node's weight in the interpolated value at T (barycentric formula)."""
        count = len(self.nodes)
        angle = np.pi * (np.arange(count) + 0.5) / count
        barycentric = np.sin(angle) * np.where(np.arange(count) % 2, -1.0, 1.0)
        distance = np.log(T + self.shift)[:, None] - np.log(self.nodes + self.shift)
        hit = distance == 0
        weights = barycentric / np.where(hit, 1.0, distance)
        weights = np.where(hit.any(axis=1, keepdims=True), hit, weights)
        result: Array = weights / weights.sum(axis=1, keepdims=True)
        return result

    def table(self, model: PurchaseModel, quantity: Quantity) -> Array:
        found = quantity(_living_at(model, self.expectations.x, self.nodes))
        return np.broadcast_to(found, (len(self.expectations.x), len(self.nodes)))

    def to_histories(self, table: Array) -> Array:
        codes = self.expectations.x_code, self.expectations.T_code
        result: Array = (table @ self.matrix.T)[codes]
        return result

    def values(self, model: PurchaseModel, quantity: Quantity) -> Array:
        return self.to_histories(self.table(model, quantity))


def _living_at(model: PurchaseModel, x: Array, T: Array) -> PurchaseModel:
    """Return a memoryless model's living customers, for every x (rows) and T (columns)."""
    return model.living(x[:, None], np.zeros((1, len(T))), T[None, :])


def _uncollapsed(columns: tuple[Array, ...], weights: Array) -> DistinctRows:
    """Return every row as a distinct one."""
    rows = np.arange(len(weights))
    return DistinctRows(columns, weights, codes=rows, positions=rows)


def _gradient(quantity: Callable[[PurchaseModel], Array], model: PurchaseModel) -> Array:
    """Return d quantity / d log(parameter) by central differences, parameters per row allowed."""
    logs, at = np.log(model.stacked()), model.with_values
    steps = np.eye(len(logs)).reshape(len(logs), -1, *(1,) * (logs.ndim - 1)) * _STEP
    moved = [quantity(at(np.exp(logs + u))) - quantity(at(np.exp(logs - u))) for u in steps]
    return np.array(moved) / (2 * _STEP)
