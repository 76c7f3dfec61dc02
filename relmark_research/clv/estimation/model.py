"""The base classes of models: what a model says of itself, and what follows from it.

A model is a frozen dataclass whose fields are its parameters, all positive. Its class names the
columns that it is fitted on (`columns`) and how each parameter scales with the unit of time
(`time_power`) and of money (`money_power`), and gives the log-likelihood. Everything else is
inherited or has a default: gradient, starting values, the fit, and for models of purchases all
conditional quantities. They follow from the probability of being alive and from the model of a
customer who is alive (`PurchaseModel.living`). A result that needs a method without a default
raises MissingMethodError, which names the method.

Parameters may be arrays as well as numbers: a model with arrays is one model per customer.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import astuple, dataclass, fields, replace
from typing import TYPE_CHECKING, Any, ClassVar, Self

import numpy as np

from relmark_research.clv.estimation.fit import Fit, fit_model
from relmark_research.clv.estimation.likelihood import MixingDistribution as MixingDistribution
from relmark_research.clv.estimation.likelihood import (
    SummedLikelihood,
    summed_with_numerical_hessian,
)
from relmark_research.clv.estimation.registry import MODELS
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.errors import (
    ConvergenceError,
    DataError,
    MissingMethodError,
    ParameterError,
    check_number,
)
from relmark_research.stats.quadrature import decay_nodes

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray

_GREATEST = float(np.finfo(float).max)
_STEP = 1e-4  # of the log-parameters, for a gradient by central differences
_TIME_STEP = 1e-3  # share of the time to the last purchase, for derivatives by times
_LIFETIME_NODES = 24  # of the integral of a survival curve
_NEGLIGIBLE = 28.0  # a discount factor of exp(-28), and less, ends an integral
_NODES = (14, 22, 36, 56, 112, 224)  # of the integral of discounted purchases, until two agree
_AGREEMENT = 1e-8  # relative difference of two integrals; the finer one is far more precise


@dataclass(frozen=True)
class CovariateLink:
    """How an effect of a covariate acts on one component of a model, the rate or dropout.

    Attributes
    ----------
    affects
        What exp(effect) multiplies, such as ``"dropout odds"``.
    exponents
        That quantity as a product of powers of parameters: ``{"a": 1, "b": -1}`` for a / b.
    weights
        One mapping per effect of a column: parameter to the factor of the effect that is added to
        its logarithm. ``({"a": 1.0}, {"b": 1.0})`` are two effects, on a and on b.
    """

    affects: str
    exponents: Mapping[str, float]
    weights: tuple[Mapping[str, float], ...]

    def sign(self, weights: Mapping[str, float]) -> float:
        """Return the change of the quantity's logarithm by one unit of an effect."""
        return sum(weight * self.exponents.get(name, 0.0) for name, weight in weights.items())


@dataclass(frozen=True)
class Model:
    """The base class of all models: named positive parameters, and the fit.

    A subclass registers itself in `MODELS` by its name, unless it is defined with
    ``registered=False``. It must implement `log_likelihood`.

    Attributes
    ----------
    columns
        Columns that the model is fitted on.
    time_power, money_power
        Power of the unit of time and of money in a parameter; 0 for parameters without it.
    mixtures
        Distributions of traits over customers, whose two parameters may diverge together.
    without_dropout
        Name of the registered model that is the limit without dropout; empty if there is none.
    aggregated
        Whether equal rows are common, so that the fit counts them instead of repeating them.
    additive
        Further columns, used where the customers have them, in which the log-likelihood is linear:
        equal rows of the other columns are counted, with the mean of these.
    given
        Fields that are not estimated with the parameters but given, or searched by the class's own
        `fit`; `names` and `values` leave them out.
    """

    columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    time_power: ClassVar[dict[str, int]] = {}
    money_power: ClassVar[dict[str, int]] = {}
    mixtures: ClassVar[tuple[MixingDistribution, ...]] = ()
    without_dropout: ClassVar[str] = ""
    aggregated: ClassVar[bool] = True
    additive: ClassVar[tuple[str, ...]] = ()
    given: ClassVar[tuple[str, ...]] = ()

    def __init_subclass__(cls, *, registered: bool = True) -> None:
        super().__init_subclass__()
        if registered:
            MODELS.register(cls)

    def __post_init__(self) -> None:
        for each in fields(self):
            value = np.asarray(getattr(self, each.name), float)
            if not np.all(np.isfinite(value) & (value > 0)):
                bad = value[~(np.isfinite(value) & (value > 0))].flat[0]
                raise ParameterError(
                    f"{type(self).__name__}'s {each.name} must be finite and > 0; found {bad}."
                )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the parameters' names, in order."""
        return tuple(field.name for field in fields(cls) if field.name not in cls.given)

    @property
    def values(self) -> Array:
        """The parameters in order, shape (parameters,)."""
        return np.array([getattr(self, name) for name in self.names()], dtype=float)

    @classmethod
    def from_values(cls, values: Array) -> Self:
        """Return the model with these parameters, in order."""
        return cls(*(float(value) for value in values))

    def with_values(self, values: Array) -> Self:
        """Return the model with these parameters, in order, and the same `given` fields.

        Parameters
        ----------
        values
            One number per parameter, or one array with a value per customer.
        """
        numbers = (float(value) if np.ndim(value) == 0 else value for value in values)
        return replace(self, **dict(zip(self.names(), numbers, strict=True)))

    def rescaled(self, factor: float) -> Self:
        """Return the same model in a unit of time that is shorter by ``factor``, > 0."""
        powers = [self.time_power.get(name, 0) for name in self.names()]
        return self.with_values(self.values * float(factor) ** np.array(powers))

    def stacked(self) -> Array:
        """Return the parameters, broadcast together, shape (parameters, ...)."""
        return np.stack(np.broadcast_arrays(*(getattr(self, name) for name in self.names())))

    @property
    def row_counts(self) -> set[int]:
        """Sizes of the parameters that are arrays; empty for one model for all customers."""
        return {np.size(value) for value in astuple(self) if np.ndim(value)}

    def take(self, rows: Array | slice) -> Self:
        """Return the model of some customers; parameters common to all customers stay."""
        return type(self)(*(value[rows] if np.ndim(value) else value for value in astuple(self)))

    def spread(self, rows: int) -> Self:
        """Return the model with one value per customer for every parameter."""
        return type(self)(*(np.broadcast_to(value, (rows,)) for value in astuple(self)))

    @property
    def same_as(self) -> str:
        """Name of the simpler model that this one equals with its `given` fields; empty if none."""
        return ""

    def log_likelihood(self, *data: Array) -> Array:
        """Return each row's log-likelihood, shape (rows,)."""
        raise missing_method(self, "log_likelihood(*data)", "each row's log-likelihood")

    def score(self, *data: Array) -> Array:
        """Return the gradient of each row's log-likelihood, shape (parameters, rows).

        The default takes central differences of `log_likelihood` in the log-parameters; an analytic
        gradient is faster and more precise.
        """
        return np.stack(
            [
                (up.log_likelihood(*data) - down.log_likelihood(*data)) / (2 * _STEP * value)
                for (up, down), value in zip(_neighbours(self), self.values, strict=True)
            ]
        )

    @classmethod
    def start(cls, *data: Array, weights: Array) -> Self:
        """Return the starting values of the search, in the data's units of time and money.

        The default is 1 for a parameter without a unit, the mean time per purchase for one in units
        of time and the mean spend for one in units of money, to the powers that the class states.
        """
        mean = {
            name: float(np.average(column, weights=weights))
            for name, column in zip(cls.columns, data, strict=True)
        }
        time, money = mean.get("T", 1.0), mean.get("monetary_value", 1.0)
        if "T" in mean and "frequency" in mean:
            time /= mean["frequency"]
        powers = [(cls.time_power.get(k, 0), cls.money_power.get(k, 0)) for k in cls.names()]
        return cls.from_values(np.array([time**t * money**m for t, m in powers]))

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> SummedLikelihood:
        """Return the function that sums log-likelihood, gradient and Hessian over weighted rows.

        Returns
        -------
        function
            Parameters (k,) to the value, the gradient (k,) and the Hessian (k, k) by the
            parameters. The default differentiates the score numerically; a model with an analytic
            Hessian is faster and more precise.
        """
        return summed_with_numerical_hessian(cls, data, weights)

    @classmethod
    def data(cls, customers: CustomerSummary) -> tuple[tuple[Array, ...], Array, str]:
        """Return the columns of the fit, the customers per row, and a note on excluded rows."""
        arrays = tuple(getattr(customers, name) for name in cls.columns)
        further = (getattr(customers, name) for name in cls.additive)
        arrays += tuple(column for column in further if column is not None)
        return arrays, customers.weights, ""

    @classmethod
    def counted(
        cls, arrays: tuple[Array, ...], weights: Array, *by: Array
    ) -> tuple[tuple[Array, ...], Array, tuple[Array, ...]]:
        """Return the distinct rows of `columns` and of columns ``by``, and the customers of each.

        Returns
        -------
        tuple of ndarray, ndarray, tuple of ndarray
            The columns of `data`, those of `additive` as means; the weights; the columns ``by``.
        """
        keys = len(cls.columns)
        found = distinct_rows(*arrays[:keys], *by, weights=weights)
        size = len(found.weights)
        means = tuple(
            np.bincount(found.inverse, weights * column, size) / np.maximum(found.weights, 1e-300)
            for column in arrays[keys:]
        )
        return found.columns[:keys] + means, found.weights, found.columns[keys:]

    @classmethod
    def fit(cls, customers: CustomerSummary | pd.DataFrame, *, penalty: float = 0.0) -> Fit[Self]:
        """Fit the model to customers by maximum likelihood.

        Parameters
        ----------
        customers
            CustomerSummary, or DataFrame with the model's `columns` and optionally n_customers,
            the number of customers per row.
        penalty
            Weight, >= 0, of the squared distance of the log-parameters from the starting values,
            which follow the units of time and money. It is subtracted from the log-likelihood in
            the search; a weight of 1 has about the information of two customers. The fit reports
            the log-likelihood without it.

        Returns
        -------
        Fit
            The model at its maximum likelihood, with covariance, log-likelihood and diagnosis.

        Raises
        ------
        DataError
            If the customers cannot identify the parameters: a single customer, or no repeat
            purchases.
        """
        given = cls._prepared(customers, penalty)
        return replace(fit_model(cls, **given), calendar=CustomerSummary.of(customers).calendar)

    @classmethod
    def _prepared(
        cls, customers: CustomerSummary | pd.DataFrame, penalty: float = 0.0
    ) -> dict[str, Any]:
        """Return the checked arguments of `fit_model`, with equal rows counted."""
        summary = CustomerSummary.of(customers)
        arrays, weights, note = cls.data(summary)
        _check_enough(cls, summary, weights)
        rule = "is a finite number >= 0"
        penalty = check_number("a penalty's weight", penalty, low=0, high=_GREATEST, rule=rule)
        if cls.aggregated:
            arrays, weights, _ = cls.counted(arrays, weights)
        return {
            "data": arrays,
            "weights": weights,
            "unit": summary.unit,
            "note": note,
            "penalty": penalty,
        }


@dataclass(frozen=True)
class PurchaseModel(Model, registered=False):
    """The base class of models of purchases.

    A history is summarised by x repeat purchases (``frequency``), the last of them t_x after the
    first purchase (``recency``), and T, the time from the first purchase to the end of observation.

    A model implements `log_likelihood`, `p_alive`, `living`, and `expected_purchases` for forecasts
    and values. Tests on a holdout also need `purchase_pmf`, predicted lifetimes `survival`, advice
    on customers `draw_traits`, and prediction intervals of value `simulate` or
    `draw_purchase_times`. If `living` returns another class, that class implements them, and a new
    customer is alive with probability `p_alive(0, 0, 0)` and then follows `living(0, 0, 0)`.

    Attributes
    ----------
    memoryless
        Whether purchases come at random, as by a Poisson process: what a customer who is alive does
        next depends on x and T, not on t_x, and the purchases before the last were uniform. The
        package then computes forecasts once per distinct (x, T). The default is False.
    calendar_assumption
        What a calendar of purchases assumes of the model, in a sentence; empty if dropout happens
        at purchases, which a calendar moves with them.
    clocks
        How many clocks covariates that change with time drive: 1 where dropout happens at
        purchases, or never, 2 where customers drop out in a time of their own as in Pareto/NBD, and
        0, the default, where that is not known and such covariates are refused.
    on_own_clocks
        Whether each customer's times are counted from a day of their own, so that equal histories
        differ.
    covariate_links
        How covariates act on the components ``"rate"`` and ``"dropout"``; ``"dropout odds"`` is the
        link of ``dropout_on="odds"``, if it differs. Empty if the model takes no covariates.
    """

    memoryless: ClassVar[bool] = False
    calendar_assumption: ClassVar[str] = ""
    clocks: ClassVar[int] = 0
    on_own_clocks: ClassVar[bool] = False
    covariate_links: ClassVar[Mapping[str, CovariateLink]] = {}

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), in [0, 1]."""
        raise missing_method(self, "p_alive(x, t_x, T)", "P(alive at T | x, t_x, T)")

    def history_derivatives(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Return each log-likelihood with its derivatives by the parameters, t_x and T.

        A calendar needs them, which moves t_x and T. The default takes differences of
        `log_likelihood` and `score`; derivatives in closed form are faster and more precise.

        Returns
        -------
        ndarray, ndarray, ndarray
            Values (rows,), gradients (parameters + 2, rows) and Hessians (parameters + 2,
            parameters + 2, rows). The derivatives by t_x mean nothing where x = 0.
        """
        return numerical_history_derivatives(self, x, t_x, T)

    def clock_derivatives(self, x: Array, t_x: Array, T: Array) -> tuple[Array, Array, Array]:
        """Return `history_derivatives` given the gaps, without the gaps' own term; see `gap_power`.

        Covariates that change with time move every gap, not t_x and T alone.
        """
        return self.history_derivatives(x, t_x, T)

    def neighbours(self) -> list[Self]:
        """Return models with the next values of the `given` fields, starting values of a search."""
        return []

    @property
    def gap_power(self) -> int:
        """Power of each gap between purchases in the likelihood; 0 for random purchases."""
        return 0

    def living(self, x: Array, t_x: Array, T: Array) -> PurchaseModel:
        """Return the model from T on of a customer with that history who is alive at T.

        Its parameters have the shape of the history, or are common to all. It may be of another
        class, which is defined with ``registered=False``. A `memoryless` model does not use t_x.
        """
        raise missing_method(
            self, "living(x, t_x, T)", "the model of a customer who is alive at T, from T on"
        )

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)], the expected repeat purchases of a new customer within time t."""
        meaning = "the expected purchases of a new customer within t"
        alive, living = self._at_start("expected_purchases(t)", meaning)
        result: Array = alive * living.expected_purchases(t)
        return result

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n) for a new customer."""
        alive, living = self._at_start("purchase_pmf(n, t)", "P(X(t) = n) of a new customer")
        result: Array = alive * living.purchase_pmf(n, t) + (1 - alive) * (np.asarray(n) == 0)
        return result

    def survival(self, t: Array) -> Array:
        """Return P(alive at t) of a new customer; t and the parameters broadcast together."""
        alive, living = self._at_start("survival(t)", "P(alive at t) of a new customer")
        result: Array = alive * living.survival(t)
        return result

    def draw_traits(self, shape: tuple[int, ...], rng: np.random.Generator) -> tuple[Array, Array]:
        """Draw the purchase rate and the dropout rate of new customers, per unit of time.

        Parameters
        ----------
        shape
            Shape of the draws; the parameters broadcast to it.
        rng
            Source of the random numbers.

        Returns
        -------
        ndarray, ndarray
            lambda, expected purchases per unit of time while alive, and mu, the dropout rate: the
            customer is alive at t with probability exp(-mu t). mu = 0 means no dropout, and
            infinity dropout at time 0. So `survival` is the mean of exp(-mu t), and
            `expected_purchases` the mean of lambda (1 - exp(-mu t)) / mu. If a customer's dropout
            rate is not constant, mu is 1 / (mean lifetime) of that customer, and both hold for
            large t.
        """
        meaning = "draws of new customers' purchase and dropout rates"
        alive, living = self._at_start("draw_traits(shape, rng)", meaning)
        stays = rng.random(shape) < alive
        rate, dropout = living.draw_traits(shape, rng)
        return rate, np.where(stays, dropout, np.inf)

    def draw_purchase_times(self, T: Array, rng: np.random.Generator) -> Sequence[Array]:
        """Draw the times of the purchases of new customers within T.

        Parameters
        ----------
        T
            Time from the first purchase, one per customer.
        rng
            Source of the random numbers.

        Returns
        -------
        sequence of ndarray
            The times of all customers' first repeat purchases, of their second ones, and so on,
            each of T's shape, in ascending order; infinity for a purchase that is not made.
        """
        method = "simulate(T, *, seed) or draw_purchase_times(T, rng)"
        alive, living = self._at_start(method, "draws of the purchases of new customers within T")
        return living.draw_purchase_times(np.where(rng.random(T.shape) < alive, T, 0.0), rng)

    def simulate(self, T: Array, *, seed: int) -> tuple[Array, Array, Array]:
        """Draw histories x, t_x, T of new customers observed for T, each of T's shape.

        The default uses `draw_purchase_times`.
        """
        T = np.atleast_1d(np.asarray(T, float))
        x, t_x = np.zeros(T.shape), np.zeros(T.shape)
        for times in self.draw_purchase_times(T, np.random.default_rng(seed)):
            x, t_x = x + np.isfinite(times), np.where(np.isfinite(times), times, t_x)
        return x, t_x, T

    def draw_discounted_purchases(
        self, T: Array, delta: float, *, seed: int
    ) -> tuple[Array, Array]:
        """Draw the purchases of new customers within T, and the mean discount factor of each.

        Parameters
        ----------
        T
            Time from the first purchase, one per customer.
        delta
            Continuous discount rate per unit of time, >= 0.
        seed
            Seed of the random numbers.

        Returns
        -------
        ndarray, ndarray
            Number of purchases n, and the mean of exp(-delta t) over their times t, 0 for n = 0.
            A `memoryless` model takes n and the time of the last purchase from `simulate`, and
            the expectation over the other times, which are uniform before it. Others take the times
            from `draw_purchase_times`.
        """
        if not self.memoryless:
            times = np.array(self.draw_purchase_times(T, np.random.default_rng(seed)))
            times = times.reshape(-1, *T.shape)
            made = np.isfinite(times)
            total = np.sum(made * np.exp(-delta * np.where(made, times, 0.0)), axis=0)
            return made.sum(axis=0).astype(float), total / np.maximum(made.sum(axis=0), 1)
        n, last, _ = self.simulate(T, seed=seed)
        last_discount = np.exp(-delta * last)
        span = np.maximum(delta * last, 1e-12)
        mean_discount = -np.expm1(-span) / span
        total = last_discount + (n - 1) * mean_discount
        return n, np.where(n > 0, total / np.maximum(n, 1), 0.0)

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the discounted expected repeat purchases of a new customer, to a horizon.

        Returns
        -------
        ndarray
            The integral over (0, h] of exp(-delta s) dE[X(s)]. The default integrates by parts:
            exp(-delta h) E[X(h)] + delta x integral of exp(-delta s) E[X(s)] over (0, h).

        Raises
        ------
        ConvergenceError
            If the integral does not converge.
        """
        if delta == 0:
            return self.expected_purchases(np.asarray(horizon))
        end = min(horizon, _NEGLIGIBLE / delta)
        at_end = np.exp(-delta * end) * self.expected_purchases(np.asarray(end))
        found: list[Array] = []
        for count in _NODES:
            times, weights = decay_nodes(np.array(1e-4 * end), np.array(end), count)
            terms = (
                weight * np.exp(-delta * s) * self.expected_purchases(s)
                for s, weight in zip(times, weights, strict=True)
            )
            found.append(at_end + delta * sum(terms))
            if len(found) > 1 and not np.any(_differ(*found[-2:])):
                return found[-1]
        raise ConvergenceError(
            f"the integral of {type(self).__name__}'s discounted purchases does not converge. "
            "Define discounted_purchases(delta, horizon) in the class."
        )

    def expected_lifetime(self, horizon: float) -> Array:
        """Return the expected time that a new customer is alive, within a horizon.

        Parameters
        ----------
        horizon
            Finite, in the model's unit of time.

        Returns
        -------
        ndarray
            The integral of `survival` over (0, horizon).
        """
        nodes, weights = np.polynomial.legendre.leggauss(_LIFETIME_NODES)
        s = horizon * (nodes + 1) / 2
        by_time = type(self)(*(np.asarray(value)[..., None] for value in astuple(self)))
        return by_time.survival(s) @ (weights * horizon / 2)

    def _at_start(self, method: str, meaning: str) -> tuple[Array, PurchaseModel]:
        """Return P(alive) after the first purchase, and the model of a customer who then is alive.

        Raises
        ------
        MissingMethodError
            If that model is of this class, which then must implement the method itself.
        """
        zero = np.zeros(())
        if type(self).living is not PurchaseModel.living:
            living = self.living(zero, zero, zero)
            if type(living) is not type(self):
                return self.p_alive(zero, zero, zero), living
        raise missing_method(self, method, meaning)

    def conditional_expected_purchases(self, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Return the expected purchases in (T, T + t] of a customer with history x, t_x, T.

        Returns
        -------
        ndarray
            P(alive at T) E[X(t) | alive at T].
        """
        result: Array = self.p_alive(x, t_x, T) * self.living(x, t_x, T).expected_purchases(t)
        return result

    def conditional_purchase_pmf(self, n: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Return the probability of n purchases in (T, T + t] given history x, t_x, T."""
        alive = self.p_alive(x, t_x, T)
        if_alive = self.living(x, t_x, T).purchase_pmf(n, t)
        result: Array = alive * if_alive + (1 - alive) * (np.asarray(n) == 0)
        return result

    def discounted_expected_purchases(
        self, delta: float, x: Array, t_x: Array, T: Array, *, horizon: float = np.inf
    ) -> Array:
        """Return the discounted expected purchases after T of a customer with history x, t_x, T.

        Parameters
        ----------
        delta
            Continuous discount rate per unit of time, ln(1 + d); >= 0.
        x, t_x, T
            The history: repeat purchases, time of the last, and time observed.
        horizon
            Time after T, in the same unit; infinite for the whole residual lifetime.

        Returns
        -------
        ndarray
            The integral over (T, T + horizon] of exp(-delta (s - T)) d E[X(T, s) | x, t_x, T].

        Raises
        ------
        ParameterError
            If delta is negative, or 0 with an infinite horizon.
        """
        if delta < 0 or (delta == 0 and np.isinf(horizon)):
            raise ParameterError(
                "an infinite horizon needs a discount rate: delta must be > 0 (>= 0 with a finite "
                f"horizon); found {delta}."
            )
        living = self.living(x, t_x, T)
        result: Array = self.p_alive(x, t_x, T) * living.discounted_purchases(delta, horizon)
        return result


def numerical_history_derivatives(
    model: PurchaseModel, x: Array, t_x: Array, T: Array
) -> tuple[Array, Array, Array]:
    """Return `PurchaseModel.history_derivatives` by differences.

    They are taken as both times move together (J), and as the end moves away from the last
    purchase (E, forward only, since t_x <= T): d/dT = E and d/dt_x = J - E.
    """
    x, t_x, T = (np.asarray(column, float) for column in (x, t_x, T))
    h = _TIME_STEP * np.where(x > 0, t_x, np.maximum(T, _TIME_STEP))

    def moved(joint: int, end: int) -> tuple[Array, Array, Array]:
        last = np.where(x > 0, t_x + joint * h, 0.0)
        return x, last, np.maximum(T + (joint + end) * h, last)

    def value(joint: int, end: int) -> Array:
        return model.log_likelihood(*moved(joint, end))

    base, ends = value(0, 0), [value(0, step) for step in (1, 2, 3)]
    joint = {step: value(step, 0) for step in (-2, -1, 1, 2)}
    by_end = (-11 * base + 18 * ends[0] - 9 * ends[1] + 2 * ends[2]) / (6 * h)
    by_joint = (joint[-2] - 8 * joint[-1] + 8 * joint[1] - joint[2]) / (12 * h)
    scores = {
        step: model.score(*moved(*step)) for step in ((0, 0), (1, 0), (-1, 0), (0, 1), (0, 2))
    }
    k, at = len(model.names()), scores[0, 0]
    gradient = np.concatenate([at, [by_joint - by_end, by_end]])
    score_end = (-3 * at + 4 * scores[0, 1] - scores[0, 2]) / (2 * h)
    score_joint = (scores[1, 0] - scores[-1, 0]) / (2 * h)
    ee = (2 * base - 5 * ends[0] + 4 * ends[1] - ends[2]) / h**2
    jj = (joint[1] - 2 * base + joint[-1]) / h**2
    je = (value(1, 1) - value(-1, 1) - joint[1] + joint[-1]) / (2 * h**2)
    hessian = np.zeros((k + 2, k + 2, len(x)))
    for j, (up, down) in enumerate(_neighbours(model)):
        width = up.values[j] - down.values[j]
        hessian[j, :k] = (up.score(x, t_x, T) - down.score(x, t_x, T)) / width
    hessian[:k, k], hessian[:k, k + 1] = score_joint - score_end, score_end
    hessian[k, :k], hessian[k + 1, :k] = hessian[:k, k], hessian[:k, k + 1]
    hessian[k, k], hessian[k, k + 1], hessian[k + 1, k + 1] = jj - 2 * je + ee, je - ee, ee
    hessian[k + 1, k] = hessian[k, k + 1]
    return base, gradient, hessian


def missing_method(model: object, method: str, meaning: str) -> MissingMethodError:
    """Return the error of a model that does not implement a method.

    Parameters
    ----------
    model
        The model.
    method
        The method's call, such as ``"survival(t)"``.
    meaning
        What the method returns.
    """
    return MissingMethodError(
        f"this result needs {meaning}; {type(model).__name__} does not implement it. Define the "
        f"method {method} in the class {type(model).__qualname__}."
    )


def _differ(coarse: Array, fine: Array) -> Array:
    """Return where two integrals differ; missing values do not."""
    result: Array = np.abs(fine - coarse) > _AGREEMENT * np.abs(fine)
    return result


def _neighbours(model: Model) -> Iterator[tuple[Model, Model]]:
    """Yield for each parameter the models with a larger and with a smaller value of it."""
    for name in model.names():
        value = getattr(model, name)
        up, down = (replace(model, **{name: value * np.exp(step)}) for step in (_STEP, -_STEP))
        yield up, down


def _check_enough(model: type[Model], summary: CustomerSummary, weights: Array) -> None:
    """Refuse data with fewer than two customers or without repeat purchases."""
    name, customers = model.__name__, int(weights.sum())
    if customers < 2:
        raise DataError(
            f"{name} estimates differences between customers and needs at least 2; found "
            f"{customers}."
        )
    repeat = summary.frequency > 0
    if not repeat.any() or not summary.weights[repeat].any():
        raise DataError(
            f"{name} is estimated from repeat purchases; none of {summary.n_customers:,} customers "
            "has one. Use a longer period, or check that the ids are those of customers."
        )
