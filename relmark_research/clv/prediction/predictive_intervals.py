"""Prediction intervals: the randomness of customers' behaviour and the parameters' uncertainty.

The estimate of a forecast is the mean of customers with one history; what one of them does is
random. `purchase_interval` sums the model's probabilities of each number of purchases.
`value_interval` simulates, because value also depends on the times of purchases and on spend. Both
average over the uncertainty of the parameters with sigma points: two models, on either side of the
estimate, along every principal axis of its covariance.
Source: Julier and Uhlmann (1997), A new extension of the Kalman filter to nonlinear systems.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import numpy as np

from relmark_research.clv.covariates.covariate_fit import CovariateFit
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import PurchaseModel
from relmark_research.clv.prediction._conditional import ConditionalExpectations
from relmark_research.errors import ParameterError, check_level
from relmark_research.stats.intervals import percentile_interval, tail_probabilities

if TYPE_CHECKING:
    from relmark_research.clv.estimation.model import Model
    from relmark_research.clv.estimation.spend_model import SpendModel
    from relmark_research.clv.forecasting.forecast_errors import ForecastErrors
    from relmark_research.customers.log.customer_summary import CustomerSummary

Array = np.ndarray
_AnyModel = TypeVar("_AnyModel", bound="Model")

_BLOCK = 1 << 20  # values simulated at once
_LAST_DISCOUNT = 1e-4  # discount factor at which the simulation ends
_MAX_PURCHASES = 100_000  # where the sum of probabilities ends


@dataclass(frozen=True)
class PredictionDraws:
    """A request for prediction intervals, with the number and the seed of the simulations.

    Parameters
    ----------
    draws
        Simulations per customer, >= 2.
    seed
        Seed of the random numbers.
    errors
        Errors that the interval of a total holds besides parameters and chance: those of
        ``rm.backtest(log, ...)``; None takes those of other logs.
    """

    draws: int = 1000
    seed: int = 0
    errors: ForecastErrors | None = None

    def __post_init__(self) -> None:
        if self.draws < 2:
            raise ParameterError(
                f"a prediction interval needs at least 2 draws; found {self.draws}."
            )


IntervalKind = Literal["estimate", "prediction"] | PredictionDraws


def prediction_draws(kind: IntervalKind) -> PredictionDraws | None:
    """Return how to simulate, or None for the interval of an estimate."""
    if isinstance(kind, PredictionDraws):
        return kind
    if kind not in ("estimate", "prediction"):
        raise ParameterError(
            "kind is 'estimate' (the uncertainty of the mean), 'prediction' (what a customer may "
            f"do) or PredictionDraws(draws, seed); found {kind!r}."
        )
    return PredictionDraws() if kind == "prediction" else None


def sigma_point_models(
    fit: Fit[Any] | CovariateFit | Model, customers: CustomerSummary | None = None
) -> list[Any]:
    """Return 2 k models around a fit whose mean and covariance are those of the fit.

    A model with given parameters is returned alone. A fit with covariates needs ``customers`` and
    gives models with parameters per customer.
    """
    if isinstance(fit, CovariateFit) and customers is not None:
        return list(
            fit.models_for(customers, _sigma_points(fit.estimates, fit.checked_covariance()))
        )
    if not isinstance(fit, Fit):
        return [fit]
    points = _sigma_points(np.log(fit.model.values), fit.checked_covariance())
    return [fit.model.with_values(np.exp(logs)) for logs in points]


def _sigma_points(center: Array, covariance: Array) -> Array:
    """Return the center -+ sqrt(k) standard deviations along every axis of a covariance."""
    sizes, axes = np.linalg.eigh(covariance)
    offsets = (axes * np.sqrt(np.maximum(sizes, 0) * len(sizes))).T
    return np.array([center + sign * offset for offset in offsets for sign in (-1, 1)])


def purchase_interval(
    models: list[PurchaseModel], expectations: ConditionalExpectations, length: float, level: float
) -> tuple[Array, Array]:
    """Return the central prediction interval of purchases per distinct history.

    Parameters
    ----------
    models
        Those of `sigma_point_models`; their probabilities are averaged.
    length
        Horizon, in the models' unit of time.
    level
        Probability of the interval, in (0, 1).

    Returns
    -------
    ndarray, ndarray
        Smallest n with P(X <= n) >= (1 - level) / 2, and with P(X <= n) >= (1 + level) / 2.
    """
    tails = tail_probabilities(level)
    alive = [expectations.p_alive(model) for model in models]
    states = expectations.states(models[0])
    state, cumulative = states.inverse, np.zeros(len(alive[0]))
    ends = np.full((2, len(cumulative)), -1.0)
    unfinished = np.arange(len(cumulative))
    for n in range(_MAX_PURCHASES):
        needed, inverse = np.unique(state[unfinished], return_inverse=True)
        history = tuple(column[needed] for column in states.columns)
        for model, p_alive in zip(models, alive, strict=True):
            if_alive = take_rows(model, needed).living(*history)
            by_state = if_alive.purchase_pmf(np.full(len(needed), n), np.asarray(length))
            probability = by_state[inverse]
            inactive = (1 - p_alive[unfinished]) * (n == 0)
            mixed = p_alive[unfinished] * probability + inactive
            cumulative[unfinished] += mixed / len(models)
        for end, tail in zip(ends, tails, strict=True):
            reached = (cumulative[unfinished] >= tail - 1e-12) & (end[unfinished] < 0)
            end[unfinished[reached]] = n
        unfinished = unfinished[ends[1, unfinished] < 0]
        if len(unfinished) == 0:
            break
    return ends[0], ends[1]


@dataclass(frozen=True)
class DiscountedSpendSimulation:
    """What is needed to simulate customers' discounted spend.

    Attributes
    ----------
    purchases, spend
        Pairs of models, each used for an equal share of the draws.
    history
        x, t_x, T and m of each customer.
    length, delta
        Horizon and continuous discount rate, in units of time.
    """

    purchases: list[PurchaseModel]
    spend: list[SpendModel]
    history: tuple[Array, Array, Array, Array]
    length: float
    delta: float

    @classmethod
    def pair_models(
        cls,
        purchases: list[PurchaseModel],
        spend: list[SpendModel],
        history: tuple[Array, Array, Array, Array],
        length: float,
        delta: float,
    ) -> DiscountedSpendSimulation:
        """Pair every sigma point of purchases with every sigma point of spend."""
        pairs = [(one, other) for one in purchases for other in spend]
        end = min(length, -np.log(_LAST_DISCOUNT) / delta) if delta > 0 else length
        first, second = zip(*pairs, strict=True)
        return cls(list(first), list(second), history, end, delta)

    def take(self, rows: Array) -> DiscountedSpendSimulation:
        """Return the simulation of some rows, in their order; rows may be repeated."""
        history = tuple(column[rows] for column in self.history)
        models = [take_rows(model, rows) for model in self.purchases]
        return replace(self, purchases=models, history=history)

    def draw(self, rows: slice, draws: int, rng: np.random.Generator) -> Array:
        """Return simulated discounted spend of some customers, shape (customers, draws)."""
        x, t_x, T, m = (column[rows] for column in self.history)
        value = np.zeros((len(x), draws))
        pair_of_draw = np.arange(draws) * len(self.purchases) // draws
        for k in np.unique(pair_of_draw):
            columns = np.flatnonzero(pair_of_draw == k)
            model = take_rows(self.purchases[k], rows)
            alive = model.p_alive(x, t_x, T)
            row, column = np.nonzero(rng.random((len(x), len(columns))) < alive[:, None])
            drawn = x[row], t_x[row], T[row]
            n, discount = self._draw_purchases(take_rows(model, row), *drawn, rng)
            spend = self.spend[k].draw_total_spend(n, x[row], m[row], rng)
            value[row, columns[column]] = spend * discount
        return value

    def _draw_purchases(
        self, model: PurchaseModel, x: Array, t_x: Array, T: Array, rng: np.random.Generator
    ) -> tuple[Array, Array]:
        """Draw the purchases of customers who are alive, and the mean discount factor of each."""
        if_alive = model.living(x, t_x, T).spread(len(x))
        seed = int(rng.integers(1 << 62))
        return if_alive.draw_discounted_purchases(
            np.full(len(x), self.length), self.delta, seed=seed
        )


def value_interval(
    simulation: DiscountedSpendSimulation, margin: Array, level: float, kind: PredictionDraws
) -> tuple[Array, Array]:
    """Return low and high of margin x discounted spend, per customer."""
    check_level(level)
    rng = np.random.default_rng(kind.seed)
    ends = np.empty((2, len(margin)))
    for rows in _blocks(len(margin), kind.draws):
        draws = simulation.draw(rows, kind.draws, rng)
        ends[:, rows] = percentile_interval(draws, level, axis=1)
    return ends[0] * margin, ends[1] * margin


def total_draws(
    simulation: DiscountedSpendSimulation, margin: Array, kind: PredictionDraws
) -> Array:
    """Return simulated sums of margin x discounted spend over customers, shape (draws,).

    Each draw is one simulation of all customers. Customers who share a row of the data are
    simulated independently: repeat the row with `DiscountedSpendSimulation.take`.
    """
    rng, total = np.random.default_rng(kind.seed), np.zeros(kind.draws)
    for rows in _blocks(len(margin), kind.draws):
        total += margin[rows] @ simulation.draw(rows, kind.draws, rng)
    return total


def take_rows(model: _AnyModel, rows: Array | slice) -> _AnyModel:
    """Return the model of some customers; parameters common to all customers stay."""
    return model.take(rows)


def _blocks(customers: int, draws: int) -> list[slice]:
    """Return slices of customers, each small enough to be simulated at once."""
    step = max(1, _BLOCK // draws)
    return [slice(start, start + step) for start in range(0, customers, step)]
