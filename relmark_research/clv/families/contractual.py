"""Models of contract renewals, in which churn is observed.

A table of contracts has one row per customer, or per group of customers with the same history:

tenure        renewals that were due so far, 1, 2, ...
churned       True: the last of them was declined; False: all were made, still under contract
n_customers   number of customers in the row (1 without that column)

Cohorts observed for different lengths of time are further rows. `contract_tenures` makes the table
from the usual triangle of survivors.
"""

from __future__ import annotations

from dataclasses import astuple, dataclass
from typing import ClassVar, Self

import numpy as np
import pandas as pd

from relmark_research.clv.estimation.fit import Fit, fit_model
from relmark_research.clv.estimation.model import Model
from relmark_research.customers.log.distinct_histories import distinct_rows
from relmark_research.errors import DataError, ParameterError, first_rows, unknown_name
from relmark_research.tables.read_table import read_values
from relmark_research.tables.schemas import Column
from relmark_research.units import AnnualRate, TimeUnit

Array = np.ndarray

_NEGLIGIBLE = 40.0  # payments below exp(-40) of the first are left out
_SURVIVORS = Column("survivors", "number", "customers still under contract")


@dataclass(frozen=True)
class ContractModel(Model, registered=False):
    """The base class of models of renewals, given the survival curve S.

    The log-likelihood of churn at the t-th renewal is ln[S(t-1) - S(t)], that of a customer still
    under contract after T renewals ln S(T).
    """

    columns: ClassVar[tuple[str, ...]] = ("tenure", "churned")

    def survival(self, t: Array) -> Array:
        """Return S(t), the share of a cohort still under contract after t renewals."""
        result: Array = np.exp(self.log_survival(_renewals(t, minimum=0)))
        return result

    def log_survival(self, t: Array) -> Array:
        """Return ln S(t)."""
        raise NotImplementedError

    def log_retention(self, t: Array) -> Array:
        """Return ln S(t) - ln S(t-1), t >= 1."""
        raise NotImplementedError

    def retention_rate(self, t: Array) -> Array:
        """Return S(t) / S(t-1), the share of customers renewing at the t-th renewal, t >= 1."""
        result: Array = np.exp(self.log_retention(_renewals(t, minimum=1)))
        return result

    def log_likelihood(self, tenure: Array, churned: Array) -> Array:
        """Return each row's log-likelihood, shape (rows,)."""
        tenure, churned = np.asarray(tenure, float), np.asarray(churned, bool)
        log_survival = self.log_survival(tenure - churned)
        with np.errstate(divide="ignore"):
            log_churn = np.log(-np.expm1(self.log_retention(np.maximum(tenure, 1))))
        return log_survival + np.where(churned, log_churn, 0.0)

    def expected_residual_lifetime(
        self,
        n: Array,
        *,
        annual_discount_rate: float,
        period: str | TimeUnit = "year",
        renewed: bool = False,
        horizon: float = np.inf,
    ) -> Array:
        """Return the discounted number of further payments, one at each renewal.

        Parameters
        ----------
        n
            The renewal that is due, 1, 2, ...: the customer is in the n-th contract. With
            ``renewed``, the n-th renewal has just been made; 0 is then a new customer who pays now.
        annual_discount_rate
            Per year, as a share; > 0 if the horizon is infinite.
        period
            Length of a contract: ``"year"``, ``"month"``, ``"week"``.
        renewed
            Whether the n-th renewal, and its payment now, is certain.
        horizon
            Number of payments, including the one that is due now.

        Returns
        -------
        ndarray
            sum_{t>=n} S(t) / S(n') (1 + d)^(n-t), n' = n if renewed, else n - 1; d per period.
        """
        n = np.asarray(n, float)
        if np.any(n < (0 if renewed else 1)):
            raise ParameterError(
                "n is the renewal that is due, 1 for the first (0 only with renewed=True, for a "
                f"new customer); found {np.min(n):g}."
            )
        rate = AnnualRate(annual_discount_rate).continuous(TimeUnit.of(period))
        if rate == 0 and np.isinf(horizon):
            raise ParameterError(
                "an infinite horizon needs a discount rate: give an annual_discount_rate > 0 or a "
                "horizon."
            )
        if renewed:
            result: Array = 1 + np.exp(-rate) * self._payments(n, rate, horizon - 1)
            return result
        return self._payments(n - 1, rate, horizon)

    def _payments(self, made: Array, rate: float, horizon: float) -> Array:
        """Return sum_{i=1}^horizon e^(-rate (i-1)) S(made + i) / S(made)."""
        count = int(min(horizon, np.ceil(_NEGLIGIBLE / rate) if rate > 0 else np.inf))
        later = np.arange(1, count + 1)
        made = np.asarray(made, float)[..., None]
        model = type(self)(*(np.asarray(value)[..., None] for value in astuple(self)))
        logs = model.log_survival(made + later) - model.log_survival(made)
        result: Array = np.exp(logs - rate * (later - 1)).sum(axis=-1)
        return result

    @classmethod
    def fit(cls, customers: pd.DataFrame, *, penalty: float = 0.0) -> Fit[Self]:
        """Fit the model to contracts by maximum likelihood.

        Parameters
        ----------
        customers
            Columns tenure, churned[, n_customers]; see `contract_tenures`.
        penalty
            Weight, >= 0, of the squared distance of the log-parameters from the starting values.

        Returns
        -------
        Fit
            The model at its maximum likelihood, with covariance, log-likelihood and diagnosis.

        Raises
        ------
        DataError
            If a column is missing, a value is impossible, or there is no churn or no renewal.
        """
        tenure, churned, weights = _checked(cls.__name__, customers)
        if not penalty >= 0:
            raise ParameterError(f"a penalty's weight must be a number >= 0; found {penalty!r}.")
        counted = distinct_rows(tenure, churned, weights=weights)
        return fit_model(cls, counted.columns, counted.weights, penalty=float(penalty))


def contract_tenures(survivors: pd.DataFrame | pd.Series) -> pd.DataFrame:
    """Return the table that a model of contracts is fitted on, from the survivors of cohorts.

    Parameters
    ----------
    survivors
        Rows are cohorts, columns periods 0, 1, ...: customers still under contract after that many
        renewals. Missing for periods after the end of observation. A Series is one cohort.

    Returns
    -------
    DataFrame
        cohort, tenure, churned, n_customers.

    Raises
    ------
    DataError
        If survivors increase, or a cohort has no renewal yet.

    Examples
    --------
    >>> contract_tenures(pd.Series([1000, 869, 743]))
       cohort  tenure  churned  n_customers
    0       0       1     True        131.0
    1       0       2     True        126.0
    2       0       2    False        743.0
    """
    table = survivors.to_frame().T if isinstance(survivors, pd.Series) else survivors
    table = table.apply(lambda alive: read_values(alive, _SURVIVORS))
    rows = [row for label, alive in table.iterrows() for row in _cohort_rows(label, alive)]
    return pd.DataFrame(rows, columns=["cohort", "tenure", "churned", "n_customers"])


def _cohort_rows(label: object, alive: pd.Series) -> list[tuple[object, int, bool, float]]:
    counts = alive.dropna().to_numpy(float)
    churned = -np.diff(counts)
    if len(counts) < 2 or alive.isna().to_numpy()[: len(counts)].any():
        raise DataError(
            "each cohort needs survivors from period 0 to its last period, at least two; found "
            f"{alive.tolist()} in {label!r}. Leave out cohorts without a renewal."
        )
    if (churned < 0).any():
        t = int(np.flatnonzero(churned < 0)[0])
        raise DataError(
            f"survivors of a cohort cannot increase; found {counts[t]:g} then {counts[t + 1]:g} in "
            f"{label!r}. Count customers who come back as new contracts."
        )
    rows = [(label, t, True, float(count)) for t, count in enumerate(churned, start=1) if count > 0]
    if counts[-1] > 0:
        rows.append((label, len(churned), False, float(counts[-1])))
    return rows


def _checked(model: str, contracts: pd.DataFrame) -> tuple[Array, Array, Array]:
    if not isinstance(contracts, pd.DataFrame):
        raise DataError(
            f"{model} is fitted to a DataFrame with the columns tenure, churned[, n_customers]; "
            f"found {type(contracts).__name__}. Make the table from survivors of cohorts with "
            "clv.contract_tenures."
        )
    for name in ContractModel.columns:
        if name not in contracts.columns:
            raise DataError(unknown_name("column", name, contracts.columns))
    tenure = contracts["tenure"].to_numpy(float)
    churned = contracts["churned"].to_numpy()
    weighted = "n_customers" in contracts
    weights = contracts["n_customers"].to_numpy(float) if weighted else np.ones(len(tenure))
    wrong = ~((tenure >= 1) & (tenure == np.rint(tenure)) & (weights >= 0))
    if wrong.any():
        first = first_rows(wrong)
        raise DataError(
            "tenure must be a whole number of renewals, 1 or more, and n_customers 0 or more; "
            f"found {wrong.sum():,} of {len(tenure):,} rows that are not, first: {first}."
        )
    if not np.isin(churned, [0, 1]).all():
        raise DataError("churned must be True or False (1 or 0) in every row.")
    churned = churned.astype(bool)
    n_churned, renewals = weights[churned].sum(), weights @ (tenure - churned)
    if n_churned <= 0 or renewals <= 0:
        raise DataError(
            f"{model} is estimated from renewals and churn; found {renewals:g} renewals and "
            f"{n_churned:g} churned customers. Both must be above 0: use a longer period."
        )
    return tenure, churned.astype(float), weights


def _renewals(t: Array, *, minimum: int) -> Array:
    """Return numbers of renewals as floats, or raise ParameterError if one is too small."""
    t = np.asarray(t, float)
    if (t < minimum).any():
        raise ParameterError(
            f"a number of renewals must be {minimum} or more; found {t[t < minimum][0]:g}."
        )
    return t
