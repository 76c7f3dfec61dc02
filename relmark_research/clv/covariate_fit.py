"""What a fit with covariates can answer: effects, each customer's model, forecasts, tests."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import special

from relmark_research.clv import effects
from relmark_research.clv.base import PurchaseModel
from relmark_research.clv.design import joined
from relmark_research.clv.effects import Block
from relmark_research.clv.fitting import Diagnosis, Fit, normal_quantile
from relmark_research.customers.summary import CustomerSummary
from relmark_research.errors import ParameterError

if TYPE_CHECKING:
    from relmark_research.units import TimeUnit

Array = np.ndarray

_LIMIT = 300.0  # logarithms beyond it would overflow
_LEAVING = {"BGNBD": "odds of leaving", "MBGNBD": "odds of leaving", "ParetoNBD": "drop-out rate"}


@dataclass(frozen=True)
class LikelihoodRatioTest:
    """Whether covariates say more than chance would.

    Attributes
    ----------
    statistic
        2 (log-likelihood - log-likelihood of the nested model), >= 0.
    degrees_of_freedom
        Effects that the nested model has not.
    p_value
        P(chi-squared >= statistic) if those effects are zero.
    """

    statistic: float
    degrees_of_freedom: int
    p_value: float


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
        return type(self.base)(*np.exp(self._logs(customers, covariates)[0]))

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
        logs, slopes = self._logs(summary, covariates)
        kind = type(self.base)

        def log_expected(at: Array) -> Array:
            found = kind(*np.exp(at)).conditional_expected_purchases(np.asarray(length), *history)
            return np.log(np.maximum(found, 1e-300))

        expected = np.exp(log_expected(logs))
        columns = {"p_alive": kind(*np.exp(logs)).p_alive(*history), "expected_purchases": expected}
        if level is not None:
            by_effect = effects.chained(effects.differenced(log_expected, logs), slopes)
            variance = np.einsum("ci,cd,di->i", by_effect, self.covariance, by_effect)
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
        _check_nested(self, nested)
        fewer = len(nested.covariance)
        statistic = max(2 * (self.log_likelihood - nested.log_likelihood), 0.0)
        freedom = len(self.covariance) - fewer
        p_value = float(special.chdtrc(freedom, statistic)) if freedom else 1.0
        return LikelihoodRatioTest(statistic, freedom, p_value)

    def _logs(
        self, customers: CustomerSummary | pd.DataFrame, covariates: pd.DataFrame | None
    ) -> tuple[Array, Array]:
        """Return log-parameters (k, rows) and their slopes by base and effects (k, all, rows)."""
        table = joined(CustomerSummary.of(customers).table, covariates)
        columns = [block.design.columns(table) for block in self.blocks]
        slopes = effects.slopes(type(self.base).names(), self.blocks, columns)
        start = np.concatenate([np.log(self.base.values), self.coefficients])
        logs = np.einsum("kci,c->ki", slopes, start)
        return np.clip(logs, -_LIMIT, _LIMIT), slopes


def _check_nested(larger: CovariateFit, nested: CovariateFit | Fit) -> None:
    kind = type(larger.base)
    model, plain = (
        (nested.model, nested.log_likelihood)
        if isinstance(nested, Fit)
        else (nested.base, nested.plain_log_likelihood)
    )
    if type(model) is not kind:
        raise ParameterError(
            f"a nested fit is of the same model, {kind.__name__}; found {type(model).__name__}."
        )
    same = np.isclose(plain, larger.plain_log_likelihood, rtol=1e-9, atol=1e-6)
    if nested.n_customers != larger.n_customers or not same:
        raise ParameterError(
            "a nested fit is of the same customers; without covariates theirs have a "
            f"log-likelihood of {plain:,.4f}, these {larger.plain_log_likelihood:,.4f}."
        )
    extra = () if isinstance(nested, Fit) else effects.not_within(nested.blocks, larger.blocks)
    if extra:
        raise ParameterError(
            "a nested fit has some of the effects of the larger one; it also has "
            f"{', '.join(extra)}."
        )
