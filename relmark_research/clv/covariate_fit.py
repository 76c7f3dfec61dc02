"""What a fit with covariates can answer: effects, each customer's model, forecasts, tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.clv import effects, nesting
from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.design import joined
from relmark_research.clv.effects import Block
from relmark_research.clv.fitting import Diagnosis, Fit, normal_quantile
from relmark_research.clv.nesting import LikelihoodRatioTest
from relmark_research.customers.summary import CustomerSummary
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    from relmark_research.units import TimeUnit

Array = np.ndarray

_LEAVING = {"BGNBD": "odds of leaving", "MBGNBD": "odds of leaving", "ParetoNBD": "drop-out rate"}


@dataclass(frozen=True)
class CovariateFit:
    """A model whose parameters follow customers' covariates, at its maximum likelihood.

    Attributes
    ----------
    base
        The model of a customer whose covariates are all 0.
    coefficients
        The effects, shape (effects,); `summary` names them.
    covariance
        Of the logarithms of the base's parameters and of the effects, in that order.
    log_likelihood, plain_log_likelihood
        At the maximum, with covariates and without any.
    n_customers
        Customers that the likelihood sums over.
    diagnosis
        How the search ended, in words.
    not_told
        Column to why its effect cannot be told by these data.
    unit
        Unit of the times in the data; None where the data did not say.
    blocks
        Which formula moves which parameters.
    """

    base: PurchaseModel
    coefficients: Array
    covariance: Array
    log_likelihood: float
    plain_log_likelihood: float
    n_customers: int
    diagnosis: Diagnosis
    not_told: dict[str, str]
    unit: TimeUnit | None
    blocks: tuple[Block, ...]

    @property
    def aic(self) -> float:
        """Akaike's criterion, 2 k - 2 log-likelihood."""
        return 2 * len(self.covariance) - 2 * self.log_likelihood

    @property
    def bic(self) -> float:
        """Schwarz's criterion, k ln(customers) - 2 log-likelihood."""
        return len(self.covariance) * np.log(self.n_customers) - 2 * self.log_likelihood

    def summary(self, level: float = 0.95) -> pd.DataFrame:
        """Return every number that was estimated, the base's parameters and the effects.

        Returns
        -------
        DataFrame
            Index on (``"base"``, ``"rate"`` or ``"dropout"``), parameter, term; estimate,
            standard_error, low, high. The base's are parameters, with an interval symmetric in
            their logarithms; effects are added to logarithms.
        """
        values, k = self.base.values, len(self.base.values)
        errors, z = np.sqrt(np.diag(self.covariance)), normal_quantile(level)
        spread = np.exp(z * errors[:k])
        g, wide = self.coefficients, z * errors[k:]
        columns = {
            "estimate": np.concatenate([values, g]),
            "standard_error": np.concatenate([values * errors[:k], errors[k:]]),
            "low": np.concatenate([values / spread, g - wide]),
            "high": np.concatenate([values * spread, g + wide]),
        }
        labels = [("base", name, "") for name in self.base.names()]
        labels += [label for block in self.blocks for label in block.labels]
        index = pd.MultiIndex.from_tuples(labels, names=["on", "parameter", "term"])
        return pd.DataFrame(columns, index=index)

    def effects(self, level: float = 0.95) -> pd.DataFrame:
        """Return what one more of each column does to the purchase rate and to leaving.

        Returns
        -------
        DataFrame
            Index on (``"rate"`` or ``"dropout"``) and term; moves (what is multiplied), estimate
            (of its logarithm), standard_error, low, high, z, p_value, and relative, relative_low,
            relative_high = exp of estimate, low, high: 1.2 is a fifth more. Columns whose effect
            cannot be told are there without numbers.
        """
        rows = [row for on in ("rate", "dropout") for row in self._effects_on(on)]
        table = pd.DataFrame(rows, columns=["on", "term", "moves", "estimate", "standard_error"])
        reach = normal_quantile(level) * table["standard_error"]
        table["low"], table["high"] = table["estimate"] - reach, table["estimate"] + reach
        table["z"] = table["estimate"] / table["standard_error"]
        table["p_value"] = 2 * special.ndtr(-np.abs(table["z"].to_numpy(float)))
        with np.errstate(over="ignore"):
            for source, end in (("estimate", ""), ("low", "_low"), ("high", "_high")):
                table[f"relative{end}"] = np.exp(table[source].to_numpy(float))
        return table.set_index(["on", "term"])

    def _effects_on(self, on: str) -> list[tuple[str, str, str, float, float]]:
        """Return on, term, what moves, estimate and standard error per column of a formula."""
        blocks = [block for block in self.blocks if block.on == on]
        if not blocks:
            return []
        moves = "purchase rate" if on == "rate" else _LEAVING[type(self.base).__name__]
        k, rows = len(self.base.values), []
        for place, term in enumerate(blocks[0].design.terms):
            weights = np.zeros(len(self.covariance))
            for block in blocks:
                weights[k + block.first + place] = block.sense
            estimate = float(weights[k:] @ self.coefficients)
            error = float(np.sqrt(weights @ self.covariance @ weights))
            known = f"{on}: {term}" not in self.not_told
            rows.append((on, term, moves, *((estimate, error) if known else (np.nan, np.nan))))
        return rows + [(on, term, moves, np.nan, np.nan) for term in blocks[0].design.left_out]

    def model_for(
        self, customers: CustomerSummary | pd.DataFrame, *, covariates: pd.DataFrame | None = None
    ) -> PurchaseModel:
        """Return the model with one parameter per customer, shape (rows,) each.

        Parameters
        ----------
        customers
            Histories, with the formulas' columns in the table or in ``covariates``.
        covariates
            Further columns, indexed by customer_id, for every customer.

        Raises
        ------
        DataError
            Where a value is missing, or a category was not there when it was fitted.
        """
        return type(self.base)(*np.exp(self._logs(self._columns(customers, covariates))))

    def models_for(
        self, customers: CustomerSummary | pd.DataFrame, estimates: Array
    ) -> list[PurchaseModel]:
        """Return `model_for` at other estimates (logarithms of the base, effects), row by row."""
        z = self._columns(customers, None)
        return [type(self.base)(*np.exp(self._logs(z, row))) for row in estimates]

    @property
    def estimates(self) -> Array:
        """Logarithms of the base's parameters, then the effects: what `covariance` is of."""
        return np.concatenate([np.log(self.base.values), self.coefficients])

    def doubt(self) -> Array:
        """Return the covariance, where intervals of forecasts and values can be had from it.

        Raises
        ------
        ParameterError
            Where the search did not end at a maximum, or an effect runs off to infinity.
        """
        said = self.diagnosis
        if said.grade in ("not converged", "at infinity") or not np.isfinite(self.covariance).all():
            raise ParameterError(
                f"there is no interval: the effects are not determined ({said}). Ask for "
                "level=None, leave columns whose effect cannot be told out of the formula, or fit "
                "more customers."
            )
        return self.covariance

    def by_effects(self, by_logs: Array, customers: CustomerSummary | pd.DataFrame) -> Array:
        """Return slopes by base and effects from those by each customer's own log-parameters.

        Parameters
        ----------
        by_logs
            d quantity / d ln p_ki, shape (parameters, rows).
        customers
            The same customers, with the formulas' columns in the table.

        Returns
        -------
        ndarray
            d quantity / d (ln p_k, g_c), shape (parameters + effects, rows).
        """
        return self._chained(by_logs, self._columns(customers, None))

    def forecast(
        self,
        customers: CustomerSummary | pd.DataFrame,
        *,
        length: float,
        level: float | None = None,
        covariates: pd.DataFrame | None = None,
    ) -> pd.DataFrame:
        """Forecast each customer's purchases by the own covariates and history.

        Parameters
        ----------
        customers
            Histories, with the formulas' columns in the table or in ``covariates``.
        length
            How far ahead, > 0, in the fit's unit of time.
        level
            Probability of the intervals of the estimates; None for none.
        covariates
            Further columns, indexed by customer_id, for every customer.

        Returns
        -------
        DataFrame
            Row per customer: p_alive, expected_purchases (and with a level expected_purchases_low
            and expected_purchases_high).
        """
        if not 0 < length < np.inf:
            raise ParameterError(f"a forecast needs a length > 0 and finite; found {length!r}.")
        summary = CustomerSummary.of(customers)
        history = summary.frequency, summary.recency, summary.T
        z = self._columns(summary, covariates)
        logs = self._logs(z)
        kind = type(self.base)

        def log_expected(at: Array) -> Array:
            found = kind(*np.exp(at)).conditional_expected_purchases(np.asarray(length), *history)
            return np.log(np.maximum(found, 1e-300))

        expected = np.exp(log_expected(logs))
        columns = {"p_alive": kind(*np.exp(logs)).p_alive(*history), "expected_purchases": expected}
        if level is not None:
            by_effect = self._chained(effects.differenced(log_expected, logs), z)
            variance = np.einsum("ci,cd,di->i", by_effect, self.doubt(), by_effect)
            spread = np.exp(normal_quantile(level) * np.sqrt(variance))
            columns["expected_purchases_low"] = expected / spread
            columns["expected_purchases_high"] = expected * spread
        return pd.DataFrame(columns, index=summary.table.index)

    def likelihood_ratio_test(self, nested: CovariateFit | Fit) -> LikelihoodRatioTest:
        """Test whether the effects that ``nested`` has not are zero.

        Parameters
        ----------
        nested
            A fit of the same model to the same customers with some of the effects, or with none.

        Raises
        ------
        ParameterError
            Where ``nested`` is not nested in this fit, or was fitted to other customers.
        """
        return nesting.likelihood_ratio_test(self, nested)

    def _columns(
        self, customers: CustomerSummary | pd.DataFrame, covariates: pd.DataFrame | None
    ) -> list[Array]:
        """Return each formula's columns of these customers, shape (rows, terms)."""
        table = joined(CustomerSummary.of(customers).table, covariates)
        return [block.design.columns(table) for block in self.blocks]

    def _logs(self, columns: list[Array], estimates: Array | None = None) -> Array:
        """Return each customer's log-parameters, shape (parameters, rows)."""
        at = self.estimates if estimates is None else estimates
        return effects.moved(type(self.base).names(), self.blocks, columns, at)

    def _chained(self, by_logs: Array, columns: list[Array]) -> Array:
        return effects.by_effects(type(self.base).names(), self.blocks, columns, by_logs)
