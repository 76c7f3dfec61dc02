"""Customers under contract: they renew or leave, and are seen to leave.

A table of contracts has one row per customer, or per group of customers with the same history:

tenure        renewals that came up, 1, 2, ...
churned       True: said no at the last of them; False: said yes to all, still under contract
n_customers   how many customers share the row (1 where there is no such column)

Cohorts with their own horizons are simply more rows; `contract_tenures` makes them from the usual
triangle of survivors.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import ClassVar

import numpy as np
import pandas as pd

from relmark_research.clv.estimation import fit
from relmark_research.clv.estimation.fit import Fit
from relmark_research.clv.estimation.model import Model
from relmark_research.customers.log.distinct_histories import distinct
from relmark_research.errors import DataError, ParameterError, unknown_name
from relmark_research.units import AnnualRate, TimeUnit

# Sums over a row of renewals or opportunities, each of which ends the relation with some chance.
# S_i = P(still there at i) = prod_{j=1}^i (delta + j - 1) / (gamma + delta + j - 1), where the
# chance to leave is theta ~ Beta(gamma, delta).

Array = np.ndarray
Number = float | Array


def survivals(gamma: Number, delta: Number, n: Number, discount: float = 1.0) -> Array:
    """Return sum_{i=1}^n discount^i S_i, by the ratios of its terms.

    Examples
    --------
    >>> float(survivals(np.array(1.0), np.array(1.0), np.array(3.0)))  # 1/2 + 1/3 + 1/4
    1.0833333333333333
    """
    gamma, delta, n = np.broadcast_arrays(np.asarray(gamma, float), np.asarray(delta, float), n)
    term, total = np.ones(n.shape), np.zeros(n.shape)
    for i in range(int(n.max(initial=0))):
        term = term * (discount * (delta + i) / (gamma + delta + i))
        total = total + np.where(i < n, term, 0.0)
    return total


def endless_survivals(gamma: Number, delta: Number, rate: float) -> Array:
    """Return sum_{i>=1} e^(-rate i) S_i = 2F1(1, delta; gamma + delta; e^-rate) - 1.

    Gauss's continued fraction is evaluated from its end; its terms shrink by a fixed factor that
    the rate sets, whatever gamma and delta are.

    Examples
    --------
    >>> print(f"{endless_survivals(np.array(1.0), np.array(1.0), np.log(2)):.12f}")  # 2 ln 2 - 1
    0.386294361120
    """
    gamma, delta = np.asarray(gamma, float), np.asarray(delta, float)
    z, b, c = np.exp(-rate), delta + 1, gamma + delta + 1
    depth = int(12 / np.sqrt(-np.expm1(-rate))) + 50
    tail = np.ones(np.broadcast(gamma, delta).shape)
    for m in range(depth, -1, -1):
        even = (m + 1) * (c - b + m) / ((c + 2 * m) * (c + 2 * m + 1))
        odd = (b + m) * (c - 1 + m) / ((c + 2 * m - 1) * (c + 2 * m))
        tail = 1 - odd * z / (1 - even * z / tail)
    return z * delta / (gamma + delta) / tail


_NEGLIGIBLE = 40.0  # exp(-40) of the first payment, and less, is left out


@dataclass(frozen=True)
class ContractModel(Model):
    """What every model of renewals can say, given its survival curve.

    Customers who churned at the t-th renewal count ln[S(t-1) - S(t)], those still under contract
    after T of them ln S(T).
    """

    columns: ClassVar[tuple[str, ...]] = ("tenure", "churned")

    def survival(self, t: Array) -> Array:
        """Return S(t), the share of a cohort still under contract after t renewals."""
        return np.exp(self.log_survival(_renewals(t, least=0)))

    def log_survival(self, t: Array) -> Array:
        """Return ln S(t)."""
        raise NotImplementedError

    def log_retention(self, t: Array) -> Array:
        """Return ln S(t) - ln S(t-1), t >= 1."""
        raise NotImplementedError

    def retention_rate(self, t: Array) -> Array:
        """Return S(t) / S(t-1), the share renewing at the t-th renewal of those asked, t >= 1."""
        return np.exp(self.log_retention(_renewals(t, least=1)))

    def log_likelihood(self, tenure: Array, churned: Array) -> Array:
        """Return each row's log-likelihood, shape (rows,)."""
        tenure, churned = np.asarray(tenure, float), np.asarray(churned, bool)
        stayed = self.log_survival(tenure - churned)
        with np.errstate(divide="ignore"):
            lost = np.log(-np.expm1(self.log_retention(np.maximum(tenure, 1))))
        return stayed + np.where(churned, lost, 0.0)

    def expected_residual_lifetime(
        self,
        n: Array,
        *,
        annual_discount_rate: float,
        period: str | TimeUnit = "year",
        renewed: bool = False,
        horizon: float = np.inf,
    ) -> Array:
        """Return the discounted number of further payments of a customer, paid at each renewal.

        Parameters
        ----------
        n
            The renewal that comes up, 1, 2, ...: the customer is under the n-th contract. Where
            ``renewed``, the n-th renewal has just been made; 0 then is a new customer who pays now.
        annual_discount_rate
            Per year, as a share; > 0 where the horizon is infinite.
        period
            Length of a contract: ``"year"``, ``"month"``, ``"week"``.
        renewed
            Whether the n-th renewal, and its payment now, is certain.
        horizon
            How many payments to look ahead, the one that is due now included.

        Returns
        -------
        ndarray
            sum_{t>=n} S(t) / S(n') (1 + d)^(n-t), n' = n if renewed, else n - 1; d per period.
        """
        n = np.asarray(n, float)
        if np.any(n < (0 if renewed else 1)):
            raise ParameterError(
                "n is the renewal that comes up, 1 for the first (0 only with renewed=True, for a "
                f"new customer); found {np.min(n):g}."
            )
        rate = AnnualRate(annual_discount_rate).continuous(TimeUnit.of(period))
        if rate == 0 and np.isinf(horizon):
            raise ParameterError(
                "payments without end have a value only if discounted: give an "
                "annual_discount_rate > 0 or a horizon."
            )
        if renewed:
            return 1 + np.exp(-rate) * self._payments(n, rate, horizon - 1)
        return self._payments(n - 1, rate, horizon)

    def _payments(self, made: Array, rate: float, horizon: float) -> Array:
        """Return sum_{i=1}^horizon e^(-rate (i-1)) S(made + i) / S(made)."""
        count = int(min(horizon, np.ceil(_NEGLIGIBLE / rate) if rate > 0 else np.inf))
        ahead = np.arange(1, count + 1)
        made = np.asarray(made, float)[..., None]
        own = type(self)(*(np.asarray(value)[..., None] for value in astuple(self)))
        logs = own.log_survival(made + ahead) - own.log_survival(made)
        return np.exp(logs - rate * (ahead - 1)).sum(axis=-1)

    @classmethod
    def fit(cls, customers: pd.DataFrame, *, penalty: float = 0.0) -> Fit:
        """Fit the model to contracts by maximum likelihood.

        Parameters
        ----------
        customers
            Columns tenure, churned[, n_customers]; see `contract_tenures`.
        penalty
            Weight, >= 0, of the squared distance of the log-parameters from the search's start.

        Returns
        -------
        Fit
            The model at its best, with covariance, log-likelihood and a diagnosis in words.

        Raises
        ------
        DataError
            Where a column is missing, a value impossible, or nobody churned or nobody renewed.
        """
        tenure, churned, weights = _checked(cls.__name__, customers)
        if not penalty >= 0:
            raise ParameterError(f"a penalty's weight is a number >= 0; found {penalty!r}.")
        counted = distinct(tenure, churned, weights=weights)
        return fit.fit(cls, counted.columns, counted.weights, penalty=float(penalty))


def contract_tenures(survivors: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Turn survivors of cohorts into rows that a model of contracts can be fitted on.

    Parameters
    ----------
    survivors
        Rows are cohorts, columns periods 0, 1, ...: customers still under contract after so many
        renewals. Missing where a cohort is too young. A Series is one cohort.

    Returns
    -------
    DataFrame
        cohort, tenure, churned, n_customers.

    Raises
    ------
    DataError
        Where survivors increase, or a cohort has no renewal yet.

    Examples
    --------
    >>> contract_tenures(pd.Series([1000, 869, 743]))
       cohort  tenure  churned  n_customers
    0       0       1     True        131.0
    1       0       2     True        126.0
    2       0       2    False        743.0
    """
    table = survivors.to_frame().T if isinstance(survivors, pd.Series) else survivors
    rows = [row for label, alive in table.iterrows() for row in _cohort_rows(label, alive)]
    return pd.DataFrame(rows, columns=["cohort", "tenure", "churned", "n_customers"])


def _cohort_rows(label: object, alive: pd.Series) -> list[tuple[object, int, bool, float]]:
    counts = alive.dropna().to_numpy(float)
    lost = -np.diff(counts)
    if len(counts) < 2 or alive.isna().to_numpy()[: len(counts)].any():
        raise DataError(
            f"each cohort needs survivors from period 0 to its last, at least two; found "
            f"{alive.tolist()} in {label!r}. Leave out cohorts without a renewal."
        )
    if (lost < 0).any():
        at = int(np.flatnonzero(lost < 0)[0])
        raise DataError(
            f"survivors can only fall; found {counts[at]:g} then {counts[at + 1]:g} in {label!r}. "
            "Customers who come back are new contracts."
        )
    left = [(label, t, True, gone) for t, gone in enumerate(lost, start=1) if gone > 0]
    stay = [(label, len(lost), False, float(counts[-1]))] if counts[-1] > 0 else []
    return [(cohort, t, said, float(count)) for cohort, t, said, count in left + stay]


def _checked(model: str, contracts: pd.DataFrame) -> tuple[Array, Array, Array]:
    for name in ContractModel.columns:
        if name not in contracts.columns:
            raise DataError(unknown_name("column", name, contracts.columns))
    tenure = contracts["tenure"].to_numpy(float)
    churned = contracts["churned"].to_numpy()
    given = "n_customers" in contracts
    weights = contracts["n_customers"].to_numpy(float) if given else np.ones(len(tenure))
    wrong = ~((tenure >= 1) & (tenure == np.rint(tenure)) & (weights >= 0))
    if wrong.any():
        first = contracts[wrong].head(3).to_dict("records")
        raise DataError(
            "tenure must be a whole number of renewals, 1 or more, and n_customers 0 or more; "
            f"{wrong.sum():,} of {len(tenure):,} rows break this: {first}."
        )
    if not np.isin(churned, [0, 1]).all():
        raise DataError("churned must be True or False (1 or 0) in every row.")
    churned = churned.astype(bool)
    lost, renewals = weights[churned].sum(), weights @ (tenure - churned)
    if lost <= 0 or renewals <= 0:
        raise DataError(
            f"{model} learns from customers who renew and customers who leave; found "
            f"{renewals:g} renewals and {lost:g} who left."
        )
    return tenure, churned.astype(float), weights


def _renewals(t: Array, *, least: int) -> Array:
    """Return numbers of renewals as floats, refusing those before the first that there is."""
    t = np.asarray(t, float)
    if (t < least).any():
        raise ParameterError(f"a number of renewals is {least} or more; found {t[t < least][0]:g}.")
    return t
