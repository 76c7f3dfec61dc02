"""How a model is declared.

A model is a frozen dataclass whose fields are its parameters, all positive. It says which columns
it is fitted on (`columns`), how each parameter scales with the unit of time (`time_power`), and
gives its log-likelihood and the gradient of it. Everything else is shared: fitting, and, for
models of purchases, whatever can be said of a customer once it is known what a *living* customer
of that history is like (`living`).

Parameters may be arrays as well as numbers: a model with arrays is one model per customer.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass, fields
from typing import TYPE_CHECKING, ClassVar, Literal, Self

import numpy as np

from relmark_research.clv.estimation import fit
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.likelihood import Summed, differenced
from relmark_research.customers.log.customer_summary import CustomerSummary
from relmark_research.customers.log.distinct_histories import distinct
from relmark_research.errors import DataError, ParameterError, check_number

if TYPE_CHECKING:
    import pandas as pd

Array = np.ndarray

_GREATEST = float(np.finfo(float).max)


@dataclass(frozen=True)
class Mixture:
    """Two parameters that say together how customers differ in one respect.

    Where customers hardly differ in it both run off to infinity, and only their ratio is told by
    the data: first / second (a ``"rate"``) or first / (first + second) (a ``"share"``). Where that
    may as well be 0, ``none`` says what it means; it is empty where that is no limit to speak of.
    """

    first: str
    second: str
    meaning: str
    kind: Literal["rate", "share"]
    none: str = ""


@dataclass(frozen=True)
class Model:
    """What every model of customers shares: named positive parameters and a way to fit them.

    A model says of its class: `columns` that it is fitted on, `time_power` with which a parameter
    scales with time, `mixtures` (pairs of parameters that may run off together), and `counted`,
    whether equal rows are common enough to be worth counting.
    """

    columns: ClassVar[tuple[str, ...]] = ("frequency", "recency", "T")
    time_power: ClassVar[dict[str, int]] = {}
    mixtures: ClassVar[tuple[Mixture, ...]] = ()
    counted: ClassVar[bool] = True

    def __post_init__(self) -> None:
        for field in fields(self):
            value = np.asarray(getattr(self, field.name), float)
            if not np.all(np.isfinite(value) & (value > 0)):
                bad = value[~(np.isfinite(value) & (value > 0))].flat[0]
                raise ParameterError(
                    f"{type(self).__name__}'s {field.name} must be finite and > 0; found {bad}."
                )

    @classmethod
    def names(cls) -> tuple[str, ...]:
        """Return the parameters' names, in order."""
        return tuple(field.name for field in fields(cls))

    @property
    def values(self) -> Array:
        """The parameters in order, shape (parameters,)."""
        return np.array(astuple(self), dtype=float)

    @classmethod
    def from_values(cls, values: Array) -> Self:
        """Return the model with these parameters, in order."""
        return cls(*(float(value) for value in values))

    def rescaled(self, factor: float) -> Self:
        """Return the same model when every time is multiplied by ``factor``."""
        powers = [self.time_power.get(name, 0) for name in self.names()]
        return self.from_values(self.values * factor ** np.array(powers))

    def log_likelihood(self, *data: Array) -> Array:
        """Return each row's log-likelihood, shape (rows,)."""
        raise NotImplementedError

    def score(self, *data: Array) -> Array:
        """Return the gradient of each row's log-likelihood, shape (parameters, rows)."""
        raise NotImplementedError

    @classmethod
    def start(cls, *data: Array, weights: Array) -> Self:
        """Return where the search for the best parameters begins; it follows the unit of time."""
        raise NotImplementedError

    @classmethod
    def summed(cls, data: tuple[Array, ...], weights: Array) -> Summed:
        """Return the function that sums log-likelihood, gradient and Hessian over weighted rows.

        Returns
        -------
        function
            Takes the parameters (k,); gives a number, (k,) and (k, k), by the parameters. This
            one differences the score; a model that knows its Hessian does better.
        """
        return differenced(cls, data, weights)

    @classmethod
    def data(cls, customers: CustomerSummary) -> tuple[tuple[Array, ...], Array, str]:
        """Return the arrays that the model is fitted on, customers per row, and who is left out."""
        arrays = tuple(getattr(customers, name) for name in cls.columns)
        return arrays, customers.weights, ""

    @classmethod
    def fit(cls, customers: CustomerSummary | pd.DataFrame, *, penalty: float = 0.0) -> Fit:
        """Fit the model to customers by maximum likelihood.

        Parameters
        ----------
        customers
            CustomerSummary or DataFrame with the model's `columns`, and n_customers where
            rows count for several.
        penalty
            Weight, >= 0, of the squared distance of the log-parameters from the search's start,
            which follows the units of time and money; taken off the log-likelihood in the search.
            1 is what two customers might tell. The fit reports the likelihood without it.

        Returns
        -------
        Fit
            The model at its best, with covariance, log-likelihood and a diagnosis in words.

        Raises
        ------
        DataError
            Where the customers cannot tell the parameters apart: one customer, no repeats.
        """
        summary = CustomerSummary.of(customers)
        arrays, weights, note = cls.data(summary)
        _check_enough(cls, summary, weights)
        rule = "is a finite number >= 0"
        penalty = check_number("a penalty's weight", penalty, low=0, high=_GREATEST, rule=rule)
        if cls.counted:
            counted = distinct(*arrays, weights=weights)
            arrays, weights = counted.columns, counted.weights
        return fit.fit(cls, arrays, weights, unit=summary.unit, note=note, penalty=penalty)


def _check_enough(model: type[Model], summary: CustomerSummary, weights: Array) -> None:
    name, customers = model.__name__, int(weights.sum())
    if customers < 2:
        raise DataError(
            f"{name} describes how customers differ and needs at least 2; found {customers}."
        )
    repeat = summary.frequency > 0
    if not repeat.any() or not summary.weights[repeat].any():
        raise DataError(
            f"{name} learns from repeat purchases; none of {summary.n_customers:,} customers "
            "bought again. Observe them for longer, or check that the ids are customers'."
        )


@dataclass(frozen=True)
class PurchaseModel(Model):
    """What every model of purchases in continuous time can say, given what a living customer is.

    A customer is summed up by x repeat purchases (``frequency``), the last of them t_x after the
    first purchase (``recency``), and T, the time from first purchase to the end of observation.
    """

    def p_alive(self, x: Array, t_x: Array, T: Array) -> Array:
        """Return P(alive at T | x, t_x, T), in [0, 1]."""
        raise NotImplementedError

    def living(self, x: Array, T: Array) -> PurchaseModel:
        """Return the model that a customer of that history follows from T on, if alive."""
        raise NotImplementedError

    def expected_purchases(self, t: Array) -> Array:
        """Return E[X(t)], the repeat purchases of a new customer within time t."""
        raise NotImplementedError

    def purchase_pmf(self, n: Array, t: Array) -> Array:
        """Return P(X(t) = n) for a new customer."""
        raise NotImplementedError

    def discounted_purchases(self, delta: float, horizon: float = np.inf) -> Array:
        """Return the discounted expected repeat purchases of a new customer, to a horizon."""
        raise NotImplementedError

    def conditional_expected_purchases(self, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Return the purchases expected in (T, T + t] of a customer with history x, t_x, T.

        Returns
        -------
        ndarray
            P(alive) E[X(t) of the living], since the gone buy nothing.
        """
        return self.p_alive(x, t_x, T) * self.living(x, T).expected_purchases(t)

    def conditional_purchase_pmf(self, n: Array, t: Array, x: Array, t_x: Array, T: Array) -> Array:
        """Return the probability of n purchases in (T, T + t] given history x, t_x, T."""
        alive = self.p_alive(x, t_x, T)
        return alive * self.living(x, T).purchase_pmf(n, t) + (1 - alive) * (np.asarray(n) == 0)

    def discounted_expected_purchases(
        self, delta: float, x: Array, t_x: Array, T: Array, *, horizon: float = np.inf
    ) -> Array:
        """Return the discounted purchases expected after T of a customer with history x, t_x, T.

        Parameters
        ----------
        delta
            Continuous discount rate per unit of time, ln(1 + d); >= 0.
        horizon
            How far ahead, in units of time; infinite for the whole residual life.

        Returns
        -------
        ndarray
            The integral over (T, T + horizon] of exp(-delta (s - T)) d E[X(T, s) | x, t_x, T].
        """
        if delta < 0 or (delta == 0 and np.isinf(horizon)):
            raise ParameterError(
                "purchases without end have a value only if discounted: delta must be > 0 where "
                f"the horizon is infinite; found {delta}."
            )
        return self.p_alive(x, t_x, T) * self.living(x, T).discounted_purchases(delta, horizon)
